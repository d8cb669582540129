//! The codec against tables, properties and other parsers.

mod acceptance;
mod decoding;
mod differential;
mod drive;
mod encoding;
mod peers;
mod properties;
mod refusals;
