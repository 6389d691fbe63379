//! Two calls beside each other: what differs, by JSON pointer, with what differs in every call set apart.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use serde_json::{Map, Value, json};

use crate::domain::call::api::{ApiResponse, CallFailure, MaskedRequest};

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

/// What became of one value from the first call to the second.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueChange {
    Same(Value),
    Added(Value),
    Removed(Value),
    Changed(Value, Value),
}

impl ValueChange {
    /// The value of the first call.
    pub fn before(&self) -> Option<&Value> {
        match self {
            Self::Same(value) | Self::Removed(value) | Self::Changed(value, _) => Some(value),
            Self::Added(_) => None,
        }
    }

    /// The value of the second call.
    pub fn after(&self) -> Option<&Value> {
        match self {
            Self::Same(value) | Self::Added(value) | Self::Changed(_, value) => Some(value),
            Self::Removed(_) => None,
        }
    }

    fn of(before: Option<Value>, after: Option<Value>) -> Option<Self> {
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
    let mut push = |part, place: String, change, volatile| lines.push(DiffLine { part, place, change, volatile });
    if let Some(change) = ValueChange::of(Some(status(before)), Some(status(after))) {
        push(DiffPart::Status, "HTTP status".to_owned(), change, None);
    }
    let (old, new) = (body(before), body(after));
    for (place, change, volatile) in changes(old.as_ref(), new.as_ref()) {
        push(DiffPart::Body, place, change, volatile);
    }
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

fn status(side: ComparedCall<'_>) -> Value {
    match side.outcome {
        Some(Ok(response)) => Value::from(response.http_status),
        Some(Err(failure)) => Value::from(format!("no answer: {}", failure.kind)),
        None => Value::from("on its way"),
    }
}

/// The body as JSON; what is not JSON is one string.
pub fn body(side: ComparedCall<'_>) -> Option<Value> {
    let response = side.outcome?.as_ref().ok()?;
    Some(response.json().unwrap_or_else(|| Value::String(response.text())))
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
    let numbered = |list: &[(String, String)]| -> Vec<((String, usize), Value)> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut number = |name: &str| {
            let count = seen.entry(known_as(name)).or_default();
            *count += 1;
            *count
        };
        list.iter().map(|(name, value)| ((known_as(name), number(name)), Value::from(value.as_str()))).collect()
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

/// Compares two documents leaf by leaf: the JSON pointer, the change, and why the leaf is volatile, if it is.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, ValueChange, Option<&'static str>)> {
    let mut walk = DiffWalk::default();
    walk.value(before, after);
    walk.found
}

#[derive(Default)]
struct DiffWalk<'a> {
    pointer: String,
    /// The name of the field that the walk is in. Items of a list have no name: theirs is that of the list.
    field: &'a str,
    found: Vec<(String, ValueChange, Option<&'static str>)>,
}

impl<'a> DiffWalk<'a> {
    fn value(&mut self, before: Option<&'a Value>, after: Option<&'a Value>) {
        if let Some((old, new)) = both(before, after, Value::as_object) {
            for (key, item) in old.into_iter().flatten() {
                self.inside(key, key, Some(item), new.and_then(|new| new.get(key)));
            }
            for (key, item) in
                new.into_iter().flatten().filter(|(key, _)| old.is_none_or(|old| !old.contains_key(*key)))
            {
                self.inside(key, key, None, Some(item));
            }
        } else if let Some((old, new)) = both(before, after, Value::as_array) {
            let (old, new) = (old.map_or(&[][..], Vec::as_slice), new.map_or(&[][..], Vec::as_slice));
            for pair in align(old, new) {
                let index = pair.after.or(pair.before).unwrap_or_default().to_string();
                let field = self.field;
                self.inside(&index, field, pair.before.map(|at| &old[at]), pair.after.map(|at| &new[at]));
            }
        } else if let Some(change) = ValueChange::of(before.cloned(), after.cloned()) {
            let volatile = volatile(self.field, &change);
            self.found.push((self.pointer.clone(), change, volatile));
        }
    }

    fn inside(&mut self, token: &str, field: &'a str, before: Option<&'a Value>, after: Option<&'a Value>) {
        let (length, outer) = (self.pointer.len(), self.field);
        push_token(&mut self.pointer, token);
        self.field = field;
        self.value(before, after);
        self.pointer.truncate(length);
        self.field = outer;
    }
}

/// Both values as containers of the same kind; one of them may be absent. Two empty containers are compared as leaves.
fn both<'a, T: JsonContainer>(
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    read: fn(&'a Value) -> Option<&'a T>,
) -> Option<(Option<&'a T>, Option<&'a T>)> {
    let (old, new) = (before.map(read), after.map(read));
    if old == Some(None) || new == Some(None) {
        return None;
    }
    let (old, new) = (old.flatten(), new.flatten());
    let has_items = |container: Option<&T>| container.is_some_and(|container| !container.is_empty());
    (has_items(old) || has_items(new)).then_some((old, new))
}

trait JsonContainer: PartialEq {
    fn is_empty(&self) -> bool;
}

impl JsonContainer for Map<String, Value> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

impl JsonContainer for Vec<Value> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

/// The indexes of one item in the two lists.
#[derive(Clone, Copy, Debug)]
struct AlignedItems {
    before: Option<usize>,
    after: Option<usize>,
}

/// Which item of a list goes with which: objects by their ids where the lists share some, all else by index.
fn align(old: &[Value], new: &[Value]) -> Vec<AlignedItems> {
    align_by_id(old, new).unwrap_or_else(|| {
        let place = |at: usize, list: &[Value]| (at < list.len()).then_some(at);
        (0..old.len().max(new.len())).map(|at| AlignedItems { before: place(at, old), after: place(at, new) }).collect()
    })
}

fn align_by_id(old: &[Value], new: &[Value]) -> Option<Vec<AlignedItems>> {
    let old_ids = old.iter().map(id_of).collect::<Option<Vec<&str>>>()?;
    let new_ids = new.iter().map(id_of).collect::<Option<Vec<&str>>>()?;
    let places: HashMap<&str, usize> = old_ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let stands_twice = places.len() < old.len() || new_ids.iter().collect::<HashSet<_>>().len() < new.len();
    if stands_twice {
        return None;
    }
    let mut aligned = Vec::with_capacity(old.len().max(new.len()));
    let (mut next, mut shared) = (0, 0);
    for (at, id) in new_ids.iter().enumerate() {
        // An item that moved to the front counts as removed there and added here.
        let before = places.get(id).copied().filter(|before| *before >= next);
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

fn id_of(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
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

/// The steps of the JSON Patch (RFC 6902) that turns the first document into the second; without `with_volatile` the
/// volatile fields keep their first values.
pub fn patch(before: &Value, after: &Value, with_volatile: bool) -> Vec<Value> {
    let mut patch = PatchBuilder { pointer: String::new(), field: "", with_volatile, steps: Vec::new() };
    patch.value(before, after);
    patch.steps
}

struct PatchBuilder<'a> {
    pointer: String,
    field: &'a str,
    with_volatile: bool,
    steps: Vec<Value>,
}

impl<'a> PatchBuilder<'a> {
    fn value(&mut self, before: &'a Value, after: &'a Value) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                for (key, item) in old {
                    self.inside(key, key, |patch| match new.get(key) {
                        Some(new) => patch.value(item, new),
                        None => patch.step("remove", None),
                    });
                }
                for (key, item) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                    self.inside(key, key, |patch| patch.step("add", Some(item)));
                }
            }
            (Value::Array(old), Value::Array(new)) => self.array(old, new),
            _ if before == after => {}
            _ => {
                let change = ValueChange::Changed(before.clone(), after.clone());
                if self.with_volatile || volatile(self.field, &change).is_none() {
                    self.step("replace", Some(after));
                }
            }
        }
    }

