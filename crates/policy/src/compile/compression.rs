//! Compression: codings and media types.

use super::Compiler;
use super::names::is_token;
use crate::{Coding, Compression};
use littoral_model::{CompressionSection, Spanned, nearest, quoted};

const CODINGS: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

impl Compiler<'_> {
    pub(super) fn compression(&mut self, called: &str, section: &CompressionSection) -> Option<Compression> {
        if section.off {
            return None;
        }
        let mut compression =
            Compression { bytes_min: section.bytes_min, decode: section.decode, ..Compression::default() };
        if let Some(names) = &section.codings {
            compression.codings = names.iter().filter_map(|name| self.coding(called, name)).collect();
        }
        if let Some(types) = &section.types {
            compression.types = types.iter().filter_map(|text| self.media_range(called, text)).collect();
        }
        Some(compression)
    }

    fn coding(&mut self, called: &str, name: &Spanned<String>) -> Option<Coding> {
        let found = CODINGS.into_iter().find(|coding| coding.as_str() == name.as_str());
        if found.is_none() {
            let message = format!("the compression of {called} names the coding {}", quoted(name));
            let hint = match name.to_ascii_lowercase().as_str() {
                "brotli" => "as in Content-Encoding: \"br\"".to_owned(),
                "zstandard" => "as in Content-Encoding: \"zstd\"".to_owned(),
                "deflate" => "browsers do not agree what it is; \"gzip\" is as good".to_owned(),
                lower => match nearest(lower, CODINGS.map(Coding::as_str)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "it is \"zstd\", \"br\" or \"gzip\"".to_owned(),
                },
            };
            self.error(&name.span, message, "not made here", hint);
        }
        found
    }

    /// `text/html`, `text/*`, `*+json`, in lower case.
    fn media_range(&mut self, called: &str, text: &Spanned<String>) -> Option<Box<str>> {
        let lower = text.to_ascii_lowercase();
        let is_range = match (lower.strip_prefix("*+"), lower.split_once('/')) {
            (Some(suffix), _) => is_token(suffix) && !suffix.contains('*'),
            (None, Some((kind, "*"))) => is_token(kind) && !kind.contains('*'),
            (None, Some((kind, sub))) => is_token(kind) && is_token(sub) && !lower.contains('*'),
            (None, None) => false,
        };
        if is_range {
            return Some(lower.into());
        }
        let message =
            format!("the compression of {called} is for {}, which is not a media type", quoted(text));
        let hint = match lower.split_once(';') {
            Some((kind, _)) => format!("without its parameters: \"{}\"", kind.trim()),
            None if lower == "*/*" || lower == "*" => {
                "what is compressed already (images, films, archives) only gets slower; name what is text"
                    .to_owned()
            }
            None => "as in \"text/html\", \"text/*\" or \"*+json\"".to_owned(),
        };
        self.error(&text.span, message, "not a media type", hint);
        None
    }
}
