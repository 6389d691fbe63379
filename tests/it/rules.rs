//! The rules of a card: what the form predicts is what the minter answers, and what the fields show agrees with both.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use proptest::prelude::*;
use serde_json::Value;
use testcard::{
    domain::{
        call::{params::Params, token_calls::TokenRequest},
        card::{
            networks::CardNetwork,
            test_cards::{self, StepOutcome},
            typing::{CardField, TypedEdit},
        },
        form::{
            draft::Draft,
            field_state::{self, FieldState, FormField},
        },
        rules::{
            policies::AccountPolicies,
            prediction::{self, Prediction},
        },
    },
    minter::{self, MemoryLedger, MinterAccount},
};

/// In the middle of a month in the middle of a year. Years in the tests are counted from it.
fn today() -> Date {
    date(2031, 6, 15)
}

fn now() -> Timestamp {
    TimeZone::UTC.to_timestamp(today().at(12, 0, 0, 0)).unwrap()
}

/// Sends a request through both readers of the rules and compares code, param, message, status and all.
#[track_caller]
fn check_prediction(params: &Params, policies: AccountPolicies, workspace: &MinterAccount) -> Prediction {
    let request = TokenRequest::new(params.clone());
    let prediction = prediction::predict(params, today(), policies);
    let mut call = request.to_api("key-1");
    call.headers.push(("Stripe-Version".to_owned(), "2026-07-29.dahlia".to_owned()));
    let response = minter::handle(&mut MemoryLedger::default(), &call, now(), policies, workspace).unwrap();
    let body = response.json().unwrap();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    match &prediction {
        Prediction::Token(card) => {
            assert_eq!((response.http_status, text("/object")), (200, Some("token")), "{params:?}");
            assert_eq!(text("/card/last4"), Some(card.number.last4()));
            assert_eq!(text("/card/brand"), Some(card.number.brand().as_str()));
            assert_eq!(text("/card/networks/preferred"), card.preferred);
            assert_eq!(text("/card/cvc_check").is_some(), card.has_cvc);
            assert_eq!(body["card"]["exp_month"], card.expiry.month);
            assert_eq!(body["card"]["exp_year"], card.expiry.year);
        }
        Prediction::Clone { customer, .. } => {
            assert_eq!(response.http_status, 400, "{params:?}");
            assert_eq!((text("/error/code"), text("/error/param")), (Some("resource_missing"), Some("customer")));
            assert_eq!(text("/error/message"), Some(format!("No such customer: '{customer}'").as_str()));
        }
        Prediction::Refused(error) => {
            assert_eq!(response.http_status, error.http_status, "{params:?}");
            assert_eq!(text("/error/type"), Some(error.kind.as_str()));
            assert_eq!(text("/error/code"), error.code);
            assert_eq!(text("/error/decline_code"), error.decline_code());
            assert_eq!(text("/error/param"), error.param.as_deref());
            assert_eq!(text("/error/message"), Some(error.message.as_str()));
        }
    }
    prediction
}

#[test]
fn every_test_card_is_answered_as_predicted() {
    let workspace = MinterAccount::seeded(1);
    let this_year = today().year();
    let expiries = [("12", this_year + 3), ("6", this_year), ("5", this_year), ("13", this_year + 1)];
    let cvcs = [None, Some("123"), Some("1234"), Some("12")];
    let networks = [None, Some("visa"), Some("cartes_bancaires"), Some("amex")];
    for card in test_cards::all() {
        for (month, year) in expiries {
            for (cvc, network) in cvcs.into_iter().zip(networks).chain([(Some("123"), None), (None, Some("visa"))]) {
                let mut params: Params = [("card[number]", card.number.as_str()), ("card[exp_month]", month)]
                    .into_iter()
                    .chain(cvc.map(|cvc| ("card[cvc]", cvc)))
                    .chain(network.map(|network| ("card[networks][preferred]", network)))
                    .collect();
                params.push("card[exp_year]", year.to_string());
                check_prediction(&params, AccountPolicies::default(), &workspace);
            }
        }
    }
}

