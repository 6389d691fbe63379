//! What a person hands to the window: it is looked into, and an export is taken in, each on a thread of its own.

use std::{path::PathBuf, sync::Arc};

use super::{commands::CommandHandler, in_flight::RunningJob, outbox::UpdateSender};
use crate::{
    domain::settings::file_format::FileFormat,
    jobs::{
        import::{ImportError, ImportProgress, import},
        look::{LookError, look_into_file, look_into_text},
    },
    messages::{HandedSubject, ImportedFile, JobFailure, JobId, JobOutcome, WorkerUpdate},
};

impl CommandHandler {
    pub(super) fn look(&self, job: JobId, subject: HandedSubject) {
        let (job, outbox) = (self.in_flight.begin_until_end(job), self.outbox.clone());
        let store = self.resolver.targets.store().clone();
        tokio::task::spawn_blocking(move || {
            let tell = |checked| tell(&job, &outbox, checked, 0);
            let found = match &subject {
                HandedSubject::File(path) => look_into_file(&store, path, &tell, job.cancelled()),
                HandedSubject::Text(text) => look_into_text(text, job.cancelled()),
            };
            let found = found.map_err(|error| match error {
                LookError::Cancelled => JobFailure::Cancelled,
                error => JobFailure::Failed(error.to_string()),
            });
            outbox.send(job.finish(JobOutcome::Look(found)));
        });
    }

    pub(super) fn import(&self, job: JobId, path: PathBuf, format: FileFormat) {
        let (job, outbox) = (Arc::new(self.in_flight.begin_until_end(job)), self.outbox.clone());
        let store = self.resolver.targets.store().clone();
        tokio::task::spawn_blocking(move || {
            let (told, told_by) = (Arc::clone(&job), outbox.clone());
            let on_progress = move |progress| match progress {
                ImportProgress::Checked(checked) => tell(&told, &told_by, checked, 0),
                ImportProgress::Written { done, total } => tell(&told, &told_by, done, total),
            };
            let imported = import(&store, &path, Some(format), Arc::new(on_progress), job.cancelled());
            let imported = match imported {
                Ok(report) => Ok(ImportedFile { path, report }),
                Err(ImportError::Cancelled) => Err(JobFailure::Cancelled),
                Err(error) => Err(JobFailure::Failed(error.to_string())),
            };
            outbox.send(job.finish(JobOutcome::Import(imported)));
        });
    }
}

/// Tells how far a job is; a total of 0 is not known.
fn tell(job: &RunningJob, outbox: &UpdateSender, done: u64, total: u64) {
    outbox.send(WorkerUpdate::Progress { job: job.id(), done, total });
}
