//! What the settings beside caching become: origins, groups, compression, limits, redirects, rules, error pages.

use crate::fixtures::Folder;
use littoral_model::render_all;
use littoral_policy::{
    Address, Balance, Coding, Compression, ErrorSource, FieldChange, HashKey, HostHeader, Member,
    OriginProtocol, RateKey, Site, SiteIds, StatusSet, read_site,
};
use littoral_rules::{Scope, Subject};
use std::path::PathBuf;
use std::time::Duration;

const ORIGINS: &str = r#"
version = 1
hosts = ["example.com", "*.example.com"]
shards = ["s1.example.com", "S2.example.com"]

[origins.app]
url = "http+unix:/run/app.sock"
path_prefix = "/v1"
protocol = "http2"
secret = { header = "X-Origin-Secret", value_file = "secret.txt" }
probe = { path = "/healthz?deep=1", method = "HEAD", host = "Probe.example:81", interval = "1s", timeout = "50ms", healthy = 1, unhealthy = 9, statuses = [204, "3xx"] }

[origins.tls]
url = "https://tls.example.net"
protocol = "auto"
tls = { server_name = "Inner.example.net", ca_file = "ca.pem", certificate_file = "client.pem", key_file = "client.key" }
probe = { path = "/" }

[origins.bucket]
url = "https://s3.example.net:9000"
path_prefix = "/media"
s3 = { region = "eu-central-1", access_key = "AKIAEXAMPLE", secret_key_file = "secret.txt", session_token = "token", service = "other" }

[origins.socket]
url = "https+unix:/run/tls.sock"

[groups.web]
members = ["app", { origin = "tls", weight = 3 }, { origin = "bucket", backup = true }]
balance = "hash"
hash_key = "cookie:Session"
failover = { on = ["connect", "5xx"], tries_max = 2, retry_share = "5%" }
ejection = { failures = 7, time = "1m", share_max = "100%" }
slow_start = "30s"

[groups.plain]
members = ["app", "socket"]

[groups.never]
members = ["app", "tls"]
balance = "least-requests"
failover = { on = [] }
ejection = "off"

[[behaviors]]
path = "/web/*"
origin = "web"
allow_methods = ["GET", "HEAD", "PUT"]

[[behaviors]]
path = "/plain/*"
origin = "plain"

[[behaviors]]
path = "/socket/*"
origin = "socket"

[[behaviors]]
origin = "never"
"#;

fn good(source: &str) -> Site {
    match read_site(source, "test.toml", &Folder, |_| SiteIds::default()) {
        Ok((site, warnings)) if warnings.is_empty() => site,
        Ok((_, mistakes)) | Err(mistakes) => panic!("{}", render_all(&mistakes, source)),
    }
}

/// A site with one behavior, of which these are the lines.
fn behavior(lines: &str) -> Site {
    good(&format!(
        "version = 1\nhosts = [\"example.com\", \"www.example.com\"]\n[origins.app]\nurl = \"http://app.example.com\"\n\
         [[behaviors]]\n{lines}\n"
    ))
}

