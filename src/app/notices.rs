//! What the window tells the user of updates of the background, most of it as toasts. The ends of jobs are in `jobs`.

use egui::Context;

use super::App;
use crate::{
    domain::history::edit::EntryEdit,
    messages::{RestoredDeletion, ServerInfo},
    model::UserNotice,
    ui::{
        Action, ToastCause,
        shortcuts::Shortcut,
        widgets::{Toast, Tone},
        words,
    },
};

impl App {
    pub(super) fn tell(&mut self, ctx: &Context, notice: UserNotice) {
        match notice {
            UserNotice::Server => self.tell_server(),
            UserNotice::Secret { endpoint, secret } => {
                if let Some(dialog) = &mut self.views.dialogs.server {
                    dialog.webhooks.reveal(endpoint, secret);
                }
            }
            UserNotice::Trouble(about, message) => {
                let cause = ToastCause::Trouble(about);
                match message {
                    Some(message) => self.views.toasts.push(Toast::new(Tone::Error, message).cause(cause)),
                    None => self.views.toasts.settle(&cause),
                }
            }
            UserNotice::Problem(message) => self.views.toasts.push(Toast::new(Tone::Error, message)),
            UserNotice::Copied { form, text: Ok(text) } => {
                self.act(ctx, Action::Copy { text, what: form.label().to_owned() });
            }
            UserNotice::Copied { text: Err(message), .. } => {
                self.views.toasts.push(Toast::new(Tone::Error, message).cause(ToastCause::Clipboard));
            }
            UserNotice::Hint(message) => self.views.toasts.push(Toast::new(Tone::Warn, message)),
            UserNotice::MinterReset { objects } => {
                let objects = words::number_of(objects, "object", "objects");
                let words = format!("The minter was reset: {objects} dropped. The history stays");
                self.views.toasts.push(Toast::new(Tone::Ok, words));
            }
            UserNotice::Edited { edit, outcome } => self.tell_edited(edit, outcome),
            UserNotice::Restored(restored) => self.tell_restored(restored),
            UserNotice::Begun { job, entry } => self.job_waits(job, entry),
            UserNotice::RunBegun(id) => self.run_begun(id),
            UserNotice::Finished { job, outcome } => self.job_ended(ctx, job, *outcome),
        }
    }

    /// Why the server does not run. The open dialog of the server says it itself, with what to do.
    fn tell_server(&mut self) {
        match &self.model.server {
            ServerInfo::Failed { message, .. } if self.views.dialogs.server.is_none() => {
                self.views.toasts.push(Toast::new(Tone::Error, message.clone()).cause(ToastCause::Server));
            }
            _ => self.views.toasts.settle(&ToastCause::Server),
        }
    }

    fn tell_edited(&mut self, edit: EntryEdit, outcome: Result<u64, String>) {
        self.views.history.edited(&edit, outcome.is_ok());
        let cause = match &edit {
            EntryEdit::Note { id, .. } => ToastCause::Note(*id),
            EntryEdit::Tag { ids, .. } => ToastCause::Tags(ids.clone()),
            EntryEdit::Delete { ids } | EntryEdit::Restore { ids } => ToastCause::Deletion(ids.clone()),
        };
        let toast = match (outcome, edit) {
            (Err(message), _) => Toast::new(Tone::Error, message),
            (Ok(_), EntryEdit::Note { .. }) => Toast::new(Tone::Ok, "Note saved"),
            (Ok(count), EntryEdit::Tag { .. }) => {
                Toast::new(Tone::Ok, format!("Tags of {} saved", words::entries(count)))
            }
            (Ok(count), EntryEdit::Restore { .. }) => {
                Toast::new(Tone::Ok, format!("{} restored", words::entries(count)))
            }
            (Ok(count), EntryEdit::Delete { ids }) => {
                // An hour, and then until the next start.
                let words = format!("{} deleted. They can come back for an hour at least", words::entries(count));
                let words = if count == 1 { words.replace("They", "It") } else { words };
                Toast::new(Tone::Ok, words)
                    .keys(Shortcut::Undo.keys())
                    .action("Undo", Action::Edit(EntryEdit::Restore { ids }))
            }
        };
        self.views.toasts.push(toast.cause(cause));
    }

    fn tell_restored(&mut self, restored: Option<RestoredDeletion>) {
        let Some(RestoredDeletion { ids, deleted, outcome }) = restored else {
            self.views.toasts.push(Toast::new(Tone::Info, "Nothing was deleted that could come back"));
            return;
        };
        // In place of the toast of the deletion, which offers what is done by now.
        let cause = ToastCause::Deletion(ids);
        let toast = match outcome {
            Ok(count) => {
                let ago = words::ago(deleted, self.clock.now(), &self.zone);
                let when = if ago == "now" { String::new() } else { format!(", deleted {ago}") };
                Toast::new(Tone::Ok, format!("{} restored{when}", words::entries(count)))
            }
            Err(message) => Toast::new(Tone::Error, message),
        };
        self.views.toasts.push(toast.cause(cause));
    }
}
