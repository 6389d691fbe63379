//! What is to happen to the minter's objects later: rows among the objects, in the order of their times.
//!
//! Each is an object of a kind of its own, without an account, whose id begins with its time: so the index of ids leads to
//! the first that is due in a world, and a reset, a backup and a salvage treat it as the objects that it is about. The
//! writer remembers when the next one of each world is due: a call costs a look into a table in memory. What of them
//! cannot be read keeps nobody waiting: it does not happen, and the log says so.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::json;

use super::given_numbers;
use crate::{
    domain::{clock::shifted, mask::keyed_hash},
    minter::LaterEffect,
};

/// What the rows are called that are effects.
pub(super) const KIND: &str = "later_effect";
/// What the ids of effects begin with, and the text that is behind all of them.
const PREFIX: &str = "due_";
const BEHIND: &str = "due`";
/// How many characters a time has in an id: enough for any moment, in base 62, whose digits have the order of their bytes.
const TIME_DIGITS: usize = 7;

/// The condition for the effects of a world from one id to another, in the order of the index.
macro_rules! of_world {
    () => {
        "world = ?1 AND coalesce(account, '') = '' AND id >= ?2 AND id < ?3 AND kind = 'later_effect' AND numbered IS NULL"
    };
}

const FIRST: &str = concat!("SELECT position, id, body FROM objects WHERE ", of_world!(), " ORDER BY id LIMIT 1");
/// So many effects at most are taken in one transaction: all others wait for its end.
const MOST_AT_ONCE: u32 = 256;

/// What the writer knows of the effects.
#[derive(Debug, Default)]
pub(super) struct NextEffects {
    /// When the next one of each world is due, in Unix seconds of its clock: of the worlds that were asked for.
    due: RefCell<HashMap<String, Option<i64>>>,
    /// How many have been taken in the open transaction.
    taken: Cell<u32>,
    /// Whether the open transaction changes when something is due.
    has_changed: Cell<bool>,
    /// Counts the commits that did so, and those after which it may be otherwise because another process wrote.
    changes: EffectChanges,
}

/// Counts how often it may have changed when something is due.
pub(super) type EffectChanges = Arc<AtomicU64>;

impl NextEffects {
    pub(super) fn counted_by(changes: EffectChanges) -> Self {
        Self { changes, ..Self::default() }
    }

    /// A transaction begins.
    pub(super) fn begin(&self) {
        self.taken.set(0);
    }

    /// Whether the open transaction has taken as many as it may.
    pub(super) fn is_full(&self) -> bool {
        self.taken.get() >= MOST_AT_ONCE
    }

    /// Forgets all: another process may have written, or a transaction was taken back.
    pub(super) fn forget(&self) {
        self.due.borrow_mut().clear();
        self.changed();
    }

    /// Notes that it may have changed when something is due.
    pub(super) fn changed(&self) {
        self.has_changed.set(true);
    }

