//! An export on its way, on a thread of its own.

use std::{path::PathBuf, sync::Arc};

use super::{in_flight::RunningJob, outbox::UpdateSender};
use crate::{
    domain::history::filter::HistoryFilter,
    files::OwnFolders,
    jobs::export::{self, ExportError, ExportFile, ExportProgress},
    messages::{ExportReport, JobFailure, JobOutcome, Update},
    store::Store,
};

/// What an export needs to be made and told.
pub(super) struct ExportTask {
    pub(super) job: RunningJob,
    pub(super) store: Store,
    pub(super) own_folders: Arc<OwnFolders>,
    pub(super) outbox: UpdateSender,
}

impl ExportTask {
    /// Blocks: not for a thread of the runtime.
    pub(super) fn run(self, path: PathBuf, filter: &HistoryFilter, overwrite: bool) {
        let file = ExportFile { path: &path, overwrite, own: &self.own_folders };
        let outcome = match self.write(file, filter) {
            Ok(entries) => Ok(ExportReport { path, entries }),
            Err(ExportError::Cancelled) => Err(JobFailure::Cancelled),
            Err(error) => Err(JobFailure::Failed(error.to_string())),
        };
        let Self { job, outbox, .. } = self;
        outbox.send(job.finish(JobOutcome::Export(outcome)));
    }

    fn write(&self, file: ExportFile<'_>, filter: &HistoryFilter) -> Result<u64, ExportError> {
        let reader = self.store.reader()?;
        let mut on_progress = |progress: ExportProgress| {
            self.outbox.send(Update::Progress { job: self.job.id(), done: progress.done, total: progress.total });
        };
        let written = export::export(&reader, filter, file, &mut on_progress, self.job.cancelled());
        let damage = reader.damage();
        if !damage.is_empty() {
            self.outbox.problem(&damage);
        }
        written
    }
}
