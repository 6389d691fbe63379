//! What the payer of an intent has to do next, and how the payer gets to the bank and back.

use serde_json::json;

use super::{call::MinterCall, fields::CallFields, intents::REQUIRES_ACTION, stored_object::StoredObject};
use crate::domain::{call::error::ApiError, mask};

/// How the payer gets to the bank and back.
#[derive(Clone, Debug, Default)]
pub(super) struct WayBack {
    pub(super) return_url: Option<String>,
    /// The page of the caller leads the payer.
    pub(super) uses_sdk: bool,
}

impl WayBack {
    /// # Errors
    /// An address that a browser must not be led to.
    pub(super) fn of(fields: &CallFields<'_>) -> Result<Self, ApiError> {
        let return_url = match fields.word(RETURN_URL)? {
            Some(url) if !is_safe_url(url) => {
                return Err(ApiError::request(Some("url_invalid"), Some(RETURN_URL), "Not a valid URL"));
            }
            Some(url) => Some(mask::text(url)),
            None => None,
        };
        Ok(Self { return_url, uses_sdk: fields.boolean("use_stripe_sdk")?.unwrap_or(false) })
    }
}

const RETURN_URL: &str = "return_url";
/// Schemes by which an address would run code or read files in the payer's browser.
const UNSAFE_SCHEMES: [&str; 7] = ["about", "blob", "data", "file", "filesystem", "javascript", "vbscript"];

/// Whether a payer may be led to an address: a website, or an app by a scheme of its own.
fn is_safe_url(text: &str) -> bool {
    // The parser drops what a browser would drop, such as a line break within the scheme.
    let Ok(url) = url::Url::parse(text) else { return false };
    text.contains("://") && !UNSAFE_SCHEMES.contains(&url.scheme()) && (url.has_host() || !url.path().is_empty())
}

/// Puts the intent where its payer has to do something: in the page of the caller, or at an address to be led to.
pub(super) fn ask_payer(call: &MinterCall<'_>, intent: &mut StoredObject, way: &WayBack) {
    let source = call.ids.authentication(call.now);
    intent.body["next_action"] = match &way.return_url {
        Some(return_url) if !way.uses_sdk => json!({
            "redirect_to_url": { "return_url": return_url, "url": format!("{AUTHENTICATION_PAGE}{source}") },
            "type": "redirect_to_url",
        }),
        _ => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "directory_server_encryption": {
                    "algorithm": "RSA",
                    "certificate": NO_CERTIFICATE,
                    "directory_server_id": "A000000003",
                    "root_certificate_authorities": [NO_CERTIFICATE],
                },
                "directory_server_name": "visa",
                "merchant": mask::identity(call.account_id),
                "one_click_authn": null,
                "server_transaction_id": call.ids.uuid("server transaction"),
                "three_d_secure_2_source": source,
                "three_ds_method_url": "",
                "three_ds_optimizations": "kf",
                "type": "stripe_3ds2_fingerprint",
            },
        }),
    };
    intent.body["status"] = REQUIRES_ACTION.into();
    intent.state["authentication"] = source.into();
}

/// Where the holder of a card would authenticate a payment: an address that leads nowhere, for the page of the card's bank
/// is not Stripe's, and this program's own server is not known here.
const AUTHENTICATION_PAGE: &str = "https://authentication.testcard.invalid/";
/// What stands at the certificates of a bank that is none.
const NO_CERTIFICATE: &str = "Testcard's local minter has no directory server.";
