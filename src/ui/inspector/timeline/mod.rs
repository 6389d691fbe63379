//! The timeline of a token, as a picture: the objects that were made of it in lanes, with lines from each to what came of
//! it, the later calls and the events on the line of what they tell of.

mod picture;
mod row;

use egui::{Id, Key, Modifiers, Role, Ui};

use self::{
    picture::{Picture, PictureRow, RowSubject},
    row::row_ui,
};
use super::per_revision::PerRevision;
use crate::{
    domain::{
        call::intent_calls::AuthenticationResult,
        foreign,
        history::{
            entry::EntryId,
            request_log::ExchangeId,
            token_life::{LifeRow, TokenLife},
        },
        zone::LocalZone,
    },
    messages::JobRequest,
    model::LoadedValue,
    ui::{
        action::Action,
        shortcuts::LocalKey,
        widgets::{
            AskedByKey, MenuItems, RowScroll, VirtualRows, context_menu, context_menu_ui, empty_state_ui, row_by_key,
            virtual_rows::focus_ring_ui,
        },
        zone_in_use,
    },
};

/// Height of a row, in points.
const ROW: f32 = 42.0;

/// What the timeline keeps between frames.
#[derive(Debug, Default)]
pub struct TimelineState {
    picture: PerRevision<Picture>,
    /// The entry whose life was asked for last.
    watched: Option<EntryId>,
    /// The row that the keys are at.
    marked: Option<usize>,
    scroll: RowScroll,
    /// The call that was opened from the timeline, in its place.
    pub(super) opened: Option<ExchangeId>,
    /// Whether the way back from that call is to get the focus.
    pub(super) goes_to_way_back: bool,
    is_focus_wanted: bool,
    /// The intent whose payer's buttons are to get the focus.
    goes_to_payer: Option<usize>,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
}

impl TimelineState {
    /// Takes notice that the timeline is not shown.
    pub(super) fn leave(&mut self, actions: &mut Vec<Action>) {
        if self.watched.take().is_some() {
            actions.push(Action::WatchLife(None));
        }
    }

    /// Shows the timeline again, in the place of a call.
    pub(super) fn close_call(&mut self) {
        self.opened = None;
        self.is_focus_wanted = true;
    }

    /// Takes notice that the timeline of this entry is shown.
    pub(super) fn watch(&mut self, entry: EntryId, actions: &mut Vec<Action>) {
        if self.watched != Some(entry) {
            *self = Self { watched: Some(entry), ..Self::default() };
            actions.push(Action::WatchLife(Some(entry)));
        }
    }
}

/// Draws what became of a token.
pub(super) fn timeline_ui(
    ui: &mut Ui,
    state: &mut TimelineState,
    entry: EntryId,
    life: Option<&LoadedValue<TokenLife>>,
    actions: &mut Vec<Action>,
) {
    let Some(life) = life.filter(|life| life.entry == entry) else {
        empty_state_ui(ui, "Reading…", "");
        return;
    };
    let zone = zone_in_use::of(ui);
    let TimelineState { picture, marked, scroll, opened, goes_to_payer, .. } = state;
    let picture = picture.of(life.revision(), || Picture::of(life, &zone));
    let id = list_id();
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let mut is_opened = false;
    if has_focus && !egui::Popup::is_any_open(ui.ctx()) {
        is_opened = keys_ui(ui, marked, scroll, picture.rows.len());
    }
    let (mut pressed, mut drawn) = (None, 0);
    let rows = VirtualRows {
        id,
        name: "Life of the token",
        role: Role::ListBox,
        scroll,
        len: picture.rows.len(),
        row_height: ROW,
    };
    let list = rows.show(ui, |ui, nth, rect| {
        drawn += 1;
        let Some(row) = picture.rows.get(nth) else { return };
        let is_marked = *marked == Some(nth);
        let response = row_ui(ui, row, rect, id.with(nth), picture.columns, is_marked, &mut |ui, rect| {
            controls_ui(ui, life, row, rect, goes_to_payer, actions);
        });
        if response.clicked() || response.secondary_clicked() {
            pressed = Some((nth, response.clicked()));
        }
        let by_key = (has_focus && is_marked).then(|| AskedByKey::at_row(ui, response.rect)).flatten();
        context_menu_ui(ui, &response, id, by_key, |menu| {
            if menu_ui(menu, life, row, &zone, actions) {
                *opened = row.exchange;
            }
        });
    });
    state.rows_drawn = drawn;
    focus_ring_ui(ui, &list);
    if std::mem::take(&mut state.is_focus_wanted) {
        list.request_focus();
    }
    if let Some((nth, is_press)) = pressed {
        state.marked = Some(nth);
        list.request_focus();
        is_opened |= is_press;
    }
    if let Some(nth) = state.marked.filter(|_| list.has_focus()) {
        ui.accesskit_node_builder(id, |node| node.set_active_descendant(id.with(nth).accesskit_id()));
    }
    let marked = state.marked.and_then(|nth| picture_row(state, life, nth));
    if let Some((subject, exchange)) = marked.filter(|_| is_opened) {
        match subject {
            RowSubject::Authenticate(node) => {
                state.goes_to_payer = Some(node);
                ui.request_repaint();
            }
            _ => state.opened = exchange,
        }
    }
    // While a call is shown in its place, the timeline is not drawn: this one was opened now.
    if let Some(exchange) = state.opened {
        state.goes_to_way_back = true;
        actions.push(Action::OpenCall(exchange));
    }
}

