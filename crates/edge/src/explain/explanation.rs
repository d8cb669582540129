//! What `explain` says.

use super::{ExplainedLimit, ExplainedMember};
use crate::respond::Place;
use serde::{Deserialize, Serialize};

/// What would happen, and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The site that answers; none: the request gets a 404.
    pub site: Option<String>,
    /// Version of the site's policy.
    pub site_version: Option<u64>,
    /// The file that it came from.
    pub source: Option<String>,
    /// The first behavior that matches; none: the request gets a 404.
    pub behavior: Option<String>,
    /// The origin server or group that the behavior fetches from.
    pub origin: Option<String>,
    /// The members of that group, as they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ExplainedMember>,
    /// The rate limits that the request counts under, and what they leave its client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<ExplainedLimit>,
    /// The target as the origin would see it, rewritten if the behavior does.
    pub target: Option<String>,
    /// Where a redirect sends the client.
    pub location: Option<String>,
    /// The status of an answer that is made here.
    pub status: Option<u16>,
    /// Fields that rules set for the origin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin_fields: Vec<(String, String)>,
    /// Fields that rules keep from the origin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin_fields_removed: Vec<String>,
    /// Rules for the answer's fields that this request meets: `set x-served-by`, in the order in which they apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_rules: Vec<String>,
    /// The canonical URL: what a purge names.
    pub url: Option<String>,
    /// The whole key, readable.
    pub key: Option<String>,
    /// What would happen: `hit`, `stale`, `revalidate`, `miss`, `pass`, `redirect` or `refuse`.
    pub outcome: String,
    /// Why, in words.
    pub why: String,
    /// Codings that the behavior offers and this client takes, the one that it gets first: where the response is one
    /// that is compressed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codings: Vec<String>,
    /// The form in which the stored response would be sent: `as-stored`, `kept br` (with the response), `made br` (on
    /// the way) or `unpacked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// What is stored under the key.
    pub variants: Vec<StoredVariant>,
    /// Number of the last purge on this node.
    pub purge_position: u64,
}

/// A stored response as `explain` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredVariant {
    /// Its status.
    pub status: u16,
    /// Whether this request would be answered from it.
    pub selected: bool,
    /// `Vary` of the response.
    pub vary: Vec<String>,
    /// Values of the selecting header fields, canonical.
    pub selecting: String,
    /// Bytes of content stored.
    pub bytes: u64,
    /// The content is stored in part.
    pub partial: bool,
    /// Current age in seconds.
    pub age: u32,
    /// Freshness lifetime in seconds.
    pub freshness_lifetime: u32,
    /// Seconds of freshness left; negative when stale.
    pub freshness_left: i64,
    /// The lifetime is a guess.
    pub heuristic: bool,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Content codings in which it is kept besides, and the bytes of each.
    #[serde(default)]
    pub encodings: Vec<(String, u64)>,
    /// `live`, `soft-purged` or `purged`.
    pub purge: String,
    /// The purge position that it was fetched at.
    pub effective_position: u64,
}

impl Explanation {
    pub(super) fn because(mut self, outcome: &str, why: &str) -> Explanation {
        self.outcome = outcome.to_owned();
        self.why = why.to_owned();
        self
    }

    /// With what is said of a place.
    pub(super) fn at(mut self, place: &Place) -> Explanation {
        let site = place.site();
        self.site = Some(site.name.to_string());
        self.site_version = Some(site.version);
        self.source = Some(site.source.to_string());
        if let Some(behavior) = place.behavior() {
            self.behavior = Some(behavior.name.to_string());
            // A site that only redirects has none.
            self.origin = site.groups.get(behavior.group).map(|group| group.name.to_string());
        }
        self
    }
}
