//! Random conditions: printed, compiled, and held against an interpreter that is too slow to serve with.

use crate::request::Lines;
use littoral_rules::{Filter, Subject, Template, Variables};
use proptest::prelude::*;
use std::net::IpAddr;

#[derive(Clone, Debug)]
enum Tree {
    Constant(bool),
    Not(Box<Tree>),
    Joined(&'static str, Vec<Tree>),
    Text(Field, bool, Test),
    Length(Field, &'static str, usize),
    Address(bool, Vec<(IpAddr, u32)>),
    Exists(Field),
}

#[derive(Copy, Clone, Debug)]
enum Field {
    Path,
    Query,
    Header,
    Cookie,
    Parameter,
}

#[derive(Clone, Debug)]
enum Test {
    Equal(bool, String),
    In(Vec<String>),
    Contains(String),
    Wildcard(String),
    Matches(String),
    Ends(bool, String),
}

#[derive(Clone, Debug)]
struct Request {
    path: String,
    query: Option<String>,
    lines: Lines,
    client: IpAddr,
}

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("LITTORAL_SOAK").is_some() { 200_000 } else { 2_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn fields() -> impl Strategy<Value = Field> {
    use Field::{Cookie, Header, Parameter, Path, Query};
    prop_oneof![Just(Path), Just(Query), Just(Header), Just(Cookie), Just(Parameter)]
}

/// Texts that every field may have, so that the checker has nothing against them.
fn tests() -> impl Strategy<Value = Test> {
    prop_oneof![
        (any::<bool>(), "/[ab]{0,2}").prop_map(|(is, text)| Test::Equal(is, text)),
        proptest::collection::hash_set("/[ab]{0,2}", 1..4)
            .prop_map(|set| Test::In(set.into_iter().collect())),
        "[ab]{1,2}".prop_map(Test::Contains),
        r"/(\*?[ab]){0,2}\*?".prop_map(Test::Wildcard),
        "[ab]{1,2}".prop_map(Test::Matches),
        (any::<bool>(), "/[ab]{0,2}").prop_map(|(start, text)| Test::Ends(start, text)),
    ]
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0u8..3, any::<u8>()).prop_map(|(third, last)| IpAddr::from([10, 0, third, last])),
        (0u16..3, any::<u16>())
            .prop_map(|(seventh, last)| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, seventh, last])),
    ]
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

fn ranges() -> impl Strategy<Value = (IpAddr, u32)> {
    (addresses(), 0u32..=24).prop_map(|(address, below)| {
        let (number, all) = bits(address);
        let network = number >> below << below;
        let address = match address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(network).unwrap().into()),
            IpAddr::V6(_) => IpAddr::V6(network.into()),
        };
        (address, all - below)
    })
}

fn trees() -> impl Strategy<Value = Tree> {
    let orders = prop_oneof![Just("=="), Just("ne"), Just("<="), Just("gt"), Just(">=")];
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Tree::Constant),
        8 => (fields(), any::<bool>(), tests()).prop_map(|(field, lower, test)| Tree::Text(field, lower, test)),
        2 => (fields(), orders, 0usize..5).prop_map(|(field, order, number)| Tree::Length(field, order, number)),
        2 => (any::<bool>(), proptest::collection::vec(ranges(), 1..4)).prop_map(|(not, mut set)| {
            set.sort();
            set.dedup();
            Tree::Address(not, set)
        }),
        1 => fields().prop_filter("absent", |field| !matches!(field, Field::Path)).prop_map(Tree::Exists),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names = prop_oneof![Just("and"), Just("or"), Just("xor"), Just("&&"), Just("||"), Just("^^")];
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            (names, proptest::collection::vec(inner, 2..4))
                .prop_map(|(name, parts)| Tree::Joined(name, parts)),
        ]
    })
}

