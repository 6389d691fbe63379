//! The bar above the panes and the line below them.

use egui::{Label, Popup, Rect, RichText, Role, Sense, StrokeKind, Ui, WidgetInfo, accesskit::Live, pos2, vec2};

use super::{
    action::{Action, PaletteScope},
    icons,
    shortcuts::Shortcut,
    text::missing_fonts,
    theme,
    theme::DesignTokens,
    widgets::{
        IconButton, MarkedRow, QuietButton, SegmentedControl, Tone, chip::grouped, ends_ui, key_cap_ui, logo_ui,
        marked_row, paint, pill_ui,
    },
    words,
};
use crate::{
    domain::{
        call::api::Target,
        foreign,
        settings::{
            preferences::{Settings, ThemeChoice},
            profile::{ProfileColor, ProfileList},
        },
    },
    messages::{KeyInfo, KeyOrigin, ServerInfo},
    model::{StorageState, WindowModel},
};

/// What the bar at the top is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct BarContext<'a> {
    pub settings: &'a Settings,
    /// The key of the profile in use, once it was looked at.
    pub key: Option<&'a KeyInfo>,
    pub server: &'a ServerInfo,
    /// How many rules let the server go wrong.
    pub faults: usize,
}

/// Draws the bar at the top.
pub fn top_bar_ui(ui: &mut Ui, about: &BarContext<'_>, actions: &mut Vec<Action>) {
    let BarContext { settings, key, .. } = *about;
    let is_narrow = ui.available_width() < 1060.0;
    let is_wide = ui.available_width() > 1240.0;
    // Both ends are drawn by closures that live at once.
    let mut of_left = Vec::new();
    ends_ui(
        ui,
        theme::CONTROL_HEIGHT,
        |ui| {
            logo_ui(ui, 20.0);
            if !is_narrow {
                ui.label(RichText::new("Testcard").font(theme::semibold(theme::BODY_SIZE)));
                ui.add_space(4.0);
            }
            profile_switch_ui(ui, &settings.profiles, &mut of_left);
            let mut target = settings.target();
            let targets = [(Target::Local, "Local minter"), (Target::Stripe, "Stripe API")];
            if ui.add(SegmentedControl::new("Target", &mut target, &targets)).changed() {
                of_left.push(Action::SetTarget(target));
            }
            server_pill_ui(ui, about, is_narrow, &mut of_left);
            if settings.target() == Target::Stripe {
                key_ui(ui, settings, key, is_narrow, &mut of_left);
            }
        },
        |ui| {
            let words = if is_wide { "Search actions and test cards" } else { "Search" };
            let search = ui.add(QuietButton::new(words).icon(icons::SEARCH));
            if search.on_hover_text(Shortcut::Palette.tip("Search actions and test cards")).clicked() {
                actions.push(Action::OpenPalette(PaletteScope::Everything));
            }
            if !is_narrow {
                key_cap_ui(ui, Shortcut::Palette.keys());
            }
            ui.add_space(4.0);
            theme_ui(ui, actions);
            if ui.add(IconButton::new(icons::SETTINGS, "Settings").keys(Shortcut::Settings.keys())).clicked() {
                actions.push(Action::Do(Shortcut::Settings));
            }
        },
    );
    actions.append(&mut of_left);
    if settings.profiles.iter().len() > 1 {
        paint_profile_line(ui, settings.profiles.active().color);
    }
}

/// Paints a line in the colour of the profile in use under the whole bar, where there are several profiles: a call with
/// the wrong one is made quickly.
fn paint_profile_line(ui: &Ui, color: ProfileColor) {
    let bar = ui.min_rect();
    let line = Rect::from_x_y_ranges(ui.ctx().content_rect().x_range(), bar.bottom() + 4.0..=bar.bottom() + 6.0);
    let painter = ui.painter().with_clip_rect(line);
    painter.rect_filled(line, 0, DesignTokens::of(ui).profile(color));
}

