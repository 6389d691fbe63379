//! Worlds in the database: their clocks, and which of them there are.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{given_numbers, rows};
use crate::domain::{clock::shifted, history::request_log::ExchangeId};

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

/// What the writer knows of the worlds: how far their clocks are from the machine's, and which calls a reset made void.
/// Of those only that have something to know.
#[derive(Debug, Default)]
pub(super) struct WorldStates(HashMap<String, WorldState>);

#[derive(Clone, Copy, Debug, Default)]
struct WorldState {
    ahead: SignedDuration,
    /// Tokens and keys of calls up to this one are gone.
    void: i64,
}

impl WorldStates {
    /// Reads them anew. To be called in a transaction where they may be other ones, for no other process writes until its
    /// end.
    pub(super) fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.0 = connection
            .prepare_cached("SELECT name, clock_ms, void FROM worlds WHERE clock_ms <> 0 OR void <> 0")?
            .query_map([], |row| {
                Ok((row.get(0)?, WorldState { ahead: SignedDuration::from_millis(row.get(1)?), void: row.get(2)? }))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(())
    }

    pub(super) fn ahead_of(&self, world: &str) -> SignedDuration {
        self.state_of(world).ahead
    }

    /// What calls up to this one left in a world is there no more, by a reset.
    pub(super) fn void_of(&self, world: &str) -> ExchangeId {
        ExchangeId(self.state_of(world).void)
    }

    fn state_of(&self, world: &str) -> WorldState {
        if self.0.is_empty() { WorldState::default() } else { self.0.get(world).copied().unwrap_or_default() }
    }

    fn set(&mut self, world: &str, change: impl FnOnce(&mut WorldState)) {
        change(self.0.entry(world.to_owned()).or_default());
    }
}

/// Notes that an account's own world has a token more in its calls.
pub(super) fn add_token(connection: &Connection, world: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE worlds SET tokens = tokens + 1 WHERE name = ?1")?.execute([world]).map(drop)
}

/// Notes that a world is used, and makes it where there is none: where there would be too many, the one that was used
/// least lately goes, of those without objects if there are any.
pub(super) fn enter(connection: &Connection, states: &mut WorldStates, world: &str) -> rusqlite::Result<()> {
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
        connection.execute("DELETE FROM worlds WHERE name = ?1", [&least])?;
        states.0.remove(&least);
    }
    // A world that had this name before left calls.
    let void = given_numbers::last_call(connection)?;
    connection
        .prepare_cached("INSERT INTO worlds (name, used, void) SELECT ?1, 1 + max(used), ?2 FROM worlds")?
        .execute((world, void))?;
    states.set(world, |state| state.void = void);
    Ok(())
}

/// Drop the objects of a world. Each is in one of two indexes at least: that of lists, or that of ids.
const DROP_OBJECTS: [&str; 2] = [
    "DELETE FROM objects WHERE world = ?1 AND kind <> 'token'",
    "DELETE FROM objects WHERE world = ?1 AND numbered IS NULL",
];
/// The condition for a world without objects, by the same indexes.
const WITHOUT_OBJECTS: &str = "tokens <= 0 \
     AND NOT EXISTS (SELECT 1 FROM objects WHERE objects.world = worlds.name AND numbered IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM objects WHERE objects.world = worlds.name AND kind <> 'token')";

fn least_used(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let first = |condition: &str| {
        let sql = format!("SELECT name FROM worlds WHERE name <> '' AND {condition} ORDER BY used LIMIT 1");
        connection.query_row(&sql, [], |row| row.get(0)).optional()
    };
    match first(WITHOUT_OBJECTS)? {
        Some(empty) => Ok(Some(empty)),
        None => first("TRUE"),
    }
}

/// Drops the objects and idempotency keys of a world that have rows of their own; gives the number of objects.
fn drop_objects(connection: &Connection, world: &str) -> rusqlite::Result<usize> {
    given_numbers::keep_last_place(connection)?;
    connection.execute("DELETE FROM answers WHERE world = ?1", [world])?;
    DROP_OBJECTS.into_iter().try_fold(0, |dropped, sql| Ok(dropped + connection.execute(sql, [world])?))
}

/// Drops the objects and idempotency keys of a world, `None` of all, and puts the clock right; gives the number of
/// objects. The count goes on.
pub(super) fn reset(connection: &Connection, states: &mut WorldStates, world: Option<&str>) -> rusqlite::Result<u64> {
    let tokens = "SELECT coalesce(sum(tokens), 0) FROM worlds WHERE name = coalesce(?1, name) AND name <> ''";
    let mut tokens: i64 = connection.query_row(tokens, [world], |row| row.get(0))?;
    if world.is_none_or(|world| world == COMMON) {
        let common = "SELECT count(*) FROM exchanges NOT INDEXED WHERE id > (SELECT void FROM worlds WHERE name = '') \
                      AND token IS NOT NULL AND world = ''";
        tokens += connection.query_row(common, [], |row| row.get::<_, i64>(0))?;
    }
    let all = "UPDATE worlds SET clock_ms = 0, tokens = 0, void = ?2 WHERE name = coalesce(?1, name)";
    connection.execute(all, (world, given_numbers::last_call(connection)?))?;
    states.refresh(connection)?;
    // What happened to objects, and what is to happen, is none of them. The condition on tokens is that of the index.
    let events = "SELECT count(*) FROM objects INDEXED BY objects_listed \
                  WHERE kind IN ('event', 'later_effect') AND kind <> 'token' AND world = coalesce(?1, world)";
    let events: i64 = connection.query_row(events, [world], |row| row.get(0))?;
    let others = "SELECT count(*) FROM worlds WHERE name <> ?1";
    let objects = if let Some(world) = world
        && connection.query_row(others, [world], |row| row.get::<_, i64>(0))? > 0
    {
        drop_objects(connection, world)?
    } else {
        given_numbers::keep_last_place(connection)?;
        // Without a condition SQLite frees whole pages and looks at no row.
        connection.execute("DELETE FROM answers", [])?;
        connection.execute("DELETE FROM objects", [])?
    };
    Ok(tokens.unsigned_abs() + objects as u64 - events.unsigned_abs())
}

