//! Encoders. What they write appears behind what the buffer held before; they keep nothing of it.

use std::io::Write;

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compress, Compression, FlushCompress, Status};
use zstd_safe::zstd_sys::ZSTD_EndDirective as End;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

use crate::error::EncodeError;
use crate::format::{BROTLI_WINDOW_BITS_MAX, Format, ZSTD_WINDOW_BITS_MAX};

/// Room that is made for output at a time.
const PIECE: usize = 16 * 1024;
/// Beyond this length Best takes less trouble, so that one large body does not hold up all others.
const UTMOST_BYTES_MAX: u64 = 1 << 20;
/// Beyond this one even less.
const THOROUGH_BYTES_MAX: u64 = 8 << 20;
/// The window of Brotli on the way: 256 KiB.
const QUICK_BROTLI_WINDOW_BITS: u32 = 18;
/// The window of Zstandard on the way: 256 KiB.
const QUICK_ZSTD_WINDOW_BITS: u32 = 18;

/// How much trouble is taken.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// Little: content that is on its way to somebody. 50 to 200 MB/s for each core.
    Quick,
    /// Much: content that is kept. The same input gives the same bytes, however it is cut into pieces, as long as
    /// its length was given truly or not at all.
    Best,
}

/// Encodes one body.
pub struct Encoder(Inner);

enum Inner {
    Gzip(Compress),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(CCtx<'static>),
}

impl Encoder {
    /// An encoder of a body that will be `length` bytes long, if that is known.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(format: Format, level: Level, length: Option<u64>) -> Result<Encoder, EncodeError> {
        Ok(Encoder(match format {
            Format::Gzip => Inner::Gzip(Compress::new_gzip(Compression::new(gzip_level(level)), 15)),
            Format::Brotli => Inner::Brotli(Box::new(brotli(level, length))),
            Format::Zstd => Inner::Zstd(zstd(level, length)?),
        }))
    }

    /// Most bytes that such an encoder takes, beside its output.
    pub fn memory_bytes(format: Format, level: Level) -> u64 {
        match (format, level) {
            (Format::Gzip, _) => 700 << 10,
            (Format::Brotli, Level::Quick) => 5 << 20,
            (Format::Zstd, Level::Quick) => 2 << 20,
            (_, Level::Best) => 96 << 20,
        }
    }

    /// Encodes `input`; what is ready of the result is appended to `out`. The work is proportional to `input`: give
    /// it in pieces of as much as one turn may take.
    ///
    /// # Errors
    /// The encoder is of no use any more.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &mut self.0 {
            Inner::Gzip(gzip) => deflate(gzip, input, out, FlushCompress::None),
            Inner::Brotli(brotli) => {
                brotli.write_all(input).map_err(|_| EncodeError)?;
                out.append(brotli.get_mut());
                Ok(())
            }
            Inner::Zstd(zstd) => zstd_step(zstd, input, out, End::ZSTD_e_continue),
        }
    }

    /// Appends what is still held back, so that whoever decodes `out` has all that was encoded so far. Costs some
    /// bytes.
    ///
    /// # Errors
    /// The encoder is of no use any more.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &mut self.0 {
            Inner::Gzip(gzip) => deflate(gzip, &[], out, FlushCompress::Sync),
            Inner::Brotli(brotli) => {
                brotli.flush().map_err(|_| EncodeError)?;
                out.append(brotli.get_mut());
                Ok(())
            }
            Inner::Zstd(zstd) => zstd_step(zstd, &[], out, End::ZSTD_e_flush),
        }
    }

    /// Appends the end.
    ///
    /// # Errors
    /// What was appended so far is no whole.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.0 {
            Inner::Gzip(mut gzip) => deflate(&mut gzip, &[], out, FlushCompress::Finish),
            Inner::Brotli(brotli) => {
                out.append(&mut brotli.into_inner());
                Ok(())
            }
            Inner::Zstd(mut zstd) => zstd_step(&mut zstd, &[], out, End::ZSTD_e_end),
        }
    }
}

fn gzip_level(level: Level) -> u32 {
    match level {
        Level::Quick => 4,
        Level::Best => 9,
    }
}

