//! What metrics say of compression.

use crate::transform::JobEnd;
use crate::worker::Shared;
use littoral_runtime::Exposition;
use littoral_runtime::exposition::FamilyKind::{Counter, Gauge};
use std::sync::atomic::Ordering;

pub(super) fn render(shared: &Shared, page: &mut Exposition) {
    let coders = &shared.coders;
    page.family(
        "littoral_coders_total",
        Counter,
        "Coders begun for bodies on their way, by what they do; refused: the body stayed as it was for want of \
         memory.",
    );
    for (does, count) in
        [("encode", &coders.encoded), ("decode", &coders.decoded), ("refused", &coders.refused)]
    {
        page.sample(&[("does", does)], count.load(Ordering::Relaxed));
    }
    page.family("littoral_coder_bytes", Gauge, "Memory set aside for coders of bodies on their way.");
    page.sample(&[], coders.bytes());
    page.family(
        "littoral_encodings_total",
        Counter,
        "Encodings of stored responses asked of the background, by what became of them.",
    );
    for end in JobEnd::ALL {
        page.sample(&[("result", end.as_str())], shared.jobs.ended(end));
    }
    page.family("littoral_encodings_queue", Gauge, "Encodings of stored responses that wait to be made.");
    page.sample(&[], shared.jobs.len() as u64);
    let (bytes_in, bytes_out) = shared.jobs.bytes();
    page.family(
        "littoral_encodings_bytes_total",
        Counter,
        "Bytes of stored responses that were encoded in the background, and bytes that came of it.",
    );
    page.sample(&[("direction", "in")], bytes_in);
    page.sample(&[("direction", "out")], bytes_out);
}
