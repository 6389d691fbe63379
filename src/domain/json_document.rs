//! A JSON text that was read once: every value with its place in the text, spelled as it came.
//!
//! A parser that builds numbers and maps shows, copies and exports other values than it was given: `1.10` becomes 1.1,
//! twenty digits become sixteen, and of a key that occurs twice one is lost. So whatever leads from an answer to the eye,
//! the clipboard or a file goes through here. The program's own rules, which look for an id or an error code, may use
//! [`JsonDocument::to_value`].

use std::{borrow::Cow, collections::HashMap, ops::Range};

use serde_json::{Map, Value};

use super::json_spans::{self, JsonPiece, NotJson};

/// A JSON text and the places of its values; or a text that is not JSON, with the places of its lines.
#[derive(Debug, Default)]
pub struct JsonDocument {
    text: String,
    /// In the order of the text: after an object or array come its items.
    nodes: Vec<JsonNode>,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonKind {
    Object,
    Array,
    Text,
    Number,
    /// `true`, `false` or `null`.
    Literal,
    /// A line of a text that is not JSON.
    #[default]
    Plain,
}

/// Places in bytes: no answer has four gigabytes.
#[derive(Debug, Default)]
struct JsonNode {
    kind: JsonKind,
    depth: u32,
    /// The object or array around it; of a value that is in none, itself.
    parent: u32,
    /// The first node behind it and its items.
    next: u32,
    /// How many items it has.
    count: u32,
    /// Which of the items of its parent it is.
    nth: u32,
    /// Its name with the quotes; empty where it has none.
    key: (u32, u32),
    value: (u32, u32),
    /// Which of the members with this name it is, and of how many; (0, 1) for nearly all.
    twin: (u32, u32),
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub struct JsonView<'a> {
    document: &'a JsonDocument,
    node: usize,
}

impl JsonDocument {
    /// Reads a JSON text of any depth.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn parse(text: String) -> Result<Self, NotJson> {
        Ok(Self { nodes: DocumentReader::read(&text)?, text })
    }

    /// The body of an answer: JSON, or else the lines of a text. Bytes that are not UTF-8 become U+FFFD.
    pub fn of_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        match DocumentReader::read(&text) {
            Ok(nodes) => Self { text, nodes },
            Err(_) => Self::of_lines(text),
        }
    }

    fn of_lines(text: String) -> Self {
        let mut nodes = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end_matches(['\n', '\r']).len();
            let here = nodes.len() as u32;
            let value = (start as u32, end as u32);
            nodes.push(JsonNode { parent: here, next: here + 1, value, twin: (0, 1), ..JsonNode::default() });
            start += line.len();
        }
        if nodes.is_empty() {
            nodes.push(JsonNode { next: 1, twin: (0, 1), ..JsonNode::default() });
        }
        Self { text, nodes }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many values there are, at any depth.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The value that is not in another one; of a text that is not JSON its first line.
    pub fn root(&self) -> JsonView<'_> {
        self.view(0)
    }

    /// The value number `node` in the order of the text.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn view(&self, node: usize) -> JsonView<'_> {
        assert!(node < self.nodes.len(), "there is no value {node}");
        JsonView { document: self, node }
    }

    /// The document for the program's own rules: of a key that occurs twice the last, numbers as far as a number of this
    /// machine can have them, and `null` for what no number can be and what is nested too deep.
    pub fn to_value(&self) -> Value {
        self.root().to_value(0)
    }
}

/// What is nested deeper says nothing to the program's rules, and would overflow the stack.
const DEEPEST_VALUE: usize = 128;

