//! What became of a token: the objects that were made of it, how each stands, the calls about them and the events that
//! tell of them. Found by following ids through recorded calls, the minter's objects and its events.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    call_words::{CallWords, StateMood, client_of, money},
    delivery_refusal::{DeliveryRefusal, with_refusal},
    entry::{EntryId, EntryStatus, HistoryEntry},
    request_log::ExchangeId,
};
use crate::domain::{
    call::{
        api::{ApiExchange, ApiResponse, HttpMethod, MaskedRequest, Target},
        error::ErrorView,
        intent_calls, usage,
    },
    plural::number_of,
    words::words,
};

/// The most objects that are followed, and the most lines that they make with their calls and events.
pub const MOST_NODES: usize = 2000;
const MOST_ROWS: usize = 10_000;
/// An answer that is longer, in bytes, tells of nothing that is followed: the largest intents have some ten kilobytes.
const LONGEST_ANSWER: usize = 256 * 1024;

/// The kinds of objects that a token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LifeObject {
    Token,
    /// A customer's card.
    Card,
    PaymentMethod,
    PaymentIntent,
    SetupIntent,
    Charge,
    Refund,
    Dispute,
}

words!(LifeObject {
    Token => "token" | "Token",
    Card => "card" | "Card",
    PaymentMethod => "payment_method" | "Payment method",
    PaymentIntent => "payment_intent" | "Payment intent",
    SetupIntent => "setup_intent" | "Setup intent",
    Charge => "charge" | "Charge",
    Refund => "refund" | "Refund",
    Dispute => "dispute" | "Dispute",
});

/// How many lanes there are, from the token to what comes after a charge.
pub const LANES: usize = 5;

impl LifeObject {
    /// Its lane, from 0 for the token on: what is made of an object is in a lane behind it.
    pub fn lane(self) -> usize {
        match self {
            Self::Token => 0,
            Self::Card | Self::PaymentMethod => 1,
            Self::PaymentIntent | Self::SetupIntent => 2,
            Self::Charge => 3,
            Self::Refund | Self::Dispute => 4,
        }
    }
}

/// How an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeState {
    pub mood: StateMood,
    /// In Stripe's words where it has one, such as `requires_action`.
    pub word: String,
}

impl LifeState {
    fn new(mood: StateMood, word: impl Into<String>) -> Self {
        Self { mood, word: word.into() }
    }
}

/// An object of the life of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeNode {
    pub object: LifeObject,
    pub id: String,
    /// The object that it was made of, by its place among the nodes; `None` for the token.
    pub parent: Option<usize>,
    pub state: LifeState,
    /// Such as "$20.00 usd".
    pub amount: Option<String>,
    /// What is to be said besides: whose card it is, why it failed, how much of it was refunded.
    pub note: Option<String>,
    /// `None` where nothing tells it.
    pub when: Option<Timestamp>,
    /// The call that made it, or that told of it first, and who made that call.
    pub exchange: Option<ExchangeId>,
    pub client: Option<String>,
}

impl LifeNode {
    /// Whether it is an intent that waits for its payer.
    pub fn requires_action(&self) -> bool {
        matches!(self.object, LifeObject::PaymentIntent | LifeObject::SetupIntent) && self.state.word == REQUIRES_ACTION
    }
}

const REQUIRES_ACTION: &str = "requires_action";

/// A later call about an object.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeStep {
    pub node: usize,
    pub words: CallWords,
    pub when: Timestamp,
    pub exchange: ExchangeId,
}

/// An event that tells of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeEvent {
    pub node: usize,
    pub id: String,
    /// Such as `charge.succeeded`.
    pub event_type: String,
    /// By the clock of its world.
    pub when: Option<Timestamp>,
    /// The call that it came of; `None` where time alone brought it.
    pub exchange: Option<ExchangeId>,
    pub deliveries: Vec<EventDelivery>,
}

