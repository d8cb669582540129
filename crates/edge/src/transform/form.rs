//! The form in which a response is sent: as it is, in a coding made here, or with its own coding taken off; and what
//! that changes of its fields. Which form it is to be, `choose` says.

use littoral_http_caching::coding::{is_digest, write_vary};
use littoral_http_caching::entity_tag::write_marked;
use littoral_http_caching::{Coding, Fields, Known};
use smallvec::SmallVec;

/// Room for the usual entity tag and a mark.
pub(crate) type TagText = SmallVec<[u8; 64]>;

/// The form in which a response is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As it is: there is no other.
    Sole,
    /// As it is, for this client; another may get another form.
    Plain,
    /// In a coding, as it is kept with the stored response: the same bytes each time.
    Kept(Coding),
    /// In a coding that is made on the way.
    Made(Coding),
    /// Its coding is taken off on the way.
    Unpacked,
}

impl Form {
    /// Whether the content is another than the original's.
    pub(crate) fn is_changed(self) -> bool {
        !matches!(self, Form::Sole | Form::Plain)
    }

    /// Whether the content is made while it is being sent, so that neither its length nor its parts are known.
    pub(crate) fn is_made_on_the_way(self) -> bool {
        matches!(self, Form::Made(_) | Form::Unpacked)
    }

    /// The coding of what is kept with the stored response, if that is sent.
    pub(crate) fn kept_coding(self) -> Option<Coding> {
        if let Form::Kept(coding) = self { Some(coding) } else { None }
    }

    fn coding(self) -> Option<Coding> {
        match self {
            Form::Kept(coding) | Form::Made(coding) => Some(coding),
            Form::Sole | Form::Plain | Form::Unpacked => None,
        }
    }

    /// The entity tag of this form, for a request that asks about tags; others need none.
    pub(crate) fn etag_asked<'a>(
        self,
        request: &Fields,
        original: &'a Fields,
        text: &'a mut TagText,
    ) -> Option<&'a [u8]> {
        let asks =
            [Known::IfMatch, Known::IfNoneMatch, Known::IfRange].iter().any(|field| request.has(*field));
        if asks { self.etag(original.get(Known::ETag), text) } else { None }
    }

    /// The entity tag of this form, from the original's.
    fn etag<'a>(self, original: Option<&'a [u8]>, text: &'a mut TagText) -> Option<&'a [u8]> {
        let original = original?;
        if !self.is_changed() {
            return Some(original);
        }
        let mut marked = Vec::with_capacity(original.len() + 16);
        write_marked(original, self.coding(), self.is_made_on_the_way(), &mut marked);
        text.clear();
        text.extend_from_slice(&marked);
        Some(&text[..])
    }

    /// Whether a line of the original stays as it is.
    pub(crate) fn keeps(self, known: Known, name: &[u8]) -> bool {
        match known {
            Known::Vary => self == Form::Sole,
            Known::ETag | Known::ContentEncoding => !self.is_changed(),
            Known::AcceptRanges => !self.is_made_on_the_way(),
            _ => !(self.is_changed() && is_digest(known, name)),
        }
    }

    /// Hands over the lines that come in the place of those that do not stay; those for a 304 only if `in_304`.
    pub(crate) fn lines(self, original: &Fields, in_304: bool, mut each: impl FnMut(Known, &[u8])) {
        if self == Form::Sole {
            return;
        }
        let mut vary = Vec::with_capacity(64);
        write_vary(original, &mut vary);
        each(Known::Vary, &vary);
        if !self.is_changed() {
            return;
        }
        if let Some(etag) = self.etag(original.get(Known::ETag), &mut TagText::new()) {
            each(Known::ETag, etag);
        }
        if let Some(coding) = self.coding()
            && !in_304
        {
            each(Known::ContentEncoding, coding.as_str().as_bytes());
        }
    }

    /// The fields of a response that is sent in this form.
    pub(crate) fn fields(self, original: &Fields) -> Fields {
        let mut out = Fields::builder();
        out.extend_from(original, |known, name| {
            self.keeps(known, name) && !(self.is_changed() && known == Known::ContentLength)
        });
        self.lines(original, false, |known, value| {
            out.push_known(known, value);
        });
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Fields {
        [
            ("ETag", "\"abc\""),
            ("Vary", "Origin"),
            ("Content-MD5", "x"),
            ("Repr-Digest", "x"),
            ("Accept-Ranges", "bytes"),
            ("Content-Length", "5"),
            ("X-Other", "stays"),
        ]
        .into_iter()
        .collect()
    }

    fn text(fields: &Fields) -> String {
        let line = |line: littoral_http_caching::FieldLine<'_>| {
            format!("{}: {}", line.name.escape_ascii(), line.value.escape_ascii())
        };
        fields.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_form_changes_exactly_the_fields_that_speak_of_it() {
        let all = "ETag: \\\"abc\\\"\nVary: Origin\nContent-MD5: x\nRepr-Digest: x\nAccept-Ranges: bytes\n\
                   Content-Length: 5\nX-Other: stays";
        assert_eq!(text(&Form::Sole.fields(&original())), all);
        let plain = all.replace("Vary: Origin\n", "") + "\nvary: Origin, accept-encoding";
        assert_eq!(text(&Form::Plain.fields(&original())), plain);
        assert_eq!(
            text(&Form::Kept(Coding::Brotli).fields(&original())),
            "Accept-Ranges: bytes\nX-Other: stays\nvary: Origin, accept-encoding\netag: \\\"abc~br\\\"\n\
             content-encoding: br"
        );
        assert_eq!(
            text(&Form::Made(Coding::Zstd).fields(&original())),
            "X-Other: stays\nvary: Origin, accept-encoding\netag: W/\\\"abc~zstd\\\"\ncontent-encoding: zstd"
        );
        let gzipped: Fields = [("ETag", "\"abc\""), ("Content-Encoding", "gzip")].into_iter().collect();
        assert_eq!(
            text(&Form::Unpacked.fields(&gzipped)),
            "vary: accept-encoding\netag: W/\\\"abc~identity\\\""
        );
    }
}
