//! Whole exchanges: the rules put together as a cache of one resource puts them, over time that the test moves.

use littoral_http_caching::storing::last_modified;
use littoral_http_caching::{
    CacheRules, Fields, HeadUpdate, Method, Precondition, RequestView, ResponseView, Reuse, SelectingKey,
    Terms, Times, Vary, conditional_fields, evaluate, freshen, head_freshens, invalidates, judge_reuse,
    judge_storing, may_serve_disconnected, may_serve_on_error, selects, stored_fields,
};

use crate::support::{NOW, head, same, table};

/// What a request came to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Came {
    /// Answered from the store.
    Hit,
    /// Answered from the store with 304.
    Hit304,
    /// Answered by the origin.
    Miss,
    /// Answered from the store after the origin's 304.
    Validated,
    /// Answered from the store though the origin was asked in vain.
    Stale,
    /// Answered from the store, validated afterwards.
    Meanwhile,
    /// Nothing to answer with.
    Error,
}

/// (seconds since the step before, request, what the origin would answer): the request's first line is its method if it
/// is not `GET`; the origin's first line is its status if not 200, `gone` when it cannot be reached.
type Step = (i64, &'static str, &'static str, Came);

struct Variant {
    vary: Vary,
    key: SelectingKey,
    status: u16,
    fields: Fields,
    terms: Terms,
}

#[derive(Default)]
struct Cache {
    variants: Vec<Variant>,
}

impl Cache {
    fn answer(&mut self, now: i64, request: &str, origin: &str) -> Came {
        let (method, request) = match request.split_once('\n') {
            Some((first, rest)) if !first.contains(':') => (Method::of(first.as_bytes()), rest),
            _ if !request.is_empty() && !request.contains(':') => (Method::of(request.as_bytes()), ""),
            _ => (Method::Get, request),
        };
        let request = head(request);
        let origin = reach(origin);
        if !method.is_safe() {
            if origin.as_ref().is_some_and(|(status, _)| invalidates(method, *status)) {
                self.variants.clear();
            }
            return Came::Miss;
        }
        let chosen =
            self.variants.iter().position(|variant| SelectingKey::of(&variant.vary, &request) == variant.key);
        let Some(index) = chosen else { return self.forward(now, &request, origin) };
        let stored = &self.variants[index];
        match judge_reuse(&stored.terms, None, now) {
            Reuse::Fresh => self.serve(index, method, &request),
            Reuse::StaleWhileRevalidate => {
                self.validate(index, now, &request, origin);
                Came::Meanwhile
            }
            Reuse::MustRevalidate(_) if method == Method::Head => {
                let Some((200, fields)) = origin else { return Came::Miss };
                match head_freshens(&stored.fields, &fields) {
                    HeadUpdate::Freshen => self.update(index, now, &request, &fields),
                    HeadUpdate::Invalidate => drop(self.variants.remove(index)),
                    HeadUpdate::Nothing => {}
                }
                Came::Miss
            }
            Reuse::MustRevalidate(_) => self.validate(index, now, &request, origin),
        }
    }

    fn serve(&self, index: usize, method: Method, request: &Fields) -> Came {
        let stored = &self.variants[index];
        let etag = stored.fields.single(littoral_http_caching::Known::ETag);
        let modified = last_modified(&stored.fields).unwrap_or(stored.terms.date);
        match evaluate(method, request, etag, Some(modified), stored.status) {
            Precondition::NotModified => Came::Hit304,
            _ => Came::Hit,
        }
    }

    fn validate(&mut self, index: usize, now: i64, request: &Fields, origin: Option<(u16, Fields)>) -> Came {
        let stored = &self.variants[index];
        match origin {
            None if may_serve_disconnected(&stored.terms, now) => Came::Stale,
            None => Came::Error,
            Some((500 | 502..=504, _)) if may_serve_on_error(&stored.terms, now) => Came::Stale,
            Some((304, update)) if selects(&stored.fields, &update) => {
                assert_ne!(conditional_fields(&stored.fields), (None, None), "a 304 answers a condition");
                self.update(index, now, request, &update);
                Came::Validated
            }
            other => self.forward(now, request, other),
        }
    }