impl<'a> JsonView<'a> {
    fn data(self) -> &'a JsonNode {
        &self.document.nodes[self.node]
    }

    fn part(self, (start, end): (u32, u32)) -> &'a str {
        &self.document.text[start as usize..end as usize]
    }

    fn at(self, node: usize) -> Self {
        Self { document: self.document, node }
    }

    /// Its number in the document.
    pub fn node(self) -> usize {
        self.node
    }

    pub fn kind(self) -> JsonKind {
        self.data().kind
    }

    /// How deep it lies.
    pub fn depth(self) -> usize {
        self.data().depth as usize
    }

    /// The value as it is written; of an object or array with all that is in it.
    pub fn text(self) -> &'a str {
        self.part(self.data().value)
    }

    /// Its name as it is written, with the quotes, if it is in an object.
    pub fn key_text(self) -> Option<&'a str> {
        Some(self.part(self.data().key)).filter(|key| !key.is_empty())
    }

    /// Its name, if it is in an object.
    pub fn key(self) -> Option<Cow<'a, str>> {
        self.key_text().map(|key| unescaped(inside(key)))
    }

    /// What a string says.
    pub fn string(self) -> Option<Cow<'a, str>> {
        (self.kind() == JsonKind::Text).then(|| unescaped(inside(self.text())))
    }

    /// A whole number that is written as one.
    pub fn as_i64(self) -> Option<i64> {
        self.text().parse().ok().filter(|_| self.kind() == JsonKind::Number)
    }

    /// How many items an object or array has.
    pub fn len(self) -> usize {
        self.data().count as usize
    }

    /// Whether it has no items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The items of an object or array.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let end = self.data().next as usize;
        let first = Some(self.node + 1).filter(|node| *node < end);
        let next = move |view: &Self| Some(view.data().next as usize).filter(|node| *node < end);
        std::iter::successors(first.map(|node| self.at(node)), move |view| next(view).map(|node| self.at(node)))
    }

    /// The number of the first value behind it and its items.
    pub fn next(self) -> usize {
        self.data().next as usize
    }

    /// The member of an object with this name, the last one if there are several.
    pub fn get(self, name: &str) -> Option<Self> {
        let is_named = |item: &Self| item.key().is_some_and(|key| key == name);
        (self.kind() == JsonKind::Object).then(|| self.items().filter(is_named).last())?
    }

    /// The object or array that it is in.
    pub fn parent(self) -> Option<Self> {
        let parent = self.data().parent as usize;
        (parent != self.node).then(|| self.at(parent))
    }

    /// Where its name occurs more than once in its object: which of them it is, counted from 1, and how many there are.
    pub fn twin(self) -> Option<(usize, usize)> {
        let (nth, of) = self.data().twin;
        (of > 1).then_some((nth as usize + 1, of as usize))
    }

    /// Its JSON pointer (RFC 6901), empty for the whole document.
    pub fn pointer(self) -> String {
        let mut tokens = Vec::new();
        let mut at = self;
        while let Some(parent) = at.parent() {
            tokens.push(match at.key() {
                Some(key) => key.replace('~', "~0").replace('/', "~1"),
                None => at.data().nth.to_string(),
            });
            at = parent;
        }
        tokens.iter().rev().fold(String::new(), |pointer, token| pointer + "/" + token)
    }

    /// As a person wants it in the clipboard: a string as it reads, the rest as JSON with indented lines.
    pub fn copied(self) -> String {
        match self.kind() {
            JsonKind::Text => self.string().unwrap_or_default().into_owned(),
            JsonKind::Object | JsonKind::Array => json_spans::indented(self.text()).unwrap_or_default(),
            JsonKind::Number | JsonKind::Literal | JsonKind::Plain => self.text().to_owned(),
        }
    }

    fn to_value(self, depth: usize) -> Value {
        if depth > DEEPEST_VALUE {
            return Value::Null;
        }
        match self.kind() {
            JsonKind::Object => {
                let member = |item: Self| (item.key().unwrap_or_default().into_owned(), item.to_value(depth + 1));
                Value::Object(self.items().map(member).collect::<Map<_, _>>())
            }
            JsonKind::Array => self.items().map(|item| item.to_value(depth + 1)).collect(),
            JsonKind::Text => Value::String(self.string().unwrap_or_default().into_owned()),
            JsonKind::Number | JsonKind::Literal => serde_json::from_str(self.text()).unwrap_or_default(),
            JsonKind::Plain => Value::String(self.document.text.clone()),
        }
    }
}

/// What is between the quotes.
fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len() - 1).unwrap_or_default()
}

/// What the content of a JSON string says. An escape that stands for no character, half of a surrogate pair, stays as it
/// is written.
fn unescaped(content: &str) -> Cow<'_, str> {
    let Some(first) = content.find('\\') else { return Cow::Borrowed(content) };
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, sign) = escape(rest);
        match sign {
            Some(sign) => out.push(sign),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
        next = rest.find('\\');
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The length in bytes of the escape at the start of `rest`, and the character that it stands for.
fn escape(rest: &str) -> (usize, Option<char>) {
    let unit = |at: usize| u32::from_str_radix(rest.get(at..at + 4)?, 16).ok();
    let short = match rest.as_bytes().get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let Some(high) = unit(2) else { return (2, None) };
            let low = unit(8).filter(|low| rest.get(6..8) == Some("\\u") && (0xdc00..0xe000).contains(low));
            return match low {
                Some(low) if (0xd800..0xdc00).contains(&high) => {
                    (12, char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
                }
                _ => (6, char::from_u32(high)),
            };
        }
        Some(quoted) => char::from(*quoted),
        None => return (1, None),
    };
    (2, Some(short))
}

/// Whether two scalars are the same value, however they are written: `1.10` and `1.1`, `"\u00e9"` and `"é"`. Both are
/// JSON.
pub fn is_same_value(one: &str, other: &str) -> bool {
    match (one.starts_with('"'), other.starts_with('"')) {
        (true, true) => unescaped(inside(one)) == unescaped(inside(other)),
        (false, false) => one == other || Decimal::of(one).is_some_and(|one| Some(one) == Decimal::of(other)),
        _ => false,
    }
}

