//! What is compressed on its way to clients.

pub use littoral_http_caching::Coding;

/// A behavior's compression: of what origins send as it is, and of nothing that they have encoded themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compression {
    /// The codings on offer, the favourite first: among those that a client likes equally, it decides. Never empty.
    pub codings: Box<[Coding]>,
    /// Shorter content is sent as it is. Default 1 KiB; 0 to 1 MiB.
    pub bytes_min: u64,
    /// Media types that are worth it, in lower case: `text/html`, `text/*`, `*+json`. Never empty.
    pub types: Box<[Box<str>]>,
    /// Whether what an origin encoded is unpacked for clients that do not take it so. Default true.
    pub decode: bool,
}

impl Default for Compression {
    fn default() -> Compression {
        Compression {
            codings: [Coding::Zstd, Coding::Brotli, Coding::Gzip].into(),
            bytes_min: 1024,
            types: COMPRESSED_TYPES.iter().map(|text| (*text).into()).collect(),
            decode: true,
        }
    }
}

/// Media types that are compressed where the file names none.
pub const COMPRESSED_TYPES: &[&str] = &[
    "text/*",
    "*+json",
    "*+xml",
    "*+text",
    "application/ecmascript",
    "application/geo+json",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/ndjson",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-httpd-php",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-web-app-manifest+json",
    "application/xhtml+xml",
    "application/xml",
    "application/yaml",
    "application/dash+xml",
    "font/collection",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "model/gltf+json",
    "model/obj",
];