    fn update(&mut self, index: usize, now: i64, request: &Fields, update: &Fields) {
        let stored = &mut self.variants[index];
        stored.fields = freshen(&stored.fields, update);
        let terms = judge_storing(
            &RequestView { method: Method::Get, fields: request },
            &ResponseView { status: stored.status, fields: &stored.fields, close_delimited: false },
            Times { requested: now, received: now },
            &CacheRules::default(),
        );
        stored.terms = terms.expect("what is freshened here may be stored");
    }

    fn forward(&mut self, now: i64, request: &Fields, origin: Option<(u16, Fields)>) -> Came {
        let Some((status, fields)) = origin else { return Came::Error };
        let rules = CacheRules::default();
        let judged = judge_storing(
            &RequestView { method: Method::Get, fields: request },
            &ResponseView { status, fields: &fields, close_delimited: false },
            Times { requested: now, received: now },
            &rules,
        );
        if let Ok(terms) = judged {
            let vary = Vary::of(&fields).expect("what may be stored has a Vary that can be followed");
            let key = SelectingKey::of(&vary, request);
            self.variants.retain(|variant| variant.vary != vary || variant.key != key);
            self.variants.push(Variant { vary, key, status, fields: stored_fields(&fields, &rules), terms });
        }
        Came::Miss
    }
}

fn reach(origin: &str) -> Option<(u16, Fields)> {
    if origin == "gone" {
        return None;
    }
    match origin.split_once('\n').unwrap_or((origin, "")) {
        (status, fields) if status.parse::<u16>().is_ok() => Some((status.parse().unwrap(), head(fields))),
        _ => Some((200, head(origin))),
    }
}

