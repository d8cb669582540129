//! Fetching from origin servers: connections pooled per thread under a ceiling that all threads share, a bounded
//! queue in front of it, time-outs for each phase, one retry where a kept connection turned out dead. HTTP/1.1 by
//! hyper's client, HTTP/2 by the h2 library, over TCP, Unix sockets and TLS. The request path asks a `group`, which
//! chooses among its members (`balance`) by how they stand (`roster`, `health`, `probe`) and makes the request what
//! each wants (`finish`, `sign`). It knows nothing of caching: what a response may be used for is `fill`'s.

pub(crate) mod balance;
pub(crate) mod body;
mod budget;
pub(crate) mod connect;
mod dial;
pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod fields;
pub(crate) mod finish;
pub(crate) mod group;
pub(crate) mod health;
mod http2;
pub(crate) mod permits;
pub(crate) mod pool;
pub(crate) mod probe;
pub(crate) mod roster;
mod sign;
mod stream;
pub(crate) mod trust;
mod under_way;

pub(crate) use body::{OriginBody, RequestBody};
pub(crate) use error::OriginError;
pub(crate) use fetch::{OriginRequest, OriginResponse, fetch};
pub(crate) use group::{Fetched, Outgoing, fetch_from_group};
pub(crate) use permits::Origins;
pub(crate) use pool::Pools;
