//! What a frame of the history and of the inspector costs, counted and not timed: what is allocated, how far the
//! smallest step scrolls, and that nothing is drawn without a reason.

use std::{mem, time::Duration};

use allocation_counter::{AllocationInfo, measure};
use egui::{
    Context, Event, FullOutput, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, TouchPhase, ViewportId,
    pos2, vec2,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use testcard::{
    domain::{
        call::api::{ApiExchange, ApiRequest, ApiResponse, HttpMethod, Target},
        history::{
            entry::{EntryDetail, EntryId, HistoryEntry, StatusCounts},
            filter::SortOrder,
            listing::EntryListing,
            request_log::ExchangeId,
            token_life::LifeBuilder,
        },
        settings::profile::ProfileList,
    },
    messages::{ServerInfo, WorkerUpdate},
    model::{StorageState, WindowModel},
    store::{Store, StoreLocation},
    ui::{
        Action,
        history::{HistoryContext, HistoryState, history_ui},
        inspector::{InspectedCall, InspectedEntry, InspectedSubject, InspectorState, code::CodeContext, inspector_ui},
        theme,
    },
};

use crate::support::{
    histories::{creation, say, token},
    pane::{context, frame_input},
};

const MILLION: i64 = 1_000_000;

/// The history's pane without anything else: the rows that it asks for come with the next frame.
struct Pane {
    ctx: Context,
    model: WindowModel,
    state: HistoryState,
    row: HistoryEntry,
    frames: u32,
    loads: usize,
}

impl Pane {
    fn of(entries: i64) -> Self {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let made = store.answer(creation(Target::Local, &[]), say(token("tok_1", "Visa", "4242", false)));
        let row = made.wait().unwrap().entry.unwrap();
        let mut model = WindowModel::default();
        let list = EntryListing::new((1..=entries).rev().map(EntryId).collect(), SortOrder::default());
        let counts = StatusCounts { unused: entries.unsigned_abs(), ..StatusCounts::default() };
        model.apply(WorkerUpdate::History { generation: 1, list, rows: Vec::new(), counts, is_whole: true });
        let ctx = context();
        let mut pane = Self { ctx, model, state: HistoryState::default(), row, frames: 0, loads: 0 };
        pane.settle();
        pane
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        self.frames += 1;
        let input = frame_input(vec2(1000.0, 800.0), self.frames, events);
        let (model, state) = (&self.model, &mut self.state);
        let storage = StorageState::Open(None);
        let context = HistoryContext {
            history: &model.history,
            storage: &storage,
            requests: 0,
            deletion: None,
            target: Target::Local,
            accounts: &[],
            refreshing: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let mut actions = Vec::new();
        let mut output = self.ctx.run_ui(input, |ui| history_ui(ui, state, &context, &mut actions));
        output.textures_delta.clear();
        for action in actions {
            if let Action::LoadRows(ids) = action {
                self.loads += 1;
                let rows = ids.into_iter().map(|id| HistoryEntry { id, ..self.row.clone() }).collect();
                self.model.apply(WorkerUpdate::Rows(rows));
            }
        }
        output
    }

    fn settle(&mut self) {
        for _ in 0..30 {
            self.frame(Vec::new());
        }
    }

    /// The names of the rows in view, and where the first of them begins.
    fn rows(&mut self) -> (Vec<EntryId>, f64) {
        let update = self.frame(Vec::new()).platform_output.accesskit_update.unwrap();
        let rows = update.nodes.iter().filter(|(_, node)| node.role() == egui::Role::Row);
        let mut found: Vec<(usize, f64)> =
            rows.map(|(_, node)| (node.row_index().unwrap(), node.bounds().unwrap().y0)).collect();
        found.sort_by_key(|(index, _)| *index);
        let ids = found.iter().filter_map(|(index, _)| self.model.history.id_at(*index)).collect();
        (ids, found[0].1)
    }

    fn key(&mut self, key: egui::Key) {
        let modifiers = Modifiers::NONE;
        self.frame(vec![Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }]);
        self.settle();
    }
}

fn wheel(points: f32) -> Event {
    Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        modifiers: Modifiers::NONE,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Unknown,
    }
}

