//! What `explain` says of the form of an answer is what the answer is.

use crate::compression::{ask, bed_with, made, text};
use littoral_testbed::{HOST, Purge};

#[test]
fn explain_says_in_which_form_what_is_stored_would_be_sent_and_that_form_is_sent() {
    let bed = bed_with(&["br"], &text(20_000));
    let explained = |accept: &str| {
        let mut asked = littoral_edge::ExplainRequest::get(format!("http://{HOST}/a"));
        asked.headers.push(("Accept-Encoding".to_owned(), accept.to_owned()));
        bed.edge().explain(&asked).expect("it can be explained")
    };
    assert_eq!(explained("gzip, br").codings, ["br", "gzip"]);
    for (accept, form, coding) in [
        ("br", "kept br", Some("br")),
        ("identity", "as-stored", None),
        ("gzip, identity;q=0", "made gzip", Some("gzip")),
    ] {
        assert_eq!(explained(accept).form.as_deref(), Some(form), "{accept}");
        assert_eq!(ask(&bed, "/a", accept).header("content-encoding"), coding, "{accept}");
    }
    // It was wanted, and made behind that answer.
    made(&bed, 2);
    assert_eq!(explained("gzip").form.as_deref(), Some("kept gzip"));
    bed.purge(Purge::url("http://site.test/a"));
    assert_eq!(explained("gzip").form, None, "there is nothing to send");
}
