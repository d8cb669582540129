//! Updating stored responses from a 304 (RFC 9111 §4.3.4) and from the answer to a `HEAD` (§4.3.5).
//!
//! Deliberately not here: new terms. A freshened response is judged anew (`judge_storing`) with its freshened fields
//! and the times of the revalidation; where that refuses it (the 304 said `no-store`), it still answers the request at hand
//! and is then dropped.

use crate::entity_tag::{self, EntityTag};
use crate::fields::Fields;
use crate::hop_by_hop::ConnectionOptions;
use crate::known::Known;
use crate::storing;

/// The stored fields brought up to date (RFC 9111 §3.2): each field of `update` replaces all stored lines of its name,
/// but for those that belong to the stored content or to the connection. Stored `Age` and `Date` do not survive, since
/// they tell of an earlier answer; who receives a response without `Date` adds one (RFC 9110 §6.6.1).
pub fn freshen(stored: &Fields, update: &Fields) -> Fields {
    let options = ConnectionOptions::of(update);
    let keeps_tag = keeps_weak_tag(stored, update);
    let taken = |known: Known, name: &[u8]| {
        let left_alone = of_content(known) || keeps_tag && known == Known::ETag;
        !left_alone && !options.is_hop_by_hop(known, name)
    };
    let outlived = |known: Known| matches!(known, Known::Age | Known::Date);
    let mut builder = Fields::builder();
    builder.reserve(stored.text_bytes() + update.text_bytes());
    builder.extend_from(stored, |known, name| {
        let replaced = taken(known, name) && update.named(name).next().is_some();
        !outlived(known) && !replaced
    });
    builder.extend_from(update, |known, name| taken(known, name) && known != Known::Age);
    builder.finish()
}

/// Fields that describe the stored bytes; what a 304 says of them is of no use and often wrong.
fn of_content(known: Known) -> bool {
    matches!(
        known,
        Known::ContentLength | Known::ContentEncoding | Known::ContentRange | Known::TransferEncoding
    )
}

/// Origins that compress on the fly weaken the tag of the content but not that of the 304; the content's stays, so that
/// it does not pass for the uncompressed one.
fn keeps_weak_tag(stored: &Fields, update: &Fields) -> bool {
    match (entity_tag::of(stored), entity_tag::of(update)) {
        (Some(old), Some(new)) => old.weak && !new.weak && old.weak_eq(&new),
        _ => false,
    }
}

/// Whether a 304 speaks of the one stored response that was asked about (RFC 9111 §4.3.4): its entity tag or, where it
/// has none, its modification date must be the same; without any validator that response is meant.
///
/// Tags are compared by their text: the question was asked about one response, by a weak comparison. A strong tag that
/// answers a weak one is not taken over by [`freshen`].
pub fn selects(stored: &Fields, update: &Fields) -> bool {
    match (entity_tag::of(update), entity_tag::of(stored)) {
        (Some(new), Some(old)) => new.weak_eq(&old),
        // A tag that the stored response lacks names another, unless the date says otherwise.
        (Some(_), None) => {
            agree(storing::last_modified(update), storing::last_modified(stored)) == Some(true)
        }
        (None, _) => agree(storing::last_modified(update), storing::last_modified(stored)) != Some(false),
    }
}

/// What a 200 to a `HEAD` means for a stored response to `GET` that it could have been chosen for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum HeadUpdate {
    /// It is the same: freshen it.
    Freshen,
    /// It is another by now: consider it stale.
    Invalidate,
    /// The answer does not tell.
    Nothing,
}

/// Compares a stored response with a 200 to a `HEAD` (RFC 9111 §4.3.5): any validator or length that contradicts
/// invalidates, any that agrees freshens. An answer with none of these proves nothing and changes nothing.
pub fn head_freshens(stored: &Fields, head: &Fields) -> HeadUpdate {
    let tag = match (entity_tag::of(head), entity_tag::of(stored)) {
        (Some(new), Some(old)) => Some(same_tag(&new, &old)),
        (Some(_), None) => Some(false),
        (None, _) => None,
    };
    let modified = agree(storing::last_modified(head), storing::last_modified(stored))
        .or(storing::last_modified(head).map(|_| false));
    let length = match (head.get(Known::ContentLength), stored.get(Known::ContentLength)) {
        (Some(new), Some(old)) => Some(new == old),
        _ => None,
    };
    let evidence = [tag, modified, length];
    if evidence.contains(&Some(false)) {
        HeadUpdate::Invalidate
    } else if evidence.contains(&Some(true)) {
        HeadUpdate::Freshen
    } else {
        HeadUpdate::Nothing
    }
}

fn same_tag(new: &EntityTag<'_>, old: &EntityTag<'_>) -> bool {
    new.weak == old.weak && new.weak_eq(old)
}

/// Whether both are there and the same; `None` if one is missing.
fn agree<T: PartialEq>(new: Option<T>, old: Option<T>) -> Option<bool> {
    Some(new? == old?)
}
