//! The site file: hosts, origin servers, groups, behaviors and error pages, as written. What they mean together is `policy`'s to judge.

mod behavior;
mod cache;
mod compression;
mod error_page;
mod field_rule;
mod group;
mod key;
mod origin;
mod rate;
mod redirect;

pub use behavior::BehaviorSection;
pub use cache::{
    BypassSection, CacheMode, CacheSection, ClientDirectives, OriginDirectives, Ranges, RequestCookie,
    SetCookie, StatusLifetime,
};
pub use compression::CompressionSection;
pub use error_page::{ErrorPageSection, PageFrom};
pub use field_rule::{FieldAction, FieldRuleSection};
pub use group::{BalanceChoice, EjectionSection, FailoverSection, GroupSection, MemberSection};
pub use key::{HostKey, KeySection, QueryKey};
pub use origin::{
    OriginSection, ProbeMethod, ProbeSection, ProtocolToOrigin, S3Section, SecretSection, TlsToOriginSection,
};
pub use rate::RateLimitSection;
pub use redirect::{PathChangeSection, RedirectSection};

use crate::reader::Reader;
use crate::section::{Empty, Section};
use crate::{Bounds, FILE_VERSION, Mistake, Spanned, quoted};

/// Most hosts of one site. 256.
const HOSTS_MAX: usize = 256;
/// Most origin servers of one site. 64.
const ORIGINS_MAX: usize = 64;
/// Most groups of one site. 64.
const GROUPS_MAX: usize = 64;
/// Most shards of one site. 16.
const SHARDS_MAX: usize = 16;
/// Most behaviors of one site. 256.
const BEHAVIORS_MAX: usize = 256;
/// Share of the memory tier, percent.
const MEMORY_SHARE: Bounds<u64> = Bounds::new(100, 1, 100);

const ORIGINS_EXAMPLE: &str = "as in [origins.app] with url = \"https://app.example.com\"";
const BEHAVIORS_EXAMPLE: &str = "as in [[behaviors]] with path = \"/*\"";

/// A site file, version 1. Everything optional is `None` where the file says nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct SiteFile {
    /// The file's name, as it was given to [`parse_site`].
    pub file: Box<str>,
    /// The site's name: letters, digits, `.`, `-`, `_`; at most 64. Default: the file's name without folder and
    /// `.toml`.
    pub name: Spanned<String>,
    /// Hosts that the site answers for: `example.com`, `*.example.com`, or `*` for all that no other site claims.
    /// 1 to 256.
    pub hosts: Vec<Spanned<String>>,
    /// The host that stands for all of them in cache keys and towards origins. Default: the first of `hosts`
    /// without a wildcard; where all have one, the host that the client named.
    pub canonical_host: Option<Spanned<String>>,
    /// Response fields whose members are surrogate keys. Default `Surrogate-Key` and `Cache-Tag`; at most 64.
    pub surrogate_key_fields: Option<Vec<Spanned<String>>>,
    /// The most of the memory tier that the site may fill while others want it. Default 100 %; 1 % to 100 %.
    pub memory_share_percent: u64,
    /// Whether all that the file says of origins could be read.
    pub origins_known: bool,
    /// Origin servers, in the file's order. At most 64; 1 or more, unless every behavior redirects.
    pub origins: Vec<OriginSection>,
    /// Origin groups, in the file's order. At most 64.
    pub groups: Vec<GroupSection>,
    /// Whether all that the file says of groups could be read.
    pub groups_known: bool,
    /// Pages in place of errors; the first that fits is sent. At most 64.
    pub error_pages: Vec<ErrorPageSection>,
    /// Hosts among which `littoral shard` spreads a page's files. Default none; at most 16.
    pub shards: Option<Spanned<Vec<Spanned<String>>>>,
    /// Behaviors; the first that matches a request serves it. 1 to 256.
    pub behaviors: Vec<BehaviorSection>,
}

/// Reads a site file. A [`SiteFile`] comes back when the TOML is sound and of a known version, so that further
/// checks may add to its mistakes; it may be used only if none of the mistakes is an error.
pub fn parse_site(source: &str, file_name: &str) -> (Option<SiteFile>, Vec<Mistake>) {
    let (reader, table) = Reader::new(source, file_name);
    let section = Section::new(&reader, table.get_ref(), "the site", 0..0);
    let site = check_version(&section, "site").then(|| read(&section)).filter(|_| reader.is_sound());
    if site.is_some() || !reader.is_sound() {
        section.finish(&[
            ("[origins.NAME]", origin::KEYS),
            ("[groups.NAME]", group::KEYS),
            ("[[behaviors]]", behavior::KEYS),
            ("[[error_pages]]", error_page::KEYS),
            ("[behaviors.cache]", cache::KEYS),
        ]);
    }
    (site, reader.finish())
}

/// Whether the file is of the version that this reads, or does not say; it then is a mistake, but can be read on.
pub(crate) fn check_version(section: &Section<'_>, kind: &str) -> bool {
    let file = section.reader().file();
    let Some(value) = section.value("version") else {
        let mistake = Mistake::of_file(file, format!("the {kind} file does not say its version"));
        section.reader().report_absence(mistake.hint(format!("begin it with `version = {FILE_VERSION}`")));
        return true;
    };
    let found = match value.get_ref() {
        toml::de::DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => return section.wrong_kind::<()>("version", value, "a whole number", None).is_none(),
    };
    if found == Some(FILE_VERSION) {
        return true;
    }
    let message = format!("the {kind} file is of a version that is not known");
    let hint = format!("this littoral reads version {FILE_VERSION}; a newer one may read this file");
    section.reader().report(section.reader().mistake(&value.span(), message, "not known").hint(hint));
    false
}

