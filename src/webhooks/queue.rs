//! What is to be sent to one endpoint, and when.
//!
//! The events of one object are sent in their order: one that was not taken holds those behind it up. An event that is to
//! come late or out of its place on purpose holds nothing up.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    endpoint::Endpoint,
    waiting::{WaitingEvent, WaitingEvents},
};
use crate::{
    domain::{clock::shifted, fault::EventFault},
    minter,
    store::{EndpointCursor, OutboxEvent},
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
    /// The place of the endpoint among the objects; `None` for one that a person named.
    pub(super) made_at: Option<i64>,
    /// The cursor as it is written down.
    pub(super) written: Option<EndpointCursor>,
    /// Whether what is written down of its events was read.
    pub(super) knows_rows: bool,
    /// Nothing is sent before this moment, for it could not be sent.
    pub(super) rests_until: Timestamp,
    /// What is in memory, to be sent as soon as there is room.
    pending: BTreeMap<i64, PendingEvent>,
    /// What waits on the disk.
    waiting: WaitingEvents,
    /// What waits since the last writing down.
    to_note: Vec<WaitNote>,
    /// The events that are not read yet and have a row of their own, which says what becomes of them.
    known: BTreeSet<i64>,
    /// The last event that was taken.
    last_taken: i64,
}

#[derive(Debug)]
struct PendingEvent {
    event: OutboxEvent,
    /// What it happened to; of an event that comes out of its order on purpose, the event itself.
    object: String,
    /// What is still to go wrong with it.
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
        let (due, fault) = match minter::event_fault(&event.event) {
            // Its time says all.
            Some(EventFault::Late(time)) => (later(now, time), None),
            Some(EventFault::Shuffle) => (shifted(now, SHUFFLED_WITHIN), Some(EventFault::Shuffle)),
            fault => (now, fault),
        };
        let object = line_of(&event);
        Self { event, object, fault, attempts: 0, due, is_sending: false, is_noted: false, left: times(fault) }
    }

    fn is_shuffled(&self) -> bool {
        self.fault == Some(EventFault::Shuffle)
    }

    fn is_ready(&self, now: Timestamp) -> bool {
        !self.is_sending && self.due <= now
    }

    fn as_waiting(&self) -> WaitingEvent {
        let Self { object, attempts, due, fault, left, .. } = self;
        WaitingEvent { object: object.clone(), attempts: *attempts, due: *due, fault: *fault, left: *left }
    }

    fn as_note(&self, event: i64) -> WaitNote {
        WaitNote { event, attempts: self.attempts, due: self.due, fault: self.fault }
    }
}

/// What an event waits in a line with: what it happened to, but where it is to come out of its order on purpose.
fn line_of(event: &OutboxEvent) -> String {
    match minter::event_fault(&event.event) {
        Some(EventFault::Late(_) | EventFault::Shuffle) => event.event.id.clone(),
        _ => minter::event_object(&event.event, &event.object),
    }
}

/// How many times an event is to be taken with which this is still to go wrong.
fn times(fault: Option<EventFault>) -> u8 {
    if fault == Some(EventFault::Twice) { 2 } else { 1 }
}

/// What has to be written down of an event that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitNote {
    pub(super) event: i64,
    pub(super) attempts: u32,
    pub(super) due: Timestamp,
    pub(super) fault: Option<EventFault>,
}

/// What came of an attempt, to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptNote {
    /// Nothing: the cursor says it.
    None,
    /// Its row can go.
    Taken,
    /// It is sent again at this time, never where there is none; then this is still to go wrong.
    Open { attempts: u32, due: Option<Timestamp>, fault: Option<EventFault> },
}

