//! Filters of the history as SQL.

use std::{collections::HashSet, fmt::Write as _};

use rusqlite::types::Value;

use crate::domain::{
    call::api::Target,
    history::{
        entry::{EntryId, EntryStatus},
        filter::{HistoryFilter, SearchWord},
    },
    invisible::without_invisible,
};

/// The most words that are searched for: a line of the history is too short to hold more different ones.
const MOST_WORDS: usize = 100;
/// The columns that are searched besides the words that are kept for it: short texts, each by itself.
const SEARCHED: [&str; 5] = ["token_id", "last4", "brand", "code", "used_by"];
/// The longest word that is looked for in these, in bytes: SQLite refuses a much longer pattern.
const LONGEST_PATTERN: usize = 4096;

/// A filter as a condition on `entries`, its values bound in their order.
#[derive(Clone, Debug)]
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
            if status != EntryStatus::Unused {
                // The condition of the index.
                conditions.push("status <> 'unused'");
            }
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
        let mut condition = Self { sql: conditions.join(" AND "), values };
        let words = without_invisible(&filter.search).to_lowercase();
        let words: HashSet<&str> = words.split_whitespace().collect();
        if words.len() > MOST_WORDS {
            condition.sql += " AND FALSE";
        } else {
            for word in words {
                match SearchWord::of(word) {
                    SearchWord::Text(word) => condition.add_word(word),
                    SearchWord::Run(run) => condition.add_run(run),
                }
            }
        }
        condition
    }

    /// Adds that a word occurs in one of the searched columns.
    fn add_word(&mut self, word: &str) {
        let exact = self.bind(word.to_owned());
        let mut places = vec![format!("instr(haystack, ?{exact}) > 0")];
        if word.len() <= LONGEST_PATTERN {
            // LIKE takes capitals and small letters for the same without a copy of the text, which `lower` would make.
            let pattern = self.bind(pattern(word));
            places.extend(SEARCHED.map(|column| format!("{column} LIKE ?{pattern} ESCAPE '\\'")));
        }
        // What these columns hold is known: one comparison tells whether the word is in it.
        places.extend(one_of("status", EntryStatus::ALL.map(EntryStatus::as_str), word));
        places.extend(one_of("target", [Target::Local, Target::Stripe].map(Target::as_str), word));
        let _ = write!(self.sql, " AND ({})", places.join(" OR "));
    }

    /// Adds that the entry is of a run with this name or number. Its rows are looked up first: a run has thousands of
    /// entries, the history a million.
    fn add_run(&mut self, run: &str) {
        let name = self.bind(run.to_owned());
        let number = self.bind(run.parse::<i64>().unwrap_or_default());
        let runs = format!("SELECT id FROM runs WHERE name = ?{name} OR id = ?{number}");
        let _ = write!(self.sql, " AND id IN (SELECT entry FROM run_rows WHERE run IN ({runs}))");
    }

    /// Binds a value; gives its number.
    fn bind(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    /// The same condition, and another one with a value for each of its question marks.
    pub(super) fn and<const N: usize>(&self, sql: &str, values: [Value; N]) -> Self {
        let sql = format!("{} AND {sql}", self.sql);
        Self { sql, values: self.values.iter().cloned().chain(values).collect() }
    }
}

/// A pattern for texts that hold the word; without a special meaning of what the word consists of.
fn pattern(word: &str) -> String {
    let special = |sign: char| matches!(sign, '%' | '_' | '\\');
    let signs = word.chars().flat_map(|sign| special(sign).then_some('\\').into_iter().chain([sign]));
    std::iter::once('%').chain(signs).chain(['%']).collect()
}

/// That a column is one of those of its values that hold the word; `None` where none does.
fn one_of<const N: usize>(column: &str, values: [&'static str; N], word: &str) -> Option<String> {
    let holding: Vec<String> =
        values.iter().filter(|value| value.contains(word)).map(|value| format!("'{value}'")).collect();
    (!holding.is_empty()).then(|| format!("{column} IN ({})", holding.join(", ")))
}

/// The entries that changed after a revision, and those behind a number, which are new. The index is named: without that
/// the order of ids wins, and with it every commit would go through the whole table.
pub(super) fn changed_sql(columns: &str, deleted: &str) -> String {
    format!(
        "SELECT {columns} FROM entries WHERE id IN \
         (SELECT id FROM entries INDEXED BY entries_by_revision WHERE revision > 0 AND revision > ?1 \
         UNION SELECT id FROM entries NOT INDEXED WHERE id > ?2) AND deleted_ms {deleted} ORDER BY id"
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
    fn the_entries_of_a_run_are_looked_up_by_its_rows() {
        let connection = schema::in_memory_for_tests();
        let filter = HistoryFilter { search: "run:nightly".to_owned(), ..HistoryFilter::default() };
        let clause = SqlCondition::of(&filter);
        let plan: Vec<String> = connection
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT id FROM entries WHERE {} ORDER BY id DESC LIMIT 50",
                clause.sql
            ))
            .unwrap()
            .query_map(rusqlite::params_from_iter(&clause.values), |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let plan = plan.join("; ");
        assert!(plan.contains("SEARCH entries USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        assert!(plan.contains("SEARCH runs USING COVERING INDEX runs_by_name (name=?)"), "{plan}");
        assert!(plan.contains("SEARCH run_rows USING INDEX"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }

    #[test]
    fn no_status_is_sorted_and_all_but_the_most_frequent_are_looked_up() {
        let connection = schema::in_memory_for_tests();
        for status in EntryStatus::ALL {
            let clause = SqlCondition::of(&HistoryFilter { status: Some(status), ..HistoryFilter::default() });
            let sql =
                format!("EXPLAIN QUERY PLAN SELECT id FROM entries WHERE {} ORDER BY id DESC LIMIT 50", clause.sql);
            let mut plan = connection.prepare(&sql).unwrap();
            let plan: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(&clause.values), |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let plan = plan.join("; ");
            let is_looked_up = plan.contains("USING INDEX entries_by_status (status=?)");
            assert_eq!(is_looked_up, status != EntryStatus::Unused, "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    #[test]
    fn what_changed_is_found_without_going_through_the_history() {
        let connection = schema::in_memory_for_tests();
        for (columns, deleted) in [(ENTRY, "IS NULL"), ("id", "IS NOT NULL")] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {}", changed_sql(columns, deleted)))
                .unwrap()
                .query_map([7, 7], |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let plan = plan.join("; ");
            assert!(plan.contains("INDEX entries_by_revision (revision>?)"), "{plan}");
            assert_eq!(plan.matches("SEARCH entries USING INTEGER PRIMARY KEY (rowid").count(), 2, "{plan}");
            assert!(!plan.contains("SCAN"), "{plan}");
        }
    }
}
