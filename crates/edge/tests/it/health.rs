//! Origin servers that are unwell: left out and taken back, by their answers and by their probes; and a group that
//! has nobody left still answers.

use crate::groups::{EJECTION, bed, failing, metric, named, regroup, reserve, said};
use littoral_edge::{EdgeConfig, Notices};
use littoral_policy::{Ejection, Probe, StatusSet};
use littoral_testbed::{Testbed, in_turn, ok, origin, reset, status};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn well(bed: &Testbed, origin: &str) -> bool {
    metric(bed, &format!("littoral_origin_well{{site=\"site\",origin=\"{origin}\"}}")) == 1.0
}

fn exhausted(bed: &Testbed) -> bool {
    metric(bed, "littoral_group_exhausted{site=\"site\",group=\"web\"}") == 1.0
}

#[test]
fn failures_in_a_row_leave_a_member_out_for_a_while() {
    for failure in [status(500, "no"), reset(), ok("0123456789").closes_after(3)] {
        let bed = bed(vec![failing(failure), named("b")], |group| group.ejection = Some(EJECTION)).start();
        let mut nth = 0;
        let mut ask = || {
            nth += 1;
            let _ =
                bed.client().send(format!("GET /{nth} HTTP/1.1\r\nHost: site.test\r\n\r\n")).try_reply("GET");
        };
        (0..20).for_each(|_| ask());
        assert_eq!(bed.origin().requests().len(), 3);
        assert!(!well(&bed, "a"));
        bed.advance(11);
        (0..20).for_each(|_| ask());
        assert_eq!(bed.origin().requests().len(), 4, "one failure is enough for one that has just come back");
        bed.advance(11);
        (0..5).for_each(|_| ask());
        assert_eq!(bed.origin().requests().len(), 4, "and it stays away twice as long");
    }
}

#[test]
fn a_member_that_answers_well_again_is_taken_back() {
    let answers = in_turn([status(500, "1"), status(500, "2"), status(500, "3"), said("a")]);
    let bed = bed(vec![origin("*", answers), named("b")], |group| group.ejection = Some(EJECTION)).start();
    let ask = |nth: usize| bed.get(&format!("/x?{nth}")).text();
    assert!((0..6).all(|nth| ask(nth) == "b"));
    bed.advance(11);
    assert!((10..20).all(|nth| ask(nth) == "a"));
}

#[test]
fn only_so_many_are_left_out_as_the_share_says_and_never_the_last() {
    for (share_max_percent, out) in [(1, 1), (50, 1), (67, 2), (100, 2)] {
        let no = || failing(status(500, "no"));
        let bed = bed(vec![no(), no(), no()], move |group| {
            group.ejection = Some(Ejection { share_max_percent, ..EJECTION });
        });
        let bed = bed.start();
        for nth in 0..30 {
            bed.get(&format!("/{nth}")).has_status(500);
        }
        let left_out = ["a", "b", "c"].iter().filter(|name| !well(&bed, name)).count();
        assert_eq!(left_out, out, "{share_max_percent} %");
        assert!(!exhausted(&bed));
    }
}

