//! The state of the open settings dialog, and what it is drawn with.

use std::path::PathBuf;

use egui::Id;
use jiff::Timestamp;

use super::{
    parts::{field_id, row_id},
    typed::{FieldFault, FieldName, TypedSettings},
};
use crate::{
    domain::{
        mask,
        settings::{key_check::KeyCheck, preferences::Settings, profile::ProfileId, stripe::StripeField},
        typed_path::{PathBase, typed_path},
    },
    messages::{JobId, JobRequest},
    model::WindowModel,
    ui::{Action, leaving::LeaveGuard, retention::TypedRule},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SettingsPage {
    #[default]
    Profiles,
    Minter,
    Form,
    Window,
    Files,
}

pub(super) const PAGES: [(SettingsPage, &str); 5] = [
    (SettingsPage::Profiles, "Profiles and Stripe API"),
    (SettingsPage::Minter, "Local minter"),
    (SettingsPage::Form, "Form defaults"),
    (SettingsPage::Window, "Window"),
    (SettingsPage::Files, "Files"),
];

/// How far the dialog is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DialogStage {
    #[default]
    Editing,
    /// The files that are named are looked at before the settings are taken.
    Saving,
}

/// The state of the open dialog: the settings as typed, and what was told about them.
#[derive(Debug)]
pub struct SettingsState {
    pub(super) page: SettingsPage,
    pub(super) initial: TypedSettings,
    pub(super) edited: TypedSettings,
    /// The profile that is shown.
    pub(super) chosen: ProfileId,
    /// The rule of what is kept that is to be added.
    pub(super) rule: TypedRule,
    /// Whether its deletion is asked about.
    pub(super) is_deleting: bool,
    pub(super) check: CheckState,
    /// Whether what the check found is to be brought into view.
    pub(super) shows_check: bool,
    /// A file that was found to be no certificate when the settings were to be saved.
    pub(super) refused: Option<FieldFault>,
    /// Why the settings were not saved, where no field is at fault.
    pub(super) problem: Option<String>,
    pub(super) stage: DialogStage,
    pub(super) leaving: LeaveGuard,
    /// What is being saved: more may be typed until it is.
    sent: Option<TypedSettings>,
    /// The profile whose key was asked for last.
    pub(super) looked_at: Option<ProfileId>,
    /// What gets the focus in the next frame.
    pub(super) focus: Option<Id>,
    /// The zoom that was set before this frame: the zoom keys work while the dialog is open.
    pub(super) zoom: Option<f32>,
}

impl SettingsState {
    pub fn new(settings: &Settings) -> Self {
        let edited = TypedSettings::of(settings);
        let chosen = settings.profiles.active().id;
        Self {
            page: SettingsPage::default(),
            initial: edited.clone(),
            edited,
            chosen,
            rule: TypedRule::default(),
            is_deleting: false,
            check: CheckState::default(),
            shows_check: false,
            refused: None,
            problem: None,
            stage: DialogStage::default(),
            leaving: LeaveGuard::default(),
            sent: None,
            looked_at: None,
            focus: Some(row_id(chosen)),
            zoom: None,
        }
    }

    /// With the focus where a key is entered.
    pub fn at_key(settings: &Settings) -> Self {
        Self { focus: Some(field_id(FieldName::Key)), ..Self::new(settings) }
    }

    /// Shows that the file of certificates of a profile cannot be used. Nothing was saved.
    pub fn refuse_certificate(&mut self, profile: ProfileId, words: String) {
        self.stage = DialogStage::Editing;
        self.refused =
            Some(FieldFault { profile: Some(profile), field: FieldName::Stripe(StripeField::CaFile), words });
        self.show_first_fault();
    }

    /// Whether something was changed that is not saved.
    pub fn is_unsaved(&self) -> bool {
        self.edited != self.initial
    }

