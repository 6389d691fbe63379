//! What a frame of the whole window costs with 100 entries and with 1,000,000, without a display.
//!
//! ```sh
//! cargo bench --bench frames
//! ```
//!
//! The window is the real one over its real background and a real folder; a frame is everything that the program does
//! for it on its own: taking updates over, the views, the accessibility tree, tessellation. What a graphics card or a
//! software renderer then does with the triangles is not in it.

use std::{
    error::Error,
    mem,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use egui::{
    Context, Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, pos2, vec2,
};
use jiff::Timestamp;
use rusqlite::Connection;
use testcard::{
    app::{App, AppConfig},
    domain::{
        clock::Clock,
        settings::{layout::WindowLayout, preferences::Settings},
        typed_path::PathBase,
        zone::LocalZone,
    },
    files::OwnFolders,
    keys::ApiKeys,
    worker::WorkerConfig,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const SIZES: [u64; 2] = [100, 1_000_000];
const FRAMES: usize = 600;
const FRAME_SECS: f64 = 1.0 / 60.0;
/// Over the rows of the table.
const POINTER: Pos2 = pos2(640.0, 420.0);

fn main() -> Outcome<()> {
    println!("{:<26} {:>10} {:>11} {:>11} {:>8}", "doing", "entries", "median ms", "p99 ms", "ratio");
    let mut medians = Vec::new();
    for entries in SIZES {
        let home = tempfile::tempdir()?;
        fill(home.path(), entries)?;
        medians.push(measure(home.path(), entries)?);
    }
    for ((name, few), (_, many)) in medians[0].iter().zip(&medians[1]) {
        println!("{name:<26} {:>10} {:>11} {:>11} {:>8.2}", "", "", "", many / few);
    }
    Ok(())
}

/// A hundred real tokens and, for more, copies of their lines under ids of their own.
fn fill(home: &Path, entries: u64) -> Outcome<()> {
    for number in ["4242424242424242", "5555555555554444", "378282246310005", "4000000000009995"] {
        let minted = Command::new(env!("CARGO_BIN_EXE_testcard"))
            .args(["mint", number, "--count", "25"])
            .env("TESTCARD_HOME", home)
            .env_remove("STRIPE_SECRET_KEY")
            .output()?;
        if !minted.status.success() {
            return Err(String::from_utf8_lossy(&minted.stderr).into_owned().into());
        }
    }
    let connection = Connection::open(home.join("data").join("testcard.sqlite3"))?;
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('entries') WHERE name <> 'id'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let values: Vec<&str> = columns
        .iter()
        .map(|column| match column.as_str() {
            "token_id" => "'tok_1' || substr(hex(randomblob(12)), 1, 23)",
            "started_ms" => "started_ms + n",
            other => other,
        })
        .collect();
    let copies = entries / 100 - 1;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         WITH RECURSIVE copies (n) AS (SELECT 1 WHERE {copies} > 0 UNION ALL SELECT n + 1 FROM copies WHERE n < {copies})
         INSERT INTO entries ({}) SELECT {} FROM copies CROSS JOIN (SELECT * FROM entries ORDER BY id LIMIT 100);",
        columns.join(", "),
        values.join(", "),
    ))?;
    Ok(())
}

/// The window, frame by frame.
struct Bench {
    ctx: Context,
    app: App,
    frames: u64,
}

impl Bench {
    fn open(home: &Path) -> Outcome<Self> {
        let ctx = Context::default();
        ctx.enable_accesskit();
        let clock = Clock::fixed(Timestamp::from_second(1_900_000_000)?);
        let settings = Settings::default();
        let worker = WorkerConfig {
            folder: Some(home.join("data")),
            settings,
            settings_file: None,
            layout_file: None,
            own_folders: OwnFolders::default(),
            clock,
            keys: ApiKeys::session_only(None),
        };
        let config = AppConfig {
            zone: LocalZone::UTC,
            worker,
            paths: PathBase { home: None, folder: home.to_owned() },
            picker: Box::new(|_| Box::pin(async { None })),
            places: Vec::new(),
            warnings: Vec::new(),
            layout: WindowLayout::default(),
            library: testcard::domain::presets::library::PresetLibrary::default(),
            form: None,
            started: Instant::now(),
        };
        let app = App::new(&ctx, config);
        Ok(Self { ctx, app, frames: 0 })
    }

