//! Two entries beside each other: what differs between their calls, with what differs in every call set apart.

use std::sync::Arc;

use egui::{Color32, Label, Modifiers, RichText, Role, Sense, Ui, UiBuilder};

use super::diff_rows::{RowView, about_ui, menu_ui, narrow_lines};
use crate::{
    diff::{ComparedCall, DiffLine, DiffPart, body, compare, patch},
    domain::{
        foreign,
        history::entry::{EntryDetail, EntryId},
        json_document::JsonDocument,
        json_spans,
    },
    messages::{ComparedEntries, EntryPair},
    model::{LoadedValue, Revision},
    ui::{
        action::Action,
        background::BackgroundTask,
        icons,
        shortcuts::LocalKey,
        status_badge::status_badge_ui,
        theme::{self, DesignTokens},
        widgets::{
            AskedByKey, FilterChip, IconButton, InlineAlert, QuietButton, RowScroll, Tone, VirtualRows,
            context_menu_ui, paint, row_by_key, virtual_rows::focus_ring_ui,
        },
        words, zone_in_use,
    },
};

/// A pane from this width on has the two sides beside each other.
const WIDE: f32 = 560.0;
/// Bodies up to this size are compared within a frame.
const SMALL_BODY: usize = 64 * 1024;
/// The state of the view.
#[derive(Debug)]
pub struct DiffState {
    /// The two entries that are to be compared; `None` while nothing is compared.
    of: Option<(EntryId, EntryId)>,
    /// Shows volatile and equal places too.
    shows_all: bool,
    shows_headers: bool,
    /// The revision of the pair that the lines were made from.
    revision: Option<Revision>,
    lines: Vec<DiffLine>,
    aside: BackgroundTask<Vec<DiffLine>>,
    shown: VisibleRows,
    scroll: RowScroll,
    lines_drawn: usize,
    marked: Option<usize>,
    /// The row that was marked when the list was last drawn.
    last_marked: Option<usize>,
}

impl Default for DiffState {
    fn default() -> Self {
        Self {
            of: None,
            shows_all: false,
            shows_headers: false,
            revision: None,
            lines: Vec::new(),
            aside: BackgroundTask::new("compare"),
            shown: VisibleRows::default(),
            scroll: RowScroll::default(),
            lines_drawn: 0,
            marked: None,
            last_marked: None,
        }
    }
}

impl DiffState {
    /// Opens the comparison of two entries. The switches stay as they were.
    pub fn open(&mut self, first: EntryId, second: EntryId) {
        self.of = Some((first, second));
    }

    pub fn close(&mut self) {
        self.of = None;
        self.revision = None;
        self.aside.cancel();
        let lines = std::mem::take(&mut self.lines);
        if lines.len() > 10_000 {
            self.aside.forget(lines);
        }
    }

    pub fn is_open(&self) -> bool {
        self.of.is_some()
    }

    /// How many lines the last frame drew: what a test counts instead of time.
    pub fn lines_drawn(&self) -> usize {
        self.lines_drawn
    }

    /// Starts to compare another pair, or takes the result of a comparison that ended.
    fn update(&mut self, ui: &Ui, revision: Revision, pair: &EntryPair) {
        if let Some(lines) = self.aside.take() {
            self.lines = lines;
            self.show(false);
        }
        if self.revision == Some(revision) {
            return;
        }
        self.revision = Some(revision);
        let size: usize = [&pair.0, &pair.1].into_iter().map(body_size).sum();
        self.aside.cancel();
        if size <= SMALL_BODY {
            self.lines = compare(side(&pair.0), side(&pair.1));
            self.show(false);
        } else {
            let pair = Arc::clone(pair);
            self.aside.ask(ui.ctx(), move |_| compare(side(&pair.0), side(&pair.1)));
        }
    }

    /// Picks the lines to show. With `keeps_mark` the marked line stays marked, if it is still shown.
    fn show(&mut self, keeps_mark: bool) {
        let marked = self.marked.and_then(|row| self.shown.rows.get(row).copied()).filter(|_| keeps_mark);
        self.shown = VisibleRows::of(&self.lines, self.shows_all, self.shows_headers);
        self.scroll = RowScroll::default();
        self.marked = marked.and_then(|line| self.shown.rows.binary_search(&line).ok());
    }
}

/// The lines that are shown, and the counts of the verdict.
#[derive(Debug, Default)]
struct VisibleRows {
    /// Indexes into the list of lines.
    rows: Vec<u32>,
    /// Of each row: at which line of a narrow pane it begins; and at the end the number of all lines.
    starts: Vec<u32>,
    /// The rows that the next and previous keys stop at.
    stops: Vec<u32>,
    matter: usize,
    volatile: usize,
}

