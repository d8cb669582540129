//! How long answers hold, what stands in for them, and what is asked how often.

use crate::bed::{Bed, NameServer, free_port};
use littoral_resolver::{NAMES_MAX, ResolveError, ResolverConfig};
use std::fmt::Write;
use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

#[test]
fn an_answer_holds_for_its_lifetime_and_a_change_is_seen_behind_it() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
    let _server = server.restart_with("app IN A 192.0.2.2");
    bed.advance(6);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
    assert_eq!(bed.lookups(), 1);
    bed.advance(5);
    assert_eq!(bed.find("APP.test."), ["192.0.2.2"]);
}

#[test]
fn a_name_in_use_is_asked_for_again_before_its_answer_ends_and_nobody_waits() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    bed.find("app.test");
    bed.find("app.test");
    let _server = server.restart_with("app IN A 192.0.2.2");
    bed.advance(8);
    bed.resolver.look_after();
    bed.until("the new address", || bed.find("app.test") == ["192.0.2.2"]);
    assert_eq!(bed.lookups(), 2);
}

#[test]
fn a_name_that_nobody_uses_is_not_asked_for_again() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    bed.find("app.test");
    bed.advance(8);
    bed.resolver.look_after();
    bed.advance(4000);
    bed.resolver.look_after();
    assert_eq!((bed.lookups(), bed.resolver.stat().names), (1, 0));
}

#[test]
fn the_last_good_answer_stands_in_while_the_name_server_is_dead() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    bed.find("app.test");
    drop(server);
    bed.advance(3000);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
    let asked = bed.lookups();
    assert_eq!(bed.crowd("app.test", 50), 50, "nobody waits behind a failure that was just seen");
    assert_eq!(bed.lookups(), asked);
    bed.advance(700);
    let refused = bed.try_find("app.test").unwrap_err();
    assert!(matches!(refused, ResolveError::Failed | ResolveError::TimedOut), "an hour is over: {refused}");
}

#[test]
fn a_name_server_that_comes_back_is_heard_again() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    bed.find("app.test");
    let address = server.address;
    drop(server);
    bed.advance(20);
    bed.find("app.test");
    bed.until("the failure", || bed.resolver.stat().failures == 1);
    let silent = UdpSocket::bind(address).unwrap();
    bed.advance(6);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"], "who could use the old answer waits for half a second");
    bed.until("the second failure", || bed.resolver.stat().failures == 2);
    drop(silent);
}

#[test]
fn what_does_not_exist_is_remembered_for_the_time_that_the_zone_says() {
    let server = NameServer::start("app IN TXT hello");
    let bed = Bed::asking(&[server.address]);
    assert_eq!(bed.try_find("none.test"), Err(ResolveError::NoSuchName));
    assert_eq!(bed.try_find("app.test"), Err(ResolveError::NoAddress));
    let _server = server.restart_with("app IN A 192.0.2.1\nnone IN A 192.0.2.2");
    bed.advance(4);
    assert_eq!(bed.try_find("none.test"), Err(ResolveError::NoSuchName));
    assert_eq!(bed.lookups(), 2);
    bed.advance(4);
    assert_eq!(bed.find("none.test"), ["192.0.2.2"]);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
}

#[test]
fn an_alias_leads_to_addresses_and_the_shortest_lifetime_counts() {
    let server = NameServer::start("www 3 IN CNAME a\na 60 IN CNAME b\nb 60 IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    assert_eq!(bed.find("www.test"), ["192.0.2.1"]);
    let _server = server.restart_with("www 3 IN A 192.0.2.9");
    bed.advance(4);
    assert_eq!(bed.find("www.test"), ["192.0.2.9"]);
}

#[test]
fn an_alias_in_a_circle_is_an_error_and_not_a_loop() {
    let server = NameServer::start("a IN CNAME b\nb IN CNAME a");
    let bed = Bed::asking(&[server.address]);
    assert!(bed.try_find("a.test").is_err());
}

#[test]
fn several_addresses_take_turns_within_their_family_and_ipv6_comes_first() {
    let server = NameServer::start("app IN A 192.0.2.1\napp IN A 192.0.2.2\napp IN AAAA 2001:db8::1");
    let bed = Bed::asking(&[server.address]);
    let firsts: Vec<_> = (0..4)
        .map(|_| {
            let found = bed.find("app.test");
            assert_eq!((found.len(), found[0].as_str()), (3, "2001:db8::1"));
            found[1].clone()
        })
        .collect();
    assert_eq!(firsts[0], firsts[2]);
    assert_eq!(firsts[1], firsts[3]);
    assert_ne!(firsts[0], firsts[1]);
}

#[test]
fn a_crowd_that_asks_at_once_is_one_question() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let bed = Bed::asking(&[server.address]);
    assert_eq!(bed.crowd("app.test", 500), 500);
    assert_eq!(bed.lookups(), 1);
}