fn brotli(level: Level, length: Option<u64>) -> CompressorWriter<Vec<u8>> {
    let (quality, window_bits_max) = match (level, length) {
        (Level::Quick, _) => (4, QUICK_BROTLI_WINDOW_BITS),
        (Level::Best, Some(length)) if length <= UTMOST_BYTES_MAX => (11, BROTLI_WINDOW_BITS_MAX),
        (Level::Best, Some(length)) if length <= THOROUGH_BYTES_MAX => (9, BROTLI_WINDOW_BITS_MAX),
        (Level::Best, _) => (6, BROTLI_WINDOW_BITS_MAX),
    };
    // On the way it would only choose larger tables.
    let hint = length.filter(|_| level == Level::Best);
    let params = BrotliEncoderParams {
        quality,
        lgwin: window_bits(length, window_bits_max) as i32,
        size_hint: hint.and_then(|length| usize::try_from(length).ok()).unwrap_or(0),
        ..BrotliEncoderParams::default()
    };
    CompressorWriter::with_params(Vec::new(), PIECE, &params)
}

fn zstd(level: Level, length: Option<u64>) -> Result<CCtx<'static>, EncodeError> {
    let (effort, window_bits_max) = match (level, length) {
        (Level::Quick, _) => (3, QUICK_ZSTD_WINDOW_BITS),
        (Level::Best, Some(length)) if length <= UTMOST_BYTES_MAX => (19, ZSTD_WINDOW_BITS_MAX),
        (Level::Best, Some(length)) if length <= THOROUGH_BYTES_MAX => (15, ZSTD_WINDOW_BITS_MAX),
        (Level::Best, _) => (9, ZSTD_WINDOW_BITS_MAX),
    };
    let mut context = CCtx::try_create().ok_or(EncodeError)?;
    let mut set = |parameter| context.set_parameter(parameter).map(drop).map_err(|_| EncodeError);
    set(CParameter::CompressionLevel(effort))?;
    set(CParameter::WindowLog(window_bits(length, window_bits_max)))?;
    // Damage is TLS's and the store's to find; every other layer has a sum already.
    set(CParameter::ChecksumFlag(false))?;
    if level == Level::Best {
        context.set_pledged_src_size(length).map_err(|_| EncodeError)?;
    }
    Ok(context)
}

/// The smallest window that holds the whole, within bounds.
fn window_bits(length: Option<u64>, most: u32) -> u32 {
    let needed = length.map_or(most, |length| length.max(1).next_power_of_two().trailing_zeros());
    needed.clamp(16, most)
}

fn deflate(
    gzip: &mut Compress,
    mut input: &[u8],
    out: &mut Vec<u8>,
    flush: FlushCompress,
) -> Result<(), EncodeError> {
    loop {
        out.reserve(PIECE);
        let (in_before, out_before) = (gzip.total_in(), gzip.total_out());
        let status = gzip.compress_vec(input, out, flush).map_err(|_| EncodeError)?;
        input = &input[(gzip.total_in() - in_before) as usize..];
        let is_done = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            // There is nothing more when it did not use up the room.
            _ => input.is_empty() && out.len() < out.capacity(),
        };
        if is_done {
            return Ok(());
        }
        if gzip.total_in() == in_before && gzip.total_out() == out_before {
            return if matches!(flush, FlushCompress::Finish) { Err(EncodeError) } else { Ok(()) };
        }
    }
}

fn zstd_step(
    context: &mut CCtx<'static>,
    input: &[u8],
    out: &mut Vec<u8>,
    end: End,
) -> Result<(), EncodeError> {
    let mut input = InBuffer::around(input);
    loop {
        out.reserve(PIECE);
        let begin = out.len();
        let mut buffer = OutBuffer::around_pos(out, begin);
        let held = context.compress_stream2(&mut buffer, &mut input, end).map_err(|_| EncodeError)?;
        let all_read = input.pos() == input.src.len();
        // While it goes on, what it holds back is its own affair.
        if all_read && (held == 0 || end == End::ZSTD_e_continue) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zstandard_takes_no_more_than_is_documented() {
        for level in [Level::Quick, Level::Best] {
            for length in [Some(2000), Some(200_000), Some(1 << 20), Some(8 << 20), Some(64 << 20), None] {
                let mut context = zstd(level, length).expect("there is memory");
                let piece = vec![b'x'; length.unwrap_or(100_000).min(100_000) as usize];
                zstd_step(&mut context, &piece, &mut Vec::new(), End::ZSTD_e_continue).expect("it encodes");
                let taken = context.sizeof() as u64;
                assert!(taken <= Encoder::memory_bytes(Format::Zstd, level), "{level:?} {length:?}: {taken}");
            }
        }
    }
}
