//! Forgets a run: its rows some at a time, then the run itself. Its entries stay.

use crate::{
    domain::run::record::RunId,
    store::{Store, StoreError},
};

/// How many rows go in one commit.
const ROWS_AT_A_TIME: u64 = 2_000;

/// Forgets a run. What is stopped in between leaves a run with fewer rows, which can be removed as any other.
///
/// # Errors
/// A run that is being made, by whichever process; a store that cannot be written.
pub async fn remove(store: &Store, run: RunId) -> Result<(), StoreError> {
    while store.remove_run_rows(run, ROWS_AT_A_TIME).await? > 0 {}
    store.remove_run(run).await
}
