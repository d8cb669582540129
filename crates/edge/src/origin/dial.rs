//! Opening a TCP connection to one of several addresses (RFC 8305): families take turns, each address gets a head
//! start over the next, the first that answers wins and the others are dropped.

use super::OriginError;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Head start of one address over the next (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses tried at most.
const ADDRESSES_MAX: usize = 16;

/// Connects to the first that answers. The caller limits the time.
/// Cancel safe: attempts under way end with the future.
pub(crate) async fn dial(addresses: Vec<IpAddr>, port: u16) -> Result<TcpStream, OriginError> {
    let mut left = in_turns(addresses);
    let mut attempts: JoinSet<std::io::Result<TcpStream>> = JoinSet::new();
    let mut next_at = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(next_at), if !left.is_empty() => {
                if let Some(address) = left.pop_front() {
                    attempts.spawn_local(TcpStream::connect(SocketAddr::new(address, port)));
                }
                next_at = Instant::now() + HEAD_START;
            }
            Some(ended) = attempts.join_next() => match ended {
                Ok(Ok(stream)) => {
                    // Without it a small request waits for the acknowledgement of the one before.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                // Its turn is over: the next need not wait for it.
                _ => next_at = Instant::now(),
            },
            else => return Err(OriginError::Connect),
        }
    }
}

/// Families one after the other, beginning with that of the first address.
fn in_turns(addresses: Vec<IpAddr>) -> VecDeque<IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] || turns.len() >= ADDRESSES_MAX {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses = ["::1", "::2", "::3", "10.0.0.1"].iter().map(|text| text.parse().unwrap()).collect();
        let turns: Vec<String> = in_turns(addresses).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["::1", "10.0.0.1", "::2", "::3"]);
    }

    #[test]
    fn an_address_that_refuses_costs_no_head_start_and_one_that_hangs_costs_only_that() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = tokio::task::LocalSet::new();
        tasks.block_on(&runtime, async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let addresses =
                ["127.0.0.9", "::1", "127.0.0.1"].iter().map(|text| text.parse().unwrap()).collect();
            let began = Instant::now();
            let stream = dial(addresses, port).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap().ip().to_string(), "127.0.0.1");
            assert!(began.elapsed() < HEAD_START, "both refused at once");
        });
    }
}
