//! Makes the same calls to the minter and to a target and compares the answers: whether the minter is still true.

use std::pin::pin;

use futures_util::{StreamExt as _, stream};

use super::pace::{CallPace, FIRST_PAUSE, TRIES, pause_after};
use crate::{
    backend::{Backend, new_idempotency_key, sent_headers},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse},
            refusal::AccountRefusal,
            token_calls::TokenCall,
        },
        card::expiry::utc_day,
        clock::Clock,
        settings::key_check,
    },
    parity::{
        catalogue::{CaseCard, CaseProgress, ParityCase, ParityStep, TakenCards},
        drift::{self, Drift, ParityAnswer},
        report::ParityReport,
    },
    store::StoreError,
};

/// So many cards are asked for at the same time: enough to keep the pace where an answer takes a third of a second.
const AT_ONCE: usize = 8;
/// Failures after which the same call may be answered.
const PASSING: [&str; 4] = ["connect_timeout", "timeout", "cut_off", "connection_failed"];
const VERSION: &str = "Stripe-Version";

/// The two sides of a comparison.
#[derive(Debug)]
pub struct ParitySides {
    pub minter: Backend,
    pub target: Backend,
    pub clock: Clock,
    /// Sent with every call to both.
    pub headers: Vec<(String, String)>,
    /// Of the calls to the target.
    pub pace: CallPace,
}

/// Why a comparison ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    NoAnswer(String),
    #[error("The target did not accept the API key: {0}")]
    BadKey(String),
    #[error("The target refuses calls for their number. Ask again later, or with a lower --rate")]
    RateLimited,
    #[error("The target refuses the calls that are to be compared, of any card: {0}")]
    Refused(String),
}

/// What the target's account takes, and the version that it answers at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAccount {
    pub taken: TakenCards,
    /// As its answers name it.
    pub version: Option<String>,
}

/// Compares call by call.
#[derive(Debug)]
pub struct ParityRun {
    sides: ParitySides,
}

/// The two answers to a call.
struct AnswerPair {
    ours: ApiResponse,
    theirs: ApiResponse,
}

/// What differs in the answers to a case, by its steps.
type CaseDrifts = Vec<(ParityStep, Vec<Drift>)>;

impl ParityRun {
    pub fn new(sides: ParitySides) -> Self {
        Self { sides }
    }

