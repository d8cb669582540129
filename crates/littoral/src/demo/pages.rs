//! The static site: files built into the binary, with validators, ranges and conditional answers.
//!
//! The small subset of RFC 9110 that a plain file server speaks: `If-None-Match` before
//! `If-Modified-Since`, and one range at a time (several are answered whole, as §14.2 permits).

use bytes::Bytes;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
};
use hyper::{Response, StatusCode};
use std::ops::Range;

use super::answer::{DemoBody, whole};

/// When the files were last changed: the demo site is as old as its edition.
const LAST_CHANGED: &str = "Sat, 01 Nov 2025 09:00:00 GMT";

struct Page {
    path: &'static str,
    content_type: &'static str,
    cache_control: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SVG: &str = "image/svg+xml";
const MINUTE: &str = "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400";
const HOUR: &str = "public, max-age=3600, stale-if-error=86400";
const DAY: &str = "public, max-age=86400";

macro_rules! page {
    ($path:literal, $file:literal, $content_type:expr, $cache_control:expr) => {
        Page {
            path: $path,
            content_type: $content_type,
            cache_control: $cache_control,
            bytes: include_bytes!(concat!("site/", $file)),
        }
    };
}

static PAGES: &[Page] = &[
    page!("/", "index.html", HTML, MINUTE),
    page!("/lights.html", "lights.html", HTML, MINUTE),
    // Checked before each use: the page that shows revalidation.
    page!("/tides.html", "tides.html", HTML, "no-cache"),
    page!("/style.css", "style.css", "text/css; charset=utf-8", HOUR),
    page!("/app.js", "app.js", "text/javascript; charset=utf-8", HOUR),
    page!("/img/mark.svg", "img/mark.svg", SVG, DAY),
    page!("/img/lighthouse.svg", "img/lighthouse.svg", SVG, DAY),
    page!("/img/coast.svg", "img/coast.svg", SVG, DAY),
];

static NOT_FOUND: Page = page!("", "404.html", HTML, "public, max-age=10");

/// The answer to GET or HEAD of `path`; hyper leaves the body out for HEAD.
pub(super) fn answer(path: &str, request: &HeaderMap) -> Response<DemoBody> {
    match PAGES.iter().find(|page| page.path == path) {
        Some(page) => page.answer(request),
        None => {
            let mut response = NOT_FOUND.with_body(StatusCode::NOT_FOUND, NOT_FOUND.bytes);
            response.headers_mut().remove(ETAG);
            response.headers_mut().remove(LAST_MODIFIED);
            response
        }
    }
}

impl Page {
    fn answer(&self, request: &HeaderMap) -> Response<DemoBody> {
        if self.is_not_modified(request) {
            return self.with_body(StatusCode::NOT_MODIFIED, b"");
        }
        let complete = self.bytes.len();
        match self.range(request) {
            Asked::Whole => self.with_body(StatusCode::OK, self.bytes),
            Asked::Part(part) => {
                let said = format!("bytes {}-{}/{complete}", part.start, part.end - 1);
                let mut response = self.with_body(StatusCode::PARTIAL_CONTENT, &self.bytes[part]);
                insert(&mut response, CONTENT_RANGE, &said);
                response
            }
            Asked::Beyond => {
                let mut response = self.with_body(StatusCode::RANGE_NOT_SATISFIABLE, b"");
                insert(&mut response, CONTENT_RANGE, &format!("bytes */{complete}"));
                response
            }
        }
    }

    fn with_body(&self, status: StatusCode, body: &'static [u8]) -> Response<DemoBody> {
        let mut response = Response::new(whole(Bytes::from_static(body)));
        *response.status_mut() = status;
        insert(&mut response, CONTENT_TYPE, self.content_type);
        insert(&mut response, CACHE_CONTROL, self.cache_control);
        insert(&mut response, ACCEPT_RANGES, "bytes");
        insert(&mut response, LAST_MODIFIED, LAST_CHANGED);
        insert(&mut response, ETAG, &self.etag());
        response
    }

