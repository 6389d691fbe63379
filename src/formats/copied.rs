//! Entries as a text for the clipboard.

use std::fmt::Write as _;

use crate::{
    domain::{foreign, history::entry::EntryDetail, json_spans, markdown, settings::file_format::CopyForm},
    snippets::{SnippetLanguage, snippet},
    store::ExportedEntry,
};

/// The text of these entries, in their order.
pub fn copied_text(details: &[EntryDetail], form: CopyForm) -> String {
    match form {
        CopyForm::Ids => {
            let ids = details.iter().filter_map(|detail| detail.entry.token_id.as_deref());
            ids.collect::<Vec<_>>().join("\n")
        }
        CopyForm::Curl => {
            let calls = details.iter().map(|detail| snippet(detail, SnippetLanguage::Curl, None));
            calls.collect::<Vec<_>>().join("\n")
        }
        CopyForm::Json => json(details),
        CopyForm::Markdown => markdown(details),
    }
}

/// One entry by itself, several as a list: as an export has them.
fn json(details: &[EntryDetail]) -> String {
    let lines: Vec<String> = details.iter().filter_map(|detail| ExportedEntry::from(detail).to_line().ok()).collect();
    let text = if let [line] = &lines[..] { line.clone() } else { format!("[{}]", lines.join(",")) };
    json_spans::indented(&text).unwrap_or(text)
}

fn markdown(details: &[EntryDetail]) -> String {
    let mut table =
        "| Token | Status | Card | Outcome | Created | Used by | Note |\n| --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for detail in details {
        let entry = &detail.entry;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let card = [entry.brand.as_deref(), entry.last4.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let outcome = entry.judgement.as_ref().map_or_else(|| text(&entry.code), |judgement| judgement.words());
        let cells = [
            text(&entry.token_id),
            entry.status.label().to_owned(),
            card,
            outcome,
            format!("{:.0}", entry.started),
            text(&entry.used_by),
            entry.note.clone(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| in_cell(cell)).collect();
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

/// A text with no sign in it that would end the cell, or be read as Markdown or HTML.
fn in_cell(text: &str) -> String {
    markdown::escaped(&foreign::label(text))
}
