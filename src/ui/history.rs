//! The history: a table that draws only the rows in view, with its search, its filters, and what is done to the selected.

mod cells;
mod dates;
mod marks;
mod selection;

use std::{cell::RefCell, collections::HashSet};

use egui::{Id, Key, Modifiers, RichText, Role, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Live, vec2};
use jiff::Timestamp;

use self::{
    cells::{Cell, spoken, title_of_ui},
    dates::Days,
    marks::{Marks, Open},
    selection::{MOST_CHECKED, Selection},
};
use super::{
    action::{Action, Pane, UseKind},
    icons, requests, rows,
    shortcuts::Deed,
    theme,
    theme::Tokens,
    widgets::{FilterChip, IconButton, QuietButton, Scroll, chip::grouped, empty_state_ui, ends_ui, field::search_ui},
};
use crate::{
    domain::{
        call::api::Target,
        history::{
            edit::Edit,
            entry::{Entry, EntryId, Status},
            filter::HistoryFilter,
        },
    },
    messages::{JobId, JobRequest, RefreshScope},
    model::{History, Storage},
};

/// The state of the history's view.
#[derive(Debug, Default)]
pub struct HistoryState {
    pub filter: HistoryFilter,
    days: Days,
    focus_from: bool,
    selection: Selection,
    /// The note and tags that are being written.
    marks: Option<Marks>,
    /// The rows that were asked for and are not here yet.
    asked: HashSet<EntryId>,
    /// The arrivals of rows that were seen, and the changes of the list.
    arrivals: u64,
    changes: u64,
    scroll_to: Option<EntryId>,
    focus_search: bool,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
    scroll: Scroll,
    focus_table: bool,
}

impl HistoryState {
    pub fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Puts the focus on the table, or on the search while there is none.
    pub fn focus_table(&mut self) {
        self.focus_table = true;
    }

    /// Selects an entry and brings it into view.
    pub fn show(&mut self, id: EntryId) {
        self.selection.only(id);
        self.scroll_to = Some(id);
    }

    /// The selected entries, oldest first.
    pub fn selected(&self) -> &[EntryId] {
        self.selection.ids()
    }

    /// Opens the note and tags of what is selected; `shown` is the entry in the inspector.
    pub fn annotate(&mut self, history: &History, shown: Option<&Entry>) {
        // What is being written is saved or left first.
        if let Some(marks) = self.marks.as_mut().filter(|marks| marks.is_changed()) {
            marks.focus();
            return;
        }
        if self.selection.len() > 1 {
            self.marks = Some(Marks::of_several(self.selection.ids()));
            return;
        }
        let id = self.selection.cursor().or(shown.map(|entry| entry.id));
        let entry = id.and_then(|id| history.row(id).or(shown.filter(|entry| entry.id == id)));
        if let Some(entry) = entry {
            self.marks = Some(Marks::of(entry));
        }
    }

    /// The entry that the keys move from, which the inspector shows.
    pub fn cursor(&self) -> Option<EntryId> {
        self.selection.cursor()
    }

    /// How high what stands under the table is: it must not be covered.
    pub fn foot_height(&self, is_refreshing: bool) -> f32 {
        let marks = if self.marks.is_some() { Marks::HEIGHT } else { 0.0 };
        let progress = if is_refreshing { BAR_HEIGHT } else { 0.0 };
        marks + progress
    }

    /// Learns what came of an edit.
    pub fn edited(&mut self, edit: &Edit, is_done: bool) {
        if self.marks.as_mut().is_some_and(|marks| marks.edited(edit, is_done)) {
            self.marks = None;
            self.focus_table = true;
        }
    }
}

/// A refresh on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshing {
    pub job: JobId,
    /// So many of so many, once that is known.
    pub progress: Option<(u64, u64)>,
}

/// What the history is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct HistoryContext<'a> {
    pub history: &'a History,
    pub storage: &'a Storage,
    /// How many calls the request log has to show.
    pub requests: usize,
    /// Where new tokens come from.
    pub target: Target,
    pub refreshing: Option<Refreshing>,
    pub now: Timestamp,
}

