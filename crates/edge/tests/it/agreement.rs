//! What `explain` says of a request is what the request meets: on a site of 12 origins, 40 behaviors and some 200
//! rules, for thousands of random requests.

use littoral_edge::{ExplainRequest, Explanation};
use littoral_testbed::{Origin, Reply, Testbed, dynamic, ok, origin};
use std::fmt::Write;

const ORIGINS: usize = 12;
const BEHAVIORS: usize = 40;
const HOSTS: [&str; 4] = ["shop.test", "www.shop.test", "static.shop.test", "api.shop.test"];
const WORDS: [&str; 8] = ["a", "b", "img", "css", "api", "v1", "old", "new"];
const EXTENSIONS: [&str; 5] = ["", ".html", ".css", ".json", "_vabc123.js"];
const METHODS: [&str; 8] = ["GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE"];

/// SplitMix64: the same run after run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        littoral_rules::hash::mix(self.0)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// An origin that says who it is, what it was asked for, and what rules told it.
fn start_origin(name: String) -> Origin {
    let answer = dynamic(move |request| {
        let mut answer = ok(format!("{name} answers"))
            .header("X-Origin", &name)
            .header("X-Target", &request.target)
            .header("Content-Type", "application/octet-stream");
        for (field, value) in
            request.fields.iter().filter(|(field, _)| field.to_ascii_lowercase().starts_with("x-told-"))
        {
            answer = answer.header("X-Heard", format!("{}={value}", field.to_ascii_lowercase()));
        }
        if request.target.contains("new") { answer.cache_control("no-store") } else { answer.max_age(60) }
    });
    origin("*", answer).start()
}

/// A condition of which the outcome differs from request to request. Those for the origin look at nothing but what is
/// in every key.
fn condition(random: &mut Random, keyed: bool) -> String {
    let single = |random: &mut Random| match random.below(if keyed { 5 } else { 11 }) {
        0 => format!("path contains \"{}\"", random.pick(&WORDS)),
        1 => format!("starts_with(path, \"/{}\")", random.pick(&WORDS)),
        2 => format!("extension in {{\"css\" \"{}\"}}", random.pick(&["html", "json", "js"])),
        3 => format!("query contains \"{}\"", random.pick(&["x=1", "y", "z=2"])),
        4 => format!("scheme == \"{}\"", random.pick(&["http", "https"])),
        5 => format!("host == \"{}\"", random.pick(&HOSTS)),
        6 => format!("cookie[\"beta\"] == \"{}\"", random.pick(&["0", "1"])),
        7 => format!("header[\"x-kind\"] contains \"{}\"", random.pick(&["k", "m"])),
        8 => format!("method in {{\"GET\" \"{}\"}}", random.pick(&["POST", "HEAD"])),
        9 => format!("ip in {{{}}}", random.pick(&["127.0.0.0/8", "192.0.2.0/24"])),
        _ => format!("exists(query[\"{}\"])", random.pick(&["x", "y", "z"])),
    };
    let first = single(random);
    match random.below(4) {
        0 => format!("not ({first})"),
        1 => format!("{first} and {}", single(random)),
        2 => format!("{first} or {}", single(random)),
        _ => first,
    }
}

