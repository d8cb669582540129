//! Groups of origin servers: another one is asked where that may be done, and only there; what one of them is told
//! stays its own.

use littoral_policy::{
    Balance, Ejection, Failover, HostHeader, Member, OriginGroup, OriginSecret, OriginServer, Site, StatusSet,
};
use littoral_testbed::{
    Answer, Builder, Client, Gate, Script, Testbed, hang, in_turn, ok, origin, raw, reset, status,
    switch_to_echo,
};
use std::sync::Arc;
use std::time::Duration;

/// A site with a group of those origins, called `a`, `b` and so on; the group is `web`.
pub(crate) fn bed(scripts: Vec<Script>, change: impl FnOnce(&mut OriginGroup) + 'static) -> Builder {
    let count = scripts.len();
    let mut scripts = scripts.into_iter();
    let mut site = String::from(
        "version = 1\nname = \"site\"\nhosts = [\"site.test\"]\ncanonical_host = \"site.test\"\n",
    );
    for (nth, name) in NAMES.iter().enumerate().take(count) {
        let url = if nth == 0 { "{origin}".to_owned() } else { format!("{{origin{nth}}}") };
        site.push_str(&format!("[origins.{name}]\nurl = \"{url}\"\nhead_timeout = \"20s\"\n"));
    }
    site.push_str("[[behaviors]]\nname = \"all\"\npath = \"/*\"\norigin = \"a\"\n");
    let builder = Testbed::builder(scripts.next().expect("a group has members")).site(&site);
    let builder = scripts.fold(builder, Builder::and_origin);
    builder.workers(1).shaped(move |site| add_group(site, count, change))
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn add_group(site: &mut Site, count: usize, change: impl FnOnce(&mut OriginGroup)) {
    let member = |origin| Member { origin, weight: 1, backup: false };
    let mut group = OriginGroup {
        name: "web".into(),
        members: (0..count).map(member).collect(),
        balance: Balance::First,
        failover: Failover {
            on_connect: true,
            on_timeout: true,
            on_reset: true,
            on_statuses: StatusSet::of([500, 502, 503, 504]),
            tries_max: 3,
            retry_share_percent: 20,
        },
        ejection: None,
        slow_start: Duration::ZERO,
    };
    change(&mut group);
    let mut groups: Vec<_> = std::mem::take(&mut site.groups).into_vec();
    groups.push(Arc::new(group));
    for behavior in &mut site.behaviors {
        Arc::make_mut(behavior).group = groups.len() - 1;
    }
    site.groups = groups.into();
}

/// Changes the group of a site.
pub(crate) fn regroup(site: &mut Site, change: impl FnOnce(&mut OriginGroup)) {
    change(Arc::make_mut(site.groups.last_mut().expect("a site has groups")));
}

/// Changes an origin server of a site.
pub(crate) fn reserve(site: &mut Site, nth: usize, change: impl FnOnce(&mut OriginServer)) {
    change(Arc::make_mut(&mut site.origins[nth]));
}

/// Waits for the head of the first origin server for so short a time that a test can wait for that.
fn impatient(site: &mut Site) {
    reserve(site, 0, |server| server.head_timeout = Duration::from_millis(300));
}

/// An origin that says its name to everything, never to be stored.
pub(crate) fn named(name: &str) -> Script {
    origin("*", said(name))
}

pub(crate) fn said(name: &str) -> Answer {
    ok(name).cache_control("no-store")
}

pub(crate) fn failing(answer: Answer) -> Script {
    origin("*", answer.cache_control("no-store"))
}

pub(crate) const EJECTION: Ejection =
    Ejection { failures: 3, time: Duration::from_secs(10), share_max_percent: 100 };

/// The value of the one sample that stands so in the metrics.
pub(crate) fn metric(bed: &Testbed, sample: &str) -> f64 {
    let page = bed.metrics();
    let line = page.lines().find_map(|line| line.strip_prefix(sample)?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("no {sample} in\n{page}"))
}

#[test]
fn each_reason_to_ask_another_counts_where_it_is_chosen_and_not_where_it_is_not() {
    type Choice = fn(&mut Failover, bool);
    let connect: Choice = |failover, on| failover.on_connect = on;
    let timeout: Choice = |failover, on| failover.on_timeout = on;
    let broken: Choice = |failover, on| failover.on_reset = on;
    let statuses: Choice = |failover, on| {
        failover.on_statuses = if on { StatusSet::of([503]) } else { StatusSet::EMPTY };
    };
    let cases: [(&str, Option<Answer>, Choice, u16); 6] = [
        ("refused", None, connect, 502),
        ("silence", Some(hang()), timeout, 504),
        ("reset", Some(reset()), broken, 502),
        ("closed", Some(raw("")), broken, 502),
        ("no HTTP", Some(raw("SSH-2.0\r\n")), broken, 502),
        ("status", Some(status(503, "no")), statuses, 503),
    ];
    for (name, failure, choice, otherwise) in cases {
        for chosen in [true, false] {
            let first = failure.clone().map_or_else(|| named("a"), failing);
            let bed = bed(vec![first, named("b")], move |group| {
                for each in [connect, timeout, broken, statuses] {
                    each(&mut group.failover, false);
                }
                choice(&mut group.failover, chosen);
            });
            let bed = bed.shaped(impatient).start();
            if failure.is_none() {
                bed.origin().refuse_connections();
            }
            // Once for the cache, once past it.
            for method in ["GET", "DELETE"] {
                let reply = bed.ask(method, &format!("/{method}")).send();
                if chosen {
                    reply.has_status(200).has_body("b");
                } else {
                    reply.has_status(otherwise);
                }
            }
            assert_eq!(bed.origin_at(1).requests().len(), if chosen { 2 } else { 0 }, "{name}, {chosen}");
        }
    }
}

#[test]
fn a_post_is_not_repeated_unless_it_cannot_have_left() {
    for failure in [reset(), hang(), status(503, "no"), raw("nonsense\r\n")] {
        let bed = bed(vec![failing(failure), named("b")], |_| {}).shaped(impatient).start();
        let reply = bed.ask("POST", "/pay").body("1000").send();
        assert!(reply.status >= 500, "{reply}");
        assert_eq!(bed.origin().requests().len(), 1);
        assert_eq!(bed.origin_at(1).requests().len(), 0);
    }
    let bed = bed(vec![named("a"), named("b")], |_| {}).start();
    bed.origin().refuse_connections();
    bed.ask("POST", "/pay").body("1000").send().has_status(200).has_body("b");
    assert_eq!(bed.origin_at(1).last("/pay").text(), "1000", "the body was not lost with the first try");
}

#[test]
fn no_member_is_asked_twice_and_the_last_ones_answer_passes_as_it_is() {
    let no = |name: &str| failing(status(503, name).header("Retry-After", "7"));
    for (tries_max, asked) in [(1, 1), (2, 2), (3, 3), (10, 3)] {
        let bed =
            bed(vec![no("a"), no("b"), no("c")], move |group| group.failover.tries_max = tries_max).start();
        let reply = bed.get("/x");
        reply.has_status(503).has_body(NAMES[asked - 1]).has_header("retry-after", "7");
        let counts: Vec<usize> = (0..3).map(|nth| bed.origin_at(nth).requests().len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), asked, "{counts:?}");
        assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
    }
}

