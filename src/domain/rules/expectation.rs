//! What a tester expects of a token at each step, and whether that happened.
//!
//! The expectation is set before the call is sent, from a preset. Later each call with the token is compared with it,
//! whoever makes the call: see [`Expectation::judge`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prediction::Prediction;
use crate::domain::{
    call::{
        api::{ApiResponse, HttpMethod, MaskedRequest},
        error::{ApiError, ErrorView},
        intent_calls::PARTIAL_AUTHORIZATION,
        token_calls::TokenRequest,
    },
    card::{
        authentication::REQUIRES_ACTION,
        test_cards::{BankCheck, StepOutcome, TestCard},
    },
};

/// The version of the JSON in which expectations and judgements are stored.
const VERSION: u64 = 1;

/// A step in the use of a card that has an expected outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeStep {
    Token,
    Attach,
    Charge,
    /// A payment intent that is confirmed with the token while its payer is there.
    Intent,
    /// The result of a check by the bank, at an attach or a charge.
    Check(BankCheck),
}

impl LifeStep {
    const ALL: [Self; 7] = [
        Self::Token,
        Self::Attach,
        Self::Charge,
        Self::Intent,
        Self::Check(BankCheck::Cvc),
        Self::Check(BankCheck::Line1),
        Self::Check(BankCheck::Zip),
    ];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Attach => "attach",
            Self::Charge => "charge",
            Self::Intent => "intent",
            Self::Check(BankCheck::Cvc) => "cvc_check",
            Self::Check(BankCheck::Line1) => "line1_check",
            Self::Check(BankCheck::Zip) => "zip_check",
        }
    }

    /// The label in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Attach => "attach",
            Self::Charge => "charge",
            Self::Intent => "intent",
            Self::Check(check) => check.label(),
        }
    }

    /// The step of a word in files.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// The expected outcome of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExpectedResult {
    /// Nothing is expected: the step is not reached, or its outcome is unknown.
    #[default]
    Open,
    Works,
    /// An error with this decline code, else code, else type; of an intent also the status in which it waits.
    Fails(String),
}

impl ExpectedResult {
    fn of_step(outcome: &StepOutcome) -> Self {
        match outcome {
            StepOutcome::Later(what) if what == REQUIRES_ACTION => Self::Fails(what.clone()),
            StepOutcome::Ok | StepOutcome::Later(_) => Self::Works,
            StepOutcome::Refused { .. } => Self::Fails(outcome.label().to_owned()),
            StepOutcome::NotReached => Self::Open,
        }
    }

    /// "ok" or the error code; `None` if nothing is expected.
    fn word(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Works => Some(WORKS),
            Self::Fails(code) => Some(code),
        }
    }

    /// The outcome that a word stands for: "ok", or an error code.
    pub fn from_word(word: String) -> Self {
        if word == WORKS { Self::Works } else { Self::Fails(word) }
    }
}

/// The word for a response that is not an error.
pub const WORKS: &str = "ok";

/// The expected outcome of each step of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    pub token: ExpectedResult,
    pub attach: ExpectedResult,
    pub charge: ExpectedResult,
    pub intent: ExpectedResult,
    /// The checks that are expected not to pass, with their results: `fail` or `unavailable`. A check whose field was
    /// not sent is not compared.
    pub checks: Vec<(BankCheck, String)>,
}

impl Expectation {
    /// What is expected of a published test card if this request is sent.
    pub fn of_card(card: &TestCard, request: &TokenRequest) -> Self {
        let sends_cvc = request.params.get("card[cvc]").is_some();
        let step = |outcome: &StepOutcome| match ExpectedResult::of_step(outcome) {
            // The card fails because of its security code, so only if a code is sent.
            ExpectedResult::Fails(code) if code == "incorrect_cvc" && !sends_cvc => ExpectedResult::Works,
            expected => expected,
        };
        let telling =
            |check: BankCheck| Some((check, card.check(check).to_owned())).filter(|(_, result)| result != "pass");
        let expected = Self {
            token: step(&card.at_token),
            attach: step(&card.at_attach),
            charge: step(&card.at_charge),
            intent: step(card.at_intent()),
            checks: BankCheck::ALL.into_iter().filter_map(telling).collect(),
        };
        // A declined charge shows no check results.
        if expected.charge == ExpectedResult::Works { expected } else { Self { checks: Vec::new(), ..expected } }
    }

