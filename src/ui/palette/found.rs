//! What the palette lists for what is typed, in sections and in order.

use super::commands::PaletteCommand;
use crate::{
    domain::presets::{
        catalog,
        library::PresetLibrary,
        preset::{Preset, PresetKey},
        search::{SearchQuery, is_close},
    },
    ui::action::PaletteScope,
};

/// Something that can be chosen.
#[derive(Clone, Copy, Debug)]
pub enum PaletteItem {
    /// A preset that the program brings along.
    Brought(&'static Preset),
    /// One of the user's own presets, by its place in [`PaletteSource::own`].
    Own(usize),
    /// A command, by its place in [`PaletteSource::commands`].
    Command(usize),
}

/// Items under a heading.
#[derive(Debug)]
pub struct PaletteSection {
    pub title: &'static str,
    pub items: Vec<PaletteItem>,
}

/// What is searched through.
#[derive(Clone, Copy, Debug)]
pub struct PaletteSource<'a> {
    pub library: &'a PresetLibrary,
    /// The user's own presets in the library.
    pub own: &'a [Preset],
    pub commands: &'a [PaletteCommand],
}

impl<'a> PaletteSource<'a> {
    pub fn preset(&self, item: PaletteItem) -> Option<&'a Preset> {
        match item {
            PaletteItem::Brought(preset) => Some(preset),
            PaletteItem::Own(place) => self.own.get(place),
            PaletteItem::Command(_) => None,
        }
    }

    fn item(&self, key: &PresetKey) -> Option<PaletteItem> {
        match key {
            PresetKey::Own(_) => self.own.iter().position(|preset| preset.key == *key).map(PaletteItem::Own),
            _ => catalog::all().iter().find(|preset| preset.key == *key).map(PaletteItem::Brought),
        }
    }

    fn rank(&self, item: PaletteItem, search: &SearchQuery) -> Option<u32> {
        match (item, self.preset(item)) {
            (_, Some(preset)) => preset.rank(search),
            (PaletteItem::Command(place), None) => self.commands[place].words.rank(search),
            (_, None) => None,
        }
    }
}

/// An item with its rank.
type RankedItem = (u32, PaletteItem);

