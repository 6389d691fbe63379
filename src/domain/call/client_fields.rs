//! What Stripe.js, Stripe's mobile SDKs and some servers tell with a call about the customer's browser or device.
//!
//! Stripe takes these parameters beside the documented ones, uses them against fraud, and shows them in no object. They
//! stand in no reference. The names are those that the libraries send (Stripe.js v2 and v3, stripe-ios, stripe-android)
//! and those that Stripe named to the authors of shop software (`ip`, `user_agent`, `external_id`, `device_id`).

use super::{
    api::{ApiRequest, HttpMethod},
    error::ApiError,
};

/// Fields that are texts.
const TEXTS: [&str; 11] = [
    "guid",
    "muid",
    "sid",
    "payment_user_agent",
    "time_on_page",
    "pasted_fields",
    "referrer",
    "ip",
    "user_agent",
    "external_id",
    "device_id",
];
/// What Stripe.js tells with a confirmation besides.
const OF_CONFIRMATION: [&str; 1] = ["expected_payment_method_type"];
/// Fields with parts, whatever these are called.
const DICTIONARIES: [&str; 2] = ["client_attribution_metadata", "radar_options"];
/// The one part that is documented, and names an object of the account.
const RADAR_SESSION: &str = "radar_options[session]";

/// What Stripe.js sends as a parameter, and its SDKs as a header: a page that sets no headers needs no permission.
const HEADERS: [(&str, &str); 2] = [("_stripe_account", "Stripe-Account"), ("_stripe_version", "Stripe-Version")];

/// Makes headers of the parameters that stand for headers, so that a call says the same whoever sent it.
///
/// # Errors
/// A header that is there too, with another value. Undocumented by Stripe: our wording.
pub fn take_headers(request: &mut ApiRequest) -> Result<(), ApiError> {
    for (param, header) in HEADERS {
        let Some(value) = request.params.get(param).map(str::to_owned) else { continue };
        match request.header(header) {
            Some(sent) if sent != value => {
                let message = format!("The parameter {param} and the header {header} differ: send one of them.");
                return Err(ApiError::request(None, Some(param), message));
            }
            Some(_) => {}
            None if value.is_empty() => {}
            None => request.headers.push((header.to_owned(), value)),
        }
        request.params.remove(param);
    }
    Ok(())
}

/// Whether a parameter of this call is one of these fields.
pub fn is_taken(request: &ApiRequest, name: &str) -> bool {
    if request.method != HttpMethod::Post {
        return false;
    }
    match request.segments()[..] {
        ["v1", "charges" | "payment_methods" | "tokens"] => is_client_field(name),
        // Of a confirmation, Stripe.js tells them beside the call and beside the payment method that it makes.
        ["v1", "payment_intents" | "setup_intents", _, "confirm"] => {
            let inner = name.strip_prefix("payment_method_data[").and_then(|rest| rest.split_once(']'));
            is_client_field(name)
                || OF_CONFIRMATION.contains(&name)
                || inner.is_some_and(|(root, rest)| is_client_field(&format!("{root}{rest}")))
        }
        _ => false,
    }
}

/// Whether a parameter of a call that takes these fields is one of them.
pub fn is_client_field(name: &str) -> bool {
    match name.split_once('[') {
        None => TEXTS.contains(&name),
        Some((root, _)) => DICTIONARIES.contains(&root) && name != RADAR_SESSION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_clients_are_known_by_their_names() {
        for (name, is_field) in [
            ("guid", true),
            ("time_on_page", true),
            ("ip", true),
            ("radar_options[hcaptcha_token]", true),
            ("radar_options[android_verification_object][android_verification_token]", true),
            ("client_attribution_metadata[client_session_id]", true),
            ("client_attribution_metadata[merchant_integration_additional_elements][0]", true),
            ("radar_options[session]", false),
            ("radar_options", false),
            ("guid[x]", false),
            ("GUID", false),
            ("ips", false),
            ("key", false),
            ("_stripe_account", false),
            ("card[number]", false),
        ] {
            assert_eq!(is_client_field(name), is_field, "{name}");
        }
    }

    fn sent(headers: &[(&str, &str)], params: &[(&str, &str)]) -> ApiRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ApiRequest { params: params.iter().copied().collect(), headers, ..ApiRequest::get("/v1/tokens") }
    }

    #[test]
    fn account_and_version_among_the_parameters_are_those_of_the_call() {
        let mut request = sent(&[], &[("guid", "x"), ("_stripe_account", "acct_1"), ("_stripe_version", "2020-08-27")]);
        take_headers(&mut request).unwrap();
        let headers = [("Stripe-Account", "acct_1"), ("Stripe-Version", "2020-08-27")];
        assert_eq!(request, sent(&headers, &[("guid", "x")]));
        for (headers, params, expected) in [
            (
                &[("Stripe-Account", "acct_1")][..],
                &[("_stripe_account", "acct_1")][..],
                Ok(&[("Stripe-Account", "acct_1")][..]),
            ),
            (&[], &[("_stripe_account", "")], Ok(&[])),
            (&[], &[("_stripe_account", "acct_1"), ("_stripe_account", "acct_2")], Ok(&[("Stripe-Account", "acct_2")])),
            (&[("stripe-account", "acct_1")], &[("_stripe_account", "acct_2")], Err("_stripe_account")),
            (&[("Stripe-Version", "2020-08-27")], &[("_stripe_version", "2019-10-08")], Err("_stripe_version")),
        ] {
            let mut request = sent(headers, params);
            let taken = take_headers(&mut request);
            match expected {
                Ok(headers) => assert_eq!((taken, request), (Ok(()), sent(headers, &[])), "{params:?}"),
                Err(param) => assert_eq!(taken.unwrap_err().param.as_deref(), Some(param)),
            }
        }
    }

    #[test]
    fn only_calls_that_browsers_and_shops_make_take_them() {
        for (method, path, takes) in [
            (HttpMethod::Post, "/v1/tokens", true),
            (HttpMethod::Post, "/v1/payment_methods", true),
            (HttpMethod::Post, "/v1/charges", true),
            (HttpMethod::Get, "/v1/charges", false),
            (HttpMethod::Post, "/v1/charges/ch_1", false),
            (HttpMethod::Post, "/v1/customers", false),
        ] {
            let request = ApiRequest { method, ..ApiRequest::get(path) };
            assert_eq!(is_taken(&request, "guid"), takes, "{method:?} {path}");
        }
    }
}
