//! What a good node file becomes.

use littoral_model::{
    AccessLog, AdminAddress, ForwardedFields, LimitsSection, LogFormat, LogSection, MemoryReserve, NodeFile,
    Spanned, Token, parse_node, parse_site, render_all,
};
use std::time::Duration;

fn good(source: &str) -> NodeFile {
    let (node, mistakes) = parse_node(source, "littoral.toml");
    assert!(mistakes.is_empty(), "{}", render_all(&mistakes, source));
    node.expect("it has no mistakes")
}

fn values<T: Clone>(list: Option<Vec<Spanned<T>>>) -> Vec<T> {
    list.unwrap_or_default().into_iter().map(|item| item.value).collect()
}

#[test]
fn the_shortest_node_file_has_the_defaults() {
    let node = good("version = 1");
    assert_eq!((node.name.is_none(), node.workers.is_none(), node.data.is_none()), (true, true, true));
    assert_eq!(
        (node.listen.http.is_none(), node.admin.listen.is_none(), node.tls.is_none()),
        (true, true, true)
    );
    assert_eq!((node.memory_bytes, &node.log), (256 << 20, &LogSection::default()));
    let log = node.log;
    assert_eq!((log.access, log.format), (AccessLog::Stdout, LogFormat::Json));
    assert_eq!((log.rotate_bytes, log.rotate_every, log.keep), (256 << 20, None, 7));
    assert_eq!((log.digest_bytes, log.digest_share_percent), (4 << 20, 1));
    let limits = node.limits;
    assert_eq!(limits, LimitsSection::default());
    assert_eq!((limits.head_bytes_max, limits.target_bytes_max, limits.fields_max), (32 << 10, 8 << 10, 100));
    assert_eq!((limits.chunk_line_bytes_max, limits.trailer_bytes_max), (256, 8 << 10));
    let times = [limits.head_timeout, limits.body_timeout, limits.write_timeout, limits.keep_alive_timeout];
    assert_eq!(times.map(|time| time.as_secs()), [10, 30, 30, 75]);
    assert_eq!((limits.connections_max, limits.client_rate_bytes_min), (100_000, 200));
    assert_eq!(limits.tunnel_timeout, Duration::from_secs(3600));
    assert_eq!(limits.memory_reserve, MemoryReserve::Usual);
    let clients = node.clients;
    assert!(clients.trusted_proxies.is_empty() && clients.proxy_protocol.is_empty());
    assert_eq!((clients.forwarded, clients.request_id_header), (ForwardedFields::Auto, true));
    assert_eq!(clients.connections_per_address_max, 20_000);
}

#[test]
fn the_clients_of_a_node_arrive_where_they_belong() {
    let node = good(
        r#"
version = 1
[clients]
trusted_proxies = ["10.0.0.0/8", "::1"]
proxy_protocol = "192.0.2.7"
forwarded = "forwarded"
request_id_header = false
connections_per_address_max = 0
[limits]
memory_reserve = "10%"
"#,
    );
    let texts = |list: &[Spanned<littoral_model::Network>]| {
        list.iter().map(|network| network.value.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&node.clients.trusted_proxies), ["10.0.0.0/8", "::1"]);
    assert_eq!(texts(&node.clients.proxy_protocol), ["192.0.2.7"]);
    assert_eq!(node.clients.forwarded, ForwardedFields::Forwarded);
    assert_eq!((node.clients.request_id_header, node.clients.connections_per_address_max), (false, 0));
    assert_eq!(node.limits.memory_reserve, MemoryReserve::Share(10));
    let reserve = good("version = 1\n[limits]\nmemory_reserve = \"64MiB\"").limits.memory_reserve;
    assert_eq!(reserve, MemoryReserve::Bytes(64 << 20));
}

