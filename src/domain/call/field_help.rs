//! A sentence of help on each field of a response, by the kind of object that the field is in.
//!
//! The kind is the object's own `object` field; an object without one has the kind of the field that holds it, such as
//! `outcome` or `billing_details`. The fields are those of Stripe's OpenAPI specification (v1).

use std::borrow::Cow;

use crate::domain::json_document::JsonView;

/// The help on the field that this value is in. An item of an array is in the field of its array.
pub fn of(value: JsonView<'_>) -> Option<&'static str> {
    let field = field_of(value)?;
    sentence(&kind_of(field.parent()?), &field.key()?)
}

/// The help on a field by its name: the kind of its object, and the names from the object to the field with dots between
/// them.
pub fn named(kind: &str, field: &str) -> Option<&'static str> {
    let mut names = field.rsplit('.');
    let last = names.next()?;
    sentence(names.next().unwrap_or(kind), last)
}

/// The member of an object that Stripe would make, the last one of this name. An object of thousands of members is none:
/// looking through them for every row would take longer than a frame may.
pub fn member<'a>(object: JsonView<'a>, name: &str) -> Option<JsonView<'a>> {
    const MOST_MEMBERS: usize = 1000;
    if object.len() > MOST_MEMBERS { None } else { object.get(name) }
}

/// Whether a field of this name holds a time in Unix seconds.
pub fn is_time(field: &str) -> bool {
    TIMES.contains(&field)
}

const TIMES: &[&str] =
    &["created", "available_on", "canceled_at", "capture_before", "due_by", "expires_at", "start", "end"];

