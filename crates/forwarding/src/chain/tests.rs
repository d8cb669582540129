//! What a way through proxies says, in tables.

use super::*;

fn trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] == 10,
        IpAddr::V6(v6) => v6.segments()[0] == 0xfd00,
    }
}

fn lines<'a>(values: &[&'a str]) -> Lines<'a> {
    values.iter().map(|value| value.as_bytes()).collect()
}

fn client_and_hops(said: &Said<'_>) -> (String, String) {
    let hops: Vec<String> = said.hops.iter().map(ToString::to_string).collect();
    (said.client.map_or_else(|| "-".to_owned(), |client| client.to_string()), hops.join(" "))
}

#[test]
fn the_client_is_the_first_from_the_right_that_nobody_trusts() {
    for (x_for, client, hops) in [
        (&[][..], "-", ""),
        (&[""], "-", ""),
        (&["192.0.2.1"], "192.0.2.1:0", ""),
        (&["192.0.2.1:8080"], "192.0.2.1:8080", ""),
        (&["6.6.6.6, 192.0.2.1"], "192.0.2.1:0", ""),
        (&["6.6.6.6, 192.0.2.1, 10.0.0.2"], "192.0.2.1:0", "10.0.0.2"),
        (&["192.0.2.1 ,, 10.0.0.3,10.0.0.2,"], "192.0.2.1:0", "10.0.0.3 10.0.0.2"),
        (&["192.0.2.1", "10.0.0.3", "10.0.0.2"], "192.0.2.1:0", "10.0.0.3 10.0.0.2"),
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9:0", "10.0.0.2"),
        (&["10.9.9.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1:0", "10.0.0.2"),
        (&["2001:db8::1, fd00::2"], "[2001:db8::1]:0", "fd00::2"),
        (&["[2001:db8::1]:4711, fd00::2"], "[2001:db8::1]:4711", "fd00::2"),
        (&["::ffff:192.0.2.1"], "192.0.2.1:0", ""),
        (&["garbage, 192.0.2.1"], "192.0.2.1:0", ""),
        (&["garbage, 10.0.0.2"], "10.0.0.2:0", ""),
        (&["unknown"], "-", ""),
        (&["192.0.2.1, unknown"], "-", ""),
        (&["192.0.2.1, _hidden, 10.0.0.2"], "10.0.0.2:0", ""),
        (&["192.0.2.1, garbage"], "-", ""),
        (&["192.0.2.1;10.0.0.2"], "-", ""),
    ] {
        let sources = Sources { x_for: lines(x_for), ..Sources::default() };
        let said = read(&sources, Family::Auto, trusted);
        assert_eq!(client_and_hops(&said), (client.into(), hops.into()), "{x_for:?}");
    }
}

#[test]
fn forwarded_says_the_same_in_its_own_way() {
    for (forwarded, client, hops) in [
        (&["for=192.0.2.1"][..], "192.0.2.1:0", ""),
        (&["For=\"[2001:db8:cafe::17]:4711\""], "[2001:db8:cafe::17]:4711", ""),
        (&["for=[2001:db8:cafe::17]"], "[2001:db8:cafe::17]:0", ""),
        (&["for=\"192.0.2.1:47011\""], "192.0.2.1:47011", ""),
        (&["for=6.6.6.6, for=192.0.2.1;by=10.0.0.1, for=10.0.0.2"], "192.0.2.1:0", "10.0.0.2"),
        (&["for=192.0.2.1", "for=10.0.0.2"], "192.0.2.1:0", "10.0.0.2"),
        (&["for = 192.0.2.1"], "-", ""),
        (&["for=192.0.2.1 ; proto=https"], "192.0.2.1:0", ""),
        (&[";;for=192.0.2.1;;, ,"], "192.0.2.1:0", ""),
        (&["for=192.0.2.1;ext=\"a,b;c\\\"d\""], "192.0.2.1:0", ""),
        (&["for=\"_gazonk\""], "-", ""),
        (&["for=unknown, for=10.0.0.2"], "10.0.0.2:0", ""),
        (&["proto=https"], "-", ""),
        (&["for=192.0.2.1, proto=https"], "-", ""),
        (&["for=192.0.2.1;for=192.0.2.2"], "-", ""),
        (&["for=192.0.2.1 for=192.0.2.2"], "-", ""),
        (&["for=\"192.0.2.1"], "-", ""),
        (&["for=\"192.0.2.1\\\""], "-", ""),
        (&["for=\"192.0.2\\.1\""], "-", ""),
        (&["for=\"x, for=192.0.2.1"], "-", ""),
        (&["for=\"x", "for=192.0.2.1"], "192.0.2.1:0", ""),
        (&["for=\"x", "for=10.0.0.2"], "10.0.0.2:0", ""),
        (&["for="], "-", ""),
        (&["=192.0.2.1"], "-", ""),
        (&["192.0.2.1"], "-", ""),
    ] {
        let sources = Sources { forwarded: lines(forwarded), ..Sources::default() };
        let said = read(&sources, Family::Auto, trusted);
        assert_eq!(client_and_hops(&said), (client.into(), hops.into()), "{forwarded:?}");
    }
}

#[test]
fn scheme_host_and_port_are_those_that_the_clients_own_proxy_saw() {
    let x = |x_for, proto, host, port| Sources {
        x_for: lines(&[x_for]),
        x_proto: lines(&[proto]),
        x_host: lines(&[host]),
        x_port: lines(&[port]),
        ..Sources::default()
    };
    for (sources, tls, host, port) in [
        (x("192.0.2.1", "https", "shop.test", "443"), Some(true), "shop.test", Some(443)),
        (x("192.0.2.1", "HTTP", "a", "0"), Some(false), "a", Some(0)),
        (x("192.0.2.1", "wss", "a", "x"), Some(true), "a", None),
        (x("192.0.2.1", "gopher", "a", "65536"), None, "a", None),
        // The outer proxy appends, the inner one too: the client's stands where the client stands.
        (x("192.0.2.1, 10.0.0.2", "https, http", "a, b", "443, 80"), Some(true), "a", Some(443)),
        (
            x("6.6.6.6, 192.0.2.1, 10.0.0.2", "http, https, http", "z, a, b", "1, 2, 3"),
            Some(true),
            "a",
            Some(2),
        ),
        // Only the outer proxy said it.
        (x("192.0.2.1, 10.0.0.2", "https", "a", "443"), Some(true), "a", Some(443)),
    ] {
        let said = read(&sources, Family::Auto, trusted);
        assert_eq!((said.tls, said.host, said.port), (tls, Some(host.as_bytes()), port), "{sources:?}");
    }
    let forwarded =
        lines(&["for=192.0.2.1;proto=https;host=\"shop.test:8443\", for=10.0.0.2;proto=http;host=inner"]);
    let said = read(&Sources { forwarded, ..Sources::default() }, Family::Auto, trusted);
    assert_eq!((said.tls, said.host), (Some(true), Some(&b"shop.test:8443"[..])));
}

#[test]
fn the_kind_that_proxies_only_pass_on_is_not_believed() {
    let sources = Sources {
        forwarded: lines(&["for=6.6.6.6;proto=https"]),
        x_for: lines(&["192.0.2.1"]),
        ..Sources::default()
    };
    let client = |family| read(&sources, family, trusted).client.map(|client| client.ip().to_string());
    assert_eq!(client(Family::Auto).as_deref(), Some("192.0.2.1"));
    assert_eq!(client(Family::XForwarded).as_deref(), Some("192.0.2.1"));
    assert_eq!(client(Family::Forwarded).as_deref(), Some("6.6.6.6"));
    assert_eq!(read(&sources, Family::Auto, trusted).tls, None);
}

#[test]
fn a_way_without_end_is_not_walked_to_its_end() {
    let long = "10.0.0.1,".repeat(10_000);
    let said = read(&Sources { x_for: lines(&[&long]), ..Sources::default() }, Family::Auto, trusted);
    assert_eq!(said.hops.len(), HOPS_MAX - 1);
    let long = "for=10.0.0.1,".repeat(10_000);
    let said = read(&Sources { forwarded: lines(&[&long]), ..Sources::default() }, Family::Auto, trusted);
    assert_eq!(said.hops.len(), HOPS_MAX - 1);
}

proptest::proptest! {
    /// Whatever a client sends, what its own proxy appends is what is found.
    #[test]
    fn nothing_that_a_client_sends_changes_who_it_is(claimed in "[ -~]{0,60}") {
        let x_for = format!("{claimed}, 192.0.2.1");
        let said = read(&Sources { x_for: lines(&[&x_for]), ..Sources::default() }, Family::Auto, trusted);
        proptest::prop_assert_eq!(client_and_hops(&said), ("192.0.2.1:0".into(), String::new()));
        let forwarded = lines(&[&claimed, "for=192.0.2.1"]);
        let said = read(&Sources { forwarded, ..Sources::default() }, Family::Auto, trusted);
        proptest::prop_assert_eq!(client_and_hops(&said), ("192.0.2.1:0".into(), String::new()));
    }
}
