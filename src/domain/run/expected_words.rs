//! What a list says should come of a row: `ok`, an error code, or one of these for each step by name.
//!
//! ```text
//! ok                                     every call of the row works
//! insufficient_funds                     the last call of the row fails with this code, those before it work
//! charge=insufficient_funds              the charge does; the row goes as far as the charge
//! charge=ok cvc_check=fail               and the bank's check of the code fails
//! ```

use super::row::RunStep;
use crate::domain::{
    card::test_cards::BankCheck,
    rules::expectation::{Expectation, ExpectedResult, LifeStep},
};

/// What was written, before it is known how far the row goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedWords {
    /// Of the last call of the row.
    OfLast(ExpectedResult),
    /// Step by step, and how far the row has to go for it.
    OfSteps(Expectation, RunStep),
}

/// What is wrong with a text, and what to write instead.
pub type WrongWords = &'static str;

const WRITE: WrongWords = "write ok, an error code such as insufficient_funds, or steps such as charge=card_declined \
                           (token, attach, charge, intent, cvc_check, line1_check, zip_check)";

impl ExpectedWords {
    /// Reads a text that is not empty.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, WrongWords> {
        let text = text.replace(": ", ":");
        let parts: Vec<&str> = text
            .split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';'))
            .filter(|part| !part.is_empty())
            .collect();
        if let [word] = parts[..]
            && !word.contains(['=', ':'])
        {
            return Ok(Self::OfLast(ExpectedResult::from_word(code(word)?)));
        }
        let steps = parts.into_iter().map(|part| part.split_once(['=', ':']).ok_or(WRITE));
        Self::of_steps(steps)
    }

    /// Reads pairs of a step and its word.
    ///
    /// # Errors
    /// What to write instead.
    pub fn of_steps<'a>(
        steps: impl Iterator<Item = Result<(&'a str, &'a str), WrongWords>>,
    ) -> Result<Self, WrongWords> {
        let mut expects = Expectation::default();
        let mut last = RunStep::Token;
        let mut count = 0;
        for step in steps {
            let (step, word) = step?;
            let (step, word) = (LifeStep::from_word(step.trim()).ok_or(WRITE)?, code(word.trim())?);
            count += 1;
            match step {
                LifeStep::Token => expects.token = ExpectedResult::from_word(word),
                LifeStep::Attach => (expects.attach, last) = (ExpectedResult::from_word(word), RunStep::Attach),
                LifeStep::Charge => (expects.charge, last) = (ExpectedResult::from_word(word), RunStep::Charge),
                LifeStep::Intent => (expects.intent, last) = (ExpectedResult::from_word(word), RunStep::Intent),
                LifeStep::Check(check) => expects.checks.push(known_check(check, word)?),
            }
        }
        if count == 0 {
            return Err(WRITE);
        }
        if last != RunStep::Token && expects.token == ExpectedResult::Open {
            expects.token = ExpectedResult::Works;
        }
        if !expects.checks.is_empty() && last == RunStep::Token {
            last = RunStep::Charge;
        }
        Ok(Self::OfSteps(expects, last))
    }

    /// How far the row has to go for this; `None` where that is not said.
    pub fn last_step(&self) -> Option<RunStep> {
        match self {
            Self::OfLast(_) => None,
            Self::OfSteps(_, last) => Some(*last),
        }
    }

    /// The expectation of a row that goes as far as `last`.
    pub fn of_row(self, last: RunStep) -> Expectation {
        let expected = match self {
            Self::OfSteps(expects, _) => return expects,
            Self::OfLast(expected) => expected,
        };
        let mut expects = Expectation { token: ExpectedResult::Works, ..Expectation::default() };
        match last {
            RunStep::Token => expects.token = expected,
            RunStep::Attach => expects.attach = expected,
            RunStep::Charge => expects.charge = expected,
            RunStep::Intent | RunStep::PartialIntent => expects.intent = expected,
        }
        expects
    }
}

/// A word as Stripe's codes are written.
fn code(word: &str) -> Result<String, WrongWords> {
    let is_code = !word.is_empty()
        && word.len() <= 64
        && word.starts_with(|sign: char| sign.is_ascii_lowercase())
        && word.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'_');
    if is_code { Ok(word.to_owned()) } else { Err(WRITE) }
}

fn known_check(check: BankCheck, result: String) -> Result<(BankCheck, String), WrongWords> {
    match result.as_str() {
        "pass" | "fail" | "unavailable" => Ok((check, result)),
        _ => Err("a check is pass, fail or unavailable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, last: RunStep, expected: Result<(&str, Option<RunStep>), &str>) {
        let read = ExpectedWords::parse(text);
        let read = read.map(|words| (words.last_step(), words.of_row(last).words()));
        match (read, expected) {
            (Ok((step, words)), Ok(expected)) => assert_eq!((words.as_str(), step), expected, "{text}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn one_word_is_about_the_last_call_and_a_step_says_how_far_the_row_goes() {
        check("ok", RunStep::Token, Ok(("a token", None)));
        check("incorrect_number", RunStep::Token, Ok(("token fails with incorrect_number", None)));
        check("insufficient_funds", RunStep::Charge, Ok(("charge declines with insufficient_funds", None)));
        check(
            "charge=card_declined",
            RunStep::Token,
            Ok(("charge declines with card_declined", Some(RunStep::Charge))),
        );
        check(
            "attach: card_declined",
            RunStep::Token,
            Ok(("attach declines with card_declined", Some(RunStep::Attach))),
        );
        check("ok", RunStep::Intent, Ok(("token and intent work", None)));
        check("lost_card", RunStep::Intent, Ok(("intent declines with lost_card", None)));
        check("intent=requires_action", RunStep::Token, Ok(("intent waits for its payer", Some(RunStep::Intent))));
        check("charge=ok, cvc_check=fail", RunStep::Token, Ok(("CVC check fails", Some(RunStep::Charge))));
        check("token=invalid_cvc", RunStep::Charge, Ok(("token fails with invalid_cvc", Some(RunStep::Token))));
    }

    #[test]
    fn what_is_no_code_is_refused_with_what_to_write() {
        for text in ["Insufficient", "4242424242424242", "pay=ok", "charge=", "=ok", "ok ok", ";"] {
            check(text, RunStep::Token, Err("write ok"));
        }
        check("zip_check=maybe", RunStep::Token, Err("pass, fail or unavailable"));
    }
}
