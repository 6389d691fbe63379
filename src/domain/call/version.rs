//! The version of the API that a call is answered in.

use std::{borrow::Cow, fmt};

use jiff::civil::{Date, date};

use super::api::ApiRequest;

/// The version of a call: a date and, since 2024, the name of its release.
///
/// Versions are compared by their dates. A version of a beta (`2023-10-16; orders_beta=v1`) is that of its date: so in
/// the recorded answers, where a beta changes accounts only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiVersion<'a> {
    date: Date,
    release: Option<&'a str>,
}

impl<'a> ApiVersion<'a> {
    /// The version of the minter's account, which answers a call that names none.
    ///
    /// Stripe answers such a call in the version that was the newest when the account made its first one, and names it
    /// in the response: so in all 165 recorded answers of the kind since 2014. The account here is that of the API
    /// reference, whose token was made in May 2023, when 2022-11-15 was the newest version.
    pub const OF_ACCOUNT: ApiVersion<'static> = ApiVersion::dated(2022, 11, 15);

    pub const fn dated(year: i16, month: i8, day: i8) -> Self {
        Self::on(date(year, month, day))
    }

    /// The version of a date, whatever the name of its release.
    pub const fn on(date: Date) -> Self {
        Self { date, release: None }
    }

    /// Reads a header `Stripe-Version`; `None` for what is no version.
    pub fn parse(text: &'a str) -> Option<Self> {
        let version = text.split_once(';').map_or(text, |(version, _)| version).trim();
        let (day, release) = match version.split_once('.') {
            Some((day, release)) => (day, Some(release)),
            None => (version, None),
        };
        let is_name = |release: &str| !release.is_empty() && release.bytes().all(|byte| byte.is_ascii_lowercase());
        if day.len() != "2023-10-16".len() || !release.is_none_or(is_name) {
            return None;
        }
        Some(Self { date: day.parse().ok()?, release })
    }

    /// The version of a call: the one that it names, else that of the account.
    pub fn of(request: &'a ApiRequest) -> Self {
        request.header("Stripe-Version").and_then(Self::parse).unwrap_or(Self::OF_ACCOUNT)
    }

    /// What the answer to a call says of its version: repeated as sent, else the version in which it is answered.
    pub fn shown(request: &ApiRequest) -> Cow<'_, str> {
        let sent = request.header("Stripe-Version").map(Cow::Borrowed);
        sent.unwrap_or_else(|| Cow::Owned(Self::OF_ACCOUNT.to_string()))
    }

    pub fn date(self) -> Date {
        self.date
    }

    /// The name of the release, such as `acacia`.
    pub fn release(self) -> Option<&'a str> {
        self.release
    }

    /// Whether it is this version or a newer one.
    pub fn is_since(self, other: ApiVersion<'_>) -> bool {
        self.date >= other.date
    }
}

impl fmt::Display for ApiVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        self.release.map_or(Ok(()), |release| write!(f, ".{release}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_date_with_or_without_the_name_of_its_release() {
        for (text, expected) in [
            ("2023-10-16", Some((date(2023, 10, 16), None))),
            ("2025-01-27.acacia", Some((date(2025, 1, 27), Some("acacia")))),
            ("2023-10-16; embedded_connect_beta=v2", Some((date(2023, 10, 16), None))),
            ("2025-01-27.acacia;a=v1;b=v2", Some((date(2025, 1, 27), Some("acacia")))),
            ("", None),
            ("x", None),
            ("2023", None),
            ("2023-1-16", None),
            ("2023-13-16", None),
            ("2023-10-16T00:00", None),
            ("2023-10-16.", None),
            ("2023-10-16.Acacia", None),
            ("20231016", None),
        ] {
            let version = ApiVersion::parse(text).map(|version| (version.date(), version.release()));
            assert_eq!(version, expected, "{text}");
        }
    }

    #[test]
    fn a_call_without_a_version_has_that_of_the_account() {
        let mut request = ApiRequest::get("/v1/tokens/tok_1");
        assert_eq!(ApiVersion::of(&request), ApiVersion::OF_ACCOUNT);
        request.headers.push(("stripe-version".to_owned(), "2024-04-10".to_owned()));
        let version = ApiVersion::of(&request);
        assert_eq!(version, ApiVersion::dated(2024, 4, 10));
        assert!(version.is_since(ApiVersion::OF_ACCOUNT) && version.is_since(version));
        assert!(!ApiVersion::OF_ACCOUNT.is_since(version));
        assert_eq!(ApiVersion::OF_ACCOUNT.to_string(), "2022-11-15");
        assert_eq!(ApiVersion::parse("2025-01-27.acacia; a=v1").unwrap().to_string(), "2025-01-27.acacia");
    }
}
