//! What the tests that hold the minter against recorded answers of Stripe share: facts, counts, deliberate differences.
//!
//! The facts are in `tests/recorded`, see the README there. `cargo test --test it recorded -- --nocapture` prints how
//! much of them agrees.

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::Value;

/// Reads a file of `tests/recorded`.
pub fn facts(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A deliberate difference: a row of `tests/recorded/differences.json`.
struct Difference {
    /// Where it is, such as `charge.payment_intent`.
    place: String,
    /// What differs there, such as `missing`.
    problem: String,
    /// The versions that it concerns; `None` for all.
    versions: Option<Vec<String>>,
    is_needed: bool,
}

/// The deliberate differences of one subject: `shapes`, `errors`, `headers` or `cards`.
pub struct Differences {
    subject: &'static str,
    rows: RefCell<Vec<Difference>>,
}

impl Differences {
    pub fn of(subject: &'static str) -> Self {
        let text = |row: &Value, key: &str| {
            let text = row[key].as_str().filter(|text| !text.is_empty());
            text.unwrap_or_else(|| panic!("differences.json: a row without {key}: {row}")).to_owned()
        };
        let rows = facts("differences.json");
        let of_subject = rows.as_array().unwrap().iter().filter(|row| row["of"] == subject);
        let rows = of_subject
            .map(|row| {
                text(row, "reason");
                let versions = row.get("versions").map(|versions| {
                    versions.as_array().unwrap().iter().map(|version| version.as_str().unwrap().to_owned()).collect()
                });
                Difference { place: text(row, "where"), problem: text(row, "problem"), versions, is_needed: false }
            })
            .collect();
        Self { subject, rows: RefCell::new(rows) }
    }

    /// Whether this difference is deliberate. Its row counts as needed from here on.
    pub fn allow(&self, place: &str, problem: &str, version: &str) -> bool {
        let mut rows = self.rows.borrow_mut();
        let found = rows.iter_mut().find(|row| {
            row.place == place
                && row.problem == problem
                && row.versions.as_ref().is_none_or(|versions| versions.iter().any(|known| known == version))
        });
        found.map(|row| row.is_needed = true).is_some()
    }

    /// Fails for each row that no answer needed: it describes a difference that is none.
    #[track_caller]
    pub fn check_each_is_needed(&self) {
        let rows = self.rows.borrow();
        let idle: Vec<String> = rows
            .iter()
            .filter(|row| !row.is_needed)
            .map(|row| format!("{} ({}, {:?})", row.place, row.problem, row.versions))
            .collect();
        assert!(idle.is_empty(), "differences.json: no answer needs these rows of {}: {idle:#?}", self.subject);
    }
}

/// How a thing that was compared stands to the recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    Equal,
    /// Only what `differences.json` lists differs.
    OnPurpose,
    Different,
}

impl Agreement {
    /// Of what was found: the number of differences, and how many of them are not deliberate.
    pub fn of(differences: usize, unexpected: usize) -> Self {
        match (differences, unexpected) {
            (0, _) => Self::Equal,
            (_, 0) => Self::OnPurpose,
            _ => Self::Different,
        }
    }
}

/// How much of each category agrees with the recordings.
#[derive(Default)]
pub struct Share(BTreeMap<String, [u32; 3]>);

impl Share {
    pub fn count(&mut self, category: &str, agreement: Agreement) {
        self.0.entry(category.to_owned()).or_default()[agreement as usize] += 1;
    }

    pub fn compared(&self) -> u32 {
        self.0.values().flatten().sum()
    }

    /// Prints a table: a row per category and one for all.
    pub fn print(&self, title: &str) {
        let mut text =
            format!("\n{title:<52} {:>8} {:>7} {:>11} {:>10}\n", "compared", "equal", "on purpose", "different");
        let mut all = [0; 3];
        let mut row = |name: &str, [equal, on_purpose, different]: [u32; 3]| {
            let compared = equal + on_purpose + different;
            let percent = (equal * 100).checked_div(compared).unwrap_or_default();
            writeln!(text, "{name:<52} {compared:>8} {equal:>7} {on_purpose:>11} {different:>10} {percent:>4} %")
                .unwrap();
        };
        for (name, counts) in &self.0 {
            row(name, *counts);
            for (sum, count) in all.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        row("all", all);
        println!("{text}");
    }
}

#[test]
fn every_deliberate_difference_is_of_a_known_subject_and_has_a_reason() {
    for row in facts("differences.json").as_array().unwrap() {
        let known = ["shapes", "errors", "headers", "cards"].iter().any(|subject| row["of"] == *subject);
        assert!(known && row["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{row}");
    }
}

#[test]
fn a_difference_that_nothing_needs_is_told() {
    let row = |place: &str| Difference {
        place: place.to_owned(),
        problem: "missing".to_owned(),
        versions: Some(vec!["2023-10-16".to_owned()]),
        is_needed: false,
    };
    let differences = Differences { subject: "shapes", rows: RefCell::new(vec![row("charge.a"), row("charge.b")]) };
    assert!(differences.allow("charge.a", "missing", "2023-10-16"));
    assert!(!differences.allow("charge.b", "missing", "2019-08-14"));
    assert!(!differences.allow("charge.b", "extra", "2023-10-16"));
    let idle = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| differences.check_each_is_needed()));
    assert!(idle.is_err(), "charge.b was not needed");
}
