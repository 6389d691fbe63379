//! What the head of a request must say before anything of its body is read: that it is meant for this machine, and that
//! no page of another origin sent it.
//!
//! A page in a browser can be led to this server under a name of its own (DNS rebinding), and can send a form here
//! without asking. The first has another `Host`, the second another `Origin`. Stripe's SDKs send no `Origin`.

use axum::http::{HeaderMap, HeaderName, Uri, header};

use crate::domain::call::error::ApiError;

/// Refuses a request that is not meant for this machine, or that comes from a page of another origin.
pub(super) fn check(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    check_host(headers, uri)?;
    check_origin(headers)
}

/// Whether a name is this machine's: `127.0.0.1`, `localhost` or `[::1]`, and a port if there is one. Everything else
/// is refused, also what a parser of URLs would read as one of these, such as `127.1`.
fn is_this_machine(authority: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        let (Some(start), Some(rest)) = (authority.get(..name.len()), authority.get(name.len()..)) else {
            return false;
        };
        start.eq_ignore_ascii_case(name) && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// A request names its host in its URI (`:authority` in HTTP/2), in `Host`, or in both. Where it names it more than
/// once, all must be the same words, or server and proxy could take it for different hosts.
fn check_host(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let hosts = headers.get_all(header::HOST);
    let mut named: Vec<&str> = Vec::with_capacity(2);
    named.extend(uri.authority().map(axum::http::uri::Authority::as_str));
    // A name that is not ASCII is read as empty, which is no host of this machine.
    named.extend(hosts.iter().map(|host| host.to_str().unwrap_or_default()));
    let is_one_name = hosts.iter().count() <= 1 && named.windows(2).all(|two| two[0].eq_ignore_ascii_case(two[1]));
    if is_one_name && named.first().is_some_and(|name| is_this_machine(name)) {
        return Ok(());
    }
    let message = "Testcard's local server answers to 127.0.0.1, localhost and [::1] only: set the host of your client \
                   to one of them.";
    Err(ApiError::request(None, None, message).with_status(403))
}

/// A page that this machine serves may call. `null` is refused: it is what browsers send for an origin that they do not
/// tell, such as a sandboxed page of anybody.
fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_own = |origin: &axum::http::HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme).is_some_and(is_this_machine))
    };
    if headers.get_all(header::ORIGIN).iter().all(is_own) {
        return Ok(());
    }
    let message = "Testcard's local server takes no calls from pages of other origins, and did nothing: only pages \
                   of this machine (http://localhost, http://127.0.0.1) may call it. Serve the page from there, or make \
                   the call from your own server.";
    Err(ApiError::request(None, None, message).with_status(403))
}

/// The value of a header, if it is plain text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const OWN: [&str; 10] = [
        "127.0.0.1",
        "127.0.0.1:12111",
        "127.0.0.1:1",
        "localhost",
        "localhost:65535",
        "LocalHost:80",
        "[::1]",
        "[::1]:12111",
        "127.0.0.1:00080",
        "localhost:0",
    ];

    const FOREIGN: [&str; 35] = [
        "",
        " ",
        "evil.com",
        "127.0.0.2",
        "127.0.0.1.",
        "127.0.0.1.evil.com",
        "127.0.0.1:",
        "127.0.0.1:port",
        "127.0.0.1:80:80",
        "127.0.0.1:+80",
        "127.0.0.1:65536",
        "127.0.0.1: 80",
        "127.0.0.1 ",
        " 127.0.0.1",
        "127.0.0.1:80@evil.com",
        "127.0.0.1@evil.com",
        "evil.com@127.0.0.1",
        "127.0.0.1,evil.com",
        "127.0.0.1/",
        "127.0.0.1#evil.com",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0.0.0.0",
        "localhost.",
        "localhost.evil.com",
        "localhost:",
        "local\u{17f}host",
        "[::1].evil.com",
        "[::1]:",
        "[::1",
        "::1",
        "[::1]x",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
    ];

    #[test]
    fn this_machine_has_three_names_and_no_other() {
        for name in OWN {
            assert!(is_this_machine(name), "{name}");
        }
        for name in FOREIGN {
            assert!(!is_this_machine(name), "{name}");
        }
    }

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let value = |value: &&str| HeaderValue::from_bytes(value.as_bytes()).unwrap();
        values.iter().map(|text| (name.clone(), value(text))).collect()
    }

    #[test]
    fn whom_a_request_is_for_is_said_in_one_way() {
        for (uri, hosts, is_meant) in [
            ("/v1/tokens", &["localhost:1"][..], true),
            ("/v1/tokens", &[], false),
            ("/v1/tokens", &["localhost", "localhost"], false),
            ("/v1/tokens", &["localhost", "evil.com"], false),
            ("/v1/tokens", &["evil.com"], false),
            ("/v1/tokens", &["l\u{f6}calhost"], false),
            ("http://localhost:1/v1/tokens", &["localhost:1"], true),
            ("http://localhost:1/v1/tokens", &["LOCALHOST:1"], true),
            ("http://localhost:1/v1/tokens", &["localhost:2"], false),
            ("http://localhost:1/v1/tokens", &["127.0.0.1:1"], false),
            ("http://localhost:1/v1/tokens", &["evil.com"], false),
            ("http://evil.com/v1/tokens", &["localhost"], false),
            ("http://evil.com/v1/tokens", &["evil.com"], false),
            ("http://127.0.0.1:80@evil.com/v1/tokens", &[], false),
            ("http://[::1]:1/v1/tokens", &[], true),
        ] {
            let told = check(&headers(&header::HOST, hosts), &uri.parse().unwrap());
            assert_eq!(told.is_ok(), is_meant, "{uri} {hosts:?}");
            assert!(told.is_ok() || told.unwrap_err().http_status == 403);
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        for (origins, is_own) in [
            (&[][..], true),
            (&["http://localhost:3000"], true),
            (&["https://127.0.0.1:8443"], true),
            (&["http://[::1]"], true),
            (&["http://localhost", "http://evil.com"], false),
            (&["null"], false),
            (&[""], false),
            (&["https://evil.com"], false),
            (&["http://localhost.evil.com"], false),
            (&["http://127.0.0.1:80@evil.com"], false),
            (&["file://"], false),
            (&["chrome-extension://localhost"], false),
            (&["localhost"], false),
            (&["http://localhost/"], false),
        ] {
            let mut headers = headers(&header::ORIGIN, origins);
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
            assert_eq!(check(&headers, &Uri::from_static("/v1/tokens")).is_ok(), is_own, "{origins:?}");
        }
    }
}
