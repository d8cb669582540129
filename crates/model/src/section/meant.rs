//! What was meant by values and keys that are called, or written, differently elsewhere. It makes hints, nothing else.

use toml::de::DeValue;

/// Words of other houses for values that are called differently here.
pub(super) const VALUES_ELSEWHERE: [(&str, &str); 17] = [
    ("round-robin", "weighted"),
    ("roundrobin", "weighted"),
    ("round_robin", "weighted"),
    ("leastconn", "least-requests"),
    ("least_conn", "least-requests"),
    ("least-connections", "least-requests"),
    ("ip_hash", "hash"),
    ("ip-hash", "hash"),
    ("ordered", "first"),
    ("failover", "first"),
    ("h2", "http2"),
    ("h2c", "http2"),
    ("http/1.1", "http1"),
    ("off", "bypass"),
    ("none", "bypass"),
    ("disabled", "bypass"),
    ("no-store", "bypass"),
];

/// Settings that elsewhere turn verification off; here there is none.
pub(super) const UNVERIFIED: [&str; 8] = [
    "verify",
    "tls_verify",
    "ssl_verify",
    "verify_tls",
    "insecure",
    "insecure_skip_verify",
    "skip_verify",
    "proxy_ssl_verify",
];

/// What a list of texts looks like, where something else stands.
pub(super) fn list_example(key: &str, found: &DeValue<'_>) -> String {
    match (key, found) {
        ("http" | "https", DeValue::Integer(port)) => {
            format!("for every address: [\"0.0.0.0:{0}\", \"[::]:{0}\"]", port.as_str())
        }
        ("trusted_proxies" | "proxy_protocol", _) => "name the networks: [\"10.0.0.0/8\"]".to_owned(),
        _ => "as in [\"a\", \"b\"]".to_owned(),
    }
}

/// What a table looks like, where something else stands.
pub(super) fn table_example(key: &str) -> Option<&'static str> {
    match key {
        "probe" => Some("as in probe = { path = \"/healthz\" }"),
        "secret" => Some("as in secret = { header = \"X-Origin-Secret\", value_file = \"secret.txt\" }"),
        "tls" => Some("as in tls = { ca_file = \"ca.pem\" }"),
        _ => None,
    }
}

/// How many days so many weeks are: `2w`.
pub(super) fn weeks(text: &str) -> Option<u64> {
    let number =
        text.strip_suffix("weeks").or_else(|| text.strip_suffix("week")).or_else(|| text.strip_suffix('w'));
    number?.trim().parse::<u64>().ok()?.checked_mul(7)
}

/// The duration that a word of every day means.
pub(super) fn every(text: &str) -> Option<&'static str> {
    Some(match text {
        "minutely" | "minute" => "1m",
        "hourly" | "hour" => "1h",
        "daily" | "day" => "1d",
        "weekly" | "week" => "7d",
        "monthly" | "month" => "30d",
        _ => return None,
    })
}
