//! The way of a request through proxies, as `Forwarded` (RFC 7239) or the `X-Forwarded-*` fields tell it.
//!
//! Each proxy adds, on the right, whom it got the request from. So the way is walked from the right, for as long as
//! who says it is trusted; the first address that is not is the client. What stands left of that is the client's own
//! claim and says nothing. What cannot be read, and a node that is hidden, end the walk: the client is then the last
//! address that is known.

use crate::element::{Node, node};
use smallvec::SmallVec;
use std::net::{IpAddr, SocketAddr};

/// Proxies of one request that are walked through.
pub const HOPS_MAX: usize = 32;

/// The values of all lines of one field, in order.
pub type Lines<'a> = SmallVec<[&'a [u8]; 2]>;

/// Which fields are believed. Proxies mostly write one kind and pass the other on as clients sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Family {
    /// `X-Forwarded-*` where there is any of them, else `Forwarded`.
    #[default]
    Auto,
    /// `X-Forwarded-*` alone.
    XForwarded,
    /// `Forwarded` alone.
    Forwarded,
}

/// The fields of a request that tell of its way.
#[derive(Clone, Default, Debug)]
pub struct Sources<'a> {
    /// `Forwarded`
    pub forwarded: Lines<'a>,
    /// `X-Forwarded-For`
    pub x_for: Lines<'a>,
    /// `X-Forwarded-Proto`
    pub x_proto: Lines<'a>,
    /// `X-Forwarded-Host`
    pub x_host: Lines<'a>,
    /// `X-Forwarded-Port`
    pub x_port: Lines<'a>,
}

/// What they said and may be believed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Said<'a> {
    /// The client; port 0 where none is said. `None`: nobody said.
    pub client: Option<SocketAddr>,
    /// The trusted proxies between the client and whoever sent the request here, the client's first.
    pub hops: SmallVec<[IpAddr; 2]>,
    /// Whether the client spoke TLS.
    pub tls: Option<bool>,
    /// The authority that the client named. As it came: the caller sees whether it is one.
    pub host: Option<&'a [u8]>,
    /// The port that goes with a host without one.
    pub port: Option<u16>,
}

/// Reads what a trusted sender says. `is_trusted` is asked about each further one.
pub fn read<'a>(sources: &Sources<'a>, family: Family, is_trusted: impl Fn(IpAddr) -> bool) -> Said<'a> {
    let x = [&sources.x_for, &sources.x_proto, &sources.x_host, &sources.x_port];
    match family {
        Family::Forwarded => read_forwarded(&sources.forwarded, is_trusted),
        Family::Auto if x.iter().all(|lines| lines.is_empty()) => {
            read_forwarded(&sources.forwarded, is_trusted)
        }
        Family::Auto | Family::XForwarded => read_x_forwarded(sources, is_trusted),
    }
}

/// Where a walk came to.
#[derive(Default)]
struct Walk {
    client: Option<SocketAddr>,
    hops: SmallVec<[IpAddr; 2]>,
}

impl Walk {
    /// One further to the left; says whether to go on.
    fn step(&mut self, found: Option<Node>, is_trusted: impl Fn(IpAddr) -> bool) -> bool {
        let Some(Node::Address(address)) = found else { return false };
        if let Some(passed) = self.client.replace(address) {
            self.hops.push(passed.ip());
        }
        is_trusted(address.ip())
    }

    fn said<'a>(mut self) -> Said<'a> {
        self.hops.reverse();
        Said { client: self.client, hops: self.hops, ..Said::default() }
    }
}

fn read_x_forwarded<'a>(sources: &Sources<'a>, is_trusted: impl Fn(IpAddr) -> bool) -> Said<'a> {
    let mut walk = Walk::default();
    for member in from_the_right(&sources.x_for).take(HOPS_MAX) {
        if !walk.step(node(member), &is_trusted) {
            break;
        }
    }
    let distance = walk.hops.len();
    // What the client's own proxy said: it stands as far from the right as the client does. Where there are fewer
    // members, the outer proxies passed on what an inner one need not repeat.
    let beside =
        |lines: &Lines<'a>| from_the_right(lines).nth(distance).or_else(|| from_the_right(lines).last());
    Said {
        tls: beside(&sources.x_proto).and_then(is_tls),
        host: beside(&sources.x_host),
        port: beside(&sources.x_port).and_then(port),
        ..walk.said()
    }
}