impl LifeEvent {
    /// How its delivery stands as a whole: see [`EventDelivery::furthest`].
    pub fn delivery(&self) -> Option<&EventDelivery> {
        EventDelivery::furthest(&self.deliveries)
    }
}

/// An event on its way to one webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDelivery {
    /// The URL of the endpoint; `None` for one that was named when a server was started, which is kept nowhere.
    pub url: Option<String>,
    pub state: DeliveryState,
    /// Why it was not taken at the last attempt that failed, while it is not taken.
    pub refusal: Option<DeliveryRefusal>,
}

impl EventDelivery {
    /// The one whose endpoint is furthest from having taken the event. `None` where no endpoint asks for it.
    pub fn furthest(deliveries: &[Self]) -> Option<&Self> {
        deliveries.iter().max_by_key(|delivery| delivery.state.distance())
    }

    /// How it stands, and why; `time` writes a moment.
    pub fn words(&self, time: impl Fn(Timestamp) -> String) -> String {
        let count = |attempts: u32| number_of(attempts.into(), "attempt", "attempts");
        let state = match self.state {
            DeliveryState::Passed => "Nothing left to send".to_owned(),
            DeliveryState::Taken => "Taken".to_owned(),
            DeliveryState::Queued => "Not sent yet".to_owned(),
            DeliveryState::Waits { attempts: 0, until } => format!("Waits until {}", time(until)),
            DeliveryState::Waits { attempts, until } => {
                format!("Waits until {}, not taken in {}", time(until), count(attempts))
            }
            DeliveryState::GivenUp { attempts: 0 } => "Given up: nothing may be sent to the endpoint".to_owned(),
            DeliveryState::GivenUp { attempts } => format!("Given up after {}", count(attempts)),
        };
        with_refusal(state, self.refusal.as_ref(), time)
    }
}

/// How far an event is on its way to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Taken,
    /// Nothing is left to be sent: it was taken, or came before the endpoint was named. Of an endpoint that was named when a
    /// server was started nothing tells which.
    Passed,
    /// Nothing was sent yet: that happens while a server runs.
    Queued,
    /// It was not taken so many times, or waits behind one that was not; it is sent at this time of the machine's clock.
    Waits {
        attempts: u32,
        until: Timestamp,
    },
    /// It was not taken so many times, and is not sent again.
    GivenUp {
        attempts: u32,
    },
}

impl DeliveryState {
    fn distance(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Taken => 1,
            Self::Queued => 2,
            Self::Waits { .. } => 3,
            Self::GivenUp { .. } => 4,
        }
    }
}

/// A line of the picture, by the place of what it shows among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeRow {
    Node(usize),
    Step(usize),
    Event(usize),
}

/// What became of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLife {
    pub entry: EntryId,
    /// The token first; an object behind what it was made of.
    pub nodes: Vec<LifeNode>,
    pub steps: Vec<LifeStep>,
    pub events: Vec<LifeEvent>,
    /// Everything in the order in which it is drawn: an object, and below it what happened to it and came of it, oldest
    /// first.
    pub rows: Vec<LifeRow>,
    /// Whether everything was looked through: a token with very many later calls is followed to a bound.
    pub is_whole: bool,
    /// Whether its objects are in the world that this window's own calls meet.
    pub is_here: bool,
    /// The connected account that it is of, as a call names it.
    pub account: Option<String>,
}

impl TokenLife {
    /// The node that a line is about.
    pub fn node_of(&self, row: LifeRow) -> usize {
        match row {
            LifeRow::Node(node) => node,
            LifeRow::Step(step) => self.steps[step].node,
            LifeRow::Event(event) => self.events[event].node,
        }
    }
}

/// An event as the minter keeps it.
#[derive(Clone, Debug)]
pub struct KeptEvent {
    pub id: String,
    pub event_type: String,
    pub created: Option<Timestamp>,
    /// The id of the request that it came of.
    pub request: Option<String>,
    /// What it happened to, as it was then.
    pub object: Value,
    pub deliveries: Vec<EventDelivery>,
}

