//! What a node writes down of its traffic, and how it is read back: lines of the access log (`access`) and digests of
//! sampled requests (`digest`).
//!
//! Pure: bytes in, bytes out. It deliberately knows no files, no threads and no clock, so that whoever reads (the
//! commands, a simulator) needs nothing of the node that wrote.

pub mod access;
pub mod digest;
mod sip;

pub use sip::KeyedHash;
