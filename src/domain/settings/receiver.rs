//! Where events may be sent: to this machine, and to what a person named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::origin::PageOrigin;
use crate::domain::{invisible::without_invisible, mask};

/// The most characters of a URL.
const LONGEST: usize = 2048;

/// The URL of a webhook endpoint: `http` or `https`, with a host, without a user name. Whether anything is sent there is
/// what [`ReceiverUrl::reach`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverUrl(Url);

/// Why a text is no URL of a webhook endpoint. No message repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    #[error("This is not a URL. Write it as http://localhost:4242/webhook")]
    Malformed,
    #[error("A webhook URL begins with http:// or https://")]
    Scheme,
    #[error("A webhook URL has no user name and no password: they would be written down")]
    User,
    #[error("A webhook URL has {LONGEST} characters at most")]
    TooLong,
    #[error(
        "Testcard keeps no card number, security code or key, and this URL holds what may be one: choose another path \
         or query"
    )]
    Secret,
}

/// How a receiver is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverReach {
    /// On this machine, at one of these addresses: the name, if there is one, is not looked up.
    ThisMachine(Vec<SocketAddr>),
    /// At an origin that a person named.
    Named,
}

impl ReceiverUrl {
    /// Parses a URL. Surrounding white space and characters that nobody sees are dropped.
    ///
    /// # Errors
    /// [`ReceiverError`].
    pub fn parse(text: &str) -> Result<Self, ReceiverError> {
        let text = without_invisible(text);
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(ReceiverError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| ReceiverError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ReceiverError::Scheme);
        }
        // A parser of URLs takes `http:host` and `http:///host` for what was meant.
        let (_, rest) = text.split_once("://").ok_or(ReceiverError::Malformed)?;
        if rest.is_empty() || rest.starts_with(['/', '\\']) || text.chars().any(char::is_control) {
            return Err(ReceiverError::Malformed);
        }
        let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(ReceiverError::User);
        }
        if !mask::is_whole(url.as_str()) {
            return Err(ReceiverError::Secret);
        }
        Ok(Self(url))
    }

    /// Reads URLs that stand on lines of their own, or with spaces between them. One that is named twice is there once.
    ///
    /// # Errors
    /// What is wrong with the first text that is no URL of an endpoint.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ReceiverError> {
        let mut urls = Vec::new();
        for word in without_invisible(text).split_whitespace() {
            let url = Self::parse(word)?;
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        Ok(urls)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// How the receiver is reached; `None` where nothing may be sent to it: what is not on this machine must have been
    /// named by a person.
    ///
    /// On this machine is an address in 127.0.0.0/8, `[::1]`, or exactly `localhost`.
    pub fn reach(&self, named: &[PageOrigin]) -> Option<ReceiverReach> {
        let port = self.0.port_or_known_default()?;
        let at = |ips: &[IpAddr]| ReceiverReach::ThisMachine(ips.iter().map(|ip| (*ip, port).into()).collect());
        match self.0.host()? {
            Host::Ipv4(ip) if ip.is_loopback() => Some(at(&[ip.into()])),
            Host::Ipv6(ip) if ip == Ipv6Addr::LOCALHOST => Some(at(&[ip.into()])),
            Host::Domain("localhost") => Some(at(&[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])),
            _ => {
                let origin = self.0.origin().ascii_serialization();
                named.iter().any(|named| named.as_str() == origin).then_some(ReceiverReach::Named)
            }
        }
    }

    /// The origin that a person would have to name.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_but_to_this_machine_and_to_what_was_named() {
        let named = [PageOrigin::parse("https://hooks.example:8443").unwrap()];
        let is_reached = |text: &str| ReceiverUrl::parse(text).unwrap().reach(&named).is_some();
        for text in [
            "http://127.0.0.1:4242/webhook",
            "http://127.9.8.7/",
            "http://127.1:4242",
            "http://0x7f.1/x",
            "http://2130706433/",
            "http://[::1]:4242/webhook?a=b",
            "http://localhost:4242/webhook",
            "HTTP://LocalHost/",
            "https://localhost",
            "https://hooks.example:8443/any?path=1",
            // To a parser of URLs a backslash is a slash: what follows is a path.
            "http://localhost\\@evil.example/",
        ] {
            assert!(is_reached(text), "{text}");
        }
        for text in [
            "http://localhost.:4242/",
            "http://localhost.example/",
            "http://a.localhost/",
            "http://localhost.localdomain/",
            "http://127.0.0.1.nip.io/",
            "http://128.0.0.1/",
            "http://0.0.0.0:4242/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://hooks.example:8443/",
            "https://hooks.example/",
            "https://hooks.example:8444/",
            "https://hooks.example.:8443/",
            "https://sub.hooks.example:8443/",
            "https://example.com/hook",
        ] {
            assert!(!is_reached(text), "{text}");
        }
    }

    #[test]
    fn a_name_of_this_machine_is_not_looked_up() {
        let reach = |text: &str| ReceiverUrl::parse(text).unwrap().reach(&[]);
        let local: Vec<SocketAddr> = ["127.0.0.1:4242", "[::1]:4242"].map(|at| at.parse().unwrap()).into();
        assert_eq!(reach("http://localhost:4242/x"), Some(ReceiverReach::ThisMachine(local)));
        let port = vec!["127.0.0.2:443".parse().unwrap()];
        assert_eq!(reach("https://127.0.0.2/"), Some(ReceiverReach::ThisMachine(port)));
    }

    #[test]
    fn a_list_has_each_url_once() {
        let read = |text| {
            ReceiverUrl::parse_list(text).map(|list| list.iter().map(|url| url.0.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(read(" \n\u{200b} "), Ok(Vec::new()));
        let two = ["http://localhost:4242/webhook", "https://hooks.example/a,b"].map(str::to_owned).to_vec();
        assert_eq!(
            read("http://localhost:4242/webhook https://hooks.example/a,b http://LOCALHOST:4242/webhook"),
            Ok(two)
        );
        assert_eq!(read("http://localhost:4242/ localhost"), Err(ReceiverError::Malformed));
    }

    #[test]
    fn what_is_no_url_of_an_endpoint_says_why() {
        for (text, expected) in [
            ("", ReceiverError::Malformed),
            ("localhost:4242/webhook", ReceiverError::Scheme),
            ("/webhook", ReceiverError::Malformed),
            ("http:localhost", ReceiverError::Malformed),
            ("http:///localhost", ReceiverError::Malformed),
            ("http://", ReceiverError::Malformed),
            ("http://exa mple/", ReceiverError::Malformed),
            ("file:///etc/passwd", ReceiverError::Scheme),
            ("javascript:alert(1)", ReceiverError::Scheme),
            ("http://me@localhost/", ReceiverError::User),
            ("http://me:secret@localhost/", ReceiverError::User),
            ("http://@localhost/", ReceiverError::User),
            ("http://localhost/4539578763621486", ReceiverError::Secret),
            ("http://localhost/?key=sk_test_abcdefgh", ReceiverError::Secret),
        ] {
            assert_eq!(ReceiverUrl::parse(text), Err(expected), "{text}");
        }
        assert_eq!(
            ReceiverUrl::parse(&format!("http://localhost/{}", "x".repeat(LONGEST))),
            Err(ReceiverError::TooLong)
        );
    }
}
