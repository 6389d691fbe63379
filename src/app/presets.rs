//! What the window does with presets and the draft: fills, remembers and keeps them.

use egui::Context;

use super::{App, preset_shelf::KeptRevision};
use crate::{
    domain::{
        card::expiry::utc_day,
        form::{
            draft::Draft,
            field_state::FormField,
            kept_draft::{KeptDraft, KeptForm},
        },
        presets::{
            found_calls::{FoundCall, MadePresets},
            library::PresetLibrary,
            preset::PresetKey,
        },
        rules::expectation::Expectation,
    },
    messages::WorkerCommand,
    ui::{
        Action, PaletteScope, PresetAction, ToastCause,
        dialogs::preset::PresetState,
        palette::{
            PaletteState,
            commands::{CommandContext, commands},
        },
        shortcuts::Shortcut,
        widgets::{Toast, Tone},
        words,
    },
};

impl App {
    /// Fills the form as it was left, and tells nothing wrong about it.
    pub(super) fn restore_form(&mut self, form: Option<KeptForm>) {
        if let Some(KeptForm { draft, expects }) = form {
            self.views.form.restore(draft.to_draft(false), expects);
            self.presets.form = KeptRevision::new(self.views.form.revision());
        }
    }

    /// Keeps the form once it has not changed for a while.
    pub(super) fn keep_form(&mut self, ctx: &Context) {
        match self.presets.form.due_in(self.views.form.revision(), ctx.input(|input| input.time)) {
            Some(0.0) => self.send_form(),
            Some(left) => ctx.request_repaint_after_secs(left as f32),
            None => {}
        }
    }

    /// Keeps the form if it is not kept yet: the window closes.
    pub(super) fn keep_last_form(&self) {
        if !self.presets.form.is_kept(self.views.form.revision()) {
            self.send_form();
        }
    }

    fn send_form(&self) {
        let form = &self.views.form;
        let form = KeptForm { draft: KeptDraft::of(form.draft()).0, expects: form.expectation() };
        self.worker.send(WorkerCommand::SaveForm(Box::new(form)));
    }

    /// Tells that what was typed went away without being sent, with the way back to it.
    pub(super) fn tell_lost_form(&mut self) {
        if let Some(words) = self.views.form.take_lost() {
            let toast = Toast::new(Tone::Info, words).action("Bring it back", Action::BringFormBack);
            self.views.toasts.push(toast.cause(ToastCause::Form));
        }
    }

    pub(super) fn bring_form_back(&mut self) {
        self.views.form.bring_back();
        self.frame.layout.now.form_is_open = true;
        self.views.toasts.settle(&ToastCause::Form);
    }

    pub(super) fn open_palette(&mut self, scope: PaletteScope) {
        let context = CommandContext {
            settings: &self.settings,
            server: &self.model.server,
            expects: self.views.form.expectation().is_some(),
            selected: self.views.history.selected(),
        };
        self.views.dialogs.palette = Some(PaletteState::new(scope, commands(&context)));
    }

    /// Puts a preset into the form, and sends it if asked to.
    fn use_preset(&mut self, key: &PresetKey, creates: bool) {
        let (draft, today) = (self.views.form.draft(), utc_day(self.clock.now()));
        let Some((filled, expects)) = self.presets.library().fill(key, draft, &self.settings.form, today) else {
            return;
        };
        self.views.form.take(filled);
        self.views.form.expect(expects);
        self.change_library(|library| library.note_use(key));
        if creates {
            self.create();
        } else {
            self.frame.layout.now.form_is_open = true;
            self.views.form.focus(FormField::Number);
        }
    }

    /// The form as it is sent.
    fn sent_draft(&self) -> Draft {
        self.settings.form.sent(self.views.form.draft(), utc_day(self.clock.now())).into_owned()
    }

    fn open_save_preset(&mut self) {
        let draft = self.sent_draft();
        let (kept, left_out) = KeptDraft::of(&draft);
        let expects = self.expected_of(&kept.to_draft(true));
        let now = self.views.form.expectation().unwrap_or_else(|| self.expected_of(&draft));
        let lost = (now.token != expects.token).then(|| now.words());
        let expects = expects.words();
        let name = expects.clone();
        self.views.dialogs.preset = Some(PresetState::new(name, expects, lost, left_out, self.presets.names()));
    }