#[test]
fn a_published_card_becomes_a_token_exactly_when_the_table_says_so() {
    let workspace = MinterAccount::seeded(1);
    let published_only = AccountPolicies { published_test_cards_only: true, ..AccountPolicies::default() };
    for card in test_cards::all() {
        let mut draft = Draft::default();
        draft.take_test_card(card, testcard::domain::card::expiry::CardExpiry::default_for(today()));
        for policies in [AccountPolicies::default(), published_only] {
            let prediction = check_prediction(&draft.params(), policies, &workspace);
            match &card.at_token {
                StepOutcome::Refused { code, message, param, .. } => {
                    let error = prediction.error().unwrap_or_else(|| panic!("{} is refused", card.number));
                    assert_eq!(error.code, Some(code.as_str()));
                    assert_eq!((&error.message, error.param.as_ref()), (message, Some(param)));
                }
                _ => assert!(matches!(prediction, Prediction::Token(_)), "{}: {prediction:?}", card.number),
            }
        }
    }
}

#[test]
fn a_preference_is_kept_where_the_card_has_the_network() {
    let workspace = MinterAccount::seeded(1);
    let year = (today().year() + 1).to_string();
    for (number, word, kept) in [
        ("4000002500001001", "cartes_bancaires", "cartes_bancaires"),
        ("4000002500001001", "visa", "visa"),
        ("4000002500001001", "mastercard", "invalid_preference"),
        ("5555552500001001", "cartes_bancaires", "cartes_bancaires"),
        ("5555552500001001", "mastercard", "mastercard"),
        ("4242424242424242", "visa", "visa"),
        ("4242424242424242", "cartes_bancaires", "invalid_preference"),
        ("378282246310005", "visa", "invalid_preference"),
    ] {
        let params: Params = [
            ("card[number]", number),
            ("card[exp_month]", "1"),
            ("card[exp_year]", &year),
            ("card[networks][preferred]", word),
        ]
        .into_iter()
        .collect();
        let prediction = check_prediction(&params, AccountPolicies::default(), &workspace);
        let Prediction::Token(card) = prediction else { panic!("{number} {word}: {prediction:?}") };
        assert_eq!(card.preferred, Some(kept), "{number} {word}");
    }
}

