//! What of a stored response the fence looks at, computed once when the response is stored.
//!
//! A purge and a response meet in a *probe*: a keyed 64-bit hash of (site, kind of scope, bytes). Two
//! scopes with one probe purge each other's responses too: too much, never too little. The hash is keyed
//! per fence, so a subject belongs to the fence that made it and is not written to disk.

use ahash::RandomState;
use smallvec::SmallVec;

use crate::purge::SiteKey;

/// Slashes of a URL that become probes; prefixes with more are odd ones.
pub(crate) const SEGMENTS_MAX: usize = 32;
/// Tags of a response that become probes; a response with more is covered by every tag purge of its site.
pub(crate) const TAGS_MAX: usize = 256;

/// A stored response as the fence sees it; made by [`Fence::subject`](crate::Fence::subject).
#[derive(Clone, Debug)]
pub struct Subject {
    pub(crate) site: SiteKey,
    pub(crate) probes: SmallVec<[u64; 8]>,
}

impl Subject {
    /// The site it belongs to.
    pub fn site(&self) -> SiteKey {
        self.site
    }

    /// Bytes on the heap beside the value itself.
    pub fn heap_bytes(&self) -> usize {
        if self.probes.spilled() { self.probes.capacity() * size_of::<u64>() } else { 0 }
    }
}

/// The keyed hashes behind probes.
pub(crate) struct Probes {
    keys: RandomState,
}

impl Probes {
    pub(crate) fn new() -> Self {
        // An exploration needs every run to be the same.
        let keys = if cfg!(loom) { RandomState::with_seeds(1, 2, 3, 4) } else { RandomState::new() };
        Self { keys }
    }

    pub(crate) fn subject<'t>(
        &self,
        site: SiteKey,
        url: &[u8],
        tags: impl Iterator<Item = &'t [u8]>,
    ) -> Subject {
        let mut probes = SmallVec::new();
        probes.push(self.everything(site));
        probes.push(self.url(site, url));
        self.segments(site, url, |probe, _| probes.push(probe));
        if !url.contains(&b'/') {
            // A bare host is under its own prefix, as `host/` would be.
            let prefix = [url, b"/"].concat();
            self.segments(site, &prefix, |probe, _| probes.push(probe));
        }
        let fixed = probes.len();
        for tag in tags {
            if probes.len() - fixed == TAGS_MAX {
                probes.truncate(fixed);
                probes.push(self.any_tag(site));
                break;
            }
            probes.push(self.tag(site, tag));
        }
        probes.shrink_to_fit();
        Subject { site, probes }
    }

    pub(crate) fn everything(&self, site: SiteKey) -> u64 {
        self.probe(site.0, b'e', b"")
    }

    pub(crate) fn url(&self, site: SiteKey, url: &[u8]) -> u64 {
        self.probe(site.0, b'u', url)
    }

    pub(crate) fn tag(&self, site: SiteKey, tag: &[u8]) -> u64 {
        self.probe(site.0, b't', tag)
    }

    /// Marked by every tag purge of the site.
    pub(crate) fn any_tag(&self, site: SiteKey) -> u64 {
        self.probe(site.0, b'a', b"")
    }

    /// The probe of a prefix that ends at a segment's boundary; `None` for an odd one.
    pub(crate) fn prefix(&self, site: SiteKey, prefix: &[u8]) -> Option<u64> {
        let mut last = None;
        self.segments(site, prefix, |probe, end| last = Some((probe, end)));
        last.filter(|&(_, end)| end == prefix.len()).map(|(probe, _)| probe)
    }

    /// The probe of the longest prefix of `prefix` that ends at a boundary: covers all that it covers.
    pub(crate) fn last_boundary(&self, site: SiteKey, prefix: &[u8]) -> Option<u64> {
        let mut last = None;
        self.segments(site, prefix, |probe, _| last = Some(probe));
        last
    }

    /// One probe for each prefix of `url` that ends in a slash, chained so that all cost one pass.
    fn segments(&self, site: SiteKey, url: &[u8], mut each: impl FnMut(u64, usize)) {
        let mut probe = site.0;
        let mut start = 0;
        for segment in url.split_inclusive(|&b| b == b'/').take(SEGMENTS_MAX) {
            if segment.last() == Some(&b'/') {
                start += segment.len();
                probe = self.probe(probe, b'p', segment);
                each(probe, start);
            }
        }
    }

    /// Never zero: zero is the table's empty slot.
    fn probe(&self, before: u64, kind: u8, bytes: &[u8]) -> u64 {
        self.keys.hash_one((before, kind, bytes)).max(1)
    }
}
