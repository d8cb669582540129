//! The demo origin: a small real site, and paths that are dynamic, slow, large or in trouble, served on
//! a loopback port of its own from a thread of its own.
//!
//! It stands where an operator's origin would and is reached over TCP like one; the edge knows nothing of
//! it but its address. It deliberately shares no code with the edge.

mod answer;
mod dynamic;
mod pages;
mod stream;
mod websocket;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use littoral_runtime::{Clock, Drain};
use tokio::sync::Semaphore;

use answer::DemoBody;

/// The name under which the demo site is known to purge, explain and the log.
pub(crate) const SITE: &str = "demo";
/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 1024;
/// Longest wait for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// A running demo origin.
pub(crate) struct DemoOrigin {
    address: SocketAddr,
    drain: Drain,
}

impl DemoOrigin {
    /// Starts the origin on a free loopback port.
    pub(crate) fn start(clock: Clock) -> io::Result<DemoOrigin> {
        let socket = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let drain = Drain::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serving = serve(socket, clock, drain.clone());
        thread::Builder::new().name("demo-origin".to_owned()).spawn(move || runtime.block_on(serving))?;
        Ok(DemoOrigin { address, drain })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DemoOrigin {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

async fn serve(socket: std::net::TcpListener, clock: Clock, drain: Drain) {
    let Ok(listener) = tokio::net::TcpListener::from_std(socket) else { return };
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = drain.wait() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, mostly: a little later some are free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let clock = clock.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer_to(request, clock.clone()));
            // A client that breaks off is its own affair.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
            drop(permit);
        });
    }
}

async fn answer_to(request: Request<Incoming>, clock: Clock) -> Result<Response<DemoBody>, Infallible> {
    let path = request.uri().path().to_owned();
    if path == "/ws" {
        return Ok(websocket::upgrade(request));
    }
    if let Some(response) = dynamic::answer(&request, &clock).await {
        return Ok(response);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(answer::method_not_allowed("GET, HEAD"));
    }
    Ok(pages::answer(&path, request.headers()))
}
