//! Entries as files: each format takes an entry at a time and writes it, and is read an entry at a time, so that a million
//! of them need the memory of one.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `entry_writer` | what a format does |
//! | `json` | the formats that hold everything, and can be imported |
//! | `table` | CSV, for spreadsheets |
//! | `har` | the calls, for tools that read what browsers record |
//! | `constants`, `constant_names` | tokens for a test suite, in six languages, and what they are called there |
//! | `stripe_cli` | the calls that made the tokens, for `stripe fixtures` |
//! | `copied` | entries as a text for the clipboard |
//! | `evidence` | what was sent and answered, as a document for a person |
//! | `fixtures` | files of the Stripe CLI's fixtures, to be played step by step |
//! | `flat_params` | nested parameters as Stripe's form writes them |
//! | `foreign_calls` | calls that other tools wrote down, as drafts |
//! | `kind` | what a file is, by what is in it |
//! | `read_entries`, `entry_shape` | reading back what `json` wrote |

mod constant_names;
mod constants;
mod copied;
mod entry_shape;
mod entry_writer;
mod evidence;
mod fixtures;
mod flat_params;
mod foreign_calls;
mod har;
mod json;
mod kind;
mod read_entries;
mod stripe_cli;
mod table;

use crate::domain::settings::file_format::{ExportForm, FileFormat};

pub use copied::copied_text;
pub use entry_writer::EntryWriter;
pub use evidence::{DocumentFormat, EvidenceWriter};
pub use fixtures::{FixtureAnswers, FixtureFault, FixtureFile, FixtureStep, ReadVariable};
pub use foreign_calls::{CallFault, MOST_CALL_BYTES, read_calls};
pub use kind::{FileKind, KindFault, kind_of};
pub use read_entries::{LONGEST_ENTRY, ReadFault, TakeEntry, read_json, read_jsonl};

/// The writer of a format.
pub fn writer(form: &ExportForm) -> Box<dyn EntryWriter + Send> {
    match form.format {
        FileFormat::Json => Box::new(json::JsonWriter::default()),
        FileFormat::Jsonl => Box::new(json::JsonlWriter),
        FileFormat::Csv => Box::new(table::CsvWriter::new(form.columns.clone())),
        FileFormat::Har => Box::new(har::HarWriter::default()),
        FileFormat::Env => Box::new(constants::ConstantsWriter::new(constants::ENV)),
        FileFormat::Pytest => Box::new(constants::ConstantsWriter::new(constants::PYTEST)),
        FileFormat::TypeScript => Box::new(constants::ConstantsWriter::new(constants::TYPESCRIPT)),
        FileFormat::Java => Box::new(constants::ConstantsWriter::new(constants::JAVA)),
        FileFormat::Go => Box::new(constants::ConstantsWriter::new(constants::GO)),
        FileFormat::StripeCli => Box::new(stripe_cli::StripeCliWriter::default()),
    }
}
