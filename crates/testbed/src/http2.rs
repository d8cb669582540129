//! An origin that speaks HTTP/2 over plain TCP by prior knowledge, and misbehaves on command: in process, on port 0,
//! on a thread of its own.
//!
//! A function makes a list of steps of each request. Frames are the h2 library's, so that a script says what is said
//! and when, not how it is spelled.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::gate::WAIT_MAX;

/// Time for the library to write what it was given.
const FLUSH_TIME: Duration = Duration::from_millis(30);

/// One thing that the origin does on a stream.
#[derive(Clone, Debug)]
pub enum Http2Step {
    /// An interim head.
    Interim(u16, Fields),
    /// A head; more follows.
    Head(u16, Fields),
    /// A head that is all.
    HeadAlone(u16, Fields),
    /// Content; more follows.
    Data(Vec<u8>),
    /// The last of the content.
    LastData(Vec<u8>),
    /// Trailers, which end the stream.
    Trailers(Fields),
    /// The stream is reset with that code.
    Reset(u32),
    /// GOAWAY: streams up to this one are answered, none is taken after it.
    GoAway,
    /// GOAWAY with that code, and the connection ends.
    GoAwayNow(u32),
    /// The TCP connection ends without a word.
    Kill,
    /// Waits until it turns true.
    Hold(watch::Receiver<bool>),
    /// Never goes on.
    Hang,
}

/// Field lines.
pub type Fields = Vec<(String, String)>;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Http2Request {
    /// `:method`
    pub method: String,
    /// `:path`
    pub path: String,
    /// `:authority`
    pub authority: String,
    /// `:scheme`
    pub scheme: String,
    /// Field lines in order.
    pub fields: Fields,
    /// Content; empty below `/early`, which is answered before it is read.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Fields,
    /// Number of its connection, from 1.
    pub connection: usize,
    /// How many requests for this path came before, and this one.
    pub count: usize,
}

impl Http2Request {
    /// All lines of that name, joined with `; `.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let lines = self.fields.iter().filter(|(known, _)| known == name);
        lines.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("; ")
    }
}

type Answers = dyn Fn(&Http2Request) -> Vec<Http2Step> + Send + Sync;

/// A running origin. It stops when dropped.
pub struct Http2Origin {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    answers: Box<Answers>,
    streams_max: u32,
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Http2Request>,
    counts: HashMap<String, usize>,
    open: HashMap<usize, usize>,
    most_open: usize,
    abandoned: usize,
}

/// 200 with that content and `Cache-Control: no-store`.
#[must_use]
pub fn http2_ok(body: &str) -> Vec<Http2Step> {
    let fields = vec![
        ("cache-control".to_owned(), "no-store".to_owned()),
        ("content-length".to_owned(), body.len().to_string()),
    ];
    vec![Http2Step::Head(200, fields), Http2Step::LastData(body.into())]
}

/// An origin that answers so and takes so many streams on a connection.
///
/// # Panics
/// When loopback has no free port.
pub fn http2_origin(
    streams_max: u32,
    answers: impl Fn(&Http2Request) -> Vec<Http2Step> + Send + Sync + 'static,
) -> Http2Origin {
    let shared = Arc::new(Shared {
        answers: Box::new(answers),
        streams_max,
        seen: Mutex::default(),
        changed: Condvar::new(),
    });
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    listener.set_nonblocking(true).expect("sockets can be non-blocking");
    let (stop, stopped) = oneshot::channel();
    let running = shared.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the machine has room for a runtime");
        runtime.block_on(async {
            tokio::select! {
                () = accept(listener, running) => {}
                _ = stopped => {}
            }
        });
        runtime.shutdown_background();
    });
    Http2Origin { shared, address, stop: Some(stop), thread: Some(thread) }
}

impl Http2Origin {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that were opened to it.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen().connections
    }

    /// The most streams that were open on one connection at a time.
    #[must_use]
    pub fn most_streams(&self) -> usize {
        self.seen().most_open
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Http2Request> {
        self.seen().requests.clone()
    }

    /// Waits for so many requests.
    ///
    /// # Panics
    /// When they do not come within [`WAIT_MAX`].
    pub fn wait_for_requests(&self, count: usize) {
        self.wait("requests", |seen| seen.requests.len() >= count);
    }

    /// Waits until the peer has reset so many streams.
    ///
    /// # Panics
    /// When it has not within [`WAIT_MAX`].
    pub fn wait_for_abandoned(&self, count: usize) {
        self.wait("abandoned streams", |seen| seen.abandoned >= count);
    }

    fn wait(&self, what: &str, until: impl Fn(&Seen) -> bool) {
        let waited = self.shared.changed.wait_timeout_while(self.seen(), WAIT_MAX, |seen| !until(seen));
        let (_seen, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "waited in vain: {what}");
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen()
    }
}

impl Drop for Http2Origin {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let result = change(&mut self.seen());
        self.changed.notify_all();
        result
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
    while let Ok((stream, _)) = listener.accept().await {
        let number = shared.change(|seen| {
            seen.connections += 1;
            seen.connections
        });
        tokio::spawn(serve(stream, number, shared.clone()));
    }
}

/// What a stream asks of its connection.
enum Ending {
    Gracefully,
    Now(u32),
    Killed,
}