fn requests() -> impl Strategy<Value = Request> {
    let value = "/?[abAB]{0,3}";
    let query = proptest::option::of("(/|[ab]{1,2}|p=/?[abB]{0,2}|(p=/?[abB]{0,2}&){2}q=/a)");
    let values = proptest::collection::vec(value, 0..3);
    ("/[abAB]{0,3}", query, values.clone(), values, addresses()).prop_map(
        |(path, query, headers, cookies, client)| {
            let mut lines: Vec<_> =
                headers.into_iter().map(|value| ("h".to_owned(), value.into_bytes())).collect();
            let pairs: Vec<String> = cookies.iter().map(|value| format!("c={value}")).collect();
            if !pairs.is_empty() {
                lines.push(("cookie".to_owned(), pairs.join("; x=/a; ").into_bytes()));
            }
            Request { path, query, lines: Lines(lines), client }
        },
    )
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Path => "path",
            Field::Query => "query",
            Field::Header => "header[\"H\"]",
            Field::Cookie => "cookie[\"c\"]",
            Field::Parameter => "query[\"p\"]",
        }
    }

    fn values(self, request: &Request) -> Vec<String> {
        let lines = |name: &str| -> Vec<String> {
            let lines = request.lines.0.iter().filter(|(known, _)| known == name);
            lines.map(|(_, value)| String::from_utf8(value.clone()).unwrap()).collect()
        };
        let named = |text: &str, between: &str, name: &str| -> Vec<String> {
            let pairs = text.split(between).filter_map(|pair| pair.split_once('='));
            pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).collect()
        };
        match self {
            Field::Path => vec![request.path.clone()],
            Field::Query => request.query.iter().cloned().collect(),
            Field::Header => lines("h"),
            Field::Cookie => lines("cookie").iter().flat_map(|line| named(line, "; ", "c")).collect(),
            Field::Parameter => request.query.iter().flat_map(|query| named(query, "&", "p")).collect(),
        }
    }
}

impl Tree {
    fn holds(&self, request: &Request) -> bool {
        match self {
            Tree::Constant(holds) => *holds,
            Tree::Not(tree) => !tree.holds(request),
            Tree::Joined("and" | "&&", parts) => parts.iter().all(|part| part.holds(request)),
            Tree::Joined("or" | "||", parts) => parts.iter().any(|part| part.holds(request)),
            Tree::Joined(_, parts) => parts.iter().filter(|part| part.holds(request)).count() % 2 == 1,
            Tree::Text(field, lower, test) => {
                let lowered =
                    |text: String| if test.lowers(*lower) { text.to_ascii_lowercase() } else { text };
                let any = field.values(request).into_iter().map(lowered).any(|value| test.passes(&value));
                any != matches!(test, Test::Equal(false, _))
            }
            Tree::Length(field, order, number) => {
                let mut lengths = field.values(request).into_iter().map(|value| value.len());
                match *order {
                    "==" => lengths.any(|length| length == *number),
                    "ne" => !lengths.any(|length| length == *number),
                    "<=" => lengths.any(|length| length <= *number),
                    "gt" => lengths.any(|length| length > *number),
                    _ => lengths.any(|length| length >= *number),
                }
            }
            Tree::Address(not, set) => {
                let (client, all) = bits(request.client);
                let within = |(address, length): &(IpAddr, u32)| {
                    let (network, of) = bits(*address);
                    of == all && (*length == 0 || client >> (all - length) == network >> (all - length))
                };
                set.iter().any(within) != *not
            }
            Tree::Exists(field) => !field.values(request).is_empty(),
        }
    }

