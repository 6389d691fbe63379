//! Two calls beside each other: what differs, by JSON pointer, with what differs in every call set apart.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use serde_json::Value;

use crate::domain::{
    call::api::{ApiResponse, CallFailure, MaskedRequest},
    json_document::{JsonDocument, JsonKind, JsonView, is_same_value},
    json_spans,
};

/// One of the two calls.
#[derive(Clone, Copy, Debug)]
pub struct ComparedCall<'a> {
    pub request: &'a MaskedRequest,
    /// `None` while the call is on its way.
    pub outcome: Option<&'a Result<ApiResponse, CallFailure>>,
}

/// The part of a call that a line of the comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiffPart {
    /// The HTTP status, or why there is none.
    Status,
    /// The answer's body.
    Body,
    /// A parameter of the request.
    Request,
    /// A header of the answer.
    Header,
}

/// What became of one value from the first call to the second. The values are JSON in one line, spelled as they came:
/// numbers are compared as texts, for a client may read `1.10` and `1.1` differently.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueChange {
    Same(String),
    Added(String),
    Removed(String),
    Changed(String, String),
}

impl ValueChange {
    /// The value of the first call.
    pub fn before(&self) -> Option<&str> {
        match self {
            Self::Same(value) | Self::Removed(value) | Self::Changed(value, _) => Some(value),
            Self::Added(_) => None,
        }
    }

    /// The value of the second call.
    pub fn after(&self) -> Option<&str> {
        match self {
            Self::Same(value) | Self::Added(value) | Self::Changed(_, value) => Some(value),
            Self::Removed(_) => None,
        }
    }

    /// Whether the two values are the same, written in two ways: `1.10` and `1.1`.
    pub fn is_only_spelling(&self) -> bool {
        matches!(self, Self::Changed(before, after) if is_same_value(before, after))
    }

    fn of(before: Option<String>, after: Option<String>) -> Option<Self> {
        match (before, after) {
            (Some(before), Some(after)) if before == after => Some(Self::Same(after)),
            (Some(before), Some(after)) => Some(Self::Changed(before, after)),
            (Some(before), None) => Some(Self::Removed(before)),
            (None, Some(after)) => Some(Self::Added(after)),
            (None, None) => None,
        }
    }
}

/// One place: a JSON pointer into the body, or the name of a parameter or header.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffLine {
    pub part: DiffPart,
    pub place: String,
    /// Where a name on the way to the place occurs more than once in its object: which of them this is, counted from 1.
    /// Otherwise 1.
    pub nth: usize,
    pub change: ValueChange,
    /// Why this value would differ between any two calls, if it would: an id or a time, say. Such a difference tells
    /// nothing about the calls.
    pub volatile: Option<&'static str>,
}

impl DiffLine {
    pub fn differs(&self) -> bool {
        !matches!(self.change, ValueChange::Same(_))
    }

    /// Whether the value differs and would not differ between any two calls.
    pub fn matters(&self) -> bool {
        self.differs() && self.volatile.is_none()
    }
}

/// Compares two calls and gives a line for every status, body field, parameter and header, equal ones too. The body's
/// fields come in the order of the first answer, those that only the second has after them. Linear in the calls' size.
pub fn compare(before: ComparedCall<'_>, after: ComparedCall<'_>) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    if let Some(change) = ValueChange::of(Some(status(before)), Some(status(after))) {
        let place = "HTTP status".to_owned();
        lines.push(DiffLine { part: DiffPart::Status, place, nth: 1, change, volatile: None });
    }
    let (old, new) = (body(before), body(after));
    lines.extend(changes(old.as_ref(), new.as_ref()));
    let mut push = |part, place: String, change, volatile| {
        lines.push(DiffLine { part, place, nth: 1, change, volatile });
    };
    for (name, change) in pairs(&before.request.params, &after.request.params, str::to_owned) {
        push(DiffPart::Request, name, change, None);
    }
    let (old, new) = (headers(before), headers(after));
    for (name, change) in pairs(old, new, str::to_ascii_lowercase) {
        let volatile = if matches!(change, ValueChange::Same(_)) { None } else { volatile_header(&name) };
        push(DiffPart::Header, name, change, volatile);
    }
    lines
}

