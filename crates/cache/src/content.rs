//! What a stored response has of its representation: all of it, or some runs of bytes.
//!
//! Runs come from 206 answers and from transfers that broke off. Whether two responses may be combined
//! (RFC 9111 §3.4: one strong validator) is the caller's to know; here is the arithmetic.

use std::ops::Range;

use crate::body::{Body, BodyBuilder};

/// Runs that one partial body keeps apart; beyond it neighbours are joined, then the shortest are dropped.
pub const RUNS_MAX: usize = 64;

/// The content of a stored response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// The whole representation.
    Whole(Body),
    /// Parts of it.
    Partial(PartialBody),
}

/// Runs of a representation's bytes, sorted, disjoint and not empty; neighbours may touch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartialBody {
    complete_length: u64,
    runs: Vec<(u64, Body)>,
}

impl Content {
    /// Length of the representation, stored or not.
    pub fn complete_length(&self) -> u64 {
        match self {
            Content::Whole(body) => body.len(),
            Content::Partial(partial) => partial.complete_length,
        }
    }

    /// The body, if it is all here.
    pub fn whole(&self) -> Option<&Body> {
        match self {
            Content::Whole(body) => Some(body),
            Content::Partial(_) => None,
        }
    }

    /// Whether every byte of `range` is here.
    pub fn covers(&self, range: Range<u64>) -> bool {
        match self {
            Content::Whole(body) => range.end <= body.len(),
            Content::Partial(partial) => partial.covers(range),
        }
    }

    /// The bytes of `range`, borrowed, in order; only as many as are here. Ask [`covers`](Self::covers)
    /// first.
    pub fn slices(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> + Clone {
        self.runs().flat_map(move |(start, body)| {
            let from = range.start.saturating_sub(start);
            let to = range.end.saturating_sub(start);
            body.slices(from..to.max(from))
        })
    }

    /// What both have together, `self`'s bytes where both have some. Both are of one representation, by a
    /// strong validator; contents of different complete length do not combine.
    pub fn combine(&self, other: &Content) -> Option<Content> {
        match (self, other) {
            _ if self.complete_length() != other.complete_length() => None,
            (Content::Whole(_), _) => Some(self.clone()),
            (_, Content::Whole(_)) => Some(other.clone()),
            (Content::Partial(a), Content::Partial(b)) => Some(a.combine(b)),
        }
    }

    /// Bytes of the runs' list; the bodies account for themselves.
    pub(crate) fn list_bytes(&self) -> usize {
        match self {
            Content::Whole(_) => 0,
            Content::Partial(partial) => partial.runs.capacity() * size_of::<(u64, Body)>(),
        }
    }

    /// The runs (start, bytes); one for a whole body.
    pub fn runs(&self) -> impl Iterator<Item = (u64, &Body)> + Clone {
        let (whole, runs) = match self {
            Content::Whole(body) => (Some((0, body)), [].as_slice()),
            Content::Partial(partial) => (None, partial.runs.as_slice()),
        };
        whole.into_iter().chain(runs.iter().map(|(start, body)| (*start, body)))
    }
}

impl PartialBody {
    /// One run of a representation `complete_length` bytes long. `None` when the run is empty or leaves the
    /// representation.
    pub fn new(complete_length: u64, start: u64, bytes: Body) -> Option<PartialBody> {
        let end = start.checked_add(bytes.len())?;
        (!bytes.is_empty() && end <= complete_length)
            .then(|| PartialBody { complete_length, runs: vec![(start, bytes)] })
    }

    /// Length of the whole representation.
    pub fn complete_length(&self) -> u64 {
        self.complete_length
    }

    /// Bytes that are here.
    pub fn stored_length(&self) -> u64 {
        self.runs.iter().map(|(_, body)| body.len()).sum()
    }

    /// Whether every byte of `range` is here.
    pub fn covers(&self, range: Range<u64>) -> bool {
        let mut reached = range.start;
        for (start, body) in &self.runs {
            if *start > reached || reached >= range.end {
                break;
            }
            reached = reached.max(start + body.len());
        }
        reached >= range.end && range.end <= self.complete_length
    }

    /// What both have together; [`Content::Whole`] once nothing is missing. `self`'s bytes win where both
    /// have some. Bytes are copied only when a run is cut, when runs become too many, and once when whole.
    pub fn combine(&self, other: &PartialBody) -> Content {
        let mut runs = self.runs.clone();
        for (start, body) in &other.runs {
            for gap in gaps(&self.runs, *start..start + body.len()) {
                runs.push((gap.start, cut(body, gap.start - start..gap.end - start)));
            }
        }
        runs.sort_by_key(|(start, _)| *start);
        if runs.iter().map(|(_, body)| body.len()).sum::<u64>() == self.complete_length {
            return Content::Whole(join(&runs));
        }
        if runs.len() > RUNS_MAX {
            runs = join_neighbours(&runs);
        }
        while runs.len() > RUNS_MAX {
            let shortest = (0..runs.len()).min_by_key(|&nth| runs[nth].1.len()).expect("not empty");
            runs.remove(shortest);
        }
        runs.shrink_to_fit();
        Content::Partial(PartialBody { complete_length: self.complete_length, runs })
    }
}

/// The parts of `range` that `runs` lack.
fn gaps(runs: &[(u64, Body)], range: Range<u64>) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut reached = range.start;
    for (start, body) in runs {
        let end = start + body.len();
        if *start > reached && reached < range.end {
            gaps.push(reached..(*start).min(range.end));
        }
        reached = reached.max(end);
    }
    if reached < range.end {
        gaps.push(reached..range.end);
    }
    gaps
}

/// `range` of `body`: the body itself when it is all of it, else a copy.
fn cut(body: &Body, range: Range<u64>) -> Body {
    if range == (0..body.len()) {
        return body.clone();
    }
    let mut builder = BodyBuilder::new(Some(range.end - range.start));
    body.slices(range).for_each(|slice| builder.push(slice));
    builder.finish()
}

/// Runs that touch, as one body.
fn join(runs: &[(u64, Body)]) -> Body {
    if let [(_, only)] = runs {
        return only.clone();
    }
    let mut builder = BodyBuilder::new(Some(runs.iter().map(|(_, body)| body.len()).sum()));
    for slice in runs.iter().flat_map(|(_, body)| body.slices(0..body.len())) {
        builder.push(slice);
    }
    builder.finish()
}

fn join_neighbours(runs: &[(u64, Body)]) -> Vec<(u64, Body)> {
    runs.chunk_by(|(start, body), (next, _)| start + body.len() == *next)
        .map(|touching| (touching[0].0, join(touching)))
        .collect()
}
