//! "Did you mean": the known name nearest to an unknown one.

/// Longest name that is compared; longer ones are near nothing.
const NAME_BYTES_MAX: usize = 64;

/// The candidate that differs least from `name`, if it differs by no more than a slip or two: an edit for every
/// three characters, a swap of neighbours counting as one; or that has the same words in another order.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return None;
    }
    let plain = plain(name);
    let allowed = (plain.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= NAME_BYTES_MAX && *candidate != name)
        .map(|candidate| (distance_of(&plain, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `-` and `_` are no differences.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

fn distance_of(name: &str, candidate: &str) -> usize {
    let candidate = plain(candidate);
    let words = |text: &str| {
        let mut words: Vec<String> = text.split('_').map(str::to_owned).collect();
        words.sort();
        words
    };
    if words(name) == words(&candidate) { 0 } else { distance(name, &candidate) }
}

/// Edits between two texts: insert, remove, replace, swap neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_distant_ones_are_not() {
        let known = ["hosts", "lifetime_max", "lifetime_min", "origin", "behaviors"];
        for (name, expected) in [
            ("host", Some("hosts")),
            ("hotss", Some("hosts")),
            ("max_lifetime", Some("lifetime_max")),
            ("lifetime-max", Some("lifetime_max")),
            ("Origin", Some("origin")),
            ("behaviours", Some("behaviors")),
            ("backend", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
