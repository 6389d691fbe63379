//! Entries of the history: what they say once a call came to its end, and how they are written.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    exchanges::KeptToken,
    rows::{self, StoredExchange},
};
use crate::domain::{
    call::{
        api::{ApiResponse, CallFailure, MaskedRequest, Target},
        error::ErrorView,
        token::TokenView,
        usage::{self, TokenUse, TokenVerdict},
    },
    card::digits::only_digits,
    history::{
        entry::{EntryId, EntryStatus, HistoryEntry},
        request_log::{ExchangeId, client_name},
    },
    rules::expectation::Judgement,
};

/// The code of an entry whose answer is a success without a token in it.
const NO_TOKEN: &str = "no_token";

/// The entry of a token creation that nothing came of yet, without a number of its own. `card_number` is the parameter,
/// as it was sent or as it was kept: its last four digits are the entry's.
pub(super) fn unanswered(target: Target, started: Timestamp, card_number: &str) -> HistoryEntry {
    let digits = only_digits(card_number);
    HistoryEntry {
        id: EntryId(0),
        status: EntryStatus::Pending,
        target,
        profile: None,
        token_id: None,
        brand: None,
        last4: digits.len().checked_sub(4).map(|start| digits[start..].to_owned()),
        code: None,
        used_by: None,
        used_client: None,
        account: None,
        note: String::new(),
        tags: Vec::new(),
        expects: None,
        judgement: None,
        started,
        took: None,
    }
}

/// Whether an entry is what was expected of it, after this call with its answer.
pub(super) fn judged(
    entry: &HistoryEntry,
    request: &MaskedRequest,
    response: Option<&ApiResponse>,
) -> Option<Box<Judgement>> {
    match (&entry.expects, response) {
        (Some(expects), Some(response)) => expects.judge(entry.judgement.as_deref(), request, response).map(Box::new),
        _ => entry.judgement.clone(),
    }
}

/// An entry with what came of its creation; `token` is the new one that the answer shows, where it is at hand. With
/// `may_have_happened`, the creation failed here and may have been carried out at Stripe all the same: then the entry is
/// *unknown*.
pub(super) fn settled(
    mut entry: HistoryEntry,
    request: &MaskedRequest,
    took: Duration,
    outcome: &Result<ApiResponse, CallFailure>,
    token: Option<&KeptToken>,
    may_have_happened: bool,
) -> HistoryEntry {
    entry.judgement = judged(&entry, request, outcome.as_ref().ok());
    entry.took = Some(rows::kept_duration(took));
    if let Some(KeptToken { id, brand, last4, .. }) = token {
        entry.token_id = Some(id.clone());
        (entry.brand, entry.last4) = (Some(brand.clone()), Some(last4.clone()));
        entry.status = EntryStatus::Unused;
        return entry;
    }
    (entry.status, entry.code) = match outcome {
        Ok(response) => match response.json().as_ref() {
            Some(body) if response.is_success() => match TokenView::of(body) {
                Some(token) => {
                    entry.token_id = Some(token.id().to_owned());
                    entry.brand = token.brand().map(str::to_owned).or(entry.brand);
                    entry.last4 = token.last4().map(str::to_owned).or(entry.last4);
                    (if token.is_used() { EntryStatus::Used } else { EntryStatus::Unused }, None)
                }
                None => (EntryStatus::Failed, Some(NO_TOKEN.to_owned())),
            },
            body => {
                let code = body.and_then(ErrorView::of).map(|error| error.label().to_owned());
                (EntryStatus::Failed, Some(code.unwrap_or_else(|| format!("http_{}", response.http_status))))
            }
        },
        Err(failure) if may_have_happened => (EntryStatus::Unknown, Some(failure.kind.clone())),
        Err(failure) => (EntryStatus::Failed, Some(failure.kind.clone())),
    };
    entry
}

/// Notes that a call used the entry's token up, with the id of what it made where there is one. The first such id
/// stays.
pub(super) fn mark_used(entry: &mut HistoryEntry, used_by: Option<&str>, request: &MaskedRequest) {
    entry.status = EntryStatus::Used;
    if let (None, Some(used_by)) = (&entry.used_by, used_by) {
        entry.used_by = Some(used_by.to_owned());
        entry.used_client = Some(client_name(request.header("User-Agent")));
    }
}

/// An entry that is lost, made anew from the call that made it and the calls of its timeline, oldest first. What a
/// person wrote on it is gone. Of a call without an answer nobody knows any more whether it was carried out.
pub(super) fn rebuilt(id: EntryId, creation: &StoredExchange, timeline: &[StoredExchange]) -> HistoryEntry {
    let number = creation.request.param("card[number]").unwrap_or_default();
    let entry =
        HistoryEntry { id, status: EntryStatus::Interrupted, ..unanswered(creation.target, creation.started, number) };
    let Some(outcome) = &creation.outcome else { return entry };
    let took = creation.took.unwrap_or_default();
    let mut entry = settled(entry, &creation.request, took, outcome, None, outcome.is_err());
    for call in timeline {
        let response = call.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        if let Some(TokenUse { verdict: TokenVerdict::Used(by), .. }) = usage::of_call(&call.request, response) {
            mark_used(&mut entry, by.as_deref(), &call.request);
        }
    }
    entry
}

