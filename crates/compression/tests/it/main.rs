//! Encoders and decoders against each other, against damage and against bombs.

mod bombs;
mod memory;
mod round;
mod support;
