//! What we accept, others must read as the same messages: each accepted input goes byte for byte to Node (llhttp),
//! Go (net/http) and nginx, and their readings are laid beside ours.
//!
//! A peer may refuse what we take; that is counted. A peer that takes it and reads anything else (another method,
//! target, host, body, other fields, more messages or fewer) would let a request be smuggled past one of the two,
//! and fails the test. Behind each input follows a last request that closes, so that a message boundary elsewhere
//! shows itself.
//!
//! `LITTORAL_SOAK=1` sends a hundred times as many; `LITTORAL_SEED=N` sends others.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use littoral_h1::{Limits, TargetForm, Version, is_forbidden_trailer};

use crate::drive::{Message, read};
use crate::peers::{Answer, Peer, PeerMessage};
use crate::{acceptance, refusals};

const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: last.example\r\nConnection: close\r\n\r\n";

const CHUNKED_POST: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn what_we_accept_other_parsers_read_as_the_same_messages() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let peers = [Peer::node(directory.path()), Peer::go(directory.path()), Peer::nginx(directory.path())];
    let wanted = if std::env::var_os("LITTORAL_SOAK").is_some() { 300_000 } else { 3_000 };
    let mut tally = Tally::default();
    let tables = acceptance::rows().into_iter().map(|row| row.1);
    let bodies = corpus("h1_body").into_iter().map(|body| [CHUNKED_POST, &body].concat());
    for input in tables.chain(corpus("h1_request_head")).chain(bodies) {
        compare(&peers, &input, &mut tally);
    }
    let seed = std::env::var("LITTORAL_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut generator = Generator::new(seed.unwrap_or(9112));
    for input in std::iter::from_fn(|| Some(generator.input())) {
        if tally.inputs >= wanted || tally.differences.len() > 20 {
            break;
        }
        compare(&peers, &input, &mut tally);
    }
    println!("{} inputs; agreed {:?}; refused {:?}", tally.inputs, tally.agreed, tally.refused);
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    for peer in &peers {
        assert!(
            tally.agreed[peer.name] > tally.inputs / 2,
            "{} agreed with too few to mean anything",
            peer.name
        );
    }
}

/// What came of it, for the record.
#[derive(Default, Debug)]
struct Tally {
    /// Inputs sent, each to every peer.
    inputs: usize,
    /// Messages that a peer read as we do.
    agreed: BTreeMap<&'static str, usize>,
    /// Inputs that a peer refused some of.
    refused: BTreeMap<&'static str, BTreeMap<u16, usize>>,
    /// Messages that a peer reads otherwise.
    differences: Vec<String>,
}

/// Sends what we accept of `input` to all peers, and the last request behind it.
fn compare(peers: &[Peer], input: &[u8], tally: &mut Tally) {
    let accepted = &input[..read([input], &Limits::default()).taken];
    if accepted.is_empty() {
        return;
    }
    let sent = [accepted, LAST].concat();
    let ours = read([&sent[..]], &Limits::default());
    tally.inputs += 1;
    for peer in peers {
        if let Err(difference) = compare_with(peer, &sent, &ours.messages, tally) {
            let lines: Vec<_> = ours.messages.iter().map(Message::line).collect();
            let sent = sent.escape_ascii();
            tally.differences.push(format!("{}: {difference}\n  sent {sent}\n  ours {lines:?}", peer.name));
        }
    }
}

