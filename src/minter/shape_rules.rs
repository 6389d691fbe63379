//! Which fields a version shows: the rules behind [`super::shapes`].
//!
//! Stripe changes an object in two ways (docs.stripe.com/upgrades). What breaks nothing comes to **every** version in
//! some month: new fields, and another order of fields. What breaks something comes with a **new version**: a field that
//! is renamed, taken away or left out until it is expanded. So the same version answers otherwise in another year, and
//! an answer here is that of the newest month from which one in its version is known ([`KNOWN_UNTIL`]); a version of
//! which none is known is answered as of today.
//!
//! The months are those of recorded answers, each the earliest that fits all of them; a rule with a version is from
//! docs.stripe.com/changelog unless it says otherwise.

use jiff::civil::{Date, date};

use crate::domain::call::version::ApiVersion;

/// Objects that have rules. Cards are told apart by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShapeKind {
    Token,
    CardOfToken,
    CardOfCustomer,
    CardOfCharge,
    Customer,
    InvoiceSettings,
    Charge,
    BillingOfCharge,
    MethodDetails,
    /// `payment_method_details.card` of a charge.
    ChargedCard,
    Outcome,
    Refund,
    Dispute,
    DisputeEvidence,
    EvidenceDetails,
    /// `payment_method_details` of a dispute, and `card` in it.
    DisputedMethod,
    DisputedCard,
    PaymentMethod,
    BillingOfMethod,
    /// `card` of a payment method.
    MethodCard,
    PaymentIntent,
    SetupIntent,
    /// `payment_method_options` of an intent, and `card` in them.
    OptionsOfPayment,
    OptionsOfSetup,
    CardOfPayment,
    CardOfSetup,
    /// What stands below `error`: of a card that is refused, and of any other refusal.
    CardError,
    RequestError,
    List,
    Other,
}

/// Kinds whose answers are known until the same month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Cards,
    Customers,
    Charges,
    Disputes,
    Setups,
    Errors,
    Others,
}

impl Family {
    const COUNT: usize = 7;
}

impl ShapeKind {
    fn family(self) -> Family {
        match self {
            Self::CardOfToken | Self::CardOfCustomer | Self::CardOfCharge => Family::Cards,
            Self::Customer | Self::InvoiceSettings => Family::Customers,
            Self::Charge | Self::BillingOfCharge | Self::MethodDetails | Self::ChargedCard | Self::Outcome => {
                Family::Charges
            }
            Self::Dispute
            | Self::DisputeEvidence
            | Self::EvidenceDetails
            | Self::DisputedMethod
            | Self::DisputedCard => Family::Disputes,
            Self::SetupIntent | Self::OptionsOfSetup | Self::CardOfSetup => Family::Setups,
            Self::CardError | Self::RequestError => Family::Errors,
            _ => Family::Others,
        }
    }
}

/// A version whose answers are known.
struct KnownVersion {
    version: ApiVersion<'static>,
    /// The month of the newest answer; `None` for a version of which only some families are known.
    until: Option<Date>,
    /// The families whose newest answer is from another month.
    but: &'static [(Family, Date)],
}

const fn known(version: ApiVersion<'static>, until: Date) -> KnownVersion {
    KnownVersion { version, until: Some(until), but: &[] }
}

/// A version of which one family only is known.
const fn known_of(version: ApiVersion<'static>, family: &'static [(Family, Date)]) -> KnownVersion {
    KnownVersion { version, until: None, but: family }
}

const fn month(year: i16, month: i8) -> Date {
    date(year, month, 1)
}

