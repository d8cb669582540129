//! The protocols that clients speak, each driven over a socket by one task per connection. All hand the same
//! `Request` to the request path and write the same `Response`.

pub(crate) mod h1;
pub(crate) mod proxy;
pub(crate) mod socket;
