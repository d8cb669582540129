//! One module per target, each with `run(input)`, which panics when something that must hold does not.

pub mod compression_decode;
pub mod forwarding_fields;
pub mod forwarding_proxy;
pub mod h1_body;
pub mod h1_request_head;
pub mod h1_response;
pub mod http_caching_coding;
pub mod http_caching_date;
pub mod http_caching_range;
pub mod http_caching_response;
pub mod ledger_entry;
pub mod ledger_journal;
pub mod ledger_manifest;
pub mod model_site_file;
pub mod records_digests;
pub mod records_line;
pub mod resolver_answer;
pub mod rules_filter;
pub mod rules_path;
pub mod rules_template;

#[allow(dead_code, reason = "shared with the tests of littoral-h1, which use all of it")]
#[path = "../../../crates/h1/tests/it/drive.rs"]
mod h1_drive;

/// A target: its name, which its folder in `corpus` bears too, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: &[Target] = &[
    ("compression_decode", compression_decode::run),
    ("forwarding_fields", forwarding_fields::run),
    ("forwarding_proxy", forwarding_proxy::run),
    ("h1_body", h1_body::run),
    ("h1_request_head", h1_request_head::run),
    ("h1_response", h1_response::run),
    ("http_caching_coding", http_caching_coding::run),
    ("http_caching_date", http_caching_date::run),
    ("http_caching_range", http_caching_range::run),
    ("http_caching_response", http_caching_response::run),
    ("ledger_entry", ledger_entry::run),
    ("ledger_journal", ledger_journal::run),
    ("ledger_manifest", ledger_manifest::run),
    ("model_site_file", model_site_file::run),
    ("records_digests", records_digests::run),
    ("records_line", records_line::run),
    ("rules_filter", rules_filter::run),
    ("resolver_answer", resolver_answer::run),
    ("rules_path", rules_path::run),
    ("rules_template", rules_template::run),
];

/// Cuts `input` into pieces at places that follow from its bytes, so that an input stays what would be sent.
fn pieces(input: &[u8]) -> Vec<&[u8]> {
    let mut state = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut rest = input;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (piece, behind) = rest.split_at((1 + (state >> 58) as usize).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