    /// The expectation that creating the token fails with this code.
    pub fn refused(label: &str) -> Self {
        Self { token: ExpectedResult::Fails(label.to_owned()), ..Self::default() }
    }

    /// Whether creating the token should fail because of its security code. Such an expectation cannot be stored with a
    /// draft, because the code is not stored.
    pub fn is_of_code(&self) -> bool {
        matches!(&self.token, ExpectedResult::Fails(code) if code.ends_with("_cvc"))
    }

    /// The expectation for a prediction, if no preset sets one.
    pub fn of_prediction(prediction: &Prediction, request: &TokenRequest) -> Self {
        match prediction {
            Prediction::Refused(error) => Self::refused(label(error)),
            Prediction::Token(card) => match card.number.published() {
                Some(card) => Self::of_card(card, request),
                None => Self { token: ExpectedResult::Works, ..Self::default() },
            },
            Prediction::Clone { .. } => Self { token: ExpectedResult::Works, ..Self::default() },
        }
    }

    /// Whether the prediction fulfils the expectation.
    pub fn agrees_with(&self, prediction: &Prediction) -> bool {
        match (&self.token, prediction) {
            (ExpectedResult::Open, _) | (_, Prediction::Clone { .. }) => true,
            (ExpectedResult::Works, prediction) => matches!(prediction, Prediction::Token(_)),
            (ExpectedResult::Fails(code), Prediction::Refused(error)) => label(error) == code,
            (ExpectedResult::Fails(_), Prediction::Token(_)) => false,
        }
    }

    /// What is expected of a step, as one word: "ok", or an error code or check result.
    pub fn of(&self, step: LifeStep) -> Option<&str> {
        match step {
            LifeStep::Token => self.token.word(),
            LifeStep::Attach => self.attach.word(),
            LifeStep::Charge => self.charge.word(),
            LifeStep::Intent => self.intent.word(),
            LifeStep::Check(check) => {
                let known = self.checks.iter().find(|(known, _)| *known == check);
                known.map(|(_, result)| result.as_str())
            }
        }
    }

    /// The notable part of the expectation in words: "charge declines with insufficient_funds".
    pub fn words(&self) -> String {
        if let ExpectedResult::Fails(code) = &self.token {
            return format!("token fails with {code}");
        }
        let mut words = Vec::new();
        match (&self.attach, &self.charge) {
            (ExpectedResult::Works, ExpectedResult::Fails(code)) if code != "authentication_required" => {
                words.push(format!("attach works, charge declines with {code}"));
            }
            (_, ExpectedResult::Fails(code)) => words.push(format!("charge declines with {code}")),
            (ExpectedResult::Fails(code), _) => words.push(format!("attach declines with {code}")),
            _ => {}
        }
        match &self.intent {
            ExpectedResult::Fails(code) if code == REQUIRES_ACTION => {
                words.push("intent waits for its payer".to_owned());
            }
            // What comes of a charge comes of an intent too, where nothing else is said.
            intent @ ExpectedResult::Fails(code) if *intent != self.charge => {
                words.push(format!("intent declines with {code}"));
            }
            ExpectedResult::Works if matches!(self.charge, ExpectedResult::Fails(_)) => {
                words.push("intent works".to_owned());
            }
            _ => {}
        }
        for (check, result) in &self.checks {
            let verb = if result == "fail" { "fails" } else { "is unavailable" };
            words.push(format!("{} {verb}", check.label()));
        }
        match (&self.charge, &self.intent) {
            _ if !words.is_empty() => words.join(", "),
            (ExpectedResult::Works, _) => "token, attach and charge work".to_owned(),
            (_, ExpectedResult::Works) => "token and intent work".to_owned(),
            _ => "a token".to_owned(),
        }
    }

    /// Compares a call with the expectation. Returns the judgement after the call: `known` if the call reveals nothing
    /// new, and `None` if there was none either. The first difference stays until the token is created anew.
    pub fn judge(&self, known: Option<&Judgement>, request: &MaskedRequest, answer: &ApiResponse) -> Option<Judgement> {
        let Some(found) = self.judge_call(request, answer) else { return known.cloned() };
        let stays = known.filter(|known| known.difference.is_some() && found.step != LifeStep::Token);
        Some(stays.cloned().unwrap_or(found))
    }