#[test]
fn retries_end_with_their_budget_and_come_back_with_time() {
    let bed = bed(vec![failing(reset()), named("b")], |_| {}).start();
    let answered = |round: u32| {
        let replies = (0..30).map(|nth| bed.get(&format!("/{round}/{nth}")).status);
        replies.filter(|status| *status == 200).count()
    };
    assert_eq!(answered(1), 10, "ten are free, and a fifth of thirty is less");
    bed.advance(9);
    assert_eq!(answered(2), 2, "a fifth of the sixty within the window is twelve");
    bed.advance(30);
    assert_eq!(answered(3), 10);
    assert_eq!(metric(&bed, "littoral_group_retries_total{site=\"site\",group=\"web\"}"), 22.0);
    assert_eq!(metric(&bed, "littoral_group_retries_refused_total{site=\"site\",group=\"web\"}"), 68.0);
}

#[test]
fn no_further_try_begins_later_than_one_member_may_take() {
    let bed = bed(vec![failing(hang()), failing(hang()), named("c")], |_| {}).shaped(|site| {
        for nth in 0..3 {
            reserve(site, nth, |server| {
                server.head_timeout = Duration::from_millis(600);
                server.queue_timeout = Duration::from_millis(300);
                server.connect_timeout = Duration::from_millis(250);
            });
        }
    });
    let bed = bed.start();
    bed.get("/x").has_status(504);
    assert_eq!(bed.origin_at(1).requests().len(), 1);
    assert_eq!(bed.origin_at(2).requests().len(), 0, "1200 ms are more than 1150");
}

#[test]
fn stale_content_stands_in_when_all_have_failed() {
    for second in [in_turn([status(503, "b")]), in_turn([reset()])] {
        let first = origin("/x", in_turn([ok("v1").max_age(1).stale_if_error(60), reset()]));
        let bed = bed(vec![first, origin("/x", second)], |_| {}).start();
        bed.get("/x").is_forwarded("v1");
        bed.advance(2);
        bed.get("/x").is_stale("v1");
        assert_eq!(bed.origin_at(1).requests().len(), 1, "it was asked before");
    }
}

