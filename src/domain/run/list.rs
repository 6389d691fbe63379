//! A list as it was asked for: matrices, presets and files, one after the other. Its rows are made when they are read.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    list_file::{self, ListColumn, ListDefaults, ListError, ListFormat, ListRows},
    list_hash::ListHash,
    matrix::RunMatrix,
    preview::RunPreview,
    row::{RowSource, RunRow, RunStep},
};
use crate::domain::{
    presets::{library::PresetLibrary, preset::PresetKey},
    rules::policies::AccountPolicies,
    secret::SecretText,
};

/// The most bytes of a file of rows: far more than a million rows.
pub const MOST_LIST_BYTES: u64 = 512 << 20;

/// A file of rows, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFile {
    /// What the file is called, without its folder.
    pub name: String,
    pub format: ListFormat,
    /// It may hold card numbers and codes.
    pub text: SecretText,
}

impl ListFile {
    /// Whether a row may name a preset: then those of the user are needed to read it.
    pub fn may_name_presets(&self) -> bool {
        // Of the text no more than this is told.
        self.text.expose().contains(ListColumn::Preset.as_str())
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListPart {
    Preset(PresetKey),
    Matrix(RunMatrix),
    File(Arc<ListFile>),
    /// Rows that were put together by the program: presets of a person's own, entries that are made again.
    Rows(Arc<Vec<RunRow>>),
}

impl ListPart {
    /// The part of a preset, built in or the user's own; `None` where there is none of this key.
    pub fn of_preset(key: &PresetKey, library: &PresetLibrary) -> Option<Self> {
        match key {
            PresetKey::Own(id) => Some(Self::Rows(Arc::new(vec![RunRow::of_own(library.own(*id)?)]))),
            _ => Some(Self::Preset(key.clone())),
        }
    }
}

/// Parts, how far their rows go where a row does not say it itself, and the presets of the user that rows of a file name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunList {
    pub parts: Vec<ListPart>,
    pub last_step: RunStep,
    pub presets: Arc<PresetLibrary>,
}

/// What is known of a list once every row was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadList {
    pub hash: String,
    pub preview: RunPreview,
}

impl RunList {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The rows, in their order. Only a file can have one that is wrong.
    pub fn rows(&self) -> ListRows<'_> {
        let last_step = self.last_step;
        let defaults = ListDefaults { last_step, presets: Some(&*self.presets) };
        let further = move |row: RunRow| {
            let variant = if row.variant.is_empty() { last_step.as_str().to_owned() } else { row.variant.clone() };
            Ok(RunRow { variant, last_step, ..row })
        };
        let rows = self.parts.iter().flat_map(move |part| -> ListRows<'_> {
            match part {
                ListPart::Preset(key) => {
                    Box::new(std::iter::once(further(RunRow::new(RowSource::Preset(key.clone())))))
                }
                ListPart::Matrix(matrix) => Box::new(matrix.rows().map(further)),
                // The text is read by whoever reads the rows.
                ListPart::File(file) => match list_file::rows(file.text.expose(), file.format, defaults) {
                    Ok(rows) => rows,
                    Err(error) => Box::new(std::iter::once(Err(error))),
                },
                ListPart::Rows(rows) => Box::new(rows.iter().cloned().map(further)),
            }
        });
        Box::new(rows)
    }

    /// Reads every row once: whether all are right, what the list is known by, and what a run of it will do.
    ///
    /// # Errors
    /// The first row that is wrong.
    pub fn read(
        &self,
        mut hash: ListHash,
        day: Date,
        policies: Option<AccountPolicies>,
    ) -> Result<ReadList, ListError> {
        let mut preview = RunPreview::default();
        for row in self.rows() {
            let row = row?;
            hash.add(&row);
            preview.add(&row, day, policies);
        }
        Ok(ReadList { hash: hash.finish(), preview })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_list_come_one_after_the_other_as_far_as_asked() {
        let text = "card[number],step\n4242424242424242,\n4242424242424242,attach\n".into();
        let file = ListFile { name: "cards.csv".to_owned(), format: ListFormat::Csv, text };
        let list = RunList {
            parts: vec![
                ListPart::Preset("made:no_cvc".parse().unwrap()),
                ListPart::Matrix(RunMatrix::parse("card=tok_visa cvc=good,none").unwrap()),
                ListPart::File(Arc::new(file)),
            ],
            last_step: RunStep::Charge,
            ..RunList::default()
        };
        let rows: Vec<RunRow> = list.rows().map(Result::unwrap).collect();
        let seen: Vec<(&str, RunStep)> = rows.iter().map(|row| (row.variant.as_str(), row.last_step)).collect();
        assert_eq!(
            seen,
            [
                ("charge", RunStep::Charge),
                ("CVC good", RunStep::Charge),
                ("CVC none", RunStep::Charge),
                ("charge", RunStep::Charge),
                ("attach", RunStep::Attach),
            ]
        );
    }
}
