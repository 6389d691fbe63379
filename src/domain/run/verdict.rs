//! What came of a row: the outcome of each of its calls, and whether that was expected.
//!
//! The comparison itself is [`Expectation::judge`], as for every entry of the history. A row adds what a single call
//! cannot tell: that a call was refused in validation, was never reached, or got no answer that counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::row::RunStep;
use crate::domain::{
    call::{
        api::{ApiExchange, ApiResponse},
        error::ErrorView,
        token::TokenView,
        token_calls::TokenCall,
    },
    rules::expectation::{Expectation, ExpectedResult, Judgement, LifeStep, StepDifference, WORKS, intent_word},
};

/// The version of the JSON in which outcomes are stored.
const VERSION: u64 = 1;
/// The outcome of a call that another one before it made impossible.
const NOT_REACHED: &str = "not_reached";

/// The outcome of a call of a row. It is taken from what was recorded, so it is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    pub step: RunStep,
    /// "ok", the most specific code of the error, or why there was no answer.
    pub got: String,
    /// `None` where no answer came.
    pub http_status: Option<u16>,
    /// The id of what the call made.
    pub object: Option<String>,
    pub request_id: Option<String>,
    pub took: Duration,
    /// How often the call was sent.
    pub tries: u32,
}

/// Whether a row came as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowVerdict {
    AsExpected,
    Differs(StepDifference),
    /// No answer that tells anything: none came, or the target was busy or failed each time.
    Unanswered {
        step: RunStep,
        why: String,
    },
}

impl RowVerdict {
    /// The word in files.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AsExpected => "as_expected",
            Self::Differs(_) => "differs",
            Self::Unanswered { .. } => "unanswered",
        }
    }

    /// "As expected", "Differs" or "Unanswered".
    pub fn label(&self) -> &'static str {
        match self {
            Self::AsExpected => "As expected",
            Self::Differs(_) => "Differs",
            Self::Unanswered { .. } => "Unanswered",
        }
    }

    pub fn holds(&self) -> bool {
        *self == Self::AsExpected
    }

    /// In a sentence: "Differs at charge: expected insufficient_funds, got ok".
    pub fn words(&self) -> String {
        match self {
            Self::AsExpected => self.label().to_owned(),
            Self::Differs(StepDifference { step, expected, got }) => {
                format!("Differs at {}: expected {expected}, got {got}", step.label())
            }
            Self::Unanswered { step, why } => format!("Unanswered at {}: {why}", step.as_str()),
        }
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        let (step, expected, got) = match self {
            Self::AsExpected => (None, None, None),
            Self::Differs(StepDifference { step, expected, got }) => (Some(step.as_str()), Some(expected), Some(got)),
            Self::Unanswered { step, why } => (Some(step.as_str()), None, Some(why)),
        };
        let own = |text: Option<&String>| text.cloned();
        let kept = KeptVerdict {
            version: VERSION,
            verdict: self.as_str().to_owned(),
            step: step.map(str::to_owned),
            expected: own(expected),
            got: own(got),
        };
        serde_json::to_string(&kept).unwrap_or_else(|error| unreachable!("texts are JSON: {error}"))
    }

    /// Reads the result of [`Self::to_json`]; `None` for anything else, and for a newer version.
    pub fn of_json(json: &str) -> Option<Self> {
        let kept: KeptVerdict = serde_json::from_str(json).ok()?;
        let (step, got) = (kept.step.unwrap_or_default(), kept.got.unwrap_or_default());
        match (kept.version, kept.verdict.as_str()) {
            (VERSION, "as_expected") => Some(Self::AsExpected),
            (VERSION, "differs") => {
                let (step, expected) = (LifeStep::from_word(&step)?, kept.expected.unwrap_or_default());
                Some(Self::Differs(StepDifference { step, expected, got }))
            }
            (VERSION, "unanswered") => Some(Self::Unanswered { step: step.parse().ok()?, why: got }),
            _ => None,
        }
    }
}

/// Whether an answer says nothing of the card, but that the call is to be made again: too many calls, a call with the
/// same key in flight, or a failure of the target.
pub fn asks_for_patience(answer: &ApiResponse) -> bool {
    matches!(answer.http_status, 409 | 429 | 500..)
}