fn list_id() -> Id {
    Id::unique("timeline_list")
}

fn picture_row(
    state: &mut TimelineState,
    life: &LoadedValue<TokenLife>,
    nth: usize,
) -> Option<(RowSubject, Option<ExchangeId>)> {
    let picture = state.picture.of(life.revision(), Picture::default);
    picture.rows.get(nth).map(|row| (row.subject, row.exchange))
}

/// The keys of the list; whether the marked row is to be opened.
fn keys_ui(ui: &Ui, marked: &mut Option<usize>, scroll: &mut RowScroll, rows: usize) -> bool {
    let page = scroll.in_view().max(1);
    let target = ui.input_mut(|input| row_by_key(|key| input.consume_key(Modifiers::NONE, key), *marked, rows, page));
    if let Some(target) = target {
        *marked = Some(target);
        scroll.reveal(target);
    }
    // A menu opens at its row, which has to be in view.
    if context_menu::is_wanted(ui) && rows > 0 {
        scroll.reveal(*marked.get_or_insert(0));
    }
    ui.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Enter) || input.consume_key(Modifiers::NONE, Key::Space)
    })
}

/// Draws the buttons of a row, from the left of what is left of it.
fn controls_ui(
    ui: &mut Ui,
    life: &TokenLife,
    row: &PictureRow,
    rect: egui::Rect,
    goes_to_payer: &mut Option<usize>,
    actions: &mut Vec<Action>,
) {
    match row.subject {
        RowSubject::Authenticate(node) => {
            let name = &life.nodes[node].id;
            let takes_focus = goes_to_payer.take_if(|wanted| *wanted == node).is_some();
            if let Some(result) = row::payer_buttons_ui(ui, rect, name, takes_focus) {
                actions.push(Action::Run(authenticate(life, node, result)));
            }
        }
        RowSubject::Life(LifeRow::Event(event)) => {
            let event = &life.events[event];
            if row::resend_button_ui(ui, rect, &event.event_type, list_id().with(&event.id)) {
                actions.push(Action::Run(JobRequest::ResendEvent { event: event.id.clone() }));
            }
        }
        _ => {}
    }
}

fn authenticate(life: &TokenLife, node: usize, result: AuthenticationResult) -> JobRequest {
    JobRequest::Authenticate { intent: life.nodes[node].id.clone(), result, account: life.account.clone() }
}

/// What can be done with a row; whether its call is to be shown.
fn menu_ui(
    menu: &mut MenuItems<'_>,
    life: &TokenLife,
    row: &PictureRow,
    zone: &LocalZone,
    actions: &mut Vec<Action>,
) -> bool {
    let is_opened = row.exchange.is_some() && menu.item("Show the call", LocalKey::Confirm.keys());
    match row.subject {
        RowSubject::Life(LifeRow::Node(node)) => {
            let node = &life.nodes[node];
            if menu.item("Copy id", "") {
                actions.push(Action::Copy { text: node.id.clone(), what: format!("{} id", node.object.label()) });
            }
        }
        RowSubject::Life(LifeRow::Event(event)) => {
            let event = &life.events[event];
            if menu.item("Send again", "") {
                actions.push(Action::Run(JobRequest::ResendEvent { event: event.id.clone() }));
            }
            if menu.item("Copy event id", "") {
                actions.push(Action::Copy { text: event.id.clone(), what: "Event id".to_owned() });
            }
        }
        RowSubject::Authenticate(node) => {
            for result in AuthenticationResult::ALL {
                if menu.item(row::result_words(result), "") {
                    actions.push(Action::Run(authenticate(life, node, result)));
                }
            }
        }
        RowSubject::Life(LifeRow::Step(step)) => {
            if menu.item("Copy what it says", "") {
                let step = &life.steps[step];
                let when = crate::ui::words::moment(step.when, zone);
                let text = format!("{} · {when} · {}", foreign::label(&step.words.words), step.words.client);
                actions.push(Action::Copy { text, what: "Step".to_owned() });
            }
        }
        RowSubject::More => {}
    }
    is_opened
}
