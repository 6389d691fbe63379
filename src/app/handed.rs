//! What is handed to the window: a file that is dropped or named, a call that is pasted.

use egui::{Context, Event};

use super::App;
use crate::{
    domain::{
        form::{draft::Draft, field_state::FormField},
        handed::HandedContent,
        secret::SecretText,
    },
    messages::{HandedSubject, ImportedFile, JobFailure, JobId, JobRequest, WorkerCommand},
    ui::{
        Action, ToastCause,
        dialogs::import::ImportState,
        form::field_id,
        widgets::{Toast, Tone, chip::grouped},
        words,
    },
};

impl App {
    /// Whether a file that is dropped now is taken in: no dialog may lie in its way but those that it goes to, and no import
    /// may be on its way.
    pub(super) fn takes_files(&self) -> bool {
        let dialogs = &self.views.dialogs;
        match &dialogs.import {
            Some(import) => !import.is_importing(),
            None => !dialogs.is_any_open() || dialogs.runs.is_open(),
        }
    }

    /// Takes what was dropped or pasted since the last frame, if it is meant for the window as a whole.
    pub(super) fn take_handed(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        let dropped = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
        let paths: Vec<_> = dropped.into_iter().map(|file| file.path().to_owned()).collect();
        match paths.as_slice() {
            [] => {}
            _ if !self.takes_files() => {
                let words =
                    "Nothing was taken in: a dialog is open or an import is on its way. Drop the file again after it";
                self.views.toasts.push(Toast::new(Tone::Warn, words).cause(ToastCause::Import));
            }
            [path] => actions.push(Action::Look(HandedSubject::File(path.clone()))),
            [..] => {
                let words = "Nothing was taken in: several files were dropped. Drop one at a time";
                self.views.toasts.push(Toast::new(Tone::Warn, words).cause(ToastCause::Import));
            }
        }
        if let Some(text) = self.pasted(ctx) {
            actions.push(Action::Look(HandedSubject::Text(text)));
        } else if self.paste.is_missed(ctx) {
            let words = "The clipboard holds no text. Copy a call of curl first, then paste it here";
            self.views.toasts.push(Toast::new(Tone::Warn, words).cause(ToastCause::Import));
        }
    }

    /// What was pasted for the window: what was asked for, or a call where no field takes it.
    fn pasted(&mut self, ctx: &Context) -> Option<SecretText> {
        let is_asked = self.paste.is_awaited();
        let in_import = self.views.dialogs.import.is_some();
        // What stands in the number's field is no call, and it has the focus when the window opens.
        let in_number = ctx.memory(|memory| memory.has_focus(field_id(FormField::Number)));
        let takes_none = in_number || !ctx.text_edit_focused();
        let is_free = (in_import && self.takes_files()) || (takes_none && !self.views.dialogs.is_any_open());
        let is_meant = |text: &str| is_asked || (is_free && text.trim_start().starts_with("curl "));
        let text = ctx.input_mut(|input| {
            let place = input.events.iter().position(|event| matches!(event, Event::Paste(text) if is_meant(text)))?;
            match input.events.remove(place) {
                Event::Paste(text) => Some(SecretText::from(text)),
                _ => None,
            }
        })?;
        self.paste.came();
        Some(text)
    }

    pub(super) fn open_import(&mut self) {
        self.views.dialogs.import = Some(ImportState::new(self.paths.clone()));
    }

    /// Has a file or a text looked into; the dialog of imports shows what comes of it.
    pub(super) fn look(&mut self, subject: HandedSubject) {
        let paths = &self.paths;
        let dialog = self.views.dialogs.import.get_or_insert_with(|| ImportState::new(paths.clone()));
        let before = dialog.job();
        dialog.look_into(&subject);
        if let Some(job) = before {
            self.worker.send(WorkerCommand::Cancel { job });
        }
        self.start(JobRequest::Look(subject));
    }

    pub(super) fn looked(&mut self, job: JobId, found: Result<HandedContent, JobFailure>) {
        // What the dialog does not wait for any more is nobody's concern.
        let Some(dialog) = self.views.dialogs.import.as_mut().filter(|dialog| dialog.job() == Some(job)) else {
            return;
        };
        let taken = match found {
            Ok(content) => dialog.found(content),
            Err(failure) => return dialog.end(failure),
        };
        match taken {
            None => {}
            Some(HandedContent::List(file)) => {
                self.views.dialogs.import = None;
                self.views.dialogs.runs.take_list(file);
                self.open_runs(None);
            }
            Some(HandedContent::Calls(found)) => {
                self.views.dialogs.import = None;
                if let Some(call) = found.calls.into_iter().next() {
                    self.fill_form(call.draft());
                }
            }
            // Only a file is an export, and the dialog shows it.
            Some(HandedContent::Export(..)) => self.views.dialogs.import = None,
        }
    }

    pub(super) fn import_ended(&mut self, job: JobId, imported: Result<ImportedFile, JobFailure>) {
        let dialog = self.views.dialogs.import.as_mut().filter(|dialog| dialog.job() == Some(job));
        let toast = match (imported, dialog) {
            (Ok(ImportedFile { path, report }), dialog) => {
                if dialog.is_some() {
                    self.views.dialogs.import = None;
                }
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let known = if report.known == 0 {
                    String::new()
                } else {
                    format!("; {} known already", grouped(report.known))
                };
                Toast::new(Tone::Ok, format!("{} imported from {name}{known}", words::entries(report.new)))
            }
            (Err(JobFailure::Cancelled), dialog) => {
                if let Some(dialog) = dialog {
                    dialog.end(JobFailure::Cancelled);
                }
                Toast::new(Tone::Info, "Cancelled; nothing was imported")
            }
            (Err(failure), Some(dialog)) => return dialog.end(failure),
            (Err(JobFailure::Failed(message)), None) => Toast::new(Tone::Error, message),
        };
        self.views.toasts.push(toast.cause(ToastCause::Import));
    }

    /// Puts a call into the form.
    pub(super) fn fill_form(&mut self, draft: Draft) {
        self.views.form.take(draft);
        self.frame.layout.now.form_is_open = true;
        self.views.form.focus(FormField::Number);
        let toast = Toast::new(Tone::Ok, "The call was put into the form");
        self.views.toasts.push(toast.cause(ToastCause::Import));
    }
}
