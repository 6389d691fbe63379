//! What a person changes in the history: notes, tags, deleting and restoring. The ledger knows nothing of it.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::{
    entries::{self, haystack},
    error::{JobError, StoreError},
    exchanges,
    key_index::MOST_ANSWERS,
    ledger, rows, schema,
    write_context::{WalCleanup, WriteContext},
};
use crate::{
    domain::{
        history::{
            edit::{EntryEdit, tagged},
            entry::{EntryId, HistoryEntry},
        },
        mask,
    },
    minter::ledger::KEY_KEPT_SECS,
};

/// How long a deleted entry can be restored for certain.
const RESTORABLE_FOR: Duration = Duration::from_hours(1);
/// The most entries that one opening of the store drops for good, so that it stays quick.
const MOST_DROPPED: u32 = 1000;

/// An edit as it may be written. Made on the thread of the caller, as [`super::call::MaskedCall`] is.
pub(super) fn masked(edit: EntryEdit) -> EntryEdit {
    match edit {
        EntryEdit::Note { id, note } => EntryEdit::Note { id, note: mask::text(&note) },
        EntryEdit::Tag { ids, add, remove } => {
            // Masked as one line: the four groups of a card number may be typed as four tags.
            let line = mask::text(&add.join(" "));
            EntryEdit::Tag {
                ids,
                add: line.split(' ').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
                remove,
            }
        }
        other => other,
    }
}

impl WriteContext {
    /// Carries out an edit; gives how many entries it changed.
    pub(super) fn edit(&mut self, edit: &EntryEdit, now: Timestamp) -> Result<u64, JobError> {
        let done = match edit {
            EntryEdit::Note { id, note } => self.rewrite(&[*id], |entry| entry.note.clone_from(note))?,
            EntryEdit::Tag { ids, add, remove } => {
                self.rewrite(ids, |entry| entry.tags = tagged(&entry.tags, add, remove))?
            }
            EntryEdit::Delete { ids } => self.set_deleted(ids, "deleted_ms IS NULL", Some(now))?,
            EntryEdit::Restore { ids } => self.set_deleted(ids, "deleted_ms IS NOT NULL", None)?,
        };
        if done == 0 { Err(StoreError::Gone { doing: edit.doing() }.into()) } else { Ok(done) }
    }

    /// Writes anew what a person wrote on entries, and nothing else of them.
    fn rewrite(&mut self, ids: &[EntryId], change: impl Fn(&mut HistoryEntry)) -> rusqlite::Result<u64> {
        self.wal_cleanup = WalCleanup::Asked;
        let revision = self.next_revision();
        let mut update = self
            .connection
            .prepare_cached("UPDATE entries SET note = ?2, tags = ?3, haystack = ?4, revision = ?5 WHERE id = ?1")?;
        let mut done = 0;
        for id in ids {
            let Some(mut entry) = entries::select(&self.connection, "id = ?1 AND deleted_ms IS NULL", [id.0])?.pop()
            else {
                continue;
            };
            change(&mut entry);
            update.execute((id.0, &entry.note, rows::tags_json(&entry.tags), haystack(&entry), revision))?;
            done += 1;
        }
        Ok(done)
    }

    fn set_deleted(&mut self, ids: &[EntryId], which: &str, moment: Option<Timestamp>) -> rusqlite::Result<u64> {
        let revision = self.next_revision();
        let mut update = self
            .connection
            .prepare_cached(&format!("UPDATE entries SET deleted_ms = ?2, revision = ?3 WHERE id = ?1 AND {which}"))?;
        let mut done = 0;
        for id in ids {
            done += update.execute((id.0, moment.map(Timestamp::as_millisecond), revision))? as u64;
        }
        Ok(done)
    }
}

/// Drops entries for good that were deleted long enough ago, with their calls: from the file's free pages and the WAL
/// too. An entry whose answer the minter still remembers under an idempotency key stays hidden until its day is over,
/// because deleting never touches the ledger. Tokens that are kept with its calls stay, too.
pub(super) fn drop_deleted(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<()> {
    let long_ago = now.as_millisecond() - i64::try_from(RESTORABLE_FOR.as_millis()).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let dropped = transaction
        .prepare(&format!(
            "SELECT id FROM entries WHERE deleted_ms < ?1 AND run IS NULL AND NOT EXISTS (SELECT 1 FROM exchanges \
             LEFT JOIN answers ON answers.exchange = exchanges.id WHERE exchanges.{} \
             AND (answers.key IS NOT NULL OR exchanges.record IS NOT NULL AND exchanges.started_ms > ?3 \
             AND exchanges.id > (SELECT max(id) FROM exchanges) - ?4)) LIMIT ?2",
            exchanges::of_entries("entries.id")
        ))?
        .query_map((long_ago, MOST_DROPPED, now.as_millisecond() - 1000 * KEY_KEPT_SECS, MOST_ANSWERS), |row| {
            row.get(0).map(EntryId)
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if !dropped.is_empty() {
        entries::keep_revision(&transaction)?;
    }
    for entry in &dropped {
        ledger::keep_tokens_of(&transaction, Some(*entry))?;
        transaction.prepare_cached("DELETE FROM entries WHERE id = ?1")?.execute([entry.0])?;
    }
    transaction.commit()?;
    if !dropped.is_empty() {
        tracing::info!(entries = dropped.len(), "deleted entries were dropped for good");
        // Where another process reads meanwhile, the last to close the history empties the WAL.
        schema::empty_wal(connection)?;
    }
    Ok(())
}