/// Follows a row from call to call.
#[derive(Debug)]
pub struct RowJudge<'a> {
    expects: &'a Expectation,
    last_step: RunStep,
    judgement: Option<Judgement>,
    unanswered: Option<(RunStep, String)>,
    token: Option<String>,
    results: Vec<StepResult>,
}

impl<'a> RowJudge<'a> {
    pub fn new(expects: &'a Expectation, last_step: RunStep) -> Self {
        Self { expects, last_step, judgement: None, unanswered: None, token: None, results: Vec::new() }
    }

    /// Takes the outcome of the next call.
    pub fn take(&mut self, step: RunStep, exchange: &ApiExchange, tries: u32) {
        let mut result = StepResult {
            step,
            got: WORKS.to_owned(),
            http_status: None,
            object: None,
            request_id: None,
            took: exchange.took,
            tries,
        };
        match &exchange.outcome {
            Err(failure) => {
                result.got.clone_from(&failure.kind);
                self.unanswered = Some((step, failure.message.clone()));
            }
            Ok(answer) => {
                result.http_status = Some(answer.http_status);
                result.request_id = answer.request_id().map(str::to_owned);
                self.take_answer(&mut result, exchange, answer);
            }
        }
        self.results.push(result);
    }

    fn take_answer(&mut self, result: &mut StepResult, exchange: &ApiExchange, answer: &ApiResponse) {
        let step = result.step;
        let body = answer.json().unwrap_or_default();
        let made = if step == RunStep::Token { TokenView::of(&body).is_some() } else { made_by(step).is_made(&body) };
        if let Some(error) = ErrorView::of(&body) {
            error.label().clone_into(&mut result.got);
        } else if !answer.is_success() {
            result.got = format!("http_{}", answer.http_status);
        } else if made {
            result.object = body["id"].as_str().map(str::to_owned);
            if step.life_step() == LifeStep::Intent {
                let status = body["status"].as_str().unwrap_or_default();
                intent_word(&body).unwrap_or(status).clone_into(&mut result.got);
            }
        } else {
            "no_object".clone_into(&mut result.got);
        }
        if asks_for_patience(answer) {
            let why = answer.error_sentence().unwrap_or_else(|| format!("HTTP {}", answer.http_status));
            self.unanswered = Some((step, why));
            return;
        }
        if step == RunStep::Token {
            self.token.clone_from(&result.object);
        }
        let known = self.judgement.take();
        let was_known = known.as_ref().map(|judgement| judgement.step);
        let judged = self.expects.judge(known.as_ref(), &exchange.request, answer);
        let tells = judged.as_ref().map(|judgement| judgement.step) != was_known && result.got != "no_object";
        let is_settled = known.as_ref().is_some_and(|known| known.difference.is_some());
        self.judgement = match judged {
            judged if tells || is_settled => judged,
            _ => Some(self.expects.judge_unanswered(step.life_step(), &result.got)),
        };
    }

    /// The next call of the row, and the token that it uses; `None` where the row has come to its end.
    pub fn next(&self) -> Option<(RunStep, Option<&str>)> {
        let next = *self.last_step.path().get(self.results.len())?;
        let has_differed = self.judgement.as_ref().is_some_and(|judgement| judgement.difference.is_some());
        match (next, &self.token) {
            (RunStep::Token, _) => Some((next, None)),
            (_, Some(token)) if self.unanswered.is_none() && !has_differed => Some((next, Some(token))),
            _ => None,
        }
    }

    /// What came of the row.
    pub fn finish(self) -> (RowVerdict, Vec<StepResult>) {
        let verdict = match (self.unanswered, self.judgement) {
            (Some((step, why)), _) => RowVerdict::Unanswered { step, why },
            (None, Some(Judgement { difference: Some(difference), .. })) => RowVerdict::Differs(difference),
            (None, _) => {
                let reached = self.results.last().map(|result| result.step);
                let should_end_at_token = matches!(self.expects.token, ExpectedResult::Fails(_));
                if reached == Some(self.last_step) || should_end_at_token {
                    RowVerdict::AsExpected
                } else {
                    let judgement = self.expects.judge_unanswered(self.last_step.life_step(), NOT_REACHED);
                    judgement.difference.map_or(RowVerdict::AsExpected, RowVerdict::Differs)
                }
            }
        };
        (verdict, self.results)
    }
}

