//! The members of a group as they stand: what threads share about a group, what a thread keeps of it for itself, and
//! the word that is said when no member is well any more. Sending is `group`'s.

use super::balance::{self, Candidate, Dice, Rule, Standing};
use super::budget::Budget;
use super::health::{Health, Phase};
use super::permits::OriginShared;
use super::pool::Pool;
use crate::config::Notices;
use crate::respond::Place;
use crate::worker::{Shared, Worker};
use littoral_policy::{Balance, OriginGroup, PolicySet, Site};
use littoral_rules::hash::mix;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Identity of a group within a process: the address of its compiled form, which `GroupShared` keeps alive. Each
/// policy brings its own; what is known of the origin servers' health is theirs and outlives it.
pub(crate) type GroupId = usize;

pub(crate) fn group_id(group: &Arc<OriginGroup>) -> GroupId {
    Arc::as_ptr(group) as usize
}

/// All groups that some thread has fetched from.
#[derive(Default)]
pub(crate) struct Groups {
    known: Mutex<HashMap<GroupId, Arc<GroupShared>>>,
}

/// What threads share about a group.
pub(crate) struct GroupShared {
    pub(crate) group: Arc<OriginGroup>,
    pub(crate) site: Box<str>,
    members: Box<[Arc<OriginShared>]>,
    /// Hashes of the members' names.
    seeds: Box<[u64]>,
    budget: Mutex<Budget>,
    /// Held while it is decided whether one more may be left out, so that two do not both see room for the last.
    ejecting: Mutex<()>,
    /// No member is well.
    exhausted: AtomicBool,
    notices: Notices,
    pub(crate) counts: GroupCounts,
}

/// What a scrape asks for.
#[derive(Default)]
pub(crate) struct GroupCounts {
    /// Further tries.
    pub(crate) retries: AtomicU64,
    /// Further tries that the budget refused.
    pub(crate) refused: AtomicU64,
    /// Tries at members that were not well, since nobody else was left.
    pub(crate) last_resorts: AtomicU64,
}

/// One thread's own of a group.
pub(crate) struct Roster {
    pub(crate) shared: Arc<GroupShared>,
    pub(crate) pools: Box<[Rc<Pool>]>,
    turns: RefCell<Box<[i64]>>,
    dice: Cell<Dice>,
}

/// The rosters of one thread.
#[derive(Default)]
pub(crate) struct Rosters {
    known: RefCell<HashMap<GroupId, Rc<Roster>>>,
}

impl Groups {
    /// One of the groups of `site`.
    fn shared(&self, edge: &Shared, site: &Site, group: &Arc<OriginGroup>) -> Arc<GroupShared> {
        let mut known = self.known.lock();
        let shared = known.entry(group_id(group)).or_insert_with(|| {
            let members = group.members.iter().map(|member| edge.origins.shared(site.origin_of(member)));
            Arc::new(GroupShared {
                group: group.clone(),
                site: site.name.clone(),
                members: members.collect(),
                seeds: group
                    .members
                    .iter()
                    .map(|member| balance::hash(site.origin_of(member).name.as_bytes()))
                    .collect(),
                budget: Mutex::default(),
                ejecting: Mutex::default(),
                exhausted: AtomicBool::new(false),
                notices: edge.notices.clone(),
                counts: GroupCounts::default(),
            })
        });
        shared.clone()
    }

    /// Forgets groups that the policy in force no longer has.
    pub(crate) fn retain(&self, in_force: impl Fn(GroupId) -> bool) {
        self.known.lock().retain(|id, _| in_force(*id));
    }
}

impl Rosters {
    /// The roster of the group that the behavior of `place` fetches from.
    pub(crate) fn of(&self, worker: &Worker, place: &Place) -> Rc<Roster> {
        let site = place.site();
        let group = site.group_of(place.behavior().expect("routed"));
        let mut known = self.known.borrow_mut();
        let roster = known.entry(group_id(group)).or_insert_with(|| {
            let pool =
                |member| worker.pools.pool(&worker.shared.origins, site.origin_of(member), worker.thread);
            let seed = mix(worker.thread as u64 ^ worker.shared.clock.monotonic_nanos());
            Rc::new(Roster {
                shared: GroupShared::of(&worker.shared, place),
                pools: group.members.iter().map(pool).collect(),
                turns: RefCell::new(group.members.iter().map(|_| 0).collect()),
                dice: Cell::new(Dice::new(seed)),
            })
        });
        roster.clone()
    }

    /// Forgets groups that the policy in force no longer has.
    pub(crate) fn retain(&self, in_force: impl Fn(GroupId) -> bool) {
        self.known.borrow_mut().retain(|id, _| in_force(*id));
    }
}

impl Roster {
    /// The member that is asked next, by its place; `None` when `asked` has them all.
    pub(crate) fn choose(&self, now: u64, hash: u64, asked: &[usize]) -> Option<usize> {
        let group = &self.shared.group;
        let mut candidates = self.shared.candidates(now);
        asked.iter().for_each(|place| candidates[*place].asked = true);
        self.shared.note_exhausted(candidates.iter().all(|member| member.standing != Standing::Well));
        let mut turns = self.turns.borrow_mut();
        let rule = match &group.balance {
            Balance::First => Rule::First,
            Balance::Weighted => Rule::Weighted(&mut turns),
            Balance::LeastRequests => Rule::LeastRequests,
            Balance::Hash(_) => Rule::Hash(hash),
        };
        let chosen = balance::choose(rule, &candidates, self.roll())?;
        if candidates[chosen].standing != Standing::Well {
            self.shared.counts.last_resorts.fetch_add(1, Ordering::Relaxed);
        }
        Some(chosen)
    }

