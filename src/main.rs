//! The program: reads the arguments, the clock and the environment, then opens the window or hands over to a command.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use jiff::{Timestamp, tz::TimeZone};
use testcard::{
    app::{self, App, AppConfig, FilePlace},
    cli::{self, ProcessEnvironment},
    domain::{
        clock::Clock,
        foreign, mask,
        settings::layout::{FIRST_SIZE, SMALLEST_WINDOW, WindowPlace},
        zone::LocalZone,
    },
    settings::{self, AppFolders},
    worker::WorkerConfig,
};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// See the reason in `Cargo.toml`.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The message where no window can be opened.
const WITHOUT_WINDOW: &str = "the window cannot be opened here. Without a display, use a command: testcard mint, \
                              token, history, export, cards or paths (see testcard --help)";

/// Why there is no window, such as a missing library; nothing where it is the display that is missing, which the
/// message says.
fn reason(error: &str) -> String {
    if error.contains("WAYLAND_DISPLAY") {
        return String::new();
    }
    // winit begins with the place in its own sources.
    let plain = error.split_once(".rs:").and_then(|(_, place)| place.split_once(": ")).map_or(error, |(_, rest)| rest);
    format!(". The reason: {plain}")
}

fn main() -> ExitCode {
    let started = Instant::now();
    std::panic::set_hook(Box::new(|info| {
        let backtrace = Backtrace::capture();
        let _ = writeln!(MaskedStderr, "testcard: this is a fault of Testcard, please report it. {info}");
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = writeln!(MaskedStderr, "{backtrace}");
        }
    }));
    let args = cli::parse();
    log_to_stderr(args.verbose);
    let environment = ProcessEnvironment {
        clock: system_clock(),
        home: std::env::var_os("TESTCARD_HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        stripe_key: std::env::var("STRIPE_SECRET_KEY").ok().filter(|key| !key.is_empty()),
        variable: |name| std::env::var(name).ok(),
    };
    match args.command {
        Some(command) => ExitCode::from(cli::run(command, &environment)),
        None => match open_window(&environment, started) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(MaskedStderr, "testcard: {error:#}");
                ExitCode::from(2)
            }
        },
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn system_clock() -> Clock {
    Clock::new(Timestamp::now)
}

/// The time zone of this machine, as `TZ` or the system names it; a change counts from the next start.
fn system_zone() -> LocalZone {
    let zone = TimeZone::try_system().map(LocalZone::new);
    zone.unwrap_or_else(|_| match std::env::var_os("TZ") {
        Some(name) => {
            let name = mask::text(&name.to_string_lossy());
            LocalZone::unknown(&format!(
                "the time zone “{}” of the variable TZ is not known here",
                foreign::label(&name)
            ))
        }
        None => LocalZone::unknown("this system names no time zone"),
    })
}

/// Standard error for what may repeat the user's input or an answer by mistake: logs and crash messages. Each write is
/// masked by itself, so a line must come in one piece.
struct MaskedStderr;

impl Write for MaskedStderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let words = mask::text(&String::from_utf8_lossy(line));
        io::stderr().write_all(foreign::lines(&words).as_bytes())?;
        Ok(line.len())
    }

    fn write_fmt(&mut self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(line.to_string().as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Logs what this program does, and nothing of the libraries below it: they would write requests out in full.
fn log_to_stderr(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(|| MaskedStderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(Targets::new().with_target("testcard", level)).init();
}

/// Where the program keeps its files, as the settings show it.
fn file_places(folders: &AppFolders) -> Vec<FilePlace> {
    let place = |name, path, note| FilePlace { name, path, note };
    vec![
        place("Data folder", folders.data.clone(), "The history and the objects of the local minter"),
        place("Settings file", folders.settings_file(), "All of this but the keys, as readable JSON"),
        place("Log folder", folders.log.clone(), "Kept for logs; nothing is written there today"),
    ]
}

fn open_window(environment: &ProcessEnvironment, started: Instant) -> anyhow::Result<()> {
    let folders = AppFolders::find(environment.home.clone()).context("the data folder cannot be found")?;
    let (settings, mut warnings) = settings::load(&folders.settings_file());
    let (library, of_presets) = settings::presets::load(&folders.presets_file());
    let (form, of_form) = settings::draft::load(&folders.draft_file());
    warnings.extend(of_presets.into_iter().chain(of_form));
    let layout = settings::load_layout(&folders.layout_file());
    let config = AppConfig {
        worker: WorkerConfig {
            folder: Some(folders.data.clone()),
            settings,
            settings_file: Some(folders.settings_file()),
            layout_file: Some(folders.layout_file()),
            own_folders: folders.own(),
            clock: environment.clock.clone(),
            keys: environment.keys(),
        },
        zone: system_zone(),
        paths: AppFolders::typed_paths(),
        picker: app::desktop_picker(),
        places: file_places(&folders),
        warnings,
        layout,
        library,
        form,
        started,
    };
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../assets/icon-256.png")).unwrap_or_default();
    let viewport = eframe::egui::ViewportBuilder::default()
        .with_title("Testcard")
        .with_app_id("testcard")
        .with_icon(icon)
        .with_inner_size(FIRST_SIZE)
        .with_min_inner_size(SMALLEST_WINDOW);
    let viewport = match layout.window {
        Some(WindowPlace { corner, size, is_maximized }) => {
            let placed = viewport.with_inner_size(size).with_maximized(is_maximized);
            corner.map_or_else(|| placed.clone(), |corner| placed.clone().with_position(corner))
        }
        None => viewport,
    };
    // eframe's own way to the system's fonts ends the program where there is none.
    let options = eframe::NativeOptions { viewport, system_font_fallback: false, ..Default::default() };
    let start = |context: &eframe::CreationContext<'_>| {
        app::use_system_fonts(&context.egui_ctx);
        Ok(Box::new(App::new(&context.egui_ctx, config)) as Box<dyn eframe::App>)
    };
    eframe::run_native("testcard", options, Box::new(start))
        .map_err(|error| anyhow::anyhow!("{WITHOUT_WINDOW}{}", reason(&error.to_string())))
}
