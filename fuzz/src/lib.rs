//! The fuzz targets as plain functions: libFuzzer calls them in search of new inputs, `cargo test` over saved ones.

pub mod targets;
