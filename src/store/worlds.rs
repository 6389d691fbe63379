//! Worlds in the database: their clocks, and which of them there are.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use crate::domain::clock::shifted;

/// The name of the one world of all calls that are in no account's own.
pub(super) const COMMON: &str = "";
/// The most worlds of accounts.
const MOST_WORLDS: i64 = 1000;

/// What the clock of a world is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// Nothing is changed.
    None,
    /// This moment, and what follows it as time goes on.
    To(Timestamp),
    /// So much later than now.
    By(SignedDuration),
    /// What the machine's shows.
    Machine,
}

/// How far the clocks of the worlds are from the machine's: those that differ from it.
#[derive(Debug, Default)]
pub(super) struct WorldClocks {
    /// SQLite's number of the state in which they were read, which another process's commit changes; `None` where they
    /// have to be read anew.
    version: Option<i64>,
    ahead: HashMap<String, SignedDuration>,
}

impl WorldClocks {
    /// Reads them anew where they may be other ones. To be called in each transaction, for no other process writes until
    /// its end.
    pub(super) fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version == Some(version) {
            return Ok(());
        }
        self.ahead = connection
            .prepare_cached("SELECT name, clock_ms FROM worlds WHERE clock_ms <> 0")?
            .query_map([], |row| Ok((row.get(0)?, SignedDuration::from_millis(row.get(1)?))))?
            .collect::<rusqlite::Result<_>>()?;
        self.version = Some(version);
        Ok(())
    }

    pub(super) fn ahead_of(&self, world: &str) -> SignedDuration {
        if self.ahead.is_empty() { SignedDuration::ZERO } else { self.ahead.get(world).copied().unwrap_or_default() }
    }

    /// Takes a change over for the rest of the transaction. They are read anew in the next one, for this one may be
    /// rolled back.
    fn set(&mut self, world: &str, ahead: SignedDuration) {
        self.ahead.insert(world.to_owned(), ahead);
        self.version = None;
    }

    fn set_all_right(&mut self) {
        self.ahead.clear();
        self.version = None;
    }
}

/// Notes that a world is used, and makes it where there is none: where there would be too many, the one that was used
/// least lately goes, of those without objects if there are any.
pub(super) fn enter(connection: &Connection, world: &str) -> rusqlite::Result<()> {
    let used = connection
        .prepare_cached("UPDATE worlds SET used = 1 + (SELECT max(used) FROM worlds) WHERE name = ?1")?
        .execute([world])?;
    if used == 1 {
        return Ok(());
    }
    // The common one does not count.
    let count: i64 = connection.query_row("SELECT count(*) - 1 FROM worlds", [], |row| row.get(0))?;
    if count >= MOST_WORLDS
        && let Some(least) = least_used(connection)?
    {
        tracing::info!(world = least, "a world makes room for another one");
        drop_objects(connection, &least)?;
        connection.execute("DELETE FROM worlds WHERE name = ?1", [least])?;
    }
    connection
        .prepare_cached("INSERT INTO worlds (name, used) SELECT ?1, 1 + max(used) FROM worlds")?
        .execute([world])
        .map(drop)
}

fn least_used(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let first = |condition: &str| {
        let sql = format!("SELECT name FROM worlds WHERE name <> '' AND {condition} ORDER BY used LIMIT 1");
        connection.query_row(&sql, [], |row| row.get(0)).optional()
    };
    match first("NOT EXISTS (SELECT 1 FROM objects WHERE objects.world = worlds.name)")? {
        Some(empty) => Ok(Some(empty)),
        None => first("TRUE"),
    }
}

/// Drops the objects and idempotency keys of a world; gives the number of objects.
fn drop_objects(connection: &Connection, world: &str) -> rusqlite::Result<usize> {
    connection.execute("DELETE FROM answers WHERE world = ?1", [world])?;
    connection.execute("DELETE FROM objects WHERE world = ?1", [world])
}

/// Drops the objects and idempotency keys of a world, `None` of all, and puts the clock right; gives the number of
/// objects. The count goes on.
pub(super) fn reset(connection: &Connection, clocks: &mut WorldClocks, world: Option<&str>) -> rusqlite::Result<usize> {
    match world {
        Some(world) => clocks.set(world, SignedDuration::ZERO),
        None => clocks.set_all_right(),
    }
    connection.execute("UPDATE worlds SET clock_ms = 0 WHERE name = coalesce(?1, name)", [world])?;
    let others = "SELECT count(*) FROM worlds WHERE name <> ?1";
    if let Some(world) = world
        && connection.query_row(others, [world], |row| row.get::<_, i64>(0))? > 0
    {
        return drop_objects(connection, world);
    }
    // Without a condition SQLite frees whole pages and looks at no row.
    connection.execute("DELETE FROM answers", [])?;
    connection.execute("DELETE FROM objects", [])
}

/// Sets the clock of a world; gives what it shows where the machine's shows `machine`.
pub(super) fn set_clock(
    connection: &Connection,
    clocks: &mut WorldClocks,
    world: &str,
    change: ClockChange,
    machine: Timestamp,
) -> rusqlite::Result<Timestamp> {
    let before = clocks.ahead_of(world);
    let after = match change {
        ClockChange::None => return Ok(shifted(machine, before)),
        ClockChange::To(moment) => moment.duration_since(machine),
        ClockChange::By(time) => before.saturating_add(time),
        ClockChange::Machine => SignedDuration::ZERO,
    };
    // No clock goes further than a moment can.
    let after = shifted(machine, after).duration_since(machine);
    let millis = i64::try_from(after.as_millis()).unwrap_or_default();
    if world != COMMON {
        enter(connection, world)?;
    }
    connection.execute("UPDATE worlds SET clock_ms = ?2 WHERE name = ?1", (world, millis))?;
    let after = SignedDuration::from_millis(millis);
    clocks.set(world, after);
    Ok(shifted(machine, after))
}
