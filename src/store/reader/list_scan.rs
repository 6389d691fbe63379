//! Lists of the history, made in pieces of bounded work: between two pieces, whoever makes a list can show what was found
//! so far, do something else, or give the list up.

use rusqlite::{Row, params_from_iter};

use super::{
    conditions::{SqlCondition, ids_json},
    sort_keys::{KeyedIds, key_columns},
    tolerant::{ReadResult, TolerantConnection},
};
use crate::{
    domain::history::{
        entry::EntryId,
        filter::{HistoryFilter, SortKey},
    },
    store::error::is_damage,
};

/// How many numbers of entries the first piece goes through: mostly the newest entries fill the screen.
const FIRST_PIECE: usize = 500;
/// How many the others do: some milliseconds' work.
const PIECE: usize = 10_000;

/// A list on its way.
#[derive(Debug)]
pub struct ListScan {
    condition: SqlCondition,
    remaining: RemainingEntries,
    is_oldest_first: bool,
    /// Where the order is not that of creation: what was found so far, to be sorted at the end.
    keyed: Option<KeyedIds>,
    piece: usize,
    pieces_read: u64,
}

/// What a piece of a list found.
#[derive(Debug, PartialEq, Eq)]
pub struct ListPiece {
    /// The next entries of the list, in its order. For an order other than that of creation, all come with the last piece.
    pub ids: Vec<EntryId>,
    pub is_last: bool,
}

/// The entries that were not gone through yet.
#[derive(Debug)]
enum RemainingEntries {
    /// Those with smaller numbers.
    Below(i64),
    /// Those with larger numbers.
    Above(i64),
    /// Of those that the filter names, in the reverse of the order in which they are gone through.
    Named(Vec<EntryId>),
}

impl RemainingEntries {
    /// Takes away what was gone through: down or up to a number, or all but so many of the named.
    fn go_on_to(&mut self, bound: i64) {
        match self {
            Self::Below(number) | Self::Above(number) => *number = bound,
            Self::Named(named) => named.truncate(bound as usize),
        }
    }
}

impl ListScan {
    pub(super) fn of(filter: &HistoryFilter) -> Self {
        let is_oldest_first = filter.sort.key == SortKey::Created && !filter.sort.is_descending;
        let named = filter.among.as_ref().map(|named| {
            let mut named = named.clone();
            named.sort_unstable();
            named.dedup();
            if is_oldest_first {
                named.reverse();
            }
            named
        });
        let remaining = match named {
            Some(named) => RemainingEntries::Named(named),
            None if is_oldest_first => RemainingEntries::Above(i64::MIN),
            None => RemainingEntries::Below(i64::MAX),
        };
        let keyed = (filter.sort.key != SortKey::Created).then(|| KeyedIds::new(filter.sort));
        let condition = SqlCondition::of(&HistoryFilter { among: None, ..filter.clone() });
        Self { condition, remaining, is_oldest_first, keyed, piece: FIRST_PIECE, pieces_read: 0 }
    }

    /// Whether an entry is of those that were gone through, passing or not.
    pub fn has_passed(&self, id: EntryId) -> bool {
        match &self.remaining {
            RemainingEntries::Below(below) => id.0 >= *below,
            RemainingEntries::Above(above) => id.0 <= *above,
            RemainingEntries::Named(named) => !named.contains(&id),
        }
    }

    /// How many pieces were read so far: what a test counts instead of time.
    pub fn pieces_read(&self) -> u64 {
        self.pieces_read
    }

    fn columns(&self) -> String {
        let keys = self.keyed.as_ref().map_or(&[][..], |keyed| key_columns(keyed.sort().key));
        std::iter::once("id").chain(keys.iter().copied()).collect::<Vec<_>>().join(", ")
    }

    fn direction(&self) -> &'static str {
        if self.is_oldest_first { "ASC" } else { "DESC" }
    }

    /// The condition of what remains.
    fn rest(&self) -> SqlCondition {
        match &self.remaining {
            RemainingEntries::Below(below) => self.condition.and("id < ?", [(*below).into()]),
            RemainingEntries::Above(above) => self.condition.and("id > ?", [(*above).into()]),
            RemainingEntries::Named(named) => among(&self.condition, named),
        }
    }
}

fn among(condition: &SqlCondition, ids: &[EntryId]) -> SqlCondition {
    condition.and("id IN (SELECT value FROM json_each(?))", [ids_json(ids).into()])
}

