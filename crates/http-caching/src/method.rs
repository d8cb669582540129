//! The request methods that caching tells apart (RFC 9110 §9).
//!
//! Not a registry: whatever is not named here is [`Method::Other`], which is taken as unsafe.

/// A request method, as far as a cache cares.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// `GET`: the one whose answers are stored and reused.
    Get,
    /// `HEAD`: answered from stored `GET` responses; its answers update them.
    Head,
    /// `POST`: its answer may be stored for later `GET`s when it says so (RFC 9110 §9.3.3).
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`: safe, never stored.
    Options,
    /// `PATCH`.
    Patch,
    /// Any other method; its safety is unknown.
    Other,
}

impl Method {
    /// The method with this name; names are case-sensitive (RFC 9110 §9.1).
    pub fn of(name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"PATCH" => Method::Patch,
            _ => Method::Other,
        }
    }

    /// Whether the method is safe (RFC 9110 §9.2.1). [`Method::Other`] is not: its safety is unknown.
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options)
    }
}
