//! A list of presets of which several are chosen: searched by typing, narrowed by group, chosen by Enter.

use egui::{
    Id, Key, Label, Modifiers, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Live, vec2,
};

use crate::{
    domain::{
        foreign,
        presets::{preset::Preset, search::SearchQuery},
    },
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{
            FilterChip, QuietButton, RowScroll, VirtualRows, caret::lead_to, chip::grouped, paint, row_by_key,
            search_ui,
        },
    },
};

const ROW: f32 = 26.0;

/// What is chosen from, with the groups that narrow it.
#[derive(Debug, Default)]
pub(super) struct PickItems {
    pub(super) items: Vec<Preset>,
    pub(super) groups: Vec<PickGroup>,
    /// Counts the changes of the items.
    pub(super) revision: u64,
}

/// Items that belong together, by their places.
#[derive(Debug)]
pub(super) struct PickGroup {
    pub(super) name: String,
    pub(super) members: Vec<usize>,
}

/// What was done to what is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PickChange {
    /// Choose this one, or no longer.
    Toggle(usize),
    /// Choose all of these.
    Choose(Vec<usize>),
    /// Choose none.
    Clear,
}

impl PickChange {
    /// The places that are chosen once it is done, and those that are no longer.
    pub(super) fn apply(&self, chosen: &mut [bool]) {
        match self {
            Self::Toggle(place) => chosen[*place] = !chosen[*place],
            Self::Choose(places) => places.iter().for_each(|place| chosen[*place] = true),
            Self::Clear => chosen.fill(false),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PickFilter {
    #[default]
    All,
    Chosen,
    Group(usize),
}

/// What the items in sight were found by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FoundKey {
    search: String,
    filter: PickFilter,
    revision: u64,
    /// Where only these are shown: how many are chosen.
    chosen: Option<usize>,
}

/// What the list remembers from frame to frame.
#[derive(Debug, Default)]
pub(super) struct PickListState {
    search: String,
    filter: PickFilter,
    /// The place of the marked item among those that were found.
    marked: usize,
    found: Vec<usize>,
    key: Option<FoundKey>,
    scroll: RowScroll,
    is_focus_wanted: bool,
}

impl PickListState {
    /// Puts the focus into the search.
    pub(super) fn take_focus(&mut self) {
        self.is_focus_wanted = true;
    }

    /// Finds what is shown, if it is something else.
    fn find(&mut self, items: &PickItems, chosen: &[bool]) {
        let only_chosen = self.filter == PickFilter::Chosen;
        let key = FoundKey {
            search: self.search.clone(),
            filter: self.filter,
            revision: items.revision,
            chosen: only_chosen.then(|| count(chosen)),
        };
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let search = SearchQuery::new(&self.search);
        let rank = |place: usize| Some((items.items[place].rank(&search)?, place));
        let mut found: Vec<(u32, usize)> = match self.filter {
            PickFilter::All => (0..items.items.len()).filter_map(rank).collect(),
            PickFilter::Chosen => (0..items.items.len()).filter(|place| chosen[*place]).filter_map(rank).collect(),
            PickFilter::Group(group) => match items.groups.get(group) {
                Some(group) => group.members.iter().copied().filter_map(rank).collect(),
                None => Vec::new(),
            },
        };
        found.sort_by_key(|(rank, _)| *rank);
        self.found = found.into_iter().map(|(_, place)| place).collect();
        let is_same_search =
            self.key.as_ref().is_some_and(|known| (&known.search, known.filter) == (&key.search, key.filter));
        if !is_same_search {
            self.marked = 0;
        }
        self.marked = self.marked.min(self.found.len().saturating_sub(1));
        self.scroll.reveal(self.marked);
        self.key = Some(key);
    }
}

fn count(chosen: &[bool]) -> usize {
    chosen.iter().filter(|chosen| **chosen).count()
}

/// Draws the list with room for so many rows; gives what was done to what is chosen. `name` is what is chosen, such as
/// "cards".
pub(super) fn pick_list_ui(
    ui: &mut Ui,
    name: &'static str,
    state: &mut PickListState,
    items: &PickItems,
    chosen: &[bool],
    rows: usize,
) -> Option<PickChange> {
    let (search, list) = (Id::unique(("pick_search", name)), Id::unique(("pick_rows", name)));
    ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
    // Before the search takes them.
    let mut change = keys_ui(ui, state, search, list);
    let width = ui.available_width();
    let response = search_ui(ui, search, &mut state.search, &format!("Search {name}"), "", width).response.response;
    if std::mem::take(&mut state.is_focus_wanted) {
        lead_to(ui.ctx(), response.id);
    }
    let is_active = ui.memory(|memory| memory.has_focus(search) || memory.has_focus(list));
    filters_ui(ui, name, state, items, chosen);
    state.find(items, chosen);

    let (frame, _) = ui.allocate_exact_size(vec2(width, rows as f32 * ROW + 8.0), Sense::hover());
    let t = DesignTokens::of(ui);
    ui.painter().rect(frame, theme::RADIUS, t.input, t.field_stroke(), StrokeKind::Inside);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(frame.shrink(4.0)));
    let (found, marked) = (&state.found, state.marked);
    let drawn = VirtualRows {
        id: list,
        name,
        role: Role::ListBox,
        scroll: &mut state.scroll,
        len: found.len(),
        row_height: ROW,
    };
    let mut clicked = None;
    drawn.show(&mut inside, |ui, row, rect| {
        let place = found[row];
        let response = ui.interact(rect, list.with(place), Sense::CLICK);
        row_ui(ui, &items.items[place], &response, chosen[place], is_active && row == marked);
        if response.clicked() {
            clicked = Some(row);
        }
    });
    if state.found.is_empty() {
        let words = if state.filter == PickFilter::Chosen { "None is chosen yet" } else { "Nothing of this kind" };
        let text = paint::line(ui, words, theme::regular(theme::SMALL_SIZE), t.subdued, frame.width());
        paint::galley_center(ui.painter(), text, frame.center());
    }
    if let Some(row) = clicked {
        state.marked = row;
        change = Some(PickChange::Toggle(state.found[row]));
        ui.memory_mut(|memory| memory.request_focus(search));
    }
    foot_ui(ui, state, items, chosen).or(change)
}

/// Moves the mark and chooses by the keys, while the search or the list has the focus.
fn keys_ui(ui: &Ui, state: &mut PickListState, search: Id, list: Id) -> Option<PickChange> {
    let is_typing = ui.memory(|memory| memory.has_focus(search));
    if !is_typing && !ui.memory(|memory| memory.has_focus(list)) {
        return None;
    }
    let page = state.scroll.in_view().saturating_sub(1).max(1);
    let (count, marked) = (state.found.len(), state.marked);
    let moved = ui.input_mut(|input| {
        // Home and End alone belong to the caret of the search.
        let with = |key| match key {
            Key::Home | Key::End if is_typing => Modifiers::COMMAND,
            _ => Modifiers::NONE,
        };
        row_by_key(|key| input.consume_key(with(key), key), Some(marked), count, page)
    });
    if let Some(row) = moved {
        state.marked = row;
        state.scroll.reveal(row);
    }
    let is_chosen = ui.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Enter) || (!is_typing && input.consume_key(Modifiers::NONE, Key::Space))
    });
    let place = *state.found.get(state.marked).filter(|_| is_chosen)?;
    // On to the next, so that a few are chosen by pressing one key.
    state.marked = (state.marked + 1).min(count - 1);
    state.scroll.reveal(state.marked);
    Some(PickChange::Toggle(place))
}

