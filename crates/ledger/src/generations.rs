//! A node's generations: the committed one, a candidate that expires by itself, and of each part the last good form.
//!
//! ```text
//!             commit 6          offer 7 (until t)      commit 8            t: 7 expires
//! committed   site v4  cert v6  site v4  cert v6       site v4  cert v8    site v4  cert v8
//! candidate                     site v7                site v7             -
//! serves      site v4  cert v6  site v7  cert v6       site v7  cert v8    site v4  cert v8
//!                                                               ^ did not wait for the canary
//! ```
//!
//! - **Never back**: a committed generation is later than the one before, in the total order of positions; another
//!   history of the same epoch, and an older control, are refused. Within it, a part whose version goes back, or
//!   whose content changed under one version, keeps its old form.
//! - **By part**: of candidate and committed, each part serves the later version that was not refused; when all are
//!   refused, what it served before. One bad part holds up no other.
//! - **Candidates** expire; each offer has a renewal number, so that one that comes late or twice revives nothing. A
//!   restart drops the candidate: it may be why the process ended.
//!
//! Here is no clock and no I/O: `now` is given, contents are fetched and judged by who drives this.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::manifest::{ContentHash, Manifest, Part};
use crate::position::Position;

/// Why a whole generation was not taken.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NotTaken {
    /// The node has this one or a later one.
    Older,
    /// It counts the committed one's epoch in another history.
    OtherHistory,
    /// An offer that was taken, withdrawn or outlived before, or that is over already.
    Outlived,
}

impl NotTaken {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            NotTaken::Older => "older",
            NotTaken::OtherHistory => "other-history",
            NotTaken::Outlived => "outlived",
        }
    }
}

/// Why a part of a committed generation keeps its old form. What applying it finds wrong is told by
/// [`Generations::refused`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum PartRefusal {
    /// Its version goes back: a control that was restored must version its parts anew
    /// ([`Manifest::begin_epoch`]).
    Backwards,
    /// Another content under the same version.
    OtherContent,
    /// Who applies it found it bad.
    Bad,
}

/// What whoever drives this has to do.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PartEffect {
    /// Make [`Generations::kept`] durable before reporting anything.
    Keep,
    /// Fetch the content, if it is not here, judge it, and tell [`Generations::applied`] or
    /// [`Generations::refused`]. Until then the part serves as before.
    Apply(Part),
    /// Serve this part no more.
    Remove(Box<str>),
    /// Report that the part keeps its old form.
    Refused(Part, PartRefusal),
}

/// What a node keeps over restarts.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kept {
    /// The committed generation.
    pub committed: Option<Manifest>,
    /// The last good form of each part.
    pub good: Vec<Part>,
}

/// A node's generations.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Generations {
    committed: Option<Manifest>,
    candidate: Option<Candidate>,
    /// The last offer taken.
    offered: (Position, u64),
    /// What each part serves.
    serving: BTreeMap<Box<str>, Part>,
    /// The last good form under committed generations: what a restart begins with.
    good: BTreeMap<Box<str>, Part>,
    /// Contents found bad, of parts in the two manifests.
    bad: Vec<(Box<str>, ContentHash)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Candidate {
    manifest: Manifest,
    expires: Duration,
}

impl Generations {
    /// Goes on from what was kept: serves the last good form of each part, without a candidate.
    pub fn open(kept: Kept) -> (Generations, Vec<PartEffect>) {
        let good: BTreeMap<_, _> = kept.good.into_iter().map(|part| (part.name.clone(), part)).collect();
        let mut generations =
            Generations { committed: kept.committed, good: good.clone(), ..Generations::default() };
        let mut effects: Vec<PartEffect> = good.values().cloned().map(PartEffect::Apply).collect();
        generations.serving = good;
        effects.extend(generations.strive());
        (generations, effects)
    }

    /// What to make durable.
    pub fn kept(&self) -> Kept {
        Kept { committed: self.committed.clone(), good: self.good.values().cloned().collect() }
    }

    /// Position of the committed generation.
    pub fn committed(&self) -> Option<Position> {
        self.committed.as_ref().map(Manifest::at)
    }

    /// Position of the candidate, and when it expires.
    pub fn candidate(&self) -> Option<(Position, Duration)> {
        self.candidate.as_ref().map(|candidate| (candidate.manifest.at(), candidate.expires))
    }

    /// What each part serves.
    pub fn serving(&self) -> impl Iterator<Item = &Part> {
        self.serving.values()
    }

    /// Takes a committed generation.
    ///
    /// # Errors
    /// When it is not later than the one that is committed.
    pub fn commit(&mut self, manifest: Manifest) -> Result<Vec<PartEffect>, NotTaken> {
        let mut effects = vec![PartEffect::Keep];
        let manifest = match &self.committed {
            None => manifest,
            Some(before) => {
                check_later(before, &manifest)?;
                keep_old_forms(before, &manifest, &mut effects)
            }
        };
        if self.candidate.as_ref().is_some_and(|candidate| candidate.manifest.at() == manifest.at()) {
            self.candidate = None;
        }
        self.good.retain(|name, _| manifest.part(name).is_some_and(|part| part.content.is_some()));
        self.committed = Some(manifest);
        self.take_over();
        effects.extend(self.strive());
        Ok(effects)
    }

