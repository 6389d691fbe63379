//! The user's preset library: favourites, recently used presets, and the user's own.

use std::{cmp::Reverse, collections::BTreeSet};

use jiff::civil::Date;

use super::{
    catalog,
    preset::{Preset, PresetKey},
};
use crate::domain::{
    form::{defaults::FormDefaults, draft::Draft, kept_draft::KeptDraft},
    mask,
    rules::expectation::Expectation,
};

/// How many recently used presets are remembered.
const RECENTS: usize = 10;

/// A preset of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPreset {
    pub id: u64,
    pub name: String,
    pub draft: KeptDraft,
    pub expects: Option<Expectation>,
    /// By which several presets are run together. None is masked: one that may not be written down is left out.
    pub tags: Vec<String>,
}

impl OwnPreset {
    /// A preset as it may be stored: secrets in its name are masked, and an error about a security code is not
    /// expected, because the code is not stored.
    pub fn new(id: u64, name: &str, draft: KeptDraft, expects: Option<Expectation>) -> Self {
        let expects = expects.filter(|expects| !(draft.has_cvc() && expects.is_of_code()));
        Self { id, name: mask::text(name.trim()), draft, expects, tags: Vec::new() }
    }

    /// The preset with these tags, as far as they may be stored.
    #[must_use]
    pub fn tagged(self, tags: Vec<String>) -> Self {
        Self { tags: tags.into_iter().filter(|tag| mask::is_whole(tag)).collect(), ..self }
    }

    fn preset(&self) -> Preset {
        let tags = self.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ");
        Preset::of_own(self.id, &self.name, &self.draft.to_draft(true), self.expects.as_ref(), &tags)
    }
}

/// The user's presets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PresetLibrary {
    pub favourites: Vec<PresetKey>,
    /// Recently used presets, the latest first.
    pub recents: Vec<PresetKey>,
    pub own: Vec<OwnPreset>,
}

impl PresetLibrary {
    /// The user's own presets as they are shown, newest first.
    pub fn own_presets(&self) -> Vec<Preset> {
        let mut own: Vec<&OwnPreset> = self.own.iter().collect();
        own.sort_by_key(|own| Reverse(own.id));
        own.into_iter().map(OwnPreset::preset).collect()
    }

    /// The preset with this key.
    pub fn preset(&self, key: &PresetKey) -> Option<Preset> {
        match key {
            PresetKey::Own(id) => self.own(*id).map(OwnPreset::preset),
            _ => catalog::all().iter().find(|preset| preset.key == *key).cloned(),
        }
    }

    pub fn own(&self, id: u64) -> Option<&OwnPreset> {
        self.own.iter().find(|own| own.id == id)
    }

