//! The list of a run as it is asked for on the command line: files, matrices, presets and entries of the history.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    history,
    opened::HistoryView,
    outcome::{CliError, CommandOutcome},
    output::remark,
};
use crate::{
    domain::{
        foreign,
        history::{edit::tags_in, filter::HistoryFilter},
        mask,
        presets::{library::PresetLibrary, preset::PresetKey},
        run::{
            list::{ListFile, ListPart, MOST_LIST_BYTES, RunList},
            list_file::ListFormat,
            matrix::RunMatrix,
            record::run_name,
            row::RunStep,
        },
    },
    files,
    jobs::run_entries::{GatherError, gather},
    settings::{self, AppFolders},
};

/// What the list of a run is made of, and what holds for its rows that do not say it themselves.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// A list: CSV, JSON or JSONL by the end of its name.
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Every combination, such as 'card=insufficient_funds,tok_visa cvc=good,bad,none zip=12345,"SW1A 1AA",none
    /// network=visa,none amount=2000,50'. A value with spaces or commas stands between quotation marks; may be repeated.
    #[arg(long, value_name = "AXES", value_parser = RunMatrix::parse)]
    matrix: Vec<RunMatrix>,
    /// A preset: made:NAME for a request that fails on purpose, card:NUMBER for a test card, the name of one of your own, or
    /// #TAG for all of your own with this tag; may be repeated.
    #[arg(long, value_name = "PRESET")]
    preset: Vec<PresetChoice>,
    /// An entry of the history that is made again: its token, or its number as `history --format json` has it; may be
    /// repeated. What may not be kept of it, such as the number of a card that is not published, leaves it out by name.
    #[arg(long, value_name = "ENTRY")]
    again: Vec<String>,
    /// Make again every entry that passes this search, such as 'run:nightly failed'.
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// How far rows go that do not say it themselves: token (the default), attach, charge, intent, or partial_intent for
    /// an intent that takes a part of its amount.
    #[arg(long, value_name = "STEP", value_parser = step)]
    pub(super) step: Option<RunStep>,
    /// The name of the run; without it that of the file.
    #[arg(long)]
    name: Option<String>,
}

fn step(text: &str) -> Result<RunStep, String> {
    text.parse().map_err(|()| "it is token, attach, charge, intent or partial_intent".to_owned())
}

/// Presets as they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PresetChoice {
    Key(PresetKey),
    /// Every preset of the user's own with this tag.
    Tag(String),
    /// The preset of the user's own with this name.
    Named(String),
}

impl FromStr for PresetChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(key) = text.parse() {
            return Ok(Self::Key(key));
        }
        match (text.strip_prefix('#'), tags_in(text).as_slice()) {
            (Some(_), [tag]) => Ok(Self::Tag(tag.clone())),
            (Some(_), _) => Err("write one tag behind the #".to_owned()),
            (None, _) if text.starts_with("made:") || text.starts_with("card:") => Err(
                "there is no such preset: write made:NAME, such as made:invalid_cvc, or card:NUMBER of a published card"
                    .to_owned(),
            ),
            (None, _) => Ok(Self::Named(text.trim().to_owned())),
        }
    }
}

impl PresetChoice {
    fn is_own(&self) -> bool {
        !matches!(self, Self::Key(PresetKey::Card(_) | PresetKey::Made(_)))
    }

    fn words(&self) -> String {
        match self {
            Self::Key(key) => key.to_string(),
            Self::Tag(tag) => format!("#{tag}"),
            Self::Named(name) => name.clone(),
        }
    }

    fn parts(&self, library: &PresetLibrary) -> Result<Vec<ListPart>, CliError> {
        let own = |id| ListPart::of_preset(&PresetKey::Own(id), library);
        let parts: Vec<ListPart> = match self {
            Self::Key(key) => ListPart::of_preset(key, library).into_iter().collect(),
            Self::Tag(tag) => library
                .own
                .iter()
                .filter(|preset| preset.tags.contains(tag))
                .filter_map(|preset| own(preset.id))
                .collect(),
            Self::Named(name) => library.own_named(name).and_then(|preset| own(preset.id)).into_iter().collect(),
        };
        if parts.is_empty() {
            let words = foreign::sentence(&mask::text(&self.words()));
            return Err(CliError::Usage(format!(
                "There is no preset of your own for '{words}'. The window keeps them, in presets.json of the folder for \
                 settings; a built-in one is made:NAME or card:NUMBER"
            )));
        }
        Ok(parts)
    }
}

/// The list that was asked for, and how many entries of the history it leaves out, which were named.
pub(super) fn read_list(args: &ListArgs, environment: &ProcessEnvironment) -> Result<(RunList, usize), CliError> {
    let files = args.files.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let names_own = args.preset.iter().any(PresetChoice::is_own);
    let library = match AppFolders::find(environment.home.clone()) {
        Err(error) if names_own => return Err(error.into()),
        Ok(folders) if names_own || files.iter().any(ListFile::may_name_presets) => library(&folders),
        Ok(_) | Err(_) => PresetLibrary::default(),
    };
    let mut parts = Vec::new();
    for choice in &args.preset {
        parts.extend(choice.parts(&library)?);
    }
    parts.extend(args.matrix.iter().cloned().map(ListPart::Matrix));
    parts.extend(files.into_iter().map(|file| ListPart::File(Arc::new(file))));
    let (again, left_out) = entries(args, environment)?;
    parts.extend(again);
    let list = RunList { parts, last_step: args.step.unwrap_or_default(), presets: Arc::new(library) };
    Ok((list, left_out))
}

