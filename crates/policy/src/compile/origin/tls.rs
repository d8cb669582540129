//! TLS to an origin: whom it must be certified by, what name it must have, what the edge shows.

use super::url::OriginUrl;
use crate::compile::Compiler;
use crate::{Address, ClientIdentity, OriginTls};
use littoral_model::{OriginSection, Span, Spanned, TlsToOriginSection, quoted};
use littoral_rules::check_host;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

impl Compiler<'_> {
    /// `None` where it is wrong, `Some(None)` without TLS.
    pub(super) fn origin_tls(
        &mut self,
        section: &OriginSection,
        url: &OriginUrl,
    ) -> Option<Option<OriginTls>> {
        let name = quoted(&section.name);
        let before = self.errors();
        let tls = section.tls.as_ref();
        let ca_file = self.one_ca_file(&name, section, tls);
        if !url.tls {
            if let Some((span, what)) = first_of_tls(section) {
                let message = format!("origin {name} has {what}, but is spoken to without TLS");
                let scheme = if matches!(url.address, Address::Unix(_)) { "https+unix:" } else { "https://" };
                self.error(&span, message, "of no use", format!("begin its url with {scheme}"));
                return None;
            }
            return Some(None);
        }
        let server_name = self.server_name(&name, tls, url);
        let roots = ca_file.and_then(|path| self.roots(&name, path));
        let identity = tls.and_then(|tls| self.identity(&name, tls));
        (self.errors() == before).then_some(())?;
        Some(Some(OriginTls { server_name: server_name?, roots, identity }))
    }

    fn one_ca_file<'s>(
        &mut self,
        name: &str,
        section: &'s OriginSection,
        tls: Option<&'s TlsToOriginSection>,
    ) -> Option<&'s Spanned<String>> {
        let inner = tls.and_then(|tls| tls.ca_file.as_ref());
        if let (Some(_), Some(inner)) = (&section.ca_file, inner) {
            let message = format!("origin {name} has two `ca_file`s");
            self.error(
                &inner.span,
                message,
                "given beside `tls` too",
                "keep one; a file may hold several certificates",
            );
        }
        inner.or(section.ca_file.as_ref())
    }

    fn server_name(
        &mut self,
        name: &str,
        tls: Option<&TlsToOriginSection>,
        url: &OriginUrl,
    ) -> Option<Box<str>> {
        let Some(text) = tls.and_then(|tls| tls.server_name.as_ref()) else {
            return match &url.address {
                Address::Tcp { host, .. } => Some(host.clone()),
                Address::Unix(_) => Some(url.authority.as_str().into()),
            };
        };
        let lower = text.to_ascii_lowercase();
        let bare = lower.trim_start_matches('[').trim_end_matches(']');
        if check_host(&lower).is_ok() || bare.parse::<std::net::IpAddr>().is_ok() {
            return Some(bare.into());
        }
        let message = format!("the `server_name` of origin {name}, {}, is not a host", quoted(text));
        let hint = "the name that its certificate is for, without port";
        self.error(&text.span, message, "not a host", hint);
        None
    }

    /// The certificates of a `ca_file`, in PEM.
    fn roots(&mut self, name: &str, path: &Spanned<String>) -> Option<Arc<[u8]>> {
        let what = format!("`ca_file` of origin {name}");
        let pem = self.certificates(&what, path)?;
        if let Err(why) = self.files.judge_roots(&pem) {
            self.error(
                &path.span,
                format!("{what} {why}"),
                "not usable",
                "certificates of authorities in PEM",
            );
            return None;
        }
        Some(pem.into())
    }

    fn identity(&mut self, name: &str, tls: &TlsToOriginSection) -> Option<ClientIdentity> {
        let (chain, key) = (tls.certificate_file.as_ref()?, tls.key_file.as_ref()?);
        let certificate = self.certificates(&format!("`certificate_file` of origin {name}"), chain);
        let key_pem = self.private_key(&format!("`key_file` of origin {name}"), key);
        let (certificate, key_pem) = (certificate?, key_pem?);
        if let Err(why) = self.files.judge_identity(&certificate, &key_pem) {
            let message = format!("the client certificate of origin {name} {why}");
            let hint = "the private key that the first certificate of `certificate_file` was made for";
            self.error(&key.span, message, "not its key", hint);
            return None;
        }
        Some(ClientIdentity { certificate: certificate.into(), key: key_pem.into() })
    }

    fn certificates(&mut self, what: &str, path: &Spanned<String>) -> Option<Vec<u8>> {
        let content = self.content(what, path, "certificates in PEM")?;
        let found = CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>();
        let (why, label) = match found {
            Ok(found) if !found.is_empty() => return Some(content),
            Ok(_) if PrivateKeyDer::from_pem_slice(&content).is_ok() => {
                ("is a private key", "no certificate")
            }
            Ok(_) => ("holds no certificate", "no certificate"),
            Err(_) => ("is not sound PEM", "not readable"),
        };
        let hint = "certificates in PEM: lines between `-----BEGIN CERTIFICATE-----` and its end";
        self.error(&path.span, format!("{what} {why}"), label, hint);
        None
    }

    fn private_key(&mut self, what: &str, path: &Spanned<String>) -> Option<Vec<u8>> {
        let content = self.content(what, path, "a private key in PEM")?;
        if PrivateKeyDer::from_pem_slice(&content).is_ok() {
            return Some(content);
        }
        let text = String::from_utf8_lossy(&content);
        let (why, hint) = if text.contains("ENCRYPTED") {
            ("is protected by a password", "one without: `openssl pkey -in KEY -out KEY.plain`")
        } else if text.contains("BEGIN CERTIFICATE") {
            ("is a certificate", "the private key that belongs to it, in a file of its own")
        } else {
            ("holds no private key", "a private key in PEM: PKCS #8, PKCS #1 or SEC1, without a password")
        };
        self.error(&path.span, format!("{what} {why}"), "no private key", hint);
        None
    }
}

/// The first setting that makes sense only with TLS.
fn first_of_tls(section: &OriginSection) -> Option<(Span, &'static str)> {
    let ca_file = section.ca_file.as_ref().map(|path| (path.span.clone(), "a `ca_file`"));
    let tls = section.tls.as_ref().map(|tls| (tls.span.clone(), "`tls`"));
    ca_file.into_iter().chain(tls).min_by_key(|(span, _)| span.start)
}
