//! What a good file becomes.

use crate::fixtures::Folder;
use littoral_http_caching::{ClientDirectives, OriginDirectives, RequestCookie, SetCookie};
use littoral_model::render_all;
use littoral_policy::{
    Address, CacheMode, HostHeader, HostKey, QueryKey, RangeForward, Site, SiteIds, read_site,
};
use littoral_rules::Subject;
use std::sync::Arc;
use std::time::Duration;

const SHORTEST: &str = "\
version = 1
hosts = [\"example.com\"]
[origins.app]
url = \"http://App.Example.com\"
[[behaviors]]
";

const EVERYTHING: &str = r#"
version = 1
name = "shop"
hosts = ["*.example.com", "Shop.Example.com", "example.net"]
canonical_host = "www.EXAMPLE.com"
surrogate_key_fields = ["Edge-Tag"]
memory_share = "25%"

[origins.app]
url = "https://[2001:DB8::1]:8443/"
host = "origin"
connections_max = 7
queue_max = 0
queue_timeout = "1s"
connect_timeout = "2s"
head_timeout = "3s"
idle_timeout = "4s"
pool_idle_timeout = "0s"
ca_file = "ca.pem"

[origins.fixed]
url = "HTTP://static.example.com:80"
host = "Files.example.com:81"

[[behaviors]]
name = "images"
path = ["/img/*", "*.jpg"]
methods = ["GET", "HEAD"]
hosts = ["*.example.com"]
origin = "fixed"
allow_methods = ["GET"]
upgrade = ["WebSocket", "irc"]
request_body_max = "1KiB"
last_modified_in_304 = true

  [behaviors.cache]
  lifetime_min = "1m"
  lifetime_max = "1h"
  lifetime_default = "10m"
  lifetime_downstream = "5s"
  origin_directives = "ignore"
  client_directives = "honour"
  heuristic = false
  status_lifetimes = { 404 = "10s", 500 = "1s" }
  stale_while_revalidate = "2s"
  stale_if_error = "3s"
  stale_if_disconnected = "0s"
  set_cookie = "strip"
  request_cookie = "ignore"
  close_delimited = true
  targeted_fields = ["Acme-Cache-Control"]
  ranges = "whole"
  response_bytes_max = "2MiB"
  bypass = { cookies = ["Session"], headers = ["X-Preview"], query = ["preview"] }

  [behaviors.key]
  query = { only = ["w", "h"] }
  sort_query = true
  headers = ["Accept-Language"]
  cookies = ["Currency"]
  host = "client"

[[behaviors]]
name = "rest"
origin = "app"

  [behaviors.cache]
  mode = "bypass"
"#;

fn good(source: &str) -> Site {
    match read_site(source, "sites/test.toml", &Folder, |_| SiteIds { index: 3, version: 9 }) {
        Ok((site, warnings)) if warnings.is_empty() => site,
        Ok((_, mistakes)) | Err(mistakes) => panic!("{}", render_all(&mistakes, source)),
    }
}

#[test]
fn the_shortest_file_has_the_defaults() {
    let site = good(SHORTEST);
    assert_eq!((site.index, site.version), (3, 9));
    assert_eq!((&*site.name, &*site.source), ("test", "sites/test.toml"));
    assert_eq!(site.canonical_host.as_deref(), Some("example.com"));
    let fields: Vec<&[u8]> = site.surrogate_key_fields.iter().map(|name| &**name).collect();
    assert_eq!(fields, [&b"surrogate-key"[..], b"cache-tag"]);
    assert!((site.memory_share - 1.0).abs() < f32::EPSILON);

    let origin = &site.origins[0];
    assert_eq!(origin.address, Address::Tcp { host: "app.example.com".into(), port: 80 });
    assert_eq!(origin.tls, None);
    assert_eq!((&*origin.authority, &origin.host_header), ("app.example.com", &HostHeader::Canonical));
    assert_eq!((origin.connections_max, origin.queue_max), (128, 1024));
    let timeouts = [origin.queue_timeout, origin.connect_timeout, origin.head_timeout, origin.idle_timeout];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [5, 3, 15, 30]);
    assert_eq!(origin.pool_idle_timeout.as_secs(), 30);

    let behavior = &site.behaviors[0];
    assert_eq!(
        (&*behavior.name, behavior.cache, behavior.ranges),
        ("*", CacheMode::Standard, RangeForward::Forward)
    );
    assert!(
        behavior.matcher.is_any()
            && behavior.methods.allows(b"PROPFIND")
            && !behavior.methods.allows(b"TRACE")
    );
    assert_eq!((behavior.request_body_bytes_max, behavior.response_stored_bytes_max), (1 << 30, 64 << 20));
    assert_eq!((&behavior.key.query, behavior.key.host), (&QueryKey::All, HostKey::Canonical));
    assert_eq!(behavior.upgrade_tokens.iter().map(|token| &**token).collect::<Vec<_>>(), ["websocket"]);
    let rules = &behavior.rules;
    assert_eq!((rules.lifetime_forced, rules.heuristic, rules.stale_if_disconnected), (None, true, 86_400));
    assert_eq!(rules.targeted_fields.len(), 2);
}

