//! `tls = { … }` of an origin: how its certificate is judged, and what it is shown.

use crate::section::Section;
use crate::{Span, Spanned};

/// The keys of the table, for hints.
pub(super) const KEYS: &[&str] = &["server_name", "ca_file", "certificate_file", "key_file"];

/// How an origin's certificate is judged, and what it is shown, as written. There is no setting that leaves it
/// unjudged.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsToOriginSection {
    /// Where the table stands.
    pub span: Span,
    /// The name that is asked for (SNI) and that the certificate must be for. Default: the host of the origin's URL.
    pub server_name: Option<Spanned<String>>,
    /// Certificates (PEM) that the origin's must lead to. Default: the system's.
    pub ca_file: Option<Spanned<String>>,
    /// The chain (PEM) that the edge shows of itself. Beside `key_file`.
    pub certificate_file: Option<Spanned<String>>,
    /// Its private key (PEM).
    pub key_file: Option<Spanned<String>>,
}

pub(super) fn read(origin: &Section<'_>) -> Option<TlsToOriginSection> {
    let section = origin.section("tls", format!("`tls` of {}", origin.name()))?;
    let tls = TlsToOriginSection {
        span: section.span().clone(),
        server_name: section.text("server_name"),
        ca_file: section.text("ca_file"),
        certificate_file: section.text("certificate_file"),
        key_file: section.text("key_file"),
    };
    let halves = [
        (&tls.certificate_file, "certificate_file", "key_file"),
        (&tls.key_file, "key_file", "certificate_file"),
    ];
    for (given, key, other) in halves {
        if let (Some(given), true) = (given, section.value(other).is_none()) {
            let message = format!("{} has `{key}`, but no `{other}`", section.name());
            let mistake = section.reader().mistake(&given.span, message, "half of two");
            section.reader().report(mistake.hint("a certificate is shown together with its private key"));
        }
    }
    section.finish(&[("the origin itself", super::KEYS)]);
    Some(tls)
}
