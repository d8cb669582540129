//! Properties: cuts never matter, round trips hold, nothing panics.

use littoral_h1::{
    BodyDecoder, CHUNK_END, Limits, RequestFraming, RequestParser, Trailer, chunk_head, is_forbidden_trailer,
    last_chunk,
};
use proptest::prelude::*;

use crate::drive::read;

/// Requests of valid and invalid parts, likely to come close to both sides of every rule.
fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
    let request_line = prop::sample::select(vec![
        "GET / HTTP/1.1",
        "POST /a?b HTTP/1.1",
        "HEAD http://h/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET / HTTP/1.0",
        "GET / HTTP/2.0",
        "TRACE / HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /",
        "",
        " GET / HTTP/1.1",
    ]);
    let line = prop::sample::select(vec![
        "Host: h",
        "Host: h",
        "Host: h",
        "Host: h:80",
        "host:",
        "Content-Length: 3",
        "Content-Length: 0",
        "Content-Length: +3",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        "Connection: close",
        "Connection: keep-alive",
        "Expect: 100-continue",
        "Expect: x",
        "A: b",
        "A:",
        " fold",
        "B: \tc ",
        "nocolon",
        "C: \0",
        "Upgrade: websocket",
        "Connection: upgrade",
        "TE: trailers",
    ]);
    let line_end = prop::sample::select(vec![
        "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n",
    ]);
    let body = prop::sample::select(vec![
        "",
        "",
        "abc",
        "3\r\nabc\r\n0\r\n\r\n",
        "0\r\nA: b\r\n\r\n",
        "3;a=\"b\"\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "zz\r\n",
    ]);
    let lines = prop::collection::vec((line, line_end.clone()), 0..6);
    let request = (request_line, line_end.clone(), lines, line_end, body).prop_map(
        |(first, end, lines, last, body)| {
            let lines: String = lines.iter().map(|(line, end)| format!("{line}{end}")).collect();
            format!("{first}{end}{lines}{last}{body}").into_bytes()
        },
    );
    prop::collection::vec(request, 1..4).prop_map(|requests| requests.concat())
}

/// `bytes` cut at `cuts`, taken modulo its length.
fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut start = 0;
    let mut pieces: Vec<_> =
        places.iter().map(|&end| &bytes[std::mem::replace(&mut start, end)..end]).collect();
    pieces.push(&bytes[start..]);
    pieces
}

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("LITTORAL_SOAK").is_some() { 200_000 } else { 2_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn cuts_never_change_messages_or_refusals(
        bytes in nearly_requests(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let limits = Limits::default();
        let whole = read([&bytes[..]], &limits);
        prop_assert_eq!(&whole, &read(pieces(&bytes, &cuts), &limits));
        prop_assert_eq!(&whole, &read(bytes.chunks(1), &limits));
    }

    #[test]
    fn cuts_never_matter_under_the_tightest_limits(bytes in nearly_requests(), pad in 0usize..1100) {
        let limits = Limits {
            head_bytes_max: 1024, target_bytes_max: 256, fields_max: 8, chunk_line_bytes_max: 32, trailer_bytes_max: 256,
        };
        let padded = [b"GET / HTTP/1.1\r\nHost: h\r\nPad: ", &vec![b'x'; pad][..], b"\r\n\r\n", &bytes[..]].concat();
        prop_assert_eq!(read([&padded[..]], &limits), read(padded.chunks(1), &limits));
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let limits = Limits::default();
        prop_assert_eq!(read([&bytes[..]], &limits), read(bytes.chunks(1), &limits));
        let mut decoder = BodyDecoder::new(RequestFraming::Chunked, &limits);
        let _ = decoder.decode(&bytes);
    }

    #[test]
    fn one_octet_changed_anywhere_never_panics_and_never_depends_on_cuts(
        bytes in nearly_requests(), place in any::<prop::sample::Index>(), octet in any::<u8>(),
    ) {
        let mut bytes = bytes;
        let place = place.index(bytes.len());
        bytes[place] = octet;
        prop_assert_eq!(read([&bytes[..]], &Limits::default()), read(bytes.chunks(1), &Limits::default()));
    }

    #[test]
    fn what_is_encoded_in_chunks_is_decoded_again(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..600), 0..12),
        trailers in prop::collection::vec(("[A-Za-z-]{1,12}", "[!-~]{0,20}"), 0..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let trailers: Vec<_> = trailers
            .into_iter()
            .filter(|(name, _)| !is_forbidden_trailer(name.as_bytes()))
            .map(|(name, value)| Trailer { name: name.as_bytes().into(), value: value.as_bytes().into() })
            .collect();
        let mut encoded = Vec::new();
        for chunk in &chunks {
            encoded.extend_from_slice(&chunk_head(chunk.len()));
            encoded.extend_from_slice(chunk);
            encoded.extend_from_slice(CHUNK_END);
        }
        last_chunk(&mut encoded, &trailers);
        let mut decoder = BodyDecoder::new(RequestFraming::Chunked, &Limits::default());
        let mut data = Vec::new();
        for mut piece in pieces(&encoded, &cuts) {
            while !piece.is_empty() {
                let decoded = decoder.decode(piece).expect("our own encoding is taken");
                data.extend_from_slice(&piece[decoded.data]);
                piece = &piece[decoded.consumed..];
            }
        }
        prop_assert!(decoder.is_end());
        prop_assert_eq!(data, chunks.concat());
        prop_assert_eq!(decoder.trailers(), &trailers[..]);
    }

    #[test]
    fn a_head_names_only_bytes_that_are_fit_to_be_written_again(bytes in nearly_requests()) {
        let limits = Limits::default();
        if let Ok(Some(head)) = RequestParser::new().parse(&bytes, &limits) {
            prop_assert!(head.head_len <= bytes.len());
            prop_assert!(littoral_h1::is_field_name(head.method.of(&bytes)));
            prop_assert!(head.target.of(&bytes).iter().all(|b| b.is_ascii_graphic() && *b != b'#'));
            for line in &head.fields {
                prop_assert!(littoral_h1::is_field_name(line.name.of(&bytes)));
                prop_assert!(littoral_h1::is_field_value(line.value.of(&bytes)));
            }
        }
    }
}
