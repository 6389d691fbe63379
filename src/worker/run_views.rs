//! What is read of runs that are kept: their list, one of them in numbers, and its report. Each reading has a connection and
//! a thread of its own, for the rows of a long run take seconds.

use super::outbox::UpdateSender;
use crate::{
    domain::run::record::{RunId, RunRecord},
    files::OwnFolders,
    jobs::{
        export::{ExportError, ExportFile},
        run_report,
    },
    messages::{ReportOrder, SHOWN_RUNS, ShownRun, WorkerUpdate},
    store::{HistoryReader, Store, StoreError},
};

/// Tells which runs there are.
pub(super) fn load_runs(store: &Store, outbox: &UpdateSender) {
    read(store, outbox, |reader| Ok(WorkerUpdate::Runs(reader.runs(SHOWN_RUNS)?)));
}

/// Tells all that is shown of a run, compared with the one that is named, or with the one before it.
pub(super) fn load_run(store: &Store, outbox: &UpdateSender, id: RunId, against: Option<RunId>) {
    read(store, outbox, move |reader| {
        let record = find(reader, id)?;
        let summary = run_report::summary(reader, &record)?;
        let before = compared_with(reader, &record, against)?;
        let before = before.map(|before| {
            let compared = run_report::compare(reader, &before, &record)?;
            Ok::<_, StoreError>((before, compared))
        });
        let before = before.transpose()?;
        Ok(WorkerUpdate::Run(Box::new(ShownRun { record, summary, before })))
    });
}

fn read(
    store: &Store,
    outbox: &UpdateSender,
    work: impl FnOnce(&HistoryReader) -> Result<WorkerUpdate, StoreError> + Send + 'static,
) {
    let (store, outbox) = (store.clone(), outbox.clone());
    tokio::task::spawn_blocking(move || {
        let read = store.reader().and_then(|reader| Ok((work(&reader)?, reader.damage())));
        match read {
            Ok((update, damage)) => {
                outbox.send(update);
                if !damage.is_empty() {
                    outbox.problem(&damage);
                }
            }
            Err(error) => outbox.problem(&error),
        }
    });
}

/// The run of a number.
///
/// # Errors
/// When it cannot be read, or is not there any more.
pub(super) fn find(reader: &HistoryReader, id: RunId) -> Result<RunRecord, StoreError> {
    reader.run_named(&id.0.to_string())?.ok_or(StoreError::NoSuchRun)
}

/// The run that a run is compared with: the one that is named, as long as it is of the same list, or the one before it.
fn compared_with(
    reader: &HistoryReader,
    run: &RunRecord,
    against: Option<RunId>,
) -> Result<Option<RunRecord>, StoreError> {
    match against {
        None => reader.run_before(run),
        Some(id) => Ok(reader.run_named(&id.0.to_string())?.filter(|other| other.is_of_same_list(run))),
    }
}

/// Writes the report of a run, with what changed since the run that it is compared with. Blocks.
///
/// # Errors
/// As [`run_report::write`].
pub(super) fn write_report(
    store: &Store,
    outbox: &UpdateSender,
    order: &ReportOrder,
    own: &OwnFolders,
) -> Result<(), ExportError> {
    let reader = store.reader()?;
    let file = ExportFile { path: &order.path, overwrite: order.overwrite, own };
    let run = find(&reader, order.run)?;
    let before = compared_with(&reader, &run, order.against)?;
    let written = run_report::write(&reader, &run, before.as_ref(), order.format, file);
    let damage = reader.damage();
    if !damage.is_empty() {
        outbox.problem(&damage);
    }
    written
}
