//! Who of a group is asked: pure choices over what is known of each member. No clock, no dice, no counters of its own:
//! they are arguments, so that a choice can be made again and its shares can be counted.
//!
//! The pool to choose from is never empty. Members that are well come first, backups among them behind the others;
//! then those that are left out because of their answers, which is a guess that ends by itself; then those whose
//! probes fail, which have said so themselves a moment ago; then those that are both.

use littoral_rules::hash::{fnv1a, mix};
use std::cmp::Reverse;

/// A full share, in thousandths: what [`Candidate::share`] is of a member that did not come back just now.
pub(crate) const WHOLE_SHARE: u32 = 1000;

/// How a member stands. The order is that in which they are asked.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) enum Standing {
    /// Nothing speaks against it.
    #[default]
    Well,
    /// Left out for a while because of its answers.
    Ejected,
    /// Its probes fail.
    ProbedBad,
    /// Both.
    EjectedAndProbedBad,
}

impl Standing {
    /// Metric label and what `explain` says.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Standing::Well => "well",
            Standing::Ejected => "ejected",
            Standing::ProbedBad => "probed-bad",
            Standing::EjectedAndProbedBad => "ejected-and-probed-bad",
        }
    }
}

/// A member as it looks to one request.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Candidate {
    /// 1 to 1000.
    pub(crate) weight: u32,
    /// How much of its weight counts, in thousandths: less than [`WHOLE_SHARE`] while it starts slowly. 1 to 1000.
    pub(crate) share: u32,
    pub(crate) backup: bool,
    pub(crate) standing: Standing,
    /// Requests that it has under way.
    pub(crate) under_way: u32,
    /// Hash of its name.
    pub(crate) seed: u64,
    /// This request has asked it.
    pub(crate) asked: bool,
}

impl Candidate {
    fn pull(&self) -> u64 {
        u64::from(self.weight) * u64::from(self.share)
    }

    fn rank(&self) -> (Standing, bool) {
        (self.standing, self.backup)
    }
}

/// The rule, with what it needs beside the candidates.
pub(crate) enum Rule<'a> {
    First,
    /// The thread's own turns, one for each member.
    Weighted(&'a mut [i64]),
    LeastRequests,
    /// Of the request.
    Hash(u64),
}

/// The member that is asked next, by its place; `None` when all have been asked. `dice` are two random numbers.
pub(crate) fn choose(rule: Rule<'_>, candidates: &[Candidate], dice: [u64; 2]) -> Option<usize> {
    let rank = candidates.iter().filter(|candidate| !candidate.asked).map(Candidate::rank).min()?;
    let pool = Pool { candidates, rank };
    match rule {
        Rule::First => pool.first(),
        Rule::Weighted(turns) => pool.in_turn(turns),
        Rule::LeastRequests => pool.less_busy(dice),
        Rule::Hash(hash) => pool.highest(hash),
    }
}

/// The best ones that have not been asked.
struct Pool<'a> {
    candidates: &'a [Candidate],
    rank: (Standing, bool),
}

impl Pool<'_> {
    fn iter(&self) -> impl Iterator<Item = (usize, &Candidate)> + Clone {
        self.candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| !candidate.asked && candidate.rank() == self.rank)
    }

    fn first(&self) -> Option<usize> {
        self.iter().next().map(|(place, _)| place)
    }

    /// Smooth weighted round robin: a member's requests lie as far apart as its weight lets them.
    fn in_turn(&self, turns: &mut [i64]) -> Option<usize> {
        let mut all = 0;
        for (place, candidate) in self.iter() {
            turns[place] += candidate.pull() as i64;
            all += candidate.pull() as i64;
        }
        let (chosen, _) = self.iter().max_by_key(|(place, _)| (turns[*place], Reverse(*place)))?;
        turns[chosen] -= all;
        Some(chosen)
    }

    /// Of two drawn by weight, the one with fewer requests under way for its weight (Mitzenmacher, "The power of two
    /// choices in randomized load balancing", 1996).
    fn less_busy(&self, dice: [u64; 2]) -> Option<usize> {
        let one = self.draw(dice[0], None)?;
        let Some(other) = self.draw(dice[1], Some(one)) else { return Some(one) };
        let [a, b] = [one, other].map(|place| &self.candidates[place]);
        let busy = |x: &Candidate, y: &Candidate| u128::from(x.under_way + 1) * u128::from(y.pull());
        Some(if busy(b, a) < busy(a, b) { other } else { one })
    }

    /// One drawn by weight, not `but`.
    fn draw(&self, die: u64, but: Option<usize>) -> Option<usize> {
        let drawn = || self.iter().filter(|(place, _)| Some(*place) != but);
        let all: u64 = drawn().map(|(_, candidate)| candidate.pull()).sum();
        let mut left = ((u128::from(die) * u128::from(all)) >> 64) as u64;
        drawn()
            .find(|(_, candidate)| match left.checked_sub(candidate.pull()) {
                Some(less) => {
                    left = less;
                    false
                }
                None => true,
            })
            .map(|(place, _)| place)
    }

    /// Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): a member that goes takes only its own keys
    /// with it, and one that comes takes from each as many as its weight says.
    fn highest(&self, hash: u64) -> Option<usize> {
        let score = |candidate: &Candidate| {
            let mixed = mix(hash ^ mix(candidate.seed));
            // Within (0, 1): 53 bits and a half.
            let unit = ((mixed >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
            candidate.pull() as f64 / -unit.ln()
        };
        self.iter().max_by(|(_, a), (_, b)| score(a).total_cmp(&score(b))).map(|(place, _)| place)
    }
}

/// What members and requests are told apart by.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    mix(fnv1a(bytes))
}

/// A thread's dice: SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
}

#[cfg(test)]
mod tests;
