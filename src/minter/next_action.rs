//! What the payer of an intent has to do next, and how the payer gets to the bank and back.

use serde_json::{Value, json};
use url::Url;

use super::{
    call::MinterCall,
    fields::CallFields,
    intents::{CANCELED, CLIENT_SECRET, IntentKind, REQUIRES_ACTION, REQUIRES_METHOD},
    shapes,
    stored_object::StoredObject,
};
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
            Some(url) if safe_url(url).is_none() => {
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

/// An address that a payer may be led to: a website, or an app by a scheme of its own; `None` for every other text.
fn safe_url(text: &str) -> Option<Url> {
    // The parser drops what a browser would drop, such as a line break within the scheme.
    let url = Url::parse(text).ok()?;
    let is_place = text.contains("://") && (url.has_host() || !url.path().is_empty());
    (is_place && !UNSAFE_SCHEMES.contains(&url.scheme())).then_some(url)
}

/// The payer's visit to the bank's page, as the intent's state has it.
pub(super) struct PayerVisit<'a> {
    /// Which visit of the intent it is; 0 before the first one.
    pub(super) number: u64,
    pub(super) return_url: Option<&'a str>,
    /// What the payer did there, a word of `AuthenticationResult`; `None` before that.
    pub(super) result: Option<&'a str>,
}

/// The member of the intent's state, and its parts.
const VISIT: &str = "authentication";
const NUMBER: &str = "number";
const RESULT: &str = "result";

impl<'a> PayerVisit<'a> {
    pub(super) fn of(intent: &'a StoredObject) -> Self {
        let kept = &intent.state[VISIT];
        let (return_url, result) = (kept[RETURN_URL].as_str(), kept[RESULT].as_str());
        Self { number: kept[NUMBER].as_u64().unwrap_or_default(), return_url, result }
    }
}

/// Writes down what the payer did at the bank's page.
pub(super) fn note_result(intent: &mut StoredObject, result: &'static str) {
    // An older Testcard kept the id of the attempt alone there.
    if intent.state[VISIT].is_object() {
        intent.state[VISIT][RESULT] = result.into();
    }
}

/// Where the payer is led after the visit: the shop's own address, with what Stripe adds to it. `None` where the payer has no
/// way back, also where that is none that a browser may be led to.
///
/// `redirect_status` is documented; the others are as Stripe's SDK for Android takes them back from a card's bank.
pub(super) fn way_back(kind: IntentKind, intent: &StoredObject) -> Option<String> {
    let mut url = safe_url(PayerVisit::of(intent).return_url?)?;
    let word = kind.object().as_str();
    let has_failed = [REQUIRES_METHOD, CANCELED].iter().any(|status| intent.body["status"] == *status);
    url.query_pairs_mut()
        .append_pair(word, &intent.id)
        .append_pair(&format!("{word}_{CLIENT_SECRET}"), &shapes::text(&intent.body, CLIENT_SECRET))
        .append_pair("redirect_status", if has_failed { "failed" } else { "succeeded" })
        .append_pair("source_type", "card");
    Some(url.into())
}

/// Puts the intent where its payer has to do something: in the page of the caller, or at an address to be led to.
pub(super) fn ask_payer(call: &MinterCall<'_>, intent: &mut StoredObject, way: &WayBack) {
    let source = call.ids.authentication(call.now);
    let number = PayerVisit::of(intent).number + 1;
    intent.body["next_action"] = match &way.return_url {
        Some(return_url) if !way.uses_sdk => json!({
            "redirect_to_url": { "return_url": return_url, "url": page_url(call, &intent.id, number, &source) },
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
    let return_url = way.return_url.as_deref().map_or(Value::Null, Value::from);
    intent.state[VISIT] = json!({ "id": source, NUMBER: number, RETURN_URL: return_url, RESULT: null });
}

/// The page at which the payer authenticates the payment: one of the server that the call came to.
fn page_url(call: &MinterCall<'_>, intent: &str, number: u64, source: &str) -> String {
    let page = call.workspace.name_of_page(call.account_id, intent, number);
    let connected = call.ledger.is_connected().then_some(call.account_id);
    let served = call.payer_pages.and_then(|pages| pages.url(intent, &page, connected));
    served.unwrap_or_else(|| format!("{NO_PAGE}{source}"))
}

/// The address of a call that came to no server: it leads nowhere. `testcard authenticate` does what its buttons would.
const NO_PAGE: &str = "https://authentication.testcard.invalid/";
/// What stands at the certificates of a bank that is none.
const NO_CERTIFICATE: &str = "Testcard's local minter has no directory server.";
