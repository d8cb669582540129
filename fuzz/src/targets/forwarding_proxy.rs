//! A connection's first bytes as a PROXY header: however they are cut, the same answer, and none before its end.

use littoral_forwarding::{HEADER_BYTES_MAX, Proxied, parse_header};

/// Runs one input.
pub fn run(input: &[u8]) {
    let whole = parse_header(input);
    for cut in 0..input.len().min(HEADER_BYTES_MAX + 1) {
        match (parse_header(&input[..cut]), whole) {
            (Ok(None), Ok(Some(header))) => assert!(cut < header.len),
            (Ok(None), Ok(None) | Err(_)) => {}
            (Ok(Some(early)), _) => assert!(early.len <= cut && whole == Ok(Some(early))),
            (Err(_), Ok(_)) => panic!("refused at {cut}, accepted whole"),
            (Err(early), Err(late)) => assert_eq!(early, late),
        }
    }
    match whole {
        Ok(None) => assert!(input.len() < HEADER_BYTES_MAX),
        Ok(Some(header)) => {
            assert!(header.len <= input.len() && header.len <= HEADER_BYTES_MAX);
            if let Proxied::Client { source, .. } = header.proxied {
                assert_eq!(source.ip(), source.ip().to_canonical());
            }
        }
        Err(_) => {}
    }
}