    fn frame(&mut self, events: Vec<Event>) -> Duration {
        self.frames += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1440.0, 900.0))),
            time: Some(self.frames as f64 * FRAME_SECS),
            focused: true,
            events,
            ..RawInput::default()
        };
        let started = Instant::now();
        self.app.drain(&self.ctx);
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| app.show(ui));
        let shapes = mem::take(&mut output.shapes);
        let triangles = self.ctx.tessellate(shapes, output.pixels_per_point);
        let took = started.elapsed();
        output.textures_delta.clear();
        assert!(!triangles.is_empty());
        took
    }

    /// Frames until nothing has asked for another one for a second: a list of a million entries takes half of that.
    fn settle(&mut self) -> Outcome<()> {
        let patience = Instant::now();
        let mut calm = 0;
        while calm < 100 {
            self.frame(Vec::new());
            let is_asked = self.ctx.requested_repaint_last_pass();
            calm = if is_asked { 0 } else { calm + 1 };
            if patience.elapsed() > Duration::from_mins(1) {
                return Err("the window does not come to rest".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.frame(vec![Event::ModifiersChanged(modifiers), press_with(modifiers, key)]);
        self.frame(vec![Event::ModifiersChanged(Modifiers::NONE)]);
    }
}

fn press_with(modifiers: Modifiers, key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

fn press(key: Key) -> Event {
    press_with(Modifiers::NONE, key)
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

/// The median of each thing that is done, in milliseconds.
fn measure(home: &Path, entries: u64) -> Outcome<Vec<(&'static str, f64)>> {
    let mut bench = Bench::open(home)?;
    bench.settle()?;
    bench.frame(vec![Event::PointerMoved(POINTER)]);
    let mut medians = Vec::new();
    let mut report = |name, mut times: Vec<Duration>| {
        times.sort();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let (median, p99) = (millis(times[times.len() / 2]), millis(times[times.len() * 99 / 100]));
        println!("{name:<26} {entries:>10} {median:>11.3} {p99:>11.3}");
        medians.push((name, median));
    };

    bench.key(Modifiers::COMMAND, Key::L);
    let digits = "4000000000009995";
    let typed = (0..FRAMES).map(|nth| match nth % 32 {
        place @ 0..16 => Event::Text(digits[place..=place].to_owned()),
        _ => press(Key::Backspace),
    });
    report("typing in the form", typed.map(|event| bench.frame(vec![event])).collect());

    report("scrolling by the wheel", (0..FRAMES).map(|_| bench.frame(vec![wheel(-40.0)])).collect());
    bench.key(Modifiers::COMMAND, Key::Num2);
    bench.key(Modifiers::NONE, Key::End);
    bench.settle()?;
    report("a touchpad at the end", (0..FRAMES).map(|_| bench.frame(vec![wheel(0.5)])).collect());

    bench.key(Modifiers::COMMAND, Key::F);
    for sign in ["9", "9", "9", "5"] {
        bench.frame(vec![Event::Text(sign.to_owned())]);
    }
    bench.settle()?;
    report("scrolling, filter on", (0..FRAMES).map(|_| bench.frame(vec![wheel(-40.0)])).collect());
    bench.key(Modifiers::COMMAND, Key::L);
    // Ctrl+L marks the digits that are there; they are to stay.
    bench.key(Modifiers::NONE, Key::End);
    let typed = (0..FRAMES).map(|nth| if nth % 2 == 0 { Event::Text("4".to_owned()) } else { press(Key::Backspace) });
    report("typing, filter on", typed.map(|event| bench.frame(vec![event])).collect());
    Ok(medians)
}
