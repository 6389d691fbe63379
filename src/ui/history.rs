//! The history: a table that draws only the rows in view, newest first, with its search and its filters.

use std::collections::HashSet;

use egui::{Align, Id, Key, Label, Layout, RichText, Ui};
use jiff::Timestamp;

use super::{
    action::{Action, Pane, UseKind},
    icons, requests,
    rows::{self, Width},
    theme,
    theme::Tokens,
    widgets::{FilterChip, IconButton, QuietButton, Scroll, empty_state_ui, field::search_ui, status_badge_ui},
    words,
};
use crate::{
    domain::{
        api::Target,
        entry::{Entry, EntryId, HistoryFilter, Status},
    },
    model::{History, Storage},
};

/// The state of the history's view.
#[derive(Debug, Default)]
pub struct HistoryState {
    pub filter: HistoryFilter,
    pub selected: Option<EntryId>,
    /// The rows that were asked for and are not here yet.
    asked: HashSet<EntryId>,
    /// The arrivals of rows that were seen.
    arrivals: u64,
    scroll_to: Option<EntryId>,
    focus_search: bool,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
    scroll: Scroll,
    focus_table: bool,
}

impl HistoryState {
    pub fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Puts the focus on the table, or on the search while there is none.
    pub fn focus_table(&mut self) {
        self.focus_table = true;
    }

    /// Selects an entry and brings it into view.
    pub fn show(&mut self, id: EntryId) {
        self.selected = Some(id);
        self.scroll_to = Some(id);
    }
}

/// What the history is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct HistoryContext<'a> {
    pub history: &'a History,
    pub storage: &'a Storage,
    /// How many calls the request log has to show.
    pub requests: usize,
    /// Where new tokens come from.
    pub target: Target,
    pub now: Timestamp,
}

/// Draws the history.
pub fn history_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| {
        let before = state.filter.clone();
        title_ui(ui, state, ctx, actions);
        ui.add_space(4.0);
        chips_ui(ui, state, ctx);
        ui.add_space(4.0);
        match ctx.storage {
            Storage::Unusable(reason) => {
                empty_state_ui(ui, "The history cannot be opened", reason);
            }
            _ if !ctx.history.is_loaded() => {}
            _ if ctx.history.is_empty() => empty_ui(ui, state),
            _ => {
                keys_ui(ui, state, ctx, actions);
                table_ui(ui, state, ctx, actions);
            }
        }
        if state.filter != before {
            actions.push(Action::Filter(state.filter.clone()));
        }
    });
}

fn title_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    // A narrow pane has the search on a line of its own.
    let is_narrow = ui.available_width() < 560.0;
    let mut of_left = Vec::new();
    egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
        ui,
        |ui| {
            requests::pane_tabs_ui(ui, Pane::History, ctx.history.counts.all(), ctx.requests, &mut of_left);
        },
        |ui| {
            if ctx.target == Target::Stripe {
                let words = "Ask Stripe which unused tokens were used";
                if ui.add(IconButton::new(icons::REFRESH_CW, words)).clicked() {
                    actions.push(Action::RefreshAll(Target::Stripe));
                }
            }
            let export = QuietButton::new("Export…").icon(icons::DOWNLOAD);
            if ui.add(export).on_hover_text("Write the history to a JSON file (Ctrl+S)").clicked() {
                actions.push(Action::OpenExport);
            }
            if !is_narrow {
                let width = (ui.available_width() - 226.0).clamp(120.0, 190.0);
                find_ui(ui, state, width);
            }
        },
    );
    actions.append(&mut of_left);
    if is_narrow {
        let width = ui.available_width() - 50.0;
        find_ui(ui, state, width);
    }
}

fn find_ui(ui: &mut Ui, state: &mut HistoryState, width: f32) {
    let id = egui::Id::unique("history_search");
    let name = "Search id, last4, brand…";
    let response = search_ui(ui, id, &mut state.filter.search, name, "", width).response.response;
    if std::mem::take(&mut state.focus_search) {
        response.request_focus();
    }
}

