//! An origin that misbehaves on command: in process, on port 0, one thread for each connection.
//!
//! A script maps paths to answers ([`origin`], [`Script::and`]); the running [`Origin`] records every request, and
//! can be told to refuse connections, to accept and never answer, or to let idle connections die. It is written on
//! bare sockets, since a library would keep it from being wrong.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::SockRef;

use crate::answer::{Answer, Step, status};
use crate::gate::{Gate, Passed, WAIT_MAX};
use crate::request::{self, Request};

/// How an origin answers one path.
#[derive(Clone)]
pub enum Handler {
    /// Always the same.
    Always(Answer),
    /// The first to the first request, and so on; the last to all that follow.
    InTurn(Vec<Answer>),
    /// What the function says. It may wait at a [`Gate`].
    Dynamic(Arc<dyn Fn(&Request) -> Answer + Send + Sync>),
}

impl From<Answer> for Handler {
    fn from(answer: Answer) -> Self {
        Self::Always(answer)
    }
}

/// Answers that the function makes.
pub fn dynamic(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Handler {
    Handler::Dynamic(Arc::new(answer))
}

/// One answer after the other, the last for ever.
#[must_use]
pub fn in_turn(answers: impl Into<Vec<Answer>>) -> Handler {
    Handler::InTurn(answers.into())
}

/// What an origin will answer; start it with [`Script::start`], or hand it to `Testbed::start`.
#[derive(Clone, Default)]
pub struct Script {
    answers: HashMap<String, Handler>,
    early: Vec<String>,
}

/// An origin that answers `path` so, and everything else with 404. A path with a query stands for that target alone,
/// one that ends in `*` for all that begin so; the exact one wins.
pub fn origin(path: &str, answer: impl Into<Handler>) -> Script {
    Script::default().and(path, answer)
}

impl Script {
    /// Answers `path` so, too.
    #[must_use]
    pub fn and(mut self, path: &str, answer: impl Into<Handler>) -> Self {
        self.answers.insert(path.to_owned(), answer.into());
        self
    }

    /// Answers `path` without waiting for the request's content, and never reads it.
    #[must_use]
    pub fn without_reading_content(mut self, path: &str) -> Self {
        self.early.push(path.to_owned());
        self
    }

    /// Starts it on a free loopback port.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn start(self) -> Origin {
        Origin::start(self)
    }

    fn handler(&self, request: &Request) -> Option<&Handler> {
        let path = request.path();
        self.answers.get(&request.target).or_else(|| self.answers.get(path)).or_else(|| {
            let prefixes = self.answers.iter().filter_map(|(k, v)| Some((k.strip_suffix('*')?, v)));
            prefixes.filter(|(p, _)| path.starts_with(p)).max_by_key(|(p, _)| p.len()).map(|(_, v)| v)
        })
    }

    fn answer(&self, request: &Request) -> Answer {
        match self.handler(request) {
            None => status(404, "the script does not name this path"),
            Some(Handler::Always(answer)) => answer.clone(),
            Some(Handler::InTurn(answers)) => {
                answers[(request.count - 1).min(answers.len().saturating_sub(1))].clone()
            }
            Some(Handler::Dynamic(answer)) => answer(request),
        }
    }
}

/// A running origin. It stops when dropped.
pub struct Origin {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    changed: Condvar,
    stopping: AtomicBool,
    refusing: AtomicBool,
    silent: AtomicBool,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    counts: HashMap<String, usize>,
    connections: Vec<Connection>,
    abandoned: usize,
}

struct Connection {
    /// Weak, so that the serving thread's drop is the end of the socket: only so does a reset go out as one.
    stream: Weak<TcpStream>,
    busy: bool,
}

