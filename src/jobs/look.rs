//! Looks into what a person hands over, a file or a text: what it is by what is in it, and all that can be told of it
//! before anything is done with it.

use std::{
    fs::File,
    io::{self, BufReader, Read as _, Seek as _},
    path::Path,
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::import::{self, ImportError};
use crate::{
    domain::{
        handed::HandedContent,
        presets::found_calls::MOST_TAKEN,
        run::{
            list::{ListFile, MOST_LIST_BYTES},
            list_file::{self, ListDefaults, ListFormat},
        },
        secret::SecretText,
        settings::file_format::FileFormat,
    },
    files,
    formats::{FileKind, MOST_CALL_BYTES, kind_of, read_calls},
    store::Store,
};

/// After so many rows of a list it is looked whether the work was cancelled.
const LOOK_EVERY: usize = 1000;

/// Why nothing can be done with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    #[error("Could not read {name}: {reason}. Check the path and its permissions")]
    Unreadable { name: String, reason: String },
    #[error("Could not take {name} in: {fault}")]
    Wrong { name: String, fault: String },
    #[error(transparent)]
    Export(#[from] ImportError),
    #[error("It was cancelled; nothing was taken in")]
    Cancelled,
}

/// Looks into a file, which is opened once. `on_checked` is told how many entries of an export were checked.
///
/// # Errors
/// The file cannot be read, is nothing that is known, or is wrong; or `cancelled` was cancelled.
pub fn look_into_file(
    store: &Store,
    path: &Path,
    on_checked: &(dyn Fn(u64) + Send + Sync),
    cancelled: &CancellationToken,
) -> Result<HandedContent, LookError> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| LookError::Unreadable { name: name.clone(), reason: error.to_string() };
    let mut file = files::open_file(path).map_err(unreadable)?;
    let kind = kind_of(BufReader::new(&mut file));
    let kind = kind.map_err(|fault| LookError::Wrong { name: name.clone(), fault: fault.to_string() })?;
    file.rewind().map_err(unreadable)?;
    let (format, most) = match kind {
        FileKind::Export(format) => {
            return look_into_export(store, path, file, format, on_checked, cancelled);
        }
        FileKind::List(format) => (Some(format), MOST_LIST_BYTES),
        FileKind::Calls => (None, MOST_CALL_BYTES),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        let fault = format!("it has more than {} MB. Split it", most >> 20);
        return Err(LookError::Wrong { name, fault });
    }
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    content_of(bytes, format, &name, file_name, cancelled)
}

/// Looks into a text, as it was pasted.
///
/// # Errors
/// The text is nothing that is known, or is wrong; an export is a file.
pub fn look_into_text(text: &SecretText, cancelled: &CancellationToken) -> Result<HandedContent, LookError> {
    const NAME: &str = "what was pasted";
    let wrong = |fault: String| LookError::Wrong { name: NAME.to_owned(), fault };
    let bytes = text.expose().as_bytes();
    let format = match kind_of(bytes).map_err(|fault| wrong(fault.to_string()))? {
        FileKind::Export(_) => return Err(wrong("an export is taken in as a file: save it as one".to_owned())),
        FileKind::List(format) => Some(format),
        FileKind::Calls => None,
    };
    content_of(bytes.to_vec(), format, NAME, "pasted".to_owned(), cancelled)
}

/// Of a list its rows, in this format; of calls what they are.
fn content_of(
    bytes: Vec<u8>,
    format: Option<ListFormat>,
    name: &str,
    file_name: String,
    cancelled: &CancellationToken,
) -> Result<HandedContent, LookError> {
    let wrong = |fault: String| LookError::Wrong { name: name.to_owned(), fault };
    let Some(format) = format else {
        let found = read_calls(&bytes).map_err(|fault| wrong(fault.to_string()))?;
        if found.calls.len() > MOST_TAKEN {
            let count = found.calls.len();
            return Err(wrong(format!(
                "it has {count} calls that make a token, and {MOST_TAKEN} at most are taken. Split it"
            )));
        }
        return Ok(HandedContent::Calls(found));
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(good).matches('\n').count() + 1;
        wrong(format!("line {line} is not UTF-8. Save the file as UTF-8"))
    })?;
    let text = SecretText::from(text);
    let rows =
        list_file::rows(text.expose(), format, ListDefaults::default()).map_err(|error| wrong(error.to_string()))?;
    let mut count = 0;
    for row in rows {
        row.map_err(|error| wrong(error.to_string()))?;
        count += 1;
        if count % LOOK_EVERY == 0 && cancelled.is_cancelled() {
            return Err(LookError::Cancelled);
        }
    }
    if count == 0 {
        return Err(wrong("the list has no rows".to_owned()));
    }
    Ok(HandedContent::List(Arc::new(ListFile { name: file_name, format, text })))
}

fn look_into_export(
    store: &Store,
    path: &Path,
    file: File,
    format: FileFormat,
    on_checked: &(dyn Fn(u64) + Send + Sync),
    cancelled: &CancellationToken,
) -> Result<HandedContent, LookError> {
    let report = import::preview(store, path, BufReader::new(file), format, on_checked, cancelled);
    match report {
        Ok(report) => Ok(HandedContent::Export(format, report)),
        Err(ImportError::Cancelled) => Err(LookError::Cancelled),
        Err(error) => Err(error.into()),
    }
}