#[test]
fn the_smallest_step_of_a_touchpad_moves_the_last_of_a_million_rows() {
    let mut pane = Pane::of(MILLION);
    pane.frame(vec![Event::PointerMoved(pos2(500.0, 500.0))]);
    pane.key(egui::Key::End);
    let (ids, top) = pane.rows();
    assert_eq!(ids.last(), Some(&EntryId(1)));
    for _ in 0..40 {
        pane.frame(vec![wheel(0.25)]);
    }
    pane.settle();
    let (after, moved) = pane.rows();
    let rows = after[0].0 - ids[0].0;
    let points = moved - top + rows as f64 * f64::from(theme::TABLE_ROW_HEIGHT);
    assert!((points - 10.0).abs() < 1.0, "{rows} rows and {points} points");
}

#[test]
fn a_frame_allocates_as_much_for_a_million_entries_as_for_a_hundred() {
    let counts = [100, MILLION].map(|entries| {
        let mut pane = Pane::of(entries);
        pane.frame(vec![Event::PointerMoved(pos2(500.0, 500.0))]);
        let loads = pane.loads;
        let rest = measure(|| mem::drop(pane.frame(Vec::new())));
        let scrolled = measure(|| mem::drop(pane.frame(vec![wheel(-10.0)])));
        assert_eq!(pane.loads, loads, "no question for rows that are here");
        (rest, scrolled)
    });
    check_alike("at rest, 100 and a million", counts[0].0, counts[1].0);
    check_alike("scrolled, 100 and a million", counts[0].1, counts[1].1);
}

/// Whether two frames allocate as often and as much.
#[track_caller]
fn check_alike(what: &str, few: AllocationInfo, many: AllocationInfo) {
    let most = |count: u64| count + count / 20 + 50;
    let (few, many) = ((few.count_total, few.bytes_total), (many.count_total, many.bytes_total));
    assert!(many.0 <= most(few.0), "{what}: {} allocations and {}", few.0, many.0);
    assert!(many.1 <= most(few.1), "{what}: {} bytes and {}", few.1, many.1);
    assert!(few.0 > 0, "the counting counts");
}

/// The inspector's pane without anything else, with an answer of so many items.
struct Inspected {
    ctx: Context,
    model: WindowModel,
    state: InspectorState,
    shows_call: bool,
    frames: u32,
}

impl Inspected {
    /// A refused creation, and a charge that used the token up all the same: both answers are long.
    fn of(items: usize) -> Self {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let made = store.answer(creation(Target::Local, &[]), say(token("tok_1", "Visa", "4242", false)));
        let mut entry = made.wait().unwrap().entry.unwrap();
        entry.used_by = Some("ch_1".to_owned());
        let items: Vec<String> = (0..items).map(|nth| format!("i{nth:05}")).collect();
        let error = json!({ "error": { "type": "card_error", "code": "incorrect_number", "message": "No." } });
        let charge = json!({ "id": "ch_1", "object": "charge", "amount": 2000, "currency": "usd" });
        let answer = |http_status, mut body: Value| {
            body["items"] = json!(items);
            ApiResponse { http_status, headers: Vec::new(), body: body.to_string().into_bytes() }
        };
        let call = |method, path: &str, answer| {
            let request = ApiRequest { method, ..ApiRequest::get(path) }.masked();
            let (target, started, took) = (Target::Local, Timestamp::UNIX_EPOCH, Duration::from_millis(1));
            ApiExchange { target, started, took, request, outcome: Ok(answer), replaced: Vec::new() }
        };
        let detail = EntryDetail {
            entry,
            uid: None,
            request: ApiRequest::get("/v1/tokens").masked(),
            outcome: Some(Ok(answer(402, error.clone()))),
            replaced: Vec::new(),
            timeline: vec![call(HttpMethod::Post, "/v1/charges", answer(200, charge))],
            is_damaged: false,
        };
        let exchange = call(HttpMethod::Post, "/v1/charges", answer(402, error));
        let mut model = WindowModel::default();
        let mut life = LifeBuilder::new(&detail.entry, None, &detail.request, None);
        let again =
            ApiRequest { params: [("source", "tok_1")].into_iter().collect(), ..ApiRequest::get("/v1/charges") };
        for nth in 0..items.len() {
            let refused = json!({ "error": { "code": "token_already_used", "type": "invalid_request_error" } });
            let response =
                ApiResponse { http_status: 400, headers: Vec::new(), body: refused.to_string().into_bytes() };
            let request = ApiRequest { method: HttpMethod::Post, ..again.clone() }.masked();
            let id = ExchangeId(i64::try_from(nth).unwrap() + 2);
            life.take_call(id, &ApiExchange { request, outcome: Ok(response), ..detail.timeline[0].clone() });
        }
        model.apply(WorkerUpdate::Life(Box::new(life.finish())));
        model.apply(WorkerUpdate::Detail(Box::new(detail)));
        model.apply(WorkerUpdate::Exchange { id: ExchangeId(1), exchange: Box::new(exchange) });
        let ctx = context();
        Self { ctx, model, state: InspectorState::default(), shows_call: false, frames: 0 }
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        self.frames += 1;
        let input = frame_input(vec2(480.0, 600.0), self.frames, events);
        let subject = if self.shows_call {
            let (id, exchange) = self.model.exchange.as_ref().unwrap();
            InspectedSubject::Call(Some(InspectedCall { id: *id, exchange, row: None }))
        } else {
            let (detail, life) = (self.model.detail.as_ref().unwrap(), self.model.life.as_ref());
            InspectedSubject::Entry(Some(InspectedEntry { detail, life, call: None }))
        };
        let state = &mut self.state;
        let code = CodeContext { server: &ServerInfo::Off, port: 0, stripe: None };
        let profiles = ProfileList::default();
        let mut output =
            self.ctx.run_ui(input, |ui| inspector_ui(ui, state, subject, &code, &profiles, &mut Vec::new()));
        output.textures_delta.clear();
        output
    }

