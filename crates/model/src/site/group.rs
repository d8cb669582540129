//! `[groups.NAME]`: origin servers that stand for one another.

use super::origin::millis;
use crate::section::{Empty, MEMBERS_MAX, Named, Section};
use crate::{Bounds, Span, Spanned, quoted};
use std::time::Duration;
use toml::Spanned as Parsed;
use toml::de::DeValue;

/// The keys of a group, for hints.
pub(super) const KEYS: &[&str] = &["members", "balance", "hash_key", "failover", "ejection", "slow_start"];
/// The keys of a member.
const MEMBER_KEYS: &[&str] = &["origin", "weight", "backup"];
/// The keys of `failover`.
const FAILOVER_KEYS: &[&str] = &["on", "tries_max", "retry_share"];
/// The keys of `ejection`.
const EJECTION_KEYS: &[&str] = &["failures", "time", "share_max"];

const WEIGHT: Bounds<u64> = Bounds::new(1, 1, 1000);
const TRIES_MAX: Bounds<u64> = Bounds::new(3, 1, 10);
const RETRY_SHARE: Bounds<u64> = Bounds::new(20, 0, 100);
const FAILURES: Bounds<u64> = Bounds::new(5, 1, 1000);
const EJECTION_TIME: Bounds<Duration> = millis(30_000, 1_000, 3_600_000);
const SHARE_MAX: Bounds<u64> = Bounds::new(50, 1, 100);
const SLOW_START: Bounds<Duration> = millis(0, 0, 3_600_000);

const MEMBERS_EXAMPLE: &str =
    "as in members = [\"a\", { origin = \"b\", weight = 3 }, { origin = \"c\", backup = true }]";

/// Who of a group is asked first.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum BalanceChoice {
    /// The first that is well.
    #[default]
    First,
    /// Each by its weight, in turns.
    Weighted,
    /// Of two, the one with less to do.
    LeastRequests,
    /// The same one for the same key.
    Hash,
}

/// A group as written.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupSection {
    /// What behaviors call it.
    pub name: Spanned<String>,
    /// In the file's order; 1 to 64. Empty where they could not be read.
    pub members: Vec<MemberSection>,
    /// Whether all of them could be read.
    pub members_known: bool,
    /// Default: the first that is well.
    pub balance: Option<Spanned<BalanceChoice>>,
    /// `url`, `path`, `client`, `header:NAME` or `cookie:NAME`. Default `url`; only with `balance = "hash"`.
    pub hash_key: Option<Spanned<String>>,
    /// `failover = { … }`
    pub failover: FailoverSection,
    /// `ejection = { … }` or `"off"`. `None`: the file says nothing of it.
    pub ejection: Option<EjectionSection>,
    /// How long a member that came back takes to its full share. Default 0 s; 0 s to 1 h.
    pub slow_start: Duration,
    /// Where `slow_start` stands.
    pub slow_start_span: Option<Span>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberSection {
    /// The origin's name.
    pub origin: Spanned<String>,
    /// Its part of the requests. 1 to 1000. `None`: 1.
    pub weight: Option<Spanned<u32>>,
    /// Whether it is asked only when all that are none cannot be. Default false.
    pub backup: bool,
}

/// When another member is asked.
#[derive(Clone, PartialEq, Debug)]
pub struct FailoverSection {
    /// `connect`, `timeout`, `reset`, statuses. `None`: the default.
    pub on: Option<Vec<Spanned<String>>>,
    /// Most members asked for one request. Default 3; 1 to 10.
    pub tries_max: u32,
    /// Most further tries, in percent of first ones. Default 20 %; 0 % to 100 %.
    pub retry_share_percent: u32,
    /// Where the table stands, if there is one.
    pub span: Option<Span>,
}

/// When a member is left out because of its answers.
#[derive(Clone, PartialEq, Debug)]
pub struct EjectionSection {
    /// Where it stands.
    pub span: Span,
    /// `"off"`: never.
    pub off: bool,
    /// Failures in a row. Default 5; 1 to 1000.
    pub failures: u32,
    /// How long. Default 30 s; 1 s to 1 h.
    pub time: Duration,
    /// Most of the members at one time, in percent. Default 50 %; 1 % to 100 %.
    pub share_max_percent: u32,
}

impl Default for EjectionSection {
    fn default() -> EjectionSection {
        EjectionSection {
            span: 0..0,
            off: false,
            failures: FAILURES.default as u32,
            time: EJECTION_TIME.default,
            share_max_percent: SHARE_MAX.default as u32,
        }
    }
}