fn compare_with(peer: &Peer, sent: &[u8], ours: &[Message], tally: &mut Tally) -> Result<(), String> {
    let theirs = peer.ask(sent);
    for (message, answer) in ours.iter().zip(&theirs.answers) {
        match answer {
            Answer::Refused(status) => {
                *tally.refused.entry(peer.name).or_default().entry(*status).or_default() += 1;
                return Ok(());
            }
            Answer::Silent => {}
            Answer::Read(reading) => same(peer.name, message, reading)?,
        }
        *tally.agreed.entry(peer.name).or_default() += 1;
        if may_end_at(peer.name, message) && !theirs.hung {
            return Ok(());
        }
    }
    let read = theirs.answers.len();
    let we_close = ours.iter().any(|message| !message.keep_alive && message.target != b"/last");
    match read.cmp(&ours.len()) {
        // Node takes trailers that govern for fields that do when an upgrade was asked for, and never answers. Ours
        // are dropped before anybody behind us sees them.
        Ordering::Less if peer.name == "node" && may_end_at("node", &ours[read]) => Ok(()),
        Ordering::Less if theirs.hung => Err(format!("it waits for more after {read} messages")),
        Ordering::Less => Err(format!("it closed after {read} messages")),
        // A peer may hold on to a connection that we close: nothing of ours reaches it any more.
        Ordering::Greater if !we_close => Err(format!("one more message, {:?}", theirs.answers.last())),
        _ => Ok(()),
    }
}

/// Where a peer may end a connection that we keep: nobody can be made to read what was not meant for them by that.
fn may_end_at(peer: &str, message: &Message) -> bool {
    match peer {
        // Behind a request for an upgrade Node takes the bytes for another protocol's, and closes.
        "node" => has(message, "upgrade", "") && has(message, "connection", "upgrade"),
        // nginx closes at `close` anywhere in the value, within a longer word too.
        "nginx" => has(message, "connection", "close"),
        // Go looks for `keep-alive` in the first `Connection` line alone.
        "go" => message.version == Version::Http10,
        _ => false,
    }
}

/// Whether a field with this name holds `part` in its value.
fn has(message: &Message, name: &str, part: &str) -> bool {
    let holds = |value: &[u8]| String::from_utf8_lossy(value).to_ascii_lowercase().contains(part);
    message.fields.iter().any(|(n, value)| n.eq_ignore_ascii_case(name.as_bytes()) && holds(value))
}

/// Whether a peer's reading of a message is ours, by what each peer can tell.
fn same(peer: &str, ours: &Message, theirs: &PeerMessage) -> Result<(), String> {
    let differs = |what: &str, ours: &[u8], theirs: &[u8]| {
        Err(format!("{what} is {} for us, {} for it", ours.escape_ascii(), theirs.escape_ascii()))
    };
    if ours.body != theirs.body {
        return differs("body", &ours.body, &theirs.body);
    }
    if peer == "nginx" {
        return same_as_nginx(ours, theirs);
    }
    if ours.method != theirs.method {
        return differs("method", &ours.method, &theirs.method);
    }
    if ours.target != theirs.target {
        return differs("target", &ours.target, &theirs.target);
    }
    if let Some(host) = &theirs.host
        && *host != ours.host
    {
        return differs("host", &ours.host, host);
    }
    let fields = (comparable(peer, &ours.fields), comparable(peer, &theirs.fields));
    if fields.0 != fields.1 {
        return Err(format!("fields are {:?} for us, {:?} for it", fields.0, fields.1));
    }
    // Go shows only trailers that were announced.
    let theirs: Vec<_> =
        theirs.trailers.iter().filter(|(name, _)| !is_forbidden_trailer(name)).cloned().collect();
    if peer == "node" && ours.trailers != theirs {
        return Err(format!("trailers are {:?} for us, {theirs:?} for it", ours.trailers));
    }
    Ok(())
}

