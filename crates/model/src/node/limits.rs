//! `[limits]`: how large requests may be and how slow clients, and how much memory is left to others.

use crate::Bounds;
use crate::section::Section;
use std::time::Duration;
use toml::de::DeValue;

/// The keys of `[limits]`, for hints.
pub(super) const KEYS: &[&str] = &[
    "head_max",
    "target_max",
    "fields_max",
    "chunk_line_max",
    "trailer_max",
    "head_timeout",
    "body_timeout",
    "write_timeout",
    "keep_alive_timeout",
    "connections_max",
    "client_rate_min",
    "tunnel_timeout",
    "memory_reserve",
];

const fn millis(default: u64, least: u64, most: u64) -> Bounds<Duration> {
    Bounds::new(Duration::from_millis(default), Duration::from_millis(least), Duration::from_millis(most))
}

const HEAD_MAX: Bounds<u64> = Bounds::new(32 << 10, 1 << 10, 64 << 10);
const TARGET_MAX: Bounds<u64> = Bounds::new(8 << 10, 256, 64 << 10);
const FIELDS_MAX: Bounds<u64> = Bounds::new(100, 8, 256);
const CHUNK_LINE_MAX: Bounds<u64> = Bounds::new(256, 32, 4 << 10);
const TRAILER_MAX: Bounds<u64> = Bounds::new(8 << 10, 256, 64 << 10);
const HEAD_TIMEOUT: Bounds<Duration> = millis(10_000, 100, 120_000);
const BODY_TIMEOUT: Bounds<Duration> = millis(30_000, 100, 600_000);
const WRITE_TIMEOUT: Bounds<Duration> = millis(30_000, 100, 600_000);
const KEEP_ALIVE_TIMEOUT: Bounds<Duration> = millis(75_000, 100, 3_600_000);
const CONNECTIONS_MAX: Bounds<u64> = Bounds::new(100_000, 16, 4_194_304);
const CLIENT_RATE_MIN: Bounds<u64> = Bounds::new(200, 0, 1 << 20);
const TUNNEL_TIMEOUT: Bounds<Duration> = millis(3_600_000, 1_000, 86_400_000);
const MEMORY_RESERVE_SHARE: Bounds<u64> = Bounds::new(5, 0, 50);
const MEMORY_RESERVE: Bounds<u64> = Bounds::new(0, 0, 1 << 40);

/// How much memory is to stay available; below, new work is answered 503.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum MemoryReserve {
    /// 5 %, at most 512 MiB. The default.
    #[default]
    Usual,
    /// Of all memory, in percent. 0 (never) to 50.
    Share(u8),
    /// In bytes. 0 (never) to 1 TiB.
    Bytes(u64),
}

/// The limits of one node.
///
/// # Reconfigure
/// They hold from the next start.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct LimitsSection {
    /// `head_max`: bytes of a request head. Default 32 KiB; 1 KiB to 64 KiB. Beyond: 431.
    pub head_bytes_max: usize,
    /// `target_max`: bytes of a request target. Default 8 KiB; 256 B to 64 KiB. Beyond: 414.
    pub target_bytes_max: usize,
    /// Field lines of a request. Default 100; 8 to 256. Beyond: 431.
    pub fields_max: usize,
    /// `chunk_line_max`: bytes of a chunk's size line. Default 256 B; 32 B to 4 KiB. Beyond: 400.
    pub chunk_line_bytes_max: usize,
    /// `trailer_max`: bytes of a trailer section. Default 8 KiB; 256 B to 64 KiB. Beyond: 431.
    pub trailer_bytes_max: usize,
    /// Longest time from a request's first byte to the end of its head. Default 10 s; 100 ms to 2 min.
    pub head_timeout: Duration,
    /// Longest silence within a request's content. Default 30 s; 100 ms to 10 min.
    pub body_timeout: Duration,
    /// Longest time in which a client takes nothing of an answer. Default 30 s; 100 ms to 10 min.
    pub write_timeout: Duration,
    /// How long an idle connection is kept. Default 75 s; 100 ms to 1 h.
    pub keep_alive_timeout: Duration,
    /// Most connections of clients to the node. Default 100000; 16 to 4194304. Beyond, new ones are closed
    /// at once.
    pub connections_max: u32,
    /// `client_rate_min`: bytes a second below which a client that takes an answer is given up. Default 200 B;
    /// 0 B (never) to 1 MiB.
    pub client_rate_bytes_min: u64,
    /// How long nothing may move in an upgraded connection. Default 1 h; 1 s to 1 d.
    pub tunnel_timeout: Duration,
    /// `memory_reserve`: memory of the host, or of the control group, below which new work is answered 503.
    pub memory_reserve: MemoryReserve,
}

pub(super) fn read(node: &Section<'_>) -> LimitsSection {
    let Some(section) = node.section("limits", "`limits` of the node") else {
        return LimitsSection::default();
    };
    let size = |key, bounds| section.size(key, bounds) as usize;
    let limits = LimitsSection {
        head_bytes_max: size("head_max", HEAD_MAX),
        target_bytes_max: size("target_max", TARGET_MAX),
        fields_max: section.count("fields_max", FIELDS_MAX) as usize,
        chunk_line_bytes_max: size("chunk_line_max", CHUNK_LINE_MAX),
        trailer_bytes_max: size("trailer_max", TRAILER_MAX),
        head_timeout: section.duration("head_timeout", HEAD_TIMEOUT),
        body_timeout: section.duration("body_timeout", BODY_TIMEOUT),
        write_timeout: section.duration("write_timeout", WRITE_TIMEOUT),
        keep_alive_timeout: section.duration("keep_alive_timeout", KEEP_ALIVE_TIMEOUT),
        connections_max: section.count("connections_max", CONNECTIONS_MAX) as u32,
        client_rate_bytes_min: section.size("client_rate_min", CLIENT_RATE_MIN),
        tunnel_timeout: section.duration("tunnel_timeout", TUNNEL_TIMEOUT),
        memory_reserve: read_memory_reserve(&section),
    };
    section.finish(&[("[clients]", super::clients::KEYS)]);
    limits
}

/// A size, or a share of what there is.
fn read_memory_reserve(section: &Section<'_>) -> MemoryReserve {
    const KEY: &str = "memory_reserve";
    match section.value(KEY).map(|value| value.get_ref()) {
        None => MemoryReserve::Usual,
        Some(DeValue::String(text)) if text.ends_with('%') => section
            .percent(KEY, MEMORY_RESERVE_SHARE)
            .map_or(MemoryReserve::Usual, |share| MemoryReserve::Share(share.value as u8)),
        Some(_) => MemoryReserve::Bytes(section.size(KEY, MEMORY_RESERVE)),
    }
}

impl Default for LimitsSection {
    fn default() -> LimitsSection {
        LimitsSection {
            head_bytes_max: HEAD_MAX.default as usize,
            target_bytes_max: TARGET_MAX.default as usize,
            fields_max: FIELDS_MAX.default as usize,
            chunk_line_bytes_max: CHUNK_LINE_MAX.default as usize,
            trailer_bytes_max: TRAILER_MAX.default as usize,
            head_timeout: HEAD_TIMEOUT.default,
            body_timeout: BODY_TIMEOUT.default,
            write_timeout: WRITE_TIMEOUT.default,
            keep_alive_timeout: KEEP_ALIVE_TIMEOUT.default,
            connections_max: CONNECTIONS_MAX.default as u32,
            client_rate_bytes_min: CLIENT_RATE_MIN.default,
            tunnel_timeout: TUNNEL_TIMEOUT.default,
            memory_reserve: MemoryReserve::Usual,
        }
    }
}
