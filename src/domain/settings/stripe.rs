//! How the real API is reached: base URL, API version, account, proxy and certificates.

use std::fmt;

use serde_json::Value;
use url::{Host, Url};

use super::proxy::ProxyChoice;
use crate::domain::{invisible::without_invisible, mask};

/// Stripe's sandbox allows 25 calls a second in all (docs.stripe.com/rate-limits); this leaves some to the user's own.
pub const USUAL_RATE: u32 = 20;

/// How the real API is reached. The API key is not a setting, because settings are stored on disk.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StripeSettings {
    pub base_url: BaseUrl,
    /// Sent as `Stripe-Version` if not empty.
    pub version: String,
    /// Sent as `Stripe-Account` if not empty.
    pub account: String,
    pub proxy: ProxyChoice,
    /// The path of a PEM file with certificates to trust besides the system's; empty for none.
    pub ca_file: String,
    /// The settings that could not be read. While there are any, no call is sent: the default in place of such a
    /// setting could send it to another host, around the proxy, or to another account than the user meant.
    pub broken: Vec<BrokenSetting>,
}

impl StripeSettings {
    /// The first setting that prevents calls.
    pub fn fault(&self) -> Option<&BrokenSetting> {
        self.broken.first()
    }

    /// What the file holds for an unreadable field; empty if that is not a string.
    pub fn broken_text(&self, field: StripeField) -> Option<&str> {
        let broken = self.broken.iter().find(|broken| broken.field == field.name())?;
        Some(broken.written.as_str().unwrap_or_default())
    }
}

/// A field of [`StripeSettings`], each of which a person writes as text. The settings file, the settings dialog and the
/// refusal of secrets go through this list: a new field is one of [`StripeSettings`], one here, and its place in the
/// dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StripeField {
    BaseUrl,
    Version,
    Account,
    Proxy,
    CaFile,
}

impl StripeField {
    /// In the order of the file.
    pub const ALL: [Self; 5] = [Self::BaseUrl, Self::Version, Self::Account, Self::Proxy, Self::CaFile];

    /// Its name in a profile of the settings file.
    pub fn name(self) -> &'static str {
        match self {
            Self::BaseUrl => "base_url",
            Self::Version => "stripe_version",
            Self::Account => "stripe_account",
            Self::Proxy => "proxy",
            Self::CaFile => "ca_certificate",
        }
    }

    /// Its name in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::BaseUrl => "Base URL",
            Self::Version => "Stripe-Version",
            Self::Account => "Stripe-Account",
            Self::Proxy => "Proxy",
            Self::CaFile => "Extra CA certificate",
        }
    }

    /// As it is written in the file and shown in the window.
    pub fn text(self, settings: &StripeSettings) -> &str {
        match self {
            Self::BaseUrl => settings.base_url.as_str(),
            Self::Version => &settings.version,
            Self::Account => &settings.account,
            Self::Proxy => settings.proxy.as_str(),
            Self::CaFile => &settings.ca_file,
        }
    }

    /// Takes the field from a text.
    ///
    /// # Errors
    /// What is wrong with the text, in a sentence that does not repeat it: then nothing was changed.
    pub fn set(self, settings: &mut StripeSettings, text: &str) -> Result<(), String> {
        match self {
            Self::BaseUrl => settings.base_url = BaseUrl::parse(text).map_err(|error| error.to_string())?,
            Self::Version => text.clone_into(&mut settings.version),
            Self::Account => text.clone_into(&mut settings.account),
            Self::Proxy => settings.proxy = ProxyChoice::parse(text).map_err(|error| error.to_string())?,
            Self::CaFile => text.clone_into(&mut settings.ca_file),
        }
        Ok(())
    }

    /// What is wrong with a text that a person enters. Stricter than [`Self::set`], which reads what was accepted once:
    /// a file is not refused for a header that no call can carry, the call is.
    pub fn fault(self, text: &str) -> Option<String> {
        let is_header = matches!(self, Self::Version | Self::Account);
        if is_header && !text.trim().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some("A header takes letters, digits and signs of ASCII, without spaces".to_owned());
        }
        self.set(&mut StripeSettings::default(), text).err()
    }

    /// Whether a text looks like a key or a card number, which is never written to a file. In a path only what must be
    /// a secret as a whole counts: folders are named after times and numbers.
    pub fn is_secret(self, text: &str) -> bool {
        if self == Self::CaFile { !mask::is_whole(text) } else { mask::text(text) != text }
    }
}

