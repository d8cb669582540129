//! What an origin is told, in tables.

use super::*;

fn fields(lines: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::builder();
    for (name, value) in lines {
        fields.push(name, value);
    }
    fields.finish()
}

fn built(client: &Fields, method: &str, from: &str, hops: &[&str]) -> Fields {
    let hops: Vec<IpAddr> = hops.iter().map(|hop| hop.parse().unwrap()).collect();
    ForOrigin {
        keyed: &[],
        client,
        host: b"app.test",
        public_host: b"shop.test:8443",
        scheme: "https",
        client_address: from.parse().unwrap(),
        hops: &hops,
        request_id: b"7b6b1f2c",
        method: method.as_bytes(),
        name: "node",
        version: "1.1",
        conditionals: Conditionals::Client,
        cookies: None,
        range: true,
        upgrade: None,
    }
    .build()
}

fn text(fields: &Fields, name: &str) -> String {
    let values: Vec<_> = fields.named(name.as_bytes()).map(String::from_utf8_lossy).collect();
    values.join(" | ")
}

#[test]
fn the_way_is_told_from_the_client_on_whatever_it_claims() {
    let claims = fields(&[
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Port", "1"),
        ("Forwarded", "for=6.6.6.6"),
        ("X-Request-Id", "mine"),
    ]);
    let told = built(&claims, "GET", "192.0.2.7", &["10.0.0.2", "fd00::1"]);
    assert_eq!(text(&told, "x-forwarded-for"), "192.0.2.7, 10.0.0.2, fd00::1");
    assert_eq!(text(&told, "x-forwarded-proto"), "https");
    assert_eq!(text(&told, "x-forwarded-host"), "shop.test:8443");
    assert_eq!(text(&told, "x-forwarded-port"), "");
    assert_eq!(
        text(&told, "forwarded"),
        "for=192.0.2.7;proto=https;host=\"shop.test:8443\", for=10.0.0.2, for=\"[fd00::1]\""
    );
    assert_eq!(text(&told, "x-request-id"), "7b6b1f2c");
    let told = built(&fields(&[]), "GET", "2001:db8::7", &[]);
    assert_eq!(text(&told, "x-forwarded-for"), "2001:db8::7");
    assert_eq!(text(&told, "forwarded"), "for=\"[2001:db8::7]\";proto=https;host=\"shop.test:8443\"");
}

#[test]
fn trace_context_goes_on_when_it_is_well_formed_and_is_never_made_up() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (lines, parent, state) in [
        (&[][..], "", ""),
        (&[("traceparent", PARENT)], PARENT, ""),
        (&[("TraceParent", PARENT), ("TraceState", "a=1"), ("tracestate", "b=2")], PARENT, "a=1 | b=2"),
        (&[("traceparent", PARENT), ("tracestate", "a=1,a=2")], PARENT, ""),
        (&[("traceparent", PARENT), ("traceparent", PARENT), ("tracestate", "a=1")], "", ""),
        (&[("traceparent", "00-x"), ("tracestate", "a=1")], "", ""),
        (&[("tracestate", "a=1")], "", ""),
    ] {
        let told = built(&fields(lines), "GET", "192.0.2.7", &[]);
        assert_eq!((&*text(&told, "traceparent"), &*text(&told, "tracestate")), (parent, state), "{lines:?}");
    }
}

#[test]
fn max_forwards_is_counted_down_where_it_means_something() {
    for (method, values, left) in [
        ("OPTIONS", &["7"][..], "6"),
        ("OPTIONS", &["1"], "0"),
        ("OPTIONS", &["many"], ""),
        ("OPTIONS", &["+7"], ""),
        ("OPTIONS", &["7", "7"], ""),
        ("TRACE", &["07"], "6"),
        ("GET", &["7"], "7"),
    ] {
        let lines: Vec<_> = values.iter().map(|value| ("Max-Forwards", *value)).collect();
        let told = built(&fields(&lines), method, "192.0.2.7", &[]);
        assert_eq!(text(&told, "max-forwards"), left, "{method} {values:?}");
    }
}
