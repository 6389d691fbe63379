//! The request log: every call that was answered here or at Stripe, newest first, with who asked and what came of it.

use egui::{Id, Key, Label, Modifiers, RichText, Ui};
use jiff::Timestamp;

use super::{
    action::{Action, MiddlePane},
    icons,
    pane_tabs::pane_tabs_ui,
    shortcuts::{LocalKey, Shortcut},
    theme,
    theme::DesignTokens,
    widgets::{
        AskedByKey, MenuItems, QuietButton, RowScroll, context_menu, context_menu_ui, empty_state_ui, paint,
        table::{self, ColumnWidth},
    },
    words, zone_in_use,
};
use crate::{
    domain::{
        foreign,
        history::request_log::{ExchangeId, RequestRow},
        zone::LocalZone,
    },
    messages::ServerInfo,
    model::place_of_request,
};

/// The state of the request log's view.
#[derive(Debug, Default)]
pub struct RequestsState {
    pub selected: Option<ExchangeId>,
    scroll_to: Option<ExchangeId>,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
    scroll: RowScroll,
    focus_table: bool,
}

impl RequestsState {
    /// Puts the focus on the table, once there is one.
    pub fn focus_table(&mut self) {
        self.focus_table = true;
    }
}

/// What the request log is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct RequestsContext<'a> {
    pub requests: &'a [RequestRow],
    pub server: &'a ServerInfo,
    /// How many entries the history has.
    pub entries: u64,
    pub now: Timestamp,
}

/// Draws the request log.
pub fn requests_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| {
        let mut of_left = Vec::new();
        egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
            ui,
            |ui| pane_tabs_ui(ui, MiddlePane::Requests, ctx.entries, ctx.requests.len(), &mut of_left),
            |ui| {
                let button = ui.add(QuietButton::new("Faults…").icon(icons::ZAP));
                if button.on_hover_text(Shortcut::Server.tip("Let the server go wrong on purpose")).clicked() {
                    actions.push(Action::Do(Shortcut::Server));
                }
            },
        );
        actions.append(&mut of_left);
        ui.add_space(4.0);
        if ctx.requests.is_empty() {
            empty_ui(ui, ctx.server, actions);
        } else {
            keys_ui(ui, state, ctx.requests, actions);
            table_ui(ui, state, ctx, actions);
        }
    });
}

