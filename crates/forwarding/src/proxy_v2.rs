//! The PROXY protocol's binary form (§2.2). Of what a proxy may say beside the addresses, two things are used: whether
//! the client spoke TLS with it, and the checksum. The rest only has to be well-formed.

use crate::proxy::{HEADER_BYTES_MAX, Header, Proxied, ProxyMistake};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How version 2 begins.
pub(crate) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and protocol, length.
const FIXED_BYTES: usize = 16;

const COMMAND_LOCAL: u8 = 0;
const COMMAND_PROXY: u8 = 1;

const TLV_CRC32C: u8 = 0x03;
const TLV_SSL: u8 = 0x20;
/// In `PP2_TYPE_SSL`: "the client connected over SSL/TLS".
const CLIENT_SSL: u8 = 0x01;
/// The client's flags and the verification result.
const SSL_BYTES_MIN: usize = 5;

/// Reads the header that `bytes`, which begin as the signature does, begin with.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Header>, ProxyMistake> {
    // Said early: nobody should send on for the sake of a version that is not read.
    if bytes.get(12).is_some_and(|byte| byte >> 4 != 2 || byte & 0xf > COMMAND_PROXY) {
        return Err(ProxyMistake::Malformed);
    }
    let Some(fixed) = bytes.get(..FIXED_BYTES) else { return Ok(None) };
    let len = FIXED_BYTES + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if len > HEADER_BYTES_MAX {
        return Err(ProxyMistake::TooLong);
    }
    let Some(header) = bytes.get(..len) else { return Ok(None) };
    let behind = &header[FIXED_BYTES..];
    if fixed[12] & 0xf == COMMAND_LOCAL {
        return Ok(Some(Header { len, proxied: Proxied::Local }));
    }
    let (source, addresses) = match (fixed[13] >> 4, fixed[13] & 0xf) {
        // Unspecified: whatever follows has no known form.
        (0, _) | (_, 0) => return Ok(Some(Header { len, proxied: Proxied::Local })),
        (1, kind @ 1..=2) => (inet(behind).filter(|_| kind == 1), 12),
        (2, kind @ 1..=2) => (inet6(behind).filter(|_| kind == 1), 36),
        (3, 1..=2) => (None, 216),
        _ => return Err(ProxyMistake::Malformed),
    };
    let tlvs = behind.get(addresses..).ok_or(ProxyMistake::Malformed)?;
    let said = read_tlvs(header, FIXED_BYTES + addresses, tlvs)?;
    let proxied = match source {
        Some(source) => Proxied::Client { source, tls: said },
        // Datagrams and Unix sockets: no client of ours has such an address.
        None => Proxied::Local,
    };
    Ok(Some(Header { len, proxied }))
}

fn inet(bytes: &[u8]) -> Option<SocketAddr> {
    let address: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let port = bytes.get(8..10)?;
    Some((Ipv4Addr::from(address), u16::from_be_bytes([port[0], port[1]])).into())
}

fn inet6(bytes: &[u8]) -> Option<SocketAddr> {
    let address: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
    let port = bytes.get(32..34)?;
    let address = IpAddr::V6(Ipv6Addr::from(address)).to_canonical();
    Some((address, u16::from_be_bytes([port[0], port[1]])).into())
}

