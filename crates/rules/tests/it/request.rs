//! Requests to try conditions on: `GET https://a.example/x?y=1`, then options.

use littoral_rules::{Headers, Subject};

/// Header lines with names in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(pub(crate) Vec<(String, Vec<u8>)>);

impl Headers for Lines {
    fn any(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.0.iter().any(|(known, value)| known.as_bytes() == name && visit(value))
    }
}

/// A request written down: `GET https://host/path?query`, and then words: `from ADDRESS`, `in COUNTRY`, `by PROTOCOL`,
/// and `name: value` for the rest of the line after `|`, several times.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    text: String,
    lines: Lines,
}

impl Written {
    pub(crate) fn new(text: &str) -> Written {
        let mut parts = text.split(" | ");
        let text = parts.next().unwrap().to_owned();
        let line = |part: &str| {
            let (name, value) = part.split_once(':').expect("a header line has a colon");
            (name.to_ascii_lowercase(), value.trim().as_bytes().to_vec())
        };
        Written { text, lines: Lines(parts.map(line).collect()) }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let mut words = self.text.split(' ');
        let method = words.next().unwrap();
        let (scheme, rest) = words.next().unwrap().split_once("://").unwrap();
        let (host, _) = rest.split_once('/').unwrap();
        let target = &rest[host.len()..];
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut subject = Subject::new(host.as_bytes(), path.as_bytes(), method.as_bytes());
        subject.scheme = scheme.as_bytes();
        subject.query = query.map(str::as_bytes);
        subject.headers = &self.lines;
        while let Some(word) = words.next() {
            let value = words.next().unwrap();
            match word {
                "from" => subject.client = value.parse().unwrap(),
                "in" => subject.country = Some(value.as_bytes().try_into().unwrap()),
                "by" => subject.protocol = value.as_bytes(),
                other => panic!("{other} says nothing about a request"),
            }
        }
        subject
    }
}
