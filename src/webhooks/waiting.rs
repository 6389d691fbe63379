//! The events of an endpoint that wait on the disk: what was not taken waits for its next attempt, and what happened to the
//! same object afterwards waits behind it. Each has a row of its own, so that here only its place is known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::fault::EventFault;

/// An event that waits.
#[derive(Clone, Debug)]
pub(super) struct WaitingEvent {
    /// What it waits in a line with: what it happened to.
    pub(super) object: String,
    pub(super) attempts: u32,
    pub(super) due: Timestamp,
    /// What is to go wrong when it is sent.
    pub(super) fault: Option<EventFault>,
    /// How many times it is still to be taken.
    pub(super) left: u8,
}

/// All that wait, in a line for each object: only the first of a line may leave.
#[derive(Debug, Default)]
pub(super) struct WaitingEvents {
    events: BTreeMap<i64, WaitingEvent>,
    lines: HashMap<String, Line>,
    /// The first of each line that nobody has left, by its time.
    firsts: BTreeSet<(Timestamp, i64)>,
}

#[derive(Debug, Default)]
struct Line {
    places: BTreeSet<i64>,
    /// The event that left the line to be sent: the next one waits for what comes of it.
    out: Option<i64>,
    /// What stands of this line among the firsts.
    first: Option<(Timestamp, i64)>,
}

impl WaitingEvents {
    pub(super) fn has(&self, place: i64) -> bool {
        self.events.contains_key(&place)
    }

    /// Whether what happens to an object has to wait.
    pub(super) fn holds_up(&self, object: &str) -> bool {
        self.lines.contains_key(object)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When the next one may leave.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.firsts.first().map(|(due, _)| *due)
    }

    /// The next one that may leave by now.
    pub(super) fn next(&self, now: Timestamp) -> Option<i64> {
        self.firsts.first().filter(|(due, _)| *due <= now).map(|(_, place)| *place)
    }

    /// Takes an event in; one that was sent is back by this.
    pub(super) fn insert(&mut self, place: i64, event: WaitingEvent) {
        let line = self.lines.entry(event.object.clone()).or_default();
        line.places.insert(place);
        if line.out == Some(place) {
            line.out = None;
        }
        let object = event.object.clone();
        self.events.insert(place, event);
        self.list(&object);
    }

    /// Lets an event leave to be sent.
    pub(super) fn leave(&mut self, place: i64) -> Option<WaitingEvent> {
        let event = self.events.remove(&place)?;
        if let Some(line) = self.lines.get_mut(&event.object) {
            line.places.remove(&place);
            line.out = Some(place);
        }
        self.list(&event.object);
        Some(event)
    }

    /// Says that an event will not come back: the next of its line may leave.
    pub(super) fn is_done(&mut self, place: i64, object: &str) {
        if let Some(line) = self.lines.get_mut(object)
            && line.out == Some(place)
        {
            line.out = None;
            self.list(object);
        }
    }

    /// Lets an event be sent at this time as if it had never been; whether it waits here.
    pub(super) fn hurry(&mut self, place: i64, due: Timestamp) -> bool {
        let Some(event) = self.events.get_mut(&place) else { return false };
        (event.attempts, event.due) = (0, due);
        let object = event.object.clone();
        self.list(&object);
        true
    }

    /// Empties it: the places with the attempts until now.
    pub(super) fn take_all(&mut self) -> Vec<(i64, u32)> {
        let Self { events, .. } = std::mem::take(self);
        events.into_iter().map(|(place, event)| (place, event.attempts)).collect()
    }

    /// Puts the first of a line among the firsts, and drops a line that is empty.
    fn list(&mut self, object: &str) {
        let Some(line) = self.lines.get_mut(object) else { return };
        if let Some(listed) = line.first.take() {
            self.firsts.remove(&listed);
        }
        let first = line.places.first().filter(|_| line.out.is_none());
        line.first = first.and_then(|place| Some((self.events.get(place)?.due, *place)));
        if let Some(first) = line.first {
            self.firsts.insert(first);
        }
        if line.places.is_empty() && line.out.is_none() {
            self.lines.remove(object);
        }
    }
}
