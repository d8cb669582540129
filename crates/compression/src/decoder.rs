//! Decoders, in steps of bounded output: a few bytes may stand for gigabytes, so it is the caller who says how much
//! may come out at a time, and the limits that say how much in all.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use crate::error::DecodeError;
use crate::format::{Format, ZSTD_WINDOW_BITS_MAX};

/// Output below which the ratio is not looked at: a short body of blanks is no bomb.
const RATIO_FREE_BYTES: u64 = 1 << 20;
/// The largest window of RFC 7932.
const BROTLI_WINDOW_BYTES: u64 = 16 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What decoding may cost.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct DecodeLimits {
    /// Bytes that may come out. Default 64 GiB.
    pub output_bytes_max: u64,
    /// Bytes that may come out for each one that goes in, once a mebibyte has come out. Default 1,100: more than
    /// gzip can reach, far less than bombs in the other formats need.
    pub ratio_max: u64,
    /// Largest window. Default 16 MiB, all that RFC 7932 knows; Zstandard is held to 8 MiB in any case (RFC 9659).
    pub window_bytes_max: u64,
}

impl Default for DecodeLimits {
    fn default() -> DecodeLimits {
        DecodeLimits { output_bytes_max: 64 << 30, ratio_max: 1100, window_bytes_max: BROTLI_WINDOW_BYTES }
    }
}

/// What one call did.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// The room was used up: there may be more to come, even without further input.
    pub full: bool,
}

/// Decodes one body.
pub struct Decoder {
    inner: Inner,
    limits: DecodeLimits,
    consumed: u64,
    produced: u64,
    ended: bool,
}

type BrotliDecoder = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

enum Inner {
    Gzip(Decompress),
    Brotli(Box<BrotliDecoder>),
    Zstd(DCtx<'static>),
}

impl Decoder {
    /// A decoder within `limits`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(format: Format, limits: DecodeLimits) -> Result<Decoder, DecodeError> {
        let inner = match format {
            Format::Gzip => Inner::Gzip(Decompress::new_gzip(15)),
            Format::Brotli => Inner::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            Format::Zstd => Inner::Zstd(zstd(&limits)?),
        };
        Ok(Decoder { inner, limits, consumed: 0, produced: 0, ended: false })
    }

    /// Most bytes that such a decoder takes within the default limits, beside its output.
    pub fn memory_bytes(format: Format) -> u64 {
        match format {
            Format::Gzip => 128 << 10,
            Format::Brotli => 18 << 20,
            Format::Zstd => 9 << 20,
        }
    }

    /// Decodes some of `input` and appends at most `room` bytes to `out`. Call it again with the rest of the input
    /// until all is consumed and the room was not used up.
    ///
    /// Several gzip members or Zstandard frames in a row are one body; other bytes behind a gzip member or a Brotli
    /// stream are passed over, as browsers do.
    ///
    /// # Errors
    /// The decoder is of no use any more; what was appended before is good.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Result<Step, DecodeError> {
        let (mut consumed, mut appended) = (0, 0);
        while appended < room {
            let before = out.len();
            let read = self.step(&input[consumed..], out, room - appended)?;
            let written = out.len() - before;
            consumed += read;
            appended += written;
            self.account(read, written)?;
            if written == 0 && (read == 0 || consumed == input.len()) {
                break;
            }
        }
        // Whoever calls until all is consumed must not do so for ever.
        if consumed == 0 && appended == 0 && room > 0 && !input.is_empty() {
            return Err(DecodeError::Malformed);
        }
        Ok(Step { consumed, full: appended == room })
    }

    /// Whether what was decoded is a whole.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.ended { Ok(()) } else { Err(DecodeError::Truncated) }
    }

    fn account(&mut self, read: usize, written: usize) -> Result<(), DecodeError> {
        self.consumed += read as u64;
        self.produced += written as u64;
        if self.produced > self.limits.output_bytes_max {
            return Err(DecodeError::Length);
        }
        if self.produced > RATIO_FREE_BYTES && self.produced / self.consumed.max(1) > self.limits.ratio_max {
            return Err(DecodeError::Ratio);
        }
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Result<usize, DecodeError> {
        match &mut self.inner {
            Inner::Gzip(gzip) => gunzip(gzip, input, out, room, &mut self.ended),
            Inner::Brotli(brotli) => {
                if self.consumed == 0
                    && let Some(&first) = input.first()
                    && brotli_window_bytes(first) > self.limits.window_bytes_max
                {
                    return Err(DecodeError::Window);
                }
                unbrotli(brotli, input, out, room, &mut self.ended)
            }
            Inner::Zstd(zstd) => unzstd(zstd, input, out, room, &mut self.ended),
        }
    }
}

