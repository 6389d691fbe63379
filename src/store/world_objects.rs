//! The minter's objects of one world as they are read: by the ledger that also writes them, and by calls that only read.

use rusqlite::{Connection, Row};

use super::{
    event_list::EventList,
    exchanges,
    numbered_ids::IdNumbers,
    objects::{self, ObjectColumns, ObjectKey},
    outbox, rows,
};
use crate::{
    domain::{history::request_log::ExchangeId, mask::keyed_hash::IdentityKey},
    minter::{ObjectKind, PageCursor, PageQuery, StoredObject},
};

/// Reads the objects of one world. Of the accounts in it, `None` is the world's own and any other one is named as it is
/// stored.
#[derive(Clone, Copy)]
pub(super) struct WorldObjects<'a> {
    pub(super) connection: &'a Connection,
    pub(super) world: &'a str,
    pub(super) identities: &'a IdentityKey,
    pub(super) numbers: &'a IdNumbers,
    /// What calls up to this one left was made void by a reset.
    pub(super) void: ExchangeId,
}

impl WorldObjects<'_> {
    /// What an id is stored and looked up as. Ids that the minter makes are stored as they are.
    pub(super) fn stored(&self, id: &str) -> String {
        self.identities.stored(id)
    }

    /// The token that is kept with the call which its id tells, and that call.
    pub(super) fn kept_token(
        &self,
        account: Option<&str>,
        id: &str,
    ) -> rusqlite::Result<Option<(StoredObject, ExchangeId)>> {
        let Some(number) = self.numbers.call_of(id).filter(|number| *number > self.void) else { return Ok(None) };
        let found = exchanges::token(self.connection, number, self.world, account.unwrap_or_default())?;
        Ok(found.filter(|token| token.id == id).map(|token| (token, number)))
    }

    /// The same as the answer of that call showed it: see [`crate::minter::Ledger::shown_token`].
    pub(super) fn shown_token(
        &self,
        account: Option<&str>,
        id: &str,
        version: &str,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        let Some(number) = self.numbers.call_of(id).filter(|number| *number > self.void) else { return Ok(None) };
        let place = (self.world, account.unwrap_or_default());
        exchanges::token_as_shown(self.connection, number, place, id, version)
    }

    /// The object of this kind and id that has a row of its own, and where that is.
    pub(super) fn object(
        &self,
        account: Option<&str>,
        kind: ObjectKind,
        id: &str,
    ) -> rusqlite::Result<Option<(StoredObject, ObjectPlace)>> {
        self.find(account, kind, id, ObjectColumns::Object, |row| {
            let object = StoredObject { id: id.to_owned(), ..rows::stored_object(kind, row)? };
            Ok((object, ObjectPlace::read(row, 6)?))
        })
    }

    /// Where the object of this kind and id is.
    pub(super) fn place_of(
        &self,
        account: Option<&str>,
        kind: ObjectKind,
        id: &str,
    ) -> rusqlite::Result<Option<ObjectPlace>> {
        self.find(account, kind, id, ObjectColumns::Place, |row| ObjectPlace::read(row, 0))
    }

    fn find<T>(
        &self,
        account: Option<&str>,
        kind: ObjectKind,
        id: &str,
        columns: ObjectColumns,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let (stored, account) = (self.stored(id), account.unwrap_or_default());
        let key = ObjectKey { world: self.world, account, id: &stored, kind: kind.as_str() };
        let place = if kind.is_numbered() { self.numbers.place_of(id) } else { None };
        objects::find(self.connection, key, place, columns, read)
    }

    /// The objects of a page, newest first: see [`crate::minter::Ledger::page`].
    pub(super) fn page(&self, account: Option<&str>, query: &PageQuery<'_>) -> rusqlite::Result<Vec<StoredObject>> {
        let (from, to, is_rising) = match query.cursor {
            PageCursor::Start => (i64::MIN, i64::MAX, false),
            PageCursor::After(id) => match self.place_of(account, query.kind, id)? {
                Some(found) => (i64::MIN, found.place - 1, false),
                None => return Ok(Vec::new()),
            },
            PageCursor::Before(id) => match self.place_of(account, query.kind, id)? {
                Some(found) => (found.place + 1, i64::MAX, true),
                None => return Ok(Vec::new()),
            },
        };
        self.rows_between(account, query, (from, to), is_rising)
    }

    fn rows_between(
        &self,
        account: Option<&str>,
        query: &PageQuery<'_>,
        (from, to): (i64, i64),
        is_rising: bool,
    ) -> rusqlite::Result<Vec<StoredObject>> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        if query.kind == ObjectKind::Event && !query.events.is_all() {
            let list = EventList {
                connection: self.connection,
                world: self.world,
                account,
                created: query.created.clone(),
                places: from..=to,
                is_rising,
                limit,
            };
            return list.page(&query.events);
        }
        let sql = page_sql(query.parent.is_some(), is_rising);
        let (since, until) = (query.created.start(), query.created.end());
        let account = account.unwrap_or_default();
        let mut page = self
            .connection
            .prepare_cached(&sql)?
            .query_map(
                (query.kind.as_str(), from, to, since, until, limit, query.parent, self.world, account),
                |row| rows::stored_object(query.kind, row),
            )?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if is_rising {
            page.reverse();
        }
        Ok(page)
    }

    /// How many webhook endpoints have not taken an event yet that is at this place.
    pub(super) fn pending_webhooks(
        &self,
        account: Option<&str>,
        event: &StoredObject,
        place: ObjectPlace,
    ) -> rusqlite::Result<usize> {
        outbox::pending(self.connection, self.world, account, event, place.place)
    }
}

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectPlace {
    pub(super) place: i64,
    /// Whether its id tells it.
    pub(super) is_numbered: bool,
}

impl ObjectPlace {
    /// From this column of a row on.
    fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        let is_numbered: Option<bool> = row.get(column + 1)?;
        Ok(Self { place: row.get(column)?, is_numbered: is_numbered.unwrap_or_default() })
    }
}

/// The query of a page; both kinds of lists have an index that gives its order. It is named, for SQLite takes the other
/// one for as good.
fn page_sql(has_parent: bool, is_rising: bool) -> String {
    let (index, parent) = if has_parent {
        ("objects_by_parent", "parent = ?7 AND points_to IS NULL")
    } else {
        ("objects_listed", "?7 IS NULL")
    };
    let order = if is_rising { "ASC" } else { "DESC" };
    format!(
        "SELECT {} FROM objects INDEXED BY {index} WHERE {parent} AND world = ?8 \
         AND coalesce(account, '') = ?9 AND kind = ?1 AND kind <> 'token' AND position BETWEEN ?2 AND ?3 AND created BETWEEN ?4 AND ?5 ORDER BY position {order} LIMIT ?6",
        rows::OBJECT
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn no_list_scans_or_sorts() {
        let connection = schema::in_memory_for_tests();
        for has_parent in [true, false] {
            for is_rising in [true, false] {
                let plan: Vec<String> = connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {}", page_sql(has_parent, is_rising)))
                    .unwrap()
                    .query_map(("charge", 1, 9, 1, 9, 10, Some("cus_1"), "", ""), |row| row.get(3))
                    .unwrap()
                    .collect::<rusqlite::Result<_>>()
                    .unwrap();
                let plan = plan.join("; ");
                let index = if has_parent { "objects_by_parent" } else { "objects_listed" };
                assert!(plan.contains(&format!("USING INDEX {index}")), "{plan}");
                assert!(!plan.contains("B-TREE") && !plan.contains("SCAN"), "{plan}");
            }
        }
    }
}
