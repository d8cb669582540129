//! The compiled policies in force: swapped whole, read by each thread through a count of its own. A request is
//! served to its end by the policy it began with.

use crate::origin::permits::{OriginId, origin_id};
use crate::origin::roster::{GroupId, group_id};
use arc_swap::ArcSwap;
use littoral_policy::PolicySet;
use std::collections::HashSet;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

/// A policy set as one thread counts it: requests of the thread share it without touching a count of other cores.
pub(crate) struct Snapshot {
    set: Arc<PolicySet>,
}

impl Snapshot {
    pub(crate) fn new(set: Arc<PolicySet>) -> Rc<Snapshot> {
        Rc::new(Snapshot { set })
    }
}

impl Deref for Snapshot {
    type Target = Arc<PolicySet>;

    fn deref(&self) -> &Arc<PolicySet> {
        &self.set
    }
}

/// The policy set in force.
pub(crate) struct Current {
    set: ArcSwap<PolicySet>,
}

impl Current {
    pub(crate) fn new(set: PolicySet) -> Current {
        Current { set: ArcSwap::from_pointee(set) }
    }

    pub(crate) fn load(&self) -> Arc<PolicySet> {
        self.set.load_full()
    }

    /// Whether `known` is still in force: one load of a line that changes only with the policy.
    pub(crate) fn is_current(&self, known: &Arc<PolicySet>) -> bool {
        Arc::as_ptr(&self.set.load()) == Arc::as_ptr(known)
    }

    pub(crate) fn install(&self, set: PolicySet) {
        self.set.store(Arc::new(set));
    }
}

/// What a policy asks; whatever is kept of others can be let go.
pub(crate) struct InForce {
    pub(crate) origins: HashSet<OriginId>,
    pub(crate) groups: HashSet<GroupId>,
}

impl InForce {
    pub(crate) fn of(policy: &PolicySet) -> InForce {
        let sites = policy.sites().iter();
        InForce {
            origins: sites.clone().flat_map(|site| site.origins.iter().map(origin_id)).collect(),
            groups: sites.flat_map(|site| site.groups.iter().map(group_id)).collect(),
        }
    }
}