#[test]
fn every_setting_arrives_where_it_belongs() {
    let site = good(EVERYTHING);
    assert_eq!(site.canonical_host.as_deref(), Some("www.example.com"));
    assert!((site.memory_share - 0.25).abs() < 1e-6);
    assert_eq!(&*site.surrogate_key_fields[0], b"edge-tag");
    let hosts: Vec<_> = site.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["*.example.com", "shop.example.com", "example.net"]);

    let app = &site.origins[0];
    assert_eq!(app.address, Address::Tcp { host: "2001:db8::1".into(), port: 8443 });
    assert_eq!(&*app.authority, "[2001:db8::1]:8443");
    assert_eq!((app.connections_max, app.queue_max, &app.host_header), (7, 0, &HostHeader::Origin));
    let timeouts =
        [app.queue_timeout, app.connect_timeout, app.head_timeout, app.idle_timeout, app.pool_idle_timeout];
    assert_eq!(timeouts, [1, 2, 3, 4, 0].map(Duration::from_secs));
    let tls = app.tls.as_ref().unwrap();
    let roots = std::fs::read(Folder::path("ca.pem")).unwrap();
    assert_eq!((&*tls.server_name, tls.roots.as_deref()), ("2001:db8::1", Some(&*roots)));
    let fixed = &site.origins[1];
    assert_eq!(&*fixed.authority, "static.example.com");
    assert_eq!(fixed.host_header, HostHeader::Fixed("files.example.com:81".into()));

    let images = &site.behaviors[0];
    assert_eq!((images.group, images.methods.to_string().as_str()), (1, "GET"));
    assert_eq!((images.lifetime_downstream, images.ranges), (Some(5), RangeForward::Whole));
    assert_eq!((images.request_body_bytes_max, images.response_stored_bytes_max), (1024, 2 << 20));
    assert!(images.last_modified_in_304);
    assert_eq!(images.upgrade_tokens.iter().map(|token| &**token).collect::<Vec<_>>(), ["websocket", "irc"]);
    let rules = &images.rules;
    assert_eq!(
        (rules.lifetime_min, rules.lifetime_max, rules.lifetime_default),
        (Some(60), Some(3600), Some(600))
    );
    assert_eq!(
        (rules.origin_directives, rules.client_directives),
        (OriginDirectives::Ignore, ClientDirectives::Honour)
    );
    assert_eq!((rules.set_cookie, rules.request_cookie), (SetCookie::Strip, RequestCookie::Ignore));
    assert_eq!(
        (rules.stale_while_revalidate, rules.stale_if_error, rules.stale_if_disconnected),
        (Some(2), Some(3), 0)
    );
    assert_eq!(rules.status_lifetimes.as_slice(), [(404, 10), (500, 1)]);
    assert!(rules.close_delimited && !rules.heuristic);
    assert_eq!(&*rules.targeted_fields[0], "acme-cache-control");
    assert_eq!(images.key.query, QueryKey::Only(["w".into(), "h".into()].into()));
    assert!(images.key.sort_query && images.key.host == HostKey::Client);
    assert_eq!((&*images.key.headers[0], &*images.key.cookies[0]), (&b"accept-language"[..], "Currency"));
    assert_eq!((&*images.bypass.cookies[0], &*images.bypass.headers[0]), ("Session", &b"x-preview"[..]));
    assert_eq!(&*images.bypass.query[0], "preview");
    assert_eq!(site.behaviors[1].cache, CacheMode::Bypass);
}

#[test]
fn the_first_behavior_that_matches_serves() {
    let site = good(EVERYTHING);
    let name = |host: &'static str, path: &'static str, method: &'static str| {
        let subject = Subject::new(host.as_bytes(), path.as_bytes(), method.as_bytes());
        &*site.behavior_for(&subject).expect("the last matches everything").name
    };
    assert_eq!(name("www.example.com", "/img/a.png", "GET"), "images");
    assert_eq!(name("www.example.com", "/a.jpg", "HEAD"), "images");
    assert_eq!(name("www.example.com", "/img/a.png", "POST"), "rest");
    assert_eq!(name("example.net", "/img/a.png", "GET"), "rest");
}

#[test]
fn an_unchanged_origin_is_kept_over_a_change_and_a_changed_one_is_not() {
    let former = good(EVERYTHING);
    let changed =
        EVERYTHING.replace("connections_max = 7", "connections_max = 8").replace("\"rest\"", "\"all\"");
    let site = good(&changed).keep_unchanged(&former);
    assert!(Arc::ptr_eq(&site.origins[1], &former.origins[1]));
    assert!(!Arc::ptr_eq(&site.origins[0], &former.origins[0]));
    assert_eq!(site.origins[0].connections_max, 8);
}

#[test]
fn the_key_of_a_site_is_the_same_always() {
    assert_eq!(Site::key_of(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(Site::key_of("foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn a_warning_does_not_keep_a_site_from_serving() {
    let source = SHORTEST.replace("[[behaviors]]", "[[behaviors]]\npath = \"/img/*\"");
    let (site, warnings) =
        read_site(&source, "w.toml", &Folder, |_| SiteIds::default()).expect("only a warning");
    assert_eq!((warnings.len(), site.behaviors.len()), (1, 1));
    assert!(!warnings[0].is_error());
}
