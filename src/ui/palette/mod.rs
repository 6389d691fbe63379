//! The command palette: what should happen, every test card and every action, by typing.

pub mod commands;
mod found;
mod rows;

use egui::{Context, Id, Key, Modifiers, RichText, ScrollArea, Sense, Ui, accesskit::Live, vec2};

use self::{
    commands::PaletteCommand,
    found::{PaletteItem, PaletteSection, PaletteSource, find},
    rows::{COMMAND_HEIGHT, DETAIL_HEIGHT, HEAD_HEIGHT, ItemAction, PRESET_HEIGHT},
};

use super::{
    action::{Action, PaletteScope, PresetAction},
    shortcuts::LocalKey,
    theme,
    theme::DesignTokens,
    widgets::{
        SegmentedControl, TextInput, caret::lead_to, context_menu_ui, empty_state_ui, field::text_edit_ui, modal_ui,
        name_bars, row_by_key,
    },
};
use crate::domain::{
    foreign,
    presets::{
        library::PresetLibrary,
        preset::{Preset, PresetKey},
        search::SearchQuery,
    },
};

/// The state of the open palette.
#[derive(Debug, Default)]
pub struct PaletteState {
    words: String,
    scope: PaletteScope,
    /// The place of the marked item among all that can be chosen.
    marked: usize,
    is_started: bool,
    /// The commands as they were when the palette was opened.
    commands: Vec<PaletteCommand>,
    found: Option<FoundItems>,
}

impl PaletteState {
    pub fn new(scope: PaletteScope, commands: Vec<PaletteCommand>) -> Self {
        Self { scope, commands, ..Self::default() }
    }
}

/// What the palette is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct PaletteContext<'a> {
    pub library: &'a PresetLibrary,
    /// Counts the changes of the library.
    pub revision: u64,
    /// Whether the id of a new token is copied, as the settings have it.
    pub copies_id: bool,
}

/// What was found, and where each line lies: worked out once for what is typed, not in each frame.
#[derive(Debug)]
struct FoundItems {
    words: String,
    scope: PaletteScope,
    /// The revision of the library that was searched.
    revision: u64,
    own: Vec<Preset>,
    lines: Vec<PaletteLine>,
    items: Vec<PaletteItem>,
    height: f32,
}

/// A line of the list.
#[derive(Debug)]
struct PaletteLine {
    top: f32,
    height: f32,
    kind: LineKind,
}

#[derive(Clone, Copy, Debug)]
enum LineKind {
    Head(&'static str),
    /// The place of the item.
    Item(usize),
}

impl FoundItems {
    fn of(state: &PaletteState, about: &PaletteContext<'_>) -> Self {
        let own = about.library.own_presets();
        let shelf = PaletteSource { library: about.library, own: &own, commands: &state.commands };
        let mut found = Self {
            words: state.words.clone(),
            scope: state.scope,
            revision: about.revision,
            lines: Vec::new(),
            items: Vec::new(),
            height: 0.0,
            own: Vec::new(),
        };
        for PaletteSection { title, items } in find(&SearchQuery::new(&state.words), state.scope, &shelf) {
            found.add(HEAD_HEIGHT, LineKind::Head(title));
            for item in items {
                let height = if matches!(item, PaletteItem::Command(_)) { COMMAND_HEIGHT } else { PRESET_HEIGHT };
                found.add(height, LineKind::Item(found.items.len()));
                found.items.push(item);
            }
        }
        Self { own, ..found }
    }

    fn add(&mut self, height: f32, kind: LineKind) {
        self.lines.push(PaletteLine { top: self.height, height, kind });
        self.height += height;
    }

    fn is_of(&self, state: &PaletteState, about: &PaletteContext<'_>) -> bool {
        self.words == state.words && self.scope == state.scope && self.revision == about.revision
    }

    fn preset(&self, item: PaletteItem) -> Option<&Preset> {
        match item {
            PaletteItem::Brought(preset) => Some(preset),
            PaletteItem::Own(place) => self.own.get(place),
            PaletteItem::Command(_) => None,
        }
    }