impl Connection {
    fn close(&self) {
        if let Some(stream) = self.stream.upgrade() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// How often a silent connection looks whether its peer or the test is gone.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Origin {
    fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            seen: Mutex::default(),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            silent: AtomicBool::new(false),
        });
        let acceptor = Mutex::new(Some(accept_on(listener, &shared)));
        Self { shared, address, acceptor }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on answers `path` so.
    pub fn answers(&self, path: &str, answer: impl Into<Handler>) -> &Self {
        lock(&self.shared.script).answers.insert(path.to_owned(), answer.into());
        self
    }

    /// Closes its port and all its connections: who connects is refused.
    pub fn refuse_connections(&self) -> &Self {
        self.shared.refusing.store(true, SeqCst);
        self.end_acceptor();
        self.close_connections();
        self
    }

    /// Opens its port again after [`Origin::refuse_connections`].
    ///
    /// # Panics
    /// When someone else took the port meanwhile.
    pub fn accept_connections(&self) -> &Self {
        let mut acceptor = lock(&self.acceptor);
        if acceptor.is_none() {
            self.shared.refusing.store(false, SeqCst);
            let listener = TcpListener::bind(self.address).expect("the origin's port is still free");
            *acceptor = Some(accept_on(listener, &self.shared));
        }
        drop(acceptor);
        self
    }

    /// From now on reads requests, records them, and answers none.
    pub fn never_answer(&self) -> &Self {
        self.shared.silent.store(true, SeqCst);
        self
    }

    /// Answers again after [`Origin::never_answer`]; what came meanwhile stays without an answer.
    pub fn answer_again(&self) -> &Self {
        self.shared.silent.store(false, SeqCst);
        self
    }

    /// Closes the connections that wait for a request, as an origin does whose keep-alive time is over.
    pub fn close_idle_connections(&self) -> &Self {
        for connection in self.seen().connections.iter().filter(|connection| !connection.busy) {
            connection.close();
        }
        self
    }

    /// Closes all connections, whatever they are doing.
    pub fn close_connections(&self) -> &Self {
        for connection in &self.seen().connections {
            connection.close();
        }
        self
    }

    /// All requests so far, in the order in which their heads were read.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.seen().requests.clone()
    }

    /// The requests for that path, any query.
    #[must_use]
    pub fn requests_for(&self, path: &str) -> Vec<Request> {
        self.seen().requests.iter().filter(|request| request.path() == path).cloned().collect()
    }

    /// How many requests for that path came, any query.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.seen().counts.get(path).copied().unwrap_or_default()
    }

    /// The last request for that path.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn last(&self, path: &str) -> Request {
        self.requests_for(path).pop().unwrap_or_else(|| panic!("the origin saw no request for {path}"))
    }

    /// How many connections were made to it.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen().connections.len()
    }

    /// How often the peer went away while an answer hung or was being written.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.seen().abandoned
    }

    /// Waits until `count` requests for that path have come.
    ///
    /// # Panics
    /// When they have not come within [`WAIT_MAX`].
    pub fn wait_for_requests(&self, path: &str, count: usize) -> &Self {
        self.wait(&format!("{count} requests for {path}"), |seen| {
            seen.counts.get(path).copied().unwrap_or_default() >= count
        })
    }

    /// Waits until the peer has gone away from `count` answers.
    ///
    /// # Panics
    /// When it has not within [`WAIT_MAX`].
    pub fn wait_for_abandoned(&self, count: usize) -> &Self {
        self.wait(&format!("{count} answers abandoned"), |seen| seen.abandoned >= count)
    }

    fn wait(&self, what: &str, until: impl Fn(&Seen) -> bool) -> &Self {
        let (seen, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.seen(), WAIT_MAX, |seen| !until(seen))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "the origin waited for {what} in vain; counts: {:?}", seen.counts);
        drop(seen);
        self
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.shared.seen)
    }

    /// Wakes the acceptor by connecting to it, so that it sees that it is to end.
    fn end_acceptor(&self) {
        if let Some(acceptor) = lock(&self.acceptor).take() {
            drop(TcpStream::connect(self.address));
            let _ = acceptor.join();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stopping.store(true, SeqCst);
        self.end_acceptor();
        self.close_connections();
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.address)
    }
}

