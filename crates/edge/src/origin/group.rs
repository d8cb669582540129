//! The one way from the request path to an origin server: choose a member of the group, finish the request for it,
//! exchange, judge the answer, and ask the next member where the group says so and the request may be repeated.
//!
//! A request may be repeated when its method is idempotent and its body has not begun, or when it is certain that it
//! never left. No member is asked twice. A further try begins only within the time that the most patient member may
//! take (queue, connection and head), so that all tries together take at most about twice that.

use super::balance;
use super::fetch::{Failed, InterimSink};
use super::finish::{Unfinished, finish};
use super::health::Phase;
use super::roster::Roster;
use super::under_way::UnderWay;
use super::{OriginError, OriginRequest, OriginResponse, RequestBody, fetch};
use crate::note::Asked;
use crate::pairs;
use crate::report::status_class;
use crate::request::Request;
use crate::respond::Place;
use crate::worker::Worker;
use bytes::Bytes;
use http::{Method, Uri};
use littoral_http_caching::Fields;
use littoral_policy::{Balance, Failover, HashKey, OriginGroup, OriginServer};
use smallvec::SmallVec;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// A request for whichever member gets it.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// Origin form, normalized, without any origin's prefix.
    pub(crate) target: Bytes,
    /// All fields but those that are one origin server's own; the canonical `Host` among them.
    pub(crate) fields: Fields,
    pub(crate) body: RequestBody,
    /// Where interim responses (1xx) of the origin go.
    pub(crate) interim: Option<InterimSink>,
    /// What members are chosen by where the group hashes: [`hash_of`].
    pub(crate) hash: u64,
}

/// What came of it.
pub(crate) struct Fetched {
    pub(crate) asked: Option<Asked>,
    pub(crate) result: Result<OriginResponse, OriginError>,
}

/// Fetches from the group of the place's behavior.
pub(crate) async fn fetch_from_group(worker: &Rc<Worker>, place: &Place, outgoing: Outgoing) -> Fetched {
    // Before anyone is blamed for it.
    if Uri::from_maybe_shared(outgoing.target.clone()).is_err() {
        return Fetched { asked: None, result: Err(OriginError::Malformed) };
    }
    let roster = worker.rosters.of(worker, place);
    let began = Instant::now();
    let mut tries = Tries { worker, place, roster: &roster, began, asked: SmallVec::new(), nanos: 0 };
    let result = tries.run(outgoing).await;
    let asked = tries.asked.last().map(|last| Asked {
        origin: roster.shared.group.members[*last].origin as u16,
        tries: tries.asked.len() as u8,
        micros: u32::try_from(tries.nanos / 1000).unwrap_or(u32::MAX),
    });
    Fetched { asked, result }
}

/// The tries of one request.
struct Tries<'a> {
    worker: &'a Rc<Worker>,
    place: &'a Place,
    roster: &'a Rc<Roster>,
    began: Instant,
    /// Members asked so far.
    asked: SmallVec<[usize; 10]>,
    /// How long the last exchange took to its head.
    nanos: u64,
}

impl Tries<'_> {
    async fn run(&mut self, outgoing: Outgoing) -> Result<OriginResponse, OriginError> {
        let Outgoing { method, target, fields, mut body, interim, hash } = outgoing;
        let mut now = self.now();
        self.roster.shared.first_try(now);
        while let Some(member) = self.roster.choose(now, hash, &self.asked) {
            self.asked.push(member);
            let spare = body.again().filter(|_| method.is_idempotent());
            let has_body = !matches!(body, RequestBody::Empty);
            let unfinished = Unfinished { method: &method, target: &target, fields: &fields, has_body };
            let (target, fields) =
                finish(&unfinished, self.place.site(), self.server(member), self.worker.now());
            let request =
                OriginRequest { method: method.clone(), target, fields, body, interim: interim.clone() };
            let mut tried = self.ask(member, now, request).await;
            let again = match &mut tried {
                Err(failed) if moves_on(&self.group().failover, failed.error) => {
                    failed.unsent.take().or(spare)
                }
                Ok(response) if self.group().failover.on_statuses.has(response.status) => spare,
                _ => None,
            };
            match again {
                Some(again) if self.may_ask_another() => (now, body) = (self.now(), again),
                _ => return tried.map_err(|failed| failed.error),
            }
            if let Ok(response) = tried {
                response.body.discard();
            }
        }
        Err(OriginError::Abandoned)
    }

    /// One exchange with one member, and what it says of its health.
    async fn ask(
        &mut self,
        member: usize,
        now: u64,
        request: OriginRequest,
    ) -> Result<OriginResponse, Failed> {
        let pool = &self.roster.pools[member];
        let mut under_way = UnderWay::begin(self.worker, &self.roster.shared, &pool.shared, self.place, now);
        let clock = &self.worker.shared.clock;
        let sent = clock.monotonic_nanos();
        let mut answer = fetch(self.worker, pool, request).await;
        self.nanos = clock.monotonic_nanos() - sent;
        self.worker.report.borrow().origin_asked(
            (self.place.site().index, &self.server(member).name),
            match &answer {
                Ok(response) => status_class(response.status),
                Err(failed) => failed.error.as_str(),
            },
            answer.is_ok().then_some(self.nanos),
        );
        match &mut answer {
            Ok(response) => {
                under_way.is_well = !self.group().failover.on_statuses.has(response.status);
                under_way.judge(Phase::Head);
                under_way.end_trial();
                response.body.watch(under_way);
            }
            Err(failed) if is_its_own_fault(failed.error) => {
                under_way.is_well = false;
                under_way.judge(Phase::Head);
            }
            Err(_) => {}
        }
        answer
    }

    /// Whether limits and budget leave room for one more try, and a member for it. Counts it in the budget.
    fn may_ask_another(&self) -> bool {
        let most = (self.group().failover.tries_max as usize).min(self.roster.pools.len());
        self.asked.len() < most
            && self.began.elapsed() < patience(self.place)
            && self.roster.shared.further_try(self.now())
    }

    fn group(&self) -> &OriginGroup {
        &self.roster.shared.group
    }

    fn server(&self, member: usize) -> &OriginServer {
        self.place.site().origin_of(&self.group().members[member])
    }

    fn now(&self) -> u64 {
        self.worker.monotonic_millis()
    }
}

