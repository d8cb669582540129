//! How the requests of one thread follow fills: the thread registers once with a fill and passes a wake on to all
//! of its own readers, so that a storm of waiters costs the fetching thread one wake for each thread.

use super::state::Fill;
use crate::worker::Worker;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The fills that this thread's requests follow.
#[derive(Default)]
pub(crate) struct Follows {
    relays: RefCell<HashMap<usize, Rc<Relay>>>,
}

struct Relay {
    fill: Arc<Fill>,
    seen: Cell<u64>,
    readers: RefCell<Vec<Waker>>,
}

impl Follows {
    /// Wakes this thread's readers of a fill that this thread has just moved on.
    pub(crate) fn wake_local(&self, fill: &Arc<Fill>) {
        let relay = self.relays.borrow().get(&address(fill)).cloned();
        if let Some(relay) = relay {
            relay.wake_readers();
        }
        if fill.is_over() {
            self.relays.borrow_mut().remove(&address(fill));
        }
    }
}

impl Relay {
    fn wake_readers(&self) {
        for waker in self.readers.take() {
            waker.wake();
        }
    }
}

fn address(fill: &Arc<Fill>) -> usize {
    Arc::as_ptr(fill) as usize
}

/// Polls `look` now and after each publication of `fill` until it finds something.
pub(crate) fn poll_fill<T>(
    worker: &Rc<Worker>,
    fill: &Arc<Fill>,
    context: &mut Context<'_>,
    mut look: impl FnMut(&Fill) -> Option<T>,
) -> Poll<T> {
    // The version is taken first: the relay is woken by whatever is published after it.
    let version = fill.version();
    if let Some(found) = look(fill) {
        return Poll::Ready(found);
    }
    let relay = relay(worker, fill, version);
    let mut readers = relay.readers.borrow_mut();
    // Who is polled twice in one turn is woken once.
    if !readers.last().is_some_and(|last| last.will_wake(context.waker())) {
        readers.push(context.waker().clone());
    }
    Poll::Pending
}

fn relay(worker: &Rc<Worker>, fill: &Arc<Fill>, version: u64) -> Rc<Relay> {
    let mut relays = worker.follows.relays.borrow_mut();
    if let Some(relay) = relays.get(&address(fill)) {
        return relay.clone();
    }
    let relay = Rc::new(Relay { fill: fill.clone(), seen: Cell::new(version), readers: RefCell::default() });
    relays.insert(address(fill), relay.clone());
    if fill.owner != worker.thread {
        tokio::task::spawn_local(pass_on(worker.clone(), relay.clone()));
    }
    relay
}

/// Passes wakes on until the fill is over.
async fn pass_on(worker: Rc<Worker>, relay: Rc<Relay>) {
    while !relay.fill.is_over() {
        std::future::poll_fn(|context| {
            match relay.fill.follow(worker.thread, relay.seen.get(), context.waker()) {
                Some(version) => {
                    relay.seen.set(version);
                    Poll::Ready(())
                }
                None => Poll::Pending,
            }
        })
        .await;
        relay.wake_readers();
    }
    worker.follows.relays.borrow_mut().remove(&address(&relay.fill));
    relay.wake_readers();
}