impl TolerantConnection {
    /// The next piece of a list. After the last one there is nothing more to ask for.
    pub(super) fn next_piece(&self, scan: &mut ListScan) -> ReadResult<ListPiece> {
        let size = std::mem::replace(&mut scan.piece, PIECE);
        scan.pieces_read += 1;
        let (ids, is_last) = match self.sound_piece(scan, size) {
            Ok(Some(ids)) => (ids, false),
            Ok(None) => (Vec::new(), true),
            Err(error) if is_damage(&error) => (self.rest_of_damaged(scan)?, true),
            Err(error) => return Err(self.store_error(&error)),
        };
        match scan.keyed.take_if(|_| is_last) {
            Some(keyed) => Ok(ListPiece { ids: keyed.sorted(), is_last }),
            None => Ok(ListPiece { ids, is_last }),
        }
    }

    /// The entries of the next piece that pass; `None` where no entries remain. Those that are to be sorted are put by.
    /// After an error, all of the piece remains.
    fn sound_piece(&self, scan: &mut ListScan, size: usize) -> rusqlite::Result<Option<Vec<EntryId>>> {
        let Some((condition, bound)) = self.piece_after(scan, size)? else { return Ok(None) };
        let sql = piece_sql(&scan.columns(), &condition, scan.direction());
        let put_by = scan.keyed.as_ref().map_or(0, KeyedIds::len);
        let keyed = &mut scan.keyed;
        match self.all(&sql, params_from_iter(condition.values), |row| take_row(row, keyed)) {
            Ok(found) => {
                scan.remaining.go_on_to(bound);
                Ok(Some(found.into_iter().flatten().collect()))
            }
            Err(error) => {
                scan.keyed.iter_mut().for_each(|keyed| keyed.truncate(put_by));
                Err(error)
            }
        }
    }

    /// The condition of the next piece, and the bound of what remains after it. A gap among the numbers costs one
    /// question.
    fn piece_after(&self, scan: &ListScan, size: usize) -> rusqlite::Result<Option<(SqlCondition, i64)>> {
        let most = i64::try_from(size).unwrap_or(i64::MAX);
        let next = |sql: &str, bound: i64| -> rusqlite::Result<Option<i64>> {
            self.connection.prepare_cached(sql)?.query_row([bound], |row| row.get(0))
        };
        let between = |first: i64, last: i64| scan.condition.and("id BETWEEN ? AND ?", [first.into(), last.into()]);
        Ok(match &scan.remaining {
            RemainingEntries::Below(below) => next("SELECT max(id) FROM entries NOT INDEXED WHERE id < ?1", *below)?
                .map(|last| {
                    let first = last.saturating_sub(most - 1);
                    (between(first, last), first)
                }),
            RemainingEntries::Above(above) => next("SELECT min(id) FROM entries NOT INDEXED WHERE id > ?1", *above)?
                .map(|first| {
                    let last = first.saturating_add(most - 1);
                    (between(first, last), last)
                }),
            RemainingEntries::Named(named) => (!named.is_empty()).then(|| {
                let rest = named.len().saturating_sub(size);
                (among(&scan.condition, &named[rest..]), i64::try_from(rest).unwrap_or(i64::MAX))
            }),
        })
    }

    /// What remains of a list where a page is damaged, as far as it can be read.
    fn rest_of_damaged(&self, scan: &mut ListScan) -> ReadResult<Vec<EntryId>> {
        let ids = self.entry_ids(&scan.rest(), &format!("id {}", scan.direction()))?;
        let Some(keyed) = &mut scan.keyed else { return Ok(ids) };
        let sql =
            format!("SELECT id, {} FROM entries NOT INDEXED WHERE id = ?1", key_columns(keyed.sort().key).join(", "));
        let numbers = ids.into_iter().map(|id| id.0);
        self.one_by_one(&sql, numbers, |row| keyed.push(row), |damage, id| damage.entries.insert(id))?;
        Ok(Vec::new())
    }
}

fn piece_sql(columns: &str, condition: &SqlCondition, direction: &str) -> String {
    format!("SELECT {columns} FROM entries WHERE {} ORDER BY id {direction}", condition.sql)
}

/// Gives the entry of a row, or puts it by to be sorted.
fn take_row(row: &Row<'_>, keyed: &mut Option<KeyedIds>) -> rusqlite::Result<Option<EntryId>> {
    match keyed {
        Some(keyed) => keyed.push(row).map(|()| None),
        None => row.get(0).map(|id| Some(EntryId(id))),
    }
}
