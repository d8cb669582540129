//! A reply, and the sentences that tests say about it.
//!
//! Each assertion prints the whole reply when it fails, and returns the reply, so that they chain.

use std::fmt;

/// One reply, read whole (or as far as it came).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// `HTTP/1.1`.
    pub version: String,
    /// Reason phrase.
    pub reason: String,
    /// Field lines in order, values trimmed; bytes above 0x7f as Latin-1.
    pub fields: Vec<(String, String)>,
    /// Content, transfer coding removed.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Vec<(String, String)>,
    /// Interim replies that came before: status and fields.
    pub interim: Vec<(u16, Vec<(String, String)>)>,
    /// Whether the content came chunked.
    pub chunked: bool,
    /// Whether the content ended with the connection.
    pub until_close: bool,
}

/// `Cache-Status` of one cache (RFC 9211 §2): its name and parameters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CacheStatus {
    /// The cache's name.
    pub cache: String,
    /// Parameters in order; a bare one has an empty value.
    pub parameters: Vec<(String, String)>,
}

impl CacheStatus {
    /// That parameter's value; empty for one without.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the parameter stands there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl Reply {
    /// The first field line of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    /// All field lines of that name.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The content as text, lossily.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the server says that it closes.
    #[must_use]
    pub fn says_close(&self) -> bool {
        self.headers("connection")
            .iter()
            .any(|v| v.split(',').any(|o| o.trim().eq_ignore_ascii_case("close")))
    }

    /// `Cache-Status` of the cache nearest to us: the last member of the list.
    #[must_use]
    pub fn cache_status(&self) -> Option<CacheStatus> {
        let joined = self.headers("cache-status").join(", ");
        let last = outside_quotes(&joined, ',').pop()?.trim().to_owned();
        let mut items = outside_quotes(&last, ';').into_iter();
        let cache = items.next().filter(|name| !name.is_empty())?.trim().to_owned();
        let parameters = items.map(|item| match item.trim().split_once('=') {
            Some((name, value)) => (name.to_owned(), value.trim_matches('"').to_owned()),
            None => (item.trim().to_owned(), String::new()),
        });
        Some(CacheStatus { cache, parameters: parameters.collect() })
    }

    /// Seconds of `Age`.
    #[must_use]
    pub fn age(&self) -> Option<u64> {
        self.header("age")?.parse().ok()
    }

    /// 200 with that content, fetched from the origin for this request.
    #[track_caller]
    pub fn is_forwarded(&self, body: &str) -> &Self {
        self.has_status(200).has_body(body).was_forwarded()
    }

    /// 200 with that content, reused fresh.
    #[track_caller]
    pub fn is_hit(&self, body: &str) -> &Self {
        self.has_status(200).has_body(body).was_hit();
        let ttl = self.cache_status().and_then(|s| s.get("ttl").and_then(|ttl| ttl.parse::<i64>().ok()));
        self.check(ttl.is_none_or(|ttl| ttl >= 0), "to be a fresh hit")
    }

    /// 200 with that content, reused stale.
    #[track_caller]
    pub fn is_stale(&self, body: &str) -> &Self {
        self.has_status(200).has_body(body);
        let said = self.cache_status().unwrap_or_default();
        let negative = said.get("ttl").is_some_and(|ttl| ttl.starts_with('-'));
        self.check(negative, "to be stale: `ttl` below zero in Cache-Status");
        self.check(self.header("age").is_some(), "to carry Age, being stale")
    }

    /// 200 with that content, reused after the origin said that it still holds.
    #[track_caller]
    pub fn is_revalidated(&self, body: &str) -> &Self {
        self.has_status(200).has_body(body);
        let said = self.cache_status().unwrap_or_default();
        self.check(
            said.get("fwd-status") == Some("304"),
            "to be revalidated: `fwd-status=304` in Cache-Status",
        )
    }

    /// Served from the cache without the origin.
    #[track_caller]
    pub fn was_hit(&self) -> &Self {
        let hit = self.cache_status().is_some_and(|said| said.has("hit") && !said.has("fwd"));
        self.check(hit, "to be a hit")
    }

    /// Served by asking the origin.
    #[track_caller]
    pub fn was_forwarded(&self) -> &Self {
        let forwarded = self.cache_status().is_some_and(|said| said.has("fwd") && !said.has("hit"));
        self.check(forwarded, "to be forwarded")
    }

    /// Not served from the cache, whatever else it is.
    #[track_caller]
    pub fn was_not_a_hit(&self) -> &Self {
        let hit = self.cache_status().is_some_and(|said| said.has("hit"));
        self.check(!hit, "not to be a hit")
    }

    /// Has that status.
    #[track_caller]
    pub fn has_status(&self, status: u16) -> &Self {
        self.check(self.status == status, &format!("status {status}"))
    }

    /// Has exactly that content.
    #[track_caller]
    pub fn has_body(&self, body: impl AsRef<[u8]>) -> &Self {
        let body = body.as_ref();
        self.check(self.body == body, &format!("content {:?}", shortened(body)))
    }

    /// Has one field line of that name, with that value.
    #[track_caller]
    pub fn has_header(&self, name: &str, value: &str) -> &Self {
        self.check(self.headers(name) == [value], &format!("`{name}: {value}`"))
    }

    /// Has no field line of that name.
    #[track_caller]
    pub fn lacks_header(&self, name: &str) -> &Self {
        self.check(self.header(name).is_none(), &format!("no `{name}`"))
    }

    /// `Cache-Status` has that parameter with that value (empty for a bare one).
    #[track_caller]
    pub fn has_cache_status(&self, name: &str, value: &str) -> &Self {
        let said = self.cache_status().unwrap_or_default();
        self.check(said.get(name) == Some(value), &format!("`{name}={value}` in Cache-Status"))
    }

    #[track_caller]
    fn check(&self, holds: bool, wanted: &str) -> &Self {
        assert!(holds, "expected {wanted}, but the reply is\n{self}");
        self
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (status, fields) in &self.interim {
            writeln!(f, "  | {status} {fields:?}")?;
        }
        writeln!(f, "  | {} {} {}", self.version, self.status, self.reason)?;
        for (name, value) in self.fields.iter().chain(&self.trailers) {
            writeln!(f, "  | {name}: {value}")?;
        }
        write!(f, "  | {} bytes: {:?}", self.body.len(), shortened(&self.body))
    }
}

fn shortened(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    if body.len() > 300 { format!("{text}… ({} bytes)", body.len()) } else { text }
}

/// Splits at a character that does not stand inside a quoted string.
fn outside_quotes(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c == at && !quoted {
            parts.push(String::new());
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}