impl Queue {
    /// The queue of an endpoint that has taken all events up to this place.
    pub(super) fn new(endpoint: Endpoint, made_at: Option<i64>, cursor: i64, written: Option<EndpointCursor>) -> Self {
        Self {
            endpoint,
            read: cursor,
            may_have_more: true,
            made_at,
            written,
            knows_rows: false,
            rests_until: Timestamp::MIN,
            pending: BTreeMap::new(),
            waiting: WaitingEvents::default(),
            to_note: Vec::new(),
            known: BTreeSet::new(),
            last_taken: 0,
        }
    }

    /// How many events are in memory.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// How many events are on their way.
    pub(super) fn sending(&self) -> usize {
        self.pending.values().filter(|pending| pending.is_sending).count()
    }

    /// Takes the next event that was read; what is not for the endpoint is passed over.
    pub(super) fn push(&mut self, event: OutboxEvent, now: Timestamp) {
        let place = event.position;
        self.read = place;
        let is_wanted = self.endpoint.is_reached() && self.endpoint.takes(&event);
        let fault = minter::event_fault(&event.event);
        let is_dropped = fault == Some(EventFault::Drop);
        if self.known.remove(&place) || !is_wanted || is_dropped || self.has(place) {
            return;
        }
        let mut pending = PendingEvent::new(event, now);
        if matches!(fault, Some(EventFault::Late(_))) || self.waiting.holds_up(&pending.object) {
            return self.put_aside(place, &pending);
        }
        if pending.is_shuffled() {
            // Those that are kept back leave together.
            let kept_back = self.pending.values().filter(|pending| pending.is_shuffled() && pending.due > now);
            pending.due = kept_back.map(|pending| pending.due).min().unwrap_or(pending.due);
        }
        self.pending.insert(place, pending);
    }

    /// Lets an event wait on the disk.
    fn put_aside(&mut self, place: i64, pending: &PendingEvent) {
        self.to_note.push(pending.as_note(place));
        self.waiting.insert(place, pending.as_waiting());
    }

    /// Passes over an event that has a row of its own and is never sent again.
    pub(super) fn pass_over(&mut self, place: i64) {
        if place > self.read {
            self.known.insert(place);
        }
    }

    /// Takes an event that has a row of its own, which says when it is to be sent and what is still to go wrong then.
    pub(super) fn reopen(&mut self, event: &OutboxEvent, attempts: u32, due: Timestamp, fault: Option<EventFault>) {
        self.pass_over(event.position);
        let object = line_of(event);
        self.waiting.insert(event.position, WaitingEvent { object, attempts, due, fault, left: times(fault) });
    }

    /// Lets an event that is to be sent anyway be sent once more; whether there is such a one.
    pub(super) fn send_again(&mut self, event: i64, now: Timestamp) -> bool {
        let Some(pending) = self.pending.get_mut(&event) else { return self.waiting.hurry(event, now) };
        // Its row is there now.
        pending.is_noted = true;
        if pending.is_sending {
            pending.left = pending.left.saturating_add(1);
        } else {
            (pending.attempts, pending.due) = (0, now);
        }
        true
    }

    /// The next event that waits on the disk and may be sent by now.
    pub(super) fn next_waiting(&self, now: Timestamp) -> Option<i64> {
        self.waiting.next(now)
    }

    /// Takes an event into memory that waited on the disk; `None` where it is there no more.
    pub(super) fn release(&mut self, place: i64, event: Option<OutboxEvent>, now: Timestamp) {
        let Some(WaitingEvent { object, attempts, due, fault, left }) = self.waiting.leave(place) else { return };
        match event {
            Some(event) => {
                let new = PendingEvent::new(event, now);
                self.pending.insert(place, PendingEvent { object, attempts, due, fault, left, is_noted: true, ..new });
            }
            None => self.waiting.is_done(place, &object),
        }
    }

    /// Drops an event that is there no more; whether it had a row of its own.
    pub(super) fn drop_lost(&mut self, place: i64) -> bool {
        let Some(pending) = self.pending.remove(&place) else { return false };
        self.waiting.is_done(place, &pending.object);
        pending.is_noted
    }

