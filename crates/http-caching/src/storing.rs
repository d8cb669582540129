//! May this response be stored, and under which terms? (RFC 9111 §3)
//!
//! Called once for each response head from an origin. Every refusal has a name, which is also the metric label and the
//! `Cache-Status` detail. Deliberately not here: size limits, keys, and the choice among variants.

use crate::date::Seconds;
use crate::directives::RequestDirectives;
use crate::entity_tag;
use crate::fields::Fields;
pub use crate::freshness::last_modified;
use crate::freshness::{self, Source, explicit_lifetime};
use crate::hop_by_hop::ConnectionOptions;
use crate::invalidate::Target;
use crate::known::Known;
use crate::method::Method;
use crate::origin::OriginSays;
use crate::partial;
use crate::rules::{CacheRules, ClientDirectives, QualifiedForms, RequestCookie, SetCookie};
use crate::terms::Terms;
use crate::vary::Vary;

/// The request that brought the response, as it was forwarded to the origin: what was removed before that (cookies, for
/// example) cannot have shaped the answer.
#[derive(Copy, Clone, Debug)]
pub struct RequestView<'a> {
    /// Its method.
    pub method: Method,
    /// Its fields.
    pub fields: &'a Fields,
}

/// A final response's head.
#[derive(Copy, Clone, Debug)]
pub struct ResponseView<'a> {
    /// Its status code.
    pub status: u16,
    /// Its fields as received.
    pub fields: &'a Fields,
    /// Whether the end of its content is known only by the end of the connection (RFC 9112 §6.3).
    pub close_delimited: bool,
}

/// When the request was sent and the response head arrived, by our clock.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Times {
    /// The request went out.
    pub requested: Seconds,
    /// The response came in.
    pub received: Seconds,
}

/// Why a response is not stored.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NotStored {
    /// The request's method is not one whose responses are stored.
    Method,
    /// The status says something about this request or connection, not about the resource (1xx, 304, 416, …).
    Status,
    /// `no-store`.
    NoStore,
    /// `private`.
    Private,
    /// The request carried `Authorization` and the response does not say it may be shared (RFC 9111 §3.5).
    Authorization,
    /// `Set-Cookie` without explicit freshness, or where the behavior stores none.
    SetCookie,
    /// The request carried `Cookie` and the response does not say it may be shared.
    RequestCookie,
    /// `Vary: *`, or a `Vary` that cannot be read or followed: by what intermediaries say of each request, for one.
    VaryStar,
    /// Neither fresh for any time, nor usable after validation.
    NoFreshness,
    /// The client said `no-store`, and the behavior honours that.
    RequestNoStore,
    /// Its end is known only by the end of the connection, so that it may be cut short.
    CloseDelimited,
    /// `must-understand` with a status that is not understood (RFC 9111 §5.2.2.3).
    MustUnderstand,
    /// A 206 that is not one range with a usable `Content-Range`.
    PartialUnusable,
    /// The content did not arrive whole. Not found by the head: for who receives the content.
    TransferFailed,
    /// The content is larger than what is stored. Not found by the head alone: for who receives the content.
    TooLarge,
    /// Its type contradicts the extension of its path. Not found by the judge: see [`crate::media_type::type_guard`].
    TypeMismatch,
}

impl NotStored {
    /// Metric label and `Cache-Status` detail.
    pub fn as_str(self) -> &'static str {
        match self {
            NotStored::Method => "method",
            NotStored::Status => "status",
            NotStored::NoStore => "no-store",
            NotStored::Private => "private",
            NotStored::Authorization => "authorization",
            NotStored::SetCookie => "set-cookie",
            NotStored::RequestCookie => "request-cookie",
            NotStored::VaryStar => "vary-star",
            NotStored::NoFreshness => "no-freshness",
            NotStored::RequestNoStore => "request-no-store",
            NotStored::CloseDelimited => "close-delimited",
            NotStored::MustUnderstand => "must-understand",
            NotStored::PartialUnusable => "partial-unusable",
            NotStored::TransferFailed => "transfer-failed",
            NotStored::TooLarge => "too-large",
            NotStored::TypeMismatch => "type-mismatch",
        }
    }
}

