//! The administration server: HTTP/1.1 on a Unix socket, or on TCP with a token, on a thread of its own.
//!
//! `door` listens, `token` guards, `route` answers, `problem` says no (RFC 9457). It deliberately knows
//! a node only as [`Operations`]; nothing that it does can hold up a request.

mod door;
mod problem;
mod route;
mod token;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use littoral_runtime::Drain;
use tokio::sync::Semaphore;

pub(crate) use door::Door;
pub(crate) use problem::Problem;
pub(crate) use token::Token;

/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 64;
/// Longest wait for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest life of a connection: an exchange, and some reuse.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest request head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What a node lets itself be asked. Bodies are JSON; nothing here waits for the network.
pub(crate) trait Operations: Send + Sync + 'static {
    /// Prometheus' text format.
    fn metrics(&self) -> String;
    /// What the node holds and does.
    fn status(&self) -> serde_json::Value;
    /// `Ok` when it can serve.
    fn readiness(&self) -> Result<(), String>;
    /// Applies changed site files; the report.
    fn reload(&self) -> serde_json::Value;
    /// Makes stored responses unusable.
    fn purge(&self, request: &[u8]) -> Result<serde_json::Value, Problem>;
    /// The digests of sampled requests in their binary form; `None` where none are taken.
    fn digests(&self) -> Option<Vec<u8>>;
    /// The shards of assets' URLs.
    fn shard(&self, request: &[u8]) -> Result<serde_json::Value, Problem>;
    /// What would be done with a request.
    fn explain(&self, request: &[u8]) -> Result<serde_json::Value, Problem>;
}

/// A running administration server. Dropping it removes the socket's file; the thread ends with the
/// process.
pub(crate) struct Administration {
    _file: Option<door::SocketFile>,
}

/// Serves administration. The node's `drain` makes it answer that it is not ready.
///
/// # Errors
/// If the thread cannot be started.
pub(crate) fn serve(
    mut door: Door,
    operations: Arc<dyn Operations>,
    drain: Drain,
) -> io::Result<Administration> {
    let file = door.take_file();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || runtime.block_on(accept(door, operations, drain)))?;
    Ok(Administration { _file: file })
}

async fn accept(door: Door, operations: Arc<dyn Operations>, drain: Drain) {
    let guard = Arc::new(route::Guard { token: door.token().cloned(), drain });
    let Ok(listener) = door.into_listener() else { return };
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok(stream) = listener.accept().await else {
            // Out of descriptors, mostly: a little later some are free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (operations, guard) = (operations.clone(), guard.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (operations, guard) = (operations.clone(), guard.clone());
                async move { route::answer(request, &*operations, &guard).await }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service);
            // Whoever breaks off or dawdles loses the connection and nothing else.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(permit);
        });
    }
}
