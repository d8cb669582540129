//! `Cache-Control` directives of requests and responses (RFC 9111 §5.2; RFC 5861; RFC 8246).
//!
//! Where a response is unclear, the reading that reuses less wins: an invalid number is zero, of several numbers the
//! smallest counts (shorter reuse than permitted is always permitted, RFC 9111 §4.2.1), a broken argument makes the
//! directive apply to the whole response. In requests an invalid number is as if it were absent: it must not cost the
//! origin work. Deliberately not here: what the directives lead to; see `storing` and `reuse`.

use smallvec::SmallVec;

use crate::fields::Fields;
use crate::known::Known;
use crate::list;

/// What a client asks of caches (RFC 9111 §5.2.1).
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub struct RequestDirectives {
    /// Nothing of this request or its answer is to be stored.
    pub no_store: bool,
    /// No stored response without validation. Also set by `Pragma: no-cache` where there is no `Cache-Control`.
    pub no_cache: bool,
    /// 504 rather than a request to the origin.
    pub only_if_cached: bool,
    /// No response of a greater age, in seconds.
    pub max_age: Option<u32>,
    /// Only a response that stays fresh for this many seconds.
    pub min_fresh: Option<u32>,
    /// Stale responses are welcome.
    pub max_stale: Option<MaxStale>,
}

/// How stale a response the client takes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MaxStale {
    /// Of any staleness.
    Any,
    /// Stale for no more than this many seconds.
    Seconds(u32),
}

impl RequestDirectives {
    /// The directives of `request`.
    pub fn parse(request: &Fields) -> RequestDirectives {
        let mut directives = RequestDirectives::default();
        if !request.has(Known::CacheControl) {
            directives.no_cache =
                request.list(Known::Pragma).any(|member| member.eq_ignore_ascii_case(b"no-cache"));
            return directives;
        }
        for member in request.list(Known::CacheControl) {
            directives.apply(&Directive::read(member));
        }
        directives
    }

    fn apply(&mut self, directive: &Directive<'_>) {
        match directive.kind() {
            Kind::NoStore => self.no_store = true,
            Kind::NoCache => self.no_cache = true,
            Kind::OnlyIfCached => self.only_if_cached = true,
            Kind::MaxAge => narrow(&mut self.max_age, directive.seconds()),
            Kind::MinFresh => self.min_fresh = self.min_fresh.max(directive.seconds()),
            Kind::MaxStale => {
                let asked = match (directive.argument, directive.seconds()) {
                    (None, _) => MaxStale::Any,
                    (Some(_), Some(seconds)) => MaxStale::Seconds(seconds),
                    (Some(_), None) => return,
                };
                self.max_stale = Some(match (self.max_stale, asked) {
                    (Some(MaxStale::Seconds(a)), MaxStale::Seconds(b)) => MaxStale::Seconds(a.min(b)),
                    (Some(MaxStale::Seconds(a)), MaxStale::Any) => MaxStale::Seconds(a),
                    (_, asked) => asked,
                });
            }
            _ => {}
        }
    }
}

/// What an origin allows caches (RFC 9111 §5.2.2, RFC 5861, RFC 8246). Times are in seconds; `Some(0)` also stands for
/// an invalid number.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ResponseDirectives {
    /// Nothing is to be stored.
    pub no_store: bool,
    /// `private` for the whole response.
    pub private: bool,
    /// Fields named by a qualified `private`, lower case.
    pub private_fields: FieldNames,
    /// `no-cache` for the whole response.
    pub no_cache: bool,
    /// Fields named by a qualified `no-cache`, lower case.
    pub no_cache_fields: FieldNames,
    /// May be stored even where that would otherwise be forbidden or left undone.
    pub public: bool,
    /// Never to be used stale.
    pub must_revalidate: bool,
    /// Never to be used stale by a shared cache.
    pub proxy_revalidate: bool,
    /// To be stored only by who understands the status code.
    pub must_understand: bool,
    /// The content is not to be transformed.
    pub no_transform: bool,
    /// Does not change while fresh.
    pub immutable: bool,
    /// Freshness lifetime.
    pub max_age: Option<u32>,
    /// Freshness lifetime for shared caches.
    pub s_maxage: Option<u32>,
    /// How long a stale response may be used while it is revalidated.
    pub stale_while_revalidate: Option<u32>,
    /// How long a stale response may be used when the origin fails.
    pub stale_if_error: Option<u32>,
}

/// Lower-case field names from a qualified directive.
pub type FieldNames = SmallVec<[Box<[u8]>; 2]>;

