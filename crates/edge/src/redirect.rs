//! Redirects: the answer that sends a client elsewhere, made without cache or origin.

use crate::request::Request;
use crate::respond::{Place, Response};
use crate::subject::{scope, subject};
use crate::target::push_encoded;
use littoral_http_caching::Known;
use littoral_policy::Redirect;

/// The redirect that a request meets, if its behavior has one for it.
pub(crate) fn redirect(place: &Place, node: &str, request: &Request) -> Option<Response> {
    let behavior = place.behavior().expect("routed");
    if behavior.redirects.is_empty() {
        return None;
    }
    let (redirect, location) = behavior
        .redirects
        .iter()
        .find_map(|redirect| Some((redirect, location(redirect, place, node, request)?)))?;
    Some(Response::local(redirect.status, "redirect").with_field(Known::Location, &location).at(place))
}

/// Where `redirect` sends the request; `None` where it does not concern it.
fn location(redirect: &Redirect, place: &Place, node: &str, request: &Request) -> Option<Vec<u8>> {
    let subject = subject(request);
    if redirect.when.as_ref().is_some_and(|when| !when.matches(&subject)) {
        return None;
    }
    let mut rendered = Vec::new();
    if !redirect.rewrite.apply(&scope(place, node, subject, request.id.as_bytes()), &mut rendered) {
        return None;
    }
    let mut location = safe(&rendered, names_host(redirect.rewrite.to().as_str()));
    if redirect.keeps_query
        && !location.contains(&b'?')
        && let Some(query) = request.target.query().filter(|query| !query.is_empty())
    {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    Some(location)
}

/// Whether the site itself wrote a URL with a host, and not a path.
fn names_host(to: &str) -> bool {
    ["http://", "https://", "${scheme}://"].iter().any(|start| to.starts_with(start))
}

/// What a client cannot turn into something else: a path stays a path of this host (`//elsewhere` would be another
/// one, browsers read a backslash as a slash, and a captured part may look like a URL), and what no URL holds is
/// encoded.
fn safe(rendered: &[u8], names_host: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(rendered.len());
    let mut rest = rendered;
    if !names_host {
        let slashes = rest.iter().take_while(|&&b| matches!(b, b'/' | b'\\')).count();
        out.push(b'/');
        rest = &rest[slashes..];
    }
    for &byte in rest {
        if byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            out.push(byte);
        } else {
            push_encoded(byte, &mut out);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn a_path_stays_on_its_host_and_what_no_url_holds_is_encoded() {
        for (rendered, expected) in [
            ("https://evil.example/x", "/https://evil.example/x"),
            ("a/b", "/a/b"),
            ("/a/b?c=d#e", "/a/b?c=d#e"),
            ("//evil.example/x", "/evil.example/x"),
            ("/\\evil.example", "/evil.example"),
            ("/a//b", "/a//b"),
            ("/a b\"<\u{fc}", "/a%20b%22%3C%C3%BC"),
        ] {
            assert_eq!(safe(rendered.as_bytes(), false), expected.as_bytes(), "{rendered}");
        }
        assert_eq!(safe(b"https://example.com//x", true), b"https://example.com//x");
    }
}
