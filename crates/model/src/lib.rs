//! Intended state as people write it: the node file and the site file, in TOML, read into typed values that
//! remember where they stood, or into all their mistakes at once.
//!
//! On the path of a change this comes first: text in, [`SiteFile`] or [`NodeFile`] out. What a site's values mean
//! together is judged one floor up, by `policy`, in the same [`Mistake`]s.
//!
//! Deliberately absent: files and folders (callers read them), sockets, clock, and repair: a value out of its
//! bounds is a mistake and is never moved to the nearest bound.
//!
//! ```
//! let (site, mistakes) = littoral_model::parse_site("version = 1\nhost = []\n", "shop.toml");
//! assert_eq!(mistakes[0].hint.as_deref(), Some("did you mean `hosts`?"));
//! assert!(site.is_some(), "enough was readable for further checks");
//! ```

mod bounds;
mod mistake;
mod near;
mod network;
mod node;
mod reader;
mod render;
mod secret;
mod section;
mod site;
mod spanned;
mod units;
mod written;

pub use bounds::Bounds;
pub use mistake::{Mistake, Severity, quoted};
pub use near::nearest;
pub use network::{Network, NetworkMistake};
pub use node::{
    AccessLog, AdminAddress, AdminSection, ClientsSection, ForwardedFields, LimitsSection, ListenSection,
    LogFormat, LogSection, MemoryReserve, NodeFile, ResolverSection, TlsSection, Token, parse_node,
};
pub use render::{render, render_all, render_colored};
pub use secret::Secret;
pub use site::{
    BalanceChoice, BehaviorSection, BypassSection, CacheMode, CacheSection, ClientDirectives,
    CompressionSection, EjectionSection, ErrorPageSection, FailoverSection, FieldAction, FieldRuleSection,
    GroupSection, HostKey, KeySection, MemberSection, OriginDirectives, OriginSection, PageFrom,
    PathChangeSection, ProbeMethod, ProbeSection, ProtocolToOrigin, QueryKey, Ranges, RateLimitSection,
    RedirectSection, RequestCookie, S3Section, SecretSection, SetCookie, SiteFile, StatusLifetime,
    TlsToOriginSection, parse_site,
};
pub use spanned::{Span, Spanned};
pub use units::{
    UnitMistake, format_duration, format_percent, format_size, parse_duration, parse_percent, parse_size,
};

pub use written::Written;

/// The version of the node file and of the site file that this reads.
pub const FILE_VERSION: i64 = 1;
/// Longest file. 1 MiB; a longer one is a mistake and is not read.
pub const FILE_BYTES_MAX: usize = 1 << 20;
