//! Poisoning of a site that uses what behaviors offer: conditions, keys, rewrites, field rules, compression, a group of
//! origins with secrets. The tricks against any site are played here, too.

use crate::compression::content;
use crate::poisoning::{MARK, STEERING, TRICKS, play};
use littoral_testbed::{Answer, Builder, Reply, Request, Testbed, dynamic, ok, origin, status};

const SITE: &str = r#"
version = 1
name = "site"
hosts = ["site.test", "www.site.test"]
canonical_host = "site.test"
[origins.a]
url = "{origin}"
secret = { header = "X-Origin-Secret", value = "0123456789abcdef" }
[origins.b]
url = "{origin1}"
[groups.web]
members = ["a", "b"]
balance = "weighted"

[[behaviors]]
name = "beta"
when = 'header["x-beta"] == "evil" or cookie["beta"] == "evil"'
origin = "web"
rewrites = [{ prefix = "/page", to = "/evil" }]
request_headers = [{ set = "X-Theme", value = "evil" }]
compression = { bytes_min = "0B" }
[behaviors.key]
headers = ["x-beta"]
cookies = ["beta"]

[[behaviors]]
name = "parameters"
when = 'query["theme"] == "evil"'
origin = "web"
request_headers = [{ set = "X-Theme", value = "evil" }]
[behaviors.key]
query = { except = ["theme"] }

[[behaviors]]
name = "all"
origin = "web"
redirects = [{ prefix = "/old", to = "/new" }]
rewrites = [{ regex = '^/page([0-9]+)_v[0-9a-f]+$', to = "/page${1}" }]
request_headers = [
  { set = "X-Real-IP", value = "${client.ip}" },
  { set = "X-Theme", value = "${header.x-lang}" },
  { remove = "X-Debug" },
  { default = "X-Mode", value = "plain" },
]
response_headers = [
  { set = "X-Served", value = "${host}${path} ${cache}" },
  { add = "Vary", value = "Origin" },
  { remove = "X-Powered-By" },
]
compression = { bytes_min = "0B" }
[behaviors.cache]
ranges = "forward"
[behaviors.key]
headers = ["x-lang"]
cookies = ["lang"]
query = { except = ["utm"] }
"#;

/// Fields that this origin obeys, beside those that many do.
const OBEYED: &[&str] = &["cookie", "x-debug", "x-lang", "x-theme"];

/// What the edge says itself, or never lets through. What it says differs from one request to the next.
const OURS: &[&str] = &["http2-settings", "traceparent", "tracestate", "x-origin-secret", "x-request-id"];

/// As careless as an application can be: it obeys what it sees, and reads names as CGI does.
fn gullible(request: &Request) -> Answer {
    let mut said = format!("{} {} host={} ", request.method, request.target, request.headers("host"));
    for (name, value) in &request.fields {
        let read_as = name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let is_obeyed = STEERING.contains(&&*read_as) || OBEYED.contains(&&*read_as);
        if is_obeyed || OURS.contains(&&*read_as) && value.contains(MARK) {
            said.push_str(&format!("{read_as}={value} "));
        }
    }
    said.push_str(&format!("content={} {}", request.text(), "all that is said. ".repeat(8)));
    let answer = match request.headers("x-http-method-override").as_str() {
        "" => ok(said),
        _ => status(404, said),
    };
    let whose = request.headers("cookie");
    answer
        .header("Content-Type", "text/html")
        .header("X-Seen", format!("[{whose}]"))
        .header("X-Powered-By", "gullibility")
        .etag("\"v1\"")
        .max_age(60)
}

fn bed() -> Builder {
    let script = || origin("*", dynamic(gullible));
    Testbed::builder(script()).and_origin(script()).site(SITE)
}

