//! The bar above the panes and the line below them.

use egui::{Label, RichText, Ui};

use super::{
    action::Action,
    icons,
    palette::Scope,
    server::faults_words,
    theme,
    theme::Tokens,
    widgets::{IconButton, QuietButton, Segmented, Tone, chip::grouped, key_cap_ui, logo_ui, pill_ui},
};
use crate::{
    domain::{
        api::Target,
        settings::{Settings, ThemeChoice},
    },
    messages::{KeyInfo, KeyOrigin, ServerInfo},
    model::{Model, Storage},
};

/// What the bar at the top is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct BarContext<'a> {
    pub settings: &'a Settings,
    pub key: &'a KeyInfo,
    pub server: &'a ServerInfo,
    /// How many rules let the server go wrong.
    pub faults: usize,
}

/// Draws the bar at the top.
pub fn top_bar_ui(ui: &mut Ui, about: &BarContext<'_>, actions: &mut Vec<Action>) {
    let BarContext { settings, key, .. } = *about;
    let is_narrow = ui.available_width() < 1060.0;
    // Both ends are drawn by closures that live at once.
    let mut of_left = Vec::new();
    egui::Sides::new().height(theme::CONTROL_HEIGHT).shrink_left().truncate().show(
        ui,
        |ui| {
            logo_ui(ui, 20.0);
            ui.label(RichText::new("Testcard").font(theme::semibold(theme::BODY_SIZE)));
            ui.add_space(4.0);
            let mut target = settings.target();
            let targets = [(Target::Local, "Local minter"), (Target::Stripe, "Stripe API")];
            if ui.add(Segmented::new("Target", &mut target, &targets)).changed() {
                of_left.push(Action::SetTarget(target));
            }
            server_pill_ui(ui, about, is_narrow, &mut of_left);
            if settings.target() == Target::Stripe {
                key_ui(ui, settings, key, &mut of_left);
            }
        },
        |ui| {
            if ui.add(IconButton::new(icons::SETTINGS, "Settings").keys("Ctrl ,")).clicked() {
                actions.push(Action::OpenSettings);
            }
            theme_ui(ui, actions);
            ui.add_space(4.0);
            if !is_narrow {
                key_cap_ui(ui, "Ctrl K");
            }
            if ui.add(QuietButton::new("Search").icon(icons::SEARCH)).clicked() {
                actions.push(Action::OpenPalette(Scope::Everything));
            }
        },
    );
    actions.append(&mut of_left);
}

/// Whether the server runs, and whether it goes wrong on purpose.
fn server_pill_ui(ui: &mut Ui, about: &BarContext<'_>, is_narrow: bool, actions: &mut Vec<Action>) {
    let response = match about.server {
        ServerInfo::Off => ui.add(QuietButton::new("Serve…").icon(icons::SERVER)),
        ServerInfo::On { address, .. } if is_narrow => {
            let port = address.rsplit(':').next().unwrap_or_default();
            pill_ui(ui, Tone::Ok, &format!("Serving :{port}"))
        }
        ServerInfo::On { address, .. } => pill_ui(ui, Tone::Ok, &format!("Serving {address}")),
        ServerInfo::Failed { .. } => pill_ui(ui, Tone::Warn, "Not serving"),
    };
    let mut is_clicked = response.on_hover_text("The loopback server (Ctrl+Shift+S)").clicked();
    if about.faults > 0 {
        let mark = pill_ui(ui, Tone::Warn, &faults_words(about.faults));
        is_clicked |= mark.on_hover_text("The server goes wrong on purpose").clicked();
    }
    if is_clicked {
        actions.push(Action::OpenServer);
    }
}

/// Which key the real API is called with, and where.
fn key_ui(ui: &mut Ui, settings: &Settings, key: &KeyInfo, actions: &mut Vec<Action>) {
    let host = settings.stripe().base_url.host();
    let (tone, words) = match (key.origin, key.kind) {
        (KeyOrigin::Missing, _) | (_, None) => (Tone::Warn, "No API key".to_owned()),
        (KeyOrigin::Environment, Some(kind)) => (Tone::Ok, format!("{host} · {} from the environment", kind.label())),
        (KeyOrigin::Keyring, Some(kind)) => (Tone::Ok, format!("{host} · {} from the keyring", kind.label())),
        (KeyOrigin::Session, Some(kind)) => (Tone::Ok, format!("{host} · {} for this session", kind.label())),
    };
    pill_ui(ui, tone, &words);
    if tone == Tone::Warn && ui.add(QuietButton::new("Enter a key…")).clicked() {
        actions.push(Action::OpenSettings);
    }
}

fn theme_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    let is_dark = ui.visuals().dark_mode;
    let (icon, name, next) = if is_dark {
        (icons::SUN, "Light theme", ThemeChoice::Light)
    } else {
        (icons::MOON, "Dark theme", ThemeChoice::Dark)
    };
    if ui.add(IconButton::new(icon, name)).clicked() {
        actions.push(Action::SetTheme(next));
    }
}

/// Draws the line at the bottom.
pub fn status_bar_ui(ui: &mut Ui, model: &Model) {
    let t = Tokens::of(ui);
    let small = |text: String| RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued);
    let counts = &model.history.counts;
    let saved = match &model.storage {
        Storage::Opening => "History: opening…".to_owned(),
        Storage::Open(Some(folder)) => format!("History: saved in {}", folder.display()),
        Storage::Open(None) => "History: in memory only".to_owned(),
        Storage::Unusable(_) => "History: cannot be opened".to_owned(),
    };
    let tally = format!(
        "{} unused · {} used · {} failed",
        grouped(counts.unused),
        grouped(counts.used),
        grouped(counts.failed)
    );
    egui::Sides::new().height(16.0).shrink_left().truncate().show(
        ui,
        |ui| {
            ui.label(small(tally));
            ui.add_space(8.0);
            ui.add(Label::new(small(saved)).truncate());
        },
        |ui| ui.label(small("Test mode only: live keys are refused".to_owned())),
    );
}