/// Where something stands among all that happened: the call, and what comes first of one call.
type LifeOrder = (i64, usize);

/// Follows a token: takes calls in their order, then the objects as they are now, then the events.
#[derive(Debug)]
pub struct LifeBuilder {
    life: TokenLife,
    token: Option<String>,
    /// The nodes by the ids of their objects.
    known: HashMap<String, usize>,
    node_order: Vec<LifeOrder>,
    step_order: Vec<LifeOrder>,
    event_order: Vec<LifeOrder>,
    /// The calls by the ids of their requests.
    requests: HashMap<String, (ExchangeId, Timestamp)>,
    /// The nodes whose present state the ledger told.
    settled: HashSet<usize>,
    /// How much was taken.
    taken: usize,
    /// The place of the last event.
    last_event: i64,
}

/// Of what something is read.
#[derive(Clone, Copy, Default)]
struct Reading {
    exchange: Option<ExchangeId>,
    when: Option<Timestamp>,
    /// Whether it is the answer to a call that used the token up.
    uses_token: bool,
    /// Whether it may be older than what is known.
    is_old: bool,
}

impl LifeBuilder {
    /// Begins with the entry of a token, the call that made it and its answer.
    pub fn new(
        entry: &HistoryEntry,
        made_by: Option<ExchangeId>,
        request: &MaskedRequest,
        answer: Option<&ApiResponse>,
    ) -> Self {
        let (mood, word) = match entry.status {
            EntryStatus::Unused => (StateMood::Good, entry.status.as_str()),
            EntryStatus::Used => (StateMood::Neutral, entry.status.as_str()),
            EntryStatus::Failed => (StateMood::Bad, entry.code.as_deref().unwrap_or(entry.status.as_str())),
            EntryStatus::Pending | EntryStatus::Interrupted | EntryStatus::Unknown => {
                (StateMood::Waiting, entry.status.as_str())
            }
        };
        let token = LifeNode {
            object: LifeObject::Token,
            id: entry.token_id.clone().unwrap_or_default(),
            parent: None,
            state: LifeState::new(mood, word),
            amount: None,
            note: None,
            when: Some(entry.started),
            exchange: made_by,
            client: Some(client_of(request)),
        };
        let mut known = HashMap::new();
        known.extend(entry.token_id.clone().map(|id| (id, 0)));
        // The card of the token: charges and customers name it.
        let body = answer.and_then(ApiResponse::json).unwrap_or_default();
        known.extend(body["card"]["id"].as_str().map(|id| (id.to_owned(), 0)));
        Self {
            life: TokenLife {
                entry: entry.id,
                nodes: vec![token],
                steps: Vec::new(),
                events: Vec::new(),
                rows: Vec::new(),
                is_whole: true,
                is_here: entry.target == Target::Local,
                account: request.header("Stripe-Account").map(str::to_owned),
            },
            token: entry.token_id.clone(),
            known,
            node_order: vec![(0, 0)],
            step_order: Vec::new(),
            event_order: Vec::new(),
            requests: HashMap::new(),
            settled: HashSet::new(),
            taken: 0,
            last_event: 0,
        }
    }

    /// Says that its objects are in a world of their own, where this window's calls do not come.
    pub fn is_elsewhere(&mut self) {
        self.life.is_here = false;
    }

    /// Says that not everything was looked through.
    pub fn is_cut(&mut self) {
        self.life.is_whole = false;
    }

    /// Whether a text names an object that is followed.
    pub fn is_named_in(&self, text: &[u8]) -> bool {
        let words = text.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
        words
            .filter(|word| word.len() > 4 && word.contains(&b'_'))
            .filter_map(|word| std::str::from_utf8(word).ok())
            .any(|word| self.known.contains_key(word))
    }