    /// Counts the change of a transaction that is committed.
    pub(super) fn committed(&self) {
        if self.has_changed.take() {
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn note(&self, world: &str, due: i64) {
        self.changed();
        if let Some(next) = self.due.borrow_mut().get_mut(world) {
            *next = Some(next.map_or(due, |next| next.min(due)));
        }
    }

    fn taken(&self, world: &str) {
        self.changed();
        self.taken.set(self.taken.get() + 1);
        self.due.borrow_mut().remove(world);
    }

    /// Notes that the effects of a world cannot be read or taken: nothing of it is due until it may be otherwise.
    pub(super) fn unreadable(&self, world: &str) {
        self.due.borrow_mut().insert(world.to_owned(), None);
    }

    /// Whether anything of a world is due by then.
    pub(super) fn is_due(&self, connection: &Connection, world: &str, until: i64) -> rusqlite::Result<bool> {
        if let Some(next) = self.due.borrow().get(world) {
            return Ok(next.is_some_and(|due| due <= until));
        }
        let next = first(connection, world)?.map(|(_, effect)| effect.due);
        self.due.borrow_mut().insert(world.to_owned(), next);
        Ok(next.is_some_and(|due| due <= until))
    }
}

/// Whether anything of a world is due by then, for whoever reads beside the writer.
pub(super) fn is_any_due(connection: &Connection, world: &str, until: i64) -> rusqlite::Result<bool> {
    Ok(first(connection, world)?.is_some_and(|(_, effect)| effect.due <= until))
}

/// Keeps an effect of a world at a place among the objects. One that is kept already is left as it is.
pub(super) fn insert(
    connection: &Connection,
    next: &NextEffects,
    (world, place): (&str, i64),
    effect: &LaterEffect,
) -> rusqlite::Result<()> {
    let LaterEffect { due, kind, object, account, nonce } = effect;
    let id = format!("{}_{}_{object}", start_of(*due), kind.as_str());
    let body = json!({ "kind": kind.as_str(), "object": object, "account": account, "nonce": nonce }).to_string();
    connection
        .prepare_cached(
            "INSERT INTO objects (position, kind, id, created, body, state, world) \
             VALUES (?1, ?2, ?3, ?4, ?5, 'null', ?6) ON CONFLICT DO NOTHING",
        )?
        .execute((place, KIND, id, due, body, world))?;
    next.note(world, *due);
    Ok(())
}

/// Takes out the first effect of a world, where it is due by then.
pub(super) fn take(
    connection: &Connection,
    next: &NextEffects,
    world: &str,
    until: i64,
) -> rusqlite::Result<Option<LaterEffect>> {
    if !next.is_due(connection, world, until)? {
        return Ok(None);
    }
    let found = first(connection, world)?.filter(|(_, effect)| effect.due <= until);
    if let Some((position, _)) = &found {
        given_numbers::keep_last_place(connection)?;
        connection.prepare_cached("DELETE FROM objects WHERE position = ?1")?.execute([position])?;
    }
    next.taken(world);
    Ok(found.map(|(_, effect)| effect))
}

/// The first effect of a world with its place. One that cannot be read, or that a newer Testcard knows, is passed over.
fn first(connection: &Connection, world: &str) -> rusqlite::Result<Option<(i64, LaterEffect)>> {
    let mut from = PREFIX.to_owned();
    loop {
        let row = connection
            .prepare_cached(FIRST)?
            .query_row((world, &from, BEHIND), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        let Some((position, id, body)) = row else { return Ok(None) };
        if let Some(effect) = read(&id, &body) {
            return Ok(Some((position, effect)));
        }
        tracing::warn!(position, "a later effect cannot be read, and does not happen");
        from = id + "\u{1}";
    }
}

fn read(id: &str, body: &str) -> Option<LaterEffect> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(LaterEffect {
        due: due_of(id)?,
        kind: body["kind"].as_str()?.parse().ok()?,
        object: body["object"].as_str()?.to_owned(),
        account: body["account"].as_str().map(str::to_owned),
        nonce: body["nonce"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The start of the ids of all effects that are due at a Unix second. What is due before 1970 is due then.
fn start_of(due: i64) -> String {
    format!("{PREFIX}{}", keyed_hash::base62(u128::from(due.max(0).unsigned_abs()), TIME_DIGITS))
}

fn due_of(id: &str) -> Option<i64> {
    let time = id.strip_prefix(PREFIX)?.get(..TIME_DIGITS)?;
    i64::try_from(keyed_hash::from_base62(time)?).ok()
}

/// The moment of the machine's clock at which the next effect of any world is due, of those behind `after`: what is still
/// due when all was carried out cannot be.
pub(super) fn next_of_all(connection: &Connection, after: Option<Timestamp>) -> rusqlite::Result<Option<Timestamp>> {
    let mut read = connection.prepare_cached("SELECT name, clock_ms FROM worlds")?;
    let worlds = read.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut next: Option<Timestamp> = None;
    for world in worlds {
        let (world, ahead) = world?;
        let first = first(connection, &world).unwrap_or_else(|error| {
            tracing::warn!(world, "what is to happen in a world cannot be read: {error}");
            None
        });
        let Some(due) = first.and_then(|(_, effect)| Timestamp::from_second(effect.due).ok()) else { continue };
        let due = shifted(due, -SignedDuration::from_millis(ahead));
        if after.is_none_or(|after| after < due) {
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    Ok(next)
}

/// All worlds.
pub(super) fn worlds(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached("SELECT name FROM worlds")?.query_map([], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{minter::EffectKind, store::schema};

    fn effect(due: i64, object: &str) -> LaterEffect {
        let (kind, object) = (EffectKind::SettleRefund, object.to_owned());
        LaterEffect { due, kind, object, account: None, nonce: String::new() }
    }

    fn keep(connection: &Connection, next: &NextEffects, world: &str, effect: &LaterEffect) {
        let place = "SELECT 1 + coalesce(max(position), 0) FROM objects";
        let place = connection.query_row(place, [], |row| row.get(0)).unwrap();
        insert(connection, next, (world, place), effect).unwrap();
    }

    #[test]
    fn effects_are_taken_in_the_order_of_their_times_and_when_they_are_due() {
        let connection = schema::in_memory_for_tests();
        let next = NextEffects::default();
        for due in [61, 9, 253_402_300_799, 62, 3844, 10] {
            keep(&connection, &next, "", &effect(due, "re_1"));
        }
        keep(&connection, &next, "acct_1", &effect(1, "re_2"));
        let mut taken = Vec::new();
        while let Some(effect) = take(&connection, &next, "", 100).unwrap() {
            taken.push(effect.due);
        }
        assert_eq!(taken, [9, 10, 61, 62]);
        assert_eq!(next.due.borrow().get(""), Some(&Some(3844)), "remembered for the next call");
        keep(&connection, &next, "", &effect(99, "re_3"));
        assert_eq!(take(&connection, &next, "", 98).unwrap(), None);
        assert_eq!(take(&connection, &next, "", 99).unwrap(), Some(effect(99, "re_3")));
        assert_eq!(take(&connection, &next, "acct_1", 1).unwrap(), Some(effect(1, "re_2")));
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let connection = schema::in_memory_for_tests();
        let next = NextEffects::default();
        for (due, body) in [(1, "damaged"), (2, r#"{"kind": "of_tomorrow", "object": "re_1"}"#)] {
            let insert = "INSERT INTO objects (kind, id, created, body, state) VALUES ('later_effect', ?1, 0, ?2, '')";
            connection.execute(insert, (format!("{}_x", start_of(due)), body)).unwrap();
        }
        assert_eq!(take(&connection, &next, "", 100).unwrap(), None);
        assert_eq!(next_of_all(&connection, None).unwrap(), None, "nobody waits for it");
        keep(&connection, &next, "", &effect(3, "re_1"));
        assert_eq!(next_of_all(&connection, None).unwrap().unwrap().as_second(), 3);
        assert_eq!(take(&connection, &next, "", 100).unwrap(), Some(effect(3, "re_1")));
    }

    #[test]
    fn the_next_effect_is_that_of_the_world_whose_clock_reaches_it_first() {
        let connection = schema::in_memory_for_tests();
        let next = NextEffects::default();
        assert_eq!(next_of_all(&connection, None).unwrap(), None);
        connection
            .execute("INSERT INTO worlds (name, used, void, clock_ms) VALUES ('acct_1', 1, 0, 5000)", [])
            .unwrap();
        keep(&connection, &next, "", &effect(1000, "re_1"));
        keep(&connection, &next, "acct_1", &effect(1003, "re_2"));
        let first = next_of_all(&connection, None).unwrap();
        assert_eq!(first.unwrap().as_second(), 998);
        assert_eq!(next_of_all(&connection, first).unwrap().unwrap().as_second(), 1000);
    }

    #[test]
    fn effects_are_found_by_the_index_of_ids() {
        let connection = schema::in_memory_for_tests();
        let plan = |sql: &str, values: &[&str]| -> String {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let lines = plan.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
            lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        let plan = plan(FIRST, &["", PREFIX, BEHIND]);
        assert!(plan.contains("objects_by_id (world=? AND <expr>=? AND id>? AND id<?)"), "{plan}");
        assert!(!plan.contains("B-TREE") && !plan.contains("SCAN objects"), "{plan}");
    }
}
