//! Lists of events that leave others out, by type or by whether they were delivered: an index leads to those of a type, so
//! that a list costs what it shows, however many others there are.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension as _, ToSql, named_params};

use super::{
    outbox::{self, EventListener},
    rows,
};
use crate::minter::{EventSelection, ObjectKind, StoredObject};

/// The type of an event, as the index has it.
macro_rules! event_type {
    () => {
        "CASE WHEN json_valid(body) THEN json_extract(body, '$.type') END"
    };
}

/// The events of an account, in the terms of the index.
macro_rules! of_account {
    () => {
        "kind = 'event' AND world = :world AND coalesce(account, '') = :account"
    };
}

/// A page of events of an account.
pub(super) struct EventList<'a> {
    pub(super) connection: &'a Connection,
    pub(super) world: &'a str,
    pub(super) account: Option<&'a str>,
    /// Unix seconds.
    pub(super) created: RangeInclusive<i64>,
    /// The places among the objects that the page may be of.
    pub(super) places: RangeInclusive<i64>,
    /// Whether it is filled from its oldest event on.
    pub(super) is_rising: bool,
    pub(super) limit: i64,
}

impl EventList<'_> {
    /// The events of a selection, newest first.
    pub(super) fn page(&self, selection: &EventSelection<'_>) -> rusqlite::Result<Vec<StoredObject>> {
        let mut places = Vec::new();
        match selection.types {
            Some(types) => {
                for event_type in types {
                    places.extend(self.places_of(event_type.as_str(), selection.is_delivered)?);
                }
            }
            None => {
                let mut event_type = String::new();
                while let Some(next) = self.type_behind(&event_type)? {
                    places.extend(self.places_of(&next, selection.is_delivered)?);
                    event_type = next;
                }
            }
        }
        places.sort_unstable();
        if !self.is_rising {
            places.reverse();
        }
        places.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        if self.is_rising {
            places.reverse();
        }
        let mut read =
            self.connection.prepare_cached(&format!("SELECT {} FROM objects WHERE position = ?1", rows::OBJECT))?;
        places
            .into_iter()
            .map(|place| read.query_row([place], |row| rows::stored_object(ObjectKind::Event, row)))
            .collect()
    }

    /// The type that follows in the alphabet among those that the account has events of.
    fn type_behind(&self, event_type: &str) -> rusqlite::Result<Option<String>> {
        let values = named_params! { ":world": self.world, ":account": self.account(), ":type": event_type };
        self.connection.prepare_cached(NEXT_TYPE)?.query_row(values, |row| row.get(0)).optional()
    }

    /// The places of the events of a type, as many as the page has room for.
    fn places_of(&self, event_type: &str, is_delivered: Option<bool>) -> rusqlite::Result<Vec<i64>> {
        let (from, to) = (*self.places.start(), *self.places.end());
        let Some(is_delivered) = is_delivered else { return self.in_index(event_type, from..=to, "[]") };
        let listeners = outbox::listeners(self.connection, self.world, self.account, event_type)?;
        let endpoints: Vec<&str> = listeners.iter().map(|listener| &*listener.endpoint).collect();
        let endpoints = serde_json::Value::from(endpoints).to_string();
        // Behind the cursor that is least far, an event has an endpoint that has not taken it.
        let taken = listeners.iter().map(|EventListener { cursor, .. }| *cursor).min();
        match (is_delivered, taken) {
            (true, None) => self.in_index(event_type, from..=to, "[]"),
            (true, Some(taken)) => self.in_index(event_type, from..=to.min(taken), &endpoints),
            (false, None) => Ok(Vec::new()),
            (false, Some(taken)) => {
                let mut places = self.in_index(event_type, from.max(taken.saturating_add(1))..=to, "[]")?;
                places.extend(self.open(event_type, from..=to.min(taken), &endpoints)?);
                Ok(places)
            }
        }
    }

    /// The events of a type in the index, without those that one of these endpoints did not take, a JSON list.
    fn in_index(&self, event_type: &str, places: RangeInclusive<i64>, endpoints: &str) -> rusqlite::Result<Vec<i64>> {
        self.query(if self.is_rising { OLDEST_IN_INDEX } else { NEWEST_IN_INDEX }, event_type, &places, endpoints)
    }

    /// The events of a type that one of these endpoints, a JSON list, did not take at the first attempt.
    fn open(&self, event_type: &str, places: RangeInclusive<i64>, endpoints: &str) -> rusqlite::Result<Vec<i64>> {
        self.query(if self.is_rising { OLDEST_OPEN } else { NEWEST_OPEN }, event_type, &places, endpoints)
    }

    fn query(
        &self,
        sql: &str,
        event_type: &str,
        places: &RangeInclusive<i64>,
        endpoints: &str,
    ) -> rusqlite::Result<Vec<i64>> {
        let account = self.account();
        let values: &[(&str, &dyn ToSql)] = named_params! {
            ":world": self.world,
            ":account": account,
            ":type": event_type,
            ":from": places.start(),
            ":to": places.end(),
            ":since": self.created.start(),
            ":until": self.created.end(),
            ":endpoints": endpoints,
            ":limit": self.limit,
        };
        self.connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
    }

    fn account(&self) -> &str {
        self.account.unwrap_or_default()
    }
}

