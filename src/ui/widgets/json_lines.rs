//! A JSON document as a flat list of lines, which can be folded, searched, marked and read row by row.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::virtual_rows::RowScroll;
use crate::domain::{
    foreign,
    json_document::{JsonDocument, JsonKind, JsonView},
    json_spans,
};

/// A document as a flat list of lines, and which of its objects and arrays are folded.
///
/// Building it is linear in the document. Folding is linear in the number of lines that stay in sight; reading a row
/// costs as much as the row is deep. Nothing else is done for what is not in sight.
#[derive(Clone, Debug)]
pub struct JsonLines {
    text: Arc<JsonText>,
    folded: Vec<bool>,
    /// The lines in sight, in order.
    visible: Vec<u32>,
    selected: Option<u32>,
    marked: Option<MarkedText>,
    pub(super) view: TreeView,
}

/// How the tree over the lines is scrolled.
#[derive(Clone, Debug, Default)]
pub(super) struct TreeView {
    pub scroll: RowScroll,
    pub sideways: f32,
    /// How wide the rows of the last frame were.
    pub width: f32,
    /// How many rows the last frame drew.
    pub drawn: usize,
    /// The match that the search went to last, and whether it is still to be scrolled to sideways.
    pub hit: Option<SearchHit>,
    pub wants_hit: bool,
    /// Whether the pointer is marking text.
    pub is_marking: bool,
}

/// The part of a document that never changes, its values and its lines; another thread can search it.
#[derive(Debug)]
pub struct JsonText {
    document: JsonDocument,
    /// Of each line the value that it shows, and `CLOSES` where it closes it.
    lines: Vec<u32>,
    /// Of each value its first line.
    first: Vec<u32>,
}

const CLOSES: u32 = 1 << 31;

/// Of a line no more characters are shown and marked; copying gives them all.
pub(super) const LINE_CHARS: usize = 20_000;

/// What one row in sight shows.
#[derive(Clone, Copy, Debug)]
pub struct JsonRow<'a> {
    /// Which line of the document it is.
    pub line: usize,
    /// The value that it shows or belongs to.
    pub value: JsonView<'a>,
    /// What it shows of the value.
    pub part: JsonPart,
    /// Whether a comma follows.
    pub comma: bool,
}

/// What a row shows of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonPart {
    /// A string, a number, a literal, or an empty object or array.
    Leaf,
    /// The opening bracket of an unfolded object or array.
    Open,
    /// A folded object or array.
    Folded,
    /// A closing bracket.
    Close,
}

/// A piece of the text of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPiece {
    Key,
    Text,
    Number,
    Literal,
    /// Brackets, colons, commas, and text that is not JSON.
    Other,
}

/// A match of a search: characters of the text of a line, or of the words beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchHit {
    pub line: u32,
    pub start: u32,
    pub end: u32,
}

/// A place in the text of a line, before the character `char`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPlace {
    pub line: usize,
    pub char: usize,
}

/// Text that is marked: from where it was begun to where it ends now, which may be before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkedText {
    pub anchor: TextPlace,
    pub head: TextPlace,
}

impl MarkedText {
    fn ends(self) -> (TextPlace, TextPlace) {
        (self.anchor.min(self.head), self.anchor.max(self.head))
    }
}

