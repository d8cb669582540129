//! Why a request is refused: one name per reason, which is also the metric label and the log field.
//!
//! Every refusal is the client's fault and ends the connection: behind an ambiguous message nobody knows where the
//! next one begins.

use std::fmt;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident, $status:literal, $label:literal;)+) => {
        /// A reason to refuse a request. The connection must be closed after the answer.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Refusal { $($(#[doc = $doc])+ $name,)+ }

        impl Refusal {
            /// Every reason there is, in the order of the enum: for registering one counter each.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$name),+];

            /// The status code to answer with.
            pub fn status(self) -> u16 {
                match self { $(Refusal::$name => $status),+ }
            }

            /// The reason in kebab case: metric label, log field.
            pub fn as_str(self) -> &'static str {
                match self { $(Refusal::$name => $label),+ }
            }
        }
    };
}

refusals! {
    /// A CR that no LF follows (RFC 9112 §2.2).
    BareCr, 400, "bare-cr";
    /// An LF without a CR before it. RFC 9112 §2.2 lets recipients take it; it is how chunk lines are smuggled.
    BareLf, 400, "bare-lf";
    /// A NUL octet (RFC 9110 §5.5).
    Nul, 400, "nul";
    /// More than [`crate::RequestParser::EMPTY_LINES_MAX`] empty lines before a request line.
    EmptyLines, 400, "empty-lines";
    /// A field line that begins with whitespace and would continue the one before it (RFC 9112 §5.2).
    ObsFold, 400, "obs-fold";
    /// Whitespace between the request line and the first field line (RFC 9112 §2.2).
    SpaceBeforeFields, 400, "space-before-fields";
    /// Whitespace between a field name and its colon (RFC 9112 §5.1).
    SpaceBeforeColon, 400, "space-before-colon";
    /// A field name that is not a token, is empty, or has no colon.
    FieldNameMalformed, 400, "field-name-malformed";
    /// A control character in a field value.
    FieldValueMalformed, 400, "field-value-malformed";
    /// More field lines than [`crate::Limits::fields_max`].
    TooManyFields, 431, "too-many-fields";
    /// A head longer than [`crate::Limits::head_bytes_max`].
    HeadTooLarge, 431, "head-too-large";
    /// A request line that does not begin with a token and a space.
    MethodMalformed, 400, "method-malformed";
    /// A method longer than any there is (RFC 9112 §3).
    MethodTooLong, 501, "method-too-long";
    /// TRACE and CONNECT, which are not implemented for any resource (RFC 9110 §9.1: 501, not 405).
    MethodForbidden, 501, "method-forbidden";
    /// A target in no form that fits its method, or with octets outside visible ASCII, or with a fragment.
    TargetMalformed, 400, "target-malformed";
    /// A target longer than [`crate::Limits::target_bytes_max`].
    TargetTooLong, 414, "target-too-long";
    /// No version, or none in the form `HTTP/1.1`; so HTTP/0.9 too.
    VersionMalformed, 400, "version-malformed";
    /// A version other than 1.0 and 1.1, such as the preface of HTTP/2 in clear text.
    VersionUnsupported, 505, "version-unsupported";
    /// No `Host` in HTTP/1.1 (RFC 9112 §3.2).
    HostMissing, 400, "host-missing";
    /// More than one `Host` line.
    HostRepeated, 400, "host-repeated";
    /// An empty `Host`, or one that is not a host with an optional port.
    HostMalformed, 400, "host-malformed";
    /// A `Host` that is not the authority of an absolute-form target, as RFC 9112 §3.2.2 obliges clients to send it.
    HostMismatch, 400, "host-mismatch";
    /// `Content-Length` and `Transfer-Encoding` in one message (RFC 9112 §6.1).
    BothLengths, 400, "both-lengths";
    /// More than one `Content-Length` line, identical or not.
    ContentLengthRepeated, 400, "content-length-repeated";
    /// A `Content-Length` that is not digits, or beyond 2⁶³ − 1.
    ContentLengthMalformed, 400, "content-length-malformed";
    /// A `Transfer-Encoding` whose last coding is not `chunked`, or that names it twice, or is not a list of tokens
    /// (RFC 9112 §6.3).
    TransferEncodingMalformed, 400, "transfer-encoding-malformed";
    /// A transfer coding before `chunked` (RFC 9112 §6.1).
    TransferEncodingUnknown, 501, "transfer-encoding-unknown";
    /// `Transfer-Encoding` in HTTP/1.0 (RFC 9112 §6.1).
    TransferEncodingIn10, 400, "transfer-encoding-in-10";
    /// A `Connection` with a member that is no token (RFC 9110 §7.6.1): parsers differ on whether it says `close`.
    ConnectionMalformed, 400, "connection-malformed";
    /// An expectation other than `100-continue` (RFC 9110 §10.1.1).
    ExpectationUnknown, 417, "expectation-unknown";
    /// A chunk size that is not 1 to 16 hexadecimal digits below 2⁶³, or with anything but `;` or CRLF behind it.
    ChunkSizeMalformed, 400, "chunk-size-malformed";
    /// A chunk extension outside the grammar of RFC 9112 §7.1.1, "bad" whitespace included.
    ChunkExtensionMalformed, 400, "chunk-extension-malformed";
    /// A chunk line longer than [`crate::Limits::chunk_line_bytes_max`], or far more chunk lines than data.
    ChunkExtensionTooLong, 400, "chunk-extension-too-long";
    /// Chunk data not followed by CRLF.
    ChunkEndMalformed, 400, "chunk-end-malformed";
    /// A trailer section longer than [`crate::Limits::trailer_bytes_max`].
    TrailerTooLarge, 431, "trailer-too-large";
    /// A head that the strict scanner and httparse do not both take. Never seen; refused rather than trusted.
    ReadingsDiffer, 400, "readings-differ";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_kebab_case_and_statuses_are_client_errors_or_unsupported() {
        let mut labels: Vec<_> = Refusal::ALL.iter().map(|r| r.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(refusal.as_str().bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
            assert!(matches!(refusal.status(), 400 | 414 | 417 | 431 | 501 | 505));
        }
    }
}
