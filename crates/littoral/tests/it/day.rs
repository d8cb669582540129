//! A day's log of the demo, read back. What the demo's node writes in a moment is written again over and over until
//! the day is full, and rotated as a node would have.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Node, get, littoral, run};

const SECONDS_OF_A_DAY: usize = 86_400;
/// A record each…
const SECONDS_EACH: usize = 2;
const RECORDS_OF_AN_HOUR: usize = 3600 / SECONDS_EACH;
/// Files beside the one that is written.
const ROTATED: usize = 7;

/// Lines of a demo node that has met a bit of everything.
fn lines_of_the_demo() -> Vec<String> {
    let node = Node::start(&["--demo", "--http", "127.0.0.1:0"]);
    for _ in 0..3 {
        for target in
            ["/", "/style.css", "/tides.html", "/large?bytes=70000", "/nothing-here", "/\"quoted\"%0a"]
        {
            node.get(target);
        }
        get(node.address(), "/large?bytes=70000", "Range: bytes=5-9\r\n");
        get(
            node.address(),
            "/",
            "If-None-Match: *\r\nAccept-Encoding: br\r\nReferer: http://a.example/\u{fc}\r\n",
        );
        get(node.address(), "/", "User-Agent: a \"b\" \\ c\r\n");
    }
    let log = node.folder.path().join(".littoral-demo/access.log");
    for _ in 0..300 {
        let text = fs::read_to_string(&log).unwrap_or_default();
        if text.lines().count() >= 27 && text.ends_with('\n') {
            return text.lines().map(str::to_owned).collect();
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("the demo's log is never complete");
}

/// The line as it would have been written in that second of the day.
fn at(line: &str, second: usize) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let rest =
        line.strip_prefix("{\"time\":\"").and_then(|rest| rest.split_once('"')).expect("time is first").1;
    format!("{{\"time\":\"2020-02-29T{hour:02}:{minute:02}:{second:02}.500Z\"{rest}")
}

fn write_the_day(folder: &Path, day: &[String]) {
    fs::write(
        folder.join("littoral.toml"),
        "version = 1\ndata = \"data\"\n[log]\naccess = \"logs/access.log\"\n",
    )
    .unwrap();
    fs::create_dir(folder.join("logs")).unwrap();
    // The last one is shorter, as a file that is still written is.
    for (nth, lines) in day.chunks(day.len() / ROTATED - 100).enumerate() {
        let name = match ROTATED - nth {
            0 => "access.log".to_owned(),
            n => format!("access.log.{n}"),
        };
        fs::write(folder.join("logs").join(name), lines.join("\n") + "\n").unwrap();
    }
}

#[test]
fn a_day_of_the_demo_is_read_back_line_by_line_in_order_and_filtered() {
    let lines = lines_of_the_demo();
    let day: Vec<String> = (0..SECONDS_OF_A_DAY / SECONDS_EACH)
        .map(|nth| at(&lines[nth % lines.len()], nth * SECONDS_EACH))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    write_the_day(folder.path(), &day);
    assert!(
        folder.path().join("logs/access.log").exists() && folder.path().join("logs/access.log.7").exists()
    );

    let read = |arguments: &[&str]| {
        let (code, out, err) =
            run(littoral(folder.path()).args(["logs", "--json", "-c", "littoral.toml"]).args(arguments));
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        out.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let all = read(&[]);
    assert_eq!(all.len(), day.len());
    let different = all.iter().zip(&day).find(|(read, written)| read != written);
    assert_eq!(different, None, "every line comes back as it was written");

    let mut caches: HashMap<String, usize> = HashMap::new();
    for line in &all {
        let entry: Value = serde_json::from_str(line).unwrap();
        *caches.entry(entry["cache"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(caches.contains_key("hit") && caches.contains_key("miss"), "{caches:?}");
    assert_eq!(read(&["--cache", "revalidated"]).len(), caches["revalidated"]);
    assert_eq!(read(&["--since", "2020-02-29T18:00:00Z"]).len(), 6 * RECORDS_OF_AN_HOUR);
    assert_eq!(
        read(&["--since", "2020-02-29T06:00:00Z", "--until", "2020-02-29T06:01:00Z"]),
        day[6 * RECORDS_OF_AN_HOUR..6 * RECORDS_OF_AN_HOUR + 60 / SECONDS_EACH]
    );
    assert_eq!(read(&["-n", "2", "--site", "demo"]), day[day.len() - 2..]);
}
