//! reqwest's errors as [`TransportError`]: each names the host and never the request.

use std::{error::Error, io, iter, time::Duration};

use rustls::CertificateError;

use super::limits::CallLimits;
use crate::domain::{call::api::TransportError, mask, settings::stripe::BaseUrl};

const MAX_REASON_CHARS: usize = 200;

/// Why no head of an answer came, as a failure that a person can act on.
pub(super) fn of(error: &reqwest::Error, base_url: &BaseUrl, limits: &CallLimits) -> TransportError {
    let host = base_url.host();
    if error.is_builder() {
        return TransportError::NotSent { reason: innermost(error) };
    }
    if error.is_connect() {
        return connecting(error, base_url, limits);
    }
    match find::<hyper::Error>(error) {
        Some(cause) if cause.is_user() => TransportError::NotSent { reason: innermost(error) },
        Some(cause) if cause.is_parse() => {
            TransportError::Other { host, reason: "what it answered is not HTTP".to_owned() }
        }
        // From here on the request was on its way: whatever went wrong, it may have been carried out.
        _ => TransportError::CutOff { host },
    }
}

fn connecting(error: &reqwest::Error, base_url: &BaseUrl, limits: &CallLimits) -> TransportError {
    let host = base_url.host();
    if let Some(reason) = proxy_reason(error) {
        return TransportError::Proxy { host, reason };
    }
    if error.is_dns() {
        return TransportError::UnknownHost { host };
    }
    if let Some(cause) = find::<rustls::Error>(error) {
        return TransportError::Tls { host, reason: tls_reason(cause) };
    }
    if error.is_timeout() {
        let limit = limits.connect_timeout.min(limits.total_timeout);
        return TransportError::ConnectTimeout { host, limit_secs: whole_secs(limit) };
    }
    let has = |kinds: &[io::ErrorKind]| {
        causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| kinds.contains(&cause.kind()))
    };
    let closed = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    if has(&[io::ErrorKind::ConnectionRefused]) {
        TransportError::Refused { host }
    } else if base_url.as_str().starts_with("https:") && has(&closed) {
        TransportError::Tls { host, reason: "the connection was closed during the handshake".to_owned() }
    } else {
        TransportError::Other { host, reason: innermost(error) }
    }
}

/// The total limit has passed.
pub(super) fn timeout(base_url: &BaseUrl, limits: &CallLimits) -> TransportError {
    TransportError::Timeout { host: base_url.host(), limit_secs: whole_secs(limits.total_timeout) }
}

/// The last cause of an error, which is the one that says most; without the URL, which only the outermost adds.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let cause = causes(error).last().unwrap_or(error);
    mask::text(&cause.to_string()).chars().take(MAX_REASON_CHARS).collect()
}

/// Whether it was the proxy, and why in plain words. The type of a failed tunnel is private to its crate, so it is
/// known by how its words begin.
fn proxy_reason(error: &reqwest::Error) -> Option<String> {
    let tunnel = causes(error)
        .map(ToString::to_string)
        .find_map(|words| words.strip_prefix("tunnel error: ")?.to_owned().into())?;
    Some(match tunnel.as_str() {
        "proxy authorization required" => "it asks for a user name and a password".to_owned(),
        "unsuccessful" => "it refused to connect to that host".to_owned(),
        "unexpected end of file" => "it closed the connection".to_owned(),
        _ if error.is_dns() => "its name did not resolve".to_owned(),
        _ if error.is_timeout() => "it did not answer in time".to_owned(),
        _ => innermost(error),
    })
}

fn tls_reason(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS".to_owned(),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is not signed by an authority that this system trusts".to_owned()
        }
        // webpki tells this case by its name only.
        rustls::Error::InvalidCertificate(CertificateError::Other(cause))
            if format!("{cause:?}").contains("CaUsedAsEndEntity") =>
        {
            format!(
                "its certificate says of itself that it is an authority's (CA:TRUE), as openssl makes it by default, and so \
                 it cannot be a server's. Make one that is, and name that as extra CA certificate: {MAKE_CERTIFICATE}"
            )
        }
        other => other.to_string().chars().take(MAX_REASON_CHARS).collect(),
    }
}

/// How to make a certificate that is signed by itself, and that a server may have.
const MAKE_CERTIFICATE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj \
     /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";

/// Seconds of a limit, rounded up, so that none reads as zero.
fn whole_secs(limit: Duration) -> u64 {
    limit.as_secs() + u64::from(limit.subsec_nanos() > 0)
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The error and its causes. What an [`io::Error`] wraps is a cause too, although its `source` leaves it out.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_whole_seconds() {
        for (millis, secs) in [(1, 1), (1000, 1), (1001, 2), (30_000, 30)] {
            assert_eq!(whole_secs(Duration::from_millis(millis)), secs);
        }
    }

    #[test]
    fn the_cause_inside_an_io_error_is_found() {
        let error = io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired)));
        assert!(find::<rustls::Error>(&error).is_some());
        assert!(innermost(&error).contains("certificate"), "{}", innermost(&error));
    }

    #[test]
    fn a_reason_is_short_and_masked() {
        let error = io::Error::other(format!("sk_test_secret 4539578763621486 {}", "x".repeat(500)));
        let reason = innermost(&error);
        assert!(!reason.contains("secret") && !reason.contains("4539578763621486"), "{reason}");
        assert_eq!(reason.chars().count(), MAX_REASON_CHARS);
    }
}
