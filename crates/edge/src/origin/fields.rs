//! The header section that an origin receives. Connection fields end here (RFC 9110 §7.6.1); `Forwarded`,
//! `X-Forwarded-*` and `X-Request-Id` are ours alone, made of what was believed; trace context goes on if it is
//! well-formed; fields by which a client could steer an application without its being keyed are removed from what
//! may be stored.

use crate::pairs::cookies;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use littoral_forwarding::{is_traceparent, is_tracestate};
use littoral_http_caching::{Fields, FieldsBuilder, Known, hop_by_hop::end_to_end};
use littoral_policy::STEERING_FIELDS;
use std::io::Write;
use std::net::IpAddr;

/// What the fields for the origin are made from.
pub(crate) struct ForOrigin<'a> {
    pub(crate) client: &'a Fields,
    /// The value of `Host`.
    pub(crate) host: &'a [u8],
    /// The site's host as clients name it, for `X-Forwarded-Host`.
    pub(crate) public_host: &'a [u8],
    pub(crate) scheme: &'static str,
    pub(crate) client_address: IpAddr,
    /// Trusted proxies between the client and this node, the client's first.
    pub(crate) hops: &'a [IpAddr],
    pub(crate) request_id: &'a [u8],
    pub(crate) method: &'a [u8],
    /// Pseudonym for `Via` and identifier for `CDN-Loop`.
    pub(crate) name: &'a str,
    pub(crate) version: &'static str,
    pub(crate) conditionals: Conditionals<'a>,
    /// Of the client's cookies, only those with these names; `None`: all.
    pub(crate) cookies: Option<&'a [Box<str>]>,
    /// The client's `Range` and `If-Range` go along.
    pub(crate) range: bool,
    /// Names of the fields that the key holds: they arrive under no other.
    pub(crate) keyed: &'a [Box<[u8]>],
    /// Tokens for an upgrade that the behavior allows.
    pub(crate) upgrade: Option<&'a [u8]>,
}

/// Which preconditions the origin gets to see.
pub(crate) enum Conditionals<'a> {
    /// The client's own: nothing is stored.
    Client,
    /// None: a fill.
    None,
    /// Ours: a revalidation, with the values for `If-None-Match` and `If-Modified-Since`.
    Stored(Option<&'a [u8]>, Option<&'a [u8]>),
}

impl ForOrigin<'_> {
    /// The fields, in the client's order, ours last.
    pub(crate) fn build(&self) -> Fields {
        let through = end_to_end(self.client);
        let trace = Trace::of(&through);
        let mut out = Fields::builder();
        out.push_known(Known::Host, self.host);
        out.extend_from(&through, |known, name| self.keeps(known, name) && trace.keeps(known, name));
        match self.conditionals {
            Conditionals::Stored(etag, modified) => {
                if let Some(etag) = etag {
                    out.push_known(Known::IfNoneMatch, etag);
                }
                if let Some(modified) = modified {
                    out.push_known(Known::IfModifiedSince, modified);
                }
            }
            Conditionals::Client | Conditionals::None => {}
        }
        self.push_ours(&mut out);
        out.finish()
    }

    fn keeps(&self, known: Known, name: &[u8]) -> bool {
        match known {
            Known::Host
            | Known::Expect
            | Known::ContentLength
            | Known::Forwarded
            | Known::XForwardedFor
            | Known::XForwardedHost
            | Known::XForwardedProto
            | Known::XRequestId
            | Known::Via
            | Known::CdnLoop => false,
            Known::IfMatch | Known::IfNoneMatch | Known::IfModifiedSince | Known::IfUnmodifiedSince => {
                matches!(self.conditionals, Conditionals::Client)
            }
            Known::MaxForwards => !self.counts_forwards(),
            Known::Range | Known::IfRange => self.range,
            Known::Cookie => self.cookies.is_none(),
            _ => {
                !(STEERING_FIELDS.iter().any(|field| is_read_as(name, field.as_bytes()))
                    || self.keyed.iter().any(|field| is_alias(name, field))
                    || is_alias_of_known(name)
                    // Of an upgrade that is never asked for.
                    || is_read_as(name, b"http2-settings"))
            }
        }
    }

    fn push_ours(&self, out: &mut FieldsBuilder) {
        let mut value = Vec::with_capacity(96);
        if let Some(names) = self.cookies {
            for (name, content) in cookies(self.client) {
                if names.iter().any(|known| name == known.as_bytes()) {
                    if !value.is_empty() {
                        value.extend_from_slice(b"; ");
                    }
                    value.extend_from_slice(name);
                    value.push(b'=');
                    value.extend_from_slice(content);
                }
            }
            if !value.is_empty() {
                out.push_known(Known::Cookie, &value);
            }
        }
        for (known, own) in
            [(Known::Via, format!("{} {}", self.version, self.name)), (Known::CdnLoop, self.name.to_owned())]
        {
            value.clear();
            for line in self.client.all(known) {
                value.extend_from_slice(line);
                value.extend_from_slice(b", ");
            }
            value.extend_from_slice(own.as_bytes());
            out.push_known(known, &value);
        }

        if let Some(left) = self.forwards_left() {
            out.push_known(Known::MaxForwards, left.to_string());
        }
        self.push_way(out, &mut value);
        out.push_known(Known::XRequestId, self.request_id);

        if let Some(tokens) = self.upgrade {
            out.push_known(Known::Connection, b"upgrade");
            out.push_known(Known::Upgrade, tokens);
        }
    }

    /// The client and every trusted proxy on its way, in both ways of saying it.
    fn push_way(&self, out: &mut FieldsBuilder, value: &mut Vec<u8>) {
        let client = self.client_address.to_canonical();
        value.clear();
        let _ = write!(value, "{client}");
        for hop in self.hops {
            let _ = write!(value, ", {hop}");
        }
        out.push_known(Known::XForwardedFor, &value);
        out.push_known(Known::XForwardedProto, self.scheme.as_bytes());
        out.push_known(Known::XForwardedHost, self.public_host);

        value.clear();
        write_node(value, client);
        let _ = write!(value, ";proto={};host=\"", self.scheme);
        value.extend_from_slice(self.public_host);
        value.push(b'"');
        for hop in self.hops {
            value.extend_from_slice(b", ");
            write_node(value, *hop);
        }
        out.push_known(Known::Forwarded, &value);
    }

    /// RFC 9110 §7.6.2: for these methods the field is counted down; for others it says nothing.
    fn counts_forwards(&self) -> bool {
        matches!(self.method, b"OPTIONS" | b"TRACE")
    }

    /// What is left of `Max-Forwards`. One that is no number, or stands there twice, is dropped.
    fn forwards_left(&self) -> Option<u64> {
        let text = self.client.single(Known::MaxForwards).filter(|_| self.counts_forwards())?;
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let count: u64 = digits.then(|| std::str::from_utf8(text).ok()?.parse().ok())??;
        // Zero was answered here.
        count.checked_sub(1)
    }
}

