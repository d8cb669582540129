//! What proxies in front of a node say of a client and its request: the PROXY protocol's header, `Forwarded`,
//! `X-Forwarded-*`, a request's id and its trace context.
//!
//! Bytes in, facts out. Who may be believed is asked of the caller, address by address.
//!
//! Deliberately absent: sockets, clock, and any repair. What cannot be read says nothing, so that the caller is left
//! with what it knows itself.

mod chain;
mod element;
mod proxy;
mod proxy_v2;
mod token;
mod trace;

pub use chain::{Family, HOPS_MAX, Lines, Said, Sources, read};
pub use element::{Node, node};
pub use proxy::{HEADER_BYTES_MAX, Header, Proxied, ProxyMistake, parse_header};
pub use token::is_request_id;
pub use trace::{is_traceparent, is_tracestate};