    fn roll(&self) -> [u64; 2] {
        let mut dice = self.dice.replace(Dice::new(0));
        let rolled = [dice.roll(), dice.roll()];
        self.dice.set(dice);
        rolled
    }
}

impl GroupShared {
    /// The group that the behavior of `place` fetches from.
    pub(crate) fn of(edge: &Shared, place: &Place) -> Arc<GroupShared> {
        let site = place.site();
        edge.groups.shared(edge, site, site.group_of(place.behavior().expect("routed")))
    }

    /// All groups of several members, by site and name.
    pub(crate) fn all(edge: &Shared, policy: &PolicySet) -> Vec<Arc<GroupShared>> {
        let groups =
            policy.sites().iter().flat_map(|site| site.groups.iter().map(move |group| (site, group)));
        let several = groups.filter(|(_, group)| group.members.len() > 1);
        let mut all: Vec<_> = several.map(|(site, group)| edge.groups.shared(edge, site, group)).collect();
        all.sort_by(|a, b| (&a.site, &a.group.name).cmp(&(&b.site, &b.group.name)));
        all
    }

    /// Its members as they stand.
    pub(crate) fn candidates(&self, now: u64) -> SmallVec<[Candidate; 8]> {
        let known = self.group.members.iter().zip(&self.members).zip(&self.seeds);
        known
            .map(|((member, origin), seed)| Candidate {
                weight: member.weight,
                share: origin.health.share(now, self.group.slow_start),
                backup: member.backup,
                standing: origin.health.standing(now),
                under_way: origin.health.under_way.load(Ordering::Relaxed),
                seed: *seed,
                asked: false,
            })
            .collect()
    }

    /// Who would be asked first, where that depends neither on turns nor on dice.
    pub(crate) fn first(&self, candidates: &[Candidate], hash: u64) -> Option<usize> {
        match &self.group.balance {
            Balance::First => balance::choose(Rule::First, candidates, [0; 2]),
            Balance::Hash(_) => balance::choose(Rule::Hash(hash), candidates, [0; 2]),
            Balance::Weighted | Balance::LeastRequests => None,
        }
    }

    /// Counts a request's first try.
    pub(crate) fn first_try(&self, now: u64) {
        if self.members.len() > 1 {
            self.budget.lock().first(now / 1000);
        }
    }

    /// Whether the budget has a further try; counted either way.
    pub(crate) fn further_try(&self, now: u64) -> bool {
        let may = self.budget.lock().further(now / 1000, self.group.failover.retry_share_percent);
        let count = if may { &self.counts.retries } else { &self.counts.refused };
        count.fetch_add(1, Ordering::Relaxed);
        may
    }

    /// Draws the consequence of an answer, or of none, for the origin server that gave it.
    pub(crate) fn judge(&self, health: &Health, now: u64, began: u64, what: Phase, well: bool) {
        let Some(rules) = &self.group.ejection else { return };
        if well {
            return health.succeeded(now, began, what);
        }
        let _one_at_a_time = self.ejecting.lock();
        let may = || self.can_spare_one(now, rules.share_max_percent);
        if let Some(time) = health.failed(now, began, what, rules, may) {
            let named = self.members.iter().find(|member| std::ptr::eq(&raw const member.health, health));
            let (site, name) = (&self.site, named.map_or("", |member| &member.server.name));
            self.notices.tell_aside(format!(
                "site `{site}`: origin server `{name}` is left out for its answers, for {} s",
                time.as_secs()
            ));
        }
    }

    /// Whether one more may be left out: always one, then so many as the share says, never the last.
    fn can_spare_one(&self, now: u64, share_max_percent: u32) -> bool {
        let all = self.members.len();
        let out = self.members.iter().filter(|member| member.health.is_ejected(now)).count();
        let most = (all * share_max_percent as usize / 100).max(1).min(all - 1);
        out < most
    }

    /// Whether no member is well at `now`.
    pub(crate) fn is_exhausted(&self, now: u64) -> bool {
        let exhausted = self.members.iter().all(|member| member.health.standing(now) != Standing::Well);
        self.note_exhausted(exhausted);
        exhausted
    }

    /// Says it aloud when it begins and when it ends.
    fn note_exhausted(&self, exhausted: bool) {
        if self.exhausted.load(Ordering::Relaxed) == exhausted
            || self.exhausted.swap(exhausted, Ordering::Relaxed) == exhausted
        {
            return;
        }
        let (site, group) = (&self.site, &self.group.name);
        self.notices.tell_aside(if exhausted {
            format!(
                "site `{site}`: no origin server of `{group}` is well; those that look least bad are asked"
            )
        } else {
            format!("site `{site}`: an origin server of `{group}` is well again")
        });
    }
}
