//! The history: a table that draws only the rows in view, with its search, its filters, and what is done to the
//! selected.

mod cells;
mod dates;
mod marks;
mod selection;
mod state;
mod toolbar;

use egui::{Id, Key, Modifiers, Response, RichText, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use self::{
    cells::{HistoryColumn, spoken, title_of_ui},
    dates::DayRange,
    marks::{AnnotationPanel, PanelState},
    selection::{EntrySelection, MOST_CHECKED},
    state::PROGRESS_HEIGHT,
    toolbar::{chips_ui, selected_ui, title_ui},
};
use super::{
    action::{Action, UseKind},
    shortcuts::{LocalKey, Shortcut},
    theme,
    theme::DesignTokens,
    widgets::{
        AskedByKey, MenuItems, QuietButton, chip::grouped, context_menu, context_menu_ui, empty_state_ui, table,
    },
    words, zone_in_use,
};
use crate::{
    domain::{
        evidence::EvidenceSubject,
        history::{
            edit::LastDeletion,
            entry::{EntryId, HistoryEntry},
            filter::HistoryFilter,
        },
        settings::file_format::CopyForm,
    },
    model::StorageState,
};

pub use state::{HistoryContext, HistoryState, RefreshStatus};

/// Draws the history.
pub fn history_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| {
        title_ui(ui, state, ctx, actions);
        ui.add_space(4.0);
        if state.selection.len() > 1 {
            selected_ui(ui, state, ctx, actions);
        } else {
            chips_ui(ui, state, ctx);
        }
        dates::custom_ui(ui, &mut state.days, &mut state.focus_from, ctx.now);
        ui.add_space(4.0);
        // What a list selects, or hides, is known once it is whole.
        if ctx.history.is_whole()
            && std::mem::replace(&mut state.changes, ctx.history.changes()) != ctx.history.changes()
        {
            state.selection.keep_shown(ctx.history);
            if std::mem::take(&mut state.reveals_cursor) {
                state.scroll_to = state.selection.cursor();
            }
            if std::mem::take(&mut state.selects_all) {
                state.selection.all(ctx.history);
            }
        }
        let room =
            vec2(ui.available_width(), (ui.available_height() - state.foot_height(ctx.refreshing.is_some())).max(60.0));
        ui.allocate_ui(room, |ui| {
            ui.set_min_size(room);
            match ctx.storage {
                StorageState::Unusable(reason) => {
                    empty_state_ui(ui, "The history cannot be opened", reason);
                }
                _ if !ctx.history.is_loaded() => {}
                _ if ctx.history.is_empty() && ctx.history.is_whole() => {
                    state.focus_search |= std::mem::take(&mut state.focus_table);
                    table::empty_table_ui(ui, table_id(), "History");
                    empty_ui(ui, state, ctx, actions);
                }
                _ => {
                    state.focus_table |= std::mem::take(&mut state.focus_restored);
                    keys_ui(ui, state, ctx, actions);
                    let above = ui.max_rect();
                    let height = (above.height() - state.messages_height).max(60.0);
                    let above = above.with_max_y(above.top() + height);
                    ui.scope_builder(UiBuilder::new().max_rect(above), |ui| table_ui(ui, state, ctx, actions));
                }
            }
        });
        foot_ui(ui, state, ctx, actions);
        let zone = zone_in_use::of(ui);
        (state.filter.since, state.filter.until) = state.days.moments(ctx.now, &zone);
        if state.days.goes_with_the_day()
            && let Some(midnight) = zone.next_day(ctx.now)
            && let Ok(until) = midnight.duration_since(ctx.now).try_into()
        {
            // "Today" is another day then.
            ui.request_repaint_after(until);
        }
        if state.filter != state.asked_filter {
            state.asked_filter.clone_from(&state.filter);
            state.selects_all = false;
            // Entries that the new filter hides must not stay selected, or Delete would take them along. A small
            // selection is checked against the new list; checking a large one would take longer than a frame, so it
            // ends here.
            if state.selection.len() > MOST_CHECKED {
                state.selection.narrow();
            }
            state.scroll.reveal(0);
            actions.push(Action::Filter);
        }
    });
}