/// Judges the response to a `GET`. Anything but a `GET` is refused; for `POST` see [`judge_storing_post`].
///
/// A response freshened by a 304 or `HEAD` is judged again with its freshened fields, its own status and the times of
/// the revalidation.
pub fn judge_storing(
    request: &RequestView<'_>,
    response: &ResponseView<'_>,
    times: Times,
    rules: &CacheRules,
) -> Result<Terms, NotStored> {
    if request.method != Method::Get {
        return Err(NotStored::Method);
    }
    let origin = OriginSays::read(response.fields, rules);
    refuse(request, response, &origin, times.received, rules)?;
    terms(response, &origin, times, rules)
}

/// Judges the response to a `POST` for reuse by later `GET`s of `target`, the request's own target: only with explicit
/// freshness and a `Content-Location` that names the same resource (RFC 9110 §9.3.3).
pub fn judge_storing_post(
    request: &RequestView<'_>,
    target: &Target<'_>,
    response: &ResponseView<'_>,
    times: Times,
    rules: &CacheRules,
) -> Result<Terms, NotStored> {
    let names_target =
        response.fields.single(Known::ContentLocation).is_some_and(|location| target.is_named_by(location));
    if request.method != Method::Post || !names_target || !(200..300).contains(&response.status) {
        return Err(NotStored::Method);
    }
    if response.status == 206 {
        return Err(NotStored::PartialUnusable);
    }
    let origin = OriginSays::read(response.fields, rules);
    refuse(request, response, &origin, times.received, rules)?;
    if explicit_lifetime(response.fields, &origin, times.received).is_none() {
        return Err(NotStored::NoFreshness);
    }
    terms(response, &origin, times, rules)
}

/// The fields to store of a response that may be stored: hop-by-hop fields, `Age` (it is in the terms) and what the
/// rules withhold left out (RFC 9111 §3.1).
pub fn stored_fields(response: &Fields, rules: &CacheRules) -> Fields {
    let options = ConnectionOptions::of(response);
    let origin = OriginSays::read(response, rules);
    let withhold = rules.qualified_forms == QualifiedForms::Withhold;
    let mut builder = Fields::builder();
    builder.reserve(response.text_bytes());
    builder.extend_from(response, |known, name| {
        let cookie = matches!(known, Known::SetCookie | Known::SetCookie2);
        let listed = withhold
            && (origin.directives.private_fields.iter().chain(&origin.directives.no_cache_fields))
                .any(|listed| listed.eq_ignore_ascii_case(name));
        !(options.is_hop_by_hop(known, name)
            || known == Known::Age
            || cookie && rules.set_cookie == SetCookie::Strip
            || listed)
    });
    builder.finish()
}

/// All reasons against storing but for missing freshness.
fn refuse(
    request: &RequestView<'_>,
    response: &ResponseView<'_>,
    origin: &OriginSays,
    received: Seconds,
    rules: &CacheRules,
) -> Result<(), NotStored> {
    let said = &origin.directives;
    if !is_storable(response.status) {
        return Err(NotStored::Status);
    }
    if rules.client_directives == ClientDirectives::Honour
        && RequestDirectives::parse(request.fields).no_store
    {
        return Err(NotStored::RequestNoStore);
    }
    if said.must_understand && !is_understood(response.status) {
        return Err(NotStored::MustUnderstand);
    }
    if said.no_store && !said.must_understand {
        return Err(NotStored::NoStore);
    }
    if said.private {
        return Err(NotStored::Private);
    }
    let vary = Vary::of(response.fields).map_err(|_| NotStored::VaryStar)?;
    if request.fields.has(Known::Authorization) && !origin.shares_authorized() {
        return Err(NotStored::Authorization);
    }
    if request.fields.has(Known::Cookie)
        && rules.request_cookie == RequestCookie::ExplicitOnly
        && !(said.public || said.s_maxage.is_some() || origin.targeted || vary.names(Known::Cookie))
    {
        return Err(NotStored::RequestCookie);
    }
    refuse_set_cookie(response.fields, origin, received, rules)?;
    if response.close_delimited && !rules.close_delimited {
        return Err(NotStored::CloseDelimited);
    }
    if response.status == 206 && partial::content_range(response.fields).is_none() {
        return Err(NotStored::PartialUnusable);
    }
    Ok(())
}

