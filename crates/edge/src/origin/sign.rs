//! AWS Signature Version 4 as S3 and what is compatible with it take it, in the `Authorization` field.
//!
//! What is signed is what is sent: the target goes out in the canonical form, decoded and encoded once, so that edge
//! and origin cannot read it in two ways. A plus in the path is a plus (and goes out as `%2B`, since S3 would read a
//! space); in the query it is a space, as S3 reads it. Only fields are signed that the edge says itself.

use crate::pairs;
use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use http::Method;
use littoral_http_caching::date::civil;
use littoral_policy::S3Signing;
use std::fmt::Write;

/// SHA-256 of nothing.
const NO_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A body that streams cannot be hashed before it is sent.
const STREAMED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What is sent in place of the unsigned request's target, and the fields that go with it.
pub(crate) struct Signed {
    pub(crate) target: Bytes,
    pub(crate) fields: Vec<(&'static [u8], String)>,
}

/// Signs a request for `target` (origin form) of `host` at `now` (seconds since 1970).
pub(crate) fn sign(
    keys: &S3Signing,
    method: &Method,
    target: &[u8],
    host: &[u8],
    has_body: bool,
    now: i64,
) -> Signed {
    let target = Canonical::of(target);
    let payload = if has_body { STREAMED_PAYLOAD } else { NO_PAYLOAD };
    let time = timestamp(now);
    let host = String::from_utf8_lossy(host);
    let mut signed = vec![("host", &*host), ("x-amz-content-sha256", payload), ("x-amz-date", time.as_str())];
    if let Some(token) = &keys.session_token {
        signed.push(("x-amz-security-token", token));
    }
    let authorization = authorization(keys, method.as_str(), &target, &signed, payload, &time);
    let mut fields: Vec<(&'static [u8], String)> = vec![
        (b"x-amz-content-sha256", payload.to_owned()),
        (b"x-amz-date", time.clone()),
        (b"authorization", authorization),
    ];
    if let Some(token) = &keys.session_token {
        fields.push((b"x-amz-security-token", token.to_string()));
    }
    Signed { target: target.to_bytes(), fields }
}

/// The value of `Authorization`. `signed` are the fields that are signed, in the order of their names.
fn authorization(
    keys: &S3Signing,
    method: &str,
    target: &Canonical,
    signed: &[(&str, &str)],
    payload: &str,
    time: &str,
) -> String {
    let S3Signing { region, service, .. } = keys;
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut request = format!("{method}\n{}\n{}\n", target.path, target.query);
    for (name, value) in signed {
        let _ = writeln!(request, "{name}:{}", value.trim());
    }
    let _ = write!(request, "\n{names}\n{payload}");
    let date = &time[..8];
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let hash = digest::digest(&digest::SHA256, request.as_bytes());
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(hash.as_ref()));
    let key = [date, region, service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.secret_key).into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        keys.access_key
    )
}

/// A target of which there is one form: everything but RFC 3986's unreserved characters encoded, parameters sorted.
struct Canonical {
    path: String,
    query: String,
}

impl Canonical {
    fn of(target: &[u8]) -> Canonical {
        let (path, query) = match target.iter().position(|&b| b == b'?') {
            Some(at) => (&target[..at], Some(&target[at + 1..])),
            None => (target, None),
        };
        let mut parameters: Vec<(String, String)> = pairs::parameters(query)
            .map(|(name, value)| (decoded(name, true), decoded(value, true)))
            // How a request is signed is the edge's to say.
            .filter(|(name, _)| !name.to_ascii_lowercase().starts_with(b"x-amz-"))
            .map(|(name, value)| (encoded(&name, false), encoded(&value, false)))
            .collect();
        parameters.sort();
        let query: Vec<String> =
            parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Canonical { path: encoded(&decoded(path, false), true), query: query.join("&") }
    }

    fn to_bytes(&self) -> Bytes {
        if self.query.is_empty() {
            return self.path.clone().into();
        }
        format!("{}?{}", self.path, self.query).into()
    }
}

/// Without percent-encoding; what is none stands for itself.
fn decoded(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 2;
            }
            (b'+', ..) if plus_is_space => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    out
}

fn encoded(bytes: &[u8], keeps_slash: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            b'/' if keeps_slash => out.push('/'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `20130524T000000Z`.
fn timestamp(now: i64) -> String {
    let (year, month, day) = civil(now.div_euclid(86_400));
    let second = now.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
