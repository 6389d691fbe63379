//! The body of an answer as a tree that folds, explains its fields and can be searched, however big it is.

use std::{sync::Arc, time::Duration};

use egui::{Context, Id, Key, Label, Modifiers, RichText, Role, Ui, UiBuilder};
use jiff::{Timestamp, civil::Date};

use super::{shown_call::ShownCall, since::FieldNote};
use crate::{
    domain::{
        call::{
            api::{ApiExchange, ApiResponse},
            field_help,
            field_place::FieldPlace,
            grades,
        },
        card::currency::ChargeCurrency,
        foreign,
        history::entry::EntryDetail,
        json_document::{JsonDocument, JsonKind, JsonView},
        zone::LocalZone,
    },
    model::Revision,
    ui::{
        action::Action,
        background::{BackgroundTask, TaskHandle},
        icons,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::{
            IconButton, InlineAlert, JsonLines, JsonTree, JsonTreeAction, MOST_HITS, QuietButton, SearchHit,
            SearchWords, Tone, caret::lead_to, chip::grouped, ends_ui, search_ui,
        },
        words, zone_in_use,
    },
};

/// What an answer is a part of. It is read on a thread beside the window, and to copy a long one would take longer than a
/// frame.
pub trait AnswerSource: Send + Sync {
    /// The answer; `None` where there is none, which is not shown then.
    fn shown(&self) -> Option<&ApiResponse>;
}

impl AnswerSource for EntryDetail {
    fn shown(&self) -> Option<&ApiResponse> {
        self.answer()
    }
}

impl AnswerSource for ApiExchange {
    fn shown(&self) -> Option<&ApiResponse> {
        self.outcome.as_ref().ok()
    }
}

impl AnswerSource for ApiResponse {
    fn shown(&self) -> Option<&ApiResponse> {
        Some(self)
    }
}

/// The answer that is shown.
#[derive(Clone)]
pub struct ShownAnswer<'a> {
    /// The call that it answers.
    pub call: ShownCall,
    /// The revision of what was loaded, which the response is a part of.
    pub revision: Revision,
    pub source: Arc<dyn AnswerSource>,
    /// How long the answer took, once that is known.
    pub took: Option<Duration>,
    /// What is not so any more.
    pub since: &'a Arc<[FieldNote]>,
}

/// Bodies up to this size are read within a frame.
const SMALL_BODY: usize = 64 * 1024;
/// Trees up to this length are searched within a frame, if their text is no longer than a small body either.
const SHORT_TREE: usize = 4096;
const TREE: &str = "Response";
/// From this height of tree and explanation on, twenty lines of the tree leave room for a fourth line below them.
const ROOMY_PANE: f32 = 500.0;

fn search_id() -> Id {
    Id::unique("answer_search")
}

/// The state of the view.
#[derive(Debug)]
pub struct AnswerState {
    /// The answer that the tree is of.
    shown: Option<(ShownCall, Revision)>,
    /// The bytes of a small body: when the same body is loaded again, the tree stays folded as it is.
    bytes: Vec<u8>,
    lines: Option<JsonLines>,
    reading: BackgroundTask<JsonLines>,
    headers_are_open: bool,
    find: TreeSearch,
    /// The id of the tree, once it was drawn: with it the focus is put on the tree.
    tree: Option<Id>,
}

impl Default for AnswerState {
    fn default() -> Self {
        Self {
            shown: None,
            bytes: Vec::new(),
            lines: None,
            reading: BackgroundTask::new("read answer"),
            headers_are_open: false,
            find: TreeSearch::default(),
            tree: None,
        }
    }
}

impl AnswerState {
    /// Whether the tree or its search has the focus, so that the key of the search is for them.
    pub fn has_focus(&self, ctx: &Context) -> bool {
        let focused = ctx.memory(egui::Memory::focused);
        focused.is_some() && (focused == self.tree || focused == Some(search_id()))
    }

    /// Puts the focus on the tree, once it was drawn.
    pub fn focus_tree(&self, ctx: &Context) {
        if let Some(tree) = self.tree {
            ctx.memory_mut(|memory| memory.request_focus(tree));
        }
    }

    /// Puts the focus on the search in the next frame.
    pub fn focus_search(&mut self) {
        self.find.wants_focus = true;
    }