/// The versions of which answers are known. All are recorded but one: the cards of 2022-11-15 are those of the API
/// reference (docs.stripe.com/api/tokens/create_card), whose example was made in May 2023.
const KNOWN_UNTIL: &[KnownVersion] = &[
    known(ApiVersion::dated(2014, 8, 4), month(2014, 8)),
    known(ApiVersion::dated(2014, 12, 8), month(2021, 8)),
    known(ApiVersion::dated(2015, 9, 8), month(2015, 10)),
    known(ApiVersion::dated(2015, 10, 16), month(2015, 12)),
    known(ApiVersion::dated(2016, 7, 6), month(2016, 11)),
    known(ApiVersion::dated(2017, 4, 6), month(2017, 12)),
    known_of(ApiVersion::dated(2017, 5, 25), &[(Family::Errors, month(2023, 7))]),
    known(ApiVersion::dated(2018, 5, 21), month(2018, 7)),
    KnownVersion {
        version: ApiVersion::dated(2019, 8, 14),
        until: Some(month(2026, 2)),
        but: &[(Family::Charges, month(2025, 1))],
    },
    known(ApiVersion::dated(2019, 9, 9), month(2019, 10)),
    KnownVersion {
        version: ApiVersion::dated(2020, 8, 27),
        until: Some(month(2026, 8)),
        but: &[(Family::Customers, month(2023, 10)), (Family::Setups, month(2020, 9))],
    },
    known_of(ApiVersion::dated(2022, 11, 15), &[(Family::Cards, month(2023, 5))]),
    KnownVersion {
        version: ApiVersion::dated(2023, 10, 16),
        until: Some(month(2025, 3)),
        but: &[(Family::Cards, month(2024, 3)), (Family::Disputes, month(2024, 3))],
    },
    known_of(ApiVersion::dated(2024, 4, 10), &[(Family::Errors, month(2024, 6))]),
    known_of(ApiVersion::dated(2024, 12, 18), &[(Family::Errors, month(2025, 1))]),
    known_of(ApiVersion::dated(2025, 1, 27), &[(Family::Customers, month(2025, 2))]),
];

/// A version, and from which month its answers are: [`Date::MAX`] is today.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShownAs {
    version: ApiVersion<'static>,
    until: [Date; Family::COUNT],
}

impl ShownAs {
    pub(super) fn of(version: ApiVersion<'_>) -> Self {
        let known = KNOWN_UNTIL.iter().find(|known| known.version.date() == version.date());
        let mut until = [known.and_then(|known| known.until).unwrap_or(Date::MAX); Family::COUNT];
        for (family, month) in known.map(|known| known.but).into_iter().flatten() {
            until[*family as usize] = *month;
        }
        Self { version: ApiVersion::on(version.date()), until }
    }

    /// Whether objects of this kind show what came to all versions in a month.
    pub(super) fn is_as_of(&self, kind: ShapeKind, year: i16, month_of_year: i8) -> bool {
        self.until[kind.family() as usize] >= month(year, month_of_year)
    }

    /// Whether a decline says how to go on and what the card's network said, in its error and in the outcome of its
    /// charge. Recorded: neither did in January 2025, at 2019-08-14; the error does in August 2026.
    pub(super) fn gives_advice(&self) -> bool {
        self.is_as_of(ShapeKind::Outcome, 2026, 1)
    }

    pub(super) fn shows(&self, kind: ShapeKind, rule: &FieldRule) -> bool {
        self.until[kind.family() as usize] >= rule.since
            && rule.from.is_none_or(|from| self.version.is_since(from))
            && rule.until.is_none_or(|until| !self.version.is_since(until))
    }
}

/// What stands at a field that the kept object lacks: it was kept by an older Testcard, or only old versions have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    /// The field stays away.
    Nothing,
    Null,
    /// The same as another field.
    SameAs(&'static str),
    /// A list of things that the minter does not play, at this path below the object's own.
    EmptyList(&'static str),
}

/// When a field is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldRule {
    pub(super) name: &'static str,
    /// The month in which it came to all versions that have it.
    since: Date,
    /// The first version that has it.
    from: Option<ApiVersion<'static>>,
    /// The first version that has it no more.
    until: Option<ApiVersion<'static>>,
    pub(super) filling: Filling,
}

/// A field that came to all versions in a month.
const fn since(name: &'static str, year: i16, month_of_year: i8) -> FieldRule {
    FieldRule { name, since: month(year, month_of_year), from: None, until: None, filling: Filling::Null }
}

impl FieldRule {
    const fn until(self, version: ApiVersion<'static>) -> Self {
        Self { until: Some(version), ..self }
    }

    const fn from(self, version: ApiVersion<'static>) -> Self {
        Self { from: Some(version), ..self }
    }

    const fn filled(self, filling: Filling) -> Self {
        Self { filling, ..self }
    }
}

/// A field that came before all recordings.
const fn always(name: &'static str) -> FieldRule {
    since(name, 2011, 1)
}