fn empty_ui(ui: &mut Ui, server: &ServerInfo, actions: &mut Vec<Action>) {
    let (sentence, button) = match server {
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

/// Moves the selection by keys, unless a field has the focus.
fn keys_ui(ui: &Ui, state: &mut RequestsState, requests: &[RequestRow], actions: &mut Vec<Action>) {
    let place = state.selected.and_then(|id| place_of_request(requests, id));
    if let Some(row) = table::moved(ui, table_id(), Modifiers::NONE, place, requests.len(), state.scroll.in_view())
        .and_then(|at| requests.get(at))
    {
        state.selected = Some(row.id);
        state.scroll_to = Some(row.id);
        actions.push(Action::SelectRequest(row.id));
    }
    let is_entered = ui.input(|input| input.key_pressed(Key::Enter) && input.modifiers.is_none());
    let is_free = table::has_keys(ui, table_id());
    if let Some(entry) = place.and_then(|at| requests[at].entry).filter(|_| is_entered && is_free) {
        actions.push(Action::ShowEntry(entry));
    }
}

/// The id of the table, which can have the focus.
fn table_id() -> Id {
    Id::unique("requests_table")
}

fn table_ui(ui: &mut Ui, state: &mut RequestsState, ctx: &RequestsContext<'_>, actions: &mut Vec<Action>) {
    let cells = RequestColumn::shown_in(ui.available_width());
    if let Some(place) = state.scroll_to.take().and_then(|id| place_of_request(ctx.requests, id)) {
        state.scroll.reveal(place);
    }
    let zone = zone_in_use::of(ui);
    let is_menu_wanted = table::has_keys(ui, table_id()) && context_menu::is_wanted(ui);
    if is_menu_wanted && let Some(place) = state.selected.and_then(|id| place_of_request(ctx.requests, id)) {
        state.scroll.reveal(place);
    }
    let mut drawn = 0;
    let selected = &mut state.selected;
    let len = ctx.requests.len();
    let table = table::DataTable { id: table_id(), name: "Requests", cells, scroll: &mut state.scroll, len };
    let list = table.show(ui, table::title_ui, |row| {
        drawn += 1;
        let Some(request) = ctx.requests.get(row.index) else { return };
        let is_selected = *selected == Some(request.id);
        let response = row.begin(table_id().with(request.id), is_selected, is_selected, &spoken(request));
        row.cells(cells, |cell, ui| cell.ui(ui, request, ctx.now, &zone));
        if response.clicked() {
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
        actions.push(Action::Do(Shortcut::CopyCurl));
    }
    if menu.item("Copy path", "") {
        actions.push(Action::Copy { text: request.path.clone(), what: "Path".to_owned() });
    }
}

/// The status of the answer, or in a word why there is none.
fn status_words(row: &RequestRow) -> String {
    match (row.http_status, &row.failure) {
        (Some(status), _) => status.to_string(),
        (None, Some(_)) if row.fault.is_some() => "no answer".to_owned(),
        (None, Some(failure)) => foreign::label(failure).into_owned(),
        (None, None) => "…".to_owned(),
    }
}

/// The fault that the server was told to make: "on purpose: 429 retry-after 1".
fn fault_words(row: &RequestRow) -> Option<String> {
    row.fault.as_ref().map(|fault| format!("on purpose: {}", foreign::label(fault)))
}

/// What a screen reader says of a row.
fn spoken(row: &RequestRow) -> String {
    let fault = fault_words(row).map(|words| format!(" {words}")).unwrap_or_default();
    let spoken = format!("{} {} {}{fault} {}", row.method.as_str(), row.path, status_words(row), row.client());
    foreign::label(&spoken).into_owned()
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestColumn {
    Method,
    Path,
    Status,
    Client,
    Took,
    When,
}

impl table::TableColumn for RequestColumn {
    fn width(self) -> ColumnWidth {
        match self {
            Self::Method => ColumnWidth::Exact(58.0),
            Self::Path => ColumnWidth::Rest,
            Self::Status => ColumnWidth::Exact(136.0),
            Self::Client => ColumnWidth::Exact(126.0),
            Self::Took => ColumnWidth::Exact(60.0),
            Self::When => ColumnWidth::Exact(76.0),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Method => "Method",
            Self::Path => "Path",
            Self::Status => "Status",
            Self::Client => "Client",
            Self::Took => "Took",
            Self::When => "When",
        }
    }

    fn is_at_right(self) -> bool {
        matches!(self, Self::Took | Self::When)
    }
}

impl RequestColumn {
    /// The columns that there is room for.
    fn shown_in(width: f32) -> &'static [Self] {
        use RequestColumn::{Client, Method, Path, Status, Took, When};
        match width {
            640.0.. => &[Method, Path, Status, Client, Took, When],
            560.0.. => &[Method, Path, Status, Client, Took],
            430.0.. => &[Method, Path, Status, Client],
            _ => &[Method, Path, Status],
        }
    }

    fn ui(self, ui: &mut Ui, row: &RequestRow, now: Timestamp, zone: &LocalZone) {
        let t = DesignTokens::of(ui);
        let mono = |text: &str| RichText::new(foreign::label(text)).font(theme::mono(theme::MONO_SIZE));
        match self {
            Self::Method => {
                ui.add_space(6.0);
                ui.label(mono(row.method.as_str()).color(t.subdued));
            }
            Self::Path => {
                ui.add(Label::new(mono(&row.path)).truncate());
            }
            Self::Status => status_ui(ui, row),
            Self::Client => {
                ui.add(Label::new(foreign::label(&row.client())).truncate());
            }
            Self::Took => {
                ui.label(mono(&words::took(row.took)));
            }
            Self::When => {
                ui.add_space(6.0);
                let text = RichText::new(words::ago(row.started, now, zone)).color(t.faint);
                let label = ui.add(Label::new(text).truncate());
                label.on_hover_ui(|ui| {
                    ui.label(words::moment_in_both(row.started, zone));
                });
            }
        }
    }
}

/// Draws the status, and beside it the fault that was made on purpose, if one was.
fn status_ui(ui: &mut Ui, row: &RequestRow) {
    let t = DesignTokens::of(ui);
    let is_well = row.http_status.is_some_and(|status| (200..300).contains(&status));
    let color = if is_well { t.ok } else { t.error };
    ui.spacing_mut().item_spacing.x = 5.0;
    let words = status_words(row);
    let Some(fault) = fault_words(row) else {
        ui.add(Label::new(RichText::new(words).font(theme::mono(theme::MONO_SIZE)).color(color)).truncate());
        return;
    };
    if row.http_status.is_some() {
        ui.label(RichText::new(words).font(theme::mono(theme::MONO_SIZE)).color(color));
    }
    paint::icon_ui(ui, icons::ZAP, 12.0, t.warn);
    let short = RichText::new(&fault).size(theme::SMALL_SIZE).color(t.warn);
    ui.add(Label::new(short).truncate()).on_hover_text(fault);
}