impl JsonRow<'_> {
    /// How deep it is indented.
    pub fn depth(&self) -> usize {
        self.value.depth().min(json_spans::DEEPEST_INDENT)
    }

    /// Whether it is the first or only row of its value, and so speaks for it.
    pub fn opens(&self) -> bool {
        self.part != JsonPart::Close
    }

    /// Gives its text piece by piece, as it is shown: spelled as it came, but that characters which would act on the
    /// display are escapes.
    pub fn pieces(&self, mut take: impl FnMut(RowPiece, &str)) {
        let value = self.value;
        if let Some(key) = value.key_text().filter(|_| self.opens()) {
            take(RowPiece::Key, &shown(key));
            take(RowPiece::Other, ": ");
        }
        let (open, close) = if value.kind() == JsonKind::Array { ("[", "]") } else { ("{", "}") };
        match (self.part, value.kind()) {
            (JsonPart::Open, _) => take(RowPiece::Other, open),
            (JsonPart::Close, _) => take(RowPiece::Other, close),
            (JsonPart::Folded, _) => take(RowPiece::Other, &format!("{open} {} {close}", value.len())),
            (JsonPart::Leaf, JsonKind::Object | JsonKind::Array) => {
                take(RowPiece::Other, open);
                take(RowPiece::Other, close);
            }
            (JsonPart::Leaf, JsonKind::Text) => take(RowPiece::Text, &shown(value.text())),
            (JsonPart::Leaf, JsonKind::Number) => take(RowPiece::Number, &shown(value.text())),
            (JsonPart::Leaf, JsonKind::Literal) => take(RowPiece::Literal, value.text()),
            (JsonPart::Leaf, JsonKind::Plain) => take(RowPiece::Other, &foreign::lines(start(value.text()))),
        }
        if self.comma {
            take(RowPiece::Other, ",");
        }
    }

    /// Its text without the indentation.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.pieces(|_, piece| text.push_str(piece));
        text
    }

    /// The characters of its text that are its value, or its bracket.
    pub(super) fn value_chars(&self) -> Range<usize> {
        let mut chars = 0;
        let mut ends = Vec::with_capacity(5);
        self.pieces(|_, piece| {
            chars += piece.chars().count();
            ends.push(chars);
        });
        let has_key = self.opens() && self.value.key_text().is_some();
        (if has_key { ends[1] } else { 0 })..chars - usize::from(self.comma)
    }

    /// What a double click at a character of its text marks: a number or a word, or else the sign.
    pub(super) fn word_at(&self, at: usize) -> Range<usize> {
        let mut found = None;
        let mut begin = 0;
        self.pieces(|piece, text| {
            let end = begin + text.chars().count();
            if found.is_none() && at < end {
                found = Some(match piece {
                    RowPiece::Number | RowPiece::Literal => begin..end,
                    _ => word_in(text, at - begin, begin),
                });
            }
            begin = end;
        });
        found.unwrap_or(begin..begin)
    }
}

/// The word of letters, digits and underscores around the character `at` of a text; its places count from `begin`.
fn word_in(text: &str, at: usize, begin: usize) -> Range<usize> {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let signs: Vec<char> = text.chars().collect();
    if !is_word(signs[at]) {
        return begin + at..begin + at + 1;
    }
    let before = signs[..at].iter().rev().take_while(|sign| is_word(**sign)).count();
    let behind = signs[at..].iter().take_while(|sign| is_word(**sign)).count();
    begin + at - before..begin + at + behind
}

/// The start of a text that is too long to be shown.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(LINE_CHARS).map(|(end, _)| end);
    &text[..end.unwrap_or(text.len())]
}

/// A token as it is shown.
fn shown(token: &str) -> Cow<'_, str> {
    let start = start(token);
    let shown = foreign::json(start);
    if start.len() < token.len() { Cow::Owned(shown.into_owned() + "…") } else { shown }
}

impl JsonLines {
    /// The lines of a document, all unfolded.
    pub fn new(document: JsonDocument) -> Self {
        let text = Arc::new(JsonText::new(document));
        let folded = vec![false; text.lines.len()];
        let (visible, selected, marked) = (Vec::new(), None, None);
        let mut json = Self { text, folded, visible, selected, marked, view: TreeView::default() };
        json.update_visible();
        json
    }

    /// The document.
    pub fn document(&self) -> &JsonDocument {
        &self.text.document
    }

    /// What can be searched, also on another thread.
    pub fn text(&self) -> &Arc<JsonText> {
        &self.text
    }

    /// How many lines the whole document has.
    pub fn line_count(&self) -> usize {
        self.folded.len()
    }

    /// How many rows the last frame drew: what a test counts instead of time.
    pub fn rows_drawn(&self) -> usize {
        self.view.drawn
    }

    /// How many rows are in sight.
    pub fn row_count(&self) -> usize {
        self.visible.len()
    }