fn status(side: ComparedCall<'_>) -> String {
    match side.outcome {
        Some(Ok(response)) => response.http_status.to_string(),
        Some(Err(failure)) => quoted(&format!("no answer: {}", failure.kind)),
        None => quoted("on its way"),
    }
}

/// A text as a JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The body as JSON; what is not JSON is one string.
pub fn body(side: ComparedCall<'_>) -> Option<JsonDocument> {
    let response = side.outcome?.as_ref().ok()?;
    response.document().or_else(|| JsonDocument::parse(quoted(&response.text())).ok())
}

fn headers(side: ComparedCall<'_>) -> &[(String, String)] {
    match side.outcome {
        Some(Ok(response)) => &response.headers,
        _ => &[],
    }
}

/// Compares two lists of names and values by name. Where a name stands several times, its first value is compared with
/// the first, its second with the second.
fn pairs(
    before: &[(String, String)],
    after: &[(String, String)],
    known_as: impl Fn(&str) -> String,
) -> Vec<(String, ValueChange)> {
    let numbered = |list: &[(String, String)]| -> Vec<((String, usize), String)> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut number = |name: &str| {
            let count = seen.entry(known_as(name)).or_default();
            *count += 1;
            *count
        };
        list.iter().map(|(name, value)| ((known_as(name), number(name)), quoted(value))).collect()
    };
    let (before, after) = (numbered(before), numbered(after));
    let names: Vec<(String, usize)> = before.iter().chain(&after).map(|(name, _)| name.clone()).collect();
    let (mut before, mut after): (HashMap<_, _>, HashMap<_, _>) =
        (before.into_iter().collect(), after.into_iter().collect());
    names
        .into_iter()
        .filter_map(|name| Some((ValueChange::of(before.remove(&name), after.remove(&name))?, name.0)))
        .map(|(change, name)| (name, change))
        .collect()
}

/// Compares two documents leaf by leaf.
fn changes(before: Option<&JsonDocument>, after: Option<&JsonDocument>) -> Vec<DiffLine> {
    let mut walk = DiffWalk { nth: 1, ..DiffWalk::default() };
    walk.value(before.map(JsonDocument::root), after.map(JsonDocument::root));
    walk.found
}

/// A value in one line, every token as it came.
fn line(value: JsonView<'_>) -> String {
    json_spans::compact(value.text()).unwrap_or_else(|_| value.text().to_owned())
}

/// What is nested deeper is compared as one value: the walk goes down by calls, and a stack has an end.
const DEEPEST: usize = 128;

#[derive(Default)]
struct DiffWalk<'a> {
    pointer: String,
    /// See [`DiffLine::nth`].
    nth: usize,
    /// The name of the field that the walk is in. Items of a list have no name: theirs is that of the list.
    field: Cow<'a, str>,
    found: Vec<DiffLine>,
}

impl<'a> DiffWalk<'a> {
    fn value(&mut self, before: Option<JsonView<'a>>, after: Option<JsonView<'a>>) {
        if let Some((old, new)) = both(before, after, JsonKind::Object) {
            let (old, new) = (ObjectMembers::of(old), ObjectMembers::of(new));
            for (name, item) in &old.list {
                self.member(name, Some(*item), new.get(name));
            }
            for (name, item) in new.list.iter().filter(|(name, _)| old.get(name).is_none()) {
                self.member(name, None, Some(*item));
            }
        } else if let Some((old, new)) = both(before, after, JsonKind::Array) {
            let (old, new): (Vec<_>, Vec<_>) = (items(old).collect(), items(new).collect());
            for pair in align(&old, &new) {
                let index = pair.after.or(pair.before).unwrap_or_default().to_string();
                let field = self.field.clone();
                self.inside(&index, field, pair.before.map(|at| old[at]), pair.after.map(|at| new[at]));
            }
        } else if let Some(change) = ValueChange::of(before.map(line), after.map(line)) {
            let volatile = volatile(&self.field, &change);
            let (place, nth) = (self.pointer.clone(), self.nth);
            self.found.push(DiffLine { part: DiffPart::Body, place, nth, change, volatile });
        }
    }

