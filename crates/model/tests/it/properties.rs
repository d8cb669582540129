//! Units come back as they went; nothing that stands in a file makes the reader fail.

use littoral_model::{
    Mistake, format_duration, format_percent, format_size, parse_duration, parse_node, parse_percent,
    parse_site, parse_size, quoted, render,
};
use proptest::prelude::*;
use std::time::Duration;

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("LITTORAL_SOAK").is_some() { 100_000 } else { 1_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn durations_come_back(millis in any::<u64>(), unit in prop::sample::select(vec![1u64, 1_000, 60_000, 3_600_000])) {
        let duration = Duration::from_millis(millis / unit * unit);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn sizes_and_shares_come_back(bytes in any::<u64>(), shift in 0u32..48) {
        let bytes = bytes >> shift << shift;
        prop_assert_eq!(parse_size(&format_size(bytes)), Ok(bytes));
        prop_assert_eq!(parse_percent(&format_percent(bytes)), Ok(bytes));
    }

    #[test]
    fn any_text_is_a_quantity_or_a_mistake(text in any::<String>(), number in "[0-9]{0,22}[a-zA-Z%]{0,4}") {
        for text in [text, number] {
            let _ = (parse_duration(&text), parse_size(&text), parse_percent(&text));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(source in any::<String>()) {
        for mistakes in [parse_site(&source, "a.toml").1, parse_node(&source, "a.toml").1] {
            prop_assert!(mistakes.iter().all(|mistake| !render(mistake, &source).is_empty()));
        }
    }

    #[test]
    fn any_mistake_can_be_shown(source in any::<String>(), start in 0usize..80, len in 0usize..80, message in any::<String>()) {
        let mistake = Mistake::at(&message, &(start..start + len), quoted(&message), message.as_str()).hint(message.as_str());
        let shown = render(&mistake, &source);
        prop_assert_eq!(shown.lines().count(), 5);
        prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
    }
}
