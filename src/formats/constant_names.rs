//! What a token is called in a test suite: its brand and where it fails, such as *Visa insufficient funds*.

use std::collections::HashMap;

use crate::domain::{
    call::token_calls::TokenRequest,
    card::{digits::only_digits, number::CardNumber},
    history::entry::{EntryDetail, HistoryEntry},
    rules::expectation::{Expectation, ExpectedResult},
};

/// Gives every token a name of its own, and keeps how often each name was given: as many names as there are outcomes.
#[derive(Default)]
pub(super) struct ConstantNames {
    given: HashMap<Vec<String>, u64>,
}

/// The name of a constant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConstantName {
    /// In lower case, of letters and digits; the first begins with a letter.
    words: Vec<String>,
    /// 1 for the first of this name.
    nth: u64,
}

impl ConstantNames {
    pub(super) fn name(&mut self, detail: &EntryDetail) -> ConstantName {
        let words = words(detail);
        let nth = self.given.entry(words.clone()).and_modify(|given| *given += 1).or_insert(1);
        ConstantName { words, nth: *nth }
    }
}

impl ConstantName {
    /// `VISA_INSUFFICIENT_FUNDS`, `VISA_INSUFFICIENT_FUNDS__2`. Two underscores, for an outcome may end with a number.
    pub(super) fn upper(&self) -> String {
        self.lower().to_uppercase()
    }

    /// `visa_insufficient_funds`.
    pub(super) fn lower(&self) -> String {
        self.words.join("_") + &self.ending("__")
    }

    /// `VisaInsufficientFunds`, `VisaInsufficientFunds_2`.
    pub(super) fn pascal(&self) -> String {
        let capital = |word: &String| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        };
        self.words.iter().map(capital).collect::<String>() + &self.ending("_")
    }

    fn ending(&self, mark: &str) -> String {
        if self.nth == 1 { String::new() } else { format!("{mark}{}", self.nth) }
    }
}

fn words(detail: &EntryDetail) -> Vec<String> {
    let entry = &detail.entry;
    let mut words = words_of(entry.brand.as_deref().unwrap_or_default());
    words.extend(words_of(&outcome(detail)));
    if words.first().is_none_or(|word| !word.starts_with(|c: char| c.is_ascii_lowercase())) {
        words.insert(0, "token".to_owned());
    }
    words
}

/// Where the token fails: the error that was answered in its place, else what was expected of it, else what its
/// published test card does.
fn outcome(detail: &EntryDetail) -> String {
    if let HistoryEntry { code: Some(code), token_id: None, .. } = &detail.entry {
        return code.clone();
    }
    let of_card = || {
        let number = CardNumber::parse(&only_digits(detail.request.param("card[number]")?))?;
        let params = detail.request.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Some(Expectation::of_card(number.published()?, &TokenRequest::new(params.collect())))
    };
    let expects = detail.entry.expects.as_deref().cloned().or_else(of_card);
    outcome_of(&expects.unwrap_or_default())
}

fn outcome_of(expects: &Expectation) -> String {
    match (&expects.token, &expects.charge, &expects.attach, expects.checks.first()) {
        (ExpectedResult::Fails(code), ..) | (_, ExpectedResult::Fails(code), ..) => code.clone(),
        (_, _, ExpectedResult::Fails(code), _) => format!("attach {code}"),
        (_, _, _, Some((check, result))) => format!("{} {result}", check.label()),
        (_, ExpectedResult::Works, ..) => "works".to_owned(),
        _ => "made".to_owned(),
    }
}

/// The words of a text, of ASCII letters and digits in lower case. No outcome and no brand is long.
fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.take(8).map(|word| word.chars().take(32).collect::<String>().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(words: &[&str], nth: u64) -> ConstantName {
        ConstantName { words: words.iter().map(|word| (*word).to_owned()).collect(), nth }
    }

    #[test]
    fn a_name_is_written_as_each_language_does() {
        let first = name(&["visa", "insufficient", "funds"], 1);
        assert_eq!(first.upper(), "VISA_INSUFFICIENT_FUNDS");
        assert_eq!(first.lower(), "visa_insufficient_funds");
        assert_eq!(first.pascal(), "VisaInsufficientFunds");
        let second = name(&["visa", "http", "502"], 2);
        assert_eq!(
            [second.upper(), second.lower(), second.pascal()],
            ["VISA_HTTP_502__2", "visa_http_502__2", "VisaHttp502_2"]
        );
    }

    #[test]
    fn words_are_letters_and_digits() {
        assert_eq!(words_of("American Express"), ["american", "express"]);
        assert_eq!(words_of("=\"; rm -rf / #é"), ["rm", "rf"]);
        assert!(words_of("王").is_empty());
    }
}
