//! Taking connections from the thread's own listeners: whether there is room for them, and who is at their other end.

use crate::access::addresses::Seat;
use crate::peer::Peer;
use crate::protocol::h1;
use crate::protocol::proxy::{self, NoHeader};
use crate::worker::Worker;
use littoral_forwarding::Proxied;
use littoral_runtime::DrainLane;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A handshake that has not ended by then is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After an error that concerns the process (no descriptors left), before the next try.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// New connections of one thread that are open at a time while memory is short: each gets one answer and is closed.
const CONNECTIONS_WHILE_SHORT_MAX: usize = 64;

/// Accepts until the node drains; then takes what is in the queue already, which a closed socket would reset.
pub(crate) async fn accept(
    worker: Rc<Worker>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    lane: DrainLane,
) {
    let drain = worker.shared.drain.clone();
    let mut draining = std::pin::pin!(drain.wait());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut draining => return take_queue(&worker, &listener, tls.as_ref(), &lane),
        };
        match accepted {
            Ok((stream, client)) => take(&worker, stream, client, tls.clone(), &lane),
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => {
                worker.report.borrow().refused("accept-failed");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

fn take_queue(worker: &Rc<Worker>, listener: &TcpListener, tls: Option<&TlsAcceptor>, lane: &DrainLane) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Ok((stream, client))) = listener.poll_accept(&mut context) {
        take(worker, stream, client, tls.cloned(), lane);
    }
}

fn take(
    worker: &Rc<Worker>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    lane: &DrainLane,
) {
    let Some(counted) = admit(worker, address.ip()) else { return };
    // Answers are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let guard = lane.guard();
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let mut held = (counted, guard);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let clients = &worker.shared.clients;
        let (stream, peer) = if clients.sends_proxy_header(address.ip()) {
            // Boxed, so that the connections of everybody else do not carry room for it.
            match Box::pin(proxied(&worker, stream, address, scheme, &mut held.0)).await {
                Some(proxied) => proxied,
                None => return,
            }
        } else {
            let is_trusted = clients.trusts(address.ip());
            (stream, Peer { address, scheme, is_trusted, once: held.0.once })
        };
        match tls {
            None => h1::serve(worker, stream, peer).await,
            Some(acceptor) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => h1::serve(worker, stream, peer).await,
                Ok(Err(_)) => worker.report.borrow().refused("tls-handshake-failed"),
                Err(_) => worker.report.borrow().refused("tls-handshake-timeout"),
            },
        }
    });
}

/// A connection's place on this node; `None`, and counted, where there is none.
fn admit(worker: &Rc<Worker>, address: IpAddr) -> Option<Counted> {
    let refused = |reason| {
        worker.report.borrow().refused(reason);
        None
    };
    let most = worker.shared.limits.connections_max / worker.shared.mailboxes.len();
    if worker.connections.get() >= most.max(1) {
        return refused("connections-max");
    }
    let once = worker.shared.memory.is_short();
    if once && worker.connections_once.get() >= CONNECTIONS_WHILE_SHORT_MAX {
        return refused("memory-short");
    }
    let clients = &worker.shared.clients;
    // Who sends PROXY headers speaks for others, each of whom is counted when it is known.
    let seat = if clients.sends_proxy_header(address) { Ok(None) } else { clients.seat(address) };
    let Ok(seat) = seat else { return refused("connections-per-address-max") };
    Some(Counted::new(worker, seat, once))
}

/// The connection of whoever the PROXY header in front of it names; `None`, and counted, where there is no such header.
async fn proxied(
    worker: &Rc<Worker>,
    mut stream: TcpStream,
    address: SocketAddr,
    scheme: &'static str,
    counted: &mut Counted,
) -> Option<(TcpStream, Peer)> {
    let clients = &worker.shared.clients;
    let once = counted.once;
    let peer = match proxy::read_header(worker, &mut stream).await {
        Ok(Proxied::Local) => Peer { address, scheme, is_trusted: clients.trusts(address.ip()), once },
        Ok(Proxied::Client { source, tls }) => {
            match clients.seat(source.ip()) {
                Ok(seat) => counted.seat = seat,
                Err(_) => {
                    worker.report.borrow().refused("connections-per-address-max");
                    return None;
                }
            }
            let scheme = if tls == Some(true) { "https" } else { scheme };
            Peer { address: source, scheme, is_trusted: clients.trusts(source.ip()), once }
        }
        Err(NoHeader::Closed) => return None,
        Err(NoHeader::Refused(reason)) => {
            worker.report.borrow().refused(reason);
            return None;
        }
    };
    Some((stream, peer))
}

/// A connection that is counted until it ends.
struct Counted {
    worker: Rc<Worker>,
    /// Its place among those of its address.
    seat: Option<Seat>,
    /// It was taken while memory was short.
    once: bool,
}

impl Counted {
    fn new(worker: &Rc<Worker>, seat: Option<Seat>, once: bool) -> Counted {
        worker.connections.set(worker.connections.get() + 1);
        worker.connections_once.set(worker.connections_once.get() + usize::from(once));
        worker.report.borrow().connection_opened();
        Counted { worker: worker.clone(), seat, once }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let worker = &self.worker;
        worker.connections.set(worker.connections.get() - 1);
        worker.connections_once.set(worker.connections_once.get() - usize::from(self.once));
        worker.report.borrow().connection_closed();
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
