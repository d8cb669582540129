//! What is stored and what is not, each refusal by its name (RFC 9111 §3).

use littoral_http_caching::invalidate::Target;
use littoral_http_caching::{
    CacheRules, ClientDirectives, Method, NotStored, QualifiedForms, RequestCookie, RequestView,
    ResponseView, SetCookie, Times, judge_storing, judge_storing_post, stored_fields,
};

use crate::support::{NOW, head, same, store, table};

#[test]
fn responses_are_refused_by_name() {
    use NotStored::*;
    let fresh = "Cache-Control: max-age=60";
    let rows: &[(&str, &str, Result<(), NotStored>)] = &[
        ("", "Cache-Control: max-age=60", Ok(())),
        ("", "Cache-Control: no-store", Err(NoStore)),
        ("", "Cache-Control: max-age=10000, no-store\nExpires: {+10000}", Err(NoStore)),
        ("", "Cache-Control: private, max-age=3600", Err(Private)),
        ("", "Cache-Control: public, private, max-age=3600", Err(Private)),
        ("", "Cache-Control: private=\"x\", max-age=3600", Err(Private)),
        ("", "Cache-Control: no-cache, max-age=3600", Err(NoFreshness)),
        ("", "Cache-Control: no-cache, max-age=3600\nETag: \"a\"", Ok(())),
        ("", "Cache-Control: no-cache\nETag: \"a\"", Ok(())),
        ("", "Cache-Control: no-cache\nLast-Modified: {-9}", Ok(())),
        ("", "ETag: \"a\"", Ok(())),
        ("", "ETag:", Err(NoFreshness)),
        ("", "Cache-Control: max-age=0", Err(NoFreshness)),
        ("", "Cache-Control: max-age=0, stale-while-revalidate=5", Ok(())),
        ("", "Cache-Control: max-age=0, stale-if-error=5", Ok(())),
        ("", "Cache-Control: max-age=0, must-revalidate, stale-if-error=5", Err(NoFreshness)),
        ("", "Cache-Control: max-age=60\nAge: 60", Err(NoFreshness)),
        ("", "Cache-Control: max-age=60\nAge: 59", Ok(())),
        ("", "Cache-Control: no-store, must-understand, max-age=60", Ok(())),
        ("", "Cache-Control: max-age=60\nVary: *", Err(VaryStar)),
        ("", "Cache-Control: max-age=60\nVary: Foo, *", Err(VaryStar)),
        ("", "Cache-Control: max-age=60\nVary: a b", Err(VaryStar)),
        ("", "Cache-Control: max-age=60\nVary: Foo", Ok(())),
        // Credentials.
        ("Authorization: x", fresh, Err(Authorization)),
        ("Authorization: x", "Cache-Control: max-age=60, public", Ok(())),
        ("Authorization: x", "Cache-Control: max-age=60, must-revalidate", Ok(())),
        ("Authorization: x", "Cache-Control: s-maxage=60", Ok(())),
        ("Authorization: x", "Cache-Control: max-age=60, proxy-revalidate", Err(Authorization)),
        ("Authorization: x", "Cache-Control: max-age=60\nVary: Authorization", Err(Authorization)),
        ("Authorization: x", "CDN-Cache-Control: max-age=60", Err(Authorization)),
        ("Authorization: x", "CDN-Cache-Control: max-age=60\nCache-Control: public", Err(Authorization)),
        ("Authorization: x", "CDN-Cache-Control: max-age=60, public", Ok(())),
        // Cookies of the request.
        ("Cookie: a=b", fresh, Err(RequestCookie)),
        ("Cookie: a=b", "Expires: {+60}", Err(RequestCookie)),
        ("Cookie: a=b", "Last-Modified: {-86400}", Err(RequestCookie)),
        ("Cookie: a=b", "Cache-Control: max-age=60, public", Ok(())),
        ("Cookie: a=b", "Cache-Control: s-maxage=60", Ok(())),
        ("Cookie: a=b", "Cache-Control: max-age=60\nVary: Accept, Cookie", Ok(())),
        ("Cookie: a=b", "CDN-Cache-Control: max-age=60", Ok(())),
        ("Cookie: a=b", "CDN-Cache-Control: &&\nCache-Control: max-age=60", Err(RequestCookie)),
        // Cookies of the response.
        ("", "Cache-Control: max-age=60\nSet-Cookie: a=b", Ok(())),
        ("", "Cache-Control: s-maxage=60\nSet-Cookie: a=b", Ok(())),
        ("", "Expires: {+60}\nSet-Cookie: a=b", Ok(())),
        ("", "CDN-Cache-Control: max-age=60\nSet-Cookie: a=b", Ok(())),
        ("", "Cache-Control: public\nLast-Modified: {-86400}\nSet-Cookie: a=b", Ok(())),
        ("", "Last-Modified: {-86400}\nSet-Cookie: a=b", Err(SetCookie)),
        ("", "Last-Modified: {-86400}\nSet-Cookie2: a=b", Err(SetCookie)),
        ("", "Cache-Control: max-age=0\nETag: \"a\"\nSet-Cookie: a=b", Err(SetCookie)),
        ("", "Expires: 0\nETag: \"a\"\nSet-Cookie: a=b", Err(SetCookie)),
        ("", "Cache-Control: no-cache, max-age=60\nETag: \"a\"\nSet-Cookie: a=b", Err(SetCookie)),
        ("", "Cache-Control: no-cache, public\nETag: \"a\"\nSet-Cookie: a=b", Err(SetCookie)),
        ("", "CDN-Cache-Control: foo\nLast-Modified: {-86400}\nSet-Cookie: a=b", Err(SetCookie)),
        // A client's wishes do not count by default.
        ("Cache-Control: no-store", fresh, Ok(())),
        ("Cache-Control: no-cache\nPragma: no-cache", fresh, Ok(())),
        // Pragma of a response means nothing beside Cache-Control.
        ("", "Cache-Control: max-age=60\nPragma: no-cache", Ok(())),
        ("Range: bytes=0-1", fresh, Ok(())),
    ];
    table(rows, |(request, response, expected)| {
        let found = store(request, 200, response, &CacheRules::default()).map(|_| ());
        same(&format!("{request} / {response}"), found, *expected)
    });
}

