//! The orders of lists other than that of creation: keys that compare as bytes, and the entries sorted by them. SQLite's
//! own sorter takes three times as long for a million rows, and could not be left halfway.

use std::cmp::Ordering;

use rusqlite::{Row, types::ValueRef};

use crate::domain::history::{
    entry::{EntryId, EntryStatus},
    filter::{SortKey, SortOrder},
};

/// The columns whose values make a key.
pub(super) fn key_columns(key: SortKey) -> &'static [&'static str] {
    match key {
        SortKey::Created => &[],
        SortKey::Took => &["took_micros"],
        SortKey::Status => &["status"],
        SortKey::Card => &["brand", "last4"],
        SortKey::Token => &["token_id"],
        SortKey::Source => &["target"],
        SortKey::UsedBy => &["used_by"],
        SortKey::Account => &["account"],
    }
}

/// So many bytes of a key count: a text that long is no id.
const LONGEST_KEY: usize = 255;
/// So many of them are compared as one number.
const HEAD: usize = size_of::<u128>();

/// Entries that are to be sorted by their keys; of equal keys the newest first, and last those without a value.
#[derive(Debug)]
pub(super) struct KeyedIds {
    sort: SortOrder,
    keys: Vec<KeyedId>,
    /// What keys are longer than their heads, one after the other.
    tails: Vec<u8>,
    /// The key that is being made.
    key: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct KeyedId {
    head: u128,
    tail: u32,
    tail_len: u32,
    id: EntryId,
}

impl KeyedIds {
    pub(super) fn new(sort: SortOrder) -> Self {
        Self { sort, keys: Vec::new(), tails: Vec::new(), key: Vec::new() }
    }

    pub(super) fn sort(&self) -> SortOrder {
        self.sort
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Forgets all entries but so many that were taken first.
    pub(super) fn truncate(&mut self, len: usize) {
        self.keys.truncate(len);
    }

    /// Takes an entry: its id is the row's first column, followed by those of its key.
    pub(super) fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let id = EntryId(row.get(0)?);
        self.key.clear();
        for column in 1..=key_columns(self.sort.key).len() {
            self.push_value(row.get_ref(column)?);
        }
        self.key.truncate(LONGEST_KEY);
        let (head, tail) = self.key.split_at(self.key.len().min(HEAD));
        let mut bytes = [0; HEAD];
        bytes[..head.len()].copy_from_slice(head);
        self.keys.push(KeyedId {
            head: u128::from_be_bytes(bytes),
            tail: u32::try_from(self.tails.len()).unwrap_or(u32::MAX),
            tail_len: tail.len() as u32,
            id,
        });
        self.tails.extend_from_slice(tail);
        Ok(())
    }

    /// Adds a value to the key that is being made, so that keys compare as their values do, one column after the other.
    fn push_value(&mut self, value: ValueRef<'_>) {
        const VALUE: u8 = 1;
        let none = if self.sort.is_descending { 0 } else { u8::MAX };
        match value {
            ValueRef::Text(text) if self.sort.key == SortKey::Status => {
                let place = EntryStatus::ALL.iter().position(|status| status.as_str().as_bytes() == text);
                self.key.push(place.map_or(none, |place| VALUE + place as u8));
            }
            ValueRef::Text(text) => {
                self.key.push(VALUE);
                self.key.extend_from_slice(text);
                // The shorter of two texts that begin alike comes first.
                self.key.push(0);
            }
            ValueRef::Integer(number) => {
                self.key.push(VALUE);
                // With the sign turned round, negative numbers are the smaller bytes.
                self.key.extend_from_slice(&(number ^ i64::MIN).to_be_bytes());
            }
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => self.key.push(none),
        }
    }

    pub(super) fn sorted(mut self) -> Vec<EntryId> {
        let tails = &self.tails;
        let tail = |keyed: &KeyedId| {
            let from = keyed.tail as usize;
            tails.get(from..from + keyed.tail_len as usize).unwrap_or_default()
        };
        let by_key = |one: &KeyedId, other: &KeyedId| {
            one.head.cmp(&other.head).then_with(|| match (one.tail_len, other.tail_len) {
                (0, 0) => Ordering::Equal,
                _ => tail(one).cmp(tail(other)),
            })
        };
        let is_descending = self.sort.is_descending;
        self.keys.sort_unstable_by(|one, other| {
            let order = by_key(one, other);
            (if is_descending { order.reverse() } else { order }).then_with(|| other.id.cmp(&one.id))
        });
        self.keys.into_iter().map(|keyed| keyed.id).collect()
    }
}