    /// What row `row` of those in sight shows.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> JsonRow<'_> {
        let line = self.visible[row] as usize;
        let shown = self.text.row(line);
        if self.folded[line] {
            return JsonRow { part: JsonPart::Folded, comma: has_sibling(shown.value), ..shown };
        }
        shown
    }

    /// The row that shows `line`, or what it is folded into.
    pub fn row_of(&self, line: usize) -> usize {
        self.visible.partition_point(|&visible| visible as usize <= line).saturating_sub(1)
    }

    /// The JSON pointer of `line`, empty for the whole document.
    pub fn pointer(&self, line: usize) -> String {
        self.value(line).pointer()
    }

    /// The value that `line` shows or belongs to.
    pub fn value(&self, line: usize) -> JsonView<'_> {
        self.text.row(line).value
    }

    /// The value of `line` as a person wants it in the clipboard: a string without quotes, the rest as JSON.
    pub fn copied(&self, line: usize) -> String {
        self.value(line).copied()
    }

    /// The value of `line` with its name, as JSON.
    pub fn copied_line(&self, line: usize) -> String {
        let value = self.value(line);
        let text = json_spans::indented(value.text()).unwrap_or_else(|_| value.text().to_owned());
        value.key_text().map_or_else(|| text.clone(), |key| format!("{key}: {text}"))
    }

    /// Whether `line` opens an object or array that can be folded; the document itself cannot.
    pub fn is_foldable(&self, line: usize) -> bool {
        line > 0 && self.text.row(line).part == JsonPart::Open
    }

    /// Whether `line` is folded.
    pub fn is_folded(&self, line: usize) -> bool {
        self.folded[line]
    }

    /// Folds or unfolds `line`, if it can be folded.
    pub fn fold(&mut self, line: usize, folded: bool) {
        if self.is_foldable(line) && self.folded[line] != folded {
            self.folded[line] = folded;
            self.update_visible();
        }
    }

    /// Folds `line` if it is unfolded, and the other way round.
    pub fn toggle(&mut self, line: usize) {
        self.fold(line, !self.is_folded(line));
    }

    /// Unfolds everything.
    pub fn expand_all(&mut self) {
        self.folded.fill(false);
        self.update_visible();
    }

    /// Folds everything but the document itself.
    pub fn collapse_all(&mut self) {
        for line in 1..self.folded.len() {
            self.folded[line] = self.is_foldable(line);
        }
        self.update_visible();
    }

    /// The selected line.
    pub fn selected(&self) -> Option<usize> {
        self.selected.map(|line| line as usize)
    }

    /// Selects `line`.
    pub fn select(&mut self, line: Option<usize>) {
        self.selected = line.map(|line| line as u32);
    }

    /// The text that is marked, perhaps of no length: then it is where marking goes on from.
    pub fn marked(&self) -> Option<MarkedText> {
        self.marked
    }

    /// Marks text, or none.
    pub fn mark(&mut self, marked: Option<MarkedText>) {
        self.marked = marked;
    }

    /// Marks everything.
    pub fn mark_all(&mut self) {
        let last = self.row_count().saturating_sub(1);
        let head = TextPlace { line: self.row(last).line, char: usize::MAX };
        self.marked = Some(MarkedText { anchor: TextPlace { line: 0, char: 0 }, head });
    }

    /// Whether any text is marked.
    pub fn has_marked(&self) -> bool {
        self.marked.is_some_and(|marked| marked.anchor != marked.head)
    }

    /// The characters of a row's text that are marked, of which it has `count`.
    pub(super) fn marked_in(&self, row: &JsonRow<'_>, count: usize) -> Option<Range<usize>> {
        let (start, end) = self.marked.filter(|_| self.has_marked())?.ends();
        if row.line < start.line || row.line > end.line {
            return None;
        }
        let begin = if row.line == start.line { start.char.min(count) } else { 0 };
        let end = if row.line == end.line { end.char.min(count) } else { count };
        Some(begin..end)
    }

    /// The marked text as it is shown, on lines that are indented. What is folded comes unfolded, and what is too long to
    /// be shown comes whole.
    pub fn marked_text(&self) -> Option<String> {
        let (start, end) = self.marked.filter(|_| self.has_marked())?.ends();
        let rows = || (self.row_of(start.line)..=self.row_of(end.line)).map(|row| self.row(row));
        let outer = rows().map(|row| row.depth()).min().unwrap_or_default();
        let mut text = String::new();
        for row in rows() {
            let count = row.text().chars().count();
            let chars = self.marked_in(&row, count).unwrap_or(0..count);
            if row.line > start.line {
                text.push('\n');
            }
            if row.line > start.line || start.char == 0 {
                (outer..row.depth()).for_each(|_| text.push_str("  "));
            }
            push_marked(&mut text, &row, chars, row.depth() - outer);
        }
        Some(text)
    }

    /// The line that opens what `line` is in.
    pub fn parent(&self, line: usize) -> usize {
        self.text.parent(line)
    }

    /// Unfolds all that hides `line`, and selects it.
    pub fn reveal(&mut self, line: usize) {
        let mut parent = self.parent(line);
        let mut is_hidden = false;
        while parent > 0 {
            is_hidden |= std::mem::replace(&mut self.folded[parent], false);
            parent = self.parent(parent);
        }
        self.selected = Some(line as u32);
        self.marked = None;
        if is_hidden {
            self.update_visible();
        }
        // With some rows around it, so that its context can be read.
        self.view.scroll.reveal_within(self.row_of(line), 4);
    }

    /// Goes to a match: unfolds what hides it, selects its line, and scrolls to it, sideways too.
    pub fn reveal_hit(&mut self, hit: SearchHit) {
        self.reveal(hit.line as usize);
        self.view.hit = Some(hit);
        self.view.wants_hit = true;
    }

    /// Forgets which match was gone to.
    pub fn forget_hit(&mut self) {
        self.view.hit = None;
        self.view.wants_hit = false;
    }

    fn update_visible(&mut self) {
        self.visible.clear();
        let mut line = 0;
        while line < self.folded.len() {
            self.visible.push(line as u32);
            line = if self.folded[line] { self.text.closing_line(line) + 1 } else { line + 1 };
        }
    }
}

