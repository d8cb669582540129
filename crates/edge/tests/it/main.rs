//! The edge over real sockets, in front of origins that behave and misbehave, on a clock that the tests move.

mod admission;
mod agreement;
mod balancing;
mod behaviors;
mod caching;
mod clients;
mod collapse;
mod drain;
mod failures;
mod fills;
mod framing;
mod groups;
mod health;
mod http2;
mod limits;
mod origins;
mod poisoning;
mod proxy_protocol;
mod purge;
mod ranges;
mod real_origins;
mod reuse;
mod sending;
mod settings;
mod spelling;
