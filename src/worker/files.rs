//! The files of a person's own, as this program last read or wrote them: settings, presets, draft, the window's place.
//! Another window may write them too.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;

use super::outbox::UpdateSender;
use crate::{
    backend::check_ca,
    domain::{
        form::kept_draft::KeptForm,
        key::ApiKey,
        presets::library::PresetLibrary,
        settings::{
            layout::WindowLayout,
            preferences::Settings,
            profile::{ProfileId, ProfileList},
        },
    },
    messages::{JobId, SettingsFault, TroubleSubject, WorkerUpdate},
    settings::{self, SettingsError, SettingsText},
};

/// How long a file that the settings name may take to be read: it may lie on a network.
const FILE_PATIENCE: Duration = Duration::from_secs(3);

/// The files of a person's own.
pub(super) struct PersonalFiles {
    /// `None` keeps settings, presets and draft nowhere.
    settings_file: Option<PathBuf>,
    layout_file: Option<PathBuf>,
    outbox: UpdateSender,
    /// The profiles as this program last read or wrote them: others in the file are somebody else's.
    known_profiles: ProfileList,
    /// The settings file as this program last read or wrote it.
    known_text: SettingsText,
    /// Whether the user knows that the file is not this program's any more.
    others_are_reported: bool,
    /// Profiles that another window deleted, as far as the user knows.
    reported_deletions: BTreeSet<ProfileId>,
    /// What could not be written when it was tried last.
    failing: BTreeSet<TroubleSubject>,
    /// The presets as this program last read or wrote them, once they were changed.
    known_library: Option<PresetLibrary>,
}

impl PersonalFiles {
    pub(super) fn new(
        settings_file: Option<PathBuf>,
        layout_file: Option<PathBuf>,
        known: &Settings,
        outbox: UpdateSender,
    ) -> Self {
        Self {
            known_text: settings_file.as_deref().map(SettingsText::read).unwrap_or_default(),
            settings_file,
            layout_file,
            outbox,
            known_profiles: known.profiles.clone(),
            others_are_reported: false,
            reported_deletions: BTreeSet::new(),
            failing: BTreeSet::new(),
            known_library: None,
        }
    }

    /// Whether there is a settings file that another window could write.
    pub(super) fn are_shared(&self) -> bool {
        self.settings_file.is_some()
    }

    /// Tells once if another window, or a person with an editor, wrote the settings file. The settings in use here
    /// stay: a window must not begin to call another account because of what happens in another one.
    pub(super) fn look_for_others(&mut self) {
        let Some(file) = &self.settings_file else { return };
        let text = SettingsText::read(file);
        if text == self.known_text {
            return;
        }
        self.known_text = text;
        if !std::mem::replace(&mut self.others_are_reported, true) {
            let message = "The settings were changed outside of this window. It goes on with its own; what it saves \
                           next takes their place, but for profiles that were added or deleted";
            self.outbox.send(WorkerUpdate::Hint { message: message.to_owned() });
        }
    }

    /// Keeps the settings; tells what goes wrong, and gives whether nothing did. Without a file nothing does.
    pub(super) fn save_settings(&mut self, settings: &Settings) -> bool {
        let Some(file) = &self.settings_file else { return true };
        match settings::save(file, &self.known_profiles, settings) {
            Ok(written) => {
                self.known_profiles = settings.profiles.clone();
                self.known_text = written.text;
                self.others_are_reported = false;
                self.mended(TroubleSubject::Settings);
                for profile in written.deleted_elsewhere {
                    if self.reported_deletions.insert(profile.id) {
                        let message = format!(
                            "The profile {} was deleted in another window: it is not saved, and is gone when this \
                             window closes",
                            profile.name
                        );
                        self.outbox.send(WorkerUpdate::Hint { message });
                    }
                }
                true
            }
            Err(error) => {
                self.failed(TroubleSubject::Settings, &error);
                false
            }
        }
    }

    /// Tells why one of the files cannot be written.
    fn failed(&mut self, about: TroubleSubject, error: &SettingsError) {
        self.failing.insert(about);
        self.outbox.send(WorkerUpdate::Trouble { about, message: Some(error.to_string()) });
    }

    /// Tells that a file is written again, if it was told that it was not.
    fn mended(&mut self, about: TroubleSubject) {
        if self.failing.remove(&about) {
            self.outbox.send(WorkerUpdate::Trouble { about, message: None });
        }
    }

    pub(super) fn save_library(&mut self, before: PresetLibrary, library: PresetLibrary) {
        let known = self.known_library.take().unwrap_or(before);
        let is_kept = self.keep(TroubleSubject::Presets, |file| {
            settings::presets::save(&settings::presets_beside(file), &known, &library)
        });
        self.known_library = Some(if is_kept { library } else { known });
    }

    /// Keeps what is in the form; an empty form leaves no file.
    pub(super) fn save_form(&mut self, form: &KeptForm) {
        self.keep(TroubleSubject::Draft, |file| settings::draft::save_or_remove(&settings::draft_beside(file), form));
    }

    /// A window that opens as at first is nothing to be told of.
    pub(super) fn save_layout(&self, layout: &WindowLayout) {
        if let Some(file) = &self.layout_file
            && let Err(error) = settings::save_layout(file, layout)
        {
            tracing::debug!(%error, "the window's place was not kept");
        }
    }

    /// Writes into the settings folder, where there is one; tells what goes wrong, and gives whether nothing did.
    fn keep(&mut self, about: TroubleSubject, write: impl FnOnce(&Path) -> Result<(), SettingsError>) -> bool {
        match self.settings_file.as_deref().map(write) {
            Some(Err(error)) => {
                self.failed(about, &error);
                false
            }
            Some(Ok(())) => {
                self.mended(about);
                true
            }
            None => true,
        }
    }
}

/// Settings that a job is to save, once the files that they name were looked at.
pub(super) struct CheckedSettings {
    pub(super) job: JobId,
    pub(super) settings: Box<Settings>,
    pub(super) keys: Vec<(ProfileId, ApiKey)>,
    pub(super) checked: Result<(), SettingsFault>,
}

/// The files of certificates that some settings name and other settings do not.
pub(super) fn new_certificates(settings: &Settings, known: &Settings) -> Vec<(ProfileId, String)> {
    let file_of = |id| known.profiles.get(id).map(|profile| profile.stripe.ca_file.as_str()).unwrap_or_default();
    let profiles = settings.profiles.iter().filter(|profile| profile.stripe.ca_file != file_of(profile.id));
    profiles.map(|profile| (profile.id, profile.stripe.ca_file.clone())).collect()
}

/// Finds out whether files of certificates can be used.
///
/// # Errors
/// The first that cannot, or that they could not be read in time.
pub(super) async fn check_certificates(files: Vec<(ProfileId, String)>) -> Result<(), SettingsFault> {
    let check = tokio::task::spawn_blocking(move || {
        files.into_iter().find_map(|(profile, path)| Some((profile, check_ca(&path).err()?.to_string())))
    });
    match timeout(FILE_PATIENCE, check).await {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some((profile, message)))) => Err(SettingsFault::Certificate { profile, message }),
        Ok(Err(_)) | Err(_) => {
            Err(SettingsFault::Other("The file of certificates could not be read in time. Check its path".to_owned()))
        }
    }
}
