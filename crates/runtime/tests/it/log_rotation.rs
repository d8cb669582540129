//! Rotation: by size, by time, beside somebody who rotates too. No line is lost or torn.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use littoral_runtime::Clock;
use littoral_runtime::ring::{Consumer, LogOptions, LogTarget, LogWriter, Rotation, StopEnd, ring};

use crate::folder::Folder;

const LONG: Duration = Duration::from_secs(30);

fn as_line(record: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(record);
    out.push(b'\n');
}

fn start(folder: &Folder, rings: Vec<Consumer>, rotation: Rotation, clock: Clock) -> LogWriter {
    let options = LogOptions { rotation, clock, ..LogOptions::new(as_line) };
    LogWriter::start(LogTarget::File(folder.0.join("access.log")), rings, options).unwrap()
}

#[test]
fn a_file_begins_anew_before_it_would_become_too_large_and_the_oldest_goes() {
    let folder = Folder::new("rotate-size");
    let (mut producer, consumer) = ring(4096);
    let rotation = Rotation { bytes_max: Some(6), every: None, keep: 2 };
    let writer = start(&folder, vec![consumer], rotation, Clock::system());
    for record in [&b"a1"[..], b"a2", b"b1", b"b2", b"longer than the limit", b"c1", b"c2", b"d1"] {
        producer.push(&[record]);
    }
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    let names = ["access.log.3", "access.log.2", "access.log.1", "access.log"];
    assert_eq!(names.map(|name| folder.text(name)), ["", "longer than the limit\n", "c1\nc2\n", "d1\n"]);
}

