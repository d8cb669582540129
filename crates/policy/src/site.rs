//! A compiled site: the first thing that a request finds, by its host, and what finds its behavior.

use crate::{Behavior, ErrorPage, Member, OriginGroup, OriginServer};
use littoral_rules::{HostPattern, Subject};
use std::sync::Arc;

/// A site in the form that serves.
#[derive(Clone, Debug)]
pub struct Site {
    /// The caller's number for it, the same for the same name as long as the process runs.
    pub index: u32,
    /// Hash of the name, the same everywhere and always: what keys and purges know the site by.
    pub key: u64,
    /// As its file names it.
    pub name: Box<str>,
    /// The caller's version of this part.
    pub version: u64,
    /// The file that it was compiled from, as the caller named it.
    pub source: Box<str>,
    /// The hosts that it answers for.
    pub hosts: Box<[HostPattern]>,
    /// The host that stands for all of them in keys and towards origins, in lower case. `None`: the client's own.
    pub canonical_host: Option<Box<str>>,
    /// Origin servers, in the file's order. Empty only where every behavior redirects every request.
    pub origins: Box<[Arc<OriginServer>]>,
    /// Origin groups, those that stand for a single origin server among them. Empty where there are no origins.
    pub groups: Box<[Arc<OriginGroup>]>,
    /// In the order in which they are tried. Never empty.
    pub behaviors: Box<[Arc<Behavior>]>,
    /// Response fields whose members are surrogate keys, in lower case. Default `surrogate-key`, `cache-tag`.
    pub surrogate_key_fields: Box<[Box<[u8]>]>,
    /// Pages in place of errors; the first that fits is sent.
    pub error_pages: Box<[ErrorPage]>,
    /// Hosts among which `littoral shard` spreads a page's files. Empty: none.
    pub shards: Box<[Box<str>]>,
    /// The part of the memory tier that it may fill while others want it: 0.01 to 1.
    pub memory_share: f32,
}

/// What the caller knows about a site and the file does not.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteIds {
    /// See [`Site::index`].
    pub index: u32,
    /// See [`Site::version`].
    pub version: u64,
}

impl Site {
    /// The behavior for a request: the first that matches.
    #[inline]
    pub fn behavior_for(&self, subject: &Subject<'_>) -> Option<&Arc<Behavior>> {
        self.behavior_position(subject).map(|position| &self.behaviors[position])
    }

    /// Its place in [`Site::behaviors`].
    #[inline]
    pub fn behavior_position(&self, subject: &Subject<'_>) -> Option<usize> {
        self.behaviors.iter().position(|behavior| behavior.matcher.matches(subject))
    }

    /// The places of the behaviors that may have answered a `GET` for this URL, whatever else the request held: those
    /// that may match it, up to the first that always does.
    pub fn behaviors_of_url(&self, host: &[u8], path: &[u8]) -> Vec<usize> {
        let get = Subject::new(host, path, b"GET");
        let mut found = Vec::new();
        for (place, behavior) in self.behaviors.iter().enumerate() {
            let matcher = &behavior.matcher;
            if matcher.may_match_url(host, path) {
                found.push(place);
                if matcher.when().is_none() && matcher.matches(&get) {
                    break;
                }
            }
        }
        found
    }

    /// The group that `behavior`, one of this site's, fetches from.
    pub fn group_of(&self, behavior: &Behavior) -> &Arc<OriginGroup> {
        &self.groups[behavior.group]
    }

    /// The origin server of a member of one of this site's groups.
    pub fn origin_of(&self, member: &Member) -> &Arc<OriginServer> {
        &self.origins[member.origin]
    }

    /// This site with the origin servers of its former form where they have not changed, so that their connections
    /// and what is known of their health live on.
    #[must_use]
    pub fn keep_unchanged(mut self, former: &Site) -> Site {
        for origin in &mut self.origins {
            if let Some(same) = former.origins.iter().find(|same| *same == origin) {
                *origin = same.clone();
            }
        }
        self
    }

    /// The key of the site called `name`: FNV-1a, 64 bits.
    pub fn key_of(name: &str) -> u64 {
        littoral_rules::hash::fnv1a(name.as_bytes())
    }
}