    /// The line of an item.
    fn line_of(&self, place: usize) -> Option<&PaletteLine> {
        self.lines.iter().find(|line| matches!(line.kind, LineKind::Item(known) if known == place))
    }
}

/// Draws the palette over the window; `false` when it is to be closed.
pub fn palette_ui(
    ctx: &Context,
    state: &mut PaletteState,
    about: &PaletteContext<'_>,
    actions: &mut Vec<Action>,
) -> bool {
    let mut is_done = false;
    let modal = modal_ui(ctx, "palette", "Search actions and test cards", 760.0, |ui| {
        // Before the fields take the keys.
        let mut asked = asked_by_key(ui);
        let mut is_moved = move_mark(ui, state);
        head_ui(ui, state);
        let found = match state.found.take().filter(|found| found.is_of(state, about)) {
            Some(found) => found,
            None => {
                is_moved = true;
                FoundItems::of(state, about)
            }
        };
        state.marked = state.marked.min(found.items.len().saturating_sub(1));
        ui.add_space(4.0);
        let height = (ui.ctx().content_rect().height() - 200.0 - DETAIL_HEIGHT).clamp(150.0, 480.0);
        let clicked = list_ui(ui, state, &found, about, height, is_moved);
        asked = asked.or(clicked);
        ui.add_space(8.0);
        let marked = found.items.get(state.marked).copied();
        asked = detail_ui(ui, marked, &found, &state.commands, about).or(asked);
        if let (Some(item), Some(asked)) = (marked, asked) {
            is_done = carry_out(item, asked, &found, &state.commands, actions);
        }
        state.found = Some(found);
    });
    !(is_done || modal.should_close)
}

/// Does what was asked of an item; `true` when the palette is to be closed.
fn carry_out(
    item: PaletteItem,
    asked: ItemAction,
    found: &FoundItems,
    commands: &[PaletteCommand],
    actions: &mut Vec<Action>,
) -> bool {
    let key = found.preset(item).map(|preset| preset.key.clone());
    match (asked, key, item) {
        (ItemAction::Run, None, PaletteItem::Command(place)) => {
            actions.push(commands[place].action.clone());
            true
        }
        (ItemAction::Run | ItemAction::Fill, Some(key), _) => {
            actions.push(Action::Preset(PresetAction::Use { key, creates: asked == ItemAction::Run }));
            true
        }
        (ItemAction::Favourite, Some(key), _) => {
            actions.push(Action::Preset(PresetAction::ToggleFavourite(key)));
            false
        }
        (ItemAction::Rename, Some(PresetKey::Own(id)), _) => {
            actions.push(Action::Preset(PresetAction::Open(id)));
            true
        }
        _ => false,
    }
}

fn asked_by_key(ui: &Ui) -> Option<ItemAction> {
    const KEYS: [(LocalKey, ItemAction); 4] = [
        // Before Enter alone, which fits with Ctrl too.
        (LocalKey::Submit, ItemAction::Fill),
        (LocalKey::Confirm, ItemAction::Run),
        (LocalKey::Favourite, ItemAction::Favourite),
        (LocalKey::EditPreset, ItemAction::Rename),
    ];
    // Enter on a button presses the button.
    let is_typing = ui.memory(|memory| memory.focused().is_none_or(|id| id == search_id()));
    let mut keys =
        KEYS.into_iter().filter(|(key, _)| is_typing || !matches!(key, LocalKey::Submit | LocalKey::Confirm));
    keys.find(|(key, _)| ui.input_mut(|input| key.is_pressed(input))).map(|(_, asked)| asked)
}

fn search_id() -> Id {
    Id::unique("palette_search")
}

fn head_ui(ui: &mut Ui, state: &mut PaletteState) {
    let mut scope = state.scope;
    let scopes = [
        (PaletteScope::Everything, "Everything"),
        (PaletteScope::Outcomes, "Outcomes and cards"),
        (PaletteScope::Actions, "Actions"),
    ];
    egui::Sides::new().height(theme::CONTROL_HEIGHT).shrink_left().show(
        ui,
        |ui| {
            let edit = TextInput::singleline(&mut state.words)
                .words()
                .hint_text("What should happen? Try insufficient, 3155, or export")
                .id(search_id());
            let response = text_edit_ui(ui, edit, false, None).response.response;
            let response = response.accessible_name("Search actions and test cards");
            if !state.is_started {
                state.is_started = true;
                lead_to(ui.ctx(), response.id);
            }
            if response.changed() {
                state.marked = 0;
            }
        },
        |ui| {
            ui.add(SegmentedControl::new("Search in", &mut scope, &scopes));
        },
    );
    if scope != state.scope {
        (state.scope, state.marked) = (scope, 0);
    }
}

/// Moves the mark by the keys that do not move the caret of the search field; `true` when it moved.
fn move_mark(ui: &Ui, state: &mut PaletteState) -> bool {
    const PAGE: usize = 7;
    let before = state.marked;
    let count = state.found.as_ref().map_or(0, |found| found.items.len());
    let target = ui.input_mut(|input| {
        // Home and End alone belong to the caret of the search field.
        let modifiers = |key| if matches!(key, Key::Home | Key::End) { Modifiers::COMMAND } else { Modifiers::NONE };
        row_by_key(|key| input.consume_key(modifiers(key), key), Some(before), count, PAGE)
    });
    state.marked = target.unwrap_or(before);
    state.marked != before
}

/// Draws the list. A click marks a preset and runs a command; a double click runs both.
fn list_ui(
    ui: &mut Ui,
    state: &mut PaletteState,
    found: &FoundItems,
    about: &PaletteContext<'_>,
    height: f32,
    is_moved: bool,
) -> Option<ItemAction> {
    if found.items.is_empty() {
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            // Before the words: a least size is counted from where the next thing would stand.
            ui.set_min_size(vec2(ui.available_width(), height));
            let words = "Type less, or a part of a number, a name, a country, an error code or an action";
            empty_state_ui(ui, "Nothing of this kind", words);
        });
        return None;
    }
    let mut asked = None;
    let mut area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
    if let Some(line) = found.line_of(state.marked).filter(|_| is_moved) {
        // Keep the marked line in the middle of what is seen.
        area = area.vertical_scroll_offset((line.top - (height - line.height) / 2.0).max(0.0));
    }
    let shown = area.show_viewport(ui, |ui, view| {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), found.height), Sense::hover());
        let first = found.lines.partition_point(|line| line.top + line.height < view.top());
        for line in found.lines[first..].iter().take_while(|line| line.top < view.bottom()) {
            let place = egui::Rect::from_x_y_ranges(
                rect.x_range(),
                rect.top() + line.top..=rect.top() + line.top + line.height,
            );
            match line.kind {
                LineKind::Head(title) => rows::head_ui(ui, place, title),
                LineKind::Item(item) => {
                    let is_marked = item == state.marked;
                    let response = match found.items[item] {
                        PaletteItem::Command(command) => {
                            rows::command_ui(ui, place, &state.commands[command], item, is_marked)
                        }
                        shown => {
                            let preset = found.preset(shown).expect("all others are presets");
                            let is_favourite = about.library.is_favourite(&preset.key);
                            rows::preset_ui(ui, place, preset, item, (is_favourite, is_marked))
                        }
                    };
                    if response.clicked() {
                        let is_command = matches!(found.items[item], PaletteItem::Command(_));
                        asked = (is_command || response.double_clicked()).then_some(ItemAction::Run);
                        state.marked = item;
                    }
                    if response.secondary_clicked() {
                        state.marked = item;
                    }
                    let preset = found.preset(found.items[item]);
                    context_menu_ui(ui, &response, search_id(), None, |menu| match preset {
                        Some(preset) => {
                            let is_favourite = about.library.is_favourite(&preset.key);
                            for (keys, words, what) in rows::offers(preset, is_favourite, about.copies_id) {
                                if menu.item(words, keys) {
                                    asked = Some(what);
                                }
                            }
                        }
                        None => {
                            if menu.item("Do it", LocalKey::Confirm.keys()) {
                                asked = Some(ItemAction::Run);
                            }
                        }
                    });
                }
            }
        }
    });
    name_bars(ui, "what was found", &shown);
    asked
}

