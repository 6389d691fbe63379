//! Where each field of the minter's answers is from: recorded in an answer of Stripe's, documented, or assumed.
//!
//! The table is `assets/field-grades.csv`, a row for each field, in the order of the objects. Its columns:
//!
//! | column | what it holds |
//! | --- | --- |
//! | `object`, `field` | the field, as [`FieldPlace`] names it |
//! | `grade` | `recorded`, `documented` or `assumed` |
//! | `month`, `version` | of the newest recording that has the field; the version is empty where none was sent |
//! | `note` | where it is documented, or why it is assumed; empty for what is recorded |
//! | `varies` | why its value differs between two accounts or calls, if it does: `id`, `time`, `account` or `call` |
//! | `values` | the words that it can have, with a `|` between them; empty where any value is possible |
//!
//! A recording counts more than a page, and a page more than a guess. `tests/it/grades.rs` holds the table against what
//! the minter answers: a field without a row fails there, and so does a row that no answer needs.

use std::{collections::HashMap, sync::LazyLock};

use super::field_place::{FieldPlace, word_of};
use crate::domain::words::words;

/// A field of the minter's answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradedField {
    pub place: FieldPlace,
    pub grade: FieldGrade,
    pub varies: Option<FieldVaries>,
    /// The words that it can have; empty where any value is possible.
    pub values: Vec<String>,
}

/// How it is known that Stripe has the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldGrade {
    /// An answer of Stripe's test mode had it.
    Recorded {
        /// Of the newest recording, as in `2026-08`.
        month: String,
        /// Its `Stripe-Version`, if it had one.
        version: Option<String>,
    },
    /// A page or a specification of Stripe's has it, and no recording.
    Documented { source: String },
    /// Neither has it.
    Assumed { reason: String },
}

impl FieldGrade {
    /// The three words, from the one that says most.
    pub const WORDS: [&'static str; 3] = ["recorded", "documented", "assumed"];

    pub fn word(&self) -> &'static str {
        let [recorded, documented, assumed] = Self::WORDS;
        match self {
            Self::Recorded { .. } => recorded,
            Self::Documented { .. } => documented,
            Self::Assumed { .. } => assumed,
        }
    }

    /// The grade with what it rests on, in a few words: `recorded 2026-08 at 2026-06-24.dahlia`.
    pub fn label(&self) -> String {
        let word = self.word();
        match self {
            Self::Recorded { month, version: Some(version) } => format!("{word} {month} at {version}"),
            Self::Recorded { month, version: None } => format!("{word} {month} without a version"),
            Self::Documented { source } => format!("{word}: {source}"),
            Self::Assumed { reason } => format!("{word}: {reason}"),
        }
    }
}

/// Why a value differs between two accounts, or between two calls of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldVaries {
    /// An id, or a text with one in it.
    Id,
    /// A moment.
    Time,
    /// Given by the account.
    Account,
    /// Reckoned or given anew for each call.
    Call,
}

words!(FieldVaries {
    Id => "id",
    Time => "time",
    Account => "account",
    Call => "call",
});

static CSV: &str = include_str!("../../../assets/field-grades.csv");
static TABLE: LazyLock<GradeTable> =
    LazyLock::new(|| GradeTable::read(CSV).expect("the table of grades is part of the program"));

struct GradeTable {
    fields: Vec<GradedField>,
    /// Where each field stands.
    places: HashMap<FieldPlace, usize>,
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("line {line}: {fault}")]
    Row { line: usize, fault: String },
}

impl GradeTable {
    fn read(csv: &str) -> Result<Self, TableError> {
        let mut table = Self { fields: Vec::new(), places: HashMap::new() };
        for (nth, record) in csv::Reader::from_reader(csv.as_bytes()).records().enumerate() {
            // The first line has the names of the columns.
            let at_line = |fault| TableError::Row { line: nth + 2, fault };
            let field = field_of(&record?).map_err(at_line)?;
            if table.places.insert(field.place.clone(), table.fields.len()).is_some() {
                return Err(at_line("the field has two rows".to_owned()));
            }
            table.fields.push(field);
        }
        Ok(table)
    }
}

