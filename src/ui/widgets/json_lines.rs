//! A JSON document as a flat list of lines, which can be folded, searched and read row by row.

use super::virtual_rows::RowScroll;
use serde_json::Value;
use std::sync::Arc;

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
}

/// The part of a document that never changes, its values and its lines; another thread can search it.
#[derive(Debug)]
pub struct JsonText {
    document: Value,
    lines: Vec<JsonLine>,
}

#[derive(Debug)]
struct JsonLine {
    kind: JsonLineKind,
    depth: u16,
    comma: bool,
    /// The line that opens what this line is in; for a closing line, the line that it closes.
    parent: u32,
    /// How many lines the value takes, from its opening to its closing line.
    span: u32,
    token: PathToken,
}

#[derive(Debug)]
enum PathToken {
    Root,
    Key(Box<str>),
    Index(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonLineKind {
    Leaf,
    Open,
    Close,
}

/// What one row in sight shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JsonRow<'a> {
    /// Which line of the document it is.
    pub line: usize,
    /// How deep it lies.
    pub depth: usize,
    /// Its key, if it is in an object.
    pub key: Option<&'a str>,
    /// What stands after the key.
    pub part: JsonPart<'a>,
    /// Whether a comma follows.
    pub comma: bool,
}

/// The part of a row after its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JsonPart<'a> {
    /// A string, a number, a literal, or an empty object or array.
    Leaf(&'a Value),
    /// The opening bracket of an unfolded object or array.
    Open(&'a Value),
    /// A folded object or array, and how many items it has.
    Folded(&'a Value, usize),
    /// A closing bracket.
    Close(&'a Value),
}

impl<'a> JsonPart<'a> {
    /// The value that the row shows or belongs to.
    pub const fn value(self) -> &'a Value {
        match self {
            Self::Leaf(value) | Self::Open(value) | Self::Folded(value, _) | Self::Close(value) => value,
        }
    }

    /// The opening and the closing bracket of an object or array.
    pub const fn brackets(self) -> (&'static str, &'static str) {
        if matches!(self.value(), Value::Array(_)) { ("[", "]") } else { ("{", "}") }
    }
}

impl JsonLines {
    /// The lines of `document`, all unfolded.
    pub fn new(document: Value) -> Self {
        let mut lines = Vec::new();
        push_lines(&mut lines, &document, PathToken::Root, 0, 0, false);
        let folded = vec![false; lines.len()];
        let text = Arc::new(JsonText { document, lines });
        let mut json = Self { text, folded, visible: Vec::new(), selected: None, view: TreeView::default() };
        json.update_visible();
        json
    }

    /// The document.
    pub fn document(&self) -> &Value {
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
        let index = self.visible[row];
        let line = self.line(index);
        let value = self.value(index as usize);
        let is_folded = self.folded[index as usize];
        let part = match line.kind {
            JsonLineKind::Leaf => JsonPart::Leaf(value),
            JsonLineKind::Open if is_folded => JsonPart::Folded(value, items(value)),
            JsonLineKind::Open => JsonPart::Open(value),
            JsonLineKind::Close => JsonPart::Close(value),
        };
        let comma = match line.kind {
            JsonLineKind::Open if is_folded => self.line(index + line.span - 1).comma,
            _ => line.comma,
        };
        let key = match &line.token {
            PathToken::Key(key) => Some(&**key),
            PathToken::Root | PathToken::Index(_) => None,
        };
        JsonRow { line: index as usize, depth: usize::from(line.depth), key, part, comma }
    }

    /// The row that shows `line`, or what it is folded into.
    pub fn row_of(&self, line: usize) -> usize {
        self.visible.partition_point(|&visible| visible as usize <= line).saturating_sub(1)
    }

    /// The JSON pointer of `line`, empty for the whole document.
    pub fn pointer(&self, line: usize) -> String {
        let mut pointer = String::new();
        for token in self.path(line as u32) {
            pointer.push('/');
            match token {
                PathToken::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                PathToken::Index(index) => pointer.push_str(&index.to_string()),
                PathToken::Root => {}
            }
        }
        pointer
    }

    /// The value that `line` shows or belongs to.
    pub fn value(&self, line: usize) -> &Value {
        self.path(line as u32).into_iter().fold(&self.text.document, |value, token| match token {
            PathToken::Key(key) => &value[&**key],
            PathToken::Index(index) => &value[*index as usize],
            PathToken::Root => value,
        })
    }

    /// The value of `line` as a person wants it in the clipboard: a string without quotes, the rest as JSON.
    pub fn copied(&self, line: usize) -> String {
        match self.value(line) {
            Value::String(text) => text.clone(),
            value => pretty(value),
        }
    }

    /// Whether `line` opens an object or array that can be folded; the document itself cannot.
    pub fn is_foldable(&self, line: usize) -> bool {
        line > 0 && self.text.lines[line].kind == JsonLineKind::Open
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
        self.fold_all(false);
    }

    /// Folds everything but the document itself.
    pub fn collapse_all(&mut self) {
        self.fold_all(true);
    }

    /// The selected line.
    pub fn selected(&self) -> Option<usize> {
        self.selected.map(|line| line as usize)
    }

    /// Selects `line`.
    pub fn select(&mut self, line: Option<usize>) {
        self.selected = line.map(|line| line as u32);
    }

    /// The line that opens what `line` is in.
    pub fn parent(&self, line: usize) -> usize {
        self.text.lines[line].parent as usize
    }

    /// The lines whose key or value has `needle` in it, whatever its case.
    pub fn find(&self, needle: &str) -> Vec<usize> {
        self.text.find(needle, || true)
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
        if is_hidden {
            self.update_visible();
        }
        self.view.scroll.reveal(self.row_of(line));
    }

    fn line(&self, index: u32) -> &JsonLine {
        &self.text.lines[index as usize]
    }

    fn fold_all(&mut self, folded: bool) {
        for (is_folded, line) in self.folded.iter_mut().zip(&self.text.lines).skip(1) {
            *is_folded = folded && line.kind == JsonLineKind::Open;
        }
        self.update_visible();
    }

    fn update_visible(&mut self) {
        self.visible.clear();
        let mut index = 0;
        while let Some(line) = self.text.lines.get(index as usize) {
            self.visible.push(index);
            index += if self.folded[index as usize] { line.span } else { 1 };
        }
    }

    /// The tokens from the document down to `line`.
    fn path(&self, line: u32) -> Vec<&PathToken> {
        let mut index = line;
        let mut path = Vec::new();
        if self.line(index).kind == JsonLineKind::Close {
            index = self.line(index).parent;
        }
        while index > 0 {
            path.push(&self.line(index).token);
            index = self.line(index).parent;
        }
        path.reverse();
        path
    }
}

impl JsonText {
    /// The document.
    pub fn value(&self) -> &Value {
        &self.document
    }

    /// The lines whose key or value has `needle` in it, whatever its case. Asked now and then, `is_wanted` can end the
    /// search before its time.
    pub fn find(&self, needle: &str, is_wanted: impl Fn() -> bool) -> Vec<usize> {
        let mut search = JsonSearch { needle: needle.to_lowercase(), is_wanted, line: 0, found: Vec::new() };
        if !search.needle.is_empty() {
            search.value(None, &self.document);
        }
        search.found
    }
}

/// A walk through a document in the order of its lines.
struct JsonSearch<W> {
    needle: String,
    is_wanted: W,
    line: usize,
    found: Vec<usize>,
}

/// How many lines are searched before it is asked whether anybody still wants the result.
const LINES_AT_A_TIME: usize = 4096;

impl<W: Fn() -> bool> JsonSearch<W> {
    fn hits(&self, text: &str) -> bool {
        if self.needle.is_ascii() && text.is_ascii() {
            let needle = self.needle.as_bytes();
            return text.as_bytes().windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle));
        }
        text.to_lowercase().contains(&self.needle)
    }

    fn value(&mut self, key: Option<&str>, value: &Value) {
        if self.line.is_multiple_of(LINES_AT_A_TIME) && !(self.is_wanted)() {
            // Without a needle the walk ends: nobody wants its result.
            self.needle.clear();
        }
        if self.needle.is_empty() {
            return;
        }
        let is_leaf = items(value) == 0;
        let in_value = || match value {
            Value::String(text) => self.hits(text),
            value => is_leaf && self.hits(&value.to_string()),
        };
        if key.is_some_and(|key| self.hits(key)) || in_value() {
            self.found.push(self.line);
        }
        self.line += 1;
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.value(None, item)),
            Value::Object(items) => items.iter().for_each(|(key, item)| self.value(Some(key), item)),
            _ => {}
        }
        // The closing line.
        self.line += usize::from(!is_leaf);
    }
}