/// A number: its sign, its digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    /// `None` if the text is no number, or one with an exponent of more than eighteen characters: the power would not fit.
    fn of(text: &str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) || exponent.len() > 18 {
            return None;
        }
        let digits = all.trim_end_matches('0');
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let power = exponent.parse::<i64>().ok()? - length(fraction) + length(&all) - length(digits);
        let digits = digits.trim_start_matches('0').to_owned();
        // Zero has no sign and no power.
        let is_zero = digits.is_empty();
        Some(Self { is_negative: is_negative && !is_zero, power: if is_zero { 0 } else { power }, digits })
    }
}

/// Builds the nodes from the tokens.
#[derive(Default)]
struct DocumentReader {
    nodes: Vec<JsonNode>,
    /// The objects and arrays around the current position, outermost first.
    open: Vec<u32>,
    key: (u32, u32),
}

impl DocumentReader {
    fn read(text: &str) -> Result<Vec<JsonNode>, NotJson> {
        let mut reader = Self::default();
        json_spans::for_each_span(text, |span| reader.take(text, span.piece, &span.place))?;
        Ok(reader.nodes)
    }

    fn take(&mut self, text: &str, piece: JsonPiece, place: &Range<usize>) {
        let place = (place.start as u32, place.end as u32);
        match piece {
            JsonPiece::Key => self.key = place,
            JsonPiece::ObjectStart => self.open(JsonKind::Object, place),
            JsonPiece::ArrayStart => self.open(JsonKind::Array, place),
            JsonPiece::Text => self.push(JsonKind::Text, place),
            JsonPiece::Number => self.push(JsonKind::Number, place),
            JsonPiece::Literal => self.push(JsonKind::Literal, place),
            JsonPiece::ObjectEnd | JsonPiece::ArrayEnd => {
                let next = self.nodes.len() as u32;
                let Some(at) = self.open.pop() else { return };
                let node = &mut self.nodes[at as usize];
                node.value.1 = place.1;
                node.next = next;
                if node.kind == JsonKind::Object && node.count > 1 {
                    self.count_twins(text, at as usize);
                }
            }
        }
    }

    fn open(&mut self, kind: JsonKind, place: (u32, u32)) {
        self.push(kind, place);
        self.open.push(self.nodes.len() as u32 - 1);
    }

    fn push(&mut self, kind: JsonKind, value: (u32, u32)) {
        let here = self.nodes.len() as u32;
        let parent = self.open.last().copied();
        let nth = parent.map_or(0, |parent| {
            let count = &mut self.nodes[parent as usize].count;
            *count += 1;
            *count - 1
        });
        let (key, depth) = (std::mem::take(&mut self.key), self.open.len() as u32);
        let parent = parent.unwrap_or(here);
        self.nodes.push(JsonNode { kind, depth, parent, next: here + 1, count: 0, nth, key, value, twin: (0, 1) });
    }