/// Draws the history.
pub fn history_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| {
        let before = state.filter.clone();
        title_ui(ui, state, ctx, actions);
        ui.add_space(4.0);
        if state.selection.len() > 1 {
            selected_ui(ui, state, ctx, actions);
        } else {
            chips_ui(ui, state, ctx);
        }
        dates::custom_ui(ui, &mut state.days, &mut state.focus_from);
        ui.add_space(4.0);
        if std::mem::replace(&mut state.changes, ctx.history.changes()) != ctx.history.changes() {
            state.selection.keep_shown(ctx.history);
        }
        let room =
            vec2(ui.available_width(), (ui.available_height() - state.foot_height(ctx.refreshing.is_some())).max(60.0));
        ui.allocate_ui(room, |ui| {
            ui.set_min_size(room);
            match ctx.storage {
                Storage::Unusable(reason) => {
                    empty_state_ui(ui, "The history cannot be opened", reason);
                }
                _ if !ctx.history.is_loaded() => {}
                _ if ctx.history.is_empty() => {
                    state.focus_search |= std::mem::take(&mut state.focus_table);
                    empty_ui(ui, state);
                }
                _ => {
                    keys_ui(ui, state, ctx, actions);
                    table_ui(ui, state, ctx, actions);
                }
            }
        });
        foot_ui(ui, state, ctx, actions);
        (state.filter.since, state.filter.until) = state.days.moments(ctx.now);
        if state.filter != before {
            // What is not shown any more is not deleted either; of so many that cannot be looked through in a frame.
            if state.selection.len() > MOST_CHECKED {
                state.selection.narrow();
            }
            state.scroll.reveal(0);
            actions.push(Action::Filter);
        }
    });
}

const BAR_HEIGHT: f32 = 42.0;

/// Draws what is under the table: how a refresh goes on, and what is written on entries.
fn foot_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    if let Some(refreshing) = ctx.refreshing {
        part_ui(ui, "Refresh", BAR_HEIGHT, |ui| progress_ui(ui, refreshing, actions));
    }
    if let Some(marks) = &mut state.marks
        && part_ui(ui, "Note and tags", Marks::HEIGHT, |ui| marks.ui(ui, actions)) == Open::Closed
    {
        state.marks = None;
        state.focus_table = true;
    }
}

/// A part of the foot with a line above it.
fn part_ui<R>(ui: &mut Ui, name: &str, height: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Tokens::of(ui).hairline());
    let builder = UiBuilder::new()
        .max_rect(rect)
        .id_salt(name)
        .accessibility_role(Role::Group)
        .accessibility_label(name.to_owned());
    ui.scope_builder(builder, add).inner
}

fn progress_ui(ui: &mut Ui, refreshing: Refreshing, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        let (share, words) = match refreshing.progress {
            Some((done, total)) => {
                (done as f32 / total.max(1) as f32, format!("Refreshing {} of {}", grouped(done), grouped(total)))
            }
            None => (0.0, "Refreshing…".to_owned()),
        };
        ui.label(RichText::new(&words).size(theme::SMALL_SIZE));
        let t = Tokens::of(ui);
        let size = vec2((ui.available_width() - 84.0).max(40.0), 6.0);
        let (track, bar) = ui.allocate_exact_size(size, Sense::hover());
        bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, "Refresh"));
        ui.accesskit_node_builder(bar.id, |node| {
            node.set_numeric_value(f64::from(share) * 100.0);
            node.set_min_numeric_value(0.0);
            node.set_max_numeric_value(100.0);
        });
        ui.painter().rect_filled(track, 3, t.border);
        ui.painter().rect_filled(track.with_max_x(track.left() + track.width() * share), 3, t.accent);
        if ui.add(QuietButton::new("Cancel")).on_hover_text("Stop asking; what was found stays").clicked() {
            actions.push(Action::Cancel(refreshing.job));
        }
    });
}