#[test]
fn origins_become_what_is_connected_to() {
    let site = good(ORIGINS);
    let app = &site.origins[0];
    assert_eq!(app.address, Address::Unix(PathBuf::from("/run/app.sock")));
    assert_eq!(
        (&*app.authority, &*app.path_prefix, app.protocol),
        ("localhost", "/v1", OriginProtocol::Http2)
    );
    let secret = app.secret.as_ref().unwrap();
    assert_eq!((&*secret.header, &*secret.value), ("x-origin-secret", "sixteen bytes or more"));
    let probe = app.probe.as_ref().unwrap();
    assert_eq!((&*probe.method, &*probe.target), ("HEAD", "/healthz?deep=1"));
    assert_eq!(probe.host.as_deref(), Some("probe.example:81"));
    assert_eq!((probe.interval, probe.timeout), (Duration::from_secs(1), Duration::from_millis(50)));
    assert_eq!((probe.healthy_after, probe.unhealthy_after), (1, 9));
    assert!(probe.statuses.has(204) && probe.statuses.has(399) && !probe.statuses.has(200));

    let tls = &site.origins[1];
    let trust = tls.tls.as_ref().unwrap();
    assert_eq!((&*trust.server_name, &*tls.authority), ("inner.example.net", "tls.example.net"));
    assert!(trust.roots.is_some() && trust.identity.is_some());
    let probe = tls.probe.as_ref().unwrap();
    assert_eq!(
        (&*probe.method, probe.statuses, probe.interval.as_secs()),
        ("GET", StatusSet::of(200..300), 5)
    );

    let bucket = &site.origins[2];
    assert_eq!((&bucket.host_header, bucket.protocol), (&HostHeader::Origin, OriginProtocol::Http1));
    let s3 = bucket.s3.as_ref().unwrap();
    assert_eq!((&*s3.region, &*s3.service, &*s3.access_key), ("eu-central-1", "other", "AKIAEXAMPLE"));
    assert_eq!((&*s3.secret_key, s3.session_token.as_deref()), ("sixteen bytes or more", Some("token")));
    assert_eq!(&*site.origins[3].tls.as_ref().unwrap().server_name, "localhost");
    assert_eq!(site.shards, ["s1.example.com".into(), "s2.example.com".into()].into());
}

#[test]
fn secrets_do_not_show_in_what_is_printed_of_a_site() {
    let shown = format!("{:?}", good(ORIGINS));
    assert!(shown.contains("AKIAEXAMPLE"));
    assert!(!shown.contains("sixteen bytes"), "{shown}");
}

#[test]
fn a_group_stands_for_each_origin_and_then_come_those_of_the_file() {
    let site = good(ORIGINS);
    let names: Vec<&str> = site.groups.iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["app", "tls", "bucket", "socket", "web", "plain", "never"]);
    assert_eq!(site.behaviors.iter().map(|behavior| behavior.group).collect::<Vec<_>>(), [4, 5, 3, 6]);
    let web = &site.groups[4];
    let member = |origin, weight, backup| Member { origin, weight, backup };
    assert_eq!(*web.members, [member(0, 1, false), member(1, 3, false), member(2, 1, true)]);
    assert_eq!(web.balance, Balance::Hash(HashKey::Cookie("Session".into())));
    let failover = &web.failover;
    assert!(failover.on_connect && !failover.on_timeout && !failover.on_reset);
    assert_eq!((failover.on_statuses, failover.tries_max), (StatusSet::of(500..600), 2));
    assert_eq!(failover.retry_share_percent, 5);
    let ejection = web.ejection.as_ref().unwrap();
    assert_eq!((ejection.failures, ejection.time.as_secs(), ejection.share_max_percent), (7, 60, 100));
    assert_eq!(web.slow_start.as_secs(), 30);
}

#[test]
fn groups_fail_over_and_eject_by_default_and_not_where_they_are_told_so() {
    let site = good(ORIGINS);
    let plain = &site.groups[5];
    assert_eq!(plain.balance, Balance::First);
    assert!(plain.failover.on_connect && plain.failover.on_timeout && plain.failover.on_reset);
    assert_eq!(plain.failover.on_statuses.iter().collect::<Vec<_>>(), [502, 503, 504]);
    assert_eq!((plain.failover.tries_max, plain.failover.retry_share_percent), (3, 20));
    assert_eq!(plain.ejection.as_ref().map(|ejection| ejection.failures), Some(5));
    let never = &site.groups[6];
    assert_eq!((&never.balance, &never.ejection), (&Balance::LeastRequests, &None));
    assert!(!never.failover.on_connect && never.failover.on_statuses.is_empty());
    assert_eq!((site.groups[0].failover.tries_max, &site.groups[0].ejection), (1, &None));
}

#[test]
fn what_is_text_is_compressed_unless_the_file_says_otherwise() {
    let compression = |lines: &str| behavior(lines).behaviors[0].compression.clone();
    assert_eq!(compression(""), Some(Compression::default()));
    assert_eq!(compression("compression = \"auto\""), Some(Compression::default()));
    assert_eq!(compression("compression = \"off\""), None);
    let own = compression(
        "compression = { codings = [\"gzip\", \"br\"], bytes_min = \"0B\", types = [\"Text/HTML\", \"*+json\"], decode = false }",
    );
    let own = own.unwrap();
    assert_eq!((&*own.codings, own.bytes_min, own.decode), (&[Coding::Gzip, Coding::Brotli][..], 0, false));
    assert_eq!(*own.types, ["text/html".into(), "*+json".into()]);
}

