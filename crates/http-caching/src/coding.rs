//! Content codings: which of those that somebody here can make does a client take (RFC 9110 §12.5.3).
//!
//! All other codings (`deflate`, `compress`, the dictionary codings `dcb` and `dcz`, made-up ones) are as good as not
//! said: nobody here makes them, origins are not told of them, and so they tell no variants apart. Deliberately not
//! here: what is worth encoding, and the encoding.

use std::cmp::Reverse;

use smallvec::SmallVec;

use crate::fields::Fields;
use crate::known::Known;
use crate::list;
use crate::negotiation::weighted;

/// A content coding that can be made here.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Coding {
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All of them, in the order in which they stand in the canonical form.
    pub const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Zstd];

    /// As in `Content-Encoding`.
    pub fn as_str(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// The coding of this name, in any case; `x-gzip` is `gzip` (RFC 9110 §8.4.1.3).
    pub fn of(name: &[u8]) -> Option<Coding> {
        if name.eq_ignore_ascii_case(b"x-gzip") {
            return Some(Coding::Gzip);
        }
        Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.as_str().as_bytes()))
    }
}

/// What content has been encoded with.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ContentCoding {
    /// Nothing.
    Identity,
    /// One coding that is known here.
    One(Coding),
    /// Another one, or several.
    Other,
}

impl ContentCoding {
    /// What the `Content-Encoding` of a response says.
    pub fn of(response: &Fields) -> ContentCoding {
        let mut found = ContentCoding::Identity;
        for name in response.list(Known::ContentEncoding) {
            if name.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            found = match (found, Coding::of(name)) {
                (ContentCoding::Identity, Some(coding)) => ContentCoding::One(coding),
                _ => return ContentCoding::Other,
            };
        }
        found
    }
}

/// What a request says in `Accept-Encoding` about the codings known here. Reading it allocates nothing.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// In the order of [`Coding::ALL`]; weights in thousandths.
    codings: [Said; 3],
    identity: Option<u16>,
    is_said: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
struct Said {
    weight: u16,
    /// By its own name, not by `*`.
    by_name: bool,
}

impl Accepted {
    /// What `request` says. Without the field any coding is acceptable, but nobody has asked for one and not everybody
    /// who says nothing can read them all: that is taken as none. A member that cannot be read is as good as not said.
    pub fn of(request: &Fields) -> Accepted {
        let mut named = [None::<u16>; 3];
        let (mut identity, mut others) = (None::<u16>, None::<u16>);
        for member in request.list(Known::AcceptEncoding) {
            let (name, Some(weight)) = weighted(member) else { continue };
            let place = match Coding::of(name) {
                Some(coding) => &mut named[place_of(coding)],
                None if name == b"*" => &mut others,
                None if name.eq_ignore_ascii_case(b"identity") => &mut identity,
                None => continue,
            };
            *place = (*place).max(Some(weight));
        }
        Accepted {
            codings: named
                .map(|named| Said { weight: named.or(others).unwrap_or(0), by_name: named.is_some() }),
            // `*;q=0` refuses what is not named, identity too; another weight of `*` is no wish for identity.
            identity: identity.or(others.filter(|weight| *weight == 0)),
            is_said: request.has(Known::AcceptEncoding),
        }
    }

    /// Whether the field is there.
    pub fn is_said(&self) -> bool {
        self.is_said
    }

    /// Whether content in this coding may be sent.
    pub fn takes(&self, coding: Coding) -> bool {
        self.codings[place_of(coding)].weight > 0
    }

    /// Whether content without any coding may be sent.
    pub fn takes_identity(&self) -> bool {
        self.identity != Some(0)
    }

    /// Those of `offered` that are taken and not liked less than identity, the best first: by the client's weights,
    /// then by the order of the offer. What only `*` takes comes behind what is named, and there the offer is read
    /// from its end: who writes `*` is most likely to read the oldest.
    pub fn ranked(&self, offered: &[Coding]) -> SmallVec<[Coding; 3]> {
        let least = self.identity.unwrap_or(0).max(1);
        let mut ranked: SmallVec<[(u16, bool, usize, Coding); 3]> = offered
            .iter()
            .enumerate()
            .map(|(nth, &coding)| {
                let said = self.codings[place_of(coding)];
                let place = if said.by_name { offered.len() - nth } else { nth };
                (said.weight, said.by_name, place, coding)
            })
            .filter(|(weight, ..)| *weight >= least)
            .collect();
        ranked.sort_unstable_by_key(|&(weight, by_name, place, _)| Reverse((weight, by_name, place)));
        ranked.into_iter().map(|(.., coding)| coding).collect()
    }

    /// Appends the one spelling of what is accepted: the codings taken, sorted, joined by `separator`; then, where it
    /// is so, that identity is refused. Empty where only identity is taken.
    fn write(&self, separator: &[u8], no_identity: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let mut member = |text: &[u8]| {
            if out.len() > start {
                out.extend_from_slice(separator);
            }
            out.extend_from_slice(text);
        };
        for coding in Coding::ALL.into_iter().filter(|coding| self.takes(*coding)) {
            member(coding.as_str().as_bytes());
        }
        if !self.takes_identity() {
            member(no_identity);
        }
    }

    /// Appends the canonical form, by which variants are told apart: `br,gzip`, `gzip,!identity`, or nothing.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write(b",", b"!identity", out);
    }

    /// The value of `Accept-Encoding` that an origin is to see: what the canonical form says and no more, so that two
    /// requests with the same form get the same answer. `None` where the client did not say anything.
    pub fn for_origin(&self) -> Option<Vec<u8>> {
        if !self.is_said {
            return None;
        }
        let mut value = Vec::new();
        self.write(b", ", b"identity;q=0", &mut value);
        if value.is_empty() {
            value.extend_from_slice(b"identity");
        }
        Some(value)
    }
}

fn place_of(coding: Coding) -> usize {
    match coding {
        Coding::Brotli => 0,
        Coding::Gzip => 1,
        Coding::Zstd => 2,
    }
}

/// Appends the value of a `Vary` that also names `Accept-Encoding`: that of the response, completed where it does
/// not name it (or `*`) yet.
pub fn write_vary(response: &Fields, out: &mut Vec<u8>) {
    let mut named = false;
    let start = out.len();
    for member in response.list(Known::Vary) {
        named |= member == b"*" || member.eq_ignore_ascii_case(b"accept-encoding");
        if out.len() > start {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(member);
    }
    if !named {
        if out.len() > start {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(b"accept-encoding");
    }
}

/// Whether `Cache-Control` forbids to change the content (RFC 9111 §5.2.2.6).
pub fn forbids_transforming(response: &Fields) -> bool {
    response.list(Known::CacheControl).any(|member| {
        let name = member.split(|&byte| byte == b'=').next().unwrap_or_default();
        list::trim(name).eq_ignore_ascii_case(b"no-transform")
    })
}

/// Whether this field speaks of exact bytes and so is wrong once the content is sent in another coding (RFC 9530,
/// RFC 3230, and `Content-MD5` of old).
pub fn is_digest(known: Known, name: &[u8]) -> bool {
    match known {
        Known::ContentMd5 => true,
        Known::Other => [&b"repr-digest"[..], b"content-digest", b"digest"]
            .iter()
            .any(|field| name.eq_ignore_ascii_case(field)),
        _ => false,
    }
}
