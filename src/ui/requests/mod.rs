//! The request log: the calls that were answered here or at Stripe and pass the filters, newest first, with who asked and
//! what came of it. Equal calls in a row are one line.

mod cells;
mod filters;
mod state;

use std::cell::Cell;

use egui::{EventFilter, Id, Key, Modifiers, Ui};
use jiff::Timestamp;

use self::{
    cells::{RequestColumn, spoken},
    filters::{chips_ui, find_ui, more_ui},
};
use super::{
    action::{Action, MiddlePane},
    icons,
    pane_tabs::pane_tabs_ui,
    shortcuts::{LocalKey, Shortcut},
    theme,
    widgets::{AskedByKey, MenuItems, QuietButton, context_menu, context_menu_ui, empty_state_ui, ends_ui, table},
    zone_in_use,
};
use crate::{
    domain::history::{
        request_filter::{RequestFilter, with_query},
        request_lines::{LineKind, RequestLine},
        request_log::RequestRow,
    },
    messages::ServerInfo,
    model::RequestsModel,
};

pub use state::RequestsState;

/// What the request log is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct RequestsContext<'a> {
    pub requests: &'a RequestsModel,
    pub server: &'a ServerInfo,
    /// How many entries the history has.
    pub entries: u64,
    pub now: Timestamp,
}

/// Draws the request log.
pub fn requests_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    state.update_lines(ctx.requests);
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| {
        title_ui(ui, state, ctx, actions);
        ui.add_space(4.0);
        chips_ui(ui, &mut state.filter, &ctx.requests.counts);
        ui.add_space(4.0);
        if ctx.requests.rows().is_empty() {
            table::empty_table_ui(ui, table_id(), "Requests");
            // The rows may be on their way: the keys that go to this list are for them.
            if std::mem::take(&mut state.focus_table) {
                ui.memory_mut(|memory| memory.request_focus(table_id()));
            }
            empty_ui(ui, state, ctx, actions);
        } else {
            keys_ui(ui, state, ctx, actions);
            table_ui(ui, state, ctx, actions);
        }
        if state.filter_changed() {
            actions.push(Action::FilterRequests);
        }
    });
}

/// Draws the names of the panes, the search, and the way to the faults.
fn title_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    // A narrow pane has the search on a line of its own.
    let is_narrow = ui.available_width() < 560.0;
    let width = (ui.available_width() - 360.0).clamp(120.0, 230.0);
    let mut of_left = Vec::new();
    ends_ui(
        ui,
        theme::BUTTON_HEIGHT,
        |ui| pane_tabs_ui(ui, MiddlePane::Requests, ctx.entries, ctx.requests.counts.all, &mut of_left),
        |ui| {
            if !is_narrow {
                find_ui(ui, state, width);
            }
            let button = ui.add(QuietButton::new("Faults…").icon(icons::ZAP));
            if button.on_hover_text(Shortcut::Server.tip("Let the server go wrong on purpose")).clicked() {
                actions.push(Action::Do(Shortcut::Server));
            }
        },
    );
    actions.append(&mut of_left);
    if is_narrow {
        let width = ui.available_width() - 50.0;
        find_ui(ui, state, width);
    }
}

fn empty_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    if !state.is_answered(ctx.requests) {
        empty_state_ui(ui, "Searching…", "");
        return;
    }
    if !state.filter.is_everything() {
        empty_state_ui(ui, "No call fits these filters", "Calls that were dropped from the log are not found either");
        ui.vertical_centered(|ui| {
            if ui.add(QuietButton::new("Clear the filters")).clicked() {
                state.filter = RequestFilter::default();
                // The button is gone with the filters.
                state.focus_search = true;
            }
        });
        return;
    }
    let (sentence, button) = match ctx.server {
        ServerInfo::On { address, .. } => {
            (format!("Point a Stripe SDK at http://{address}, with any test key: its calls appear here"), "Server…")
        }
        ServerInfo::Off | ServerInfo::Failed { .. } => (
            "Switch the server on and point a Stripe SDK at it: every call appears here, with who made it".to_owned(),
            "Switch the server on…",
        ),
    };
    empty_state_ui(ui, "No requests yet", &sentence);
    ui.vertical_centered(|ui| {
        if ui.add(QuietButton::new(button).icon(icons::SERVER)).clicked() {
            actions.push(Action::Do(Shortcut::Server));
        }
    });
}

/// Moves the selection by keys, and folds and unfolds, unless a field has the focus.
fn keys_ui(ui: &Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    let rows = ctx.requests.rows();
    let place = state.selected_line(ctx.requests);
    let moved = table::moved(ui, table_id(), Modifiers::NONE, place, state.lines.len(), state.scroll.in_view());
    if let Some(line) = moved.and_then(|line| state.lines.get(line)) {
        let id = rows[line.row].id;
        state.selected = Some(id);
        state.scroll_to = Some(id);
        actions.push(Action::SelectRequest(id));
        return;
    }
    let Some((place, line)) = place.and_then(|place| Some((place, *state.lines.get(place)?))) else { return };
    if !table::has_keys(ui, table_id()) {
        return;
    }
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let is_entered = pressed(Key::Enter);
    let entry = rows[line.row].entry;
    if let Some(entry) = entry.filter(|_| is_entered) {
        actions.push(Action::ShowEntry(entry));
        return;
    }
    match state.is_unfolded(place) {
        Some(false) if is_entered || pressed(Key::ArrowRight) => state.set_folded(ctx.requests, line.row, false),
        Some(true) if is_entered || pressed(Key::ArrowLeft) => {
            fold(state, ctx, line.row, actions);
        }
        _ => {}
    }
}

