//! Jobs that come through, come late, or find no room.

use super::*;
use littoral_cache::{Content, MemoryStore, SiteIx};
use littoral_http_caching::{Fields, SelectingKey, Terms, Vary};
use littoral_ledger::{Kind, Limits, Purge, Scope, SiteKey};

struct Bench {
    store: MemoryStore,
    fence: Fence,
    jobs: Jobs,
    key: Key,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            store: MemoryStore::new(64 << 20, &[]),
            fence: Fence::new(Limits::default()),
            jobs: Jobs::default(),
            key: Key::new(b"h/a"),
        }
    }

    fn put(&self, body: Body) -> Arc<StoredResponse> {
        let stored = Arc::new(StoredResponse::new(ResponseParts {
            status: 200,
            fields: Fields::default(),
            content: Content::Whole(body),
            encoded: Box::default(),
            terms: terms(),
            vary: Vary::default(),
            selecting: SelectingKey::default(),
            last_modified: None,
            effective: self.fence.position(),
            subject: self.fence.subject(SiteKey(1), b"h/a", std::iter::empty()),
            url: b"h/a".as_slice().into(),
            request_target: "/a".into(),
            stored_at: 0,
        }));
        self.store.insert(&self.key, SiteIx(0), stored.clone()).expect("there is room");
        stored
    }

    fn ask(&self, stored: &Arc<StoredResponse>, coding: Coding) {
        self.jobs.ask(self.key.clone(), stored, coding);
    }

    fn make_next(&self) -> JobEnd {
        let job = self.jobs.next().expect("a job waits");
        self.jobs.make(&job, &self.store, &self.fence)
    }

    fn now(&self) -> Option<Arc<StoredResponse>> {
        self.store.lookup(self.key.as_key_ref()).map(|entry| entry.variants()[0].clone())
    }
}

fn terms() -> Terms {
    Terms {
        received: 0,
        date: 0,
        corrected_initial_age: 0,
        freshness_lifetime: 60,
        stale_while_revalidate: 0,
        stale_if_error: 0,
        stale_if_disconnected: 0,
        no_cache: false,
        must_revalidate: false,
        authorization_shared: false,
        has_validator: true,
        heuristic: false,
        immutable: false,
    }
}

fn text() -> Body {
    Body::from_slice("so much of the same ".repeat(500).as_bytes())
}

#[test]
fn all_codings_come_to_stand_beside_one_response() {
    let bench = Bench::new();
    let stored = bench.put(text());
    for coding in Coding::ALL {
        bench.ask(&stored, coding);
        bench.ask(&stored, coding);
    }
    assert_eq!(bench.jobs.len(), 3, "asked for twice, queued once");
    drop(stored);
    for _ in Coding::ALL {
        assert_eq!(bench.make_next(), JobEnd::Made);
    }
    let now = bench.now().expect("it is stored");
    assert!(Coding::ALL.into_iter().all(|coding| now.encoded_body(coding).is_some()));
}

#[test]
fn what_is_purged_or_replaced_before_or_while_it_is_encoded_is_left_alone() {
    let purge = |bench: &Bench| {
        let scope = Scope::Url("h/a".into());
        bench.fence.apply(&Purge { site: SiteKey(1), scope, kind: Kind::Hard });
    };
    let erase = |bench: &Bench| assert!(bench.store.remove(bench.key.as_key_ref()));
    let replace = |bench: &Bench| drop(bench.put(text()));
    let acts: [&dyn Fn(&Bench); 3] = [&purge, &erase, &replace];
    for act in acts {
        let bench = Bench::new();
        let stored = bench.put(text());
        bench.ask(&stored, Coding::Gzip);
        act(&bench);
        assert_eq!(bench.make_next(), JobEnd::Overtaken, "before");

        let bench = Bench::new();
        let stored = bench.put(text());
        bench.ask(&stored, Coding::Gzip);
        let job = bench.jobs.next().expect("a job waits");
        let body = text();
        let encoded = encode(Coding::Gzip, &body, || true).expect("it encodes").expect("it goes on");
        act(&bench);
        let body = stored.content.whole().expect("whole").clone();
        assert_eq!(keep(&bench.store, &bench.fence, &job, &body, encoded), JobEnd::Overtaken, "while");
        assert!(bench.now().is_none_or(|now| now.encoded.is_empty()));
    }
}

#[test]
fn what_is_freshened_while_it_is_encoded_gets_the_encoding() {
    let bench = Bench::new();
    let stored = bench.put(text());
    bench.ask(&stored, Coding::Zstd);
    let fresher = ResponseParts { terms: Terms { date: 5, ..terms() }, ..stored.parts().clone() };
    assert!(bench.store.replace(&bench.key, &stored, Arc::new(StoredResponse::new(fresher))));
    assert_eq!(bench.make_next(), JobEnd::Made);
    let now = bench.now().expect("it is stored");
    assert!(now.terms.date == 5 && now.encoded_body(Coding::Zstd).is_some());
}

#[test]
fn a_full_queue_drops_and_counts() {
    let bench = Bench::new();
    let all: Vec<_> = (0..JOBS_MAX).map(|_| bench.put(text())).collect();
    all.iter().for_each(|stored| bench.ask(stored, Coding::Gzip));
    assert_eq!((bench.jobs.len(), bench.jobs.ended(JobEnd::Dropped)), (JOBS_MAX, 0));
    bench.ask(&bench.put(text()), Coding::Gzip);
    assert_eq!((bench.jobs.len(), bench.jobs.ended(JobEnd::Dropped)), (JOBS_MAX, 1));
    bench.jobs.stop();
    assert!(bench.jobs.next().is_none());
}