/// Sets the clock of a world; gives what it shows where the machine's shows `machine`.
pub(super) fn set_clock(
    connection: &Connection,
    states: &mut WorldStates,
    world: &str,
    change: ClockChange,
    machine: Timestamp,
) -> rusqlite::Result<Timestamp> {
    // As precise as what is kept, so that the clock shows what it was set to.
    let machine = rows::kept_moment(machine);
    let before = states.ahead_of(world);
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
        enter(connection, states, world)?;
    }
    connection.execute("UPDATE worlds SET clock_ms = ?2 WHERE name = ?1", (world, millis))?;
    let after = SignedDuration::from_millis(millis);
    states.set(world, |state| state.ahead = after);
    Ok(shifted(machine, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn names(connection: &Connection) -> Vec<String> {
        let mut names = connection.prepare("SELECT name FROM worlds WHERE name <> '' ORDER BY used").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn keep(connection: &Connection, world: &str) {
        let insert =
            "INSERT INTO objects (kind, id, created, body, state, world) VALUES ('token', 'tok_1', 0, '', '', ?1)";
        connection.execute(insert, [world]).unwrap();
    }

    #[test]
    fn the_objects_of_a_world_are_found_by_indexes() {
        let connection = schema::in_memory_for_tests();
        let without = format!("SELECT name FROM worlds WHERE {WITHOUT_OBJECTS}");
        for sql in DROP_OBJECTS.into_iter().chain([&*without]) {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values = rusqlite::params_from_iter(vec!["a"; plan.parameter_count()]);
            let lines = plan.query_map(values, |row| row.get::<_, String>(3)).unwrap().map(Result::unwrap);
            let plan = lines.collect::<Vec<_>>().join("; ");
            assert!(plan.contains("INDEX objects_") && !plan.contains("SCAN objects"), "{plan}");
        }
    }

    #[test]
    fn of_a_thousand_worlds_the_least_used_without_objects_makes_room() {
        let connection = schema::in_memory_for_tests();
        let mut clocks = WorldStates::default();
        for nth in 0..MOST_WORLDS {
            let name = format!("acct_{nth}");
            enter(&connection, &mut clocks, &name).unwrap();
            if nth % 2 == 0 {
                keep(&connection, &name);
            }
        }
        let machine = Timestamp::from_second(1_700_000_000).unwrap();
        let later = ClockChange::By(SignedDuration::from_secs(7));
        for name in ["acct_3", "acct_1"] {
            set_clock(&connection, &mut clocks, name, later, machine).unwrap();
        }
        clocks.refresh(&connection).unwrap();
        // The others without objects are used after acct_3.
        for nth in (5..MOST_WORLDS).step_by(2) {
            enter(&connection, &mut clocks, &format!("acct_{nth}")).unwrap();
        }
        enter(&connection, &mut clocks, "acct_1").unwrap();
        enter(&connection, &mut clocks, "acct_new").unwrap();
        assert_eq!((clocks.ahead_of("acct_3").as_secs(), clocks.ahead_of("acct_1").as_secs()), (0, 7));
        let now = names(&connection);
        assert_eq!((now.len(), now.contains(&"acct_3".to_owned())), (1000, false), "acct_1 was used after it");
        assert_eq!(now[998..], ["acct_1", "acct_new"]);

        // Where all have objects, the least used one goes with what it has.
        for name in names(&connection) {
            connection.execute("DELETE FROM objects WHERE world = ?1", [&name]).unwrap();
            keep(&connection, &name);
        }
        enter(&connection, &mut clocks, "acct_newest").unwrap();
        let now = names(&connection);
        assert_eq!((now.len(), now.contains(&"acct_0".to_owned())), (1000, false));
        let left: i64 = connection.query_row("SELECT count(*) FROM objects", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 999);
    }

    #[test]
    fn a_clock_is_read_again_when_it_may_be_another() {
        let connection = schema::in_memory_for_tests();
        let mut clocks = WorldStates::default();
        let machine = Timestamp::from_second(1_700_000_000).unwrap();
        clocks.refresh(&connection).unwrap();
        let later = SignedDuration::from_secs(7);
        let turn = |clocks: &mut WorldStates, change| {
            set_clock(&connection, clocks, "", change, machine).unwrap().as_second() - machine.as_second()
        };
        assert_eq!(turn(&mut clocks, ClockChange::By(later)), 7);
        assert_eq!(turn(&mut clocks, ClockChange::By(later)), 14);
        assert_eq!(clocks.ahead_of("").as_secs(), 14);
        // The transaction was rolled back.
        connection.execute("UPDATE worlds SET clock_ms = 0", []).unwrap();
        clocks.refresh(&connection).unwrap();
        assert_eq!(turn(&mut clocks, ClockChange::None), 0);
        assert_eq!(
            turn(&mut clocks, ClockChange::To(Timestamp::MAX)),
            Timestamp::MAX.as_second() - machine.as_second()
        );
        assert_eq!(turn(&mut clocks, ClockChange::Machine), 0);
    }
}
