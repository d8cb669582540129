//! Where one URL may belong to several behaviors, the key says whose it is; elsewhere it does not, so that as much as
//! possible is shared.

use littoral_model::render_all;
use littoral_policy::{NoFiles, SiteIds, read_site};

/// The owners of the behaviors' keys in a site of these behaviors, `-` where there is none. The last matches all.
fn owners(behaviors: &[&str]) -> String {
    let mut source = String::from(
        "version = 1\nhosts = [\"example.com\", \"img.example.com\"]\n[origins.app]\nurl = \"http://app.example.com\"\n",
    );
    for (name, lines) in ["a", "b", "c"].iter().zip(behaviors) {
        source.push_str(&format!("[[behaviors]]\nname = \"{name}\"\n{lines}\n"));
    }
    source.push_str("[[behaviors]]\nname = \"rest\"\n");
    owners_of(&source)
}

fn owners_of(source: &str) -> String {
    match read_site(source, "test.toml", &NoFiles, |_| SiteIds::default()) {
        Ok((site, _)) => {
            let owners =
                site.behaviors.iter().map(|behavior| behavior.key.owner.as_deref().unwrap_or("-").to_owned());
            owners.collect::<Vec<_>>().join(" ")
        }
        Err(mistakes) => panic!("{}", render_all(&mistakes, source)),
    }
}

#[test]
fn a_match_by_path_method_or_scheme_needs_no_owner() {
    assert_eq!(owners(&["path = \"/a/*\""]), "- -");
    assert_eq!(owners(&["methods = [\"GET\"]"]), "- -");
    assert_eq!(
        owners(&["when = 'extension == \"css\" or scheme == \"https\" or method == \"POST\"'"]),
        "- -"
    );
    assert_eq!(owners(&["when = 'query[\"v\"] == \"1\" or query contains \"w\"'"]), "- -");
}

#[test]
fn a_match_by_what_no_key_holds_needs_one() {
    for when in [
        "header[\"x-a\"] == \"1\"",
        "cookie[\"a\"] == \"1\"",
        "ip in {192.0.2.0/24}",
        "protocol == \"2\"",
        "country in {\"DE\"}",
        "host == \"img.example.com\"",
    ] {
        assert_eq!(owners(&[&format!("when = '{when}'")]), "a -", "{when}");
    }
}

#[test]
fn hosts_need_one_where_one_host_stands_for_all_and_they_are_not_all() {
    assert_eq!(owners(&["hosts = [\"img.example.com\"]"]), "a -");
    assert_eq!(owners(&["path = \"/a\"\nhosts = [\"img.example.com\", \"example.com\"]"]), "- -");
    assert_eq!(owners(&["path = \"/a\"\nhosts = [\"*.example.com\", \"*\"]"]), "- -");
    // The other's key has the canonical host, which may be this one's.
    assert_eq!(owners(&["hosts = [\"img.example.com\"]\n[behaviors.key]\nhost = \"client\""]), "a -");
}

#[test]
fn hosts_need_none_where_every_key_has_the_clients() {
    let site = |canonical: &str, key: &str| {
        owners_of(&format!(
            "version = 1\nhosts = [\"*.example.com\"]\n{canonical}\n[origins.app]\nurl = \"http://app.example.com\"\n\
             [[behaviors]]\nhosts = [\"img.example.com\"]\nname = \"a\"\n{key}\n[[behaviors]]\n{key}\n"
        ))
    };
    assert_eq!(site("", ""), "- -");
    assert_eq!(site("canonical_host = \"www.example.com\"", ""), "a -");
    assert_eq!(site("canonical_host = \"www.example.com\"", "[behaviors.key]\nhost = \"client\""), "- -");
}

#[test]
fn what_the_keys_of_both_hold_needs_none() {
    let keyed = "[behaviors.key]\nheaders = [\"X-A\"]\ncookies = [\"a\"]";
    let when = "when = 'header[\"x-a\"] == \"1\" and cookie[\"a\"] == \"1\"'";
    // Where the last one's key does not hold it, requests for the first leave its URLs bare.
    assert_eq!(owners(&[&format!("{when}\n{keyed}")]), "a -");
    let both = format!(
        "version = 1\nhosts = [\"example.com\"]\n[origins.app]\nurl = \"http://app.example.com\"\n\
         [[behaviors]]\nname = \"a\"\n{when}\n{keyed}\n[[behaviors]]\n{keyed}\n"
    );
    assert_eq!(owners_of(&both), "- -");
}

#[test]
fn parameters_that_a_later_key_drops_need_one() {
    let without = "path = \"/b/*\"\n[behaviors.key]\nquery = { except = [\"v\"] }";
    assert_eq!(owners(&["when = 'exists(query[\"v\"])'"]), "- -");
    assert_eq!(owners(&["when = 'exists(query[\"v\"])'", without]), "a - -");
    assert_eq!(owners(&["when = 'exists(query[\"w\"])'", without]), "- - -");
    assert_eq!(owners(&["when = 'query == \"v\"'", without]), "a - -");
    assert_eq!(owners(&["when = 'query == \"v=1\"'\n[behaviors.key]\nsort_query = true"]), "a -");
}

#[test]
fn a_behavior_that_stores_nothing_needs_none() {
    assert_eq!(owners(&["when = 'cookie[\"a\"] == \"1\"'\n[behaviors.cache]\nmode = \"bypass\""]), "- -");
}
