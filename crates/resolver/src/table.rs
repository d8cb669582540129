//! What is known of each name, and what an asker is to do: pure, with `now` handed in. Nothing here waits or sends.

use crate::config::{
    ABSENT_LIFETIME_MAX, NAMES_MAX, RETRY_AFTER, RETRY_STALE_AFTER, ResolverConfig, STALE_PATIENCE,
};
use crate::lookup::{Failure, Outcome};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Why a name has no addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResolveError {
    /// The name servers say that there is no such name, or it cannot be one.
    NoSuchName,
    /// The name exists and has no address.
    NoAddress,
    /// No name server answered in time, and no old answer may stand in.
    TimedOut,
    /// The name servers cannot be reached or refuse, and no old answer may stand in.
    Failed,
    /// More names are being asked for than [`NAMES_MAX`].
    TooManyNames,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResolveError::NoSuchName => "there is no such name",
            ResolveError::NoAddress => "the name has no address",
            ResolveError::TimedOut => "no name server answered in time",
            ResolveError::Failed => "the name servers cannot be reached or refuse",
            ResolveError::TooManyNames => "too many names are being asked for",
        })
    }
}

impl std::error::Error for ResolveError {}

/// How a name has no addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Absent {
    NoSuchName,
    NoAddress,
}

/// Held by who asks the name servers; those who wait notice when it is dropped.
pub(crate) type Asking = watch::Sender<()>;
/// Held by who waits.
pub(crate) type Waiting = watch::Receiver<()>;

/// What an asker is to do.
pub(crate) enum Step {
    /// Here it is; with an `Asking`, the name servers are to be asked meanwhile.
    Answered(Result<Vec<IpAddr>, ResolveError>, Option<Asking>),
    /// Wait, at most so long, and look at [`Table::settled`]; with an `Asking`, ask the name servers.
    Wait(Waiting, Option<Duration>, Option<Asking>),
}

/// All names that somebody asked for lately.
pub(crate) struct Table {
    names: HashMap<Box<str>, Entry>,
    lifetime_min: Duration,
    lifetime_max: Duration,
    stale_max: Duration,
}

#[derive(Default)]
struct Entry {
    answer: Option<Answer>,
    /// The name servers' last failure, since the answer.
    failed: Option<(Failure, Duration)>,
    asking: Option<Waiting>,
    /// Somebody asked since the answer came.
    in_use: bool,
    used: Duration,
    /// Counts askers, so that each begins with another address.
    turn: usize,
}

struct Answer {
    what: Result<Arc<[IpAddr]>, Absent>,
    renew: Duration,
    expires: Duration,
}

