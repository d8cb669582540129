//! Purges on this node: words of an operator become entries of the fence, which are acknowledged when every thread has
//! passed a turn of its loop. No answer that begins after the acknowledgement uses what was purged.

use crate::current::Snapshot;
use crate::edge::Edge;
use crate::explain::{Probe, ProbeError, probe};
use crate::key;
use crate::lookup::verdict;
use crate::request::authority_and_host;
use crate::respond::Place;
use crate::worker::WorkerMessage;
use bytes::Bytes;
use littoral_cache::Store;
use littoral_ledger::{Kind, Purge, Scope, SiteKey, Verdict};
use littoral_policy::{HostKey, PolicySet, Site};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Most URLs, prefixes and tags together in one request.
pub(crate) const PURGE_NAMES_MAX: usize = 10_000;
/// How long threads may take to pass a turn before the purge is reported as not acknowledged.
const TURN_DEADLINE: Duration = Duration::from_secs(5);
/// How long one round of letters is waited for before those that got lost are sent again.
const TURN_RETRY: Duration = Duration::from_millis(50);

/// What is to be purged. At least one of `urls`, `prefixes`, `tags` and `everything`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PurgeRequest {
    /// Only in this site, by name. Needed with `everything`; without it, tags are purged in all sites.
    pub site: Option<String>,
    /// Whole URLs; all their variants go.
    pub urls: Vec<String>,
    /// URL prefixes, byte by byte: `https://example.com/im` covers `/img/x`.
    pub prefixes: Vec<String>,
    /// Surrogate keys.
    pub tags: Vec<String>,
    /// All of the site.
    pub everything: bool,
    /// Make stale instead of gone.
    pub soft: bool,
    /// Also let go of the bytes, which otherwise stay until something else wants their room. Not with `soft`.
    pub erase: bool,
}

/// A purge that took effect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PurgeReceipt {
    /// Entries made in the fence.
    pub purges: usize,
    /// Number of the last of them.
    pub position: u64,
    /// Threads that have passed a turn since; all of them, unless the node is in trouble.
    pub threads: usize,
    /// Threads of the node.
    pub threads_total: usize,
    /// From the request to the last thread's acknowledgement, in milliseconds.
    pub milliseconds: f64,
    /// Stored responses that `erase` took out of the store; answers under way hold theirs until they end.
    #[serde(default)]
    pub erased: usize,
}

/// Why a purge was not carried out. Nothing was purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeError {
    /// Neither URLs nor prefixes nor tags nor everything.
    Nothing,
    /// More names than one request may have.
    TooMany(usize),
    /// `everything` without a site.
    EverythingWithoutSite,
    /// There is no site of this name.
    NoSuchSite(String),
    /// No site answers for this URL or prefix.
    NoSiteFor(String),
    /// Not a URL.
    NotAUrl(String, &'static str),
    /// The URL belongs to another site than the one named.
    OtherSite {
        /// The URL or prefix.
        url: String,
        /// The site that answers for it.
        site: String,
    },
    /// An empty or unusable tag.
    BadTag(String),
    /// `erase` together with `soft`.
    EraseSoft,
}

impl fmt::Display for PurgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PurgeError::Nothing => {
                f.write_str("nothing to purge: give urls, prefixes, tags, or everything with a site")
            }
            PurgeError::TooMany(count) => {
                write!(f, "{count} names in one purge; at most {PURGE_NAMES_MAX} are taken, so split it")
            }
            PurgeError::EverythingWithoutSite => f.write_str("purging everything needs the name of a site"),
            PurgeError::NoSuchSite(name) => write!(f, "there is no site `{name}`"),
            PurgeError::NoSiteFor(url) => write!(f, "no site answers for `{url}`"),
            PurgeError::NotAUrl(url, why) => {
                write!(f, "`{url}` is not a URL ({why}); expected something like https://example.com/path")
            }
            PurgeError::OtherSite { url, site } => write!(f, "`{url}` belongs to the site `{site}`"),
            PurgeError::EraseSoft => {
                f.write_str("`erase` lets go of what is purged, `soft` keeps it: give one of them")
            }
            PurgeError::BadTag(tag) => {
                write!(
                    f,
                    "`{tag}` is not a surrogate key: expected visible characters without space or comma"
                )
            }
        }
    }
}

