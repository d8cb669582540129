//! Asks origin servers whether they are well: one prober for each that has a probe, all on one thread of the edge, each
//! with a connection of its own beside the pool, so that a full pool does not look ill. When the next probe is due is
//! told by the edge's clock, how long one may take by the runtime's.

use super::OriginError;
use super::body::{OutgoingBody, RequestBody};
use super::connect::{Opened, connect};
use super::finish::{Unfinished, finish_for};
use super::health::Health;
use super::permits::{OriginId, OriginShared, origin_id};
use super::stream::head_for_stream;
use crate::deadline::SWEEP_INTERVAL;
use crate::origin::fields::to_header_map;
use crate::worker::Worker;
use bytes::Bytes;
use http::{Method, Request, Uri};
use littoral_http_caching::{Fields, Known};
use littoral_policy::{OriginServer, PolicySet, Probe};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::AbortHandle;

/// The thread that probes.
pub(crate) const PROBING_THREAD: usize = 0;

/// Probes that are under way at one time; those that are due beyond wait for the next look.
const PROBES_MAX: usize = 64;

/// What a probe calls itself.
const USER_AGENT: &str = "littoral-probe";

/// Probes the origin servers of the policy in force, until the edge ends. A prober ends with its origin server.
pub(crate) async fn keep_probing(worker: Rc<Worker>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut policy = worker.policy();
    let mut probers = Probers::default();
    probers.follow(&worker, &policy);
    loop {
        ticks.tick().await;
        if !worker.shared.current.is_current(&policy) {
            policy = worker.policy();
            probers.follow(&worker, &policy);
        }
        probers.begin_due(&worker);
    }
}

#[derive(Default)]
struct Probers {
    all: HashMap<OriginId, Prober>,
}

struct Prober {
    /// The site's name.
    site: Arc<str>,
    origin: Arc<OriginShared>,
    state: Rc<State>,
    task: Option<AbortHandle>,
}

#[derive(Default)]
struct State {
    /// Milliseconds of the monotonic clock. At first at once.
    due: Cell<u64>,
    under_way: Cell<bool>,
    /// Probes in a row that were good, or bad: a new one ends the other's row.
    good: Cell<u32>,
    bad: Cell<u32>,
}

impl Drop for Prober {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Probers {
    /// Begins and ends probers as origin servers come and go.
    fn follow(&mut self, worker: &Worker, policy: &PolicySet) {
        let origins =
            policy.sites().iter().flat_map(|site| site.origins.iter().map(|origin| (&*site.name, origin)));
        let probed: Vec<(&str, &Arc<OriginServer>)> =
            origins.filter(|(_, origin)| origin.probe.is_some()).collect();
        let ids: HashSet<OriginId> = probed.iter().map(|(_, origin)| origin_id(origin)).collect();
        self.all.retain(|id, _| ids.contains(id));
        for (site, origin) in probed {
            self.all.entry(origin_id(origin)).or_insert_with(|| Prober {
                site: site.into(),
                origin: worker.shared.origins.shared(origin),
                state: Rc::default(),
                task: None,
            });
        }
    }