/// Draws what is under the table: how a refresh goes on, and what is written on entries.
fn foot_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    if let Some(refreshing) = ctx.refreshing {
        part_ui(ui, "Refresh", PROGRESS_HEIGHT, |ui| progress_ui(ui, refreshing, actions));
    }
    if let Some(marks) = &mut state.marks
        && part_ui(ui, "Note and tags", AnnotationPanel::HEIGHT, |ui| marks.ui(ui, actions)) == PanelState::Closed
    {
        state.marks = None;
        state.focus_table = true;
    }
}

/// A part of the foot with a line above it.
fn part_ui<R>(ui: &mut Ui, name: &str, height: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, DesignTokens::of(ui).hairline());
    let builder = UiBuilder::new()
        .max_rect(rect)
        .id_salt(name)
        .accessibility_role(Role::Group)
        .accessibility_label(name.to_owned());
    ui.scope_builder(builder, add).inner
}

fn progress_ui(ui: &mut Ui, refreshing: RefreshStatus, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        let (share, words) = match refreshing.progress {
            Some((done, total)) => {
                (done as f32 / total.max(1) as f32, format!("Refreshing {} of {}", grouped(done), grouped(total)))
            }
            None => (0.0, "Refreshing…".to_owned()),
        };
        ui.label(RichText::new(&words).size(theme::SMALL_SIZE));
        let t = DesignTokens::of(ui);
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

fn empty_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    if state.filter.is_everything() {
        empty_state_ui(ui, "No tokens yet", &format!("Press {} to make one with 4242", Shortcut::Create.keys()));
        let Some(LastDeletion { when, entries }) = ctx.deletion else { return };
        ui.vertical_centered(|ui| {
            let ago = words::ago(when, ctx.now, &zone_in_use::of(ui));
            let words = format!("Bring back {}, deleted {ago}", words::entries(entries));
            let words = words.replace("deleted now", "just deleted");
            if ui.add(QuietButton::new(&words)).on_hover_text(Shortcut::Undo.tip("Undo the last deletion")).clicked() {
                actions.push(Action::Do(Shortcut::Undo));
                state.focus_restored = true;
            }
        });
        return;
    }
    empty_state_ui(ui, "Nothing matches", "No token passes the search and the filters");
    ui.vertical_centered(|ui| {
        if ui.add(QuietButton::new("Show all")).clicked() {
            state.filter = HistoryFilter { sort: state.filter.sort, ..HistoryFilter::default() };
            state.days = DayRange::Any;
        }
    });
}

/// Moves and extends the selection by keys, and acts on it, unless a field has the focus.
fn keys_ui(ui: &Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let place = state.selection.cursor().and_then(|id| ctx.history.place_of(id));
    for how in [Modifiers::NONE, Modifiers::SHIFT, Modifiers::COMMAND] {
        let target = table::moved(ui, table_id(), how, place, ctx.history.len(), state.scroll.in_view());
        let Some(id) = target.and_then(|place| ctx.history.id_at(place)) else { continue };
        state.scroll_to = Some(id);
        match how {
            Modifiers::SHIFT => state.selection.extend(ctx.history, id),
            Modifiers::COMMAND => state.selection.go_to(id),
            _ => state.selection.only(id),
        }
        actions.push(Action::Select(id));
    }
    if !table::has_keys(ui, table_id()) {
        state.menu_of = None;
        return;
    }
    let pressed = |how, key| ui.input_mut(|input| input.consume_key(how, key));
    if place.is_some() && pressed(Modifiers::NONE, Key::Enter) {
        actions.push(Action::Do(Shortcut::GoInspector));
    }
    if let Some(id) = state.selection.cursor().filter(|_| pressed(Modifiers::COMMAND, Key::Space)) {
        state.selection.toggle(id);
    }
    if pressed(Modifiers::COMMAND, Key::A) {
        state.selection.all(ctx.history);
        state.selects_all = !ctx.history.is_whole();
        actions.extend(state.selection.cursor().map(Action::Select));
    }
    if state.selection.len() > 1 && pressed(Modifiers::NONE, Key::Escape) {
        state.selection.narrow();
    }
    if pressed(Modifiers::NONE, Key::Delete) {
        state.delete_selected(ctx, actions);
    }
    // A menu opens at its row, which has to be in view. It may have to be read first.
    if context_menu::is_wanted(ui) {
        state.scroll_to = state.selection.cursor();
        state.menu_of = state.selection.cursor();
    } else if context_menu::is_forgone(ui) {
        state.menu_of = None;
    }
}