#[test]
fn what_a_larger_number_of_files_left_behind_goes_too_and_the_mode_stays() {
    let folder = Folder::new("rotate-keep");
    for name in
        ["access.log", "access.log.1", "access.log.2", "access.log.3", "access.log.4", "access.log.gz"]
    {
        fs::write(folder.0.join(name), format!("{name}\n")).unwrap();
    }
    fs::set_permissions(folder.0.join("access.log"), fs::Permissions::from_mode(0o640)).unwrap();
    let (mut producer, consumer) = ring(4096);
    let rotation = Rotation { bytes_max: Some(8), every: None, keep: 2 };
    let writer = start(&folder, vec![consumer], rotation, Clock::system());
    producer.push(&[b"new"]);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    let mut names: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["access.log", "access.log.1", "access.log.2", "access.log.gz"]);
    assert_eq!(
        (folder.text("access.log.2"), folder.text("access.log.1")),
        ("access.log.1\n".into(), "access.log\n".into())
    );
    assert_eq!(fs::metadata(folder.0.join("access.log")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_new_day_begins_a_new_file_if_there_is_anything_in_the_old_one() {
    let folder = Folder::new("rotate-time");
    let day = Duration::from_secs(86_400);
    // A minute before midnight.
    let clock = Clock::manual(86_400 - 60);
    let (mut producer, consumer) = ring(4096);
    let rotation = Rotation { bytes_max: None, every: Some(day), keep: 7 };
    let writer = start(&folder, vec![consumer], rotation, clock.clone());
    producer.push(&[b"first day"]);
    assert!(writer.flush(LONG));
    clock.advance(Duration::from_secs(59));
    producer.push(&[b"its last second"]);
    assert!(writer.flush(LONG));
    clock.advance(Duration::from_secs(1));
    assert!(writer.flush(LONG));
    // Three days without a request make no empty files.
    clock.advance(3 * day);
    assert!(writer.flush(LONG));
    producer.push(&[b"fifth day"]);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    let texts = ["access.log.2", "access.log.1", "access.log"].map(|name| folder.text(name));
    assert_eq!(texts, ["", "first day\nits last second\n", "fifth day\n"]);
}

#[test]
fn a_file_of_yesterday_is_rotated_when_the_node_starts_today() {
    let folder = Folder::new("rotate-start");
    fs::write(folder.0.join("access.log"), "yesterday\n").unwrap();
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 10 + 5);
    File::options().append(true).open(folder.0.join("access.log")).unwrap().set_modified(written).unwrap();
    let (mut producer, consumer) = ring(4096);
    let rotation = Rotation { bytes_max: None, every: Some(Duration::from_secs(86_400)), keep: 7 };
    let writer = start(&folder, vec![consumer], rotation, Clock::manual(86_400 * 11 + 5));
    producer.push(&[b"today"]);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    assert_eq!(
        (folder.text("access.log.1"), folder.text("access.log")),
        ("yesterday\n".into(), "today\n".into())
    );
}

#[test]
fn where_a_file_cannot_be_moved_it_is_written_on_and_no_file_is_moved_twice() {
    let folder = Folder::new("rotate-fails");
    // A folder stands where the file should go.
    fs::create_dir_all(folder.0.join("access.log.1/inside")).unwrap();
    let (mut producer, consumer) = ring(4096);
    let rotation = Rotation { bytes_max: Some(4), every: None, keep: 1 };
    let clock = Clock::manual(1000);
    let writer = start(&folder, vec![consumer], rotation, clock.clone());
    for record in [b"one", b"two", b"tri"] {
        producer.push(&[record]);
    }
    assert!(writer.flush(LONG));
    assert_eq!(folder.text("access.log"), "one\ntwo\ntri\n");
    fs::remove_dir_all(folder.0.join("access.log.1")).unwrap();
    clock.advance(Duration::from_secs(11));
    producer.push(&[b"for"]);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    assert_eq!(
        (folder.text("access.log.1"), folder.text("access.log")),
        ("one\ntwo\ntri\n".into(), "for\n".into())
    );
}

#[test]
fn under_load_with_somebody_else_moving_files_away_no_line_is_lost_torn_or_doubled() {
    let folder = Folder::new("rotate-load");
    const PRODUCERS: usize = 2;
    const LINES: usize = 20_000;
    let (mut producers, consumers): (Vec<_>, Vec<_>) = (0..PRODUCERS).map(|_| ring(1 << 16)).unzip();
    let rotation = Rotation { bytes_max: Some(64 << 10), every: None, keep: 1000 };
    let writer = start(&folder, consumers, rotation, Clock::system());
    let log = folder.0.join("access.log");
    let mut moved = 0;
    std::thread::scope(|scope| {
        let pushing: Vec<_> = (producers.iter_mut().enumerate())
            .map(|(nth, producer)| {
                scope.spawn(move || {
                    for line in 0..LINES {
                        let text = format!("{nth} {line:06} {}", "x".repeat(line % 90));
                        while !producer.push(&[text.as_bytes()]) {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        // As logrotate does, at moments of its own.
        while !pushing.iter().all(|pushing| pushing.is_finished()) {
            if fs::rename(&log, folder.0.join(format!("moved.{moved}"))).is_ok() {
                moved += 1;
            }
            writer.reopen();
            std::thread::yield_now();
        }
    });
    assert!(writer.flush(LONG));
    assert_eq!(writer.stat().written as usize, PRODUCERS * LINES);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    let mut seen = vec![vec![false; LINES]; PRODUCERS];
    let mut rotated = 0;
    for entry in fs::read_dir(&folder.0).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        rotated += usize::from(entry.file_name().to_string_lossy().starts_with("access.log."));
        assert!(text.len() <= 64 << 10, "{:?} has {} bytes", entry.file_name(), text.len());
        assert!(text.is_empty() || text.ends_with('\n'));
        for line in text.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let [nth, number, fill] = parts[..] else { panic!("torn: {line:?}") };
            let (nth, number): (usize, usize) = (nth.parse().unwrap(), number.parse().unwrap());
            assert_eq!(fill.len(), number % 90, "torn: {line:?}");
            assert!(!std::mem::replace(&mut seen[nth][number], true), "twice: {line:?}");
        }
    }
    assert!(seen.iter().flatten().all(|&seen| seen));
    assert!(moved > 0 && rotated > 0, "{moved} moved away, {rotated} rotated");
}
