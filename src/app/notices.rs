//! What the window tells the user of updates of the background, most of it as toasts. The ends of jobs are in `jobs`.

use egui::Context;

use super::App;
use crate::{
    domain::history::edit::EntryEdit,
    model::UserNotice,
    ui::{
        Action,
        shortcuts::Shortcut,
        widgets::{Toast, Tone, chip::grouped},
    },
};

impl App {
    pub(super) fn tell(&mut self, ctx: &Context, notice: UserNotice) {
        match notice {
            UserNotice::Problem(message) => self.views.toasts.push(Toast::new(Tone::Error, message)),
            UserNotice::Hint(message) => self.views.toasts.push(Toast::new(Tone::Warn, message)),
            UserNotice::MinterReset { objects } => {
                let what = if objects == 1 { "object" } else { "objects" };
                let words = format!("The minter was reset: {objects} {what} dropped. The history stays");
                self.views.toasts.push(Toast::new(Tone::Ok, words));
            }
            UserNotice::Edited { edit, outcome } => self.tell_edited(edit, outcome),
            UserNotice::Begun { job, entry } => self.job_waits(job, entry),
            UserNotice::Finished { job, outcome } => self.job_ended(ctx, job, *outcome),
        }
    }

    fn tell_edited(&mut self, edit: EntryEdit, outcome: Result<u64, String>) {
        self.views.history.edited(&edit, outcome.is_ok());
        let entries = |count: u64| match count {
            1 => "1 entry".to_owned(),
            count => format!("{} entries", grouped(count)),
        };
        let toast = match (outcome, edit) {
            (Err(message), edit) => {
                if let EntryEdit::Restore { ids } = edit {
                    self.history.undo.push(ids);
                }
                Toast::new(Tone::Error, message)
            }
            (Ok(_), EntryEdit::Note { .. }) => Toast::new(Tone::Ok, "Note saved"),
            (Ok(count), EntryEdit::Tag { .. }) => Toast::new(Tone::Ok, format!("Tags of {} saved", entries(count))),
            (Ok(count), EntryEdit::Restore { .. }) => Toast::new(Tone::Ok, format!("{} restored", entries(count))),
            (Ok(count), EntryEdit::Delete { ids }) => {
                self.history.undo.push(ids.clone());
                Toast::new(Tone::Ok, format!("{} deleted", entries(count)))
                    .keys(Shortcut::Undo.keys())
                    .action("Undo", Action::Edit(EntryEdit::Restore { ids }))
            }
        };
        self.views.toasts.push(toast);
    }
}
