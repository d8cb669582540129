//! What behaviors do beside caching: redirects, rewrites, changes to fields, pages in place of errors, and conditions
//! that choose among them.

use littoral_testbed::{Purge, Testbed, dynamic, ok, origin, reset, status};

/// Says what it was asked for.
fn echo() -> littoral_testbed::Script {
    origin(
        "*",
        dynamic(|request| {
            let fields = request
                .fields
                .iter()
                .map(|(name, value)| format!("{}: {value}\n", name.to_ascii_lowercase()));
            ok(format!("{}\n{}", request.target, fields.collect::<String>())).max_age(60)
        }),
    )
}

fn bed(behavior: &str) -> Testbed {
    Testbed::builder(echo()).behavior_setting(behavior).start()
}

#[test]
fn a_redirect_is_answered_without_asking_the_origin() {
    let bed = bed("redirects = [\n\
         { prefix = \"/old/\", to = \"/new/\", status = 301 },\n\
         { regex = '^/p/([0-9]+)$', to = \"https://${host}/product?id=${1}\", status = 302 },\n\
         { prefix = \"/blog\", to = \"https://blog.example/\", keep_query = false },\n\
         { to = \"/elsewhere${path}\", when = 'query[\"go\"] == \"1\"' },\n\
         ]");
    for (target, status, location) in [
        ("/old/a/b", 301, "/new/a/b"),
        ("/old/a?x=1", 301, "/new/a?x=1"),
        ("/p/42", 302, "https://site.test/product?id=42"),
        ("/p/42?y=1", 302, "https://site.test/product?id=42"),
        ("/blog?x=1", 302, "https://blog.example/"),
        ("/any?go=1", 302, "/elsewhere/any?go=1"),
        // A path that begins with two slashes would be another host.
        ("/old//evil.example", 301, "/new//evil.example"),
    ] {
        bed.get(target).has_status(status).has_header("location", location);
    }
    assert!(bed.origin().requests().is_empty());
    bed.get("/any").was_forwarded();
}

#[test]
fn a_redirect_cannot_be_bent_to_another_host() {
    let bed = bed("redirects = [\n\
         { regex = '^/go(.*)$', to = \"${1}\" },\n\
         { prefix = \"/blog\", to = \"https://blog.example\" },\n\
         { prefix = \"/moved/\", to = \"https://${host}:8443\" },\n\
         ]");
    for (target, location) in [
        ("/blog.evil.example/x", "https://blog.example/.evil.example/x"),
        ("/blog@evil.example", "https://blog.example/@evil.example"),
        ("/blog:1337", "https://blog.example/:1337"),
        ("/blog/a", "https://blog.example/a"),
        ("/blog", "https://blog.example"),
        ("/moved/0.evil.example", "https://site.test:8443/0.evil.example"),
        ("/go//evil.example/x", "/evil.example/x"),
        ("/go/%5C%5Cevil.example", "/%5C%5Cevil.example"),
        ("/go/a", "/a"),
    ] {
        bed.get(target).has_status(302).has_header("location", location);
    }
}

#[test]
fn the_origin_is_asked_for_the_rewritten_path_and_the_cache_keeps_the_clients() {
    let bed = bed("rewrites = [\n\
         { prefix = \"/app/\", to = \"/\" },\n\
         { regex = '^/(.+)_v[0-9a-f]+\\.(js|css)$', to = \"/${1}.${2}\" },\n\
         { prefix = \"/q/\", to = \"/search?path=${1}\" },\n\
         ]");
    for (target, asked) in [
        ("/app/x/y", "/x/y"),
        ("/app/x?a=1", "/x?a=1"),
        ("/main_v468df6b.js", "/main.js"),
        ("/css/site_v00.css?x", "/css/site.css?x"),
        ("/q/a?b=c", "/search?path=a"),
        ("/plain.js", "/plain.js"),
        ("/app/%2e%2e/secret", "/secret"),
    ] {
        let reply = bed.get(target);
        assert_eq!(reply.was_forwarded().text().lines().next(), Some(asked), "{target}");
    }
    // Two versions of one file are two stored responses, and a purge names what clients ask for.
    bed.get("/main_v468df6b.js").was_hit();
    bed.get("/main_v111111.js").was_forwarded();
    bed.purge(Purge::url("http://site.test/main_v468df6b.js"));
    bed.get("/main_v468df6b.js").was_forwarded();
    bed.get("/main_v111111.js").was_hit();
}

