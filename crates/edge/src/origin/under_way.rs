//! A request at an origin server, from before its connection is leased until its answer's last byte: counted there,
//! judged by how it does, and what came of its body added up.

use super::health::Phase;
use super::permits::OriginShared;
use super::roster::GroupShared;
use crate::respond::Place;
use crate::worker::Worker;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Such a request, until dropped.
pub(crate) struct UnderWay {
    worker: Rc<Worker>,
    group: Arc<GroupShared>,
    origin: Arc<OriginShared>,
    /// Index of the site that asks.
    site: u32,
    /// Milliseconds of the monotonic clock.
    began: u64,
    /// What has come of it is good so far.
    pub(super) is_well: bool,
}

impl UnderWay {
    pub(super) fn begin(
        worker: &Rc<Worker>,
        group: &Arc<GroupShared>,
        origin: &Arc<OriginShared>,
        place: &Place,
    ) -> UnderWay {
        origin.health.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay {
            worker: worker.clone(),
            group: group.clone(),
            origin: origin.clone(),
            site: place.site().index,
            began: worker.monotonic_millis(),
            is_well: true,
        }
    }

    /// Part of the body has come.
    pub(crate) fn received(&self, bytes: usize) {
        self.worker.report.borrow().received_from_origin(self.site, &self.origin.server.name, bytes);
    }

    /// The answer has come to its end.
    pub(crate) fn ended(self) {
        if self.is_well {
            self.judge(Phase::Body);
        }
    }

    /// It broke off. One whose head was bad has been judged.
    pub(crate) fn broke(mut self) {
        if self.is_well {
            self.is_well = false;
            self.judge(Phase::Body);
        }
    }

    pub(super) fn judge(&self, what: Phase) {
        let now = self.worker.monotonic_millis();
        self.group.judge(&self.origin.health, now, self.began, what, self.is_well);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.origin.health.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
