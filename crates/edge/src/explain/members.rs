//! The members of the group that a request would be fetched from, as they stand.

use crate::origin::roster::GroupShared;
use crate::respond::Place;
use crate::worker::Shared;
use serde::{Deserialize, Serialize};

/// A member of a group as `explain` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplainedMember {
    /// The origin server's name.
    pub origin: String,
    /// `well`, `ejected`, `probed-bad` or `ejected-and-probed-bad`.
    pub standing: String,
    /// Its weight.
    pub weight: u32,
    /// How much of its weight counts, in thousandths: less than 1000 while it starts slowly.
    pub share: u32,
    /// It is asked only when all that are none cannot be.
    pub backup: bool,
    /// Requests that this node has under way at it.
    pub under_way: u32,
    /// It would be asked first. None is marked where that depends on turns or on dice.
    pub first: bool,
}

pub(super) fn members(shared: &Shared, place: &Place, hash: u64) -> Vec<ExplainedMember> {
    let group = GroupShared::of(shared, place);
    let now = shared.clock.monotonic_nanos() / 1_000_000;
    let candidates = group.candidates(now);
    let first = group.first(&candidates, hash);
    let described = group.group.members.iter().zip(&candidates).enumerate();
    described
        .map(|(at, (member, candidate))| ExplainedMember {
            origin: place.site().origin_of(member).name.to_string(),
            standing: candidate.standing.as_str().to_owned(),
            weight: candidate.weight,
            share: candidate.share,
            backup: candidate.backup,
            under_way: candidate.under_way,
            first: first == Some(at),
        })
        .collect()
}
