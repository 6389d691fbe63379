//! The user's presets as the window has them, and which state of the form is on disk.

use crate::{
    domain::presets::library::PresetLibrary,
    ui::form::{FormState, QuickPreset},
};

/// How many presets the empty form offers.
const QUICK: usize = 5;

/// The user's presets, and which state of the form is kept.
pub(super) struct PresetShelf {
    library: PresetLibrary,
    /// Counts the changes of the library.
    revision: u64,
    /// The presets that the empty form offers, looked up when the library changes and not in each frame.
    quick: Vec<QuickPreset>,
    pub(super) form: KeptRevision,
}

impl PresetShelf {
    pub(super) fn new(library: PresetLibrary, form: &FormState) -> Self {
        let quick = quick(&library);
        Self { library, revision: 0, quick, form: KeptRevision::new(form.revision()) }
    }

    pub(super) fn library(&self) -> &PresetLibrary {
        &self.library
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut PresetLibrary)) {
        change(&mut self.library);
        self.revision += 1;
        self.quick = quick(&self.library);
    }

    pub(super) fn quick(&self) -> &[QuickPreset] {
        &self.quick
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.library.own.iter().map(|own| own.name.clone()).collect()
    }
}

fn quick(library: &PresetLibrary) -> Vec<QuickPreset> {
    let recents = library.recents.iter().filter(|key| !library.is_favourite(key));
    let keys = library.favourites.iter().chain(recents);
    keys.filter_map(|key| Some((key.clone(), library.preset(key)?.name))).take(QUICK).collect()
}

/// When the form has to be kept: once typing has paused.
pub(super) struct KeptRevision {
    kept: u64,
    seen: u64,
    /// When it was last seen to change, in the window's time.
    changed_at: f64,
}

impl KeptRevision {
    const CALM_SECS: f64 = 1.0;

    pub(super) fn new(revision: u64) -> Self {
        Self { kept: revision, seen: revision, changed_at: 0.0 }
    }

    /// In how many seconds this revision has to be kept, at this moment of the window's time; `None` if it is kept. At
    /// 0.0 the caller has to keep it now: it counts as kept from then on.
    pub(super) fn due_in(&mut self, revision: u64, time: f64) -> Option<f64> {
        if revision == self.kept {
            return None;
        }
        if std::mem::replace(&mut self.seen, revision) != revision {
            self.changed_at = time;
        }
        let left = self.changed_at + Self::CALM_SECS - time;
        if left <= 0.0 {
            self.kept = revision;
        }
        Some(left.max(0.0))
    }

    pub(super) fn is_kept(&self, revision: u64) -> bool {
        self.kept == revision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_kept_once_typing_has_paused() {
        let mut kept = KeptRevision::new(0);
        for (revision, time, expected) in [
            (0, 0.0, None),
            (1, 10.0, Some(1.0)),
            (2, 10.5, Some(1.0)),
            (2, 11.0, Some(0.5)),
            (2, 11.5, Some(0.0)),
            (2, 12.0, None),
        ] {
            assert_eq!(kept.due_in(revision, time), expected, "{revision} at {time}");
        }
    }
}