/// A field that no version shows here.
const fn never(name: &'static str) -> FieldRule {
    always(name).until(ApiVersion::dated(2011, 1, 1)).filled(Filling::Nothing)
}

/// `card` became `source`, `cards` became `sources`.
pub(super) const SOURCES: ApiVersion<'static> = ApiVersion::dated(2015, 2, 18);
/// A charge that went well was `paid`; since then it is `succeeded`.
pub(super) const SUCCEEDED: ApiVersion<'static> = ApiVersion::dated(2015, 2, 16);
/// From this version on, a customer shows its lists only when asked to expand them.
pub(super) const CUSTOMER_LISTS_LEFT_OUT: ApiVersion<'static> = ApiVersion::dated(2020, 8, 27);
/// From this version on, a charge shows its refunds only when asked to expand them.
pub(super) const REFUNDS_LEFT_OUT: ApiVersion<'static> = ApiVersion::dated(2022, 11, 15);

const DYNAMIC_LAST4: FieldRule = since("dynamic_last4", 2015, 1);
const EMAIL: FieldRule = since("email", 2026, 3);
const METADATA: FieldRule = since("metadata", 2015, 1).filled(Filling::Nothing);
const PHONE: FieldRule = since("phone", 2026, 3);
const REGULATED: FieldRule = since("regulated_status", 2025, 1);
const TOKENIZATION: FieldRule = since("tokenization_method", 2015, 1);
const WALLET: FieldRule = since("wallet", 2022, 1);

const CARD_OF_TOKEN: &[FieldRule] = &[
    never("allow_redisplay"),
    always("customer").until(SOURCES),
    DYNAMIC_LAST4,
    EMAIL,
    METADATA,
    since("networks", 2024, 2).filled(Filling::Nothing),
    PHONE,
    REGULATED,
    TOKENIZATION,
    WALLET,
];

/// `currency` is only for cards that payouts go to.
const CARD_OF_CUSTOMER: &[FieldRule] = &[
    since("allow_redisplay", 2024, 12),
    never("currency"),
    DYNAMIC_LAST4,
    EMAIL,
    METADATA,
    never("networks"),
    PHONE,
    REGULATED,
    TOKENIZATION,
    WALLET,
];

const CARD_OF_CHARGE: &[FieldRule] = &[
    since("allow_redisplay", 2024, 12),
    never("currency"),
    always("customer"),
    DYNAMIC_LAST4,
    EMAIL,
    METADATA,
    never("networks"),
    PHONE,
    REGULATED,
    TOKENIZATION,
    WALLET,
];

const CUSTOMER: &[FieldRule] = &[
    always("account_balance").until(ApiVersion::dated(2019, 10, 17)).filled(Filling::SameAs("balance")),
    since("address", 2019, 1),
    since("balance", 2019, 1),
    since("customer_account", 2025, 12),
    always("default_card").until(SOURCES).filled(Filling::SameAs("default_source")),
    since("default_currency", 2022, 7).until(ApiVersion::dated(2022, 8, 1)),
    since("invoice_prefix", 2019, 1),
    since("invoice_settings", 2019, 1),
    since("name", 2019, 1),
    since("next_invoice_sequence", 2020, 1),
    since("phone", 2019, 1),
    since("preferred_locales", 2019, 1),
    always("subscriptions").until(CUSTOMER_LISTS_LEFT_OUT).filled(Filling::EmptyList("subscriptions")),
    since("tax_exempt", 2019, 1),
    since("tax_ids", 2019, 1).until(CUSTOMER_LISTS_LEFT_OUT).filled(Filling::EmptyList("tax_ids")),
    since("tax_info", 2018, 8).until(ApiVersion::dated(2019, 12, 3)),
    since("tax_info_verification", 2018, 8).until(ApiVersion::dated(2019, 12, 3)),
    since("test_clock", 2021, 12),
];

const INVOICE_SETTINGS: &[FieldRule] = &[since("rendering_options", 2022, 1)];