    fn settle(&mut self) {
        for _ in 0..30 {
            self.frame(Vec::new());
        }
    }

    fn show_tab(&mut self, name: &str) {
        let update = self.frame(Vec::new()).platform_output.accesskit_update.unwrap();
        let is_sought = |node: &egui::accesskit::Node| node.role() == egui::Role::Tab && node.label() == Some(name);
        let (_, tab) = update.nodes.iter().find(|(_, node)| is_sought(node)).unwrap();
        let at = tab.bounds().unwrap();
        let pos = pos2(f64::midpoint(at.x0, at.x1) as f32, f64::midpoint(at.y0, at.y1) as f32);
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
            self.frame(vec![Event::PointerMoved(pos), Event::PointerButton { pos, button, pressed, modifiers }]);
        }
        self.settle();
    }
}

#[test]
fn a_frame_of_the_inspector_allocates_as_much_for_a_long_answer_as_for_a_short_one() {
    let entry = ["Summary", "Response", "Request", "Code", "Timeline"].map(|tab| (false, tab));
    let call = ["Response", "Request", "Headers", "Code"].map(|tab| (true, tab));
    // Both fill the tree; none is so long that it is read on another thread.
    let mut panes = [100, 5000].map(Inspected::of);
    for (shows_call, tab) in entry.into_iter().chain(call) {
        let counts = panes.each_mut().map(|pane| {
            pane.shows_call = shows_call;
            pane.show_tab(tab);
            let rest = measure(|| mem::drop(pane.frame(Vec::new())));
            pane.frame(vec![Event::PointerMoved(pos2(200.0, 300.0))]);
            let moved = measure(|| mem::drop(pane.frame(vec![Event::PointerMoved(pos2(201.0, 301.0))])));
            (rest, moved)
        });
        check_alike(&format!("{tab}, at rest"), counts[0].0, counts[1].0);
        check_alike(&format!("{tab}, under a moving mouse"), counts[0].1, counts[1].1);
    }
}

#[test]
fn a_history_at_rest_asks_for_no_frame() {
    let mut pane = Pane::of(MILLION);
    let output = pane.frame(Vec::new());
    assert_eq!(output.viewport_output[&ViewportId::ROOT].repaint_delay, std::time::Duration::MAX);
}

/// Ten seconds after the last key nothing of a focused field moves: each blink of its caret would draw all the window.
#[test]
fn a_caret_in_a_window_that_nobody_uses_asks_for_no_frame() {
    let ctx = context();
    let mut text = String::new();
    let mut delay = |frame: u32, events: Vec<Event>| {
        let mut output = ctx.run_ui(frame_input(vec2(400.0, 200.0), frame, events), |ui| {
            ui.add(egui::TextEdit::singleline(&mut text)).request_focus();
        });
        output.textures_delta.clear();
        output.viewport_output[&ViewportId::ROOT].repaint_delay
    };
    let typed = || vec![Event::Text("4".to_owned())];
    // Sixty frames a second.
    delay(1, typed());
    assert!(delay(60, Vec::new()) <= Duration::from_millis(500), "the caret blinks");
    delay(700, Vec::new());
    assert_eq!(delay(701, Vec::new()), Duration::MAX);
    delay(702, typed());
    assert!(delay(703, Vec::new()) <= Duration::from_millis(500), "the caret blinks again");
}
