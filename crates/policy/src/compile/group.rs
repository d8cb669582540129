//! Origin groups: those of the file, and one for each origin server by itself.

use super::Compiler;
use super::names::is_token;
use super::together::listed;
use crate::{Balance, Ejection, Failover, HashKey, Member, OriginGroup, StatusSet};
use littoral_model::{
    BalanceChoice, EjectionSection, FailoverSection, GroupSection, MemberSection, Spanned, nearest, quoted,
};
use std::sync::Arc;
use std::time::Duration;

/// Statuses after which another member is asked where the file says nothing: a gateway's, not the application's own
/// 500, which the next member would mostly repeat.
const FAILOVER_STATUSES: [u16; 3] = [502, 503, 504];

impl Compiler<'_> {
    /// A group for each origin server, in the order of the origins; behind them those of the file.
    pub(super) fn groups(&mut self) -> Option<Box<[Arc<OriginGroup>]>> {
        let file = self.file;
        let mut groups: Vec<_> = file
            .origins
            .iter()
            .enumerate()
            .map(|(origin, section)| Some(Arc::new(alone(origin, &section.name))))
            .collect();
        for section in &file.groups {
            self.check_group_name(section);
            groups.push(self.group(section).map(Arc::new));
        }
        groups.into_iter().collect()
    }

    fn check_group_name(&mut self, section: &GroupSection) {
        let Some(origin) = self.file.origins.iter().find(|origin| origin.name == section.name) else {
            return;
        };
        let name = quoted(&section.name);
        let message = format!("the group {name} is called like an origin");
        let hint = format!(
            "behaviors could mean either; rename one of them, as in [groups.{}-group]",
            origin.name.value
        );
        self.error(&section.name.span, message, "called so before", hint);
    }

    fn group(&mut self, section: &GroupSection) -> Option<OriginGroup> {
        let name = format!("group {}", quoted(&section.name));
        let before = self.errors();
        let members = self.members(&name, section);
        let balance = self.balance(&name, section);
        let failover = self.failover(&name, &section.failover);
        self.check_members(&name, section);
        let ejection = self.ejection(&name, section);
        (self.errors() == before && !members.is_empty()).then_some(())?;
        Some(OriginGroup {
            name: section.name.as_str().into(),
            members: members.into(),
            balance: balance?,
            failover: failover?,
            ejection,
            slow_start: section.slow_start,
        })
    }

    fn members(&mut self, group: &str, section: &GroupSection) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        for member in &section.members {
            let Some(origin) = self.member_origin(group, member) else { continue };
            if members.iter().any(|other| other.origin == origin) {
                let message = format!("{group} has the member {} twice", quoted(&member.origin));
                let hint = "for a larger part of the requests: { origin = \"…\", weight = 2 }";
                self.error(&member.origin.span, message, "named before", hint);
                continue;
            }
            let weight = member.weight.as_ref().map_or(1, |weight| weight.value);
            members.push(Member { origin, weight, backup: member.backup });
        }
        if let (Some(first), true) =
            (section.members.first(), section.members.iter().all(|member| member.backup))
        {
            let message = format!("all members of {group} are backups");
            let hint = "backups are asked when all others cannot be; leave `backup` out of at least one";
            self.error(&first.origin.span, message, "nobody comes first", hint);
        }
        members
    }

    fn member_origin(&mut self, group: &str, member: &MemberSection) -> Option<usize> {
        let origins = &self.file.origins;
        let name = &member.origin;
        if let Some(place) = origins.iter().position(|origin| origin.name == *name) {
            return Some(place);
        }
        if self.file.groups.iter().any(|other| other.name == *name) {
            let message = format!("{group} has the member {}, which is a group", quoted(name));
            self.error(
                &name.span,
                message,
                "not an origin",
                "members are origins; name that group's here too",
            );
        } else if origins.is_empty() && self.only_redirects() {
            let message = format!("{group} has the member {}, but the site has no origin", quoted(name));
            self.error(&name.span, message, "not defined", "a group is made of [origins.NAME]");
        } else if !origins.is_empty() {
            let message = format!("{group} has the member {}, which does not exist", quoted(name));
            let hint = match nearest(name, origins.iter().map(|origin| origin.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "this site's origins are {}",
                    listed(origins.iter().map(|origin| quoted(&origin.name)))
                ),
            };
            self.error(&name.span, message, "not defined", hint);
        }
        None
    }

    fn balance(&mut self, group: &str, section: &GroupSection) -> Option<Balance> {
        let choice = section.balance.as_ref().map(|balance| balance.value).unwrap_or_default();
        if let (Some(key), false) = (&section.hash_key, choice == BalanceChoice::Hash) {
            let message = format!("{group} has a `hash_key`, but does not balance by hash");
            self.error(&key.span, message, "of no use", "add balance = \"hash\", or leave it out");
            return None;
        }
        Some(match choice {
            BalanceChoice::First => Balance::First,
            BalanceChoice::Weighted => Balance::Weighted,
            BalanceChoice::LeastRequests => Balance::LeastRequests,
            BalanceChoice::Hash => Balance::Hash(match &section.hash_key {
                None => HashKey::Url,
                Some(text) => self.hash_key(group, text)?,
            }),
        })
    }

    fn hash_key(&mut self, group: &str, text: &Spanned<String>) -> Option<HashKey> {
        let key = match text.split_once(':') {
            Some(("header", name)) if is_token(name) => {
                Some(HashKey::Header(name.to_ascii_lowercase().into()))
            }
            Some(("cookie", name)) if is_token(name) => Some(HashKey::Cookie(name.into())),
            Some(_) => None,
            None => match text.as_str() {
                "url" => Some(HashKey::Url),
                "path" => Some(HashKey::Path),
                "client" => Some(HashKey::Client),
                _ => None,
            },
        };
        if key.is_none() {
            let message = format!("the `hash_key` of {group} cannot be {}", quoted(text));
            let hint = match nearest(text, ["url", "path", "client"]) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "it is \"url\", \"path\", \"client\", \"header:NAME\" or \"cookie:NAME\"".to_owned(),
            };
            self.error(&text.span, message, "not one of its values", hint);
        }
        key
    }

    fn failover(&mut self, group: &str, section: &FailoverSection) -> Option<Failover> {
        let mut failover = Failover {
            on_connect: section.on.is_none(),
            on_timeout: section.on.is_none(),
            on_reset: section.on.is_none(),
            on_statuses: StatusSet::EMPTY,
            tries_max: section.tries_max,
            retry_share_percent: section.retry_share_percent,
        };
        let Some(names) = &section.on else {
            failover.on_statuses = StatusSet::of(FAILOVER_STATUSES);
            return Some(failover);
        };
        let mut good = true;
        for name in names {
            match name.as_str() {
                "connect" => failover.on_connect = true,
                "timeout" => failover.on_timeout = true,
                "reset" => failover.on_reset = true,
                text => {
                    match StatusSet::parse(text) {
                        Some(statuses) => {
                            good &= self.check_failover_statuses(group, name, &statuses);
                            failover.on_statuses = failover.on_statuses.union(statuses);
                        }
                        None => {
                            good = false;
                            let message = format!("the failover of {group} cannot be on {}", quoted(name));
                            let hint = match nearest(text, ["connect", "timeout", "reset"]) {
                            Some(near) => format!("did you mean \"{near}\"?"),
                            None if text.len() == 3 && text.starts_with(['4', '5']) => {
                                format!("a class of statuses is written \"{}xx\"", &text[..1])
                            }
                            None => "\"connect\", \"timeout\", \"reset\" and statuses, as in \"503\" or \"5xx\"".to_owned(),
                        };
                            self.error(&name.span, message, "not one of its values", hint);
                        }
                    }
                }
            }
        }
        good.then_some(failover)
    }

    fn check_failover_statuses(&mut self, group: &str, name: &Spanned<String>, statuses: &StatusSet) -> bool {
        let is_good = |code: u16| (400..600).contains(&code);
        if statuses.iter().all(is_good) {
            return true;
        }
        let message = format!("the failover of {group} is on {}, which is no error", quoted(name));
        self.error(&name.span, message, "an answer like any other", "400 to 599, or a class of them");
        false
    }

    /// Settings that a group of this kind has no use for.
    fn check_members(&mut self, group: &str, section: &GroupSection) {
        let balance = section.balance.as_ref().map(|balance| balance.value).unwrap_or_default();
        let weighed = section.members.iter().find_map(|member| member.weight.as_ref());
        if let (Some(weight), BalanceChoice::First) = (weighed, balance) {
            let message = format!("{group} has weights, but asks its members in their order");
            let hint = "say balance = \"weighted\", \"least-requests\" or \"hash\", or leave them out";
            self.error(&weight.span, message, "has no effect", hint);
        }
        if let (Some(span), BalanceChoice::First) = (&section.slow_start_span, balance) {
            let message = format!("{group} has a `slow_start`, but asks its members in their order");
            let hint =
                "a member's share grows slowly where members share: balance = \"least-requests\", for one";
            self.error(span, message, "has no effect", hint);
        }
        let ([only], true) = (section.members.as_slice(), section.members_known) else { return };
        if let Some(span) = &section.failover.span {
            let message = format!("{group} has one member, so there is nobody to fail over to");
            self.warning(span, message, "has no effect", "add a member, or leave it out");
        } else if section.ejection.is_none() {
            let message = format!("{group} has one member");
            let hint = format!("behaviors may name the origin itself: origin = {:?}", only.origin.value);
            self.warning(&only.origin.span, message, "nobody beside it", hint);
        }
    }

    fn ejection(&mut self, group: &str, section: &GroupSection) -> Option<Ejection> {
        let single = section.members.len() < 2 && section.members_known;
        if let Some(given) = section.ejection.as_ref().filter(|given| single && !given.off) {
            let message = format!("{group} has one member, which is never ejected");
            self.warning(&given.span, message, "has no effect", "add a member, or leave it out");
        }
        let default = EjectionSection::default();
        let given = section.ejection.as_ref().unwrap_or(&default);
        (!single && !given.off).then_some(Ejection {
            failures: given.failures,
            time: given.time,
            share_max_percent: given.share_max_percent,
        })
    }
}

/// What stands for a single origin server.
fn alone(origin: usize, name: &str) -> OriginGroup {
    OriginGroup {
        name: name.into(),
        members: [Member { origin, weight: 1, backup: false }].into(),
        balance: Balance::First,
        failover: Failover {
            on_connect: false,
            on_timeout: false,
            on_reset: false,
            on_statuses: StatusSet::EMPTY,
            tries_max: 1,
            retry_share_percent: 20,
        },
        ejection: None,
        slow_start: Duration::ZERO,
    }
}
