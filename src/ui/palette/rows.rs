//! The lines of the palette, and the details of the marked one.

use std::borrow::Cow;

use egui::{Label, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo, pos2};

use super::commands::PaletteCommand;
use crate::{
    domain::{
        card::test_cards::StepOutcome,
        foreign,
        presets::preset::{Preset, PresetKey},
    },
    ui::{
        card_steps::card_steps,
        icons,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::{BrandMark, QuietButton, key_cap::KeyCap, key_cap_ui, outcome_rail_ui, paint, paint_outcome_rail},
    },
};

/// What is asked of the marked item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemAction {
    /// Make the token, or do the action.
    Run,
    /// Only fill the form.
    Fill,
    /// Make the preset a favourite, or no longer.
    Favourite,
    /// Open the preset to rename or delete it.
    Rename,
}

pub(super) const HEAD_HEIGHT: f32 = 28.0;
pub(super) const PRESET_HEIGHT: f32 = 46.0;
pub(super) const COMMAND_HEIGHT: f32 = 34.0;
pub(super) const DETAIL_HEIGHT: f32 = 96.0;
/// Room for the steps.
const RAIL_WIDTH: f32 = 256.0;
/// In less room nothing is said of an item beside its name: an ellipsis behind a few letters tells nobody anything.
const LEAST_ROOM: f32 = 60.0;

pub(super) fn head_ui(ui: &mut Ui, place: Rect, title: &str) {
    let t = DesignTokens::of(ui);
    let response = ui.interact(place, ui.unique_id().with(("head", title)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
    let words = paint::line(ui, title, theme::semibold(theme::SMALL_SIZE), t.subdued, place.width());
    paint::galley_left(ui.painter(), words, place.left() + 10.0, place.center().y + 3.0);
}

fn option(ui: &Ui, place: Rect, name: &str, is_marked: bool, nth: usize) -> Response {
    let t = DesignTokens::of(ui);
    let response = ui.interact(place, ui.unique_id().with(("option", nth)), Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::ListBoxOption, true, name));
    ui.accesskit_node_builder(response.id, |node| node.set_selected(is_marked));
    if is_marked {
        ui.painter().rect_filled(place, theme::RADIUS, t.selection);
    } else if response.hovered() {
        ui.painter().rect_filled(place, theme::RADIUS, t.raised);
    }
    response
}

pub(super) fn command_ui(ui: &mut Ui, place: Rect, command: &PaletteCommand, nth: usize, is_marked: bool) -> Response {
    let t = DesignTokens::of(ui);
    let spoken =
        if command.keys.is_empty() { command.name.clone() } else { format!("{} {}", command.name, command.keys) };
    let response = option(ui, place, &spoken, is_marked, nth);
    let inner = place.shrink2(egui::vec2(10.0, 0.0));
    let mut right = inner.right();
    if !command.keys.is_empty() {
        let cap = KeyCap::new(ui, command.keys, t.subdued, t.border_strong);
        right -= cap.size().x;
        cap.paint(ui.painter(), pos2(right, inner.center().y));
        right -= 12.0;
    }
    let icon = paint::line(ui, &icons::ARROW_RIGHT.glyph().to_string(), icons::font(14.0), t.faint, f32::INFINITY);
    paint::galley_left(ui.painter(), icon, inner.left(), inner.center().y);
    let left = inner.left() + 26.0;
    let name = paint::line(ui, &command.name, theme::regular(theme::BODY_SIZE), t.text, right - left);
    let name_is_cut = name.elided;
    let name = paint::galley_left(ui.painter(), name, left, inner.center().y);
    let room = right - name.right() - 12.0;
    let mut is_cut = name_is_cut;
    if room > LEAST_ROOM {
        let about = paint::line(ui, &command.about, theme::regular(theme::SMALL_SIZE), t.faint, room);
        is_cut |= about.elided;
        paint::galley_left(ui.painter(), about, name.right() + 12.0, inner.center().y + 0.5);
    } else {
        is_cut |= !command.about.is_empty();
    }
    in_full(response, is_cut, &[&command.name, &command.about])
}

/// The response of a row; where something of it is cut, the pointer on it shows the whole.
fn in_full(response: Response, is_cut: bool, lines: &[&str]) -> Response {
    if !is_cut {
        return response;
    }
    response.on_hover_text(foreign::block(&lines.join("\n")))
}

pub(super) fn preset_ui(
    ui: &mut Ui,
    place: Rect,
    preset: &Preset,
    nth: usize,
    (is_favourite, is_marked): (bool, bool),
) -> Response {
    let t = DesignTokens::of(ui);
    let starred = if is_favourite { ", favourite" } else { "" };
    let spoken = format!("{}: {}, {}{starred}", preset.name, preset.outcome, preset.about);
    let response = option(ui, place, &spoken, is_marked, nth);
    let inner = place.shrink2(egui::vec2(10.0, 4.0));
    let left = inner.left() + BrandMark::widest();
    mark_ui(ui, preset, inner.with_max_x(left));
    let left = left + 10.0;
    let room = inner.right() - RAIL_WIDTH - 12.0 - left;
    let (upper, lower) = (inner.top() + 10.0, inner.bottom() - 9.0);
    let star = if is_favourite { 18.0 } else { 0.0 };
    // The number is what a card is known by: it is never cut, the name is.
    let number = paint::line(ui, &preset.grouped_number, theme::mono(theme::MONO_SIZE), t.subdued, f32::INFINITY);
    let taken = if preset.grouped_number.is_empty() { 0.0 } else { number.size().x + 12.0 };
    paint::galley_left(ui.painter(), number, left + room - taken + 12.0, upper);
    let name = paint::line(ui, &preset.name, theme::regular(theme::BODY_SIZE), t.text, room - star - taken);
    let mut is_cut = name.elided;
    let name = paint::galley_left(ui.painter(), name, left, upper);
    if is_favourite {
        let glyph = paint::line(ui, &icons::STAR.glyph().to_string(), icons::font(12.0), t.warn, f32::INFINITY);
        paint::galley_left(ui.painter(), glyph, name.right() + 6.0, upper);
    }
    let color = if preset.steps.iter().any(StepOutcome::is_refused) { t.error } else { t.subdued };
    let outcome = paint::line(ui, &preset.outcome, theme::regular(theme::SMALL_SIZE), color, room);
    is_cut |= outcome.elided;
    let outcome = paint::galley_left(ui.painter(), outcome, left, lower);
    let rest = left + room - outcome.right() - 10.0;
    let about = preset.about.strip_prefix(&preset.grouped_number).unwrap_or(&preset.about).trim_start_matches(" · ");
    if rest > LEAST_ROOM {
        let about = paint::line(ui, about, theme::mono(11.0), t.faint, rest);
        is_cut |= about.elided;
        paint::galley_left(ui.painter(), about, outcome.right() + 10.0, lower);
    } else {
        is_cut |= !about.is_empty();
    }
    let place = Rect::from_min_max(pos2(inner.right() - RAIL_WIDTH, inner.top()), inner.max);
    is_cut |= paint_outcome_rail(ui, &card_steps(preset.steps.each_ref()), place);
    in_full(response, is_cut, &[&preset.name, &preset.outcome, &preset.about])
}

fn mark_ui(ui: &mut Ui, preset: &Preset, place: Rect) {
    let t = DesignTokens::of(ui);
    if preset.brand.is_empty() || preset.brand == "Unknown" {
        let icon = match preset.key {
            PresetKey::Own(_) => icons::SLIDERS_HORIZONTAL,
            PresetKey::Card(_) => icons::CREDIT_CARD,
            PresetKey::Made(_) => icons::BAN,
        };
        let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(16.0), t.faint, f32::INFINITY);
        paint::galley_left(ui.painter(), glyph, place.left() + 4.0, place.center().y);
        return;
    }
    BrandMark::from_stripe(preset.brand).paint_at(ui.painter(), place.left_center());
}

