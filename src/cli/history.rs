//! `history`, `note` and `tag`: what was made before.

use std::{io, ops::ControlFlow};

use clap::{Args, ValueEnum};

use super::{
    environment::ProcessEnvironment,
    opened::{HistoryView, open_store},
    outcome::{CliError, CommandOutcome},
    output::{columns, print, print_json, remark},
    shared_args::FilterArgs,
};
use crate::{
    domain::{
        history::{
            edit::{EntryEdit, note_in, tags_in},
            entry::{EntryDetail, EntryId, HistoryEntry},
            filter::{HistoryFilter, SortKey, SortOrder},
        },
        json_spans,
    },
    store::{ExportedEntry, HistoryReader},
};

#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// So many at most, the first ones.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// What to sort by: newest and slowest first, words from a to z.
    #[arg(long, value_name = "KEY", default_value = "created", value_parser = sort_key())]
    sort: String,
    /// The other way round.
    #[arg(long)]
    reverse: bool,
    /// A line each for a person; or JSON as in an export, in an array or a line each.
    #[arg(long, value_enum, default_value = "table")]
    format: HistoryFormat,
}

impl HistoryArgs {
    fn filter(&self) -> HistoryFilter {
        let key = SortKey::ALL.into_iter().find(|key| key.as_str() == self.sort).unwrap_or_default();
        let sort = SortOrder { key, is_descending: SortOrder::descends_first(key) != self.reverse };
        HistoryFilter { sort, ..self.filter.filter() }
    }
}

fn sort_key() -> clap::builder::PossibleValuesParser {
    SortKey::ALL.map(SortKey::as_str).into()
}

#[derive(Debug, Args)]
pub struct NoteArgs {
    /// The token, or the number of an entry as `history --format json` has it.
    entry: String,
    /// The note; an empty one takes it away.
    text: String,
}

#[derive(Debug, Args)]
pub struct TagArgs {
    /// The token, or the number of an entry as `history --format json` has it; several with commas between them.
    entries: String,
    /// Tags to add.
    tags: Vec<String>,
    /// Take these tags away.
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HistoryFormat {
    Table,
    Json,
    Jsonl,
}

pub(super) fn history(args: &HistoryArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let view = HistoryView::open(environment)?;
    let reader = &view.reader;
    let ids = reader.ids(&args.filter())?;
    let shown = &ids[..ids.len().min(args.limit)];
    if args.format == HistoryFormat::Table {
        let rows = reader.rows(shown)?;
        if rows.is_empty() {
            remark("No tokens match. `testcard mint` makes one");
        }
        for line in columns(rows.iter().map(row).collect()) {
            print(line)?;
        }
    } else {
        let mut details = Vec::with_capacity(shown.len());
        reader.for_each_detail_of(shown, |detail| {
            details.push(detail);
            ControlFlow::Continue(())
        })?;
        print_details(&details, args.format)?;
    }
    if shown.len() < ids.len() {
        remark(format_args!("{} of {} shown. Use --limit for more", shown.len(), ids.len()));
    }
    view.end(CommandOutcome::Well)
}

fn print_details(details: &[EntryDetail], format: HistoryFormat) -> Result<(), CliError> {
    let entries = details.iter().map(|detail| ExportedEntry::from(detail).to_line());
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(io::Error::from)?;
    if format == HistoryFormat::Json {
        let array = format!("[{}]", entries.join(","));
        print_json(&json_spans::indented(&array).unwrap_or(array))?;
    } else {
        for entry in &entries {
            print_json(entry)?;
        }
    }
    Ok(())
}

fn row(entry: &HistoryEntry) -> [String; 7] {
    let what = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("-");
    let card = [entry.brand.as_deref(), entry.last4.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let took = entry.took.map_or_else(|| "-".to_owned(), |took| format!("{:.1} ms", took.as_secs_f64() * 1000.0));
    let created = entry.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let tags = entry.tags.iter().map(|tag| format!("#{tag}"));
    let marks = tags.chain((!entry.note.is_empty()).then(|| entry.note.clone())).collect::<Vec<_>>().join(" ");
    [entry.status.as_str().to_owned(), what.to_owned(), card, entry.target.as_str().to_owned(), took, created, marks]
}

/// The entry that a token or a number stands for.
pub(super) fn find(reader: &HistoryReader, name: &str) -> Result<EntryId, CliError> {
    let id = match name.parse() {
        Ok(number) => reader.rows(&[EntryId(number)])?.first().map(|entry| entry.id),
        Err(_) => reader.by_token(name)?,
    };
    id.ok_or_else(|| CliError::Usage(format!("The history has no entry {name}. `testcard history` lists what it has")))
}

pub(super) fn note(args: &NoteArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    let id = find(&store.reader()?, &args.entry)?;
    store.edit(EntryEdit::Note { id, note: note_in(&args.text) }, environment.clock.now()).wait()?;
    Ok(CommandOutcome::Well)
}

pub(super) fn tag(args: &TagArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let (add, remove) = (tags_in(&args.tags.join(" ")), tags_in(&args.remove.join(" ")));
    if add.is_empty() && remove.is_empty() {
        return Err(CliError::Usage("No tag is named. Write tags behind the token, or --remove TAG".to_owned()));
    }
    let store = open_store(environment)?;
    let reader = store.reader()?;
    let ids = args.entries.split(',').map(|name| find(&reader, name)).collect::<Result<Vec<_>, _>>()?;
    store.edit(EntryEdit::Tag { ids, add, remove }, environment.clock.now()).wait()?;
    Ok(CommandOutcome::Well)
}
