//! Calls that only read are answered beside the writer, on the thread of their caller: they wait for no other call and for
//! no commit. Where reading alone is not enough, the writer answers the call as it does any other one.
//!
//! What a call reads is what was committed when it began. So it meets all that its caller was told of.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;

use super::{
    anchor::FileAnchor,
    call::{LocalAnswer, MaskedCall},
    numbered_ids::IdNumbers,
    read_gate::ReadGate,
    reading_ledger::{ReadObstacle, ReadingLedger},
    schema::DatabaseLocation,
};
use crate::{
    domain::{call::api::ApiResponse, mask::keyed_hash::IdentityKey},
    minter::LedgerError,
};

/// The connections that calls read by.
#[derive(Debug)]
pub(super) struct CallReaders {
    location: DatabaseLocation,
    anchor: FileAnchor,
    identities: IdentityKey,
    numbers: IdNumbers,
    gate: Arc<ReadGate>,
    /// As many as ever read at once: no more than threads do.
    idle: Mutex<Vec<Connection>>,
}

impl CallReaders {
    /// `None` of a history in memory, in which whoever reads holds up the writer.
    pub(super) fn of(location: &DatabaseLocation, folder_secret: &[u8; 32], gate: Arc<ReadGate>) -> Option<Self> {
        Some(Self {
            location: location.clone(),
            anchor: FileAnchor::of(location.file()?),
            identities: IdentityKey::new(folder_secret),
            numbers: IdNumbers::new(folder_secret),
            gate,
            idle: Mutex::default(),
        })
    }

    /// What the minter answers to a call, where reading is all that this takes. With `may_take_long`, the thread may be held
    /// up for seconds.
    ///
    /// # Errors
    /// Why it is not answered here.
    pub(super) fn answer(
        &self,
        call: &MaskedCall,
        answer: &LocalAnswer,
        may_take_long: bool,
    ) -> Result<ApiResponse, ReadObstacle> {
        // What fails in any way is the writer's to tell.
        self.anchor.check("read the history").map_err(|_| ReadObstacle::NeedsWriter)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.location.connect_reader().map_err(|_| ReadObstacle::NeedsWriter)?,
        };
        let reading = self.gate.pass();
        let read = self.read(&connection, call, answer, may_take_long);
        // One whose transaction does not end is not used again.
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        drop(reading);
        if ended.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        read
    }

    fn read(
        &self,
        connection: &Connection,
        call: &MaskedCall,
        answer: &LocalAnswer,
        may_take_long: bool,
    ) -> Result<ApiResponse, ReadObstacle> {
        let ids = (&self.identities, &self.numbers);
        let begun = connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        let ledger = begun.and_then(|_| ReadingLedger::of_world(connection, &call.world, ids, may_take_long));
        let Ok(Some(mut ledger)) = ledger else { return Err(ReadObstacle::NeedsWriter) };
        // A row that is damaged may have a shape that no handler expects.
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&mut ledger)));
        match (ledger.obstacle(), answered) {
            (Some(obstacle), _) => Err(obstacle),
            (None, Ok(Ok(answer))) => Ok(answer),
            (None, Ok(Err(LedgerError(_))) | Err(_)) => Err(ReadObstacle::NeedsWriter),
        }
    }
}