fn site(random: &mut Random, origins: &[Origin]) -> (String, usize) {
    let mut rules = 0;
    let mut file = String::from("version = 1\nname = \"shop\"\ncanonical_host = \"shop.test\"\nhosts = [");
    for host in HOSTS {
        write!(file, "\"{host}\", ").expect("a text takes it");
    }
    file.push_str("]\n");
    for (nth, origin) in origins.iter().enumerate() {
        writeln!(file, "[origins.o{nth}]\nurl = \"{}\"", origin.url()).expect("a text takes it");
    }
    writeln!(file, "[groups.pair]\nmembers = [\"o0\", \"o1\"]").expect("a text takes it");
    for nth in 0..BEHAVIORS {
        let last = nth + 1 == BEHAVIORS;
        let target = if random.one_in(8) { "pair".to_owned() } else { format!("o{}", nth % ORIGINS) };
        writeln!(file, "[[behaviors]]\nname = \"b{nth}\"\norigin = \"{target}\"").expect("a text takes it");
        if !last {
            let (word, other) = (random.pick(&WORDS), random.pick(&WORDS));
            let path = match random.below(4) {
                0 => format!("/{word}/*"),
                1 => format!("*/{word}/{other}*"),
                2 => format!("/{word}/{other}/*"),
                _ => format!("*{}", random.pick(&EXTENSIONS[1..])),
            };
            writeln!(
                file,
                "path = \"{path}\"\nwhen = '{} and not (path contains \"{nth}{nth}\")'",
                condition(random, false)
            )
            .expect("a text takes it");
            if random.one_in(10) {
                file.push_str("methods = [\"GET\", \"HEAD\"]\n");
            } else if random.one_in(10) {
                file.push_str("allow_methods = [\"GET\", \"HEAD\"]\n");
            }
            if random.one_in(10) {
                writeln!(file, "hosts = [\"{}\"]", random.pick(&HOSTS)).expect("a text takes it");
            }
        }
        let mut list =
            |random: &mut Random, key: &str, most: usize, one: &dyn Fn(&mut Random, usize) -> String| {
                let count = random.below(most + 1);
                if count > 0 {
                    writeln!(file, "{key} = [").expect("a text takes it");
                    for member in 0..count {
                        writeln!(file, "  {},", one(random, nth * 10 + member)).expect("a text takes it");
                    }
                    file.push_str("]\n");
                    rules += count;
                }
            };
        list(random, "redirects", 1, &|random, n| {
            let when = condition(random, false);
            match random.below(3) {
                0 => format!("{{ prefix = \"/old/\", to = \"/new/r{n}/\", status = 308, when = '{when}' }}"),
                1 => format!(
                    "{{ regex = '^/v1/([a-z]+)', to = \"https://shop.test/r{n}/${{1}}\", status = 302, when = '{when}' }}"
                ),
                _ => format!("{{ prefix = \"/old/{n}\", to = \"https://${{host}}/new\", when = '{when}' }}"),
            }
        });
        list(random, "rewrites", 2, &|random, n| match random.below(2) {
            0 => format!(
                "{{ prefix = \"/{}/\", to = \"/w{n}/\", when = '{}' }}",
                random.pick(&WORDS),
                condition(random, true)
            ),
            _ => "{ regex = '^/(.+)_v[0-9a-z]+[.](js|css)$', to = \"/${1}.${2}\" }".to_owned(),
        });
        list(random, "request_headers", 3, &|random, n| {
            let when = condition(random, true);
            match random.below(3) {
                0 => format!(
                    "{{ set = \"X-Told-{}\", value = \"n{n} ${{path}}\", when = '{when}' }}",
                    random.below(3)
                ),
                1 => format!(
                    "{{ add = \"X-Told-{}\", value = \"a{n} ${{host}} ${{behavior}}\", when = '{when}' }}",
                    random.below(3)
                ),
                _ => format!("{{ remove = \"X-Told-{}\", when = '{when}' }}", random.below(3)),
            }
        });
        list(random, "response_headers", 5, &|random, n| {
            format!("{{ add = \"X-Rule\", value = \"r{n}\", when = '{}' }}", condition(random, false))
        });
        let cache = match random.below(4) {
            0 => "mode = \"bypass\"",
            1 => "bypass = { cookies = [\"beta\"] }",
            _ => "",
        };
        writeln!(file, "  [behaviors.cache]\n  {cache}\n  [behaviors.key]").expect("a text takes it");
        if random.one_in(3) {
            writeln!(
                file,
                "  query = {}",
                random.pick(&["\"none\"", "{ only = [\"x\"] }", "{ except = [\"z\"] }"])
            )
            .expect("a text takes it");
        }
    }
    (file, rules)
}

struct Asked {
    method: &'static str,
    host: &'static str,
    target: String,
    headers: Vec<(String, String)>,
}

fn asked(random: &mut Random) -> Asked {
    let mut target = String::new();
    for _ in 0..1 + random.below(3) {
        write!(target, "/{}", random.pick(&WORDS)).expect("a text takes it");
    }
    target.push_str(random.pick(&EXTENSIONS));
    if random.one_in(3) {
        write!(target, "?{}", random.pick(&["x=1", "y=2&x=1", "z=2", "x=2&z=1&y"])).expect("a text takes it");
    }
    let mut headers = Vec::new();
    if random.one_in(3) {
        headers.push(("Cookie".to_owned(), format!("beta={}; s=1", random.below(2))));
    }
    if random.one_in(3) {
        headers.push(("X-Kind".to_owned(), random.pick(&["k", "mk", "other"]).to_owned()));
    }
    if random.one_in(12) {
        headers.push(("Authorization".to_owned(), "Basic eA==".to_owned()));
    }
    if random.one_in(12) {
        headers.push(("Range".to_owned(), "bytes=0-3".to_owned()));
    }
    Asked {
        method: METHODS[random.below(METHODS.len())],
        host: HOSTS[random.below(HOSTS.len())],
        target,
        headers,
    }
}

