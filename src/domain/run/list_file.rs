//! A list of rows as a person or a program writes it: CSV with a line of column names, a JSON array of objects, or an
//! object a line (JSONL).
//!
//! A column is a parameter of `POST /v1/tokens` (`card[number]`, or `param:NAME` for one whose name has no brackets), or
//! one of [`ListColumn`]. An empty cell of CSV, and `null`, send nothing; an empty text of JSON is sent. To a row with
//! `card[number]`, an expiry and a code that passes are added where the list has no columns for them.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{
    expected_words::ExpectedWords,
    row::{CvcVariant, RowParams, RowSource, RunRow, RunStep},
};
use crate::domain::{
    call::{params::Params, token_calls::TokenCall},
    history::edit::{note_in, tags_in},
    json_document::{JsonDocument, JsonKind, JsonView},
    mask,
    plural::number_of,
    presets::{library::PresetLibrary, preset::PresetKey},
    rules::expectation::LifeStep,
    words::words,
};

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    Csv,
    Json,
    Jsonl,
}

words!(ListFormat {
    Csv => "csv",
    Json => "json",
    Jsonl => "jsonl",
});

/// A column that is no parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListColumn {
    /// What should come of the row: see [`ExpectedWords`].
    Expect,
    Note,
    Tags,
    /// How many rows of this kind there are.
    Count,
    /// How far the row goes: token, attach, charge, intent, or partial_intent for one that takes a part of its amount.
    Step,
    Amount,
    Currency,
    /// A preset in place of parameters: a built-in one, such as `made:invalid_cvc` or `card:4242424242424242`, or the name
    /// of one of the user's own. What the row says besides of expectation and note goes before that of the preset.
    Preset,
    /// The security code by what it does: good, bad or none.
    Cvc,
}

words!(ListColumn {
    Expect => "expect",
    Note => "note",
    Tags => "tags",
    Count => "count",
    Step => "step",
    Amount => "amount",
    Currency => "currency",
    Preset => "preset",
    Cvc => "cvc",
});

/// The parameters of `POST /v1/tokens` whose names have no brackets.
const PLAIN_PARAMS: [&str; 8] =
    ["card", "customer", "bank_account", "pii", "account", "person", "cvc_update", "expand"];
/// What a name begins with that is to be sent as it stands.
const PARAM_MARK: &str = "param:";
/// The most rows that one line may stand for.
const MOST_COUNT: u32 = 100_000;

/// The most rows that a list comes to.
const MOST_ROWS: u64 = 1_000_000;

/// What is wrong with a list. It repeats no value, for that may be a card number or a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    /// From 1; 0 where it is the list as a whole.
    pub line: u64,
    /// The column or the name at fault, masked; empty where it is the whole line.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub reason: String,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, field, reason } = self;
        match (field.as_str(), line) {
            ("", 0) => f.write_str(reason),
            ("", _) => write!(f, "line {line}: {reason}"),
            (field, _) => write!(f, "line {line}, column {field}: {reason}"),
        }
    }
}

impl std::error::Error for ListError {}

/// What holds for rows that do not say it themselves, and what they may name.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListDefaults<'a> {
    pub last_step: RunStep,
    /// The user's own presets. `None` where they are not at hand: then every name will do, and its row sends nothing.
    pub presets: Option<&'a PresetLibrary>,
}

/// The rows of a list, read one by one: no more than one is in memory beside the text.
pub type ListRows<'a> = Box<dyn Iterator<Item = Result<RunRow, ListError>> + Send + 'a>;

/// Reads the rows of a list, until the first error.
///
/// # Errors
/// The text is no list of this format at all. What is wrong with a row is told when it is read.
pub fn rows<'a>(text: &'a str, format: ListFormat, defaults: ListDefaults<'a>) -> Result<ListRows<'a>, ListError> {
    // Programs for tables begin their files with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        ListFormat::Csv => csv_rows(text, defaults),
        ListFormat::Json => json_rows(text, defaults),
        ListFormat::Jsonl => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let read = move |(at, line): (usize, &str)| json_row(line, at as u64 + 1, defaults);
            Ok(Box::new(repeated(lines.map(read))))
        }
    }
}

/// What a name of a column or of an object's member stands for.
enum FieldName<'a> {
    Param(Cow<'a, str>),
    Column(ListColumn),
}