impl VisibleRows {
    fn of(lines: &[DiffLine], all: bool, headers: bool) -> Self {
        let mut shown = Self { starts: vec![0], ..Self::default() };
        let mut end = 0;
        for (place, line) in lines.iter().enumerate().filter(|(_, line)| headers || line.part != DiffPart::Header) {
            shown.matter += usize::from(line.matters());
            shown.volatile += usize::from(line.volatile.is_some());
            if !(all || line.matters()) {
                continue;
            }
            if line.matters() {
                shown.stops.push(shown.rows.len() as u32);
            }
            end += narrow_lines(line);
            shown.starts.push(end);
            shown.rows.push(place as u32);
        }
        shown
    }
}

fn side(detail: &EntryDetail) -> ComparedCall<'_> {
    ComparedCall { request: &detail.request, outcome: detail.outcome.as_ref() }
}

fn body_size(detail: &EntryDetail) -> usize {
    match &detail.outcome {
        Some(Ok(response)) => response.body.len(),
        _ => 0,
    }
}

/// Draws the comparison; `false` when it is to be closed. `compared` is the comparison that was loaded last, perhaps of
/// other entries.
pub fn diff_ui(
    ui: &mut Ui,
    state: &mut DiffState,
    compared: Option<&LoadedValue<ComparedEntries>>,
    actions: &mut Vec<Action>,
) -> bool {
    let loaded = compared.filter(|compared| Some(compared.ids) == state.of);
    let pair = loaded.and_then(|compared| compared.pair.as_ref().ok());
    let is_open = head_ui(ui, state, pair, actions) && !keys_ui(ui, state);
    let Some(loaded) = loaded else {
        ui.label(RichText::new("Loading the two entries…").color(DesignTokens::of(ui).subdued));
        return is_open;
    };
    let pair = match &loaded.pair {
        Ok(pair) => pair,
        Err(reason) => {
            InlineAlert::new(Tone::Error, "The two cannot be compared").text(reason).ui(ui);
            return is_open;
        }
    };
    state.update(ui, loaded.revision(), pair);
    sides_ui(ui, pair);
    if state.aside.is_waiting() {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label("Comparing…");
        });
        return is_open;
    }
    ui.add_space(2.0);
    verdict_ui(ui, state);
    switches_ui(ui, state);
    ui.add_space(2.0);
    list_ui(ui, state, actions);
    is_open
}

fn head_ui(ui: &mut Ui, state: &DiffState, pair: Option<&EntryPair>, actions: &mut Vec<Action>) -> bool {
    let mut is_open = true;
    egui::Sides::new().height(22.0).shrink_left().truncate().show(
        ui,
        |ui| {
            paint::icon_ui(ui, icons::GIT_COMPARE, icons::SIZE, DesignTokens::of(ui).subdued);
            ui.add(Label::new(RichText::new("Two answers").font(theme::semibold(theme::HEADING_SIZE))).truncate());
        },
        |ui| {
            if ui.add(IconButton::new(icons::X, "Close the comparison").small().keys(LocalKey::Close.keys())).clicked()
            {
                is_open = false;
            }
        },
    );
    ui.horizontal_wrapped(|ui| {
        let swap = ui.add(QuietButton::new("Swap sides").icon(icons::REFRESH_CW));
        if let (true, Some((first, second))) = (swap.clicked(), state.of) {
            actions.push(Action::Diff(second, first));
        }
        let copy = ui.add_enabled(pair.is_some(), QuietButton::new("Copy as JSON Patch").icon(icons::COPY));
        let what = if state.shows_all { "everything that differs" } else { "what matters" };
        let copy = copy.on_hover_text(format!("Copy {what} in the two bodies as the steps of RFC 6902"));
        if let (true, Some(pair)) = (copy.clicked(), pair) {
            actions.push(copied_patch(pair, state.shows_all));
        }
    });
    is_open
}

fn copied_patch(pair: &EntryPair, with_volatile: bool) -> Action {
    let body_of =
        |detail| body(side(detail)).or_else(|| JsonDocument::parse("null".to_owned()).ok()).unwrap_or_default();
    let steps = patch(&body_of(&pair.0), &body_of(&pair.1), with_volatile);
    let steps = format!("[{}]", steps.join(","));
    let text = json_spans::indented(&steps).unwrap_or(steps);
    Action::Copy { text, what: "JSON Patch".to_owned() }
}