/// The rail in full with its messages, and the buttons.
pub(super) fn detail_ui(ui: &mut Ui, preset: &Preset, is_favourite: bool, copies_id: bool) -> Option<ItemAction> {
    let t = DesignTokens::of(ui);
    outcome_rail_ui(ui, &card_steps(preset.steps.each_ref()));
    let words = match (&preset.consequence, &preset.checks) {
        (Some(consequence), _) => Cow::Borrowed(consequence.as_str()),
        (None, Some(checks)) => Cow::Owned(format!("Makes a token. Checks: {checks}")),
        (None, None) => Cow::Borrowed(preset.about.as_str()),
    };
    ui.add(Label::new(RichText::new(foreign::label(&words)).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
    ui.add_space(2.0);
    let mut asked = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (keys, label, what) in offers(preset, is_favourite, copies_id) {
            if ui.add(QuietButton::new(label)).on_hover_text(keys).clicked() {
                asked = Some(what);
            }
            key_cap_ui(ui, keys);
            ui.add_space(6.0);
        }
    });
    asked
}

/// What can be done with a preset: its keys, its words and what it is.
pub(super) fn offers(
    preset: &Preset,
    is_favourite: bool,
    copies_id: bool,
) -> impl Iterator<Item = (&'static str, &'static str, ItemAction)> {
    let make = if copies_id { "Create token and copy its id" } else { "Create token" };
    let star = if is_favourite { "Drop from favourites" } else { "Add to favourites" };
    let edit = matches!(preset.key, PresetKey::Own(_)).then_some((LocalKey::EditPreset, "Edit…", ItemAction::Rename));
    [
        (LocalKey::Confirm, make, ItemAction::Run),
        (LocalKey::Submit, "Fill the form", ItemAction::Fill),
        (LocalKey::Favourite, star, ItemAction::Favourite),
    ]
    .into_iter()
    .chain(edit)
    .map(|(key, words, what)| (key.keys(), words, what))
}

/// Keys with what they do.
pub(super) fn hints_ui(ui: &mut Ui, hints: &[(&str, &str)]) {
    let t = DesignTokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (keys, what) in hints {
            key_cap_ui(ui, keys);
            ui.label(RichText::new(*what).size(theme::SMALL_SIZE).color(t.subdued));
            ui.add_space(8.0);
        }
    });
}
