//! Filters and orders of the history as SQL.

use std::collections::HashSet;

use rusqlite::types::Value;

use crate::domain::{
    history::{
        entry::{EntryId, EntryStatus},
        filter::{HistoryFilter, SortKey, SortOrder},
    },
    invisible::without_invisible,
};

/// The most words that are searched for: a line of the history is too short to hold more different ones.
const MOST_WORDS: usize = 100;

/// A filter as a condition on `entries`, its values bound in their order.
pub(super) struct SqlCondition {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl SqlCondition {
    pub(super) fn of(filter: &HistoryFilter) -> Self {
        let mut conditions = vec!["deleted_ms IS NULL"];
        let mut values: Vec<Value> = Vec::new();
        if let Some(status) = filter.status {
            conditions.push("status = ?");
            values.push(status.as_str().to_owned().into());
        }
        if let Some(target) = filter.target {
            conditions.push("target = ?");
            values.push(target.as_str().to_owned().into());
        }
        if let Some(account) = &filter.account {
            conditions.push("account IS ?");
            values.push(account.account().map(str::to_owned).into());
        }
        if let Some(tag) = &filter.tag {
            // A tag stands between quotes in the JSON, and no tag has a quote in it.
            conditions.push("instr(tags, ?) > 0");
            values.push(format!("\"{tag}\"").into());
        }
        for (moment, condition) in [(filter.since, "started_ms >= ?"), (filter.until, "started_ms <= ?")] {
            if let Some(moment) = moment {
                conditions.push(condition);
                values.push(moment.as_millisecond().into());
            }
        }
        if let Some(among) = &filter.among {
            conditions.push("id IN (SELECT value FROM json_each(?))");
            values.push(ids_json(among).into());
        }
        let words = without_invisible(&filter.search).to_lowercase();
        let words: HashSet<&str> = words.split_whitespace().collect();
        if words.len() > MOST_WORDS {
            conditions.push("FALSE");
        } else {
            // Not LIKE, to which a percent sign means anything.
            conditions.extend(words.iter().map(|_| "instr(haystack, ?) > 0"));
            values.extend(words.into_iter().map(|word| Value::from(word.to_owned())));
        }
        Self { sql: conditions.join(" AND "), values }
    }
}

/// An order as the terms behind `ORDER BY`.
pub(super) fn order(sort: SortOrder) -> String {
    let way = if sort.is_descending { "DESC" } else { "ASC" };
    let keys: &[&str] = match sort.key {
        SortKey::Created => return format!("id {way}"),
        SortKey::Took => &["took_micros"],
        SortKey::Status => {
            let places = EntryStatus::ALL.iter().zip(0..);
            let cases: Vec<String> =
                places.map(|(status, place)| format!("WHEN '{}' THEN {place}", status.as_str())).collect();
            return format!("CASE status {} END {way}, id DESC", cases.join(" "));
        }
        SortKey::Card => &["brand", "last4"],
        SortKey::Token => &["token_id"],
        SortKey::Source => &["target"],
        SortKey::UsedBy => &["used_by"],
        SortKey::Account => &["account"],
    };
    let keys: Vec<String> = keys.iter().map(|key| format!("{key} {way} NULLS LAST")).collect();
    format!("{}, id DESC", keys.join(", "))
}

/// The entries that changed after a revision. The index is named: without that the order of ids wins, and with it every
/// commit would go through the whole table.
pub(super) fn changed_sql(columns: &str, deleted: &str) -> String {
    format!(
        "SELECT {columns} FROM entries INDEXED BY entries_by_revision WHERE revision > ?1 AND deleted_ms {deleted} \
         ORDER BY id"
    )
}

/// Ids as a JSON array, for `json_each`.
pub(super) fn ids_json(ids: &[EntryId]) -> String {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    serde_json::to_string(&ids).expect("numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{rows::ENTRY, schema};

    #[test]
    fn what_changed_is_found_without_going_through_the_history() {
        let connection = schema::in_memory_for_tests();
        for (columns, deleted) in [(ENTRY, "IS NULL"), ("id", "IS NOT NULL")] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {}", changed_sql(columns, deleted)))
                .unwrap()
                .query_map([7], |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let plan = plan.join("; ");
            assert!(plan.contains("SEARCH entries USING INDEX entries_by_revision (revision>?)"), "{plan}");
            assert!(!plan.contains("SCAN"), "{plan}");
        }
    }
}