/// Whether an application may take a field of this name for `field`. Where fields become variables (CGI and what
/// follows it), `X_Forwarded_Host` and `X-Forwarded-Host` are one.
pub(crate) fn is_read_as(name: &[u8], field: &[u8]) -> bool {
    let same = |(own, other): (&u8, &u8)| {
        own.eq_ignore_ascii_case(other) || !(own.is_ascii_alphanumeric() || other.is_ascii_alphanumeric())
    };
    name.len() == field.len() && name.iter().zip(field).all(same)
}

/// The same, of a name that is not the field's own.
fn is_alias(name: &[u8], field: &[u8]) -> bool {
    is_read_as(name, field) && !name.eq_ignore_ascii_case(field)
}

/// The same of any field that the edge itself deals with: what it counts, removes, answers or tells variants apart by
/// must not arrive under another name.
pub(crate) fn is_alias_of_known(name: &[u8]) -> bool {
    let is_odd = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'-');
    if !name.iter().any(is_odd) {
        return false;
    }
    let usual = |byte: &u8| if is_odd(byte) { b'-' } else { *byte };
    Known::of(&name.iter().map(usual).collect::<Vec<u8>>()) != Known::Other
}

/// `for=` of RFC 7239 §6.
fn write_node(out: &mut Vec<u8>, address: IpAddr) {
    let _ = match address {
        IpAddr::V4(v4) => write!(out, "for={v4}"),
        IpAddr::V6(v6) => write!(out, "for=\"[{v6}]\""),
    };
}

/// Which fields of a client's trace context are well-formed. `tracestate` says nothing without `traceparent`.
#[derive(Clone, Copy)]
struct Trace {
    parent: bool,
    state: bool,
}

const TRACEPARENT: &[u8] = b"traceparent";
const TRACESTATE: &[u8] = b"tracestate";

impl Trace {
    fn of(client: &Fields) -> Trace {
        let mut parents = client.named(TRACEPARENT);
        let parent = parents.next().is_some_and(is_traceparent) && parents.next().is_none();
        Trace { parent, state: parent && is_tracestate(client.named(TRACESTATE)) }
    }

    fn keeps(self, known: Known, name: &[u8]) -> bool {
        match known {
            Known::Other if name.eq_ignore_ascii_case(TRACEPARENT) => self.parent,
            Known::Other if name.eq_ignore_ascii_case(TRACESTATE) => self.state,
            _ => true,
        }
    }
}

/// For hyper. Names and values were checked when they were parsed; one that hyper still refuses is left out.
pub(crate) fn to_header_map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(fields.iter().count());
    for line in fields.iter() {
        let name = HeaderName::from_bytes(line.name);
        let value = HeaderValue::from_bytes(line.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            map.append(name, value);
        }
    }
    map
}

/// From hyper, order kept as far as its map keeps it.
pub(crate) fn from_header_map(map: &HeaderMap) -> Fields {
    let bytes: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut buffer = Vec::with_capacity(bytes);
    let mut spans = Vec::with_capacity(map.len());
    for (name, value) in map {
        let start = buffer.len();
        buffer.extend_from_slice(name.as_str().as_bytes());
        let middle = buffer.len();
        buffer.extend_from_slice(value.as_bytes());
        spans.push((start..middle, middle..buffer.len()));
    }
    Fields::from_spans(Bytes::from(buffer), spans.into_iter())
}

#[cfg(test)]
mod tests;
