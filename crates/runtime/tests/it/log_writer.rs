//! The writer thread: flush, slow readers, full disks.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use littoral_runtime::ring::{LogOptions, LogTarget, LogWriter, StopEnd, ring};

use crate::folder::Folder;

const LONG: Duration = Duration::from_secs(30);

fn as_line(record: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(record);
    out.push(b'\n');
}

#[test]
fn records_of_all_rings_reach_the_file_and_survive_its_rotation() {
    let folder = Folder::new("rotation");
    let (log, rotated) = (folder.0.join("access.log"), folder.0.join("access.log.1"));
    let ((mut one, one_end), (mut two, two_end)) = (ring(4096), ring(4096));
    let writer =
        LogWriter::start(LogTarget::File(log.clone()), vec![one_end, two_end], LogOptions::new(as_line))
            .unwrap();
    one.push(&[b"a", b"1"]);
    two.push(&[b"b1"]);
    assert!(writer.flush(LONG));
    fs::rename(&log, &rotated).unwrap();
    writer.reopen();
    assert!(writer.flush(LONG));
    one.push(&[b"a2"]);
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    assert_eq!(fs::read_to_string(&rotated).unwrap(), "a1\nb1\n");
    assert_eq!(fs::read_to_string(&log).unwrap(), "a2\n");
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_the_start() {
    let target = LogTarget::File(PathBuf::from("/proc/none/access.log"));
    assert!(LogWriter::start(target, Vec::new(), LogOptions::new(as_line)).is_err());
}

#[test]
fn a_reader_that_does_not_read_costs_records_and_never_time() {
    let (mut reader, pipe) = io::pipe().unwrap();
    let (mut producer, consumer) = ring(256 * 1024);
    let writer =
        LogWriter::start(LogTarget::Other(Box::new(pipe)), vec![consumer], LogOptions::new(as_line)).unwrap();
    // A pipe takes 64 KiB; all else fills the ring and is then lost, while each push returns at once.
    let pushed = 20_000_u64;
    let accepted = (0..pushed).filter(|_| producer.push(&[&[b'x'; 99]])).count() as u64;
    assert!(accepted < pushed);
    assert_eq!(producer.lost(), pushed - accepted);
    assert!(!writer.flush(Duration::from_millis(1)));
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all.len())
    });
    assert!(writer.flush(LONG));
    let stat = writer.stat();
    assert_eq!((stat.written, stat.lost_ring_full, stat.lost_write_failed), (accepted, pushed - accepted, 0));
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
    assert_eq!(reading.join().unwrap().unwrap() as u64, accepted * 100);
}

#[test]
fn stopping_does_not_wait_beyond_its_deadline_for_a_reader_that_hangs() {
    let (_reader, pipe) = io::pipe().unwrap();
    let (mut producer, consumer) = ring(256 * 1024);
    let writer =
        LogWriter::start(LogTarget::Other(Box::new(pipe)), vec![consumer], LogOptions::new(as_line)).unwrap();
    while producer.push(&[&[b'x'; 999]]) {}
    assert_eq!(writer.stop(Duration::from_millis(5)), StopEnd::Stuck);
}

/// Takes `room` bytes, then says that the disk is full.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (held, room) = &mut *self.0.lock().unwrap();
        let taken = bytes.len().min(*room);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        held.extend_from_slice(&bytes[..taken]);
        *room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the operator was told.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note_told(message: &dyn Display) {
    TOLD.lock().unwrap().push(message.to_string());
}

#[test]
fn a_full_disk_costs_records_that_are_counted_and_tears_no_line() {
    let disk = Disk::default();
    disk.0.lock().unwrap().1 = 7;
    let (mut producer, consumer) = ring(4096);
    let options = LogOptions { tell: Arc::new(note_told), ..LogOptions::new(as_line) };
    let writer = LogWriter::start(LogTarget::Other(Box::new(disk.clone())), vec![consumer], options).unwrap();
    // 7 bytes: the first record whole, half of the second, whose other half waits for room.
    for record in [&b"one"[..], b"second"] {
        producer.push(&[record]);
    }
    assert!(writer.flush(LONG));
    producer.push(&[b"third"]);
    assert!(writer.flush(LONG));
    let stat = writer.stat();
    assert_eq!((stat.written, stat.lost_write_failed, stat.lost_ring_full), (1, 1, 0));
    disk.0.lock().unwrap().1 = 100;
    producer.push(&[b"fourth"]);
    assert!(writer.flush(LONG));
    let held = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
    assert_eq!(held, "one\nsecond\nfourth\n");
    assert_eq!(writer.stat().written, 3);
    assert_eq!(
        *TOLD.lock().unwrap(),
        [
            "the access log cannot be written: no storage space; records are lost until it can",
            "the access log is written again; records lost meanwhile: 1"
        ]
    );
}

#[test]
fn a_record_whose_end_finds_no_room_is_lost_when_the_writer_stops() {
    let disk = Disk::default();
    disk.0.lock().unwrap().1 = 2;
    let (mut producer, consumer) = ring(4096);
    let writer =
        LogWriter::start(LogTarget::Other(Box::new(disk)), vec![consumer], LogOptions::new(as_line)).unwrap();
    producer.push(&[b"one"]);
    assert!(writer.flush(LONG));
    assert_eq!((writer.stat().written, writer.stat().lost_write_failed), (0, 0));
    assert_eq!(writer.stop(LONG), StopEnd::Flushed);
}

#[test]
fn a_device_that_is_always_full_is_not_rotated_and_loses_all() {
    let (mut producer, consumer) = ring(4096);
    let mut options = LogOptions::new(as_line);
    options.rotation.bytes_max = Some(1);
    let target = LogTarget::File(PathBuf::from("/dev/full"));
    let writer = LogWriter::start(target, vec![consumer], options).unwrap();
    for _ in 0..3 {
        producer.push(&[b"x"]);
    }
    assert!(writer.flush(LONG));
    assert_eq!((writer.stat().written, writer.stat().lost_write_failed), (0, 3));
    assert!(PathBuf::from("/dev/full").exists());
}