fn read(section: &Section<'_>) -> SiteFile {
    let name = read_name(section);
    let hosts = read_hosts(section);
    let canonical_host = section.text("canonical_host");
    let surrogate_key_fields = section
        .texts("surrogate_key_fields", crate::section::MEMBERS_MAX, Empty::Allowed)
        .map(|list| list.value);
    let memory_share_percent =
        section.percent("memory_share", MEMORY_SHARE).map_or(MEMORY_SHARE.default, |share| share.value);
    let origins = read_origins(section);
    let groups = read_groups(section);
    let error_pages = error_page::read(section);
    let shards = section.texts("shards", SHARDS_MAX, Empty::Allowed);
    let behaviors = read_behaviors(section);
    // A site that only redirects asks nobody.
    let redirects = !behaviors.is_empty() && behaviors.iter().all(|behavior| !behavior.redirects.is_empty());
    let has_none = origins.as_ref().map_or(section.value("origins").is_none(), Vec::is_empty);
    if has_none && !redirects {
        let mistake = Mistake::of_file(section.reader().file(), "the site has no origin");
        section.reader().report_absence(mistake.hint(ORIGINS_EXAMPLE));
    }
    SiteFile {
        file: section.reader().file().into(),
        name,
        hosts,
        canonical_host,
        surrogate_key_fields,
        memory_share_percent,
        origins_known: origins.is_some() || section.value("origins").is_none(),
        origins: origins.unwrap_or_default(),
        groups_known: groups.is_some(),
        groups: groups.unwrap_or_default(),
        error_pages,
        shards,
        behaviors,
    }
}

fn read_name(section: &Section<'_>) -> Spanned<String> {
    if let Some(name) = section.text("name") {
        section.check_name("a site", &name, &name.span);
        return name;
    }
    let file = section.reader().file();
    let stem = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    if section.value("name").is_none() && !crate::section::is_name(stem) {
        let message = format!("the site has no name, and its file's, {}, cannot be one", quoted(stem));
        section.reader().report_absence(Mistake::of_file(file, message).hint("give it one: name = \"shop\""));
    }
    Spanned::new(stem.to_owned(), 0..0)
}

fn read_hosts(section: &Section<'_>) -> Vec<Spanned<String>> {
    const HINT: &str =
        "as in hosts = [\"example.com\", \"*.example.com\"]; [\"*\"] takes what no other site claims";
    let hosts = section.texts("hosts", HOSTS_MAX, Empty::Refused(HINT));
    if hosts.is_none() && section.value("hosts").is_none() {
        let mistake = Mistake::of_file(section.reader().file(), "the site names no hosts");
        section.reader().report_absence(mistake.hint(HINT));
    }
    hosts.map(|list| list.value).unwrap_or_default()
}

/// `None` where the file has none, or nothing that could be read as such.
fn read_origins(section: &Section<'_>) -> Option<Vec<OriginSection>> {
    let reader = section.reader();
    let members = section.named("origins", ORIGINS_EXAMPLE)?;
    if let Some((_, span, _)) = members.get(ORIGINS_MAX) {
        let message = format!("the site has more than {ORIGINS_MAX} origins");
        reader.report(reader.mistake(span, message, format!("origin {}", ORIGINS_MAX + 1)));
    }
    Some(members.into_iter().take(ORIGINS_MAX).map(|member| origin::read(section, member)).collect())
}

/// `None` where there is something that could not be read.
fn read_groups(section: &Section<'_>) -> Option<Vec<GroupSection>> {
    let reader = section.reader();
    if section.value("groups").is_none() {
        return Some(Vec::new());
    }
    let members = section.named("groups", "as in [groups.web] with members = [\"a\", \"b\"]")?;
    if let Some((_, span, _)) = members.get(GROUPS_MAX) {
        let message = format!("the site has more than {GROUPS_MAX} groups");
        reader.report(reader.mistake(span, message, format!("group {}", GROUPS_MAX + 1)));
    }
    members.into_iter().take(GROUPS_MAX).map(|member| group::read(section, member)).collect()
}

fn read_behaviors(section: &Section<'_>) -> Vec<BehaviorSection> {
    let reader = section.reader();
    let members = section.list("behaviors", BEHAVIORS_EXAMPLE);
    let absent = members.as_ref().map_or(section.value("behaviors").is_none(), Vec::is_empty);
    if absent {
        let mistake = Mistake::of_file(reader.file(), "the site has no behavior");
        reader.report_absence(mistake.hint(BEHAVIORS_EXAMPLE));
    }
    let members = members.unwrap_or_default();
    if let Some(one_too_many) = members.get(BEHAVIORS_MAX) {
        let message = format!("the site has more than {BEHAVIORS_MAX} behaviors");
        let label = format!("behavior {}", BEHAVIORS_MAX + 1);
        reader.report(reader.mistake(&one_too_many.span(), message, label));
    }
    members
        .into_iter()
        .take(BEHAVIORS_MAX)
        .enumerate()
        .filter_map(|(place, member)| behavior::read(section, place, member))
        .collect()
}