    fn begin_due(&mut self, worker: &Rc<Worker>) {
        let now = worker.monotonic_millis();
        let mut under_way = self.all.values().filter(|prober| prober.state.under_way.get()).count();
        for prober in self.all.values_mut() {
            let due = !prober.state.under_way.get() && prober.state.due.get() <= now;
            if due && under_way < PROBES_MAX {
                under_way += 1;
                prober.state.under_way.set(true);
                let probing =
                    probe(worker.clone(), prober.site.clone(), prober.origin.clone(), prober.state.clone());
                prober.task = Some(tokio::task::spawn_local(probing).abort_handle());
            }
        }
    }
}

async fn probe(worker: Rc<Worker>, site: Arc<str>, origin: Arc<OriginShared>, state: Rc<State>) {
    let server = &*origin.server;
    let Some(rules) = &server.probe else { return };
    let answer = tokio::time::timeout(rules.timeout, ask(&worker, server, rules)).await;
    let good = matches!(answer, Ok(Ok(status)) if rules.statuses.has(status));
    let now = worker.monotonic_millis();
    if state.note(&origin.health, rules, now, good) {
        let name = &server.name;
        let why = match answer {
            Ok(Ok(status)) => format!("status {status}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        worker.shared.notices.tell_aside(match good {
            true => format!("site `{site}`: the probes of origin server `{name}` are good again"),
            false => format!("site `{site}`: the probes of origin server `{name}` fail: {why}"),
        });
    }
    let interval = rules.interval.as_millis() as u64;
    // Give or take a tenth, so that the probes of many nodes do not march in step.
    let jitter = littoral_rules::hash::mix(worker.shared.clock.monotonic_nanos() ^ origin.id() as u64)
        % (interval / 5 + 1);
    state.due.set(now + interval - interval / 10 + jitter);
    state.under_way.set(false);
}

impl State {
    /// Whether the origin server's health is another one by it.
    fn note(&self, health: &Health, rules: &Probe, now: u64, good: bool) -> bool {
        let (row, other, enough, count) = if good {
            (&self.good, &self.bad, rules.healthy_after, &health.counts.good_probes)
        } else {
            (&self.bad, &self.good, rules.unhealthy_after, &health.counts.bad_probes)
        };
        count.fetch_add(1, Ordering::Relaxed);
        other.set(0);
        row.set(row.get().saturating_add(1));
        row.get() >= enough && health.probed(now, good)
    }
}

/// The status of the answer, or why there is none.
async fn ask(worker: &Rc<Worker>, server: &OriginServer, rules: &Probe) -> Result<u16, OriginError> {
    let opened = connect(worker, server, false).await?;
    let request = request(server, rules, worker.now()).ok_or(OriginError::Malformed)?;
    match opened {
        Opened::Http1(mut sender) => {
            sender.ready().await.map_err(|_| OriginError::Closed)?;
            let answer = sender.send_request(request).await.map_err(|error| match error.is_parse() {
                true => OriginError::Malformed,
                false => OriginError::Closed,
            })?;
            Ok(answer.status().as_u16())
        }
        Opened::Http2(handshake) => {
            let tls = server.tls.is_some();
            let request = head_for_stream(request.map(drop), tls).map_err(|_| OriginError::Malformed)?;
            handshake.ask_once(request).await.ok_or(OriginError::Closed)
        }
    }
}

/// As the origin server wants requests: with its secret, signed.
fn request(server: &OriginServer, rules: &Probe, now: i64) -> Option<Request<OutgoingBody>> {
    let host = rules.host.as_deref().unwrap_or(&server.authority);
    let mut fields = Fields::builder();
    fields.push_known(Known::Host, host);
    fields.push(b"user-agent", USER_AGENT);
    fields.push_known(Known::Connection, "close");
    let method = Method::from_bytes(rules.method.as_bytes()).ok()?;
    let target = Bytes::copy_from_slice(rules.target.as_bytes());
    let fields = fields.finish();
    let unfinished = Unfinished { method: &method, target: &target, fields: &fields, has_body: false };
    let (target, fields) = finish_for(&unfinished, server, host.as_bytes(), target.clone(), now);
    let mut request = Request::new(OutgoingBody::new(RequestBody::Empty).0);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(target).ok()?;
    *request.headers_mut() = to_header_map(&fields);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::super::balance::Standing;
    use super::*;
    use littoral_policy::StatusSet;
    use std::time::Duration;

    #[test]
    fn so_many_in_a_row_make_it_well_and_so_many_make_it_not() {
        let rules = Probe {
            method: "GET".into(),
            target: "/".into(),
            host: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            healthy_after: 2,
            unhealthy_after: 3,
            statuses: StatusSet::of(200..300),
        };
        let (state, health) = (State::default(), Health::default());
        let told = "-- + --- + - ++ - + ++ ---";
        let stood: String = told
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| {
                state.note(&health, &rules, 1, c == '+');
                if health.standing(1) == Standing::Well { 'w' } else { 'b' }
            })
            .collect();
        assert_eq!(told.replace(' ', ""), "--+---+-++-+++---");
        assert_eq!(stood, "wwwwwbbbbwwwwwwwb");
    }
}
