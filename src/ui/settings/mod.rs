//! The settings dialog: pages over one set of fields as typed, which are taken together by Save.

mod key;
mod pages;
mod profiles;
mod typed;

use std::path::PathBuf;

use egui::{Context, Id, Label, RichText, ScrollArea, Ui};
use jiff::Timestamp;

use self::{
    key::CheckState,
    typed::{Edited, Fault, FieldName},
};
use super::{
    action::Action,
    icons,
    shortcuts::LocalKey,
    theme,
    theme::Tokens,
    widgets::{PrimaryButton, QuietButton, TabBar, Tone, ends_ui, modal_ui, paint, scroll_ui},
};
use crate::{
    domain::settings::{key_check::KeyCheck, preferences::Settings, profile::ProfileId},
    messages::{JobId, JobRequest},
    model::Model,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Profiles,
    Minter,
    Form,
    Window,
    Files,
}

const PAGES: [(Page, &str); 5] = [
    (Page::Profiles, "Profiles and Stripe API"),
    (Page::Minter, "Local minter"),
    (Page::Form, "Form defaults"),
    (Page::Window, "Window"),
    (Page::Files, "Files"),
];

/// How far the dialog is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Editing,
    /// The files that are named are looked at before the settings are taken.
    Saving,
    /// To close was asked for while something was changed.
    Leaving,
}

/// The state of the open dialog: the settings as typed, and what was told about them.
#[derive(Debug)]
pub struct SettingsState {
    page: Page,
    initial: Edited,
    edited: Edited,
    /// The profile that is shown.
    chosen: ProfileId,
    /// Whether its deletion is asked about.
    is_deleting: bool,
    check: CheckState,
    /// Whether what the check found is to be brought into view.
    shows_check: bool,
    /// A file that was found to be no certificate when the settings were to be saved.
    refused: Option<Fault>,
    /// Why the settings were not saved, where no field is at fault.
    problem: Option<String>,
    stage: Stage,
    /// The profile whose key was asked for last.
    looked_at: Option<ProfileId>,
    /// What gets the focus in the next frame.
    focus: Option<Id>,
    /// The zoom of the frame before: the zoom keys work while the dialog is open.
    zoom: Option<f32>,
}

impl SettingsState {
    pub fn new(settings: &Settings) -> Self {
        let edited = Edited::of(settings);
        let chosen = settings.profiles.active().id;
        Self {
            page: Page::default(),
            initial: edited.clone(),
            edited,
            chosen,
            is_deleting: false,
            check: CheckState::default(),
            shows_check: false,
            refused: None,
            problem: None,
            stage: Stage::default(),
            looked_at: None,
            focus: Some(profiles::row_id(chosen)),
            zoom: None,
        }
    }

    /// With the focus where a key is entered.
    pub fn at_key(settings: &Settings) -> Self {
        Self { focus: Some(profiles::field_id(FieldName::Key)), ..Self::new(settings) }
    }

    /// The file of certificates of a profile was found to be none: nothing was changed.
    pub fn refuse_certificate(&mut self, profile: ProfileId, words: String) {
        self.stage = Stage::Editing;
        self.refused = Some(Fault { profile: Some(profile), field: FieldName::CaFile, words });
        self.show_first_fault();
    }

    /// The settings were not saved.
    pub fn fail(&mut self, problem: String) {
        self.stage = Stage::Editing;
        self.problem = Some(problem);
    }

    /// A check has begun.
    pub fn begin_check(&mut self, job: JobId) {
        self.check = CheckState::Running(Some(job));
    }

    /// What came of the check of a profile's key.
    pub fn end_check(&mut self, profile: ProfileId, outcome: Result<Box<KeyCheck>, String>) {
        self.shows_check = true;
        self.check = match outcome {
            Ok(check) => CheckState::Done(profile, check),
            Err(message) => CheckState::Failed(profile, message),
        };
    }

    fn choose(&mut self, profile: ProfileId) {
        self.chosen = profile;
        self.is_deleting = false;
    }