/// Draws what can be done to the selected, in the place of the chips.
fn selected_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let is_narrow = ui.available_width() < 550.0;
    let ids = state.selection.ids();
    let mut buttons = vec![
        (Pressed::Tag, icons::TAG, "Tag…", "Add tags or take them away (F2)"),
        (Pressed::Refresh, icons::REFRESH_CW, "Refresh", "Ask Stripe which of the selected were used"),
        (Pressed::Export, icons::DOWNLOAD, "Export selected…", "Write the selected entries to a JSON file"),
        (Pressed::Delete, icons::TRASH_2, "Delete", "Delete, with a way back (Delete)"),
    ];
    if ids.len() == 2 {
        buttons.insert(
            0,
            (Pressed::Compare, icons::GIT_COMPARE, "Compare", "Show what differs between the two (Ctrl+Shift+D)"),
        );
    }
    let mut pressed = None;
    let row = ui.horizontal_wrapped(|ui| {
        ui.set_min_height(theme::CHIP_HEIGHT);
        ui.spacing_mut().item_spacing.x = 6.0;
        let words = format!("{} selected", grouped(ids.len() as u64));
        let label = ui.label(RichText::new(&words).font(theme::semibold(theme::SMALL_SIZE)));
        ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
        ui.add_space(4.0);
        for (what, icon, name, tip) in buttons {
            let is_enabled = what != Pressed::Refresh || ctx.refreshing.is_none();
            let button = |ui: &mut Ui| match (is_narrow, what) {
                (true, _) => ui.add(IconButton::new(icon, name)),
                (false, Pressed::Delete) => ui.add(QuietButton::new(name).icon(icon).pill().danger()),
                // The bar above has an export too.
                (false, Pressed::Export) => ui.add(QuietButton::new("Export…").icon(icon).pill()).accessible_name(name),
                (false, _) => ui.add(QuietButton::new(name).icon(icon).pill()),
            };
            let response = ui.add_enabled_ui(is_enabled, button).inner.on_hover_text(tip);
            if response.on_disabled_hover_text("A refresh is on its way").clicked() {
                pressed = Some(what);
            }
        }
        if ui.add(IconButton::new(icons::X, "Select one entry only").keys("Esc").small()).clicked() {
            pressed = Some(Pressed::Narrow);
        }
    });
    ui.accesskit_node_builder(row.response.id, |node| {
        node.set_role(Role::Toolbar);
        node.set_label("Selected entries");
    });
    match pressed {
        None => {}
        Some(Pressed::Narrow) => state.selection.narrow(),
        Some(Pressed::Delete) => delete(state, ctx, actions),
        Some(Pressed::Export) => actions.push(Action::OpenExportOf(state.selection.ids().to_vec())),
        Some(Pressed::Refresh) => {
            actions.push(Action::Run(JobRequest::Refresh(RefreshScope::These(state.selection.ids().to_vec()))))
        }
        Some(Pressed::Tag) => state.annotate(ctx.history, None),
        Some(Pressed::Compare) => {
            if let [older, newer] = state.selection.ids() {
                actions.push(Action::Diff(*older, *newer));
            }
        }
    }
}

/// What was pressed in the bar of the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    Narrow,
    Delete,
    Export,
    Refresh,
    Tag,
    Compare,
}

/// Deletes what is selected; the keys go on beside it.
fn delete(state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    if state.selection.len() == 0 {
        return;
    }
    let heir = state.selection.heir(ctx.history);
    actions.push(Action::Edit(Edit::Delete { ids: state.selection.ids().to_vec() }));
    match heir {
        Some(id) => {
            state.show(id);
            actions.push(Action::Select(id));
        }
        None => state.selection.clear(),
    }
    state.focus_table = true;
}

fn title_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    // A narrow pane has the search on a line of its own.
    let is_narrow = ui.available_width() < 560.0;
    let mut of_left = Vec::new();
    // What the tabs and the buttons leave.
    let width = (ui.available_width() - 388.0).clamp(120.0, 230.0);
    ends_ui(
        ui,
        theme::BUTTON_HEIGHT,
        |ui| {
            requests::pane_tabs_ui(ui, Pane::History, ctx.history.counts.all(), ctx.requests, &mut of_left);
        },
        |ui| {
            if !is_narrow {
                find_ui(ui, state, width);
            }
            let export = QuietButton::new("Export…").icon(icons::DOWNLOAD);
            if ui.add(export).on_hover_text(Deed::Export.tip("Write the history to a JSON file")).clicked() {
                actions.push(Action::OpenExport);
            }
            if ctx.target == Target::Stripe {
                let words = "Ask Stripe which unused tokens were used";
                let button = IconButton::new(icons::REFRESH_CW, words);
                if ui.add_enabled(ctx.refreshing.is_none(), button).clicked() {
                    actions.push(Action::Run(JobRequest::Refresh(RefreshScope::AllUnused(Target::Stripe))));
                }
            }
        },
    );
    actions.append(&mut of_left);
    if is_narrow {
        let width = ui.available_width() - 50.0;
        find_ui(ui, state, width);
    }
}