/// The profile in use, and a menu of all.
fn profile_switch_ui(ui: &mut Ui, profiles: &ProfileList, actions: &mut Vec<Action>) {
    const NAME: f32 = 130.0;
    let t = DesignTokens::of(ui);
    let active = profiles.active();
    let name = paint::line(ui, &active.name, theme::semibold(theme::BODY_SIZE), t.text, NAME);
    let size = vec2(name.size().x + 52.0, theme::BUTTON_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let label = format!("Profile {}", foreign::label(&active.name));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &label));
    let menu = Popup::default_response_id(&response);
    let is_open = Popup::is_id_open(ui.ctx(), menu);
    ui.accesskit_node_builder(response.id, |node| {
        node.set_description(format!("Answered by {}", active.place()));
        node.set_expanded(is_open);
    });
    let raised = response.hovered() || is_open;
    let fill = if raised { t.raised_hover } else { t.raised };
    ui.painter().rect(rect, theme::RADIUS, fill, t.field_stroke(), StrokeKind::Inside);
    marked_row::mark(ui, pos2(rect.left() + 16.0, rect.center().y), t.profile(active.color));
    paint::galley_left(ui.painter(), name, rect.left() + 28.0, rect.center().y);
    let chevron = icons::CHEVRON_DOWN.glyph().to_string();
    let chevron = paint::line(ui, &chevron, icons::font(13.0), t.subdued, f32::INFINITY);
    paint::galley_center(ui.painter(), chevron, pos2(rect.right() - 14.0, rect.center().y));
    if response.has_focus() {
        paint::button_focus_ring(ui, rect, theme::RADIUS);
    }
    let response = response.on_hover_text(foreign::block(&format!("{label}: {}", active.place())));
    let is_opened = response.clicked() && !is_open;
    Popup::menu(&response).width(260.0).show(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for profile in profiles.iter() {
            let is_active = profile.id == active.id;
            let place = profile.place();
            let row = MarkedRow::new(t.profile(profile.color), &profile.name).note(&place).in_menu();
            let row = ui.add(row.selected(is_active).checked(is_active));
            if is_active && is_opened {
                row.request_focus();
            }
            if row.clicked() {
                actions.push(Action::SetProfile(profile.id));
                response.request_focus();
                ui.close();
            }
        }
        ui.separator();
        if ui.add(QuietButton::new("Manage profiles…").icon(icons::SETTINGS)).clicked() {
            actions.push(Action::Do(Shortcut::Settings));
            ui.close();
        }
    });
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
    let mut is_clicked = response.on_hover_text(Shortcut::Server.tip("The loopback server")).clicked();
    if about.faults > 0 {
        let mark = pill_ui(ui, Tone::Warn, &words::faults(about.faults));
        is_clicked |= mark.on_hover_text("The server goes wrong on purpose").clicked();
    }
    if is_clicked {
        actions.push(Action::Do(Shortcut::Server));
    }
}

/// Which key the real API is called with, and where.
fn key_ui(ui: &mut Ui, settings: &Settings, key: Option<&KeyInfo>, is_narrow: bool, actions: &mut Vec<Action>) {
    if let Some(fault) = settings.stripe().fault() {
        let words = format!("No calls leave: {}", fault.place);
        if pill_ui(ui, Tone::Error, &words).on_hover_text(format!("Could not be read: {fault}")).clicked() {
            actions.push(Action::Do(Shortcut::Settings));
        }
        return;
    }
    let host = settings.stripe().base_url.host();
    let Some(key) = key else {
        pill_ui(ui, Tone::Info, &host);
        return;
    };
    let (tone, words) = match (key.origin, key.kind) {
        (KeyOrigin::Missing, _) | (_, None) => (Tone::Warn, "No API key".to_owned()),
        (KeyOrigin::Environment, Some(kind)) => (Tone::Ok, format!("{host} · {} from the environment", kind.label())),
        (KeyOrigin::Keyring, Some(kind)) => (Tone::Ok, format!("{host} · {} from the keyring", kind.label())),
        (KeyOrigin::Session, Some(kind)) => (Tone::Ok, format!("{host} · {} for this session", kind.label())),
    };
    let mut is_clicked = pill_ui(ui, tone, &words).on_hover_text("Opens the settings of the key").clicked();
    if tone == Tone::Warn && !is_narrow {
        is_clicked |= ui.add(QuietButton::new("Enter a key…")).clicked();
    }
    if is_clicked {
        actions.push(Action::EnterKey);
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
pub fn status_bar_ui(ui: &mut Ui, model: &WindowModel) {
    if let Some(words) = missing_fonts::notice(ui.ctx()) {
        return missing_fonts_ui(ui, &words);
    }
    let t = DesignTokens::of(ui);
    let small = |text: String| RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued);
    let counts = &model.history.counts;
    let saved = match &model.storage {
        StorageState::Opening => "History: opening…".to_owned(),
        StorageState::Open(Some(folder)) => format!("History: saved in {}", folder.display()),
        StorageState::Open(None) => "History: in memory only".to_owned(),
        StorageState::Unusable(_) => "History: cannot be opened".to_owned(),
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
            if let Some(running) = &model.runs.running {
                ui.label(small(words::run_progress(running)));
                ui.add_space(8.0);
            }
            ui.label(small(tally));
            ui.add_space(8.0);
            ui.add(Label::new(small(saved)).truncate());
        },
        |ui| ui.label(small("Test mode only: live keys are refused".to_owned())),
    );
}

/// In place of the line at the bottom, for as long as signs are shown that have no font.
fn missing_fonts_ui(ui: &mut Ui, words: &str) {
    let color = Tone::Warn.color(DesignTokens::of(ui));
    ui.horizontal(|ui| {
        ui.set_min_height(16.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.spacing_mut().interact_size.y = 0.0;
        let (icon, _) = ui.allocate_exact_size(vec2(13.0, 15.0), Sense::hover());
        let glyph = paint::line(ui, &Tone::Warn.icon().glyph().to_string(), icons::font(13.0), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, icon.center());
        let label = ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(color)).truncate());
        ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
    });
}
