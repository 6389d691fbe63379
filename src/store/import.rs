//! Entries of another history, as an export has them, written into this one: all of a file in one transaction, or nothing.
//!
//! An imported entry is history: the minter does not know its token, and no idempotency key is remembered for it. Its
//! calls stay with it whatever the bound of the request log, for a person has asked for them.

use std::{collections::HashMap, sync::Arc};

use rusqlite::Connection;

use super::{
    call::MaskedCall,
    entries::{self, EntryMarks},
    error::{JobError, StoreError},
    exchanges::{self, EndedCall, LedgerUse},
    rows, worlds,
    write_context::WriteContext,
};
use crate::domain::{
    call::{
        api::{ApiExchange, ApiRequest, ApiResponse, CallFailure, MaskedRequest, Target},
        redaction::Redaction,
    },
    history::{
        entry::{EntryDetail, EntryId, EntryUid, HistoryEntry},
        request_log::ExchangeId,
    },
    mask::{self, OwnSecrets},
};

/// Gives all entries of a file, one after the other, each time it is called: the writer may have to ask twice. What the
/// receiver says against an entry ends it, and is given back with its place.
pub type ImportSource = Box<dyn Fn(&mut dyn FnMut(EntryDetail) -> Result<(), String>) -> Result<(), String> + Send>;

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub new: u64,
    /// Entries that the history had already, which stay as they are here.
    pub known: u64,
    /// Those among them that were deleted here, and stay deleted.
    pub deleted: u64,
}

/// The numbers of a file's entries, as they were found when the file was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileNumbers {
    pub entries: u64,
    pub highest: i64,
    last: Option<i64>,
    /// Whether an entry had a number that is not lower than that of the entry before it.
    is_mixed: bool,
}

/// A file with a higher number is no history's: the numbers that follow it would soon be more than JSON's readers take.
const HIGHEST_KEPT: i64 = 1 << 40;

impl FileNumbers {
    /// Takes the next number of the file.
    pub fn add(&mut self, number: i64) {
        self.entries += 1;
        self.highest = self.highest.max(number);
        self.is_mixed |= self.last.is_some_and(|last| number >= last);
        self.last = Some(number);
    }

    /// The number of an entry in this history. An export has its newest entry first, with the highest number. It keeps the
    /// number where none as high was given here, as in a new history; else the entries come after all that were given, in
    /// their order. Where the file is no single export, as two that were joined, the order of its lines counts.
    fn number_here(&self, in_file: i64, place: u64, given: i64) -> i64 {
        if self.is_mixed || self.highest > HIGHEST_KEPT {
            return given + (self.entries - place).cast_signed();
        }
        if in_file > given { in_file } else { in_file + given.max(self.highest) }
    }
}

impl WriteContext {
    /// Writes the entries of a file, which has these numbers.
    pub(super) fn import(&mut self, source: &ImportSource, numbers: FileNumbers) -> Result<ImportReport, JobError> {
        let mut known = known_entries(&self.connection)?;
        let given: i64 = self.connection.query_row(LAST_GIVEN, [], |row| row.get(0))?;
        let mut report = ImportReport::default();
        let mut place = 0;
        let mut failed: Option<rusqlite::Error> = None;
        let read = source(&mut |detail| {
            let here = place;
            place += 1;
            let Some(uid) = detail.uid else { return Err("the entry has no uid".to_owned()) };
            if let Some(is_deleted) = known.get(&uid) {
                report.known += 1;
                report.deleted += u64::from(*is_deleted);
                return Ok(());
            }
            if let Some(field) = unmasked_field(&detail) {
                return Err(not_kept(&field));
            }
            if detail.entry.id.0 > numbers.highest || here >= numbers.entries {
                return Err("the file was changed while it was read".to_owned());
            }
            known.insert(uid, false);
            report.new += 1;
            let number = numbers.number_here(detail.entry.id.0, here, given);
            self.import_entry(detail, EntryId(number), uid).map_err(|error| {
                let words = error.to_string();
                failed = Some(error);
                words
            })
        });
        match (read, failed) {
            (_, Some(error)) => Err(error.into()),
            (Err(reason), None) => Err(StoreError::NotImported { reason }.into()),
            (Ok(()), None) => Ok(report),
        }
    }

    fn import_entry(&mut self, detail: EntryDetail, id: EntryId, uid: EntryUid) -> rusqlite::Result<()> {
        let EntryDetail { entry, request, outcome, replaced, timeline, .. } = detail;
        let entry = HistoryEntry { id, started: rows::kept_moment(entry.started), ..entry };
        let marks = EntryMarks { revision: self.next_revision(), ..EntryMarks::default() };
        let entry = entries::insert(&self.connection, entry, marks)?;
        self.connection
            .prepare_cached("UPDATE entries SET uid = ?2 WHERE id = ?1")?
            .execute((id.0, uid.0.to_be_bytes()))?;
        let creation = masked_call(&entry, request, entry.target, entry.started);
        match outcome {
            Some(outcome) => self.import_call(&creation, &entry, true, entry.took, &outcome, &replaced)?,
            None => {
                let number = ExchangeId(self.last_call + 1);
                exchanges::insert_begun(&self.connection, number, Some(id), &creation)?;
                self.last_call = number.0;
            }
        }
        for ApiExchange { target, started, took, request, outcome, replaced } in timeline {
            let call = masked_call(&entry, request, target, started);
            self.import_call(&call, &entry, false, Some(took), &outcome, &replaced)?;
        }
        Ok(())
    }

