//! What the edge writes down of its traffic: access log, digests, metrics.

use littoral_edge::{AccessLog, DigestConfig, LineFormat};
use littoral_records::access::Entry;
use littoral_records::digest::{CACHE_RESULTS, Digest, DigestFile, METHODS, flags, number_of};
use littoral_testbed::{Script, Testbed, ok, origin, status};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(30);

fn log_of(folder: &TempDir) -> PathBuf {
    folder.path().join("access.log")
}

fn logging(folder: &TempDir, script: Script) -> Testbed {
    let log = AccessLog::File(log_of(folder));
    Testbed::builder(script).workers(1).configure(|config| config.access_log = log).start()
}

fn read(line: &str) -> Entry<'_> {
    Entry::parse(line.as_bytes()).expect("a line of the log")
}

/// The lines for `target` when there are so many: they come after their answers.
fn lines_for(bed: &Testbed, folder: &TempDir, target: &str, count: usize) -> Vec<String> {
    bed.until("they are logged", || lines(bed, folder, target).len() >= count);
    lines(bed, folder, target)
}

/// The lines so far that are for `target`.
fn lines(bed: &Testbed, folder: &TempDir, target: &str) -> Vec<String> {
    assert!(bed.edge().flush_logs(LONG));
    let text = fs::read_to_string(log_of(folder)).expect("a log");
    let is_wanted = |line: &&str| read(line).target == target;
    text.lines().filter(is_wanted).map(str::to_owned).collect()
}

#[test]
fn the_log_says_which_origin_was_asked_and_how_long_it_took() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = origin("/a", ok("a").max_age(60)).and("/private", ok("p").cache_control("private"));
    let bed = logging(&folder, script);
    bed.get("/a").is_forwarded("a");
    bed.get("/a").is_hit("a");
    bed.ask("GET", "/private").header("Range", "bytes=0-0").send();
    let logged = lines_for(&bed, &folder, "/a", 2);
    let [miss, hit] = [0, 1].map(|at| read(&logged[at]));
    assert_eq!((&*miss.cache, &*miss.origin, miss.origin_status), ("miss", "app", Some(200)));
    assert!(miss.origin_micros.is_some() && miss.head_bytes.is_some_and(|bytes| bytes > 50));
    assert_eq!((&*hit.cache, &*hit.origin, hit.origin_micros), ("hit", "", None));
    assert_ne!(miss.request_id, hit.request_id);
    let logged = lines_for(&bed, &folder, "/private", 1);
    let pass = read(&logged[0]);
    assert_eq!((&*pass.origin, &*pass.range, &*pass.tls), ("app", "bytes=0-0", ""));
}

#[test]
fn an_answer_that_was_cut_off_is_logged_with_the_bytes_that_went_out() {
    const LENGTH: usize = 32 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let script = origin("/stored", ok(vec![b'x'; LENGTH]).max_age(60))
        .and("/chunked", ok(vec![b'x'; LENGTH]).chunked(1 << 20).cache_control("no-store"));
    let log = AccessLog::File(log_of(&folder));
    let bed = Testbed::builder(script)
        .workers(1)
        .memory(256 << 20)
        .configure(|config| config.access_log = log)
        .start();
    bed.get("/stored");
    bed.get("/stored").was_hit();
    for (target, before) in [("/stored", 2), ("/chunked", 0)] {
        let mut client = bed.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: site.test\r\n\r\n"));
        let received = client.read_bytes(100_000).len() as u64;
        client.reset();
        let logged = lines_for(&bed, &folder, target, before + 1);
        let entry = read(&logged[before]);
        assert_eq!((entry.cut, &*entry.detail), (true, "client-gone"), "{target}");
        // What the client has read, its head taken off, has certainly gone out.
        let head = entry.head_bytes.expect("it had a head");
        assert!(entry.bytes >= received - head - 100 && entry.bytes < LENGTH as u64, "{}", logged[before]);
    }
}

#[test]
fn the_combined_format_is_written_where_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = AccessLog::File(log_of(&folder));
    let bed = Testbed::builder(origin("/a", ok("abc")))
        .configure(|config| {
            config.access_log = log;
            config.log_format = LineFormat::Combined;
        })
        .start();
    bed.ask("GET", "/a?q=\"").header("User-Agent", "a \"b\"").header("Referer", "http://r/").send();
    lines_for(&bed, &folder, "/a?q=%22", 1);
    assert_eq!(
        fs::read_to_string(log_of(&folder)).expect("a log"),
        "127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /a?q=%22 HTTP/1.1\" 200 3 \"http://r/\" \"a \\x22b\\x22\"\n"
    );
}

fn sampling(script: Script, bytes: u64, share_percent: u8) -> Testbed {
    let digests = DigestConfig { bytes, share_percent, secret: [7; 16] };
    Testbed::builder(script).workers(1).configure(move |config| config.digests = Some(digests)).start()
}

/// The digests that are kept, with their sites, when the last of `requests` is counted: that is after its answer.
fn digests(bed: &Testbed, requests: usize) -> (Vec<Digest>, Vec<String>) {
    let counted = format!("littoral_request_seconds_count {requests}\n");
    bed.until("all requests are counted", || bed.metrics().contains(&counted));
    let bytes = bed.edge().digests().expect("they are taken");
    let file = DigestFile::read(&bytes).expect("digests");
    let sites = file.records().map(|record| file.text(record.site).to_owned()).collect();
    (file.records().collect(), sites)
}