impl Table {
    pub(crate) fn new(config: &ResolverConfig) -> Table {
        Table {
            names: HashMap::new(),
            lifetime_min: config.lifetime_min,
            lifetime_max: config.lifetime_max.max(config.lifetime_min),
            stale_max: config.stale_max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Somebody asks for `name`.
    pub(crate) fn step(&mut self, name: &str, now: Duration) -> Step {
        if !self.names.contains_key(name) && !self.make_room() {
            return Step::Answered(Err(ResolveError::TooManyNames), None);
        }
        let stale_max = self.stale_max;
        let entry = self.names.entry(name.into()).or_default();
        (entry.in_use, entry.used, entry.turn) = (true, now, entry.turn.wrapping_add(1));
        if let Some(answer) = &entry.answer
            && now < answer.expires
        {
            let (result, renew) = (entry.told(answer), now >= answer.renew);
            let ask = if renew && !entry.has_just_failed(now) { entry.begin() } else { None };
            return Step::Answered(result, ask);
        }
        let stale = entry.stale(now, stale_max);
        match (stale, entry.has_just_failed(now), entry.failed) {
            (Some(stale), true, _) => Step::Answered(Ok(stale), None),
            (None, true, Some((failure, _))) => Step::Answered(Err(failure.into()), None),
            (stale, ..) => {
                let ask = entry.begin();
                let patience = stale.map(|_| STALE_PATIENCE);
                match entry.asking.clone() {
                    Some(waiting) => Step::Wait(waiting, patience, ask),
                    None => Step::Answered(Err(ResolveError::Failed), None),
                }
            }
        }
    }

    /// What there is for who has waited.
    pub(crate) fn settled(&self, name: &str, now: Duration) -> Result<Vec<IpAddr>, ResolveError> {
        let Some(entry) = self.names.get(name) else { return Err(ResolveError::TooManyNames) };
        let failure = match (&entry.failed, &entry.asking) {
            // An answer that came just now is good for who waited for it, however short its lifetime.
            (None, None) => match &entry.answer {
                Some(answer) => return entry.told(answer),
                None => ResolveError::Failed,
            },
            (Some((failure, _)), _) => (*failure).into(),
            (None, Some(_)) => ResolveError::TimedOut,
        };
        entry.stale(now, self.stale_max).ok_or(failure)
    }

    /// The name servers have spoken, or not.
    pub(crate) fn settle(&mut self, name: &str, now: Duration, outcome: Outcome) {
        let (least, most) = (self.lifetime_min, self.lifetime_max);
        let Some(entry) = self.names.get_mut(name) else { return };
        entry.asking = None;
        let (what, lifetime) = match outcome {
            Outcome::Failed(failure) => {
                entry.failed = Some((failure, now));
                return;
            }
            Outcome::Found(found, lifetime) => (Ok(found.into()), lifetime.clamp(least, most)),
            Outcome::Absent(absent, lifetime) => {
                let most = most.min(ABSENT_LIFETIME_MAX).max(least);
                (Err(absent), lifetime.unwrap_or(least).clamp(least, most))
            }
        };
        entry.failed = None;
        entry.in_use = false;
        // Early enough for several attempts within what is left.
        entry.answer = Some(Answer { what, renew: now + lifetime * 3 / 4, expires: now + lifetime });
    }

    /// Names in use whose answer is soon to end, each with the right to ask.
    pub(crate) fn due(&mut self, now: Duration) -> Vec<(Box<str>, Asking)> {
        let mut due = Vec::new();
        for (name, entry) in &mut self.names {
            let renew = entry.answer.as_ref().is_some_and(|answer| now >= answer.renew);
            if renew && entry.in_use && !entry.has_just_failed(now) {
                due.extend(entry.begin().map(|asking| (name.clone(), asking)));
            }
        }
        due
    }

    /// Lets go of names whose answers are of no use to anybody.
    pub(crate) fn forget_old(&mut self, now: Duration) {
        let stale_max = self.stale_max;
        self.names.retain(|_, entry| {
            entry.asking.is_some()
                || entry.has_just_failed(now)
                || entry.answer.as_ref().is_some_and(|answer| now < answer.expires + stale_max)
        });
    }

    /// `false` when each of the names that fit is being asked for.
    fn make_room(&mut self) -> bool {
        if self.names.len() < NAMES_MAX {
            return true;
        }
        let idle = self.names.iter().filter(|(_, entry)| entry.asking.is_none());
        let oldest = idle.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone());
        oldest.is_some_and(|name| self.names.remove(&name).is_some())
    }
}

impl Entry {
    /// The right to ask, unless somebody has it.
    fn begin(&mut self) -> Option<Asking> {
        if self.asking.is_some() {
            return None;
        }
        let (asking, waiting) = watch::channel(());
        self.asking = Some(waiting);
        Some(asking)
    }

    fn has_just_failed(&self, now: Duration) -> bool {
        let pause = if self.answer.is_some() { RETRY_STALE_AFTER } else { RETRY_AFTER };
        self.failed.is_some_and(|(_, at)| now < at + pause)
    }

    fn told(&self, answer: &Answer) -> Result<Vec<IpAddr>, ResolveError> {
        match &answer.what {
            Ok(addresses) => Ok(self.turned(addresses)),
            Err(Absent::NoSuchName) => Err(ResolveError::NoSuchName),
            Err(Absent::NoAddress) => Err(ResolveError::NoAddress),
        }
    }

    /// The last good answer, while it may stand in.
    fn stale(&self, now: Duration, stale_max: Duration) -> Option<Vec<IpAddr>> {
        let answer = self.answer.as_ref().filter(|answer| now < answer.expires + stale_max)?;
        answer.what.as_ref().ok().map(|addresses| self.turned(addresses))
    }

    /// The addresses of each family in order, begun at another one for each asker.
    fn turned(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let (mut v6, mut v4): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().partition(|address| address.is_ipv6());
        for family in [&mut v6, &mut v4] {
            if !family.is_empty() {
                let by = self.turn % family.len();
                family.rotate_left(by);
            }
        }
        v6.extend(v4);
        v6
    }
}

impl From<Failure> for ResolveError {
    fn from(failure: Failure) -> ResolveError {
        match failure {
            Failure::TimedOut => ResolveError::TimedOut,
            Failure::Refused => ResolveError::Failed,
        }
    }
}