impl ResponseDirectives {
    /// The directives of these field values, all lines of one field.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a [u8]>) -> ResponseDirectives {
        let mut directives = ResponseDirectives::default();
        for member in lines.flat_map(list::members) {
            directives.apply(&Directive::read(member));
        }
        directives
    }

    fn apply(&mut self, directive: &Directive<'_>) {
        match directive.kind() {
            Kind::NoStore => self.no_store = true,
            Kind::Private => qualify(directive, &mut self.private, &mut self.private_fields),
            Kind::NoCache => qualify(directive, &mut self.no_cache, &mut self.no_cache_fields),
            Kind::Public => self.public = true,
            Kind::MustRevalidate => self.must_revalidate = true,
            Kind::ProxyRevalidate => self.proxy_revalidate = true,
            Kind::MustUnderstand => self.must_understand = true,
            Kind::NoTransform => self.no_transform = true,
            Kind::Immutable => self.immutable = true,
            Kind::MaxAge => narrow(&mut self.max_age, directive.seconds_or_zero()),
            Kind::SMaxage => narrow(&mut self.s_maxage, directive.seconds_or_zero()),
            Kind::StaleWhileRevalidate => {
                narrow(&mut self.stale_while_revalidate, directive.seconds_or_zero());
            }
            Kind::StaleIfError => narrow(&mut self.stale_if_error, directive.seconds_or_zero()),
            Kind::MinFresh | Kind::MaxStale | Kind::OnlyIfCached | Kind::Unknown => {}
        }
    }
}

/// The smaller of what is known and what is new.
fn narrow(slot: &mut Option<u32>, seconds: Option<u32>) {
    *slot = match (*slot, seconds) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (known, new) => known.or(new),
    };
}

/// A quoted list of field names qualifies the directive; anything else, or no name at all, leaves it whole.
fn qualify(directive: &Directive<'_>, whole: &mut bool, names: &mut FieldNames) {
    let listed = directive.argument.and_then(unquoted_names).unwrap_or_default();
    if listed.is_empty() {
        *whole = true;
    }
    names.extend(listed);
}

fn unquoted_names(argument: &[u8]) -> Option<FieldNames> {
    let inner = argument.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    field_names(inner)
}

/// The lower-case names in a comma-separated list; `None` if one is not a field name.
pub(crate) fn field_names(list_of_names: &[u8]) -> Option<FieldNames> {
    list::members(list_of_names)
        .map(|name| list::is_token(name).then(|| name.to_ascii_lowercase().into_boxed_slice()))
        .collect()
}

/// One member of `Cache-Control`: a name and perhaps an argument.
struct Directive<'a> {
    name: &'a [u8],
    argument: Option<&'a [u8]>,
}

impl<'a> Directive<'a> {
    fn read(member: &'a [u8]) -> Directive<'a> {
        match memchr::memchr(b'=', member) {
            Some(at) => Directive { name: &member[..at], argument: Some(&member[at + 1..]) },
            None => Directive { name: member, argument: None },
        }
    }

    /// Whitespace before `=` is an error, but what is meant is clear enough to be restrictive about it.
    fn kind(&self) -> Kind {
        Kind::of(list::trim(self.name))
    }

    /// The argument as seconds, plain or quoted; `None` when absent or anything else.
    fn seconds(&self) -> Option<u32> {
        if self.name.last().is_some_and(u8::is_ascii_whitespace) {
            return None;
        }
        let argument = self.argument?;
        let inner = argument.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        list::delta_seconds(inner.unwrap_or(argument))
    }

    fn seconds_or_zero(&self) -> Option<u32> {
        Some(self.seconds().unwrap_or(0))
    }
}

/// The directives that are understood.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    NoStore,
    NoCache,
    Private,
    Public,
    MustRevalidate,
    ProxyRevalidate,
    MustUnderstand,
    NoTransform,
    Immutable,
    MaxAge,
    SMaxage,
    StaleWhileRevalidate,
    StaleIfError,
    OnlyIfCached,
    MinFresh,
    MaxStale,
    Unknown,
}

impl Kind {
    pub(crate) fn of(name: &[u8]) -> Kind {
        const NAMES: [(&[u8], Kind); 16] = [
            (b"max-age", Kind::MaxAge),
            (b"s-maxage", Kind::SMaxage),
            (b"public", Kind::Public),
            (b"private", Kind::Private),
            (b"no-cache", Kind::NoCache),
            (b"no-store", Kind::NoStore),
            (b"must-revalidate", Kind::MustRevalidate),
            (b"proxy-revalidate", Kind::ProxyRevalidate),
            (b"must-understand", Kind::MustUnderstand),
            (b"no-transform", Kind::NoTransform),
            (b"immutable", Kind::Immutable),
            (b"stale-while-revalidate", Kind::StaleWhileRevalidate),
            (b"stale-if-error", Kind::StaleIfError),
            (b"only-if-cached", Kind::OnlyIfCached),
            (b"min-fresh", Kind::MinFresh),
            (b"max-stale", Kind::MaxStale),
        ];
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(Kind::Unknown, |(_, kind)| *kind)
    }
}