#[test]
fn a_digest_tells_what_was_asked_and_answered_without_telling_who_asked() {
    let script = origin("/img/a.png", ok("12345").max_age(60)).and("/b", status(404, "no"));
    let bed = sampling(script, 1 << 20, 100);
    bed.get("/img/a.png");
    bed.ask("GET", "/img/a.png").header("Range", "bytes=1-2").header("Cookie", "secret=1").send();
    bed.get("/img/a.png?x=1");
    bed.ask("POST", "/b").body("content").send();
    let (records, sites) = digests(&bed, 4);
    let [miss, range, query, post] = records[..] else { panic!("{records:?}") };
    assert!(sites.iter().all(|site| site == "site"));
    assert_eq!(
        (miss.key, miss.path, miss.host, miss.section),
        (range.key, range.path, range.host, range.section)
    );
    assert!(miss.key != query.key && miss.path == query.path && query.query != 0 && miss.query == 0);
    let result = |name| number_of(name, &CACHE_RESULTS);
    assert_eq!(
        [miss.cache, range.cache, query.cache].map(usize::from),
        [result("miss"), result("hit"), result("miss")].map(usize::from)
    );
    assert_eq!((miss.length, range.length, range.sent_bytes, range.status), (5, 5, 2, 206));
    assert_eq!((range.flags, query.flags, post.flags), (flags::RANGE, flags::QUERY, flags::BODY));
    assert_eq!((&miss.extension[..4], miss.family, miss.network), (&b"png\0"[..], 4, [127, 0, 0, 0, 0, 0]));
    assert!(miss.headers[3] == 0 && range.headers[3] != 0, "the cookie is hashed");
    assert_eq!((post.method, post.status), (number_of("POST", &METHODS), 404));
    assert!(miss.round_trip_micros > 0 && miss.ttl == 60);
}

#[test]
fn of_more_digests_than_there_is_room_for_the_newest_are_kept() {
    let bed = sampling(origin("/a", ok("a")), 10 * size_of::<Digest>() as u64, 100);
    for _ in 0..25 {
        bed.get("/a");
        bed.advance(1);
    }
    let (records, _) = digests(&bed, 25);
    // 2026-01-01, when the testbed's clock starts.
    let first = 1_767_225_600_000;
    let times: Vec<i64> = records.iter().map(|record| (record.time_millis - first) / 1000).collect();
    assert_eq!(times, (15..25).collect::<Vec<_>>());
}

#[test]
fn a_path_is_sampled_with_all_of_its_requests_or_with_none() {
    let mut script = origin("/0", ok("x"));
    for n in 1..200 {
        script = script.and(&format!("/{n}"), ok("x"));
    }
    let bed = sampling(script, 1 << 20, 25);
    let mut client = bed.client();
    for round in 0..2 {
        for n in 0..200 {
            client.get(&format!("/{n}?{round}"), "site.test");
        }
    }
    let (records, _) = digests(&bed, 400);
    let mut seen = std::collections::BTreeMap::new();
    for record in &records {
        *seen.entry(record.path).or_insert(0) += 1;
    }
    assert!(seen.values().all(|&count| count == 2), "{seen:?}");
    // 50 of 200, give or take four standard deviations; the secret is fixed, so that it is the same each time.
    assert!((26..=74).contains(&seen.len()), "{}", seen.len());
    assert!(bed.metrics().contains(&format!("littoral_digests_total {}\n", records.len())));
}

#[test]
fn metrics_tell_origins_and_sites_apart() {
    let script = origin("/a", ok("12345").max_age(60)).and("/up", status(503, "busy"));
    let bed = Testbed::start(script);
    bed.get("/a");
    bed.ask("POST", "/up").body("content").send();
    bed.until("both are counted", || bed.metrics().contains("littoral_request_seconds_count 2\n"));
    let page = bed.metrics();
    for line in [
        "littoral_origin_requests_total{site=\"site\",origin=\"app\",result=\"2xx\"} 1\n",
        "littoral_origin_requests_total{site=\"site\",origin=\"app\",result=\"5xx\"} 1\n",
        "littoral_origin_head_seconds_count{site=\"site\",origin=\"app\"} 2\n",
        "littoral_origin_received_bytes_total{site=\"site\",origin=\"app\"} 9\n",
        "littoral_origin_connections_max{site=\"site\",origin=\"app\"} ",
        "littoral_origin_queue{site=\"site\",origin=\"app\"} 0\n",
        "littoral_received_bytes_total{site=\"site\"} 7\n",
        "littoral_sent_bytes_total{site=\"site\"} 9\n",
        "littoral_cache_site_responses{site=\"site\",tier=\"memory\"} 1\n",
    ] {
        assert!(page.contains(line), "{line} is missing in:\n{page}");
    }
}

#[test]
fn what_an_origin_sends_counts_as_it_came_also_where_it_is_encoded_for_one_client() {
    let page = "so much of the same ".repeat(200);
    let bed = Testbed::start(origin("/page", ok(page).header("Content-Type", "text/html")));
    let reply = bed.ask("POST", "/page").header("Accept-Encoding", "gzip").body("content").send();
    assert_eq!(reply.header("content-encoding"), Some("gzip"), "{reply}");
    let line = "littoral_origin_received_bytes_total{site=\"site\",origin=\"app\"} 4000\n";
    bed.until("the bytes are counted", || bed.metrics().contains(line));
}
