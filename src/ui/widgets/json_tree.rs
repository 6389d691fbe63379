//! A JSON document as a tree to read, fold and copy from.

use crate::{
    domain::foreign,
    ui::{
        icons,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::{
            AskedByKey, IconButton,
            context_menu::{context_menu_ui, is_wanted},
            json_lines::{JsonLines, JsonPart, JsonRow, TreeView},
            row_by_key,
            virtual_rows::{BAR, VirtualRows},
        },
    },
};
use egui::{
    Color32, Event, EventFilter, FontId, Galley, Id, Key, Modifiers, Pos2, Rect, Response, Role, Sense, Ui, UiBuilder,
    WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};
use serde_json::Value;
use std::{ops::Range, sync::Arc};

/// Plain words about the value at a JSON pointer.
pub type ValueWords<'a> = &'a dyn Fn(&str, &Value) -> Option<String>;

/// What the tree has put into the clipboard, so that the caller can tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonTreeAction {
    /// The value at this pointer.
    CopiedValue(String),
    /// This pointer.
    CopiedPath(String),
}

/// A tree over a document; only the rows in view are drawn.
#[must_use = "call `ui`"]
pub struct JsonTree<'a> {
    lines: &'a mut JsonLines,
    name: &'a str,
    hint: Option<ValueWords<'a>>,
    help: Option<ValueWords<'a>>,
    highlight: &'a str,
}

/// What the user did to the tree in this frame.
#[derive(Clone, Copy)]
enum TreeCommand {
    Select(usize),
    Toggle(usize),
    CopyValue(usize),
    CopyPath(usize),
    /// The value with its key before it.
    CopyLine(usize),
}

/// Where a row and its text stand.
struct RowPlace {
    /// The tree's id, which has the focus for its rows.
    tree: Id,
    rect: Rect,
    /// Where its text begins, after the indentation.
    text_left: f32,
    /// The width of a character, in points.
    advance: f32,
}

/// Longer values are cut in the tree; copying gives them whole.
const MOST_CHARS: usize = 400;

impl<'a> JsonTree<'a> {
    /// A tree called `name` over `lines`.
    pub fn new(name: &'a str, lines: &'a mut JsonLines) -> Self {
        Self { lines, name, hint: None, help: None, highlight: "" }
    }

    /// Plain words after a value, such as the date of a time in seconds.
    pub fn hint(mut self, hint: ValueWords<'a>) -> Self {
        self.hint = Some(hint);
        self
    }

    /// A sentence about a field, shown while the pointer rests on it.
    pub fn help(mut self, help: ValueWords<'a>) -> Self {
        self.help = Some(help);
        self
    }

    /// Marks this text wherever a row has it, whatever its case.
    pub fn highlight(mut self, text: &'a str) -> Self {
        self.highlight = text;
        self
    }

    /// The id of a tree in `ui`, which can have the focus.
    pub fn id(ui: &Ui, name: &str) -> Id {
        ui.make_persistent_id(("json tree", name))
    }