    /// Finds the names that occur more than once in the object at `object`.
    fn count_twins(&mut self, text: &str, object: usize) {
        /// An object of few members is compared name by name, which needs no memory.
        const FEW: u32 = 24;
        let name = |node: &JsonNode| &text[node.key.0 as usize..node.key.1 as usize];
        let end = self.nodes[object].next;
        let mut members = Vec::new();
        let mut at = object as u32 + 1;
        let mut is_plain = true;
        while at < end {
            is_plain &= !name(&self.nodes[at as usize]).contains('\\');
            members.push(at);
            at = self.nodes[at as usize].next;
        }
        let names = || members.iter().map(|at| name(&self.nodes[*at as usize]));
        if is_plain && members.len() as u32 <= FEW {
            let is_twin = |(nth, name): (usize, &str)| names().take(nth).any(|other| other == name);
            if !names().enumerate().any(is_twin) {
                return;
            }
        }
        let mut by_name: HashMap<Cow<'_, str>, Vec<u32>> = HashMap::new();
        for at in &members {
            by_name.entry(unescaped(inside(name(&self.nodes[*at as usize])))).or_default().push(*at);
        }
        for twins in by_name.into_values().filter(|twins| twins.len() > 1) {
            for (nth, at) in twins.iter().enumerate() {
                self.nodes[*at as usize].twin = (nth as u32, twins.len() as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(text: &str) -> JsonDocument {
        JsonDocument::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn every_value_is_spelled_as_it_came() {
        let text = r#"{"n":9223372036854775807123,"n":1.10,"":[1e5,-0,{"a.b":"\ud800"}],"q\"":1E+05}"#;
        let json = document(text);
        let found: Vec<(String, &str)> =
            (0..json.node_count()).map(|node| (json.view(node).pointer(), json.view(node).text())).collect();
        let expected = [
            ("", text),
            ("/n", "9223372036854775807123"),
            ("/n", "1.10"),
            ("/", r#"[1e5,-0,{"a.b":"\ud800"}]"#),
            ("//0", "1e5"),
            ("//1", "-0"),
            ("//2", r#"{"a.b":"\ud800"}"#),
            ("//2/a.b", r#""\ud800""#),
            ("/q\"", "1E+05"),
        ];
        assert_eq!(found, expected.map(|(pointer, text)| (pointer.to_owned(), text)));
        assert_eq!(json.root().get("n").map(JsonView::text), Some("1.10"), "of two the last");
    }

    #[test]
    fn a_key_that_occurs_twice_is_known_wherever_it_stands_and_however_it_is_written() {
        let many = (0..100).map(|nth| format!("\"k{nth}\":{nth},")).collect::<Vec<_>>().concat();
        for (text, expected) in [
            (r#"{"a":1,"b":2}"#.to_owned(), vec![]),
            (r#"{"a":1,"a":2}"#.to_owned(), vec![("/a", 1, 2), ("/a", 2, 2)]),
            (
                r#"[{"x":{"a":1,"\u0061":2,"a":3}}]"#.to_owned(),
                vec![("/0/x/a", 1, 3), ("/0/x/a", 2, 3), ("/0/x/a", 3, 3)],
            ),
            (format!("{{{many}\"k7\":null}}"), vec![("/k7", 1, 2), ("/k7", 2, 2)]),
            (r#"{"":1,"b":{"a":1},"":{"a":2}}"#.to_owned(), vec![("/", 1, 2), ("/", 2, 2)]),
        ] {
            let json = document(&text);
            let views = (0..json.node_count()).map(|node| json.view(node));
            let found: Vec<(String, usize, usize)> =
                views.filter_map(|view| view.twin().map(|(nth, of)| (view.pointer(), nth, of))).collect();
            let expected: Vec<_> = expected.into_iter().map(|(at, nth, of)| (at.to_owned(), nth, of)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_string_reads_as_it_says_and_half_a_character_stays_an_escape() {
        for (text, expected) in [
            (r#""plain""#, "plain"),
            (r#""J\u00f6rg \/ \"x\" \\""#, "J\u{f6}rg / \"x\" \\"),
            (r#""\ud83d\ude00\n""#, "\u{1f600}\n"),
            (r#""\ud800""#, r"\ud800"),
            (r#""\ud800\u0041 \udc00""#, r"\ud800A \udc00"),
            (r#""""#, ""),
        ] {
            let json = document(text);
            assert_eq!(json.root().string().as_deref(), Some(expected), "{text}");
            assert_eq!(json.root().copied(), expected, "{text}");
        }
    }

    #[test]
    fn the_same_value_is_known_in_another_spelling() {
        for (one, other, expected) in [
            ("1.10", "1.1", true),
            ("1e5", "100000", true),
            ("1E+05", "1e5", true),
            ("-0", "0.0", true),
            ("0.30000000000000004", "0.3", false),
            ("9223372036854775807123", "9223372036854775807124", false),
            ("-1", "1", false),
            ("1e400", "10e399", true),
            ("1e99999999999999999999", "1e99999999999999999998", false),
            ("10e9223372036854775807", "1e9223372036854775807", false),
            ("0.1e-9223372036854775808", "1e-9223372036854775808", false),
            (r#""\u00e9""#, "\"\u{e9}\"", true),
            ("\"1\"", "1", false),
            ("true", "false", false),
        ] {
            assert_eq!(is_same_value(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_json_has_its_lines() {
        let json = JsonDocument::of_body(b"<p>\r\n\xff</p>\n");
        let lines: Vec<&str> = (0..json.node_count()).map(|node| json.view(node).text()).collect();
        assert_eq!(lines, ["<p>", "\u{fffd}</p>"]);
        assert_eq!(JsonDocument::of_body(b"").root().text(), "");
        assert_eq!(json.view(1).pointer(), "");
    }

    #[test]
    fn the_rules_of_the_program_read_what_no_number_can_hold() {
        let json = document(r#"{"object":"token","x":1e400,"y":"\ud800","z":{"a":1,"a":2}}"#);
        let expected = serde_json::json!({ "object": "token", "x": null, "y": r"\ud800", "z": { "a": 2 } });
        assert_eq!(json.to_value(), expected);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(document(&deep).to_value().is_array());
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_reads_the_same(value in any::<Vec<(String, Option<i64>, Vec<bool>)>>()) {
            let text = serde_json::to_string(&value).unwrap();
            let json = document(&text);
            prop_assert_eq!(json.to_value(), serde_json::to_value(&value).unwrap());
            prop_assert_eq!(json.root().copied(), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