/// Writes the marked characters of a row.
fn push_marked(text: &mut String, row: &JsonRow<'_>, chars: Range<usize>, depth: usize) {
    let shown = row.text();
    let value = row.value_chars();
    let count = shown.chars().count();
    let is_cut = row.value.text().len() > LINE_CHARS && row.part == JsonPart::Leaf;
    let cut = |range: Range<usize>| shown.chars().skip(range.start).take(range.len());
    // A folded value cannot be marked in part, and what lies behind the characters that are shown is marked with the
    // last of them.
    let is_whole = row.part == JsonPart::Folded && chars.start < value.end && chars.end > value.start;
    let to_its_end = is_cut && chars.start < value.end && chars.end >= value.end;
    if !is_whole && !to_its_end {
        text.extend(cut(chars));
        return;
    }
    text.extend(cut(chars.start.min(value.start)..value.start));
    if is_whole {
        let unfolded = json_spans::indented(row.value.text()).unwrap_or_default();
        for (nth, line) in unfolded.lines().enumerate() {
            if nth > 0 {
                text.push('\n');
                (0..depth).for_each(|_| text.push_str("  "));
            }
            text.push_str(line);
        }
    } else {
        text.extend(row.value.text().chars().skip(chars.start.saturating_sub(value.start)));
    }
    text.extend(cut(value.end..chars.end.clamp(value.end, count)));
}

fn has_sibling(value: JsonView<'_>) -> bool {
    value.parent().is_some_and(|parent| value.next() < parent.next())
}

impl JsonText {
    fn new(document: JsonDocument) -> Self {
        let count = document.node_count();
        let mut text = Self { lines: Vec::with_capacity(count), first: Vec::with_capacity(count), document };
        // The objects and arrays around the current value, outermost first, and where each ends.
        let mut open: Vec<(u32, usize)> = Vec::new();
        for node in 0..count {
            text.close(&mut open, node);
            text.first.push(text.lines.len() as u32);
            text.lines.push(node as u32);
            let value = text.document.view(node);
            if !value.is_empty() {
                open.push((node as u32, value.next()));
            }
        }
        text.close(&mut open, count);
        text
    }

    /// Adds the closing lines of what ends before a value.
    fn close(&mut self, open: &mut Vec<(u32, usize)>, node: usize) {
        while let Some((closed, _)) = open.pop_if(|(_, end)| *end <= node) {
            self.lines.push(closed | CLOSES);
        }
    }

    /// The document.
    pub fn document(&self) -> &JsonDocument {
        &self.document
    }

