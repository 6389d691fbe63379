//! The settings dialog: several pages of fields, which are saved together or not at all.

mod key;
mod pages;
mod parts;
mod profiles;
mod state;
mod typed;

use egui::{Context, Label, RichText, ScrollArea, Ui};

pub use self::state::{FilePlace, SettingsContext, SettingsState};
use self::{
    parts::page_frame,
    state::{DialogStage, PAGES, SettingsPage},
    typed::FieldFault,
};
use super::{
    action::Action,
    icons,
    shortcuts::LocalKey,
    theme,
    theme::DesignTokens,
    widgets::{PrimaryButton, QuietButton, TabBar, Tone, caret::lead_to, ends_ui, modal_ui, paint, scroll_ui},
};

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn settings_ui(
    ctx: &Context,
    state: &mut SettingsState,
    about: &SettingsContext<'_>,
    actions: &mut Vec<Action>,
) -> bool {
    follow_zoom(state, about.settings.window.zoom);
    let is_known = about.model.key(state.chosen).is_some() || state.initial_lacks(state.chosen);
    if !is_known && state.looked_at != Some(state.chosen) {
        state.looked_at = Some(state.chosen);
        actions.push(Action::LookAtKey(state.chosen));
    }
    let mut is_discarded = false;
    let room = ctx.content_rect().size();
    let modal = modal_ui(ctx, "settings", "Settings", 820.0, |ui| {
        let clip = ui.clip_rect();
        ui.set_clip_rect(clip.intersect(ui.max_rect().expand2(egui::vec2(6.0, 6.0))));
        ui.add(TabBar::new("Settings", &mut state.page, &PAGES));
        ui.set_clip_rect(clip);
        ui.add_space(10.0);
        let height = (room.y - 216.0).clamp(200.0, 640.0);
        ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            page_ui(ui, state, about, actions);
        });
        ui.add_space(10.0);
        is_discarded = foot_ui(ui, state, about, actions);
    });
    if let Some(focus) = state.focus.take() {
        lead_to(ctx, focus);
    }
    let is_unsaved = state.is_unsaved();
    state.leaving.stays(ctx, modal.should_close, is_unsaved) && !is_discarded
}

/// The zoom keys work while the dialog is open; what they set is taken for the dialog's own field, so that Save keeps
/// it.
fn follow_zoom(state: &mut SettingsState, zoom: f32) {
    if state.zoom.is_some_and(|before| (before - zoom).abs() > f32::EPSILON) {
        state.edited.window.zoom = zoom;
        state.initial.window.zoom = zoom;
    }
    state.zoom = Some(zoom);
}

fn page_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) {
    if state.page == SettingsPage::Profiles {
        return profiles::profiles_ui(ui, state, about, actions);
    }
    let area = ScrollArea::vertical().id_salt(state.page as usize).auto_shrink(false);
    scroll_ui(ui, "the settings", area, |ui| {
        page_frame().show(ui, |ui| {
            ui.set_max_width(600.0);
            ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
            match state.page {
                SettingsPage::Profiles => {}
                SettingsPage::Minter => pages::minter_ui(ui, &mut state.edited.policies),
                SettingsPage::Form => pages::form_ui(ui, state),
                SettingsPage::Window => pages::window_ui(ui, state),
                SettingsPage::Files => pages::files_ui(ui, state, about, actions),
            }
        });
    });
}

/// The foot, which stays in view: what stands in the way, and the ways out. True when the changes are given up.
fn foot_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) -> bool {
    let faults = state.faults();
    let is_changed = state.is_unsaved();
    let status = match (&state.problem, faults.as_slice()) {
        (Some(problem), _) => Some((Tone::Error, problem.clone())),
        (None, []) if state.leaving.is_asking() => Some((Tone::Warn, "Something was changed and not saved".to_owned())),
        (None, []) => None,
        (None, [fault]) => Some((Tone::Error, fault_words(state, fault))),
        (None, [fault, others @ ..]) => {
            Some((Tone::Error, format!("{}, and {} more", fault_words(state, fault), others.len())))
        }
    };
    let mut is_discarded = false;
    let mut is_saved = ui.input_mut(|input| LocalKey::Submit.is_pressed(input));
    ends_ui(
        ui,
        theme::CONTROL_HEIGHT,
        |ui| {
            if let Some((tone, words)) = &status {
                status_ui(ui, *tone, words);
            }
        },
        |ui| {
            let (leave, needs_care) =
                if is_changed { ("Discard changes", state.leaving.is_asking()) } else { ("Close", false) };
            let button = QuietButton::new(leave).tall();
            is_discarded = ui.add(if needs_care { button.danger() } else { button }).clicked();
            if state.leaving.is_asking() {
                let keep = ui.add(QuietButton::new("Keep editing").tall());
                if state.leaving.take_focus() {
                    keep.request_focus();
                }
                if keep.clicked() {
                    state.leaving.keep(ui.ctx());
                }
            }
            let label = if state.stage == DialogStage::Saving { "Saving…" } else { "Save" };
            let save = PrimaryButton::new(label).keys(LocalKey::Submit.cap()).width(132.0);
            is_saved |= ui.add_enabled(state.stage != DialogStage::Saving, save).clicked();
        },
    );
    if is_saved && state.stage != DialogStage::Saving {
        state.save(about.settings, about.paths, actions);
    }
    is_discarded
}

fn fault_words(state: &SettingsState, fault: &FieldFault) -> String {
    match fault.profile {
        Some(profile) if state.edited.profiles.len() > 1 => {
            let name = state.edited.profiles[state.edited.place_of(profile)].name.trim();
            // A name may be what is wrong: it is not repeated when it is a key.
            format!("{} of {} is not right", fault.field.label(), crate::domain::mask::text(name))
        }
        _ => format!("{} is not right", fault.field.label()),
    }
}

fn status_ui(ui: &mut Ui, tone: Tone, words: &str) {
    let t = DesignTokens::of(ui);
    let builder = egui::UiBuilder::new().accessibility_role(egui::Role::Status).accessibility_label(words.to_owned());
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.horizontal(|ui| {
            let (place, _) = ui.allocate_exact_size(egui::vec2(15.0, 17.0), egui::Sense::hover());
            let glyph = tone.icon().glyph().to_string();
            let icon = paint::line(ui, &glyph, icons::font(15.0), tone.color(t), f32::INFINITY);
            paint::galley_center(ui.painter(), icon, place.center());
            ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(tone.color(t))).truncate());
        });
    });
}