    fn open_preset(&mut self, id: u64) {
        if let Some(own) = self.presets.library().own(id) {
            let expects = own.expects.as_ref().map(Expectation::words).unwrap_or_default();
            let dialog = PresetState::of(id, own.name.clone(), &own.tags, expects, self.presets.names());
            self.views.dialogs.preset = Some(dialog);
        }
    }

    /// What is expected of the form once its secrets are left out: the expectation that was set if it still agrees with
    /// the prediction, else the prediction itself.
    fn expected_of(&self, kept: &Draft) -> Expectation {
        let today = utc_day(self.clock.now());
        // Without its secrets the form may be empty.
        let kept = self.settings.form.sent(kept, today);
        let prediction = kept.predict(today, self.settings.policies);
        let expected = self.views.form.expectation().filter(|expected| expected.agrees_with(&prediction));
        expected.unwrap_or_else(|| Expectation::of_prediction(&prediction, &kept.to_request()))
    }

    fn save_preset(&mut self, name: &str, tags: Vec<String>) {
        let draft = self.sent_draft();
        let expects = self.expected_of(&KeptDraft::of(&draft).0.to_draft(true));
        let now_secs = self.clock.now().as_second();
        self.change_library(|library| {
            let key = library.save(name, &draft, Some(expects), now_secs);
            if let (PresetKey::Own(id), false) = (&key, tags.is_empty()) {
                library.tag(*id, tags);
            }
            library.note_use(&key);
        });
        let words = format!("Saved as {name}. {} finds it", Shortcut::Palette.keys());
        self.views.toasts.push(Toast::new(Tone::Ok, words).cause(ToastCause::Preset));
    }

    fn delete_preset(&mut self, id: u64) {
        let mut deleted = None;
        self.change_library(|library| deleted = library.delete(id));
        if let Some(preset) = deleted {
            let words = format!("The preset {} was deleted", preset.name);
            let back = Action::Preset(PresetAction::Restore(Box::new(preset)));
            self.views.toasts.push(Toast::new(Tone::Ok, words).action("Undo", back).cause(ToastCause::Preset));
        }
    }

    fn take_calls(&mut self, calls: &[FoundCall]) {
        let now_secs = self.clock.now().as_second();
        let mut taken = MadePresets::default();
        self.change_library(|library| taken = library.take_calls(calls, now_secs));
        let presets = |count: usize| words::number_of(count as u64, "preset", "presets");
        let same = if taken.same == 0 { String::new() } else { format!("; {} there already", presets(taken.same)) };
        let words = format!("{} made{same}. {} finds them", presets(taken.made.len()), Shortcut::Palette.keys());
        self.views.toasts.push(Toast::new(Tone::Ok, words).cause(ToastCause::Preset));
    }

    fn change_library(&mut self, change: impl FnOnce(&mut PresetLibrary)) {
        let before = self.presets.library().clone();
        self.presets.change(change);
        self.worker.send(WorkerCommand::SaveLibrary { before, library: self.presets.library().clone() });
    }

    pub(super) fn act_on_presets(&mut self, action: PresetAction) {
        match action {
            PresetAction::Use { key, creates } => self.use_preset(&key, creates),
            PresetAction::ToggleFavourite(key) => self.change_library(|library| library.toggle_favourite(&key)),
            PresetAction::OpenSave => self.open_save_preset(),
            PresetAction::Open(id) => self.open_preset(id),
            PresetAction::Save { name, tags } => self.save_preset(&name, tags),
            PresetAction::Change { id, name, tags } => self.change_library(|library| {
                library.rename(id, &name);
                library.tag(id, tags);
            }),
            PresetAction::Delete(id) => self.delete_preset(id),
            PresetAction::TakeCalls(calls) => self.take_calls(&calls),
            PresetAction::Restore(preset) => {
                self.change_library(|library| library.restore(*preset));
                self.views.toasts.settle(&ToastCause::Preset);
            }
        }
    }
}