/// Finds what a search in `scope` lists, in sections. Favourites and what was used last come first, as far as a word of
/// theirs is or begins with what was typed; then the section with the best match. Within a section the best match comes
/// first, and equal ones stay in the order of the table.
pub fn find(search: &SearchQuery, scope: PaletteScope, shelf: &PaletteSource<'_>) -> Vec<PaletteSection> {
    let ranked = |items: &mut dyn Iterator<Item = PaletteItem>| -> Vec<RankedItem> {
        items.filter_map(|item| Some((shelf.rank(item, search)?, item))).collect()
    };
    let mut shown: Vec<&PresetKey> = Vec::new();
    let mut sections: Vec<(&'static str, Vec<RankedItem>)> = Vec::new();
    if scope != PaletteScope::Actions {
        for (title, keys) in [("Favourites", &shelf.library.favourites), ("Recent", &shelf.library.recents)] {
            let mut items =
                ranked(&mut keys.iter().filter(|key| !shown.contains(key)).filter_map(|key| shelf.item(key)));
            items.retain(|(rank, _)| is_close(*rank));
            shown.extend(items.iter().filter_map(|(_, item)| shelf.preset(*item)).map(|preset| &preset.key));
            sections.push((title, items));
        }
    }
    let is_new = |item: &PaletteItem| shelf.preset(*item).is_none_or(|preset| !shown.contains(&&preset.key));
    let own = || (0..shelf.own.len()).map(PaletteItem::Own).filter(is_new);
    let brought = |is_card: bool| {
        let of_kind = move |preset: &&Preset| matches!(preset.key, PresetKey::Card(_)) == is_card;
        catalog::all().iter().filter(of_kind).map(PaletteItem::Brought).filter(is_new)
    };
    let commands = || (0..shelf.commands.len()).map(PaletteItem::Command);
    let mut rest: Vec<(&'static str, Vec<RankedItem>)> = Vec::new();
    if scope != PaletteScope::Actions {
        rest.push(("Your presets", ranked(&mut own())));
    }
    let actions = ("Actions", if scope == PaletteScope::Outcomes { Vec::new() } else { ranked(&mut commands()) });
    if search.is_empty() {
        // Nothing was typed: the short sections stand before the long ones, so that all are seen.
        if scope != PaletteScope::Actions {
            let often = catalog::OFTEN.iter().filter_map(|key| shelf.item(&key.parse().ok()?)).filter(is_new);
            rest.push(("Often used", often.map(|item| (0, item)).collect()));
        }
        rest.push(actions);
        if scope != PaletteScope::Actions {
            rest.push(("Wrong on purpose", ranked(&mut brought(false))));
            rest.push(("Test cards", ranked(&mut brought(true))));
        }
    } else {
        if scope != PaletteScope::Actions {
            rest.push(("Test cards", ranked(&mut brought(true))));
            rest.push(("Wrong on purpose", ranked(&mut brought(false))));
        }
        rest.push(actions);
        for (_, items) in &mut rest {
            items.sort_by_key(|(rank, _)| *rank);
        }
        rest.sort_by_key(|(_, items)| items.first().map_or(u32::MAX, |(rank, _)| *rank));
    }
    for (_, items) in &mut sections {
        items.sort_by_key(|(rank, _)| *rank);
    }
    sections.extend(rest);
    let sections = sections.into_iter().filter(|(_, items)| !items.is_empty());
    let plain = |items: Vec<RankedItem>| items.into_iter().map(|(_, item)| item).collect();
    sections.map(|(title, items)| PaletteSection { title, items: plain(items) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::commands, *};
    use crate::{
        domain::{form::draft::Draft, settings::preferences::Settings},
        messages::ServerInfo,
    };

    /// A library with a favourite, two recent ones and one of the user's own.
    fn library() -> PresetLibrary {
        let mut library = PresetLibrary::default();
        library.toggle_favourite(&"card:4000000000000002".parse().unwrap());
        library.note_use(&"card:4000008260003178".parse().unwrap());
        library.note_use(&"made:invalid_cvc".parse().unwrap());
        library.save("Nightly run", &Draft::default(), None, 0);
        library
    }

    /// The first names of each section.
    fn found(search: &str, scope: PaletteScope, library: &PresetLibrary) -> Vec<String> {
        let settings = Settings::default();
        let (server, selected) = (ServerInfo::Off, []);
        let context =
            commands::CommandContext { settings: &settings, server: &server, expects: false, selected: &selected };
        let (own, commands) = (library.own_presets(), commands::commands(&context));
        let shelf = PaletteSource { library, own: &own, commands: &commands };
        let name = |item: &PaletteItem| match (shelf.preset(*item), item) {
            (Some(preset), _) => preset.name.clone(),
            (None, PaletteItem::Command(place)) => commands[*place].name.clone(),
            (None, _) => panic!("nothing there"),
        };
        let sections = find(&SearchQuery::new(search), scope, &shelf);
        sections.iter().map(|section| format!("{}: {}", section.title, name(&section.items[0]))).collect()
    }

    #[track_caller]
    fn check(search: &str, expected: &[&str]) {
        assert_eq!(found(search, PaletteScope::Everything, &library()), expected, "{search}");
    }

    #[test]
    fn what_is_typed_decides_which_section_comes_first() {
        check("insuf", &["Recent: Insufficient funds after authentication", "Test cards: Insufficient funds decline"]);
        check("generic", &["Favourites: Generic decline", "Test cards: Decline after attaching"]);
        // "ener" stands inside of words only: a favourite is as good as any other card.
        check("ener", &["Test cards: Generic decline"]);
        check("invalid_cvc", &["Recent: CVC of two digits", "Wrong on purpose: Empty CVC"]);
        check("nightly", &["Your presets: Nightly run"]);
        check("export", &["Actions: Export…"]);
        check("dark", &["Actions: Dark theme"]);
        check("reset", &["Actions: Reset the minter"]);
        check("stripe api", &["Actions: Switch to Stripe API"]);
        check("settings", &["Actions: Settings…", "Test cards: Highest risk (blocked depending on Radar settings)"]);
        check("nothing of this kind", &[]);
    }

    #[test]
    fn without_words_everything_is_there_few_before_many() {
        let all = found("", PaletteScope::Everything, &library());
        let titles: Vec<&str> = all.iter().map(|section| section.split(": ").next().unwrap()).collect();
        let order = ["Favourites", "Recent", "Your presets", "Often used", "Actions", "Wrong on purpose", "Test cards"];
        assert_eq!(titles, order);
        assert_eq!(found("", PaletteScope::Actions, &library()), ["Actions: Create token"]);
        let outcomes = found("", PaletteScope::Outcomes, &PresetLibrary::default());
        assert_eq!(outcomes[0], "Often used: Visa");
        assert!(!outcomes.iter().any(|section| section.starts_with("Actions")));
    }

    #[test]
    fn the_same_search_finds_the_same_in_the_same_order() {
        assert_eq!(
            found("decline", PaletteScope::Everything, &library()),
            found("decline", PaletteScope::Everything, &library())
        );
    }

    #[test]
    fn nothing_stands_twice_under_a_search() {
        let library = library();
        let own = library.own_presets();
        let shelf = PaletteSource { library: &library, own: &own, commands: &[] };
        let sections = find(&SearchQuery::new("decline"), PaletteScope::Everything, &shelf);
        let keys: Vec<String> = sections
            .iter()
            .flat_map(|section| &section.items)
            .filter_map(|item| shelf.preset(*item))
            .map(|preset| preset.key.to_string())
            .collect();
        let mut once = keys.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), keys.len());
    }
}