/// A setting in the file that could not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokenSetting {
    /// Its name in its object, such as `base_url`.
    pub field: &'static str,
    /// Its path from the root, such as `profiles[0].base_url`.
    pub place: String,
    /// What the file holds. It is written back unchanged until the user corrects it; otherwise the next start would use
    /// the default without saying so.
    pub written: Value,
    /// What is wrong and what to do, without repeating `written`.
    pub reason: String,
}

impl BrokenSetting {
    /// The field that holds the id of the active profile.
    pub const IN_USE: &'static str = "profile";
}

impl fmt::Display for BrokenSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting {} is not valid. {}", self.place, self.reason)
    }
}

/// Leaves out `written`, which can hold anything, even a key.
impl fmt::Debug for BrokenSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokenSetting").field("place", &self.place).finish_non_exhaustive()
    }
}

/// A person may have pasted a key anywhere.
impl fmt::Debug for StripeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broken, .. } = self;
        let mut shown = f.debug_struct("StripeSettings");
        for field in StripeField::ALL {
            shown.field(field.name(), &mask::text(field.text(self)));
        }
        shown.field("broken", broken).finish()
    }
}

/// The base URL of an API compatible with Stripe's. It uses `https`, or `http` to this machine's loopback, so that a
/// key is never sent over a network unencrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is not a base URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("This is not a URL. Write it as https://api.stripe.com or http://127.0.0.1:8420")]
    Malformed,
    #[error("Only https is safe outside this machine: the key would cross the network in the clear")]
    NotHttps,
    #[error("A base URL has no user name, password, query or fragment")]
    TooMuch,
}

impl BaseUrl {
    pub const STRIPE: &'static str = "https://api.stripe.com";

    /// Parses `https` URLs, and `http` URLs to loopback, with host, port and path only. Surrounding white space and
    /// characters that nobody sees are dropped.
    ///
    /// # Errors
    /// [`BaseUrlError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(without_invisible(text).trim()).map_err(|_| BaseUrlError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::TooMuch);
        }
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => Ok(Self(url)),
            ("http", Some(host)) if is_loopback(&host) => Ok(Self(url)),
            ("http", Some(_)) => Err(BaseUrlError::NotHttps),
            _ => Err(BaseUrlError::Malformed),
        }
    }

    /// The URL of an API path such as `/v1/tokens`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }

    /// Without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host as messages name it, with its port unless that is the scheme's default.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether this is a server on this machine, which is called without a proxy.
    pub fn is_loopback(&self) -> bool {
        self.0.host().is_some_and(|host| is_loopback(&host))
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self::parse(Self::STRIPE).expect("Stripe's own address is a URL")
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_leave_the_machine_over_https_only() {
        for (text, expected) in [
            ("https://api.stripe.com", Ok("https://api.stripe.com")),
            (" https://api.stripe.com/ ", Ok("https://api.stripe.com")),
            ("http://127.0.0.1:8420", Ok("http://127.0.0.1:8420")),
            ("http://localhost:12111", Ok("http://localhost:12111")),
            ("http://[::1]:1", Ok("http://[::1]:1")),
            ("https://proxy.example/stripe", Ok("https://proxy.example/stripe")),
            ("http://api.stripe.com", Err(BaseUrlError::NotHttps)),
            ("http://localhost.example.com", Err(BaseUrlError::NotHttps)),
            ("https://a:b@api.stripe.com", Err(BaseUrlError::TooMuch)),
            ("https://api.stripe.com?x=1", Err(BaseUrlError::TooMuch)),
            ("api.stripe.com", Err(BaseUrlError::Malformed)),
            ("ftp://127.0.0.1", Err(BaseUrlError::Malformed)),
            ("", Err(BaseUrlError::Malformed)),
        ] {
            assert_eq!(BaseUrl::parse(text).as_ref().map(BaseUrl::as_str), expected.as_ref().copied(), "{text}");
        }
    }
}
