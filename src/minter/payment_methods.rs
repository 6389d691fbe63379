//! `/v1/payment_methods`: what a card token becomes where Stripe's newer objects are used.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WrittenParam},
    call::{CallError, MinterCall},
    cards::PaymentCard,
    expand,
    fields::{CallFields, LONGEST_TEXT},
    stored_object::ObjectKind,
};
use crate::domain::call::error::ApiError;

const CREATE: AcceptedParams = AcceptedParams {
    written: &[
        &[
            WrittenParam::text("billing_details[email]", LONGEST_TEXT),
            WrittenParam::text("billing_details[name]", LONGEST_TEXT),
            WrittenParam::text("billing_details[phone]", LONGEST_TEXT),
            // Each by itself: what is not sent stays as the card has it.
            WrittenParam::text("billing_details[address][city]", LONGEST_TEXT),
            WrittenParam::text("billing_details[address][country]", LONGEST_TEXT),
            WrittenParam::text("billing_details[address][line1]", LONGEST_TEXT),
            WrittenParam::text("billing_details[address][line2]", LONGEST_TEXT),
            WrittenParam::text("billing_details[address][postal_code]", LONGEST_TEXT),
            WrittenParam::text("billing_details[address][state]", LONGEST_TEXT),
        ],
        &[METADATA],
    ],
    read: &[&["type", "card[token]", "allow_redisplay"]],
    not_modelled: NOT_MODELLED,
};
const CARD: &str = "card";
/// Every other kind of payment method, each with a parameter of its name, and what goes beyond a card.
const NOT_MODELLED: &[&str] = &[
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "alma",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "billie",
    "blik",
    "boleto",
    "card_present",
    "cashapp",
    "crypto",
    "custom",
    "customer",
    "customer_balance",
    "eps",
    "fpx",
    "giropay",
    "grabpay",
    "ideal",
    "interac_present",
    "kakao_pay",
    "klarna",
    "konbini",
    "kr_card",
    "link",
    "mb_way",
    "mobilepay",
    "multibanco",
    "naver_pay",
    "nz_bank_account",
    "oxxo",
    "p24",
    "pay_by_bank",
    "payco",
    "payment_method",
    "paynow",
    "paypal",
    "paypay",
    "payto",
    "pix",
    "promptpay",
    "radar_options",
    "revolut_pay",
    "samsung_pay",
    "satispay",
    "sepa_debit",
    "sofort",
    "sunbit",
    "swish",
    "twint",
    "upi",
    "us_bank_account",
    "wechat_pay",
    "zip",
];

/// `POST /v1/payment_methods` of a token, which it uses up. The bank is not asked yet, so no card is declined here.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "payment_method")?;
    let kind = fields.word("type")?.ok_or_else(|| ApiError::missing("type"))?;
    if kind != CARD {
        let message = "Testcard's local minter makes payment methods of type 'card' only.";
        return Err(ApiError::request(None, Some("type"), message).into());
    }
    let redisplay = fields.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    let token = fields.word("card[token]")?.ok_or_else(|| ApiError::missing("card[token]"))?;
    let mut card = PaymentCard::of_token(call, token, "card[token]")?;
    let mut method = body(call, &card, redisplay.unwrap_or("unspecified"));
    fields.write_to(&mut method)?;
    card.spend(call)?;
    let stored = call.keep(ObjectKind::PaymentMethod, None, method, card.state)?;
    expand::apply(call, &fields, stored.body)
}

/// `GET /v1/payment_methods/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, "payment_method")?;
    let found = call.ledger.get(ObjectKind::PaymentMethod, ids[0])?;
    let method = found.ok_or_else(|| ApiError::no_such("PaymentMethod", ids[0], "payment_method").with_status(404))?;
    expand::apply(call, &fields, method.body)
}

fn body(call: &MinterCall<'_>, card: &PaymentCard, allow_redisplay: &str) -> Value {
    let shown = &card.body;
    json!({
        "id": call.ids.payment_method(call.now),
        "object": "payment_method",
        "allow_redisplay": allow_redisplay,
        "billing_details": card.billing_details(),
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
        "customer_account": null,
        "livemode": false,
        "metadata": {},
        "shared_payment_granted_token": null,
        "type": "card",
    })
}
