//! What an operator, or an unsafe method, asks to be made unusable.
//!
//! Who may ask, and how the words of a request become canonical URLs, is decided above. Encoded, a purge is
//! version, site, kind, scope and the scope's name; a purge that does not fit its limits has no encoded form.

use crate::wire::{DecodeError, Reader, put_text};

/// A site's name as the fence knows it: a hash. Two sites with one hash share their purges, which purges
/// too much and never too little.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SiteKey(pub u64);

/// What becomes of the responses that a purge covers.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Stale: may be revalidated, and serve where stale responses may.
    Soft,
    /// Gone: not reused, and lends no validators.
    Hard,
}

/// Which responses of a site a purge covers. URLs are canonical, without scheme:
/// `host/path?query`, byte for byte as in [`Fence::subject`](crate::Fence::subject).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// All of the site.
    Everything,
    /// All under one host, lower case, without port unless the canonical URL has one.
    Host(Box<str>),
    /// One URL with all its variants.
    Url(Box<str>),
    /// Every URL that begins with these bytes: `host/im` covers `host/im`, `host/img/x` and `host/im?q`.
    /// Cheap when it ends in `/`; others go into a short list, see
    /// [`Limits::odd_prefixes_max`](crate::Limits::odd_prefixes_max).
    Prefix(Box<str>),
    /// Every response that carries this surrogate key.
    Tag(Box<str>),
}

/// One purge.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Purge {
    /// The site whose responses it covers.
    pub site: SiteKey,
    /// Which of them.
    pub scope: Scope,
    /// What becomes of them.
    pub kind: Kind,
}

const VERSION: u8 = 1;

impl Purge {
    /// Longest name of a scope, in bytes: a host and the longest request target that a node may be set to take.
    pub const NAME_BYTES_MAX: usize = 65_536 + 512;

    /// The form for wires and disks.
    ///
    /// # Errors
    /// When a name is longer than [`NAME_BYTES_MAX`](Self::NAME_BYTES_MAX), or empty where only a prefix may be.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::new();
        self.put(&mut out)?;
        Ok(out)
    }

    /// Reads the form of [`encode`](Self::encode), all of it.
    ///
    /// # Errors
    /// When anything is not exactly as `encode` writes it.
    pub fn decode(bytes: &[u8]) -> Result<Purge, DecodeError> {
        Reader::whole(bytes, Purge::read)
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let (tag, name) = match &self.scope {
            Scope::Everything => (0, ""),
            Scope::Host(host) => (1, &**host),
            Scope::Url(url) => (2, &**url),
            Scope::Prefix(prefix) => (3, &**prefix),
            Scope::Tag(tag) => (4, &**tag),
        };
        check_name(tag, name)?;
        out.push(VERSION);
        out.extend(self.site.0.to_be_bytes());
        out.push(match self.kind {
            Kind::Soft => 0,
            Kind::Hard => 1,
        });
        out.push(tag);
        put_text(out, name);
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Purge, DecodeError> {
        reader.version(VERSION)?;
        let site = SiteKey(reader.u64()?);
        let kind = match reader.u8()? {
            0 => Kind::Soft,
            1 => Kind::Hard,
            _ => return Err(DecodeError::Unknown("kind")),
        };
        let tag = reader.u8()?;
        let name = reader.text(Self::NAME_BYTES_MAX, "name")?;
        check_name(tag, &name)?;
        let scope = match tag {
            0 => Scope::Everything,
            1 => Scope::Host(name),
            2 => Scope::Url(name),
            3 => Scope::Prefix(name),
            4 => Scope::Tag(name),
            _ => return Err(DecodeError::Unknown("scope")),
        };
        Ok(Purge { site, scope, kind })
    }
}

/// Everything has no name, a prefix may have none, the others must.
fn check_name(tag: u8, name: &str) -> Result<(), DecodeError> {
    match tag {
        _ if name.len() > Purge::NAME_BYTES_MAX => Err(DecodeError::TooLarge("name")),
        0 if !name.is_empty() => Err(DecodeError::Contradiction("everything has no name")),
        1 | 2 | 4 if name.is_empty() => Err(DecodeError::BadText("name")),
        _ => Ok(()),
    }
}
