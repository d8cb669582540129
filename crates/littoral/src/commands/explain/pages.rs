//! An explanation for people: first what would happen and why, then the way there in the order in which a request
//! goes it, then what is stored. It shows what it is given; it asks nobody.

use littoral_edge::{ExplainedLimit, ExplainedMember, Explanation, StoredVariant};

use crate::console::{Paint, bytes, clean, pairs, table};

/// The whole page.
pub(crate) fn page(paint: Paint, explained: &Explanation) -> String {
    let mut blocks = vec![way(paint, explained)];
    let mut block = |title: &str, text: String| blocks.push(format!("{}\n{text}", paint.bold(title)));
    if !explained.limits.is_empty() {
        block("limits", limits(paint, &explained.limits));
    }
    if let [_, _, ..] | [ExplainedMember { backup: true, .. }] = explained.members.as_slice() {
        let group = explained.origin.as_deref().unwrap_or("the group");
        block(&format!("origin servers of {group}"), members(paint, &explained.members));
    }
    if !explained.variants.is_empty() {
        block("stored", variants(paint, &explained.variants));
    }
    blocks.join("\n\n")
}

/// Names and values: the answer, and what led there.
fn way(paint: Paint, explained: &Explanation) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), clean(&value)));
    row("outcome", outcome(explained));
    row("why", explained.why.clone());
    if let Some(location) = &explained.location {
        row("location", location.clone());
    }
    if let Some(site) = &explained.site {
        let version = explained.site_version.map(|version| format!("version {version}"));
        let said: Vec<String> = version.into_iter().chain(explained.source.clone()).collect();
        row("site", format!("{site}  ({})", said.join(", ")));
    }
    if let Some(behavior) = &explained.behavior {
        row("behavior", behavior.clone());
    }
    if let Some(url) = &explained.url {
        row("url", url.clone());
    }
    if let Some(key) = &explained.key {
        row("key", key.clone());
    }
    if let (Some(origin), Some(target)) = (&explained.origin, &explained.target) {
        row("origin", format!("{origin}, asked for {target}{}", sole(&explained.members)));
    }
    for (nth, (name, value)) in explained.origin_fields.iter().enumerate() {
        row(if nth == 0 { "to the origin" } else { "" }, format!("{name}: {value}"));
    }
    if !explained.origin_fields_removed.is_empty() {
        let first = explained.origin_fields.is_empty();
        let name = if first { "to the origin" } else { "" };
        row(name, format!("without {}", explained.origin_fields_removed.join(", ")));
    }
    if !explained.answer_rules.is_empty() {
        row("to the client", explained.answer_rules.join(", "));
    }
    if let Some(form) = &explained.form {
        row("sent", sent(form));
    } else if !explained.codings.is_empty() {
        row("codings", format!("{}, if it is worth compressing", explained.codings.join(", ")));
    }
    if explained.purge_position > 0 {
        row("purges", format!("{} so far", explained.purge_position));
    }
    pairs(paint, &rows)
}

fn outcome(explained: &Explanation) -> String {
    match explained.status {
        Some(status) => format!("{} ({status})", explained.outcome),
        None => explained.outcome.clone(),
    }
}

/// How the only server stands, if there is a word to say.
fn sole(members: &[ExplainedMember]) -> String {
    match members {
        [only] if !only.backup => match (standing(only), only.under_way) {
            ("well", 0) => String::new(),
            ("well", under_way) => format!("  ({under_way} under way)"),
            (standing, under_way) => format!("  ({standing}, {under_way} under way)"),
        },
        _ => String::new(),
    }
}

fn standing(member: &ExplainedMember) -> &str {
    match member.standing.as_str() {
        "ejected" => "left out for its answers",
        "probed-bad" => "its probes fail",
        "ejected-and-probed-bad" => "left out for its answers, its probes fail",
        other => other,
    }
}

fn sent(form: &str) -> String {
    match form.split_once(' ') {
        Some(("kept", coding)) => format!("as {coding}, kept with what is stored"),
        Some(("made", coding)) => format!("as {coding}, made on the way"),
        _ if form == "unpacked" => "without the origin's coding".to_owned(),
        _ => "as it is stored".to_owned(),
    }
}

fn limits(paint: Paint, limits: &[ExplainedLimit]) -> String {
    let rows: Vec<Vec<String>> = limits
        .iter()
        .map(|limit| {
            let rate = format!("{} in {} s", limit.requests, limit.per_seconds);
            vec![limit.name.clone(), rate, limit.burst.to_string(), limit.left.to_string()]
        })
        .collect();
    table(paint, &["NAME", "RATE", "AT ONCE", "LEFT NOW"], &rows)
}

fn members(paint: Paint, members: &[ExplainedMember]) -> String {
    let rows: Vec<Vec<String>> = members
        .iter()
        .map(|member| {
            let weight = match member.share {
                1000 => member.weight.to_string(),
                share => format!("{} (at {} %)", member.weight, share / 10),
            };
            let role = match (member.first, member.backup) {
                (true, false) => "asked first",
                (true, true) => "backup, asked first",
                (false, true) => "backup",
                (false, false) => "",
            };
            let standing = standing(member).to_owned();
            vec![member.origin.clone(), standing, weight, member.under_way.to_string(), role.to_owned()]
        })
        .collect();
    table(paint, &["ORIGIN", "STANDING", "WEIGHT", "UNDER WAY", "ROLE"], &rows)
}