#[test]
fn a_revalidation_fails_over_too_and_keeps_its_conditions() {
    let first = origin("/x", in_turn([ok("v1").max_age(1).etag("\"1\""), reset()]));
    let second = origin("/x", ok("v1").max_age(1).etag("\"1\"").conditional());
    let bed = bed(vec![first, second], |_| {}).start();
    bed.get("/x").is_forwarded("v1");
    bed.advance(2);
    bed.get("/x").is_revalidated("v1");
    assert_eq!(bed.origin_at(1).last("/x").header("if-none-match"), Some("\"1\""));
}

#[test]
fn a_member_with_a_full_queue_sends_requests_on_and_is_none_the_worse() {
    let gate = Gate::closed();
    let bed = bed(vec![failing(ok("a").held_by(&gate)), named("b")], |group| group.ejection = Some(EJECTION));
    let bed = bed.shaped(|site| {
        reserve(site, 0, |server| {
            (server.connections_max, server.queue_max) = (1, 0);
            server.head_timeout = Duration::from_secs(60);
        });
    });
    let bed = bed.start();
    let mut first = bed.client();
    first.send("GET /first HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    for nth in 0..8 {
        bed.get(&format!("/{nth}")).has_status(200).has_body("b");
    }
    assert_eq!(metric(&bed, "littoral_origin_well{site=\"site\",origin=\"a\"}"), 1.0);
    assert_eq!(metric(&bed, "littoral_origin_under_way{site=\"site\",origin=\"a\"}"), 1.0);
    gate.open();
    first.reply("GET").has_body("a");
    bed.get("/next").has_body("a");
    bed.until("nothing is under way", || {
        metric(&bed, "littoral_origin_under_way{site=\"site\",origin=\"a\"}") == 0.0
    });
}

#[test]
fn the_connection_of_an_answer_that_was_given_up_serves_again() {
    let bed = bed(vec![failing(status(503, "short")), named("b")], |_| {}).start();
    for nth in 0..8 {
        bed.get(&format!("/{nth}")).has_body("b");
    }
    assert!(bed.origin().connections() <= 3, "{}", bed.origin().connections());
}

#[test]
fn a_web_socket_reaches_the_next_member() {
    let bed = bed(vec![named("a"), origin("/ws", switch_to_echo("websocket"))], |_| {}).start();
    bed.origin().refuse_connections();
    let mut client: Client = bed.client();
    client.send("GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
    client.reply("GET").has_status(101);
    assert_eq!(client.read_bytes(2), b"hi");
    assert_eq!(metric(&bed, "littoral_origin_under_way{site=\"site\",origin=\"b\"}"), 1.0, "until it ends");
    client.finish_sending();
    client.is_closed_by_peer();
}

#[test]
fn what_one_origin_server_is_told_stays_its_own() {
    let bed = bed(vec![failing(status(503, "no")), named("b")], |_| {}).shaped(|site| {
        reserve(site, 0, |server| {
            server.path_prefix = "/app".into();
            server.host_header = HostHeader::Fixed("a.internal".into());
            server.secret = Some(OriginSecret { header: "x-origin-secret".into(), value: "for-a".into() });
        });
        reserve(site, 1, |server| {
            server.secret = Some(OriginSecret { header: "x-edge".into(), value: "for-b".into() });
        });
    });
    let bed = bed.start();
    let ask = bed.ask("GET", "/x?q=1").header("X-Origin-Secret", "guessed").header("x-EDGE", "guessed");
    ask.send().has_body("b");
    let (a, b) = (bed.origin().last("/app/x"), bed.origin_at(1).last("/x"));
    assert_eq!((a.target.as_str(), b.target.as_str()), ("/app/x?q=1", "/x?q=1"));
    assert_eq!((a.headers("host"), b.headers("host")), ("a.internal".to_owned(), "site.test".to_owned()));
    assert_eq!((a.headers("x-origin-secret"), a.headers("x-edge")), ("for-a".to_owned(), String::new()));
    assert_eq!((b.headers("x-origin-secret"), b.headers("x-edge")), (String::new(), "for-b".to_owned()));
}

#[test]
fn an_s3_origin_gets_the_edges_signature_and_nothing_of_the_clients() {
    let bed = bed(vec![named("s3")], |_| {}).shaped(|site| {
        reserve(site, 0, |server| {
            server.path_prefix = "/bucket".into();
            server.s3 = Some(littoral_policy::S3Signing {
                region: "eu-central-1".into(),
                service: "s3".into(),
                access_key: "AK".into(),
                secret_key: "SK".into(),
                session_token: None,
            });
        });
    });
    let bed = bed.start();
    let ask = bed.ask("GET", "/a+b%20c?X-Amz-Date=1&z&a=1").header("Authorization", "Bearer mine");
    ask.header("x-amz-acl", "public-read").header("Range", "bytes=0-1").send().has_status(200);
    let seen = bed.origin().requests().pop().expect("it was asked");
    assert_eq!(seen.target, "/bucket/a%2Bb%20c?a=1&z=");
    assert_eq!(seen.headers("x-amz-date"), "20260101T000000Z", "by the edge's clock");
    for name in ["x-amz-acl", "x-forwarded-host", "x-forwarded-for", "forwarded"] {
        assert_eq!(seen.headers(name), "", "{name}");
    }
    let authorization = seen.headers("authorization");
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-central-1/s3/aws4_request,\
             SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="
        ),
        "{authorization}"
    );
}