    /// Draws the tree in all that is left of `ui`.
    pub fn ui(mut self, ui: &mut Ui) -> Option<JsonTreeAction> {
        let id = Self::id(ui, self.name);
        let has_focus = ui.memory(|memory| memory.has_focus(id));
        let (command, moved) = if has_focus { self.keys(ui) } else { (None, false) };
        // Before the rows are drawn, so that they show it and the new selection can be scrolled to.
        let by_keys = command.and_then(|command| self.act(ui, id, command));
        if (moved || (has_focus && is_wanted(ui)))
            && let Some(line) = self.lines.selected()
        {
            let row = self.lines.row_of(line);
            self.lines.view.scroll.reveal(row);
        }
        let mut command = None;

        let outer = ui.available_rect_before_wrap();
        let room = outer.width() - BAR;
        let sideways = self.lines.view.width - room;
        let body = if sideways > 0.0 { outer.with_max_y(outer.bottom() - BAR) } else { outer };
        self.sideways_ui(ui, id, outer, sideways);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(body));
        let mut scroll = self.lines.view.scroll;
        let (mut width, mut drawn) = (0.0_f32, 0);
        let rows = VirtualRows {
            id,
            name: self.name,
            role: Role::Tree,
            scroll: &mut scroll,
            len: self.lines.row_count(),
            row_height: theme::CODE_ROW_HEIGHT,
        };
        let left = body.left() - self.lines.view.sideways;
        let tree = rows.show(&mut inside, |ui, row, place| {
            let (row_width, row_command) = self.row_ui(ui, id, self.lines.row(row), left, place);
            width = width.max(row_width);
            command = row_command.or(command);
            drawn += 1;
        });
        self.lines.view = TreeView { scroll, width, drawn, ..self.lines.view.clone() };
        ui.advance_cursor_after_rect(outer);
        if tree.has_focus() {
            // The list keeps the arrows up and down, the tree those to the sides as well.
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            if let Some(line) = self.lines.selected() {
                ui.accesskit_node_builder(id, |node| node.set_active_descendant(id.with(line).accesskit_id()));
            }
        }
        command.and_then(|command| self.act(ui, id, command)).or(by_keys)
    }

    /// Scrolls sideways by wheel and by a bar below the rows, when they are wider than there is room.
    fn sideways_ui(&mut self, ui: &Ui, id: Id, outer: Rect, most: f32) {
        let view = &mut self.lines.view;
        if most <= 0.0 {
            view.sideways = 0.0;
            return;
        }
        let t = DesignTokens::of(ui);
        if ui.rect_contains_pointer(outer) {
            view.sideways -= ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.x));
        }
        let track = Rect::from_min_max(pos2(outer.left(), outer.bottom() - BAR + 2.0), outer.max)
            .with_max_x(outer.right() - BAR);
        let share = track.width() / (track.width() + most);
        let handle = (track.width() * share).max(24.0);
        let travel = (track.width() - handle).max(1.0);
        let response = ui.interact(track, id.with("sideways"), Sense::DRAG);
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, format!("Scroll {} sideways", self.name)));
        view.sideways = (view.sideways + response.drag_delta().x / travel * most).clamp(0.0, most);
        let start = pos2(track.left() + view.sideways / most * travel, track.top() + 1.0);
        let color = if response.hovered() || response.dragged() { t.faint } else { t.border_strong };
        ui.painter().rect_filled(Rect::from_min_size(start, vec2(handle, 6.0)), 3.0, color);
    }

    fn act(&mut self, ui: &Ui, id: Id, command: TreeCommand) -> Option<JsonTreeAction> {
        match command {
            TreeCommand::Select(line) => {
                self.lines.select(Some(line));
                ui.memory_mut(|memory| memory.request_focus(id));
                None
            }
            TreeCommand::Toggle(line) => {
                self.lines.select(Some(line));
                self.lines.toggle(line);
                ui.memory_mut(|memory| memory.request_focus(id));
                None
            }
            TreeCommand::CopyValue(line) => {
                ui.copy_text(self.lines.copied(line));
                Some(JsonTreeAction::CopiedValue(self.lines.pointer(line)))
            }
            TreeCommand::CopyPath(line) => {
                let pointer = self.lines.pointer(line);
                ui.copy_text(pointer.clone());
                Some(JsonTreeAction::CopiedPath(pointer))
            }
            TreeCommand::CopyLine(line) => {
                let value = self.lines.copied(line);
                let key = self.lines.row(self.lines.row_of(line)).key.map(|key| Value::from(key).to_string());
                ui.copy_text(key.map(|key| format!("{key}: {value}")).unwrap_or(value));
                Some(JsonTreeAction::CopiedValue(self.lines.pointer(line)))
            }
        }
    }

    /// The keys of a focused tree; the second value tells whether the selection moved.
    fn keys(&self, ui: &Ui) -> (Option<TreeCommand>, bool) {
        let lines = &*self.lines;
        let line = lines.selected().unwrap_or(0);
        let row = lines.row_of(line);
        let last = lines.row_count().saturating_sub(1);
        let page = lines.view.scroll.in_view().max(1);
        let at = |row: usize| Some(TreeCommand::Select(lines.row(row.min(last)).line));
        ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            let marked = lines.selected().map(|_| row);
            let command = if let Some(row) = row_by_key(&mut pressed, marked, lines.row_count(), page) {
                at(row)
            } else if pressed(Key::ArrowLeft) {
                if lines.is_foldable(line) && !lines.is_folded(line) {
                    Some(TreeCommand::Toggle(line))
                } else {
                    Some(TreeCommand::Select(lines.parent(line)))
                }
            } else if pressed(Key::ArrowRight) {
                if lines.is_folded(line) { Some(TreeCommand::Toggle(line)) } else { at(row + 1) }
            } else if pressed(Key::Enter) || pressed(Key::Space) {
                Some(TreeCommand::Toggle(line))
            } else {
                None
            };
            if command.is_some() {
                return (command, true);
            }
            let copy = input.events.iter().position(|event| matches!(event, Event::Copy));
            if let Some(at) = copy {
                input.events.remove(at);
                let command =
                    if input.modifiers.shift { TreeCommand::CopyPath(line) } else { TreeCommand::CopyValue(line) };
                return (Some(command), false);
            }
            (None, false)
        })
    }

    /// Draws one row; returns its width in points, and what the user did to it.
    fn row_ui(&self, ui: &mut Ui, tree: Id, row: JsonRow<'_>, left: f32, rect: Rect) -> (f32, Option<TreeCommand>) {
        let font = theme::mono(theme::MONO_SIZE);
        let advance = ui.fonts_mut(|fonts| fonts.glyph_width(&font, ' '));
        let indent = row.depth as f32 * 2.0 * advance;
        let place = RowPlace { tree, rect, text_left: left + indent, advance };
        let response = ui.interact(rect, tree.with(row.line), Sense::CLICK);
        let pointer = self.lines.pointer(row.line);
        let opens = opens(&row);
        let hint = self.hint.filter(|_| opens).and_then(|hint| hint(&pointer, row.part.value()));
        let (galley, head) = layout_row(ui, DesignTokens::of(ui), &font, &row, hint.as_deref());
        if opens {
            self.describe(ui, &response, &row, hint.as_deref(), &pointer);
        }

        let width = galley.size().x + indent;
        self.paint_row(ui, &row, &place, galley, response.contains_pointer());
        let command = self.command_ui(ui, &row, &place, head, &response);
        if opens {
            self.help_ui(response, &row, &pointer);
        }
        (width, command)
    }

    fn paint_row(&self, ui: &Ui, row: &JsonRow<'_>, place: &RowPlace, galley: Arc<Galley>, is_under_pointer: bool) {
        let t = DesignTokens::of(ui);
        if self.lines.selected() == Some(row.line) {
            ui.painter().rect_filled(place.rect, theme::RADIUS_SMALL, t.selection);
        } else if is_under_pointer {
            ui.painter().rect_filled(place.rect, theme::RADIUS_SMALL, t.raised);
        }
        if opens(row) {
            for at in occurrences(galley.text(), self.highlight) {
                ui.painter().rect_filled(place.mark(&at), 2, t.match_fill);
            }
        }
        if self.lines.is_foldable(row.line) {
            let icon = if self.lines.is_folded(row.line) { icons::CHEVRON_RIGHT } else { icons::CHEVRON_DOWN };
            let glyph = ui.painter().layout_no_wrap(icon.glyph().to_string(), icons::font(12.0), t.subdued);
            ui.painter().galley(place.chevron_center() - glyph.size() / 2.0, glyph, t.subdued);
        }
        let text_top = place.rect.center().y - galley.size().y / 2.0;
        ui.painter().galley(pos2(place.text_left, text_top), galley, t.text);
    }

    /// What the user did to a row whose key is `head` points wide: by a click on it, by its buttons or by its menu.
    fn command_ui(
        &self,
        ui: &mut Ui,
        row: &JsonRow<'_>,
        place: &RowPlace,
        head: f32,
        response: &Response,
    ) -> Option<TreeCommand> {
        let by_click = self.click_ui(ui, row.line, place.handle(head), response);
        let by_button = if response.contains_pointer() && opens(row) {
            copy_buttons_ui(ui, place.rect, row.line, self.lines.selected() == Some(row.line))
        } else {
            None
        };
        let by_menu = self.menu_ui(ui, place.tree, row.line, response);
        by_menu.or(by_button).or(by_click)
    }

    /// A click on `handle`, which is the chevron and the key, folds; a click elsewhere selects.
    fn click_ui(&self, ui: &mut Ui, line: usize, handle: Rect, response: &Response) -> Option<TreeCommand> {
        let is_foldable = self.lines.is_foldable(line);
        let is_on_handle = is_foldable
            && ui.pointer_interact_pos().is_some_and(|at| handle.contains(at))
            && response.contains_pointer();
        if is_on_handle {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        if response.clicked() {
            Some(if is_on_handle { TreeCommand::Toggle(line) } else { TreeCommand::Select(line) })
        } else if response.double_clicked() && is_foldable {
            Some(TreeCommand::Toggle(line))
        } else {
            None
        }
    }

    /// What can be done to a line. A right click selects it first.
    fn menu_ui(&self, ui: &Ui, tree: Id, line: usize, response: &Response) -> Option<TreeCommand> {
        let mut command = None;
        let is_at = self.lines.selected() == Some(line) && ui.memory(|memory| memory.has_focus(tree));
        let by_key = is_at.then(|| AskedByKey::at_row(ui, response.rect)).flatten();
        context_menu_ui(ui, response, tree, by_key, |menu| {
            if menu.item("Copy value", LocalKey::Copy.keys()) {
                command = Some(TreeCommand::CopyValue(line));
            }
            if menu.item("Copy path", "") {
                command = Some(TreeCommand::CopyPath(line));
            }
            if menu.item("Copy line", "") {
                command = Some(TreeCommand::CopyLine(line));
            }
            if self.lines.is_foldable(line) {
                menu.separator();
                if menu.item(if self.lines.is_folded(line) { "Unfold" } else { "Fold" }, "") {
                    command = Some(TreeCommand::Toggle(line));
                }
            }
        });
        command.or(response.secondary_clicked().then_some(TreeCommand::Select(line)))
    }

    fn help_ui(&self, response: Response, row: &JsonRow<'_>, pointer: &str) {
        if let Some(help) = self.help
            && response.hovered()
            && let Some(sentence) = help(pointer, row.part.value())
        {
            response.on_hover_text_at_pointer(sentence);
        }
    }

    fn describe(&self, ui: &Ui, response: &Response, row: &JsonRow<'_>, hint: Option<&str>, pointer: &str) {
        let selected = self.lines.selected() == Some(row.line);
        response.widget_info(|| WidgetInfo::selected(Role::TreeItem, ui.is_enabled(), selected, spoken(row, hint)));
        ui.accesskit_node_builder(response.id, |node| {
            node.set_level(row.depth + 1);
            if let Some(sentence) = self.help.and_then(|help| help(pointer, row.part.value())) {
                node.set_description(sentence);
            }
            if self.lines.is_foldable(row.line) {
                node.set_expanded(!self.lines.is_folded(row.line));
            }
        });
    }
}