/// Folds the run of a row; what is selected in it becomes its newest call.
fn fold(state: &mut RequestsState, ctx: &RequestsContext<'_>, row: usize, actions: &mut Vec<Action>) {
    state.set_folded(ctx.requests, row, true);
    let Some(run) = ctx.requests.runs().run_of(row) else { return };
    let place = state.selected.and_then(|id| ctx.requests.place_of(id));
    if place.is_some_and(|place| place != run.start && run.contains(&place)) {
        let id = ctx.requests.rows()[run.start].id;
        state.selected = Some(id);
        state.scroll_to = Some(id);
        actions.push(Action::SelectRequest(id));
    }
}

/// The id of the table, which can have the focus.
fn table_id() -> Id {
    Id::unique("requests_table")
}

fn table_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    /// Height of the line that tells of older calls, in points.
    const MORE: f32 = 22.0;
    let cells = RequestColumn::shown_in(ui.available_width(), ctx.requests.counts.accounts.len() > 1);
    if let Some(place) = state.scroll_to.take().and_then(|id| state.line_of(ctx.requests, id)) {
        state.scroll.reveal(place);
    }
    let zone = zone_in_use::of(ui);
    let selected_line = state.selected_line(ctx.requests);
    let is_menu_wanted = table::has_keys(ui, table_id()) && context_menu::is_wanted(ui);
    if is_menu_wanted && let Some(place) = selected_line {
        state.scroll.reveal(place);
    }
    let mut drawn = 0;
    let mut toggled: Option<RequestLine> = None;
    let RequestsState { selected, lines, scroll, messages_height, .. } = &mut *state;
    let room = ui.available_rect_before_wrap();
    let room = room.with_max_y((room.bottom() - *messages_height).max(room.top() + 60.0));
    let more = if ctx.requests.has_more { MORE } else { 0.0 };
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(room.with_max_y(room.bottom() - more)));
    let table = table::DataTable { id: table_id(), name: "Requests", cells, scroll, len: lines.len() };
    let list = table.show(&mut inside, table::title_ui, |row| {
        drawn += 1;
        let Some(line) = lines.get(row.index).copied() else { return };
        let Some(request) = ctx.requests.rows().get(line.row) else { return };
        let is_selected = selected_line == Some(row.index);
        let id = table_id().with(request.id);
        let response = row.begin(id, is_selected, is_selected, &spoken(request, line.kind));
        if let LineKind::Folded(_) | LineKind::Unfolded(_) = line.kind {
            let is_unfolded = matches!(line.kind, LineKind::Unfolded(_));
            row.ui.accesskit_node_builder(id, |node| node.set_expanded(is_unfolded));
        }
        let is_toggled = Cell::new(false);
        row.cells(cells, |cell, ui| {
            if cell.ui(ui, request, line.kind, ctx.now, &zone) {
                is_toggled.set(true);
            }
        });
        if is_toggled.get() {
            toggled = Some(line);
        } else if response.clicked() {
            *selected = Some(request.id);
            actions.extend([Action::SelectRequest(request.id), Action::Peek]);
        } else if response.secondary_clicked() {
            *selected = Some(request.id);
            actions.push(Action::SelectRequest(request.id));
        }
        let by_key = is_menu_wanted && is_selected;
        let by_key = by_key.then(|| AskedByKey::at_row(row.ui, response.rect)).flatten();
        context_menu_ui(row.ui, &response, table_id(), by_key, |menu| row_menu_ui(menu, request, actions));
    });
    ui.advance_cursor_after_rect(room);
    if ctx.requests.has_more {
        let place = room.with_min_y(room.bottom() - MORE + 4.0);
        more_ui(&mut ui.new_child(egui::UiBuilder::new().max_rect(place)));
    }
    if let Some(line) = toggled {
        if matches!(line.kind, LineKind::Folded(_)) {
            state.set_folded(ctx.requests, line.row, false);
        } else {
            fold(state, ctx, line.row, actions);
        }
    }
    if list.has_focus() {
        // The arrows to the sides fold and unfold.
        let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(list.id, filter));
    }
    if std::mem::take(&mut state.focus_table) {
        list.request_focus();
    }
    state.rows_drawn = drawn;
}

/// What can be done with a call.
fn row_menu_ui(menu: &mut MenuItems<'_>, request: &RequestRow, actions: &mut Vec<Action>) {
    if let Some(entry) = request.entry
        && menu.item("Show its token in the history", LocalKey::Confirm.keys())
    {
        actions.push(Action::ShowEntry(entry));
    }
    if menu.item("Copy the call as cURL", Shortcut::CopyCurl.keys()) {
        actions.push(Action::CopyCallCurl(request.id));
    }
    if menu.item("Copy path", "") {
        let text = with_query(&request.path, &request.query);
        actions.push(Action::Copy { text, what: "Path".to_owned() });
    }
}