fn field_of(record: &csv::StringRecord) -> Result<GradedField, String> {
    let column = |nth: usize| record.get(nth).unwrap_or_default();
    let text = |nth: usize| Some(column(nth).to_owned()).filter(|text| !text.is_empty());
    let needed = |nth: usize, name: &str| text(nth).ok_or_else(|| format!("the column {name} is empty"));
    let [recorded, documented, assumed] = FieldGrade::WORDS;
    let grade = match column(2) {
        word if word == recorded => FieldGrade::Recorded { month: needed(3, "month")?, version: text(4) },
        word if word == documented => FieldGrade::Documented { source: needed(5, "note")? },
        word if word == assumed => FieldGrade::Assumed { reason: needed(5, "note")? },
        other => return Err(format!("'{other}' is no grade: it is recorded, documented or assumed")),
    };
    let varies = match text(6) {
        None => None,
        Some(word) => Some(word.parse().map_err(|()| format!("'{word}' is no reason why a value varies"))?),
    };
    Ok(GradedField {
        place: FieldPlace { object: needed(0, "object")?.into(), field: needed(1, "field")? },
        grade,
        varies,
        values: column(7).split('|').filter(|value| !value.is_empty()).map(str::to_owned).collect(),
    })
}

/// Every field, in the order of the table.
pub fn all() -> &'static [GradedField] {
    &TABLE.fields
}

/// What is known of a field; `None` for one that the minter does not answer.
pub fn of(place: &FieldPlace) -> Option<&'static GradedField> {
    TABLE.places.get(place).map(|nth| &TABLE.fields[*nth])
}

/// What a name as a person writes it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedField {
    /// The field, once for each object that has it: a card is in a token, in a charge and a customer's.
    Known(Vec<&'static GradedField>),
    /// Several fields end so, each by its whole name.
    Ambiguous(Vec<String>),
    /// None does. The names are near to it, the nearest first.
    Unknown(Vec<String>),
}

/// Finds a field by its name: the kind of its object and the field, `charge.outcome.type`, or the end of the field alone
/// where only one kind of object has it, `outcome.type`. `token.card.brand` and `charge.source.brand` name the card of
/// one of them.
pub fn named(name: &str) -> NamedField {
    let fields = |is_meant: &dyn Fn(&GradedField) -> bool| -> Vec<&'static GradedField> {
        all().iter().filter(|field| is_meant(field)).collect()
    };
    let exact = fields(&|field| names_of(field).any(|known| known == name));
    if !exact.is_empty() {
        return NamedField::Known(exact);
    }
    let ending = fields(&|field| {
        field.place.field == name || field.place.field.strip_suffix(name).is_some_and(|head| head.ends_with('.'))
    });
    let mut whole: Vec<String> = ending.iter().map(|field| whole_name(field)).collect();
    whole.dedup();
    match whole.len() {
        0 => NamedField::Unknown(near(name)),
        1 => NamedField::Known(ending),
        _ => NamedField::Ambiguous(whole),
    }
}

/// The name by which a field is asked for: `charge.outcome.type`, and `card.brand` for the cards of all holders.
pub fn whole_name(field: &GradedField) -> String {
    format!("{}.{}", word_of(&field.place.object), field.place.field)
}

/// All names by which a field is asked for.
fn names_of(field: &GradedField) -> impl Iterator<Item = String> {
    let holder = match &*field.place.object {
        "card of a token" => Some("token.card"),
        "card in a charge" => Some("charge.source"),
        _ => None,
    };
    let in_holder = holder.map(|holder| format!("{holder}.{}", field.place.field));
    [whole_name(field)].into_iter().chain(in_holder)
}

