//! Counters and the text that Prometheus reads.

use std::time::Duration;

use littoral_runtime::exposition::{Exposition, FamilyKind};
use littoral_runtime::{Counter, Gauge, Histogram, HistogramSum};

#[test]
fn families_have_help_and_type_and_labels_are_escaped() {
    let mut page = Exposition::new();
    page.family("littoral_requests_total", FamilyKind::Counter, "Requests, by \\ site\nand result.")
        .sample(&[("site", "a\"b\\c\nd"), ("result", "hit")], 3)
        .sample(&[], 4);
    page.family("littoral_load", FamilyKind::Gauge, "Load.")
        .sample_f64(&[], 0.25)
        .sample_f64(&[("kind", "none")], f64::NAN);
    assert_eq!(
        page.finish(),
        "# HELP littoral_requests_total Requests, by \\\\ site\\nand result.\n\
         # TYPE littoral_requests_total counter\n\
         littoral_requests_total{site=\"a\\\"b\\\\c\\nd\",result=\"hit\"} 3\n\
         littoral_requests_total 4\n\
         # HELP littoral_load Load.\n\
         # TYPE littoral_load gauge\n\
         littoral_load 0.25\n\
         littoral_load{kind=\"none\"} NaN\n"
    );
}

#[test]
fn a_histogram_is_cumulative_and_sums_over_threads() {
    let (one, other) = (Histogram::new(), Histogram::new());
    one.observe(Duration::from_micros(15));
    one.observe(Duration::from_millis(2));
    other.observe(Duration::from_millis(2));
    other.observe(Duration::from_secs(1000));
    let mut sum = HistogramSum::default();
    sum.add(&one);
    sum.add(&other);
    let mut page = Exposition::new();
    page.family("took_seconds", FamilyKind::Histogram, "Time.").histogram(&[("site", "a")], &sum);
    let text = page.finish();
    for line in [
        "took_seconds_bucket{site=\"a\",le=\"0.00001\"} 0",
        "took_seconds_bucket{site=\"a\",le=\"0.00002\"} 1",
        "took_seconds_bucket{site=\"a\",le=\"0.001\"} 1",
        "took_seconds_bucket{site=\"a\",le=\"0.002\"} 3",
        "took_seconds_bucket{site=\"a\",le=\"100\"} 3",
        "took_seconds_bucket{site=\"a\",le=\"+Inf\"} 4",
        "took_seconds_sum{site=\"a\"} 1000.004015",
        "took_seconds_count{site=\"a\"} 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    assert_eq!(sum.quantile_seconds(0.5), Some(0.002));
    assert_eq!(sum.quantile_seconds(1.0), None);
    assert_eq!(HistogramSum::default().quantile_seconds(0.5), None);
}

#[test]
fn counters_grow_and_gauges_go_both_ways() {
    let (counter, gauge) = (Counter::new(), Gauge::new());
    counter.increment();
    counter.add(9);
    gauge.add(3);
    gauge.add(-5);
    assert_eq!((counter.value(), gauge.value()), (10, -2));
}
