//! The whole window over its real background, as a test opens it, waits for it and reads it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Instant,
};

use egui::{Key, Modifiers, OutputCommand, Role};
use egui_kittest::{
    Harness, HarnessBuilder,
    kittest::{NodeT as _, Queryable as _},
};
use jiff::Timestamp;
use testcard::{
    app::{App, AppConfig, FilePlace},
    domain::{
        call::api::Target,
        clock::Clock,
        form::kept_draft::KeptForm,
        presets::library::PresetLibrary,
        settings::{
            layout::WindowLayout,
            preferences::{Settings, ThemeChoice},
            stripe::{BaseUrl, StripeSettings},
        },
        typed_path::PathBase,
        zone::LocalZone,
    },
    files::OwnFolders,
    keys::ApiKeys,
    worker::WorkerConfig,
};

use super::{
    cpu_renderer::CpuRenderer,
    hands::{input, play, press, says},
    waiting::draw_until,
};

pub type Window = Harness<'static, App>;

pub const NUMBER: &str = "Card number";
/// Some years after the moment of the tests.
pub const YEAR: i16 = 2037;

pub struct Bench {
    pub folder: Option<PathBuf>,
    pub settings: Settings,
    pub settings_file: Option<PathBuf>,
    pub places: Vec<FilePlace>,
    pub zone: LocalZone,
    pub key: Option<&'static str>,
    pub picked: Option<PathBuf>,
    pub export_folder: PathBuf,
    pub size: [f32; 2],
    pub layout: WindowLayout,
    pub layout_file: Option<PathBuf>,
    pub library: PresetLibrary,
    pub form: Option<KeptForm>,
    pub warnings: Vec<String>,
}

impl Bench {
    pub fn new() -> Self {
        let mut settings = Settings::default();
        settings.window.theme = ThemeChoice::Dark;
        Self {
            folder: None,
            settings,
            settings_file: None,
            places: Vec::new(),
            zone: LocalZone::UTC,
            key: None,
            picked: None,
            export_folder: PathBuf::from("/nowhere"),
            size: [1280.0, 1000.0],
            layout: WindowLayout::default(),
            layout_file: None,
            library: PresetLibrary::default(),
            form: None,
            warnings: Vec::new(),
        }
    }

    /// A window that calls this address for Stripe.
    pub fn stripe(url: &str) -> Self {
        let mut bench = Self::new();
        let base_url = BaseUrl::parse(url).unwrap();
        let profile = bench.settings.profiles.active_mut();
        profile.target = Target::Stripe;
        profile.stripe = StripeSettings { base_url, ..StripeSettings::default() };
        bench.key = Some("sk_test_window");
        bench
    }

    pub fn open(&self) -> Window {
        self.open_by(Harness::builder())
    }

    /// A window that pictures can be taken of.
    pub fn open_drawn(&self) -> Window {
        self.open_by(Harness::builder().renderer(CpuRenderer::default()))
    }

    /// As `settings::AppFolders` tells them.
    fn own_folders(&self) -> OwnFolders {
        let config = self.settings_file.as_ref().and_then(|file| file.parent().map(Path::to_owned));
        let notes = self.folder.as_ref().map(|data| data.join("run"));
        OwnFolders { notes, folders: self.folder.clone().into_iter().chain(config).collect() }
    }

    fn open_by(&self, builder: HarnessBuilder<App>) -> Window {
        let config = AppConfig {
            zone: self.zone.clone(),
            worker: WorkerConfig {
                folder: self.folder.clone(),
                settings: self.settings.clone(),
                settings_file: self.settings_file.clone(),
                layout_file: self.layout_file.clone(),
                own_folders: self.own_folders(),
                clock: Clock::fixed(Timestamp::from_second(1_900_000_000).unwrap()),
                keys: ApiKeys::session_only(self.key.map(str::to_owned)),
            },
            paths: PathBase {
                home: self.export_folder.parent().map(Path::to_owned),
                folder: self.export_folder.clone(),
            },
            picker: {
                let picked = self.picked.clone();
                Box::new(move |_| {
                    let picked = picked.clone();
                    Box::pin(async move { picked })
                })
            },
            places: self.places.clone(),
            warnings: self.warnings.clone(),
            layout: self.layout,
            library: self.library.clone(),
            form: self.form.clone(),
            started: Instant::now(),
        };
        let theme = match self.settings.window.theme {
            ThemeChoice::Light => egui::Theme::Light,
            ThemeChoice::Dark | ThemeChoice::System => egui::Theme::Dark,
        };
        let mut window = builder
            .with_theme(theme)
            .with_size(self.size)
            .with_max_steps(64)
            .build_eframe(|cc| App::new(&cc.egui_ctx, config));
        wait(&mut window, "the history", |window| {
            window.query_by_label_contains("History: saved").is_some()
                || window.query_by_label_contains("in memory only").is_some()
        });
        window
    }
}

/// Waits until it is so, as a person would.
#[track_caller]
pub fn wait(window: &mut Window, what: &str, is_wanted: impl Fn(&Window) -> bool) {
    draw_until(window, what, is_wanted);
    window.run_ok();
}

#[track_caller]
pub fn wait_for(window: &mut Window, words: &str) {
    wait(window, words, |window| says(window, words));
}

pub fn ctrl(window: &mut Window, key: Key) {
    press(window, Modifiers::COMMAND, key);
}

/// Presses a button of the inspector's head, which may be in its menu.
#[track_caller]
pub fn press_in_head(window: &mut Window, name: &str) {
    if window.query_by_role_and_label(Role::Button, name).is_none() {
        window.get_by_role_and_label(Role::Button, "More").click();
        window.run_ok();
    }
    window.get_by_role_and_label(Role::Button, name).click();
    window.run_ok();
}

/// What the history's rows say, newest first.
pub fn rows(window: &Window) -> Vec<String> {
    window.query_all_by_role(Role::Row).filter_map(|row| row.accesskit_node().label()).collect()
}

pub fn type_card(window: &mut Window, number: &str) {
    ctrl(window, Key::L);
    play(window, number);
    // A number that is wrong keeps the focus.
    input(window, "Expiry").focus();
    window.run_ok();
    play(window, &format!("12{}123", YEAR % 100));
}

/// What `act` copies, in its order.
pub fn copied(window: &mut Window, act: impl FnOnce(&mut Window)) -> Vec<String> {
    let texts: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&texts);
    let look = move |ui: &mut egui::Ui| {
        ui.output(|output| {
            kept.lock().unwrap().extend(output.commands.iter().filter_map(|command| match command {
                OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            }));
        });
    };
    window.ctx.on_end_pass("copied", Arc::new(look));
    act(window);
    window.run_ok();
    let texts = texts.lock().unwrap();
    texts.clone()
}

/// Makes a token of each number.
pub fn make(window: &mut Window, numbers: &[&str]) {
    for (nth, number) in numbers.iter().enumerate() {
        ctrl(window, Key::N);
        type_card(window, number);
        ctrl(window, Key::Enter);
        wait(window, "the row", |window| rows(window).len() == nth + 1);
    }
}
