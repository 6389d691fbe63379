//! The jobs of the window, from their start to what is told at their end: one function for each kind of end.

use std::path::PathBuf;

use egui::Context;

use super::{
    App,
    job_table::{CreationPurpose, TokenCreation},
};
use crate::{
    domain::{
        form::field_state::FormField,
        history::{
            entry::{EntryId, EntryStatus, HistoryEntry},
            removal::bytes_words,
        },
        settings::{key_check::KeyCheck, profile::ProfileId},
    },
    messages::{
        AuthenticatedIntent, CreatedToken, ExportFailure, ExportReport, JobFailure, JobId, JobOutcome, JobRequest,
        KeptHistory, RefreshReport, ResentEvent, RetrievedToken, SavedSettings, ServerInfo, SettingsEdit,
        SettingsFault, UsedToken, WorkerCommand,
    },
    ui::{
        Action, ToastCause,
        dialogs::output_file::words_of,
        form::FormComplaint,
        settings::SettingsState,
        shortcuts::Shortcut,
        widgets::{Toast, Tone},
        words,
    },
};

impl App {
    /// Starts a job.
    pub(super) fn start(&mut self, request: JobRequest) -> JobId {
        let job = self.jobs.next_id();
        match &request {
            JobRequest::Refresh(_) => self.jobs.begin_refresh(job),
            JobRequest::Export { form, .. } => {
                if self.settings.export != *form {
                    self.edit_settings(SettingsEdit::Export(form.clone()));
                }
                if let Some(dialog) = &mut self.views.dialogs.export {
                    dialog.job = Some(job);
                }
            }
            JobRequest::SaveEvidence(_) => {
                if let Some(dialog) = &mut self.views.dialogs.evidence {
                    dialog.begun(job);
                }
            }
            JobRequest::Look(_) | JobRequest::Import { .. } => {
                if let Some(dialog) = &mut self.views.dialogs.import {
                    dialog.begun(job);
                }
            }
            JobRequest::CheckKey { .. } => {
                self.jobs.begin_key_check(job);
                if let Some(dialog) = &mut self.views.dialogs.settings {
                    dialog.begin_check(job);
                }
            }
            JobRequest::PreviewRemoval(_) | JobRequest::Keep { .. } => {
                if let Some(dialog) = &mut self.views.dialogs.keep {
                    dialog.begin(job, &request);
                }
            }
            JobRequest::GatherRows(entries) => self.views.dialogs.runs.gathering(job, entries.len()),
            JobRequest::MakeRun(_) => self.views.dialogs.runs.begin(),
            JobRequest::ReportRun(_) => self.views.dialogs.runs.report_begun(job),
            JobRequest::CreateToken { .. }
            | JobRequest::AskAgain { .. }
            | JobRequest::Retrieve { .. }
            | JobRequest::UseToken { .. }
            | JobRequest::Authenticate { .. }
            | JobRequest::ResendEvent { .. }
            | JobRequest::SaveSettings { .. } => {}
        }
        self.worker.send(WorkerCommand::Run { job, request });
        job
    }

    /// The call of a job waits in an entry now. The row shows how to stop it.
    pub(super) fn job_waits(&mut self, job: JobId, entry: EntryId) {
        if let Some(creation) = self.jobs.creation_mut(job) {
            creation.waits_in = Some(entry);
            self.select(entry);
        }
    }

