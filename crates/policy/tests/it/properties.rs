//! Whatever stands in a file: reading it ends, in a site or in mistakes that can be shown.

use crate::fixtures::Folder;
use littoral_model::{parse_node, render_all, render_colored};
use littoral_policy::{Behavior, SiteIds, read_site};
use proptest::prelude::*;

/// Lines that together come close to being a site.
const LINES: &[&str] = &[
    "version = 1",
    "version = 9",
    "name = \"x\"",
    "hosts = [\"example.com\", \"*\"]",
    "hosts = []",
    "canonical_host = \"example.com\"",
    "[origins.app]",
    "[origins]",
    "url = \"https://app.example.com\"",
    "url = \"http://[::1]:99999/\"",
    "host = \"origin\"",
    "connect_timeout = \"3s\"",
    "[[behaviors]]",
    "[behaviors.cache]",
    "[behaviors.key]",
    "path = [\"/a/*\", \"*.b\"]",
    "path = \"/%\"",
    "methods = [\"GET\", \"get\"]",
    "origin = \"app\"",
    "mode = \"bypass\"",
    "lifetime = \"1d\"",
    "lifetime_min = \"2d\"",
    "lifetime_max = \"1h\"",
    "status_lifetimes = { 404 = \"1s\", x = 1 }",
    "query = { only = [\"a\"] }",
    "headers = [\"Cookie\"]",
    "upgrade = [\"h2c\"]",
    "[origins.b]",
    "url = \"http+unix:/run/app.sock\"",
    "path_prefix = \"/a\"",
    "protocol = \"auto\"",
    "tls = { ca_file = \"ca.pem\", certificate_file = \"client.pem\", key_file = \"client.key\" }",
    "secret = { header = \"X-Secret\", value = \"0123456789abcdef\" }",
    "s3 = { region = \"a\", access_key = \"b\", secret_key = \"c\" }",
    "probe = { path = \"/healthz\", statuses = [200, \"3xx\"] }",
    "[groups.web]",
    "members = [\"app\", { origin = \"b\", weight = 3, backup = true }]",
    "members = [3, {}]",
    "balance = \"hash\"",
    "hash_key = \"cookie:a\"",
    "failover = { on = [\"connect\", \"5xx\"], tries_max = 2 }",
    "ejection = \"off\"",
    "slow_start = \"1s\"",
    "origin = \"web\"",
    "[[error_pages]]",
    "statuses = [\"5xx\", 404]",
    "file = \"sorry.html\"",
    "body = \"<p>\"",
    "shards = [\"example.com\"]",
    "when = 'path == \"/a\" and ip in {192.0.2.0/24}'",
    "when = \"pth \\\"\"",
    "when = '''\nhost == 'a'\n'''",
    "redirects = [{ prefix = \"/a\", to = \"/b${1}\" }, { to = \"https://${header.x}\", when = 'true' }]",
    "redirects = { regex = '(', to = \"${9}\" }",
    "rewrites = [{ regex = '^/(.*)x', to = \"/${1}\" }, { to = \"\\u0000${ü}\" }]",
    "request_headers = [{ set = \"X-A\", value = \"${cookie.a}\" }, { remove = \"Cookie\" }]",
    "response_headers = [{ add = \"Vary\", value = \"Origin\", when = 'method == \"GET\"' }, {}]",
    "compression = { codings = [\"br\"], types = [\"*/*\"] }",
    "rate_limits = { requests = 1, per = \"1s\", key = [\"address\", \"header:a\"] }",
    "immutable = true",
    "[listen]",
    "http = [\"[::]:80\", \":80\"]",
    "[admin]",
    "listen = \"127.0.0.1:1\"",
    "[limits]",
    "head_max = \"1KiB\"",
    "[",
    "= \"",
    "\"\"\"",
    "é = 'ü\u{202e}'",
];

fn read_everything(source: &str) {
    let (_, node) = parse_node(source, "node.toml");
    let site = match read_site(source, "site.toml", &Folder, |_| SiteIds::default()) {
        Ok((site, warnings)) => {
            assert!(!site.behaviors.is_empty() && !site.hosts.is_empty());
            let redirects = |behavior: &Behavior| !behavior.redirects.is_empty();
            assert!(site.behaviors.iter().all(|found| redirects(found) || found.group < site.groups.len()));
            let mut members = site.groups.iter().flat_map(|group| &group.members);
            assert!(members.all(|member| member.origin < site.origins.len()));
            assert!(site.groups.iter().all(|group| !group.members.is_empty()));
            let mut limits = site.behaviors.iter().flat_map(|behavior| &behavior.rate_limits);
            assert!(limits.all(|limit| !limit.key.is_empty() && limit.burst > 0));
            let mut coded = site.behaviors.iter().filter_map(|behavior| behavior.compression.as_ref());
            assert!(coded.all(|coded| !coded.codings.is_empty() && !coded.types.is_empty()));
            assert!(!warnings.iter().any(littoral_model::Mistake::is_error));
            warnings
        }
        Err(mistakes) => {
            assert!(mistakes.iter().any(littoral_model::Mistake::is_error), "refused without a mistake");
            mistakes
        }
    };
    for mistakes in [node, site] {
        let shown = render_all(&mistakes, source);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        mistakes.iter().for_each(|mistake| drop(render_colored(mistake, source)));
    }
}

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("LITTORAL_SOAK").is_some() { 100_000 } else { 1_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// `text` in one of TOML's four forms, where that form can hold it.
fn written(text: &str, form: usize) -> Option<String> {
    match form {
        0 => Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        1 if !text.contains('\'') => Some(format!("'{text}'")),
        2 if !text.contains('\'') => Some(format!("'''\n{text}'''")),
        3 if !text.contains(['"', '\\']) => Some(format!("\"\"\"\n{text}\"\"\"")),
        _ => None,
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn mistakes_inside_texts_are_shown_where_they_stand(before in "[ a-zäß\"\\\\(]{0,12}", form in 0usize..4) {
        let text = format!("{before}${{nosuch}}");
        let Some(written) = written(&text, form) else { return Ok(()) };
        let source = format!(
            "version = 1\nhosts = [\"a.example\"]\n[origins.app]\nurl = \"http://b.example\"\n[[behaviors]]\n\
             response_headers = [{{ set = \"X-A\", value = {written} }}]\n"
        );
        let mistakes = read_site(&source, "site.toml", &Folder, |_| SiteIds::default()).map(|_| ()).unwrap_err();
        let found = mistakes.iter().find(|mistake| mistake.message.contains("nosuch")).expect("it is no variable");
        let shown = &source[found.span.clone().expect("it has a place")];
        let is_escaped = form == 0 && before.contains(['"', '\\']);
        if !is_escaped {
            prop_assert_eq!(shown, "${nosuch}");
        } else {
            // Escapes hide the place: the whole text is shown, and the character said.
            prop_assert_eq!(shown, &written);
            let at = format!("at character {} of", before.chars().count() + 1);
            prop_assert!(found.message.contains(&at), "{}", found.message);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(source in any::<String>()) {
        read_everything(&source);
    }

    #[test]
    fn any_lines_of_a_site_are_read_or_refused(
        lines in proptest::collection::vec(proptest::sample::select(LINES), 0..24),
        cut in any::<prop::sample::Index>(),
    ) {
        let source = lines.join("\n");
        read_everything(&source);
        let cut = (0..=source.len()).rev().filter(|at| *at <= cut.index(source.len() + 1))
            .find(|at| source.is_char_boundary(*at)).unwrap_or(0);
        read_everything(&source[..cut]);
    }
}
