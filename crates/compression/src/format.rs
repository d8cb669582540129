//! The formats, and the windows that everybody can unpack.

/// A format of compressed bytes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// RFC 1952: DEFLATE behind a small header.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Gzip, Format::Brotli, Format::Zstd];
}

/// Largest window that is encoded with in Brotli, as a power of two: 4 MiB. Decoders of the web take 16 MiB; beyond
/// 4 MiB little is won and each of their streams would cost four times the memory.
pub(crate) const BROTLI_WINDOW_BITS_MAX: u32 = 22;

/// Largest window in Zstandard as a content coding, as a power of two: 8 MiB (RFC 9659 §3).
pub(crate) const ZSTD_WINDOW_BITS_MAX: u32 = 23;