    /// Takes notice that what was sent is saved; true when that is everything, and the dialog can be closed.
    pub fn is_saved(&mut self) -> bool {
        self.stage = DialogStage::Editing;
        if let Some(sent) = self.sent.take() {
            self.initial = sent;
        }
        !self.is_unsaved()
    }

    /// Shows why the settings were not saved, where no field is at fault.
    pub fn fail(&mut self, problem: String) {
        self.stage = DialogStage::Editing;
        self.problem = Some(problem);
    }

    /// Shows that a check of a key is on its way.
    pub fn begin_check(&mut self, job: JobId) {
        self.check = CheckState::Running(Some(job));
    }

    /// Shows what came of the check of a profile's key.
    pub fn end_check(&mut self, profile: ProfileId, outcome: Result<Box<KeyCheck>, String>) {
        self.shows_check = true;
        self.check = match outcome {
            Ok(check) => CheckState::Done(profile, check),
            Err(message) => CheckState::Failed(profile, message),
        };
    }

    pub(super) fn choose(&mut self, profile: ProfileId) {
        self.chosen = profile;
        self.is_deleting = false;
    }

    pub(super) fn initial_lacks(&self, profile: ProfileId) -> bool {
        !self.initial.profiles.iter().any(|known| known.id == profile)
    }

    pub(super) fn faults(&self) -> Vec<FieldFault> {
        let mut faults = self.edited.faults();
        faults.extend(self.refused.clone());
        faults
    }

    pub(super) fn faults_of(&self, profile: ProfileId) -> Vec<FieldFault> {
        self.faults().into_iter().filter(|fault| fault.profile == Some(profile)).collect()
    }

    pub(super) fn faults_of_no_profile(&self) -> Vec<FieldFault> {
        self.faults().into_iter().filter(|fault| fault.profile.is_none()).collect()
    }

    pub(super) fn show_first_fault(&mut self) {
        if let Some(fault) = self.faults().first() {
            self.page = match fault.field {
                _ if fault.profile.is_some() => SettingsPage::Profiles,
                FieldName::LogCalls | FieldName::LogMegabytes => SettingsPage::Files,
                _ => SettingsPage::Form,
            };
            if let Some(profile) = fault.profile {
                self.choose(profile);
            }
            self.focus = Some(field_id(fault.field));
        }
    }

    /// Writes out the paths that were typed: what is saved means the same wherever the program is started.
    pub(super) fn resolve_paths(&mut self, base: &PathBase) {
        for profile in &mut self.edited.profiles {
            let text = profile.text_mut(StripeField::CaFile);
            if text.trim().is_empty() || !mask::is_whole(text) {
                continue;
            }
            match typed_path(text, base) {
                Ok(path) => *text = path.display().to_string(),
                Err(fault) => {
                    let (field, words) = (FieldName::Stripe(StripeField::CaFile), fault.to_string());
                    self.refused = Some(FieldFault { profile: Some(profile.id), field, words });
                }
            }
        }
    }

    pub(super) fn save(&mut self, rest: &Settings, base: &PathBase, actions: &mut Vec<Action>) {
        self.problem = None;
        self.resolve_paths(base);
        self.stage = DialogStage::Editing;
        match self.edited.to_settings(rest).filter(|_| self.refused.is_none()) {
            Some(settings) => {
                self.stage = DialogStage::Saving;
                self.sent = Some(self.edited.clone());
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
    pub model: &'a WindowModel,
    pub places: &'a [FilePlace],
    /// What a typed path is read against.
    pub paths: &'a PathBase,
    pub now: Timestamp,
}

/// How far the check of a key is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum CheckState {
    #[default]
    Idle,
    /// Asked for; the job is known once it has begun.
    Running(Option<JobId>),
    Done(ProfileId, Box<KeyCheck>),
    /// There was nothing to check, or it was stopped, and why.
    Failed(ProfileId, String),
}

impl CheckState {
    /// Drops what was found, for the fields that it was about were changed.
    pub(super) fn outdate(&mut self) {
        if !matches!(self, Self::Running(_)) {
            *self = Self::Idle;
        }
    }
}
