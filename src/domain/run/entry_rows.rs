//! Entries of the history as rows of a new run: what each sent, as far as it is kept.

use std::sync::Arc;

use super::row::{CvcVariant, RowParams, RowSource, RunRow, card_of};
use crate::domain::{
    call::{again::StandIn, params::Params},
    card::test_cards,
    history::entry::{EntryDetail, EntryId},
};

/// The parameter of the security code: the one that a row adds by what it does.
const CODE: &str = "card[cvc]";

/// The most entries that are made again at once.
pub const MOST_ENTRIES: usize = 10_000;

/// Rows that make the calls of entries again, in the order of the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryRows {
    pub rows: Arc<Vec<RunRow>>,
    pub left_out: Vec<LeftOutEntry>,
}

/// An entry that cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutEntry {
    pub entry: EntryId,
    /// Its card as reports name it, masked.
    pub card: String,
    /// Why, as the end of a sentence.
    pub reason: String,
}

/// What of an entry's call is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum LostPart {
    #[error("the number of its card was not kept, for it is not a published test card")]
    Number,
    #[error("the security code that was refused was not kept, for no code is")]
    Code,
    #[error("the value of {0} was not kept whole, for it looks like a card number or a key")]
    Param(String),
    #[error("a part of it was lost to damage of the history")]
    Damaged,
}

impl EntryRows {
    /// Adds the row of an entry, or notes why there is none.
    pub fn add(&mut self, detail: &EntryDetail) {
        match row_of(detail) {
            Ok(row) => Arc::make_mut(&mut self.rows).push(row),
            Err(lost) => {
                let masked: Params = detail.request.params.iter().map(|(name, value)| (&**name, &**value)).collect();
                let (entry, card) = (detail.entry.id, card_of(&masked));
                self.left_out.push(LeftOutEntry { entry, card, reason: lost.to_string() });
            }
        }
    }
}

/// The row that makes the call of an entry again, with its tags, its note and what was expected of it.
///
/// A security code is never kept, so the row has one that does the same: one that passes, or one that is too short where
/// the answer said that it was no code at all.
fn row_of(detail: &EntryDetail) -> Result<RunRow, LostPart> {
    if detail.is_damaged {
        return Err(LostPart::Damaged);
    }
    let refused = detail.answer().filter(|answer| answer.refuses_cvc());
    let mut cvc = CvcVariant::Given;
    let mut params = Params::new();
    for (name, stand_in) in detail.request.stand_ins() {
        match stand_in {
            StandIn::Same(value) => params.push(name, value),
            StandIn::PassingCode(_) if name == CODE => {
                cvc = match refused {
                    None => CvcVariant::Good,
                    Some(_) => refused_code(detail)?,
                };
            }
            StandIn::PassingCode(_) if refused.is_some() => return Err(LostPart::Code),
            StandIn::PassingCode(code) => params.push(name, code),
            StandIn::Lost if name == "card[number]" => return Err(LostPart::Number),
            StandIn::Lost => return Err(LostPart::Param(name.to_owned())),
        }
    }
    let entry = &detail.entry;
    let source = RowSource::Params(RowParams { params, adds_expiry: false, cvc });
    Ok(RunRow {
        expects: entry.expects.as_deref().cloned(),
        note: entry.note.clone(),
        tags: entry.tags.clone(),
        ..RunRow::new(source)
    })
}

/// The code that is refused as the one of an entry was.
fn refused_code(detail: &EntryDetail) -> Result<CvcVariant, LostPart> {
    let code = detail.entry.code.as_deref().unwrap_or_default();
    let card = detail.request.param("card[number]").and_then(test_cards::by_number);
    if code == "invalid_cvc" {
        Ok(CvcVariant::Bad)
    } else if card.is_some_and(|card| card.at_token.label() == code) {
        // Every code of this card is refused.
        Ok(CvcVariant::Good)
    } else {
        Err(LostPart::Code)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date};

    use super::*;
    use crate::domain::{
        call::{
            api::{ApiResponse, Target},
            token_calls::TokenRequest,
        },
        history::entry::{EntryStatus, HistoryEntry},
    };

    fn detail(params: &[(&str, &str)], error: Option<&str>) -> EntryDetail {
        let request = TokenRequest::new(params.iter().copied().collect()).to_api("key").masked();
        let body = error.map(|code| format!(r#"{{"error": {{"code": "{code}", "param": "cvc"}}}}"#));
        let entry = HistoryEntry {
            id: EntryId(7),
            status: EntryStatus::Unused,
            target: Target::Local,
            token_id: None,
            brand: None,
            last4: None,
            code: error.map(str::to_owned),
            used_by: None,
            used_client: None,
            account: None,
            note: "first".to_owned(),
            tags: vec!["smoke".to_owned()],
            expects: None,
            profile: None,
            judgement: None,
            started: Timestamp::UNIX_EPOCH,
            took: None,
        };
        let http_status = if error.is_some() { 402 } else { 200 };
        let body = body.unwrap_or_else(|| "{}".to_owned()).into_bytes();
        let outcome = Some(Ok(ApiResponse { http_status, headers: Vec::new(), body }));
        let (replaced, timeline) = (Vec::new(), Vec::new());
        EntryDetail { entry, uid: None, request, outcome, replaced, timeline, is_damaged: false }
    }

    #[track_caller]
    fn check(params: &[(&str, &str)], error: Option<&str>, expected: Result<Option<&str>, &str>) {
        let mut rows = EntryRows::default();
        rows.add(&detail(params, error));
        match expected {
            Ok(code) => {
                let row = &rows.rows[0];
                let sent = row.on(date(2030, 1, 15)).request.params;
                assert_eq!(sent.get(CODE), code);
                for (name, value) in params.iter().filter(|(name, _)| *name != CODE) {
                    assert_eq!(sent.get(name), Some(*value));
                }
                assert_eq!((sent.len(), &*row.note, &*row.tags[0]), (params.len(), "first", "smoke"));
            }
            Err(words) => {
                assert!(rows.rows.is_empty() && rows.left_out[0].reason.contains(words), "{rows:?}");
                assert!(!format!("{rows:?}").contains("4539578763621486"));
            }
        }
    }

    #[test]
    fn an_entry_is_made_again_with_a_code_that_does_the_same() {
        let card = ("card[number]", "4242424242424242");
        check(&[card, ("card[exp_year]", "2020")], None, Ok(None));
        check(&[card, ("card[cvc]", "987"), ("odd", "x")], None, Ok(Some("123")));
        check(&[card, ("card[cvc]", "9")], Some("invalid_cvc"), Ok(Some("12")));
        check(&[card, ("card[cvc]", "987")], Some("incorrect_cvc"), Err("the security code that was refused"));
    }

    #[test]
    fn what_is_not_kept_is_left_out_by_name() {
        check(&[("card[number]", "4539578763621486")], None, Err("the number of its card was not kept"));
        let named = [("card[number]", "4242424242424242"), ("card[name]", "of 4539578763621486")];
        check(&named, None, Err("the value of card[name] was not kept whole"));
        let damaged = EntryDetail { is_damaged: true, ..detail(&[], None) };
        let mut rows = EntryRows::default();
        rows.add(&damaged);
        assert_eq!(rows.left_out[0].card, "no card number");
    }
}