#[test]
fn a_rewrite_that_makes_no_target_is_the_sites_mistake() {
    let bed = bed("rewrites = [{ regex = '^/cut/(..)', to = \"/${1}\" }]");
    bed.get("/cut/%2Fx").has_status(500);
    assert_eq!(bed.explain("http://site.test/cut/%2Fx").status, Some(500));
}

#[test]
fn request_field_rules_shape_what_the_origin_receives() {
    let bed = bed("request_headers = [\n\
         { set = \"X-Site\", value = \"${site} ${behavior} ${host}\" },\n\
         { add = \"X-Tag\", value = \"one\" },\n\
         { add = \"X-Tag\", value = \"two\", when = 'starts_with(path, \"/a\")' },\n\
         { remove = \"Accept-Language\" },\n\
         { set = \"X-Client\", value = \"${client.ip}\" },\n\
         ]");
    let reply = bed.ask("GET", "/a").header("X-Site", "mine").header("Accept-Language", "de").send();
    let text = reply.text();
    assert!(text.contains("x-site: site all site.test\n") && !text.contains("mine"), "{text}");
    assert!(text.contains("x-tag: one\n") && text.contains("x-tag: two\n"), "{text}");
    assert!(!text.contains("accept-language") && text.contains("x-client: 127.0.0.1\n"), "{text}");
    assert!(!bed.get("/b").text().contains("two"));
}

#[test]
fn response_field_rules_shape_hits_misses_errors_and_304_alike() {
    let script =
        origin("/a", ok("a").max_age(60).etag("\"1\"").header("Server", "secret").header("X-Old", "1"))
            .and("/gone", status(404, "gone").max_age(60));
    let bed = Testbed::builder(script)
        .behavior_setting(
            "response_headers = [\n\
             { set = \"X-Cache\", value = \"${cache}\" },\n\
             { remove = \"Server\" },\n\
             { set = \"X-Old\", value = \"${response.header.x-old}2\" },\n\
             { add = \"X-Missing\", value = \"${status}\", when = 'path == \"/gone\"' },\n\
             { default = \"Referrer-Policy\", value = \"no-referrer\" },\n\
             ]",
        )
        .start();
    bed.get("/a").has_header("x-cache", "miss").lacks_header("server").has_header("x-old", "12");
    bed.get("/a").has_header("x-cache", "hit").has_header("referrer-policy", "no-referrer");
    bed.ask("GET", "/a").header("If-None-Match", "\"1\"").send().has_status(304).has_header("x-cache", "hit");
    bed.get("/gone").has_status(404).has_header("x-missing", "404");
    bed.get("/gone").has_header("x-cache", "hit").has_header("x-missing", "404");
}

#[test]
fn rules_without_conditions_are_part_of_what_is_kept_serialized() {
    let script = origin("/a", ok("a").max_age(60).header("Server", "secret"));
    let bed = Testbed::builder(script)
        .behavior_setting(
            "response_headers = [{ set = \"X-Frame-Options\", value = \"DENY\" }, { remove = \"Server\" }]",
        )
        .start();
    for _ in 0..3 {
        let reply = bed.get("/a");
        assert_eq!(reply.headers("x-frame-options"), ["DENY"]);
        reply.lacks_header("server");
    }
}