    /// How many rows the last frame drew: what a test counts instead of time.
    pub fn rows_drawn(&self) -> usize {
        self.lines.as_ref().map_or(0, JsonLines::rows_drawn)
    }

    /// Starts to read another answer, or takes the result of a reading that ended.
    fn update(&mut self, ui: &Ui, answer: &ShownAnswer<'_>, response: &ApiResponse) {
        if let Some(lines) = self.reading.take() {
            self.take(lines);
        }
        let shown = Some((answer.call, answer.revision));
        if self.shown == shown {
            return;
        }
        let is_other = self.shown.is_none_or(|(known, _)| known != answer.call);
        self.shown = shown;
        let body = &response.body;
        self.reading.cancel();
        if body.len() > SMALL_BODY {
            if is_other {
                self.forget();
            }
            let source = Arc::clone(&answer.source);
            self.reading.ask(ui.ctx(), move |_| {
                let body = source.shown().map(|answer| answer.body.as_slice()).unwrap_or_default();
                JsonLines::new(JsonDocument::of_body(body))
            });
        } else if is_other || self.bytes != *body {
            self.take(JsonLines::new(JsonDocument::of_body(body)));
            self.bytes.clone_from(body);
        }
    }

    fn take(&mut self, lines: JsonLines) {
        self.forget();
        self.lines = Some(lines);
        self.find.forget();
    }

    fn forget(&mut self) {
        if let Some(lines) = self.lines.take()
            && !is_short(&lines)
        {
            self.reading.forget(lines);
        }
        self.bytes.clear();
    }
}

fn is_short(lines: &JsonLines) -> bool {
    lines.line_count() <= SHORT_TREE && lines.document().text().len() <= SMALL_BODY
}

/// The search in the tree.
#[derive(Debug)]
struct TreeSearch {
    words: String,
    /// The words that the hits belong to; `None` when nothing was searched yet.
    searched: Option<String>,
    /// The same words as they are looked for.
    needle: SearchWords,
    hits: Vec<SearchHit>,
    /// Which of the hits is selected.
    nth: usize,
    searching: BackgroundTask<Vec<SearchHit>>,
    wants_focus: bool,
}

impl Default for TreeSearch {
    fn default() -> Self {
        Self {
            words: String::new(),
            searched: None,
            needle: SearchWords::default(),
            hits: Vec::new(),
            nth: 0,
            searching: BackgroundTask::new("search answer"),
            wants_focus: false,
        }
    }
}

impl TreeSearch {
    /// Forgets the hits, which belong to another tree: the next frame searches again.
    fn forget(&mut self) {
        self.searching.cancel();
        self.searched = None;
        self.hits.clear();
    }

    /// Searches when the words have changed; a long tree is searched in the background.
    fn update(&mut self, ui: &Ui, lines: &mut JsonLines, since: &Arc<[FieldNote]>) {
        if let Some(hits) = self.searching.take() {
            self.found(lines, hits);
        }
        if self.searched.as_ref() == Some(&self.words) {
            return;
        }
        self.searched = Some(self.words.clone());
        self.needle = SearchWords::new(&self.words);
        self.hits.clear();
        lines.forget_hit();
        let (text, needle, since) = (lines.text().clone(), self.needle.clone(), Arc::clone(since));
        let zone = zone_in_use::of(ui);
        let find =
            move |is_wanted: &dyn Fn() -> bool| text.find(&needle, |value| beside(value, &since, &zone), is_wanted);
        if is_short(lines) {
            let hits = find(&|| true);
            self.found(lines, hits);
        } else {
            self.searching.ask(ui.ctx(), move |wanted: &TaskHandle| find(&|| wanted.is_wanted()));
        }
    }

    /// Goes to the first hit from the selected line on.
    fn found(&mut self, lines: &mut JsonLines, hits: Vec<SearchHit>) {
        let from = lines.selected().unwrap_or(0);
        let place = hits.partition_point(|hit| (hit.line as usize) < from);
        self.nth = if place < hits.len() { place } else { 0 };
        self.hits = hits;
        self.reveal(lines);
    }

    fn reveal(&self, lines: &mut JsonLines) {
        if let Some(hit) = self.hits.get(self.nth) {
            lines.reveal_hit(*hit);
        }
    }

