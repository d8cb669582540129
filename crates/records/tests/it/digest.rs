//! Files of digests: written, read, exported.

use littoral_records::digest::{
    CACHE_RESULTS, Digest, DigestFile, FileMistake, METHODS, RECORD_BYTES, extension_of, flags, network_of,
    number_of, section_of, write_csv, write_file, write_oracle,
};
use proptest::prelude::*;

const TEXTS: [&str; 3] = ["", "shop", "a,\"b\""];

fn digest(time_millis: i64, key: u64) -> Digest {
    let (family, network) = network_of("192.0.2.77".parse().unwrap());
    Digest {
        time_millis,
        key,
        host: 1,
        path: 2,
        length: 1000,
        sent_bytes: 900,
        duration_micros: 10,
        first_byte_micros: 5,
        round_trip_micros: 31_000,
        ttl: i32::MIN,
        status: 200,
        site: 1,
        behavior: 2,
        flags: flags::TLS | flags::CUT,
        method: number_of("GET", &METHODS),
        cache: number_of("hit", &CACHE_RESULTS),
        protocol: 11,
        family,
        network,
        extension: extension_of(b"/a/b.PNG"),
        headers: [0, 7, 0, 0, 0, 0],
        ..Digest::default()
    }
}

fn file(records: &[Digest]) -> Vec<u8> {
    write_file(100, 3, &TEXTS, records.iter())
}

#[test]
fn a_file_is_read_back_as_it_was_written() {
    let records = [digest(1_795_237_200_123, 1), digest(1_795_237_200_124, 2)];
    let bytes = file(&records);
    let read = DigestFile::read(&bytes).unwrap();
    assert_eq!((read.share, read.dropped, read.text(1), read.text(9)), (100, 3, "shop", ""));
    assert_eq!(read.records().collect::<Vec<_>>(), records);
}

#[test]
fn a_file_that_is_none_says_why() {
    let bytes = file(&[digest(0, 1)]);
    assert_eq!(DigestFile::read(b"").err(), Some(FileMistake::NotDigests));
    assert_eq!(DigestFile::read(b"GIF89a..").err(), Some(FileMistake::NotDigests));
    for end in 8..bytes.len() {
        assert_eq!(DigestFile::read(&bytes[..end]).err(), Some(FileMistake::CutOff), "{end}");
    }
    let with = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        DigestFile::read(&changed).err()
    };
    assert_eq!(with(8, 2), Some(FileMistake::Version(2)));
    assert_eq!(with(10, 127), Some(FileMistake::Malformed));
    assert_eq!(with(13, 0x80), Some(FileMistake::Malformed));
    assert_eq!(with(23, 0xff), Some(FileMistake::Malformed));
}

#[test]
fn longer_records_of_a_later_writer_are_read_as_far_as_they_are_known() {
    let record = digest(5, 6);
    let mut bytes = file(&[record, record]);
    bytes[10] = (RECORD_BYTES + 8) as u8;
    let end = bytes.len();
    bytes.splice(end - RECORD_BYTES..end - RECORD_BYTES, [9; 8]);
    bytes.extend_from_slice(&[9; 8]);
    let read = DigestFile::read(&bytes).unwrap();
    assert_eq!(read.records().collect::<Vec<_>>(), [record, record]);
}

#[test]
fn csv_has_a_line_of_names_and_quotes_what_would_break_it() {
    let bytes = file(&[digest(1_795_237_200_123, 0xab)]);
    let mut csv = Vec::new();
    write_csv(&DigestFile::read(&bytes).unwrap(), &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let (names, line) = csv.split_once("\r\n").unwrap();
    assert_eq!(names.split(',').count(), 29);
    assert_eq!(
        line,
        "2026-11-21T05:00:00.123Z,shop,\"a,\"\"b\"\"\",GET,1.1,200,hit,00000000000000ab,1000,900,10,5,,31000,,\
         192.0.2.0/24,,0000000000000001,0000000000000002,,,png,tls cut,,00000007,,,,\r\n"
    );
}

#[test]
fn oracle_general_names_the_next_request_for_the_same_key() {
    let pass = Digest { cache: number_of("pass", &CACHE_RESULTS), ..digest(2000, 7) };
    let post = Digest { method: number_of("POST", &METHODS), ..digest(2000, 7) };
    let records = [digest(1000, 7), pass, digest(2000, 8), post, digest(3000, 7)];
    let bytes = file(&records);
    let mut oracle = Vec::new();
    write_oracle(&DigestFile::read(&bytes).unwrap(), &mut oracle).unwrap();
    let rows: Vec<(u32, u64, u32, i64)> = oracle
        .chunks_exact(24)
        .map(|row| {
            let number = |at: usize, bytes: usize| {
                let mut wide = [0; 8];
                wide[..bytes].copy_from_slice(&row[at..at + bytes]);
                u64::from_le_bytes(wide)
            };
            (number(0, 4) as u32, number(4, 8), number(12, 4) as u32, number(16, 8) as i64)
        })
        .collect();
    assert_eq!(rows, [(1, 7, 1000, 3), (2, 8, 1000, -1), (3, 7, 1000, -1)]);
}

#[test]
fn what_could_tell_who_asked_for_what_is_cut_down() {
    assert_eq!(network_of("2001:db8:1:2::3".parse().unwrap()), (6, [0x20, 1, 0xd, 0xb8, 0, 1]));
    assert_eq!(network_of("::ffff:192.0.2.9".parse().unwrap()), (4, [192, 0, 2, 0, 0, 0]));
    for (path, extension) in [
        ("/a/b.JPEG", "jpeg"),
        ("/a.b/c", ""),
        ("/x.secrettoken", ""),
        ("/x.a%20b", ""),
        ("/.env", "env"),
        ("/x.", ""),
    ] {
        assert_eq!(String::from_utf8_lossy(&extension_of(path.as_bytes())).trim_end_matches('\0'), extension);
    }
    assert_eq!(
        (section_of(b"/img/a/b.png"), section_of(b"/a.png"), section_of(b"/")),
        (&b"img"[..], &b""[..], &b""[..])
    );
}

proptest! {
    #[test]
    fn any_record_survives_its_bytes(bytes in proptest::array::uniform32(any::<u32>())) {
        let mut record = [0; RECORD_BYTES];
        for (place, word) in record.chunks_exact_mut(4).zip(bytes) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let digest = Digest::from_bytes(&record);
        prop_assert_eq!(Digest::from_bytes(&digest.to_bytes()), digest);
        prop_assert_eq!(digest.to_bytes(), record);
    }
}
