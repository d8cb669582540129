//! One fill: its phase, the pieces that arrived, and the threads that wait for more. All of it is behind one
//! lock that only misses take.

use crate::journey::Wanted;
use crate::lookup::verdict;
use crate::note::Asked;
use crate::origin::OriginError;
use crate::transform::Recoding;
use bytes::Bytes;
use littoral_cache::StoredResponse;
use littoral_ledger::{Fence, Position, Verdict};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// Bytes that a fill which turned out too large to store keeps for its readers. The fetch waits for the fastest
/// reader; one that falls behind the window is dropped.
pub(crate) const WINDOW_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A fetch that several requests may follow.
pub(crate) struct Fill {
    /// The table's key: cache key, variant, range.
    pub(crate) key: Box<[u8]>,
    /// The purge position when the fetch began: what it brings is no newer than this.
    pub(crate) effective: Position,
    /// The thread that fetches.
    pub(crate) owner: usize,
    /// Bytes that all fills of the node hold.
    held_bytes: Arc<AtomicU64>,
    state: Mutex<State>,
}

impl Drop for Fill {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        self.held_bytes.fetch_sub(state.received - state.bytes_gone, Ordering::Relaxed);
    }
}

/// How far a fill has come.
#[derive(Clone)]
pub(crate) enum Phase {
    /// No response head yet.
    Waiting,
    /// Storable and shareable: the response without its content, which follows as pieces.
    Head(Arc<StoredResponse>),
    /// The stored response was validated and is fresh again.
    Freshened {
        response: Arc<StoredResponse>,
        /// `false`: the origin no longer lets it be shared, and only the one that asked gets it.
        shared: bool,
    },
    /// The response may not be shared; who waited fetches for himself.
    NotShared,
    /// No response.
    Failed(OriginError),
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All of it arrived.
    Whole,
    /// It broke off: so does every answer made from it.
    Cut(OriginError),
    /// Nobody wanted it any more: whoever comes begins another.
    Unread,
}

struct State {
    phase: Phase,
    asked: Option<Asked>,
    announced_length: Option<u64>,
    pieces: VecDeque<Bytes>,
    /// Pieces that left the window.
    pieces_gone: usize,
    bytes_gone: u64,
    received: u64,
    ended: Option<Ended>,
    /// Whether everything is kept, to be stored at the end.
    keeps_all: bool,
    readers: usize,
    /// Furthest position that a reader has taken, as far as that is known: while everything is kept, only pieces are
    /// counted.
    fastest: u64,
    /// Pieces that the fastest reader has taken.
    pieces_taken: usize,
    /// Grows with each publication.
    version: u64,
    /// One waker for each thread that follows.
    threads: SmallVec<[(usize, Waker); 4]>,
    owner_waker: Option<Waker>,
    /// What is made of this body while it arrives, for all who want it so.
    derived: SmallVec<[(Recoding, Arc<Fill>); 1]>,
}

/// What a reader finds at its place.
pub(crate) enum Next {
    Piece(Bytes),
    End(Ended),
    /// It was too slow for a fill that keeps only a window.
    LeftBehind,
}

impl Fill {
    pub(crate) fn new(key: Box<[u8]>, effective: Position, owner: usize, held_bytes: Arc<AtomicU64>) -> Fill {
        Fill {
            key,
            effective,
            owner,
            held_bytes,
            state: Mutex::new(State {
                phase: Phase::Waiting,
                asked: None,
                announced_length: None,
                pieces: VecDeque::new(),
                pieces_gone: 0,
                bytes_gone: 0,
                received: 0,
                ended: None,
                keeps_all: true,
                readers: 0,
                fastest: 0,
                pieces_taken: 0,
                version: 0,
                threads: SmallVec::new(),
                owner_waker: None,
                derived: SmallVec::new(),
            }),
        }
    }

    /// Whom the fetch has asked, before its phase says what came of it.
    pub(crate) fn note_asked(&self, asked: Asked) {
        self.state.lock().asked = Some(asked);
    }

    /// Whom the fetch has asked last.
    pub(crate) fn asked(&self) -> Option<Asked> {
        self.state.lock().asked
    }

    /// The head is known, or will never be.
    pub(crate) fn publish_phase(&self, phase: Phase) {
        self.publish(|state| state.phase = phase);
    }