/// The id of the table, which can have the focus.
fn table_id() -> Id {
    Id::unique("history_table")
}

fn table_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let cells = HistoryColumn::shown_in(ui.available_width(), ctx.accounts.len() > 1);
    if let Some(place) = state.scroll_to.take().and_then(|id| ctx.history.place_of(id)) {
        state.scroll.reveal(place);
    }
    if std::mem::replace(&mut state.arrivals, ctx.history.arrivals()) != ctx.history.arrivals() {
        state.asked.clear();
    }
    let zone = zone_in_use::of(ui);
    let mut missing = Vec::new();
    let mut drawn = 0;
    let mut wish = None;
    let HistoryState { asked, selection, scroll, filter, menu_of, .. } = state;
    let len = ctx.history.len();
    let table = table::DataTable { id: table_id(), name: "History", cells, scroll, len };
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
        let response = row.begin(table_id().with(id), is_selected, has_keys, &spoken(entry, ctx.now, &zone));
        row.cells(cells, |cell, ui| cell.ui(ui, entry, ctx.now, &zone));
        select_by_pointer(selection, ctx, id, &response, actions);
        let by_key = menu_of.take_if(|wanted| *wanted == id && has_keys).map(|_| AskedByKey::below(response.rect));
        if by_key.is_some() {
            // The press may be of this frame.
            context_menu::is_asked(row.ui);
            // Ctrl+Up and Down go to a row that is not selected.
            select_for_menu(selection, id, actions);
        }
        let selected = selection.ids();
        context_menu_ui(row.ui, &response, table_id(), by_key, |menu| {
            wish = row_menu_ui(menu, entry, selected, actions).or(wish);
        });
    });
    match wish {
        Some(RowWish::Annotate) => state.annotate(ctx.history, None),
        Some(RowWish::Delete) => state.delete_selected(ctx, actions),
        None => {}
    }
    if std::mem::take(&mut state.focus_table) {
        list.request_focus();
    }
    state.rows_drawn = drawn;
    if !missing.is_empty() {
        actions.push(Action::LoadRows(missing));
    }
}

/// A click selects a row alone, with Shift as far as the row, with Ctrl besides the others. The menu of a row is about
/// what is selected, so a click for it selects the row as well.
fn select_by_pointer(
    selection: &mut EntrySelection,
    ctx: &HistoryContext<'_>,
    id: EntryId,
    row: &Response,
    actions: &mut Vec<Action>,
) {
    if row.clicked() {
        let how = row.ctx.input(|input| input.modifiers);
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
    if row.secondary_clicked() {
        select_for_menu(selection, id, actions);
    }
}

/// The menu of a row is about the selected rows if the row is one of several, else about the row alone: then nothing
/// else is selected or shown.
fn select_for_menu(selection: &mut EntrySelection, id: EntryId, actions: &mut Vec<Action>) {
    let is_one_of_several = selection.len() > 1 && selection.contains(id);
    let is_alone = selection.ids() == [id] && selection.cursor() == Some(id);
    if !is_one_of_several && !is_alone {
        selection.only(id);
        actions.push(Action::Select(id));
    }
}

/// What the menu of a row asks of the view itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowWish {
    /// Open the note and tags of what is selected.
    Annotate,
    /// Delete what is selected.
    Delete,
}

