//! The ring between two threads.

use littoral_runtime::ring::ring;

#[test]
fn records_come_out_whole_and_in_order() {
    let (mut producer, mut consumer) = ring(4096);
    let mut record = Vec::new();
    assert!(!consumer.pop(&mut record));
    // Many times around the end, with lengths that split length and bytes at every offset.
    for n in 0..20_000_usize {
        let len = n % 97;
        let (a, b) = (vec![n as u8; len / 2], vec![!(n as u8); len - len / 2]);
        assert!(producer.push(&[&a, &b]));
        assert!(consumer.pop(&mut record));
        assert_eq!(record, [a, b].concat());
    }
    assert_eq!(consumer.lost(), 0);
}

#[test]
fn a_full_ring_loses_the_newest_record_counts_it_and_goes_on() {
    let (mut producer, mut consumer) = ring(4096);
    let kept = (0..10_000).take_while(|_| producer.push(&[&[7; 60]])).count();
    assert_eq!(kept, 4096 / 64);
    assert!(producer.is_half_full());
    assert_eq!((producer.lost(), consumer.lost()), (1, 1));
    let mut record = Vec::new();
    assert!(consumer.pop(&mut record));
    assert!(producer.push(&[&[8; 60]]));
    let rest = std::iter::from_fn(|| consumer.pop(&mut record).then(|| record[0])).collect::<Vec<_>>();
    assert_eq!(rest.len(), kept);
    assert_eq!(rest.last(), Some(&8));
    producer.push(&[&[9]]);
    producer.push(&[&[9]]);
    assert!(!producer.is_half_full());
}

#[test]
fn a_record_larger_than_the_ring_is_lost_and_harms_nothing() {
    let (mut producer, mut consumer) = ring(4096);
    assert!(!producer.push(&[&[0; 5000]]));
    assert!(producer.push(&[b"small"]));
    let mut record = Vec::new();
    assert!(consumer.pop(&mut record));
    assert_eq!((record.as_slice(), consumer.lost()), (&b"small"[..], 1));
}

#[test]
fn two_threads_lose_no_record_that_was_accepted_and_tear_none() {
    let (mut producer, mut consumer) = ring(8192);
    let writing = std::thread::spawn(move || {
        let mut accepted = Vec::new();
        for n in 0..50_000_u32 {
            let fill = vec![n as u8; (n % 200) as usize];
            if producer.push(&[&n.to_be_bytes(), &fill]) {
                accepted.push(n);
            } else {
                std::thread::yield_now();
            }
        }
        accepted
    });
    let mut seen = Vec::new();
    let mut record = Vec::new();
    loop {
        let closed = consumer.is_closed();
        while consumer.pop(&mut record) {
            let n = u32::from_be_bytes(record[..4].try_into().unwrap());
            assert!(record[4..].iter().all(|&byte| byte == n as u8));
            assert_eq!(record.len(), 4 + (n % 200) as usize);
            seen.push(n);
        }
        if closed {
            break;
        }
        std::thread::yield_now();
    }
    let accepted = writing.join().unwrap();
    assert_eq!(consumer.lost() as usize, 50_000 - accepted.len());
    assert_eq!(seen, accepted);
}
