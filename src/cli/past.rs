//! `history` and `export`: what was made before.

use std::{path::PathBuf, sync::atomic::AtomicBool};

use clap::{Args, ValueEnum};

use super::{CliError, Done, FilterArgs, World, cards::columns, open_store, print, remark};
use crate::{
    domain::entry::{Entry, EntryDetail},
    jobs::export::{self as job, ExportError},
    store::ExportedEntry,
};

#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// So many at most, the newest ones.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// A line each for a person; or JSON as in an export, in an array or a line each.
    #[arg(long, value_enum, default_value = "table")]
    format: HistoryFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HistoryFormat {
    Table,
    Json,
    Jsonl,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The JSON file to write.
    file: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    /// Overwrite an existing file.
    #[arg(long)]
    force: bool,
}

pub(super) fn history(args: &HistoryArgs, world: &World) -> Result<Done, CliError> {
    let reader = open_store(world)?.reader()?;
    let ids = reader.ids(&args.filter.filter())?;
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
        let details = shown.iter().filter_map(|id| reader.detail(*id).transpose());
        print_details(&details.collect::<Result<Vec<_>, _>>()?, args.format)?;
    }
    if shown.len() < ids.len() {
        remark(format_args!("{} of {} shown. Use --limit for more", shown.len(), ids.len()));
    }
    Ok(Done::Well)
}

fn print_details(details: &[EntryDetail], format: HistoryFormat) -> Result<(), CliError> {
    let printed: Vec<ExportedEntry> = details.iter().map(ExportedEntry::from).collect();
    let text = |text: Result<String, serde_json::Error>| text.map_err(std::io::Error::from);
    if format == HistoryFormat::Json {
        print(text(serde_json::to_string_pretty(&printed))?)?;
    } else {
        for entry in &printed {
            print(text(serde_json::to_string(entry))?)?;
        }
    }
    Ok(())
}

fn row(entry: &Entry) -> [String; 6] {
    let what = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("-");
    let card = [entry.brand.as_deref(), entry.last4.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let took = entry.took.map_or_else(|| "-".to_owned(), |took| format!("{:.1} ms", took.as_secs_f64() * 1000.0));
    let created = entry.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    [entry.status.as_str().to_owned(), what.to_owned(), card, entry.target.as_str().to_owned(), took, created]
}

pub(super) fn export(args: &ExportArgs, world: &World) -> Result<Done, CliError> {
    let reader = open_store(world)?.reader()?;
    let never = AtomicBool::new(false);
    let written = job::export(&reader, &args.filter.filter(), &args.file, args.force, &mut |_| {}, &never);
    match written {
        Ok(entries) => {
            let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
            remark(format_args!("{entries} exported to {}", args.file.display()));
            Ok(Done::Well)
        }
        Err(ExportError::Store(error)) => Err(CliError::Store(error)),
        Err(error) => Err(CliError::Export(error.to_string())),
    }
}