/// Tricks against what this site says.
const MORE: &[(&str, &str)] = &[
    ("a condition's field", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Beta: evil\r\n\r\n"),
    (
        "a condition's field, twice",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Beta: 1\r\nX-Beta: evil\r\n\r\n",
    ),
    (
        "a condition's field hidden by a connection option",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nConnection: X-Beta\r\nX-Beta: evil\r\n\r\n",
    ),
    ("a condition's cookie", "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: beta=evil\r\n\r\n"),
    (
        "a condition's cookie among others",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: a=1;beta=evil\r\n\r\n",
    ),
    (
        "a condition's cookie with a blank",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: beta =evil\r\n\r\n",
    ),
    (
        "a condition's cookie, quoted",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: x=\"; beta=evil\"\r\n\r\n",
    ),
    ("HEAD with a condition's field", "HEAD {p} HTTP/1.1\r\nHost: site.test\r\nX-Beta: evil\r\n\r\n"),
    ("a condition's parameter that no key holds", "GET {p}?theme=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("the same, encoded", "GET {p}?%74heme=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("the same, twice", "GET {p}?theme=1&theme=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("the same, with a semicolon", "GET {p}?a=1;theme=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a dropped parameter", "GET {p}?utm=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a dropped parameter, encoded", "GET {p}?%75tm=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a keyed field", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Lang: evil\r\n\r\n"),
    ("a keyed field by another name", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX_Lang: evil\r\n\r\n"),
    ("a keyed field, empty", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Lang:\r\n\r\n"),
    (
        "a keyed field with the separator of keys",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Lang: \x00;lang\nevil\r\n\r\n",
    ),
    ("a keyed cookie", "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: lang=evil\r\n\r\n"),
    ("a cookie that no key holds", "GET {p} HTTP/1.1\r\nHost: site.test\r\nCookie: session=evil\r\n\r\n"),
    (
        "HEAD with a cookie that no key holds",
        "HEAD {p} HTTP/1.1\r\nHost: site.test\r\nCookie: session=evil\r\n\r\n",
    ),
    ("a field that a rule sets", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Theme: evil\r\n\r\n"),
    (
        "a field that a rule sets, by another name",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX_Theme: evil\r\n\r\n",
    ),
    ("a field that a rule removes", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Debug: evil\r\n\r\n"),
    (
        "a field that a rule removes, by another name",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX.Debug: evil\r\n\r\n",
    ),
    ("the secret's field", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Origin-Secret: evil\r\n\r\n"),
    (
        "the secret's field by another name",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX_Origin_Secret: evil\r\n\r\n",
    ),
    ("an id", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Request-Id: evil\r\n\r\n"),
    ("an id by another name", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX_Request_Id: evil\r\n\r\n"),
    ("a trace", "GET {p} HTTP/1.1\r\nHost: site.test\r\nTraceparent: evil\r\nTracestate: evil\r\n\r\n"),
    ("a rewritten path", "GET {p}_vabc HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("gzip", "GET {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: gzip\r\n\r\n"),
    ("no identity", "GET {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: br, identity;q=0\r\n\r\n"),
    ("nothing at all", "GET {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: *;q=0\r\n\r\n"),
    ("a coding of one's own", "GET {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: evil\r\n\r\n"),
    (
        "a part, encoded",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: gzip\r\nRange: bytes=0-3\r\n\r\n",
    ),
    (
        "a part of a part",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nRange: bytes=0-3\r\nIf-Range: \"v1~gzip\"\r\n\r\n",
    ),
    ("the tag of an encoding", "GET {p} HTTP/1.1\r\nHost: site.test\r\nIf-None-Match: \"v1~br\"\r\n\r\n"),
    (
        "a tag that is marked twice",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nIf-None-Match: \"v1~br~gzip\"\r\n\r\n",
    ),
    ("HEAD, encoded", "HEAD {p} HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: zstd\r\n\r\n"),
    (
        "no-store of the client",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nCache-Control: no-store, evil\r\n\r\n",
    ),
    ("Authorization", "GET {p} HTTP/1.1\r\nHost: site.test\r\nAuthorization: Basic evil\r\n\r\n"),
    ("HEAD with Authorization", "HEAD {p} HTTP/1.1\r\nHost: site.test\r\nAuthorization: Basic evil\r\n\r\n"),
    ("OPTIONS", "OPTIONS {p} HTTP/1.1\r\nHost: site.test\r\nX-Evil: evil\r\n\r\n"),
];

/// What is wrong with a reply to the next visitor, who takes `accept`.
fn harm(reply: &Reply, wanted: &str) -> Option<String> {
    let seen = reply.header("x-seen").unwrap_or("none at all");
    let text = content(reply);
    let is_well =
        reply.status == 200 && text == wanted && seen == "[]" && reply.header("x-powered-by").is_none();
    (!is_well).then(|| format!("wanted\n{wanted}\nbut got\n{text}\n{reply}"))
}

#[test]
fn no_trick_leaves_anything_for_the_next_visitor_of_a_site_with_rules() {
    let tricks: Vec<_> = TRICKS.iter().chain(MORE).collect();
    assert!(tricks.len() >= 120);
    let mut harmed = Vec::new();
    for (warm, late) in [(false, false), (true, false), (true, true)] {
        let bed = bed().start();
        let plain = bed.get("/plain").text();
        for (number, (name, trick)) in tricks.iter().enumerate() {
            let path = format!("/page{number}");
            let wanted = plain.replace("/plain", &path);
            if warm {
                bed.get(&path).is_forwarded(&wanted);
            }
            if late {
                bed.advance(61);
            }
            play(&bed, trick, &path);
            let found = ["identity", "gzip", "br, identity;q=0", "identity"].into_iter().find_map(|accept| {
                harm(&bed.ask("GET", &path).header("Accept-Encoding", accept).send(), &wanted)
            });
            if let Some(found) = found {
                harmed.push(format!("{name} (warm: {warm}, late: {late}): {found}"));
            }
        }
    }
    assert!(harmed.is_empty(), "{}", harmed.join("\n\n"));
}
