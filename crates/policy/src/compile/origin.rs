//! Origins: where they are, what they are told, how they are trusted, signed for and probed.

mod probe;
mod signing;
mod tls;
mod url;

use super::Compiler;
use crate::{HostHeader, OriginProtocol, OriginServer};
use littoral_model::{OriginSection, ProtocolToOrigin, Spanned, quoted};
use littoral_rules::{PathMistake, PathPattern};

impl Compiler<'_> {
    pub(super) fn origin(&mut self, section: &OriginSection) -> Option<OriginServer> {
        let name = quoted(&section.name);
        let before = self.errors();
        let host_header = self.host_header(section);
        let path_prefix = self.path_prefix(&name, section.path_prefix.as_ref());
        let secret = section.secret.as_ref().map(|secret| self.origin_secret(&name, secret));
        let probe = section.probe.as_ref().map(|probe| self.probe(&name, probe));
        let url = self.origin_url(section)?;
        let tls = self.origin_tls(section, &url);
        let s3 = section.s3.as_ref().map(|s3| self.s3(&name, s3, section, &url));
        let protocol = self.protocol(&name, section.protocol.as_ref(), url.tls);
        (self.errors() == before).then_some(())?;
        Some(OriginServer {
            name: section.name.as_str().into(),
            address: url.address,
            tls: tls?,
            protocol,
            authority: url.authority.into(),
            host_header: host_header?,
            path_prefix: path_prefix?,
            // Where one was given and none is known, its parts could not be read: a mistake of the reader's.
            secret: secret.flatten(),
            s3: s3.flatten(),
            probe: probe.flatten(),
            connections_max: section.connections_max,
            queue_max: section.queue_max,
            queue_timeout: section.queue_timeout,
            connect_timeout: section.connect_timeout,
            head_timeout: section.head_timeout,
            idle_timeout: section.idle_timeout,
            pool_idle_timeout: section.pool_idle_timeout,
        })
    }

    fn host_header(&mut self, section: &OriginSection) -> Option<HostHeader> {
        let Some(text) = &section.host else {
            // A signature covers the host, and buckets are known by theirs.
            return Some(if section.s3.is_some() { HostHeader::Origin } else { HostHeader::Canonical });
        };
        match text.as_str() {
            "canonical" => return Some(HostHeader::Canonical),
            "origin" => return Some(HostHeader::Origin),
            _ => {}
        }
        let lower = text.to_ascii_lowercase();
        if url::is_host_field(&lower) {
            return Some(HostHeader::Fixed(lower.into()));
        }
        let message =
            format!("the `host` that origin {} is told, {}, is not one", quoted(&section.name), quoted(text));
        self.error(
            &text.span,
            message,
            "not a host",
            "it is \"canonical\", \"origin\" or a host of your choice",
        );
        None
    }

    fn path_prefix(&mut self, name: &str, text: Option<&Spanned<String>>) -> Option<Box<str>> {
        let Some(text) = text else { return Some("".into()) };
        if text.ends_with('/') || text.is_empty() {
            let message = format!("`path_prefix` of origin {name} ends with a slash");
            let hint = match text.trim_end_matches('/') {
                "" => "leave it out: paths go to the origin as they come".to_owned(),
                prefix => format!("the path behind it begins with one: \"{prefix}\""),
            };
            let message =
                if text.is_empty() { format!("`path_prefix` of origin {name} is empty") } else { message };
            self.error(&text.span, message, "of no use", hint);
            return None;
        }
        self.plain_path(&format!("origin {name}"), "path_prefix", text, text)?;
        Some(text.as_str().into())
    }

    fn protocol(
        &mut self,
        name: &str,
        choice: Option<&Spanned<ProtocolToOrigin>>,
        tls: bool,
    ) -> OriginProtocol {
        match choice.map(|choice| choice.value).unwrap_or_default() {
            ProtocolToOrigin::Http1 => OriginProtocol::Http1,
            ProtocolToOrigin::Http2 => OriginProtocol::Http2,
            ProtocolToOrigin::Auto => {
                if let (Some(choice), false) = (choice, tls) {
                    let message =
                        format!("the protocol of origin {name} is \"auto\", which needs TLS to choose");
                    let hint = "HTTP/1.1 is spoken; \"http2\" would speak HTTP/2 without asking";
                    self.warning(&choice.span, message, "nothing to choose by", hint);
                }
                OriginProtocol::Auto
            }
        }
    }

    /// Reports a path that is none, or not in its normalized form.
    pub(super) fn plain_path(
        &mut self,
        what: &str,
        key: &str,
        path: &str,
        text: &Spanned<String>,
    ) -> Option<()> {
        let (why, hint) = match PathPattern::new(&path.replace('*', "+")) {
            _ if !path.starts_with('/') => ("does not begin with a slash", format!("\"/{path}\"")),
            Ok(_) => return Some(()),
            Err(PathMistake::NotNormalized { normalized }) => {
                ("is not in its normalized form", format!("\"{normalized}\""))
            }
            Err(PathMistake::DotSegment) => {
                ("has `.` or `..` in it", "the path that they lead to".to_owned())
            }
            Err(PathMistake::BrokenEscape) => {
                ("has a broken escape", "a percent sign itself is written %25".to_owned())
            }
            Err(PathMistake::Query) => ("has a query", "the path alone".to_owned()),
            Err(_) => ("is too long", "a shorter one".to_owned()),
        };
        self.error(&text.span, format!("`{key}` of {what} {why}"), "not a path", hint);
        None
    }
}