    fn initial_lacks(&self, profile: ProfileId) -> bool {
        !self.initial.profiles.iter().any(|known| known.id == profile)
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.edited.faults();
        faults.extend(self.refused.clone());
        faults
    }

    fn faults_of(&self, profile: ProfileId) -> Vec<Fault> {
        self.faults().into_iter().filter(|fault| fault.profile == Some(profile)).collect()
    }

    fn faults_of_no_profile(&self) -> Vec<Fault> {
        self.faults().into_iter().filter(|fault| fault.profile.is_none()).collect()
    }

    fn show_first_fault(&mut self) {
        if let Some(fault) = self.faults().first() {
            self.page = match fault.field {
                _ if fault.profile.is_some() => Page::Profiles,
                FieldName::LogCalls | FieldName::LogMegabytes => Page::Files,
                _ => Page::Form,
            };
            if let Some(profile) = fault.profile {
                self.choose(profile);
            }
            self.focus = Some(profiles::field_id(fault.field));
        }
    }

    fn save(&mut self, rest: &Settings, actions: &mut Vec<Action>) {
        self.problem = None;
        self.stage = Stage::Editing;
        match self.edited.meant(rest).filter(|_| self.refused.is_none()) {
            Some(settings) => {
                self.stage = Stage::Saving;
                let (settings, keys) = (Box::new(settings), self.edited.keys());
                actions.push(Action::Run(JobRequest::SaveSettings { settings, keys }));
            }
            None => self.show_first_fault(),
        }
    }
}

/// A folder or a file that the program keeps something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    pub name: &'static str,
    pub path: PathBuf,
    pub note: &'static str,
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct SettingsContext<'a> {
    pub settings: &'a Settings,
    pub model: &'a Model,
    pub places: &'a [FilePlace],
    pub now: Timestamp,
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn settings_ui(
    ctx: &Context,
    state: &mut SettingsState,
    about: &SettingsContext<'_>,
    actions: &mut Vec<Action>,
) -> bool {
    follow_zoom(ctx, state);
    let is_known = about.model.key(state.chosen).is_some() || state.initial_lacks(state.chosen);
    if !is_known && state.looked_at != Some(state.chosen) {
        state.looked_at = Some(state.chosen);
        actions.push(Action::LookAtKey(state.chosen));
    }
    let mut is_discarded = false;
    let room = ctx.content_rect().size();
    let modal = modal_ui(ctx, "settings", "Settings", 820.0, |ui| {
        let clip = ui.clip_rect();
        ui.set_clip_rect(clip.intersect(ui.max_rect().expand2(egui::vec2(6.0, 6.0))));
        ui.add(TabBar::new("Settings", &mut state.page, &PAGES));
        ui.set_clip_rect(clip);
        ui.add_space(10.0);
        let height = (room.y - 216.0).clamp(200.0, 640.0);
        ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            page_ui(ui, state, about, actions);
        });
        ui.add_space(10.0);
        is_discarded = foot_ui(ui, state, about, actions);
    });
    if let Some(focus) = state.focus.take() {
        ctx.memory_mut(|memory| memory.request_focus(focus));
    }
    if modal.should_close && state.edited != state.initial && state.stage != Stage::Leaving {
        state.stage = Stage::Leaving;
        return true;
    }
    !(modal.should_close && state.edited == state.initial || is_discarded)
}

/// The zoom keys go on working: what they set is what is edited.
fn follow_zoom(ctx: &Context, state: &mut SettingsState) {
    let zoom = ctx.zoom_factor();
    if state.zoom.is_some_and(|before| (before - zoom).abs() > f32::EPSILON) {
        state.edited.window.zoom = zoom;
        state.initial.window.zoom = zoom;
    }
    state.zoom = Some(zoom);
}

/// Room for the focus rings and for the scroll bar beside the fields.
fn page_frame() -> egui::Frame {
    egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 16, top: 2, bottom: 6 })
}