#[test]
fn the_resolver_takes_servers_with_and_without_a_port() {
    let node = good(
        "version = 1\n[resolver]\nservers = [\"9.9.9.9\", \"2620:fe::fe\", \"127.0.0.1:5353\"]\nhosts_file = \"hosts\"\n\
         timeout = \"500ms\"\nlifetime_min = \"5s\"\nlifetime_max = \"10m\"\nstale_max = \"1d\"",
    );
    let resolver = node.resolver;
    let servers: Vec<_> = resolver.servers.iter().map(|server| server.value.to_string()).collect();
    assert_eq!(servers, ["9.9.9.9:53", "[2620:fe::fe]:53", "127.0.0.1:5353"]);
    assert_eq!(resolver.hosts_file.map(|path| path.value).as_deref(), Some("hosts"));
    let times = [resolver.timeout, resolver.lifetime_min, resolver.lifetime_max, resolver.stale_max];
    assert_eq!(times.map(|time| time.as_millis()), [500, 5_000, 600_000, 86_400_000]);
    let default = good("version = 1").resolver;
    let times = [default.timeout, default.lifetime_min, default.lifetime_max, default.stale_max];
    assert_eq!(times.map(|time| time.as_secs()), [2, 1, 3600, 3600]);
}

#[test]
fn each_mistake_about_the_resolver_is_told() {
    for (lines, wanted) in [
        ("servers = [\"dns.example\"]", "is not the address of a name server"),
        ("servers = [\"9.9.9.9:0\"]", "is not the address of a name server"),
        ("servers = []", "servers"),
        ("timeout = \"1ms\"", "timeout"),
        ("lifetime_min = \"10m\"\nlifetime_max = \"1m\"", "is below `lifetime_min`"),
        ("server = \"9.9.9.9\"", "server"),
    ] {
        let (_, mistakes) = parse_node(&format!("version = 1\n[resolver]\n{lines}\n"), "littoral.toml");
        assert_eq!(mistakes.len(), 1, "{lines}: {mistakes:?}");
        assert!(mistakes[0].message.contains(wanted), "{lines}: {}", mistakes[0].message);
    }
}

#[test]
fn each_mistake_about_clients_is_told_with_what_to_do() {
    for (line, hint) in [
        ("trusted_proxies = [\"10.1.2.3/8\"]", "the network is \"10.0.0.0/8\", the address \"10.1.2.3\""),
        ("trusted_proxies = [\"lb.example\"]", "names are not resolved"),
        ("proxy_protocol = [\"10.0.0.0/40\"]", "0 to 32 bits"),
        ("proxy_protocol = [\"::ffff:10.0.0.1\"]", "it is \"10.0.0.1\""),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "right only where nobody else can connect"),
        ("forwarded = \"forwarded\"", "name in `trusted_proxies`"),
        ("forwarded = \"x-forward\"", "did you mean \"x-forwarded\"?"),
        ("request_id_header = \"off\"", ""),
        ("connections_per_address_max = 5000000", "0 to 4194304"),
        ("memory_reserve = \"5%\"", "it belongs in [limits]"),
        ("trusted_proxy = [\"::1\"]", "did you mean `trusted_proxies`?"),
    ] {
        let (_, mistakes) = parse_node(&format!("version = 1\n[clients]\n{line}\n"), "littoral.toml");
        assert_eq!(mistakes.len(), 1, "{line}: {mistakes:?}");
        let told = mistakes[0].hint.clone().unwrap_or_default();
        assert!(told.contains(hint), "{line}: {told}");
    }
    for (value, hint) in [("\"60%\"", "0% to 50%"), ("\"2TiB\"", "0B to 1TiB"), ("\"5\"", "say its unit")] {
        let (_, mistakes) =
            parse_node(&format!("version = 1\n[limits]\nmemory_reserve = {value}"), "littoral.toml");
        let told: Vec<_> = mistakes.iter().filter_map(|mistake| mistake.hint.clone()).collect();
        assert!(told.len() == 1 && told[0].contains(hint), "{value}: {told:?}");
    }
}

