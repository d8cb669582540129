//! One frame: the figures as lines of text for a terminal of some width.

use std::collections::VecDeque;

use super::view::View;
use crate::console::{self, Paint};

/// Narrower terminals get lines of this width, cut off by the terminal.
const WIDTH_MIN: usize = 60;
/// On wider ones the frame stays at the left.
const WIDTH_MAX: usize = 120;
/// Characters of a bar.
const BAR: usize = 20;

pub(super) struct Frame<'a> {
    pub(super) view: &'a View,
    /// Requests a second, oldest first.
    pub(super) history: &'a VecDeque<f64>,
    pub(super) paint: Paint,
    /// Others follow it.
    pub(super) live: bool,
    /// Why the figures are old.
    pub(super) trouble: Option<&'a str>,
}

/// A table's column: its name, and whether its cells stand at the right.
type Column = (&'static str, bool);

impl Frame<'_> {
    /// The lines; of the tables, as many rows as fit `height`.
    pub(super) fn lines(&self, width: usize, height: Option<usize>) -> Vec<String> {
        let width = width.clamp(WIDTH_MIN, WIDTH_MAX);
        let mut lines = vec![self.title(width), String::new()];
        lines.extend(self.figures(width));
        let tables = [self.sites(), self.origins(), self.statuses()];
        let room = height.map(|height| height.saturating_sub(lines.len() + 3 * 2));
        let rows = shared_out(room, tables.each_ref().map(|(_, rows)| rows.len()));
        for ((columns, cells), rows) in tables.iter().zip(rows) {
            lines.push(String::new());
            lines.extend(self.table(columns, cells, rows, width));
        }
        if let Some(height) = height {
            lines.truncate(height);
        }
        lines
    }

    fn title(&self, width: usize) -> String {
        let view = self.view;
        let left = format!(
            "littoral {}  {}  up {}  {}",
            view.version,
            clean(&view.name),
            uptime(view.uptime_seconds),
            console::count(view.workers as usize, "worker")
        );
        if let Some(trouble) = self.trouble {
            let line = trouble.lines().next().unwrap_or_default();
            return format!("{}  {}", self.paint.bold(&left), self.paint.red(&clean(line)));
        }
        let right = match (view.draining, self.live) {
            (true, _) => "draining",
            (false, true) => "q quits",
            (false, false) => return self.paint.bold(&left),
        };
        let gap = width.saturating_sub(left.chars().count() + right.len()).max(2);
        let right = if view.draining { self.paint.yellow(right) } else { self.paint.dim(right) };
        format!("{}{}{right}", self.paint.bold(&left), " ".repeat(gap))
    }

    /// Two columns of figures: what comes and goes at the left, what it takes at the right.
    fn figures(&self, width: usize) -> Vec<String> {
        let view = self.view;
        let half = width / 2;
        let chart = half.saturating_sub(29);
        let fill = share(view.cache_bytes, view.cache_budget_bytes);
        let memory = share(view.host_memory_bytes - view.host_memory_available_bytes, view.host_memory_bytes);
        let bar = |part: Option<f64>, width: usize| self.bar(part.unwrap_or(0.0), BAR.min(width));
        let bar_at = |part: Option<f64>| bar(part, half.saturating_sub(29));
        let lost = view.log_records_lost;
        let left = [
            self.figure("requests", &rate(view.requests_per_second), &self.chart(chart)),
            self.figure("hits", &percent(view.hit_share), &bar_at(view.hit_share)),
            self.figure(
                "p50",
                &time(view.p50_seconds),
                &self.paint.dim(&format!("p99 {}", time(view.p99_seconds))),
            ),
            self.figure("sent", &bytes_rate(view.sent_bytes_per_second), ""),
            self.figure("received", &bytes_rate(view.received_bytes_per_second), ""),
            self.figure(
                "from origins",
                &bytes_rate(view.origin_bytes_per_second),
                &self.paint.dim(&format!("fills {}", whole(view.fills))),
            ),
        ];
        let errors = rate(view.errors_per_second);
        let steal = percent(view.steal_share);
        let right = [
            self.figure(
                "errors",
                &if view.errors_per_second > 0.0 { self.paint.red(&errors) } else { errors },
                &self.paint.dim(&format!("refused {}", rate(view.refusals_per_second))),
            ),
            self.figure(
                "connections",
                &whole(view.connections),
                &self.paint.dim(&format!("new {}", rate(view.connections_per_second))),
            ),
            self.figure("cache", &console::bytes(view.cache_bytes as u64), &bar_at(fill)),
            self.figure(
                "stored",
                &whole(view.cache_responses),
                &self.paint.dim(&format!("evicted {}", rate(view.evictions_per_second))),
            ),
            self.figure(
                "memory",
                &console::bytes(view.resident_bytes as u64),
                &format!("{} {}", bar(memory, half.saturating_sub(34)), self.paint.dim("host")),
            ),
            self.figure(
                "cores",
                &format!("{:.2}", view.cores),
                &if view.steal_share.is_some_and(|steal| steal >= 0.05) {
                    self.paint.yellow(&format!("steal {steal}"))
                } else {
                    self.paint.dim(&format!("steal {steal}"))
                },
            ),
        ];
        let mut lines: Vec<String> = (left.into_iter().zip(right))
            .map(|(left, right)| {
                format!("{}{}{right}", left, " ".repeat(half.saturating_sub(visible(&left))))
            })
            .collect();
        if lost > 0.0 {
            let text = format!(
                "{} log records lost, {} now: the disk or the log's reader is too slow",
                whole(lost),
                rate(view.log_records_lost_per_second)
            );
            let is_now = view.log_records_lost_per_second > 0.0;
            lines.push(if is_now { self.paint.red(&text) } else { self.paint.yellow(&text) });
        }
        lines
    }

    fn figure(&self, name: &str, value: &str, more: &str) -> String {
        let blanks = " ".repeat(11_usize.saturating_sub(visible(value)));
        format!("{}  {blanks}{value}  {more}", self.paint.dim(&format!("{name:<12}"))).trim_end().to_owned()
    }

    /// A share as a bar: filled, then empty.
    fn bar(&self, share: f64, width: usize) -> String {
        const PARTS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
        let eighths = (share.clamp(0.0, 1.0) * (width * 8) as f64).round() as usize;
        let mut filled = "█".repeat(eighths / 8);
        if !eighths.is_multiple_of(8) {
            filled.push(PARTS[eighths % 8 - 1]);
        }
        let empty = "·".repeat(width - filled.chars().count().min(width));
        format!("{}{}", self.paint.cyan(&filled), self.paint.dim(&empty))
    }

    /// The requests of the last looks, the highest as high as it goes.
    fn chart(&self, width: usize) -> String {
        const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let shown = self.history.iter().skip(self.history.len().saturating_sub(width));
        let most = shown.clone().copied().fold(0.0, f64::max);
        let height = |rate: f64| HEIGHTS[((rate / most * 7.0).round() as usize).min(7)];
        let text: String = shown.map(|&rate| if most > 0.0 { height(rate) } else { HEIGHTS[0] }).collect();
        self.paint.cyan(&text)
    }

    fn sites(&self) -> (Vec<Column>, Vec<Vec<String>>) {
        let columns = vec![
            ("SITE", false),
            ("REQUESTS", true),
            ("HITS", true),
            ("SENT", true),
            ("ERRORS", true),
            ("CACHED", true),
            ("RESPONSES", true),
        ];
        let rows = self.view.sites.iter().map(|site| {
            vec![
                clean(&site.site),
                rate(site.requests_per_second),
                percent(site.hit_share),
                bytes_rate(site.sent_bytes_per_second),
                rate(site.errors_per_second),
                console::bytes(site.cache_bytes as u64),
                whole(site.cache_responses),
            ]
        });
        (columns, rows.collect())
    }

    fn origins(&self) -> (Vec<Column>, Vec<Vec<String>>) {
        let columns = vec![
            ("ORIGIN", false),
            ("WELL", false),
            ("REQUESTS", true),
            ("ERRORS", true),
            ("HEAD P50", true),
            ("P99", true),
            ("CONNECTIONS", true),
            ("QUEUE", true),
            ("RECEIVED", true),
        ];
        let rows = self.view.origins.iter().map(|origin| {
            vec![
                format!("{} / {}", clean(&origin.site), clean(&origin.origin)),
                match origin.well {
                    None => "-".to_owned(),
                    Some(true) => "yes".to_owned(),
                    Some(false) => "NO".to_owned(),
                },
                rate(origin.requests_per_second),
                rate(origin.errors_per_second),
                time(origin.head_p50_seconds),
                time(origin.head_p99_seconds),
                format!("{} of {}", whole(origin.connections), whole(origin.connections_max)),
                whole(origin.queue),
                bytes_rate(origin.received_bytes_per_second),
            ]
        });
        (columns, rows.collect())
    }

    fn statuses(&self) -> (Vec<Column>, Vec<Vec<String>>) {
        let columns = vec![("STATUS", false), ("REQUESTS", true), ("SHARE", true)];
        let rows = self.view.statuses.iter().map(|status| {
            let share = (self.view.requests_per_second > 0.0).then_some(status.share);
            vec![status.status.to_string(), rate(status.requests_per_second), percent(share)]
        });
        (columns, rows.collect())
    }

    /// Columns that do not fit `room` are left out, the last ones first.
    fn table(&self, columns: &[Column], cells: &[Vec<String>], rows: usize, room: usize) -> Vec<String> {
        let width = |at: usize| {
            let widest = cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
            // Wide enough for the usual, so that columns stand still while figures change.
            let usual = if at == 0 { 14 } else { 8 };
            widest.max(columns[at].0.len()).max(if columns[at].0 == "WELL" { 4 } else { usual })
        };
        let mut taken = 0;
        let fits = |width: &usize| {
            taken += width + 2;
            taken <= room + 2
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).take_while(fits).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<String> = cells
                .zip(columns.iter().zip(&widths))
                .map(
                    |(cell, ((_, right), width))| {
                        if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                    },
                )
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        let mut lines = vec![self.paint.bold(&line(&mut columns.iter().map(|(name, _)| *name)))];
        if cells.is_empty() {
            lines.push(self.paint.dim("nothing yet"));
        }
        lines.extend(cells.iter().take(rows).map(|row| line(&mut row.iter().map(String::as_str))));
        if cells.len() > rows {
            lines.push(self.paint.dim(&format!("… and {} more", cells.len() - rows)));
        }
        lines
    }
}

