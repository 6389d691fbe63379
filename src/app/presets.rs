//! What the window does with presets and the draft: fills, remembers and keeps them.

use egui::Context;

use super::App;
use crate::{
    domain::{
        card::expiry::utc_day,
        form::{
            draft::Draft,
            field_state::FormField,
            kept_draft::{KeptDraft, KeptForm},
        },
        presets::{library::Library, preset::PresetKey},
        rules::expectation::Expectation,
    },
    messages::Command,
    ui::{
        Action, PaletteScope, PresetAction,
        dialogs::preset::PresetState,
        form::{FormState, QuickPreset},
        palette::{
            PaletteState,
            commands::{CommandContext, commands},
        },
        widgets::{Toast, Tone},
    },
};

/// How many presets the empty form offers.
const QUICK: usize = 5;

/// The user's presets, and which state of the form is kept.
pub(super) struct Shelf {
    library: Library,
    /// Names are not looked up in a frame.
    quick: Vec<QuickPreset>,
    form: KeptRevision,
}

impl Shelf {
    pub(super) fn new(library: Library, form: &FormState) -> Self {
        let quick = quick(&library);
        Self { library, quick, form: KeptRevision::new(form.revision()) }
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    pub(super) fn quick(&self) -> &[QuickPreset] {
        &self.quick
    }

    fn names(&self) -> Vec<String> {
        self.library.own.iter().map(|own| own.name.clone()).collect()
    }
}

fn quick(library: &Library) -> Vec<QuickPreset> {
    let recents = library.recents.iter().filter(|key| !library.is_favourite(key));
    let keys = library.favourites.iter().chain(recents);
    keys.filter_map(|key| Some((key.clone(), library.preset(key)?.name))).take(QUICK).collect()
}

/// When the form has to be kept: once typing has paused.
struct KeptRevision {
    kept: u64,
    seen: u64,
    /// When it was last seen to change, in the window's time.
    changed_at: f64,
}

impl KeptRevision {
    const CALM_SECS: f64 = 1.0;

    fn new(revision: u64) -> Self {
        Self { kept: revision, seen: revision, changed_at: 0.0 }
    }

    /// In how many seconds this revision has to be kept, at this moment of the window's time: `None` when it is kept,
    /// and taken as kept from now on when it is time.
    fn due_in(&mut self, revision: u64, time: f64) -> Option<f64> {
        if revision == self.kept {
            return None;
        }
        if std::mem::replace(&mut self.seen, revision) != revision {
            self.changed_at = time;
        }
        let left = self.changed_at + Self::CALM_SECS - time;
        if left <= 0.0 {
            self.kept = revision;
        }
        Some(left.max(0.0))
    }
}

impl App {
    /// Fills the form as it was left, and tells nothing wrong about it.
    pub(super) fn restore_form(&mut self, form: Option<KeptForm>) {
        if let Some(KeptForm { draft, expects }) = form {
            self.panels.form.restore(draft.to_draft(false), expects);
            self.shelf.form = KeptRevision::new(self.panels.form.revision());
        }
    }

    /// Keeps the form once it has not changed for a while.
    pub(super) fn keep_form(&mut self, ctx: &Context) {
        match self.shelf.form.due_in(self.panels.form.revision(), ctx.input(|input| input.time)) {
            Some(0.0) => self.send_form(),
            Some(left) => ctx.request_repaint_after_secs(left as f32),
            None => {}
        }
    }

    /// Keeps the form if it is not kept yet: the window closes.
    pub(super) fn keep_last_form(&self) {
        if self.shelf.form.kept != self.panels.form.revision() {
            self.send_form();
        }
    }

    fn send_form(&self) {
        let form = &self.panels.form;
        let form = KeptForm { draft: KeptDraft::of(form.draft()).0, expects: form.expectation() };
        self.worker.send(Command::SaveForm(Box::new(form)));
    }

    pub(super) fn open_palette(&mut self, scope: PaletteScope) {
        let context = CommandContext {
            settings: &self.settings,
            server: &self.model.server,
            expects: self.panels.form.expectation().is_some(),
        };
        self.panels.dialogs.palette = Some(PaletteState::new(scope, commands(&context)));
    }

