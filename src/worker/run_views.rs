//! What is read of runs that are kept: their list, one of them in numbers, and its report. Each reading has a connection and
//! a thread of its own, for the rows of a long run take seconds.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::outbox::UpdateSender;
use crate::{
    domain::run::record::{RunId, RunRecord},
    files::OwnFolders,
    jobs::{
        account_answers::known_policies,
        export::{ExportError, ExportFile},
        run_report,
    },
    messages::{ReportOrder, SHOWN_RUNS, ShownRun, WorkerUpdate},
    store::{HistoryReader, Store, StoreError},
};

/// Reads what is shown of runs. Of two readings of the same, the one that was asked for later is what the window is left
/// with, though the other one may end after it.
#[derive(Clone, Debug, Default)]
pub(super) struct RunViews {
    list: Arc<ReadingOrder>,
    policies: Arc<ReadingOrder>,
    run: Arc<ReadingOrder>,
}

impl RunViews {
    /// Tells which runs there are, and what is known of the accounts at the real API.
    pub(super) fn load_runs(&self, store: &Store, outbox: &UpdateSender) {
        read(&self.list, store, outbox, |reader| Ok(WorkerUpdate::Runs(reader.runs(SHOWN_RUNS)?)));
        read(&self.policies, store, outbox, |reader| Ok(WorkerUpdate::KnownPolicies(known_policies(reader)?)));
    }

    /// Tells all that is shown of a run, compared with the one that is named, or with the one before it.
    pub(super) fn load_run(&self, store: &Store, outbox: &UpdateSender, id: RunId, against: Option<RunId>) {
        read(&self.run, store, outbox, move |reader| {
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
}

/// In which order readings were asked for, and up to which one the window was told.
#[derive(Debug, Default)]
struct ReadingOrder {
    asked: AtomicU64,
    told: Mutex<u64>,
}

impl ReadingOrder {
    /// The number of a reading that begins after this.
    fn ask(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Tells what a reading found, unless a later one is told already.
    fn tell(&self, number: u64, tell: impl FnOnce()) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if number > *told {
            *told = number;
            tell();
        }
    }
}

fn read(
    order: &Arc<ReadingOrder>,
    store: &Store,
    outbox: &UpdateSender,
    work: impl FnOnce(&HistoryReader) -> Result<WorkerUpdate, StoreError> + Send + 'static,
) {
    let (order, store, outbox) = (Arc::clone(order), store.clone(), outbox.clone());
    let number = order.ask();
    tokio::task::spawn_blocking(move || {
        let read = store.reader().and_then(|reader| Ok((work(&reader)?, reader.damage())));
        match read {
            Ok((update, damage)) => {
                order.tell(number, || outbox.send(update));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_was_overtaken_is_not_told() {
        let order = ReadingOrder::default();
        let (first, second, third) = (order.ask(), order.ask(), order.ask());
        let mut told = Vec::new();
        for number in [second, first, third] {
            order.tell(number, || told.push(number));
        }
        assert_eq!(told, [second, third]);
    }
}
