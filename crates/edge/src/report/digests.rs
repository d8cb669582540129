//! The ring of sampled request digests, one for each thread, the newest kept. Its lock is taken by its thread, for
//! sampled requests alone, and by whoever asks for the digests; a request that finds it taken goes on without.
//!
//! Sampled are paths, not requests: all requests for a sampled path of a site are kept, so that what is asked for
//! again shows as such and a cache of the same share of the size can be simulated.

use crate::key;
use crate::request::Request;
use crate::respond::{Head, Response};
use littoral_cache::Content;
use littoral_http_caching::Known;
use littoral_records::KeyedHash;
use littoral_records::access::AccessRecord;
use littoral_records::digest::{
    CACHE_RESULTS, Digest, HASHED_HEADERS, METHODS, extension_of, flags, network_of, number_of, section_of,
    write_file,
};
use littoral_runtime::Counter;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// How digests are taken.
#[derive(Clone, Debug)]
pub struct DigestConfig {
    /// Memory for digests, of all threads together.
    pub bytes: u64,
    /// The part of the paths that is sampled, in percent: 1 to 100.
    pub share_percent: u8,
    /// The key of the hashes: with the same, digests of several runs and nodes belong together.
    pub secret: [u8; 16],
}

/// Different names of sites and behaviors that one thread numbers; those beyond are 0, which is no name.
const TEXTS_MAX: usize = 16_384;

/// One thread's digests, as that thread and whoever asks for them see them.
pub(crate) struct DigestRing {
    kept: Mutex<Kept>,
    hash: KeyedHash,
    /// In ten-thousandths.
    share: u16,
    records_max: usize,
    pub(crate) taken: Counter,
    /// Sampled, but the ring was being read.
    pub(crate) dropped: Counter,
}

#[derive(Default)]
struct Kept {
    /// In the order in which they came, beginning at `oldest`.
    records: Vec<Digest>,
    oldest: usize,
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u16, ahash::RandomState>,
}

/// What a digest is made of, beside the access record.
pub(crate) struct Seen<'a> {
    pub(crate) request: &'a Request,
    pub(crate) answer: &'a Response,
    pub(crate) round_trip_micros: Option<u32>,
}

impl DigestRing {
    pub(crate) fn new(config: &DigestConfig, threads: usize) -> Arc<DigestRing> {
        let records_max = config.bytes as usize / threads / size_of::<Digest>();
        Arc::new(DigestRing {
            kept: Mutex::default(),
            hash: KeyedHash::new(config.secret),
            share: u16::from(config.share_percent.min(100)) * 100,
            records_max: records_max.max(1),
            taken: Counter::new(),
            dropped: Counter::new(),
        })
    }

    /// Whether requests for this path of the site are sampled.
    pub(crate) fn samples(&self, site: &[u8], path: &[u8]) -> bool {
        self.share >= 10_000 || self.hash.of(&[site, b"\0", path]) % 10_000 < u64::from(self.share)
    }

    /// Keeps the digest of one answered request.
    pub(crate) fn keep(&self, seen: &Seen<'_>, record: &AccessRecord<'_>) {
        let Some(mut kept) = self.kept.try_lock() else { return self.dropped.increment() };
        let (site, behavior) = (kept.number(record.site), kept.number(record.behavior));
        let digest = Digest { site, behavior, ..self.digest(seen, record) };
        kept.push(digest, self.records_max);
        self.taken.increment();
    }

    fn digest(&self, seen: &Seen<'_>, record: &AccessRecord<'_>) -> Digest {
        let Seen { request, answer, round_trip_micros } = seen;
        let path = request.target.path();
        let query = request.target.query().unwrap_or_default();
        let (family, network) = network_of(record.client);
        let micros = |micros: u64| u32::try_from(micros).unwrap_or(u32::MAX);
        let text = |bytes: &'static [&'static str], name: &[u8]| {
            number_of(std::str::from_utf8(name).unwrap_or_default(), bytes)
        };
        Digest {
            time_millis: record.time_millis,
            key: self.key(request, answer),
            host: self.hash_of(&request.host),
            path: self.hash_of(path),
            length: complete_length(answer).unwrap_or(record.body_bytes),
            sent_bytes: record.body_bytes,
            duration_micros: micros(record.duration_micros),
            first_byte_micros: micros(record.first_byte_micros),
            origin_micros: micros(record.origin_micros.unwrap_or(0)),
            round_trip_micros: round_trip_micros.unwrap_or(0),
            query: self.hash_of(query) as u32,
            section: self.hash_of(section_of(path)) as u32,
            ttl: record
                .ttl
                .map_or(i32::MIN, |ttl| ttl.clamp(i64::from(i32::MIN) + 1, i64::from(i32::MAX)) as i32),
            status: record.status,
            flags: flags_of(request, record),
            method: text(&METHODS, record.method),
            cache: text(&CACHE_RESULTS, record.cache),
            protocol: protocol_number(record.protocol),
            family,
            network,
            extension: extension_of(path),
            headers: HASHED_HEADERS.map(|name| self.hash_of_field(request, name)),
            // The country is not known yet, the names are numbered by the ring.
            ..Digest::default()
        }
    }

    fn key(&self, request: &Request, answer: &Response) -> u64 {
        match answer.place.as_ref().filter(|place| place.behavior().is_some()) {
            Some(place) => self.hash.of(&[&key::build(place, request, Vec::new()).bytes]),
            None => self.hash.of(&[&request.authority, request.target.as_bytes()]),
        }
    }

    fn hash_of(&self, text: &[u8]) -> u64 {
        if text.is_empty() { 0 } else { self.hash.of(&[text]) }
    }

    fn hash_of_field(&self, request: &Request, name: &str) -> u32 {
        let mut lines: smallvec::SmallVec<[&[u8]; 8]> = smallvec::SmallVec::new();
        for value in request.fields.named(name.as_bytes()) {
            lines.extend([value, b"\n"]);
        }
        if lines.is_empty() { 0 } else { self.hash.of(&lines) as u32 }
    }
}