    pub(crate) fn publish_piece(&self, piece: Bytes) {
        self.publish(|state| {
            state.received += piece.len() as u64;
            self.held_bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
            state.pieces.push_back(piece);
            if !state.keeps_all {
                state.trim(&self.held_bytes);
            }
        });
    }

    pub(crate) fn publish_end(&self, ended: Ended) {
        self.publish(|state| {
            if state.ended.is_none() {
                state.ended = Some(ended);
            }
        });
    }

    /// From now on only a window is kept: the body is larger than what may be stored.
    pub(crate) fn keep_window_only(&self) {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.keeps_all) {
            // A reader that has taken everything takes nothing more before there is more: it must count as there.
            let taken = state.pieces.iter().take(state.pieces_taken);
            state.fastest = taken.map(|piece| piece.len() as u64).sum();
        }
        state.trim(&self.held_bytes);
    }

    fn publish(&self, change: impl FnOnce(&mut State)) {
        let woken = {
            let mut state = self.state.lock();
            change(&mut state);
            state.version += 1;
            std::mem::take(&mut state.threads)
        };
        for (_, waker) in woken {
            waker.wake();
        }
    }

    /// Says how long the body will be, once its head is known.
    pub(crate) fn announce(&self, length: Option<u64>) {
        self.state.lock().announced_length = length;
    }

    /// Length of the body as its head announced it.
    pub(crate) fn announced_length(&self) -> Option<u64> {
        self.state.lock().announced_length
    }

    /// Whether a request that comes now may still join: nothing that this fetch could bring has been purged since
    /// it began. As long as the head is unknown, its surrogate keys are too, and any purge of the site counts. Once
    /// it is known, whoever comes reuses a response, and does so while `is_fresh` says that it may be reused and
    /// all of its content is here.
    pub(crate) fn is_usable_at(
        &self,
        fence: &Fence,
        wanted: &Wanted,
        is_fresh: impl FnOnce(&StoredResponse) -> bool,
    ) -> bool {
        let (phase, keeps_all) = {
            let state = self.state.lock();
            (state.phase.clone(), state.keeps_all)
        };
        match phase {
            Phase::Head(stored) | Phase::Freshened { response: stored, .. } => {
                keeps_all && is_fresh(&stored) && verdict(fence, &stored) == Verdict::Live
            }
            _ => fence.site_position(wanted.site) <= self.effective,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state.lock().phase.clone()
    }

    /// All pieces, for storing; only while everything is kept.
    pub(crate) fn pieces(&self) -> Vec<Bytes> {
        self.state.lock().pieces.iter().cloned().collect()
    }

    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.ended.is_some()
            || matches!(state.phase, Phase::Freshened { .. } | Phase::NotShared | Phase::Failed(_))
    }

    /// The piece with number `index`; `None` when it has not arrived.
    pub(crate) fn next(&self, index: usize) -> Option<Next> {
        let mut state = self.state.lock();
        let Some(offset) = index.checked_sub(state.pieces_gone) else { return Some(Next::LeftBehind) };
        if let Some(piece) = state.pieces.get(offset).cloned() {
            if state.keeps_all {
                state.pieces_taken = state.pieces_taken.max(index + 1);
            } else {
                state.note_progress(offset);
            }
            return Some(Next::Piece(piece));
        }
        state.ended.map(Next::End)
    }

    pub(super) fn held_bytes(&self) -> Arc<AtomicU64> {
        self.held_bytes.clone()
    }

    /// Whether newcomers find all of the body here.
    pub(super) fn keeps_all(&self) -> bool {
        self.state.lock().keeps_all
    }

    pub(super) fn derived_fill(&self, recoding: Recoding) -> Option<Arc<Fill>> {
        let state = self.state.lock();
        state.derived.iter().find(|(known, _)| *known == recoding).map(|(_, fill)| fill.clone())
    }

    /// Keeps `fill` as what `recoding` makes of this one, unless there is one that can still be joined, which is
    /// returned then.
    pub(super) fn keep_derived(&self, recoding: Recoding, fill: &Arc<Fill>) -> Arc<Fill> {
        let mut state = self.state.lock();
        match state.derived.iter_mut().find(|(known, _)| *known == recoding) {
            Some((_, known)) if known.can_be_joined() => known.clone(),
            Some((_, known)) => {
                known.clone_from(fill);
                fill.clone()
            }
            None => {
                state.derived.push((recoding, fill.clone()));
                fill.clone()
            }
        }
    }

    pub(super) fn derived_recodings(&self) -> SmallVec<[Recoding; 4]> {
        self.state.lock().derived.iter().map(|(recoding, _)| *recoding).collect()
    }

    fn can_be_joined(&self) -> bool {
        let state = self.state.lock();
        state.pieces_gone == 0 && !matches!(state.ended, Some(Ended::Unread))
    }

    /// Ends the fill if nobody reads it; whoever wants it later begins another.
    pub(super) fn end_if_unread(&self) -> bool {
        let mut state = self.state.lock();
        if state.readers == 0 && state.ended.is_none() {
            state.ended = Some(Ended::Unread);
            state.version += 1;
        }
        matches!(state.ended, Some(Ended::Unread))
    }

    /// Counts a reader from the first piece on; `false` when that has left the window already.
    pub(crate) fn add_reader(&self) -> bool {
        let mut state = self.state.lock();
        let begins = state.pieces_gone == 0 && !matches!(state.ended, Some(Ended::Unread));
        state.readers += usize::from(begins);
        begins
    }

    pub(crate) fn remove_reader(&self) {
        let mut state = self.state.lock();
        state.readers -= 1;
        if let Some(waker) = state.owner_waker.take() {
            waker.wake();
        }
    }

    /// Ready with `true` when the next piece may be fetched, with `false` when nobody wants it any more.
    pub(crate) fn poll_room(&self, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.state.lock();
        if state.keeps_all {
            return Poll::Ready(true);
        }
        if state.readers == 0 {
            return Poll::Ready(false);
        }
        if state.received - state.fastest.min(state.received) < WINDOW_BYTES_MAX {
            return Poll::Ready(true);
        }
        state.owner_waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Registers `thread` for one wake at the next publication, unless something was published since `seen`.
    pub(crate) fn follow(&self, thread: usize, seen: u64, waker: &Waker) -> Option<u64> {
        let mut state = self.state.lock();
        if state.version != seen {
            return Some(state.version);
        }
        match state.threads.iter_mut().find(|(known, _)| *known == thread) {
            Some((_, known)) => known.clone_from(waker),
            None => state.threads.push((thread, waker.clone())),
        }
        None
    }

    pub(crate) fn version(&self) -> u64 {
        self.state.lock().version
    }
}

