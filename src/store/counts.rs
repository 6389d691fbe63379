//! Counts of the history, without a write of them in each commit: what is counted is in tables, what is newer is counted
//! by views when it is asked for. Triggers follow changes and removals of what is in the tables.

use rusqlite::Connection;

/// How many calls may be newer than the tables: counting them takes a view a millisecond.
const STEP: i64 = 1000;

const COUNT_ENTRIES: &str = "INSERT INTO counts (status, count) \
     SELECT status, count(*) FROM entries NOT INDEXED \
     WHERE id > (SELECT value FROM counters WHERE name = 'counted_entries') AND deleted_ms IS NULL GROUP BY status \
     ON CONFLICT (status) DO UPDATE SET count = count + excluded.count";
const COUNT_CALLS: &str = "INSERT INTO log_counts (method, http_status, client, has_fault, account, calls) \
     SELECT method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world), count(*) \
     FROM exchanges NOT INDEXED \
     WHERE id > (SELECT value FROM counters WHERE name = 'counted_calls') AND took_micros IS NOT NULL \
     GROUP BY method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world) \
     ON CONFLICT (method, http_status, client, has_fault, account) DO UPDATE SET calls = calls + excluded.calls";
const COUNTED: &str = "UPDATE counters SET value = max(value, coalesce(CASE name \
     WHEN 'counted_entries' THEN (SELECT max(id) FROM entries) ELSE (SELECT max(id) FROM exchanges) END, 0)) \
     WHERE name IN ('counted_entries', 'counted_calls')";

/// The number of the last call that is in the tables. Where it cannot be right, everything is counted anew.
pub(super) fn counted_calls(connection: &Connection, last_call: i64) -> rusqlite::Result<i64> {
    let counted = "SELECT coalesce((SELECT value FROM counters WHERE name = 'counted_calls'), -1)";
    let counted: i64 = connection.prepare_cached(counted)?.query_row([], |row| row.get(0))?;
    if (0..=last_call).contains(&counted) {
        return Ok(counted);
    }
    rebuild(connection)?;
    Ok(last_call)
}

/// Brings the tables up to date where they are far enough behind the last call; gives the last call that is in them.
pub(super) fn catch_up(connection: &Connection, counted_calls: i64, last_call: i64) -> rusqlite::Result<i64> {
    if last_call - counted_calls < STEP {
        return Ok(counted_calls);
    }
    for sql in [COUNT_ENTRIES, COUNT_CALLS, COUNTED] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(last_call)
}

/// Counts everything anew.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "UPDATE counts SET count = 0; DELETE FROM log_counts;
         INSERT INTO counters (name, value) VALUES ('counted_entries', 0), ('counted_calls', 0)
             ON CONFLICT (name) DO UPDATE SET value = 0;",
    )?;
    for sql in [COUNT_ENTRIES, COUNT_CALLS, COUNTED] {
        connection.execute(sql, [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn what_is_new_is_counted_by_its_numbers_alone() {
        let connection = schema::in_memory_for_tests();
        let views = ["SELECT * FROM status_counts", "SELECT * FROM call_counts"];
        for sql in [COUNT_ENTRIES, COUNT_CALLS].iter().chain(&views) {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            let plan = plan.join("; ");
            let is_by_number =
                |table: &str| plan.contains(&format!("SEARCH {table} USING INTEGER PRIMARY KEY (rowid>?)"));
            assert!(is_by_number("entries") || is_by_number("exchanges"), "{sql}: {plan}");
        }
    }
}
