//! The minter's objects as rows: where they are, how they are found by their ids, how they are written.
//!
//! The id of most objects tells their place in the table (`store::numbered_ids`). The others, such as customers, objects
//! with seeded ids and those of older versions, are found by an index.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{given_numbers, numbered_ids::IdNumbers, packed};
use crate::minter::{ObjectKind, ids::ObjectNumbers};

/// The queries for one object: at a place of which its id tells, and in the order of the index of the other ids.
macro_rules! queries {
    ($columns:literal) => {
        [queries!($columns, " AND position = ?5 AND numbered = 1"), queries!($columns, " AND numbered IS NULL")]
    };
    ($columns:literal, $how:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM objects WHERE world = ?1 AND coalesce(account, '') = ?2 AND id = ?3 AND kind = ?4",
            $how
        )
    };
}

/// What one object is found by.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectKey<'a> {
    pub(super) world: &'a str,
    /// Empty for the account itself.
    pub(super) account: &'a str,
    /// As it is stored.
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
}

/// Finds an object. `place` is what its id tells, if anything; `columns` is what `read` reads.
pub(super) fn find<T>(
    connection: &Connection,
    key: ObjectKey<'_>,
    place: Option<i64>,
    columns: ObjectColumns,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let ObjectKey { world, account, id, kind } = key;
    let [by_place, by_id] = columns.queries();
    if let Some(place) = place {
        let at_place =
            connection.prepare_cached(by_place)?.query_row((world, account, id, kind, place), &read).optional()?;
        if at_place.is_some() {
            return Ok(at_place);
        }
    }
    connection.prepare_cached(by_id)?.query_row((world, account, id, kind), &read).optional()
}

/// What is read of an object that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectColumns {
    /// What [`super::rows::stored_object`] reads, then the position, and whether the id tells it.
    Object,
    /// The position, and whether the id tells it.
    Place,
    /// Its body, in one of two columns (see [`super::rows::shown_object`]), then the position.
    Body,
}

impl ObjectColumns {
    /// By the place, and by the id.
    const fn queries(self) -> [&'static str; 2] {
        match self {
            Self::Object => queries!("id, parent, created, body, state, packed, position, numbered"),
            Self::Place => queries!("position, numbered"),
            Self::Body => queries!("body, packed, position"),
        }
    }
}

/// The places of new objects, each given once.
#[derive(Debug)]
pub(super) struct ObjectPlaces {
    numbers: IdNumbers,
    last: AtomicI64,
}

impl ObjectPlaces {
    pub(super) fn new(numbers: IdNumbers) -> Arc<Self> {
        Arc::new(Self { numbers, last: AtomicI64::new(0) })
    }

    /// Notes the places that other processes gave. To be called in a transaction, for none of them writes until its end.
    pub(super) fn refresh(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.last.fetch_max(given_numbers::last_place(connection)?, Ordering::Relaxed);
        Ok(())
    }

    /// The place of the next object.
    pub(super) fn take(&self) -> i64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The last place that was given.
    pub(super) fn last(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The place that an id tells, of those that were given.
    pub(super) fn of(&self, id: &str) -> Option<i64> {
        self.numbers.place_of(id).filter(|place| (1..=self.last()).contains(place))
    }
}

impl ObjectNumbers for ObjectPlaces {
    fn next(&self) -> Option<u128> {
        self.numbers.of_object(self.take())
    }
}

/// The columns with the JSON of an object. The object that it shows is packed where it is long: its body, of an event its
/// state, for an index is made of an event's body.
pub(super) struct JsonColumns<'a> {
    pub(super) body: &'a str,
    pub(super) state: &'a str,
    pub(super) packed: Option<Vec<u8>>,
}

/// In bytes. Packing saves little of what is shorter, and takes its time.
const SHORTEST_PACKED: usize = 400;

impl<'a> JsonColumns<'a> {
    pub(super) fn of(kind: &str, body: &'a str, state: &'a str) -> Self {
        let is_event = kind == ObjectKind::Event.as_str();
        let shown = if is_event { state } else { body };
        if shown.len() < SHORTEST_PACKED {
            return Self { body, state, packed: None };
        }
        let packed = Some(packed::pack_object(shown));
        if is_event { Self { body, state: "", packed } } else { Self { body: "", state, packed } }
    }
}

/// A new object as it is written.
#[derive(Debug)]
pub(super) struct ObjectRow {
    pub(super) place: i64,
    pub(super) kind: &'static str,
    /// As it is stored.
    pub(super) id: String,
    pub(super) account: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) created: i64,
    /// JSON.
    pub(super) body: String,
    pub(super) state: String,
    /// Whether its id tells its place.
    pub(super) is_numbered: bool,
    /// Of an event that points to an object whose id tells its place: that place.
    pub(super) points_to: Option<i64>,
}

impl ObjectRow {
    pub(super) fn insert(&self, connection: &Connection, world: &str) -> rusqlite::Result<()> {
        let columns = JsonColumns::of(self.kind, &self.body, &self.state);
        connection
            .prepare_cached(
                "INSERT INTO objects (position, kind, id, parent, created, body, state, account, world, numbered, \
                 points_to, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute((
                self.place,
                self.kind,
                &self.id,
                &self.parent,
                self.created,
                columns.body,
                columns.state,
                &self.account,
                world,
                self.is_numbered.then_some(true),
                self.points_to,
                columns.packed,
            ))
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn an_object_is_found_by_its_place_or_by_an_index() {
        let connection = schema::in_memory_for_tests();
        let plan = |sql: &str| -> String {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values = rusqlite::params_from_iter(vec!["1"; explained.parameter_count()]);
            explained.query_row(values, |row| row.get(3)).unwrap()
        };
        for columns in [ObjectColumns::Object, ObjectColumns::Place, ObjectColumns::Body] {
            let [by_place, by_id] = columns.queries().map(plan);
            assert_eq!(by_place, "SEARCH objects USING INTEGER PRIMARY KEY (rowid=?)");
            assert_eq!(by_id, "SEARCH objects USING INDEX objects_by_id (world=? AND <expr>=? AND id=? AND kind=?)");
        }
    }
}
