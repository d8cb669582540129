//! One question to one name server: over UDP from a port of its own, over TCP where the answer does not fit.

use crate::message::{Question, Reading};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const UDP_BUFFER_BYTES: usize = 4096;

/// Why a name server gave no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unanswered {
    /// Nothing came in time.
    TimedOut,
    /// It cannot be reached, or broke off.
    Unreachable,
}

/// Asks, and waits for at most `timeout`.
pub(crate) async fn ask(
    server: SocketAddr,
    question: &Question,
    timeout: Duration,
) -> Result<Reading, Unanswered> {
    let asked = async {
        match by_udp(server, question).await? {
            Reading::Truncated => by_tcp(server, question).await,
            reading => Ok(reading),
        }
    };
    match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(reading)) => Ok(reading),
        Ok(Err(_)) => Err(Unanswered::Unreachable),
        Err(_) => Err(Unanswered::TimedOut),
    }
}

/// The socket is connected, so that only the name server's datagrams arrive, and its port is a fresh one: together
/// with the random number that is what an answer has to guess (RFC 5452).
async fn by_udp(server: SocketAddr, question: &Question) -> io::Result<Reading> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question.as_bytes()).await?;
    let mut buffer = [0; UDP_BUFFER_BYTES];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(reading) = question.read(&buffer[..length]) {
            return Ok(reading);
        }
    }
}

async fn by_tcp(server: SocketAddr, question: &Question) -> io::Result<Reading> {
    let mut stream = TcpStream::connect(server).await?;
    let bytes = question.as_bytes();
    let length = u16::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    match question.read(&answer) {
        Some(Reading::Truncated) | None => Err(io::ErrorKind::InvalidData.into()),
        Some(reading) => Ok(reading),
    }
}
