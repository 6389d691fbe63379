//! Begins a new run of the list that an earlier run is kept of.

use super::run::{RunError, kept_list, write_rows};
use crate::{
    domain::{
        card::expiry::utc_day,
        run::record::{NewRun, RunId, RunRecord},
    },
    store::{RowSelection, Store},
};

/// Writes a new run and all its rows down, from what is kept of `earlier`. No call is made.
///
/// # Errors
/// [`RunError::ListNeeded`] where not all that the earlier run sent is kept; a store that cannot be read or written.
pub async fn begin_again(store: &Store, run: NewRun, earlier: &RunRecord) -> Result<RunId, RunError> {
    let needed = || RunError::ListNeeded(earlier.id, earlier.run.name.clone());
    let (last, kept_hash) = kept_list(store, earlier.id)?;
    // A run whose process was killed while it wrote its rows has fewer than it was to have.
    if last != earlier.run.rows || kept_hash.as_ref() != Some(&earlier.run.list_hash) {
        return Err(needed());
    }
    let day = utc_day(run.created);
    let id = store.begin_run(run).await?;
    let rows = store.reader()?.into_run_rows(earlier.id, RowSelection::All).map(|row| {
        let row = row?;
        Ok((row.number, row.restored().ok_or_else(needed)?))
    });
    write_rows::<RunError>(store, id, rows, day).await?;
    Ok(id)
}