/// Draws what is marked in full, with what can be done with it.
fn detail_ui(
    ui: &mut Ui,
    marked: Option<PaletteItem>,
    found: &FoundItems,
    commands: &[PaletteCommand],
    about: &PaletteContext<'_>,
) -> Option<ItemAction> {
    let t = DesignTokens::of(ui);
    let mut asked = None;
    ui.allocate_ui(vec2(ui.available_width(), DETAIL_HEIGHT), |ui| {
        ui.set_min_size(vec2(ui.available_width(), DETAIL_HEIGHT));
        let id = ui.unique_id();
        ui.accesskit_node_builder(id, |node| node.set_live(Live::Polite));
        match marked {
            Some(PaletteItem::Command(place)) => {
                let command = &commands[place];
                ui.add_space(6.0);
                ui.label(RichText::new(foreign::label(&command.about)).size(theme::SMALL_SIZE).color(t.subdued));
                rows::hints_ui(ui, &[(LocalKey::Confirm.keys(), "does it"), (LocalKey::Close.keys(), "closes")]);
            }
            Some(item) => {
                if let Some(preset) = found.preset(item) {
                    let is_favourite = about.library.is_favourite(&preset.key);
                    asked = rows::detail_ui(ui, preset, is_favourite, about.copies_id);
                }
            }
            None => {}
        }
    });
    asked
}
