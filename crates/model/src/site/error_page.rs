//! `[[error_pages]]`: a site's own pages in place of errors.

use crate::section::{Empty, Section};
use crate::{Bounds, Span, Spanned, Written};
use std::time::Duration;

/// The keys of an error page, for hints.
pub(super) const KEYS: &[&str] =
    &["statuses", "file", "body", "content_type", "answer_status", "from", "retry_after", "when"];

/// Most error pages of one site. 64.
const PAGES_MAX: usize = 64;
const ANSWER_STATUS: Bounds<u64> = Bounds::new(200, 200, 599);
const RETRY_AFTER: Bounds<Duration> =
    Bounds::new(Duration::ZERO, Duration::from_secs(1), Duration::from_secs(86_400));

/// Whose errors a page stands for.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum PageFrom {
    /// Those that the edge makes.
    #[default]
    Edge,
    /// Those that an origin sends.
    Origin,
    /// Both.
    All,
}

/// An error page as written.
#[derive(Clone, PartialEq, Debug)]
pub struct ErrorPageSection {
    /// Where it begins.
    pub span: Span,
    /// The errors that it stands for. Empty where they could not be read.
    pub statuses: Vec<Spanned<String>>,
    /// A file with its content. One of this and `body`.
    pub file: Option<Spanned<String>>,
    /// Its content.
    pub body: Option<Spanned<String>>,
    /// Its media type. Default: by the file's name; of a body, `text/html` where it begins with `<`, else
    /// `text/plain`.
    pub content_type: Option<Spanned<String>>,
    /// The status that clients get, 200 to 599. Default: the error's.
    pub answer_status: Option<Spanned<u16>>,
    /// Default: the edge's own errors.
    pub from: PageFrom,
    /// Seconds in `Retry-After`, 1 s to 1 d. Default: none, or what the origin said.
    pub retry_after: Option<u32>,
    /// Only for requests that this matches.
    pub when: Option<Written>,
}

pub(super) fn read(site: &Section<'_>) -> Vec<ErrorPageSection> {
    const EXAMPLE: &str = "as in [[error_pages]] with statuses = [\"503\"] and file = \"sorry.html\"";
    let pages = site.tables("error_pages", PAGES_MAX, EXAMPLE, |place| format!("error page {place}"));
    pages.into_iter().map(read_page).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the section is finished")]
fn read_page(section: Section<'_>) -> ErrorPageSection {
    const FROM: &[(&str, PageFrom)] =
        &[("edge", PageFrom::Edge), ("origin", PageFrom::Origin), ("all", PageFrom::All)];
    const STATUSES: &str = "as in statuses = [\"502\", \"503\", \"504\"] or [\"5xx\"]";
    if section.value("statuses").is_none() {
        section.missing("statuses", STATUSES);
    }
    let page = ErrorPageSection {
        span: section.span().clone(),
        statuses: section.statuses("statuses", Empty::Refused(STATUSES)).unwrap_or_default(),
        file: section.text("file"),
        body: section.text("body"),
        content_type: section.text("content_type"),
        answer_status: section
            .place("answer_status")
            .map(|span| Spanned::new(section.count("answer_status", ANSWER_STATUS) as u16, span)),
        from: section.choice("from", FROM).map(|from| from.value).unwrap_or_default(),
        retry_after: section.seconds("retry_after", RETRY_AFTER).map(|seconds| seconds.value),
        when: section.written("when"),
    };
    let has = |key| section.place(key);
    match (has("file"), has("body")) {
        (Some(_), Some(body)) => {
            let message = format!("{} has both `file` and `body`", section.name());
            section.reader().report(section.reader().mistake(&body, message, "one of the two"));
        }
        (None, None) => section.missing("file", "a page: file = \"sorry.html\", or body = \"…\""),
        _ => {}
    }
    // Known also where the file does not have it.
    section.value("answer_status");
    section.finish(&[]);
    page
}
