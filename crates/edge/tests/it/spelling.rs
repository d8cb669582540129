//! One thing, one spelling: what clients write in several ways is the same to keys, purges and origins, and what the
//! origin will not see chooses nothing.

use littoral_testbed::{Purge, Testbed, dynamic, ok, origin};

#[test]
fn a_host_with_its_final_dot_or_default_port_is_the_same_host() {
    let script = origin("/a", dynamic(|request| ok(request.header("host").unwrap_or("none")).max_age(60)));
    let bed = Testbed::builder(script).key_setting("host = \"client\"").start();
    bed.ask("GET", "/a").host("SITE.test.:80").send().is_forwarded("site.test");
    for same in ["site.test", "site.test.", "site.test:", "site.test:80", "site.test:0443"] {
        bed.ask("GET", "/a").host(same).send().is_hit("site.test");
    }
    bed.purge(Purge::url("http://site.test/a"));
    bed.ask("GET", "/a").host("site.test.").send().is_forwarded("site.test");
}

#[test]
fn what_no_url_holds_bare_reaches_the_origin_encoded() {
    let bed = Testbed::start(origin("*", dynamic(|request| ok(request.target.clone()).max_age(60))));
    bed.get("/a<b>`|?q=\"<x>\"&y={1}").is_forwarded("/a%3Cb%3E%60%7C?q=%22%3Cx%3E%22&y={1}");
    bed.get("/a%3cb%3E%60%7c?q=%22%3Cx%3E%22&y={1}").is_hit("/a%3Cb%3E%60%7C?q=%22%3Cx%3E%22&y={1}");
}

#[test]
fn a_field_that_connection_nominates_chooses_no_key_and_no_variant() {
    let answer = dynamic(|request| {
        let own = |name| request.header(name).unwrap_or("none").to_owned();
        ok(format!("{} {}", own("x-country"), own("x-theme"))).vary("X-Theme").max_age(60)
    });
    let bed =
        Testbed::builder(origin("/a", answer)).key_setting("headers = [\"x-country\"]").workers(1).start();
    let trick = bed.ask("GET", "/a").header("Connection", "X-Country, x-theme");
    trick.header("X-Country", "fr").header("X-Theme", "dark").send().is_forwarded("none none");
    let honest = bed.ask("GET", "/a").header("X-Country", "fr").header("X-Theme", "dark");
    honest.send().is_forwarded("fr dark");
    bed.get("/a").is_hit("none none");
}