impl<'a> FieldName<'a> {
    fn parse(name: &'a str) -> Result<Self, String> {
        if let Ok(column) = name.parse() {
            return Ok(Self::Column(column));
        }
        if let Some(name) = name.strip_prefix(PARAM_MARK).filter(|name| !name.is_empty()) {
            return Ok(Self::Param(name.into()));
        }
        if PLAIN_PARAMS.contains(&name) || (name.contains('[') && name.ends_with(']')) {
            return Ok(Self::Param(name.into()));
        }
        let columns = ListColumn::ALL.map(ListColumn::as_str).join(", ");
        Err(format!(
            "there is no such column. Columns are parameters, such as card[number], and {columns}; write {PARAM_MARK}NAME \
             to send a parameter of any other name"
        ))
    }
}

/// Whether a list may have a column of this name.
pub fn is_column(name: &str) -> bool {
    FieldName::parse(name).is_ok()
}

/// A row as far as its fields are read.
struct RowDraft<'a> {
    line: u64,
    defaults: ListDefaults<'a>,
    params: Params,
    adds_expiry: bool,
    adds_cvc: bool,
    cvc: Option<CvcVariant>,
    preset: Option<RunRow>,
    expects: Option<ExpectedWords>,
    last_step: Option<RunStep>,
    amount: String,
    currency: String,
    note: String,
    tags: Vec<String>,
    count: u32,
}

impl<'a> RowDraft<'a> {
    fn new(line: u64, defaults: ListDefaults<'a>) -> Self {
        Self {
            line,
            defaults,
            params: Params::new(),
            adds_expiry: true,
            adds_cvc: true,
            cvc: None,
            preset: None,
            expects: None,
            last_step: None,
            amount: TokenCall::DEFAULT_AMOUNT.to_owned(),
            currency: TokenCall::DEFAULT_CURRENCY.to_owned(),
            note: String::new(),
            tags: Vec::new(),
            count: 1,
        }
    }

    fn error(&self, field: &str, reason: impl Into<String>) -> ListError {
        ListError { line: self.line, field: mask::name(field), reason: reason.into() }
    }