#[test]
fn an_answer_too_long_for_udp_comes_over_tcp() {
    let mut records = String::new();
    for number in 1..=60 {
        writeln!(records, "many IN AAAA 2001:db8::{number:x}").unwrap();
    }
    let server = NameServer::start(&records);
    let bed = Bed::asking(&[server.address]);
    assert_eq!(bed.find("many.test").len(), 60);
}

#[test]
fn a_silent_name_server_is_passed_over_and_then_left_aside() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = NameServer::start("app IN A 192.0.2.1\nwww IN A 192.0.2.2");
    let bed = Bed::asking(&[silent.local_addr().unwrap(), server.address]);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
    silent.set_nonblocking(true).unwrap();
    while silent.recv(&mut [0; 512]).is_ok() {}
    assert_eq!(bed.find("www.test"), ["192.0.2.2"]);
    assert!(silent.recv(&mut [0; 512]).is_err(), "the one that answers is asked first");
}

#[test]
fn silence_is_told_apart_from_refusal() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bed = Bed::asking(&[silent.local_addr().unwrap()]);
    assert_eq!(bed.try_find("app.test"), Err(ResolveError::TimedOut));
    assert_eq!(Bed::asking(&[free_port()]).try_find("app.test"), Err(ResolveError::Failed));
}

#[test]
fn lifetimes_are_kept_within_the_operators_bounds() {
    let server = NameServer::start("short 0 IN A 192.0.2.1\nlong 86400 IN A 192.0.2.2");
    let config = ResolverConfig {
        servers: vec![server.address],
        lifetime_min: Duration::from_secs(5),
        lifetime_max: Duration::from_secs(60),
        ..ResolverConfig::default()
    };
    for (name, holds) in [("short.test", 4), ("long.test", 59)] {
        let bed = Bed::with(config.clone());
        bed.find(name);
        bed.advance(holds);
        bed.resolver.look_after();
        assert_eq!(bed.lookups(), 1, "{name} is not in use");
        bed.advance(2);
        bed.find(name);
        assert_eq!(bed.lookups(), 2, "{name}");
    }
}

#[test]
fn the_hosts_file_comes_first_and_is_read_again_when_it_changes() {
    let server = NameServer::start("app IN A 192.0.2.1");
    let folder = tempfile::tempdir().unwrap();
    let hosts_file = folder.path().join("hosts");
    fs::write(&hosts_file, "10.0.0.1 app.test other\n").unwrap();
    let bed = Bed::with(ResolverConfig {
        servers: vec![server.address],
        hosts_file: hosts_file.clone(),
        ..ResolverConfig::default()
    });
    assert_eq!(bed.find("App.Test"), ["10.0.0.1"]);
    assert_eq!(bed.find("localhost"), ["127.0.0.1", "::1"]);
    fs::write(&hosts_file, "10.0.0.22 other\n").unwrap();
    bed.resolver.look_after();
    assert_eq!(bed.find("other"), ["10.0.0.22"]);
    assert_eq!(bed.find("app.test"), ["192.0.2.1"]);
}

#[test]
fn addresses_are_their_own_answer_and_nonsense_is_no_name() {
    let bed = Bed::asking(&[free_port()]);
    assert_eq!(bed.find("192.0.2.7"), ["192.0.2.7"]);
    assert_eq!(bed.find("2001:db8::7"), ["2001:db8::7"]);
    for nonsense in ["a..b", &"x".repeat(64), &"x.".repeat(200)] {
        assert_eq!(bed.try_find(nonsense), Err(ResolveError::NoSuchName), "{nonsense}");
    }
}

#[test]
fn the_number_of_names_is_bounded_and_the_oldest_give_way() {
    let server = NameServer::start("app IN A 192.0.2.1\n*.many IN A 192.0.2.2");
    let bed = Bed::asking(&[server.address]);
    bed.find("app.test");
    for number in 0..NAMES_MAX + 10 {
        assert!(bed.try_find(&format!("{number}..bad")).is_err());
    }
    assert_eq!(bed.resolver.stat().names, NAMES_MAX);
    assert_eq!(bed.find("x.many.test"), ["192.0.2.2"]);
}