    pub(super) fn job_ended(&mut self, ctx: &Context, job: JobId, outcome: JobOutcome) {
        match outcome {
            JobOutcome::CreateToken(created) => {
                let creation = self.jobs.end_creation(job);
                self.creation_ended(ctx, creation, created);
            }
            JobOutcome::AskAgain(created) => self.creation_ended(ctx, None, created),
            JobOutcome::Retrieve(entry, retrieved) => self.retrieval_ended(entry, retrieved),
            JobOutcome::UseToken(used) => self.views.toasts.push(use_toast(used).cause(ToastCause::Use)),
            JobOutcome::Authenticate(intent) => {
                self.views.toasts.push(authentication_toast(intent).cause(ToastCause::Authentication));
            }
            JobOutcome::ResendEvent(resent) => {
                let serves = matches!(self.model.server, ServerInfo::On { .. });
                self.views.toasts.push(resent_toast(resent, serves).cause(ToastCause::Event));
            }
            JobOutcome::Refresh(report) => {
                self.jobs.end_refresh(job);
                self.views.toasts.push(refresh_toast(report).cause(ToastCause::Refresh));
            }
            JobOutcome::SaveEvidence(written) => self.evidence_ended(job, written),
            JobOutcome::Look(found) => self.looked(job, found),
            JobOutcome::Import(imported) => self.import_ended(job, imported),
            JobOutcome::Export(exported) => self.export_ended(exported),
            JobOutcome::PreviewRemoval(counted) => {
                if let Some(dialog) = &mut self.views.dialogs.keep {
                    dialog.take_preview(job, counted);
                }
            }
            JobOutcome::Keep(kept) => self.removal_ended(job, kept),
            JobOutcome::GatherRows(rows) => self.views.dialogs.runs.gathered(job, rows),
            JobOutcome::MakeRun(made) => self.run_ended(made),
            JobOutcome::ReportRun(written) => self.report_ended(written),
            JobOutcome::SaveSettings(saved) => self.settings_saved(ctx, saved),
            JobOutcome::CheckKey(profile, checked) => {
                self.jobs.end_key_check(job);
                self.key_check_ended(profile, checked);
            }
        }
    }

    /// Without a `creation` the call of an earlier one was asked again.
    fn creation_ended(
        &mut self,
        ctx: &Context,
        creation: Option<TokenCreation>,
        created: Result<CreatedToken, String>,
    ) {
        let (purpose, waits_in) = creation.map(|TokenCreation { purpose, waits_in }| (purpose, waits_in)).unzip();
        let created = match (created, &purpose) {
            (Ok(created), _) => created,
            (Err(message), Some(CreationPurpose::Form(_))) => {
                self.frame.layout.now.form_is_open = true;
                let complaint = FormComplaint { field: None, is_answer: false, message, refusal: None };
                return self.views.form.complain(complaint);
            }
            (Err(message), _) => {
                let toast = Toast::new(Tone::Error, message);
                return self.views.toasts.push(toast.cause(ToastCause::Creation));
            }
        };
        let CreatedToken { entry, is_answered, param, message, refusal } = created;
        // Whoever went on to another entry while this one waited is not called back.
        if waits_in.flatten().is_none_or(|waits_in| self.views.history.cursor() == Some(waits_in)) {
            self.select(entry.id);
        }
        if let Some(CreationPurpose::CompareWith(first)) = purpose {
            return self.diff(ctx, first, entry.id);
        }
        let complaint = FormComplaint {
            field: param.as_deref().and_then(FormField::of_param),
            is_answer: is_answered,
            message: message.unwrap_or_else(|| "The answer gives no reason".to_owned()),
            refusal,
        };
        // What was typed since is not what the answer is about.
        let sent = Some(CreationPurpose::Form(Box::new(self.views.form.draft().to_request())));
        self.tell_created(ctx, &entry, purpose == sent, complaint);
    }

    fn tell_created(&mut self, ctx: &Context, entry: &HistoryEntry, is_of_form: bool, complaint: FormComplaint) {
        // What was wrong with the one before is past, whatever comes of this one.
        self.views.toasts.settle(&ToastCause::Creation);
        // What differs is told as well, and stays in the row.
        let differs = entry.judgement.as_ref().filter(|judgement| !judgement.is_as_expected());
        if let Some(judgement) = differs {
            self.views.toasts.push(Toast::new(Tone::Warn, judgement.words()));
        }
        let toast = match (&entry.token_id, entry.status) {
            (None, EntryStatus::Failed) if entry.judgement.is_some() && differs.is_none() && is_of_form => {
                let code = entry.code.as_deref().unwrap_or("an error");
                self.views.toasts.push(Toast::new(Tone::Ok, format!("As expected: {code}")));
                return self.views.form.complain(complaint);
            }
            (Some(id), _) => {
                self.views.form.settle();
                if self.settings.form.copies_id {
                    ctx.copy_text(id.clone());
                    Toast::new(Tone::Ok, "Token created, id copied")
                } else {
                    Toast::new(Tone::Ok, "Token created")
                }
            }
            (None, EntryStatus::Unknown) => {
                Toast::new(Tone::Warn, "No answer: a token may exist. Ask again in the inspector")
            }
            (None, _) if is_of_form => {
                self.frame.layout.now.form_is_open = true;
                return self.views.form.complain(complaint);
            }
            (None, _) => Toast::new(Tone::Error, complaint.message),
        };
        self.views.toasts.push(toast.cause(ToastCause::Creation));
    }

