//! Everything about an entry: its creation with the answer, and the calls of its timeline.

use std::collections::HashMap;

use rusqlite::Row;

use super::{
    conditions::ids_json,
    tolerant::{ReadResult, TolerantConnection},
};
use crate::{
    domain::{
        call::api::{ApiExchange, HttpMethod, MaskedRequest},
        history::entry::{EntryDetail, EntryId, EntryUid, HistoryEntry},
    },
    store::{
        error::is_damage,
        exchanges,
        rows::{self, StoredExchange},
    },
};

impl TolerantConnection {
    /// Everything about these entries, in their order. `calls_by_entry` is filled when the index of calls turns out to
    /// be damaged, and is used from then on: to be kept from one page of entries to the next.
    pub(super) fn details(
        &self,
        entries: Vec<HistoryEntry>,
        calls_by_entry: &mut Option<CallsByEntry>,
    ) -> ReadResult<Vec<EntryDetail>> {
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let at_once = match calls_by_entry {
            Some(_) => None,
            None => Some(self.all(
                &format!(
                    "SELECT {}, id FROM exchanges WHERE {} ORDER BY entry, id",
                    rows::EXCHANGE,
                    exchanges::of_entries("SELECT value FROM json_each(?1)")
                ),
                [ids_json(&ids)],
                |row| Ok(self.stored_exchange(row)),
            )),
        };
        let exchanges: Vec<StoredExchange> = match at_once {
            Some(Ok(exchanges)) => exchanges.into_iter().flatten().collect(),
            Some(Err(error)) if !is_damage(&error) => return Err(self.store_error(&error)),
            _ => {
                let calls_by_entry = match calls_by_entry {
                    Some(calls_by_entry) => calls_by_entry,
                    None => calls_by_entry.insert(CallsByEntry::of(self.sound_exchanges()?)),
                };
                self.exchanges(ids.iter().flat_map(|id| calls_by_entry.calls_of(*id)).copied())?
            }
        };
        let mut calls: HashMap<EntryId, EntryCalls> = HashMap::new();
        for exchange in exchanges {
            if let Some(entry) = exchange.entry {
                calls.entry(entry).or_default().push(exchange);
            }
        }
        let uids = self.uids(&ids)?;
        let detail = |entry: HistoryEntry| {
            let uid = uids.get(&entry.id).copied();
            let EntryCalls { creation, timeline } = calls.remove(&entry.id).unwrap_or_default();
            let (request, outcome, replaced) = match creation {
                Some(creation) => (creation.request, creation.outcome, creation.replaced),
                None => {
                    self.damage.borrow_mut().parts.insert(entry.id.0);
                    (lost_request(), None, Vec::new())
                }
            };
            let is_damaged = self.damage.borrow().parts.contains(entry.id.0);
            EntryDetail { entry, uid, request, outcome, replaced, timeline, is_damaged }
        };
        Ok(entries.into_iter().map(detail).collect())
    }

    /// What tells these entries from those of other histories, as far as it can be read: damage of the entries
    /// themselves was noted when they were read.
    fn uids(&self, ids: &[EntryId]) -> ReadResult<HashMap<EntryId, EntryUid>> {
        let read = |row: &Row<'_>| {
            let uid: Option<Vec<u8>> = row.get(1).unwrap_or_default();
            let uid = uid.and_then(|bytes| bytes.try_into().ok()).map(|bytes| EntryUid(u128::from_be_bytes(bytes)));
            Ok((EntryId(row.get(0)?), uid))
        };
        let sql = "SELECT id, uid FROM entries WHERE id IN (SELECT value FROM json_each(?1))";
        match self.all(sql, [ids_json(ids)], read) {
            Err(error) if is_damage(&error) => Ok(HashMap::new()),
            read => {
                let uids = read.map_err(|error| self.store_error(&error))?.into_iter();
                Ok(uids.filter_map(|(id, uid)| Some((id, uid?))).collect())
            }
        }
    }
}

/// The calls of each entry, oldest first, where the index that tells them cannot be used.
#[derive(Debug)]
pub(super) struct CallsByEntry(HashMap<EntryId, Vec<i64>>);

impl CallsByEntry {
    fn of(mut calls: Vec<(i64, Option<i64>)>) -> Self {
        calls.sort_unstable();
        let mut of_entries: HashMap<EntryId, Vec<i64>> = HashMap::new();
        for (call, entry) in calls {
            if let Some(entry) = entry {
                of_entries.entry(EntryId(entry)).or_default().push(call);
            }
        }
        Self(of_entries)
    }

    fn calls_of(&self, entry: EntryId) -> &[i64] {
        self.0.get(&entry).map_or(&[], Vec::as_slice)
    }
}

/// What stands for a creation that cannot be read.
pub(super) fn lost_request() -> MaskedRequest {
    MaskedRequest {
        method: HttpMethod::Post,
        path: "/v1/tokens".to_owned(),
        params: Vec::new(),
        kept: Vec::new(),
        headers: Vec::new(),
    }
}

/// The calls of an entry.
#[derive(Default)]
struct EntryCalls {
    creation: Option<StoredExchange>,
    timeline: Vec<ApiExchange>,
}

impl EntryCalls {
    fn push(&mut self, exchange: StoredExchange) {
        if exchange.is_creation {
            self.creation = Some(exchange);
        } else {
            self.timeline.extend(exchange.finished());
        }
    }
}
