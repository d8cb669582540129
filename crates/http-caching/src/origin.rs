//! What an origin says about caching, from whichever field says it: a targeted one, or `Cache-Control` and `Expires`.
//!
//! Read once for each response that is judged. Deliberately not here: what follows from it.

use crate::directives::ResponseDirectives;
use crate::fields::Fields;
use crate::known::Known;
use crate::rules::{CacheRules, OriginDirectives, QualifiedForms};
use crate::targeted;

/// What the origin says about caching, from whichever field says it.
pub(crate) struct OriginSays {
    pub(crate) directives: ResponseDirectives,
    /// A targeted field said it; `Expires` then does not count (RFC 9213 §2.2).
    pub(crate) targeted: bool,
    /// It may say something, but is not listened to.
    pub(crate) ignored: bool,
}

impl OriginSays {
    pub(crate) fn read(response: &Fields, rules: &CacheRules) -> OriginSays {
        if rules.origin_directives == OriginDirectives::Ignore {
            return OriginSays { directives: ResponseDirectives::default(), targeted: false, ignored: true };
        }
        let targeted = targeted::directives(response, &rules.targeted_fields);
        let is_targeted = targeted.is_some();
        let mut directives =
            targeted.unwrap_or_else(|| ResponseDirectives::parse(response.all(Known::CacheControl)));
        if rules.qualified_forms == QualifiedForms::Whole {
            directives.private |= !directives.private_fields.is_empty();
            directives.no_cache |= !directives.no_cache_fields.is_empty();
        }
        OriginSays { directives, targeted: is_targeted, ignored: false }
    }

    /// May be given to others than the one who asked with credentials (RFC 9111 §3.5).
    pub(crate) fn shares_authorized(&self) -> bool {
        let said = &self.directives;
        said.public || said.must_revalidate || said.s_maxage.is_some()
    }
}