fn items(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(items) => items.len(),
        _ => 0,
    }
}

fn pretty(value: &Value) -> String {
    // The alternate form of a value is indented JSON, and cannot fail.
    format!("{value:#}")
}

fn push_lines(lines: &mut Vec<JsonLine>, value: &Value, token: PathToken, parent: u32, depth: u16, comma: bool) {
    let here = lines.len() as u32;
    let count = items(value);
    let kind = if count == 0 { JsonLineKind::Leaf } else { JsonLineKind::Open };
    let open_comma = comma && kind == JsonLineKind::Leaf;
    lines.push(JsonLine { kind, depth, comma: open_comma, parent, span: 1, token });
    if kind == JsonLineKind::Leaf {
        return;
    }
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                push_lines(lines, item, PathToken::Index(i as u32), here, depth + 1, i + 1 < count);
            }
        }
        Value::Object(items) => {
            for (i, (key, item)) in items.iter().enumerate() {
                push_lines(lines, item, PathToken::Key(key.as_str().into()), here, depth + 1, i + 1 < count);
            }
        }
        _ => {}
    }
    lines.push(JsonLine { kind: JsonLineKind::Close, depth, comma, parent: here, span: 1, token: PathToken::Root });
    lines[here as usize].span = lines.len() as u32 - here;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token() -> JsonLines {
        JsonLines::new(json!({
            "id": "tok_1",
            "card": { "last4": "4242", "networks": { "available": ["visa"] }, "metadata": {} },
            "used": false
        }))
    }

    /// The rows in sight as text, the way the tree draws them.
    fn text(json: &JsonLines) -> Vec<String> {
        (0..json.row_count())
            .map(|row| {
                let row = json.row(row);
                let key = row.key.map(|key| format!("{key:?}: ")).unwrap_or_default();
                let (open, close) = row.part.brackets();
                let part = match row.part {
                    JsonPart::Leaf(value) => value.to_string(),
                    JsonPart::Open(_) => open.to_owned(),
                    JsonPart::Folded(_, items) => format!("{open} {items} {close}"),
                    JsonPart::Close(_) => close.to_owned(),
                };
                format!("{}{key}{part}{}", "  ".repeat(row.depth), if row.comma { "," } else { "" })
            })
            .collect()
    }

    #[test]
    fn the_lines_of_a_document_are_its_indented_text() {
        let json = token();
        assert_eq!(text(&json).join("\n"), pretty(json.document()));
    }

    #[test]
    fn folding_hides_a_subtree_and_its_closing_line() {
        let mut json = token();
        let card = json.find("card")[0];
        json.toggle(card);
        assert_eq!(text(&json), ["{", "  \"id\": \"tok_1\",", "  \"card\": { 3 },", "  \"used\": false", "}"]);
        json.toggle(card);
        assert_eq!(text(&json).join("\n"), pretty(json.document()));
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
        let json = JsonLines::new(json!({ "a/b": [{ "m~n": 1 }, 2], "c": "x" }));
        for line in 0..json.line_count() {
            assert_eq!(json.document().pointer(&json.pointer(line)), Some(json.value(line)), "line {line}");
        }
    }

    #[test]
    fn a_find_is_revealed_through_all_that_hides_it() {
        let mut json = token();
        json.collapse_all();
        let hit = json.find("VISA")[0];
        json.reveal(hit);
        assert_eq!(json.pointer(hit), "/card/networks/available/0");
        assert_eq!(json.row(json.row_of(hit)).line, hit);
        assert_eq!(json.selected(), Some(hit));
    }

    #[test]
    fn a_find_is_the_line_that_shows_it() {
        let json = JsonLines::new(json!({ "a": [{ "Größe": "ÄB" }, [], {}], "b": { "c": [1, [2, null]] }, "d": true }));
        for needle in ["a", "größe", "äb", "2", "null", "true", "d", "[]", "c", "zzz", ""] {
            let found = json.find(needle);
            let expected: Vec<usize> = (0..json.line_count())
                .filter(|&line| {
                    let row = json.row(json.row_of(line));
                    let value = match row.part {
                        JsonPart::Leaf(Value::String(text)) => text.clone(),
                        JsonPart::Leaf(value) => value.to_string(),
                        _ => String::new(),
                    };
                    let opens = !matches!(row.part, JsonPart::Close(_));
                    let text = [row.key.filter(|_| opens).unwrap_or_default(), &value].join("\n");
                    !needle.is_empty() && text.to_lowercase().contains(needle)
                })
                .collect();
            assert_eq!(found, expected, "{needle}");
        }
        assert!(json.text().find("a", || false).is_empty());
    }

    #[test]
    fn a_hidden_line_is_on_the_row_of_what_hides_it() {
        let mut json = token();
        let card = json.find("card")[0];
        let last4 = json.find("last4")[0];
        json.toggle(card);
        assert_eq!(json.row(json.row_of(last4)).line, card);
    }

    #[test]
    fn a_copied_string_has_no_quotes() {
        let json = token();
        assert_eq!(json.copied(json.find("last4")[0]), "4242");
        assert_eq!(json.copied(json.find("used")[0]), "false");
        assert_eq!(json.copied(json.find("available")[0]), "[\n  \"visa\"\n]");
    }

    #[test]
    fn a_bare_value_is_a_document_of_one_line() {
        let json = JsonLines::new(json!("not an object"));
        assert_eq!(text(&json), ["\"not an object\""]);
    }

    #[test]
    fn a_document_of_ten_megabytes_folds_to_its_top_rows() {
        let item = json!({ "id": "tok_0000000000000000000000", "card": { "last4": "4242", "brand": "Visa" } });
        let size = item.to_string().len();
        let mut json = JsonLines::new(Value::Array(vec![item; 10_000_000 / size]));
        let count = items(json.document());
        assert_eq!(json.line_count(), count * 7 + 2);
        json.collapse_all();
        assert_eq!(json.row_count(), count + 2);
        json.toggle(1);
        assert_eq!(json.row_count(), count + 2 + 3);
    }
}
