//! Site files and node files. The input is the text of one; it is read as both.

use littoral_model::{Mistake, parse_node, render_all};
use littoral_policy::{Behavior, NoFiles, SiteIds, read_site};

/// Panics when a file is refused without a mistake, or when what is said about it could move a terminal.
pub fn run(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    let (node, said) = parse_node(source, "node.toml");
    assert!(node.is_some() || said.iter().any(Mistake::is_error));
    show(&said, source);
    match read_site(source, "site.toml", &NoFiles, |_| SiteIds::default()) {
        Ok((site, warnings)) => {
            let redirects = |behavior: &Behavior| !behavior.redirects.is_empty();
            assert!(site.behaviors.iter().all(|found| redirects(found) || found.group < site.groups.len()));
            assert!(!site.hosts.is_empty() && !warnings.iter().any(Mistake::is_error));
            show(&warnings, source);
        }
        Err(mistakes) => {
            assert!(mistakes.iter().any(Mistake::is_error));
            show(&mistakes, source);
        }
    }
}

fn show(mistakes: &[Mistake], source: &str) {
    let shown = render_all(mistakes, source);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
}