#[test]
fn clients_who_leave_and_bodies_that_they_break_are_not_the_origins_fault() {
    let bed = bed(vec![named("a"), named("b")], |group| group.ejection = Some(EJECTION)).start();
    for _ in 0..10 {
        let mut client = bed.client();
        client.send("POST /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
        bed.settle();
        client.reset();
    }
    bed.settle();
    bed.get("/x").has_body("a");
    assert!(well(&bed, "a"));
}

fn probed(seconds: u64) -> Probe {
    Probe {
        method: "GET".into(),
        target: "/health?deep=1".into(),
        host: Some("probe.test".into()),
        interval: Duration::from_secs(seconds),
        timeout: Duration::from_secs(5),
        healthy_after: 2,
        unhealthy_after: 3,
        statuses: StatusSet::of(200..300),
    }
}

/// Two origins with probes every five seconds.
fn probed_bed() -> Testbed {
    probed_bed_with(|_| {})
}

fn probed_bed_with(change: impl FnOnce(&mut EdgeConfig) + 'static) -> Testbed {
    let script = |name: &str| named(name).and("/health", ok("fine"));
    bed(vec![script("a"), script("b")], |_| {})
        .shaped(|site| {
            for nth in 0..2 {
                reserve(site, nth, |server| server.probe = Some(probed(5)));
            }
        })
        .configure(change)
        .start()
}

/// Lets time pass until it holds.
fn pass_time(bed: &Testbed, what: &str, holds: impl FnMut() -> bool) {
    let mut holds = holds;
    bed.until(what, || {
        bed.advance(1);
        holds()
    });
}

#[test]
fn probes_leave_a_member_out_and_bring_it_back() {
    let bed = probed_bed();
    bed.get("/1").has_body("a");
    bed.origin().answers("/health", status(503, "not today"));
    pass_time(&bed, "the probes see it", || !well(&bed, "a"));
    let bad = metric(&bed, "littoral_origin_probes_total{site=\"site\",origin=\"a\",result=\"bad\"}");
    assert!(bad >= 3.0, "{bad}");
    bed.get("/2").has_body("b");
    bed.origin().answers("/health", ok("better"));
    pass_time(&bed, "the probes see that, too", || well(&bed, "a"));
    bed.get("/3").has_body("a");
    let seen = bed.origin().last("/health");
    assert_eq!((seen.target.as_str(), seen.headers("host").as_str()), ("/health?deep=1", "probe.test"));
    assert_eq!(seen.headers("user-agent"), "littoral-probe");
}

#[test]
fn probes_do_not_wait_for_the_pools_connections_nor_hold_any() {
    let bed = probed_bed();
    bed.reload(|site| reserve(site, 0, |server| (server.connections_max, server.queue_max) = (1, 0)));
    pass_time(&bed, "a few probes", || bed.origin().count("/health") >= 4);
    for nth in 0..10 {
        bed.get(&format!("/{nth}")).has_body("a");
    }
    assert!(well(&bed, "a"));
}

#[test]
fn a_group_with_nobody_left_answers_by_the_least_bad() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = told.clone();
    let bed = probed_bed_with(move |config| {
        config.notices = Notices::to(move |line| heard.lock().unwrap().push(line.to_owned()));
    });
    bed.reload(|site| regroup(site, |group| group.ejection = Some(EJECTION)));
    bed.origin().answers("/health", status(503, "no"));
    bed.origin_at(1).answers("/health", status(503, "no"));
    pass_time(&bed, "both are bad", || exhausted(&bed));
    bed.get("/1").has_status(200).has_body("a");
    let resorts = metric(&bed, "littoral_group_last_resorts_total{site=\"site\",group=\"web\"}");
    assert!(resorts >= 1.0);
    // `a` fails with requests, too: one that only its probes speak against is the better choice.
    bed.origin().answers("*", status(500, "no"));
    for nth in 10..16 {
        bed.get(&format!("/{nth}")).has_body("b");
    }
    assert_eq!(bed.explain("http://site.test/x").members[0].standing, "ejected-and-probed-bad");
    assert_eq!(bed.origin().requests().iter().filter(|request| request.path() != "/health").count(), 4);
    bed.origin_at(1).answers("/health", ok("fine"));
    pass_time(&bed, "one is well again", || !exhausted(&bed));
    bed.until("both are told", || told.lock().unwrap().len() >= 2);
    let told = told.lock().unwrap();
    assert!(told[0].contains("no origin server of `web` is well"), "{told:?}");
    assert!(told[1].contains("an origin server of `web` is well again"), "{told:?}");
}

#[test]
fn a_prober_ends_with_its_origin_server() {
    let bed = probed_bed();
    pass_time(&bed, "both are probed", || (0..2).all(|nth| bed.origin_at(nth).count("/health") >= 2));
    bed.reload(|site| reserve(site, 0, |server| server.probe = None));
    let others = bed.origin_at(1).count("/health");
    pass_time(&bed, "the reload is seen", || bed.origin_at(1).count("/health") >= others + 2);
    let (own, others) = (bed.origin().count("/health"), bed.origin_at(1).count("/health"));
    pass_time(&bed, "the other one goes on", || bed.origin_at(1).count("/health") >= others + 3);
    assert_eq!(bed.origin().count("/health"), own);
}

#[test]
fn a_reload_keeps_what_is_known_of_origin_servers_that_stay() {
    let bed = bed(vec![failing(reset()), named("b")], |group| group.ejection = Some(EJECTION)).start();
    for nth in 0..5 {
        bed.get(&format!("/{nth}")).has_body("b");
    }
    assert!(!well(&bed, "a"));
    bed.reload(|site| regroup(site, |group| group.slow_start = Duration::from_secs(1)));
    assert!(!well(&bed, "a"), "another group, the same origin server");
    bed.get("/kept").has_body("b");
    assert_eq!(bed.origin().requests().len(), 3);
    bed.reload(|site| reserve(site, 0, |server| server.idle_timeout += Duration::from_secs(1)));
    assert!(well(&bed, "a"), "a changed origin server is another one");
}