/// Whether the group asks another member after this.
fn moves_on(failover: &Failover, error: OriginError) -> bool {
    match error {
        OriginError::Resolve
        | OriginError::ResolveFailed
        | OriginError::ResolveTimeout
        | OriginError::Connect
        | OriginError::ConnectTimeout
        | OriginError::Tls
        | OriginError::Protocol
        | OriginError::QueueFull
        | OriginError::QueueTimeout => failover.on_connect,
        OriginError::HeadTimeout => failover.on_timeout,
        OriginError::Closed | OriginError::Malformed => failover.on_reset,
        OriginError::BodyTimeout
        | OriginError::BodyCut
        | OriginError::Coding
        | OriginError::RequestBody(_)
        | OriginError::Status(_)
        | OriginError::Abandoned => false,
    }
}

/// Whether it speaks against the origin server. A full queue speaks of its clients' number, a broken request body of
/// the client, name servers that do not answer of themselves.
fn is_its_own_fault(error: OriginError) -> bool {
    !matches!(
        error,
        OriginError::ResolveFailed
            | OriginError::ResolveTimeout
            | OriginError::QueueFull
            | OriginError::QueueTimeout
            | OriginError::RequestBody(_)
            | OriginError::Abandoned
    )
}

/// The longest that one member may take for a head: within it, further tries may begin.
fn patience(place: &Place) -> Duration {
    servers(place)
        .map(|server| server.queue_timeout + server.connect_timeout + server.head_timeout)
        .max()
        .unwrap_or_default()
}

/// The longest that [`fetch_from_group`] takes for a request whose body does not have to be waited for. A kept
/// connection that turned out dead is replaced once, and its head may have been waited for.
pub(crate) fn waiting_max(place: &Place) -> Duration {
    let last = servers(place)
        .map(|server| server.queue_timeout + server.connect_timeout + 2 * server.head_timeout)
        .max()
        .unwrap_or_default();
    let is_alone = servers(place).nth(1).is_none();
    if is_alone { last } else { patience(place) + last }
}

fn servers(place: &Place) -> impl Iterator<Item = &OriginServer> {
    let site = place.site();
    let group = site.group_of(place.behavior().expect("routed"));
    group.members.iter().map(|member| &**site.origin_of(member))
}

/// Whether all origin servers that may be asked are S3's, which get nothing of clients' credentials.
pub(crate) fn is_s3_alone(place: &Place) -> bool {
    servers(place).all(|server| server.s3.is_some())
}

/// Whether any of them is.
pub(crate) fn has_s3(place: &Place) -> bool {
    servers(place).any(|server| server.s3.is_some())
}

/// The hash of what the group tells members apart by; zero where it does not hash. `url` is the canonical one.
pub(crate) fn hash_of(place: &Place, request: &Request, url: &[u8]) -> u64 {
    let group = place.site().group_of(place.behavior().expect("routed"));
    let Balance::Hash(key) = &group.balance else { return 0 };
    let client;
    let value = match key {
        HashKey::Url => None,
        HashKey::Path => Some(request.target.path()),
        HashKey::Client => {
            client = request.client.ip().to_string();
            Some(client.as_bytes())
        }
        HashKey::Header(name) => request.fields.named(name.as_bytes()).next(),
        HashKey::Cookie(name) => pairs::cookie(&request.fields, name).next(),
    };
    balance::hash(value.unwrap_or(url))
}