#[test]
fn one_url_that_two_behaviors_serve_is_stored_for_each() {
    let beta = "[[behaviors]]\nname = \"beta\"\nwhen = 'cookie[\"beta\"] == \"1\"'\n\
                rewrites = [{ to = \"/beta${path}\" }]\n[behaviors.cache]\nrequest_cookie = \"ignore\"\n";
    let bed = Testbed::builder(echo()).first_behaviors(beta).start();
    let ask_beta = || bed.ask("GET", "/x").header("Cookie", "beta=1").send();
    assert!(bed.get("/x").was_forwarded().text().starts_with("/x\n"));
    assert!(ask_beta().was_forwarded().text().starts_with("/beta/x\n"));
    assert!(bed.get("/x").was_hit().text().starts_with("/x\n"));
    assert!(ask_beta().was_hit().text().starts_with("/beta/x\n"));
    // A purge of the URL is a purge of both.
    bed.purge(Purge::url("http://site.test/x"));
    bed.get("/x").was_forwarded();
    ask_beta().was_forwarded();
    // And so is a request that changes what it names.
    bed.ask("POST", "/x").send().has_status(200);
    bed.get("/x").was_forwarded();
    ask_beta().was_forwarded();
}

#[test]
fn immutable_is_told_of_what_was_found_and_of_nothing_else() {
    let script = origin("/a.js", ok("a").max_age(60)).and("/gone.js", status(404, "no").max_age(60));
    let bed = Testbed::builder(script).cache_setting("immutable = true").start();
    let immutable = "public, max-age=31536000, immutable";
    bed.get("/a.js").has_header("cache-control", immutable);
    bed.get("/a.js").was_hit().has_header("cache-control", immutable);
    bed.get("/gone.js").has_status(404).has_header("cache-control", "max-age=60");
}

const PAGES: &str = "[[error_pages]]\nstatuses = [\"502\", \"503\", \"504\"]\nbody = \"<h1>Back soon</h1>\"\n\
    content_type = \"text/html\"\nanswer_status = 503\nretry_after = \"30s\"\n\
    [[error_pages]]\nstatuses = [\"4xx\"]\nfrom = \"origin\"\nbody = \"not here\"\ncontent_type = \"text/plain\"\n";

fn with_pages(script: littoral_testbed::Script) -> Testbed {
    Testbed::builder(script).first_behaviors(PAGES).start()
}

#[test]
fn a_maintenance_page_stands_in_when_nothing_answers() {
    let bed = with_pages(origin("/a", reset()));
    bed.get("/a")
        .has_status(503)
        .has_body("<h1>Back soon</h1>")
        .has_header("content-type", "text/html")
        .has_header("retry-after", "30")
        .has_header("cache-control", "no-store");
    let head = bed.head("/a");
    head.has_status(503).has_body("").has_header("content-length", "18");
    bed.origin().refuse_connections();
    bed.get("/a").has_status(503).has_body("<h1>Back soon</h1>");
}

#[test]
fn stale_content_comes_before_the_maintenance_page() {
    let bed = with_pages(origin("/a", ok("content").max_age(1)));
    bed.get("/a").is_forwarded("content");
    bed.advance(5);
    bed.origin().refuse_connections();
    bed.get("/a").is_stale("content");
    bed.get("/b").has_status(503).has_body("<h1>Back soon</h1>");
}

#[test]
fn an_origins_errors_get_the_sites_page_fetched_stored_or_passed() {
    let script =
        origin("/gone", status(404, "the origin's own words").max_age(60).header("X-Debug", "trace"))
            .and("/secret", status(401, "who?").header("WWW-Authenticate", "Basic realm=\"x\""))
            .and("/broken", status(500, "trace"));
    let bed = with_pages(script);
    bed.get("/gone").has_status(404).has_body("not here").lacks_header("x-debug");
    bed.get("/gone").has_status(404).has_body("not here").was_hit();
    // A client must still learn how to get in.
    bed.get("/secret")
        .has_status(401)
        .has_body("not here")
        .has_header("www-authenticate", "Basic realm=\"x\"");
    bed.ask("POST", "/gone").body("x").send().has_status(404).has_body("not here");
    // No page is for 500.
    bed.get("/broken").has_status(500).has_body("trace");
}