/// One line for each stored response, and one more for what tells it apart from the others.
fn variants(paint: Paint, variants: &[StoredVariant]) -> String {
    let rows: Vec<Vec<String>> = variants
        .iter()
        .map(|variant| {
            let size = format!("{}{}", bytes(variant.bytes), if variant.partial { " (in part)" } else { "" });
            let besides: Vec<String> = variant
                .encodings
                .iter()
                .map(|(coding, length)| format!("{coding} {}", bytes(*length)))
                .collect();
            vec![
                if variant.selected { "*".to_owned() } else { String::new() },
                variant.status.to_string(),
                freshness(variant),
                size,
                besides.join(", "),
                clean(variant.etag.as_deref().unwrap_or_default()),
                selecting(variant),
            ]
        })
        .collect();
    // Columns in which nothing stands are left out.
    let heading = ["", "STATUS", "FRESHNESS", "BYTES", "ALSO AS", "ETAG", "VARY"];
    let used: Vec<usize> =
        (0..heading.len()).filter(|&column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let heading: Vec<&str> = used.iter().map(|&column| heading[column]).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| used.iter().map(|&column| row[column].clone()).collect()).collect();
    table(paint, &heading, &rows)
}

fn freshness(variant: &StoredVariant) -> String {
    let guessed = if variant.heuristic { ", a guess" } else { "" };
    let lifetime = time(u64::from(variant.freshness_lifetime));
    let left = variant.freshness_left;
    let time_left = time(left.unsigned_abs());
    match variant.purge.as_str() {
        "purged" => "purged".to_owned(),
        "soft-purged" => "stale: purged softly".to_owned(),
        _ if left > 0 => format!("{time_left} left of {lifetime}{guessed}"),
        _ => format!("stale for {time_left}, after {lifetime}{guessed}"),
    }
}

fn selecting(variant: &StoredVariant) -> String {
    match variant.vary.as_slice() {
        [] => String::new(),
        vary if variant.selecting.is_empty() => clean(&vary.join(", ")),
        vary => clean(&format!("{} ({})", vary.join(", "), variant.selecting)),
    }
}

/// Seconds for people, rounded down.
fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(value: Value) -> String {
        page(Paint::off(), &serde_json::from_value(value).unwrap())
    }

    fn base(more: &Value) -> Value {
        let mut value = json!({
            "site": "shop", "site_version": 3, "source": "sites/shop.toml", "behavior": "/app/*",
            "origin": "web", "target": "/text", "location": null, "status": null, "url": "shop.test/app/text",
            "key": "http://shop.test/app/text", "outcome": "miss", "why": "nothing is stored under the key",
            "variants": [], "purge_position": 0,
        });
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        value
    }

    #[test]
    fn what_happens_comes_first_and_what_is_not_there_is_not_shown() {
        assert_eq!(
            shown(base(&json!({}))),
            "outcome   miss\n\
             why       nothing is stored under the key\n\
             site      shop  (version 3, sites/shop.toml)\n\
             behavior  /app/*\n\
             url       shop.test/app/text\n\
             key       http://shop.test/app/text\n\
             origin    web, asked for /text"
        );
        let redirect = json!({ "outcome": "redirect", "status": 301, "location": "/b", "why": "one fits",
            "url": null, "key": null, "target": null });
        let text = shown(base(&redirect));
        assert!(text.starts_with("outcome   redirect (301)\nwhy       one fits\nlocation  /b\n"), "{text}");
        assert!(!text.contains("asked for"), "{text}");
    }

    #[test]
    fn rules_limits_members_and_what_is_stored_are_all_there_within_120_columns() {
        let member = |origin: &str, standing: &str, share: u32, first: bool, backup: bool| {
            json!({ "origin": origin, "standing": standing, "weight": 3, "share": share, "backup": backup,
                "under_way": 2, "first": first })
        };
        let text = shown(base(&json!({
            "outcome": "hit", "why": "the stored response is fresh", "form": "kept br", "purge_position": 7,
            "codings": ["br", "gzip"],
            "origin_fields": [["x-a", "1"], ["x-b", "2\u{1b}[2J"]], "origin_fields_removed": ["x-c"],
            "answer_rules": ["set x-d", "remove x-e"],
            "limits": [{ "name": "api", "requests": 100, "per_seconds": 10.0, "burst": 20, "left": 19 }],
            "members": [member("a", "well", 300, true, false), member("b", "probed-bad", 1000, false, true)],
            "variants": [
                { "status": 200, "selected": true, "vary": ["accept-language"], "selecting": "accept-language=de",
                  "bytes": 18000, "partial": false, "age": 39, "freshness_lifetime": 60, "freshness_left": 21,
                  "heuristic": true, "etag": "\"abc\"", "encodings": [["gzip", 130], ["br", 55]], "purge": "live",
                  "effective_position": 0 },
                { "status": 404, "selected": false, "vary": [], "selecting": "", "bytes": 0, "partial": false,
                  "age": 900, "freshness_lifetime": 0, "freshness_left": -900, "heuristic": false, "etag": null,
                  "purge": "live", "effective_position": 0 },
            ],
        })));
        for line in [
            "sent           as br, kept with what is stored",
            "to the origin  x-a: 1",
            "               x-b: 2\u{fffd}[2J",
            "               without x-c",
            "to the client  set x-d, remove x-e",
            "purges         7 so far",
            "api   100 in 10 s  20       19",
            "origin servers of web",
            "a       well             3 (at 30 %)  2          asked first",
            "b       its probes fail  3            2          backup",
            "*  200     21 s left of 60 s, a guess  17.6 KiB  gzip 130 B, br 55 B  \"abc\"  accept-language (accept-language=de)",
            "   404     stale for 15 min, after 0 s  0 B",
        ] {
            let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                text.lines().any(|found| squeezed(found) == squeezed(line)),
                "{line}\nis missing in:\n{text}"
            );
        }
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