/// Field lines as a peer shows them: Node all and in order; Go sorted here, without those that it takes away or makes
/// up.
fn comparable(peer: &str, fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<(String, String)> {
    let made_up =
        ["host", "transfer-encoding", "trailer", "cache-control", "pragma", "connection", "content-length"];
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let mut lines: Vec<_> =
        fields.iter().map(|(name, value)| (text(name).to_ascii_lowercase(), text(value))).collect();
    if peer == "go" {
        lines.retain(|(name, _)| !made_up.contains(&name.as_str()));
        lines.sort();
    }
    lines
}

/// nginx tells the method, the target without the authority, the host in small letters, and the body through Node.
fn same_as_nginx(ours: &Message, theirs: &PeerMessage) -> Result<(), String> {
    let field = |name: &[u8]| {
        theirs.fields.iter().find(|line| line.0.eq_ignore_ascii_case(name)).map_or(&b""[..], |line| &line.1)
    };
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let host = ours.host_name.to_ascii_lowercase();
    let host = host.strip_suffix(b".").unwrap_or(&host);
    let target = match ours.form {
        TargetForm::Absolute { path_and_query, .. } => {
            &ours.target[ours.target.len() - path_and_query.range().len()..]
        }
        _ => &ours.target[..],
    };
    let target = if target.is_empty() { b"/" } else { target };
    let same_host = host == field(b"x-host") || (host.is_empty() && field(b"x-host") == b"_");
    if ours.method != field(b"x-method") || target != field(b"x-target") || !same_host {
        let theirs = [&b"x-method"[..], b"x-target", b"x-host"].map(|name| text(field(name)));
        return Err(format!(
            "{} {} {} for us, {theirs:?} for it",
            text(&ours.method),
            text(target),
            text(host)
        ));
    }
    Ok(())
}

/// The saved fuzz inputs of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut inputs: Vec<_> = entries.flatten().filter_map(|entry| std::fs::read(entry.path()).ok()).collect();
    inputs.sort();
    inputs
}

/// Makes inputs that lie close to the edges of what is valid: rows of both tables, changed in a few places. The same
/// seed gives the same inputs.
struct Generator {
    state: u64,
    seeds: Vec<Vec<u8>>,
}

/// Pieces that message boundaries turn on.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"0",
    b"5",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"\0",
    b"\x0b",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Host: h\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"A: b\r\n",
    b";a=b",
    b"\"",
    b"\\",
    b"#",
    b"?",
    b"//",
    b"@",
    b"http://h",
    b"*",
    b"%00",
    b"\xff",
    b"chunked",
    b"identity",
    b"x",
    b"00",
    b"a: \r\n",
    b"Keep-Alive: timeout=5\r\n",
    b"Proxy-Connection: close\r\n",
    b"Trailer: A\r\n",
    b"TE: trailers\r\n",
];

impl Generator {
    fn new(seed: u64) -> Generator {
        let accepted = acceptance::rows().into_iter().map(|row| row.1);
        let refused = refusals::rows().into_iter().map(|row| row.1);
        let seeds = accepted.chain(refused).filter(|input| input.len() < 1000).collect();
        Generator { state: seed, seeds }
    }

    /// SplitMix64.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    fn input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        if self.below(4) == 0 {
            input.extend(self.seed());
        }
        for _ in 0..=self.below(3) {
            self.change(&mut input);
        }
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let nth = self.below(self.seeds.len());
        self.seeds[nth].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        match self.below(6) {
            0 => input[at] = self.below(256) as u8,
            1 => drop(input.remove(at)),
            2 => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
            3 => {
                let piece = PIECES[self.below(PIECES.len())];
                let line = self.line_start(input, at);
                input.splice(line..line, piece.iter().copied());
            }
            4 => {
                let (from, to) = (self.line_start(input, at), self.below(input.len()));
                let line: Vec<u8> =
                    input[from..].split_inclusive(|&b| b == b'\n').next().unwrap_or_default().to_vec();
                let to = self.line_start(input, to);
                input.splice(to..to, line);
            }
            _ => {
                let end = (at + 1 + self.below(8)).min(input.len());
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..end, piece.iter().copied());
            }
        }
        if input.is_empty() {
            input.push(b'G');
        }
    }

    fn line_start(&self, input: &[u8], at: usize) -> usize {
        input[..at].iter().rposition(|&b| b == b'\n').map_or(0, |lf| lf + 1)
    }
}