    /// Goes to the next hit, or to the one before; after the last comes the first.
    fn step(&mut self, lines: &mut JsonLines, forward: bool) {
        let count = self.hits.len();
        if count > 0 {
            self.nth = (self.nth + if forward { 1 } else { count - 1 }) % count;
            self.reveal(lines);
        }
    }

    /// "3 of 12".
    fn counted(&self) -> String {
        match self.hits.len() {
            _ if self.needle.is_empty() => String::new(),
            _ if self.searching.is_waiting() => "Searching…".to_owned(),
            0 => "None".to_owned(),
            count => {
                let more = if count == MOST_HITS { "+" } else { "" };
                format!("{} of {}{more}", grouped(self.nth as u64 + 1), grouped(count as u64))
            }
        }
    }
}

/// Draws status and body of an answer in all that is left of `ui`; `headers` are drawn between, when they are open.
pub fn answer_ui(
    ui: &mut Ui,
    state: &mut AnswerState,
    answer: &ShownAnswer<'_>,
    headers: impl FnOnce(&mut Ui),
    actions: &mut Vec<Action>,
) {
    let Some(response) = answer.source.shown() else { return };
    state.update(ui, answer, response);
    status_line_ui(ui, state, response, answer.took, actions);
    if let Some(whole) = response.cut_from() {
        let text = format!(
            "It had {} bytes, of which the history has {}: the answer to a GET is cut where it is long",
            grouped(whole as u64),
            grouped(response.body.len() as u64)
        );
        InlineAlert::new(Tone::Info, "Only the start of this answer was kept").text(&text).ui(ui);
        ui.add_space(4.0);
    }
    if state.headers_are_open {
        headers(ui);
        ui.add_space(4.0);
    }
    let AnswerState { lines, find, reading, .. } = state;
    let Some(lines) = lines else {
        ui.horizontal(|ui| {
            if reading.is_waiting() {
                ui.spinner();
                ui.label(format!("Reading {:.1} MB…", response.body.len() as f64 / 1e6));
            }
        });
        return;
    };
    find_ui(ui, find, lines, answer.since, state.tree);
    // The tree gets the room above the explanation of its selected line.
    let about = about_height(ui);
    let tree = ui.available_rect_before_wrap();
    let tree = tree.with_max_y((tree.bottom() - about).max(tree.top() + theme::CODE_ROW_HEIGHT));
    let mut inside = ui.new_child(UiBuilder::new().max_rect(tree));
    state.tree = Some(JsonTree::id(&inside, TREE));
    let zone = zone_in_use::of(ui);
    let hint = |value: JsonView<'_>| beside(value, answer.since, &zone);
    match JsonTree::new(TREE, lines).hint(&hint).help(&help_on).highlight(&find.needle).ui(&mut inside) {
        Some(
            JsonTreeAction::CopiedValue(pointer)
            | JsonTreeAction::CopiedPath(pointer)
            | JsonTreeAction::CopiedLine(pointer),
        ) => actions.push(Action::TellCopied(pointer)),
        Some(JsonTreeAction::CopiedMarked) => actions.push(Action::TellCopied("Marked text".to_owned())),
        None => {}
    }
    ui.advance_cursor_after_rect(tree);
    about_ui(ui, lines, answer.since, actions);
}

fn status_line_ui(
    ui: &mut Ui,
    state: &mut AnswerState,
    response: &ApiResponse,
    took: Option<Duration>,
    actions: &mut Vec<Action>,
) {
    let t = DesignTokens::of(ui);
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| {
            let color = if response.is_success() { t.ok } else { t.error };
            let status = format!("HTTP {}", response.http_status);
            ui.label(RichText::new(status).font(theme::mono_medium(theme::MONO_SIZE)).color(color));
            let took = took.map(words::took).unwrap_or_default();
            ui.add(Label::new(RichText::new(took).size(theme::SMALL_SIZE).color(t.subdued)));
        },
        |ui| {
            if let Some(lines) = &mut state.lines {
                if ui.add(IconButton::new(icons::UNFOLD_VERTICAL, "Unfold all").small()).clicked() {
                    lines.expand_all();
                }
                if ui.add(IconButton::new(icons::FOLD_VERTICAL, "Fold all").small()).clicked() {
                    lines.collapse_all();
                }
            }
            let words = if state.headers_are_open { "Hide headers" } else { "Headers" };
            if ui.add(QuietButton::new(words).pill()).clicked() {
                state.headers_are_open = !state.headers_are_open;
            }
            if ui.add(IconButton::new(icons::COPY, "Copy the whole response").small()).clicked() {
                actions.push(Action::Copy { text: response.text(), what: "Response".to_owned() });
            }
        },
    );
}

