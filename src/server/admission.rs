//! What the head of a request must say before anything of its body is read: that it is meant for this machine, and that
//! no page sent it that may not.
//!
//! A page in a browser can be led to this server under a name of its own (DNS rebinding), and can send a form here
//! without asking. The first has another `Host`; the second has another `Origin`, or where the browser sends none, as for
//! a picture, `Sec-Fetch-Site`. Stripe's SDKs send neither of the two.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts, uri::Authority};

use crate::domain::{call::error::ApiError, settings::origin::PageOrigin};

/// Tells where the page stands, seen from this server, that made a browser send the request (Fetch Metadata).
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Tells whether a browser opens what it asks for, `navigate`, or a page loads it.
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Refuses a request that is not meant for this machine, or that comes from a page that may not call. Gives the origin
/// of the page of another origin that it comes from, which is one of `named`; `None` where no such page sent it.
///
/// # Errors
/// 403: another host, or a page of another origin that nobody named. The control routes take no call of a page at all.
pub(super) fn check<'a>(head: &'a Parts, port: u16, named: &[PageOrigin]) -> Result<Option<&'a HeaderValue>, ApiError> {
    check_host(&head.headers, &head.uri)?;
    let page = PageOfRequest::of(&head.headers, port, named)?;
    match page {
        PageOfRequest::Own | PageOfRequest::Named(_) if is_control(head.uri.path()) => {
            Err(refused("Testcard's own routes take no calls from pages, and did nothing."))
        }
        PageOfRequest::None | PageOfRequest::Own => Ok(None),
        PageOfRequest::Named(origin) => Ok(Some(origin)),
    }
}

/// As [`check`], of a call for the page of a payer. A browser opens it for whoever has its address, from a page of any
/// origin and in a frame too: what of it may be framed, the answer says. No page reads it, and its buttons are pressed on the
/// page itself.
///
/// # Errors
/// 403: another host; what is loaded by a page and not opened; a press that comes from another page.
pub(super) fn check_payer(head: &Parts, port: u16) -> Result<(), ApiError> {
    check_host(&head.headers, &head.uri)?;
    let is_opened = head.headers.get_all(&SEC_FETCH_MODE).iter().all(|mode| mode == "navigate");
    let is_press = head.method == Method::POST;
    if is_opened && !is_press && !head.headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    match PageOfRequest::of(&head.headers, port, &[]) {
        Ok(_) if is_opened => Ok(()),
        _ => Err(refused(
            "The page of a payer is opened in a browser, and its buttons are pressed there: nothing was done.",
        )),
    }
}

/// Whether a path is one of the server's own, or could be one.
fn is_control(path: &str) -> bool {
    path.strip_prefix("/_testcard").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The page that a request comes from, as its browser tells.
enum PageOfRequest<'a> {
    /// None: no browser sent it, or a person did.
    None,
    /// One of this server's own origin.
    Own,
    /// One of another origin, which may call.
    Named(&'a HeaderValue),
}

impl<'a> PageOfRequest<'a> {
    /// # Errors
    /// 403 for every other page.
    fn of(headers: &'a HeaderMap, port: u16, named: &[PageOrigin]) -> Result<Self, ApiError> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) if !is_from_elsewhere(headers) => Ok(Self::None),
            (Some(origin), None) if is_named(origin, named) => Ok(Self::Named(origin)),
            (Some(origin), None) if is_own(origin, port) && !is_from_elsewhere(headers) => Ok(Self::Own),
            (origin, _) => Err(page_refused(origin)),
        }
    }
}

fn is_named(origin: &HeaderValue, named: &[PageOrigin]) -> bool {
    named.iter().any(|known| known.as_str().as_bytes() == origin.as_bytes())
}

/// Whether an origin is this server's: `http`, a name of this machine, and the port that the server listens on. `null`
/// is nobody's: browsers send it for an origin that they do not tell, such as a sandboxed page of anybody.
fn is_own(origin: &HeaderValue, port: u16) -> bool {
    let own = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")).filter(|it| is_this_machine(it));
    own.and_then(|own| Authority::try_from(own).ok()).is_some_and(|own| own.port_u16().unwrap_or(80) == port)
}

/// Whether a browser says that a page of another origin made it send the request. `none` stands for a person, who typed
/// the address.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get_all(&SEC_FETCH_SITE).iter().any(|site| site != "same-origin" && site != "none")
}

fn page_refused(origin: Option<&HeaderValue>) -> ApiError {
    // The page's own origin is the example, if it is one that can be named.
    let origin = origin.and_then(|origin| PageOrigin::parse(origin.to_str().ok()?).ok());
    let example = origin.as_ref().map_or("http://localhost:3000", PageOrigin::as_str);
    refused(&format!(
        "Testcard's local server takes calls from pages of other origins only if these are named, and did nothing. If \
         this page may call, name its origin: testcard serve --allow-origin {example}, or in the window under Loopback \
         server."
    ))
}