#[test]
fn every_setting_of_the_node_arrives_where_it_belongs() {
    let node = good(
        r#"
version = 1
name = "fra1"
data = "/var/lib/littoral"
workers = 3
sites = ["a.toml", "sites/*.toml"]
[listen]
http = ["192.0.2.1:80", "[2001:db8::1]:80"]
https = "[2001:db8::1]:443"
[tls]
certificate_file = "c.pem"
key_file = "k.pem"
[admin]
listen = ["unix:admin.sock", "/run/a.sock", "127.0.0.1:9180"]
token_file = "token"
[cache]
memory = "2GiB"
[log]
access = "logs/access.log"
format = "combined"
rotate_bytes = "0B"
rotate_every = "1d"
keep = 30
digests = "16MiB"
digest_share = "100%"
[limits]
head_max = "16KiB"
target_max = "1KiB"
fields_max = 50
chunk_line_max = "64B"
trailer_max = "1KiB"
head_timeout = "1s"
body_timeout = "2s"
write_timeout = "3s"
keep_alive_timeout = "4s"
connections_max = 1000
client_rate_min = "0B"
tunnel_timeout = "1d"
"#,
    );
    assert_eq!(node.name.as_ref().map(|name| name.as_str()), Some("fra1"));
    assert_eq!(node.data.as_ref().map(|data| data.as_str()), Some("/var/lib/littoral"));
    assert_eq!(node.workers.as_ref().map(|workers| workers.value), Some(3));
    assert_eq!(node.sites.iter().map(|site| site.as_str()).collect::<Vec<_>>(), ["a.toml", "sites/*.toml"]);
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
    assert_eq!(values(node.listen.http), addresses(&["192.0.2.1:80", "[2001:db8::1]:80"]));
    assert_eq!(values(node.listen.https), addresses(&["[2001:db8::1]:443"]));
    let tls = node.tls.expect("it was given");
    assert_eq!((tls.certificate_file.as_str(), tls.key_file.as_str()), ("c.pem", "k.pem"));
    let unix = |path: &str| AdminAddress::Unix(path.to_owned());
    let tcp = AdminAddress::Tcp("127.0.0.1:9180".parse().unwrap());
    assert_eq!(values(node.admin.listen), [unix("admin.sock"), unix("/run/a.sock"), tcp]);
    assert!(matches!(node.admin.token, Some(Token::File(path)) if path.as_str() == "token"));
    assert_eq!(node.memory_bytes, 2 << 30);
    let log = node.log;
    assert!(matches!(log.access, AccessLog::File(path) if path.as_str() == "logs/access.log"));
    assert_eq!((log.format, log.rotate_bytes, log.keep), (LogFormat::Combined, 0, 30));
    assert_eq!(log.rotate_every, Some(Duration::from_secs(86_400)));
    assert_eq!((log.digest_bytes, log.digest_share_percent), (16 << 20, 100));
    let limits = node.limits;
    assert_eq!((limits.head_bytes_max, limits.target_bytes_max, limits.fields_max), (16 << 10, 1 << 10, 50));
    assert_eq!((limits.chunk_line_bytes_max, limits.trailer_bytes_max), (64, 1 << 10));
    let times = [limits.head_timeout, limits.body_timeout, limits.write_timeout, limits.keep_alive_timeout];
    assert_eq!(times.map(|time| time.as_secs()), [1, 2, 3, 4]);
    assert_eq!((limits.connections_max, limits.client_rate_bytes_min), (1000, 0));
    assert_eq!(limits.tunnel_timeout, Duration::from_secs(86_400));
}

#[test]
fn a_token_is_never_shown() {
    let node = good("version = 1\n[admin]\ntoken = \"0123456789abcdef\"\n");
    assert!(!format!("{node:?}").contains("0123456789abcdef"));
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let (site, mistakes) = parse_site(&"#".repeat((1 << 20) + 1), "long.toml");
    assert!(site.is_none());
    assert_eq!(mistakes.len(), 1);
}

#[test]
fn a_file_of_nothing_but_mistakes_is_read_soon_and_told_in_part() {
    let source: String = (0..60_000).map(|n| format!("key{n} = 1\n")).collect();
    let (_, mistakes) = parse_site(&source, "keys.toml");
    assert_eq!(mistakes.len(), 257);
    assert_eq!(mistakes[256].message, "there are 59748 mistakes more");
    let (_, mistakes) = parse_site(&"= \n".repeat(200_000), "equals.toml");
    assert_eq!(mistakes.len(), 16);
}