/// Draws which two entries are compared.
fn sides_ui(ui: &mut Ui, pair: &EntryPair) {
    let t = DesignTokens::of(ui);
    let side_ui = |ui: &mut Ui, sign: &str, color: Color32, detail: &EntryDetail| {
        let entry = &detail.entry;
        let title = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("no token");
        egui::Sides::new().height(18.0).shrink_left().truncate().show(
            ui,
            |ui| {
                ui.label(RichText::new(sign).font(theme::mono_medium(theme::MONO_SIZE)).color(color));
                let title = RichText::new(foreign::label(title)).font(theme::mono_medium(theme::MONO_SIZE));
                ui.add(Label::new(title).truncate().selectable(true));
            },
            |ui| {
                status_badge_ui(ui, entry.status);
            },
        );
        let zone = zone_in_use::of(ui);
        let when = words::moment(entry.started, &zone);
        let about = format!("{} · {} · {when}", words::card(entry), entry.target.label());
        let about = ui.add(Label::new(RichText::new(about).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
        about.on_hover_ui(|ui| {
            ui.label(words::moment_in_both(entry.started, &zone));
        });
    };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if ui.available_width() >= WIDE {
            ui.columns(2, |columns| {
                side_ui(&mut columns[0], "−", t.error, &pair.0);
                side_ui(&mut columns[1], "+", t.ok, &pair.1);
            });
        } else {
            side_ui(ui, "−", t.error, &pair.0);
            side_ui(ui, "+", t.ok, &pair.1);
        }
    });
}

/// The counts in words: "2 differences that matter · 7 volatile".
fn counted(shown: &VisibleRows) -> String {
    let matter = words::number_of(shown.matter as u64, "difference that matters", "differences that matter");
    format!("{matter} · {} volatile", shown.volatile)
}

fn verdict_ui(ui: &mut Ui, state: &DiffState) {
    let shown = &state.shown;
    match (shown.matter, shown.volatile) {
        (0, 0) => {
            InlineAlert::new(Tone::Ok, "Same in everything").ui(ui);
        }
        (0, volatile) => {
            let places = if volatile == 1 { "1 place differs as it does" } else { "places differ as they do" };
            let count = if volatile == 1 { String::new() } else { format!("{volatile} ") };
            let text = format!("Status, body and parameters are alike; {count}{places} in every call");
            InlineAlert::new(Tone::Ok, "Same but for ids and times").text(&text).ui(ui);
        }
        _ => {
            let words = counted(shown);
            let label = RichText::new(words).font(theme::semibold(theme::BODY_SIZE));
            ui.add(Label::new(label).wrap());
        }
    }
}

fn switches_ui(ui: &mut Ui, state: &mut DiffState) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let matters = ui.add(FilterChip::new("Only what matters").selected(!state.shows_all));
        if matters.on_hover_text("Hide what is equal and what differs in every call").clicked() {
            state.shows_all = !state.shows_all;
            state.show(true);
        }
        let headers = ui.add(FilterChip::new("Headers").selected(state.shows_headers));
        if headers.on_hover_text("Compare the headers of the answers too").clicked() {
            state.shows_headers = !state.shows_headers;
            state.show(true);
        }
        let can_step = !state.shown.stops.is_empty();
        let previous =
            IconButton::new(icons::ARROW_UP, "Previous difference").keys(LocalKey::PreviousDifference.keys()).small();
        if ui.add_enabled(can_step, previous).clicked() {
            step(state, false);
        }
        let next = IconButton::new(icons::ARROW_DOWN, "Next difference").keys(LocalKey::NextDifference.keys()).small();
        if ui.add_enabled(can_step, next).clicked() {
            step(state, true);
        }
        if let Some(nth) = state.marked.and_then(|row| state.shown.stops.binary_search(&(row as u32)).ok()) {
            let words = format!("{} of {}", nth + 1, state.shown.stops.len());
            ui.label(RichText::new(words).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued));
        }
    });
}

/// Marks the next difference that matters, or the one before; after the last comes the first.
fn step(state: &mut DiffState, forward: bool) {
    let stops = &state.shown.stops;
    let row = state.marked.map(|row| row as u32);
    let found = match (row, forward) {
        (Some(row), true) => stops.get(stops.partition_point(|stop| *stop <= row)).or(stops.first()),
        (Some(row), false) => stops[..stops.partition_point(|stop| *stop < row)].last().or(stops.last()),
        (None, true) => stops.first(),
        (None, false) => stops.last(),
    };
    if let Some(row) = found {
        state.marked = Some(*row as usize);
    }
}

