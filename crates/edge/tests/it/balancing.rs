//! Who of a group is asked, counted over many requests at real origins.

use crate::groups::{EJECTION, bed, metric, named, regroup, reserve, said};
use littoral_policy::{Balance, HashKey, OriginGroup};
use littoral_testbed::{Client, Gate, Testbed, origin};
use std::time::Duration;

fn weights(group: &mut OriginGroup, weights: &[u32]) {
    for (member, weight) in group.members.iter_mut().zip(weights) {
        member.weight = *weight;
    }
}

/// Requests for that many paths on one connection, and who answered each.
fn answers(bed: &Testbed, requests: usize) -> Vec<String> {
    let mut client = bed.client();
    (0..requests).map(|nth| client.get(&format!("/{nth}"), "site.test").text()).collect()
}

fn counts(answers: &[String]) -> [usize; 3] {
    ["a", "b", "c"].map(|name| answers.iter().filter(|answer| *answer == name).count())
}

/// Five standard deviations of a binomial share.
fn is_share(count: usize, requests: usize, share: f64) -> bool {
    let expected = requests as f64 * share;
    (count as f64 - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt()
}

fn three(change: impl FnOnce(&mut OriginGroup) + 'static) -> Testbed {
    bed(vec![named("a"), named("b"), named("c")], change).start()
}

#[test]
fn weighted_members_take_turns() {
    let bed = three(|group| {
        group.balance = Balance::Weighted;
        weights(group, &[5, 2, 1]);
    });
    assert_eq!(counts(&answers(&bed, 1600)), [1000, 400, 200]);
}

#[test]
fn the_first_that_is_well_gets_all() {
    assert_eq!(counts(&answers(&three(|_| {}), 300)), [300, 0, 0]);
}

#[test]
fn a_key_stays_with_its_member_and_moves_only_when_that_goes() {
    let bed = three(|group| {
        group.balance = Balance::Hash(HashKey::Url);
        group.ejection = Some(EJECTION);
        weights(group, &[1, 1, 2]);
    });
    let before = answers(&bed, 600);
    let spread = counts(&before);
    for (count, share) in spread.iter().zip([0.25, 0.25, 0.5]) {
        assert!(is_share(*count, 600, share), "{spread:?}");
    }
    assert_eq!(answers(&bed, 600), before);
    bed.origin_at(1).refuse_connections();
    let after = answers(&bed, 600);
    for (before, after) in before.iter().zip(&after) {
        assert!(after == before || before == "b", "{before} became {after}");
        assert_ne!(after, "b");
    }
    bed.origin_at(1).accept_connections();
    bed.advance(11);
    assert_eq!(answers(&bed, 600), before, "and comes back");
}

#[test]
fn clients_are_told_apart_by_what_is_hashed() {
    let bed = three(|group| group.balance = Balance::Hash(HashKey::Header("x-user".into())));
    let mut seen = std::collections::HashSet::new();
    for user in 0..20 {
        let of =
            |nth| bed.ask("GET", &format!("/{user}/{nth}")).header("X-User", &user.to_string()).send().text();
        let first = of(0);
        assert!((1..4).all(|nth| of(nth) == first));
        seen.insert(first);
    }
    assert_eq!(seen.len(), 3);
    bed.reload(|site| regroup(site, |group| group.balance = Balance::Hash(HashKey::Client)));
    let spread = counts(&answers(&bed, 100));
    assert!(spread.contains(&100), "one client, one member: {spread:?}");
    bed.reload(|site| regroup(site, |group| group.balance = Balance::Hash(HashKey::Cookie("id".into()))));
    let of = |nth: usize| bed.ask("GET", &format!("/c/{nth}")).header("Cookie", "x=1; id=7").send().text();
    let first = of(0);
    assert!((1..20).all(|nth| of(nth) == first));
}

#[test]
fn the_less_busy_of_two_is_asked() {
    let gate = Gate::closed();
    let slow = origin("/held/*", said("a").held_by(&gate)).and("*", said("a"));
    let bed = bed(vec![slow, named("b")], |group| group.balance = Balance::LeastRequests).shaped(|site| {
        reserve(site, 0, |server| server.head_timeout = Duration::from_secs(60));
    });
    let bed = bed.start();
    let idle = counts(&answers(&bed, 600));
    assert!(is_share(idle[0], 600, 0.5), "{idle:?}");
    let mut held: Vec<Client> = Vec::new();
    while gate.arrived() < 1 {
        let mut client = bed.client();
        client.send(format!("GET /held/{} HTTP/1.1\r\nHost: site.test\r\n\r\n", held.len()));
        held.push(client);
        bed.settle();
        assert!(held.len() < 60, "`a` is drawn now and then");
    }
    assert_eq!(counts(&answers(&bed, 300)), [0, 300, 0], "one under way is more than none");
    gate.open();
    held.iter_mut().for_each(|client| drop(client.reply("GET")));
    bed.until("both are idle", || {
        metric(&bed, "littoral_origin_under_way{site=\"site\",origin=\"a\"}") == 0.0
    });
    let idle = counts(&answers(&bed, 600));
    assert!(is_share(idle[0], 600, 0.5), "{idle:?}");
}

#[test]
fn backups_are_asked_only_when_nobody_else_can_be() {
    let bed = three(|group| {
        group.members[0].backup = true;
        group.balance = Balance::Weighted;
    });
    assert_eq!(counts(&answers(&bed, 100)), [0, 50, 50]);
    bed.origin_at(1).refuse_connections();
    bed.origin_at(2).refuse_connections();
    assert_eq!(counts(&answers(&bed, 5)), [5, 0, 0]);
}

#[test]
fn a_thousand_clients_share_ten_connections_of_two_members() {
    let bed = bed(vec![named("a"), named("b")], |group| group.balance = Balance::LeastRequests)
        .workers(2)
        .shaped(|site| {
            for nth in 0..2 {
                reserve(site, nth, |server| {
                    (server.connections_max, server.queue_max) = (5, 1000);
                    server.queue_timeout = Duration::from_secs(20);
                    server.head_timeout = Duration::from_secs(20);
                });
            }
        })
        .start();
    let mut clients: Vec<Client> = (0..1000).map(|_| bed.client()).collect();
    for (nth, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{nth} HTTP/1.1\r\nHost: site.test\r\n\r\n"));
    }
    let answers: Vec<String> =
        clients.iter_mut().map(|client| client.reply("GET").has_status(200).text()).collect();
    let spread = counts(&answers);
    assert!(spread[0].abs_diff(spread[1]) < 200, "{spread:?}");
    // A thread may have given one up for another's benefit, and opened it anew: never more than five at a time, and
    // far fewer in all than there were clients.
    for nth in 0..2 {
        assert!(bed.origin_at(nth).connections() < 200, "{}", bed.origin_at(nth).connections());
    }
}

#[test]
fn a_member_that_came_back_begins_with_a_part_of_its_share() {
    let bed = bed(vec![named("a"), named("b")], |group| {
        group.balance = Balance::Weighted;
        group.ejection = Some(EJECTION);
        group.slow_start = Duration::from_secs(100);
    });
    let bed = bed.start();
    bed.origin().refuse_connections();
    assert_eq!(counts(&answers(&bed, 20))[0], 0);
    bed.origin().accept_connections();
    assert_eq!(counts(&answers(&bed, 50))[0], 0, "it is left out");
    for (seconds, share) in [(10, 0.1), (25, 0.25), (25, 0.5), (25, 0.75), (25, 1.0)] {
        bed.advance(seconds);
        let answered = counts(&answers(&bed, 700));
        let expected = 700.0 * share / (1.0 + share);
        assert!((answered[0] as f64 - expected).abs() <= 3.0, "{share}: {answered:?}");
    }
}