impl std::error::Error for PurgeError {}

impl Edge {
    /// Purges, and returns when every thread has acknowledged. Blocks: not to be called on a thread of the edge.
    ///
    /// # Errors
    /// When something named is unknown or unreadable; then nothing has been purged.
    pub fn purge(&self, request: &PurgeRequest) -> Result<PurgeReceipt, PurgeError> {
        let started = Instant::now();
        let purges = plan(&self.policy(), request)?;
        let mut position = self.shared.fence.position();
        for purge in &purges {
            position = self.shared.fence.apply(purge);
        }
        let threads = self.wait_for_turns();
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let erased = if request.erase { self.erase_purged() } else { 0 };
        Ok(PurgeReceipt {
            purges: purges.len(),
            position: position.number,
            threads,
            threads_total: self.shared.mailboxes.len(),
            milliseconds,
            erased,
        })
    }

    /// Takes out of the store what a hard purge covers; returns how many responses that were. Walks over all of it.
    fn erase_purged(&self) -> usize {
        let mut purged = Vec::new();
        self.shared.store.visit(None, &mut |key, response| {
            if verdict(&self.shared.fence, response) == Verdict::Hard {
                purged.push((key.clone(), response.clone()));
            }
        });
        let erased = purged
            .iter()
            .filter(|(key, response)| self.shared.store.remove_response(key.as_key_ref(), response));
        erased.count()
    }

    /// Waits until every thread has passed a turn of its loop; returns how many did.
    fn wait_for_turns(&self) -> usize {
        let mailboxes = &self.shared.mailboxes;
        let (reply, replies) = sync_channel(4 * mailboxes.len());
        let mut passed = HashSet::new();
        let deadline = Instant::now() + TURN_DEADLINE;
        while passed.len() < mailboxes.len() && Instant::now() < deadline {
            for thread in (0..mailboxes.len()).filter(|thread| !passed.contains(thread)) {
                if mailboxes.is_gone(thread) {
                    // A thread that has ended answers nothing any more.
                    let _ = reply.try_send(thread);
                } else {
                    mailboxes.send(thread, WorkerMessage::Turn(reply.clone()));
                }
            }
            while passed.len() < mailboxes.len() {
                match replies.recv_timeout(TURN_RETRY) {
                    Ok(thread) => {
                        passed.insert(thread);
                    }
                    Err(_) => break,
                }
            }
        }
        passed.len()
    }
}

/// The fence's entries for a request, or the first thing that is wrong with it.
fn plan(policy: &Arc<PolicySet>, request: &PurgeRequest) -> Result<Vec<Purge>, PurgeError> {
    let names = request.urls.len() + request.prefixes.len() + request.tags.len();
    if names > PURGE_NAMES_MAX {
        return Err(PurgeError::TooMany(names));
    }
    if request.erase && request.soft {
        return Err(PurgeError::EraseSoft);
    }
    if names == 0 && !request.everything {
        return Err(PurgeError::Nothing);
    }
    let only = match &request.site {
        Some(name) => Some(
            policy
                .sites()
                .iter()
                .find(|site| *site.name == **name)
                .ok_or_else(|| PurgeError::NoSuchSite(name.clone()))?,
        ),
        None => None,
    };
    let kind = if request.soft { Kind::Soft } else { Kind::Hard };
    let mut purges = Vec::with_capacity(names + 1);
    let mut add = |site: &Site, scope| purges.push(Purge { site: SiteKey(site.key), scope, kind });
    if request.everything {
        add(only.ok_or(PurgeError::EverythingWithoutSite)?, Scope::Everything);
    }
    for url in &request.urls {
        let (site, canonical) = canonical_urls(policy, url)?;
        let site = check_site(only, site, url)?;
        canonical.into_iter().for_each(|url| add(site, Scope::Url(url)));
    }
    for prefix in &request.prefixes {
        let (site, canonical) = canonical_prefixes(policy, prefix)?;
        let site = check_site(only, site, prefix)?;
        canonical.into_iter().for_each(|prefix| add(site, Scope::Prefix(prefix)));
    }
    for tag in &request.tags {
        if tag.is_empty() || !tag.bytes().all(|b| b.is_ascii_graphic() && b != b',') {
            return Err(PurgeError::BadTag(tag.clone()));
        }
        match only {
            Some(site) => add(site, Scope::Tag(tag.as_str().into())),
            None => policy.sites().iter().for_each(|site| add(site, Scope::Tag(tag.as_str().into()))),
        }
    }
    Ok(purges)
}