fn list_ui(ui: &mut Ui, state: &mut DiffState, actions: &mut Vec<Action>) {
    if state.shown.rows.is_empty() {
        return;
    }
    let is_wide = ui.available_width() >= WIDE;
    let id = ui.make_persistent_id("differences");
    if ui.memory(|memory| memory.has_focus(id)) {
        list_keys_ui(ui, state);
    }
    reveal_marked(state, is_wide);
    let height = (ui.available_height() - about_height(ui, state)).max(60.0);
    let (rect, _) = ui.allocate_exact_size(theme::full_width(ui, height), Sense::hover());
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect));
    let (mut clicked, mut drawn) = (None, 0);
    let DiffState { scroll, shown, lines, marked, .. } = state;
    let rows = shown.rows.len();
    let (len, row_height) =
        if is_wide { (rows, theme::CHIP_HEIGHT) } else { (shown.starts[rows] as usize, theme::CODE_ROW_HEIGHT) };
    let (list_id, has_focus) = (id, ui.memory(|memory| memory.has_focus(id)));
    let list = VirtualRows { id, name: "Differences", role: Role::ListBox, scroll, len, row_height };
    let list = list.show(&mut inside, |ui, place, at| {
        drawn += 1;
        let (row, nth) = if is_wide {
            (place, 0)
        } else {
            let row = shown.starts.partition_point(|start| *start as usize <= place) - 1;
            (row, place - shown.starts[row] as usize)
        };
        let line = &lines[shown.rows[row] as usize];
        let view = RowView { line, is_marked: *marked == Some(row), nth };
        let id = id.with((row, nth));
        let response = if is_wide { view.wide_ui(ui, id, at) } else { view.narrow_ui(ui, id, at) };
        if response.clicked() || response.secondary_clicked() {
            clicked = Some(row);
        }
        let by_key = has_focus && *marked == Some(row) && nth == 0;
        let by_key = by_key.then(|| AskedByKey::at_row(ui, response.rect)).flatten();
        context_menu_ui(ui, &response, list_id, by_key, |menu| menu_ui(menu, line, actions));
    });
    focus_ring_ui(ui, &list);
    state.lines_drawn = drawn;
    if clicked.is_some() {
        state.marked = clicked;
        list.request_focus();
    }
    if let Some(row) = state.marked.filter(|_| list.has_focus()) {
        let marked = id.with((row, 0_usize));
        ui.accesskit_node_builder(id, |node| node.set_active_descendant(marked.accesskit_id()));
    }
    if let Some(line) = marked_line(state) {
        about_ui(ui, line, actions);
    }
}

/// Scrolls to a newly marked row so that all of its lines are seen: up to its first line, down to its last.
fn reveal_marked(state: &mut DiffState, is_wide: bool) {
    let before = std::mem::replace(&mut state.last_marked, state.marked);
    let Some(row) = state.marked.filter(|_| state.marked != before) else { return };
    let starts = &state.shown.starts;
    state.scroll.reveal(match (is_wide, before) {
        (true, _) => row,
        (false, Some(before)) if before > row => starts[row] as usize,
        (false, _) => starts[row + 1] as usize - 1,
    });
}

/// The keys of the whole view; `true` when it is to be closed.
fn keys_ui(ui: &Ui, state: &mut DiffState) -> bool {
    if !ui.memory(|memory| memory.allows_interaction(ui.layer_id())) || egui::Popup::is_any_open(ui.ctx()) {
        return false;
    }
    let (previous, next) = ui.input_mut(|input| {
        // First with Shift, for without it the key fits too.
        (LocalKey::PreviousDifference.is_pressed(input), LocalKey::NextDifference.is_pressed(input))
    });
    if previous || next {
        step(state, next);
    }
    !ui.ctx().text_edit_focused() && ui.input_mut(|input| LocalKey::Close.is_pressed(input))
}

/// The keys of the focused list.
fn list_keys_ui(ui: &Ui, state: &mut DiffState) {
    let count = state.shown.rows.len();
    let page = state.scroll.in_view().max(1);
    let target =
        ui.input_mut(|input| row_by_key(|key| input.consume_key(Modifiers::NONE, key), state.marked, count, page));
    state.marked = target.or(state.marked);
}

fn marked_line(state: &DiffState) -> Option<&DiffLine> {
    let place = *state.shown.rows.get(state.marked?)?;
    state.lines.get(place as usize)
}

/// Height of the explanation of the marked row, in points.
fn about_height(ui: &Ui, state: &DiffState) -> f32 {
    if state.marked.is_some() { 92.0_f32.min(ui.available_height() / 2.0) } else { 0.0 }
}
