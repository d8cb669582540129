//! Origin groups, and those that stand for one origin server that a behavior names directly.

use super::Compiler;
use crate::{Balance, Failover, Member, OriginGroup, StatusSet};
use std::sync::Arc;
use std::time::Duration;

impl Compiler<'_> {
    /// A group for each origin server, in the order of the origins.
    pub(super) fn groups(&mut self) -> Box<[Arc<OriginGroup>]> {
        let single = |origin, name: &str| OriginGroup {
            name: name.into(),
            members: [Member { origin, weight: 1, backup: false }].into(),
            balance: Balance::First,
            failover: Failover {
                on_connect: false,
                on_timeout: false,
                on_reset: false,
                on_statuses: StatusSet::EMPTY,
                tries_max: 1,
                retry_share_percent: 20,
            },
            ejection: None,
            slow_start: Duration::ZERO,
        };
        let origins = self.file.origins.iter().enumerate();
        origins.map(|(origin, section)| Arc::new(single(origin, &section.name))).collect()
    }
}
