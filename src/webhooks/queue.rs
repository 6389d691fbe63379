//! What is to be sent to one endpoint, and when.
//!
//! The events of one object are sent in their order: one that was not taken holds those behind it up. An event that is to
//! come late or out of its place on purpose holds nothing up.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::endpoint::Endpoint;
use crate::{
    domain::{clock::shifted, fault::EventFault},
    minter,
    store::{OpenDelivery, OutboxEvent},
};

/// How long events are kept back that are to come out of their order: what comes within this time is turned round.
const SHUFFLED_WITHIN: SignedDuration = SignedDuration::from_secs(1);

/// The events that an endpoint is to be sent, as far as they are read.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) endpoint: Endpoint,
    /// Up to here the events are read.
    pub(super) read: i64,
    /// Whether there may be more behind them.
    pub(super) may_have_more: bool,
    /// The cursor as it is written down.
    pub(super) written: Option<i64>,
    pending: BTreeMap<i64, PendingEvent>,
}

#[derive(Debug)]
struct PendingEvent {
    event: OutboxEvent,
    /// What it happened to.
    object: String,
    fault: Option<EventFault>,
    attempts: u32,
    due: Timestamp,
    is_sending: bool,
    /// Whether it has a row of its own, so that the cursor may pass it.
    is_noted: bool,
    /// How many times it is still to be taken.
    left: u8,
}

impl PendingEvent {
    fn new(event: OutboxEvent, now: Timestamp) -> Self {
        let fault = minter::event_fault(&event.event);
        let due = match fault {
            Some(EventFault::Late(time)) => later(now, time),
            Some(EventFault::Shuffle) => shifted(now, SHUFFLED_WITHIN),
            _ => now,
        };
        let left = if fault == Some(EventFault::Twice) { 2 } else { 1 };
        let object = minter::event_object(&event.event, &event.object);
        Self { event, object, fault, attempts: 0, due, is_sending: false, is_noted: false, left }
    }

    fn keeps_order(&self) -> bool {
        !matches!(self.fault, Some(EventFault::Late(_) | EventFault::Shuffle))
    }

    fn is_shuffled(&self) -> bool {
        self.fault == Some(EventFault::Shuffle)
    }

    fn is_ready(&self, now: Timestamp) -> bool {
        !self.is_sending && self.due <= now
    }
}

/// What came of an attempt, to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptNote {
    /// Nothing: the cursor says it.
    None,
    /// Its row can go.
    Taken,
    /// It is sent again at this time, never where there is none.
    Open { attempts: u32, due: Option<Timestamp> },
}