fn library(folders: &AppFolders) -> PresetLibrary {
    let (library, warnings) = settings::presets::load(&folders.presets_file());
    warnings.iter().for_each(remark);
    library
}

/// The entries that are made again. Those that cannot be are named.
fn entries(args: &ListArgs, environment: &ProcessEnvironment) -> Result<(Option<ListPart>, usize), CliError> {
    if args.again.is_empty() && args.search.is_none() {
        return Ok((None, 0));
    }
    let view = HistoryView::open(environment)?;
    let mut ids = Vec::new();
    for name in &args.again {
        ids.push(history::find(&view.reader, name)?);
    }
    if let Some(search) = &args.search {
        let found = view.reader.ids(&HistoryFilter { search: search.clone(), ..HistoryFilter::default() })?;
        // As they were made; one that was named too is made once.
        ids.extend(found.into_iter().rev().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
    }
    if ids.is_empty() {
        return Err(CliError::Usage(
            "No entry of the history passes this search. `testcard history` lists them".to_owned(),
        ));
    }
    let rows = gather(&view.reader, &ids, &mut |_| {}, &CancellationToken::new()).map_err(|error| match error {
        GatherError::Store(error) => CliError::Store(error),
        other => CliError::Usage(other.to_string()),
    })?;
    for left_out in &rows.left_out {
        let words = format!("Entry {} ({}) is left out: {}", left_out.entry.0, left_out.card, left_out.reason);
        remark(foreign::sentence(&words));
    }
    if rows.rows.is_empty() {
        let words = "None of these entries can be made again. Write them into a file, with their numbers and codes";
        return Err(CliError::Usage(words.to_owned()));
    }
    view.end(CommandOutcome::Well)?;
    Ok((Some(ListPart::Rows(rows.rows)), rows.left_out.len()))
}

fn read_file(path: &Path) -> Result<ListFile, CliError> {
    let shown = path.display();
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_lowercase();
    let format: ListFormat = end.parse().map_err(|()| {
        CliError::Usage(format!(
            "Could not read {shown}: its name has to end in .csv, .json or .jsonl, which says what it is"
        ))
    })?;
    let bytes = files::read_at_most(path, MOST_LIST_BYTES)
        .map_err(|error| CliError::Usage(format!("Could not read {shown}: {error}. Check the path and the file")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line =
            String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).matches('\n').count() + 1;
        CliError::Usage(format!("Could not read {shown}: line {line} is not UTF-8. Save the file as UTF-8"))
    })?;
    let name = file_name(path);
    Ok(ListFile { name, format, text: text.into() })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What the list was made of, in words.
pub(super) fn source(args: &ListArgs) -> String {
    let mut parts: Vec<String> = args.preset.iter().map(PresetChoice::words).collect();
    parts.extend(args.matrix.iter().map(|matrix| format!("a matrix of {}", matrix.len())));
    parts.extend(args.files.iter().map(|path| file_name(path)));
    if !args.again.is_empty() || args.search.is_some() {
        parts.push("entries of the history".to_owned());
    }
    parts.join(", ")
}

/// What the run is called.
pub(super) fn name(args: &ListArgs) -> String {
    let stem = || args.files.first()?.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let other = || {
        let name = match args {
            ListArgs { matrix, .. } if !matrix.is_empty() => "matrix",
            ListArgs { preset, .. } if !preset.is_empty() => "presets",
            _ => "again",
        };
        name.to_owned()
    };
    run_name(&args.name.clone().or_else(stem).unwrap_or_else(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_named_by_key_by_tag_or_by_name() {
        for (text, expected) in [
            ("made:invalid_cvc", Ok(PresetChoice::Key(PresetKey::Made("invalid_cvc".to_owned())))),
            ("own:7", Ok(PresetChoice::Key(PresetKey::Own(7)))),
            ("#Smoke", Ok(PresetChoice::Tag("smoke".to_owned()))),
            (" Nightly run ", Ok(PresetChoice::Named("Nightly run".to_owned()))),
            ("made:nothing", Err("there is no such preset")),
            ("card:4539578763621486", Err("there is no such preset")),
            ("#", Err("write one tag")),
            ("#a b", Err("write one tag")),
        ] {
            match (text.parse::<PresetChoice>(), expected) {
                (Ok(choice), Ok(expected)) => assert_eq!(choice, expected, "{text}"),
                (Err(error), Err(words)) => assert!(error.contains(words), "{text}: {error}"),
                (choice, expected) => panic!("{text}: {choice:?}, not {expected:?}"),
            }
        }
    }
}