    /// Takes a candidate, or a candidate's longer life: a later `renewal` of the same. It holds until `expires`.
    ///
    /// # Errors
    /// When it is not later than the committed generation, was outlived before, or is over already.
    pub fn offer(
        &mut self,
        manifest: Manifest,
        renewal: u64,
        expires: Duration,
        now: Duration,
    ) -> Result<Vec<PartEffect>, NotTaken> {
        if let Some(committed) = &self.committed {
            check_later(committed, &manifest)?;
        }
        if (manifest.at(), renewal) <= self.offered || expires <= now {
            return Err(NotTaken::Outlived);
        }
        self.offered = (manifest.at(), renewal);
        self.candidate = Some(Candidate { manifest, expires });
        Ok(self.strive())
    }

    /// Gives the candidate up, if it is still this one.
    pub fn withdraw(&mut self, at: Position) -> Vec<PartEffect> {
        self.offered = self.offered.max((at, u64::MAX));
        if self.candidate.as_ref().is_some_and(|candidate| candidate.manifest.at() <= at) {
            self.candidate = None;
        }
        self.strive()
    }

    /// Time has passed: to be called at the latest when [`candidate`](Self::candidate) expires.
    pub fn tick(&mut self, now: Duration) -> Vec<PartEffect> {
        if self.candidate.as_ref().is_some_and(|candidate| candidate.expires <= now) {
            self.candidate = None;
        }
        self.strive()
    }

    /// The part was fetched and found good: it serves from now on, if it is still wanted.
    pub fn applied(&mut self, part: Part) -> Vec<PartEffect> {
        if self.wanted(&part.name) == Some(&part) {
            self.serving.insert(part.name.clone(), part);
            if self.take_over() {
                return vec![PartEffect::Keep];
            }
        }
        Vec::new()
    }

    /// The part was found bad: what it served before goes on.
    pub fn refused(&mut self, part: Part) -> Vec<PartEffect> {
        let Some(content) = part.content else { return Vec::new() };
        let known = |candidate: Option<&Manifest>| {
            candidate.and_then(|manifest| manifest.part(&part.name)).is_some_and(|listed| *listed == part)
        };
        let manifests =
            [self.candidate.as_ref().map(|candidate| &candidate.manifest), self.committed.as_ref()];
        if !manifests.into_iter().any(known) || self.is_bad(&part) {
            return Vec::new();
        }
        self.bad.push((part.name.clone(), content));
        let mut effects = vec![PartEffect::Refused(part, PartRefusal::Bad)];
        effects.extend(self.strive());
        effects
    }

    fn is_bad(&self, part: &Part) -> bool {
        part.content
            .is_some_and(|content| self.bad.iter().any(|(name, bad)| *name == part.name && *bad == content))
    }

    /// The later of the forms that candidate and committed generation have of a part, if it was not found bad.
    fn wanted(&self, name: &str) -> Option<&Part> {
        let candidate = self.candidate.as_ref().and_then(|candidate| candidate.manifest.part(name));
        let committed = self.committed.as_ref().and_then(|manifest| manifest.part(name));
        let forms = candidate.into_iter().chain(committed).filter(|part| !self.is_bad(part));
        forms.max_by_key(|part| part.version).or_else(|| committed.and(self.good.get(name)))
    }

    /// What serves and is committed is what a restart begins with. Says whether that changed.
    fn take_over(&mut self) -> bool {
        let Some(committed) = &self.committed else { return false };
        let mut changed = false;
        for part in self.serving.values().filter(|part| committed.part(&part.name) == Some(part)) {
            changed |= self.good.insert(part.name.clone(), part.clone()).as_ref() != Some(part);
        }
        changed
    }

    /// What is still to be done until every part serves what is wanted. Asked again, it says the same again.
    fn strive(&mut self) -> Vec<PartEffect> {
        let manifests = self.candidate.iter().map(|candidate| &candidate.manifest).chain(&self.committed);
        let listed: Vec<&Part> = manifests.flat_map(Manifest::parts).collect();
        self.bad.retain(|(name, content)| {
            listed.iter().any(|part| part.name == *name && part.content == Some(*content))
        });
        let mut names: Vec<Box<str>> = listed.iter().map(|part| part.name.clone()).collect();
        names.extend(self.serving.keys().cloned());
        names.sort();
        names.dedup();
        let mut effects = Vec::new();
        for name in names {
            match self.wanted(&name) {
                Some(part) if part.content.is_some() => {
                    if self.serving.get(&name) != Some(part) {
                        effects.push(PartEffect::Apply(part.clone()));
                    }
                }
                _ => {
                    if self.serving.remove(&name).is_some() {
                        effects.push(PartEffect::Remove(name));
                    }
                }
            }
        }
        effects
    }
}

fn check_later(before: &Manifest, manifest: &Manifest) -> Result<(), NotTaken> {
    if manifest.at() <= before.at() {
        return Err(NotTaken::Older);
    }
    let same_epoch = manifest.at().epoch == before.at().epoch;
    if same_epoch && manifest.id() != before.id() { Err(NotTaken::OtherHistory) } else { Ok(()) }
}

/// The generation with the old form of each part that went back or contradicts it.
fn keep_old_forms(before: &Manifest, manifest: &Manifest, effects: &mut Vec<PartEffect>) -> Manifest {
    let (at, id) = (manifest.at(), manifest.id());
    let judged = manifest.parts().iter().map(|part| {
        let refusal = before.part(&part.name).and_then(|old| {
            (part.version < old.version)
                .then_some(PartRefusal::Backwards)
                .or((part.version == old.version && part.content != old.content)
                    .then_some(PartRefusal::OtherContent))
                .map(|refusal| (old, refusal))
        });
        match refusal {
            Some((old, refusal)) => {
                effects.push(PartEffect::Refused(part.clone(), refusal));
                old.clone()
            }
            None => part.clone(),
        }
    });
    Manifest::new(at, id, judged.collect())
        .expect("parts of an earlier generation are no later than this one")
}
