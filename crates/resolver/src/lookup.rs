//! One name's addresses from the name servers: both families at once, each server in turn, aliases followed.

use crate::config::{ALIASES_MAX, PARTIAL_LIFETIME_MAX, ROUNDS, SECOND_FAMILY_PATIENCE};
use crate::message::{Family, Question, Reading};
use crate::table::Absent;
use crate::transport::{Unanswered, ask};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Addresses, for so long.
    Found(Vec<IpAddr>, Duration),
    /// None, for so long if they say so.
    Absent(Absent, Option<Duration>),
    /// Nobody could say.
    Failed(Failure),
}

/// Why nobody could say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// No name server answered in time.
    TimedOut,
    /// None could be reached, or they refused.
    Refused,
}

/// The name servers, the one that answered last first.
pub(crate) struct Servers {
    list: Vec<SocketAddr>,
    preferred: AtomicUsize,
    timeout: Duration,
}

impl Servers {
    pub(crate) fn new(list: Vec<SocketAddr>, timeout: Duration) -> Servers {
        Servers { list, preferred: AtomicUsize::new(0), timeout }
    }

    /// The first of these names that exists; the last word where none does.
    pub(crate) async fn look_up(&self, candidates: &[String]) -> Outcome {
        let mut last = Outcome::Absent(Absent::NoSuchName, None);
        for name in candidates {
            let outcome = self.both_families(name).await;
            match (&outcome, &last) {
                (Outcome::Absent(..), Outcome::Absent(Absent::NoAddress, _)) => {}
                (Outcome::Absent(..), _) => last = outcome,
                _ => return outcome,
            }
        }
        last
    }

    async fn both_families(&self, name: &str) -> Outcome {
        let mut v4 = std::pin::pin!(self.one_family(name, Family::V4));
        let mut v6 = std::pin::pin!(self.one_family(name, Family::V6));
        // With addresses in hand, a family whose question hangs is not waited for to the end.
        let (v4, v6) = tokio::select! {
            first = &mut v4 => {
                let second = second_family(&first, v6).await;
                (first, second)
            }
            first = &mut v6 => {
                let second = second_family(&first, v4).await;
                (second, first)
            }
        };
        combined(v4, v6)
    }

    async fn one_family(&self, name: &str, family: Family) -> Outcome {
        let mut name = name.to_owned();
        let mut lifetime = Duration::MAX;
        for _ in 0..ALIASES_MAX {
            match self.ask_in_turn(&name, family).await {
                Ok(Reading::Addresses(found, holds)) => return Outcome::Found(found, holds.min(lifetime)),
                Ok(Reading::NoSuchName(holds)) => return Outcome::Absent(Absent::NoSuchName, holds),
                Ok(Reading::NoAddress(holds)) => return Outcome::Absent(Absent::NoAddress, holds),
                Ok(Reading::Alias(target, holds)) => {
                    name = target;
                    lifetime = lifetime.min(holds);
                }
                Ok(Reading::Truncated | Reading::Failed(_)) => return Outcome::Failed(Failure::Refused),
                Err(failure) => return Outcome::Failed(failure),
            }
        }
        Outcome::Failed(Failure::Refused)
    }

    async fn ask_in_turn(&self, name: &str, family: Family) -> Result<Reading, Failure> {
        let mut failure = Failure::TimedOut;
        for round in 0..ROUNDS {
            let first = self.preferred.load(Ordering::Relaxed);
            for step in 0..self.list.len() {
                let place = (first + step) % self.list.len();
                // The second round does without the extension, which a few old servers refuse.
                let Some(question) = Question::new(name, family, round == 0) else {
                    return Ok(Reading::NoSuchName(None));
                };
                match ask(self.list[place], &question, self.timeout).await {
                    Ok(Reading::Failed(_)) | Err(Unanswered::Unreachable) => failure = Failure::Refused,
                    Ok(reading) => {
                        self.preferred.store(place, Ordering::Relaxed);
                        return Ok(reading);
                    }
                    Err(Unanswered::TimedOut) => {}
                }
            }
        }
        Err(failure)
    }
}

async fn second_family(first: &Outcome, second: impl Future<Output = Outcome>) -> Outcome {
    if matches!(first, Outcome::Found(..)) {
        timeout(SECOND_FAMILY_PATIENCE, second).await.unwrap_or(Outcome::Failed(Failure::TimedOut))
    } else {
        second.await
    }
}

fn combined(v4: Outcome, v6: Outcome) -> Outcome {
    match (v4, v6) {
        (Outcome::Found(mut v4, one), Outcome::Found(v6, other)) => {
            v4.extend(v6);
            Outcome::Found(v4, one.min(other))
        }
        (Outcome::Found(found, holds), Outcome::Failed(_))
        | (Outcome::Failed(_), Outcome::Found(found, holds)) => {
            Outcome::Found(found, holds.min(PARTIAL_LIFETIME_MAX))
        }
        (Outcome::Found(found, holds), Outcome::Absent(..))
        | (Outcome::Absent(..), Outcome::Found(found, holds)) => Outcome::Found(found, holds),
        (Outcome::Failed(failure), _) | (_, Outcome::Failed(failure)) => Outcome::Failed(failure),
        (Outcome::Absent(one, holds), Outcome::Absent(other, also)) => {
            let absent = if one == Absent::NoSuchName && other == Absent::NoSuchName {
                one
            } else {
                Absent::NoAddress
            };
            Outcome::Absent(absent, holds.into_iter().chain(also).min())
        }
    }
}