fn page_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) {
    if state.page == Page::Profiles {
        return profiles::profiles_ui(ui, state, about, actions);
    }
    let area = ScrollArea::vertical().id_salt(state.page as usize).auto_shrink(false);
    scroll_ui(ui, "the settings", area, |ui| {
        page_frame().show(ui, |ui| {
            ui.set_max_width(600.0);
            ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
            match state.page {
                Page::Profiles => {}
                Page::Minter => pages::minter_ui(ui, &mut state.edited.policies),
                Page::Form => pages::form_ui(ui, state),
                Page::Window => pages::window_ui(ui, state),
                Page::Files => pages::files_ui(ui, state, about, actions),
            }
        });
    });
}

/// The foot, which stays in view: what stands in the way, and the ways out. True when the changes are given up.
fn foot_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) -> bool {
    let faults = state.faults();
    let is_changed = state.edited != state.initial;
    let told = match (&state.problem, faults.as_slice()) {
        (Some(problem), _) => Some((Tone::Error, problem.clone())),
        (None, []) if state.stage == Stage::Leaving => {
            Some((Tone::Warn, "Something was changed and not saved".to_owned()))
        }
        (None, []) => None,
        (None, [fault]) => Some((Tone::Error, fault_words(state, fault))),
        (None, [fault, others @ ..]) => {
            Some((Tone::Error, format!("{}, and {} more", fault_words(state, fault), others.len())))
        }
    };
    let mut is_discarded = false;
    let mut is_saved = ui.input_mut(|input| LocalKey::Submit.is_pressed(input));
    ends_ui(
        ui,
        theme::CONTROL_HEIGHT,
        |ui| {
            if let Some((tone, words)) = &told {
                told_ui(ui, *tone, words);
            }
        },
        |ui| {
            let (leave, needs_care) =
                if is_changed { ("Discard changes", state.stage == Stage::Leaving) } else { ("Close", false) };
            let button = QuietButton::new(leave).tall();
            is_discarded = ui.add(if needs_care { button.danger() } else { button }).clicked();
            if state.stage == Stage::Leaving && ui.add(QuietButton::new("Keep editing").tall()).clicked() {
                state.stage = Stage::Editing;
            }
            let label = if state.stage == Stage::Saving { "Saving…" } else { "Save" };
            let save = PrimaryButton::new(label).keys(LocalKey::Submit.cap()).width(132.0);
            is_saved |= ui.add_enabled(state.stage != Stage::Saving, save).clicked();
        },
    );
    if is_saved && state.stage != Stage::Saving {
        state.save(about.settings, actions);
    }
    is_discarded
}

fn fault_words(state: &SettingsState, fault: &Fault) -> String {
    match fault.profile {
        Some(profile) if state.edited.profiles.len() > 1 => {
            let name = state.edited.profiles[state.edited.place_of(profile)].name.trim();
            // A name may be what is wrong: it is not repeated when it is a key.
            format!("{} of {} is not right", fault.field.label(), crate::domain::mask::text(name))
        }
        _ => format!("{} is not right", fault.field.label()),
    }
}

fn told_ui(ui: &mut Ui, tone: Tone, words: &str) {
    let t = Tokens::of(ui);
    let builder = egui::UiBuilder::new().accessibility_role(egui::Role::Status).accessibility_label(words.to_owned());
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.horizontal(|ui| {
            let (place, _) = ui.allocate_exact_size(egui::vec2(15.0, 17.0), egui::Sense::hover());
            let glyph = tone.icon().glyph().to_string();
            let icon = paint::line(ui, &glyph, icons::font(15.0), tone.color(t), f32::INFINITY);
            paint::galley_center(ui.painter(), icon, place.center());
            ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(tone.color(t))).truncate());
        });
    });
}

fn heading_ui(ui: &mut Ui, words: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(words).font(theme::semibold(theme::BODY_SIZE)));
}

/// A quiet sentence that explains.
fn sentence_ui(ui: &mut Ui, words: &str) {
    if !words.is_empty() {
        ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(Tokens::of(ui).subdued)).wrap());
    }
}
