//! Digests as comma-separated values (RFC 4180), a line of names first.

use super::{CACHE_RESULTS, Digest, DigestFile, HASHED_HEADERS, METHODS, flags};
use crate::access::write_time;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Writes all records as CSV. Hashes are hexadecimal; what is not known is empty.
///
/// # Errors
/// What the target says.
pub fn write_csv(file: &DigestFile<'_>, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "time,site,behavior,method,protocol,status,cache,key,length,sent_bytes,duration_us,first_byte_us,\
         origin_us,round_trip_us,ttl,network,country,host,path,section,query,extension,flags"
    )?;
    for name in HASHED_HEADERS {
        write!(out, ",{}", name.replace('-', "_"))?;
    }
    out.write_all(b"\r\n")?;
    for record in file.records() {
        line(file, &record, out)?;
    }
    Ok(())
}

fn line(file: &DigestFile<'_>, record: &Digest, out: &mut impl Write) -> io::Result<()> {
    let mut time = Vec::with_capacity(24);
    write_time(record.time_millis, &mut time);
    out.write_all(&time)?;
    for text in [file.text(record.site), file.text(record.behavior)] {
        write!(out, ",{}", quoted(text))?;
    }
    let name = |list: &[&'static str], number: u8| list.get(usize::from(number)).copied().unwrap_or("other");
    let (major, minor) = (record.protocol / 10, record.protocol % 10);
    write!(out, ",{},", name(&METHODS, record.method))?;
    if record.protocol != 0 {
        write!(out, "{major}.{minor}")?;
    }
    write!(out, ",{},{},{:016x}", record.status, name(&CACHE_RESULTS, record.cache), record.key)?;
    write!(out, ",{},{}", record.length, record.sent_bytes)?;
    write!(out, ",{},{}", record.duration_micros, record.first_byte_micros)?;
    for known in
        [record.origin_micros, record.round_trip_micros].map(|micros| (micros != 0).then_some(micros))
    {
        write!(out, ",{}", known.map_or_else(String::new, |micros| micros.to_string()))?;
    }
    write!(out, ",{}", if record.ttl == i32::MIN { String::new() } else { record.ttl.to_string() })?;
    write!(out, ",{},{}", network(record), plain(&record.country))?;
    for hash in [record.host, record.path] {
        write!(out, ",{}", if hash == 0 { String::new() } else { format!("{hash:016x}") })?;
    }
    for hash in [record.section, record.query] {
        write!(out, ",{}", short(hash))?;
    }
    let true_of: Vec<&str> = (flags::NAMES.iter().enumerate())
        .filter(|(bit, _)| record.flags & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect();
    write!(out, ",{},{}", plain(&record.extension), true_of.join(" "))?;
    for hash in record.headers {
        write!(out, ",{}", short(hash))?;
    }
    out.write_all(b"\r\n")
}

fn short(hash: u32) -> String {
    if hash == 0 { String::new() } else { format!("{hash:08x}") }
}

fn network(record: &Digest) -> String {
    let [a, b, c, d, e, f] = record.network;
    match record.family {
        4 => format!("{}/24", Ipv4Addr::new(a, b, c, 0)),
        6 => {
            let pair = |high, low| u16::from_be_bytes([high, low]);
            format!("{}/48", Ipv6Addr::new(pair(a, b), pair(c, d), pair(e, f), 0, 0, 0, 0, 0))
        }
        _ => String::new(),
    }
}

/// Letters and digits up to the first zero; a damaged file brings nothing else in.
fn plain(padded: &[u8]) -> String {
    padded.iter().take_while(|b| b.is_ascii_alphanumeric()).map(|&b| char::from(b)).collect()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
