//! The real fence at its limit: whatever is purged and filled around it, nothing is judged live that a purge covers.

use littoral_ledger::{Fence, Kind, Limits, Position, Purge, Scope, SiteKey, Verdict};

use super::bug::Bug;
use super::explorer::Model;

/// A fence with room for one or two more entries, and two URLs.
pub(crate) struct AtTheLimit {
    pub(crate) bug: Option<Bug>,
    pub(crate) steps_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    Purge { url: u8, kind: Kind },
    Tag,
    Fill { url: u8 },
    Forget,
}

const SITE: SiteKey = SiteKey(1);
const ENTRIES_MAX: usize = 16;

fn name(url: u8) -> String {
    format!("h/{url}")
}

impl AtTheLimit {
    fn fence(&self) -> Fence {
        let fence = Fence::new(Limits { entries_max: ENTRIES_MAX, odd_prefixes_max: 1 });
        for other in 0..ENTRIES_MAX - 1 {
            let scope = Scope::Url(format!("h/other/{other}").into());
            fence.apply(&Purge { site: SITE, scope, kind: Kind::Hard });
        }
        fence
    }

    /// Does all steps again, and judges both URLs at the end.
    fn check(&self, steps: &[Step]) -> Result<(), String> {
        let mut fence = self.fence();
        let mut filled: [Option<(Position, bool)>; 2] = [Some((Position::default(), false)); 2];
        for step in steps {
            let purge = match *step {
                Step::Purge { url, kind } => {
                    filled[usize::from(url)].iter_mut().for_each(|(_, purged)| *purged = true);
                    Purge { site: SITE, scope: Scope::Url(name(url).into()), kind }
                }
                Step::Tag => Purge { site: SITE, scope: Scope::Tag("t".into()), kind: Kind::Soft },
                Step::Fill { url } => {
                    filled[usize::from(url)] = Some((fence.position(), false));
                    continue;
                }
                Step::Forget => {
                    let oldest = filled.iter().flatten().map(|&(effective, _)| effective).min();
                    fence.forget_older_than(oldest.unwrap_or(fence.position()));
                    continue;
                }
            };
            if self.bug == Some(Bug::OverflowForgets) && fence.len() == ENTRIES_MAX {
                fence = Fence::starting_at(Limits::default(), fence.position());
            }
            fence.apply(&purge);
        }
        for (url, filled) in filled.iter().enumerate() {
            let Some((effective, true)) = *filled else { continue };
            let url = name(u8::try_from(url).expect("two"));
            let subject = fence.subject(SITE, url.as_bytes(), []);
            if fence.judge(&subject, url.as_bytes(), effective) == Verdict::Live {
                return Err(format!("{url}, stored at {effective}, is live after it was purged"));
            }
        }
        Ok(())
    }
}

impl Model for AtTheLimit {
    type State = Vec<Step>;
    type Action = Step;

    fn initial(&self) -> Vec<Step> {
        Vec::new()
    }

    fn actions(&self, steps: &Vec<Step>) -> Vec<Step> {
        if steps.len() == self.steps_max {
            return Vec::new();
        }
        let mut actions = vec![Step::Tag, Step::Forget];
        for url in 0..2 {
            actions.push(Step::Fill { url });
            actions.extend([Kind::Soft, Kind::Hard].map(|kind| Step::Purge { url, kind }));
        }
        actions
    }

    fn step(&self, steps: &mut Vec<Step>, action: &Step) -> Result<(), String> {
        steps.push(*action);
        self.check(steps)
    }
}