/// A call of a step, to tell what it makes.
fn made_by(step: RunStep) -> TokenCall {
    match step {
        RunStep::Attach => TokenCall::Attach { token: String::new(), customer: None },
        RunStep::Token | RunStep::Charge => {
            TokenCall::Charge { token: String::new(), amount: String::new(), currency: String::new() }
        }
        RunStep::Intent | RunStep::PartialIntent => {
            TokenCall::Intent { token: String::new(), amount: String::new(), currency: String::new() }
        }
    }
}

/// The stored form of the results of a row.
pub fn results_to_json(results: &[StepResult]) -> String {
    let kept: Vec<KeptStep> = results.iter().map(KeptStep::from).collect();
    serde_json::to_string(&kept).unwrap_or_else(|error| unreachable!("texts are JSON: {error}"))
}

/// Reads the result of [`results_to_json`]; empty for anything else.
pub fn results_of_json(json: &str) -> Vec<StepResult> {
    let kept: Vec<KeptStep> = serde_json::from_str(json).unwrap_or_default();
    kept.into_iter().filter_map(KeptStep::into_result).collect()
}

/// The stored form of a [`RowVerdict`]: a type of its own, so that a change of that one does not change the database.
#[derive(Serialize, Deserialize)]
struct KeptVerdict {
    version: u64,
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    got: Option<String>,
}

/// The stored form of a [`StepResult`].
#[derive(Serialize, Deserialize)]
struct KeptStep {
    step: String,
    got: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    took_micros: u64,
    tries: u32,
}

impl From<&StepResult> for KeptStep {
    fn from(result: &StepResult) -> Self {
        Self {
            step: result.step.as_str().to_owned(),
            got: result.got.clone(),
            status: result.http_status,
            object: result.object.clone(),
            request_id: result.request_id.clone(),
            took_micros: result.took.as_micros() as u64,
            tries: result.tries,
        }
    }
}

