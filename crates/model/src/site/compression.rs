//! `compression` of a behavior: what is compressed on its way to clients.

use crate::section::{Empty, MEMBERS_MAX, Section};
use crate::{Bounds, Span, Spanned};
use toml::de::DeValue;

/// The keys of the table, for hints.
const KEYS: &[&str] = &["codings", "bytes_min", "types", "decode"];

const BYTES_MIN: Bounds<u64> = Bounds::new(1 << 10, 0, 1 << 20);

/// Compression as written.
#[derive(Clone, PartialEq, Debug)]
pub struct CompressionSection {
    /// Where it stands; `None`: the file says nothing of it.
    pub span: Option<Span>,
    /// `"off"`
    pub off: bool,
    /// `zstd`, `br`, `gzip`, the favourite first. Default all three.
    pub codings: Option<Vec<Spanned<String>>>,
    /// Shorter content is sent as it is. Default 1 KiB; 0 B to 1 MiB.
    pub bytes_min: u64,
    /// Media types. Default: those of text.
    pub types: Option<Vec<Spanned<String>>>,
    /// Whether what an origin encoded is unpacked for clients that do not take it so. Default true.
    pub decode: bool,
}

impl Default for CompressionSection {
    /// `"auto"`
    fn default() -> CompressionSection {
        CompressionSection {
            span: None,
            off: false,
            codings: None,
            bytes_min: BYTES_MIN.default,
            types: None,
            decode: true,
        }
    }
}

pub(super) fn read(behavior: &Section<'_>) -> CompressionSection {
    const EXAMPLE: &str = "it is \"auto\", \"off\" or a table, as in { codings = [\"br\", \"gzip\"] }";
    let mut compression = CompressionSection::default();
    let Some(value) = behavior.value("compression") else { return compression };
    compression.span = Some(value.span());
    match value.get_ref() {
        DeValue::String(_) => {
            let choice = behavior.choice("compression", &[("off", true), ("auto", false)]);
            compression.off = choice.is_some_and(|off| off.value);
        }
        DeValue::Table(table) => {
            let called = format!("the compression of {}", behavior.name());
            let section = Section::new(behavior.reader(), table, called, value.span());
            let texts =
                |key, hint| section.texts(key, MEMBERS_MAX, Empty::Refused(hint)).map(|list| list.value);
            compression.codings = texts("codings", "to compress nothing, say compression = \"off\"");
            compression.types = texts("types", "leave it out to compress what is text");
            compression.bytes_min = section.size("bytes_min", BYTES_MIN);
            compression.decode = section.flag("decode", true);
            section.finish(&[("`compression`", KEYS)]);
        }
        _ => {
            behavior.wrong_kind::<()>("compression", value, "a text or a table", Some(EXAMPLE));
        }
    }
    compression
}
