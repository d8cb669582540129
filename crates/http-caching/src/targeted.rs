//! Targeted cache control (RFC 9213): `CDN-Cache-Control` and its like.
//!
//! The first field of a list that holds a valid, non-empty dictionary replaces `Cache-Control` and `Expires`. A field
//! that is not a structured dictionary, or gives a number's directive anything but an integer, is as if absent.

use smallvec::SmallVec;

use crate::directives::{Kind, ResponseDirectives, field_names};
use crate::fields::Fields;
use crate::list;
use crate::structured::{Dictionary, Value, dictionary};

/// The fields that are looked at where a site does not say otherwise, the most specific first.
pub const TARGETED_FIELDS: [&str; 2] = ["littoral-cdn-cache-control", "cdn-cache-control"];

/// The directives of the first usable of the fields named `names`, or `None` if there is none.
pub fn directives(response: &Fields, names: &[impl AsRef<str>]) -> Option<ResponseDirectives> {
    names.iter().find_map(|name| {
        let lines: SmallVec<[&[u8]; 4]> = response.named(name.as_ref().as_bytes()).collect();
        if lines.is_empty() {
            return None;
        }
        let dictionary = dictionary(list::trim(&lines.join(&b", "[..])))?;
        if dictionary.is_empty() { None } else { interpret(&dictionary) }
    })
}

fn interpret(dictionary: &Dictionary) -> Option<ResponseDirectives> {
    let mut found = ResponseDirectives::default();
    for (key, value) in dictionary {
        let set = *value != Value::Boolean(false);
        match Kind::of(key) {
            Kind::MaxAge => found.max_age = Some(seconds(value)?),
            Kind::SMaxage => found.s_maxage = Some(seconds(value)?),
            Kind::StaleWhileRevalidate => found.stale_while_revalidate = Some(seconds(value)?),
            Kind::StaleIfError => found.stale_if_error = Some(seconds(value)?),
            Kind::NoStore => found.no_store = set,
            Kind::Private if set => match names(value) {
                Some(names) => found.private_fields = names,
                None => found.private = true,
            },
            Kind::NoCache if set => match names(value) {
                Some(names) => found.no_cache_fields = names,
                None => found.no_cache = true,
            },
            Kind::Public => found.public = set,
            Kind::MustRevalidate => found.must_revalidate = set,
            Kind::ProxyRevalidate => found.proxy_revalidate = set,
            Kind::MustUnderstand => found.must_understand = set,
            Kind::NoTransform => found.no_transform = set,
            Kind::Immutable => found.immutable = set,
            Kind::Private | Kind::NoCache => {}
            Kind::OnlyIfCached | Kind::MinFresh | Kind::MaxStale | Kind::Unknown => {}
        }
    }
    Some(found)
}

/// Negative numbers are stale at once; what is no integer makes the field void.
fn seconds(value: &Value) -> Option<u32> {
    match value {
        Value::Integer(number) => Some((*number).clamp(0, i64::from(crate::SECONDS_MAX)) as u32),
        _ => None,
    }
}

/// The field names of a qualified directive; `None` where it applies to the whole response.
fn names(value: &Value) -> Option<crate::directives::FieldNames> {
    match value {
        Value::String(list) => field_names(list).filter(|names| !names.is_empty()),
        _ => None,
    }
}