/// The names that a person may have meant.
fn near(name: &str) -> Vec<String> {
    /// More than a person reads.
    const MOST: usize = 5;
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let (asked, asked_last) = (name.to_lowercase(), last(&name.to_lowercase()));
    // The nearest by its last part or as a whole; of two that are as near, the one that is nearer as a whole.
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    for field in all() {
        let known = whole_name(field);
        let as_whole = edits(&asked, &known);
        let distance = as_whole.min(1 + edits(&asked_last, &last(&known)));
        if distance <= 1 + asked_last.len() / 4 && !found.iter().any(|(.., other)| *other == known) {
            found.push((distance, as_whole, known));
        }
    }
    found.sort();
    found.into_iter().take(MOST).map(|(.., name)| name).collect()
}

/// How many letters must be added, dropped or changed to make one word of the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (nth, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], nth + 1);
        for (at, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fields: &[&GradedField]) -> Vec<String> {
        fields.iter().map(|field| format!("{}/{}", field.place.object, field.place.field)).collect()
    }

    #[track_caller]
    fn check_known(name: &str, expected: &[&str]) {
        match named(name) {
            NamedField::Known(fields) => assert_eq!(names(&fields), expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_field_is_found_by_its_object_and_by_its_end() {
        check_known("card.brand", &["card of a token/brand", "card of a customer/brand", "card in a charge/brand"]);
        check_known("token.card.brand", &["card of a token/brand"]);
        check_known("charge.source.brand", &["card in a charge/brand"]);
        check_known("charge.outcome.type", &["charge/outcome.type"]);
        check_known("outcome.type", &["charge/outcome.type"]);
        check_known("customer.deleted", &["deleted customer/deleted"]);
        check_known("error.code", &["error/code"]);
        check_known("has_more", &["list/has_more"]);
    }

    #[test]
    fn a_name_of_several_fields_and_one_of_none_are_told() {
        let NamedField::Ambiguous(names) = named("type") else { panic!("{:?}", named("type")) };
        assert!(names.contains(&"token.type".to_owned()) && names.contains(&"charge.outcome.type".to_owned()));
        assert!(names.len() > 3, "{names:?}");
        for (asked, first) in [("card.brnd", "card.brand"), ("charge.outcom.type", "charge.outcome.type")] {
            match named(asked) {
                NamedField::Unknown(near) => assert_eq!(near.first().map(String::as_str), Some(first), "{near:?}"),
                other => panic!("{asked}: {other:?}"),
            }
        }
        assert_eq!(named("zzzzzzzzzz"), NamedField::Unknown(Vec::new()));
    }

    #[test]
    fn a_wrong_row_is_named() {
        let read = |row: &str| {
            let csv = format!("object,field,grade,month,version,note,varies,values\n{row}\n");
            GradeTable::read(&csv).map(drop).map_err(|error| error.to_string())
        };
        for (row, expected) in [
            ("token,id,recorded,2026-08,,,id,", Ok(())),
            ("token,id,recorded,,,,,", Err("line 2: the column month is empty")),
            ("token,id,documented,,,,,", Err("line 2: the column note is empty")),
            ("token,id,assumed,,,,,", Err("line 2: the column note is empty")),
            ("token,id,sure,,,,,", Err("line 2: 'sure' is no grade: it is recorded, documented or assumed")),
            ("token,id,recorded,2026-08,,,moon,", Err("line 2: 'moon' is no reason why a value varies")),
            ("token,,recorded,2026-08,,,,", Err("line 2: the column field is empty")),
            ("token,id,recorded,2026-08,,,,\ntoken,id,recorded,2026-08,,,,", Err("line 3: the field has two rows")),
        ] {
            assert_eq!(read(row), expected.map_err(str::to_owned), "{row}");
        }
    }

    #[test]
    fn a_grade_says_what_it_rests_on() {
        let recorded = |version: Option<&str>| FieldGrade::Recorded {
            month: "2026-08".to_owned(),
            version: version.map(str::to_owned),
        };
        assert_eq!(recorded(Some("2026-06-24.dahlia")).label(), "recorded 2026-08 at 2026-06-24.dahlia");
        assert_eq!(recorded(None).label(), "recorded 2026-08 without a version");
        assert_eq!(FieldGrade::Assumed { reason: "so".to_owned() }.label(), "assumed: so");
    }
}
