//! Where the minter keeps its objects: in memory for tests, in SQLite otherwise.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    effects::{EffectKind, LaterEffect},
    ids::ObjectNumbers,
    new_token::NewToken,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{api::ApiResponse, event_type::EventType},
    clock,
};

/// The ledger cannot be read or written: Stripe's 500, and nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The minter's ledger cannot be used: {0}")]
pub struct LedgerError(pub String);

/// Which objects of a list are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery<'a> {
    pub kind: ObjectKind,
    /// Only objects of this parent.
    pub parent: Option<&'a str>,
    /// Unix seconds, both inclusive.
    pub created: std::ops::RangeInclusive<i64>,
    pub cursor: PageCursor<'a>,
    pub limit: usize,
    /// Of a list of events, which ones; all of any other list.
    pub events: EventSelection<'a>,
}

/// Which events a list is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSelection<'a> {
    /// Those of these types; `None` for all.
    pub types: Option<&'a [EventType]>,
    /// Those that every webhook endpoint has taken which they are for, or only the others.
    pub is_delivered: Option<bool>,
}

impl EventSelection<'_> {
    /// Whether every event is asked for.
    pub fn is_all(&self) -> bool {
        *self == EventSelection::default()
    }
}

impl<'a> PageQuery<'a> {
    /// So many of the newest objects of a kind, whenever they were made.
    pub fn of(kind: ObjectKind, limit: usize) -> Self {
        let (created, cursor) = (i64::MIN..=i64::MAX, PageCursor::Start);
        Self { kind, parent: None, created, cursor, limit, events: EventSelection::default() }
    }

    /// The newest objects of a parent, whenever they were made.
    pub fn newest(kind: ObjectKind, parent: &'a str, limit: usize) -> Self {
        Self { parent: Some(parent), ..Self::of(kind, limit) }
    }
}

/// Where a page begins. The newest object is the first of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageCursor<'a> {
    Start,
    /// Objects made before this one: `starting_after`.
    After(&'a str),
    /// Objects made after this one, the nearest to it: `ending_before`.
    Before(&'a str),
}

/// Seconds after which an idempotency key is free again: Stripe keeps them at least so long.
pub const KEY_KEPT_SECS: i64 = 24 * 60 * 60;

/// What is known of the first request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    pub key: AnswerKey,
    /// Unix seconds.
    pub created: i64,
    pub fingerprint: RequestFingerprint,
}

/// What an answer is remembered under: the account and its idempotency key, each with its length before it, so that no
/// two pairs make one text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    pub text: String,
    /// The same in the form of older versions, with a space between account and key, to find what they remembered.
    pub older: Option<String>,
}

/// Tells whether two requests are the same without keeping what is secret in them.
///
/// A keyed hash whose key lay beside it would give away the digits that are masked and the security code, for there are
/// few of them. So the hash of the whole request has a key that is in no file, and the one that is compared after a
/// restart is of the masked request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFingerprint {
    /// Tells which key `whole` was made with.
    pub whole_key: u64,
    pub whole: u64,
    pub masked: u64,
}

impl RequestFingerprint {
    pub(super) fn is_same_request(&self, other: &Self) -> bool {
        if self.whole_key == other.whole_key { self.whole == other.whole } else { self.masked == other.masked }
    }
}

/// An answer that a request with the same idempotency key gets again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedAnswer {
    pub record: IdempotencyRecord,
    pub answer: ApiResponse,
}

/// A change that may be taken back: see [`Ledger::attempt`].
pub type LedgerChange<'c> = dyn FnMut(&mut dyn Ledger) -> Result<(), LedgerError> + 'c;

/// The minter's objects. All changes of one request are kept together or not at all.
///
/// An object belongs to the account that it was made for: `account` is the connected one as it is stored, `None` the
/// account itself. The objects of another account are not there, and their ids are free.
///
/// Every method that gives a `Result` fails when the ledger cannot be read or written; then nothing of the request is
/// kept.
#[expect(clippy::missing_errors_doc, reason = "the trait's own text says it once for all")]
pub trait Ledger {
    /// What the ledger's own clock shows at a moment of the machine's.
    fn moment(&self, machine: Timestamp) -> Timestamp;

    /// The next number of the ledger's own count, never given twice, not even after a restart.
    fn next_sequence(&mut self) -> Result<u64, LedgerError>;

    /// The own part of the id of the token that the call makes, where the ledger finds tokens by it; `None` where any id
    /// is as good. A call makes one token at most.
    fn token_number(&mut self) -> Option<u128>;

    /// The own parts of the ids of new objects, where the ledger finds objects by them; `None` where any id is as good.
    fn object_numbers(&mut self) -> Option<Arc<dyn ObjectNumbers>> {
        None
    }

    /// Keeps a new token, which the answer of the call shows: it need not be kept beside the answer.
    fn insert_token(&mut self, account: Option<&str>, token: &NewToken<'_>) -> Result<(), LedgerError> {
        self.insert(account, &token.object())
    }