    pub fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// The ids of the objects that were made of the token and whose present state is not told yet.
    pub fn unsettled(&self) -> Vec<&str> {
        let nodes = self.life.nodes.iter().enumerate().skip(1);
        nodes.filter(|(nth, _)| !self.settled.contains(nth)).map(|(_, node)| node.id.as_str()).collect()
    }

    /// The ids of the objects of a kind.
    pub fn ids_of(&self, object: LifeObject) -> Vec<&str> {
        self.life.nodes.iter().filter(|node| node.object == object).map(|node| node.id.as_str()).collect()
    }

    /// Takes a call after the one that made the token, in the order of their numbers.
    pub fn take_call(&mut self, id: ExchangeId, exchange: &ApiExchange) {
        let request = &exchange.request;
        let response = exchange.outcome.as_ref().ok().filter(|response| response.body.len() <= LONGEST_ANSWER);
        if let Some(request_id) = response.and_then(ApiResponse::request_id) {
            self.requests.insert(request_id.to_owned(), (id, exchange.started));
        }
        let is_change = request.method != HttpMethod::Get;
        let names_token = self.token.is_some() && usage::token_of(request) == self.token.as_deref();
        let (before, first) = (self.life.nodes.len(), self.taken);
        let body = response.and_then(ApiResponse::json);
        if let Some(body) = &body {
            let reading = Reading {
                exchange: Some(id),
                when: Some(exchange.started),
                uses_token: names_token && is_change,
                is_old: false,
            };
            self.read_all(body, reading);
            self.read_error(body, reading);
        }
        let has_made = self.life.nodes.len() > before;
        for node in &mut self.life.nodes[before..] {
            node.client = Some(client_of(request));
        }
        let subject = self.subject(request, names_token, is_change);
        // A call that made something is told by what it made, but where it was about something else as well.
        let is_told =
            subject.is_none_or(|node| node >= before || (has_made && !is_about(request, &self.life.nodes[node].id)));
        if let Some(node) = subject.filter(|_| !is_told)
            && self.has_room()
        {
            // Before what came of it.
            self.step_order.push((id.0, first));
            let words = CallWords::of(exchange);
            self.life.steps.push(LifeStep { node, words, when: exchange.started, exchange: id });
        }
    }

    /// Takes an object as the minter keeps it now.
    pub fn take_object(&mut self, object: &Value) {
        self.read_all(object, Reading::default());
        if let Some(node) = object["id"].as_str().and_then(|id| self.known.get(id)) {
            self.settled.insert(*node);
        }
    }

    /// Takes an event, in the order in which they came.
    pub fn take_event(&mut self, event: KeptEvent) {
        let call = event.request.as_ref().and_then(|request| self.requests.get(request)).copied();
        // What time alone brings comes behind the call before it.
        self.last_event = call.map_or(self.last_event, |(exchange, _)| exchange.0.max(self.last_event));
        let exchange = call.map(|(exchange, _)| exchange);
        let when = call.map(|(_, when)| when).or(event.created);
        let before = self.life.nodes.len();
        if let Some((object, id)) = followed(&event.object) {
            self.read(object, id, &event.object, Reading { exchange, when, uses_token: false, is_old: true });
        }
        let Some(node) = event.object["id"].as_str().and_then(|id| self.known.get(id)).copied() else { return };
        if node == 0 || !self.has_room() {
            return;
        }
        let order = (self.last_event, self.taken);
        if node >= before || self.node_order[node].0 == i64::MAX {
            self.node_order[node] = order;
        }
        // Of an object that no call answered with, such as a dispute, its first event tells.
        let known = &mut self.life.nodes[node];
        known.exchange = known.exchange.or(exchange);
        known.when = known.when.or(when);
        let KeptEvent { id, event_type, created, deliveries, .. } = event;
        self.event_order.push(order);
        self.life.events.push(LifeEvent { node, id, event_type, when: created, exchange, deliveries });
    }

