//! `Accept-Encoding`, and entity tags with marks. The input is three lines: `Accept-Encoding`, `If-None-Match`, `ETag`.

use littoral_http_caching::entity_tag::{EntityTag, listed, unmarked, without_marks, write_marked};
use littoral_http_caching::{Accepted, Coding, Fields, Known};

/// Panics when the forms of `Accept-Encoding` contradict each other, or a mark does not come off as it went on.
pub fn run(input: &[u8]) {
    let mut lines = input.splitn(3, |&b| b == b'\n');
    let mut builder = Fields::builder();
    for name in ["Accept-Encoding", "If-None-Match", "ETag"] {
        if let Some(value) = lines.next() {
            builder.push(name, value);
        }
    }
    let fields = builder.finish();
    let accepted = Accepted::of(&fields);
    let ranked = accepted.ranked(&Coding::ALL);
    assert!(ranked.iter().all(|coding| accepted.takes(*coding)));
    // What the origin sees says the same again.
    if let Some(value) = accepted.for_origin() {
        let again: Fields = [(&b"Accept-Encoding"[..], value)].into_iter().collect();
        let again = Accepted::of(&again);
        assert!(Coding::ALL.into_iter().all(|coding| accepted.takes(coding) == again.takes(coding)));
        assert_eq!(accepted.takes_identity(), again.takes_identity());
        let (mut one, mut other) = (Vec::new(), Vec::new());
        accepted.write_canonical(&mut one);
        again.write_canonical(&mut other);
        assert_eq!(one, other);
    }
    if let Some(listed) = fields.get(Known::IfNoneMatch) {
        let _ = without_marks(listed, true);
        if let Some(once) = without_marks(listed, false) {
            assert!(once.len() < listed.len() + 2 * listed.len());
        }
    }
    let Some(tag) = fields.get(Known::ETag).and_then(EntityTag::read) else { return };
    let _ = listed(&fields, Known::IfNoneMatch, tag);
    for coding in [None, Some(Coding::Zstd), Some(Coding::Brotli), Some(Coding::Gzip)] {
        let mut marked = Vec::new();
        write_marked(fields.get(Known::ETag).unwrap_or_default(), coding, true, &mut marked);
        let read = EntityTag::read(&marked).expect("a mark is never empty");
        let (back, found) = unmarked(read).expect("a mark comes off");
        assert_eq!((back.opaque, found), (tag.opaque, coding));
    }
}
