//! The page of profiles: their list, and the one that is chosen with its key.

use egui::{Layout, ScrollArea, Ui};

use super::{
    key::{key_check_ui, key_note},
    parts::{field_id, field_ui, heading_ui, page_frame, row_id},
    state::{SettingsContext, SettingsState},
    typed::{FieldFault, FieldName, TypedProfile},
};
use crate::{
    domain::{
        call::api::Target,
        settings::{
            profile::ProfileColor,
            stripe::{BaseUrl, StripeField},
        },
    },
    ui::{
        Action, icons,
        theme::{self, DesignTokens},
        widgets::{
            ColorSwatches, Field, InlineAlert, MarkedRow, QuietButton, SegmentedControl, TextInput, Tone, scroll_ui,
        },
    },
};

pub(super) fn profiles_ui(
    ui: &mut Ui,
    state: &mut SettingsState,
    about: &SettingsContext<'_>,
    actions: &mut Vec<Action>,
) {
    const LIST: f32 = 190.0;
    let height = ui.available_height();
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(egui::vec2(LIST, height), Layout::top_down(egui::Align::Min), |ui| {
            ui.set_width(LIST);
            list_ui(ui, state, about, height);
        });
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.set_max_height(height);
            // Each profile has its own place in the page.
            let area = ScrollArea::vertical().id_salt(state.chosen).auto_shrink(false);
            scroll_ui(ui, "the profile", area, |ui| {
                page_frame().show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                    profile_ui(ui, state, about, actions);
                });
            });
        });
    });
}

fn list_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, height: f32) {
    let t = DesignTokens::of(ui);
    let mut chosen = None;
    let rows = (height - 118.0).max(48.0);
    let area = ScrollArea::vertical().id_salt("profiles").max_height(rows).auto_shrink([false, true]);
    scroll_ui(ui, "the profiles", area, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for profile in &state.edited.profiles {
            let place = match profile.target {
                Target::Local => "Local minter",
                Target::Stripe => "Stripe API",
            };
            let note = if state.edited.is_in_use(profile.id) { format!("{place} · in use") } else { place.to_owned() };
            let name = if profile.name.trim().is_empty() { "Without a name" } else { profile.name.trim() };
            let row = MarkedRow::new(t.profile(profile.color), name)
                .note(&note)
                .selected(profile.id == state.chosen)
                .id(row_id(profile.id));
            if ui.add(row).clicked() {
                chosen = Some(profile.id);
            }
        }
    });
    ui.add_space(2.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
        ui.horizontal(|ui| {
            if ui.add(QuietButton::new("Add").icon(icons::PLUS)).clicked() {
                chosen = Some(state.edited.add(about.now));
            }
            if ui.add(QuietButton::new("Duplicate").icon(icons::COPY)).clicked() {
                chosen = Some(state.edited.duplicate(state.chosen, about.now));
            }
        });
        let is_last = state.edited.profiles.len() == 1;
        let delete = ui.add_enabled(!is_last, QuietButton::new("Delete…").icon(icons::TRASH_2).danger());
        if delete.on_disabled_hover_text("The last profile stays").clicked() {
            state.is_deleting = true;
        }
    });
    if let Some(profile) = chosen.filter(|chosen| *chosen != state.chosen) {
        let is_new = state.edited.profiles.iter().any(|known| known.id == profile) && state.initial_lacks(profile);
        state.choose(profile);
        if is_new {
            state.focus = Some(field_id(FieldName::ProfileName));
        }
    }
}

fn profile_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) {
    if state.is_deleting {
        delete_ui(ui, state);
    }
    let at = state.edited.place_of(state.chosen);
    let faults = state.faults_of(state.chosen);
    sign_ui(ui, &mut state.edited.profiles[at], &faults);
    heading_ui(ui, "Stripe API");
    let mut is_other_place = false;
    let note = "Where calls and the key go: Stripe, or a stand-in of yours";
    let profile = &mut state.edited.profiles[at];
    is_other_place |= stripe_field_ui(ui, &faults, profile, StripeField::BaseUrl, BaseUrl::STRIPE, note);
    let is_other_key = key_ui(ui, state, about, &faults);
    key_check_ui(ui, state, about, actions);
    is_other_place |= connection_ui(ui, &mut state.edited.profiles[at], &faults);
    if is_other_place {
        state.refused = None;
    }
    // Once it is left, the path shows the file that is meant.
    if ui.read_response(field_id(FieldName::Stripe(StripeField::CaFile))).is_some_and(|field| field.lost_focus()) {
        state.resolve_paths(about.paths);
    }
    if is_other_place || is_other_key {
        state.check.outdate();
    }
}

