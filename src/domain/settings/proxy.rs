//! The proxy for the real API: the system's, a given one, or none.

use std::fmt;

use url::Url;

use crate::domain::{invisible::without_invisible, mask};

/// Which proxy calls to the real API use. A server on this machine is always called directly.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// The proxy of the system's settings or of `HTTPS_PROXY`.
    #[default]
    System,
    /// No proxy, whatever the system's settings are.
    None,
    /// This `http` or `https` proxy, without a password.
    Url(Url),
}

/// Why a text is not a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    #[error("This is not the URL of a proxy. Write it as http://proxy.example:8080, or none, or leave it empty")]
    Malformed,
    #[error("Only http and https proxies are spoken to. Write it as http://proxy.example:8080")]
    Scheme,
    #[error(
        "A user name or a password would stand in the settings file for all to read. Leave this empty and start \
         Testcard with HTTPS_PROXY set, which is never stored"
    )]
    Password,
    #[error("The URL of a proxy ends after host and port. Remove what comes behind")]
    TooMuch,
}

impl ProxyChoice {
    /// The setting for no proxy.
    pub const NONE: &'static str = "none";

    /// Parses the URL of a proxy, `none`, or an empty text for the system's proxy.
    ///
    /// # Errors
    /// [`ProxyError`] says what is wrong without repeating the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = without_invisible(text);
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::System);
        }
        if text.eq_ignore_ascii_case(Self::NONE) {
            return Ok(Self::None);
        }
        // `me:secret@proxy` without a scheme parses as something else, so report a password for anything with an `@`.
        let looks_like_password = || if text.contains('@') { ProxyError::Password } else { ProxyError::Malformed };
        let url = Url::parse(text).map_err(|_| looks_like_password())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ProxyError::Password);
        }
        match url.scheme() {
            "http" | "https" => {}
            _ if text.contains("://") => return Err(ProxyError::Scheme),
            _ => return Err(looks_like_password()),
        }
        if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return Err(ProxyError::TooMuch);
        }
        Ok(Self::Url(url))
    }

    /// The text in the settings file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "",
            Self::None => Self::NONE,
            Self::Url(url) => url.as_str().trim_end_matches('/'),
        }
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::None => f.write_str("None"),
            Self::Url(_) => f.write_str(&mask::text(self.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_the_systems_none_or_a_url_without_a_password() {
        for (text, expected) in [
            ("", Ok("")),
            ("  ", Ok("")),
            ("none", Ok("none")),
            ("None ", Ok("none")),
            ("http://proxy.example:8080", Ok("http://proxy.example:8080")),
            (" https://proxy.example/ ", Ok("https://proxy.example")),
            ("http://me:secret@proxy.example:8080", Err(ProxyError::Password)),
            ("http://me@proxy.example", Err(ProxyError::Password)),
            ("me:secret@proxy.example:8080", Err(ProxyError::Password)),
            ("socks5://127.0.0.1:1080", Err(ProxyError::Scheme)),
            ("proxy.example:8080", Err(ProxyError::Malformed)),
            ("proxy.example", Err(ProxyError::Malformed)),
            ("http://", Err(ProxyError::Malformed)),
            ("http://proxy.example/pac?x=1", Err(ProxyError::TooMuch)),
        ] {
            assert_eq!(
                ProxyChoice::parse(text).as_ref().map(ProxyChoice::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        }
    }
}