fn zstd(limits: &DecodeLimits) -> Result<DCtx<'static>, DecodeError> {
    let bits = limits.window_bytes_max.max(1024).ilog2().min(ZSTD_WINDOW_BITS_MAX);
    let mut context = DCtx::try_create().ok_or(DecodeError::Window)?;
    context.set_parameter(DParameter::WindowLogMax(bits)).map_err(|_| DecodeError::Window)?;
    Ok(context)
}

/// The window that a stream's first byte announces (RFC 7932 §9.1).
fn brotli_window_bytes(first: u8) -> u64 {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, low) => 8 + u32::from(low),
        (_, high, _) => 17 + u32::from(high),
    };
    1 << bits
}

fn gunzip(
    gzip: &mut Decompress,
    input: &[u8],
    out: &mut Vec<u8>,
    room: usize,
    ended: &mut bool,
) -> Result<usize, DecodeError> {
    if *ended {
        // Another member begins, or there is only padding.
        if !GZIP_MAGIC.starts_with(&input[..input.len().min(2)]) || input.is_empty() {
            return Ok(input.len());
        }
        *gzip = Decompress::new_gzip(15);
        *ended = false;
    }
    let start = out.len();
    out.resize(start + room, 0);
    let (in_before, out_before) = (gzip.total_in(), gzip.total_out());
    let status = gzip.decompress(input, &mut out[start..], FlushDecompress::None);
    out.truncate(start + (gzip.total_out() - out_before) as usize);
    match status {
        Ok(Status::StreamEnd) => *ended = true,
        Ok(Status::Ok | Status::BufError) => {}
        Err(_) => return Err(DecodeError::Malformed),
    }
    Ok((gzip.total_in() - in_before) as usize)
}

fn unbrotli(
    brotli: &mut BrotliDecoder,
    input: &[u8],
    out: &mut Vec<u8>,
    room: usize,
    ended: &mut bool,
) -> Result<usize, DecodeError> {
    if *ended {
        return Ok(input.len());
    }
    let start = out.len();
    out.resize(start + room, 0);
    let (mut left_in, mut read) = (input.len(), 0);
    let (mut left_out, mut written, mut total) = (room, 0, 0);
    let result = BrotliDecompressStream(
        &mut left_in,
        &mut read,
        input,
        &mut left_out,
        &mut written,
        &mut out[start..],
        &mut total,
        brotli,
    );
    out.truncate(start + written);
    match result {
        BrotliResult::ResultSuccess => *ended = true,
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        BrotliResult::ResultFailure => return Err(DecodeError::Malformed),
    }
    Ok(read)
}

fn unzstd(
    zstd: &mut DCtx<'static>,
    input: &[u8],
    out: &mut Vec<u8>,
    room: usize,
    ended: &mut bool,
) -> Result<usize, DecodeError> {
    if *ended && input.is_empty() {
        return Ok(0);
    }
    let start = out.len();
    out.resize(start + room, 0);
    let mut source = InBuffer::around(input);
    let mut buffer = OutBuffer::around(&mut out[start..]);
    let result = zstd.decompress_stream(&mut buffer, &mut source);
    let written = buffer.pos();
    out.truncate(start + written);
    let read = source.pos();
    match result {
        // The library says so for a frame that has ended, and for no input at its beginning.
        Ok(hint) => *ended = hint == 0 && (read > 0 || written > 0 || *ended),
        Err(code) => {
            let too_large = zstd_safe::get_error_name(code).contains("too much memory");
            return Err(if too_large { DecodeError::Window } else { DecodeError::Malformed });
        }
    }
    Ok(read)
}
