//! A body that is encoded or decoded on its way, from wherever it comes: in slices between which others have their
//! turn, with what is ready sent on before the source is waited for.

use crate::fill::FillReader;
use crate::origin::{OriginBody, OriginError};
use crate::respond::{Body, Held};
use crate::worker::Worker;
use bytes::Bytes;
use littoral_compression::{DecodeLimits, Decoder, Encoder, Format, Level};
use littoral_http_caching::{Coding, Fields};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// Input that is worked on, and output that is made, in one turn of the thread's loop.
pub(crate) const SLICE_BYTES_MAX: usize = 64 * 1024;

/// Output that is gathered before it is handed on.
const PIECE_BYTES: usize = 16 * 1024;

/// What is done to a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recoding {
    Encode(Coding),
    Decode(Coding),
}

/// The format behind a coding's name.
pub(crate) fn format(coding: Coding) -> Format {
    match coding {
        Coding::Zstd => Format::Zstd,
        Coding::Brotli => Format::Brotli,
        Coding::Gzip => Format::Gzip,
    }
}

/// The memory that coders of bodies on their way may take, and how many there were.
pub(crate) struct CoderMemory {
    bytes_max: u64,
    taken: Arc<AtomicU64>,
    pub(crate) encoded: AtomicU64,
    pub(crate) decoded: AtomicU64,
    /// Bodies that stayed as they were for want of memory.
    pub(crate) refused: AtomicU64,
}