    /// Writes a call as one of its target is written here: a call to the real API may be asked again.
    fn import_call(
        &mut self,
        call: &MaskedCall,
        entry: &HistoryEntry,
        is_creation: bool,
        took: Option<std::time::Duration>,
        outcome: &Result<ApiResponse, CallFailure>,
        replaced: &[std::ops::Range<usize>],
    ) -> rusqlite::Result<()> {
        let number = ExchangeId(self.last_call + 1);
        let took = took.unwrap_or_default();
        match call.target {
            Target::Local => {
                let ledger = &LedgerUse::default();
                let ended = EndedCall { number, entry: Some(entry.id), is_creation, call, took, outcome, ledger };
                exchanges::insert_ended(&self.connection, &mut self.packer, &ended)?;
            }
            Target::Stripe => {
                exchanges::insert_begun(&self.connection, number, Some(entry.id), call)?;
                // A call that begins for an entry counts as the one that made it.
                self.connection
                    .prepare_cached("UPDATE exchanges SET is_creation = ?2 WHERE id = ?1")?
                    .execute((number.0, is_creation))?;
                let about = Some(entry.id);
                exchanges::write_outcome(&self.connection, number, about, took, &call.request, outcome, replaced)?;
            }
        }
        self.last_call = number.0;
        Ok(())
    }
}

/// The last number that was given to an entry, also to one that is gone.
const LAST_GIVEN: &str = "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0), \
     coalesce((SELECT max(id) FROM entries), 0))";

/// The entries that are here, each with whether it is deleted: 32 bytes an entry, for as long as an import takes.
fn known_entries(connection: &Connection) -> rusqlite::Result<HashMap<EntryUid, bool>> {
    let mut known = connection.prepare("SELECT uid, deleted_ms IS NOT NULL FROM entries WHERE uid IS NOT NULL")?;
    let known = known.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?)))?;
    known.map(|row| row.map(|(uid, is_deleted)| (EntryUid(u128::from_be_bytes(uid)), is_deleted))).collect()
}

fn masked_call(entry: &HistoryEntry, request: MaskedRequest, target: Target, started: jiff::Timestamp) -> MaskedCall {
    MaskedCall {
        redaction: Arc::default(),
        world: worlds::COMMON.to_owned(),
        account: entry.account.clone(),
        target,
        started,
        params_json: rows::params_json(&request),
        headers_json: rows::pairs_json(&request.headers),
        request,
        entry: None,
    }
}

/// The words about a field of a file that holds what is never written down.
pub fn not_kept(field: &str) -> String {
    format!(
        "{field} holds a card number that is no published test card's, a security code or a key, which no export does. \
         Take it out of the file, then import again"
    )
}

/// The field of an entry that holds what the history would have masked; `None` where there is none. What was masked
/// once stays as it is when it is masked again.
pub fn unmasked_field(detail: &EntryDetail) -> Option<String> {
    let EntryDetail { entry, request, outcome, timeline, .. } = detail;
    let texts = [
        ("token", entry.token_id.as_deref()),
        ("brand", entry.brand.as_deref()),
        ("last4", entry.last4.as_deref()),
        ("code", entry.code.as_deref()),
        ("used_by", entry.used_by.as_deref()),
        ("used_client", entry.used_client.as_deref()),
        ("account", entry.account.as_deref()),
        ("note", Some(entry.note.as_str())),
        ("tags", Some(&*entry.tags.join(" "))),
        ("expected", entry.expects.as_ref().map(|expects| expects.to_json().to_string()).as_deref()),
        ("judgement", entry.judgement.as_ref().map(|judgement| judgement.to_json().to_string()).as_deref()),
    ]
    .into_iter()
    .find(|(_, text)| text.is_some_and(|text| !mask::is_whole(text)))
    .map(|(field, _)| field.to_owned());
    texts.or_else(|| unmasked_part(request, outcome.as_ref()).map(str::to_owned)).or_else(|| {
        let calls = timeline.iter().enumerate();
        calls
            .filter_map(|(at, call)| Some((at, unmasked_part(&call.request, Some(&call.outcome))?)))
            .map(|(at, part)| format!("timeline[{at}].{part}"))
            .next()
    })
}

fn unmasked_part(request: &MaskedRequest, outcome: Option<&Result<ApiResponse, CallFailure>>) -> Option<&'static str> {
    let sent = ApiRequest {
        method: request.method,
        path: request.path.clone(),
        params: request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        headers: request.headers.clone(),
    };
    let (redaction, again) = Redaction::with_request(&sent);
    if again.params != request.params {
        return Some("request.params");
    }
    if again.path != request.path {
        return Some("request.path");
    }
    if again.headers != request.headers {
        return Some("request.headers");
    }
    match outcome? {
        Ok(answer) => {
            let kept = redaction.foreign_answer(answer);
            if !kept.replaced.is_empty() {
                return Some("response.body");
            }
            (kept.answer.headers != answer.headers).then_some("response.headers")
        }
        Err(CallFailure { kind, message, text, .. }) => {
            let own = OwnSecrets::default();
            let is_masked = |text: &str| mask::redacted_body(text, &own).is_none();
            let is_kept = mask::is_whole(kind)
                && mask::redacted_message(message, &own).is_none()
                && text.as_deref().is_none_or(is_masked);
            (!is_kept).then_some("failure")
        }
    }
}