/// The nearest value around this one, or itself, that has a name.
fn field_of(value: JsonView<'_>) -> Option<JsonView<'_>> {
    std::iter::successors(Some(value), |value| value.parent()).find(|value| value.key_text().is_some())
}

fn kind_of(object: JsonView<'_>) -> Cow<'_, str> {
    let kind = member(object, "object").and_then(JsonView::string);
    kind.or_else(|| field_of(object)?.key()).unwrap_or_default()
}

fn sentence(kind: &str, field: &str) -> Option<&'static str> {
    let find = |kind: &str, field: &str| {
        let (_, fields) = FIELDS.iter().find(|(known, _)| *known == kind)?;
        fields.iter().find(|(known, _)| *known == field).map(|(_, sentence)| *sentence)
    };
    match kind {
        "metadata" => Some("A value of your own: Stripe keeps it and does nothing with it"),
        "fraud_details" => find(kind, field).or(Some("A report on fraud")),
        "last_payment_error" | "last_setup_error" => find("error", field).or_else(|| find("", field)),
        _ => find(kind, field).or_else(|| find("", field)),
    }
}

type Sentences = &'static [(&'static str, &'static str)];

/// The fields of an amount of a balance.
const FUNDS: Sentences = &[
    ("amount", "How much it is, in the smallest unit of the currency; below 0 where more went out than came in"),
    ("net_available", "The same without the platform's fee, by the account that it would be paid out to"),
    ("source_types", "The same by what it came in by"),
];

/// The fields of each kind of object. Those of kind "" mean the same in every object.
const FIELDS: &[(&str, Sentences)] = &[
    (
        "",
        &[
            ("id", "The name that Stripe gave this object; no other has it"),
            ("object", "The kind of object that this is"),
            ("created", "When it was made, in Unix seconds"),
            ("livemode", "Whether it is about money: always false in test mode"),
            ("metadata", "Values of your own, by names of your own"),
            ("currency", "The currency by its three letters (ISO 4217), in lower case"),
            ("address", "A postal address"),
            ("error", "What went wrong; an answer with it made no object"),
        ],
    ),
    (
        "token",
        &[
            ("id", "What a charge or a customer takes as its source, once"),
            ("bank_account", "The bank account that the token stands for"),
            ("card", "The card that the token stands for, without its number"),
            ("client_ip", "The address that the token was made from"),
            ("email", "The e-mail address that belongs to the token"),
            ("type", "What the token stands for: card, or another means of payment"),
            ("used", "Whether something has consumed the token: it works once"),
        ],
    ),
    (
        "card",
        &[
            ("id", "The card's own id; it stays the same when the token is charged or attached"),
            ("account", "The connected account that the card belongs to"),
            ("address_city", "Billing address: city"),
            ("address_country", "Billing address: country, as it was sent"),
            ("address_line1", "Billing address: street, or the first line"),
            (
                "address_line1_check",
                "Whether the bank knows the first address line: pass, fail, unavailable or unchecked",
            ),
            ("address_line2", "Billing address: flat or floor, or the second line"),
            ("address_state", "Billing address: state, province or region"),
            ("address_zip", "Billing address: ZIP or postal code"),
            ("address_zip_check", "Whether the bank knows the postal code: pass, fail, unavailable or unchecked"),
            ("allow_redisplay", "Whether the card may be offered again to its owner at a later checkout"),
            ("available_payout_methods", "How money can be paid out to the card"),
            ("amount_authorized", "The amount that the bank has set aside, in the smallest unit of the currency"),
            ("amount_requested", "The amount that the bank was asked for, in the smallest unit of the currency"),
            ("authorization_code", "The code by which the network knows the authorization"),
            ("brand", "The brand of the card; a co-branded card has one brand here and its choice in networks"),
            ("brand_product", "The product within the brand, such as a business card"),
            ("capture_before", "Until when the charge can be captured, in Unix seconds"),
            ("capture_method", "When the money of a card is taken, where that is not as of the whole intent"),
            ("checks", "What the bank said to address, postal code and security code"),
            ("country", "Where the bank that issued the card is at home (ISO 3166-1, two letters)"),
            ("currency", "The currency in which the card can be paid out to; only on cards of connected accounts"),
            ("customer", "The customer that the card is attached to"),
            (
                "cvc_check",
                "Whether the security code was right: pass, fail, unavailable, or unchecked until it is used",
            ),
            ("default_for_currency", "Whether payouts in its currency go to this card"),
            ("description", "The issuer's description of the card"),
            ("display_brand", "The brand to show to its owner; of a co-branded card the one that was preferred"),
            ("dynamic_last4", "The last four digits of a phone's or watch's own number, which is not the card's"),
            ("email", "The e-mail address of a wallet's owner; null for a typed card"),
            ("exp_month", "The month that the card is good to, to its last day"),
            ("exp_year", "The year that the card is good to, in four digits"),
            ("extended_authorization", "Whether the amount may be captured later than usual"),
            (
                "fingerprint",
                "The same for every token of one card number in one account; it tells cards apart without the number",
            ),
            ("funding", "How the card is paid: credit, debit, prepaid or unknown"),
            ("generated_from", "The charge that the payment method was made of, if one was"),
            ("iin", "The first digits of the number, which name the issuer"),
            ("incremental_authorization", "Whether the authorized amount can be raised later"),
            ("installments", "The plan by which the amount is paid in parts"),
            ("issuer", "The bank that issued the card"),
            ("last4", "The last four digits of the number"),
            ("mandate", "The permission for payments to come"),
            ("mandate_options", "What is asked of the permission for payments to come"),
            ("moto", "Whether the number came by mail or telephone"),
            ("multicapture", "Whether the amount can be captured in several steps"),
            ("name", "The cardholder's name"),
            ("network", "The network that carried the payment"),
            ("network_token", "Whether a network's stand-in for the number was used"),
            ("network_transaction_id", "The network's own id of the payment"),
            ("networks", "The networks of a co-branded card, and which of them to prefer"),
            ("phone", "The telephone number of a wallet's owner; null for a typed card"),
            ("overcapture", "Whether more than the authorized amount may be captured"),
            ("partial_authorization", "Whether a part of the amount was enough, and what the bank authorized"),
            ("regulated_status", "Whether the card falls under the cap on debit fees"),
            (
                "request_incremental_authorization",
                "Whether the authorized amount may be raised later: if_available or never",
            ),
            ("request_partial_authorization", "Whether a part of the amount is enough: if_available or never"),
            ("request_three_d_secure", "Whether the cardholder has to give a proof: automatic, any or challenge"),
            (
                "setup_future_usage",
                "Whether a card is kept for later payments, where that is not as of the whole intent",
            ),
            ("status", "For cards that are paid out to: whether payouts to it work"),
            ("three_d_secure", "How the cardholder proved to be the cardholder"),
            ("case_type", "What the network calls the dispute: chargeback, inquiry or compliance"),
            ("network_reason_code", "The network's code for the reason of the dispute"),
            ("three_d_secure_usage", "Whether the cardholder can be asked for a proof by 3-D Secure"),
            ("tokenization_method", "The wallet that made the token, such as apple_pay; null for a typed card"),
            ("transaction_link_id", "The network's id that links payments of one order"),
            ("type", "How the refund reaches the card"),
            ("wallet", "The wallet that the card came from"),
            ("deleted", "Always true here: the card is gone"),
            ("reference", "The number by which the bank can find the refund"),
            ("reference_status", "Whether the bank's number is known yet"),
            ("reference_type", "What kind of number the reference is"),
        ],
    ),
    (
        "networks",
        &[
            ("available", "The networks that the card can be charged over"),
            ("preferred", "The network to charge a co-branded card over; invalid_preference if the card is not of it"),
        ],
    ),
    (
        "charge",
        &[
            ("id", "The charge's id; a refund takes it"),
            ("amount", "What was to be paid, in the smallest unit of the currency: 2000 is $20.00"),
            ("amount_captured", "How much of it was captured"),
            ("amount_refunded", "How much of it was given back"),
            ("amount_updates", "How the amount was changed before it was captured"),
            ("application", "The Connect application that made the charge"),
            ("application_fee", "The fee that the application took"),
            ("application_fee_amount", "How much the application asked for as its fee"),
            ("authorization_code", "The code by which the bank knows the authorization"),
            ("balance_transaction", "What the charge did to the balance of the account"),
            ("billing_details", "Whom the payment came from"),
            (
                "calculated_statement_descriptor",
                "What the cardholder reads on the statement, as it was sent to the network",
            ),
            ("captured", "Whether the money was taken, not only set aside"),
            ("card", "The older name of source"),
            ("customer", "The customer that was charged"),
            ("description", "Your words about the charge"),
            ("destination", "The account that the money is passed on to"),
            ("dispute", "The cardholder's objection, if there is one"),
            ("disputed", "Whether the cardholder objects to the charge"),
            ("failure_balance_transaction", "What the failure did to the balance of the account"),
            ("failure_code", "Why the charge failed, for programs"),
            ("failure_message", "Why the charge failed, for people"),
            ("fraud_details", "What you or Stripe reported of fraud"),
            ("invoice", "The invoice that the charge pays"),
            ("level3", "The details that some business cards want"),
            ("on_behalf_of", "The account on whose behalf it was charged"),
            ("order", "The order that the charge pays"),
            ("outcome", "What the bank and Stripe's rules said to the charge"),
            ("paid", "Whether the charge succeeded, or was authorized to be captured later"),
            ("payment_intent", "The payment intent that made the charge"),
            ("payment_method", "The payment method that was charged; here the card"),
            ("payment_method_details", "How it was paid, as it was at that moment"),
            ("presentment_details", "The amount in the currency that the customer saw"),
            ("radar_options", "What was asked of Stripe's fraud rules"),
            ("receipt_email", "Where the receipt is sent to"),
            ("receipt_number", "The number on the receipt that was sent"),
            ("receipt_url", "The page with the receipt"),
            ("refunded", "Whether all of it was given back"),
            ("refunds", "What was given back, newest first"),
            ("review", "The review that the charge waits for"),
            ("shipping", "Where the goods go"),
            ("source", "The card that was charged, as it was at that moment"),
            ("source_transfer", "The transfer that the charge came from"),
            ("statement_description", "The older name of statement_descriptor"),
            ("statement_descriptor", "What the cardholder reads on the statement"),
            ("statement_descriptor_suffix", "What is added to the account's own words on the statement"),
            ("status", "succeeded, pending or failed"),
            ("transfer", "The transfer to the account that the money is passed on to"),
            ("transfer_data", "How much is passed on to which account"),
            ("transfer_group", "What this charge and its transfers have in common"),
        ],
    ),
    (
        "outcome",
        &[
            ("advice_code", "What to do after a decline, such as try_again_later or do_not_try_again"),
            ("network_advice_code", "The network's advice, as its two digits"),
            ("network_decline_code", "The network's reason for the decline, as it came"),
            (
                "network_status",
                "approved_by_network, declined_by_network, reversed_after_approval, or not_sent_to_network",
            ),
            ("reason", "Why it was declined or blocked, for programs"),
            ("risk_level", "How likely the charge is fraud: normal, elevated or highest"),
            ("risk_score", "The same from 0 to 100"),
            ("rule", "The rule of yours that decided"),
            ("seller_message", "What happened, in words for you and not for the customer"),
            ("type", "authorized, manual_review, issuer_declined, blocked, or invalid"),
        ],
    ),
    (
        "billing_details",
        &[
            ("email", "The payer's e-mail address"),
            ("name", "The payer's name"),
            ("phone", "The payer's telephone number"),
            ("tax_id", "The payer's tax number"),
        ],
    ),
    (
        "address",
        &[
            ("city", "City or town"),
            ("country", "Country (ISO 3166-1, two letters)"),
            ("line1", "Street, or the first line"),
            ("line2", "Flat or floor, or the second line"),
            ("postal_code", "ZIP or postal code"),
            ("state", "State, province or region"),
        ],
    ),
    (
        "shipping",
        &[
            ("carrier", "Who carries the goods"),
            ("name", "Who gets the goods"),
            ("phone", "The receiver's telephone number"),
            ("tracking_number", "The number to follow the goods by"),
        ],
    ),
    ("payment_method_details", &[("card", "The card as it was charged"), ("type", "The kind of payment method")]),
    (
        "payment_method",
        &[
            ("allow_redisplay", "Whether it may be offered again to its owner at a later checkout"),
            ("billing_details", "Whom the payments come from"),
            ("card", "The card that it stands for"),
            ("customer", "The customer that it is attached to"),
            ("customer_account", "The account of the customer that it is attached to"),
            ("shared_payment_granted_token", "The shared payment token that it was made of"),
            ("type", "The kind of payment method"),
        ],
    ),
    (
        "payment_intent",
        &[
            (
                "allowed_payment_method_types",
                "The kinds of payment methods that it may be paid with, of all that it takes",
            ),
            ("amount", "What is to be paid, in the smallest unit of the currency"),
            ("amount_capturable", "What is held of the card and can be captured"),
            ("amount_details", "What the amount is made of"),
            ("amount_received", "What was paid"),
            ("application", "The Connect application that made it"),
            ("application_fee_amount", "What the platform keeps of it"),
            ("automatic_payment_methods", "Whether it takes every payment method of the account"),
            ("canceled_at", "When it was cancelled, in Unix seconds"),
            ("cancellation_reason", "Why: duplicate, fraudulent, requested_by_customer, abandoned, or automatic"),
            ("capture_method", "When the money is taken: automatic, automatic_async or manual"),
            ("charges", "The charges that it made, newest first, in old API versions"),
            ("client_secret", "By which the payer's browser may see and confirm it, with a publishable key"),
            ("confirmation_method", "Whether the payer's browser goes on by itself: automatic or manual"),
            ("customer", "The customer who pays"),
            ("customer_account", "The account of the customer who pays"),
            ("description", "A note of your own"),
            ("excluded_payment_method_types", "The kinds of payment methods that it does not take"),
            ("invoice", "The invoice that it pays, in old API versions"),
            ("last_payment_error", "What went wrong when it was confirmed last"),
            ("latest_charge", "The newest charge that it made"),
            ("managed_payments", "Whether Stripe is the seller"),
            ("next_action", "What the payer has to do next"),
            ("on_behalf_of", "The account on whose behalf it is paid"),
            ("payment_method", "What pays; null until it is known, and after a decline"),
            (
                "payment_method_configuration_details",
                "Which of the account's settings chose the kinds of payment methods",
            ),
            ("payment_method_options", "What is asked of each kind of payment method"),
            ("payment_method_types", "The kinds of payment methods that it takes"),
            ("processing", "What is known while it is being paid"),
            ("receipt_email", "Where the receipt is sent to"),
            ("review", "The review that it waits for"),
            ("setup_future_usage", "Whether the payment method is kept for later payments, with or without the payer"),
            ("shared_payment_granted_token", "The shared payment token that pays"),
            ("shipping", "Where the goods go"),
            ("source", "The older kind of payment method that pays"),
            ("statement_descriptor", "What the cardholder reads on the statement"),
            ("statement_descriptor_suffix", "What is added to the account's own words on the statement"),
            (
                "status",
                "requires_payment_method, requires_confirmation, requires_action, processing, requires_capture, canceled, \
                 or succeeded",
            ),
            ("transfer_data", "How much is passed on to which account"),
            ("transfer_group", "What its charge and its transfers have in common"),
        ],
    ),
    (
        "setup_intent",
        &[
            ("application", "The Connect application that made it"),
            ("automatic_payment_methods", "Whether it takes every payment method of the account"),
            ("cancellation_reason", "Why it was cancelled: abandoned, requested_by_customer, or duplicate"),
            ("client_secret", "By which the payer's browser may see and confirm it, with a publishable key"),
            ("customer", "The customer whose payment method is set up"),
            ("customer_account", "The account of that customer"),
            ("description", "A note of your own"),
            ("excluded_payment_method_types", "The kinds of payment methods that it does not take"),
            ("flow_directions", "Whether money is to come in, go out, or both"),
            ("last_setup_error", "What went wrong when it was confirmed last"),
            ("latest_attempt", "The newest attempt to set the payment method up"),
            ("mandate", "The payer's permission for many payments"),
            ("next_action", "What the payer has to do next"),
            ("on_behalf_of", "The account on whose behalf it is set up"),
            ("payment_method", "What is set up; null until it is known, and after a decline"),
            (
                "payment_method_configuration_details",
                "Which of the account's settings chose the kinds of payment methods",
            ),
            ("payment_method_options", "What is asked of each kind of payment method"),
            ("payment_method_types", "The kinds of payment methods that it takes"),
            ("single_use_mandate", "The payer's permission for one payment"),
            (
                "status",
                "requires_payment_method, requires_confirmation, requires_action, processing, canceled, or succeeded",
            ),
            ("usage", "Whether it is for payments with the payer, on_session, or without, off_session"),
        ],
    ),
    ("amount_details", &[("tip", "What is a tip")]),
    ("tip", &[("amount", "How much of it is a tip")]),
    (
        "automatic_payment_methods",
        &[
            ("allow_redirects", "Whether the payer may be led away to pay: always or never"),
            ("enabled", "Whether it takes every payment method of the account"),
        ],
    ),
    ("managed_payments", &[("enabled", "Whether Stripe is the seller")]),
    (
        "payment_method_configuration_details",
        &[("id", "The account's settings that chose"), ("parent", "The settings that these are made of")],
    ),
    ("payment_method_options", &[("card", "What is asked of a card")]),
    (
        "mandate_options",
        &[
            ("amount", "What each payment takes, or takes at most, in the smallest unit of the currency"),
            ("amount_type", "Whether each payment takes just the amount or at most: fixed or maximum"),
            ("currency", "The currency of the payments to come"),
            ("description", "What the cardholder is told that it is for"),
            ("end_date", "When the permission ends, in Unix seconds"),
            ("interval", "How often it is paid: day, week, month, year or sporadic"),
            ("interval_count", "How many intervals lie between two payments"),
            ("reference", "The seller's own name for the permission"),
            ("start_date", "When the permission begins, in Unix seconds"),
            ("supported_types", "The kinds of permission: india"),
        ],
    ),
    (
        "next_action",
        &[
            ("redirect_to_url", "Where the payer is to be led"),
            ("type", "What the payer has to do: redirect_to_url or use_stripe_sdk"),
            ("use_stripe_sdk", "What Stripe.js and the mobile SDKs need to ask the payer"),
        ],
    ),
    (
        "redirect_to_url",
        &[
            ("return_url", "Where the payer comes back to"),
            ("url", "The page where the payer authenticates: one of Testcard's server, if the call came to one"),
        ],
    ),
    (
        "use_stripe_sdk",
        &[
            ("directory_server_encryption", "How the SDK encrypts what it tells the card network"),
            ("directory_server_name", "The card network that is asked"),
            ("merchant", "The account that is paid"),
            ("one_click_authn", "Whether the payer can confirm by one press"),
            ("server_transaction_id", "The number of the authentication"),
            ("three_d_secure_2_source", "The attempt to authenticate"),
            ("three_ds_method_url", "The page by which the bank looks at the browser"),
            ("three_ds_optimizations", "Which shortcuts of the SDK are on"),
            ("type", "What the SDK has to do"),
        ],
    ),
    (
        "directory_server_encryption",
        &[
            ("algorithm", "The kind of key"),
            ("certificate", "The network's certificate"),
            ("directory_server_id", "The network's number"),
            ("root_certificate_authorities", "Who vouches for the certificate"),
        ],
    ),
    (
        "checks",
        &[
            ("address_line1_check", "Whether the bank knows the first address line"),
            ("address_postal_code_check", "Whether the bank knows the postal code"),
            ("cvc_check", "Whether the security code was right"),
        ],
    ),
    ("extended_authorization", &[("status", "enabled or disabled")]),
    ("incremental_authorization", &[("status", "available or unavailable")]),
    ("multicapture", &[("status", "available or unavailable")]),
    (
        "overcapture",
        &[
            ("maximum_amount_capturable", "The most that can be captured, in the smallest unit of the currency"),
            ("status", "available or unavailable"),
        ],
    ),
    ("partial_authorization", &[("status", "not_requested, partially_authorized, fully_authorized or declined")]),
    ("installments", &[("plan", "The plan that was chosen")]),
    (
        "plan",
        &[
            ("count", "How many parts"),
            ("interval", "How long from one part to the next"),
            ("type", "The kind of plan"),
        ],
    ),
    ("network_token", &[("used", "Whether one was used")]),
    (
        "three_d_secure",
        &[
            ("authentication_flow", "Whether the cardholder had to do something"),
            ("electronic_commerce_indicator", "The network's sign for how sure it is"),
            ("exemption_indicator", "Why no proof was asked for"),
            ("exemption_indicator_applied", "Whether the bank accepted that reason"),
            ("result", "How the proof ended"),
            ("result_reason", "Why it ended so"),
            ("transaction_id", "The id of the proof"),
            ("version", "The version of 3-D Secure"),
        ],
    ),
    ("three_d_secure_usage", &[("supported", "Whether the card can be asked for a proof by 3-D Secure")]),
    (
        "wallet",
        &[
            ("dynamic_last4", "The last four digits of the device's own number"),
            ("type", "The kind of wallet"),
            ("apple_pay", "What Apple Pay says besides"),
            ("google_pay", "What Google Pay says besides"),
        ],
    ),
    (
        "fraud_details",
        &[
            ("stripe_report", "What Stripe reported: fraudulent, if anything"),
            ("user_report", "What you reported: safe or fraudulent"),
        ],
    ),
    ("radar_options", &[("session", "The browser session that the fraud rules looked at")]),
    (
        "transfer_data",
        &[
            ("amount", "How much is passed on; all of it when null"),
            ("destination", "The account that it is passed on to"),
        ],
    ),
    (
        "refund",
        &[
            ("id", "The refund's id"),
            ("amount", "What was given back, in the smallest unit of the currency"),
            ("balance_transaction", "What the refund did to the balance of the account"),
            ("charge", "The charge that was given back, whole or in part"),
            ("customer", "The customer who gets it"),
            ("customer_account", "The account of the customer who gets it"),
            ("description", "Your words about the refund"),
            ("destination_details", "How the money comes back"),
            ("failure_balance_transaction", "What the failure did to the balance of the account"),
            ("failure_reason", "Why the refund failed"),
            ("payment_intent", "The payment intent that was given back"),
            ("payment_method", "The payment method that it goes back to"),
            ("pending_reason", "What the refund waits for"),
            ("reason", "Why: duplicate, fraudulent or requested_by_customer"),
            ("receipt_number", "The number on the receipt that was sent"),
            ("source_transfer_reversal", "The transfer that was reversed for it"),
            ("status", "succeeded, pending, failed, canceled or requires_action"),
            ("transfer_reversal", "The transfer reversal that belongs to it"),
        ],
    ),
    (
        "dispute",
        &[
            ("id", "The dispute's own id"),
            ("amount", "What the cardholder wants back, in the smallest unit of the currency"),
            ("balance_transaction", "What the dispute took from the balance; null while it took nothing"),
            ("balance_transactions", "What the dispute took from the balance, and what came back of it"),
            ("charge", "The charge that the cardholder objects to"),
            ("customer", "The customer whose payment it is"),
            ("enhanced_eligibility_types", "By which special rules of the network it may be answered"),
            ("evidence", "What you say to it"),
            ("evidence_details", "Until when it can be answered, and what was sent"),
            ("is_charge_refundable", "Whether the charge can still be refunded"),
            ("payment_intent", "The payment intent that made the charge"),
            ("payment_method_details", "How it was paid, and the network's words for the dispute"),
            ("reason", "What the cardholder objects to, such as fraudulent or product_not_received"),
            (
                "status",
                "needs_response, under_review, won, lost or prevented; of an inquiry warning_needs_response, \
                 warning_under_review or warning_closed",
            ),
        ],
    ),
    (
        "evidence",
        &[
            ("access_activity_log", "What the customer did with a digital product, from your logs"),
            ("billing_address", "The customer's billing address"),
            ("cancellation_policy", "The file with your cancellation policy"),
            ("cancellation_policy_disclosure", "How the customer was shown the cancellation policy"),
            ("cancellation_rebuttal", "Why the customer's subscription was not cancelled"),
            ("customer_communication", "The file with what the customer wrote to you"),
            ("customer_email_address", "The customer's e-mail address"),
            ("customer_name", "The customer's name"),
            ("customer_purchase_ip", "The address in the network that the customer bought from"),
            ("customer_signature", "The file with the customer's signature"),
            ("duplicate_charge_documentation", "The file that tells this charge from another one"),
            ("duplicate_charge_explanation", "Why this charge is no duplicate"),
            ("duplicate_charge_id", "The charge that looks the same"),
            ("enhanced_evidence", "What is said by special rules of the network"),
            ("product_description", "What was bought"),
            ("receipt", "The file with the receipt"),
            ("refund_policy", "The file with your refund policy"),
            ("refund_policy_disclosure", "How the customer was shown the refund policy"),
            ("refund_refusal_explanation", "Why the customer gets nothing back"),
            ("service_date", "When a service was given"),
            ("service_documentation", "The file that proves a service"),
            ("shipping_address", "Where the goods went"),
            ("shipping_carrier", "Who carried the goods"),
            ("shipping_date", "When the goods left"),
            ("shipping_documentation", "The file that proves the shipping"),
            ("shipping_tracking_number", "The number to follow the goods by"),
            ("uncategorized_file", "Any other file"),
            (
                "uncategorized_text",
                "Anything else; in test mode winning_evidence, losing_evidence and escalate_inquiry_evidence decide",
            ),
        ],
    ),
    (
        "evidence_details",
        &[
            ("due_by", "Until when it can be answered, in Unix seconds"),
            ("enhanced_eligibility", "What special rules of the network still ask for"),
            ("has_evidence", "Whether there is any evidence, submitted or not"),
            ("past_due", "Whether evidence was submitted too late"),
            ("submission_count", "How often evidence was submitted"),
        ],
    ),
    (
        "radar.early_fraud_warning",
        &[
            ("id", "The warning's own id"),
            ("actionable", "Whether the charge is neither disputed nor refunded as a whole yet"),
            ("charge", "The charge that the bank warns of"),
            ("fraud_type", "What the bank suspects, such as made_with_stolen_card"),
            ("payment_intent", "The payment intent that made the charge"),
        ],
    ),
    (
        "account",
        &[
            ("id", "The account's id, by which its calls and objects are told apart from those of others"),
            ("capabilities", "What the account may do, and whether it may do so by now"),
            ("charges_enabled", "Whether the account can take payments"),
            ("country", "Where the account is at home (ISO 3166-1, two letters)"),
            ("default_currency", "The currency of the account's bank account"),
            ("details_submitted", "Whether all was told that Stripe asks for"),
            ("payouts_enabled", "Whether money can be paid out to the account"),
            ("settings", "How the account looks, what it declines, and how it is paid out to"),
            ("type", "How it is run: standard, express or custom"),
        ],
    ),
    (
        "capabilities",
        &[
            ("card_payments", "Whether it may take payments by card: active, inactive or pending"),
            ("transfers", "Whether it may be sent money: active, inactive or pending"),
        ],
    ),
    (
        "settings",
        &[
            ("branding", "How its pages and emails look"),
            ("card_payments", "What holds for payments by card"),
            ("dashboard", "How it is shown in Stripe's Dashboard"),
            ("payments", "What holds for payments of every kind"),
            ("payouts", "How and when it is paid out to"),
        ],
    ),
    (
        "branding",
        &[
            ("icon", "A small square picture"),
            ("logo", "A picture that stands in the place of the name"),
            ("primary_color", "The colour of its pages and emails"),
            ("secondary_color", "The colour beside it"),
        ],
    ),
    (
        "card_payments",
        &[
            ("decline_on", "Which failed checks decline a payment"),
            ("statement_descriptor_prefix", "What the text on a statement begins with"),
            ("statement_descriptor_prefix_kana", "The same in kana, in Japan"),
            ("statement_descriptor_prefix_kanji", "The same in kanji, in Japan"),
        ],
    ),
    (
        "decline_on",
        &[
            ("avs_failure", "Whether a payment is declined where the postal code is wrong"),
            ("cvc_failure", "Whether a payment is declined where the security code is wrong"),
        ],
    ),
    ("dashboard", &[("display_name", "What it is called there"), ("timezone", "The time zone of its days and months")]),
    (
        "payments",
        &[
            ("statement_descriptor", "The text on a statement where a payment has none of its own"),
            ("statement_descriptor_kana", "The same in kana, in Japan"),
            ("statement_descriptor_kanji", "The same in kanji, in Japan"),
        ],
    ),
    (
        "payouts",
        &[
            ("debit_negative_balances", "Whether the bank account pays for a balance below 0"),
            ("schedule", "When it is paid out to"),
            ("statement_descriptor", "The text on the statement of the bank account"),
        ],
    ),
    (
        "schedule",
        &[
            ("delay_days", "How many days money waits before it can be paid out"),
            ("interval", "How often it is paid out: daily, weekly, monthly or manual"),
        ],
    ),
    (
        "balance",
        &[
            ("available", "What can be paid out by now, by currency"),
            ("instant_available", "What an instant payout can take, what is pending of card payments included"),
            ("pending", "What came in and cannot be paid out yet, by currency"),
        ],
    ),
    ("available", FUNDS),
    ("pending", FUNDS),
    ("instant_available", FUNDS),
    ("source_types", &[("card", "What came in by cards, in the smallest unit of the currency")]),
    (
        "balance_transaction",
        &[
            ("amount", "What came in, or went out, before the fee"),
            ("available_on", "From when on the money can be paid out, in Unix seconds"),
            ("description", "Your words about the charge"),
            ("exchange_rate", "The rate at which it was changed into the currency of the balance"),
            ("fee", "What Stripe takes for it"),
            ("fee_details", "What the fee is made of"),
            ("net", "What the balance changed by: the amount without the fee"),
            ("reporting_category", "What it counts as in reports"),
            ("source", "The charge or refund that did it"),
            ("status", "pending, or available for payouts"),
            ("type", "What it was: charge, refund or another"),
        ],
    ),
    (
        "fee_details",
        &[
            ("amount", "This part of the fee"),
            ("application", "The application that takes it"),
            ("description", "What it is taken for"),
            ("type", "Who takes it: stripe_fee or application_fee"),
        ],
    ),
    ("destination_details", &[("card", "How it comes back to the card"), ("type", "What it comes back to")]),
    (
        "customer",
        &[
            ("id", "The customer's id; charges and sources take it"),
            ("account_balance", "The older name of balance"),
            ("address", "The customer's address"),
            ("balance", "What the customer owes (above 0) or has to get (below 0), in the smallest unit"),
            ("business_name", "The name of the customer's business"),
            ("cash_balance", "Money that the customer has paid in and not spent"),
            ("currency", "The currency of the customer's invoices"),
            ("customer_account", "The customer's account"),
            ("default_card", "The older name of default_source"),
            ("default_currency", "The currency of the customer's invoices"),
            ("default_source", "The card that is charged when a charge names the customer alone"),
            ("deleted", "Always true here: the customer is gone"),
            ("delinquent", "Whether the last charge for an invoice failed"),
            ("description", "Your words about the customer"),
            ("discount", "The discount on everything that the customer pays"),
            ("email", "The customer's e-mail address"),
            ("individual_name", "The customer's name as a person"),
            ("invoice_credit_balance", "What the customer has to get, by currency"),
            ("invoice_prefix", "What the numbers of the customer's invoices begin with"),
            ("invoice_settings", "How the customer's invoices look and are paid"),
            ("name", "The customer's name"),
            ("next_invoice_sequence", "The number of the customer's next invoice"),
            ("phone", "The customer's telephone number"),
            ("preferred_locales", "The customer's languages, the best one first"),
            ("shipping", "Where the customer's goods go"),
            ("sources", "The customer's cards"),
            ("cards", "The older name of sources"),
            ("subscriptions", "What the customer has subscribed to"),
            ("tax", "What is known of the customer for taxes"),
            ("tax_exempt", "Whether taxes are left out: none, exempt or reverse"),
            ("tax_ids", "The customer's tax numbers"),
            ("tax_info", "The customer's tax number, in an older form"),
            ("tax_info_verification", "Whether that number was checked"),
            ("test_clock", "The clock for tests that the customer lives by"),
        ],
    ),
    (
        "invoice_settings",
        &[
            ("custom_fields", "Fields of your own on the invoices"),
            ("default_payment_method", "What pays the invoices"),
            ("footer", "What stands at the foot of the invoices"),
            ("rendering_options", "How the invoices are drawn"),
        ],
    ),
    (
        "rendering_options",
        &[
            ("amount_tax_display", "Whether amounts are shown with their taxes"),
            ("template", "The template that the invoices are drawn by"),
        ],
    ),
    (
        "event",
        &[
            ("id", "The event's own id; it is the same each time that the event is delivered"),
            ("account", "The connected account in which it happened"),
            ("api_version", "The version of the API that the object is shown in; it never changes"),
            ("created", "When it happened, in Unix seconds"),
            ("data", "The object that it happened to"),
            ("pending_webhooks", "How many webhook endpoints have not taken the event yet"),
            ("request", "The call that made it happen"),
            ("type", "What happened, such as charge.succeeded"),
        ],
    ),
    (
        "webhook_endpoint",
        &[
            ("id", "The endpoint's own id"),
            ("api_version", "The version of the API that its events are shown in; null is the account's"),
            ("application", "The Connect application that the endpoint is of"),
            ("deleted", "The endpoint is deleted: it gets no more events"),
            ("description", "Free text about the endpoint"),
            ("enabled_events", "The types of events that it gets; * is all"),
            ("secret", "What its events are signed with; shown when the endpoint is made, and never again"),
            ("status", "Whether events are sent to it: enabled or disabled"),
            ("url", "Where its events are sent"),
        ],
    ),
    (
        "data",
        &[
            ("object", "The object as it was when it happened"),
            ("previous_attributes", "What of the object was otherwise before, with the values of then"),
        ],
    ),
    (
        "request",
        &[("id", "The id of the call"), ("idempotency_key", "The idempotency key that the call was sent with")],
    ),
    (
        "list",
        &[
            ("count", "How many there are, in old API versions"),
            ("data", "The objects of this page, newest first"),
            ("has_more", "Whether there are more behind the last one of this page"),
            ("total_count", "How many there are in all"),
            ("url", "Where the list is asked for"),
        ],
    ),
    (
        "error",
        &[
            ("advice_code", "What to do after a decline, such as try_again_later"),
            ("charge", "The failed charge that the call left behind"),
            ("code", "What went wrong, for programs"),
            ("decline_code", "Why the bank declined, for programs"),
            ("doc_url", "Stripe's page about the code"),
            ("message", "What went wrong, for people; of a card error it may be shown to the customer"),
            ("network_advice_code", "The network's advice, as its two digits"),
            ("network_decline_code", "The network's reason for the decline, as it came"),
            ("param", "The parameter at fault"),
            ("payment_intent", "The payment intent that the error is about"),
            ("payment_method", "The payment method that the error is about"),
            ("payment_method_type", "The kind of payment method that the error is about"),
            ("request_log_url", "The page of this request in the Stripe Dashboard"),
            ("setup_intent", "The setup intent that the error is about"),
            ("source", "The source that the error is about"),
            ("type", "The kind of error; it decides which exception an SDK raises"),
            ("user_message", "What went wrong, for the customer"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::json_document::JsonDocument;

    #[track_caller]
    fn check(document: &Value, pointer: &str, expected: Option<&str>) {
        let document = JsonDocument::parse(document.to_string()).unwrap();
        let mut views = (0..document.node_count()).map(|node| document.view(node));
        let found = views.find(|view| view.pointer() == pointer).and_then(of);
        assert!(
            found.is_some() == expected.is_some()
                && found.unwrap_or_default().starts_with(expected.unwrap_or_default()),
            "{pointer}: {found:?}"
        );
    }

    #[test]
    fn a_field_is_explained_by_the_object_that_it_is_in() {
        let charge = json!({ "object": "charge", "status": "succeeded",
            "source": { "object": "card", "name": null, "metadata": { "order": "7" } },
            "billing_details": { "name": null, "address": { "city": null } },
            "refunds": { "object": "list", "data": [{ "object": "refund", "reason": null }] } });
        check(&charge, "/status", Some("succeeded"));
        check(&charge, "/source/name", Some("The cardholder's name"));
        check(&charge, "/source/metadata/order", Some("A value of your own"));
        check(&charge, "/billing_details/name", Some("The payer's name"));
        check(&charge, "/billing_details/address/city", Some("City"));
        check(&charge, "/refunds/data", Some("The objects of this page"));
        check(&charge, "/refunds/data/0/reason", Some("Why: duplicate"));
        check(&charge, "/nonsense", None);
        check(&charge, "", None);
        check(&json!({ "error": { "code": "x" } }), "/error/code", Some("What went wrong, for programs"));
    }

    #[test]
    fn a_field_is_explained_by_its_name() {
        for (kind, field, expected) in [
            ("charge", "status", Some("succeeded")),
            ("charge", "outcome.type", Some("authorized")),
            ("charge", "payment_method_details.card.brand", Some("The brand of the card")),
            ("charge", "nonsense", None),
        ] {
            let found = named(kind, field);
            assert!(found.is_some() == expected.is_some(), "{kind}.{field}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{kind}.{field}: {found:?}");
        }
    }

    #[test]
    fn no_field_is_explained_twice_and_no_sentence_ends_in_a_full_stop() {
        let mut kinds = HashSet::new();
        for (kind, fields) in FIELDS {
            assert!(kinds.insert(kind), "{kind}");
            let mut names = HashSet::new();
            for (field, sentence) in *fields {
                assert!(names.insert(field), "{kind}.{field}");
                assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{kind}.{field}");
            }
        }
    }
}
