//! What a version of the API shows of objects: the ledger keeps them as of today, an answer has the fields of its
//! version by the rules of [`super::shape_rules`].

use serde_json::{Map, Value, json};

use super::shape_rules::{FieldRule, Filling, SUCCEEDED, ShapeKind, ShownAs, old_order, rules};
use crate::domain::call::{error::ErrorKind, payer_page::PayerPages, version::ApiVersion};

/// A text field of an object that the minter made; empty where there is none.
pub(super) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

/// Adds a field to an object in Stripe's order: `id` and `object` first, the rest by the alphabet.
pub(super) fn add(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        insert(fields, key, value);
    }
}

/// As [`add`], to the fields of an object.
pub(super) fn insert(fields: &mut Map<String, Value>, key: &str, value: Value) {
    fields.shift_remove(key);
    let is_later = |known: &String| !["id", "object"].contains(&known.as_str()) && known.as_str() > key;
    let place = fields.keys().position(is_later).unwrap_or(fields.len());
    fields.shift_insert(place, key.to_owned(), value);
}

/// An answer as a version shows it, every object in it too, and as the server shows it that the call came to: its payers'
/// pages are at that one, whichever server the intent was confirmed at.
pub(super) fn shaped(version: ApiVersion<'_>, pages: Option<&PayerPages>, mut answer: Value) -> Value {
    show(&Showing { pages, ..Showing::of(version) }, &mut answer, None);
    answer
}

/// Lets the payer of an intent be led to a page of this server, if to a page at all.
pub(super) fn lead_here(pages: &PayerPages, intent: &mut Map<String, Value>) {
    let url = intent.get_mut("next_action").and_then(|action| action.pointer_mut("/redirect_to_url/url"));
    let Some(url) = url else { return };
    if let Some(here) = url.as_str().and_then(|url| pages.here(url)) {
        *url = here.into();
    }
}

/// The attributes of an error as a version shows them, and the objects in it.
pub(super) fn shown_error(version: ApiVersion<'_>, kind: ErrorKind, fields: &mut Map<String, Value>) {
    let showing = Showing::of(version);
    fields.values_mut().for_each(|object| show(&showing, object, None));
    let shown = showing.shown;
    let kind = if kind == ErrorKind::Card { ShapeKind::CardError } else { ShapeKind::RequestError };
    show_missing_object(&shown, kind, fields);
    for rule in rules(kind) {
        apply(&shown, kind, rule, fields);
    }
    if let Some(order) = old_order(&shown, kind) {
        reorder(fields, order);
    }
}

/// Recorded: the id of an object that is not there stood without quotes until October 2019, and with them since
/// September 2020; a refusal of a parameter had no code in 2017.
fn show_missing_object(shown: &ShownAs, kind: ShapeKind, fields: &mut Map<String, Value>) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = text("code");
    let is_of_param = code == "resource_missing" || code.starts_with("parameter_");
    let unquoted = text("message").strip_prefix("No such ").and_then(|rest| {
        let (what, id) = rest.strip_suffix('\'')?.split_once(": '")?;
        Some(format!("No such {what}: {id}"))
    });
    if let Some(message) = unquoted.filter(|_| !shown.is_as_of(kind, 2020, 1)) {
        fields.insert("message".to_owned(), message.into());
    }
    if is_of_param && !shown.is_as_of(kind, 2018, 1) {
        fields.shift_remove("code");
    }
}

/// Whether errors of a version lead to the page of the call in the workbench. Recorded: until March 2025 they led to an
/// older page, and since February 2026 at the latest to this one.
pub(super) fn leads_to_workbench(version: ApiVersion<'_>) -> bool {
    ShownAs::of(version).is_as_of(ShapeKind::RequestError, 2026, 1)
}

/// A list within an object, of things that the minter does not play.
pub(super) fn empty_list(url: &str) -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "total_count": 0, "url": url })
}

/// How a version shows objects.
struct Showing<'a> {
    shown: ShownAs,
    /// Whether a charge that went well is `paid` and not `succeeded`.
    is_old_status: bool,
    /// Where payers authenticate; `None` where no server is asked.
    pages: Option<&'a PayerPages>,
}

impl Showing<'_> {
    fn of(version: ApiVersion<'_>) -> Self {
        Self { shown: ShownAs::of(version), is_old_status: !version.is_since(SUCCEEDED), pages: None }
    }
}

/// The object that another one is in, and the field that it is at.
type Holder<'a> = (ShapeKind, &'a str);