    /// Takes a field, `None` where nothing stands in it.
    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), ListError> {
        match FieldName::parse(name).map_err(|reason| self.error(name, reason))? {
            FieldName::Param(param) => {
                self.adds_expiry &= !matches!(&*param, "card[exp_month]" | "card[exp_year]");
                self.adds_cvc &= param != "card[cvc]";
                if let Some(value) = value {
                    self.params.push(param, value);
                }
                Ok(())
            }
            FieldName::Column(column) => match value.map(str::trim).filter(|value| !value.is_empty()) {
                Some(value) => self.take_column(column, value).map_err(|reason| self.error(name, reason)),
                None => Ok(()),
            },
        }
    }

    fn take_column(&mut self, column: ListColumn, value: &str) -> Result<(), String> {
        match column {
            ListColumn::Expect => self.expects = Some(ExpectedWords::parse(value)?),
            ListColumn::Note => self.note = note_in(value),
            ListColumn::Tags => self.tags = tags_in(value),
            ListColumn::Count => {
                let count = value.parse().ok().filter(|count| (1..=MOST_COUNT).contains(count));
                self.count = count.ok_or_else(|| format!("it is no whole number from 1 to {MOST_COUNT}"))?;
            }
            ListColumn::Step => {
                self.last_step = Some(
                    value.parse().map_err(|()| "write token, attach, charge, intent or partial_intent".to_owned())?,
                );
            }
            ListColumn::Amount => value.clone_into(&mut self.amount),
            ListColumn::Currency => value.clone_into(&mut self.currency),
            ListColumn::Preset => self.preset = Some(preset_row(value, self.defaults.presets)?),
            ListColumn::Cvc => {
                let variant = value.parse().ok().filter(|variant| *variant != CvcVariant::Given);
                let other = "write good, bad or none; a code itself stands in the column card[cvc]";
                self.cvc = Some(variant.ok_or(other)?);
            }
        }
        Ok(())
    }

    /// The row, and how often it is made.
    fn finish(mut self) -> Result<(RunRow, u32), ListError> {
        let row = match (self.preset.take(), !self.params.is_empty(), self.cvc) {
            (Some(_), true, _) | (Some(_), _, Some(_)) => {
                let reason = "a preset has its own parameters: leave the others empty, or leave the preset out";
                return Err(self.error(ListColumn::Preset.as_str(), reason));
            }
            (Some(row), false, None) => row,
            (None, _, Some(_)) if !self.adds_cvc && self.params.get("card[cvc]").is_some() => {
                let reason = "the row has a code in card[cvc] already: leave one of the two empty";
                return Err(self.error(ListColumn::Cvc.as_str(), reason));
            }
            (None, ..) => {
                let has_number = self.params.get("card[number]").is_some();
                let usual = if self.adds_cvc && has_number { CvcVariant::Good } else { CvcVariant::Given };
                RunRow::new(RowSource::Params(RowParams {
                    adds_expiry: self.adds_expiry && has_number,
                    cvc: self.cvc.unwrap_or(usual),
                    params: std::mem::take(&mut self.params),
                }))
            }
        };
        let said = self.expects.as_ref().and_then(ExpectedWords::last_step);
        let usual = self.defaults.last_step;
        // What is expected of an intent does not tell whether it takes a part.
        let of_usual = |said: RunStep| if said.life_step() == usual.life_step() { usual } else { said };
        let last_step = self.last_step.or(said.map(of_usual)).unwrap_or(usual);
        let is_no_way_to = |said: RunStep, step: RunStep| {
            step.life_step() == LifeStep::Intent && ![LifeStep::Token, LifeStep::Intent].contains(&said.life_step())
        };
        if let (Some(said), Some(step)) = (said, self.last_step)
            && (said > step || is_no_way_to(said, step))
        {
            let reason = format!("the row goes as far as {}, and {} is expected of it", step.as_str(), said.as_str());
            return Err(ListError { line: self.line, field: ListColumn::Expect.as_str().to_owned(), reason });
        }
        let mut tags = row.tags;
        tags.extend(self.tags.into_iter().filter(|tag| !tags.contains(tag)).collect::<Vec<_>>());
        let row = RunRow {
            source: row.source,
            variant: last_step.as_str().to_owned(),
            last_step,
            amount: self.amount,
            currency: self.currency,
            expects: self.expects.map(|words| words.of_row(last_step)).or(row.expects),
            note: if self.note.is_empty() { row.note } else { self.note },
            tags,
        };
        Ok((row, self.count))
    }
}

/// The row of the preset that a cell names.
fn preset_row(text: &str, presets: Option<&PresetLibrary>) -> Result<RunRow, String> {
    if let Ok(key @ (PresetKey::Card(_) | PresetKey::Made(_))) = text.parse() {
        return Ok(RunRow::new(RowSource::Preset(key)));
    }
    if let Some(own) = presets.and_then(|presets| presets.own_named(text)) {
        return Ok(RunRow::of_own(own));
    }
    if text.starts_with('#') {
        return Err("a tag stands for several presets: write the name of one in each row".to_owned());
    }
    if presets.is_some() || text.starts_with("card:") || text.starts_with("made:") {
        return Err("there is no such preset. Write the name of one of your own as you saved it, card:NUMBER for a \
                    published test card, or made:NAME for a request that fails on purpose"
            .to_owned());
    }
    let params = Params::new();
    Ok(RunRow::new(RowSource::Params(RowParams { params, adds_expiry: false, cvc: CvcVariant::Given })))
}

/// Each row as often as it is made, up to the first error.
fn repeated(
    rows: impl Iterator<Item = Result<(RunRow, u32), ListError>> + Send,
) -> impl Iterator<Item = Result<RunRow, ListError>> + Send {
    let mut total = 0;
    rows.flat_map(move |row| match row {
        Ok((row, count)) => {
            total += u64::from(count);
            if total > MOST_ROWS {
                let reason = format!("the list comes to more than {MOST_ROWS} rows. Split it");
                return std::iter::repeat_n(Err(ListError { line: 0, field: String::new(), reason }), 1);
            }
            std::iter::repeat_n(Ok(row), count as usize)
        }
        Err(error) => std::iter::repeat_n(Err(error), 1),
    })
}