impl KeptStep {
    fn into_result(self) -> Option<StepResult> {
        Some(StepResult {
            step: self.step.parse().ok()?,
            got: self.got,
            http_status: self.status,
            object: self.object,
            request_id: self.request_id,
            took: Duration::from_micros(self.took_micros),
            tries: self.tries,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{
        call::api::{ApiRequest, CallFailure, Target},
        run::expected_words::ExpectedWords,
    };

    fn exchange(request: &ApiRequest, outcome: Result<ApiResponse, CallFailure>) -> ApiExchange {
        ApiExchange {
            target: Target::Local,
            started: Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(3),
            request: request.masked(),
            outcome,
            replaced: Vec::new(),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as an exchange has it")]
    fn answer(http_status: u16, body: &Value) -> Result<ApiResponse, CallFailure> {
        Ok(ApiResponse { http_status, headers: Vec::new(), body: body.to_string().into_bytes() })
    }

    fn token() -> Result<ApiResponse, CallFailure> {
        answer(200, &json!({"id": "tok_1", "object": "token", "card": {}, "used": false}))
    }

    fn error(http_status: u16, kind: &str, code: &str) -> Result<ApiResponse, CallFailure> {
        answer(http_status, &json!({"error": {"type": kind, "code": code, "message": "No."}}))
    }

    fn no_answer() -> Result<ApiResponse, CallFailure> {
        let (kind, message) = ("timeout".to_owned(), "No answer came".to_owned());
        Err(CallFailure { kind, message, http_status: None, text: None })
    }

    #[track_caller]
    fn check(expect: &str, last: RunStep, answers: Vec<Result<ApiResponse, CallFailure>>, expected: &str) {
        let expects = ExpectedWords::parse(expect).unwrap().of_row(last);
        let mut judge = RowJudge::new(&expects, last);
        let mut answers = answers.into_iter();
        while let Some((step, token)) = judge.next() {
            let mut request = ApiRequest::get("/v1/tokens");
            request.method = crate::domain::call::api::HttpMethod::Post;
            if let Some(token) = token {
                request = made_by(step).to_api("key");
                let name = if step == RunStep::Intent { "payment_method_data[card][token]" } else { "source" };
                request.params.set(name, token);
            }
            let outcome = answers.next().expect("a call more than was expected");
            judge.take(step, &exchange(&request, outcome), 1);
        }
        assert_eq!(answers.count(), 0, "{expect}: a call less than was expected");
        let (verdict, results) = judge.finish();
        assert_eq!(verdict.words(), expected, "{expect}");
        assert_eq!(RowVerdict::of_json(&verdict.to_json()), Some(verdict));
        assert_eq!(results_of_json(&results_to_json(&results)), results);
    }

    #[test]
    fn a_verdict_says_where_a_row_differs() {
        use RunStep::{Attach, Charge, Intent, Token};
        let charge = || answer(200, &json!({"id": "ch_1", "object": "charge"}));
        let customer = || answer(200, &json!({"id": "cus_1", "object": "customer"}));
        let declined = |code: &str| {
            answer(402, &json!({"error": {"type": "card_error", "code": "card_declined", "decline_code": code}}))
        };
        let invalid = |code: &str| error(400, "invalid_request_error", code);
        check("ok", Token, vec![token()], "As expected");
        check("ok", Charge, vec![token(), charge()], "As expected");
        check("ok", Attach, vec![token(), customer()], "As expected");
        check("incorrect_number", Token, vec![error(402, "card_error", "incorrect_number")], "As expected");
        check("insufficient_funds", Charge, vec![token(), declined("insufficient_funds")], "As expected");
        check(
            "insufficient_funds",
            Charge,
            vec![token(), declined("lost_card")],
            "Differs at charge: expected insufficient_funds, got lost_card",
        );
        check("lost_card", Charge, vec![token(), charge()], "Differs at charge: expected lost_card, got ok");
        check("ok", Charge, vec![error(402, "card_error", "x")], "Differs at token: expected ok, got x");
        check("token=invalid_cvc", Charge, vec![token()], "Differs at token: expected invalid_cvc, got ok");
        let intent = |status: &str| answer(200, &json!({"id": "pi_1", "object": "payment_intent", "status": status}));
        check("ok", Intent, vec![token(), intent("succeeded")], "As expected");
        check("ok", Intent, vec![token(), intent("requires_capture")], "As expected");
        check("requires_action", Intent, vec![token(), intent("requires_action")], "As expected");
        check("insufficient_funds", Intent, vec![token(), declined("insufficient_funds")], "As expected");
        check(
            "intent=ok",
            Intent,
            vec![token(), intent("requires_action")],
            "Differs at intent: expected ok, got requires_action",
        );
        check("ok", Intent, vec![token(), charge()], "Differs at intent: expected ok, got no_object");
        let checked = |cvc: &str| {
            let method = json!({"card": {"checks": {"cvc_check": cvc}}});
            answer(
                200,
                &json!({"id": "pi_1", "object": "payment_intent", "status": "succeeded", "payment_method": method}),
            )
        };
        check("intent=ok cvc_check=fail", Intent, vec![token(), checked("fail")], "As expected");
        check(
            "intent=ok cvc_check=fail",
            Intent,
            vec![token(), checked("pass")],
            "Differs at CVC check: expected fail, got pass",
        );
        // A refusal in validation says nothing of the card, and is what the row came to all the same.
        check(
            "ok",
            Charge,
            vec![token(), invalid("amount_too_small")],
            "Differs at charge: expected ok, got amount_too_small",
        );
        check("amount_too_small", Charge, vec![token(), invalid("amount_too_small")], "As expected");
        check("ok", Token, vec![answer(200, &json!({}))], "Differs at token: expected ok, got no_object");
        check(
            "ok",
            Charge,
            vec![token(), answer(200, &json!({"id": "ch_1"}))],
            "Differs at charge: expected ok, got no_object",
        );
        check("ok", Charge, vec![token(), no_answer()], "Unanswered at charge: No answer came");
        check(
            "ok",
            Charge,
            vec![error(429, "invalid_request_error", "rate_limit")],
            "Unanswered at token: No. (rate_limit, HTTP 429)",
        );
        check("ok", Token, vec![error(500, "api_error", "x")], "Unanswered at token: No. (x, HTTP 500)");
    }
}