    fn judge_call(&self, request: &MaskedRequest, answer: &ApiResponse) -> Option<Judgement> {
        let step = step_of(request)?;
        let body = answer.json()?;
        let error = ErrorView::of(&body);
        let got = match error {
            Some(error) => error.label(),
            None if !answer.is_success() => return None,
            None if step == LifeStep::Intent => intent_word(&body)?,
            None => WORKS,
        };
        // A refusal in validation says nothing about the card, and leaves the token usable.
        let is_decline = answer.http_status == 402 && error.and_then(ErrorView::kind) == Some("card_error");
        if step != LifeStep::Token && !answer.is_success() && !is_decline {
            return None;
        }
        let difference = |step: LifeStep, got: &str| {
            let expected = self.of(step).filter(|expected| *expected != got)?;
            Some(StepDifference { step, expected: expected.to_owned(), got: got.to_owned() })
        };
        let of_check =
            || BankCheck::ALL.into_iter().find_map(|check| difference(LifeStep::Check(check), check_of(&body, check)?));
        let difference = difference(step, got).or_else(|| (step != LifeStep::Token).then(of_check).flatten());
        Some(Judgement { step, difference })
    }

    /// How a step that [`Self::judge`] says nothing of compares with the expectation: one that was refused in
    /// validation, whose response has no object, or that was never reached. `got` is the word of what happened.
    pub fn judge_unanswered(&self, step: LifeStep, got: &str) -> Judgement {
        let expected = self.of(step).unwrap_or(WORKS);
        let difference =
            (expected != got).then(|| StepDifference { step, expected: expected.to_owned(), got: got.to_owned() });
        Judgement { step, difference }
    }

    /// The stored form.
    pub fn to_json(&self) -> Value {
        let word = |expected: &ExpectedResult| expected.word().map(str::to_owned);
        let checks =
            self.checks.iter().map(|(check, result)| (LifeStep::Check(*check).as_str().to_owned(), result.clone()));
        let kept = KeptExpectation {
            version: VERSION,
            token: word(&self.token),
            attach: word(&self.attach),
            charge: word(&self.charge),
            intent: word(&self.intent),
            checks: checks.collect(),
        };
        serde_json::to_value(kept).unwrap_or_else(|error| unreachable!("texts are JSON: {error}"))
    }

    /// Reads the result of [`Self::to_json`]; `None` for anything else, and for a newer version.
    pub fn of_json(json: &Value) -> Option<Self> {
        let kept = KeptExpectation::deserialize(json).ok().filter(|kept| kept.version <= VERSION)?;
        let expected = |word: Option<String>| word.map_or(ExpectedResult::Open, ExpectedResult::from_word);
        let check = |(word, result): (String, String)| match LifeStep::from_word(&word) {
            Some(LifeStep::Check(check)) => Some((check, result)),
            _ => None,
        };
        Some(Self {
            token: expected(kept.token),
            attach: expected(kept.attach),
            charge: expected(kept.charge),
            intent: expected(kept.intent),
            checks: kept.checks.into_iter().filter_map(check).collect(),
        })
    }
}

/// The most specific word for a predicted error, as [`ErrorView::label`] is for one in a response.
fn label(error: &ApiError) -> &str {
    error.decline_code().unwrap_or(error.label())
}

/// The step that a request performs, if any.
fn step_of(request: &MaskedRequest) -> Option<LifeStep> {
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    match (request.method, &parts[..]) {
        (HttpMethod::Post, ["v1", "tokens"]) => Some(LifeStep::Token),
        (HttpMethod::Post, ["v1", "charges"]) => Some(LifeStep::Charge),
        (HttpMethod::Post, ["v1", "customers"] | ["v1", "customers", _] | ["v1", "customers", _, "sources"]) => {
            Some(LifeStep::Attach)
        }
        (HttpMethod::Post, ["v1", "payment_intents"]) if request.param("confirm") == Some("true") => {
            usual_intent(request)
        }
        (HttpMethod::Post, ["v1", "payment_intents", _, "confirm"]) => usual_intent(request),
        _ => None,
    }
}