fn find_ui(ui: &mut Ui, find: &mut TreeSearch, lines: &mut JsonLines, since: &Arc<[FieldNote]>, tree: Option<Id>) {
    find_keys_ui(ui, find, lines);
    let t = DesignTokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = (ui.available_width() - 128.0).max(90.0);
        let response = search_ui(ui, search_id(), &mut find.words, "Search the answer", "", width).response.response;
        if std::mem::take(&mut find.wants_focus) {
            lead_to(ui.ctx(), response.id);
        }
        // Escape ends the search, and the tree is where it was.
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            find.words.clear();
            if let Some(tree) = tree {
                ui.memory_mut(|memory| memory.request_focus(tree));
            }
        }
        find.update(ui, lines, since);
        let can_step = !find.hits.is_empty();
        let previous = IconButton::new(icons::ARROW_UP, "Previous match").keys(LocalKey::PreviousMatch.keys()).small();
        if ui.add_enabled(can_step, previous).clicked() {
            find.step(lines, false);
        }
        let next = IconButton::new(icons::ARROW_DOWN, "Next match").keys(LocalKey::NextMatch.keys()).small();
        if ui.add_enabled(can_step, next).clicked() {
            find.step(lines, true);
        }
        let words = find.counted();
        let count = ui.add(Label::new(RichText::new(&words).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
        // A live region: a screen reader says the count when it changes.
        ui.accesskit_node_builder(count.id, |node| {
            node.set_role(Role::Status);
            node.set_label(&*words);
            node.set_live(egui::accesskit::Live::Polite);
        });
    });
}

fn find_keys_ui(ui: &Ui, find: &mut TreeSearch, lines: &mut JsonLines) {
    let field = search_id();
    if !ui.memory(|memory| memory.allows_interaction(ui.layer_id())) {
        return;
    }
    let is_in_field = ui.memory(|memory| memory.has_focus(field));
    let (previous, next) = ui.input_mut(|input| {
        // First with Shift, for without it the key fits too.
        let previous = LocalKey::PreviousMatch.is_pressed(input)
            || (is_in_field && input.consume_key(Modifiers::SHIFT, Key::Enter));
        let next = LocalKey::NextMatch.is_pressed(input) || (is_in_field && LocalKey::Confirm.is_pressed(input));
        (previous, next)
    });
    if previous || next {
        find.step(lines, next);
    }
}

/// The height of the explanation below the tree: four lines of text, three where the tree has little room, and none in a
/// very low pane. What has no room there is in the tooltip.
fn about_height(ui: &Ui) -> f32 {
    match ui.available_height() {
        ..160.0 => 0.0,
        ..ROOMY_PANE => 74.0,
        _ => 90.0,
    }
}

/// Explains the selected line. The tooltips say the same, but only to those who use a pointer.
fn about_ui(ui: &mut Ui, lines: &JsonLines, since: &[FieldNote], actions: &mut Vec<Action>) {
    if ui.available_height() < 20.0 {
        return;
    }
    let t = DesignTokens::of(ui);
    let small = |text: String, color| RichText::new(text).size(theme::SMALL_SIZE).color(color);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.separator();
        let Some(line) = lines.selected() else {
            ui.add(Label::new(small("Select a line to see what it means".to_owned(), t.faint)).wrap());
            return;
        };
        let (pointer, value) = (lines.pointer(line), lines.value(line));
        ends_ui(
            ui,
            20.0,
            |ui| {
                let shown = if pointer.is_empty() { "the whole answer" } else { &pointer };
                let shown = RichText::new(foreign::label(shown)).font(theme::mono_medium(theme::MONO_SIZE));
                ui.add(Label::new(shown).truncate().selectable(true));
            },
            |ui| {
                if ui.add(IconButton::new(icons::COPY, "Copy the line's value").small()).clicked() {
                    actions.push(Action::Copy { text: lines.copied(line), what: "Value".to_owned() });
                }
                if ui.add(IconButton::new(icons::ROUTE, "Copy the line's path").small()).clicked() {
                    actions.push(Action::Copy { text: pointer.clone(), what: "Path".to_owned() });
                }
            },
        );
        let twin = value.twin().map(|(nth, of)| {
            format!("This is number {nth} of {of} members with the same name; most programs read the last one only")
        });
        let sentences = [
            twin,
            field_help::of(value).map(str::to_owned),
            long_words(value, &zone_in_use::of(ui)),
            note_on(value, since).map(str::to_owned),
            origin(value),
        ];
        let words: Vec<String> = sentences.into_iter().flatten().collect();
        ui.add(Label::new(small(words.join(" · "), t.subdued)).wrap());
    });
}