    fn print(&self) -> String {
        let text = |text: &String| format!("{text:?}");
        match self {
            Tree::Constant(holds) => holds.to_string(),
            // The parentheses are needed by `xor` and the like alone; they are tried with and without.
            Tree::Not(tree) => match &**tree {
                Tree::Joined(..) => format!("not ({})", tree.print()),
                other => format!("! {}", other.print()),
            },
            Tree::Joined(name, parts) => {
                let print = |part: &Tree| match part {
                    Tree::Joined(..) => format!("({})", part.print()),
                    other => other.print(),
                };
                parts.iter().map(print).collect::<Vec<_>>().join(&format!(" {name} "))
            }
            Tree::Text(field, lower, test) => {
                let name = field.name();
                let name = if test.lowers(*lower) { format!("lower({name})") } else { name.to_owned() };
                match test {
                    Test::Equal(true, other) => format!("{name} == {}", text(other)),
                    Test::Equal(false, other) => format!("{name} != {}", text(other)),
                    Test::In(set) => {
                        format!("{name} in {{{}}}", set.iter().map(text).collect::<Vec<_>>().join(" "))
                    }
                    Test::Contains(part) => format!("{name} contains {}", text(part)),
                    Test::Wildcard(glob) => format!("{name} wildcard {}", text(glob)),
                    Test::Matches(regex) => format!("{name} ~ {}", text(regex)),
                    Test::Ends(true, start) => format!("starts_with({name}, {})", text(start)),
                    Test::Ends(false, end) => format!("ends_with({name},{})", text(end)),
                }
            }
            Tree::Length(field, order, number) => format!("len({}) {order} {number}", field.name()),
            Tree::Address(not, set) => {
                let set: Vec<String> =
                    set.iter().map(|(address, length)| format!("{address}/{length}")).collect();
                format!("{}ip in {{{}}}", if *not { "not " } else { "" }, set.join(", "))
            }
            Tree::Exists(field) => format!("exists({})", field.name()),
        }
    }
}

impl Test {
    fn lowers(&self, wanted: bool) -> bool {
        wanted && !matches!(self, Test::Matches(_))
    }

    fn passes(&self, value: &str) -> bool {
        match self {
            Test::Equal(_, other) => value == other,
            Test::In(set) => set.iter().any(|other| value == other),
            Test::Contains(part) | Test::Matches(part) => value.contains(&**part),
            Test::Wildcard(glob) => naive(glob.as_bytes(), value.as_bytes()),
            Test::Ends(true, start) => value.starts_with(&**start),
            Test::Ends(false, end) => value.ends_with(&**end),
        }
    }
}

/// What `*` means, by trying every length.
fn naive(glob: &[u8], text: &[u8]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|len| naive(rest, &text[len..])),
        Some((byte, rest)) => text.first() == Some(byte) && naive(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_condition_means_what_its_tree_means(
        tree in trees(),
        requests in proptest::collection::vec(requests(), 1..8),
    ) {
        let text = tree.print();
        let filter = Filter::parse(&text).map_err(|mistakes| TestCaseError::fail(format!("{text}: {mistakes:?}")))?;
        prop_assert_eq!(filter.as_str(), &text);
        for request in &requests {
            let mut subject = Subject::new(b"h", request.path.as_bytes(), b"GET");
            subject.query = request.query.as_deref().map(str::as_bytes);
            subject.client = request.client;
            subject.headers = &request.lines;
            let holds = tree.holds(request);
            prop_assert_eq!(filter.matches(&subject), holds, "{} {:?}", text, request);
            prop_assert!(filter.constant().is_none_or(|constant| constant == holds));
        }
    }

    #[test]
    fn any_text_is_a_condition_or_mistakes_within_it(
        text in prop_oneof![
            any::<String>(),
            r#"(host|path|ip|header\["x"\]|len\(|exists|not|in|==|~|"[a/(*]{0,3}"|\(|\)|\{|\}|and|10\.0\.0\.0/8|r#|\\|é|[ ,!<$']){0,8}"#,
        ],
    ) {
        let template = Template::parse(&text, Variables::RESPONSE.with_captures(3)).map(drop);
        for mistakes in [Filter::parse(&text).map(drop), template] {
            for mistake in mistakes.err().into_iter().flatten() {
                prop_assert!(text.get(mistake.span.clone()).is_some(), "{text:?} {mistake:?}");
                prop_assert!(!mistake.span.is_empty() || text.is_empty(), "{text:?} {mistake:?}");
            }
        }
    }
}