/// A coder's part of it, given back with the coder.
struct Taken {
    bytes: u64,
    of: Arc<AtomicU64>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl CoderMemory {
    pub(crate) fn new(bytes_max: u64) -> CoderMemory {
        CoderMemory {
            bytes_max,
            taken: Arc::default(),
            encoded: AtomicU64::new(0),
            decoded: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Bytes that coders take now.
    pub(crate) fn bytes(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Option<Taken> {
        let fits = |taken: u64| Some(taken + bytes).filter(|sum| *sum <= self.bytes_max);
        if self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Taken { bytes, of: self.taken.clone() })
    }
}

/// Where a body comes from.
pub(crate) enum Source {
    Bytes(Bytes),
    Stored(Held, u64),
    Fill(FillReader),
    Origin(Box<OriginBody>),
}

impl Source {
    /// The body as it is.
    pub(crate) fn into_body(self) -> Body {
        match self {
            Source::Bytes(bytes) => Body::Bytes(bytes),
            Source::Stored(held, _) => {
                let length = held.content.complete_length();
                Body::Stored(held, None, 0..length)
            }
            Source::Fill(reader) => Body::Fill(reader),
            Source::Origin(body) => Body::Origin(body),
        }
    }

    /// Cancel safe.
    async fn next(&mut self, worker: &Rc<Worker>) -> Option<Result<Bytes, OriginError>> {
        match self {
            Source::Bytes(bytes) if bytes.is_empty() => None,
            Source::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
            Source::Stored(held, position) => {
                let slice = held.content.slices(*position..*position + SLICE_BYTES_MAX as u64).next()?;
                *position += slice.len() as u64;
                Some(Ok(Bytes::copy_from_slice(slice)))
            }
            Source::Fill(reader) => reader.next(worker).await,
            Source::Origin(body) => body.next().await,
        }
    }
}

enum Coder {
    Encoder {
        /// Taken at the end.
        encoder: Option<Encoder>,
        /// Something was encoded since the last flush.
        holds_back: bool,
    },
    Decoder {
        decoder: Decoder,
        /// There may be more to come without further input.
        full: bool,
    },
    /// As it came: it is not what it said.
    None,
}

/// A body being recoded.
pub(crate) struct Recoded {
    source: Source,
    coder: Coder,
    input: Bytes,
    output: Vec<u8>,
    ended: bool,
    _memory: Taken,
}

impl Recoded {
    /// The source comes back when there is no memory for another coder.
    pub(crate) fn new(worker: &Worker, source: Source, recoding: Recoding) -> Result<Recoded, Source> {
        let memory = &worker.shared.coders;
        let (bytes, counter) = match recoding {
            Recoding::Encode(coding) => {
                (Encoder::memory_bytes(format(coding), Level::Quick), &memory.encoded)
            }
            Recoding::Decode(coding) => (Decoder::memory_bytes(format(coding)), &memory.decoded),
        };
        let Some(taken) = memory.take(bytes) else { return Err(source) };
        let coder = match recoding {
            Recoding::Encode(coding) => Encoder::new(format(coding), Level::Quick, None)
                .map(|encoder| Coder::Encoder { encoder: Some(encoder), holds_back: false })
                .ok(),
            Recoding::Decode(coding) => Decoder::new(format(coding), DecodeLimits::default())
                .map(|decoder| Coder::Decoder { decoder, full: false })
                .ok(),
        };
        let Some(coder) = coder else { return Err(source) };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(Recoded { source, coder, input: Bytes::new(), output: Vec::new(), ended: false, _memory: taken })
    }

    /// The next piece; `None` at the end.
    /// Cancel safe: nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self, worker: &Rc<Worker>) -> Option<Result<Bytes, OriginError>> {
        while !self.ended {
            if self.wants_input() {
                match self.input(worker).await {
                    Input::Piece(piece) => self.input = piece,
                    Input::Wait => return self.take_output(),
                    Input::End => {
                        self.ended = true;
                        if let Err(error) = self.finish() {
                            return Some(Err(error));
                        }
                    }
                    Input::Cut(error) => {
                        self.ended = true;
                        return Some(Err(error));
                    }
                }
            }
            if let Err(error) = self.work() {
                self.ended = true;
                return Some(Err(error));
            }
            if self.output.len() >= PIECE_BYTES {
                break;
            }
            if !self.ended {
                tokio::task::yield_now().await;
            }
        }
        self.take_output()
    }

    /// Decodes the beginning, so that the head of an answer can still say what the bytes are. `Ok(false)`: they are
    /// not what they were said to be, and come out as they went in.
    pub(crate) async fn probe(&mut self, worker: &Rc<Worker>) -> Result<bool, OriginError> {
        match self.source.next(worker).await {
            Some(Ok(piece)) => Ok(self.probe_piece(piece)),
            Some(Err(error)) => Err(error),
            // An empty body is the encoding of nothing in no format, and is sent by many all the same.
            None => {
                self.coder = Coder::None;
                self.ended = true;
                Ok(true)
            }
        }
    }

    /// As [`probe`](Self::probe), of what is stored.
    pub(crate) fn probe_stored(&mut self) -> bool {
        let Source::Stored(held, position) = &mut self.source else { return true };
        let Some(slice) = held.content.slices(0..SLICE_BYTES_MAX as u64).next() else {
            self.ended = true;
            return true;
        };
        let piece = Bytes::copy_from_slice(slice);
        *position = piece.len() as u64;
        self.probe_piece(piece)
    }

    fn probe_piece(&mut self, piece: Bytes) -> bool {
        self.input = piece.clone();
        if self.work().is_ok() {
            return true;
        }
        self.output.clear();
        self.coder = Coder::None;
        self.input = piece;
        false
    }

    /// Trailer fields of the source, once the end has been reached.
    pub(crate) fn trailers(&self) -> Option<&Fields> {
        match &self.source {
            Source::Origin(body) => body.trailers(),
            _ => None,
        }
    }

    fn wants_input(&self) -> bool {
        self.input.is_empty() && !matches!(self.coder, Coder::Decoder { full: true, .. })
    }

    /// The next piece of the source. What was encoded before does not wait with it.
    async fn input(&mut self, worker: &Rc<Worker>) -> Input {
        let ready = {
            let mut next = std::pin::pin!(self.source.next(worker));
            std::future::poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await
        };
        let piece = match ready {
            Poll::Ready(piece) => piece,
            Poll::Pending => {
                self.flush();
                if !self.output.is_empty() {
                    return Input::Wait;
                }
                self.source.next(worker).await
            }
        };
        match piece {
            Some(Ok(piece)) => Input::Piece(piece),
            Some(Err(error)) => Input::Cut(error),
            None => Input::End,
        }
    }

    fn flush(&mut self) {
        if let Coder::Encoder { encoder: Some(encoder), holds_back: holds_back @ true } = &mut self.coder {
            *holds_back = false;
            // A failure shows itself again with the next input.
            let _ = encoder.flush(&mut self.output);
        }
    }

    /// Works on a slice of the input.
    fn work(&mut self) -> Result<(), OriginError> {
        let length = self.input.len().min(SLICE_BYTES_MAX);
        match &mut self.coder {
            Coder::Encoder { encoder: Some(encoder), holds_back } if length > 0 => {
                let slice = self.input.split_to(length);
                *holds_back = true;
                encoder.encode(&slice, &mut self.output).map_err(|_| OriginError::Abandoned)
            }
            Coder::Decoder { decoder, full } if length > 0 || *full => {
                let step = decoder
                    .decode(&self.input[..length], &mut self.output, SLICE_BYTES_MAX)
                    .map_err(|_| OriginError::Coding)?;
                *full = step.full;
                let _ = self.input.split_to(step.consumed);
                Ok(())
            }
            Coder::None => {
                self.output.extend_from_slice(&self.input.split_to(length));
                Ok(())
            }
            Coder::Encoder { .. } | Coder::Decoder { .. } => Ok(()),
        }
    }

    /// The source has ended: what was held back comes now.
    fn finish(&mut self) -> Result<(), OriginError> {
        match &mut self.coder {
            Coder::Encoder { encoder, .. } => match encoder.take() {
                Some(encoder) => encoder.finish(&mut self.output).map_err(|_| OriginError::Abandoned),
                None => Ok(()),
            },
            Coder::Decoder { .. } | Coder::None => Ok(()),
        }
    }

    fn take_output(&mut self) -> Option<Result<Bytes, OriginError>> {
        if !self.output.is_empty() {
            return Some(Ok(Bytes::from(std::mem::take(&mut self.output))));
        }
        // The end of what was decoded must be its end indeed, or the part would pass for the whole.
        match std::mem::replace(&mut self.coder, Coder::None) {
            Coder::Decoder { decoder, .. } if decoder.finish().is_err() => Some(Err(OriginError::Coding)),
            _ => None,
        }
    }
}

enum Input {
    Piece(Bytes),
    /// Nothing yet, and there is something to be sent meanwhile.
    Wait,
    End,
    Cut(OriginError),
}
