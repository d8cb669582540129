//! One request's view of a fill: waits for its head, then takes its pieces in order, or the part of them that a
//! range asks for.

use super::follow::poll_fill;
use super::state::{Ended, Fill, Next, Phase};
use crate::origin::OriginError;
use crate::worker::Worker;
use bytes::Bytes;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// Reads a fill's body. Dropped, it no longer holds the fetch up.
pub(crate) struct FillReader {
    fill: Arc<Fill>,
    index: usize,
    position: u64,
    wanted: Range<u64>,
}

impl FillReader {
    /// A reader of the bytes `wanted`; `0..u64::MAX` for all. `None` where the fill has let go of the first bytes.
    pub(crate) fn new(fill: Arc<Fill>, wanted: Range<u64>) -> Option<FillReader> {
        fill.add_reader().then(|| FillReader { fill, index: 0, position: 0, wanted })
    }

    /// The next piece; `None` at the end.
    /// Cancel safe.
    pub(crate) async fn next(&mut self, worker: &Rc<Worker>) -> Option<Result<Bytes, OriginError>> {
        loop {
            if self.position >= self.wanted.end {
                return None;
            }
            let fill = &self.fill;
            let index = self.index;
            let next =
                std::future::poll_fn(|context| poll_fill(worker, fill, context, |fill| fill.next(index)))
                    .await;
            let piece = match next {
                Next::Piece(piece) => piece,
                Next::End(Ended::Whole) => return None,
                Next::End(Ended::Cut(error)) => return Some(Err(error)),
                Next::End(Ended::Unread) => return Some(Err(OriginError::Abandoned)),
                Next::LeftBehind => return Some(Err(OriginError::BodyTimeout)),
            };
            self.index += 1;
            let start = self.position;
            self.position += piece.len() as u64;
            let from = self.wanted.start.clamp(start, self.position) - start;
            let to = self.wanted.end.clamp(start, self.position) - start;
            if from < to {
                return Some(Ok(piece.slice(from as usize..to as usize)));
            }
        }
    }

    /// Waits for the first piece, or the end where there is none.
    pub(crate) async fn begins(&self, worker: &Rc<Worker>) -> Result<(), OriginError> {
        let fill = &self.fill;
        match std::future::poll_fn(|context| poll_fill(worker, fill, context, |fill| fill.next(0))).await {
            Next::Piece(_) | Next::End(Ended::Whole) => Ok(()),
            Next::End(Ended::Cut(error)) => Err(error),
            Next::End(Ended::Unread) | Next::LeftBehind => Err(OriginError::Abandoned),
        }
    }

    /// The next piece if it is there already.
    pub(crate) fn try_next(&mut self) -> Option<Bytes> {
        if self.position >= self.wanted.end || self.wanted.start > self.position {
            return None;
        }
        let Some(Next::Piece(piece)) = self.fill.next(self.index) else { return None };
        self.index += 1;
        let left = self.wanted.end - self.position;
        self.position += piece.len() as u64;
        Some(if (piece.len() as u64) > left { piece.slice(..left as usize) } else { piece })
    }
}

impl Drop for FillReader {
    fn drop(&mut self) {
        self.fill.remove_reader();
    }
}

/// Waits until the head of `fill` is known, or that there will be none.
pub(crate) async fn head(worker: &Rc<Worker>, fill: &Arc<Fill>) -> Phase {
    std::future::poll_fn(|context| {
        poll_fill(worker, fill, context, |fill| match fill.phase() {
            Phase::Waiting => None,
            known => Some(known),
        })
    })
    .await
}
