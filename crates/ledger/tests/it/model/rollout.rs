//! Generations explored: one node, a control that commits, offers, withdraws and is restored; messages late and twice;
//! contents good and bad; restarts.

use std::time::Duration;

use littoral_ledger::{ContentHash, EpochId, Generations, Kept, Manifest, Part, PartEffect, Position};

use super::explorer::Model;

/// What may happen, and the mistake that is made.
#[derive(Clone, Debug)]
pub(crate) struct Rollout {
    pub(crate) mistake: Option<Mistake>,
    pub(crate) generations_max: u64,
    pub(crate) restarts_max: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// A candidate never expires.
    CandidateNeverExpires,
    /// A restart goes on with the candidate.
    RestartKeepsCandidate,
    /// An offer that comes late counts as a new one.
    LateOfferRevives,
    /// Whatever comes last is committed.
    OlderCommitTaken,
    /// A bad part takes its site away.
    BadPartTakesSiteAway,
    /// A restored control goes on with the old versions of parts.
    RestoredVersionsGoBack,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Message {
    Commit(Manifest),
    Offer(Manifest, u64),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Fleet {
    node: Generations,
    kept: Kept,
    now: u64,
    net: Vec<Message>,
    /// Control: the last committed generation, the last that was numbered, the history.
    committed: Manifest,
    last: Position,
    /// The content that only the candidate has, and when the last offer of it is over.
    candidate: Option<(Manifest, u64)>,
    over: u64,
    renewals_seen: u64,
    highest: Position,
    restarts: u8,
    restored: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    Commit { bad: bool },
    Offer { bad: bool },
    OfferAgain,
    Deliver { message: usize, keep: bool },
    Tick,
    Restart,
    Restore,
}

/// How long a candidate holds.
const HOLDS: u64 = 2;
const TICKS_MAX: u64 = 4;
const BAD: u8 = 100;

fn manifest(at: Position, id: u64, parts: Vec<Part>) -> Manifest {
    Manifest::new(at, EpochId(id), parts).expect("one part")
}

fn site(at: Position, bad: bool) -> Part {
    let content =
        u8::try_from(at.number + 10 * u64::from(at.epoch)).expect("small") + if bad { BAD } else { 0 };
    Part { name: "site".into(), version: at, content: Some(ContentHash([content; 32])) }
}

fn is_bad(part: &Part) -> bool {
    part.content.is_some_and(|content| content.0[0] >= BAD)
}

impl Rollout {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn drive(&self, fleet: &mut Fleet, effects: Vec<PartEffect>) {
        for effect in effects {
            let more = match effect {
                PartEffect::Apply(part) if is_bad(&part) => {
                    if self.is(Mistake::BadPartTakesSiteAway) {
                        fleet.kept.good.clear();
                        fleet.node = Generations::open(Kept { good: Vec::new(), ..fleet.node.kept() }).0;
                    }
                    fleet.node.refused(part)
                }
                PartEffect::Apply(part) => fleet.node.applied(part),
                PartEffect::Keep => {
                    fleet.kept = fleet.node.kept();
                    Vec::new()
                }
                PartEffect::Remove(_) | PartEffect::Refused(..) => Vec::new(),
            };
            self.drive(fleet, more);
        }
    }

    fn deliver(&self, fleet: &mut Fleet, message: Message) {
        let now = Duration::from_secs(fleet.now);
        let effects = match message {
            Message::Commit(manifest) => {
                if self.is(Mistake::OlderCommitTaken) {
                    fleet.node = Generations::open(Kept { committed: None, ..fleet.node.kept() }).0;
                }
                fleet.node.commit(manifest)
            }
            Message::Offer(manifest, renewal) => {
                let late = self.is(Mistake::LateOfferRevives);
                let renewal = if late { renewal + 10 * fleet.now } else { renewal };
                let (from, forever) = (fleet.now, self.is(Mistake::CandidateNeverExpires));
                let expires = if forever { u64::MAX } else { from + HOLDS };
                fleet.node.offer(manifest, renewal, Duration::from_secs(expires), now)
            }
        };
        if let Ok(effects) = effects {
            self.drive(fleet, effects);
        }
    }

    fn check(&self, fleet: &Fleet) -> Result<(), String> {
        let at = fleet.node.committed().unwrap_or_default();
        if at < fleet.highest {
            return Err(format!("the node goes back from {} to {at}", fleet.highest));
        }
        let serving = fleet.node.serving().next();
        let Some(serving) = serving else { return Err("the site is gone".into()) };
        if let Some((candidate, _)) = &fleet.candidate
            && candidate.part("site") == Some(serving)
            && fleet.now >= fleet.over
        {
            return Err(format!("the candidate {} is served after its time", candidate.at()));
        }
        let newest = fleet.committed.part("site").expect("has one");
        if at == fleet.committed.at()
            && fleet.node.candidate().is_none()
            && serving != newest
            && !is_bad(newest)
        {
            return Err(format!("{} is committed here, and the site serves {}", at, serving.version));
        }
        Ok(())
    }
}

impl Model for Rollout {
    type State = Fleet;
    type Action = Step;

    fn initial(&self) -> Fleet {
        let first = Position { epoch: 1, number: 1 };
        let committed = manifest(first, 1, vec![site(first, false)]);
        let mut fleet = Fleet {
            node: Generations::default(),
            kept: Kept::default(),
            now: 0,
            net: Vec::new(),
            committed: committed.clone(),
            last: first,
            candidate: None,
            over: 0,
            renewals_seen: 0,
            highest: Position::default(),
            restarts: 0,
            restored: false,
        };
        self.deliver(&mut fleet, Message::Commit(committed));
        fleet
    }

    fn actions(&self, fleet: &Fleet) -> Vec<Step> {
        let mut actions = Vec::new();
        let room = fleet.net.len() < 2;
        if room && fleet.last.number < self.generations_max {
            actions.extend([false, true].map(|bad| Step::Commit { bad }));
            if fleet.candidate.is_none() {
                actions.extend([false, true].map(|bad| Step::Offer { bad }));
            }
        }
        if room && fleet.candidate.as_ref().is_some_and(|(_, renewal)| *renewal < 2) {
            actions.push(Step::OfferAgain);
        }
        for message in 0..fleet.net.len() {
            actions.extend([false, true].map(|keep| Step::Deliver { message, keep }));
        }
        if fleet.now < TICKS_MAX {
            actions.push(Step::Tick);
        }
        if fleet.restarts < self.restarts_max {
            actions.push(Step::Restart);
        }
        if !fleet.restored && room {
            actions.push(Step::Restore);
        }
        actions
    }

    fn step(&self, fleet: &mut Fleet, action: &Step) -> Result<(), String> {
        match *action {
            Step::Commit { bad } => {
                fleet.last = fleet.last.next();
                fleet.committed = manifest(fleet.last, fleet.committed.id().0, vec![site(fleet.last, bad)]);
                fleet.net.push(Message::Commit(fleet.committed.clone()));
            }
            Step::Offer { bad } => {
                fleet.last = fleet.last.next();
                let offer = manifest(fleet.last, fleet.committed.id().0, vec![site(fleet.last, bad)]);
                fleet.net.push(Message::Offer(offer.clone(), 1));
                fleet.candidate = Some((offer, 1));
            }
            Step::OfferAgain => {
                let (offer, renewal) = fleet.candidate.as_mut().expect("offered");
                *renewal += 1;
                fleet.net.push(Message::Offer(offer.clone(), *renewal));
            }
            Step::Deliver { message, keep } => {
                let taken = fleet.net[message].clone();
                if !keep {
                    fleet.net.remove(message);
                }
                // A renewal counts from when it first comes.
                let before = fleet.node.candidate();
                self.deliver(fleet, taken.clone());
                if let Message::Offer(_, renewal) = taken
                    && fleet.node.candidate() != before
                    && fleet.over < fleet.now + HOLDS
                    && fleet.renewals_seen < renewal
                {
                    fleet.renewals_seen = renewal;
                    fleet.over = fleet.now + HOLDS;
                }
            }
            Step::Tick => {
                fleet.now += 1;
                let effects = fleet.node.tick(Duration::from_secs(fleet.now));
                self.drive(fleet, effects);
            }
            Step::Restart => {
                fleet.restarts += 1;
                let candidate = fleet.candidate.clone().filter(|_| fleet.node.candidate().is_some());
                let (node, effects) = Generations::open(fleet.kept.clone());
                fleet.node = node;
                self.drive(fleet, effects);
                fleet.over = fleet.now;
                if let (true, Some((offer, _))) = (self.is(Mistake::RestartKeepsCandidate), candidate) {
                    self.deliver(fleet, Message::Offer(offer, 9));
                }
                // What was on its way was on its way to the process that ended.
                fleet.net.clear();
                fleet.renewals_seen = 0;
            }
            Step::Restore => {
                fleet.restored = true;
                let first = Position { epoch: 1, number: 1 };
                let backup = manifest(first, 1, vec![site(first, false)]);
                fleet.last = Position { epoch: 2, number: 1 };
                let restored = backup.clone().begin_epoch(fleet.last, EpochId(2));
                fleet.committed = match self.is(Mistake::RestoredVersionsGoBack) {
                    true => manifest(fleet.last, 2, backup.parts().to_vec()),
                    false => restored,
                };
                fleet.net.push(Message::Commit(fleet.committed.clone()));
            }
        }
        self.check(fleet)?;
        fleet.highest = fleet.node.committed().unwrap_or_default();
        Ok(())
    }
}
