//! `explain`: what a field of an answer means, and where the minter has it from; for a token, each of its fields.

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    environment::ProcessEnvironment,
    opened::HistoryView,
    outcome::{CliError, CommandOutcome},
    output::{columns, print, print_json},
};
use crate::domain::{
    call::{
        api::ApiResponse,
        field_help,
        field_place::FieldPlace,
        grades::{self, FieldGrade, GradedField, NamedField},
    },
    history::entry::EntryDetail,
    json_document::JsonView,
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct ExplainArgs {
    /// A field by its object and its name, such as card.brand or charge.outcome.type, of which the object may be left out
    /// where only one has such a field; or the id of a token of the history.
    #[arg(value_name = "FIELD|TOKEN")]
    what: String,
    /// JSON instead of lines for a person.
    #[arg(long)]
    json: bool,
}

const NOTE: &str = "A field is recorded where an answer of Stripe's test mode had it, with the month and the version of \
the newest one; documented where only a page or a specification of Stripe's has it; assumed where neither has. \
token.card.brand and charge.source.brand name the card of one of them";

pub(super) fn explain(args: &ExplainArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let name = args.what.trim();
    if is_token(name) {
        return explain_token(name, args.json, environment);
    }
    match grades::named(name) {
        NamedField::Known(fields) => explain_field(&fields, args.json),
        NamedField::Ambiguous(names) => {
            Err(CliError::Usage(format!("Several fields are named '{name}': write {}", names.join(", or "))))
        }
        NamedField::Unknown(near) => Err(CliError::Usage(unknown(name, &near))),
    }
}

fn is_token(name: &str) -> bool {
    name.starts_with("tok_")
}

fn unknown(name: &str, near: &[String]) -> String {
    let advice = match near {
        [] => "Write the object and the field, such as card.brand or charge.outcome.type, or a token's id".to_owned(),
        near => format!("Near to it: {}", near.join(", ")),
    };
    format!("No answer of the minter has a field '{name}'. {advice}")
}

/// A field as it is printed as JSON.
#[derive(Serialize)]
struct PrintedField<'a> {
    object: &'a str,
    field: &'a str,
    meaning: Option<&'a str>,
    grade: PrintedGrade<'a>,
    /// The words that it can have; empty where any value is possible.
    values: &'a [String],
}

#[derive(Serialize)]
struct PrintedGrade<'a> {
    grade: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a FieldGrade> for PrintedGrade<'a> {
    fn from(grade: &'a FieldGrade) -> Self {
        let plain = Self { grade: grade.word(), month: None, version: None, source: None, reason: None };
        match grade {
            FieldGrade::Recorded { month, version } => {
                Self { month: Some(month), version: version.as_deref(), ..plain }
            }
            FieldGrade::Documented { source } => Self { source: Some(source), ..plain },
            FieldGrade::Assumed { reason } => Self { reason: Some(reason), ..plain },
        }
    }
}

impl<'a> From<&'a GradedField> for PrintedField<'a> {
    fn from(field: &'a GradedField) -> Self {
        Self {
            object: &field.place.object,
            field: &field.place.field,
            meaning: meaning(field),
            grade: PrintedGrade::from(&field.grade),
            values: &field.values,
        }
    }
}

fn meaning(field: &GradedField) -> Option<&'static str> {
    field_help::named(field.place.word(), &field.place.field)
}

fn explain_field(fields: &[&GradedField], as_json: bool) -> Result<CommandOutcome, CliError> {
    if as_json {
        let printed: Vec<PrintedField<'_>> = fields.iter().map(|field| PrintedField::from(*field)).collect();
        print_as_json(&printed)?;
        return Ok(CommandOutcome::Well);
    }
    let Some(first) = fields.first() else { return Ok(CommandOutcome::Well) };
    print(grades::whole_name(first))?;
    if let Some(meaning) = meaning(first) {
        print(format_args!("  {meaning}"))?;
    }
    if !first.values.is_empty() {
        print(format_args!("  values: {}", first.values.join(", ")))?;
    }
    let is_one = fields.iter().all(|field| field.grade == first.grade);
    if is_one {
        print(format_args!("  {}", first.grade.label()))?;
    } else {
        for line in columns(fields.iter().map(|field| [field.place.object.to_string(), field.grade.label()]).collect())
        {
            print(format_args!("  {line}"))?;
        }
    }
    Ok(CommandOutcome::Well)
}

fn print_as_json(printed: &impl Serialize) -> Result<(), CliError> {
    print_json(&serde_json::to_string_pretty(printed).map_err(std::io::Error::from)?)?;
    Ok(())
}

/// A field of a token of the history as it is printed as JSON.
#[derive(Serialize)]
struct PrintedValue {
    /// Its JSON pointer in the answer.
    pointer: String,
    /// As it came; left out where it is an object or array, whose fields follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    meaning: Option<&'static str>,
    grade: Option<PrintedGrade<'static>>,
}

impl From<JsonView<'_>> for PrintedValue {
    fn from(value: JsonView<'_>) -> Self {
        Self {
            pointer: value.pointer(),
            value: leaf(value).and_then(|text| RawValue::from_string(text.to_owned()).ok()),
            meaning: field_help::of(value),
            grade: graded(value).map(|field| PrintedGrade::from(&field.grade)),
        }
    }
}

fn graded(value: JsonView<'_>) -> Option<&'static GradedField> {
    grades::of(&FieldPlace::of(value)?)
}

/// A value as it came, if nothing is in it.
fn leaf(value: JsonView<'_>) -> Option<&str> {
    value.is_empty().then(|| value.text())
}

fn explain_token(token: &str, as_json: bool, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let view = HistoryView::open(environment)?;
    let entry = view.reader.by_token(token)?.ok_or_else(|| {
        CliError::Usage(format!("The history has no token {token}. `testcard history` lists what there is"))
    })?;
    let detail = view.reader.detail(entry)?;
    let document = detail.as_ref().and_then(EntryDetail::answer).and_then(ApiResponse::document).ok_or_else(|| {
        CliError::Usage(format!("The answer that made {token} is not in the history: nothing can be said of it"))
    })?;
    let fields = (0..document.node_count()).map(|node| document.view(node)).filter(|value| value.key().is_some());
    if as_json {
        print_as_json(&fields.map(PrintedValue::from).collect::<Vec<_>>())?;
    } else {
        for line in columns(fields.map(row).collect()) {
            print(line)?;
        }
    }
    view.end(CommandOutcome::Well)
}

/// A field of a token in columns: where it is, its value, its grade, and what it means.
fn row(value: JsonView<'_>) -> [String; 4] {
    let grade = graded(value).map(|field| field.grade.label()).unwrap_or_default();
    let path = value.pointer().trim_start_matches('/').replace('/', ".");
    [path, leaf(value).unwrap_or_default().to_owned(), grade, field_help::of(value).unwrap_or_default().to_owned()]
}
