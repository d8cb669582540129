//! Giving way to others.

use littoral_runtime::host::yield_to_all_others;
use std::fs;

/// The nice value of the calling thread (proc_pid_stat(5), field 19).
fn nice() -> i32 {
    let stat = fs::read_to_string("/proc/thread-self/stat").expect("Linux tells of threads");
    let behind_name = stat.rsplit(')').next().expect("a name in brackets");
    behind_name.split_whitespace().nth(16).and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn only_the_thread_that_says_so_gives_way() {
    let before = nice();
    let other = std::thread::spawn(|| {
        yield_to_all_others();
        nice()
    });
    assert_eq!(other.join().expect("the thread ends"), 19);
    assert_eq!(nice(), before);
}