#[test]
fn limits_are_called_by_their_behavior_and_burst_as_many_as_they_let_through() {
    let site = behavior(
        "rate_limits = [\n\
         { requests = 10, per = \"1s\", key = [\"address\", \"cookie:Session\"], when = 'method == \"POST\"' },\n\
         { name = \"search\", requests = 5, per = \"1m\", burst = 50, key = [\"header:X-Api-Key\", \"query:q\", \"host\", \"path\"], status = 503 },\n\
         ]",
    );
    let [first, second] = &*site.behaviors[0].rate_limits else { panic!("there are two") };
    assert_eq!((&*first.name, first.requests, first.burst, first.status), ("*#1", 10, 10, 429));
    assert_eq!(*first.key, [RateKey::Address, RateKey::Cookie("Session".into())]);
    assert!(first.when.is_some());
    assert_eq!((&*second.name, second.per.as_secs(), second.burst, second.status), ("search", 60, 50, 503));
    let key =
        [RateKey::Header("x-api-key".into()), RateKey::Parameter("q".into()), RateKey::Host, RateKey::Path];
    assert_eq!(*second.key, key);
}

#[test]
fn redirects_and_rewrites_are_kept_in_their_order() {
    let site = behavior(
        "redirects = [\n\
         { prefix = \"/old/\", to = \"/new/\", status = 301, keep_query = false },\n\
         { regex = '^/p/([0-9]+)$', to = \"https://${host}/product?id=${1}\", when = 'scheme == \"http\"' },\n\
         ]\n\
         rewrites = [{ regex = '^/(.+)_v[0-9a-f]+[.](js|css)$', to = \"/${1}.${2}\" }, { to = \"/index.php?path=${path}\" }]",
    );
    let behavior = &site.behaviors[0];
    let render = |path: &str, rewrite: &littoral_rules::Rewrite| {
        let mut out = Vec::new();
        let subject = Subject::new(b"example.com", path.as_bytes(), b"GET");
        rewrite.apply(&Scope::new(subject), &mut out).then(|| String::from_utf8(out).unwrap())
    };
    let [old, product] = &*behavior.redirects else { panic!("there are two") };
    assert_eq!((old.status, old.keeps_query, product.status, product.keeps_query), (301, false, 302, true));
    assert_eq!(render("/old/a", &old.rewrite).as_deref(), Some("/new/a"));
    assert_eq!(render("/p/7", &product.rewrite).as_deref(), Some("https://example.com/product?id=7"));
    assert!(product.when.is_some());
    let [version, rest] = &*behavior.rewrites else { panic!("there are two") };
    assert_eq!(render("/main_v46.js", &version.rewrite).as_deref(), Some("/main.js"));
    assert_eq!(render("/main.js", &version.rewrite), None);
    assert_eq!(render("/a", &rest.rewrite).as_deref(), Some("/index.php?path=/a"));
}

#[test]
fn field_rules_are_made_in_their_order() {
    let site = behavior(
        "request_headers = [{ set = \"X-Real-IP\", value = \"${client.ip}\" }, { remove = \"Cookie\" }]\n\
         response_headers = [\n\
         { default = \"Referrer-Policy\", value = \"no-referrer\" },\n\
         { add = \"Vary\", value = \"Origin\", when = 'exists(header[\"origin\"])' },\n\
         { set = \"X-Cache\", value = \"${cache} ${status} ${response.header.server}\" },\n\
         { remove = \"ETag\" },\n\
         ]",
    );
    let behavior = &site.behaviors[0];
    let said = |rules: &[littoral_policy::FieldRule]| -> Vec<String> {
        let change = |rule: &littoral_policy::FieldRule| match &rule.change {
            FieldChange::Set(value) => format!("{} = {value}", rule.name),
            FieldChange::Add(value) => format!("{} + {value}", rule.name),
            FieldChange::Default(value) => format!("{} ? {value}", rule.name),
            FieldChange::Remove => format!("{} -", rule.name),
        };
        rules.iter().map(change).collect()
    };
    assert_eq!(said(&behavior.request_fields), ["x-real-ip = ${client.ip}", "cookie -"]);
    let expected = [
        "referrer-policy ? no-referrer",
        "vary + Origin",
        "x-cache = ${cache} ${status} ${response.header.server}",
        "etag -",
    ];
    assert_eq!(said(&behavior.response_fields), expected);
    // Cookies that never reach the origin do not keep its answers from being stored.
    assert_eq!(behavior.rules.request_cookie, littoral_http_caching::RequestCookie::Ignore);
}