/// What can be done to an entry; `selected` are all that are selected with it, oldest first.
fn row_menu_ui(
    menu: &mut MenuItems<'_>,
    entry: &HistoryEntry,
    selected: &[EntryId],
    actions: &mut Vec<Action>,
) -> Option<RowWish> {
    let mut wish = None;
    let others = selected.len().saturating_sub(1);
    if others > 0 {
        if others == 1 && menu.item("Compare the two", Shortcut::Diff.keys()) {
            actions.push(Action::Do(Shortcut::Diff));
        }
        if menu.item("Tag the selected…", Shortcut::Annotate.keys()) {
            wish = Some(RowWish::Annotate);
        }
        menu.separator();
        for (words, form) in [
            ("Copy the token ids", CopyForm::Ids),
            ("Copy as a Markdown table", CopyForm::Markdown),
            ("Copy as JSON", CopyForm::Json),
            ("Copy the calls as cURL", CopyForm::Curl),
        ] {
            if menu.item(words, "") {
                // As the list shows them in its own order, newest first.
                actions.push(Action::CopyEntries(selected.iter().rev().copied().collect(), form));
            }
        }
        if menu.item("Export the selected…", "") {
            actions.push(Action::OpenExportOf(selected.to_vec()));
        }
        if menu.item("Run the selected again…", "") {
            actions.push(Action::OpenRunOf(selected.to_vec()));
        }
        if menu.item("Evidence of the selected…", "") {
            actions.push(Action::OpenEvidence(EvidenceSubject::Entries(selected.to_vec())));
        }
        menu.separator();
        if menu.item("Delete the selected", LocalKey::Delete.keys()) {
            wish = Some(RowWish::Delete);
        }
        return wish;
    }
    if let Some(id) = &entry.token_id
        && menu.item("Copy id", Shortcut::CopyId.keys())
    {
        actions.push(Action::Copy { text: id.clone(), what: "Token id".to_owned() });
    }
    if menu.item("Copy the call as cURL", Shortcut::CopyCurl.keys()) {
        actions.push(Action::CopyCurl(entry.id));
    }
    if menu.item("Copy as JSON", "") {
        actions.push(Action::CopyEntries(vec![entry.id], CopyForm::Json));
    }
    if menu.item("Copy as a Markdown table", "") {
        actions.push(Action::CopyEntries(vec![entry.id], CopyForm::Markdown));
    }
    if menu.item("Put into the form", Shortcut::Reuse.keys()) {
        actions.push(Action::Reuse(entry.id));
    }
    if menu.item("Note and tags…", Shortcut::Annotate.keys()) {
        wish = Some(RowWish::Annotate);
    }
    if menu.item("Run it again…", "") {
        actions.push(Action::OpenRunOf(vec![entry.id]));
    }
    if menu.item("Evidence…", "") {
        actions.push(Action::OpenEvidence(EvidenceSubject::Entries(vec![entry.id])));
    }
    menu.separator();
    if menu.item(&format!("Same card on {}", entry.target.other().label()), Shortcut::SameElsewhere.keys()) {
        actions.push(Action::SameElsewhere(entry.id));
    }
    if menu.item("Compare with the entry selected before", Shortcut::Diff.keys()) {
        actions.push(Action::DiffWithPrevious(entry.id));
    }
    if entry.token_id.is_some() {
        menu.separator();
        if menu.item("Check whether it was used", "") {
            actions.push(Action::Retrieve(entry.id));
        }
        if menu.item("Charge…", "") {
            actions.push(Action::OpenUse(entry.id, UseKind::Charge));
        }
        if menu.item("Attach to a customer…", "") {
            actions.push(Action::OpenUse(entry.id, UseKind::Attach));
        }
    }
    menu.separator();
    if menu.item("Delete", LocalKey::Delete.keys()) {
        wish = Some(RowWish::Delete);
    }
    wish
}