/// What a field means, and where the minter has it from.
fn help_on(value: JsonView<'_>) -> Option<String> {
    let words = [field_help::of(value).map(str::to_owned), origin(value)];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" · "))
}

/// Where the minter has a field from.
fn origin(value: JsonView<'_>) -> Option<String> {
    let field = grades::of(&FieldPlace::of(value)?)?;
    Some(format!("Local minter: {}", field.grade.label()))
}

/// What the tree says beside a value: what it means, and what it is by now.
fn beside(value: JsonView<'_>, since: &[FieldNote], zone: &LocalZone) -> Option<String> {
    let known = [plain_words(value, zone), note_on(value, since).map(str::to_owned)];
    let known: Vec<String> = known.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(" · "))
}

fn note_on<'a>(value: JsonView<'_>, since: &'a [FieldNote]) -> Option<&'a str> {
    let is_about = |note: &&FieldNote| value.key().is_some_and(|key| note.pointer.ends_with(&*key));
    let mut notes = since.iter().filter(is_about);
    notes.find(|note| note.pointer == value.pointer()).map(|note| note.words.as_str())
}

/// The value in plain words for the hint beside it; moments are short.
fn plain_words(value: JsonView<'_>, zone: &LocalZone) -> Option<String> {
    let moment = moment(value).map(|then| words::short_moment(then, zone));
    moment.or_else(|| other_words(value)).or_else(|| reading(value))
}

/// The value in plain words for the explanation below the tree.
fn long_words(value: JsonView<'_>, zone: &LocalZone) -> Option<String> {
    let in_both = |then| words::moment_in_both(then, zone).replace('\n', " · ");
    moment(value).map(in_both).or_else(|| other_words(value)).or_else(|| reading(value))
}

/// The moment in a field of Unix seconds.
fn moment(value: JsonView<'_>) -> Option<Timestamp> {
    let seconds = value.as_i64().filter(|_| value.key().is_some_and(|field| field_help::is_time(&field)))?;
    Timestamp::from_second(seconds).ok()
}

/// The last day of an expiry, and amounts with their currency.
fn other_words(value: JsonView<'_>) -> Option<String> {
    let field = value.key()?;
    let number = value.as_i64()?;
    if field != "exp_year" && !field.starts_with("amount") && field != "balance" {
        return None;
    }
    let object = value.parent()?;
    if field == "exp_year" {
        let month = i8::try_from(field_help::member(object, "exp_month")?.as_i64()?).ok()?;
        let first = Date::new(i16::try_from(number).ok()?, month, 1).ok()?;
        return Some(format!("good to {}, UTC", first.last_of_month()));
    }
    let currency = field_help::member(object, "currency")?.string()?;
    Some(format!("{} {}", ChargeCurrency::parse(&currency)?.show(number), foreign::label(&currency)))
}

/// What a string says whose letters are written as escapes.
fn reading(value: JsonView<'_>) -> Option<String> {
    /// More is no help beside a value.
    const LONGEST: usize = 400;
    let has_escapes = value.kind() == JsonKind::Text && value.text().len() <= LONGEST && value.text().contains("\\u");
    let says = value.string().filter(|_| has_escapes)?;
    let is_seen = !says.contains(foreign::acts) && !says.contains("\\u");
    is_seen.then(|| format!("reads {says}"))
}
