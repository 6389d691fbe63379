//! Work that blocks for long and that a signal ends.

use std::io;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::{outcome::CliError, signals::EndSignals};

/// Does the work on a thread of its own. A signal cancels it; what was done by then all the same counts, where `is_done`
/// says so. A second signal is not waited for.
///
/// # Errors
/// [`CliError::Ended`] with these words where a signal ended it.
pub(super) fn until_signal<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    cancelled: &CancellationToken,
    is_done: impl Fn(&T) -> bool,
    words: String,
) -> Result<T, CliError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let mut signals = EndSignals::new()?;
        let mut work = tokio::task::spawn_blocking(work);
        let signal = tokio::select! {
            done = &mut work => return done.map_err(io::Error::from).map_err(CliError::from),
            signal = signals.next() => signal,
        };
        cancelled.cancel();
        let ended = CliError::Ended(words, signal);
        tokio::select! {
            done = &mut work => match done {
                Ok(done) if is_done(&done) => Ok(done),
                _ => Err(ended),
            },
            // The next start removes what it leaves behind.
            _ = signals.next() => Err(ended),
        }
    });
    // Where it was asked to end twice, what still runs is not waited for.
    runtime.shutdown_background();
    ended
}
