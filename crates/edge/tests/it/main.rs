//! The edge over real sockets, in front of origins that behave and misbehave, on a clock that the tests move.

mod caching;
mod collapse;
mod drain;
mod failures;
mod fills;
mod framing;
mod http2;
mod limits;
mod origins;
mod poisoning;
mod purge;
mod ranges;
mod real_origins;
mod reuse;
mod sending;
mod settings;
mod spelling;