#[test]
fn the_status_decides_what_explicit_freshness_can_do() {
    let explicit = "Cache-Control: max-age=60";
    let understand = "Cache-Control: max-age=60, no-store, must-understand";
    let stored = [
        200, 201, 202, 203, 204, 205, 299, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 418, 429,
        451,
    ]
    .into_iter()
    .chain([499, 500, 501, 502, 503, 504, 599])
    .map(|status| (status, explicit, Ok(())));
    let refused = [
        0, 99, 100, 101, 102, 103, 199, 304, 407, 408, 412, 416, 417, 421, 425, 426, 428, 431, 505, 511, 600,
        999,
    ]
    .into_iter()
    .map(|status| (status, explicit, Err(NotStored::Status)));
    let understood = [200, 204, 301, 404, 410, 451, 503].map(|status| (status, understand, Ok(())));
    let unknown = [299, 418, 499, 599].map(|status| (status, understand, Err(NotStored::MustUnderstand)));
    let rows = stored.chain(refused).chain(understood).chain(unknown);
    table(rows, |(status, text, expected)| {
        let found = store("", *status, text, &CacheRules::default()).map(|_| ());
        same(&format!("{status} {text}"), found, *expected)
    });
}

#[test]
fn only_get_is_stored_and_post_only_by_its_own_name() {
    let fields = head("Cache-Control: max-age=60");
    for method in [Method::Head, Method::Post, Method::Put, Method::Delete, Method::Options, Method::Other] {
        let judged = judge_storing(
            &RequestView { method, fields: &head("") },
            &ResponseView { status: 200, fields: &fields, close_delimited: false },
            Times { requested: NOW, received: NOW },
            &CacheRules::default(),
        );
        assert_eq!(judged.map(|_| ()), Err(NotStored::Method), "{method:?}");
    }
}