/// The members of a list that goes over several lines, the last one first. Empty members are none.
fn from_the_right<'a>(lines: &Lines<'a>) -> impl Iterator<Item = &'a [u8]> {
    let members = lines.clone().into_iter().rev().flat_map(|line| line.rsplit(|&b| b == b','));
    members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

fn is_tls(scheme: &[u8]) -> Option<bool> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    match () {
        () if is("https") || is("wss") => Some(true),
        () if is("http") || is("ws") => Some(false),
        () => None,
    }
}

fn port(text: &[u8]) -> Option<u16> {
    let digits = (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

/// A line that is malformed ends the walk, whatever stands left of it; the lines right of it were read before.
fn read_forwarded<'a>(lines: &Lines<'a>, is_trusted: impl Fn(IpAddr) -> bool) -> Said<'a> {
    let mut walk = Walk::default();
    let mut client = Element::default();
    let mut steps = 0;
    'walk: for line in lines.iter().rev() {
        let Some(elements) = elements(line) else { break };
        for element in elements.into_iter().rev() {
            steps += 1;
            let found = element.node.and_then(node);
            let is_known = matches!(found, Some(Node::Address(_)));
            let goes_on = walk.step(found, &is_trusted) && steps < HOPS_MAX;
            if is_known {
                client = element;
            }
            if !goes_on {
                break 'walk;
            }
        }
    }
    Said { tls: client.proto.and_then(is_tls), host: client.host, ..walk.said() }
}

/// What one proxy said. Values with escapes count as not said: no address, scheme or host needs any.
#[derive(Clone, Copy, Default)]
struct Element<'a> {
    node: Option<&'a [u8]>,
    proto: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
}

/// The elements of one line (RFC 7239 §4); `None` when it is malformed.
fn elements(line: &[u8]) -> Option<SmallVec<[Element<'_>; 4]>> {
    let mut elements = SmallVec::new();
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let (element, behind) = element(rest)?;
        elements.extend(element);
        rest = behind;
    }
    Some(elements)
}

/// The element that `text` begins with, unless it is empty, and what follows its comma.
fn element(mut text: &[u8]) -> Option<(Option<Element<'_>>, &[u8])> {
    let mut element = Element::default();
    let mut is_empty = true;
    loop {
        text = text.trim_ascii_start();
        match text.first() {
            None => return Some((Some(element).filter(|_| !is_empty), text)),
            Some(b',') => return Some((Some(element).filter(|_| !is_empty), &text[1..])),
            Some(b';') => text = &text[1..],
            Some(_) => {
                let (name, value, behind) = pair(text)?;
                is_empty = false;
                let slot = match () {
                    () if name.eq_ignore_ascii_case(b"for") => Some(&mut element.node),
                    () if name.eq_ignore_ascii_case(b"proto") => Some(&mut element.proto),
                    () if name.eq_ignore_ascii_case(b"host") => Some(&mut element.host),
                    () => None,
                };
                if let Some(slot) = slot
                    && slot.replace(value).is_some()
                {
                    // "Each parameter MUST NOT occur more than once per field-value element."
                    return None;
                }
                text = behind.trim_ascii_start();
                if !matches!(text.first(), None | Some(b',' | b';')) {
                    return None;
                }
            }
        }
    }
}

/// `token=token` or `token="quoted"` and what follows.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let equals = text.iter().position(|b| !is_tchar(*b)).filter(|&at| at > 0 && text[at] == b'=')?;
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    let Some(quoted) = value.strip_prefix(b"\"") else {
        // Brackets and colons belong in quotes; many leave these out, and nothing else could be meant.
        let in_value = |b: u8| is_tchar(b) || b"[]:".contains(&b);
        let end = value.iter().position(|&b| !in_value(b)).unwrap_or(value.len());
        return (end > 0).then(|| (name, &value[..end], &value[end..]));
    };
    let mut at = 0;
    let mut is_escaped = false;
    loop {
        match quoted.get(at)? {
            b'"' => break,
            b'\\' => {
                is_escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    let value = if is_escaped { &b""[..] } else { &quoted[..at] };
    Some((name, value, &quoted[at + 1..]))
}

/// RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