impl Queue {
    /// The queue of an endpoint that has taken all events up to this place.
    pub(super) fn new(endpoint: Endpoint, cursor: i64, written: Option<i64>) -> Self {
        Self { endpoint, read: cursor, may_have_more: true, written, pending: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// How many events are on their way.
    pub(super) fn sending(&self) -> usize {
        self.pending.values().filter(|pending| pending.is_sending).count()
    }

    /// Takes the next event that was read; what is not for the endpoint is passed over.
    pub(super) fn push(&mut self, event: OutboxEvent, now: Timestamp) {
        self.read = event.position;
        let is_wanted = self.endpoint.is_reached() && self.endpoint.takes(&event);
        let is_dropped = minter::event_fault(&event.event) == Some(EventFault::Drop);
        if is_wanted && !is_dropped {
            // Those that are kept back leave together.
            let kept_back = self.pending.values().filter(|pending| pending.is_shuffled() && pending.due > now);
            let together = kept_back.map(|pending| pending.due).min();
            let pending = self.pending.entry(event.position).or_insert_with(|| PendingEvent::new(event, now));
            if pending.is_shuffled() {
                pending.due = together.unwrap_or(pending.due);
            }
        }
    }

    /// Whether an open delivery has to be read: it is not here yet.
    pub(super) fn misses(&self, delivery: &OpenDelivery) -> bool {
        !self.pending.contains_key(&delivery.event)
    }

    /// Takes an event that has a row of its own.
    pub(super) fn reopen(&mut self, delivery: OpenDelivery, event: Option<OutboxEvent>, now: Timestamp) {
        if let Some(event) = event {
            let pending = PendingEvent { fault: None, left: 1, ..PendingEvent::new(event, now) };
            self.pending.insert(delivery.event, pending);
        }
        if let Some(pending) = self.pending.get_mut(&delivery.event) {
            pending.is_noted = true;
            if !pending.is_sending {
                (pending.attempts, pending.due) = (delivery.attempts, delivery.due);
            }
        }
    }

    /// The next event to be sent at this moment, which is on its way from now on.
    pub(super) fn begin_next(&mut self, now: Timestamp) -> Option<(&OutboxEvent, Option<EventFault>)> {
        let place = self.next_place(now)?;
        let pending = self.pending.get_mut(&place)?;
        pending.is_sending = true;
        Some((&pending.event, pending.fault))
    }

    fn next_place(&self, now: Timestamp) -> Option<i64> {
        let mut held_up = HashSet::new();
        for (place, pending) in &self.pending {
            let is_free = !pending.keeps_order() || held_up.insert(pending.object.as_str());
            if is_free && pending.is_ready(now) && !pending.is_shuffled() {
                return Some(*place);
            }
        }
        // Of those out of their order the newest first, one behind the other.
        let mut shuffled = self.pending.iter().filter(|(_, pending)| pending.is_shuffled());
        if shuffled.clone().any(|(_, pending)| pending.is_sending) {
            return None;
        }
        shuffled.rfind(|(_, pending)| pending.is_ready(now)).map(|(place, _)| *place)
    }

    /// When the next event may be sent, of those that are not on their way.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let mut held_up = HashSet::new();
        let waits_for_shuffled = self.pending.values().any(|pending| pending.is_shuffled() && pending.is_sending);
        self.pending
            .values()
            .filter(|pending| !pending.keeps_order() || held_up.insert(pending.object.as_str()))
            .filter(|pending| !(pending.is_sending || pending.is_shuffled() && waits_for_shuffled))
            .map(|pending| pending.due)
            .min()
    }

    /// Takes in how an attempt ended. One that was spoiled on purpose is not made again.
    pub(super) fn ended(
        &mut self,
        event: i64,
        is_taken: bool,
        now: Timestamp,
        retry_after: &[Duration],
    ) -> AttemptNote {
        let Some(pending) = self.pending.get_mut(&event) else { return AttemptNote::None };
        pending.is_sending = false;
        let is_spoiled = matches!(pending.fault, Some(EventFault::WrongSignature | EventFault::OldTimestamp));
        if is_taken || is_spoiled {
            pending.left -= 1;
            if pending.left > 0 {
                (pending.attempts, pending.due) = (0, now);
                return AttemptNote::None;
            }
            let is_noted = pending.is_noted;
            self.pending.remove(&event);
            return if is_noted { AttemptNote::Taken } else { AttemptNote::None };
        }
        pending.attempts += 1;
        let attempts = pending.attempts;
        let due = retry_after.get(attempts as usize - 1).map(|pause| later(now, *pause));
        match due {
            Some(due) => (pending.due, pending.is_noted) = (due, true),
            None => drop(self.pending.remove(&event)),
        }
        AttemptNote::Open { attempts, due }
    }

    /// Drops all that waits, for nothing may be sent any more; gives what has to be written down of it.
    pub(super) fn give_up(&mut self) -> Vec<(i64, u32)> {
        let waiting: Vec<(i64, u32)> = self
            .pending
            .iter()
            .filter(|(_, pending)| !pending.is_sending)
            .map(|(event, pending)| (*event, pending.attempts))
            .collect();
        for (event, _) in &waiting {
            self.pending.remove(event);
        }
        waiting
    }

    /// The place up to which each event is done or has a row of its own.
    pub(super) fn cursor(&self) -> i64 {
        let first = self.pending.iter().find(|(_, pending)| !pending.is_noted);
        first.map_or(self.read, |(place, _)| place - 1)
    }

    /// Whether an event is to be sent.
    pub(super) fn has(&self, event: i64) -> bool {
        self.pending.contains_key(&event)
    }

    /// Whether nothing is left to be sent.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty() && !self.may_have_more
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    shifted(now, SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX))
}
