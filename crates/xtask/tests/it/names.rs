//! Names that say nothing, and the glossary.

use super::{HEADER, said, said_of_source, said_of_test};

const NOTHING: [&str; 0] = [];

#[test]
fn files_and_modules_are_named_for_what_they_hold() {
    for path in ["crates/edge/src/utils.rs", "crates/edge/src/helpers/mod.rs", "crates/edge/src/http_util.rs"]
    {
        assert_eq!(said(&[(path, HEADER)]), [format!("name {path}:1")]);
    }
    assert_eq!(said_of_source("mod common {}"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("struct ConnectionManager;"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("struct Utility;\nmod commonplace {}"), NOTHING);
}

#[test]
fn getters_have_no_prefix() {
    assert_eq!(said_of_source("pub fn get_age() {}"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("fn get_mut() {}\nfn a() { map.get_many(); }"), NOTHING);
    assert_eq!(said_of_test("fn get_twice() {}"), NOTHING);
}

#[test]
fn the_glossary_replaces_its_own_words_only() {
    assert_eq!(said_of_source("let backend = 1;"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("struct BackendPool;"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("struct CachedObject;"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("let default_ttl = 1;"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(
        said_of_source("let a = other.backend;\nlet o = json_object; // a backend\nlet s = \"backend\";"),
        NOTHING
    );
}

#[test]
fn what_stands_in_comments_and_literals_is_not_code() {
    let body = "/* fn get_a() /* nested */ fn get_b() */ let s = r#\"fn get_c() \" \"#; // fn get_d()\nlet c = '\"'; let d = \"\\\" fn get_e()\";\nfn f<'a>(x: &'a str) {}";
    assert_eq!(said_of_source(body), NOTHING);
    assert_eq!(said_of_source("let c = '\"'; fn get_a() {}"), ["name crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("let c = '\\''; fn get_a<'a>() {}"), ["name crates/edge/src/a.rs:2"]);
}
