//! The dialog that keeps the form as a preset of the user's own, renames one and deletes it.

use std::fmt::Write as _;

use egui::{Context, Id, Key, Modifiers, RichText, Ui};

use crate::{
    domain::{foreign, history::edit::tags_in},
    ui::{
        action::{Action, PresetAction},
        leaving::LeaveGuard,
        shortcuts::LocalKey,
        theme,
        theme::DesignTokens,
        widgets::{Field, InlineAlert, PrimaryButton, QuietButton, TextInput, Tone, caret::lead_to, modal_ui},
    },
};

/// The state of the open dialog.
#[derive(Debug)]
pub struct PresetState {
    /// The preset that is edited; `None` for a new one.
    id: Option<u64>,
    name: String,
    /// As they are typed, in one line.
    tags: String,
    /// What is expected of the preset, in words; empty when nothing is.
    expects: String,
    /// What is expected of the form but cannot be of the preset, in words.
    lost: Option<String>,
    /// The parts of the form that may not be written down, in words: "the CVC".
    left_out: Vec<String>,
    /// The names of all other presets.
    taken: Vec<String>,
    /// The name and the tags that were there at first.
    first: (String, String),
    leaving: LeaveGuard,
    is_started: bool,
}

impl PresetState {
    /// The dialog that keeps the form as a new preset. `expects` is what will be expected of the preset, `lost` what is
    /// expected of the form now but needs a secret, and `left_out` names the secrets that are not kept.
    pub fn new(name: String, expects: String, lost: Option<String>, left_out: Vec<String>, taken: Vec<String>) -> Self {
        let (first, leaving, tags) = ((name.clone(), String::new()), LeaveGuard::default(), String::new());
        Self { id: None, name, tags, expects, lost, left_out, taken, first, leaving, is_started: false }
    }

    /// The dialog that renames, tags or deletes a preset.
    pub fn of(id: u64, name: String, tags: &[String], expects: String, taken: Vec<String>) -> Self {
        let taken = taken.into_iter().filter(|known| *known != name).collect();
        let tags = tags.join(" ");
        let first = (name.clone(), tags.clone());
        Self { id: Some(id), tags, first, ..Self::new(name, expects, None, Vec::new(), taken) }
    }

    /// Whether a name or a tag was typed that is not kept.
    pub fn is_unsaved(&self) -> bool {
        (self.name.trim(), self.tags.trim()) != (self.first.0.trim(), self.first.1.trim())
    }

    fn problem(&self) -> Option<(Tone, &'static str)> {
        let name = self.name.trim();
        let is_taken = self.taken.iter().any(|known| known == name);
        match self.id {
            _ if name.is_empty() => Some((Tone::Error, "A preset needs a name to be found by: type one")),
            Some(_) if is_taken => Some((Tone::Error, "Another preset has this name: choose a different one")),
            None if is_taken => Some((Tone::Warn, "A preset has this name already, and will be replaced")),
            _ => None,
        }
    }
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn preset_ui(ctx: &Context, state: &mut PresetState, actions: &mut Vec<Action>) -> bool {
    let mut is_done = false;
    let title = if state.id.is_some() { "Preset" } else { "Save the form as a preset" };
    let is_typing = ctx.text_edit_focused();
    let modal = modal_ui(ctx, "preset", title, 420.0, |ui| {
        // In a field only: elsewhere Enter presses what has the focus.
        let enter = is_typing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let problem = state.problem();
        name_ui(ui, state, problem);
        ui.add_space(8.0);
        let note = "Presets with the same tag are run together, and the entries of a run get it too";
        let field = Field::new("Tags").hint("optional").note(note);
        field.text(ui, TextInput::singleline(&mut state.tags).id(Id::unique("preset_tags")).hint_text("smoke nightly"));
        ui.add_space(8.0);
        about_ui(ui, state);
        ui.add_space(10.0);
        is_done |= state.leaving.ui(ui, "What was typed of the preset is not saved");
        let can_save = !matches!(problem, Some((Tone::Error, _)));
        let mut save = enter && can_save;
        egui::Sides::new().height(theme::CONTROL_HEIGHT).show(
            ui,
            |ui| {
                if let Some(id) = state.id
                    && ui.add(QuietButton::new("Delete this preset").danger()).clicked()
                {
                    actions.push(Action::Preset(PresetAction::Delete(id)));
                    is_done = true;
                }
            },
            |ui| {
                let words = if state.id.is_some() { "Save changes" } else { "Save" };
                ui.add_enabled_ui(can_save, |ui| {
                    save |= ui.add(PrimaryButton::new(words).keys(LocalKey::Confirm.keys()).width(130.0)).clicked();
                });
            },
        );
        if save {
            let (name, tags) = (state.name.trim().to_owned(), tags_in(&state.tags));
            actions.push(Action::Preset(match state.id {
                Some(id) => PresetAction::Change { id, name, tags },
                None => PresetAction::Save { name, tags },
            }));
            is_done = true;
        }
    });
    let is_unsaved = state.is_unsaved();
    state.leaving.stays(ctx, modal.should_close, is_unsaved) && !is_done
}

fn name_ui(ui: &mut Ui, state: &mut PresetState, problem: Option<(Tone, &str)>) {
    let mut field = Field::new("Name");
    // Nobody has done anything wrong yet while the name is empty: the button that is off says enough.
    if let Some((tone, words)) = problem.filter(|_| !state.name.is_empty()) {
        field = field.message(tone, words);
    }
    let edit = TextInput::singleline(&mut state.name).id(Id::unique("preset_name")).hint_text("Nightly run, declined");
    let response = field.text(ui, edit).response.response;
    if !state.is_started {
        state.is_started = true;
        lead_to(ui.ctx(), response.id);
    }
}

fn about_ui(ui: &mut Ui, state: &PresetState) {
    let t = DesignTokens::of(ui);
    let words = if state.expects.is_empty() {
        "Nothing is expected of it".to_owned()
    } else {
        format!("Expects {}", state.expects)
    };
    ui.label(RichText::new(foreign::block(&words)).size(theme::SMALL_SIZE).color(t.subdued));
    if !state.left_out.is_empty() {
        let mut text = format!("Left out: {}", state.left_out.join("; "));
        if state.left_out.iter().any(|what| what == "the CVC") {
            text.push_str(". A CVC that passes is filled in when the preset is used");
        }
        if let Some(lost) = &state.lost {
            let _ = write!(text, ". What the form expects now needs what is left out, and is not kept: {lost}");
        }
        ui.add_space(4.0);
        InlineAlert::new(Tone::Info, "Secrets are never written down").text(&text).ui(ui);
    }
}
