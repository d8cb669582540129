//! Request bodies: what is data among the bytes that follow a head.

use std::ops::Range;

use crate::chunked::ChunkDecoder;
use crate::{Limits, Refusal, RequestFraming, Trailer};

/// What a call of [`BodyDecoder::decode`] found at the front of the buffer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Bytes of the buffer that are dealt with, data included. Zero: nothing can be said without more bytes.
    pub consumed: usize,
    /// The data, as offsets into the buffer; it ends where `consumed` does, and may be empty.
    pub data: Range<usize>,
    /// Whether the body ends here; what follows `consumed` is the next message.
    pub end: bool,
}

impl Decoded {
    pub(crate) fn nothing(consumed: usize, end: bool) -> Decoded {
        Decoded { consumed, data: consumed..consumed, end }
    }
}

/// Undoes the framing of one request body. The caller hands over what lies in its buffer, takes the data, drops
/// what was consumed, and calls again until the end or until more bytes are needed.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    rest: Rest,
}

#[derive(Clone, Debug)]
enum Rest {
    Length(u64),
    Chunked(Box<ChunkDecoder>),
}

impl BodyDecoder {
    /// A decoder for the body of a request with this framing.
    pub fn new(framing: RequestFraming, limits: &Limits) -> BodyDecoder {
        let rest = match framing {
            RequestFraming::None => Rest::Length(0),
            RequestFraming::Length(length) => Rest::Length(length),
            RequestFraming::Chunked => Rest::Chunked(Box::new(ChunkDecoder::new(limits))),
        };
        BodyDecoder { rest }
    }

    /// The first run of data in `buf`. Nothing has to be kept by the caller but what was not consumed, and that is
    /// never part of a line: lines are remembered here. After the end it consumes nothing.
    pub fn decode(&mut self, buf: &[u8]) -> Result<Decoded, Refusal> {
        match &mut self.rest {
            Rest::Length(rest) => {
                let taken = usize::try_from(*rest).map_or(buf.len(), |rest| rest.min(buf.len()));
                *rest -= taken as u64;
                Ok(Decoded { consumed: taken, data: 0..taken, end: *rest == 0 })
            }
            Rest::Chunked(decoder) => decoder.decode(buf),
        }
    }

    /// Whether the whole body was decoded.
    pub fn is_end(&self) -> bool {
        match &self.rest {
            Rest::Length(rest) => *rest == 0,
            Rest::Chunked(decoder) => decoder.is_end(),
        }
    }

    /// Bytes of data still to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        match &self.rest {
            Rest::Length(rest) => Some(*rest),
            Rest::Chunked(decoder) => decoder.is_end().then_some(0),
        }
    }

    /// Trailer fields, in order, but for those that [`crate::is_forbidden_trailer`] drops. Empty before the end.
    pub fn trailers(&self) -> &[Trailer] {
        match &self.rest {
            Rest::Length(_) => &[],
            Rest::Chunked(decoder) => decoder.trailers(),
        }
    }
}