    fn retrieval_ended(&mut self, asked: EntryId, retrieved: Result<RetrievedToken, String>) {
        let cause = ToastCause::Retrieval(asked);
        let words = match retrieved {
            Err(message) | Ok(RetrievedToken { message: Some(message), .. }) => {
                return self.views.toasts.push(Toast::new(Tone::Error, message).cause(cause));
            }
            Ok(RetrievedToken { entry: Some(entry), .. }) if entry.status == EntryStatus::Used => "The token was used",
            Ok(_) => "The token is still unused",
        };
        self.views.toasts.push(Toast::new(Tone::Ok, words).cause(cause));
        if self.history.selection.wants(asked) {
            self.load_detail(asked);
        }
    }

    fn export_ended(&mut self, exported: Result<ExportReport, ExportFailure>) {
        let failure = match exported {
            Ok(ExportReport { path, entries }) => {
                let words = format!("{} exported to {}", words::entries(entries), path.display());
                let copy = Action::Copy { text: path.display().to_string(), what: "Path".to_owned() };
                if self.views.dialogs.export.as_ref().is_some_and(|dialog| dialog.is_of(&path)) {
                    self.views.dialogs.export = None;
                }
                let toast = Toast::new(Tone::Ok, words).selectable().action("Copy path", copy);
                return self.views.toasts.push(toast.cause(ToastCause::Export));
            }
            Err(failure) => failure,
        };
        if failure == ExportFailure::Cancelled {
            self.views.toasts.push(Toast::new(Tone::Info, "Cancelled; no file was written").cause(ToastCause::Export));
        }
        match (&mut self.views.dialogs.export, failure) {
            (Some(dialog), failure) => dialog.end(failure),
            (None, ExportFailure::Cancelled) => {}
            (
                None,
                ExportFailure::Exists { message, .. }
                | ExportFailure::IsFolder { message, .. }
                | ExportFailure::Failed(message),
            ) => self.views.toasts.push(Toast::new(Tone::Error, message).cause(ToastCause::Export)),
        }
    }

    fn removal_ended(&mut self, job: JobId, kept: Result<KeptHistory, String>) {
        let toast = match &kept {
            Ok(kept) => kept_toast(kept),
            Err(message) => Toast::new(Tone::Error, message.clone()),
        };
        if let Some(dialog) = &mut self.views.dialogs.keep {
            dialog.end_removal(job, kept.err());
        }
        self.views.toasts.push(toast.cause(ToastCause::Keep));
    }

    fn evidence_ended(&mut self, job: JobId, written: Result<PathBuf, ExportFailure>) {
        let dialog = self.views.dialogs.evidence.as_mut().filter(|dialog| dialog.job() == Some(job));
        let toast = match (written, dialog) {
            (Ok(path), dialog) => {
                if dialog.is_some() {
                    self.views.dialogs.evidence = None;
                }
                let copy = Action::Copy { text: path.display().to_string(), what: "Path".to_owned() };
                let words = format!("Evidence written to {}", path.display());
                Toast::new(Tone::Ok, words).selectable().action("Copy path", copy)
            }
            (Err(failure), Some(dialog)) => return dialog.end(failure),
            (Err(failure), None) => match words_of(failure) {
                Some(message) => Toast::new(Tone::Error, message),
                None => Toast::new(Tone::Info, "Cancelled; no file was written"),
            },
        };
        self.views.toasts.push(toast.cause(ToastCause::Evidence));
    }

    fn settings_saved(&mut self, ctx: &Context, saved: Result<SavedSettings, SettingsFault>) {
        match saved {
            Ok(SavedSettings { settings, is_kept }) => {
                self.use_settings(ctx, *settings);
                if self.views.dialogs.settings.as_mut().is_some_and(SettingsState::is_saved) {
                    self.views.dialogs.settings = None;
                    self.stop_key_checks();
                }
                if is_kept {
                    self.views.toasts.push(Toast::new(Tone::Ok, "Settings saved"));
                }
            }
            Err(fault) => {
                if let Some(dialog) = &mut self.views.dialogs.settings {
                    match fault {
                        SettingsFault::Certificate { profile, message } => dialog.refuse_certificate(profile, message),
                        SettingsFault::Other(message) => dialog.fail(message),
                    }
                }
            }
        }
    }

