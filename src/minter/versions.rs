//! Which versions Stripe's API has: a call that names another one is refused before anything else of it is looked at.

use crate::domain::{
    call::{api::ApiRequest, error::ApiError},
    mask,
};

/// The versions of Stripe's list (docs.stripe.com/changelog), oldest first.
const PUBLISHED: [&str; 126] = [
    "2011-01-01",
    "2011-06-21",
    "2011-06-28",
    "2011-08-01",
    "2011-09-15",
    "2011-11-17",
    "2012-02-23",
    "2012-03-25",
    "2012-06-18",
    "2012-06-28",
    "2012-07-09",
    "2012-09-24",
    "2012-10-26",
    "2012-11-07",
    "2013-02-11",
    "2013-02-13",
    "2013-07-05",
    "2013-08-12",
    "2013-08-13",
    "2013-10-29",
    "2013-12-03",
    "2014-01-31",
    "2014-03-13",
    "2014-03-28",
    "2014-05-19",
    "2014-06-13",
    "2014-06-17",
    "2014-07-22",
    "2014-07-26",
    "2014-08-04",
    "2014-08-20",
    "2014-09-08",
    "2014-10-07",
    "2014-11-05",
    "2014-11-20",
    "2014-12-08",
    "2014-12-17",
    "2014-12-22",
    "2015-01-11",
    "2015-01-26",
    "2015-02-10",
    "2015-02-16",
    "2015-02-18",
    "2015-03-24",
    "2015-04-07",
    "2015-06-15",
    "2015-07-07",
    "2015-07-13",
    "2015-07-28",
    "2015-08-07",
    "2015-08-19",
    "2015-09-03",
    "2015-09-08",
    "2015-09-23",
    "2015-10-01",
    "2015-10-12",
    "2015-10-16",
    "2016-02-03",
    "2016-02-19",
    "2016-02-22",
    "2016-02-23",
    "2016-02-29",
    "2016-03-07",
    "2016-06-15",
    "2016-07-06",
    "2016-10-19",
    "2017-01-27",
    "2017-02-14",
    "2017-04-06",
    "2017-05-25",
    "2017-06-05",
    "2017-08-15",
    "2017-12-14",
    "2018-01-23",
    "2018-02-05",
    "2018-02-06",
    "2018-02-28",
    "2018-05-21",
    "2018-07-27",
    "2018-08-23",
    "2018-09-06",
    "2018-09-24",
    "2018-10-31",
    "2018-11-08",
    "2019-02-11",
    "2019-02-19",
    "2019-03-14",
    "2019-05-16",
    "2019-08-14",
    "2019-09-09",
    "2019-10-08",
    "2019-10-17",
    "2019-11-05",
    "2019-12-03",
    "2020-03-02",
    "2020-08-27",
    "2022-08-01",
    "2022-11-15",
    "2023-08-16",
    "2023-10-16",
    "2024-04-10",
    "2024-06-20",
    "2024-09-30.acacia",
    "2024-10-28.acacia",
    "2024-11-20.acacia",
    "2024-12-18.acacia",
    "2025-01-27.acacia",
    "2025-02-24.acacia",
    "2025-03-31.basil",
    "2025-04-30.basil",
    "2025-05-28.basil",
    "2025-06-30.basil",
    "2025-07-30.basil",
    "2025-08-27.basil",
    "2025-09-30.clover",
    "2025-10-29.clover",
    "2025-11-17.clover",
    "2025-12-15.clover",
    "2026-01-28.clover",
    "2026-02-25.clover",
    "2026-03-25.dahlia",
    "2026-04-22.dahlia",
    "2026-05-27.dahlia",
    "2026-06-24.dahlia",
    "2026-07-29.dahlia",
    "2026-08-26.dahlia",
];
/// Versions from this day on may be newer than this program: of these, one that is written as versions are is taken.
const LISTED_UNTIL: &str = "2026-08-27";
/// The first version with the name of a release.
const NAMED_SINCE: &str = "2024-09-30";
/// The name of versions with what is not published for everybody yet. They have days of their own.
const PREVIEW: &str = "preview";

/// Checks the version that a call names.
///
/// # Errors
/// One that Stripe does not have. Reported of `/v1`, of a day without a version (`2012-10-27`, in Net::Stripe's tests),
/// of a month without its zero (stripe/stripe-java#682), of a wrong name (`2025-09-30.acacia`), of a missing one
/// (`2024-10-28`), and of two versions in one header (beam-community/stripity-stripe#606), without a code and without a
/// request id.
pub(super) fn check(request: &ApiRequest) -> Result<(), ApiError> {
    let Some(version) = request.header("Stripe-Version") else { return Ok(()) };
    // Names of beta features may follow, as recorded: `2023-10-16; feature=v1`.
    let (base, _) = version.split_once(';').unwrap_or((version, ""));
    if is_version(base.trim_end()) {
        return Ok(());
    }
    Err(ApiError::request(None, None, format!("Invalid Stripe API version: {}", mask::text(version))))
}

/// Whether Stripe has a version of this name.
pub(super) fn is_version(text: &str) -> bool {
    if PUBLISHED.binary_search(&text).is_ok() {
        return true;
    }
    let Some((day, name)) = text.split_once('.') else { return false };
    let is_new = match name {
        PREVIEW => day >= NAMED_SINCE,
        name => day >= LISTED_UNTIL && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()),
    };
    is_new && day.len() == "YYYY-MM-DD".len() && day.parse::<jiff::civil::Date>().is_ok()
}

/// The versions of Stripe's list.
#[cfg(test)]
pub(super) fn published() -> impl Iterator<Item = crate::domain::call::version::ApiVersion<'static>> {
    PUBLISHED
        .iter()
        .map(|version| crate::domain::call::version::ApiVersion::parse(version).expect("a version of the list is one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn message(version: &str) -> Option<String> {
        let headers = vec![("Stripe-Version".to_owned(), version.to_owned())];
        let request = ApiRequest { headers, ..ApiRequest::get("/v1/charges") };
        check(&request).err().map(|error| {
            assert_eq!((error.http_status, error.code, error.param), (400, None, None));
            error.message
        })
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(PUBLISHED.is_sorted());
        assert!(PUBLISHED.iter().all(|version| (version.len() > 10) == (*version >= NAMED_SINCE)));
    }

    #[test]
    fn what_stripe_has_is_taken_and_what_may_be_newer() {
        assert_eq!(check(&ApiRequest::get("/v1/charges")), Ok(()));
        for version in [
            "2011-01-01",
            "2020-08-27",
            "2024-06-20",
            "2025-01-27.acacia",
            "2026-10-28.endive",
            "2027-04-28.fern",
            "2023-10-16; embedded_connect_beta=v2",
            "2025-08-27.basil;x=v1",
            "2025-03-03.preview",
        ] {
            assert_eq!(message(version), None, "{version}");
        }
    }

    #[test]
    fn what_stripe_does_not_have_is_refused() {
        for version in [
            "",
            "v1",
            "2012-10-27",
            "2019-2-19",
            "2024-10-28",
            "2025-09-30.acacia",
            "2026-08-26.basil",
            "2026-08-26.",
            "2026-02-25",
            "2019-12-03, 2019-12-03",
            "2020-01-01.nonesuch",
            "2027-02-30.fern",
            "2027-04-28.Fern",
            "2027-04-28.",
            "2027-04-28",
            "2020-08-27.preview",
            "+27-04-28.fern",
        ] {
            assert_eq!(message(version), Some(format!("Invalid Stripe API version: {version}")));
        }
    }
}
