//! The field names that the request path looks at, as small numbers.
//!
//! A head is read once; from then on a field is found by comparing one byte. The table behind [`Known::of`] is a
//! perfect hash searched at compile time, so that recognizing a name is one load and one comparison.
//! Deliberately not here: any meaning of the fields.

macro_rules! known {
    ($($variant:ident $name:literal,)+) => {
        /// A field name known by number; `Other` is every name not listed.
        #[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Known {
            /// Any name that is not in the list.
            Other,
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        /// All known names, lower case; index is the number minus one.
        const NAMES: &[&str] = &[$($name),+];
        const IDS: &[Known] = &[Known::Other, $(Known::$variant),+];
    };
}

known! {
    Accept "accept",
    AcceptCharset "accept-charset",
    AcceptEncoding "accept-encoding",
    AcceptLanguage "accept-language",
    AcceptRanges "accept-ranges",
    Age "age",
    Allow "allow",
    AltSvc "alt-svc",
    Authorization "authorization",
    CacheControl "cache-control",
    CacheStatus "cache-status",
    CacheTag "cache-tag",
    CdnCacheControl "cdn-cache-control",
    CdnLoop "cdn-loop",
    Connection "connection",
    ContentDisposition "content-disposition",
    ContentEncoding "content-encoding",
    ContentLanguage "content-language",
    ContentLength "content-length",
    ContentLocation "content-location",
    ContentMd5 "content-md5",
    ContentRange "content-range",
    ContentSecurityPolicy "content-security-policy",
    ContentType "content-type",
    Cookie "cookie",
    Date "date",
    ETag "etag",
    Expect "expect",
    Expires "expires",
    Forwarded "forwarded",
    From "from",
    Host "host",
    IfMatch "if-match",
    IfModifiedSince "if-modified-since",
    IfNoneMatch "if-none-match",
    IfRange "if-range",
    IfUnmodifiedSince "if-unmodified-since",
    KeepAlive "keep-alive",
    LastModified "last-modified",
    Link "link",
    LittoralCdnCacheControl "littoral-cdn-cache-control",
    Location "location",
    MaxForwards "max-forwards",
    Origin "origin",
    Pragma "pragma",
    ProxyAuthenticate "proxy-authenticate",
    ProxyAuthenticationInfo "proxy-authentication-info",
    ProxyAuthorization "proxy-authorization",
    ProxyConnection "proxy-connection",
    Range "range",
    Referer "referer",
    RetryAfter "retry-after",
    SecWebSocketKey "sec-websocket-key",
    Server "server",
    SetCookie "set-cookie",
    SetCookie2 "set-cookie2",
    StrictTransportSecurity "strict-transport-security",
    SurrogateControl "surrogate-control",
    SurrogateKey "surrogate-key",
    Te "te",
    Trailer "trailer",
    TransferEncoding "transfer-encoding",
    Upgrade "upgrade",
    UserAgent "user-agent",
    Vary "vary",
    Via "via",
    Warning "warning",
    WwwAuthenticate "www-authenticate",
    XForwardedFor "x-forwarded-for",
    XForwardedHost "x-forwarded-host",
    XForwardedPort "x-forwarded-port",
    XForwardedProto "x-forwarded-proto",
    XHost "x-host",
    XHttpMethodOverride "x-http-method-override",
    XOriginalUrl "x-original-url",
    XRealIp "x-real-ip",
    XRequestId "x-request-id",
    XRewriteUrl "x-rewrite-url",
}

impl Known {
    /// How many numbers there are, `Other` included; below 128, so that a set of them fits a `u128`.
    pub const COUNT: usize = IDS.len();

    /// The number of the field named `name`, in any case. No allocation.
    #[inline]
    pub fn of(name: &[u8]) -> Known {
        if name.len() < LENGTH_MIN || name.len() > LENGTH_MAX {
            return Known::Other;
        }
        let candidate = TABLE[slot(name, SEED)] as usize;
        if candidate != 0 && same_folded(name, NAMES[candidate - 1].as_bytes()) {
            IDS[candidate]
        } else {
            Known::Other
        }
    }

    /// The field's name in lower case; empty for `Other`.
    pub fn as_str(self) -> &'static str {
        match self {
            Known::Other => "",
            known => NAMES[known as usize - 1],
        }
    }

    /// The bit that stands for this field in a set.
    #[inline]
    pub(crate) fn bit(self) -> u128 {
        1 << self as u32
    }
}