/// A good value most of the time; else one of the bad ones, an empty one, or none at all.
fn mostly(
    good: impl Strategy<Value = String> + 'static,
    bad: &'static [&'static str],
) -> BoxedStrategy<Option<String>> {
    prop_oneof![
        12 => good.prop_map(Some),
        2 => prop::sample::select(bad).prop_map(|word| Some(word.to_owned())),
        1 => Just(Some(String::new())),
        1 => Just(None),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<Option<String>> {
    let published = (0..test_cards::all().len()).prop_map(|index| test_cards::all()[index].number.clone());
    let any = prop_oneof![6 => published, 1 => "[2-6][0-9]{11,18}", 1 => "4[0-9]{3}( [0-9]{4}){3}", 1 => "[0-9]{1,24}"];
    mostly(
        any,
        &["-1", "abc", "4242-4242-4242-4242", "4111111111111111", " ", "４２４２４２４２４２４２４２４２", "4242.4242"],
    )
}

fn year() -> BoxedStrategy<Option<String>> {
    let this_year = today().year();
    let near = prop_oneof![8 => this_year..this_year + 50, 1 => this_year - 60..this_year + 60];
    let written = (near, any::<bool>()).prop_map(
        |(year, whole)| {
            if whole { year.to_string() } else { format!("{:02}", year % 100) }
        },
    );
    mostly(written, &["95", "xx", "1", "203", "20310", "-1"])
}

fn drafts() -> impl Strategy<Value = Params> {
    let card = (
        number(),
        mostly((1..=12).prop_map(|month: i32| month.to_string()), &["0", "13", "16", "xx", "-1", "007", "05"]),
        year(),
        mostly("[0-9]{3}".boxed(), &["12", "1234", "12345", "-1", "abc", "１２３"]),
        prop::option::weighted(
            0.4,
            mostly(Just("visa".to_owned()), &["cartes_bancaires", "mastercard", "amex", "VISA"]),
        ),
    )
        .prop_map(|(number, month, year, cvc, network)| {
            let fields = [
                ("card[number]", number),
                ("card[exp_month]", month),
                ("card[exp_year]", year),
                ("card[cvc]", cvc),
                ("card[networks][preferred]", network.flatten()),
            ];
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Vec<_>>()
        });
    let names = prop::sample::select(&[
        "card[name]",
        "card[address_line1]",
        "card[address_zip]",
        "card[address_country]",
        "card[currency]",
        "expand[]",
        "expand[0]",
        "expand",
        "card",
        "customer",
        "card[customer]",
        "card[number][0]",
        "card[networks]",
        "card[",
        "card[]",
        "expand[",
        "amount",
        "metadata[a]",
        "bank_account[country]",
        "bank_account",
        "pii[id_number]",
        "card[number]",
        "",
    ] as &'static [&'static str]);
    let values =
        prop::sample::select(&["", "card", "x", "cus_x", "card_1x", "4242424242424242", "Köln"] as &'static [_]);
    let extra = prop::collection::vec((names.prop_map(str::to_owned), values.prop_map(str::to_owned)), 0..3);
    let extras = prop_oneof![3 => Just(Vec::new()), 2 => extra];
    let card_fields = prop_oneof![9 => card, 1 => Just(Vec::new())];
    (card_fields, extras).prop_map(|(fields, extras)| fields.into_iter().chain(extras).collect())
}

fn policies() -> impl Strategy<Value = AccountPolicies> {
    let switch = |on| prop::bool::weighted(on);
    (switch(0.9), switch(0.2), switch(0.2)).prop_map(|(raw_card_data, published_test_cards_only, strict_number)| {
        AccountPolicies { raw_card_data, published_test_cards_only, strict_number, ..AccountPolicies::default() }
    })
}

/// What a field keeps of a text that is pasted into it.
fn kept(field: CardField, text: &str) -> String {
    field.edit(TypedEdit { kept: "", caret_before: 0, shown: text, caret: text.chars().count() }).text
}

/// The draft of three fields as they keep them.
fn draft(number: &str, expiry: &str, cvc: &str) -> Draft {
    Draft { number: number.into(), expiry: expiry.to_owned(), cvc: cvc.into(), ..Draft::default() }
}

/// Text as it is typed into a card field: mostly digits.
fn typed() -> impl Strategy<Value = String> {
    let published = (0..test_cards::all().len()).prop_map(|index| test_cards::all()[index].number.clone());
    prop_oneof![2 => published, 3 => "[0-9]{0,21}", 1 => "[0-9 ./x-]{0,20}", 1 => ".{0,8}"]
}

fn good_expiry() -> String {
    format!("12{}", today().year() + 3)
}

/// The field that an answer to this draft speaks of.
fn field_at_fault(draft: &Draft) -> Option<FormField> {
    let prediction = draft.predict(today(), AccountPolicies::default());
    prediction.error().and_then(|error| FormField::of_param(error.param.as_deref()?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn any_draft_is_answered_as_predicted(params in drafts(), policies in policies()) {
        check_prediction(&params, policies, &MinterAccount::seeded(1));
    }

    #[test]
    fn fields_that_are_all_good_make_a_token(
        number in typed(),
        expiry in "0[1-9][0-9]{2}|1[0-2]20[3-7][0-9]|[0-9]{0,6}",
        cvc in "[0-9]{0,5}",
        left: bool,
    ) {
        let number = kept(CardField::Number, &number);
        let is_good = |state| matches!(state, FieldState::Right | FieldState::Advice(_));
        let all_good = is_good(field_state::number_state(&number, left))
            && is_good(field_state::expiry_state(&expiry, today(), left))
            && is_good(field_state::cvc_state(&cvc, &number, left));
        if all_good {
            let prediction = draft(&number, &expiry, &cvc).predict(today(), AccountPolicies::default());
            prop_assert!(matches!(prediction, Prediction::Token(_)), "{number} {expiry} {cvc}: {prediction:?}");
        }
    }

    /// Only what a field keeps is judged: it drops separators, which the rules would strip, before they get here.
    #[test]
    fn a_wrong_field_is_the_field_at_fault(number in typed(), expiry in typed(), cvc in typed(), left: bool) {
        let number = kept(CardField::Number, &number);
        if matches!(field_state::number_state(&number, left), FieldState::Wrong(_)) {
            let at_fault = field_at_fault(&draft(&number, &good_expiry(), ""));
            prop_assert_eq!(at_fault, Some(FormField::Number), "{}", number);
        }
        let expiry = kept(CardField::Expiry, &expiry);
        if matches!(field_state::expiry_state(&expiry, today(), left), FieldState::Wrong(_)) {
            let at_fault = field_at_fault(&draft("4242424242424242", &expiry, ""));
            prop_assert_eq!(at_fault, Some(FormField::Expiry), "{}", expiry);
        }
        let cvc = kept(CardField::Cvc, &cvc);
        if matches!(field_state::cvc_state(&cvc, "4242424242424242", left), FieldState::Wrong(_)) {
            let at_fault = field_at_fault(&draft("4242424242424242", &good_expiry(), &cvc));
            prop_assert_eq!(at_fault, Some(FormField::Cvc), "{}", cvc);
        }
    }

    #[test]
    fn a_field_that_was_left_is_judged_unless_it_is_empty(number in typed(), expiry in typed(), cvc in typed()) {
        let number = kept(CardField::Number, &number);
        let expiry = kept(CardField::Expiry, &expiry);
        let states = [
            (&number, field_state::number_state(&number, true)),
            (&expiry, field_state::expiry_state(&expiry, today(), true)),
            (&cvc, field_state::cvc_state(&cvc, &number, true)),
        ];
        for (text, state) in states {
            prop_assert!(text.is_empty() || state != FieldState::NotYet, "{text}");
        }
    }
}

/// The three states of the product, and advice, without the words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    NotYet,
    Wrong,
    Right,
    Advice,
}

fn shown(state: &FieldState) -> Shown {
    match state {
        FieldState::NotYet => Shown::NotYet,
        FieldState::Wrong(_) => Shown::Wrong,
        FieldState::Right => Shown::Right,
        FieldState::Advice(_) => Shown::Advice,
    }
}

#[test]
fn a_number_is_red_at_once_only_when_it_cannot_become_right() {
    use Shown::{Advice, NotYet, Right, Wrong};
    for (text, typing, left) in [
        ("", NotYet, NotYet),
        ("4", NotYet, Wrong),
        ("424242424242424", NotYet, Wrong),
        ("4242424242424242", Right, Right),
        ("4242424242424241", Wrong, Wrong),
        ("424242424242424242", Wrong, Wrong),
        ("4242a", Wrong, Wrong),
        ("9", Wrong, Wrong),
        ("350", Wrong, Wrong),
        ("4111111111111111", Advice, Advice),
        ("378282246310005", Right, Right),
        ("37828224631000", NotYet, Wrong),
        ("378282246310006", Wrong, Wrong),
        ("6205500000000000004", Right, Right),
        ("6205500000000000", NotYet, Wrong),
        ("6205500000000000005", Wrong, Wrong),
        ("5018000000000000", NotYet, Wrong),
        ("４２４２４２４２４２４２４２４２", Right, Right),
    ] {
        let states = [false, true].map(|left| shown(&field_state::number_state(text, left)));
        assert_eq!(states, [typing, left], "{text}");
    }
    let words = |text| match field_state::number_state(text, true) {
        FieldState::Wrong(words) | FieldState::Advice(words) => words,
        state => panic!("{state:?}"),
    };
    assert_eq!(words("424242424242424242"), "2 digits too many");
    assert_eq!(words("42424242424242424"), "1 digit too many");
    assert_eq!(words("42424242424242"), "2 digits missing");
}

#[test]
fn an_expiry_is_good_to_the_last_day_of_its_month() {
    use Shown::{NotYet, Right, Wrong};
    let year = |ahead: i16| format!("{:02}", (today().year() + ahead) % 100);
    let four = |ahead: i16| (today().year() + ahead).to_string();
    for (text, typing, left) in [
        (String::new(), NotYet, NotYet),
        ("1".to_owned(), NotYet, Wrong),
        ("0".to_owned(), NotYet, Wrong),
        ("12".to_owned(), NotYet, Wrong),
        ("123".to_owned(), NotYet, Wrong),
        ("13".to_owned(), Wrong, Wrong),
        ("00".to_owned(), Wrong, Wrong),
        (format!("13{}", year(3)), Wrong, Wrong),
        (format!("06{}", year(0)), Right, Right),
        (format!("05{}", year(0)), Wrong, Wrong),
        (format!("12{}", year(-1)), Wrong, Wrong),
        (format!("12{}", year(49)), Right, Right),
        (format!("12{}", four(50)), Right, Right),
        (format!("12{}", four(51)), Wrong, Wrong),
        // The first half of a year in four digits is no year that has passed, until the field is left.
        ("1220".to_owned(), NotYet, Wrong),
        ("12203".to_owned(), NotYet, Wrong),
        ("1295".to_owned(), Wrong, Wrong),
        ("xx".to_owned(), Wrong, Wrong),
        (format!("12/{}", year(3)), Right, Right),
    ] {
        let states = [false, true].map(|left| shown(&field_state::expiry_state(&text, today(), left)));
        assert_eq!(states, [typing, left], "{text}");
    }
    let this_month = format!("06{}", year(0));
    assert_eq!(field_state::expiry_state(&this_month, date(2031, 6, 30), true), FieldState::Right);
    assert_eq!(shown(&field_state::expiry_state(&this_month, date(2031, 7, 1), true)), Wrong);
    let thirteen =
        draft("4242424242424242", &format!("13{}", year(3)), "").predict(today(), AccountPolicies::default());
    assert_eq!(thirteen.error().and_then(|error| error.code), Some("invalid_expiry_month"));
}

#[test]
fn a_security_code_has_the_length_of_its_brand() {
    use Shown::{Advice, NotYet, Right, Wrong};
    let (visa, amex) = ("4242424242424242", "378282246310005");
    for (text, number, typing, left) in [
        ("", visa, NotYet, Advice),
        ("1", visa, NotYet, Wrong),
        ("12", visa, NotYet, Wrong),
        ("123", visa, Right, Right),
        ("1234", visa, Wrong, Wrong),
        ("12a", visa, Wrong, Wrong),
        ("-1", visa, Wrong, Wrong),
        ("12", amex, NotYet, Wrong),
        ("123", amex, NotYet, Advice),
        ("1234", amex, Right, Right),
        ("12345", amex, Wrong, Wrong),
        ("123", "", Right, Right),
        ("1234", "", Right, Right),
        ("1234", "4", Wrong, Wrong),
        ("1234", "37", Right, Right),
        ("12345", "", Wrong, Wrong),
    ] {
        let states = [false, true].map(|left| shown(&field_state::cvc_state(text, number, left)));
        assert_eq!(states, [typing, left], "{text} for {number}");
    }
}

#[test]
fn no_good_card_is_red_while_it_is_typed() {
    for card in test_cards::all().iter().filter(|card| card.at_token == StepOutcome::Ok) {
        for digits in 0..card.number.len() {
            let typed = &card.number[..digits];
            let state = field_state::number_state(typed, false);
            assert!(!matches!(state, FieldState::Wrong(_)), "{typed} of {}: {state:?}", card.number);
        }
        assert_eq!(field_state::number_state(&card.number, false), FieldState::Right, "{}", card.number);
        let code = "1234".split_at(card.brand.cvc_digits()).0;
        assert_eq!(field_state::cvc_state(code, &card.number, false), FieldState::Right, "{}", card.number);
    }
    for ahead in 1..=50 {
        for year in [format!("{:02}", (today().year() + ahead) % 100), (today().year() + ahead).to_string()] {
            let whole = format!("12{year}");
            for digits in 0..whole.len() {
                let state = field_state::expiry_state(&whole[..digits], today(), false);
                assert!(!matches!(state, FieldState::Wrong(_)), "{} of {whole}: {state:?}", &whole[..digits]);
            }
            // In two digits the window ends a year earlier: what lies fifty years ahead reads as fifty years ago.
            let expected = if year.len() == 2 && ahead == 50 { Shown::Wrong } else { Shown::Right };
            assert_eq!(shown(&field_state::expiry_state(&whole, today(), false)), expected, "{whole}");
        }
    }
}

#[test]
fn a_form_with_three_right_fields_is_a_token_for_every_good_test_card() {
    let mut tokens = 0;
    for card in test_cards::all() {
        for cvc in ["123", "1234"] {
            let right = field_state::number_state(&card.number, false) == FieldState::Right
                && field_state::cvc_state(cvc, &card.number, false) == FieldState::Right;
            let prediction = draft(&card.number, &good_expiry(), cvc).predict(today(), AccountPolicies::default());
            if right {
                assert!(matches!(prediction, Prediction::Token(_)), "{} {cvc}: {prediction:?}", card.number);
                tokens += 1;
            }
        }
        for network in CardNetwork::ALL {
            let draft = Draft { preferred: Some(network), ..draft(&card.number, &good_expiry(), "") };
            check_prediction(&draft.params(), AccountPolicies::default(), &MinterAccount::seeded(1));
        }
    }
    assert!(tokens >= 315, "{tokens} of 318 cards");
}