    fn key_check_ended(&mut self, profile: ProfileId, checked: Result<Box<KeyCheck>, JobFailure>) {
        let checked = checked.map_err(|failure| match failure {
            JobFailure::Cancelled => "It was stopped before an answer came".to_owned(),
            JobFailure::Failed(message) => message,
        });
        if let Some(dialog) = &mut self.views.dialogs.settings {
            dialog.end_check(profile, checked);
        }
    }

    /// What the closed settings asked for is not waited for any more.
    pub(super) fn stop_key_checks(&self) {
        for job in self.jobs.key_checks() {
            self.worker.send(WorkerCommand::Cancel { job });
        }
    }
}

fn use_toast(used: Result<UsedToken, String>) -> Toast<Action, ToastCause> {
    match used {
        Err(message) => Toast::new(Tone::Error, message),
        Ok(UsedToken { judgement: Some(judgement), refusal: None, .. }) => {
            let tone = if judgement.is_as_expected() { Tone::Ok } else { Tone::Warn };
            Toast::new(tone, judgement.words())
        }
        Ok(UsedToken { made: Some(id), .. }) => Toast::new(Tone::Ok, format!("The token was used by {id}")),
        Ok(UsedToken { refusal: Some(refusal), .. }) => Toast::new(Tone::Error, refusal.title()),
        Ok(UsedToken { message, .. }) => {
            Toast::new(Tone::Error, message.unwrap_or_else(|| "The answer gives no reason".to_owned()))
        }
    }
}

fn authentication_toast(intent: Result<AuthenticatedIntent, String>) -> Toast<Action, ToastCause> {
    match intent {
        Err(message) => Toast::new(Tone::Error, format!("The authentication was not ended. {message}")),
        Ok(AuthenticatedIntent { id, status, error: None }) => Toast::new(Tone::Ok, format!("{id}: {status}")),
        Ok(AuthenticatedIntent { id, status, error: Some(error) }) => {
            Toast::new(Tone::Warn, format!("{id}: {status}. {error}"))
        }
    }
}

/// `serves`: whether the server of this window is on.
fn resent_toast(resent: Result<ResentEvent, String>, serves: bool) -> Toast<Action, ToastCause> {
    match resent {
        Err(message) => Toast::new(Tone::Error, format!("The event was not sent again. {message}")),
        Ok(ResentEvent { endpoints: 0, .. }) => {
            let words = "No webhook endpoint asks for events of this type: nothing is sent";
            Toast::new(Tone::Warn, words).action("Server…", Action::Do(Shortcut::Server))
        }
        Ok(ResentEvent { endpoints, is_sent_elsewhere }) => {
            let words = format!("Sent again to {}", words::number_of(endpoints as u64, "endpoint", "endpoints"));
            if serves || is_sent_elsewhere {
                Toast::new(Tone::Ok, words)
            } else {
                Toast::new(Tone::Warn, format!("{words} once the server is on"))
                    .action("Server…", Action::Do(Shortcut::Server))
            }
        }
    }
}

fn kept_toast(kept: &KeptHistory) -> Toast<Action, ToastCause> {
    let went = words::entries(kept.removed.entries);
    let bytes = kept
        .bytes
        .map(|(before, after)| format!(". The file takes {} instead of {}", bytes_words(after), bytes_words(before)));
    let stopped = if kept.is_stopped { "Stopped: " } else { "" };
    Toast::new(Tone::Ok, format!("{stopped}{went} removed for good{}", bytes.unwrap_or_default()))
}

fn refresh_toast(report: Result<RefreshReport, String>) -> Toast<Action, ToastCause> {
    let RefreshReport { used, unused, failed, total, left_out } = match report {
        Ok(report) => report,
        Err(message) => return Toast::new(Tone::Error, message),
    };
    let done = used + unused + failed;
    let tone = if failed > 0 { Tone::Warn } else { Tone::Ok };
    let failed = if failed > 0 { format!(", {failed} without an answer") } else { String::new() };
    let words = match total {
        0 => "There was no token to ask for".to_owned(),
        _ if done < total => {
            format!("Stopped after {done} of {total}: {used} used, {unused} still unused{failed}")
        }
        _ => format!("{used} used, {unused} still unused{failed}"),
    };
    let left_out = match left_out {
        0 => String::new(),
        1 => ". 1 of another profile was left out".to_owned(),
        more => format!(". {more} of other profiles were left out"),
    };
    Toast::new(tone, words + &left_out)
}