    /// What became of the token.
    pub fn finish(mut self) -> TokenLife {
        let mut below: Vec<Vec<(LifeOrder, LifeRow)>> = vec![Vec::new(); self.life.nodes.len()];
        for (nth, node) in self.life.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                below[parent].push((self.node_order[nth], LifeRow::Node(nth)));
            }
        }
        for (nth, step) in self.life.steps.iter().enumerate() {
            below[step.node].push((self.step_order[nth], LifeRow::Step(nth)));
        }
        for (nth, event) in self.life.events.iter().enumerate() {
            below[event.node].push((self.event_order[nth], LifeRow::Event(nth)));
        }
        for rows in &mut below {
            // Read from the end.
            rows.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        }
        let mut open = vec![LifeRow::Node(0)];
        while let Some(row) = open.pop() {
            self.life.rows.push(row);
            if let LifeRow::Node(node) = row {
                open.extend(std::mem::take(&mut below[node]).into_iter().map(|(_, row)| row));
            }
        }
        self.life
    }

    /// Whether one line more is taken.
    fn has_room(&mut self) -> bool {
        self.taken += 1;
        let has_room = self.life.nodes.len() + self.life.steps.len() + self.life.events.len() < MOST_ROWS;
        self.life.is_whole &= has_room;
        has_room
    }

    /// The node that a call is about, if it changes something or asks for the token.
    fn subject(&self, request: &MaskedRequest, names_token: bool, is_change: bool) -> Option<usize> {
        if names_token {
            return Some(0);
        }
        if !is_change {
            return None;
        }
        let in_path = request.path.split('/').find_map(|part| self.known.get(part));
        let by_param = || {
            let names = [intent_calls::INTENT, "payment_intent", "charge", "payment_method", "source"];
            names.iter().find_map(|name| self.known.get(request.param(name)?))
        };
        in_path.or_else(by_param).copied()
    }

    /// Reads all objects that stand in an answer: first those that others are made of.
    fn read_all(&mut self, body: &Value, reading: Reading) {
        let mut found = Vec::new();
        find_objects(body, &mut found);
        found.sort_by_key(|(object, ..)| *object);
        for (object, id, body) in found {
            self.read(object, id, body, reading);
        }
        // A customer that was made of the token has its card, by its id alone.
        if reading.uses_token
            && body["object"] == "customer"
            && let (Some(card), Some(customer)) = (body["default_source"].as_str(), body["id"].as_str())
            && !self.is_node(card)
        {
            let state = LifeState::new(StateMood::Good, "attached");
            if let Some(card) = self.add(LifeObject::Card, card, 0, state, reading) {
                self.life.nodes[card].note = Some(format!("of {customer}"));
            }
        }
    }

    /// Reads the charge that a decline left behind.
    fn read_error(&mut self, body: &Value, reading: Reading) {
        let Some(charge) = body["error"]["charge"].as_str() else { return };
        if !self.is_node(charge) {
            let error = &body["error"];
            let parent = self
                .node(&error["payment_intent"])
                .or_else(|| self.node(&error["payment_method"]))
                .or_else(|| self.node(&error["source"]))
                .or(reading.uses_token.then_some(0));
            let Some(parent) = parent else { return };
            self.add(LifeObject::Charge, charge, parent, LifeState::new(StateMood::Bad, "failed"), reading);
        }
        if let (Some(node), Some(error)) = (self.known.get(charge), ErrorView::of(body)) {
            self.life.nodes[*node].note = Some(error.label().to_owned());
            self.life.nodes[*node].state = LifeState::new(StateMood::Bad, "failed");
        }
    }

    /// Reads an object: a known one as it stands now, another one where it was made of one that is followed.
    fn read(&mut self, object: LifeObject, id: &str, body: &Value, reading: Reading) {
        let known = self.known.get(id).copied().filter(|node| self.life.nodes[*node].id == id);
        let node = match known {
            // The history knows more of it than an answer of then.
            Some(0) => return,
            Some(node) => {
                if reading.is_old && self.settled.contains(&node) {
                    return;
                }
                Some(node)
            }
            None => self
                .parent_of(object, body, reading)
                .and_then(|parent| self.add(object, id, parent, LifeState::new(StateMood::Neutral, ""), reading)),
        };
        let Some(node) = node else { return };
        self.life.nodes[node].amount = amount(body).or(self.life.nodes[node].amount.take());
        if let Some((state, note)) = state(object, body) {
            self.life.nodes[node].state = state;
            self.life.nodes[node].note = note;
        }
        // The charge of an intent may be known by its id alone.
        if object == LifeObject::PaymentIntent
            && let Some(charge) = id_of(&body["latest_charge"])
            && !self.is_node(charge)
            && let Some(charge) =
                self.add(LifeObject::Charge, charge, node, LifeState::new(StateMood::Neutral, ""), reading)
        {
            self.life.nodes[charge].amount = self.life.nodes[node].amount.clone();
        }
    }

    /// The node that an object was made of.
    fn parent_of(&mut self, object: LifeObject, body: &Value, reading: Reading) -> Option<usize> {
        let of_token = reading.uses_token.then_some(0);
        match object {
            LifeObject::Token => None,
            // What a charge of the token shows as its card is no object of its own.
            LifeObject::Card if body["customer"].is_null() => None,
            LifeObject::Card => of_token.or_else(|| self.node(&body["id"])),
            LifeObject::PaymentMethod => of_token,
            LifeObject::PaymentIntent | LifeObject::SetupIntent => {
                let failed = &body["last_payment_error"]["payment_method"];
                let method = if body["payment_method"].is_null() { failed } else { &body["payment_method"] };
                if let (Some(id), true) = (id_of(method), reading.uses_token)
                    && !self.is_node(id)
                {
                    let state = LifeState::new(StateMood::Neutral, "");
                    self.add(LifeObject::PaymentMethod, id, 0, state, reading);
                }
                self.node(method).or_else(|| self.node(&body["source"])).or(of_token)
            }
            LifeObject::Charge => ["payment_intent", "payment_method", "source"]
                .into_iter()
                .find_map(|name| self.node(&body[name]))
                .or(of_token),
            LifeObject::Refund | LifeObject::Dispute => {
                ["charge", "payment_intent"].into_iter().find_map(|name| self.node(&body[name]))
            }
        }
    }

    /// The node of an object that a field names, by its id or whole.
    fn node(&self, field: &Value) -> Option<usize> {
        self.known.get(id_of(field)?).copied()
    }

    /// Whether an object has a node of its own: the card of a token has that of the token until it is a customer's.
    fn is_node(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|node| self.life.nodes[*node].id == id)
    }

    fn add(
        &mut self,
        object: LifeObject,
        id: &str,
        parent: usize,
        state: LifeState,
        reading: Reading,
    ) -> Option<usize> {
        if self.life.nodes.len() >= MOST_NODES || !self.has_room() {
            self.life.is_whole = false;
            return None;
        }
        let node = self.life.nodes.len();
        self.known.insert(id.to_owned(), node);
        self.node_order.push((reading.exchange.map_or(i64::MAX, |exchange| exchange.0), self.taken));
        self.life.nodes.push(LifeNode {
            object,
            id: id.to_owned(),
            parent: Some(parent),
            state,
            amount: None,
            note: None,
            when: reading.when,
            exchange: reading.exchange,
            client: None,
        });
        Some(node)
    }
}