    /// A strong validator from the content (FNV-1a).
    fn etag(&self) -> String {
        format!("\"{:016x}\"", littoral_rules::hash::fnv1a(self.bytes))
    }

    fn is_not_modified(&self, request: &HeaderMap) -> bool {
        let etag = self.etag();
        match text(request, &IF_NONE_MATCH) {
            Some(tags) => {
                tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
            }
            None => text(request, &IF_MODIFIED_SINCE) == Some(LAST_CHANGED),
        }
    }

    fn range(&self, request: &HeaderMap) -> Asked {
        let same = text(request, &IF_RANGE).is_none_or(|held| held == self.etag() || held == LAST_CHANGED);
        match text(request, &RANGE).and_then(|value| value.strip_prefix("bytes=")) {
            Some(spec) if same => one_range(spec.trim(), self.bytes.len()),
            _ => Asked::Whole,
        }
    }
}

#[derive(PartialEq, Eq, Debug)]
enum Asked {
    Whole,
    Part(Range<usize>),
    Beyond,
}

/// `0-99`, `100-` or `-100` of `complete` bytes; whatever else is answered whole.
fn one_range(spec: &str, complete: usize) -> Asked {
    let Some((first, last)) = spec.split_once('-') else { return Asked::Whole };
    let number = |text: &str| text.parse::<usize>().ok();
    let part = match (first, last) {
        ("", suffix) => number(suffix).map(|length| complete.saturating_sub(length)..complete),
        (first, "") => number(first).map(|first| first..complete),
        (first, last) => number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| first..last.saturating_add(1).min(complete)),
    };
    match part {
        None => Asked::Whole,
        Some(part) if part.start >= complete => Asked::Beyond,
        Some(part) => Asked::Part(part),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn insert(response: &mut Response<DemoBody>, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("the demo's own field values are visible ASCII");
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_page_and_odd_ones_are_answered_whole() {
        for (spec, expected) in [
            ("0-9", Asked::Part(0..10)),
            ("90-", Asked::Part(90..100)),
            ("90-500", Asked::Part(90..100)),
            ("-10", Asked::Part(90..100)),
            ("-500", Asked::Part(0..100)),
            ("100-", Asked::Beyond),
            ("-0", Asked::Beyond),
            ("5-2", Asked::Whole),
            ("0-1,5-6", Asked::Whole),
            ("x", Asked::Whole),
        ] {
            assert_eq!(one_range(spec, 100), expected, "{spec}");
        }
    }

    #[test]
    fn an_entity_tag_wins_over_a_date() {
        let page = &PAGES[0];
        let mut request = HeaderMap::new();
        request.insert(IF_MODIFIED_SINCE, HeaderValue::from_static(LAST_CHANGED));
        assert_eq!(page.answer(&request).status(), 304);
        request.insert(IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert_eq!(page.answer(&request).status(), 200);
        let both = format!("\"other\", W/{}", page.etag());
        request.insert(IF_NONE_MATCH, HeaderValue::from_str(&both).expect("visible ASCII"));
        assert_eq!(page.answer(&request).status(), 304);
    }

    #[test]
    fn every_page_is_a_page_and_links_only_to_what_there_is() {
        let known: Vec<&str> = PAGES.iter().map(|page| page.path).collect();
        for page in PAGES.iter().chain([&NOT_FOUND]).filter(|page| page.content_type == HTML) {
            let html = std::str::from_utf8(page.bytes).expect("pages are UTF-8");
            assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
            for (_, link) in html.match_indices("=\"/").map(|(at, _)| (at, &html[at + 2..])) {
                let link = link.split(['"', '?']).next().unwrap_or_default();
                assert!(
                    known.contains(&link) || super::super::dynamic::knows(link),
                    "{} links to {link}",
                    page.path
                );
            }
        }
    }
}