impl State {
    /// A reader took the piece at `offset`: the fetch may go on when it is the furthest so far.
    fn note_progress(&mut self, offset: usize) {
        let taken: u64 = self.pieces.iter().take(offset + 1).map(|piece| piece.len() as u64).sum();
        let position = self.bytes_gone + taken;
        if position > self.fastest {
            self.fastest = position;
            if let Some(waker) = self.owner_waker.take() {
                waker.wake();
            }
        }
    }

    /// Lets go of what left the window.
    fn trim(&mut self, held_bytes: &AtomicU64) {
        while self.received - self.bytes_gone > 2 * WINDOW_BYTES_MAX {
            let Some(piece) = self.pieces.front() else { return };
            let end = self.bytes_gone + piece.len() as u64;
            if end > self.fastest {
                return;
            }
            held_bytes.fetch_sub(piece.len() as u64, Ordering::Relaxed);
            self.bytes_gone = end;
            self.pieces_gone += 1;
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_goes_on_for_a_reader_that_had_taken_everything_when_only_a_window_was_kept() {
        let fill = Fill::new(Box::default(), Position::default(), 0, Arc::default());
        assert!(fill.add_reader());
        for index in 0..5 {
            fill.publish_piece(Bytes::from(vec![0; 1 << 20]));
            assert!(matches!(fill.next(index), Some(Next::Piece(_))));
        }
        assert!(fill.next(5).is_none(), "it waits for more");
        fill.keep_window_only();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(fill.poll_room(&mut context), Poll::Ready(true));
        for _ in 0..4 {
            fill.publish_piece(Bytes::from(vec![0; 1 << 20]));
        }
        assert!(fill.poll_room(&mut context).is_pending(), "a window ahead of the fastest, and no more");
    }
}