fn kind_of(fields: &Map<String, Value>, holder: Option<Holder<'_>>) -> ShapeKind {
    use ShapeKind as Kind;
    if fields.contains_key("deleted") {
        return Kind::Other;
    }
    match (fields.get("object").and_then(Value::as_str), holder) {
        (Some("token"), _) => Kind::Token,
        (Some("card"), Some((Kind::Token, _))) => Kind::CardOfToken,
        (Some("card"), Some((Kind::Charge, _))) => Kind::CardOfCharge,
        (Some("card"), _) => Kind::CardOfCustomer,
        (Some("customer"), _) => Kind::Customer,
        (Some("charge"), _) => Kind::Charge,
        (Some("refund"), _) => Kind::Refund,
        (Some("dispute"), _) => Kind::Dispute,
        (Some("payment_method"), _) => Kind::PaymentMethod,
        (Some("payment_intent"), _) => Kind::PaymentIntent,
        (Some("setup_intent"), _) => Kind::SetupIntent,
        (Some("list"), _) => Kind::List,
        (None, Some((Kind::Customer, "invoice_settings"))) => Kind::InvoiceSettings,
        (None, Some((Kind::Charge, "billing_details"))) => Kind::BillingOfCharge,
        (None, Some((Kind::PaymentMethod, "billing_details"))) => Kind::BillingOfMethod,
        (None, Some((Kind::Charge, "payment_method_details"))) => Kind::MethodDetails,
        (None, Some((Kind::MethodDetails, "card"))) => Kind::ChargedCard,
        (None, Some((Kind::Dispute, "evidence"))) => Kind::DisputeEvidence,
        (None, Some((Kind::Dispute, "evidence_details"))) => Kind::EvidenceDetails,
        (None, Some((Kind::Dispute, "payment_method_details"))) => Kind::DisputedMethod,
        (None, Some((Kind::DisputedMethod, "card"))) => Kind::DisputedCard,
        (None, Some((Kind::Charge, "outcome"))) => Kind::Outcome,
        (None, Some((Kind::PaymentMethod, "card"))) => Kind::MethodCard,
        (None, Some((Kind::PaymentIntent, "payment_method_options"))) => Kind::OptionsOfPayment,
        (None, Some((Kind::SetupIntent, "payment_method_options"))) => Kind::OptionsOfSetup,
        (None, Some((Kind::OptionsOfPayment, "card"))) => Kind::CardOfPayment,
        (None, Some((Kind::OptionsOfSetup, "card"))) => Kind::CardOfSetup,
        _ => Kind::Other,
    }
}

fn show(showing: &Showing<'_>, value: &mut Value, holder: Option<Holder<'_>>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| show(showing, item, None)),
        Value::Object(fields) => {
            let kind = kind_of(fields, holder);
            for rule in rules(kind) {
                apply(&showing.shown, kind, rule, fields);
            }
            show_exceptions(showing, kind, fields);
            if let Some(order) = old_order(&showing.shown, kind) {
                reorder(fields, order);
            }
            // Metadata are the caller's own words: an object in them is none of Stripe's.
            for (name, inner) in fields.iter_mut().filter(|(name, _)| *name != "metadata") {
                show(showing, inner, Some((kind, name)));
            }
        }
        _ => {}
    }
}

fn apply(shown: &ShownAs, kind: ShapeKind, rule: &FieldRule, fields: &mut Map<String, Value>) {
    if !shown.shows(kind, rule) {
        // A preference that the call sent is always shown, and so is a list that it asked for.
        let is_asked_for = matches!(rule.filling, Filling::EmptyList(_))
            || (rule.name == "networks"
                && fields.get("networks").is_some_and(|networks| !networks["preferred"].is_null()));
        if !is_asked_for {
            fields.shift_remove(rule.name);
        }
        return;
    }
    if fields.contains_key(rule.name) {
        return;
    }
    let filling = match rule.filling {
        Filling::Nothing => return,
        Filling::Null => Value::Null,
        Filling::SameAs(other) => fields.get(other).cloned().unwrap_or_default(),
        Filling::EmptyList(path) => {
            let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
            empty_list(&format!("/v1/customers/{id}/{path}"))
        }
    };
    insert(fields, rule.name, filling);
}

