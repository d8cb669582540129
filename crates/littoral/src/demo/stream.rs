//! `/large`: as many bytes as are asked for, made while they are sent, and the same each time.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_RANGE, HeaderMap, RANGE};
use hyper::{Response, StatusCode};

use super::answer::{self, DemoBody};

const PIECE: usize = 64 * 1024;
/// Each line is 16 bytes and says its own offset, so that a range can be checked by eye.
const LINE: u64 = 16;

/// `bytes` bytes, whole or one range of them.
pub(super) fn large(bytes: u64, request: &HeaderMap) -> Response<DemoBody> {
    let mut response =
        answer::answer(StatusCode::OK, "text/plain; charset=us-ascii", "public, max-age=300", "");
    let etag = format!("\"large-{bytes}\"").parse().expect("digits are visible ASCII");
    response.headers_mut().insert("etag", etag);
    response.headers_mut().insert("accept-ranges", http::HeaderValue::from_static("bytes"));
    let range = wanted(request, bytes).unwrap_or(0..bytes);
    if range != (0..bytes) {
        let said = format!("bytes {}-{}/{bytes}", range.start, range.end - 1);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(CONTENT_RANGE, said.parse().expect("digits are visible ASCII"));
    }
    *response.body_mut() = Lines { left: range }.boxed_unsync();
    response
}

/// A range `first-last` or `first-` within the bytes; whatever else is answered whole.
fn wanted(request: &HeaderMap, bytes: u64) -> Option<Range<u64>> {
    let (first, last) = request.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() { bytes } else { last.parse::<u64>().ok()?.saturating_add(1).min(bytes) };
    (first < end).then_some(first..end)
}

struct Lines {
    left: Range<u64>,
}

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let end = self.left.end.min(self.left.start + PIECE as u64);
        let piece = piece(self.left.start..end);
        self.left.start = end;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.end - self.left.start)
    }
}

fn piece(range: Range<u64>) -> Bytes {
    use std::fmt::Write;
    let first_line = range.start / LINE;
    let mut text = String::with_capacity(PIECE + 2 * LINE as usize);
    for line in first_line..range.end.div_ceil(LINE) {
        let _ = writeln!(text, "{:015}", line * LINE);
    }
    let skip = (range.start - first_line * LINE) as usize;
    Bytes::from(text).slice(skip..skip + (range.end - range.start) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_piece_is_the_same_as_that_part_of_the_whole() {
        let whole = piece(0..200);
        assert!(whole.starts_with(b"000000000000000\n000000000000016\n"));
        for (first, end) in [(0, 1), (15, 17), (16, 32), (31, 200), (199, 200)] {
            assert_eq!(piece(first as u64..end as u64), whole.slice(first..end));
        }
    }
}