    fn member(
        &mut self,
        (name, nth): &(Cow<'a, str>, usize),
        before: Option<JsonView<'a>>,
        after: Option<JsonView<'a>>,
    ) {
        let outer = self.nth;
        if *nth > 1 {
            self.nth = *nth;
        }
        self.inside(name, name.clone(), before, after);
        self.nth = outer;
    }

    fn inside(&mut self, token: &str, field: Cow<'a, str>, before: Option<JsonView<'a>>, after: Option<JsonView<'a>>) {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        let outer = std::mem::replace(&mut self.field, field);
        self.value(before, after);
        self.pointer.truncate(length);
        self.field = outer;
    }
}

/// Both values as containers of this kind; one of them may be absent. Two empty containers are compared as leaves, and so
/// is what is nested too deep.
fn both<'a>(
    before: Option<JsonView<'a>>,
    after: Option<JsonView<'a>>,
    kind: JsonKind,
) -> Option<(Option<JsonView<'a>>, Option<JsonView<'a>>)> {
    let is_other =
        |value: Option<JsonView<'_>>| value.is_some_and(|value| value.kind() != kind || value.depth() >= DEEPEST);
    if is_other(before) || is_other(after) {
        return None;
    }
    let has_items = |value: Option<JsonView<'_>>| value.is_some_and(|value| !value.is_empty());
    (has_items(before) || has_items(after)).then_some((before, after))
}

fn items(list: Option<JsonView<'_>>) -> impl Iterator<Item = JsonView<'_>> {
    list.into_iter().flat_map(JsonView::items)
}

/// The name of a member, and which of the members with this name it is.
type MemberName<'a> = (Cow<'a, str>, usize);

/// The members of an object, to be found by their names.
struct ObjectMembers<'a> {
    list: Vec<(MemberName<'a>, JsonView<'a>)>,
    /// Only for an object of many members.
    by_name: HashMap<MemberName<'a>, JsonView<'a>>,
}

impl<'a> ObjectMembers<'a> {
    fn of(object: Option<JsonView<'a>>) -> Self {
        /// So few members are found faster without an index.
        const FEW: usize = 16;
        let name = |item: JsonView<'a>| (item.key().unwrap_or_default(), item.twin().map_or(1, |(nth, _)| nth));
        let list: Vec<_> = items(object).map(|item| (name(item), item)).collect();
        let by_name = if list.len() > FEW { list.iter().cloned().collect() } else { HashMap::new() };
        Self { list, by_name }
    }