/// Whether the path or the intent of a call names an object.
fn is_about(request: &MaskedRequest, id: &str) -> bool {
    request.path.split('/').any(|part| part == id) || request.param(intent_calls::INTENT) == Some(id)
}

/// The id that a field holds, alone or in a whole object.
fn id_of(field: &Value) -> Option<&str> {
    field.as_str().or(field["id"].as_str())
}

/// The kind and id of an object that is followed.
fn followed(value: &Value) -> Option<(LifeObject, &str)> {
    let object: LifeObject = value["object"].as_str()?.parse().ok()?;
    Some((object, value["id"].as_str()?))
}

fn find_objects<'a>(value: &'a Value, found: &mut Vec<(LifeObject, &'a str, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            found.extend(followed(value).map(|(object, id)| (object, id, value)));
            fields.values().for_each(|field| find_objects(field, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| find_objects(element, found)),
        _ => {}
    }
}

fn amount(body: &Value) -> Option<String> {
    Some(money(body["amount"].as_i64()?, body["currency"].as_str()?))
}

/// How an object stands, and what is to be said besides; `None` where the answer does not tell.
fn state(object: LifeObject, body: &Value) -> Option<(LifeState, Option<String>)> {
    let status = body["status"].as_str();
    let of_customer = || body["customer"].as_str().map(|customer| format!("of {customer}"));
    Some(match object {
        LifeObject::Token => return None,
        LifeObject::Card | LifeObject::PaymentMethod => {
            let word = if body["customer"].is_string() { "attached" } else { "ready" };
            (LifeState::new(StateMood::Good, word), of_customer())
        }
        LifeObject::PaymentIntent | LifeObject::SetupIntent => {
            let status = status?;
            let error = ["last_payment_error", "last_setup_error"].into_iter().map(|name| &body[name]);
            let code = error.filter(|error| error.is_object()).find_map(|error| {
                let code = |name: &str| error[name].as_str();
                code("decline_code").or(code("code")).map(str::to_owned)
            });
            let mood = match status {
                "succeeded" => StateMood::Good,
                "canceled" => StateMood::Neutral,
                "requires_payment_method" if code.is_some() => StateMood::Bad,
                _ => StateMood::Waiting,
            };
            (LifeState::new(mood, status), code.filter(|_| mood == StateMood::Bad))
        }
        LifeObject::Charge => charge_state(body, status?),
        LifeObject::Refund => {
            let status = status?;
            let mood = match status {
                "succeeded" => StateMood::Good,
                "failed" => StateMood::Bad,
                "canceled" => StateMood::Neutral,
                _ => StateMood::Waiting,
            };
            (LifeState::new(mood, status), body["failure_reason"].as_str().map(str::to_owned))
        }
        LifeObject::Dispute => {
            let status = status?;
            let mood = match status {
                "won" | "prevented" => StateMood::Good,
                "lost" => StateMood::Bad,
                "warning_closed" => StateMood::Neutral,
                _ => StateMood::Waiting,
            };
            (LifeState::new(mood, status), body["reason"].as_str().map(str::to_owned))
        }
    })
}

fn charge_state(body: &Value, status: &str) -> (LifeState, Option<String>) {
    let refunded = body["amount_refunded"].as_i64().unwrap_or_default();
    let part = |amount: i64| money(amount, body["currency"].as_str().unwrap_or_default());
    let (mood, word, note) = match status {
        "failed" => {
            let code = body["outcome"]["reason"].as_str().or(body["failure_code"].as_str());
            (StateMood::Bad, status, code.map(str::to_owned))
        }
        _ if body["disputed"] == true => (StateMood::Bad, "disputed", None),
        _ if body["refunded"] == true && body["captured"] == false => (StateMood::Neutral, "released", None),
        _ if body["refunded"] == true => (StateMood::Neutral, "refunded", None),
        _ if refunded > 0 => (StateMood::Neutral, "partly refunded", Some(part(refunded))),
        "succeeded" if body["captured"] == false => (StateMood::Waiting, "authorized", None),
        "succeeded" => (StateMood::Good, status, None),
        _ => (StateMood::Waiting, status, None),
    };
    (LifeState::new(mood, word), note)
}