/// The confirmation of an intent, unless the call says what a card answers in another way: that its payer is not there,
/// whether it is to be authenticated, or that a part of the amount is enough.
fn usual_intent(request: &MaskedRequest) -> Option<LifeStep> {
    let is_set =
        |name: &&str| request.param(name).is_some_and(|value| !matches!(value, "" | "false" | "automatic" | "never"));
    let sets = [
        "off_session",
        "error_on_requires_action",
        "payment_method_options[card][request_three_d_secure]",
        PARTIAL_AUTHORIZATION,
    ];
    (!sets.iter().any(is_set)).then_some(LifeStep::Intent)
}

/// What a payment intent came to, in one word: "ok" where it is paid or held, the error of the payment where it failed, and
/// else the status in which it waits for something; `None` for one that was not confirmed yet, and for no intent at all.
pub fn intent_word(intent: &Value) -> Option<&str> {
    let status = intent["status"].as_str().filter(|_| intent["object"] == "payment_intent")?;
    match status {
        "succeeded" | "requires_capture" | "processing" => Some(WORKS),
        "requires_confirmation" => None,
        "requires_payment_method" => {
            let error = &intent["last_payment_error"];
            ["decline_code", "code", "type"].iter().find_map(|name| error[name].as_str())
        }
        status => Some(status),
    }
}

/// The result of a check in a charge or card object; `None` if the check was not made or the object does not show it.
fn check_of(body: &Value, check: BankCheck) -> Option<&str> {
    let (of_card, of_charge) = match check {
        BankCheck::Cvc => ("cvc_check", "cvc_check"),
        BankCheck::Line1 => ("address_line1_check", "address_line1_check"),
        BankCheck::Zip => ("address_zip_check", "address_postal_code_check"),
    };
    let checks = &body["payment_method_details"]["card"]["checks"];
    // Of an intent that shows its payment method.
    let of_method = &body["payment_method"]["card"]["checks"][of_charge];
    checks[of_charge].as_str().or(of_method.as_str()).or(body[of_card].as_str()).filter(|result| *result != "unchecked")
}

/// How an entry of the history compares with its expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The step that was compared last.
    pub step: LifeStep,
    /// The first difference; `None` if everything was as expected so far.
    pub difference: Option<StepDifference>,
}

/// A step whose outcome was not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDifference {
    pub step: LifeStep,
    /// "ok", or the error code or check result.
    pub expected: String,
    pub got: String,
}

impl Judgement {
    pub fn is_as_expected(&self) -> bool {
        self.difference.is_none()
    }

    /// "As expected" or "Differs".
    pub fn word(&self) -> &'static str {
        if self.is_as_expected() { "As expected" } else { "Differs" }
    }

    /// In a sentence: "Differs at charge: expected insufficient_funds, got ok".
    pub fn words(&self) -> String {
        match &self.difference {
            None => format!("As expected at {}", self.step.label()),
            Some(StepDifference { step, expected, got }) => {
                format!("Differs at {}: expected {expected}, got {got}", step.label())
            }
        }
    }

    /// The stored form.
    pub fn to_json(&self) -> Value {
        let difference = self.difference.as_ref().map(|difference| KeptDifference {
            step: difference.step.as_str().to_owned(),
            expected: difference.expected.clone(),
            got: difference.got.clone(),
        });
        let kept = KeptJudgement { version: VERSION, step: self.step.as_str().to_owned(), difference };
        serde_json::to_value(kept).unwrap_or_else(|error| unreachable!("texts are JSON: {error}"))
    }

    /// Reads the result of [`Self::to_json`]; `None` for anything else, and for a newer version.
    pub fn of_json(json: &Value) -> Option<Self> {
        let kept = KeptJudgement::deserialize(json).ok().filter(|kept| kept.version <= VERSION)?;
        let difference = match kept.difference {
            Some(KeptDifference { step, expected, got }) => {
                Some(StepDifference { step: LifeStep::from_word(&step)?, expected, got })
            }
            None => None,
        };
        Some(Self { step: LifeStep::from_word(&kept.step)?, difference })
    }
}

/// The stored form of an [`Expectation`]. It is a type of its own, so that a change of [`Expectation`] does not change
/// the file format by accident.
#[derive(Serialize, Deserialize)]
struct KeptExpectation {
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attach: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<(String, String)>,
}

/// The stored form of a [`Judgement`].
#[derive(Serialize, Deserialize)]
struct KeptJudgement {
    version: u64,
    step: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    difference: Option<KeptDifference>,
}

#[derive(Serialize, Deserialize)]
struct KeptDifference {
    step: String,
    expected: String,
    got: String,
}
