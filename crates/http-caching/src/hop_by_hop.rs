//! Fields that concern one connection only (RFC 9110 §7.6.1, RFC 9111 §3.1).
//!
//! `Connection` names further such fields, and clients have named `Authorization`, `Cookie` or `X-Forwarded-For` there
//! to have an intermediary drop them. §7.6.1 forbids naming fields that are meant for all recipients; so the nomination
//! of a field that we know to be end-to-end is void, and only fields unknown here are dropped by it.

use smallvec::SmallVec;

use crate::fields::Fields;
use crate::known::Known;
use crate::list;

/// Most connection options that are heeded; a client or origin that sends more gets the rest forwarded.
const OPTIONS_MAX: usize = 32;

/// The names listed in `Connection`.
#[derive(Clone, Default, Debug)]
pub struct ConnectionOptions<'a> {
    names: SmallVec<[&'a [u8]; 4]>,
}

impl<'a> ConnectionOptions<'a> {
    /// The options of this head.
    pub fn of(fields: &'a Fields) -> ConnectionOptions<'a> {
        ConnectionOptions { names: fields.list(Known::Connection).take(OPTIONS_MAX).collect() }
    }

    /// Whether the option is there, in any case.
    pub fn has(&self, option: &[u8]) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(option))
    }

    /// Whether the field of this name is neither forwarded nor stored.
    pub fn is_hop_by_hop(&self, known: Known, name: &[u8]) -> bool {
        match known {
            Known::Other => self.has(name),
            known => is_always_hop_by_hop(known),
        }
    }
}

/// Whether the field concerns one connection whatever `Connection` says. `Trailer` is among them since trailers are
/// neither stored nor forwarded unasked; `Proxy-*` since this cache is what a client would authenticate to.
pub fn is_always_hop_by_hop(known: Known) -> bool {
    matches!(
        known,
        Known::Connection
            | Known::KeepAlive
            | Known::ProxyAuthenticate
            | Known::ProxyAuthenticationInfo
            | Known::ProxyAuthorization
            | Known::ProxyConnection
            | Known::Te
            | Known::Trailer
            | Known::TransferEncoding
            | Known::Upgrade
    )
}

/// Whether a line is left out of what is forwarded or stored.
pub fn is_hop_by_hop(line: crate::fields::FieldLine<'_>, options: &ConnectionOptions<'_>) -> bool {
    options.is_hop_by_hop(line.known, line.name)
}

/// The fields that are meant for all recipients.
pub fn end_to_end(fields: &Fields) -> Fields {
    let options = ConnectionOptions::of(fields);
    let mut builder = Fields::builder();
    builder.reserve(fields.text_bytes());
    builder.extend_from(fields, |known, name| !options.is_hop_by_hop(known, name));
    builder.finish()
}

/// Whether `name` is an option that RFC 9110 gives a meaning of its own rather than a field's name.
pub fn is_plain_option(name: &[u8]) -> bool {
    let name = list::trim(name);
    name.eq_ignore_ascii_case(b"close") || name.eq_ignore_ascii_case(b"keep-alive")
}
