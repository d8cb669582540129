//! `secret = { … }` and `s3 = { … }` of an origin: how it knows that a request came by this edge.

use crate::section::Section;
use crate::{Secret, Span, Spanned};

/// The keys of `secret`, for hints.
const SECRET_KEYS: &[&str] = &["header", "value", "value_file"];
/// The keys of `s3`, for hints.
pub(super) const S3_KEYS: &[&str] = &[
    "region",
    "service",
    "access_key",
    "secret_key",
    "secret_key_file",
    "session_token",
    "session_token_file",
];

/// A request field that only the edge and the origin know the value of.
#[derive(Clone, PartialEq, Debug)]
pub struct SecretSection {
    /// The field's name.
    pub header: Option<Spanned<String>>,
    /// What it says.
    pub value: Option<Secret>,
}

/// Keys for AWS Signature Version 4.
#[derive(Clone, PartialEq, Debug)]
pub struct S3Section {
    /// Where the table stands.
    pub span: Span,
    /// As in `eu-central-1`.
    pub region: Option<Spanned<String>>,
    /// Default `s3`.
    pub service: Option<Spanned<String>>,
    /// Public part of the key.
    pub access_key: Option<Spanned<String>>,
    /// Secret part of it.
    pub secret_key: Option<Secret>,
    /// Of temporary keys.
    pub session_token: Option<Secret>,
}

pub(super) fn read_secret(origin: &Section<'_>) -> Option<SecretSection> {
    let section = origin.section("secret", format!("`secret` of {}", origin.name()))?;
    let secret = SecretSection {
        header: section.needed_text("header", "as in header = \"X-Origin-Secret\""),
        value: section.needed_secret("value", "value_file"),
    };
    section.finish(&[("`secret`", SECRET_KEYS)]);
    Some(secret)
}

pub(super) fn read_s3(origin: &Section<'_>) -> Option<S3Section> {
    let section = origin.section("s3", format!("`s3` of {}", origin.name()))?;
    let s3 = S3Section {
        span: section.span().clone(),
        region: section
            .needed_text("region", "as in region = \"eu-central-1\"; what has none says \"us-east-1\""),
        service: section.text("service"),
        access_key: section.needed_text("access_key", "the public part of the key, as in \"AKIA…\""),
        secret_key: section.needed_secret("secret_key", "secret_key_file"),
        session_token: section.secret("session_token", "session_token_file"),
    };
    section.finish(&[("the origin itself", super::KEYS)]);
    Some(s3)
}
