//! What a frame of the history costs, counted and not timed: what is allocated, how far the smallest step scrolls, and
//! that nothing is drawn without a reason.

use std::mem;

use egui::{
    Context, Event, FullOutput, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase,
    ViewportId, pos2, vec2,
};
use jiff::Timestamp;
use testcard::{
    domain::{
        call::api::Target,
        history::{
            entry::{Counts, Entry, EntryId},
            filter::Sort,
            listing::Listing,
        },
    },
    messages::Update,
    model::{Model, Storage},
    store::{Place, Store},
    ui::{
        Action,
        history::{HistoryContext, HistoryState, history_ui},
        theme,
    },
};

use crate::store::{creation, say, token};

const MILLION: i64 = 1_000_000;

/// The history's pane without anything else: the rows that it asks for come with the next frame.
struct Pane {
    ctx: Context,
    model: Model,
    state: HistoryState,
    row: Entry,
    frames: u32,
    loads: usize,
}

impl Pane {
    fn of(entries: i64) -> Self {
        let store = Store::open(&Place::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let made = store.answer(creation(Target::Local, &[]), say(token("tok_1", "Visa", "4242", false)));
        let row = made.wait().unwrap().entry.unwrap();
        let mut model = Model::default();
        let list = Listing::new((1..=entries).rev().map(EntryId).collect(), Sort::default());
        let counts = Counts { unused: entries.unsigned_abs(), ..Counts::default() };
        model.apply(Update::History { generation: 1, list, rows: Vec::new(), counts });
        let ctx = Context::default();
        ctx.enable_accesskit();
        theme::install(&ctx);
        let mut pane = Self { ctx, model, state: HistoryState::default(), row, frames: 0, loads: 0 };
        pane.settle();
        pane
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        self.frames += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1000.0, 800.0))),
            time: Some(f64::from(self.frames) / 60.0),
            focused: true,
            events,
            ..RawInput::default()
        };
        let (model, state) = (&self.model, &mut self.state);
        let storage = Storage::Open(None);
        let context = HistoryContext {
            history: &model.history,
            storage: &storage,
            requests: 0,
            target: Target::Local,
            refreshing: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let mut actions = Vec::new();
        let mut output = self.ctx.run_ui(input, |ui| history_ui(ui, state, &context, &mut actions));
        output.textures_delta.clear();
        for action in actions {
            if let Action::LoadRows(ids) = action {
                self.loads += 1;
                let rows = ids.into_iter().map(|id| Entry { id, ..self.row.clone() }).collect();
                self.model.apply(Update::Rows(rows));
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
        let rest = allocation_counter::measure(|| mem::drop(pane.frame(Vec::new())));
        let scrolled = allocation_counter::measure(|| mem::drop(pane.frame(vec![wheel(-10.0)])));
        assert_eq!(pane.loads, loads, "no question for rows that are here");
        (rest, scrolled)
    });
    for (few, many) in [(counts[0].0, counts[1].0), (counts[0].1, counts[1].1)] {
        let most = |count: u64| count + count / 20 + 50;
        assert!(
            many.count_total <= most(few.count_total),
            "{} for 100, {} for a million",
            few.count_total,
            many.count_total
        );
        assert!(
            many.bytes_total <= most(few.bytes_total),
            "{} for 100, {} for a million",
            few.bytes_total,
            many.bytes_total
        );
        assert!(few.count_total > 0, "the counting counts");
    }
}

#[test]
fn a_history_at_rest_asks_for_no_frame() {
    let mut pane = Pane::of(MILLION);
    let output = pane.frame(Vec::new());
    assert_eq!(output.viewport_output[&ViewportId::ROOT].repaint_delay, std::time::Duration::MAX);
}