/// `destination`, `dispute`, `order` and `amount_updates` are in no reference: recorded.
const CHARGE: &[FieldRule] = &[
    since("amount_captured", 2020, 1),
    // Recorded from this version on only.
    since("amount_updates", 2023, 10).from(CUSTOMER_LISTS_LEFT_OUT).filled(Filling::Nothing),
    since("application", 2016, 1),
    since("application_fee", 2015, 1),
    since("application_fee_amount", 2019, 1),
    since("billing_details", 2019, 1),
    since("calculated_statement_descriptor", 2019, 1),
    always("card").until(SOURCES).filled(Filling::SameAs("source")),
    since("destination", 2015, 1),
    always("dispute"),
    since("disputed", 2019, 1),
    since("failure_balance_transaction", 2022, 1),
    since("fraud_details", 2015, 1),
    always("invoice").until(ApiVersion::dated(2025, 3, 31)),
    since("on_behalf_of", 2017, 1),
    since("order", 2016, 1),
    since("outcome", 2016, 1),
    since("payment_intent", 2019, 1),
    since("payment_method", 2019, 1),
    since("payment_method_details", 2019, 1),
    since("radar_options", 2023, 12),
    since("receipt_number", 2015, 1),
    since("receipt_url", 2019, 1),
    since("review", 2016, 1),
    since("shipping", 2015, 1),
    since("source", 2015, 2),
    since("source_transfer", 2016, 1),
    always("statement_description")
        .until(ApiVersion::dated(2014, 12, 17))
        .filled(Filling::SameAs("statement_descriptor")),
    since("statement_descriptor", 2015, 1),
    since("statement_descriptor_suffix", 2019, 1),
    since("status", 2015, 1),
    since("transfer_data", 2019, 1),
    since("transfer_group", 2017, 1),
];

const BILLING_DETAILS: &[FieldRule] = &[since("tax_id", 2025, 6)];

const CHARGED_CARD: &[FieldRule] = &[
    since("amount_authorized", 2023, 1),
    since("authorization_code", 2024, 7),
    since("capture_before", 2022, 1).filled(Filling::Nothing),
    since("extended_authorization", 2023, 1),
    since("incremental_authorization", 2023, 1),
    since("mandate", 2022, 1),
    since("multicapture", 2023, 1),
    since("network_token", 2023, 1),
    since("network_transaction_id", 2025, 1),
    since("overcapture", 2023, 1),
    since("regulated_status", 2025, 1),
    since("transaction_link_id", 2026, 1),
];

const OUTCOME: &[FieldRule] = &[
    since("advice_code", 2025, 1),
    since("network_advice_code", 2024, 11),
    since("network_decline_code", 2024, 11),
    since("risk_score", 2019, 1),
];

const REFUND: &[FieldRule] = &[
    since("customer", 2026, 1),
    since("customer_account", 2026, 1),
    since("destination_details", 2023, 12),
    since("payment_intent", 2019, 1),
    since("payment_method", 2026, 1),
    since("reason", 2015, 1),
    since("receipt_number", 2015, 1),
    since("source_transfer_reversal", 2018, 1),
    since("status", 2015, 1),
    since("transfer_reversal", 2018, 1),
];

/// Observed in 2026, and not there in March 2024; the months between are likely.
const DISPUTE: &[FieldRule] =
    &[since("customer", 2026, 1), since("enhanced_eligibility_types", 2025, 2).filled(Filling::Nothing)];

const DISPUTE_EVIDENCE: &[FieldRule] = &[since("enhanced_evidence", 2025, 2).filled(Filling::Nothing)];

const EVIDENCE_DETAILS: &[FieldRule] = &[since("enhanced_eligibility", 2025, 2).filled(Filling::Nothing)];

const DISPUTED_CARD: &[FieldRule] =
    &[since("case_type", 2024, 10).filled(Filling::Nothing), since("network", 2026, 1).filled(Filling::Nothing)];

const PAYMENT_METHOD: &[FieldRule] = &[
    since("allow_redisplay", 2024, 4),
    since("customer_account", 2025, 12),
    since("shared_payment_granted_token", 2026, 3),
];

const METHOD_CARD: &[FieldRule] = &[since("display_brand", 2024, 2), since("regulated_status", 2025, 1)];

/// A field of an intent, whose publishable view lacks others: what is not there is left away.
const fn of_intent(name: &'static str, year: i16, month_of_year: i8) -> FieldRule {
    since(name, year, month_of_year).filled(Filling::Nothing)
}