const NEXT_TYPE: &str = concat!(
    "SELECT ",
    event_type!(),
    " FROM objects INDEXED BY events_by_type WHERE ",
    of_account!(),
    " AND ",
    event_type!(),
    " > :type ORDER BY ",
    event_type!(),
    " LIMIT 1"
);

macro_rules! in_index {
    ($order:literal) => {
        concat!(
            "SELECT position FROM objects INDEXED BY events_by_type WHERE ",
            of_account!(),
            " AND ",
            event_type!(),
            " = :type AND position BETWEEN :from AND :to AND created BETWEEN :since AND :until AND NOT EXISTS \
             (SELECT 1 FROM webhook_deliveries INDEXED BY webhook_deliveries_by_event WHERE event = position \
             AND endpoint IN (SELECT value FROM json_each(:endpoints))) ORDER BY position ",
            $order,
            " LIMIT :limit"
        )
    };
}

const NEWEST_IN_INDEX: &str = in_index!("DESC");
const OLDEST_IN_INDEX: &str = in_index!("ASC");

/// Their number is that of the events which an endpoint refused, so they may be sorted.
macro_rules! open {
    ($order:literal) => {
        concat!(
            "SELECT DISTINCT event FROM webhook_deliveries CROSS JOIN objects ON position = event WHERE endpoint IN \
             (SELECT value FROM json_each(:endpoints)) AND event BETWEEN :from AND :to AND ",
            of_account!(),
            " AND ",
            event_type!(),
            " = :type AND created BETWEEN :since AND :until ORDER BY event ",
            $order,
            " LIMIT :limit"
        )
    };
}

const NEWEST_OPEN: &str = open!("DESC");
const OLDEST_OPEN: &str = open!("ASC");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    /// How SQLite goes about a query.
    fn plan(sql: &str) -> String {
        let connection = schema::in_memory_for_tests();
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // Without values: a plan does not depend on them.
        let (mut rows, mut steps) = (explained.raw_query(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>(3).unwrap());
        }
        steps.join("; ")
    }

    #[test]
    fn the_events_of_a_type_are_found_by_an_index_in_their_order() {
        let types = "(world=? AND <expr>=? AND <expr>>?)";
        let places = "(world=? AND <expr>=? AND <expr>=? AND position>? AND position<?)";
        for (sql, bounds) in [(NEWEST_IN_INDEX, places), (OLDEST_IN_INDEX, places), (NEXT_TYPE, types)] {
            let plan = plan(sql);
            assert!(plan.contains(&format!("INDEX events_by_type {bounds}")), "{plan}");
            assert!(!plan.contains("B-TREE") && !plan.contains("SCAN objects"), "{plan}");
            assert!(!plan.contains("SCAN webhook_deliveries"), "{plan}");
        }
    }

    #[test]
    fn the_events_that_an_endpoint_refused_are_found_by_the_endpoint() {
        for sql in [NEWEST_OPEN, OLDEST_OPEN] {
            let plan = plan(sql);
            assert!(
                plan.contains("SEARCH webhook_deliveries USING PRIMARY KEY (endpoint=? AND event>? AND event<?)"),
                "{plan}"
            );
            assert!(plan.contains("SEARCH objects USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        }
    }
}