impl RowPlace {
    /// Behind so many characters of the text.
    fn mark(&self, at: &Range<usize>) -> Rect {
        Rect::from_min_size(
            pos2(self.text_left + at.start as f32 * self.advance, self.rect.top() + 1.0),
            vec2(at.len() as f32 * self.advance, self.rect.height() - 2.0),
        )
    }

    fn chevron_center(&self) -> Pos2 {
        pos2(self.text_left - self.advance - 1.0, self.rect.center().y)
    }

    /// The chevron, and the key of `head` points.
    fn handle(&self, head: f32) -> Rect {
        let left = self.text_left - 2.0 * self.advance - 2.0;
        Rect::from_x_y_ranges(left..=self.text_left + head, self.rect.y_range())
    }
}

/// Whether the row is the first or only one of its value, and so speaks for it.
fn opens(row: &JsonRow<'_>) -> bool {
    !matches!(row.part, JsonPart::Close(_))
}

/// Where `needle` stands in a row, in characters, whatever its case.
fn occurrences(text: &str, needle: &str) -> Vec<Range<usize>> {
    if needle.is_empty() {
        return Vec::new();
    }
    // A few letters become two in lower case. Then a mark is off by one letter, and nothing else goes wrong.
    let (text, needle) = (text.to_lowercase(), needle.to_lowercase());
    let length = needle.chars().count();
    text.match_indices(&needle)
        .map(|(at, _)| {
            let start = text[..at].chars().count();
            start..start + length
        })
        .collect()
}

