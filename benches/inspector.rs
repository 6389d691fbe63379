//! How long a frame of the inspector takes with an answer of ten megabytes beside one of a token.
//!
//! ```sh
//! cargo bench --bench inspector
//! ```
//!
//! The frames are made without a window: layout and tessellation, not the card that draws them. The answer is read and
//! searched on a thread beside the window, so the longest frame is what a person feels. As in the program, the window has
//! shown another answer before: its fonts are there, and memory comes from the same allocator.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{CentralPanel, Context, Event, Key, Modifiers, Pos2, RawInput, Rect, vec2};
use serde_json::{Value, json};
use testcard::{
    domain::{call::api::ApiResponse, history::entry::EntryId},
    model::Revision,
    ui::{
        inspector::{
            answer::{AnswerState, ShownAnswer, answer_ui},
            shown_call::ShownCall,
        },
        theme,
    },
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    println!("{:<22} {:>10} {:>10} {:>10}", "answer", "frame", "median ms", "longest ms");
    for (name, items) in [("a token", 1), ("ten megabytes", 90_000)] {
        let item = |nth: usize| {
            json!({ "id": format!("tok_{nth:022}"), "object": "token", "card": { "last4": "4242", "brand": "Visa" },
                "created": 1_900_000_000 })
        };
        let body = json!({ "object": "list", "data": (0..items).map(item).collect::<Value>() }).to_string();
        let mut bench = Bench::new(body.into_bytes());
        bench.report(name, "opening", 60, |_| Vec::new());
        bench.wait();
        bench.report(name, "resting", 200, |_| Vec::new());
        bench.report(name, "keys down", 200, |_| vec![press(Key::ArrowDown)]);
        bench.report(name, "end and home", 60, |nth| vec![press(if nth % 2 == 0 { Key::End } else { Key::Home })]);
        bench.report(name, "fold and unfold", 20, |nth| match nth {
            0 => vec![press(Key::Home), press(Key::ArrowDown)],
            _ => vec![press(Key::Enter)],
        });
    }
}

fn press(key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
}

struct Bench {
    ctx: Context,
    state: AnswerState,
    call: ShownCall,
    response: Arc<ApiResponse>,
    frames: u32,
}

impl Bench {
    fn new(body: Vec<u8>) -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        let answer = |body| Arc::new(ApiResponse { http_status: 200, headers: Vec::new(), body });
        let before = answer(br#"{ "id": "tok_0", "object": "token", "used": false, "created": 1 }"#.to_vec());
        let mut bench = Self {
            ctx,
            state: AnswerState::default(),
            call: ShownCall::Entry(EntryId(1)),
            response: before,
            frames: 0,
        };
        bench.wait();
        (bench.call, bench.response) = (ShownCall::Entry(EntryId(2)), answer(body));
        bench
    }

    fn frame(&mut self, events: Vec<Event>) -> Duration {
        self.frames += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(480.0, 900.0))),
            time: Some(f64::from(self.frames) / 60.0),
            focused: true,
            events,
            ..RawInput::default()
        };
        let started = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| {
            CentralPanel::default().show(ui, |ui| {
                let (call, revision, since) = (self.call, Revision::default(), &Arc::default());
                let source = Arc::clone(&self.response);
                let answer = ShownAnswer { call, revision, source, took: None, since };
                answer_ui(ui, &mut self.state, &answer, |_| {}, &mut Vec::new());
            });
        });
        output.textures_delta.clear();
        let shapes = std::mem::take(&mut output.shapes);
        let _ = self.ctx.tessellate(shapes, output.pixels_per_point);
        started.elapsed()
    }

    /// Until the answer is read, and the tree has the focus.
    fn wait(&mut self) {
        while self.state.rows_drawn() == 0 {
            self.frame(Vec::new());
        }
        self.state.focus_tree(&self.ctx);
        self.frame(Vec::new());
    }

    fn report(&mut self, answer: &str, what: &str, count: usize, events: impl Fn(usize) -> Vec<Event>) {
        let mut times: Vec<Duration> = (0..count).map(|nth| self.frame(events(nth))).collect();
        times.sort_unstable();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        println!("{answer:<15} {what:>17} {:>10.2} {:>10.2}", millis(times[count / 2]), millis(times[count - 1]));
    }
}