    /// Asks the target, with two calls, what its account takes. From here on both sides are asked at the version that
    /// the target answers at.
    ///
    /// # Errors
    /// No answer came, or the key was refused, or whatever was asked for another reason than the account's age: such
    /// refusals are the same on both sides and would be taken for no drift.
    pub async fn meet(&mut self) -> Result<TargetAccount, ParityError> {
        let today = utc_day(self.sides.clock.now());
        let token = self.ask_target(&self.with_headers(key_check::probe(today, &new_idempotency_key()))).await?;
        let charge = TokenCall::Charge {
            token: "tok_visa".to_owned(),
            amount: TokenCall::DEFAULT_AMOUNT.to_owned(),
            currency: TokenCall::DEFAULT_CURRENCY.to_owned(),
        };
        let charge = self.ask_target(&self.with_headers(charge.to_api(&new_idempotency_key()))).await?;
        let refusals = [AccountRefusal::of(&token), AccountRefusal::of(&charge)];
        if refusals.contains(&Some(AccountRefusal::BadKey)) {
            return Err(ParityError::BadKey(token.error_sentence().unwrap_or_default()));
        }
        if refusals == [None, None] && !token.is_success() && !charge.is_success() {
            return Err(ParityError::Refused(token.error_sentence().unwrap_or_default()));
        }
        let version = token.header(VERSION).map(str::to_owned);
        let has_version = self.sides.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(VERSION));
        if let (false, Some(version)) = (has_version, &version) {
            self.sides.headers.push((VERSION.to_owned(), version.clone()));
        }
        let taken = TakenCards {
            numbers: refusals[0] != Some(AccountRefusal::RawCardData),
            tokens_on_charges: refusals[1] != Some(AccountRefusal::CardTokensEnded),
        };
        Ok(TargetAccount { taken, version })
    }

    /// Compares the answers to all cases, until `stop` is ready: then those in flight come to their end, so that their
    /// customers are deleted. What was found so far stays in the report where it ends early.
    ///
    /// # Errors
    /// No answer came from the target, or the store in memory cannot be used.
    pub async fn compare(
        &self,
        cases: &[ParityCase],
        stop: impl Future<Output = ()>,
        report: &mut ParityReport,
        on_progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), ParityError> {
        let mut compared = pin!(stream::iter(cases).take_until(stop).map(|case| self.case(case)).buffered(AT_ONCE));
        let mut done = 0;
        while let Some(case) = compared.next().await {
            let (card, drifts) = case?;
            for (step, drifts) in drifts {
                report.add(card, step, drifts);
            }
            done += 1;
            on_progress(done);
        }
        Ok(())
    }

    async fn case(&self, case: &ParityCase) -> Result<(CaseCard, CaseDrifts), ParityError> {
        let (mut ours, mut theirs) = (CaseProgress::default(), CaseProgress::default());
        let mut drifts = Vec::new();
        for step in case.steps {
            let Some(answers) = self.step(case.card, *step, &ours, &theirs).await? else { continue };
            let our_answer = ParityAnswer { response: &answers.ours, ids: &ours.ids };
            let their_answer = ParityAnswer { response: &answers.theirs, ids: &theirs.ids };
            drifts.push((*step, drift::compare(our_answer, their_answer)));
            ours.take(*step, &answers.ours);
            theirs.take(*step, &answers.theirs);
        }
        Ok((case.card, drifts))
    }

    /// Makes a call to both sides; `None` where one of them has nothing to make it with, which its answer before told.
    async fn step(
        &self,
        card: CaseCard,
        step: ParityStep,
        ours: &CaseProgress,
        theirs: &CaseProgress,
    ) -> Result<Option<AnswerPair>, ParityError> {
        let (today, key) = (utc_day(self.sides.clock.now()), new_idempotency_key());
        let request =
            |side: &CaseProgress| side.request(card, step, today, &key).map(|request| self.with_headers(request));
        let (Some(our_request), Some(their_request)) = (request(ours), request(theirs)) else { return Ok(None) };
        let theirs = self.ask_target(&their_request).await?;
        let ours = self.sides.minter.send(&our_request, self.sides.clock.now()).await?;
        let mut ours = ours.exchange.outcome.map_err(|failure| ParityError::NoAnswer(failure.message))?;
        // Those that a server adds where it sends an answer.
        let sent = sent_headers(ours.http_status).map(|(name, value)| (name.to_owned(), value.to_owned()));
        ours.headers.extend(sent);
        Ok(Some(AnswerPair { ours, theirs }))
    }

    fn with_headers(&self, mut request: ApiRequest) -> ApiRequest {
        request.headers.extend(self.sides.headers.iter().cloned());
        request
    }

    /// Sends a call when its turn has come; again where the target asked for that, or did not answer.
    async fn ask_target(&self, request: &ApiRequest) -> Result<ApiResponse, ParityError> {
        let mut pause = FIRST_PAUSE;
        for nth in 1..=TRIES {
            self.sides.pace.turn().await;
            let recorded = self.sides.target.send(request, self.sides.clock.now()).await?;
            match recorded.exchange.outcome {
                Ok(answer) if is_limited(&answer) && nth == TRIES => return Err(ParityError::RateLimited),
                Ok(answer) if is_limited(&answer) => self.sides.pace.hold(pause_after(&answer, pause)),
                Ok(answer) => return Ok(answer),
                Err(failure) if nth < TRIES && PASSING.contains(&&*failure.kind) => self.sides.pace.hold(pause),
                Err(failure) => return Err(ParityError::NoAnswer(failure.message)),
            }
            pause *= 2;
        }
        Err(ParityError::RateLimited)
    }
}

fn is_limited(answer: &ApiResponse) -> bool {
    answer.http_status == 429
}