/// What a screen reader says of a row.
fn spoken(row: &JsonRow<'_>, hint: Option<&str>) -> String {
    let value = match row.part.value() {
        Value::Array(items) => format!("array of {}", items.len()),
        Value::Object(items) => format!("object of {}", items.len()),
        Value::String(text) => foreign::label(text).into_owned(),
        value => value.to_string(),
    };
    let mut words = match row.key {
        Some(key) => format!("{}: {value}", foreign::label(key)),
        None => value,
    };
    if let Some(hint) = hint {
        words.push_str(", ");
        words.push_str(hint);
    }
    words
}

/// The text of a row without its indentation, and how wide its key is.
fn layout_row(ui: &Ui, t: &DesignTokens, font: &FontId, row: &JsonRow<'_>, hint: Option<&str>) -> (Arc<Galley>, f32) {
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    job.break_on_newline = false;
    let mut push = |text: &str, color: Color32| job.append(text, 0.0, TextFormat::simple(font.clone(), color));
    let mut head_chars = 0;
    if let Some(key) = row.key {
        let key = foreign::value(&Value::from(key), MOST_CHARS);
        head_chars = key.chars().count();
        push(&key, t.json_key);
        push(": ", t.json_punctuation);
    }
    let (open, close) = row.part.brackets();
    match row.part {
        JsonPart::Leaf(value) => {
            let color = match value {
                Value::String(_) => t.json_string,
                Value::Number(_) => t.json_number,
                Value::Bool(_) | Value::Null => t.json_literal,
                Value::Array(_) | Value::Object(_) => t.json_punctuation,
            };
            push(&foreign::value(value, MOST_CHARS), color);
        }
        JsonPart::Open(_) => push(open, t.json_punctuation),
        JsonPart::Folded(_, items) => push(&format!("{open} {items} {close}"), t.json_punctuation),
        JsonPart::Close(_) => push(close, t.json_punctuation),
    }
    if row.comma {
        push(",", t.json_punctuation);
    }
    if let Some(hint) = hint {
        push("   ", t.json_hint);
        push(hint, t.json_hint);
    }
    let advance = ui.fonts_mut(|fonts| fonts.glyph_width(font, ' '));
    (ui.painter().layout_job(job), head_chars as f32 * advance)
}

fn copy_buttons_ui(ui: &mut Ui, row: Rect, line: usize, selected: bool) -> Option<TreeCommand> {
    const SIDE: f32 = 19.0;
    let t = DesignTokens::of(ui);
    let rect = Rect::from_min_max(pos2(row.right() - 2.0 * SIDE - 8.0, row.top()), row.max);
    ui.painter().rect_filled(rect, theme::RADIUS_SMALL, if selected { t.selection } else { t.raised });
    let mut command = None;
    let left = rect.left() + 4.0;
    let slot = |i: f32| Rect::from_min_size(pos2(left + i * SIDE, row.top()), vec2(SIDE, SIDE));
    if ui.place(slot(0.0), IconButton::new(icons::COPY, "Copy value").small()).clicked() {
        command = Some(TreeCommand::CopyValue(line));
    }
    if ui.place(slot(1.0), IconButton::new(icons::ROUTE, "Copy path").small()).clicked() {
        command = Some(TreeCommand::CopyPath(line));
    }
    command
}