    fn get(&self, name: &MemberName<'a>) -> Option<JsonView<'a>> {
        if self.by_name.is_empty() {
            return self.list.iter().find(|(known, _)| known == name).map(|(_, item)| *item);
        }
        self.by_name.get(name).copied()
    }
}

/// The indexes of one item in the two lists.
#[derive(Clone, Copy, Debug)]
struct AlignedItems {
    before: Option<usize>,
    after: Option<usize>,
}

/// Which item of a list goes with which: objects by their ids where the lists share some, all else by index.
fn align(old: &[JsonView<'_>], new: &[JsonView<'_>]) -> Vec<AlignedItems> {
    align_by_id(old, new).unwrap_or_else(|| {
        let place = |at: usize, list: &[JsonView<'_>]| (at < list.len()).then_some(at);
        (0..old.len().max(new.len())).map(|at| AlignedItems { before: place(at, old), after: place(at, new) }).collect()
    })
}

fn align_by_id(old: &[JsonView<'_>], new: &[JsonView<'_>]) -> Option<Vec<AlignedItems>> {
    let old_ids = old.iter().map(|item| id_of(*item)).collect::<Option<Vec<_>>>()?;
    let new_ids = new.iter().map(|item| id_of(*item)).collect::<Option<Vec<_>>>()?;
    let places: HashMap<&str, usize> = old_ids.iter().enumerate().map(|(at, id)| (&**id, at)).collect();
    let stands_twice = places.len() < old.len() || new_ids.iter().collect::<HashSet<_>>().len() < new.len();
    if stands_twice {
        return None;
    }
    let mut aligned = Vec::with_capacity(old.len().max(new.len()));
    let (mut next, mut shared) = (0, 0);
    for (at, id) in new_ids.iter().enumerate() {
        // An item that moved to the front counts as removed there and added here.
        let before = places.get(&**id).copied().filter(|before| *before >= next);
        if let Some(before) = before {
            aligned.extend((next..before).map(|at| AlignedItems { before: Some(at), after: None }));
            next = before + 1;
            shared += 1;
        }
        aligned.push(AlignedItems { before, after: Some(at) });
    }
    aligned.extend((next..old.len()).map(|at| AlignedItems { before: Some(at), after: None }));
    (shared > 0).then_some(aligned)
}

fn id_of(value: JsonView<'_>) -> Option<Cow<'_, str>> {
    value.get("id")?.string()
}

/// Adds a token to a JSON pointer (RFC 6901).
fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for sign in token.chars() {
        match sign {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            sign => pointer.push(sign),
        }
    }
}

/// The steps of the JSON Patch (RFC 6902) that turns the first document into the second, each as JSON in one line;
/// without `with_volatile` the volatile fields keep their first values. The values are spelled as they came. An object
/// in which a name occurs twice is replaced as a whole, for no path leads to the second; so is what is nested too deep.
pub fn patch(before: &JsonDocument, after: &JsonDocument, with_volatile: bool) -> Vec<String> {
    let mut patch = PatchBuilder { pointer: String::new(), field: "".into(), with_volatile, steps: Vec::new() };
    patch.value(before.root(), after.root());
    patch.steps
}

struct PatchBuilder<'a> {
    pointer: String,
    field: Cow<'a, str>,
    with_volatile: bool,
    steps: Vec<String>,
}

impl<'a> PatchBuilder<'a> {
    fn value(&mut self, before: JsonView<'a>, after: JsonView<'a>) {
        let has_twins = |object: JsonView<'_>| object.items().any(|item| item.twin().is_some());
        let is_deep = before.depth() >= DEEPEST;
        match (before.kind(), after.kind()) {
            (JsonKind::Object, JsonKind::Object) if !is_deep && !has_twins(before) && !has_twins(after) => {
                self.object(&ObjectMembers::of(Some(before)), &ObjectMembers::of(Some(after)));
            }
            (JsonKind::Array, JsonKind::Array) if !is_deep => {
                self.array(&before.items().collect::<Vec<_>>(), &after.items().collect::<Vec<_>>());
            }
            _ => {
                let change = ValueChange::of(Some(line(before)), Some(line(after)));
                let Some(change @ ValueChange::Changed(..)) = change else { return };
                if self.with_volatile || volatile(&self.field, &change).is_none() {
                    self.step("replace", Some(after));
                }
            }
        }
    }

    fn object(&mut self, old: &ObjectMembers<'a>, new: &ObjectMembers<'a>) {
        for (name, item) in &old.list {
            self.inside(&name.0, name.0.clone(), |patch| match new.get(name) {
                Some(new) => patch.value(*item, new),
                None => patch.step("remove", None),
            });
        }
        for (name, item) in new.list.iter().filter(|(name, _)| old.get(name).is_none()) {
            self.inside(&name.0, name.0.clone(), |patch| patch.step("add", Some(*item)));
        }
    }

    /// The index in a step's path counts in the list as the steps before it leave it. So items are removed from the end
    /// backwards, then added in rising order, and only then changed, when every item is at its final index.
    fn array(&mut self, old: &[JsonView<'a>], new: &[JsonView<'a>]) {
        let (aligned, field) = (align(old, new), self.field.clone());
        for at in aligned.iter().rev().filter(|pair| pair.after.is_none()).filter_map(|pair| pair.before) {
            self.inside(&at.to_string(), field.clone(), |patch| patch.step("remove", None));
        }
        for at in aligned.iter().filter(|pair| pair.before.is_none()).filter_map(|pair| pair.after) {
            self.inside(&at.to_string(), field.clone(), |patch| patch.step("add", Some(new[at])));
        }
        for pair in aligned {
            if let (Some(before), Some(after)) = (pair.before, pair.after) {
                self.inside(&after.to_string(), field.clone(), |patch| patch.value(old[before], new[after]));
            }
        }
    }

    fn inside(&mut self, token: &str, field: Cow<'a, str>, deed: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        let outer = std::mem::replace(&mut self.field, field);
        deed(self);
        self.pointer.truncate(length);
        self.field = outer;
    }