/// What is written of an entry besides what it says.
#[derive(Clone, Copy, Default)]
pub(super) struct EntryMarks<'a> {
    /// The number of the change, see [`revision`]: 0 of one that is new.
    pub(super) revision: i64,
    /// The session that waits for the answer.
    pub(super) session: Option<&'a str>,
    /// The call that made the token, where the token's id tells it.
    pub(super) token_call: Option<ExchangeId>,
}

/// Writes an entry that is not in the table. One with a number that is not higher than all others needs a revision, for
/// it is found as new by nobody.
pub(super) fn insert(connection: &Connection, entry: &HistoryEntry, marks: EntryMarks<'_>) -> rusqlite::Result<()> {
    write(connection, INSERT_ENTRY, entry, marks)
}

/// Writes what is known of an entry that is there. `session` is the session that waits for its answer. An entry without
/// one keeps the call that its token tells.
pub(super) fn update(
    connection: &Connection,
    entry: &HistoryEntry,
    revision: i64,
    session: Option<&str>,
) -> rusqlite::Result<()> {
    write(connection, UPDATE_ENTRY, entry, EntryMarks { revision, session, token_call: None })
}

/// The entry of a number, a deleted one too.
pub(super) fn find(connection: &Connection, id: EntryId) -> rusqlite::Result<Option<HistoryEntry>> {
    Ok(select(connection, "id = ?1", [id.0])?.pop())
}

/// The entries that a condition tells, oldest first.
pub(super) fn select(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<HistoryEntry>> {
    connection
        .prepare_cached(&format!("SELECT {} FROM entries WHERE {condition} ORDER BY id", rows::ENTRY))?
        .query_map(values, rows::entry)?
        .collect()
}

/// How many changes of entries there were: the highest number of any, or the counter where entries with higher ones are
/// gone.
pub(super) const REVISION: &str = "SELECT max(coalesce((SELECT value FROM counters WHERE name = 'revision'), 0), \
     coalesce((SELECT max(revision) FROM entries WHERE revision > 0), 0))";

/// The count of all changes of entries: each change has the next number, so that what was changed is found by whoever saw
/// the count before. That an entry was made is none: it has a higher number than those before.
pub(super) fn revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(REVISION)?.query_row([], |row| row.get(0))
}

/// Writes the count down, for entries with the highest numbers will be gone.
pub(super) fn keep_revision(connection: &Connection) -> rusqlite::Result<()> {
    write_revision(connection, revision(connection)?)
}

/// Writes down this count of changes: the last of them left no entry that has it.
pub(super) fn write_revision(connection: &Connection, revision: i64) -> rusqlite::Result<()> {
    let keep = "UPDATE counters SET value = ?1 WHERE name = 'revision'";
    connection.prepare_cached(keep)?.execute([revision]).map(drop)
}

/// The columns that are written of an entry, in the order of the values in [`write()`]: that it was deleted is not
/// among them. The column `run` has the name of the session that waits for the answer.
macro_rules! entry_columns {
    () => {
        "status, target, token_id, brand, last4, code, used_by, started_ms, took_micros, used_client, note, tags, \
         expects, judgement, profile, haystack, revision, run, account"
    };
}
macro_rules! entry_values {
    () => {
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20"
    };
}
const INSERT_ENTRY: &str = concat!(
    "INSERT INTO entries (id, ",
    entry_columns!(),
    ", uid, token_call) VALUES (?1, ",
    entry_values!(),
    ", randomblob(16), ?21)"
);
const UPDATE_ENTRY: &str = concat!(
    "UPDATE entries SET (",
    entry_columns!(),
    ", token_call) = (",
    entry_values!(),
    ", coalesce(?21, token_call)) WHERE id = ?1"
);

fn write(connection: &Connection, sql: &str, entry: &HistoryEntry, marks: EntryMarks<'_>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(sql)?
        .execute(params![
            entry.id.0,
            entry.status.as_str(),
            entry.target.as_str(),
            entry.token_id,
            entry.brand,
            entry.last4,
            entry.code,
            entry.used_by,
            entry.started.as_millisecond(),
            entry.took.map(rows::micros),
            entry.used_client,
            entry.note,
            rows::tags_json(&entry.tags),
            entry.expects.as_ref().map(|expects| expects.to_json().to_string()),
            entry.judgement.as_ref().map(|judgement| judgement.to_json().to_string()),
            entry.profile.map(|profile| profile.0),
            haystack(entry),
            marks.revision,
            marks.session,
            entry.account,
            marks.token_call.map(|call| call.0),
        ])
        .map(drop)
}

/// What a search looks through besides the columns that are searched themselves (see `reader::conditions`), in lower
/// case: what a person wrote, and the judgement. Each part is a line of its own, so that no word is found across two.
pub(super) fn haystack(entry: &HistoryEntry) -> String {
    let mut haystack = entry.note.clone();
    for tag in &entry.tags {
        haystack = haystack + "\n#" + tag;
    }
    if let Some(judgement) = &entry.judgement {
        haystack = haystack + "\n" + judgement.word();
    }
    haystack.to_lowercase()
}
