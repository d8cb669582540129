//! Signatures of the published examples, and the one form of a target.

use super::*;

/// 2013-05-24 00:00:00 UTC, the time of AWS's examples.
const THEN: i64 = 1_369_353_600;

fn keys() -> S3Signing {
    S3Signing {
        region: "us-east-1".into(),
        service: "s3".into(),
        access_key: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
    }
}

/// Method, target, signed fields, hash of the content, signature.
type Example<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

/// "Examples: Signature Calculations in AWS Signature Version 4", Amazon S3 API Reference.
#[test]
fn the_published_examples_come_out() {
    let host = ("host", "examplebucket.s3.amazonaws.com");
    let time = ("x-amz-date", "20130524T000000Z");
    let nothing = ("x-amz-content-sha256", NO_PAYLOAD);
    let cases: [Example<'_>; 4] = [
        (
            "GET",
            "/test.txt",
            &[host, ("range", "bytes=0-9"), nothing, time],
            NO_PAYLOAD,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                host,
                ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                time,
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/?lifecycle",
            &[host, nothing, time],
            NO_PAYLOAD,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            &[host, nothing, time],
            NO_PAYLOAD,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];
    for (method, target, signed, payload, signature) in cases {
        let target = Canonical::of(target.as_bytes());
        let said = authorization(&keys(), method, &target, signed, payload, "20130524T000000Z");
        assert!(said.ends_with(&format!("Signature={signature}")), "{method} {}: {said}", target.path);
    }
}

#[test]
fn a_request_carries_what_it_is_signed_with() {
    let signed = sign(&keys(), &Method::GET, b"/?lifecycle", b"examplebucket.s3.amazonaws.com", false, THEN);
    assert_eq!(signed.target, "/?lifecycle=");
    let said: Vec<String> = signed
        .fields
        .iter()
        .map(|(name, value)| format!("{}: {value}", String::from_utf8_lossy(name)))
        .collect();
    assert_eq!(
        said,
        [
            "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "x-amz-date: 20130524T000000Z",
            "authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
             Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ]
    );
}

#[test]
fn temporary_keys_and_streamed_bodies_say_so() {
    let keys = S3Signing { session_token: Some("a/token==".into()), ..keys() };
    let signed = sign(&keys, &Method::PUT, b"/a", b"h", true, THEN);
    let named = |wanted: &str| {
        let found = signed.fields.iter().find(|(name, _)| *name == wanted.as_bytes());
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(named("x-amz-security-token"), "a/token==");
    assert_eq!(named("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert!(
        named("authorization")
            .contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,")
    );
}

#[test]
fn targets_have_one_form() {
    for (target, canonical) in [
        ("/", "/"),
        ("/a%20b", "/a%20b"),
        ("/a+b", "/a%2Bb"),
        ("/a%2bb", "/a%2Bb"),
        ("/%7Etilde/~tilde", "/~tilde/~tilde"),
        ("/gr%C3%BC%c3%9fe", "/gr%C3%BC%C3%9Fe"),
        ("/a//b/", "/a//b/"),
        ("/a%2Fb", "/a/b"),
        ("/100%", "/100%25"),
        ("/a?", "/a"),
        ("/a?b", "/a?b="),
        ("/a?b=&a=2&a=1", "/a?a=1&a=2&b="),
        ("/a?q=x+y%2Bz", "/a?q=x%20y%2Bz"),
        ("/a?p=/x/&&", "/a?p=%2Fx%2F"),
        ("/a?b=c=d", "/a?b=c%3Dd"),
        ("/a?X-Amz-Signature=1&x%2Damz-date=2&b=3", "/a?b=3"),
    ] {
        assert_eq!(Canonical::of(target.as_bytes()).to_bytes(), canonical, "{target}");
    }
}

#[test]
fn the_canonical_form_of_a_canonical_form_is_itself() {
    for byte in 0..=255u8 {
        let once = Canonical::of(format!("/x%{byte:02X}y?n%{byte:02X}=v%{byte:02X}").as_bytes()).to_bytes();
        assert_eq!(Canonical::of(&once).to_bytes(), once, "{byte:02X}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_a_client_asks_for_has_one_form_that_is_a_target(
        text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
    ) {
        let target = [b"/", text.as_slice()].concat();
        let once = Canonical::of(&target).to_bytes();
        proptest::prop_assert!(once.iter().all(u8::is_ascii_graphic));
        proptest::prop_assert!(http::Uri::from_maybe_shared(once.clone()).is_ok());
        proptest::prop_assert_eq!(Canonical::of(&once).to_bytes(), once);
    }
}

#[test]
fn times_are_in_the_compact_form() {
    assert_eq!(timestamp(THEN), "20130524T000000Z");
    assert_eq!(timestamp(1_795_237_207), "20261121T050007Z");
}
