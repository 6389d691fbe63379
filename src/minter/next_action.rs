//! What the payer of an intent has to do next, and how the payer gets to the bank and back.

use serde_json::{Value, json};
use url::Url;

use super::{
    call::MinterCall,
    fields::CallFields,
    intents::{
        CLIENT_SECRET, IntentKind, METHOD, PROCESSING, REQUIRES_ACTION, REQUIRES_CAPTURE, REQUIRES_CONFIRMATION,
        SUCCEEDED,
    },
    shapes,
    stored_object::StoredObject,
};
use crate::domain::{
    call::{
        error::ApiError,
        payer_page::{NO_PAGE, PayerPages},
    },
    mask,
};

/// How the payer gets to the bank and back.
#[derive(Clone, Debug, Default)]
pub(super) struct WayBack {
    pub(super) return_url: Option<String>,
    /// The page of the caller leads the payer.
    pub(super) uses_sdk: bool,
}

impl WayBack {
    /// # Errors
    /// An address that a browser must not be led to, and one that cannot be kept as it is.
    pub(super) fn of(fields: &CallFields<'_>) -> Result<Self, ApiError> {
        let return_url = fields.word(RETURN_URL)?;
        if let Some(text) = return_url {
            let invalid = || ApiError::request(Some("url_invalid"), Some(RETURN_URL), "Not a valid URL");
            let url = safe_url(text).ok_or_else(invalid)?;
            // Masked, it would be another address.
            if !mask::is_whole(text) || !mask::is_whole(url.as_str()) {
                return Err(ApiError::request(None, Some(RETURN_URL), SECRET_IN_RETURN_URL));
            }
        }
        let return_url = return_url.map(str::to_owned);
        Ok(Self { return_url, uses_sdk: fields.boolean("use_stripe_sdk")?.unwrap_or(false) })
    }
}

/// Undocumented by Stripe: our wording.
const SECRET_IN_RETURN_URL: &str = "return_url holds what may be the number of a card, a security code or a key. Testcard \
    writes none of these down, so it could not lead the payer back there: send an address without it, such as with an id \
    of your own that has letters in it.";

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
    /// Whether it went well for the payer, who may be at the shop by now; `None` before that.
    has_gone_well: Option<bool>,
}

/// The member of the intent's state, and its parts.
const VISIT: &str = "authentication";
const NUMBER: &str = "number";
const RESULT: &str = "result";
const GONE_WELL: &str = "has_gone_well";

impl<'a> PayerVisit<'a> {
    pub(super) fn of(intent: &'a StoredObject) -> Self {
        let kept = &intent.state[VISIT];
        let (return_url, result) = (kept[RETURN_URL].as_str(), kept[RESULT].as_str());
        let number = kept[NUMBER].as_u64().unwrap_or_default();
        Self { number, return_url, result, has_gone_well: kept[GONE_WELL].as_bool() }
    }
}

/// Writes down what the payer did at the bank's page, and what came of it, which the intent shows by now.
pub(super) fn note_result(intent: &mut StoredObject, result: &'static str) {
    // An older Testcard kept the id of the attempt alone there.
    if intent.state[VISIT].is_object() {
        intent.state[VISIT][GONE_WELL] = is_granted(intent).into();
        intent.state[VISIT][RESULT] = result.into();
    }
}

/// A member of the intent's state: the payment that the payer authenticated, which the caller has to confirm once more.
const AUTHENTICATED: &str = "authenticated";

/// What a payer authenticates: this payment method, for this amount.
fn payment_of(intent: &Value) -> Value {
    json!([intent[METHOD], intent["amount"], intent["currency"]])
}

/// Writes down that the payer authenticated the payment as it is now.
pub(super) fn note_authenticated(intent: &mut StoredObject) {
    intent.state[AUTHENTICATED] = payment_of(&intent.body);
}

/// Whether the payer authenticated the very payment. That serves one confirmation: it is forgotten here.
pub(super) fn take_authenticated(intent: &mut StoredObject) -> bool {
    let authenticated = intent.state.as_object_mut().and_then(|state| state.shift_remove(AUTHENTICATED));
    authenticated == Some(payment_of(&intent.body))
}

/// Whether nothing more is asked of the payer: the intent is at its aim, or its caller may confirm what was authenticated.
fn is_granted(intent: &StoredObject) -> bool {
    match intent.body["status"].as_str() {
        Some(SUCCEEDED | REQUIRES_CAPTURE | PROCESSING) => true,
        Some(REQUIRES_CONFIRMATION) => intent.state[AUTHENTICATED] == payment_of(&intent.body),
        _ => false,
    }
}

/// Where the payer is led after the visit: the shop's own address, with what Stripe adds to it. `None` where the payer has no
/// way back, also where that is none that a browser may be led to.
///
/// `redirect_status` is documented; the others are as Stripe's SDK for Android takes them back from a card's bank. A visit that
/// failed stays so, whatever is paid later; one that went well does not where the intent was changed or cancelled since.
pub(super) fn way_back(kind: IntentKind, intent: &StoredObject) -> Option<String> {
    let visit = PayerVisit::of(intent);
    let mut url = safe_url(visit.return_url?)?;
    let word = kind.object().as_str();
    let has_succeeded = visit.has_gone_well.unwrap_or(true) && is_granted(intent);
    url.query_pairs_mut()
        .append_pair(word, &intent.id)
        .append_pair(&format!("{word}_{CLIENT_SECRET}"), &shapes::text(&intent.body, CLIENT_SECRET))
        .append_pair("redirect_status", if has_succeeded { "succeeded" } else { "failed" })
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
                "merchant": call.shown_account(),
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
    intent.state[VISIT] = json!({ "id": source, NUMBER: number, RETURN_URL: return_url });
}

/// The page at which the payer authenticates the payment: one of the server that the call came to. Another server that is
/// asked for the intent later shows its own ([`shapes::lead_here`]), for the page is there by then.
fn page_url(call: &MinterCall<'_>, intent: &str, number: u64, source: &str) -> String {
    let page = call.workspace.name_of_page(call.account_id, intent, number);
    let connected = call.ledger.is_connected().then_some(call.account_id);
    let nowhere = PayerPages::nowhere();
    let served = call.payer_pages.unwrap_or(&nowhere).url(intent, &page, connected);
    served.unwrap_or_else(|| format!("{NO_PAGE}/{source}"))
}

/// What stands at the certificates of a bank that is none.
const NO_CERTIFICATE: &str = "Testcard's local minter has no directory server.";
