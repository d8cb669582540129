//! The metrics page as numbers: Prometheus' text format 0.0.4. A line that is not understood is passed over.

use std::collections::HashMap;

/// One sample's labels and value.
pub(super) struct Sample {
    labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Sample {
    /// The value of a label; empty if it has none.
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }
}

/// All samples of one look, by metric.
#[derive(Default)]
pub(super) struct Samples(HashMap<String, Vec<Sample>>);

impl Samples {
    pub(super) fn parse(page: &str) -> Samples {
        let mut samples = Samples::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, sample)) = parse_line(line) {
                samples.0.entry(name.to_owned()).or_default().push(sample);
            }
        }
        samples
    }

    /// All samples of a metric.
    pub(super) fn of(&self, name: &str) -> &[Sample] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The sum of a metric's samples that `fits` lets pass.
    pub(super) fn sum(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> f64 {
        self.of(name).iter().filter(|sample| fits(sample)).fold(0.0, |sum, sample| sum + sample.value)
    }

    /// The sum of all of a metric's samples.
    pub(super) fn total(&self, name: &str) -> f64 {
        self.sum(name, |_| true)
    }
}

fn parse_line(line: &str) -> Option<(&str, Sample)> {
    let name_end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = label_value(after)?;
            labels.push((label.to_owned(), value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((name, Sample { labels, value }))
}

/// The text up to the closing quotation mark, and what follows that.
fn label_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_their_labels_and_nonsense_is_passed_over() {
        let page = "# HELP a b\na_total{site=\"x\\\"y\\\\z\",status=\"200\"} 3\na_total{} 4\nb 1.5 123\nc +Inf\n\
                    broken{x=\"\nbroken2{x 1\n\n";
        let samples = Samples::parse(page);
        assert_eq!(samples.of("a_total")[0].label("site"), "x\"y\\z");
        assert_eq!(samples.sum("a_total", |sample| sample.label("status") == "200"), 3.0);
        assert_eq!((samples.total("a_total"), samples.total("b")), (7.0, 1.5));
        assert!(samples.total("c").is_infinite());
        assert_eq!(
            (samples.of("broken").len(), samples.of("broken2").len(), samples.of("none").len()),
            (0, 0, 0)
        );
    }
}