fn chips_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>) {
    let counts = &ctx.history.counts;
    let is_narrow = ui.available_width() < 520.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        if ui.add(FilterChip::new("All").selected(state.filter.status.is_none())).clicked() {
            state.filter.status = None;
        }
        for status in Status::ALL {
            let count = counts.of(status);
            let is_usual = matches!(status, Status::Unused | Status::Used | Status::Failed);
            let is_selected = state.filter.status == Some(status);
            if !is_usual && count == 0 && !is_selected {
                continue;
            }
            if ui.add(FilterChip::new(status.label()).count(count).selected(is_selected)).clicked() {
                state.filter.status = (!is_selected).then_some(status);
            }
        }
        if is_narrow {
            targets_ui(ui, state, [Target::Local, Target::Stripe]);
        } else {
            let right = Layout::right_to_left(Align::Center);
            ui.with_layout(right, |ui| targets_ui(ui, state, [Target::Stripe, Target::Local]));
        }
    });
}

fn targets_ui(ui: &mut Ui, state: &mut HistoryState, targets: [Target; 2]) {
    for target in targets {
        let is_selected = state.filter.target == Some(target);
        if ui.add(FilterChip::new(target.label()).selected(is_selected)).clicked() {
            state.filter.target = (!is_selected).then_some(target);
        }
    }
}

fn empty_ui(ui: &mut Ui, state: &mut HistoryState) {
    if state.filter.is_everything() {
        empty_state_ui(ui, "No tokens yet", "Press Ctrl+Enter to make one with 4242");
        return;
    }
    empty_state_ui(ui, "Nothing matches", "No token passes the search and the filters");
    ui.vertical_centered(|ui| {
        if ui.add(QuietButton::new("Show all")).clicked() {
            state.filter = HistoryFilter::default();
        }
    });
}

/// Moves the selection by keys, unless a field has the focus.
fn keys_ui(ui: &Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let place = state.selected.and_then(|id| ctx.history.place_of(id));
    let target = rows::moved(ui, table_id(), place, ctx.history.len(), state.scroll.in_view());
    if let Some(id) = target.and_then(|place| ctx.history.id_at(place)) {
        state.show(id);
        actions.push(Action::Select(id));
    }
    let is_free = ui.memory(|memory| memory.focused().is_none_or(|focused| focused == table_id()));
    if is_free && place.is_some() && ui.input(|input| input.key_pressed(Key::Enter) && input.modifiers.is_none()) {
        actions.push(Action::Open);
    }
}

/// The table, which the focus can be put on.
fn table_id() -> Id {
    Id::unique("history_table")
}

fn table_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let cells = Cell::shown_in(ui.available_width());
    if let Some(place) = state.scroll_to.take().and_then(|id| ctx.history.place_of(id)) {
        state.scroll.reveal(place);
    }
    if std::mem::replace(&mut state.arrivals, ctx.history.arrivals()) != ctx.history.arrivals() {
        state.asked.clear();
    }
    let mut missing = Vec::new();
    let mut drawn = 0;
    let (asked, selected) = (&mut state.asked, &mut state.selected);
    let len = ctx.history.len();
    let table = rows::Table { id: table_id(), name: "History", cells, scroll: &mut state.scroll, len };
    let list = table.show(ui, rows::title_ui, |row| {
        drawn += 1;
        let Some(id) = ctx.history.id_at(row.index) else { return };
        let Some(entry) = ctx.history.row(id) else {
            row.wait();
            if asked.insert(id) {
                missing.push(id);
            }
            return;
        };
        let is_selected = *selected == Some(id);
        let response = row.begin(table_id().with(id), is_selected, &spoken(entry));
        row.cells(cells, |cell, ui| cell.ui(ui, entry, ctx.now));
        if response.clicked() {
            *selected = Some(id);
            actions.extend([Action::Select(id), Action::Peek]);
        }
        response.context_menu(|ui| row_menu_ui(ui, entry, actions));
    });
    if std::mem::take(&mut state.focus_table) {
        list.request_focus();
    }
    state.rows_drawn = drawn;
    if !missing.is_empty() {
        actions.push(Action::LoadRows(missing));
    }
}

