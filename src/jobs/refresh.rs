//! Asks a target whether tokens were used, one after the other, at the rate that it allows.

use tokio_util::sync::CancellationToken;

use super::pace::{CallPace, FIRST_PAUSE, TRIES, pause_after};
use crate::{
    backend::Backend,
    domain::{
        call::{
            api::{ApiRequest, Target},
            token::TokenView,
        },
        clock::Clock,
        history::{
            entry::{EntryId, EntryStatus},
            filter::HistoryFilter,
        },
        settings::profile::ProfileId,
    },
    store::{HistoryReader, RecordedCall, StoreError},
};

/// A token to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedToken {
    pub entry: EntryId,
    pub token: String,
}

/// How far a refresh is, and what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefreshProgress {
    pub done: u64,
    pub total: u64,
    /// Tokens that turned out to be used.
    pub used: u64,
    pub unused: u64,
    /// Tokens that nothing was learnt of: unknown to the target, or no answer came.
    pub failed: u64,
}

/// The tokens that are to be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshTokens {
    pub tokens: Vec<AskedToken>,
    /// How many were made with another profile: their account is another, and another key belongs to it.
    pub left_out: u64,
}

/// The tokens of a target that are unused as far as known, newest first.
///
/// # Errors
/// When the history cannot be read.
pub fn unused(reader: &HistoryReader, target: Target, profile: ProfileId) -> Result<RefreshTokens, StoreError> {
    let filter = HistoryFilter { status: Some(EntryStatus::Unused), target: Some(target), ..HistoryFilter::default() };
    of_entries(reader, target, profile, &reader.ids(&filter)?)
}

/// The tokens of these entries that are of this target, and of this profile as far as that is known.
///
/// # Errors
/// When the history cannot be read.
pub fn of_entries(
    reader: &HistoryReader,
    target: Target,
    profile: ProfileId,
    ids: &[EntryId],
) -> Result<RefreshTokens, StoreError> {
    let mut chosen = RefreshTokens::default();
    for row in reader.rows(ids)?.into_iter().filter(|row| row.target == target) {
        let Some(token) = row.token_id else { continue };
        if row.profile.is_none_or(|made_with| made_with == profile) {
            chosen.tokens.push(AskedToken { entry: row.id, token });
        } else {
            chosen.left_out += 1;
        }
    }
    Ok(chosen)
}

/// Retrieves each token; the store marks those that were used. A call that meets the rate limit waits and is made
/// again, unless it is cancelled meanwhile: then nothing is told of its token.
///
/// # Errors
/// When the history cannot be written.
pub async fn refresh(
    backend: &Backend,
    clock: &Clock,
    tokens: &[AskedToken],
    pace: &CallPace,
    on_progress: &mut (dyn FnMut(RefreshProgress, &AskedToken, &RecordedCall) + Send),
    cancelled: &CancellationToken,
) -> Result<RefreshProgress, StoreError> {
    let mut progress = RefreshProgress { total: tokens.len() as u64, ..RefreshProgress::default() };
    for asked in tokens {
        if cancelled.is_cancelled() {
            break;
        }
        if backend.target() == Target::Stripe {
            pace.turn().await;
        }
        let Some(recorded) = retrieve(backend, clock, &asked.token, pace, cancelled).await? else { break };
        progress.done += 1;
        match is_used(&recorded) {
            Some(true) => progress.used += 1,
            Some(false) => progress.unused += 1,
            None => progress.failed += 1,
        }
        on_progress(progress, asked, &recorded);
    }
    Ok(progress)
}

/// `None` where it was cancelled before it had an answer other than the rate limit.
async fn retrieve(
    backend: &Backend,
    clock: &Clock,
    token: &str,
    pace: &CallPace,
    cancelled: &CancellationToken,
) -> Result<Option<RecordedCall>, StoreError> {
    let request = ApiRequest::retrieve_token(token);
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        let recorded = backend.send(&request, clock.now()).await?;
        let limited = recorded.exchange.outcome.as_ref().ok().filter(|answer| answer.http_status == 429);
        let Some(answer) = limited else { return Ok(Some(recorded)) };
        pace.hold(pause_after(answer, pause));
        if cancelled.run_until_cancelled(pace.turn()).await.is_none() {
            return Ok(None);
        }
        pause *= 2;
    }
    backend.send(&request, clock.now()).await.map(Some)
}

/// Whether the token was used; `None` where the answer is no token.
fn is_used(recorded: &RecordedCall) -> Option<bool> {
    let body = recorded.exchange.outcome.as_ref().ok()?.json()?;
    TokenView::of(&body).map(TokenView::is_used)
}