fn check_site<'a>(
    only: Option<&Arc<Site>>,
    site: &'a Arc<Site>,
    url: &str,
) -> Result<&'a Arc<Site>, PurgeError> {
    match only {
        Some(only) if only.key != site.key => {
            Err(PurgeError::OtherSite { url: url.to_owned(), site: site.name.to_string() })
        }
        _ => Ok(site),
    }
}

/// The URL as keys have it: the site's canonical host, the normalized path, the keyed part of the query; more than one
/// where several behaviors may answer for it and key it differently.
fn canonical_urls<'a>(
    policy: &'a Arc<PolicySet>,
    url: &str,
) -> Result<(&'a Arc<Site>, Vec<Box<str>>), PurgeError> {
    let Probe { request, site } = probe(policy, url).map_err(|error| match error {
        ProbeError::NotAUrl(why) => PurgeError::NotAUrl(url.to_owned(), why),
        ProbeError::NoSite => PurgeError::NoSiteFor(url.to_owned()),
        ProbeError::BadMethod | ProbeError::BadHeader(_) | ProbeError::Refused(_) => {
            PurgeError::NotAUrl(url.to_owned(), "unreadable")
        }
    })?;
    let place = Place::new(Snapshot::new(policy.clone()), site);
    let site = &policy.sites()[site];
    let stored = key::stored_urls(&place, &request);
    let mut urls: Vec<Box<str>> = stored.iter().map(|url| text(&url.canonical)).collect();
    if urls.is_empty() {
        // No behavior answers for it now; stored under an earlier policy, it goes by its plain name.
        let host = site.canonical_host.as_deref().map_or(&request.authority[..], str::as_bytes);
        urls.push(text(&[host, request.target.as_bytes()].concat()));
    }
    Ok((site, urls))
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

/// A prefix keeps its last segment as it is given: it may end in the middle of one. Where a behavior keys by the
/// client's host, what is stored under the host as given is covered, too.
fn canonical_prefixes<'a>(
    policy: &'a Arc<PolicySet>,
    prefix: &str,
) -> Result<(&'a Arc<Site>, Vec<Box<str>>), PurgeError> {
    let rest = prefix.split_once("://").map_or(prefix, |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (authority, host) = authority_and_host(&Bytes::copy_from_slice(authority.as_bytes()));
    let position = policy.site_position(&host).ok_or_else(|| PurgeError::NoSiteFor(prefix.to_owned()))?;
    let site = &policy.sites()[position];
    let path = crate::target::normalize_prefix(path)
        .map_err(|mistake| PurgeError::NotAUrl(prefix.to_owned(), mistake.as_str()))?;
    let by_client = site.behaviors.iter().any(|behavior| behavior.key.host == HostKey::Client);
    let given = (by_client || site.canonical_host.is_none()).then_some(&authority[..]);
    let hosts = site.canonical_host.as_deref().map(str::as_bytes).into_iter().chain(given);
    let prefixes = hosts.map(|host| format!("{}{path}", String::from_utf8_lossy(host)).into()).collect();
    Ok((site, prefixes))
}