#[test]
fn an_answer_to_post_is_stored_when_it_names_its_own_target() {
    let target = Target { scheme: "http", authority: b"a.example:8080", path_and_query: b"/x/y?z=1" };
    let rows: &[(u16, &str, Result<(), NotStored>)] = &[
        (200, "Content-Location: /x/y?z=1\nCache-Control: max-age=9", Ok(())),
        (200, "Content-Location: y?z=1\nCache-Control: max-age=9", Ok(())),
        (200, "Content-Location: http://A.example:8080/x/./y?z=1\nExpires: {+9}", Ok(())),
        (200, "Content-Location: ?z=1\nCache-Control: s-maxage=9", Ok(())),
        (201, "Content-Location: /x/y?z=1\nCache-Control: max-age=9", Ok(())),
        (200, "Content-Location:\nCache-Control: max-age=9", Ok(())),
        (200, "Content-Location: /x/y\nCache-Control: max-age=9", Err(NotStored::Method)),
        (200, "Content-Location: /x/y?z=2\nCache-Control: max-age=9", Err(NotStored::Method)),
        (200, "Content-Location: http://b.example/x/y?z=1\nCache-Control: max-age=9", Err(NotStored::Method)),
        (200, "Cache-Control: max-age=9", Err(NotStored::Method)),
        (303, "Content-Location: /x/y?z=1\nCache-Control: max-age=9", Err(NotStored::Method)),
        (500, "Content-Location: /x/y?z=1\nCache-Control: max-age=9", Err(NotStored::Method)),
        (200, "Content-Location: /x/y?z=1\nLast-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (200, "Content-Location: /x/y?z=1\nCache-Control: no-store", Err(NotStored::NoStore)),
    ];
    table(rows, |(status, text, expected)| {
        let judged = judge_storing_post(
            &RequestView { method: Method::Post, fields: &head("") },
            &target,
            &ResponseView { status: *status, fields: &head(text), close_delimited: false },
            Times { requested: NOW, received: NOW },
            &CacheRules::default(),
        );
        same(text, judged.map(|_| ()), *expected)
    });
}

#[test]
fn rules_can_be_stricter_or_looser_about_cookies_and_clients() {
    let plain = CacheRules::default;
    let never = CacheRules { set_cookie: SetCookie::Never, ..plain() };
    let strip = CacheRules { set_cookie: SetCookie::Strip, ..plain() };
    let careless = CacheRules { request_cookie: RequestCookie::Ignore, ..plain() };
    let obedient = CacheRules { client_directives: ClientDirectives::Honour, ..plain() };
    let rows: &[(&str, &CacheRules, &str, &str, Result<(), NotStored>)] = &[
        ("never", &never, "", "Cache-Control: s-maxage=9\nSet-Cookie: a=b", Err(NotStored::SetCookie)),
        ("strip", &strip, "", "Last-Modified: {-86400}\nSet-Cookie: a=b", Ok(())),
        ("careless", &careless, "Cookie: a=b", "Cache-Control: max-age=9", Ok(())),
        (
            "obedient",
            &obedient,
            "Cache-Control: no-store",
            "Cache-Control: max-age=9",
            Err(NotStored::RequestNoStore),
        ),
        ("obedient", &obedient, "Cache-Control: no-cache", "Cache-Control: max-age=9", Ok(())),
    ];
    table(rows, |(name, rules, request, response, expected)| {
        same(name, store(request, 200, response, rules).map(|_| ()), *expected)
    });
}

#[test]
fn content_that_ends_with_its_connection_is_stored_only_where_allowed() {
    let judge = |rules: &CacheRules| {
        judge_storing(
            &RequestView { method: Method::Get, fields: &head("") },
            &ResponseView { status: 200, fields: &head("Cache-Control: max-age=9"), close_delimited: true },
            Times { requested: NOW, received: NOW },
            rules,
        )
        .map(|_| ())
    };
    assert_eq!(judge(&CacheRules::default()), Err(NotStored::CloseDelimited));
    assert_eq!(judge(&CacheRules { close_delimited: true, ..CacheRules::default() }), Ok(()));
}

#[test]
fn stored_fields_are_those_meant_for_all_recipients() {
    let strip = CacheRules { set_cookie: SetCookie::Strip, ..CacheRules::default() };
    let withhold = CacheRules { qualified_forms: QualifiedForms::Withhold, ..CacheRules::default() };
    let plain = CacheRules::default();
    let rows: &[(&CacheRules, &str, &str)] = &[
        (&plain, "Connection: a, b\na: 1\nb: 2\nc: 3", "c: 3"),
        (&plain, "Keep-Alive: 5\nTE: x\nUpgrade: y\nTransfer-Encoding: chunked\nTrailer: z\nX: 1", "X: 1"),
        (
            &plain,
            "Proxy-Authenticate: a\nProxy-Authentication-Info: b\nProxy-Authorization: c\nProxy-Connection: d\nX: 1",
            "X: 1",
        ),
        (&plain, "Age: 5\nDate: {0}", "Date: {0}"),
        (
            &plain,
            "Set-Cookie: a=b\nSet-Cookie2: c=d\nClear-Site-Data: x",
            "Set-Cookie: a=b\nSet-Cookie2: c=d\nClear-Site-Data: x",
        ),
        (&strip, "Set-Cookie: a=b\nset-cookie: c=d\nSet-Cookie2: e=f\nX: 1", "X: 1"),
        (&plain, "Cache-Control: no-cache=\"a\"\nA: 1\nB: 2", "Cache-Control: no-cache=\"a\"\nA: 1\nB: 2"),
        (
            &withhold,
            "Cache-Control: no-cache=\"a, b\"\na: 1\nB: 2\nc: 3",
            "Cache-Control: no-cache=\"a, b\"\nc: 3",
        ),
        (
            &withhold,
            "Cache-Control: private=\"Set-Cookie\"\nSet-Cookie: a=b",
            "Cache-Control: private=\"Set-Cookie\"",
        ),
        (
            &plain,
            "Content-Range: x\nContent-MD5: y\nWarning: 110 - \"x\"",
            "Content-Range: x\nContent-MD5: y\nWarning: 110 - \"x\"",
        ),
    ];
    table(rows, |(rules, received, kept)| same(received, stored_fields(&head(received), rules), head(kept)));
}

#[test]
fn withheld_fields_leave_the_rest_to_be_used() {
    let withhold = CacheRules { qualified_forms: QualifiedForms::Withhold, ..CacheRules::default() };
    let rows: &[(&str, Result<bool, NotStored>)] = &[
        ("Cache-Control: no-cache=\"a\", max-age=9\na: 1", Ok(false)),
        ("Cache-Control: private=\"a\", max-age=9\na: 1", Ok(false)),
        ("Cache-Control: no-cache=\"a\", no-cache, max-age=9\nETag: \"a\"", Ok(true)),
        ("Cache-Control: private=\"a\", private, max-age=9", Err(NotStored::Private)),
        ("Cache-Control: private=\"a b\", max-age=9", Err(NotStored::Private)),
    ];
    table(rows, |(text, expected)| {
        same(text, store("", 200, text, &withhold).map(|terms| terms.no_cache), *expected)
    });
}

#[test]
fn terms_remember_what_later_requests_must_know() {
    let rows: &[(&str, bool, bool, bool, bool)] = &[
        // no_cache, must_revalidate, authorization_shared, has_validator
        ("Cache-Control: max-age=9", false, false, false, false),
        ("Cache-Control: max-age=9\nETag: W/\"a\"", false, false, false, true),
        ("Cache-Control: max-age=9\nLast-Modified: {-9}", false, false, false, true),
        ("Cache-Control: max-age=9\nLast-Modified: x", false, false, false, false),
        ("Cache-Control: max-age=9, public", false, false, true, false),
        ("Cache-Control: max-age=9, must-revalidate", false, true, true, false),
        ("Cache-Control: max-age=9, proxy-revalidate", false, true, false, false),
        ("Cache-Control: s-maxage=9", false, true, true, false),
        ("Cache-Control: no-cache\nETag: \"a\"", true, true, false, true),
    ];
    table(rows, |(text, no_cache, must, shared, validator)| {
        let terms = store("", 200, text, &CacheRules::default()).map_err(|why| why.as_str().to_owned())?;
        let found = (terms.no_cache, terms.must_revalidate, terms.authorization_shared, terms.has_validator);
        same(text, found, (*no_cache, *must, *shared, *validator))
    });
}