/// Walks through the type-length-values that end `header`, from `at` on. Says whether the client spoke TLS.
fn read_tlvs(header: &[u8], mut at: usize, mut tlvs: &[u8]) -> Result<Option<bool>, ProxyMistake> {
    let mut tls = None;
    while !tlvs.is_empty() {
        let [kind, high, low, rest @ ..] = tlvs else { return Err(ProxyMistake::Malformed) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let value = rest.get(..length).ok_or(ProxyMistake::Malformed)?;
        match *kind {
            TLV_CRC32C => {
                let sum: [u8; 4] = value.try_into().map_err(|_| ProxyMistake::Malformed)?;
                if crc32c(header, at + 3) != u32::from_be_bytes(sum) {
                    return Err(ProxyMistake::Checksum);
                }
            }
            TLV_SSL if value.len() < SSL_BYTES_MIN => return Err(ProxyMistake::Malformed),
            TLV_SSL => tls = Some(value[0] & CLIENT_SSL != 0),
            _ => {}
        }
        tlvs = &rest[length..];
        at += 3 + length;
    }
    Ok(tls)
}

/// CRC-32C of the header, its own four bytes at `hole` taken for zeros. Bit by bit: once for each connection.
fn crc32c(header: &[u8], hole: usize) -> u32 {
    let mut sum = u32::MAX;
    for (at, byte) in header.iter().enumerate() {
        let byte = if (hole..hole + 4).contains(&at) { 0 } else { *byte };
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::parse_header;

    const INET: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xc7, 0x38, 0x01, 0xbb];

    fn header(command: u8, family: u8, behind: &[u8]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend([0x20 | command, family]);
        out.extend((behind.len() as u16).to_be_bytes());
        out.extend(behind);
        out
    }

    fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
        [&[kind][..], &(value.len() as u16).to_be_bytes(), value].concat()
    }

    fn client(source: &str, tls: Option<bool>) -> Proxied {
        Proxied::Client { source: source.parse().unwrap(), tls }
    }

    fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        let hole = bytes.len() - 4;
        let sum = crc32c(&bytes, hole);
        bytes[hole..].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    #[test]
    fn binary_headers_are_read_to_their_end() {
        let mut inet6 = "2001:db8::7".parse::<Ipv6Addr>().unwrap().octets().to_vec();
        inet6.extend([0; 16]);
        inet6.extend([0xc7, 0x38, 0x01, 0xbb]);
        let spoke_tls = [INET, &tlv(TLV_SSL, &[1, 0, 0, 0, 0])].concat();
        let spoke_none = [INET, &tlv(0x02, b"shop.example"), &tlv(TLV_SSL, &[0, 0, 0, 0, 1])].concat();
        let summed = with_checksum(header(1, 0x11, &[INET, &tlv(TLV_CRC32C, &[0; 4])].concat()));
        for (bytes, proxied) in [
            (header(1, 0x11, INET), client("192.0.2.7:51000", None)),
            (header(1, 0x21, &inet6), client("[2001:db8::7]:51000", None)),
            (header(1, 0x11, &spoke_tls), client("192.0.2.7:51000", Some(true))),
            (header(1, 0x11, &spoke_none), client("192.0.2.7:51000", Some(false))),
            (summed, client("192.0.2.7:51000", None)),
            (header(0, 0x00, b""), Proxied::Local),
            (header(0, 0x11, INET), Proxied::Local),
            (header(1, 0x00, b"anything"), Proxied::Local),
            (header(1, 0x12, INET), Proxied::Local),
            (header(1, 0x31, &[0; 216]), Proxied::Local),
        ] {
            let expected = Ok(Some(Header { len: bytes.len(), proxied }));
            assert_eq!(parse_header(&bytes), expected, "{bytes:02x?}");
            assert_eq!(parse_header(&[&bytes[..], b"GET /"].concat()), expected);
            for cut in 0..bytes.len() {
                assert_eq!(parse_header(&bytes[..cut]), Ok(None), "{bytes:02x?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_binary_header_is_refused_by_name() {
        let mut version_1 = header(1, 0x11, INET);
        version_1[12] = 0x11;
        let mut wrong_sum = with_checksum(header(1, 0x11, &[INET, &tlv(TLV_CRC32C, &[0; 4])].concat()));
        wrong_sum[20] ^= 1;
        let tail = |tail: &[u8]| header(1, 0x11, &[INET, tail].concat());
        for (bytes, mistake) in [
            (b"\r\n\r\n\0\r\nQUIX".to_vec(), ProxyMistake::Missing),
            (version_1, ProxyMistake::Malformed),
            (header(2, 0x11, INET), ProxyMistake::Malformed),
            (header(1, 0x41, INET), ProxyMistake::Malformed),
            (header(1, 0x13, INET), ProxyMistake::Malformed),
            (header(1, 0x11, &INET[..11]), ProxyMistake::Malformed),
            (header(1, 0x21, INET), ProxyMistake::Malformed),
            (header(1, 0x31, INET), ProxyMistake::Malformed),
            (tail(&[4]), ProxyMistake::Malformed),
            (tail(&[4, 0]), ProxyMistake::Malformed),
            (tail(&[4, 0, 2, 0]), ProxyMistake::Malformed),
            (tail(&tlv(TLV_SSL, &[1])), ProxyMistake::Malformed),
            (tail(&tlv(TLV_CRC32C, &[1])), ProxyMistake::Malformed),
            (wrong_sum, ProxyMistake::Checksum),
            (header(1, 0x11, &vec![0; HEADER_BYTES_MAX]), ProxyMistake::TooLong),
        ] {
            assert_eq!(parse_header(&bytes), Err(mistake), "{bytes:02x?}");
        }
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720 §B.4.
        assert_eq!(crc32c(&[0; 32], 100), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32], 100), 0x62a8_ab43);
    }
}