#[test]
fn exchanges_come_to_what_they_should() {
    use Came::*;
    let rows: &[(&str, &[Step])] = &[
        (
            "fresh, then stale",
            &[(0, "", "Cache-Control: max-age=2", Miss), (1, "", "", Hit), (1, "", "", Miss)],
        ),
        ("nothing known", &[(0, "", "", Miss), (0, "", "", Miss)]),
        (
            "no-store leaves what is stored alone",
            &[(0, "", "Cache-Control: max-age=9\nA: 1", Miss), (3, "", "Cache-Control: no-store", Hit)],
        ),
        (
            "no-cache validates each time",
            &[
                (0, "", "Cache-Control: no-cache\nETag: \"a\"", Miss),
                (0, "", "304\nETag: \"a\"", Validated),
                (0, "", "304\nETag: \"a\"", Validated),
                (0, "", "ETag: \"b\"", Miss),
            ],
        ),
        (
            "a 304 that names another tag is no validation",
            &[(0, "", "Cache-Control: no-cache\nETag: \"a\"", Miss), (0, "", "304\nETag: \"b\"", Miss)],
        ),
        (
            "a 304 brings a new lifetime",
            &[
                (0, "", "Cache-Control: max-age=1\nETag: \"a\"\nDate: {0}", Miss),
                (3, "", "304\nCache-Control: max-age=3600\nETag: \"a\"\nDate: {+3}", Validated),
                (3000, "", "", Hit),
            ],
        ),
        (
            "a 304 without Date does not inherit the old age",
            &[
                (0, "", "Cache-Control: max-age=10\nETag: \"a\"\nDate: {0}\nAge: 5", Miss),
                (6, "", "304\nETag: \"a\"", Validated),
                (9, "", "", Hit),
                (1, "", "304", Validated),
            ],
        ),
        (
            "two variants",
            &[
                (0, "Foo: 1", "Cache-Control: max-age=9\nVary: Foo", Miss),
                (0, "Foo: 2", "Cache-Control: max-age=9\nVary: Foo", Miss),
                (0, "Foo: 1", "", Hit),
                (0, "Foo: 2\nBar: 1", "", Hit),
                (0, "", "", Miss),
            ],
        ),
        (
            "unsafe methods invalidate unless they fail",
            &[
                (0, "", "Cache-Control: max-age=99", Miss),
                (0, "POST", "500", Miss),
                (0, "", "", Hit),
                (0, "M-SEARCH", "200", Miss),
                (0, "", "Cache-Control: max-age=99", Miss),
                (0, "PUT", "204", Miss),
                (0, "", "", Miss),
            ],
        ),
        (
            "conditions are answered from a fresh response",
            &[
                (0, "", "Cache-Control: max-age=99\nETag: \"a\"\nLast-Modified: {-500}", Miss),
                (0, "If-None-Match: \"a\"", "", Hit304),
                (0, "If-None-Match: \"b\"", "", Hit),
                (0, "If-Modified-Since: {-400}", "", Hit304),
                (0, "HEAD\nIf-None-Match: W/\"a\"", "", Hit304),
            ],
        ),
        (
            "without Last-Modified, Date stands for it",
            &[
                (0, "", "Cache-Control: max-age=99\nDate: {0}", Miss),
                (0, "If-Modified-Since: {-3000}", "", Hit),
                (0, "If-Modified-Since: {0}", "", Hit304),
            ],
        ),
        (
            "stale while revalidated, then no longer",
            &[
                (0, "", "Cache-Control: max-age=1, stale-while-revalidate=4\nETag: \"a\"", Miss),
                (3, "", "gone", Meanwhile),
                (3, "", "", Miss),
            ],
        ),
        (
            "what comes meanwhile serves the next",
            &[
                (0, "", "Cache-Control: max-age=1, stale-while-revalidate=9", Miss),
                (3, "", "Cache-Control: max-age=100", Meanwhile),
                (50, "", "", Hit),
            ],
        ),
        (
            "an origin that is gone",
            &[(0, "", "Cache-Control: max-age=2", Miss), (3, "", "gone", Stale), (90_000, "", "gone", Error)],
        ),
        (
            "an origin that is gone, and nothing stale allowed",
            &[(0, "", "Cache-Control: max-age=2, must-revalidate", Miss), (3, "", "gone", Error)],
        ),
        ("s-maxage forbids stale use", &[(0, "", "Cache-Control: s-maxage=2", Miss), (3, "", "gone", Error)]),
        (
            "an error is passed on unless stale-if-error",
            &[
                (0, "", "Cache-Control: max-age=2", Miss),
                (3, "", "503", Miss),
                (0, "", "Cache-Control: max-age=2, stale-if-error=60", Miss),
                (3, "", "503", Stale),
                (3, "", "404", Miss),
            ],
        ),
        (
            "HEAD freshens",
            &[
                (0, "", "Cache-Control: max-age=2\nContent-Length: 5\nDate: {0}", Miss),
                (3, "HEAD", "Cache-Control: max-age=1000\nContent-Length: 5\nDate: {+3}", Miss),
                (500, "", "", Hit),
            ],
        ),
        (
            "HEAD of another size invalidates",
            &[
                (0, "", "Cache-Control: max-age=2\nContent-Length: 5\nETag: \"a\"", Miss),
                (3, "HEAD", "Cache-Control: max-age=1000\nContent-Length: 6", Miss),
                (0, "", "304", Miss),
            ],
        ),
        (
            "a response to credentials is for one",
            &[
                (0, "Authorization: x", "Cache-Control: max-age=99", Miss),
                (0, "", "Cache-Control: max-age=99", Miss),
                (0, "Authorization: x", "", Hit),
            ],
        ),
        (
            "negative answers with a lifetime",
            &[(0, "", "404\nCache-Control: max-age=5", Miss), (4, "", "", Hit), (1, "", "", Miss)],
        ),
        (
            "416 never stands for the resource",
            &[(0, "Range: bytes=9-", "416\nCache-Control: max-age=9", Miss), (0, "", "", Miss)],
        ),
    ];
    table(rows, |(name, steps)| {
        let mut cache = Cache::default();
        let mut now = NOW;
        for (number, (wait, request, origin, expected)) in steps.iter().enumerate() {
            now += wait;
            let came = cache.answer(now, request, origin);
            same(&format!("{name}, step {}", number + 1), came, *expected)?;
        }
        Ok(())
    });
}