/// What the profile is known by, and who answers.
fn sign_ui(ui: &mut Ui, profile: &mut TypedProfile, faults: &[FieldFault]) {
    let t = DesignTokens::of(ui);
    let note = "Shown at the top of the window, with its colour";
    field_ui(ui, faults, FieldName::ProfileName, &mut profile.name, "Staging", note);
    Field::new("Colour").note("The mark beside the name, and the line under the top bar").show(ui, |ui| {
        let colors = ProfileColor::ALL.map(|color| (color, color.label(), t.profile(color)));
        ui.add(ColorSwatches::new("Colour", &mut profile.color, &colors));
    });
    let targets = [(Target::Local, "Local minter"), (Target::Stripe, "Stripe API")];
    Field::new("Target").note("Who answers: this machine, without any network, or Stripe's test mode").show(ui, |ui| {
        ui.add(SegmentedControl::new("Target", &mut profile.target, &targets).in_form());
    });
}

/// The key as typed; true when it was changed.
fn key_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, faults: &[FieldFault]) -> bool {
    let is_new = state.initial_lacks(state.chosen);
    let at = state.edited.place_of(state.chosen);
    let profile = &mut state.edited.profiles[at];
    let key = about.model.key(profile.id);
    let note = key_note(key, is_new, !profile.key.is_empty());
    let mut field = Field::new(FieldName::Key.label()).mono().note(&note);
    // What may still become a key is not wrong while it is typed.
    let begins = |start: &&str| start.starts_with(profile.key.expose());
    let is_on_its_way = ui.memory(|memory| memory.has_focus(field_id(FieldName::Key)))
        && ["sk_test_", "rk_test_", "pk_test_"].iter().any(begins);
    let fault = faults.iter().find(|fault| fault.field == FieldName::Key && !is_on_its_way);
    let fault = fault.map(|fault| fault.words.as_str());
    if let Some(problem) = fault.or(key.and_then(|key| key.problem.as_deref())) {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextInput::singleline(profile.key.expose_mut()).words().secret().id(field_id(FieldName::Key));
    field.text(ui, edit.hint_text("sk_test_…")).response.response.changed()
}

/// How the API is reached; true when something was changed.
fn connection_ui(ui: &mut Ui, profile: &mut TypedProfile, faults: &[FieldFault]) -> bool {
    let mut is_changed = ui.columns_const(|[left, right]| {
        let note = "Sent as this header; empty: the account's own";
        let is_version = stripe_field_ui(left, faults, profile, StripeField::Version, "2026-10-28.endive", note);
        let note = "Sent as this header, to act for a connected account";
        is_version | stripe_field_ui(right, faults, profile, StripeField::Account, "acct_…", note)
    });
    let note = "Empty: the system's. none: straight. Never used for a server on this machine";
    is_changed |= stripe_field_ui(ui, faults, profile, StripeField::Proxy, "http://proxy.example:8080", note);
    let note = "The path of a PEM file, trusted besides the system's: for a proxy or a stand-in with its own authority";
    is_changed | stripe_field_ui(ui, faults, profile, StripeField::CaFile, "/path/to/authority.pem", note)
}

/// A text field of the settings of the API; true when it was changed.
fn stripe_field_ui(
    ui: &mut Ui,
    faults: &[FieldFault],
    profile: &mut TypedProfile,
    field: StripeField,
    hint: &str,
    note: &str,
) -> bool {
    field_ui(ui, faults, FieldName::Stripe(field), profile.text_mut(field), hint, note)
}

fn delete_ui(ui: &mut Ui, state: &mut SettingsState) {
    let at = state.edited.place_of(state.chosen);
    let title = format!("Delete {}?", state.edited.profiles[at].name.trim());
    let text = "Its key is forgotten in the keyring too. The history stays. It takes effect when you save";
    let buttons = ["Delete", "Keep"];
    let alert = InlineAlert::new(Tone::Warn, &title).text(text).buttons(&buttons);
    match alert.ui(ui) {
        Some(0) => {
            let next = state.edited.remove(state.chosen);
            state.choose(next);
            state.focus = Some(row_id(next));
        }
        Some(_) => state.is_deleting = false,
        None => {}
    }
}