const PAYMENT_INTENT: &[FieldRule] = &[
    of_intent("allowed_payment_method_types", 2026, 3),
    of_intent("amount_details", 2022, 1),
    of_intent("automatic_payment_methods", 2022, 1),
    // docs.stripe.com/changelog/2022-11-15.
    of_intent("charges", 2011, 1).until(REFUNDS_LEFT_OUT),
    of_intent("customer_account", 2025, 12),
    of_intent("excluded_payment_method_types", 2025, 12),
    of_intent("invoice", 2011, 1).until(ApiVersion::dated(2025, 3, 31)),
    of_intent("latest_charge", 2022, 1),
    of_intent("managed_payments", 2026, 3),
    of_intent("payment_method_configuration_details", 2022, 1),
    of_intent("processing", 2022, 1),
    of_intent("shared_payment_granted_token", 2026, 3),
];

const SETUP_INTENT: &[FieldRule] = &[
    of_intent("automatic_payment_methods", 2022, 1),
    of_intent("customer_account", 2025, 12),
    of_intent("excluded_payment_method_types", 2025, 12),
    of_intent("flow_directions", 2022, 1),
    of_intent("latest_attempt", 2022, 1),
    of_intent("payment_method_configuration_details", 2022, 1),
];

const CARD_OF_PAYMENT: &[FieldRule] = &[of_intent("mandate_options", 2022, 1)];
const CARD_OF_SETUP: &[FieldRule] = &[of_intent("mandate_options", 2022, 1), of_intent("network", 2022, 1)];

const DOC_URL: FieldRule = since("doc_url", 2018, 1).filled(Filling::Nothing);
const REQUEST_LOG_URL: FieldRule = since("request_log_url", 2022, 1).filled(Filling::Nothing);

const CARD_ERROR: &[FieldRule] = &[since("decline_code", 2017, 1).filled(Filling::Nothing), DOC_URL, REQUEST_LOG_URL];
const REQUEST_ERROR: &[FieldRule] = &[DOC_URL, REQUEST_LOG_URL];

/// The rules of a kind: every field that came or went. All others are always shown.
pub(super) fn rules(kind: ShapeKind) -> &'static [FieldRule] {
    match kind {
        ShapeKind::CardOfToken => CARD_OF_TOKEN,
        ShapeKind::CardOfCustomer => CARD_OF_CUSTOMER,
        ShapeKind::CardOfCharge => CARD_OF_CHARGE,
        ShapeKind::Customer => CUSTOMER,
        ShapeKind::InvoiceSettings => INVOICE_SETTINGS,
        ShapeKind::Charge => CHARGE,
        ShapeKind::BillingOfCharge | ShapeKind::BillingOfMethod => BILLING_DETAILS,
        ShapeKind::ChargedCard => CHARGED_CARD,
        ShapeKind::Outcome => OUTCOME,
        ShapeKind::Refund => REFUND,
        ShapeKind::Dispute => DISPUTE,
        ShapeKind::DisputeEvidence => DISPUTE_EVIDENCE,
        ShapeKind::EvidenceDetails => EVIDENCE_DETAILS,
        ShapeKind::DisputedCard => DISPUTED_CARD,
        ShapeKind::PaymentMethod => PAYMENT_METHOD,
        ShapeKind::MethodCard => METHOD_CARD,
        ShapeKind::PaymentIntent => PAYMENT_INTENT,
        ShapeKind::SetupIntent => SETUP_INTENT,
        ShapeKind::CardOfPayment => CARD_OF_PAYMENT,
        ShapeKind::CardOfSetup => CARD_OF_SETUP,
        ShapeKind::CardError => CARD_ERROR,
        ShapeKind::RequestError => REQUEST_ERROR,
        ShapeKind::Token
        | ShapeKind::MethodDetails
        | ShapeKind::DisputedMethod
        | ShapeKind::OptionsOfPayment
        | ShapeKind::OptionsOfSetup
        | ShapeKind::List
        | ShapeKind::Other => &[],
    }
}