const TABLE_BITS: u32 = 9;
const LENGTH_MIN: usize = extreme_length(false);
const LENGTH_MAX: usize = extreme_length(true);
const SEED: u32 = find_seed();
const TABLE: [u8; 1 << TABLE_BITS] = build_table(SEED);

const _: () = assert!(IDS.len() < 128, "a set of fields is a u128");
const _: () = assert!(LENGTH_MIN >= 2, "slot() reads the last two bytes");

/// Where `name` would stand in the table: its length and four of its bytes, case folded, multiplied.
#[inline]
const fn slot(name: &[u8], seed: u32) -> usize {
    let length = name.len();
    let a = (name[0] | 0x20) as u32;
    let b = (name[length / 2] | 0x20) as u32;
    let c = (name[length - 2] | 0x20) as u32;
    let d = (name[length - 1] | 0x20) as u32;
    let mixed = (a | b << 8 | c << 16 | d << 24) ^ (length as u32).wrapping_mul(0x9e37_79b1);
    (mixed.wrapping_mul(seed) >> (32 - TABLE_BITS)) as usize
}

/// Whether `name`, its letters made lower case, is `lower`. Eight bytes at a time: names are too short for the standard
/// library's wider steps to pay.
#[inline]
fn same_folded(name: &[u8], lower: &[u8]) -> bool {
    if name.len() != lower.len() {
        return false;
    }
    let word = |bytes: &[u8], at: usize| match bytes[at..].first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => unreachable!("at most eight bytes before the end"),
    };
    let Some(last) = name.len().checked_sub(8) else {
        return name.eq_ignore_ascii_case(lower);
    };
    let mut at = 0;
    while at < last {
        if fold(word(name, at)) != word(lower, at) {
            return false;
        }
        at += 8;
    }
    fold(word(name, last)) == word(lower, last)
}

/// Eight bytes with A to Z made lower case and all others left alone.
#[inline]
fn fold(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7f * ONES);
    let at_least_a = low + (0x80 - b'A' as u64) * ONES;
    let above_z = low + (0x7f - b'Z' as u64) * ONES;
    let upper = (at_least_a ^ above_z) & !word & (0x80 * ONES);
    word | upper >> 2
}

const fn find_seed() -> u32 {
    let mut seed = 0x2545_f491_u32;
    loop {
        if places_all(seed) {
            return seed;
        }
        seed = seed.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f) | 1;
    }
}

const fn places_all(seed: u32) -> bool {
    let mut taken = [false; 1 << TABLE_BITS];
    let mut index = 0;
    while index < NAMES.len() {
        let slot = slot(NAMES[index].as_bytes(), seed);
        if taken[slot] {
            return false;
        }
        taken[slot] = true;
        index += 1;
    }
    true
}

const fn build_table(seed: u32) -> [u8; 1 << TABLE_BITS] {
    let mut table = [0; 1 << TABLE_BITS];
    let mut index = 0;
    while index < NAMES.len() {
        table[slot(NAMES[index].as_bytes(), seed)] = index as u8 + 1;
        index += 1;
    }
    table
}

const fn extreme_length(longest: bool) -> usize {
    let mut found = NAMES[0].len();
    let mut index = 0;
    while index < NAMES.len() {
        let length = NAMES[index].len();
        if (longest && length > found) || (!longest && length < found) {
            found = length;
        }
        index += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_itself_in_any_case() {
        for (index, name) in NAMES.iter().enumerate() {
            let known = IDS[index + 1];
            assert_eq!(known.as_str(), *name);
            assert_eq!(Known::of(name.as_bytes()), known);
            assert_eq!(Known::of(name.to_ascii_uppercase().as_bytes()), known);
            assert_eq!(Known::of(format!("{name}x").as_bytes()), Known::Other);
            assert_eq!(Known::of(&name.as_bytes()[1..]), Known::Other, "{name}");
        }
    }

    #[test]
    fn words_are_folded_as_single_bytes_are() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"aZ@[`{\x80z";
                bytes[place] = byte;
                let folded = fold(u64::from_le_bytes(bytes)).to_le_bytes();
                assert_eq!(folded, bytes.map(|b| b.to_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn folding_case_does_not_fold_control_characters() {
        assert_eq!(Known::of(b"cache\x0dcontrol"), Known::Other);
        assert_eq!(Known::of(b""), Known::Other);
    }
}
