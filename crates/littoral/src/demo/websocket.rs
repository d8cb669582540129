//! `/ws`: a WebSocket (RFC 6455) that says back what it hears.
//!
//! Enough of the protocol for an echo: whole and fragmented messages are returned frame by frame, ping
//! is answered, close is returned. No extensions.

use aws_lc_rs::digest;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::answer::{DemoBody, refusal, whole};

/// Appended to the client's key before hashing (§1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Largest frame that is echoed; a larger one ends the connection with 1009.
const FRAME_BYTES_MAX: u64 = 64 * 1024;

const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// 101 and an echo afterwards, or 426 for who does not ask for a WebSocket.
pub(super) fn upgrade<B: Send + 'static>(request: Request<B>) -> Response<DemoBody> {
    let header = |name: &hyper::header::HeaderName| request.headers().get(name).and_then(|v| v.to_str().ok());
    let asked = header(&UPGRADE).is_some_and(|token| token.eq_ignore_ascii_case("websocket"));
    let version = header(&SEC_WEBSOCKET_VERSION) == Some("13");
    let Some(accept) = header(&SEC_WEBSOCKET_KEY).filter(|_| asked && version).map(accept_for) else {
        let mut response = refusal(StatusCode::UPGRADE_REQUIRED, "this path speaks WebSocket, version 13");
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            // A peer that breaks off is its own affair.
            let _ = echo(TokioIo::new(upgraded)).await;
        }
    });
    let mut response = Response::new(whole(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = HeaderValue::from_str(&accept).expect("base64 is visible ASCII");
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

async fn echo(mut stream: TokioIo<Upgraded>) -> io::Result<()> {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).await?;
        let [first, second] = head;
        let length = match second & 0x7f {
            126 => u64::from(stream.read_u16().await?),
            127 => stream.read_u64().await?,
            short => u64::from(short),
        };
        let masked = second & 0x80 != 0;
        if !masked || length > FRAME_BYTES_MAX {
            // Clients must mask (§5.1): 1002, protocol error. Too long: 1009.
            let code: u16 = if masked { 1009 } else { 1002 };
            write_frame(&mut stream, 0x80 | CLOSE, &code.to_be_bytes()).await?;
            return stream.shutdown().await;
        }
        let mut mask = [0; 4];
        stream.read_exact(&mut mask).await?;
        let mut payload = vec![0; usize::try_from(length).expect("at most 64 KiB")];
        stream.read_exact(&mut payload).await?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        match first & 0x0f {
            CLOSE => {
                write_frame(&mut stream, 0x80 | CLOSE, &payload).await?;
                return stream.shutdown().await;
            }
            PING => write_frame(&mut stream, 0x80 | PONG, &payload).await?,
            PONG => {}
            _ => write_frame(&mut stream, first & 0x8f, &payload).await?,
        }
    }
}

async fn write_frame(stream: &mut TokioIo<Upgraded>, first: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(short as u8),
        middle @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    stream.write_all(&frame).await
}

/// What proves that the server has understood (§4.2.2): base64(SHA-1(key + magic)).
fn accept_for(key: &str) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes());
    base64(hash.as_ref())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let known = digit <= group.len();
            text.push(if known { char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_the_rfc_says() {
        assert_eq!(accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn base64_pads_to_groups_of_four() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
