//! The head of the form: what should happen, chosen first, then shown and held against what is predicted.

use egui::{RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2};

use super::state::{FormContext, FormState, QuickPreset};
use crate::{
    domain::foreign,
    ui::{
        Action, PaletteScope, PresetAction, icons,
        shortcuts::Shortcut,
        theme,
        theme::DesignTokens,
        widgets::{FilterChip, IconButton, key_cap::KeyCap, paint},
    },
};

pub(super) fn outcome_ui(
    ui: &mut Ui,
    state: &mut FormState,
    ctx: &FormContext<'_>,
    has_presets: bool,
    actions: &mut Vec<Action>,
) {
    let facts = state.facts(ctx);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = theme::LABEL_GAP;
        actions.extend(outcome_field_ui(ui, facts.expects.as_deref()));
        if let Some(words) = &facts.contradiction {
            ui.label(RichText::new(foreign::block(words)).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).warn));
        }
        if has_presets && facts.is_blank && !ctx.quick.is_empty() {
            quick_ui(ui, ctx.quick, actions);
        }
    });
}

/// The presets at hand, in as many chips as one line holds.
fn quick_ui(ui: &mut Ui, quick: &[QuickPreset], actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (key, name) in quick {
            let chip = FilterChip::new(name);
            if chip.width(ui) > ui.available_width() {
                break;
            }
            if ui.add(chip).on_hover_text("Fills the form").clicked() {
                actions.push(Action::Preset(PresetAction::Use { key: key.clone(), creates: false }));
            }
        }
    });
}

/// Room for the word above what is expected.
const ABOVE: f32 = 23.0;

/// Draws the field, and returns what was asked of it; `expects` says what is expected of the form, if anything is.
fn outcome_field_ui(ui: &mut Ui, expects: Option<&str>) -> Option<Action> {
    const ICON: f32 = 15.0;
    let t = DesignTokens::of(ui);
    // What is expected has as many lines as it needs.
    let expected = expects.map(|expects| {
        let room = ui.available_width() - 10.0 - ICON - 8.0 - 36.0;
        ui.painter().layout(expects.to_owned(), theme::regular(theme::SMALL_SIZE), t.text, room)
    });
    let height = expected.as_ref().map_or(theme::CONTROL_HEIGHT, |words| words.size().y + ABOVE + 6.0);
    let (rect, response) = ui.allocate_exact_size(theme::full_width(ui, height), Sense::click());
    let spoken = expects.map_or_else(|| "What should happen?".to_owned(), |expects| format!("Expects {expects}"));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &spoken));
    let is_raised = response.hovered() || response.is_pointer_button_down_on();
    let edge = if is_raised { t.accent_text } else { t.border_strong };
    ui.painter().rect(rect, theme::RADIUS, t.input, Stroke::new(1.0, edge), StrokeKind::Inside);
    if response.has_focus() {
        paint::field_focus_ring(ui, rect, t.accent);
    }
    let (icon, color) = if expects.is_some() { (icons::CIRCLE_DOT, t.accent_text) } else { (icons::SEARCH, t.faint) };
    let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(ICON), color, f32::INFINITY);
    paint::galley_left(ui.painter(), glyph, rect.left() + 10.0, rect.center().y);

    let mut right = rect.right() - 8.0;
    let mut asked = None;
    if expects.is_some() {
        let place = egui::Rect::from_min_max(pos2(rect.right() - 28.0, rect.top()), rect.max);
        let layout = egui::Layout::centered_and_justified(egui::Direction::LeftToRight);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(place.shrink(3.0)).layout(layout));
        if inside.add(IconButton::new(icons::X, "Drop the expectation").small()).clicked() {
            asked = Some(Action::DropExpectation);
        }
        right = place.left();
    } else {
        let cap = KeyCap::new(ui, Shortcut::Palette.keys(), t.subdued, t.border_strong);
        right -= cap.size().x;
        cap.paint(ui.painter(), pos2(right, rect.center().y));
    }
    let left = rect.left() + 10.0 + ICON + 8.0;
    let room = right - left - 8.0;
    let tip = match expected {
        None => {
            let words = paint::line(ui, &spoken, theme::regular(theme::BODY_SIZE), t.faint, room);
            paint::galley_left(ui.painter(), words, left, rect.center().y);
            Shortcut::Palette.tip("Search presets and test cards by their outcome")
        }
        Some(expected) => {
            let word = paint::line(ui, "Expects", theme::regular(theme::SMALL_SIZE), t.faint, room);
            paint::galley_left(ui.painter(), word, left, rect.top() + 13.0);
            let middle = rect.top() + ABOVE + expected.size().y / 2.0;
            paint::galley_left(ui.painter(), expected, left, middle);
            format!("{spoken}. {}", Shortcut::Palette.tip("Choose another outcome"))
        }
    };
    if response.on_hover_text(tip).clicked() { Some(Action::OpenPalette(PaletteScope::Outcomes)) } else { asked }
}