    /// The user's own preset of a key, `own:ID`, or of a name.
    pub fn own_named(&self, text: &str) -> Option<&OwnPreset> {
        if let Ok(PresetKey::Own(id)) = text.parse() {
            return self.own(id);
        }
        // As names are kept.
        let name = mask::text(text.trim());
        self.own.iter().find(|own| own.name == name)
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

    /// Moves a preset to the front of the recently used ones.
    pub fn note_use(&mut self, key: &PresetKey) {
        self.recents.retain(|known| known != key);
        self.recents.insert(0, key.clone());
        self.recents.truncate(RECENTS);
    }

    /// Saves a draft under a name, with secrets in the name masked. A preset with the same name is replaced. A new
    /// preset's id is `now_secs`, in Unix seconds, so that another window does not choose the same id.
    pub fn save(&mut self, name: &str, draft: &Draft, expects: Option<Expectation>, now_secs: i64) -> PresetKey {
        let name = mask::text(name.trim());
        let same = self.own.iter().find(|own| own.name == name).map(|own| own.id);
        let now_secs = u64::try_from(now_secs).unwrap_or_default();
        let id = same.unwrap_or_else(|| self.free_id().max(now_secs));
        let tags = self.own(id).map(|own| own.tags.clone()).unwrap_or_default();
        self.own.retain(|own| own.id != id);
        self.own.push(OwnPreset::new(id, &name, KeptDraft::of(draft).0, expects).tagged(tags));
        PresetKey::Own(id)
    }

    /// The tags of the user's own presets, in the order of the alphabet.
    pub fn tags(&self) -> Vec<&str> {
        let tags: BTreeSet<&str> = self.own.iter().flat_map(|own| &own.tags).map(String::as_str).collect();
        tags.into_iter().collect()
    }

    /// Sets the tags of one of the user's own presets; one that may not be stored is left out. An unknown id changes
    /// nothing.
    pub fn tag(&mut self, id: u64, tags: Vec<String>) {
        if let Some(own) = self.own.iter_mut().find(|own| own.id == id) {
            *own = own.clone().tagged(tags);
        }
    }

    /// Renames one of the user's own presets, with secrets in the name masked. An unknown id changes nothing.
    pub fn rename(&mut self, id: u64, name: &str) {
        if let Some(own) = self.own.iter_mut().find(|own| own.id == id) {
            own.name = mask::text(name.trim());
        }
    }

    /// Removes a preset, and returns it for [`Self::restore`].
    pub fn delete(&mut self, id: u64) -> Option<OwnPreset> {
        let place = self.own.iter().position(|own| own.id == id)?;
        let key = PresetKey::Own(id);
        self.favourites.retain(|known| *known != key);
        self.recents.retain(|known| *known != key);
        Some(self.own.remove(place))
    }

    /// Restores a deleted preset, under another id if its own is taken.
    pub fn restore(&mut self, preset: OwnPreset) {
        let is_taken = self.own(preset.id).is_some();
        let id = if is_taken { self.free_id() } else { preset.id };
        self.own.push(OwnPreset { id, ..preset });
    }

    /// Merges three versions: `known`, which this window loaded; `self`, which it changed since; and `kept`, the file,
    /// which other windows may have changed since. What this window added, changed or deleted wins; everything else is
    /// as the file has it.
    #[must_use]
    pub fn merged_with(&self, known: &Self, kept: &Self) -> Self {
        let own = merged(&known.own, &self.own, &kept.own, |own| own.id);
        let is_there = |key: &PresetKey| match key {
            PresetKey::Own(id) => own.iter().any(|own| own.id == *id),
            _ => true,
        };
        let mut favourites = merged(&known.favourites, &self.favourites, &kept.favourites, PresetKey::clone);
        favourites.retain(is_there);
        let used = self.used_since(known);
        let earlier = kept.recents.iter().filter(|key| !used.contains(key));
        let mut recents: Vec<PresetKey> = used.iter().chain(earlier).filter(|key| is_there(key)).cloned().collect();
        recents.truncate(RECENTS);
        Self { favourites, recents, own }
    }

    /// The presets that were used since `known`: those before the part of the list that is unchanged.
    fn used_since(&self, known: &Self) -> &[PresetKey] {
        let is_gone = |key: &PresetKey| matches!(key, PresetKey::Own(id) if self.own(*id).is_none());
        let is_rest = |at: &usize| {
            let (used, rest) = self.recents.split_at(*at);
            known.recents.iter().filter(|key| !used.contains(key) && !is_gone(key)).take(rest.len()).eq(rest)
        };
        let at = (0..self.recents.len()).find(is_rest).unwrap_or(self.recents.len());
        &self.recents[..at]
    }

    fn free_id(&self) -> u64 {
        self.own.iter().map(|own| own.id).max().unwrap_or_default() + 1
    }

    /// Fills in the form with a preset, and returns what is then expected. A built-in preset leaves name and address;
    /// one of the user's own replaces the whole form. `None` if there is no such preset.
    pub fn fill(
        &self,
        key: &PresetKey,
        draft: &Draft,
        defaults: &FormDefaults,
        today: Date,
    ) -> Option<(Draft, Option<Expectation>)> {
        let PresetKey::Own(id) = key else {
            return catalog::fill(key, draft, defaults, today).map(|(filled, expects)| (filled, Some(expects)));
        };
        let own = self.own(*id)?;
        Some((own.draft.to_draft(true), own.expects.clone()))
    }
}

/// Merges three versions of a list, as [`PresetLibrary::merged_with`] does.
fn merged<T: Clone + PartialEq, K: PartialEq>(known: &[T], ours: &[T], kept: &[T], id: impl Fn(&T) -> K) -> Vec<T> {
    let find = |list: &[T], item: &T| list.iter().find(|other| id(other) == id(item)).cloned();
    let ours_now = ours.iter().filter_map(|item| {
        let is_left_alone = find(known, item).as_ref() == Some(item);
        if is_left_alone { find(kept, item) } else { Some(item.clone()) }
    });
    let others = kept.iter().filter(|item| find(known, item).is_none() && find(ours, item).is_none());
    ours_now.chain(others.cloned()).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn recents_are_few_and_each_stands_once() {
        let mut library = PresetLibrary::default();
        for preset in catalog::all().iter().take(12).chain(catalog::all().iter().take(1)) {
            library.note_use(&preset.key);
        }
        assert_eq!(library.recents.len(), RECENTS);
        assert_eq!(library.recents[0], catalog::all()[0].key);
        assert_eq!(library.recents.iter().filter(|key| **key == catalog::all()[0].key).count(), 1);
    }

    #[test]
    fn an_own_preset_is_saved_renamed_found_and_deleted() {
        let mut library = PresetLibrary::default();
        let today = date(2030, 1, 15);
        let (draft, expects) =
            library.fill(&catalog::all()[0].key, &Draft::default(), &FormDefaults::default(), today).unwrap();
        let key = library.save(" Short code 4539578763621486 ", &draft, expects.clone(), 0);
        library.toggle_favourite(&key);
        assert_eq!(library.own_presets()[0].name, "Short code 453957******1486");
        library.save("Short code 453957******1486", &draft, expects, 0);
        assert_eq!(library.own.len(), 1, "one of a name");
        library.rename(1, "Other");
        library.tag(1, vec!["smoke".to_owned(), "4539578763621486".to_owned(), "a".to_owned()]);
        assert_eq!(library.tags(), ["a", "smoke"], "what may not be written down is no tag");
        assert!(library.own_presets()[0].about.ends_with(" · #smoke #a"), "{:?}", library.own_presets());
        // The code was not stored, so one that passes is filled in, and the error about it is not expected.
        let (filled, expects) = library.fill(&key, &Draft::default(), &FormDefaults::default(), today).unwrap();
        assert_eq!((filled.cvc.expose(), expects), ("123", None));
        let deleted = library.delete(1).unwrap();
        assert_eq!(library.delete(1), None);
        assert_eq!(library, PresetLibrary::default());
        library.restore(deleted.clone());
        library.restore(deleted);
        assert_eq!(library.own.iter().map(|own| own.id).collect::<Vec<_>>(), [1, 2]);
    }
}
