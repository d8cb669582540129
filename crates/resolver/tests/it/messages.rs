//! Answers as a name server, or somebody in its place, may write them.

use domain::base::iana::Rcode;
use domain::base::{MessageBuilder, Name, Ttl};
use domain::rdata::{A, Cname, Soa};
use littoral_resolver::message::{Family, Question, Reading};
use std::time::Duration;

fn name(text: &str) -> Name<Vec<u8>> {
    Name::vec_from_str(text).expect("well-formed")
}

fn question() -> (Question, domain::base::Message<Vec<u8>>) {
    let question = Question::new("app.test", Family::V4, true).expect("well-formed");
    let message = domain::base::Message::from_octets(question.as_bytes().to_vec()).expect("well-formed");
    (question, message)
}

const LONG: Ttl = Ttl::from_secs(600);

#[test]
fn only_an_answer_to_the_very_question_counts() {
    let (question, asked) = question();
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.push((name("app.test"), LONG, A::from_octets(192, 0, 2, 1))).unwrap();
    let answer = answer.into_message().into_octets();
    let good = Reading::Addresses(vec!["192.0.2.1".parse().unwrap()], Duration::from_secs(600));
    assert_eq!(question.read(&answer), Some(good));
    let mut other_number = answer.clone();
    other_number[0] ^= 1;
    assert_eq!(question.read(&other_number), None);
    let mut no_answer = answer.clone();
    no_answer[2] &= 0x7f;
    assert_eq!(question.read(&no_answer), None);
    let mut other_name = answer.clone();
    other_name[13] = b'b';
    assert_eq!(question.read(&other_name), None);
    for end in 0..answer.len() {
        let read = question.read(&answer[..end]);
        assert!(read.is_none(), "{end} bytes: {read:?}");
    }
}

#[test]
fn addresses_of_other_names_are_not_taken() {
    let (question, asked) = question();
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.push((name("evil.test"), LONG, A::from_octets(192, 0, 2, 66))).unwrap();
    assert_eq!(question.read(answer.into_message().as_slice()), Some(Reading::NoAddress(None)));
}

#[test]
fn an_alias_without_its_end_names_where_to_ask_on() {
    let (question, asked) = question();
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.push((name("app.test"), Ttl::from_secs(5), Cname::new(name("a.example")))).unwrap();
    answer.push((name("a.example"), LONG, Cname::new(name("b.example")))).unwrap();
    let read = question.read(answer.into_message().as_slice());
    assert_eq!(read, Some(Reading::Alias("b.example".to_owned(), Duration::from_secs(5))));
}

#[test]
fn absence_holds_for_the_lesser_of_the_two_times_that_the_zone_names() {
    let (question, asked) = question();
    let zero = Ttl::from_secs(0);
    let soa = Soa::new(name("ns.test"), name("admin.test"), 1.into(), zero, zero, zero, Ttl::from_secs(30));
    for (code, ttl, wanted) in [
        (Rcode::NXDOMAIN, 20, Reading::NoSuchName(Some(Duration::from_secs(20)))),
        (Rcode::NXDOMAIN, 90, Reading::NoSuchName(Some(Duration::from_secs(30)))),
        (Rcode::NOERROR, 90, Reading::NoAddress(Some(Duration::from_secs(30)))),
    ] {
        let answer = MessageBuilder::new_vec().start_answer(&asked, code).unwrap();
        let mut authority = answer.authority();
        authority.push((name("test"), Ttl::from_secs(ttl), soa.clone())).unwrap();
        assert_eq!(question.read(authority.into_message().as_slice()), Some(wanted));
    }
}

#[test]
fn a_lifetime_with_its_highest_bit_set_is_none() {
    let (question, asked) = question();
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.push((name("app.test"), Ttl::from_secs(1 << 31), A::from_octets(192, 0, 2, 1))).unwrap();
    let read = question.read(answer.into_message().as_slice());
    assert_eq!(read, Some(Reading::Addresses(vec!["192.0.2.1".parse().unwrap()], Duration::ZERO)));
}

#[test]
fn refusals_and_cut_answers_are_told_as_such() {
    let (question, asked) = question();
    for (code, wanted) in [(Rcode::SERVFAIL, 2), (Rcode::REFUSED, 5)] {
        let answer = MessageBuilder::new_vec().start_answer(&asked, code).unwrap();
        assert_eq!(question.read(answer.into_message().as_slice()), Some(Reading::Failed(wanted)));
    }
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.header_mut().set_tc(true);
    assert_eq!(question.read(answer.into_message().as_slice()), Some(Reading::Truncated));
}
