//! How an origin knows that a request came by this edge: a secret field, signatures for S3.

use super::url::OriginUrl;
use crate::compile::Compiler;
use crate::compile::fields::is_framing;
use crate::compile::names::{is_token, is_visible};
use crate::{OriginSecret, S3Signing, STEERING_FIELDS};
use littoral_model::{OriginSection, S3Section, Secret, SecretSection, Spanned, quoted};

/// A shorter secret can be found out by trying. Bytes.
const SECRET_BYTES_MIN: usize = 16;

impl Compiler<'_> {
    pub(super) fn origin_secret(&mut self, name: &str, section: &SecretSection) -> Option<OriginSecret> {
        let value = section.value.as_ref().and_then(|secret| {
            let value = self.secret(&format!("the secret of origin {name}"), secret)?;
            if value.len() < SECRET_BYTES_MIN {
                let message = format!("the secret of origin {name} is short");
                let hint = "16 bytes or more cannot be found out by trying: `openssl rand -hex 16`";
                self.warning(secret.span(), message, "can be guessed", hint);
            }
            Some(value)
        });
        let header = section.header.as_ref().and_then(|header| self.secret_header(name, header));
        Some(OriginSecret { header: header?, value: value? })
    }

    fn secret_header(&mut self, name: &str, header: &Spanned<String>) -> Option<Box<str>> {
        let lower = header.to_ascii_lowercase();
        if !is_token(header) {
            let message =
                format!("the secret of origin {name} is in {}, which is not a field name", quoted(header));
            self.error(&header.span, message, "not a field name", "as in header = \"X-Origin-Secret\"");
            return None;
        }
        let taken = is_framing(&lower)
            || STEERING_FIELDS.contains(&lower.as_str())
            || ["host", "via", "cdn-loop", "cookie", "date"].contains(&lower.as_str());
        if taken {
            let message = format!("the secret of origin {name} cannot be in the field {}", quoted(header));
            self.error(
                &header.span,
                message,
                "has a meaning of its own",
                "a name of your own: \"X-Origin-Secret\"",
            );
            return None;
        }
        Some(lower.into())
    }

    pub(super) fn s3(
        &mut self,
        name: &str,
        section: &S3Section,
        origin: &OriginSection,
        url: &OriginUrl,
    ) -> Option<S3Signing> {
        let what = format!("`s3` of origin {name}");
        if !url.tls {
            let message = format!("origin {name} is signed for, but spoken to without TLS");
            let hint = "anybody on the way can read what it answers, and use a signature until it expires";
            let span = origin.url.as_ref().map_or(&section.span, |url| &url.span);
            self.warning(span, message, "not private", hint);
        }
        if let Some(secret) = origin.secret.as_ref().and_then(|secret| secret.header.as_ref())
            && secret.eq_ignore_ascii_case("authorization")
        {
            let message = format!("origin {name} has both `s3` and a secret in `Authorization`");
            self.error(
                &secret.span,
                message,
                "the signature stands there",
                "another name: \"X-Origin-Secret\"",
            );
        }
        let region = section.region.as_ref().and_then(|text| self.scope(&what, "region", text));
        let service = match &section.service {
            None => Some("s3".into()),
            Some(text) => self.scope(&what, "service", text),
        };
        let access_key = section.access_key.as_ref().and_then(|text| self.access_key(&what, text));
        let secret_key = section
            .secret_key
            .as_ref()
            .and_then(|secret| self.secret(&format!("the secret key in {what}"), secret));
        let session_token = match &section.session_token {
            None => Some(None),
            Some(secret) => self.secret(&format!("the session token in {what}"), secret).map(Some),
        };
        Some(S3Signing {
            region: region?,
            service: service?,
            access_key: access_key?,
            secret_key: secret_key?,
            session_token: session_token?,
        })
    }

    /// A part of a signature's scope, which has slashes between its parts.
    fn scope(&mut self, what: &str, key: &str, text: &Spanned<String>) -> Option<Box<str>> {
        let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !good {
            let message = format!("`{key}` in {what}, {}, is not one", quoted(text));
            self.error(&text.span, message, "letters, digits and `-`", "as in \"eu-central-1\"");
        }
        good.then(|| text.as_str().into())
    }

    fn access_key(&mut self, what: &str, text: &Spanned<String>) -> Option<Box<str>> {
        let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"/,=".contains(&b));
        if !good {
            let message = format!("`access_key` in {what}, {}, is not one", quoted(text));
            self.error(&text.span, message, "not a key", "as it was given to you: no blanks, no slashes");
        }
        good.then(|| text.as_str().into())
    }

    /// What a secret says, wherever it stands: visible ASCII, one line.
    fn secret(&mut self, what: &str, secret: &Secret) -> Option<Box<str>> {
        let text = match secret {
            Secret::Given(text) => text.value.clone(),
            Secret::File(path) => {
                let content = self.content(what, path, "the secret alone, on one line")?;
                let text = String::from_utf8(content).unwrap_or_else(|_| "\0".to_owned());
                let text = text.strip_suffix('\n').unwrap_or(&text);
                text.strip_suffix('\r').unwrap_or(text).to_owned()
            }
        };
        let why = if text.is_empty() {
            "is empty"
        } else if !is_visible(&text) || text.starts_with(' ') || text.ends_with(' ') {
            "has bytes that no field can carry"
        } else {
            return Some(text.into());
        };
        let hint = "visible ASCII on one line, without blanks at its ends";
        self.error(secret.span(), format!("{what} {why}"), "not usable", hint);
        None
    }
}
