//! libFuzzer's entry to the target of the same name in `src/targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| littoral_fuzz::targets::ledger_manifest::run(input));