pub(super) fn read(site: &Section<'_>, (name, span, value): Named<'_>) -> Option<GroupSection> {
    const BALANCES: &[(&str, BalanceChoice)] = &[
        ("first", BalanceChoice::First),
        ("weighted", BalanceChoice::Weighted),
        ("least-requests", BalanceChoice::LeastRequests),
        ("hash", BalanceChoice::Hash),
    ];
    site.check_name("a group", &name, &span);
    let DeValue::Table(table) = value.get_ref() else {
        let hint = "as in [groups.web] with members = [\"a\", \"b\"]";
        return site.wrong_kind(&format!("groups.{name}"), value, "a table", Some(hint));
    };
    let section = Section::new(site.reader(), table, format!("group {}", quoted(&name)), span.clone());
    let members = read_members(&section);
    let group = GroupSection {
        name: Spanned::new(name, span),
        members_known: members.iter().all(Option::is_some) && !members.is_empty(),
        members: members.into_iter().flatten().collect(),
        balance: section.choice("balance", BALANCES),
        hash_key: section.text("hash_key"),
        failover: read_failover(&section),
        ejection: read_ejection(&section),
        slow_start: section.duration("slow_start", SLOW_START),
        slow_start_span: section.place("slow_start"),
    };
    section.finish(&[
        ("a member", MEMBER_KEYS),
        ("the `failover` of the group", FAILOVER_KEYS),
        ("the `ejection` of the group", EJECTION_KEYS),
        ("[origins.NAME]", super::origin::KEYS),
    ]);
    Some(group)
}

/// `None` in the place of one that could not be read.
fn read_members(group: &Section<'_>) -> Vec<Option<MemberSection>> {
    let Some(value) = group.value("members") else {
        group.missing("members", MEMBERS_EXAMPLE);
        return Vec::new();
    };
    let reader = group.reader();
    let DeValue::Array(array) = value.get_ref() else {
        group.wrong_kind::<()>("members", value, "a list of origins", Some(MEMBERS_EXAMPLE));
        return Vec::new();
    };
    if array.is_empty() {
        let message = format!("`members` of {} is empty", group.name());
        reader.report(reader.mistake(&value.span(), message, "nobody to ask").hint(MEMBERS_EXAMPLE));
    }
    if let Some(one_too_many) = array.get(MEMBERS_MAX) {
        let message = format!("`members` of {} has more than {MEMBERS_MAX} members", group.name());
        reader.report(reader.mistake(&one_too_many.span(), message, format!("member {}", MEMBERS_MAX + 1)));
    }
    array.iter().take(MEMBERS_MAX).map(|member| read_member(group, member)).collect()
}

fn read_member(group: &Section<'_>, value: &Parsed<DeValue<'_>>) -> Option<MemberSection> {
    let table = match value.get_ref() {
        DeValue::String(_) => {
            let origin = group.as_text("members", value)?;
            return Some(MemberSection { origin, weight: None, backup: false });
        }
        DeValue::Table(table) => table,
        _ => return group.wrong_kind("members", value, "a list of origins", Some(MEMBERS_EXAMPLE)),
    };
    let called = format!("a member of {}", group.name());
    let section = Section::new(group.reader(), table, called, value.span());
    let origin = section.needed_text("origin", "as in { origin = \"b\", weight = 3 }");
    let weight_span = section.place("weight");
    let weight = section.count("weight", WEIGHT) as u32;
    let backup = section.flag("backup", false);
    section.finish(&[]);
    Some(MemberSection {
        origin: origin?,
        weight: weight_span.map(|span| Spanned::new(weight, span)),
        backup,
    })
}

fn read_failover(group: &Section<'_>) -> FailoverSection {
    let mut failover = FailoverSection {
        on: None,
        tries_max: TRIES_MAX.default as u32,
        retry_share_percent: RETRY_SHARE.default as u32,
        span: None,
    };
    let Some(section) = group.section("failover", format!("`failover` of {}", group.name())) else {
        return failover;
    };
    failover.span = Some(section.span().clone());
    failover.on = section.statuses("on", Empty::Allowed);
    failover.tries_max = section.count("tries_max", TRIES_MAX) as u32;
    if let Some(share) = section.percent("retry_share", RETRY_SHARE) {
        failover.retry_share_percent = share.value as u32;
    }
    section.finish(&[]);
    failover
}

fn read_ejection(group: &Section<'_>) -> Option<EjectionSection> {
    let value = group.value("ejection")?;
    let mut ejection = EjectionSection { span: value.span(), ..EjectionSection::default() };
    if let DeValue::String(_) = value.get_ref() {
        ejection.off = group.choice("ejection", &[("off", true)])?.value;
        return Some(ejection);
    }
    let section = group.section("ejection", format!("`ejection` of {}", group.name()))?;
    ejection.failures = section.count("failures", FAILURES) as u32;
    ejection.time = section.duration("time", EJECTION_TIME);
    if let Some(share) = section.percent("share_max", SHARE_MAX) {
        ejection.share_max_percent = share.value as u32;
    }
    section.finish(&[]);
    Some(ejection)
}