fn send(bed: &Testbed, asked: &Asked) -> Reply {
    let headers = asked.headers.iter();
    let ask = bed.ask(asked.method, &asked.target).host(asked.host);
    headers.fold(ask, |ask, (name, value)| ask.header(name, value)).send()
}

/// What the answer's own `Cache-Status` says happened, in `explain`'s words.
fn happened(reply: &Reply) -> String {
    let status = reply.header("cache-status").unwrap_or_default();
    let has = |text: &str| status.split(';').any(|part| part.trim() == text);
    let outcome = if has("hit") {
        "hit"
    } else if has("fwd=bypass") || has("fwd=method") {
        "pass"
    } else if status.contains("fwd=") {
        "miss"
    } else {
        "refuse"
    };
    outcome.to_owned()
}

fn check(asked: &Asked, explained: &Explanation, reply: &Reply, heard_from_cache: bool) {
    let at = format!("{} {}{} {:?}: {explained:?}", asked.method, asked.host, asked.target, asked.headers);
    match explained.outcome.as_str() {
        "refuse" => {
            assert_eq!(Some(reply.status), explained.status, "{at}");
            return;
        }
        "redirect" => {
            assert_eq!(Some(reply.status), explained.status, "{at}");
            assert_eq!(reply.header("location"), explained.location.as_deref(), "{at}");
            return;
        }
        // An answer to HEAD that is not in the cache is passed, and says why it was not.
        "pass" if asked.method == "HEAD" => {
            assert!(matches!(happened(reply).as_str(), "pass" | "miss"), "{at}");
        }
        outcome => assert_eq!(happened(reply), outcome, "{at}"),
    }
    let rules = reply.headers("x-rule").len();
    assert_eq!(rules, explained.answer_rules.len(), "{at}");
    assert_eq!(reply.header("x-target"), explained.target.as_deref(), "{at}");
    let origin = explained.origin.as_deref().map(|name| if name == "pair" { "o0" } else { name });
    // Behaviors that only methods tell apart share what is stored: HEAD may be answered from what another one's GET
    // brought, by that one's origin.
    if !(heard_from_cache && asked.method == "HEAD") {
        assert_eq!(reply.header("x-origin"), origin, "{at}");
    }
    if !heard_from_cache {
        let heard: Vec<String> = reply.headers("x-heard").into_iter().map(str::to_owned).collect();
        let told: Vec<String> =
            explained.origin_fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(heard, told, "{at}");
    }
}

#[test]
fn explain_and_the_request_path_agree_on_random_requests() {
    let rounds = if std::env::var_os("LITTORAL_SOAK").is_some() { 40 } else { 3 };
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for round in 0..rounds {
        let mut random = Random(round);
        let origins: Vec<Origin> = (0..ORIGINS).map(|nth| start_origin(format!("o{nth}"))).collect();
        let (file, rules) = site(&mut random, &origins);
        assert!(rules >= 150, "{rules} rules");
        let bed = Testbed::builder(origin("*", ok("unused"))).site(&file).start();
        for _ in 0..700 {
            let asked = asked(&mut random);
            let question = ExplainRequest {
                method: asked.method.to_owned(),
                headers: asked.headers.clone(),
                ..ExplainRequest::get(format!("http://{}{}", asked.host, asked.target))
            };
            let explained = bed.edge().explain(&question).expect("a request");
            let reply = send(&bed, &asked);
            check(&asked, &explained, &reply, happened(&reply) == "hit");
            bed.settle();
            *seen.entry(explained.outcome).or_default() += 1;
        }
    }
    // Over all rounds: a random site need not have them all.
    for outcome in ["hit", "miss", "pass", "redirect", "refuse"] {
        assert!(seen.contains_key(outcome), "no request came to {outcome}: {seen:?}");
    }
}