fn accept_on(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if shared.stopping.load(SeqCst) || shared.refusing.load(SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let stream = Arc::new(stream);
            let number = {
                let mut seen = lock(&shared.seen);
                seen.connections.push(Connection { stream: Arc::downgrade(&stream), busy: false });
                seen.connections.len()
            };
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                let _ = serve(&stream, number, &shared);
            });
        }
    })
}

/// Answers the requests of one connection until a step or the peer ends it.
fn serve(stream: &TcpStream, number: usize, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream);
    while let Some(mut request) = request::read_head(&mut from)? {
        request.connection = number;
        let script = lock(&shared.script).clone();
        let early = script.early.iter().any(|path| path == request.path());
        if !early {
            if request.headers("expect").eq_ignore_ascii_case("100-continue") {
                (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            request::read_body(&mut from, &mut request)?;
        }
        shared.record(&mut request);
        let steps = if shared.silent.load(SeqCst) {
            vec![Step::Hang]
        } else {
            script.answer(&request).steps(&request)
        };
        let outcome = take_steps(stream, &mut from, steps, shared, number);
        if outcome.is_err() {
            lock(&shared.seen).abandoned += 1;
            shared.changed.notify_all();
        }
        if outcome? == Next::End {
            return Ok(());
        }
        if early {
            // Unread content would make the close a reset, which can overtake the answer.
            stream.shutdown(Shutdown::Write)?;
            hang(stream, &mut from, shared)?;
        }
    }
    Ok(())
}

impl Shared {
    fn record(&self, request: &mut Request) {
        let mut seen = lock(&self.seen);
        seen.connections[request.connection - 1].busy = true;
        let count = seen.counts.entry(request.path().to_owned()).or_default();
        *count += 1;
        request.count = *count;
        seen.requests.push(request.clone());
        self.changed.notify_all();
    }
}

#[derive(PartialEq)]
enum Next {
    Request,
    End,
}

/// An error means that the peer went away first.
fn take_steps(
    mut stream: &TcpStream,
    from: &mut BufReader<&TcpStream>,
    steps: Vec<Step>,
    shared: &Shared,
    number: usize,
) -> io::Result<Next> {
    let last = steps.len().saturating_sub(1);
    for (place, step) in steps.into_iter().enumerate() {
        if place == last && matches!(step, Step::Send(_)) {
            // Before it is sent: who has the answer may rely on the connection's being idle.
            lock(&shared.seen).connections[number - 1].busy = false;
        }
        match step {
            Step::Send(bytes) => stream.write_all(&bytes)?,
            Step::Hold(gate) => {
                if gate.pass() == Passed::GaveUp {
                    return Ok(Next::End);
                }
            }
            Step::Wait(pause) => pass_time(pause),
            Step::Hang => return hang(stream, from, shared),
            Step::Reset => {
                SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                return Ok(Next::End);
            }
            Step::Close => return Ok(Next::End),
            Step::Echo => {
                let mut early = from.buffer().to_vec();
                stream.write_all(&early)?;
                early.resize(16 << 10, 0);
                loop {
                    let read = stream.read(&mut early)?;
                    if read == 0 {
                        return Ok(Next::End);
                    }
                    stream.write_all(&early[..read])?;
                }
            }
        }
    }
    Ok(Next::Request)
}

/// Holds the connection without a word until the peer closes it or the test is over.
fn hang(stream: &TcpStream, from: &mut BufReader<&TcpStream>, shared: &Shared) -> io::Result<Next> {
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    let mut ignored = [0; 4096];
    loop {
        if shared.stopping.load(SeqCst) {
            return Ok(Next::End);
        }
        match from.read(&mut ignored) {
            Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Lets real time pass: a dripping origin is slow by the clock on the wall.
fn pass_time(pause: Duration) {
    let _ = Gate::closed().pass_within(pause);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
