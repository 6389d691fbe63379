//! The origins of pages that may call the loopback server.

use url::Url;

use crate::domain::{invisible::without_invisible, mask};

/// The origin of a page, as browsers write it into the header `Origin`: scheme, host, and the port unless that is the
/// scheme's default, such as `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOrigin(String);

/// Why a text is no origin. No message repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    #[error("This is no origin of a page. Write it as http://localhost:3000")]
    Malformed,
    #[error("Any origin is no origin: name each page's own, such as http://localhost:3000")]
    Wildcard,
    #[error("null is what browsers send for an origin that they do not tell, of anybody's page: it cannot be named")]
    Null,
    #[error("An origin ends after host and port. Remove what comes behind, a slash too")]
    Path,
    #[error("An origin has no user name and no password")]
    User,
}

impl PageOrigin {
    /// Parses exactly `scheme://host` or `scheme://host:port`, the scheme `http` or `https`. The result is spelled as
    /// browsers do it: in small letters, and without the scheme's default port. Surrounding white space and characters
    /// that nobody sees are dropped.
    ///
    /// # Errors
    /// [`OriginError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let text = without_invisible(text);
        let text = text.trim();
        if text.contains('*') {
            return Err(OriginError::Wildcard);
        }
        if text.eq_ignore_ascii_case("null") {
            return Err(OriginError::Null);
        }
        // A parser of URLs is more lenient: it takes one slash, or a space, and drops what it takes for nothing.
        let (_, authority) = text.split_once("://").ok_or(OriginError::Malformed)?;
        if authority.contains('@') {
            return Err(OriginError::User);
        }
        if authority.is_empty() || authority.starts_with('/') {
            return Err(OriginError::Malformed);
        }
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(OriginError::Path);
        }
        if authority.ends_with(':') || authority.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(OriginError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        let origin = url.origin().ascii_serialization();
        match (url.scheme(), url.path()) {
            // Origins stand in the settings file, where no key may stand, not even as the name of a host.
            ("http" | "https", "/") if mask::text(&origin) == origin => Ok(Self(origin)),
            _ => Err(OriginError::Malformed),
        }
    }

    /// Reads origins that stand on lines of their own, or with spaces or commas between them. One that is named twice is
    /// there once.
    ///
    /// # Errors
    /// What is wrong with the first text that is no origin.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, OriginError> {
        let mut origins = Vec::new();
        for word in text.split([',', ' ', '\t', '\n', '\r']).filter(|word| !without_invisible(word).trim().is_empty()) {
            let origin = Self::parse(word)?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(origins)
    }

    /// As it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        use OriginError::{Malformed, Null, Path, User, Wildcard};
        for (text, expected) in [
            ("http://localhost:3000", Ok("http://localhost:3000")),
            ("https://shop.example", Ok("https://shop.example")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:5173", Ok("http://[::1]:5173")),
            // As browsers spell it.
            ("HTTP://LocalHost:3000", Ok("http://localhost:3000")),
            ("http://localhost:80", Ok("http://localhost")),
            ("https://shop.example:443", Ok("https://shop.example")),
            ("http://localhost:443", Ok("http://localhost:443")),
            ("http://b\u{fc}cher.example", Ok("http://xn--bcher-kva.example")),
            ("http://[0:0:0:0:0:0:0:1]:1", Ok("http://[::1]:1")),
            (" http://localhost:3000\u{200b} ", Ok("http://localhost:3000")),
            ("http://localhost:3000/", Err(Path)),
            ("http://localhost:3000/shop", Err(Path)),
            ("http://localhost:3000?x", Err(Path)),
            ("http://localhost:3000#x", Err(Path)),
            ("http://localhost\\x", Err(Path)),
            ("http://jenny:secret@localhost:3000", Err(User)),
            ("http://localhost:3000@evil.example", Err(User)),
            ("*", Err(Wildcard)),
            ("http://*.example", Err(Wildcard)),
            ("http://localhost:*", Err(Wildcard)),
            ("null", Err(Null)),
            ("Null", Err(Null)),
            ("", Err(Malformed)),
            ("localhost", Err(Malformed)),
            ("localhost:3000", Err(Malformed)),
            ("//localhost:3000", Err(Malformed)),
            ("http:localhost:3000", Err(Malformed)),
            ("http:/localhost:3000", Err(Malformed)),
            ("http://", Err(Malformed)),
            ("http:///localhost", Err(Malformed)),
            ("http://:3000", Err(Malformed)),
            ("http://localhost:", Err(Malformed)),
            ("http://localhost:port", Err(Malformed)),
            ("http://localhost:70000", Err(Malformed)),
            ("http://local host", Err(Malformed)),
            ("http://local\thost", Err(Malformed)),
            ("http://localhost:3000, http://localhost:4000", Err(Path)),
            ("http://sk_test_4eC39HqLyjWDarjtT1zdp7dc", Err(Malformed)),
            ("file://", Err(Malformed)),
            ("file:///index.html", Err(Malformed)),
            ("ftp://localhost", Err(Malformed)),
            ("chrome-extension://abcdefgh", Err(Malformed)),
            ("javascript://localhost", Err(Malformed)),
        ] {
            assert_eq!(PageOrigin::parse(text).as_ref().map(PageOrigin::as_str), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn a_list_has_each_origin_once() {
        let read = |text| PageOrigin::parse_list(text).map(|list| list.iter().map(|o| o.0.clone()).collect::<Vec<_>>());
        assert_eq!(read(" \n\u{200b}, "), Ok(Vec::new()));
        let two = ["http://localhost:3000", "https://shop.example"].map(str::to_owned).to_vec();
        assert_eq!(read("http://localhost:3000\nhttps://shop.example, http://LOCALHOST:3000"), Ok(two));
        assert_eq!(read("http://localhost:3000 *"), Err(OriginError::Wildcard));
    }
}
