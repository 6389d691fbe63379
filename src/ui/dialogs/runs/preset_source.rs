//! The list of a new run as presets: built-in ones and the user's own, mixed as they are chosen.

use egui::Ui;

use super::pick_list::{PickChange, PickGroup, PickItems, PickListState, pick_list_ui};
use crate::domain::{
    presets::{catalog, library::PresetLibrary, preset::PresetKey},
    run::list::ListPart,
};

/// Presets as they are chosen.
#[derive(Debug, Default)]
pub(super) struct PresetSource {
    items: PickItems,
    /// The revision of the library that the items are of.
    revision: Option<u64>,
    chosen: Vec<bool>,
    /// In the order of choosing.
    keys: Vec<PresetKey>,
    parts: Vec<ListPart>,
    list: PickListState,
}

impl PresetSource {
    pub(super) fn take_focus(&mut self) {
        self.list.take_focus();
    }

    /// What is chosen, in its order.
    pub(super) fn parts(&self) -> &[ListPart] {
        &self.parts
    }

    /// Takes the presets as the library has them; whether what is chosen is something else then.
    pub(super) fn follow(&mut self, library: &PresetLibrary, revision: u64) -> bool {
        if self.revision == Some(revision) {
            return false;
        }
        self.revision = Some(revision);
        let items: Vec<_> = library.own_presets().into_iter().chain(catalog::all().iter().cloned()).collect();
        let group = |name: &str, is_member: &dyn Fn(&PresetKey) -> bool| {
            let members: Vec<usize> = (0..items.len()).filter(|place| is_member(&items[*place].key)).collect();
            (!members.is_empty()).then(|| PickGroup { name: name.to_owned(), members })
        };
        let mut groups = Vec::new();
        groups.extend(group("Yours", &|key| matches!(key, PresetKey::Own(_))));
        for tag in library.tags() {
            let has_tag = |id: u64| library.own(id).is_some_and(|own| own.tags.iter().any(|known| known == tag));
            groups.extend(group(&format!("#{tag}"), &|key| matches!(key, PresetKey::Own(id) if has_tag(*id))));
        }
        groups.extend(group("Favourites", &|key| library.is_favourite(key)));
        groups.extend(group("Wrong on purpose", &|key| matches!(key, PresetKey::Made(_))));
        groups.extend(group("Test cards", &|key| matches!(key, PresetKey::Card(_))));
        self.items = PickItems { items, groups, revision };
        self.keys.retain(|key| library.preset(key).is_some());
        self.chosen = self.items.items.iter().map(|item| self.keys.contains(&item.key)).collect();
        let before = std::mem::take(&mut self.parts);
        self.parts = self.keys.iter().filter_map(|key| ListPart::of_preset(key, library)).collect();
        self.parts != before
    }

    /// Draws the list; whether something else is chosen.
    pub(super) fn ui(&mut self, ui: &mut Ui, library: &PresetLibrary) -> bool {
        let rows = if ui.ctx().content_rect().height() < 700.0 { 6 } else { 11 };
        let Some(change) = pick_list_ui(ui, "presets", &mut self.list, &self.items, &self.chosen, rows) else {
            return false;
        };
        self.choose(&change, library);
        true
    }

    fn choose(&mut self, change: &PickChange, library: &PresetLibrary) {
        change.apply(&mut self.chosen);
        let chosen: Vec<&PresetKey> = self
            .items
            .items
            .iter()
            .zip(&self.chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(item, _)| &item.key)
            .collect();
        self.keys.retain(|key| chosen.contains(&key));
        let new: Vec<PresetKey> = chosen.into_iter().filter(|key| !self.keys.contains(key)).cloned().collect();
        self.keys.extend(new);
        self.parts = self.keys.iter().filter_map(|key| ListPart::of_preset(key, library)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{form::draft::Draft, run::list::RunList};

    #[test]
    fn presets_are_mixed_in_the_order_of_choosing_and_follow_the_library() {
        let mut library = PresetLibrary::default();
        library.save("Nightly", &Draft { number: "4000000000009995".into(), ..Draft::default() }, None, 7);
        library.tag(7, vec!["smoke".to_owned()]);
        let mut source = PresetSource::default();
        assert!(!source.follow(&library, 1));
        let names: Vec<&str> = source.items.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["Yours", "#smoke", "Wrong on purpose", "Test cards"]);
        source.choose(&PickChange::Toggle(5), &library);
        source.choose(&PickChange::Toggle(0), &library);
        let cards = |source: &PresetSource| {
            let list = RunList { parts: source.parts().to_vec(), ..RunList::default() };
            list.rows().map(|row| row.unwrap().card()).collect::<Vec<_>>()
        };
        assert_eq!(cards(&source).len(), 2);
        assert!(cards(&source)[1].starts_with("4000 0000 0000 9995"), "{:?}", cards(&source));
        library.delete(7);
        assert!(source.follow(&library, 2), "what is gone is not chosen any more");
        assert_eq!((cards(&source).len(), source.chosen.iter().filter(|chosen| **chosen).count()), (1, 1));
    }
}