#[test]
fn no_path_leads_out_of_a_bucket_or_round_the_behaviors() {
    let signed = |site: &mut Site| {
        reserve(site, 1, |server| {
            server.path_prefix = "/bucket".into();
            server.s3 = Some(littoral_policy::S3Signing {
                region: "eu-central-1".into(),
                service: "s3".into(),
                access_key: "AK".into(),
                secret_key: "SK".into(),
                session_token: None,
            });
        });
    };
    let bed = bed(vec![named("plain"), named("s3")], |_| {}).shaped(signed).start();
    // What is signed is decoded first: there, an encoded slash is a slash.
    for target in ["/..%2F..%2Fother/secret", "/a/%2e%2e%2f..%2fother", "/private%2Fx", "/a%2fb?c"] {
        for method in ["GET", "HEAD", "PUT"] {
            let reply = bed.ask(method, target).send();
            reply.has_status(400);
        }
        assert_eq!(bed.explain(&format!("http://site.test{target}")).status, Some(400), "{target}");
    }
    assert!(bed.origin().requests().is_empty() && bed.origin_at(1).requests().is_empty());
    bed.get("/a%252Fb?c=%2F").has_status(200);
}

#[test]
fn a_group_of_the_site_file_is_what_serves() {
    let site = r#"
        version = 1
        name = "site"
        hosts = ["site.test"]
        canonical_host = "site.test"
        [origins.a]
        url = "{origin}"
        secret = { header = "X-Secret", value = "for-a" }
        [origins.b]
        url = "{origin1}"
        path_prefix = "/b"
        probe = { path = "/health", interval = "1s", unhealthy = 1 }
        [origins.c]
        url = "{origin2}"
        [groups.web]
        members = ["a", { origin = "b", weight = 3 }, { origin = "c", backup = true }]
        balance = "weighted"
        failover = { on = ["connect", "418"], tries_max = 3 }
        ejection = { failures = 2, time = "1m", share_max = "100%" }
        [[behaviors]]
        name = "all"
        path = "/*"
        origin = "web"
    "#;
    let b = named("b").and("/b/tea/*", status(418, "tea")).and("/health", ok(""));
    let bed = Testbed::builder(named("a")).and_origin(b).and_origin(named("c")).site(site).workers(1).start();
    let mut answers: Vec<String> = (0..8).map(|nth| bed.get(&format!("/{nth}")).text()).collect();
    answers.sort();
    assert_eq!(answers.concat(), "aabbbbbb");
    assert_eq!(bed.origin().requests()[0].headers("x-secret"), "for-a");
    for nth in 0..8 {
        bed.get(&format!("/tea/{nth}")).has_body("a");
    }
    assert_eq!(
        bed.origin_at(1).requests().iter().filter(|seen| seen.path().starts_with("/b/tea")).count(),
        2
    );
    bed.origin().refuse_connections();
    bed.get("/last").has_body("c");
    bed.until("it is probed", || bed.origin_at(1).count("/health") > 0);
}

#[test]
fn explain_names_the_members_and_who_would_be_asked_first() {
    let bed = bed(vec![failing(reset()), named("b")], |group| group.ejection = Some(EJECTION)).start();
    let first = |bed: &Testbed| {
        let members = bed.explain("http://site.test/x").members;
        assert_eq!(members.len(), 2);
        let first = members.iter().find(|member| member.first).expect("one is first").origin.clone();
        (first, members[0].standing.clone())
    };
    assert_eq!(first(&bed), ("a".to_owned(), "well".to_owned()));
    for nth in 0..3 {
        bed.get(&format!("/{nth}")).has_body("b");
    }
    assert_eq!(first(&bed), ("b".to_owned(), "ejected".to_owned()));
}
