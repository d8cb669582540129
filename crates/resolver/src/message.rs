//! Questions as they are written and answers as they are read (RFC 1035 §4, RFC 2308 §2): bytes in, meaning out. No
//! sockets, no clock.

use domain::base::iana::{Class, Rcode};
use domain::base::{Message, MessageBuilder, Name, ParsedName, Rtype, Ttl};
use domain::rdata::{A, Aaaa, Cname, Soa};
use std::net::IpAddr;
use std::time::Duration;

/// Largest answer by UDP that we say we take: it fits every path unfragmented.
const UDP_BYTES_MAX: u16 = 1232;
/// Links of a chain of aliases within one answer.
const CHAIN_MAX: usize = 16;
/// Addresses taken from one answer.
const ADDRESSES_MAX: usize = 64;

/// The kind of address asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

/// What a name server said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// These, for so long: the shortest lifetime along the chain.
    Addresses(Vec<IpAddr>, Duration),
    /// The name is an alias of one that the answer says nothing about.
    Alias(String, Duration),
    /// No such name; how long that holds, if the answer says so.
    NoSuchName(Option<Duration>),
    /// The name exists and has no such address; how long that holds, if the answer says so.
    NoAddress(Option<Duration>),
    /// The answer did not fit: ask over TCP.
    Truncated,
    /// The name server could not or would not.
    Failed(u8),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    message: Message<Vec<u8>>,
    name: Name<Vec<u8>>,
    family: Family,
}

impl Question {
    /// With a random number; with or without the extension that allows long answers, which a few old servers refuse.
    /// `None` where the text cannot be a name.
    pub fn new(name: &str, family: Family, extended: bool) -> Option<Question> {
        let name = Name::vec_from_str(name).ok()?;
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_random_id();
        builder.header_mut().set_rd(true);
        let mut question = builder.question();
        question.push((&name, family.rtype())).ok()?;
        let mut additional = question.additional();
        if extended {
            additional
                .opt(|opt| {
                    opt.set_udp_payload_size(UDP_BYTES_MAX);
                    Ok(())
                })
                .ok()?;
        }
        Some(Question { message: additional.into_message(), name, family })
    }

    /// As it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.message.as_slice()
    }

    /// What an answer says. `None`: it is not an answer to this question, or cannot be read.
    pub fn read(&self, answer: &[u8]) -> Option<Reading> {
        let answer = Message::from_slice(answer).ok()?;
        if !answer.is_answer(&self.message.for_slice_ref()) {
            return None;
        }
        if answer.header().tc() {
            return Some(Reading::Truncated);
        }
        match answer.header().rcode() {
            Rcode::NOERROR => self.read_records(answer),
            Rcode::NXDOMAIN => Some(Reading::NoSuchName(absence_lifetime(answer))),
            rcode => Some(Reading::Failed(rcode.to_int())),
        }
    }

    fn read_records(&self, answer: &Message<[u8]>) -> Option<Reading> {
        let mut owner: Option<ParsedName<&[u8]>> = None;
        let mut lifetime = Duration::MAX;
        for _ in 0..CHAIN_MAX {
            let mut addresses = Vec::new();
            let mut next = None;
            for record in answer.answer().ok()? {
                let record = record.ok()?;
                let ours = owner.as_ref().map_or(record.owner() == self.name, |name| record.owner() == *name);
                if record.class() != Class::IN || !ours {
                    continue;
                }
                let ttl = duration(record.ttl());
                if let Ok(Some(alias)) = record.to_record::<Cname<_>>() {
                    lifetime = lifetime.min(ttl);
                    next.get_or_insert(alias.into_data().into_cname());
                } else if let Some(address) = self.address(&record)
                    && addresses.len() < ADDRESSES_MAX
                    && !addresses.contains(&address)
                {
                    lifetime = lifetime.min(ttl);
                    addresses.push(address);
                }
            }
            if !addresses.is_empty() {
                return Some(Reading::Addresses(addresses, lifetime));
            }
            match next {
                Some(alias) => owner = Some(alias),
                None => return Some(self.nothing(answer, owner, lifetime)),
            }
        }
        None
    }

    fn nothing(
        &self,
        answer: &Message<[u8]>,
        owner: Option<ParsedName<&[u8]>>,
        lifetime: Duration,
    ) -> Reading {
        let absence = absence_lifetime(answer);
        let alias = owner.filter(|_| absence.is_none()).map(|alias| alias.to_string());
        match alias {
            // The root and what no question can hold have no address.
            Some(alias) if Question::new(&alias, self.family, false).is_some() => {
                Reading::Alias(alias, lifetime)
            }
            _ => Reading::NoAddress(absence.map(|absence| absence.min(lifetime))),
        }
    }

    fn address(&self, record: &domain::base::ParsedRecord<'_, [u8]>) -> Option<IpAddr> {
        match self.family {
            Family::V4 => record.to_record::<A>().ok()?.map(|record| IpAddr::V4(record.into_data().addr())),
            Family::V6 => {
                record.to_record::<Aaaa>().ok()?.map(|record| IpAddr::V6(record.into_data().addr()))
            }
        }
    }
}

impl Family {
    fn rtype(self) -> Rtype {
        match self {
            Family::V4 => Rtype::A,
            Family::V6 => Rtype::AAAA,
        }
    }
}

/// For how long "no" holds: the lesser of the SOA record's own lifetime and its MINIMUM (RFC 2308 §5).
fn absence_lifetime(answer: &Message<[u8]>) -> Option<Duration> {
    let soa = answer.authority().ok()?.limit_to_in::<Soa<_>>().next()?.ok()?;
    Some(duration(soa.ttl()).min(duration(soa.data().minimum())))
}

/// A lifetime with its highest bit set is none (RFC 2181 §8).
fn duration(ttl: Ttl) -> Duration {
    let seconds = ttl.as_secs();
    Duration::from_secs(if seconds > i32::MAX as u32 { 0 } else { u64::from(seconds) })
}