/// The order in which Stripe wrote fields until the autumn of 2015: that of the code. Since then it is `id`, `object`
/// and the others by the alphabet. Errors followed in 2018.
pub(super) fn old_order(shown: &ShownAs, kind: ShapeKind) -> Option<&'static [&'static str]> {
    let is_by_the_alphabet = match kind.family() {
        Family::Errors => shown.is_as_of(kind, 2018, 1),
        _ => shown.is_as_of(kind, 2015, 11),
    };
    if is_by_the_alphabet {
        return None;
    }
    Some(match kind {
        ShapeKind::CardError => &["message", "type", "param", "code", "decline_code", "charge"],
        ShapeKind::RequestError => &["type", "message", "param", "code"],
        ShapeKind::Token => &["id", "livemode", "created", "used", "object", "type", "card", "client_ip"],
        ShapeKind::CardOfToken | ShapeKind::CardOfCustomer | ShapeKind::CardOfCharge => OLD_CARD,
        ShapeKind::Charge if shown.is_as_of(kind, 2015, 1) => OLD_CHARGE,
        ShapeKind::Charge => OLDEST_CHARGE,
        ShapeKind::Refund => {
            &["id", "amount", "currency", "created", "object", "balance_transaction", "metadata", "charge"]
        }
        ShapeKind::List => &["object", "total_count", "has_more", "url", "data"],
        _ => return None,
    })
}

const OLD_CARD: &[&str] = &[
    "id",
    "object",
    "last4",
    "brand",
    "funding",
    "exp_month",
    "exp_year",
    "fingerprint",
    "country",
    "name",
    "address_line1",
    "address_line2",
    "address_city",
    "address_state",
    "address_zip",
    "address_country",
    "cvc_check",
    "address_line1_check",
    "address_zip_check",
    "tokenization_method",
    "dynamic_last4",
    "metadata",
    "customer",
];

const OLD_CHARGE: &[&str] = &[
    "id",
    "object",
    "created",
    "livemode",
    "paid",
    "status",
    "amount",
    "currency",
    "refunded",
    "source",
    "captured",
    "balance_transaction",
    "failure_message",
    "failure_code",
    "amount_refunded",
    "customer",
    "invoice",
    "description",
    "dispute",
    "metadata",
    "statement_descriptor",
    "fraud_details",
    "receipt_email",
    "receipt_number",
    "shipping",
    "destination",
    "application_fee",
    "refunds",
];

const OLDEST_CHARGE: &[&str] = &[
    "id",
    "object",
    "created",
    "livemode",
    "paid",
    "amount",
    "currency",
    "refunded",
    "card",
    "captured",
    "refunds",
    "balance_transaction",
    "failure_message",
    "failure_code",
    "amount_refunded",
    "customer",
    "invoice",
    "description",
    "dispute",
    "metadata",
    "statement_description",
    "receipt_email",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_in_alphabetical_order() {
        for table in [
            CARD_OF_TOKEN,
            CARD_OF_CUSTOMER,
            CARD_OF_CHARGE,
            CUSTOMER,
            CHARGE,
            CHARGED_CARD,
            OUTCOME,
            REFUND,
            DISPUTE,
            DISPUTED_CARD,
            PAYMENT_METHOD,
            METHOD_CARD,
            PAYMENT_INTENT,
            SETUP_INTENT,
        ] {
            assert!(table.is_sorted_by(|first, second| first.name < second.name), "{}", table[0].name);
        }
        assert!(KNOWN_UNTIL.is_sorted_by_key(|known| known.version.date()));
    }

    #[test]
    fn a_version_between_known_ones_is_as_of_today() {
        let shows = |version: ApiVersion<'static>, kind, name: &str| {
            let rule = rules(kind).iter().find(|rule| rule.name == name).unwrap();
            ShownAs::of(version).shows(kind, rule)
        };
        let (known, next) = (ApiVersion::dated(2017, 4, 6), ApiVersion::dated(2017, 4, 7));
        assert!(!shows(known, ShapeKind::Charge, "payment_method_details"));
        assert!(shows(next, ShapeKind::Charge, "payment_method_details"));
        // What went with a version is gone in all that follow, known or not.
        for version in [ApiVersion::dated(2025, 3, 31), ApiVersion::dated(2026, 6, 24), ApiVersion::dated(2030, 1, 1)] {
            assert!(!shows(version, ShapeKind::Charge, "invoice"));
        }
        assert!(shows(ApiVersion::dated(2025, 3, 30), ShapeKind::Charge, "invoice"));
    }
}
