//! Taking connections from the thread's own listeners.

use crate::protocol::h1;
use crate::worker::Worker;
use littoral_runtime::DrainLane;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A handshake that has not ended by then is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After an error that concerns the process (no descriptors left), before the next try.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

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
    client: SocketAddr,
    tls: Option<TlsAcceptor>,
    lane: &DrainLane,
) {
    let most = worker.shared.limits.connections_max / worker.shared.mailboxes.len();
    if worker.connections.get() >= most.max(1) {
        worker.report.borrow().refused("connections-max");
        return;
    }
    // Answers are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    worker.connections.set(worker.connections.get() + 1);
    worker.report.borrow().connection_opened();
    let counted = Counted { worker: worker.clone() };
    let guard = lane.guard();
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let _held = (counted, guard);
        match tls {
            None => h1::serve(worker, stream, client, "http").await,
            Some(acceptor) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => h1::serve(worker, stream, client, "https").await,
                Ok(Err(_)) => worker.report.borrow().refused("tls-handshake-failed"),
                Err(_) => worker.report.borrow().refused("tls-handshake-timeout"),
            },
        }
    });
}

/// A connection that is counted until it ends.
struct Counted {
    worker: Rc<Worker>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.worker.connections.set(self.worker.connections.get() - 1);
        self.worker.report.borrow().connection_closed();
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
