//! Error pages: which errors they stand for, what they say.

use super::Compiler;
use super::names::is_visible;
use crate::{ErrorPage, ErrorSource, StatusSet};
use littoral_model::{ErrorPageSection, PageFrom, Spanned, quoted};
use std::sync::Arc;

/// Media types of pages by the extension of their file.
const TYPES: [(&str, &str); 10] = [
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

impl Compiler<'_> {
    pub(super) fn error_pages(&mut self) -> Option<Box<[ErrorPage]>> {
        let file = self.file;
        let pages: Vec<_> =
            file.error_pages.iter().enumerate().map(|(at, section)| self.error_page(at, section)).collect();
        self.check_pages_reached(&pages);
        pages.into_iter().collect()
    }

    fn error_page(&mut self, at: usize, section: &ErrorPageSection) -> Option<ErrorPage> {
        let what = format!("error page {}", at + 1);
        let before = self.errors();
        let statuses = self.page_statuses(&what, &section.statuses);
        let body = self.page_body(&what, section);
        let content_type = self.page_type(&what, section, body.as_deref());
        let when = self.when(&what, section.when.as_ref());
        if let Some(status) =
            section.answer_status.as_ref().filter(|status| matches!(status.value, 204 | 205 | 304))
        {
            let message = format!("{what} is answered with a status that has no content");
            self.error(&status.span, message, "nothing is seen of the page", "as in 200, 404 or 503");
        }
        (self.errors() == before).then_some(())?;
        Some(ErrorPage {
            statuses: statuses?,
            from: match section.from {
                PageFrom::Edge => ErrorSource::Edge,
                PageFrom::Origin => ErrorSource::Origin,
                PageFrom::All => ErrorSource::All,
            },
            body: body?,
            content_type: content_type?,
            answer_status: section.answer_status.as_ref().map(|status| status.value),
            retry_after: section.retry_after,
            when: when?,
        })
    }

    fn page_statuses(&mut self, what: &str, names: &[Spanned<String>]) -> Option<StatusSet> {
        let statuses = self.statuses(what, names)?;
        let wrong = names.iter().find(|name| {
            StatusSet::parse(name).is_some_and(|set| set.iter().any(|code| !(400..600).contains(&code)))
        });
        if let Some(name) = wrong {
            let message = format!("{what} is for {}, which is no error", quoted(name));
            self.error(&name.span, message, "an answer like any other", "400 to 599, or a class of them");
            return None;
        }
        Some(statuses)
    }

    fn page_body(&mut self, what: &str, section: &ErrorPageSection) -> Option<Arc<[u8]>> {
        if let Some(path) = &section.file {
            let content = self.content(&format!("`file` of {what}"), path, "a page of at most 1 MiB")?;
            return Some(content.into());
        }
        section.body.as_ref().map(|body| body.as_bytes().into())
    }

    fn page_type(&mut self, what: &str, section: &ErrorPageSection, body: Option<&[u8]>) -> Option<Box<str>> {
        if let Some(given) = &section.content_type {
            let sound = given.contains('/') && is_visible(given) && given.trim() == given.value;
            if !sound {
                let message = format!("`content_type` of {what}, {}, is not a media type", quoted(given));
                self.error(&given.span, message, "not a media type", "as in \"text/html; charset=utf-8\"");
                return None;
            }
            return Some(given.as_str().into());
        }
        let Some(path) = &section.file else {
            let is_markup = body?.trim_ascii_start().first() == Some(&b'<');
            return Some(if is_markup { TYPES[0].1 } else { TYPES[2].1 }.into());
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let known = extension.and_then(|found| TYPES.iter().find(|(known, _)| *known == found));
        if known.is_none() {
            let message = format!("the type of {what} cannot be told from its file's name, {}", quoted(name));
            self.error(
                &path.span,
                message,
                "no known extension",
                "say it: content_type = \"text/html; charset=utf-8\"",
            );
        }
        known.map(|(_, media_type)| (*media_type).into())
    }

    /// A page whose errors all go to pages before it is never sent.
    fn check_pages_reached(&mut self, pages: &[Option<ErrorPage>]) {
        for (at, page) in pages.iter().enumerate() {
            let Some(page) = page else { continue };
            let covers = |earlier: &&ErrorPage| {
                earlier.when.is_none() && (earlier.from == ErrorSource::All || earlier.from == page.from)
            };
            let earlier = pages[..at].iter().flatten().filter(covers);
            let taken = earlier.fold(StatusSet::EMPTY, |taken, earlier| taken.union(earlier.statuses));
            // One without statuses is a mistake already.
            if !page.statuses.is_empty() && page.statuses.iter().all(|code| taken.has(code)) {
                let section = &self.file.error_pages[at];
                let span =
                    section.statuses.first().map_or(section.span.clone(), |status| status.span.clone());
                let message =
                    format!("error page {} is never sent: those before it stand for all its errors", at + 1);
                self.error(
                    &span,
                    message,
                    "taken before",
                    "the first page that fits is sent; put it before them",
                );
            }
        }
    }
}