fn find_ui(ui: &mut Ui, state: &mut HistoryState, width: f32) {
    let id = egui::Id::unique("history_search");
    let name = "Search id, card, note, #tag";
    let response = search_ui(ui, id, &mut state.filter.search, name, "", width).response.response;
    let tip = "Words in id, last4, brand, outcome, note, tags, status, source and what used a token";
    let response = response.on_hover_text(Deed::SearchHistory.tip(tip));
    if std::mem::take(&mut state.focus_search) {
        response.request_focus();
    }
}

fn chips_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>) {
    /// What the usual chips take beside the targets, and one more status.
    const USUAL: f32 = 540.0;
    const ONE_MORE: f32 = 110.0;
    let counts = &ctx.history.counts;
    let is_usual = |status| matches!(status, Status::Unused | Status::Used | Status::Failed);
    let chosen = state.filter.status;
    let shown = Status::ALL.map(|status| is_usual(status) || counts.of(status) > 0 || chosen == Some(status));
    let more = shown.iter().filter(|is_shown| **is_shown).count() - 3;
    if ui.available_width() < USUAL + ONE_MORE * more as f32 {
        ui.horizontal_wrapped(|ui| {
            statuses_ui(ui, state, ctx, shown);
            targets_ui(ui, state);
        });
        return;
    }
    let state = RefCell::new(state);
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| statuses_ui(ui, &mut state.borrow_mut(), ctx, shown),
        |ui| targets_ui(ui, &mut state.borrow_mut()),
    );
}

fn statuses_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, shown: [bool; 6]) {
    ui.spacing_mut().item_spacing.x = 6.0;
    if ui.add(FilterChip::new("All").selected(state.filter.status.is_none())).clicked() {
        state.filter.status = None;
    }
    for (status, _) in Status::ALL.into_iter().zip(shown).filter(|(_, is_shown)| *is_shown) {
        let is_selected = state.filter.status == Some(status);
        let chip = FilterChip::new(status.label()).count(ctx.history.counts.of(status)).selected(is_selected);
        if ui.add(chip).clicked() {
            state.filter.status = (!is_selected).then_some(status);
        }
    }
    dates::days_ui(ui, &mut state.days, &mut state.focus_from);
}

fn targets_ui(ui: &mut Ui, state: &mut HistoryState) {
    ui.spacing_mut().item_spacing.x = 6.0;
    for target in [Target::Local, Target::Stripe] {
        let is_selected = state.filter.target == Some(target);
        if ui.add(FilterChip::new(target.label()).selected(is_selected)).clicked() {
            state.filter.target = (!is_selected).then_some(target);
        }
    }
}

fn empty_ui(ui: &mut Ui, state: &mut HistoryState) {
    if state.filter.is_everything() {
        empty_state_ui(ui, "No tokens yet", "Press Ctrl+Enter to make one with 4242");
        return;
    }
    empty_state_ui(ui, "Nothing matches", "No token passes the search and the filters");
    ui.vertical_centered(|ui| {
        if ui.add(QuietButton::new("Show all")).clicked() {
            state.filter = HistoryFilter { sort: state.filter.sort, ..HistoryFilter::default() };
            state.days = Days::Any;
        }
    });
}

/// Moves and widens the selection by keys, and acts on it, unless a field has the focus.
fn keys_ui(ui: &Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let place = state.selection.cursor().and_then(|id| ctx.history.place_of(id));
    for how in [Modifiers::NONE, Modifiers::SHIFT, Modifiers::COMMAND] {
        let target = rows::moved(ui, table_id(), how, place, ctx.history.len(), state.scroll.in_view());
        let Some(id) = target.and_then(|place| ctx.history.id_at(place)) else { continue };
        state.scroll_to = Some(id);
        match how {
            Modifiers::SHIFT => state.selection.extend(ctx.history, id),
            Modifiers::COMMAND => state.selection.go_to(id),
            _ => state.selection.only(id),
        }
        actions.push(Action::Select(id));
    }
    if !rows::has_keys(ui, table_id()) {
        return;
    }
    let pressed = |how, key| ui.input_mut(|input| input.consume_key(how, key));
    if place.is_some() && pressed(Modifiers::NONE, Key::Enter) {
        actions.push(Action::Open);
    }
    if let Some(id) = state.selection.cursor().filter(|_| pressed(Modifiers::COMMAND, Key::Space)) {
        state.selection.toggle(id);
    }
    if pressed(Modifiers::COMMAND, Key::A) {
        state.selection.all(ctx.history);
        actions.extend(state.selection.cursor().map(Action::Select));
    }
    if state.selection.len() > 1 && pressed(Modifiers::NONE, Key::Escape) {
        state.selection.narrow();
    }
    if pressed(Modifiers::NONE, Key::Delete) {
        delete(state, ctx, actions);
    }
}

