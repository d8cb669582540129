//! The acceptance table: requests that look odd and are valid, with the messages that they are.

use littoral_h1::Limits;

use crate::drive::read_both_ways;

/// A name, what is sent, and the messages read, as [`crate::drive::Message::line`] puts them.
pub(crate) type Row = (&'static str, Vec<u8>, &'static [&'static str]);

/// GET with these field lines behind `Host`.
fn get(lines: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: example.com\r\n{lines}\r\n").into_bytes()
}

/// GET of this target.
fn target(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n").into_bytes()
}

/// GET with this `Host`.
fn host(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// POST with this chunked body.
fn chunked(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
}

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub(crate) fn rows() -> Vec<Row> {
    const GET: &[&str] = &["GET / @example.com none"];
    let mut rows: Vec<Row> = vec![
        // Request lines
        ("plain", get(""), GET),
        ("one empty line before", raw("\r\nGET / HTTP/1.1\r\nHost: example.com\r\n\r\n"), GET),
        ("four empty lines before", raw("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: example.com\r\n\r\n"), GET),
        ("lower-case method is another method", raw("get / HTTP/1.1\r\nHost: h\r\n\r\n"), &["get / @h none"]),
        (
            "method of odd token characters",
            raw("!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: h\r\n\r\n"),
            &["!#$%&\\'*+-.^_`|~9 / @h none"],
        ),
        (
            "longest method",
            raw("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: h\r\n\r\n"),
            &["ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / @h none"],
        ),
        ("method that begins like GET", raw("GETX / HTTP/1.1\r\nHost: h\r\n\r\n"), &["GETX / @h none"]),
        ("PURGE", raw("PURGE /a HTTP/1.1\r\nHost: h\r\n\r\n"), &["PURGE /a @h none"]),
        ("M-SEARCH", raw("M-SEARCH /a HTTP/1.1\r\nHost: h\r\n\r\n"), &["M-SEARCH /a @h none"]),
        // Targets
        ("query", target("/a?b=c&d"), &["GET /a?b=c&d @example.com none"]),
        ("question mark only", target("/?"), &["GET /? @example.com none"]),
        ("two question marks", target("/a?b?c"), &["GET /a?b?c @example.com none"]),
        ("two slashes at the start", target("//evil.example/a"), &["GET //evil.example/a @example.com none"]),
        ("dot segments", target("/a/../b/./c"), &["GET /a/../b/./c @example.com none"]),
        ("percent-encoded", target("/%2e%2E/%00"), &["GET /%2e%2E/%00 @example.com none"]),
        ("percent sign alone", target("/100%"), &["GET /100% @example.com none"]),
        (
            "octets that browsers leave in queries",
            target("/?a=|{}^`\"<>\\[]"),
            &["GET /?a=|{}^`\\\"<>\\\\[] @example.com none"],
        ),
        (
            "colon and at sign in the path",
            target("/http://u:p@x/"),
            &["GET /http://u:p@x/ @example.com none"],
        ),
        ("semicolons", target("/a;b=c;d"), &["GET /a;b=c;d @example.com none"]),
        ("OPTIONS asterisk", raw("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), &["OPTIONS * @h none"]),
        ("OPTIONS path", raw("OPTIONS /a HTTP/1.1\r\nHost: h\r\n\r\n"), &["OPTIONS /a @h none"]),
        ("path with an asterisk", target("/*"), &["GET /* @example.com none"]),
        (
            "absolute form",
            target("http://example.com/a?b"),
            &["GET http://example.com/a?b @example.com none"],
        ),
        (
            "absolute form, other case",
            target("HTTP://EXAMPLE.com/a"),
            &["GET HTTP://EXAMPLE.com/a @EXAMPLE.com none"],
        ),
        (
            "absolute form without a path",
            target("http://example.com"),
            &["GET http://example.com @example.com none"],
        ),
        (
            "absolute form with query only",
            target("http://example.com?a"),
            &["GET http://example.com?a @example.com none"],
        ),
        (
            "absolute form with the default port",
            target("http://example.com:80/"),
            &["GET http://example.com:80/ @example.com:80 none"],
        ),
        (
            "absolute form, https",
            target("https://example.com/"),
            &["GET https://example.com/ @example.com none"],
        ),
        (
            "absolute form in HTTP/1.0",
            raw("GET http://example.com/ HTTP/1.0\r\n\r\n"),
            &["GET http://example.com/ @example.com none 1.0 close"],
        ),
        (
            "absolute form, OPTIONS",
            raw("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n"),
            &["OPTIONS http://h @h none"],
        ),
        // Hosts
        ("host with port", host("example.com:8080"), &["GET / @example.com:8080 none"]),
        ("host with an empty port", host("example.com:"), &["GET / @example.com: none"]),
        ("host in capitals", host("EXAMPLE.COM"), &["GET / @EXAMPLE.COM none"]),
        ("host with a root dot", host("example.com."), &["GET / @example.com. none"]),
        ("host with an underscore", host("a_b.example"), &["GET / @a_b.example none"]),
        ("host of digits", host("127.0.0.1"), &["GET / @127.0.0.1 none"]),
        ("host that is IPv6", host("[::1]"), &["GET / @[::1] none"]),
        ("host that is IPv6 with port", host("[2001:db8::1]:443"), &["GET / @[2001:db8::1]:443 none"]),
        ("host with spaces around", raw("GET / HTTP/1.1\r\nHost:   example.com  \r\n\r\n"), GET),
        ("host with tabs around", raw("GET / HTTP/1.1\r\nHost:\texample.com\t\r\n\r\n"), GET),
        ("host without a space", raw("GET / HTTP/1.1\r\nHost:example.com\r\n\r\n"), GET),
        ("host in odd case", raw("GET / HTTP/1.1\r\nhOsT: example.com\r\n\r\n"), GET),
        ("host as the last line", raw("GET / HTTP/1.1\r\nA: b\r\nHost: example.com\r\n\r\n"), GET),
        ("no host in HTTP/1.0", raw("GET / HTTP/1.0\r\n\r\n"), &["GET / @ none 1.0 close"]),
        ("host in HTTP/1.0", raw("GET / HTTP/1.0\r\nHost: h\r\n\r\n"), &["GET / @h none 1.0 close"]),
        // Fields
        ("empty value", get("X:\r\n"), GET),
        ("value of spaces", get("X:    \r\n"), GET),
        ("value of tabs", get("X:\t\t\r\n"), GET),
        ("value with colons", get("X: a:b::c\r\n"), GET),
        ("value with tabs inside", get("X: a\tb\r\n"), GET),
        ("name of odd token characters", get("!#$%&'*+-.^_`|~9: x\r\n"), GET),
        ("name of one letter", get("a: b\r\n"), GET),
        ("name with underscores", get("Content_Length: 5\r\nTransfer_Encoding: chunked\r\n"), GET),
        ("names that begin like framing", get("Content-Lengths: 5\r\nXContent-Length: 5\r\n"), GET),
        ("names that begin like hosts", get("Hosts: a\r\nX-Host: b\r\nHos: c\r\n"), GET),
        ("repeated fields", get("Cookie: a\r\nCookie: b\r\nAccept: c\r\nAccept: d\r\n"), GET),
        ("duplicate quotes and commas", get("X: \"a,b\",, \"c\r\n"), GET),
        // Connection
        ("close", get("Connection: close\r\n"), &["GET / @example.com none close"]),
        (
            "close in odd case, in a list",
            get("Connection: foo , CLOSE,bar\r\n"),
            &["GET / @example.com none close"],
        ),
        (
            "close on a second line",
            get("Connection: keep-alive\r\nConnection: close\r\n"),
            &["GET / @example.com none close"],
        ),
        ("keep-alive in HTTP/1.1", get("Connection: keep-alive\r\n"), GET),
        ("empty members of Connection", get("Connection: ,, ,\r\n"), GET),
        (
            "keep-alive in HTTP/1.0",
            raw("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
            &["GET / @ none 1.0"],
        ),
        (
            "keep-alive and close",
            raw("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"),
            &["GET / @ none 1.0 close"],
        ),
        (
            "upgrade",
            get("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
            &["GET / @example.com none upgrade=websocket"],
        ),
        ("upgrade that Connection does not list", get("Upgrade: websocket\r\n"), GET),
        (
            "upgrade in HTTP/1.0",
            raw("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            &["GET / @ none 1.0 close"],
        ),
        ("repeated upgrade is ignored", get("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"), GET),
        (
            "TE: trailers",
            get("TE: deflate, trailers\r\nConnection: TE\r\n"),
            &["GET / @example.com none te-trailers"],
        ),
        // Lengths
        (
            "length",
            raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
            &["POST / @h length=5 <hello>"],
        ),
        (
            "length of zero",
            raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
            &["POST / @h length=0"],
        ),
        (
            "length with zeros in front",
            raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\n\r\nhello"),
            &["POST / @h length=5 <hello>"],
        ),
        (
            "length with spaces around",
            raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:  5 \r\n\r\nhello"),
            &["POST / @h length=5 <hello>"],
        ),
        (
            "GET with a body",
            raw("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
            &["GET / @h length=5 <hello>"],
        ),
        (
            "HEAD with a body",
            raw("HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"),
            &["HEAD / @h length=2 <hi>"],
        ),
        (
            "length in HTTP/1.0",
            raw("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"),
            &["POST / @ length=5 1.0 close <hello>"],
        ),
        ("POST without a length", raw("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), &["POST / @h none"]),
        (
            "body that looks like a request",
            raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\n\r\nGET /a HTTP/1.1\r\n\r"),
            &["POST / @h length=18 <GET /a HTTP/1.1\\r\\n\\r>"],
        ),
        (
            "expectation",
            raw("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\na"),
            &["POST / @h length=1 expect <a>"],
        ),
        ("expectation without a body", get("Expect: 100-continue\r\n"), GET),
        (
            "expectation in HTTP/1.0 is ignored",
            raw("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"),
            &["POST / @ length=1 1.0 close <a>"],
        ),
        // Chunked
        (
            "chunks",
            chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
            &["POST / @example.com chunked <hello world>"],
        ),
        ("no chunks", chunked("0\r\n\r\n"), &["POST / @example.com chunked"]),
        ("last chunk of several zeros", chunked("000\r\n\r\n"), &["POST / @example.com chunked"]),
        (
            "sizes in capitals and small letters",
            chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
            &["POST / @example.com chunked <01234567890123456789>"],
        ),
        (
            "size with zeros in front",
            chunked("0000000000000002\r\nhi\r\n0\r\n\r\n"),
            &["POST / @example.com chunked <hi>"],
        ),
        (
            "extensions",
            chunked("2;a\r\nhi\r\n2;a=b;c=\"d;\\\"\te\"\r\nho\r\n0;z\r\n\r\n"),
            &["POST / @example.com chunked <hiho>"],
        ),
        (
            "chunk data that looks like chunks",
            chunked("7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n"),
            &["POST / @example.com chunked <0\\r\\n\\r\\n0\\r>"],
        ),
        (
            "trailers",
            chunked("2\r\nhi\r\n0\r\nDigest: x \r\nB:\r\n\r\n"),
            &["POST / @example.com chunked <hi> +Digest=x +B="],
        ),
        (
            "trailers that must not count are dropped",
            chunked("0\r\nContent-Length: 5\r\nHost: x\r\nA: b\r\nTransfer-Encoding: y\r\n\r\n"),
            &["POST / @example.com chunked +A=b"],
        ),
        (
            "coding in odd case",
            raw("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ChUnKeD\r\n\r\n0\r\n\r\n"),
            &["POST / @h chunked"],
        ),
        (
            "coding with tabs around",
            raw("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\t\r\n\r\n0\r\n\r\n"),
            &["POST / @h chunked"],
        ),
        (
            "GET with chunks",
            raw("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            &["GET / @h chunked <a>"],
        ),
        // Pipelines
        (
            "two requests",
            raw("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            &["GET /a @h none", "GET /b @h none"],
        ),
        (
            "empty line between requests",
            raw("GET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            &["GET /a @h none", "GET /b @h none"],
        ),
        (
            "request behind a length",
            raw(
                "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
            ),
            &["POST /a @h length=2 <hi>", "GET /b @h none"],
        ),
        (
            "request behind chunks",
            raw(
                "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
            ),
            &["POST /a @h chunked <hi>", "GET /b @h none"],
        ),
        (
            "request behind trailers",
            raw(
                "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
            ),
            &["POST /a @h chunked +A=b", "GET /b @h none"],
        ),
        (
            "nothing is read behind close",
            raw("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n\0\0"),
            &["GET /a @h none close"],
        ),
        (
            "keep-alive pipeline in HTTP/1.0",
            raw("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"),
            &["GET /a @ none 1.0", "GET /b @ none 1.0 close"],
        ),
    ];
    rows.push((
        "value of bytes above ASCII",
        [&get("X: ")[..get("X: ").len() - 2], b"\x80\xff\r\n\r\n"].concat(),
        GET,
    ));
    rows.push(("as many fields as are allowed", get(&"A: b\r\n".repeat(99)), GET));
    rows.push(("more fields than have room in place", get(&"A: b\r\n".repeat(40)), GET));
    rows
}

#[test]
fn every_row_of_the_acceptance_table_is_read_as_its_messages() {
    let rows = rows();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    for (name, input, expected) in &rows {
        let reading = read_both_ways(name, input, &Limits::default());
        assert_eq!(reading.refusal, None, "{name}");
        assert_eq!(reading.unfinished, None, "{name}");
        let lines: Vec<_> = reading.messages.iter().map(|message| message.line()).collect();
        assert_eq!(lines, *expected, "{name}");
        assert_eq!(reading.unread, 0, "{name}");
    }
}

#[test]
fn names_and_values_keep_their_bytes_and_lose_the_whitespace_around() {
    let input = get("X-Odd:\t a  b \t\r\nEmpty:\r\n");
    let reading = read_both_ways("fields", &input, &Limits::default());
    let fields = &reading.messages[0].fields;
    assert_eq!(fields[1], (b"X-Odd".to_vec(), b"a  b".to_vec()));
    assert_eq!(fields[2], (b"Empty".to_vec(), Vec::new()));
}

#[test]
fn hosts_are_split_into_name_and_port() {
    let reading = read_both_ways("port", &host("Example.com:8080"), &Limits::default());
    let message = &reading.messages[0];
    assert_eq!((message.host_name.as_slice(), message.port), (&b"Example.com"[..], Some(8080)));
}

#[test]
fn limits_are_reached_exactly() {
    let limits = Limits { head_bytes_max: 1024, target_bytes_max: 256, ..Limits::default() };
    let target = "/".repeat(256);
    let frame = format!("GET {target} HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n");
    let input = frame.replace("A: ", &format!("A: {}", "x".repeat(1024 - frame.len())));
    assert_eq!(input.len(), 1024);
    let reading = read_both_ways("exact", input.as_bytes(), &limits);
    assert_eq!(reading.messages.len(), 1);
}