    /// Puts a preset into the form, and sends it if asked to.
    fn use_preset(&mut self, key: &PresetKey, creates: bool) {
        let (draft, today) = (self.panels.form.draft(), utc_day(self.clock.now()));
        let Some((filled, expects)) = self.shelf.library.fill(key, draft, &self.settings.form, today) else { return };
        self.panels.form.take(filled);
        self.panels.form.expect(expects);
        self.change_library(|library| library.note_use(key));
        if creates {
            self.create();
        } else {
            self.layout.now.form_is_open = true;
            self.panels.form.focus(FormField::Number);
        }
    }

    fn open_save_preset(&mut self) {
        let form = &self.panels.form;
        let (kept, left_out) = KeptDraft::of(form.draft());
        let expects = self.expected_of(&kept.to_draft(true));
        let now = form.expectation().unwrap_or_else(|| self.expected_of(form.draft()));
        let lost = (now.token != expects.token).then(|| now.words());
        let expects = expects.words();
        let name = if *form.draft() == Draft::default() { String::new() } else { expects.clone() };
        self.panels.dialogs.preset = Some(PresetState::new(name, expects, lost, left_out, self.shelf.names()));
    }

    fn open_preset(&mut self, id: u64) {
        if let Some(own) = self.shelf.library.own(id) {
            let expects = own.expects.as_ref().map(Expectation::words).unwrap_or_default();
            self.panels.dialogs.preset = Some(PresetState::of(id, own.name.clone(), expects, self.shelf.names()));
        }
    }

    /// What is expected of the form once its secrets are left out; else what is predicted of it then.
    fn expected_of(&self, kept: &Draft) -> Expectation {
        let prediction = kept.predict(utc_day(self.clock.now()), self.settings.policies);
        let expected = self.panels.form.expectation().filter(|expected| expected.agrees_with(&prediction));
        expected.unwrap_or_else(|| Expectation::of_prediction(&prediction, &kept.to_request()))
    }

    fn save_preset(&mut self, name: &str) {
        let draft = self.panels.form.draft().clone();
        let expects = self.expected_of(&KeptDraft::of(&draft).0.to_draft(true));
        let now_secs = self.clock.now().as_second();
        self.change_library(|library| {
            let key = library.save(name, &draft, Some(expects), now_secs);
            library.note_use(&key);
        });
        self.panels.toasts.push(Toast::new(Tone::Ok, format!("Saved as {name}. Ctrl+K finds it")));
    }

    fn delete_preset(&mut self, id: u64) {
        let mut deleted = None;
        self.change_library(|library| deleted = library.delete(id));
        if let Some(preset) = deleted {
            let words = format!("The preset {} was deleted", preset.name);
            let back = Action::Preset(PresetAction::Restore(Box::new(preset)));
            self.panels.toasts.push(Toast::new(Tone::Ok, words).action("Undo", back));
        }
    }

    fn change_library(&mut self, change: impl FnOnce(&mut Library)) {
        let before = self.shelf.library.clone();
        change(&mut self.shelf.library);
        self.shelf.quick = quick(&self.shelf.library);
        self.worker.send(Command::SaveLibrary { before, library: self.shelf.library.clone() });
    }

    pub(super) fn act_on_presets(&mut self, action: PresetAction) {
        match action {
            PresetAction::Use { key, creates } => self.use_preset(&key, creates),
            PresetAction::ToggleFavourite(key) => self.change_library(|library| library.toggle_favourite(&key)),
            PresetAction::OpenSave => self.open_save_preset(),
            PresetAction::Open(id) => self.open_preset(id),
            PresetAction::Save(name) => self.save_preset(&name),
            PresetAction::Rename { id, name } => self.change_library(|library| library.rename(id, &name)),
            PresetAction::Delete(id) => self.delete_preset(id),
            PresetAction::Restore(preset) => self.change_library(|library| library.restore(*preset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_kept_once_typing_has_paused() {
        let mut kept = KeptRevision::new(0);
        for (revision, time, expected) in [
            (0, 0.0, None),
            (1, 10.0, Some(1.0)),
            (2, 10.5, Some(1.0)),
            (2, 11.0, Some(0.5)),
            (2, 11.5, Some(0.0)),
            (2, 12.0, None),
        ] {
            assert_eq!(kept.due_in(revision, time), expected, "{revision} at {time}");
        }
    }
}