impl Kept {
    fn push(&mut self, digest: Digest, records_max: usize) {
        if self.records.len() < records_max {
            self.records.push(digest);
        } else {
            self.records[self.oldest] = digest;
            self.oldest = (self.oldest + 1) % records_max;
        }
    }

    /// The number of a name; 0 for none.
    fn number(&mut self, name: &[u8]) -> u16 {
        let Ok(name) = std::str::from_utf8(name) else { return 0 };
        if name.is_empty() {
            return 0;
        }
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if self.texts.len() >= TEXTS_MAX {
            return 0;
        }
        self.texts.push(name.into());
        let number = self.texts.len() as u16;
        self.numbers.insert(name.into(), number);
        number
    }
}

/// All threads' digests as one file, oldest first.
pub(crate) fn file<'a>(rings: impl Iterator<Item = &'a Arc<DigestRing>>) -> Vec<u8> {
    let mut texts: Vec<Box<str>> = vec!["".into()];
    let mut records: Vec<Digest> = Vec::new();
    let (mut share, mut dropped) = (0, 0);
    for ring in rings {
        share = ring.share;
        dropped += ring.dropped.value();
        let first = records.len();
        // Copied under the lock, and nothing else: meanwhile the thread does without.
        let own_texts = {
            let kept = ring.kept.lock();
            records.extend_from_slice(&kept.records);
            kept.texts.clone()
        };
        let numbers: Vec<u16> = own_texts.into_iter().map(|text| number_in(&mut texts, text)).collect();
        let renumber = |number: u16| match number {
            0 => 0,
            number => numbers.get(usize::from(number) - 1).copied().unwrap_or(0),
        };
        for record in &mut records[first..] {
            (record.site, record.behavior) = (renumber(record.site), renumber(record.behavior));
        }
    }
    records.sort_by_key(|record| record.time_millis);
    write_file(share, dropped, &texts, records.iter())
}

fn number_in(texts: &mut Vec<Box<str>>, text: Box<str>) -> u16 {
    let at = texts.iter().position(|known| *known == text).unwrap_or_else(|| {
        texts.push(text);
        texts.len() - 1
    });
    u16::try_from(at).unwrap_or(0)
}

/// Of the whole that was asked for, whatever part of it was sent.
fn complete_length(answer: &Response) -> Option<u64> {
    match &answer.head {
        Head::Stored(stored, ..) if !matches!(&stored.content, Content::Whole(body) if body.is_empty()) => {
            Some(stored.content.complete_length())
        }
        _ => answer.length,
    }
}

fn flags_of(request: &Request, record: &AccessRecord<'_>) -> u16 {
    let has = |known| request.fields.has(known);
    let conditional = [Known::IfNoneMatch, Known::IfModifiedSince, Known::IfMatch, Known::IfUnmodifiedSince]
        .into_iter()
        .any(has);
    [
        (flags::TLS, request.scheme == "https"),
        (flags::QUERY, request.target.query().is_some()),
        (flags::BODY, request.has_body),
        (flags::RANGE, has(Known::Range)),
        (flags::CONDITIONAL, conditional),
        (flags::AUTHORIZATION, has(Known::Authorization)),
        (flags::CUT, record.cut),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .fold(0, |all, (flag, _)| all | flag)
}

/// `1.1` is 11, `2` is 20.
fn protocol_number(protocol: &[u8]) -> u8 {
    match protocol {
        [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => (major - b'0') * 10 + (minor - b'0'),
        [major @ b'0'..=b'9'] => (major - b'0') * 10,
        _ => 0,
    }
}