    /// What has to be written down of events that wait.
    pub(super) fn take_notes(&mut self) -> Vec<WaitNote> {
        std::mem::take(&mut self.to_note)
    }

    /// Lets each event have a row of its own that was passed by one which was taken: at the end, so that the cursor goes on.
    /// Those that are kept back to be turned round get one too, so that they leave together also after the next start.
    pub(super) fn note_passed(&mut self) {
        for (place, pending) in &mut self.pending {
            if !pending.is_noted && (*place < self.last_taken || pending.is_shuffled()) {
                pending.is_noted = true;
                self.to_note.push(pending.as_note(*place));
            }
        }
    }

    /// Says that an event is on its way from now on.
    pub(super) fn begin(&mut self, place: i64) -> Option<(&OutboxEvent, Option<EventFault>)> {
        let pending = self.pending.get_mut(&place)?;
        pending.is_sending = true;
        Some((&pending.event, pending.fault))
    }

    /// The next event to be sent at this moment.
    pub(super) fn next_place(&self, now: Timestamp) -> Option<i64> {
        if now < self.rests_until {
            return None;
        }
        let mut held_up = HashSet::new();
        for (place, pending) in &self.pending {
            let is_free = held_up.insert(pending.object.as_str());
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
        let in_memory = self
            .pending
            .values()
            .filter(|pending| held_up.insert(pending.object.as_str()))
            .filter(|pending| !(pending.is_sending || pending.is_shuffled() && waits_for_shuffled))
            .map(|pending| pending.due);
        in_memory.chain(self.waiting.next_due()).min().map(|due| due.max(self.rests_until))
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
            self.last_taken = self.last_taken.max(event);
            pending.left -= 1;
            if pending.left > 0 {
                // What is to go wrong with it was done by this attempt.
                (pending.attempts, pending.due, pending.fault) = (0, now, None);
                let open = AttemptNote::Open { attempts: 0, due: Some(now), fault: None };
                return if pending.is_noted { open } else { AttemptNote::None };
            }
            return if self.drop_lost(event) { AttemptNote::Taken } else { AttemptNote::None };
        }
        pending.attempts += 1;
        // What was kept back once is not kept back again.
        pending.fault = pending.fault.filter(|fault| *fault != EventFault::Shuffle);
        let (attempts, fault) = (pending.attempts, pending.fault);
        let again = retry_after.get(attempts as usize - 1).filter(|_| self.endpoint.is_reached());
        let due = again.map(|pause| later(now, *pause));
        match due {
            Some(due) => {
                pending.due = due;
                self.hold_up(event);
            }
            None => drop(self.drop_lost(event)),
        }
        AttemptNote::Open { attempts, due, fault }
    }

    /// Lets an event wait on the disk, and what happened to the same object behind it.
    fn hold_up(&mut self, event: i64) {
        let Some(first) = self.pending.remove(&event) else { return };
        self.waiting.insert(event, first.as_waiting());
        let behind = self.pending.range(event..).filter(|(_, pending)| pending.object == first.object);
        let behind: Vec<i64> = behind.filter(|(_, pending)| !pending.is_sending).map(|(place, _)| *place).collect();
        for place in behind {
            if let Some(pending) = self.pending.remove(&place) {
                self.put_aside(place, &pending);
            }
        }
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
        self.knows_rows = false;
        self.to_note.clear();
        waiting.into_iter().chain(self.waiting.take_all()).collect()
    }

    /// The place up to which each event is done or has a row of its own.
    pub(super) fn cursor(&self) -> i64 {
        let first = self.pending.iter().find(|(_, pending)| !pending.is_noted);
        first.map_or(self.read, |(place, _)| place - 1)
    }

    /// Whether an event is to be sent.
    pub(super) fn has(&self, event: i64) -> bool {
        self.pending.contains_key(&event) || self.waiting.has(event)
    }

    /// Whether nothing is left to be sent.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty() && !self.may_have_more
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    shifted(now, SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX))
}
