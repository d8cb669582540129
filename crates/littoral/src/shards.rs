//! Which of a site's shard hostnames an asset's URL belongs to: the same one, every time and everywhere
//! (`littoral_rules::shard`).

use littoral_policy::PolicySet;
use serde::{Deserialize, Serialize};

/// What `/v1/shard` is asked.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShardRequest {
    /// Absolute URLs.
    pub(crate) urls: Vec<String>,
}

/// A URL and its shard.
#[derive(Serialize, Debug, PartialEq, Eq)]
pub(crate) struct Sharded {
    /// As it was given.
    pub(crate) url: String,
    /// The site, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    /// The chosen hostname.
    pub(crate) host: String,
    /// The URL under that hostname.
    pub(crate) sharded: String,
}

/// The parts of a URL that matter here.
struct Parts<'a> {
    /// `https://`, `http://` or `//`; `//` for a path alone.
    scheme: &'a str,
    /// With its port.
    authority: &'a str,
    host: &'a str,
    /// From its slash on, with query and fragment.
    rest: &'a str,
    /// Without query and fragment.
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Result<Parts<'a>, String> {
        let scheme_end = if url.starts_with("//") { Some(2) } else { url.find("://").map(|at| at + 3) };
        let (scheme, after) = match scheme_end {
            Some(end) => url.split_at(end),
            None if url.starts_with('/') => ("//", url),
            None => {
                return Err(format!(
                    "`{url}` is neither an absolute URL nor a path that begins with a slash"
                ));
            }
        };
        let path_start = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(path_start);
        if authority.is_empty() && scheme_end.is_some() {
            return Err(format!("`{url}` has no host"));
        }
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        Ok(Parts { scheme, authority, host, rest, path: if path.is_empty() { "/" } else { path } })
    }
}

/// The shard of a URL or path among `hosts`.
///
/// # Errors
/// What is wrong with the URL, in words.
pub(crate) fn of_hosts(hosts: &[impl AsRef<str>], site: Option<&str>, url: &str) -> Result<Sharded, String> {
    let parts = Parts::of(url)?;
    let host =
        hosts.get(littoral_rules::shard(hosts, parts.path.as_bytes())).ok_or("no shards are given")?.as_ref();
    // The port stays: shards listen where their site does.
    let port = &parts.authority[parts.host.len()..];
    Ok(Sharded {
        url: url.to_owned(),
        site: site.map(str::to_owned),
        host: host.to_owned(),
        sharded: format!("{}{host}{port}{}", parts.scheme, parts.rest),
    })
}

/// The shard of an absolute URL, by the site that answers for its host.
///
/// # Errors
/// When no site does, or it has no shards; in words.
pub(crate) fn of_policy(policy: &PolicySet, url: &str) -> Result<Sharded, String> {
    let parts = Parts::of(url)?;
    if parts.host.is_empty() {
        return Err(format!("`{url}` names no host, and so no site: give an absolute URL, or --hosts"));
    }
    let host = parts.host.to_ascii_lowercase();
    let site = policy.site_for(host.as_bytes()).ok_or_else(|| format!("no site answers for `{host}`"))?;
    if site.shards.is_empty() {
        return Err(format!("the site `{}` has no `shards`: name them in its file", site.name));
    }
    of_hosts(&site.shards, Some(&site.name), url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: [&str; 3] = ["s1.example.com", "s2.example.com", "s3.example.com"];

    #[test]
    fn a_url_keeps_all_but_its_host_and_query_and_scheme_choose_nothing() {
        let of = |url: &str| of_hosts(&HOSTS, None, url).expect(url);
        let plain = of("https://www.example.com/img/a.png");
        assert!(HOSTS.contains(&plain.host.as_str()));
        for (url, sharded) in [
            (
                "https://www.example.com/img/a.png?v=2#top",
                format!("https://{}/img/a.png?v=2#top", plain.host),
            ),
            ("http://other.example:8080/img/a.png", format!("http://{}:8080/img/a.png", plain.host)),
            ("//www.example.com/img/a.png", format!("//{}/img/a.png", plain.host)),
            ("/img/a.png", format!("//{}/img/a.png", plain.host)),
        ] {
            assert_eq!(of(url).sharded, sharded);
        }
    }

    #[test]
    fn many_paths_are_spread_and_the_order_of_the_hosts_does_not_matter() {
        let reversed: Vec<&str> = HOSTS.iter().rev().copied().collect();
        let mut counts = std::collections::BTreeMap::new();
        for n in 0..300 {
            let url = format!("/img/{n}.png");
            let host = of_hosts(&HOSTS, None, &url).expect("a path").host;
            assert_eq!(of_hosts(&reversed, None, &url).expect("a path").host, host);
            *counts.entry(host).or_insert(0) += 1;
        }
        assert!(counts.len() == 3 && counts.values().all(|&count| count > 60), "{counts:?}");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["img/a.png", "https:///a", "", "https://"] {
            assert!(of_hosts(&HOSTS, None, url).is_err(), "{url}");
        }
    }
}
