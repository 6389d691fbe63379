//! What the window tells of what the background has told: toasts, complaints in the form, results in dialogs.

use egui::Context;

use super::{App, Running};
use crate::{
    domain::{
        form::field_state::FormField,
        history::{
            edit::Edit,
            entry::{Entry, Status},
        },
        settings::{key_check::KeyCheck, profile::ProfileId},
    },
    messages::JobOutcome,
    model::Notice,
    ui::{
        Action,
        form::Complaint,
        shortcuts::Deed,
        widgets::{Toast, Tone, chip::grouped},
    },
};

impl App {
    pub(super) fn tell(&mut self, ctx: &Context, notice: Notice) {
        let (job, outcome) = match notice {
            Notice::Problem(message) => return self.panels.toasts.push(Toast::new(Tone::Error, message)),
            Notice::MinterReset { objects } => {
                let what = if objects == 1 { "object" } else { "objects" };
                let words = format!("The minter was reset: {objects} {what} dropped. The history stays");
                return self.panels.toasts.push(Toast::new(Tone::Ok, words));
            }
            Notice::Edited { edit, outcome } => return self.tell_edited(edit, outcome),
            // The row that waits shows how to stop it.
            Notice::Begun { job, entry } => {
                if matches!(self.jobs.running.get(&job), Some(Running::Create(_) | Running::SameElsewhere(_))) {
                    self.jobs.begun.insert(job, entry);
                    self.select(entry);
                }
                return;
            }
            Notice::Finished { job, outcome } => (job, *outcome),
        };
        let running = self.jobs.running.remove(&job);
        match outcome {
            JobOutcome::Created { entry, is_answered, param, message, refusal } => {
                // Whoever went on to another entry while this one waited is not called back.
                let begun = self.jobs.begun.remove(&job);
                if begun.is_none_or(|begun| self.panels.history.cursor() == Some(begun)) {
                    self.select(entry.id);
                }
                if let Some(Running::SameElsewhere(first)) = running {
                    return self.diff(ctx, first, entry.id);
                }
                let complaint = Complaint {
                    field: param.as_deref().and_then(FormField::of_param),
                    is_answer: is_answered,
                    message: message.unwrap_or_else(|| "The answer gives no reason".to_owned()),
                    refusal,
                };
                // What was typed since is not what the answer is about.
                let is_of_form = running == Some(Running::Create(self.panels.form.draft().to_request()));
                self.tell_created(ctx, &entry, is_of_form, complaint);
            }
            JobOutcome::Retrieved { entry, message } => {
                let words = match (&entry, message) {
                    (_, Some(message)) => return self.panels.toasts.push(Toast::new(Tone::Error, message)),
                    (Some(entry), None) if entry.status == Status::Used => "The token was used",
                    (_, None) => "The token is still unused",
                };
                self.panels.toasts.push(Toast::new(Tone::Ok, words));
                if let Some(Running::Retrieve(id)) = running
                    && self.panels.wanted == Some(id)
                {
                    self.load_detail(id);
                }
            }
            JobOutcome::TokenUsed { judgement: Some(judgement), refusal: None, .. } => {
                let tone = if judgement.is_as_expected() { Tone::Ok } else { Tone::Warn };
                self.panels.toasts.push(Toast::new(tone, judgement.words()));
            }
            JobOutcome::TokenUsed { made, message, refusal, .. } => {
                let toast = match (made, refusal) {
                    (Some(id), _) => Toast::new(Tone::Ok, format!("The token was used by {id}")),
                    (None, Some(refusal)) => Toast::new(Tone::Error, refusal.title()),
                    (None, None) => {
                        Toast::new(Tone::Error, message.unwrap_or_else(|| "The answer gives no reason".to_owned()))
                    }
                };
                self.panels.toasts.push(toast);
            }
            JobOutcome::Refreshed { used, unused, failed, total, left_out } => {
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
                self.panels.toasts.push(Toast::new(tone, words + &left_out));
            }
            JobOutcome::Exported { path, entries } => {
                self.panels.dialogs.export = None;
                let what = if entries == 1 { "entry" } else { "entries" };
                let words = format!("{entries} {what} exported to {}", path.display());
                self.panels.toasts.push(Toast::new(Tone::Ok, words));
            }
            JobOutcome::Cancelled if matches!(running, Some(Running::CheckKey(_))) => {
                if let Some(Running::CheckKey(profile)) = running {
                    self.end_check(profile, Err("It was stopped before an answer came".to_owned()));
                }
            }
            JobOutcome::Cancelled => {
                self.end_export(None);
                self.panels.toasts.push(Toast::new(Tone::Info, "Cancelled; no file was written"));
            }
            JobOutcome::Failed { message } => match running {
                Some(Running::Export) => self.end_export(Some(message)),
                Some(Running::Create(_)) => {
                    self.layout.now.form_is_open = true;
                    self.panels.form.complain(Complaint { field: None, is_answer: false, message, refusal: None });
                }
                Some(Running::CheckKey(profile)) => self.end_check(profile, Err(message)),
                Some(Running::CheckSettings { .. }) => {
                    if let Some(dialog) = &mut self.panels.dialogs.settings {
                        dialog.fail(message);
                    }
                }
                _ => self.panels.toasts.push(Toast::new(Tone::Error, message)),
            },
            JobOutcome::CertificatesGood => {
                if let Some(Running::CheckSettings { settings, keys }) = running {
                    self.take_settings(ctx, *settings, keys);
                }
            }
            JobOutcome::CertificateRefused { profile, message } => {
                if let Some(dialog) = &mut self.panels.dialogs.settings {
                    dialog.refuse_certificate(profile, message);
                }
            }
            JobOutcome::KeyChecked(check) => {
                if let Some(Running::CheckKey(profile)) = running {
                    self.end_check(profile, Ok(check));
                }
            }
        }
    }