    /// How many lines there are.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// What a line shows where it is not folded.
    pub fn row(&self, line: usize) -> JsonRow<'_> {
        let value = self.document.view((self.lines[line] & !CLOSES) as usize);
        let part = match self.lines[line] & CLOSES {
            0 if value.is_empty() => JsonPart::Leaf,
            0 => JsonPart::Open,
            _ => JsonPart::Close,
        };
        JsonRow { line, value, part, comma: part != JsonPart::Open && has_sibling(value) }
    }

    /// The line that opens what `line` is in; for a closing line, the line that it closes.
    fn parent(&self, line: usize) -> usize {
        let row = self.row(line);
        let node = match row.part {
            JsonPart::Close => row.value.node(),
            _ => row.value.parent().map_or(0, JsonView::node),
        };
        self.first[node] as usize
    }

    /// The line that closes what `line` opens.
    fn closing_line(&self, line: usize) -> usize {
        let mut value = self.row(line).value;
        // Behind the last item of each object or array around it comes one closing line.
        let mut behind = 1;
        while !has_sibling(value) {
            let Some(parent) = value.parent() else { return self.lines.len() - behind };
            value = parent;
            behind += 1;
        }
        self.first[value.next()] as usize - behind
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::widgets::json_search::SearchWords;

    fn lines(text: &str) -> JsonLines {
        JsonLines::new(JsonDocument::of_body(text.as_bytes()))
    }

    fn token() -> JsonLines {
        let token = json!({
            "id": "tok_1",
            "card": { "last4": "4242", "networks": { "available": ["visa"] }, "metadata": {} },
            "used": false
        });
        lines(&token.to_string())
    }

    fn line_of(json: &JsonLines, pointer: &str) -> usize {
        (0..json.line_count()).find(|line| json.pointer(*line) == pointer).unwrap()
    }

    /// The rows in sight as text, the way the tree draws them.
    fn text(json: &JsonLines) -> Vec<String> {
        let row = |row| json.row(row);
        (0..json.row_count()).map(|at| "  ".repeat(row(at).depth()) + &row(at).text()).collect()
    }

    #[test]
    fn the_lines_of_a_document_are_its_indented_text() {
        for body in [
            token().document().text().to_owned(),
            r#"{"n":9223372036854775807123,"n":1.10,"":[1e5,-0,[],{}],"q\"":"\u00e9\/\ud800"}"#.to_owned(),
            "[[[1]],2]".to_owned(),
            "1E+05".to_owned(),
        ] {
            let mut json = lines(&body);
            let indented = json_spans::indented(&body).unwrap();
            assert_eq!(text(&json).join("\n"), indented);
            json.mark_all();
            assert_eq!(json.marked_text().as_ref(), Some(&indented));
            json.collapse_all();
            assert_eq!(json.marked_text(), Some(indented), "what is folded is copied too");
        }
    }

    #[test]
    fn folding_hides_a_subtree_and_its_closing_line() {
        let mut json = token();
        let card = line_of(&json, "/card");
        json.toggle(card);
        assert_eq!(text(&json), ["{", "  \"id\": \"tok_1\",", "  \"card\": { 3 },", "  \"used\": false", "}"]);
        json.toggle(card);
        assert_eq!(text(&json).join("\n"), json_spans::indented(json.document().text()).unwrap());
    }

    #[test]
    fn the_document_itself_cannot_be_folded() {
        let mut json = token();
        json.toggle(0);
        json.collapse_all();
        assert_eq!(text(&json).first().map(String::as_str), Some("{"));
        assert_eq!(json.row_count(), 5);
        json.expand_all();
        assert_eq!(json.row_count(), json.line_count());
    }

    #[test]
    fn pointers_lead_back_to_their_values() {
        let document = json!({ "a/b": [{ "m~n": 1 }, 2], "c": "x" });
        let json = lines(&document.to_string());
        for line in 0..json.line_count() {
            let value: serde_json::Value = serde_json::from_str(json.value(line).text()).unwrap();
            assert_eq!(document.pointer(&json.pointer(line)), Some(&value), "line {line}");
        }
    }

    #[test]
    fn a_line_is_revealed_through_all_that_hides_it() {
        let mut json = token();
        let visa = line_of(&json, "/card/networks/available/0");
        json.collapse_all();
        json.reveal(visa);
        assert_eq!(json.row(json.row_of(visa)).line, visa);
        assert_eq!(json.selected(), Some(visa));
    }

    #[test]
    fn a_hidden_line_is_on_the_row_of_what_hides_it() {
        let mut json = token();
        let (card, last4) = (line_of(&json, "/card"), line_of(&json, "/card/last4"));
        json.toggle(card);
        assert_eq!(json.row(json.row_of(last4)).line, card);
    }

    #[test]
    fn a_copied_string_has_no_quotes_and_a_copied_line_is_json() {
        let json = token();
        assert_eq!(json.copied(line_of(&json, "/card/last4")), "4242");
        assert_eq!(json.copied(line_of(&json, "/used")), "false");
        assert_eq!(json.copied(line_of(&json, "/card/networks/available")), "[\n  \"visa\"\n]");
        assert_eq!(json.copied_line(line_of(&json, "/card/last4")), "\"last4\": \"4242\"");
        assert_eq!(json.copied_line(line_of(&json, "/card/networks/available/0")), "\"visa\"");
    }

    #[test]
    fn a_bare_value_is_a_document_of_one_line_and_a_text_has_its_own() {
        assert_eq!(text(&lines("\"not an object\"")), ["\"not an object\""]);
        assert_eq!(text(&lines("<p>\n  x\u{1b}</p>")), ["<p>", "  x\\u{1b}</p>"]);
        assert_eq!(text(&lines("")), [""]);
    }

    #[test]
    fn text_is_marked_from_sign_to_sign_over_lines_and_folds() {
        let mut json = token();
        let place = |pointer: &str, char| TextPlace { line: line_of(&json, pointer), char };
        let (id, last4, card, used) =
            (place("/id", 7), place("/card/last4", 5), place("/card", 0), place("/used", usize::MAX));
        let mut marked = |anchor, head| {
            json.mark(Some(MarkedText { anchor, head }));
            json.marked_text()
        };
        let to = |char| TextPlace { char, ..id };
        assert_eq!(marked(id, to(10)).as_deref(), Some("tok"));
        assert_eq!(marked(to(10), id).as_deref(), Some("tok"), "backwards too");
        assert_eq!(marked(id, id), None);
        assert_eq!(marked(id, last4).as_deref(), Some("tok_1\",\n\"card\": {\n  \"last"));
        json.toggle(card.line);
        json.mark(Some(MarkedText { anchor: card, head: used }));
        let whole = json!({ "last4": "4242", "networks": { "available": ["visa"] }, "metadata": {} });
        assert_eq!(json.marked_text(), Some(format!("\"card\": {whole:#},\n\"used\": false")));
    }

    #[test]
    fn two_clicks_mark_a_word_or_a_number() {
        let json = lines(r#"{"created_at":-1.10e5,"text":"two words"}"#);
        let word = |line: usize, at: usize| {
            let row = json.row(line);
            let chars = row.word_at(at);
            row.text().chars().skip(chars.start).take(chars.len()).collect::<String>()
        };
        for (line, at, expected) in
            [(1, 3, "created_at"), (1, 15, "-1.10e5"), (1, 0, "\""), (2, 10, "two"), (2, 14, "words"), (2, 99, "")]
        {
            assert_eq!(word(line, at), expected, "{line} {at}");
        }
    }

    #[test]
    fn of_a_line_that_is_too_long_to_be_shown_all_is_copied() {
        let digits = "7".repeat(LINE_CHARS + 5000);
        let mut json = lines(&format!("{{\"n\":{digits},\"m\":1}}"));
        assert!(json.row(1).text().chars().count() < LINE_CHARS + 20);
        json.mark_all();
        assert_eq!(json.marked_text(), Some(format!("{{\n  \"n\": {digits},\n  \"m\": 1\n}}")));
        let words = SearchWords::new("77777");
        assert!(!json.text().find(&words, |_| None, || true).is_empty());
    }

    #[test]
    fn a_document_of_ten_megabytes_folds_to_its_top_rows() {
        let item = json!({ "id": "tok_0000000000000000000000", "card": { "last4": "4242", "brand": "Visa" } });
        let count = 10_000_000 / item.to_string().len();
        let mut json = lines(&serde_json::Value::Array(vec![item; count]).to_string());
        assert_eq!(json.line_count(), count * 7 + 2);
        json.collapse_all();
        assert_eq!(json.row_count(), count + 2);
        json.toggle(1);
        assert_eq!(json.row_count(), count + 2 + 3);
    }
}
