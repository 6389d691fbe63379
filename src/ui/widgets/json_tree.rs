//! A JSON document as a tree to read, fold and copy from.

use crate::{
    domain::json_document::JsonView,
    ui::{
        icons,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::{
            AskedByKey, IconButton,
            context_menu::{context_menu_ui, is_wanted},
            json_lines::{JsonLines, JsonRow, MarkedText, TextPlace, TreeView},
            json_row::{RowPlace, RowText, spoken},
            json_search::{SearchWords, words_beside},
            row_by_key,
            virtual_rows::{BAR, VirtualRows},
        },
    },
};
use egui::{
    Event, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use std::{ops::Range, sync::Arc};

/// Plain words about a value.
pub type ValueWords<'a> = &'a dyn Fn(JsonView<'_>) -> Option<String>;

/// What the tree has put into the clipboard, so that the caller can tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonTreeAction {
    /// The value at this pointer.
    CopiedValue(String),
    /// This pointer.
    CopiedPath(String),
    /// The value with its name, at this pointer.
    CopiedLine(String),
    /// The text that was marked.
    CopiedMarked,
}

/// A tree over a document; only the rows in view are drawn.
#[must_use = "call `ui`"]
pub struct JsonTree<'a> {
    lines: &'a mut JsonLines,
    name: &'a str,
    hint: Option<ValueWords<'a>>,
    help: Option<ValueWords<'a>>,
    highlight: Option<&'a SearchWords>,
}

/// What the user did to the tree in this frame.
#[derive(Clone, Copy)]
enum TreeCommand {
    Select(usize),
    Toggle(usize),
    CopyValue(usize),
    CopyPath(usize),
    CopyLine(usize),
    CopyMarked,
    /// Mark text, and let the pointer go on marking while it is held.
    Mark(MarkedText, bool),
    MarkAll,
    Unmark,
}

