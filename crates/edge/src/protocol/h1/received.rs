//! From a parsed head to the request that the path works with.

use crate::peer::Origination;
use crate::request::{Protocol, Request, authority_and_host};
use crate::request_id::RequestId;
use crate::target::{Target, TargetMistake};
use bytes::Bytes;
use littoral_h1::{RequestFraming, RequestHead, TargetForm, Version};
use littoral_http_caching::hop_by_hop::{ConnectionOptions, end_to_end};
use littoral_http_caching::{Fields, Known, Method};

/// The request whose head `parsed` found in `bytes`. `originate` says whose it is, `name` what it is called where
/// nobody did.
///
/// # Errors
/// Its target can be read in two ways: the reason's name.
pub(crate) fn received(
    bytes: &Bytes,
    parsed: &RequestHead,
    originate: impl FnOnce(&Fields) -> Origination,
    name: impl FnOnce() -> RequestId,
    number: u64,
) -> Result<Request, &'static str> {
    let span = |span: littoral_h1::Span| bytes.slice(span.range());
    let target = match parsed.form {
        TargetForm::Origin => Target::normalize(span(parsed.target)),
        TargetForm::Asterisk => Ok(Target::asterisk()),
        TargetForm::Absolute { path_and_query, .. } => {
            let text = span(path_and_query);
            if text.is_empty() && parsed.method.of(bytes) == b"OPTIONS" {
                Ok(Target::asterisk())
            } else if text.first() == Some(&b'/') {
                Target::normalize(text)
            } else {
                Target::normalize(Bytes::from([b"/", &text[..]].concat()))
            }
        }
    }
    .map_err(TargetMistake::as_str)?;
    let method_text = span(parsed.method);
    let spans = parsed.fields.iter().map(|field| (field.name.range(), field.value.range()));
    let fields = without_nominated(Fields::from_spans(bytes.clone(), spans));
    let Origination { client, scheme, hops, authority, request_id } = originate(&fields);
    let (authority, host) = authority.unwrap_or_else(|| authority_and_host(&span(parsed.host)));
    Ok(Request {
        protocol: match parsed.version {
            Version::Http10 => Protocol::Http10,
            Version::Http11 => Protocol::Http11,
        },
        method: Method::of(&method_text),
        fields,
        method_text,
        host,
        authority,
        target,
        scheme,
        client,
        hops,
        body_length: match parsed.framing {
            RequestFraming::Length(length) => Some(length),
            RequestFraming::None | RequestFraming::Chunked => None,
        },
        has_body: !matches!(parsed.framing, RequestFraming::None | RequestFraming::Length(0)),
        upgrade: parsed.upgrade.map(span),
        id: request_id.unwrap_or_else(name),
        number,
    })
}

/// The fields without those that `Connection` nominates: they end here, and what the origin will not see must not
/// choose a key or a variant either.
fn without_nominated(fields: Fields) -> Fields {
    if !fields.has(Known::Connection) {
        return fields;
    }
    let nominates = {
        let options = ConnectionOptions::of(&fields);
        fields.iter().any(|line| line.known == Known::Other && options.has(line.name))
    };
    if nominates { end_to_end(&fields) } else { fields }
}
