//! Purged prefixes that do not end at a segment's boundary: a short list, compared byte by byte.
//!
//! Immutable: the fence publishes a new list for each such purge. That is why it is short.

use crate::purge::SiteKey;
use crate::table::Marks;

#[derive(Clone)]
struct Odd {
    site: SiteKey,
    prefix: Box<[u8]>,
    marks: Marks,
}

/// The list, in no order.
#[derive(Clone, Default)]
pub(crate) struct OddPrefixes {
    list: Vec<Odd>,
}

impl OddPrefixes {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Odd>() + self.list.iter().map(|odd| odd.prefix.len()).sum::<usize>()
    }

    /// The marks of all prefixes of `url` in the list.
    pub(crate) fn marks(&self, site: SiteKey, url: &[u8]) -> Marks {
        self.list
            .iter()
            .filter(|odd| odd.site == site && url.starts_with(&odd.prefix))
            .fold(Marks::default(), |marks, odd| marks.join(odd.marks))
    }

    /// The list with one more purge; `None` when it is full and the prefix is not in it.
    pub(crate) fn with(&self, site: SiteKey, prefix: &[u8], marks: Marks, max: usize) -> Option<OddPrefixes> {
        let mut list = self.list.clone();
        if let Some(odd) = list.iter_mut().find(|odd| odd.site == site && *odd.prefix == *prefix) {
            odd.marks = odd.marks.join(marks);
        } else if list.len() < max {
            list.push(Odd { site, prefix: prefix.into(), marks });
        } else {
            return None;
        }
        Some(OddPrefixes { list })
    }

    /// The list without what is at or before `oldest`.
    pub(crate) fn later_than(&self, oldest: u64) -> OddPrefixes {
        OddPrefixes { list: self.list.iter().filter(|odd| odd.marks.latest() > oldest).cloned().collect() }
    }
}
