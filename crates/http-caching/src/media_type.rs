//! Media types: patterns over them, and the guard against cache deception, which holds what a path looks like against
//! what the response says it is.

use crate::list;

/// The type and subtype of a `Content-Type`, without parameters, as written.
pub fn essence(content_type: &[u8]) -> &[u8] {
    list::trim(content_type.split(|&byte| byte == b';').next().unwrap_or_default())
}

/// Whether a `Content-Type` is of `pattern`: `text/html`, `text/*`, `*+json`. Patterns are in lower case.
pub fn matches(pattern: &str, content_type: &[u8]) -> bool {
    is(pattern, essence(content_type))
}

/// Whether the type and subtype `found` are of `pattern`.
pub fn is(pattern: &str, found: &[u8]) -> bool {
    if let Some(family) = pattern.strip_suffix('*') {
        return found.len() > family.len() && starts_with(found, family.as_bytes());
    }
    if let Some(suffix) = pattern.strip_prefix('*') {
        return found.len() > suffix.len()
            && found[found.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes());
    }
    found.eq_ignore_ascii_case(pattern.as_bytes())
}

fn starts_with(found: &[u8], prefix: &[u8]) -> bool {
    found.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A path that ends like a file of one kind, and a response of another kind.
///
/// An attacker who gets somebody to open `/account/x.css` on a site that answers with the account page would find the
/// page in the cache, if styles are cached by their name.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TypeMismatch {
    /// The path's extension, in lower case.
    pub extension: &'static str,
    /// What it stands for.
    pub family: &'static str,
}

impl std::fmt::Display for TypeMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the path ends in `.{}` ({}), the response is something else", self.extension, self.family)
    }
}

impl std::error::Error for TypeMismatch {}

/// What extensions stand for: their family, the extensions, and the types that are no surprise.
const FAMILIES: &[(&str, &[&str], &[&str])] = &[
    ("style", &["css"], &["text/css"]),
    ("script", &["js", "mjs", "cjs"], &["*/javascript", "*/x-javascript", "*/ecmascript", "text/plain"]),
    ("source map", &["map"], &["*/json", "*+json", "text/plain", "*/javascript"]),
    ("data", &["json", "webmanifest"], &["*/json", "*+json", "text/plain"]),
    ("data", &["xml", "rss", "atom"], &["*/xml", "*+xml", "text/plain"]),
    (
        "data",
        &["csv", "tsv"],
        &["text/csv", "text/tab-separated-values", "text/plain", "application/vnd.ms-excel"],
    ),
    ("text", &["txt", "md"], &["text/plain", "text/markdown", "text/x-markdown"]),
    ("page", &["html", "htm", "xhtml"], &["text/html", "application/xhtml+xml"]),
    (
        "image",
        &[
            "avif", "bmp", "cur", "gif", "heic", "heif", "ico", "jpeg", "jpg", "jxl", "png", "svg", "svgz",
            "tif", "tiff", "webp",
        ],
        &["image/*"],
    ),
    (
        "font",
        &["eot", "otf", "ttc", "ttf", "woff", "woff2"],
        &["font/*", "application/font-*", "application/x-font-*", "application/vnd.ms-fontobject"],
    ),
    (
        "audio",
        &["aac", "flac", "m4a", "mid", "midi", "mp3", "oga", "ogg", "opus", "wav", "weba"],
        &["audio/*", "video/*", "application/ogg"],
    ),
    (
        "video",
        &["avi", "flv", "m4s", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "ts", "webm", "wmv"],
        &["video/*", "audio/*", "application/mp4", "application/x-matroska", "application/ogg"],
    ),
    ("playlist", &["m3u8"], &["*/vnd.apple.mpegurl", "*/x-mpegurl", "audio/*", "text/plain"]),
    ("playlist", &["mpd"], &["application/dash+xml", "*/xml"]),
    ("document", &["pdf"], &["application/pdf", "application/x-pdf"]),
    (
        "document",
        &["doc", "docx", "odp", "ods", "odt", "ppt", "pptx", "rtf", "xls", "xlsx"],
        &["application/msword", "application/vnd.*", "application/rtf", "text/rtf", "application/zip"],
    ),
    ("book", &["epub"], &["application/epub+zip", "application/zip"]),
    (
        "archive",
        &["7z", "bz2", "gz", "jar", "lz4", "rar", "tar", "tgz", "xz", "zip", "zst"],
        &[
            "application/*zip*",
            "application/*tar",
            "application/*rar*",
            "application/*7z*",
            "application/x-xz",
            "application/zstd",
            "application/java-archive",
            "application/x-bzip2",
            "application/x-compressed*",
        ],
    ),
    (
        "program",
        &["apk", "bin", "deb", "dmg", "exe", "iso", "msi", "pkg", "rpm"],
        &["application/x-*", "application/vnd.*", "application/java-archive"],
    ),
    ("program", &["wasm"], &["application/wasm"]),
    ("class", &["class", "swf"], &["application/*java*", "application/x-shockwave-flash"]),
];

/// Holds the extension of `path` (without query) against the `Content-Type` of the response to it. Extensions that are
/// not in the table, a response without `Content-Type`, and `application/octet-stream`, which browsers only save, are
/// let through.
///
/// # Errors
/// They are of different kinds: the response is not to be shared.
pub fn type_guard(path: &[u8], content_type: Option<&[u8]>) -> Result<(), TypeMismatch> {
    let Some(content_type) = content_type else { return Ok(()) };
    let found = essence(content_type);
    if found.is_empty() || found.eq_ignore_ascii_case(b"application/octet-stream") {
        return Ok(());
    }
    let Some(extension) = extension(path) else { return Ok(()) };
    for (family, extensions, types) in FAMILIES {
        let Some(known) = extensions.iter().find(|known| extension.eq_ignore_ascii_case(known.as_bytes()))
        else {
            continue;
        };
        return if types.iter().any(|pattern| globs(pattern.as_bytes(), found)) {
            Ok(())
        } else {
            Err(TypeMismatch { extension: known, family })
        };
    }
    Ok(())
}

/// What stands behind the last dot of the last segment, as a behavior's `*.css` sees it: `/account;x.css` ends so, too.
fn extension(path: &[u8]) -> Option<&[u8]> {
    let segment = path.rsplit(|&byte| byte == b'/').next()?;
    let dot = segment.iter().rposition(|&byte| byte == b'.')?;
    Some(&segment[dot + 1..])
}

/// Whether `text` is of `pattern`, in which `*` stands for any bytes; letter case does not matter.
fn globs(pattern: &[u8], text: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|&byte| byte == b'*') else {
        return pattern.eq_ignore_ascii_case(text);
    };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    starts_with(text, before) && (before.len()..=text.len()).any(|from| globs(after, &text[from..]))
}