/// What a screen reader says of a row.
fn spoken(entry: &Entry) -> String {
    let what = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("no answer yet");
    format!("{} {what} {} {}", entry.status.label(), words::card(entry), entry.target.label())
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Status,
    Token,
    Card,
    Source,
    Took,
    Created,
}

impl rows::Cell for Cell {
    fn width(self) -> Width {
        match self {
            Self::Status => Width::Exact(84.0),
            Self::Token => Width::Rest,
            Self::Card => Width::Exact(141.0),
            Self::Source => Width::Exact(40.0),
            Self::Took => Width::Exact(60.0),
            Self::Created => Width::Exact(76.0),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Token => "Token",
            Self::Card => "Card",
            Self::Source => "Source",
            Self::Took => "Took",
            Self::Created => "Created",
        }
    }

    fn is_at_right(self) -> bool {
        matches!(self, Self::Took | Self::Created)
    }
}

impl Cell {
    /// The columns that there is room for.
    fn shown_in(width: f32) -> &'static [Self] {
        use Cell::{Card, Created, Source, Status, Token, Took};
        match width {
            660.0.. => &[Status, Token, Card, Source, Took, Created],
            590.0.. => &[Status, Token, Card, Source, Created],
            480.0.. => &[Status, Token, Card, Created],
            340.0.. => &[Status, Token, Card],
            _ => &[Status, Token],
        }
    }

    fn ui(self, ui: &mut Ui, entry: &Entry, now: Timestamp) {
        let t = Tokens::of(ui);
        match self {
            Self::Status => {
                ui.add_space(6.0);
                status_badge_ui(ui, entry.status);
            }
            Self::Token => {
                let (text, color) = match (&entry.token_id, entry.status) {
                    (Some(id), _) => (id.as_str(), t.text),
                    (None, Status::Pending) => ("creating…", t.faint),
                    (None, Status::Interrupted | Status::Unknown) => ("a token may exist", t.faint),
                    (None, _) => (entry.code.as_deref().unwrap_or("no answer"), t.error),
                };
                ui.add(Label::new(RichText::new(text).font(theme::mono(theme::MONO_SIZE)).color(color)).truncate());
            }
            Self::Card => {
                ui.add(Label::new(words::card(entry)).truncate());
            }
            Self::Source => {
                ui.label(entry.target.label());
            }
            Self::Took => {
                let took = entry.took.map_or_else(|| "…".to_owned(), words::took);
                ui.label(RichText::new(took).font(theme::mono(theme::MONO_SIZE)));
            }
            Self::Created => {
                ui.add_space(6.0);
                let text = RichText::new(words::ago(entry.started, now)).color(t.faint);
                ui.add(Label::new(text).truncate()).on_hover_text(words::moment(entry.started));
            }
        }
    }
}

fn row_menu_ui(ui: &mut Ui, entry: &Entry, actions: &mut Vec<Action>) {
    if let Some(id) = &entry.token_id
        && ui.button("Copy id").clicked()
    {
        actions.push(Action::Copy { text: id.clone(), what: "Token id".to_owned() });
    }
    if ui.button("Put into the form").clicked() {
        actions.push(Action::Reuse(entry.id));
    }
    if entry.token_id.is_some() {
        if ui.button("Check whether it was used").clicked() {
            actions.push(Action::Retrieve(entry.id));
        }
        ui.separator();
        if ui.button("Charge…").clicked() {
            actions.push(Action::OpenUse(entry.id, UseKind::Charge));
        }
        if ui.button("Attach to a customer…").clicked() {
            actions.push(Action::OpenUse(entry.id, UseKind::Attach));
        }
    }
}