async fn serve(stream: TcpStream, number: usize, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(shared.streams_max)
        .initial_window_size(1 << 20)
        .handshake::<_, Bytes>(stream);
    let Ok(mut connection) = handshake.await else { return };
    let (ask, mut asked) = tokio::sync::mpsc::channel::<Ending>(64);
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                tokio::spawn(answer(request, respond, number, shared.clone(), ask.clone()));
            }
            Some(ending) = asked.recv() => match ending {
                Ending::Gracefully => connection.graceful_shutdown(),
                Ending::Now(code) => connection.abrupt_shutdown(Reason::from(code)),
                Ending::Killed => return,
            },
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    number: usize,
    shared: Arc<Shared>,
    ask: tokio::sync::mpsc::Sender<Ending>,
) {
    shared.change(|seen| {
        let open = seen.open.entry(number).or_default();
        *open += 1;
        seen.most_open = seen.most_open.max(*open);
    });
    let request = read(request, number).await;
    let request = shared.change(|seen| {
        let count = seen.counts.entry(request.path.clone()).or_default();
        *count += 1;
        let request = Http2Request { count: *count, ..request };
        seen.requests.push(request.clone());
        request
    });
    let steps = (shared.answers)(&request);
    let whole = Stream { respond, body: None, ask }.take(steps).await;
    shared.change(|seen| {
        *seen.open.entry(number).or_default() -= 1;
        seen.abandoned += usize::from(!whole);
    });
}

async fn read(request: Request<RecvStream>, connection: usize) -> Http2Request {
    let (head, mut body) = request.into_parts();
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let mut read = Http2Request {
        method: head.method.to_string(),
        path: text(head.uri.path_and_query().map(|path| path.as_str())),
        authority: text(head.uri.authority().map(|authority| authority.as_str())),
        scheme: text(head.uri.scheme_str()),
        fields: fields(&head.headers),
        connection,
        ..Http2Request::default()
    };
    if read.path.starts_with("/early") {
        return read;
    }
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        read.body.extend_from_slice(&data);
    }
    if let Ok(Some(trailers)) = body.trailers().await {
        read.trailers = fields(&trailers);
    }
    read
}

struct Stream {
    respond: SendResponse<Bytes>,
    body: Option<SendStream<Bytes>>,
    ask: tokio::sync::mpsc::Sender<Ending>,
}

impl Stream {
    /// `false` when the peer did not want the rest.
    async fn take(mut self, steps: Vec<Http2Step>) -> bool {
        for step in steps {
            if self.body.is_some()
                && matches!(step, Http2Step::Reset(_) | Http2Step::Kill | Http2Step::GoAwayNow(_))
            {
                // The library drops what it has not written yet.
                tokio::time::sleep(FLUSH_TIME).await;
            }
            let taken = match step {
                Http2Step::Interim(status, fields) => {
                    self.respond.send_informational(head(status, &fields)).is_ok()
                }
                Http2Step::Head(status, fields) => self.send_head(status, &fields, false),
                Http2Step::HeadAlone(status, fields) => self.send_head(status, &fields, true),
                Http2Step::Data(data) => self.send_data(data.into(), false).await,
                Http2Step::LastData(data) => self.send_data(data.into(), true).await,
                Http2Step::Trailers(fields) => {
                    self.body.as_mut().is_some_and(|body| body.send_trailers(header_map(&fields)).is_ok())
                }
                Http2Step::Reset(code) => {
                    let reason = Reason::from(code);
                    match &mut self.body {
                        Some(body) => body.send_reset(reason),
                        None => self.respond.send_reset(reason),
                    }
                    return true;
                }
                Http2Step::GoAway => self.ask.send(Ending::Gracefully).await.is_ok(),
                Http2Step::GoAwayNow(code) => self.ask.send(Ending::Now(code)).await.is_ok(),
                Http2Step::Kill => {
                    let _ = self.ask.send(Ending::Killed).await;
                    return true;
                }
                Http2Step::Hold(mut gate) => tokio::select! {
                    _ = gate.wait_for(|open| *open) => true,
                    () = self.abandoned() => false,
                },
                Http2Step::Hang => {
                    self.abandoned().await;
                    false
                }
            };
            if !taken {
                return false;
            }
        }
        true
    }

    async fn abandoned(&mut self) {
        std::future::poll_fn(|context| match &mut self.body {
            Some(body) => body.poll_reset(context).map(drop),
            None => self.respond.poll_reset(context).map(drop),
        })
        .await;
    }

    fn send_head(&mut self, status: u16, fields: &Fields, alone: bool) -> bool {
        let sent = self.respond.send_response(head(status, fields), alone);
        self.body = sent.ok();
        self.body.is_some()
    }

    async fn send_data(&mut self, mut data: Bytes, last: bool) -> bool {
        let Some(body) = &mut self.body else { return false };
        if data.is_empty() {
            return body.send_data(data, last).is_ok();
        }
        while !data.is_empty() {
            body.reserve_capacity(data.len());
            let room = std::future::poll_fn(|context| body.poll_capacity(context)).await;
            let Some(Ok(room)) = room else { return false };
            let part = data.split_to(room.min(data.len()));
            if body.send_data(part, last && data.is_empty()).is_err() {
                return false;
            }
        }
        true
    }
}

fn head(status: u16, fields: &Fields) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status of three digits");
    *response.headers_mut() = header_map(fields);
    response
}

fn header_map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a field name");
        map.append(name, HeaderValue::from_str(value).expect("a field value"));
    }
    map
}

fn fields(map: &HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