fn refuse_set_cookie(
    fields: &Fields,
    origin: &OriginSays,
    received: Seconds,
    rules: &CacheRules,
) -> Result<(), NotStored> {
    if !(fields.has(Known::SetCookie) || fields.has(Known::SetCookie2)) {
        return Ok(());
    }
    // A cookie that must be validated each time would be handed on by each 304.
    let explicit = || {
        let said = &origin.directives;
        let lifetime = explicit_lifetime(fields, origin, received);
        !said.no_cache && (said.public || lifetime.is_some_and(|seconds| seconds > 0))
    };
    match rules.set_cookie {
        SetCookie::Strip => Ok(()),
        SetCookie::ExplicitOnly if explicit() => Ok(()),
        SetCookie::ExplicitOnly | SetCookie::Never => Err(NotStored::SetCookie),
    }
}

fn terms(
    response: &ResponseView<'_>,
    origin: &OriginSays,
    times: Times,
    rules: &CacheRules,
) -> Result<Terms, NotStored> {
    let fields = response.fields;
    let said = &origin.directives;
    let date = freshness::date_of(fields, times.received);
    let initial_age = freshness::corrected_initial_age(fields, date, times);
    let lifetime = freshness::lifetime(response, origin, date, initial_age, times, rules)?;
    let has_validator = entity_tag::of(fields).is_some() || last_modified(fields).is_some();

    // A lifetime forced by the operator stands in for the origin's own wish to be asked each time.
    let no_cache = said.no_cache && lifetime.source != Source::Forced;
    let never_stale = no_cache || said.must_revalidate || said.proxy_revalidate;
    let window = |named: Option<u32>| if never_stale { 0 } else { named.unwrap_or(0) };
    let on_error = said.stale_if_error.or(rules.stale_if_error);
    let disconnected = match on_error {
        Some(seconds) => seconds,
        None if said.s_maxage.is_some() => 0,
        None => rules.stale_if_disconnected,
    };
    let terms = Terms {
        received: times.received,
        date,
        corrected_initial_age: initial_age,
        freshness_lifetime: lifetime.seconds,
        stale_while_revalidate: window(said.stale_while_revalidate.or(rules.stale_while_revalidate)),
        stale_if_error: window(on_error),
        stale_if_disconnected: window(Some(disconnected)),
        no_cache,
        must_revalidate: never_stale || said.s_maxage.is_some(),
        authorization_shared: origin.shares_authorized(),
        has_validator,
        heuristic: lifetime.source == Source::Heuristic,
        immutable: said.immutable,
    };
    let usable_now = !no_cache && lifetime.seconds > initial_age;
    let usable_stale = terms.stale_while_revalidate > 0 || terms.stale_if_error > 0;
    if usable_now || usable_stale || has_validator { Ok(terms) } else { Err(NotStored::NoFreshness) }
}

/// Statuses that may be stored without being told so (RFC 9110 §15.1).
pub fn is_heuristically_cacheable(status: u16) -> bool {
    matches!(status, 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Statuses that never describe the resource to others: interim and 304, and those about this request's conditions,
/// ranges, timing, size, connection or credentials for a proxy.
fn is_storable(status: u16) -> bool {
    !matches!(status, 0..=199 | 304 | 407 | 408 | 412 | 416 | 417 | 421 | 425 | 426 | 428 | 431 | 505 | 511)
        && status <= 599
}

/// Statuses whose caching requirements are implemented here (RFC 9111 §5.2.2.3): those that RFC 9110 defines and 451.
fn is_understood(status: u16) -> bool {
    matches!(status, 200..=206 | 300..=303 | 305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 451 | 500..=505)
}