/// The table, which the focus can be put on.
fn table_id() -> Id {
    Id::unique("history_table")
}

fn table_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let cells = Cell::shown_in(ui.available_width());
    if let Some(place) = state.scroll_to.take().and_then(|id| ctx.history.place_of(id)) {
        state.scroll.reveal(place);
    }
    if std::mem::replace(&mut state.arrivals, ctx.history.arrivals()) != ctx.history.arrivals() {
        state.asked.clear();
    }
    let mut missing = Vec::new();
    let mut drawn = 0;
    let mut wish = None;
    let HistoryState { asked, selection, scroll, filter, .. } = state;
    let len = ctx.history.len();
    let table = rows::Table { id: table_id(), name: "History", cells, scroll, len };
    let head = |ui: &mut Ui, cell| title_of_ui(ui, cell, &mut filter.sort);
    let list = table.show(ui, head, |row| {
        drawn += 1;
        let Some(id) = ctx.history.id_at(row.index) else { return };
        let Some(entry) = ctx.history.row(id) else {
            row.wait();
            if asked.insert(id) {
                missing.push(id);
            }
            return;
        };
        let is_selected = selection.contains(id);
        let has_keys = selection.cursor() == Some(id);
        let response = row.begin(table_id().with(id), is_selected, has_keys, &spoken(entry, ctx.now));
        row.cells(cells, |cell, ui| cell.ui(ui, entry, ctx.now));
        if response.clicked() {
            let how = row.ui.input(|input| input.modifiers);
            if how.shift {
                selection.extend(ctx.history, id);
            } else if how.command {
                selection.toggle(id);
            } else {
                selection.only(id);
                actions.push(Action::Peek);
            }
            actions.push(Action::Select(id));
        }
        if response.secondary_clicked() && !is_selected {
            selection.only(id);
            actions.push(Action::Select(id));
        }
        let others = selection.len().saturating_sub(1);
        response.context_menu(|ui| wish = row_menu_ui(ui, entry, others, actions).or(wish));
    });
    match wish {
        Some(Pressed::Tag) => state.annotate(ctx.history, None),
        Some(Pressed::Delete) => delete(state, ctx, actions),
        _ => {}
    }
    if std::mem::take(&mut state.focus_table) {
        list.request_focus();
    }
    state.rows_drawn = drawn;
    if !missing.is_empty() {
        actions.push(Action::LoadRows(missing));
    }
}

/// What can be done to an entry; `others` are selected with it.
fn row_menu_ui(ui: &mut Ui, entry: &Entry, others: usize, actions: &mut Vec<Action>) -> Option<Pressed> {
    let mut pressed = None;
    let item = |ui: &mut Ui, name: &str, keys: &str| {
        let keys = RichText::new(keys).size(theme::SMALL_SIZE).color(Tokens::of(ui).subdued);
        ui.add(egui::Button::new(name).shortcut_text(keys)).accessible_name(name).clicked()
    };
    if others > 0 {
        if item(ui, "Tag the selected…", "F2") {
            pressed = Some(Pressed::Tag);
        }
        if item(ui, "Delete the selected", "Delete") {
            pressed = Some(Pressed::Delete);
        }
        return pressed;
    }
    if let Some(id) = &entry.token_id
        && item(ui, "Copy id", "Ctrl+I")
    {
        actions.push(Action::Copy { text: id.clone(), what: "Token id".to_owned() });
    }
    if item(ui, "Put into the form", "Ctrl+D") {
        actions.push(Action::Reuse(entry.id));
    }
    if item(ui, "Note and tags…", "F2") {
        pressed = Some(Pressed::Tag);
    }
    if entry.token_id.is_some() {
        if ui.button("Check whether it was used").clicked() {
            actions.push(Action::Retrieve(entry.id));
        }
        ui.separator();
        if ui.button("Charge…").clicked() {
            actions.push(Action::OpenUse(entry.id, UseKind::Charge));
        }
        if ui.button("Attach to a customer…").clicked() {
            actions.push(Action::OpenUse(entry.id, UseKind::Attach));
        }
    }
    ui.separator();
    if item(ui, "Delete", "Delete") {
        pressed = Some(Pressed::Delete);
    }
    pressed
}
