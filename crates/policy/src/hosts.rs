//! All sites in force, and which of them answers for a host.

use crate::Site;
use ahash::RandomState;
use littoral_rules::HostPattern;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// All sites in force; immutable. A change makes another.
#[derive(Clone, Debug)]
pub struct PolicySet {
    version: u64,
    sites: Box<[Arc<Site>]>,
    exact: HashMap<Box<[u8]>, usize, RandomState>,
    /// By what follows the `*`: `.example.com`.
    under: HashMap<Box<[u8]>, usize, RandomState>,
    any: Option<usize>,
}

/// Two sites that cannot be in force together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostConflict {
    /// What both claim.
    pub claim: Claim,
    /// Name and file of the site that comes first in the set.
    pub first: (Box<str>, Box<str>),
    /// Name and file of the other.
    pub second: (Box<str>, Box<str>),
}

/// What only one site may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// A host or host pattern.
    Host(HostPattern),
    /// A name.
    Name,
}

impl PolicySet {
    /// Puts sites together, or names every pair that claims the same host or name.
    pub fn build(sites: Vec<Arc<Site>>, version: u64) -> Result<PolicySet, Vec<HostConflict>> {
        let mut set = PolicySet {
            version,
            sites: sites.into(),
            exact: HashMap::default(),
            under: HashMap::default(),
            any: None,
        };
        let mut conflicts = Vec::new();
        let mut names: HashMap<Box<str>, usize> = HashMap::new();
        for position in 0..set.sites.len() {
            let site = set.sites[position].clone();
            let former = names.insert(site.name.clone(), position);
            conflicts.extend(former.map(|former| conflict(Claim::Name, &set.sites[former], &site)));
            for host in &site.hosts {
                if let Some(former) = set.claim(host, position) {
                    conflicts.push(conflict(Claim::Host(host.clone()), &set.sites[former], &site));
                }
            }
        }
        if conflicts.is_empty() { Ok(set) } else { Err(conflicts) }
    }

    /// The site that answers for `host`, in lower case and without port: the one that names it, else the one with
    /// the longest wildcard above it, else the one that takes what is left.
    pub fn site_for(&self, host: &[u8]) -> Option<&Arc<Site>> {
        self.site_position(host).map(|position| &self.sites[position])
    }

    /// Its place in [`PolicySet::sites`].
    pub fn site_position(&self, host: &[u8]) -> Option<usize> {
        if let Some(position) = self.exact.get(host) {
            return Some(*position);
        }
        self.position_under(host).or(self.any)
    }

    fn position_under(&self, host: &[u8]) -> Option<usize> {
        if self.under.is_empty() {
            return None;
        }
        // A wildcard stands for one label or more: never for nothing.
        let dots = host.iter().enumerate().filter(|(at, byte)| **byte == b'.' && *at > 0);
        dots.map(|(at, _)| &host[at..]).find_map(|under| self.under.get(under).copied())
    }

    /// All sites, in the order in which they were given.
    pub fn sites(&self) -> &[Arc<Site>] {
        &self.sites
    }

    /// The caller's version of the set.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Takes `host` for the site at `position`; the site that already has it, if there is one.
    fn claim(&mut self, host: &HostPattern, position: usize) -> Option<usize> {
        let taken = match host {
            HostPattern::Any => *self.any.get_or_insert(position),
            HostPattern::Under(under) => *self.under.entry(under.as_bytes().into()).or_insert(position),
            HostPattern::Exact(name) => *self.exact.entry(name.as_bytes().into()).or_insert(position),
        };
        (taken != position).then_some(taken)
    }
}

fn conflict(claim: Claim, first: &Site, second: &Site) -> HostConflict {
    let named = |site: &Site| (site.name.clone(), site.source.clone());
    HostConflict { claim, first: named(first), second: named(second) }
}

impl fmt::Display for HostConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostConflict { claim, first: (first, first_file), second: (second, second_file) } = self;
        match claim {
            Claim::Host(host) => write!(
                f,
                "the host `{host}` is claimed by site `{first}` ({first_file}) and by site `{second}` ({second_file})"
            ),
            Claim::Name => write!(f, "two sites are called `{first}`: in {first_file} and in {second_file}"),
        }
    }
}

impl std::error::Error for HostConflict {}