fn refused(message: &str) -> ApiError {
    ApiError::request(None, None, message).with_status(403)
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
    named.extend(uri.authority().map(Authority::as_str));
    // A name that is not ASCII is read as empty, which is no host of this machine.
    named.extend(hosts.iter().map(|host| host.to_str().unwrap_or_default()));
    let is_one_name = hosts.iter().count() <= 1 && named.windows(2).all(|two| two[0].eq_ignore_ascii_case(two[1]));
    if is_one_name && named.first().is_some_and(|name| is_this_machine(name)) {
        return Ok(());
    }
    Err(refused(
        "Testcard's local server answers to 127.0.0.1, localhost and [::1] only: set the host of your client to one of \
         them.",
    ))
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

    const PORT: u16 = 12_111;

    fn head(uri: &str, headers: &[(&HeaderName, &str)]) -> Parts {
        let mut request = axum::http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        request.body(()).unwrap().into_parts().0
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
            let hosts: Vec<_> = hosts.iter().map(|host| (&header::HOST, *host)).collect();
            let head = head(uri, &hosts);
            let told = check(&head, PORT, &[]);
            assert_eq!(told.is_ok(), is_meant, "{uri} {hosts:?}");
            assert!(told.is_ok() || told.unwrap_err().http_status == 403);
        }
    }

    /// What `check` makes of a request with these headers: the page that gets a permission, `served` without one, or
    /// `refused`.
    fn page_of(path: &str, origins: &[&str], site: Option<&str>) -> String {
        let named = ["http://localhost:3000", "https://shop.example"].map(|text| PageOrigin::parse(text).unwrap());
        let mut headers: Vec<_> = origins.iter().map(|origin| (&header::ORIGIN, *origin)).collect();
        headers.extend(site.map(|site| (&SEC_FETCH_SITE, site)));
        headers.push((&header::HOST, "localhost"));
        let head = head(path, &headers);
        match check(&head, PORT, &named) {
            Ok(Some(page)) => page.to_str().unwrap().to_owned(),
            Ok(None) => "served".to_owned(),
            Err(_) => "refused".to_owned(),
        }
    }

    const SITES: [Option<&str>; 6] =
        [None, Some("none"), Some("same-origin"), Some("same-site"), Some("cross-site"), Some("new-word")];

    #[test]
    fn the_page_of_a_request_is_the_servers_own_or_a_named_one() {
        for (origins, expected) in [
            (&["http://localhost:3000"][..], "http://localhost:3000"),
            (&["https://shop.example"], "https://shop.example"),
            (&["https://shop.example", "https://shop.example"], "refused"),
            (&["https://shop.example", "null"], "refused"),
            (&["null"], "refused"),
            (&[""], "refused"),
            (&["http://localhost"], "refused"),
            (&["http://localhost:3001"], "refused"),
            (&["https://localhost:3000"], "refused"),
            (&["http://127.0.0.1:3000"], "refused"),
            (&["http://LOCALHOST:3000"], "refused"),
            (&["http://localhost:3000/"], "refused"),
            (&["http://localhost:30000"], "refused"),
            (&["http://shop.example"], "refused"),
            (&["https://shop.example:443"], "refused"),
            (&["https://shop.example.evil.com"], "refused"),
            (&["https://127.0.0.1:12111"], "refused"),
            (&["http://localhost.evil.com:12111"], "refused"),
            (&["http://127.0.0.1:12111@evil.com"], "refused"),
            (&["http://127.0.0.1:12111/"], "refused"),
            (&["http://127.0.0.2:12111"], "refused"),
            (&["file://"], "refused"),
            (&["chrome-extension://localhost"], "refused"),
            (&["localhost:12111"], "refused"),
            (&["*"], "refused"),
        ] {
            for site in SITES {
                assert_eq!(page_of("/v1/tokens", origins, site), expected, "{origins:?} {site:?}");
                assert_eq!(page_of("/_testcard/requests", origins, site), "refused", "{origins:?} {site:?}");
            }
        }
        // Of the server's own origin, and of none that is told: what the browser says of the site decides.
        for site in SITES {
            let is_here = [None, Some("none"), Some("same-origin")].contains(&site);
            let expected = if is_here { "served" } else { "refused" };
            for own in ["http://localhost:12111", "http://127.0.0.1:12111", "http://[::1]:12111"] {
                assert_eq!(page_of("/v1/tokens", &[own], site), expected, "{own} {site:?}");
                assert_eq!(page_of("/_testcard/requests", &[own], site), "refused", "{own} {site:?}");
            }
            for path in ["/v1/tokens", "/_testcard/requests"] {
                assert_eq!(page_of(path, &[], site), expected, "{path} {site:?}");
            }
        }
    }

    #[test]
    fn a_refusal_tells_how_the_page_is_named() {
        let told = |origin: &str| page_refused(Some(&HeaderValue::from_str(origin).unwrap())).message;
        assert!(told("https://a.example:8443").contains("--allow-origin https://a.example:8443,"));
        for other in ["null", "http://x/sk_test_secret", "\"><script>"] {
            assert!(told(other).contains("--allow-origin http://localhost:3000,"), "{other}");
        }
    }
}
