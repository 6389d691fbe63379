//! What the user keeps of presets: favourites, those used last, and presets of their own.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::{
    draft::Draft,
    expectation::Expectation,
    form_defaults::FormDefaults,
    kept_draft::KeptDraft,
    mask,
    presets::{self, Preset, PresetKey},
};

/// How many presets are remembered as used last.
const RECENTS: usize = 10;

/// A preset of the user.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPreset {
    pub id: u64,
    pub name: String,
    pub draft: KeptDraft,
    pub expects: Option<Expectation>,
}

impl OwnPreset {
    fn preset(&self) -> Preset {
        Preset::of_own(self.id, &self.name, &self.draft.to_draft(true), self.expects.as_ref())
    }
}

/// What the user keeps of presets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    pub favourites: Vec<PresetKey>,
    /// Used last, the newest first.
    pub recents: Vec<PresetKey>,
    pub own: Vec<OwnPreset>,
}

impl Library {
    /// The presets of the user as they are shown, newest first.
    pub fn own_presets(&self) -> Vec<Preset> {
        let mut own: Vec<&OwnPreset> = self.own.iter().collect();
        own.sort_by_key(|own| Reverse(own.id));
        own.into_iter().map(OwnPreset::preset).collect()
    }

    /// A preset by its key.
    pub fn preset(&self, key: &PresetKey) -> Option<Preset> {
        match key {
            PresetKey::Own(id) => self.own(*id).map(OwnPreset::preset),
            _ => presets::all().iter().find(|preset| preset.key == *key).cloned(),
        }
    }

    pub fn own(&self, id: u64) -> Option<&OwnPreset> {
        self.own.iter().find(|own| own.id == id)
    }

    pub fn is_favourite(&self, key: &PresetKey) -> bool {
        self.favourites.contains(key)
    }

    pub fn toggle_favourite(&mut self, key: &PresetKey) {
        if self.is_favourite(key) {
            self.favourites.retain(|known| known != key);
        } else {
            self.favourites.push(key.clone());
        }
    }

    /// Remembers a preset as used.
    pub fn note_use(&mut self, key: &PresetKey) {
        self.recents.retain(|known| known != key);
        self.recents.insert(0, key.clone());
        self.recents.truncate(RECENTS);
    }

    /// Keeps a draft under a name; one of that name is replaced. A number in the name is masked.
    pub fn save(&mut self, name: &str, draft: &Draft, expects: Option<Expectation>) -> PresetKey {
        let name = mask::text(name.trim());
        let same = self.own.iter().find(|own| own.name == name).map(|own| own.id);
        let id = same.unwrap_or_else(|| self.free_id());
        self.own.retain(|own| own.id != id);
        self.own.push(OwnPreset { id, name, draft: KeptDraft::of(draft).0, expects });
        PresetKey::Own(id)
    }

    pub fn rename(&mut self, id: u64, name: &str) {
        if let Some(own) = self.own.iter_mut().find(|own| own.id == id) {
            own.name = mask::text(name.trim());
        }
    }

    /// Takes a preset away; gives it, so that it can come back.
    pub fn delete(&mut self, id: u64) -> Option<OwnPreset> {
        let place = self.own.iter().position(|own| own.id == id)?;
        let key = PresetKey::Own(id);
        self.favourites.retain(|known| *known != key);
        self.recents.retain(|known| *known != key);
        Some(self.own.remove(place))
    }

    /// Brings a deleted preset back, under another number if its own was given away.
    pub fn restore(&mut self, preset: OwnPreset) {
        let is_taken = self.own(preset.id).is_some();
        let id = if is_taken { self.free_id() } else { preset.id };
        self.own.push(OwnPreset { id, ..preset });
    }

    fn free_id(&self) -> u64 {
        self.own.iter().map(|own| own.id).max().unwrap_or_default() + 1
    }

    /// The form with a preset in it, and what is then expected. Name and address of the form stay where the preset has
    /// none of its own.
    pub fn fill(
        &self,
        key: &PresetKey,
        draft: &Draft,
        defaults: &FormDefaults,
        today: Date,
    ) -> Option<(Draft, Option<Expectation>)> {
        let PresetKey::Own(id) = key else {
            return presets::fill(key, draft, defaults, today).map(|(filled, expects)| (filled, Some(expects)));
        };
        let own = self.own(*id)?;
        Some((own.draft.to_draft(true), own.expects.clone()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn recents_are_few_and_each_stands_once() {
        let mut library = Library::default();
        for preset in presets::all().iter().take(12).chain(presets::all().iter().take(1)) {
            library.note_use(&preset.key);
        }
        assert_eq!(library.recents.len(), RECENTS);
        assert_eq!(library.recents[0], presets::all()[0].key);
        assert_eq!(library.recents.iter().filter(|key| **key == presets::all()[0].key).count(), 1);
    }

    #[test]
    fn an_own_preset_is_saved_renamed_found_and_deleted() {
        let mut library = Library::default();
        let today = date(2030, 1, 15);
        let (draft, expects) =
            library.fill(&presets::all()[0].key, &Draft::default(), &FormDefaults::default(), today).unwrap();
        let key = library.save(" Short code 4539578763621486 ", &draft, expects.clone());
        library.toggle_favourite(&key);
        assert_eq!(library.own_presets()[0].name, "Short code 453957******1486");
        library.save("Short code 453957******1486", &draft, expects);
        assert_eq!(library.own.len(), 1, "one of a name");
        library.rename(1, "Other");
        assert_eq!(library.own_presets()[0].outcome, "fails at token: invalid_cvc");
        // The code was not kept.
        assert_eq!(
            library.fill(&key, &Draft::default(), &FormDefaults::default(), today).unwrap().0.cvc.expose(),
            "123"
        );
        let deleted = library.delete(1).unwrap();
        assert_eq!(library.delete(1), None);
        assert_eq!(library, Library::default());
        library.restore(deleted.clone());
        library.restore(deleted);
        assert_eq!(library.own.iter().map(|own| own.id).collect::<Vec<_>>(), [1, 2]);
    }
}
