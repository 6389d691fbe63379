//! Makes the HTTP client that sends the calls: through which proxy, with which certificates and time limits.

use std::{env, ffi::OsString, io::ErrorKind, path::Path};

use reqwest::{Certificate, ClientBuilder, Proxy, Url, redirect};

use super::{failure, limits::CallLimits};
use crate::{
    domain::{
        call::api::TransportError,
        settings::{proxy::ProxyChoice, stripe::StripeSettings},
    },
    files,
};

/// The largest file of certificates. A bundle of all authorities of a system has a quarter of a megabyte.
const MAX_CA_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file gives no certificates. Each says what is wrong with the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    #[error("The file cannot be read: {reason}. Check the path")]
    Unreadable { reason: String },
    #[error("This is not a file. Name a PEM file with certificates")]
    NotAFile,
    #[error("The file is larger than 4 MB. Name a PEM file that holds certificates and nothing else")]
    TooLarge,
    #[error("The file holds no certificate. A PEM file has lines that say BEGIN CERTIFICATE")]
    NoCertificate,
    #[error("The file holds a certificate that cannot be used: {reason}. Export it again as PEM")]
    Unusable { reason: String },
}

/// Whether the file of extra certificates can be used; an empty path stands for none.
///
/// # Errors
/// [`CaError`].
pub fn check_ca(path: &str) -> Result<(), CaError> {
    let certificates = read_ca(path)?;
    if certificates.is_empty() {
        return Ok(());
    }
    provide();
    let built = reqwest::Client::builder().no_proxy().tls_certs_only(certificates).build();
    built.map(drop).map_err(|error| CaError::Unusable { reason: failure::innermost(&error) })
}

fn read_ca(path: &str) -> Result<Vec<Certificate>, CaError> {
    let path = path.trim();
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let pem = files::read_at_most(Path::new(path), MAX_CA_BYTES).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => CaError::NotAFile,
        ErrorKind::FileTooLarge => CaError::TooLarge,
        _ => CaError::Unreadable { reason: error.to_string() },
    })?;
    let certificates =
        Certificate::from_pem_bundle(&pem).map_err(|error| CaError::Unusable { reason: failure::innermost(&error) })?;
    if certificates.is_empty() { Err(CaError::NoCertificate) } else { Ok(certificates) }
}

/// Where reqwest looks for the system's proxy. reqwest ignores a value that it cannot read, and the call would leave
/// past the proxy: so such a value is refused here first.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Whether a variable has a value, and the value is no URL of a proxy that can be used. The scheme is `http` or
/// `https`, and may be left out.
fn names_no_proxy(value: Option<OsString>) -> bool {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return false };
    let Some(text) = value.to_str() else { return true };
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Makes ring the provider of cryptography of this process, which rustls needs before the first client. An error means
/// that there is one already.
fn provide() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The HTTP client for these settings. Where the system has no certificates, the roots that this program brings are
/// trusted.
pub(super) fn http_client(settings: &StripeSettings, limits: &CallLimits) -> Result<reqwest::Client, TransportError> {
    provide();
    let not_sent = |reason: String| TransportError::NotSent { reason };
    let extra = read_ca(&settings.ca_file)
        .map_err(|error| not_sent(format!("the extra CA certificate is not used. {error}")))?;
    let named = match &settings.proxy {
        ProxyChoice::Url(url) => Some(Proxy::all(url.clone()).map_err(|error| not_sent(failure::innermost(&error)))?),
        ProxyChoice::System | ProxyChoice::None => None,
    };
    // A proxy cannot reach a server that listens on this machine only.
    let is_straight = settings.base_url.is_loopback();
    let uses_systems = !is_straight && settings.proxy == ProxyChoice::System && limits.uses_system_proxy;
    if let Some(name) = PROXY_VARIABLES.into_iter().find(|name| uses_systems && names_no_proxy(env::var_os(name))) {
        return Err(not_sent(format!(
            "{name} in the environment is not the URL of a proxy. Write it as http://proxy.example:8080, or unset it"
        )));
    }
    let builder = || {
        let builder = reqwest::Client::builder()
            .connect_timeout(limits.connect_timeout.min(limits.total_timeout))
            .redirect(redirect::Policy::none())
            .referer(false)
            .tls_certs_merge(extra.clone());
        let builder = if uses_systems { builder } else { builder.no_proxy() };
        match &named {
            Some(proxy) if !is_straight => builder.proxy(proxy.clone()),
            _ => builder,
        }
    };
    with_roots(builder).map_err(not_sent)
}

/// An HTTP client that follows nothing and goes through no proxy, as `configure` completes it. It sends no key: what is
/// sent with it is not for the real API.
///
/// # Errors
/// Why there can be no client, in words.
pub fn bare_client(configure: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<reqwest::Client, String> {
    provide();
    with_roots(|| configure(reqwest::Client::builder().redirect(redirect::Policy::none()).referer(false).no_proxy()))
}

/// Trusts the system's roots, or those that this program brings where the system has none.
fn with_roots(builder: impl Fn() -> ClientBuilder) -> Result<reqwest::Client, String> {
    let bundled_roots =
        || webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only(bundled_roots()).build())
        .map_err(|error| failure::innermost(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_names_no_proxy_is_told_from_one_that_does() {
        for (value, is_wrong) in [
            ("", false),
            ("http://proxy.example:8080", false),
            ("https://me:secret@proxy.example", false),
            ("proxy.example:3128", false),
            ("127.0.0.1:3128", false),
            ("::bad", true),
            ("http://", true),
            ("http://proxy.example:port", true),
            ("socks5://127.0.0.1:1080", true),
            ("file:///etc/passwd", true),
            ("proxy example", true),
        ] {
            assert_eq!(names_no_proxy(Some(value.into())), is_wrong, "{value}");
        }
        assert!(!names_no_proxy(None));
    }
}
