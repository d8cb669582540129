//! Which parts of a request an expression looks at: what the key of a response must contain, or `Vary` name, when
//! what the expression decides reaches the response.

/// Parts of a request. Names are sorted and stand once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reads {
    /// Header fields, in lower case. A cookie that is read by its name stands in `cookies` alone.
    pub headers: Box<[Box<str>]>,
    /// Cookies by name.
    pub cookies: Box<[Box<str>]>,
    /// Parameters of the query by name.
    pub parameters: Box<[Box<str>]>,
    /// The host.
    pub host: bool,
    /// The path; its extension and what a rewrite captures of it, too.
    pub path: bool,
    /// The query as a whole.
    pub query: bool,
    /// The method.
    pub method: bool,
    /// The scheme.
    pub scheme: bool,
    /// The version of the protocol.
    pub protocol: bool,
    /// The client's address.
    pub client: bool,
    /// The client's country.
    pub country: bool,
}

impl Reads {
    /// Adds all that `other` has.
    pub fn add(&mut self, other: &Reads) {
        join(&mut self.headers, &other.headers);
        join(&mut self.cookies, &other.cookies);
        join(&mut self.parameters, &other.parameters);
        self.host |= other.host;
        self.path |= other.path;
        self.query |= other.query;
        self.method |= other.method;
        self.scheme |= other.scheme;
        self.protocol |= other.protocol;
        self.client |= other.client;
        self.country |= other.country;
    }
}

pub(crate) fn add_name(names: &mut Box<[Box<str>]>, name: &str) {
    join(names, &[name.into()]);
}

fn join(names: &mut Box<[Box<str>]>, more: &[Box<str>]) {
    let mut all = std::mem::take(names).into_vec();
    all.extend_from_slice(more);
    all.sort_unstable();
    all.dedup();
    *names = all.into();
}