    fn step(&mut self, op: &str, value: Option<JsonView<'_>>) {
        let path = quoted(&self.pointer);
        let value = value.map(|value| format!(",\"value\":{}", line(value))).unwrap_or_default();
        self.steps.push(format!("{{\"op\":\"{op}\",\"path\":{path}{value}}}"));
    }
}

/// The fields that differ between any two calls, and why, in words for the user.
const VOLATILE_FIELDS: &[(&str, &str)] = &[
    ("id", "Every object gets an id of its own"),
    ("fingerprint", "Each account makes its own fingerprint of a number"),
    ("client_ip", "The address that the call came from"),
    ("request_log_url", "Leads to this one request"),
    ("receipt_url", "Leads to this one receipt"),
    ("receipt_number", "Counted on by Stripe"),
    ("invoice_prefix", "Made anew for each customer"),
    ("authorization_code", "Given anew by the network"),
    ("network_transaction_id", "Given anew by the network"),
    ("transaction_id", "Given anew by the network"),
    ("risk_score", "Reckoned anew for each charge"),
    ("client_secret", "Made anew for each object"),
];

/// The fields that hold a moment as Unix seconds.
const TIME_FIELDS: &[&str] = &["created", "date", "available_on", "capture_before", "expires_at", "start", "end"];

const IS_TIME: &str = "A moment";
const IS_ID: &str = "Differs in ids only";

/// Why a changed field would differ between any two calls, if it would. A field that only one call has, or whose type
/// changed, is never volatile.
fn volatile(field: &str, change: &ValueChange) -> Option<&'static str> {
    let ValueChange::Changed(before, after) = change else { return None };
    if field == "client_ip" {
        return reason(field);
    }
    let is_number = |value: &str| value.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
    let is_text = |value: &str| value.starts_with('"');
    if is_number(before) && is_number(after) {
        return if TIME_FIELDS.contains(&field) { Some(IS_TIME) } else { reason(field) };
    }
    if !is_text(before) || !is_text(after) {
        return None;
    }
    reason(field).or_else(|| (without_ids(before) == without_ids(after)).then_some(IS_ID))
}

fn reason(field: &str) -> Option<&'static str> {
    VOLATILE_FIELDS.iter().find(|(known, _)| *known == field).map(|(_, reason)| *reason)
}

/// The prefixes of the ids that Stripe makes.
const ID_PREFIXES: &[&str] =
    &["acct", "card", "ch", "cus", "evt", "pi", "pm", "py", "pyr", "re", "req", "src", "tok", "txn"];
/// The least number of bytes behind such a prefix: what is shorter is a word such as `card_error`.
const SHORTEST_ID: usize = 8;

/// The text without the generated part of every id, so that texts that differ in ids only become equal:
/// `No such token: 'tok_'`.
fn without_ids(text: &str) -> Cow<'_, str> {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut out = String::new();
    let mut written = 0;
    let mut at = 0;
    while at < text.len() {
        let word = text[at..].find(|sign: char| !is_part(sign)).unwrap_or(text.len() - at);
        if word == 0 {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let made = text[at..at + word].split_once('_').filter(|(prefix, made)| {
            ID_PREFIXES.contains(prefix) && made.len() >= SHORTEST_ID && made.bytes().any(|byte| byte.is_ascii_digit())
        });
        if let Some((prefix, _)) = made {
            out.push_str(&text[written..=at + prefix.len()]);
            written = at + word;
        }
        at += word;
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[written..]);
    Cow::Owned(out)
}

/// The headers that a client of the API acts on; all others belong to the connection.
const HEADERS_THAT_MATTER: &[&str] = &[
    "content-type",
    "idempotent-replayed",
    "retry-after",
    "stripe-account",
    "stripe-should-retry",
    "stripe-version",
    "testcard-fault",
    "www-authenticate",
];

fn volatile_header(name: &str) -> Option<&'static str> {
    match name {
        "date" => Some(IS_TIME),
        "request-id" | "original-request" => Some("Every request gets an id of its own"),
        "idempotency-key" => Some("Every call gets a key of its own"),
        "content-length" => Some("Follows from the body"),
        _ if HEADERS_THAT_MATTER.contains(&name) => None,
        _ => Some("Belongs to the connection, not to the answer"),
    }
}
