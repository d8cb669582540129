//! Whatever stands in a file: reading it ends, in a site or in mistakes that can be shown.

use littoral_model::{parse_node, render_all, render_colored};
use littoral_policy::{NoFiles, SiteIds, read_site};
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
    let site = match read_site(source, "site.toml", &NoFiles, |_| SiteIds::default()) {
        Ok((site, warnings)) => {
            assert!(!site.behaviors.is_empty() && !site.origins.is_empty() && !site.hosts.is_empty());
            assert!(site.behaviors.iter().all(|behavior| behavior.group < site.groups.len()));
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

proptest! {
    #![proptest_config(cases())]

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