/// How many rows each table shows: all, or a fair part of the room.
fn shared_out(room: Option<usize>, wanted: [usize; 3]) -> [usize; 3] {
    let Some(room) = room else { return wanted };
    let mut given = [0; 3];
    let mut left = room;
    // A row to each in turn, until all have theirs or the room is used up.
    while left > 0 && (0..3).any(|at| given[at] < wanted[at]) {
        for at in 0..3 {
            if left > 0 && given[at] < wanted[at] {
                given[at] += 1;
                left -= 1;
            }
        }
    }
    // The line that says how many more there are takes the place of a row.
    for at in 0..3 {
        if given[at] < wanted[at] {
            given[at] = given[at].saturating_sub(1);
        }
    }
    given
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Characters that take room: without the sequences that colour them.
fn visible(text: &str) -> usize {
    let (mut count, mut within) = (0, false);
    for c in text.chars() {
        match c {
            '\x1b' => within = true,
            'm' if within => within = false,
            _ if within => {}
            _ => count += 1,
        }
    }
    count
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// `0/s`, `0.3/s`, `12,345/s`
fn rate(rate: f64) -> String {
    match rate {
        rate if rate <= 0.0 => "0/s".to_owned(),
        rate if rate < 9.95 => format!("{rate:.1}/s"),
        rate => format!("{}/s", whole(rate)),
    }
}

fn bytes_rate(rate: f64) -> String {
    format!("{}/s", console::bytes(rate as u64))
}

/// With a comma between thousands.
fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn time(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".to_owned(),
        Some(s) if s < 0.000_999_5 => format!("{:.0} µs", s * 1e6),
        Some(s) if s < 0.01 => format!("{:.1} ms", s * 1e3),
        Some(s) if s < 0.999_5 => format!("{:.0} ms", s * 1e3),
        Some(s) => format!("{s:.1} s"),
    }
}

/// `42 s`, `3 min 20 s`, `4 h 12 min`, `3 d 4 h`
fn uptime(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::tests::looks;
    use super::*;

    const PAGE: &str = "\
littoral_requests_total{site=\"shop\",status=\"200\",cache=\"hit\"} 123450
littoral_requests_total{site=\"blog\",status=\"502\",cache=\"miss\"} 50
littoral_sent_bytes_total{site=\"shop\"} 10485760000
littoral_connections 1234
littoral_cache_bytes{tier=\"memory\"} 134217728
littoral_cache_budget_bytes{tier=\"memory\"} 268435456
littoral_cache_site_bytes{site=\"shop\",tier=\"memory\"} 134217728
littoral_origin_connections{site=\"shop\",origin=\"app\"} 3
littoral_origin_connections_max{site=\"shop\",origin=\"app\"} 64
littoral_log_records_lost_total{cause=\"ring-full\"} 7
";

    fn frame(width: usize, height: Option<usize>) -> Vec<String> {
        let (before, now) = looks("", PAGE);
        let view = View::between(&before, &now);
        let history = VecDeque::from([0.0, 10.0, 20.0]);
        Frame { view: &view, history: &history, paint: Paint::off(), live: true, trouble: None }
            .lines(width, height)
    }

    #[test]
    fn a_frame_says_the_figures_and_keeps_to_its_width_and_height() {
        let text = frame(100, None).join("\n");
        for part in [
            "fra1",
            "up 1 d 1 h",
            "12,350/s",
            "▁▅█",
            "1000.0 MiB/s",
            "1,234",
            "128.0 MiB",
            "shop / app",
            "3 of 64",
            "7 log records lost",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        for (width, height) in [(80, 10), (80, 24), (100, 18), (200, 50)] {
            let lines = frame(width, Some(height));
            assert!(lines.len() <= height);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:#?}");
        }
    }

    #[test]
    fn tables_that_do_not_fit_say_how_much_more_there_is() {
        assert_eq!(shared_out(None, [100, 2, 3]), [100, 2, 3]);
        assert_eq!(shared_out(Some(10), [100, 2, 3]), [4, 2, 3]);
        assert_eq!(shared_out(Some(0), [1, 1, 1]), [0, 0, 0]);
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(
            [0.0, 0.26, 9.94, 12.4, 1_234_567.0].map(rate),
            ["0/s", "0.3/s", "9.9/s", "12/s", "1,234,567/s"]
        );
        assert_eq!(
            [0.000_42, 0.0012, 0.042, 1.23].map(|s| time(Some(s))),
            ["420 µs", "1.2 ms", "42 ms", "1.2 s"]
        );
        assert_eq!([42, 200, 15_120, 273_600].map(uptime), ["42 s", "3 min 20 s", "4 h 12 min", "3 d 4 h"]);
        assert_eq!(visible("\x1b[1;31ma b\x1b[0m"), 3);
    }
}
