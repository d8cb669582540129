//! Fills made of fills: what is made of a body while it arrives, once for all who want it so. The task that makes it
//! reads its source like any other reader, and ends when nobody reads what it makes.

use super::lead::{HELD_PART, STORED_PART_MIN};
use super::reader::FillReader;
use super::state::{Ended, Fill, WINDOW_BYTES_MAX};
use crate::origin::OriginError;
use crate::transform::{Recoded, Recoding, Source};
use crate::worker::Worker;
use littoral_http_caching::Coding;
use std::rc::Rc;
use std::sync::Arc;

/// A reader of what `recoding` makes of `source`, from its first byte on. `None` where the source has let go of its
/// first bytes, or there is no memory for a coder.
pub(crate) fn derived(worker: &Rc<Worker>, source: &Arc<Fill>, recoding: Recoding) -> Option<FillReader> {
    let begin = || {
        let reader = FillReader::new(source.clone(), 0..u64::MAX)?;
        let recoded = Recoded::new(worker, Source::Fill(reader), recoding).ok()?;
        Some((Fill::of(source, worker.thread), recoded))
    };
    let (reader, task) = source.join_derived(recoding, begin)?;
    if let Some((fill, recoded)) = task {
        let make = Make { worker: worker.clone(), source: source.clone(), fill };
        tokio::task::spawn_local(make.run(recoded));
    }
    Some(reader)
}

impl Fill {
    /// A fill beside this one, fetched by the same fetch.
    fn of(source: &Fill, owner: usize) -> Arc<Fill> {
        Arc::new(Fill::new(source.key.clone(), source.effective, owner, source.held_bytes()))
    }

    /// Joins what is being made already, or begins it.
    #[expect(clippy::type_complexity, reason = "the reader, and what is to be done by who began")]
    fn join_derived(
        self: &Arc<Fill>,
        recoding: Recoding,
        begin: impl FnOnce() -> Option<(Arc<Fill>, Recoded)>,
    ) -> Option<(FillReader, Option<(Arc<Fill>, Recoded)>)> {
        if let Some(fill) = self.derived_fill(recoding)
            && let Some(reader) = FillReader::new(fill, 0..u64::MAX)
        {
            return Some((reader, None));
        }
        // Two threads may begin at the same moment; the one that comes second joins the first.
        let (fill, recoded) = begin()?;
        let kept = self.keep_derived(recoding, &fill);
        if Arc::ptr_eq(&kept, &fill) {
            let reader = FillReader::new(fill.clone(), 0..u64::MAX)?;
            return Some((reader, Some((fill, recoded))));
        }
        drop(recoded);
        Some((FillReader::new(kept, 0..u64::MAX)?, None))
    }

    /// The codings that somebody has wanted of this body while it arrived.
    pub(crate) fn wanted_codings(&self) -> impl Iterator<Item = Coding> {
        self.derived_recodings().into_iter().filter_map(|recoding| match recoding {
            Recoding::Encode(coding) => Some(coding),
            Recoding::Decode(_) => None,
        })
    }
}

/// The task, which leaves its fill over in any case.
struct Make {
    worker: Rc<Worker>,
    source: Arc<Fill>,
    fill: Arc<Fill>,
}

impl Drop for Make {
    fn drop(&mut self) {
        self.end(Ended::Cut(OriginError::Abandoned));
    }
}

impl Make {
    async fn run(self, mut recoded: Recoded) {
        let mut made: u64 = 0;
        loop {
            if self.fill.end_if_unread() {
                return self.worker.follows.wake_local(&self.fill);
            }
            if self.is_too_much(made) {
                self.fill.keep_window_only();
            }
            if !std::future::poll_fn(|context| self.fill.poll_room(context)).await {
                return self.end(Ended::Unread);
            }
            match recoded.next(&self.worker).await {
                Some(Ok(piece)) => {
                    made += piece.len() as u64;
                    self.fill.publish_piece(piece);
                    self.worker.follows.wake_local(&self.fill);
                }
                Some(Err(error)) => return self.end(Ended::Cut(error)),
                None => return self.end(Ended::Whole),
            }
        }
    }

    /// Whether what was made is not held for those who come later: the source does not wait for them either, or it
    /// unfolds into more than was meant to be held.
    fn is_too_much(&self, made: u64) -> bool {
        let shared = &self.worker.shared;
        !self.source.keeps_all()
            || (made > WINDOW_BYTES_MAX
                && (shared.fills.held_bytes() > shared.memory_bytes / HELD_PART
                    || made > shared.memory_bytes / STORED_PART_MIN))
    }

    fn end(&self, ended: Ended) {
        self.fill.publish_end(ended);
        self.worker.follows.wake_local(&self.fill);
    }
}
