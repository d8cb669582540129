//! What threads share, in two forms: that of production, and the one with which `loom` tries every order of
//! memory accesses (`--cfg loom`, see `make soak`).

#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicU64};

/// The latest of something immutable. Whoever loads it sees all that was written before it was stored.
#[cfg(not(loom))]
pub(crate) struct Latest<T>(arc_swap::ArcSwap<T>);

#[cfg(not(loom))]
impl<T> Latest<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(arc_swap::ArcSwap::from_pointee(value))
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<std::sync::Arc<T>> {
        self.0.load()
    }

    pub(crate) fn load_full(&self) -> std::sync::Arc<T> {
        self.0.load_full()
    }

    pub(crate) fn store(&self, value: std::sync::Arc<T>) {
        self.0.store(value);
    }
}

/// Stands in for `arc-swap`, which is not made of `loom`'s atomics: a lock has no weaker order than it promises.
#[cfg(loom)]
pub(crate) struct Latest<T>(loom::sync::RwLock<std::sync::Arc<T>>);

#[cfg(loom)]
impl<T> Latest<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::RwLock::new(std::sync::Arc::new(value)))
    }

    pub(crate) fn load(&self) -> std::sync::Arc<T> {
        self.load_full()
    }

    pub(crate) fn load_full(&self) -> std::sync::Arc<T> {
        self.0.read().expect("no reader panics").clone()
    }

    pub(crate) fn store(&self, value: std::sync::Arc<T>) {
        *self.0.write().expect("no writer panics") = value;
    }
}