#[test]
fn pages_are_read_when_the_site_is() {
    let site = good(
        "version = 1\nhosts = [\"example.com\"]\n[origins.app]\nurl = \"http://app.example.com\"\n[[behaviors]]\n\
         [[error_pages]]\nstatuses = [\"503\", \"504\"]\nfile = \"sorry.html\"\nanswer_status = 200\nretry_after = \"1m\"\n\
         [[error_pages]]\nstatuses = \"404\"\nbody = \"<p>Nothing here\"\nfrom = \"all\"\nwhen = 'path ~ \"html$\"'\n\
         [[error_pages]]\nstatuses = [\"5xx\", 404]\nbody = \"Sorry\"\nfrom = \"origin\"\n\
         [[error_pages]]\nstatuses = \"404\"\nfile = \"1MiB.html\"\ncontent_type = \"application/json\"\n",
    );
    let [busy, missing, rest, long] = &*site.error_pages else { panic!("there are four") };
    assert_eq!(&*busy.body, std::fs::read(Folder::path("sorry.html")).unwrap());
    assert_eq!((&*busy.content_type, busy.from), ("text/html; charset=utf-8", ErrorSource::Edge));
    assert_eq!((busy.answer_status, busy.retry_after), (Some(200), Some(60)));
    assert_eq!((&*missing.content_type, missing.from), ("text/html; charset=utf-8", ErrorSource::All));
    assert!(missing.when.is_some());
    assert_eq!((&*rest.content_type, rest.statuses.iter().count()), ("text/plain; charset=utf-8", 101));
    assert_eq!((&*long.content_type, long.body.len()), ("application/json", 1 << 20));
}

#[test]
fn a_behavior_that_redirects_everything_needs_no_origin() {
    let site = good(
        "version = 1\nhosts = [\"example.com\", \"www.example.com\"]\n\
         [origins.a]\nurl = \"http://a.example.com\"\n[origins.b]\nurl = \"http://b.example.com\"\n\
         [[behaviors]]\nname = \"bare\"\nhosts = [\"example.com\"]\nredirects = [{ to = \"https://www.example.com${path}\" }]\n\
         [[behaviors]]\npath = \"/old/*\"\nredirects = [{ prefix = \"/old\", to = \"/new\" }]\n\
         [[behaviors]]\npath = \"/b/*\"\norigin = \"b\"\n[[behaviors]]\norigin = \"a\"\n",
    );
    assert!(site.behaviors.iter().all(|behavior| behavior.group < site.groups.len()));
}

#[test]
fn a_site_that_only_redirects_needs_no_origin_at_all() {
    let site = good(
        "version = 1\nhosts = [\"example.org\"]\n[[behaviors]]\n\
         redirects = [{ prefix = \"/a/\", to = \"https://a.example.com/\" }, { to = \"https://example.com${path}\" }]\n",
    );
    assert!(site.origins.is_empty() && site.groups.is_empty());
}

#[test]
fn the_guard_is_on_and_nothing_is_immutable_by_default() {
    let cache = |lines: &str| {
        let site = behavior(lines);
        (site.behaviors[0].type_guard, site.behaviors[0].immutable)
    };
    assert_eq!(cache(""), (true, false));
    assert_eq!(cache("[behaviors.cache]\ntype_guard = false\nimmutable = true"), (false, true));
}
