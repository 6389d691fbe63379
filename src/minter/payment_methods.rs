//! `/v1/payment_methods`: what a card token becomes where Stripe's newer objects are used.

use serde_json::{Value, json};

use super::{
    Call, Stop, StoredObject,
    cards::Card,
    charges::{billing_details, text},
    expand,
    fields::{ADDRESS, Fields, LONGEST_TEXT, Takes},
    ledger::ObjectKind,
};
use crate::domain::call::error::ApiError;

const CREATE: Takes = Takes {
    names: &[
        "type",
        "card[token]",
        "allow_redisplay",
        "billing_details[address][*address]",
        "billing_details[email]",
        "billing_details[name]",
        "billing_details[phone]",
        "metadata",
        "metadata[*]",
        "expand[*]",
    ],
    not_modelled: &["customer", "payment_method", "radar_options", "us_bank_account", "sepa_debit", "link", "paypal"],
};
const RETRIEVE: Takes = Takes { names: &["expand[*]"], not_modelled: &[] };
const KINDS: [&str; 1] = ["card"];

/// `POST /v1/payment_methods` of a token, which it uses up. The bank is not asked yet, so no card is declined here.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CREATE)?;
    expand::check(&fields, "payment_method")?;
    let kind = fields.word("type")?.ok_or_else(|| ApiError::missing("type"))?;
    if !KINDS.contains(&kind) {
        let message = "Testcard's local minter makes payment methods of type 'card' only.";
        return Err(ApiError::request(None, Some("type"), message).into());
    }
    let redisplay = fields.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    let token = fields.word("card[token]")?.ok_or_else(|| ApiError::missing("card[token]"))?;
    let mut card = Card::of_token(call, token, "card[token]")?;
    let mut method = body(call, &card, redisplay.unwrap_or("unspecified"));
    for name in ["email", "name", "phone"] {
        let given = fields.text(&format!("billing_details[{name}]"), LONGEST_TEXT)?;
        given.write(&mut method["billing_details"], name);
    }
    for name in ADDRESS {
        let given = fields.text(&format!("billing_details[address][{name}]"), LONGEST_TEXT)?;
        given.write(&mut method["billing_details"]["address"], name);
    }
    fields.metadata(&mut method)?;
    card.spend(call)?;
    let stored = StoredObject {
        kind: ObjectKind::PaymentMethod,
        id: text(&method, "id"),
        parent: None,
        created: call.now.as_second(),
        body: method,
        state: card.state,
    };
    call.ledger.insert(&stored)?;
    expand::apply(call, &fields, stored.body)
}

/// `GET /v1/payment_methods/:id`.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &RETRIEVE)?;
    let found = call.ledger.get(ObjectKind::PaymentMethod, ids[0])?;
    let method = found.ok_or_else(|| ApiError::no_such("PaymentMethod", ids[0], "payment_method").with_status(404))?;
    expand::apply(call, &fields, method.body)
}

fn body(call: &Call<'_>, card: &Card, allow_redisplay: &str) -> Value {
    let shown = &card.body;
    json!({
        "id": call.ids.payment_method(call.now),
        "object": "payment_method",
        "allow_redisplay": allow_redisplay,
        "billing_details": billing_details(shown),
        "card": {
            "brand": card.brand_code(),
            "checks": {
                "address_line1_check": shown["address_line1_check"],
                "address_postal_code_check": shown["address_zip_check"],
                "cvc_check": shown["cvc_check"],
            },
            "country": shown["country"],
            "display_brand": card.brand_code(),
            "exp_month": shown["exp_month"],
            "exp_year": shown["exp_year"],
            "fingerprint": shown["fingerprint"],
            "funding": shown["funding"],
            "generated_from": null,
            "last4": shown["last4"],
            "networks": { "available": card.networks(), "preferred": shown["networks"]["preferred"] },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        },
        "created": call.now.as_second(),
        "customer": null,
        "livemode": false,
        "metadata": {},
        "type": "card",
    })
}
