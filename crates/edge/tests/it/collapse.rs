//! Storms: a thousand clients on one cold key, and an origin that answers in every awkward way. Counted at the origin;
//! nobody may get another's answer.

use std::collections::HashSet;

use littoral_testbed::{Client, Gate, NoReply, Reply, Testbed, dynamic, in_turn, ok, origin, reset, status};

const CLIENTS: usize = 1000;

/// Sends every request, each on a connection of its own, before any is answered.
fn storm(bed: &Testbed, count: usize, fields: impl Fn(usize) -> String) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| bed.client()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /a HTTP/1.1\r\nHost: site.test\r\n{}\r\n", fields(index)));
    }
    clients
}

fn outcomes(clients: Vec<Client>) -> Vec<Result<Reply, NoReply>> {
    clients.into_iter().map(|mut client| client.try_reply("GET")).collect()
}

fn replies(clients: Vec<Client>) -> Vec<Reply> {
    clients.into_iter().map(|mut client| client.reply("GET")).collect()
}

#[test]
fn a_storable_answer_is_fetched_once_for_all() {
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60).held_by(&gate)));
    let clients = storm(&bed, CLIENTS, |_| String::new());
    gate.wait_for_arrivals(1);
    gate.open();
    for reply in replies(clients) {
        reply.has_status(200).has_body("v1");
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn waiters_read_the_content_while_it_arrives() {
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/a", ok("0123456789").max_age(60).held_after(5, &gate)));
    let mut clients = storm(&bed, 20, |_| String::new());
    gate.wait_for_arrivals(1);
    for client in &mut clients {
        let mut seen = Vec::new();
        while !seen.ends_with(b"01234") {
            seen.extend(client.read_bytes(1));
        }
    }
    gate.open();
    for mut client in clients {
        assert_eq!(client.read_bytes(5), b"56789");
    }
    bed.get("/a").is_hit("0123456789");
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn an_unstorable_answer_goes_to_nobody_but_the_one_who_asked() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok(format!("for {}", request.headers("x-client"))).cache_control("no-store");
            if request.count == 1 { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    let clients = storm(&bed, CLIENTS, |index| format!("X-Client: {index}\r\n"));
    gate.wait_for_arrivals(1);
    gate.open();
    for (index, reply) in replies(clients).iter().enumerate() {
        reply.has_status(200).has_body(format!("for {index}"));
    }
    assert_eq!(bed.origin().count("/a"), CLIENTS);
}

#[test]
fn private_answers_to_credentials_are_never_exchanged() {
    for field in ["Authorization", "Cookie"] {
        let gate = Gate::closed();
        let behind = gate.clone();
        let script = origin(
            "/a",
            dynamic(move |request| {
                let answer = ok(format!("for {}", request.headers(field))).max_age(60);
                if request.count == 1 { answer.held_by(&behind) } else { answer }
            }),
        );
        let bed = Testbed::start(script);
        let clients = storm(&bed, 200, |index| format!("{field}: id={index}\r\n"));
        gate.wait_for_arrivals(1);
        gate.open();
        for (index, reply) in replies(clients).iter().enumerate() {
            reply.has_status(200).has_body(format!("for id={index}"));
        }
        assert_eq!(bed.origin().count("/a"), 200, "{field}");
    }
}

#[test]
fn an_answer_that_varies_by_cookie_is_fetched_once_for_each_cookie() {
    const COOKIES: usize = 20;
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok(format!("for {}", request.headers("cookie"))).max_age(60).vary("Cookie");
            if request.count == 1 { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    let clients = storm(&bed, CLIENTS, |index| format!("Cookie: id={}\r\n", index % COOKIES));
    gate.wait_for_arrivals(1);
    gate.open();
    for (index, reply) in replies(clients).iter().enumerate() {
        reply.has_status(200).has_body(format!("for id={}", index % COOKIES));
    }
    let requests = bed.origin().requests_for("/a");
    let cookies: HashSet<String> = requests.iter().map(|request| request.headers("cookie")).collect();
    assert_eq!((requests.len(), cookies.len()), (COOKIES, COOKIES));
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_all_and_is_not_stored() {
    let gate = Gate::closed();
    let broken = ok("0123456789").max_age(60).held_after(5, &gate).resets_after(5);
    let bed = Testbed::start(origin("/a", in_turn([broken, ok("whole").max_age(60)])));
    let clients = storm(&bed, CLIENTS, |_| String::new());
    gate.wait_for_arrivals(1);
    gate.open();
    let mut cut = 0;
    for outcome in outcomes(clients) {
        match outcome {
            Err(NoReply::CutOff(reply)) => {
                assert!(b"0123456789".starts_with(&reply.body), "{reply}");
                cut += 1;
            }
            // Who came after the failure began a fetch of his own.
            Ok(reply) => _ = reply.has_status(200).has_body("whole"),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(cut > 0);
    bed.get("/a").has_status(200).has_body("whole");
    assert!(bed.origin().count("/a") <= 2, "{} requests", bed.origin().count("/a"));
}

#[test]
fn a_fetch_that_fails_before_its_head_fails_for_all_without_a_second_storm() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| match request.count {
            1 => reset().held_by(&behind),
            _ => reset(),
        }),
    );
    let bed = Testbed::start(script);
    let clients = storm(&bed, CLIENTS, |_| String::new());
    gate.wait_for_arrivals(1);
    gate.open();
    for reply in replies(clients) {
        assert!(matches!(reply.status, 502 | 503), "{reply}");
    }
    let count = bed.origin().count("/a");
    assert!(count <= 50, "{count} requests reached an origin that fails");
}

#[test]
fn the_fetch_goes_on_when_the_client_that_began_it_leaves() {
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60).held_by(&gate)));
    let mut first = bed.client();
    first.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    let others = storm(&bed, 50, |_| String::new());
    first.reset();
    gate.open();
    for reply in replies(others) {
        reply.has_status(200).has_body("v1");
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn a_stale_key_is_validated_once_for_all() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok("v1").max_age(10).etag("\"1\"").conditional();
            if request.count == 2 { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    let clients = storm(&bed, CLIENTS, |_| String::new());
    gate.wait_for_arrivals(1);
    gate.open();
    for reply in replies(clients) {
        reply.has_status(200).has_body("v1");
    }
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn conditions_and_ranges_of_waiters_are_judged_for_each() {
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/a", ok("0123456789").max_age(60).etag("\"1\"").held_by(&gate)));
    let clients = storm(&bed, 90, |index| match index % 3 {
        0 => String::new(),
        1 => "If-None-Match: \"1\"\r\n".to_owned(),
        _ => "Range: bytes=2-4\r\n".to_owned(),
    });
    gate.wait_for_arrivals(1);
    gate.open();
    for (index, reply) in replies(clients).iter().enumerate() {
        match index % 3 {
            0 => reply.has_status(200).has_body("0123456789"),
            1 => reply.has_status(304).has_body(""),
            _ => reply.has_status(206).has_body("234"),
        };
    }
    assert!(bed.origin().count("/a") <= 3);
}

#[test]
fn a_key_that_could_not_be_shared_is_shared_again_once_it_can() {
    let script =
        origin("/a", in_turn([status(200, "mine").cache_control("private"), ok("ours").max_age(60)]));
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("mine");
    bed.get("/a").is_forwarded("ours");
    bed.advance(20);
    bed.get("/a").has_body("ours");
    bed.get("/a").is_hit("ours");
}