impl<'a> JsonTree<'a> {
    /// A tree called `name` over `lines`.
    pub fn new(name: &'a str, lines: &'a mut JsonLines) -> Self {
        Self { lines, name, hint: None, help: None, highlight: None }
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

    /// Shows where the rows have these words.
    pub fn highlight(mut self, words: &'a SearchWords) -> Self {
        self.highlight = Some(words);
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
        // A menu opens at its line, which has to be in view.
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
        let pointer = self.marking_pointer(ui, body);
        let (mut reveal, mut under_pointer): (Option<Range<f32>>, Option<TextPlace>) = (None, None);
        let tree = rows.show(&mut inside, |ui, row, place| {
            let drawn_row = self.row_ui(ui, id, &self.lines.row(row), left, place, pointer);
            width = width.max(drawn_row.width);
            command = drawn_row.command.or(command);
            if drawn_row.hit.is_some() {
                reveal = drawn_row.hit;
            }
            // Below the last row its end is meant.
            under_pointer = drawn_row.under_pointer.or(under_pointer);
            drawn += 1;
        });
        self.lines.view = TreeView { scroll, width, drawn, ..self.lines.view.clone() };
        if let Some(hit) = reveal {
            self.reveal_sideways(ui, &hit, room);
        }
        if let (Some(pointer), Some(head)) = (pointer, under_pointer) {
            self.mark_on(ui, pointer, head, body);
        }
        ui.advance_cursor_after_rect(outer);
        if tree.has_focus() {
            // The list keeps the arrows up and down, the tree those to the sides as well.
            // Escape is the tree's while it has marked text, which it takes back.
            let escape = self.lines.has_marked();
            let filter =
                EventFilter { vertical_arrows: true, horizontal_arrows: true, escape, ..EventFilter::default() };
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
                self.lines.mark(None);
                ui.memory_mut(|memory| memory.request_focus(id));
                None
            }
            TreeCommand::Toggle(line) => {
                self.lines.select(Some(line));
                self.lines.mark(None);
                self.lines.toggle(line);
                ui.memory_mut(|memory| memory.request_focus(id));
                None
            }
            TreeCommand::CopyValue(line) => {
                ui.copy_text(self.lines.copied(line));
                Some(JsonTreeAction::CopiedValue(self.lines.pointer(line)))
            }
            TreeCommand::CopyLine(line) => {
                ui.copy_text(self.lines.copied_line(line));
                Some(JsonTreeAction::CopiedLine(self.lines.pointer(line)))
            }
            TreeCommand::CopyMarked => {
                ui.copy_text(self.lines.marked_text()?);
                Some(JsonTreeAction::CopiedMarked)
            }
            TreeCommand::Mark(marked, goes_on) => {
                self.lines.mark(Some(marked));
                self.lines.view.is_marking = goes_on;
                self.lines.select(Some(marked.head.line));
                ui.memory_mut(|memory| memory.request_focus(id));
                None
            }
            TreeCommand::MarkAll => {
                self.lines.mark_all();
                None
            }
            TreeCommand::Unmark => {
                self.lines.mark(None);
                None
            }
            TreeCommand::CopyPath(line) => {
                let pointer = self.lines.pointer(line);
                ui.copy_text(pointer.clone());
                Some(JsonTreeAction::CopiedPath(pointer))
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
            if input.consume_key(Modifiers::COMMAND, Key::A) {
                return (Some(TreeCommand::MarkAll), false);
            }
            if lines.has_marked() && input.consume_key(Modifiers::NONE, Key::Escape) {
                return (Some(TreeCommand::Unmark), false);
            }
            let step = |input: &mut egui::InputState, key| input.consume_key(Modifiers::SHIFT, key);
            let marks_to = if step(input, Key::ArrowDown) {
                Some(row.saturating_add(1).min(last))
            } else if step(input, Key::ArrowUp) {
                Some(row.saturating_sub(1))
            } else {
                None
            };
            if let Some(to) = marks_to {
                return (Some(self.marked_to(row, to)), true);
            }
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
                let command = match input.modifiers.shift {
                    true => TreeCommand::CopyPath(line),
                    false if lines.has_marked() => TreeCommand::CopyMarked,
                    false => TreeCommand::CopyValue(line),
                };
                return (Some(command), false);
            }
            (None, false)
        })
    }

    /// Whole lines marked by a key, from where marking began to the row `to`.
    fn marked_to(&self, from: usize, to: usize) -> TreeCommand {
        let lines = &*self.lines;
        let anchor = lines.marked().map_or(from, |marked| lines.row_of(marked.anchor.line));
        let begin = |row: usize| TextPlace { line: lines.row(row).line, char: 0 };
        let end = |row: usize| TextPlace { line: lines.row(row).line, char: usize::MAX };
        let marked = if to >= anchor {
            MarkedText { anchor: begin(anchor), head: end(to) }
        } else {
            MarkedText { anchor: end(anchor), head: begin(to) }
        };
        TreeCommand::Mark(marked, false)
    }

    /// Where the pointer is while it marks text.
    fn marking_pointer(&mut self, ui: &Ui, body: Rect) -> Option<Pos2> {
        let view = &mut self.lines.view;
        view.is_marking &= ui.input(|input| input.pointer.primary_down());
        let pointer = ui.input(|input| input.pointer.latest_pos()).filter(|_| view.is_marking)?;
        Some(pos2(pointer.x, pointer.y.clamp(body.top(), body.bottom() - 1.0)))
    }

    /// Marks up to the pointer, and scrolls on while it is beyond the rows.
    fn mark_on(&mut self, ui: &Ui, pointer: Pos2, head: TextPlace, body: Rect) {
        const POINTS_A_FRAME: f32 = 12.0;
        if let Some(marked) = self.lines.marked() {
            self.lines.mark(Some(MarkedText { head, ..marked }));
            self.lines.select(Some(head.line));
        }
        let real = ui.input(|input| input.pointer.latest_pos()).unwrap_or(pointer);
        let beyond = |at: f32, from: f32, to: f32| f32::from(i8::from(at > to) - i8::from(at < from));
        let down = beyond(real.y, body.top(), body.bottom());
        let right = beyond(real.x, body.left(), body.right() - BAR);
        if down != 0.0 || right != 0.0 {
            self.lines.view.scroll.by(down * POINTS_A_FRAME, theme::CODE_ROW_HEIGHT);
            self.lines.view.sideways = (self.lines.view.sideways + right * POINTS_A_FRAME).max(0.0);
            ui.request_repaint();
        }
    }

    /// Scrolls sideways so that a match is seen with what is around it. `hit` counts from where the rows begin.
    fn reveal_sideways(&mut self, ui: &Ui, hit: &Range<f32>, room: f32) {
        let view = &mut self.lines.view;
        view.wants_hit = false;
        let margin = (room / 4.0).min(120.0);
        let before = view.sideways;
        let lowest = hit.end + margin - room;
        let highest = (hit.start - margin).max(0.0);
        view.sideways = before.clamp(lowest.min(highest).max(0.0), highest.max(0.0));
        if (view.sideways - before).abs() > 0.5 {
            ui.request_repaint();
        }
    }

    /// Draws one row. `pointer` is where text is being marked.
    fn row_ui(
        &self,
        ui: &mut Ui,
        tree: Id,
        row: &JsonRow<'_>,
        left: f32,
        rect: Rect,
        pointer: Option<Pos2>,
    ) -> DrawnRow {
        let font = theme::mono(theme::MONO_SIZE);
        let advance = ui.fonts_mut(|fonts| fonts.glyph_width(&font, ' '));
        let indent = row.depth() as f32 * 2.0 * advance;
        let place = RowPlace { tree, rect, text_left: left + indent, advance };
        let response = ui.interact(rect, tree.with(row.line), Sense::click_and_drag());
        let hint = self.hint.filter(|_| row.opens()).and_then(|hint| hint(row.value));
        let hint = words_beside(row, hint);
        let text = RowText::layout(ui, &font, row, hint.as_deref(), &place);
        if row.opens() {
            self.describe(ui, &response, row, hint.as_deref());
        }
        let is_marking = pointer.is_some();
        self.paint_row(ui, row, &place, &text, response.contains_pointer() && !is_marking);
        let under_pointer = pointer.filter(|at| at.y >= rect.top()).map(|at| {
            let char = if at.y < rect.bottom() { text.char_at(at.x - place.text_left) } else { text.count };
            TextPlace { line: row.line, char }
        });
        let command = self.command_ui(ui, row, &place, &text, &response);
        let view = &self.lines.view;
        let hit = view.hit.filter(|hit| view.wants_hit && hit.line as usize == row.line);
        let from_left = |char: u32| text.x_of(char as usize) + indent;
        let drawn = DrawnRow {
            width: text.width + indent,
            hit: hit.map(|hit| from_left(hit.start)..from_left(hit.end)),
            under_pointer,
            command,
        };
        if row.opens() && !is_marking {
            self.help_ui(response, row);
        }
        drawn
    }

    fn paint_row(&self, ui: &Ui, row: &JsonRow<'_>, place: &RowPlace, text: &RowText, is_under_pointer: bool) {
        let t = DesignTokens::of(ui);
        let is_selected = self.lines.selected() == Some(row.line);
        if is_selected && !self.lines.has_marked() {
            ui.painter().rect_filled(place.rect, theme::RADIUS_SMALL, t.selection);
        } else if is_under_pointer {
            ui.painter().rect_filled(place.rect, theme::RADIUS_SMALL, t.raised);
        }
        let rect_of = |chars: &Range<usize>| {
            let (start, end) = (text.x_of(chars.start), text.x_of(chars.end));
            Rect::from_min_max(
                pos2(place.text_left + start, place.rect.top() + 1.0),
                pos2(place.text_left + end, place.rect.bottom() - 1.0),
            )
        };
        if let Some(chars) = self.lines.marked_in(row, text.count) {
            let mut rect = rect_of(&chars).expand2(vec2(0.0, 1.0));
            // An end of a line that is marked too is seen as such.
            if chars.is_empty() {
                rect.max.x += place.advance / 2.0;
            }
            ui.painter().rect_filled(rect, 0, ui.visuals().selection.bg_fill);
        }
        if let Some(words) = self.highlight.filter(|words| row.opens() && !words.is_empty()) {
            for at in words.marks_in_row(row, &text.text) {
                let at = at.start + text.first..at.end + text.first;
                ui.painter().rect_filled(rect_of(&at), 2, t.match_fill);
            }
            if let Some(hit) = self.lines.view.hit.filter(|hit| hit.line as usize == row.line) {
                let rect = rect_of(&(hit.start as usize..hit.end as usize));
                ui.painter().rect_stroke(rect, 2, Stroke::new(1.0, t.accent), StrokeKind::Outside);
            }
        }
        if self.lines.is_foldable(row.line) {
            let icon = if self.lines.is_folded(row.line) { icons::CHEVRON_RIGHT } else { icons::CHEVRON_DOWN };
            let glyph = ui.painter().layout_no_wrap(icon.glyph().to_string(), icons::font(12.0), t.subdued);
            ui.painter().galley(place.chevron_center() - glyph.size() / 2.0, glyph, t.subdued);
        }
        let text_top = place.rect.center().y - text.galley.size().y / 2.0;
        ui.painter().galley(pos2(place.text_left + text.left, text_top), Arc::clone(&text.galley), t.text);
    }

    /// What the user did to a row: by the pointer, by its buttons or by its menu.
    fn command_ui(
        &self,
        ui: &mut Ui,
        row: &JsonRow<'_>,
        place: &RowPlace,
        text: &RowText,
        response: &Response,
    ) -> Option<TreeCommand> {
        let by_pointer = self.pointer_ui(ui, row, place, text, response);
        let by_button = if response.contains_pointer() && row.opens() && !self.lines.view.is_marking {
            copy_buttons_ui(ui, place.rect, row.line, self.lines.selected() == Some(row.line))
        } else {
            None
        };
        let by_menu = self.menu_ui(ui, place.tree, row.line, response);
        by_menu.or(by_button).or(by_pointer)
    }

    /// A click on the chevron or the key folds; elsewhere it selects the line. What is drawn over is marked, by two clicks
    /// a word and by three the line; with Shift marking goes on from where it began.
    fn pointer_ui(
        &self,
        ui: &mut Ui,
        row: &JsonRow<'_>,
        place: &RowPlace,
        text: &RowText,
        response: &Response,
    ) -> Option<TreeCommand> {
        let line = row.line;
        let handle = place.handle(text.head);
        let pointer = ui.pointer_interact_pos();
        let is_on_handle = self.lines.is_foldable(line)
            && pointer.is_some_and(|at| handle.contains(at))
            && response.contains_pointer();
        let is_on_text = pointer.is_some_and(|at| at.x >= place.text_left && at.x < place.text_left + text.width);
        if is_on_handle {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        } else if self.lines.view.is_marking || (response.contains_pointer() && is_on_text) {
            ui.set_cursor_icon(egui::CursorIcon::Text);
        }
        let place_at = |at: Pos2| TextPlace { line, char: text.char_at(at.x - place.text_left) };
        let chars = |range: Range<usize>| {
            let [anchor, head] = [range.start, range.end].map(|char| TextPlace { line, char });
            Some(TreeCommand::Mark(MarkedText { anchor, head }, false))
        };
        let shift = ui.input(|input| input.modifiers.shift);
        if response.drag_started_by(egui::PointerButton::Primary) && !shift {
            let from = place_at(ui.input(|input| input.pointer.press_origin())?);
            return Some(TreeCommand::Mark(MarkedText { anchor: from, head: from }, true));
        }
        let at = response.interact_pointer_pos().filter(|_| response.clicked())?;
        if shift {
            let begin = self.lines.marked().map(|marked| marked.anchor);
            let begin = begin.or_else(|| Some(TextPlace { line: self.lines.selected()?, char: 0 }));
            let head = place_at(at);
            return Some(TreeCommand::Mark(MarkedText { anchor: begin.unwrap_or(head), head }, false));
        }
        if response.triple_clicked() {
            return chars(0..text.count);
        }
        if is_on_handle {
            return Some(TreeCommand::Toggle(line));
        }
        if response.double_clicked() && is_on_text {
            return chars(row.word_at(place_at(at).char));
        }
        // Where marking goes on from with Shift.
        let here = place_at(at);
        Some(TreeCommand::Mark(MarkedText { anchor: here, head: here }, false))
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
            if menu.item("Copy line", "") {
                command = Some(TreeCommand::CopyLine(line));
            }
            if self.lines.has_marked() && menu.item("Copy marked text", "") {
                command = Some(TreeCommand::CopyMarked);
            }
            if menu.item("Copy path", "") {
                command = Some(TreeCommand::CopyPath(line));
            }
            if self.lines.is_foldable(line) {
                menu.separator();
                if menu.item(if self.lines.is_folded(line) { "Unfold" } else { "Fold" }, "") {
                    command = Some(TreeCommand::Toggle(line));
                }
            }
        });
        // Marked text stays marked, to be copied.
        let selects = response.secondary_clicked() && !self.lines.has_marked();
        command.or(selects.then_some(TreeCommand::Select(line)))
    }

    fn help_ui(&self, response: Response, row: &JsonRow<'_>) {
        if let Some(help) = self.help
            && response.hovered()
            && let Some(sentence) = help(row.value)
        {
            response.on_hover_text_at_pointer(sentence);
        }
    }

    fn describe(&self, ui: &Ui, response: &Response, row: &JsonRow<'_>, hint: Option<&str>) {
        let selected = self.lines.selected() == Some(row.line);
        response.widget_info(|| WidgetInfo::selected(Role::TreeItem, ui.is_enabled(), selected, spoken(row, hint)));
        ui.accesskit_node_builder(response.id, |node| {
            node.set_level(row.depth() + 1);
            if let Some(sentence) = self.help.and_then(|help| help(row.value)) {
                node.set_description(sentence);
            }
            if self.lines.is_foldable(row.line) {
                node.set_expanded(!self.lines.is_folded(row.line));
            }
        });
    }
}

/// What came of drawing a row.
struct DrawnRow {
    /// In points.
    width: f32,
    /// Where the match stands that is to be scrolled to, in points from where the rows begin.
    hit: Option<Range<f32>>,
    /// The place in the text that the pointer is at while it marks.
    under_pointer: Option<TextPlace>,
    command: Option<TreeCommand>,
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