fn filters_ui(ui: &mut Ui, name: &str, state: &mut PickListState, items: &PickItems, chosen: &[bool]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        let mut chip_ui = |label: &str, count: usize, filter: PickFilter| {
            let chip = FilterChip::new(label).count(count as u64).selected(state.filter == filter);
            if ui.add(chip).clicked() {
                state.filter = if state.filter == filter { PickFilter::All } else { filter };
            }
        };
        chip_ui(&format!("All {name}"), items.items.len(), PickFilter::All);
        chip_ui("Chosen", count(chosen), PickFilter::Chosen);
        for (place, group) in items.groups.iter().enumerate() {
            chip_ui(&foreign::label(&group.name), group.members.len(), PickFilter::Group(place));
        }
    });
}

/// What the mark is at and how many are chosen, said to a screen reader too, and what is done with all that are shown.
fn foot_ui(ui: &mut Ui, state: &PickListState, items: &PickItems, chosen: &[bool]) -> Option<PickChange> {
    let t = DesignTokens::of(ui);
    let mut change = None;
    ui.horizontal(|ui| {
        let open = state.found.iter().filter(|place| !chosen[**place]).count();
        let all = QuietButton::new("Choose all shown");
        if ui.add_enabled(open > 0, all).on_hover_text(format!("{} more", grouped(open as u64))).clicked() {
            change = Some(PickChange::Choose(state.found.clone()));
        }
        if ui.add_enabled(chosen.contains(&true), QuietButton::new("Choose none")).clicked() {
            change = Some(PickChange::Clear);
        }
        let at = state.found.get(state.marked).map(|place| {
            let state = if chosen[*place] { "chosen" } else { "not chosen" };
            format!(" · at {}, {state}", items.items[*place].name)
        });
        let words = format!("{} chosen{}", grouped(count(chosen) as u64), at.unwrap_or_default());
        let text = RichText::new(foreign::label(&words)).size(theme::SMALL_SIZE).color(t.subdued);
        let label = ui.add(Label::new(text).truncate());
        ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
    });
    change
}

fn row_ui(ui: &Ui, item: &Preset, response: &egui::Response, is_chosen: bool, is_marked: bool) {
    let t = DesignTokens::of(ui);
    let rect = response.rect;
    let name = match item.grouped_number.as_str() {
        "" => item.name.clone(),
        number => format!("{number}  {}", item.name),
    };
    let spoken = format!("{name}, {}", item.outcome);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_chosen, foreign::label(&spoken)));
    let painter = ui.painter();
    if is_marked || response.hovered() {
        painter.rect_filled(rect, theme::RADIUS_SMALL, if is_marked { t.selection } else { t.raised });
    }
    let side = 14.0;
    let mark = Rect::from_center_size(egui::pos2(rect.left() + 14.0, rect.center().y), vec2(side, side));
    let (fill, edge) = if is_chosen { (t.accent, t.accent) } else { (t.input, t.border_strong) };
    painter.rect(mark, 3, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    if is_chosen {
        let tick = paint::line(ui, &icons::CHECK.glyph().to_string(), icons::font(11.0), t.on_accent, f32::INFINITY);
        paint::galley_center(painter, tick, mark.center());
    }
    let left = mark.right() + 9.0;
    let room = rect.right() - left - 8.0;
    let outcome =
        paint::line(ui, &foreign::label(&item.outcome), theme::regular(theme::SMALL_SIZE), t.subdued, room * 0.45);
    let outcome = paint::galley_right(painter, outcome, rect.right() - 6.0, rect.center().y);
    let name = paint::line(
        ui,
        &foreign::label(&name),
        theme::regular(theme::SMALL_SIZE),
        t.text,
        outcome.left() - left - 10.0,
    );
    paint::galley_left(painter, name, left, rect.center().y);
}
