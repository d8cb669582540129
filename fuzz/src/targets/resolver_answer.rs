//! Answers of name servers. The input is what stands behind the question: flags, three counts, records.

use littoral_resolver::message::{Family, Question, Reading};
use std::net::IpAddr;
use std::time::Duration;

const HEADER_BYTES: usize = 12;
/// `app.test`, type and class.
const QUESTION_BYTES: usize = 14;
/// The longest lifetime that a record can state (RFC 2181 §8).
const LIFETIME_MAX: Duration = Duration::from_secs(i32::MAX as u64);

/// Panics when an answer holds more, longer or other things than it may.
pub fn run(input: &[u8]) {
    for family in [Family::V4, Family::V6] {
        let Some(question) = Question::new("app.test", family, true) else { return };
        let _ = question.read(input);
        if let Some(reading) = question.read(&answer(&question, input)) {
            check(family, &reading);
        }
    }
}

fn answer(question: &Question, input: &[u8]) -> Vec<u8> {
    let mut answer = question.as_bytes()[..HEADER_BYTES + QUESTION_BYTES].to_vec();
    let (head, records) = input.split_at(input.len().min(5));
    let byte = |place: usize| head.get(place).copied().unwrap_or_default();
    answer[2] = byte(0) | 0x80;
    answer[3] = byte(1);
    for (count, place) in [(7, 2), (9, 3), (11, 4)] {
        answer[count] = byte(place);
    }
    answer.extend_from_slice(records);
    answer
}

fn check(family: Family, reading: &Reading) {
    match reading {
        Reading::Addresses(list, lifetime) => {
            assert!(!list.is_empty() && list.len() <= 64 && *lifetime <= LIFETIME_MAX);
            assert!(list.iter().all(|address| IpAddr::is_ipv4(address) == (family == Family::V4)));
        }
        Reading::Alias(name, lifetime) => {
            assert!(Question::new(name, family, false).is_some(), "{name} can be asked for");
            assert!(*lifetime <= LIFETIME_MAX);
        }
        Reading::NoSuchName(lifetime) | Reading::NoAddress(lifetime) => {
            assert!(lifetime.is_none_or(|lifetime| lifetime <= LIFETIME_MAX));
        }
        Reading::Truncated => {}
        Reading::Failed(code) => assert_ne!(*code, 0),
    }
}