    /// The index in a step's path counts in the list as the steps before it leave it. So items are removed from the end
    /// backwards, then added in rising order, and only then changed, when every item is at its final index.
    fn array(&mut self, old: &'a [Value], new: &'a [Value]) {
        let (aligned, field) = (align(old, new), self.field);
        for at in aligned.iter().rev().filter(|pair| pair.after.is_none()).filter_map(|pair| pair.before) {
            self.inside(&at.to_string(), field, |patch| patch.step("remove", None));
        }
        for at in aligned.iter().filter(|pair| pair.before.is_none()).filter_map(|pair| pair.after) {
            self.inside(&at.to_string(), field, |patch| patch.step("add", Some(&new[at])));
        }
        for pair in aligned {
            if let (Some(before), Some(after)) = (pair.before, pair.after) {
                self.inside(&after.to_string(), field, |patch| patch.value(&old[before], &new[after]));
            }
        }
    }

    fn inside(&mut self, token: &str, field: &'a str, deed: impl FnOnce(&mut Self)) {
        let (length, outer) = (self.pointer.len(), self.field);
        push_token(&mut self.pointer, token);
        self.field = field;
        deed(self);
        self.pointer.truncate(length);
        self.field = outer;
    }

    fn step(&mut self, op: &str, value: Option<&Value>) {
        self.steps.push(match value {
            Some(value) => json!({ "op": op, "path": self.pointer, "value": value }),
            None => json!({ "op": op, "path": self.pointer }),
        });
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
    match (before, after) {
        (Value::Number(_), Value::Number(_)) if TIME_FIELDS.contains(&field) => Some(IS_TIME),
        (Value::Number(_), Value::Number(_)) => reason(field),
        (Value::String(before), Value::String(after)) => {
            reason(field).or_else(|| (without_ids(before) == without_ids(after)).then_some(IS_ID))
        }
        _ => None,
    }
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