    /// Keeps a new object; an id that exists already is an error.
    fn insert(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError>;

    /// The object of this kind and id.
    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError>;

    /// The body of the answer that showed a token as it is now, under this value of `Stripe-Version`: of a ledger that keeps
    /// answers. `None` where it has none, whether or not there is such a token.
    fn shown_token(
        &mut self,
        _account: Option<&str>,
        _id: &str,
        _version: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(None)
    }

    /// Writes parent, body and state of an object that exists; it keeps its place in lists. Of a token only `used`
    /// changes.
    fn update(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError>;

    /// Drops an object; one that is not there is no error.
    fn remove(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError>;

    /// Gives the events that point to an object (see `happened`) the object as it is, for it is about to change or to go.
    fn keep_for_events(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError>;

    /// How many webhook endpoints have not taken an event yet.
    fn pending_webhooks(&mut self, account: Option<&str>, event: &StoredObject) -> Result<usize, LedgerError>;

    /// Makes a change, and takes all of it back where it fails; the request goes on all the same. Gives why it failed.
    fn attempt(&mut self, change: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError>;

    /// Keeps what is to happen to an object later, unless the same is kept already.
    fn schedule(&mut self, effect: &LaterEffect) -> Result<(), LedgerError>;

    /// Takes out what is due first, of all accounts, where it is due at this Unix second or before. What cannot be read is
    /// passed over: it fails no request.
    fn take_due(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError>;

    /// The objects of a page, newest first, in the order in which they were inserted. A cursor that names no object of
    /// the kind gives none. What is delivered of events is what is written down of it.
    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError>;

    /// What was answered under an idempotency key, however long ago.
    fn recall(&mut self, key: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError>;

    /// Keeps an answer under its key, in the place of an older one, and may drop those that are older than a day.
    fn remember(&mut self, record: &IdempotencyRecord, answer: &ApiResponse) -> Result<(), LedgerError>;
}

/// A ledger as a call for one account meets it: it has the objects of that account and no other.
pub(super) struct AccountLedger<'a> {
    ledger: &'a mut dyn Ledger,
    account: Option<&'a str>,
}

impl<'a> AccountLedger<'a> {
    pub(super) fn new(ledger: &'a mut dyn Ledger, account: Option<&'a str>) -> Self {
        Self { ledger, account }
    }

    /// Takes the objects of another account from now on; gives the account that it had before.
    pub(super) fn switch_to(&mut self, account: Option<&'a str>) -> Option<&'a str> {
        std::mem::replace(&mut self.account, account)
    }

    /// Whether it has the objects of a connected account.
    pub(super) fn is_connected(&self) -> bool {
        self.account.is_some()
    }

    pub(super) fn insert_token(&mut self, token: &NewToken<'_>) -> Result<(), LedgerError> {
        self.ledger.insert_token(self.account, token)
    }

    pub(super) fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        self.ledger.insert(self.account, object)
    }

    pub(super) fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        self.ledger.get(self.account, kind, id)
    }

    pub(super) fn shown_token(&mut self, id: &str, version: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        self.ledger.shown_token(self.account, id, version)
    }

    pub(super) fn update(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        self.keep_for_events(object.kind, &object.id)?;
        self.ledger.update(self.account, object)
    }

    pub(super) fn remove(&mut self, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        self.keep_for_events(kind, id)?;
        self.ledger.remove(self.account, kind, id)
    }

    pub(super) fn pending_webhooks(&mut self, event: &StoredObject) -> Result<usize, LedgerError> {
        self.ledger.pending_webhooks(self.account, event)
    }

    pub(super) fn schedule(
        &mut self,
        due: i64,
        kind: EffectKind,
        object: &str,
        nonce: String,
    ) -> Result<(), LedgerError> {
        let account = self.account.map(str::to_owned);
        self.ledger.schedule(&LaterEffect { due, kind, object: object.to_owned(), account, nonce })
    }

    fn keep_for_events(&mut self, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        if kind.has_events() { self.ledger.keep_for_events(self.account, kind, id) } else { Ok(()) }
    }

    pub(super) fn page(&mut self, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        self.ledger.page(self.account, query)
    }
}

/// A ledger that is gone with the program: a world of its own.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    /// How far its clock is from the machine's.
    pub clock: SignedDuration,
    sequence: u64,
    /// In the order of insertion.
    objects: Vec<OwnedObject>,
    effects: BTreeSet<LaterEffect>,
    answers: HashMap<String, RememberedAnswer>,
}

/// An object with the account that it belongs to.
#[derive(Clone, Debug)]
struct OwnedObject {
    account: Option<String>,
    object: KeptObject,
}

#[derive(Clone, Debug)]
enum KeptObject {
    /// Nobody asked for it yet.
    NewToken(NewToken<'static>),
    Object(StoredObject),
}

impl OwnedObject {
    fn is(&self, account: Option<&str>, kind: ObjectKind, id: &str) -> bool {
        self.account.as_deref() == account
            && match &self.object {
                KeptObject::NewToken(token) => kind == ObjectKind::Token && token.id() == id,
                KeptObject::Object(object) => object.kind == kind && object.id == id,
            }
    }

    fn object(&self) -> Cow<'_, StoredObject> {
        match &self.object {
            KeptObject::NewToken(token) => Cow::Owned(token.object()),
            KeptObject::Object(object) => Cow::Borrowed(object),
        }
    }
}

impl MemoryLedger {
    fn place(&self, account: Option<&str>, kind: ObjectKind, id: &str) -> Option<usize> {
        self.objects.iter().position(|owned| owned.is(account, kind, id))
    }

    fn add(
        &mut self,
        account: Option<&str>,
        (kind, id): (ObjectKind, &str),
        object: KeptObject,
    ) -> Result<(), LedgerError> {
        if self.place(account, kind, id).is_some() {
            return Err(LedgerError(format!("{id} exists already")));
        }
        self.objects.push(OwnedObject { account: account.map(str::to_owned), object });
        Ok(())
    }
}

impl Ledger for MemoryLedger {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        clock::shifted(machine, self.clock)
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        self.sequence += 1;
        Ok(self.sequence)
    }

    fn token_number(&mut self) -> Option<u128> {
        None
    }

    fn insert_token(&mut self, account: Option<&str>, token: &NewToken<'_>) -> Result<(), LedgerError> {
        self.add(account, (ObjectKind::Token, token.id()), KeptObject::NewToken(token.to_kept()))
    }

    fn insert(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        self.add(account, (object.kind, &object.id), KeptObject::Object(object.clone()))
    }

    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        Ok(self.place(account, kind, id).map(|place| self.objects[place].object().into_owned()))
    }

    fn update(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        let place = self
            .place(account, object.kind, &object.id)
            .ok_or_else(|| LedgerError(format!("{} does not exist", object.id)))?;
        self.objects[place].object = KeptObject::Object(object.clone());
        Ok(())
    }

    fn remove(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        self.objects.retain(|owned| !owned.is(account, kind, id));
        Ok(())
    }

    fn keep_for_events(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        let Some(place) = self.place(account, kind, id) else { return Ok(()) };
        let now = self.objects[place].object().body.clone();
        let pointer = StoredObject::pointer(kind, id);
        for owned in self.objects.iter_mut().filter(|owned| owned.account.as_deref() == account) {
            if let KeptObject::Object(event) = &mut owned.object
                && event.kind == ObjectKind::Event
                && event.parent.as_ref() == Some(&pointer)
            {
                (event.state, event.parent) = (now.clone(), None);
            }
        }
        Ok(())
    }

    /// Nothing is sent from here.
    fn pending_webhooks(&mut self, _: Option<&str>, _: &StoredObject) -> Result<usize, LedgerError> {
        Ok(0)
    }

    fn attempt(&mut self, change: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError> {
        let before = self.clone();
        let failed = change(self).err();
        if failed.is_some() {
            *self = before;
        }
        Ok(failed)
    }

    fn schedule(&mut self, effect: &LaterEffect) -> Result<(), LedgerError> {
        if !self.effects.iter().any(|kept| kept.is_same(effect)) {
            self.effects.insert(effect.clone());
        }
        Ok(())
    }

    fn take_due(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError> {
        let is_due = self.effects.first().is_some_and(|effect| effect.due <= until);
        Ok(if is_due { self.effects.pop_first() } else { None })
    }

    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        let fits = |owned: &&OwnedObject| {
            let object = owned.object();
            owned.account.as_deref() == account
                && object.kind == query.kind
                && query.parent.is_none_or(|parent| object.parent.as_deref() == Some(parent))
                && query.created.contains(&object.created)
                && query.events.types.is_none_or(|types| {
                    types.iter().any(|event_type| event_type.as_str() == object.event_type())
                })
                // Nothing is sent from here, so nothing waits to be taken.
                && query.events.is_delivered != Some(false)
        };
        let place = |id: &str| self.place(account, query.kind, id);
        let (older, newer) = match query.cursor {
            PageCursor::Start => (&self.objects[..], None),
            PageCursor::After(id) => (place(id).map_or(&[][..], |place| &self.objects[..place]), None),
            PageCursor::Before(id) => (&[][..], place(id).map(|place| &self.objects[place + 1..])),
        };
        let object = |owned: &OwnedObject| owned.object().into_owned();
        if let Some(newer) = newer {
            let mut page: Vec<StoredObject> = newer.iter().filter(fits).take(query.limit).map(object).collect();
            page.reverse();
            return Ok(page);
        }
        Ok(older.iter().rev().filter(fits).take(query.limit).map(object).collect())
    }

    fn recall(&mut self, key: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        Ok(self.answers.get(&key.text).cloned())
    }

    fn remember(&mut self, record: &IdempotencyRecord, answer: &ApiResponse) -> Result<(), LedgerError> {
        let remembered = RememberedAnswer { record: record.clone(), answer: answer.clone() };
        self.answers.insert(record.key.text.clone(), remembered);
        Ok(())
    }
}
