//! The minter's objects for a call that only reads, on a connection that cannot write.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{due_effects, ledger::ledger_error, numbered_ids::IdNumbers, world_objects::WorldObjects};
use crate::{
    domain::{call::api::ApiResponse, clock, history::request_log::ExchangeId, mask::keyed_hash::IdentityKey},
    minter::{
        LaterEffect, Ledger, LedgerChange, LedgerError, ObjectKind, PageQuery, RememberedAnswer, StoredObject,
        ledger::{AnswerKey, IdempotencyRecord},
    },
};

/// The most objects of a list that a caller's thread reads: as many as the API shows in one.
const SHORT_PAGE: usize = 101;

/// Why a call is not answered by reading alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadObstacle {
    /// It writes, or something is due before it, or what it reads is damaged: the writer answers it.
    NeedsWriter,
    /// It reads more than a thread may that others wait for.
    TakesLong,
}

/// Reads the objects of one world; every change is refused.
pub(super) struct ReadingLedger<'a> {
    objects: WorldObjects<'a>,
    /// How far the world's clock is from the machine's.
    ahead: SignedDuration,
    may_take_long: bool,
    obstacle: Option<ReadObstacle>,
}

impl<'a> ReadingLedger<'a> {
    /// `None` where there is no such world yet. To be called in a transaction, so that all is read of one moment.
    pub(super) fn of_world(
        connection: &'a Connection,
        world: &'a str,
        (identities, numbers): (&'a IdentityKey, &'a IdNumbers),
        may_take_long: bool,
    ) -> rusqlite::Result<Option<Self>> {
        let found = connection
            .prepare_cached("SELECT clock_ms, void FROM worlds WHERE name = ?1")?
            .query_row([world], |row| Ok((row.get::<_, i64>(0)?, row.get(1).map(ExchangeId)?)))
            .optional()?;
        Ok(found.map(|(ahead, void)| Self {
            objects: WorldObjects { connection, world, identities, numbers, void },
            ahead: SignedDuration::from_millis(ahead),
            may_take_long,
            obstacle: None,
        }))
    }

    /// What was in the way of the answer, whatever the minter made of it.
    pub(super) fn obstacle(&self) -> Option<ReadObstacle> {
        self.obstacle
    }

    fn stop<T>(&mut self, obstacle: ReadObstacle) -> Result<T, LedgerError> {
        self.obstacle.get_or_insert(obstacle);
        Err(LedgerError("the call only reads".to_owned()))
    }

    fn read<T>(&mut self, read: impl FnOnce(&WorldObjects<'a>) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        read(&self.objects).map_err(|error| {
            self.obstacle.get_or_insert(ReadObstacle::NeedsWriter);
            ledger_error(&error)
        })
    }
}

impl Ledger for ReadingLedger<'_> {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        clock::shifted(machine, self.ahead)
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    /// Nothing is made.
    fn token_number(&mut self) -> Option<u128> {
        None
    }

    fn insert(&mut self, _: Option<&str>, _: &StoredObject) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        self.read(|objects| {
            if kind == ObjectKind::Token
                && let Some((token, _)) = objects.kept_token(account, id)?
            {
                return Ok(Some(token));
            }
            Ok(objects.object(account, kind, id)?.map(|(object, _)| object))
        })
    }

    fn shown_token(&mut self, account: Option<&str>, id: &str, version: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        self.read(|objects| objects.shown_token(account, id, version))
    }

    fn update(&mut self, _: Option<&str>, _: &StoredObject) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn remove(&mut self, _: Option<&str>, _: ObjectKind, _: &str) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn keep_for_events(&mut self, _: Option<&str>, _: ObjectKind, _: &str) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn pending_webhooks(&mut self, account: Option<&str>, event: &StoredObject) -> Result<usize, LedgerError> {
        self.read(|objects| match objects.place_of(account, event.kind, &event.id)? {
            Some(found) => objects.pending_webhooks(account, event, found),
            None => Ok(0),
        })
    }

    fn attempt(&mut self, _: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn schedule(&mut self, _: &LaterEffect) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn take_due(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError> {
        let is_due = self.read(|objects| due_effects::is_any_due(objects.connection, objects.world, until))?;
        if is_due { self.stop(ReadObstacle::NeedsWriter) } else { Ok(None) }
    }

    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        if query.limit > SHORT_PAGE && !self.may_take_long {
            return self.stop(ReadObstacle::TakesLong);
        }
        self.read(|objects| objects.page(account, query))
    }

    /// A call that reads has no idempotency key.
    fn recall(&mut self, _: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }

    fn remember(&mut self, _: &IdempotencyRecord, _: &ApiResponse) -> Result<(), LedgerError> {
        self.stop(ReadObstacle::NeedsWriter)
    }
}