    fn end_check(&mut self, profile: ProfileId, outcome: Result<Box<KeyCheck>, String>) {
        if let Some(dialog) = &mut self.panels.dialogs.settings {
            dialog.end_check(profile, outcome);
        }
    }

    fn tell_edited(&mut self, edit: Edit, outcome: Result<u64, String>) {
        self.panels.history.edited(&edit, outcome.is_ok());
        let entries = |count: u64| match count {
            1 => "1 entry".to_owned(),
            count => format!("{} entries", grouped(count)),
        };
        let toast = match (outcome, edit) {
            (Err(message), edit) => {
                if let Edit::Restore { ids } = edit {
                    self.panels.deleted.push(ids);
                }
                Toast::new(Tone::Error, message)
            }
            (Ok(_), Edit::Note { .. }) => Toast::new(Tone::Ok, "Note saved"),
            (Ok(count), Edit::Tag { .. }) => Toast::new(Tone::Ok, format!("Tags of {} saved", entries(count))),
            (Ok(count), Edit::Restore { .. }) => Toast::new(Tone::Ok, format!("{} restored", entries(count))),
            (Ok(count), Edit::Delete { ids }) => {
                self.panels.deleted.push(ids.clone());
                Toast::new(Tone::Ok, format!("{} deleted", entries(count)))
                    .keys(Deed::Undo.keys())
                    .action("Undo", Action::Edit(Edit::Restore { ids }))
            }
        };
        self.panels.toasts.push(toast);
    }

    fn end_export(&mut self, problem: Option<String>) {
        match &mut self.panels.dialogs.export {
            Some(export) => {
                export.job = None;
                export.problem = problem;
            }
            None => {
                if let Some(problem) = problem {
                    self.panels.toasts.push(Toast::new(Tone::Error, problem));
                }
            }
        }
    }

    fn tell_created(&mut self, ctx: &Context, entry: &Entry, is_of_form: bool, complaint: Complaint) {
        // What differs is told as well, and stays in the row.
        let differs = entry.judgement.as_ref().filter(|judgement| !judgement.is_as_expected());
        if let Some(judgement) = differs {
            self.panels.toasts.push(Toast::new(Tone::Warn, judgement.words()));
        }
        let toast = match (&entry.token_id, entry.status) {
            (None, Status::Failed) if entry.judgement.is_some() && differs.is_none() && is_of_form => {
                let code = entry.code.as_deref().unwrap_or("an error");
                self.panels.toasts.push(Toast::new(Tone::Ok, format!("As expected: {code}")));
                return self.panels.form.complain(complaint);
            }
            (Some(id), _) => {
                self.panels.form.settle();
                if self.settings.form.copies_id {
                    ctx.copy_text(id.clone());
                    Toast::new(Tone::Ok, "Token created, id copied")
                } else {
                    Toast::new(Tone::Ok, "Token created")
                }
            }
            (None, Status::Unknown) => {
                Toast::new(Tone::Warn, "No answer: a token may exist. Ask again in the inspector")
            }
            (None, _) if is_of_form => {
                self.layout.now.form_is_open = true;
                return self.panels.form.complain(complaint);
            }
            (None, _) => Toast::new(Tone::Error, complaint.message),
        };
        self.panels.toasts.push(toast);
    }
}
