//! The search over Stripe's published test cards: by number, name, brand, country, outcome or ready token.

use egui::{Context, Id, Key, Modifiers, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use super::{
    action::Action,
    form::rail,
    theme,
    theme::Tokens,
    widgets::{BrandMark, StepState, empty_state_ui, field::text_edit_ui, modal_ui, outcome_rail_ui, paint},
};
use crate::domain::{
    networks::CardNetwork,
    test_cards::{self, TestCard},
    typing::CardField,
};

const ROW_HEIGHT: f32 = 44.0;

/// The state of the open search.
#[derive(Debug, Default)]
pub struct TestCardsState {
    words: String,
    marked: usize,
    is_started: bool,
}

/// Draws the search over the window; `false` when it is to be closed.
pub fn test_cards_ui(ctx: &Context, state: &mut TestCardsState, actions: &mut Vec<Action>) -> bool {
    let mut is_done = false;
    let modal = modal_ui(ctx, "test_cards", "Test cards", 720.0, |ui| {
        let found: Vec<&'static TestCard> = test_cards::search(&state.words).collect();
        let is_moved = move_mark(ui, state, found.len());
        let (enter, create) = ui.input_mut(|input| {
            let create = input.consume_key(Modifiers::COMMAND, Key::Enter);
            (input.consume_key(Modifiers::NONE, Key::Enter), create)
        });
        search_ui(ui, state);
        ui.add_space(6.0);
        let marked = found.get(state.marked).copied();
        let height = (ui.ctx().content_rect().height() - 320.0).clamp(160.0, 440.0);
        let clicked = list_ui(ui, state, &found, height, is_moved);
        ui.add_space(6.0);
        if let Some(card) = marked {
            outcome_rail_ui(ui, &rail(card));
        } else {
            ui.add_space(20.0);
        }
        let t = Tokens::of(ui);
        let words = format!("{} cards · Enter fills the form · Ctrl+Enter makes the token at once", found.len());
        ui.label(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued));
        if let Some(card) = clicked.or(marked.filter(|_| enter || create)) {
            actions.push(Action::Take(card));
            if create {
                actions.push(Action::Create);
            }
            is_done = true;
        }
    });
    !(is_done || modal.should_close)
}

fn search_ui(ui: &mut Ui, state: &mut TestCardsState) {
    let edit = TextEdit::singleline(&mut state.words)
        .hint_text("Number, name, brand, country, outcome or code: try insufficient")
        .id(Id::unique("test_cards_search"));
    let response = text_edit_ui(ui, edit, false, None).response.response.accessible_name("Search the test cards");
    if !state.is_started {
        state.is_started = true;
        response.request_focus();
    }
    if response.changed() {
        state.marked = 0;
    }
}

fn move_mark(ui: &Ui, state: &mut TestCardsState, found: usize) -> bool {
    let last = found.saturating_sub(1);
    let before = state.marked;
    ui.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        if pressed(Key::ArrowDown) {
            state.marked += 1;
        }
        if pressed(Key::ArrowUp) {
            state.marked = state.marked.saturating_sub(1);
        }
        if pressed(Key::PageDown) {
            state.marked += 8;
        }
        if pressed(Key::PageUp) {
            state.marked = state.marked.saturating_sub(8);
        }
    });
    state.marked = state.marked.min(last);
    state.marked != before
}

fn list_ui(
    ui: &mut Ui,
    state: &mut TestCardsState,
    found: &[&'static TestCard],
    height: f32,
    is_moved: bool,
) -> Option<&'static TestCard> {
    if found.is_empty() {
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            empty_state_ui(ui, "No test card matches", "Type less, or a part of a number, a name, a country or a code");
        });
        return None;
    }
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
    if is_moved {
        // Keep the marked row in the middle of what is seen.
        let offset = state.marked as f32 * ROW_HEIGHT - (height - ROW_HEIGHT) / 2.0;
        area = area.vertical_scroll_offset(offset.max(0.0));
    }
    area.show_rows(ui, ROW_HEIGHT, found.len(), |ui, rows| {
        for place in rows {
            let response = row_ui(ui, found[place], place == state.marked);
            if response.clicked() {
                clicked = Some(found[place]);
            }
            if response.hovered() && ui.input(|input| input.pointer.is_moving()) {
                state.marked = place;
            }
        }
    });
    clicked
}

fn row_ui(ui: &mut Ui, card: &TestCard, is_marked: bool) -> egui::Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let outcome = rail(card).into_iter().rfind(|step| step.state == StepState::Fail || !step.code.is_empty());
    let checks = card.failing_checks();
    let words = match (outcome, &checks) {
        (Some(step), _) => format!("{}: {}", step.name, step.code),
        (None, Some(checks)) => format!("works, and the checks say: {checks}"),
        (None, None) => "works".to_owned(),
    };
    response.widget_info(|| {
        let name = format!("{} {} {} {words}", card.number, card.description, card.brand.as_str());
        WidgetInfo::selected(Role::ListBoxOption, true, is_marked, name)
    });
    if is_marked {
        ui.painter().rect_filled(rect, theme::RADIUS, t.selection);
    }
    let inner = rect.shrink2(vec2(10.0, 5.0));
    let number = CardField::Number.show(&card.number);
    let number = paint::line(ui, &number, theme::mono(theme::MONO_FIELD_SIZE), t.text, 200.0);
    paint::galley_left(ui.painter(), number, inner.left(), inner.top() + 9.0);
    let about = format!("{} · {} · {}", card.brand.as_str(), card.funding.as_str(), card.country);
    let about = paint::line(ui, &about, theme::regular(theme::SMALL_SIZE), t.subdued, 200.0);
    paint::galley_left(ui.painter(), about, inner.left(), inner.bottom() - 7.0);
    let left = inner.left() + 216.0;
    let room = inner.right() - left - 70.0;
    let name = paint::line(ui, &card.description, theme::regular(theme::BODY_SIZE), t.text, room);
    paint::galley_left(ui.painter(), name, left, inner.top() + 9.0);
    let color = match outcome.map(|step| step.state) {
        Some(StepState::Fail) => t.error,
        Some(_) => t.warn,
        None if checks.is_some() => t.warn,
        None => t.subdued,
    };
    let words = paint::line(ui, &words, theme::regular(theme::SMALL_SIZE), color, room);
    paint::galley_left(ui.painter(), words, left, inner.bottom() - 7.0);
    let is_cartes_bancaires = card.networks.contains(&CardNetwork::CartesBancaires);
    let brand = if is_cartes_bancaires { "Cartes Bancaires" } else { card.brand.as_str() };
    let place = egui::Rect::from_min_max(egui::pos2(inner.right() - 66.0, inner.top()), inner.max);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(place).layout(layout));
    BrandMark::from_stripe(brand).badge_ui(&mut inside);
    response
}
