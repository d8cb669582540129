//! What a node says once everything listens: where it is, and what to try.
//!
//! On standard error, like all messages: standard output belongs to the access log.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::console::Paint;

/// All that is announced.
pub(crate) struct Announcement<'a> {
    pub(crate) title: String,
    pub(crate) http: &'a [SocketAddr],
    pub(crate) https: &'a [SocketAddr],
    pub(crate) admin: &'a [String],
    /// Only when it is no Unix socket.
    pub(crate) token_file: Option<String>,
    /// Name and value of further lines.
    pub(crate) more: Vec<(&'static str, String)>,
    /// The certificate is one that nobody vouches for.
    pub(crate) self_made_certificate: bool,
    /// Show what to try against the demo site.
    pub(crate) demo: bool,
}

impl Announcement<'_> {
    /// The text, each line ended.
    pub(crate) fn text(&self, paint: Paint) -> String {
        let mut text = format!("{}\n\n", paint.bold(&self.title));
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {}  {value}", paint.dim(&format!("{name:<10}")));
        };
        self.http.iter().for_each(|address| line("http", &url("http", *address)));
        self.https.iter().for_each(|address| line("https", &url("https", *address)));
        self.admin.iter().for_each(|place| line("admin", place));
        if let Some(file) = &self.token_file {
            line("token", &format!("in {file}"));
        }
        self.more.iter().for_each(|(name, value)| line(name, value));
        if self.self_made_certificate {
            text.push_str(
                "\nThe certificate is self-made: it encrypts, but browsers warn, since nobody vouches for it.\n\
                 A real one is used with: --certificate chain.pem --key key.pem\n",
            );
        }
        if let Some(first) = self.http.first().filter(|_| self.demo) {
            text.push_str(&tries(&base(*first)));
        }
        text
    }
}

/// Three lines to try, each of which shows what it says.
fn tries(base: &str) -> String {
    let one = format!("curl -s -o /dev/null -D - {base}/ | grep -i cache-status");
    let twice = format!(
        "curl -s -o /dev/null -o /dev/null -D - {base}/tides.html {base}/tides.html | grep -i cache-status"
    );
    format!(
        "\nOpen {base}/ in a browser, or try:\n\
         \n  # MISS: fetched from the origin, and stored\n  {one}\n\
         \n  # HIT: the same again, answered from what is stored\n  {one}\n\
         \n  # REVALIDATION: a page that is checked before each use; the origin answers 304\n  {twice}\n"
    )
}

/// How to reach `address`, from this machine if it listens on all of the machine's addresses.
fn url(scheme: &str, address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let families = if address.is_ipv6() { "IPv6 and IPv4" } else { "IPv4" };
        format!("{scheme}://{}  (on all {families} addresses)", reachable(address))
    } else {
        format!("{scheme}://{address}")
    }
}

fn base(address: SocketAddr) -> String {
    format!("http://{}", reachable(address))
}

fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}