fn csv_rows<'a>(text: &'a str, defaults: ListDefaults<'a>) -> Result<ListRows<'a>, ListError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| csv_error(&error))?.clone();
    let mut seen = Vec::new();
    for (at, name) in headers.iter().enumerate() {
        let wrong = |reason: String| ListError { line: 1, field: format!("{} ({})", at + 1, mask::name(name)), reason };
        if let FieldName::Column(column) = FieldName::parse(name).map_err(wrong)? {
            if seen.contains(&column) {
                return Err(wrong("the column is there twice: leave one out".to_owned()));
            }
            seen.push(column);
        }
    }
    let read = move |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| csv_error(&error))?;
        let mut row = RowDraft::new(record.position().map_or(0, csv::Position::line), defaults);
        for (name, value) in headers.iter().zip(&record) {
            row.take(name, (!value.is_empty()).then_some(value))?;
        }
        row.finish()
    };
    Ok(Box::new(repeated(reader.into_records().map(read))))
}

fn csv_error(error: &csv::Error) -> ListError {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "the line has {}, and the first line names {}. Put a text with commas in it between double quotes",
            number_of(*len, "cell", "cells"),
            number_of(*expected_len, "column", "columns")
        ),
        _ => "it is no CSV: the first line names the columns, with commas between them".to_owned(),
    };
    ListError { line, field: String::new(), reason }
}

fn json_rows<'a>(text: &'a str, defaults: ListDefaults<'a>) -> Result<ListRows<'a>, ListError> {
    let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| ListError {
        line: error.line() as u64,
        field: String::new(),
        reason: format!(
            "it is no JSON array of objects (column {}). Write [{{\"card[number]\": \"…\"}}, …], or name the file .jsonl \
             where each line is an object",
            error.column()
        ),
    })?;
    let (mut line, mut counted) = (1, 0);
    let read = move |row: &RawValue| {
        let start = row.get().as_ptr() as usize - text.as_ptr() as usize;
        line += text[counted..start].matches('\n').count() as u64;
        counted = start;
        json_row(row.get(), line, defaults)
    };
    Ok(Box::new(repeated(rows.into_iter().map(read))))
}

/// Reads the object of a row; `line` is the one that it begins on.
fn json_row(text: &str, line: u64, defaults: ListDefaults<'_>) -> Result<(RunRow, u32), ListError> {
    let mut row = RowDraft::new(line, defaults);
    let document = JsonDocument::parse(text.to_owned())
        .map_err(|error| row.error("", format!("it is no JSON, from byte {} of the row on", error.at + 1)))?;
    let object = document.root();
    if object.kind() != JsonKind::Object {
        return Err(row.error("", "a row is a JSON object, such as {\"card[number]\": \"4242424242424242\"}"));
    }
    for member in object.items() {
        let name = member.key().unwrap_or_default();
        match (name.parse(), member.kind()) {
            (Ok(ListColumn::Tags), JsonKind::Array) => {
                let tags: Vec<String> = member.items().filter_map(|tag| tag.string().map(Cow::into_owned)).collect();
                row.take(&name, Some(&tags.join(" ")))?;
            }
            (Ok(ListColumn::Expect), JsonKind::Object) => {
                let steps = member.items().map(|step| {
                    let word = step.string().unwrap_or_default();
                    format!("{}={word}", step.key().unwrap_or_default())
                });
                let steps = steps.collect::<Vec<_>>().join(" ");
                row.take(&name, Some(if steps.is_empty() { "=" } else { &steps }))?;
            }
            (Ok(_), JsonKind::Object | JsonKind::Array) => {
                return Err(row.error(&name, "it is a text or a number, and no object or list"));
            }
            _ => take_json(&mut row, &name, member)?,
        }
    }
    row.finish()
}

/// Takes a member, and what is in it under names with brackets: `{"card": {"number": …}}` is `card[number]`.
fn take_json(row: &mut RowDraft<'_>, name: &str, value: JsonView<'_>) -> Result<(), ListError> {
    match value.kind() {
        JsonKind::Object => value
            .items()
            .try_for_each(|item| take_json(row, &format!("{name}[{}]", item.key().unwrap_or_default()), item)),
        JsonKind::Array => value.items().try_for_each(|item| take_json(row, &format!("{name}[]"), item)),
        JsonKind::Text => row.take(name, value.string().as_deref()),
        // As it is written: a number of nineteen digits stays what it is.
        JsonKind::Number | JsonKind::Literal if value.text() != "null" => row.take(name, Some(value.text())),
        _ => row.take(name, None),
    }
}

#[cfg(test)]
mod tests;
