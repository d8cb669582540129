//! Which site answers for a host, and which sites cannot be in force together.

use littoral_policy::{NoFiles, PolicySet, Site, SiteIds, read_site};
use std::sync::Arc;

fn site(name: &str, hosts: &str) -> Arc<Site> {
    let source = format!(
        "version = 1\nhosts = {hosts}\n[origins.app]\nurl = \"http://app.example.com\"\n[[behaviors]]\n"
    );
    let (site, _) =
        read_site(&source, &format!("{name}.toml"), &NoFiles, |_| SiteIds::default()).expect("a good site");
    Arc::new(site)
}

#[test]
fn exact_hosts_come_before_wildcards_and_longer_wildcards_before_shorter() {
    let set = PolicySet::build(
        vec![
            site("rest", r#"["*"]"#),
            site("wide", r#"["*.example.com"]"#),
            site("deep", r#"["*.shop.example.com"]"#),
            site("exact", r#"["www.shop.example.com", "example.com", "[2001:db8::1]"]"#),
        ],
        7,
    )
    .expect("no two claim the same");
    assert_eq!(set.version(), 7);
    for (host, expected) in [
        ("example.com", "exact"),
        ("www.shop.example.com", "exact"),
        ("img.shop.example.com", "deep"),
        ("a.b.shop.example.com", "deep"),
        ("shop.example.com", "wide"),
        ("x.example.com", "wide"),
        ("notexample.com", "rest"),
        (".example.com", "rest"),
        ("", "rest"),
        ("192.0.2.1", "rest"),
        ("[2001:db8::1]", "exact"),
    ] {
        assert_eq!(&*set.site_for(host.as_bytes()).expect("one takes the rest").name, expected, "{host}");
    }
}

#[test]
fn a_host_that_nobody_claims_has_no_site() {
    let set = PolicySet::build(vec![site("a", r#"["example.com"]"#)], 1).expect("one site");
    assert!(set.site_for(b"example.org").is_none());
    assert!(PolicySet::build(Vec::new(), 1).expect("no sites").site_for(b"example.com").is_none());
}

#[test]
fn every_conflict_names_both_files() {
    let conflicts = PolicySet::build(
        vec![
            site("a", r#"["example.com", "*.example.com"]"#),
            site("b", r#"["*.example.com", "EXAMPLE.com", "*"]"#),
            site("a", r#"["*"]"#),
        ],
        1,
    )
    .expect_err("they claim the same");
    let said: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "the host `*.example.com` is claimed by site `a` (a.toml) and by site `b` (b.toml)",
            "the host `example.com` is claimed by site `a` (a.toml) and by site `b` (b.toml)",
            "two sites are called `a`: in a.toml and in a.toml",
            "the host `*` is claimed by site `b` (b.toml) and by site `a` (a.toml)",
        ]
    );
}