/// What depends on more than the version.
fn show_exceptions(showing: &Showing<'_>, kind: ShapeKind, fields: &mut Map<String, Value>) {
    match kind {
        ShapeKind::Charge => {
            // Recorded: since 2026 on charges that are not captured only.
            if showing.shown.is_as_of(kind, 2026, 1) && fields.get("captured") == Some(&json!(true)) {
                fields.shift_remove("amount_updates");
            }
            if showing.is_old_status && fields.get("status") == Some(&json!("succeeded")) {
                fields.insert("status".to_owned(), "paid".into());
            }
        }
        ShapeKind::PaymentIntent | ShapeKind::SetupIntent => {
            if let Some(pages) = showing.pages {
                lead_here(pages, fields);
            }
        }
        // Recorded: null until 2025, a code in 2026.
        ShapeKind::ChargedCard if !showing.shown.is_as_of(kind, 2026, 1) => set_null(fields, &["authorization_code"]),
        // Recorded: null on a declined charge in January 2025, and given in the error of a decline in 2026.
        ShapeKind::Outcome if !showing.shown.gives_advice() => {
            set_null(fields, &["advice_code", "network_advice_code", "network_decline_code"]);
        }
        _ => {}
    }
}

fn set_null(fields: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = fields.get_mut(*name) {
            *value = Value::Null;
        }
    }
}

/// Puts the fields that are named in this order, the others behind them.
fn reorder(fields: &mut Map<String, Value>, order: &[&str]) {
    let mut others = std::mem::take(fields);
    for name in order {
        if let Some((name, value)) = others.shift_remove_entry(*name) {
            fields.insert(name, value);
        }
    }
    fields.extend(others);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(version: &str, value: Value) -> Value {
        shaped(ApiVersion::parse(version).unwrap(), None, value)
    }

    fn names(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn an_object_that_an_older_testcard_kept_gets_the_fields_that_came_since() {
        let kept = json!({ "id": "cus_1", "object": "customer", "balance": 7, "email": null });
        let new = shown("2026-06-24.dahlia", kept.clone());
        assert_eq!(new["customer_account"], Value::Null);
        assert!(new.get("customer_account").is_some() && new.get("account_balance").is_none(), "{new}");
        let old = shown("2019-08-14", kept);
        assert_eq!(old["account_balance"], 7);
        assert_eq!(old["tax_ids"]["url"], "/v1/customers/cus_1/tax_ids");
        assert!(names(&old)[2..].is_sorted(), "{old}");
    }

    #[test]
    fn a_part_has_the_rules_of_the_object_that_it_is_in() {
        let card = json!({ "object": "card", "networks": { "preferred": null }, "allow_redisplay": "unspecified" });
        let in_token = shown("2026-06-24.dahlia", json!({ "object": "token", "card": card }));
        assert!(in_token["card"].get("networks").is_some() && in_token["card"].get("allow_redisplay").is_none());
        let in_list = shown("2026-06-24.dahlia", json!({ "object": "list", "data": [card] }));
        assert!(in_list["data"][0].get("networks").is_none() && in_list["data"][0].get("allow_redisplay").is_some());
        let preferred = json!({ "object": "card", "networks": { "preferred": "visa" } });
        assert_eq!(shown("2016-07-06", preferred)["networks"]["preferred"], "visa");
    }

    #[test]
    fn what_is_deleted_and_what_is_the_callers_stays_as_it_is() {
        for object in ["customer", "card"] {
            let deleted = json!({ "id": "x_1", "object": object, "deleted": true });
            assert_eq!(shown("2014-12-08", deleted.clone()), deleted);
        }
        let own = json!({ "object": "charge", "metadata": { "object": "card", "wallet": "mine" } });
        assert_eq!(shown("2016-07-06", own.clone())["metadata"], own["metadata"]);
    }

    #[test]
    fn the_oldest_versions_have_their_own_words_and_order() {
        let charge = json!({
            "id": "ch_1", "object": "charge", "amount": 1, "paid": true, "source": { "object": "card" },
            "statement_descriptor": "Shoes", "status": "succeeded",
        });
        let old = shown("2014-12-08", charge.clone());
        assert_eq!((&old["status"], &old["statement_description"]), (&json!("paid"), &json!("Shoes")));
        assert_eq!(old["card"]["object"], "card");
        let oldest = shown("2014-08-04", charge.clone());
        assert_eq!(names(&oldest)[..4], ["id", "object", "paid", "amount"]);
        assert!(oldest.get("source").is_none() && oldest.get("status").is_none(), "{oldest}");
        assert_eq!(shown("2015-02-16", charge)["status"], "succeeded");
    }
}
