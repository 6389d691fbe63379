//! Makes the calls of a run: row by row, each as far as it was asked for, within the rate of the target.
//!
//! ```text
//! list ─ begin ─► rows on disk ─ make ─► token ─► its use ─► verdict on disk
//!                      ▲                   │
//!                      └──── resume ◄──────┴─ stopped or killed: rows without an answer, under the same idempotency keys
//! ```
//! A row is on disk before its first call leaves, and its token's entry is known to it in the transaction that writes the
//! entry. So whoever goes on finds what was answered, and asks for the rest under keys that were derived from the run,
//! the row and the step: no call is carried out twice. Where the real API may have forgotten such a key, after a day, the
//! row stays unanswered.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::pace::{CallPace, pause_after};
use crate::{
    backend::{Backend, StartedCall},
    domain::{
        call::api::{ApiExchange, ApiRequest, ApiResponse, Target, TransportError},
        card::expiry::utc_day,
        clock::Clock,
        history::entry::{EntryDetail, EntryId, EntryStatus},
        run::{
            list::RunList,
            list_file::{ListError, ListRows},
            list_hash::ListHash,
            record::{NewRun, RowRecord, RunId, RunRecord, RunState, idempotency_key},
            row::{PlannedRow, RunRow, RunStep},
            verdict::{RowJudge, RowVerdict, StepResult, asks_for_patience},
        },
    },
    store::{EntryOfRow, HistoryReader, RecordedCall, RowSelection, RunRows, Store, StoreError},
};

/// So many rows are on their way at the same time: locally enough to share commits, at the real API enough to keep the
/// rate where an answer takes a second.
const AT_ONCE_LOCALLY: usize = 64;
const AT_ONCE_AT_STRIPE: usize = 24;
/// How many rows are written down in one transaction.
const WRITTEN_AT_ONCE: usize = 500;
/// How often a call is sent before the row counts as unanswered.
const TRIES: u32 = 8;
/// The pause before the second try; it doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long the real API remembers an idempotency key at least (docs.stripe.com/api/idempotent_requests), less an hour for
/// the time that the calls take.
const KEYS_LIVE: SignedDuration = SignedDuration::from_hours(23);
const KEY_IS_OLD: &str = "Stripe may have forgotten the idempotency key of this call, and carry it out twice: it is not asked \
again. Look in the dashboard whether it was carried out, and put the card into a new run if not";

/// Why a run cannot be begun or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(
        "The run {} ({}) was made from another list: give the same list as then, or start a new run without --resume",
        .0.0,
        .1
    )]
    OtherList(RunId, String),
    #[error(
        "Not all that the run {} ({}) sends may be kept, such as security codes and numbers of cards that are not published: \
         give the same list again",
        .0.0,
        .1
    )]
    ListNeeded(RunId, String),
}

/// Holds a run back and lets it go on. Clones hold back the same run.
#[derive(Clone, Debug)]
pub struct PauseSwitch(Arc<watch::Sender<bool>>);

impl Default for PauseSwitch {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl PauseSwitch {
    /// With `true`, no further call leaves; those on their way come to their end.
    pub fn set(&self, is_paused: bool) {
        self.0.send_replace(is_paused);
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    async fn passed(&self) {
        // The sender is in this switch, so the channel cannot be closed.
        let _ = self.0.subscribe().wait_for(|is_paused| !is_paused).await;
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunProgress {
    pub done: u64,
    pub total: u64,
    pub as_expected: u64,
    pub differs: u64,
    pub unanswered: u64,
}

/// A row that came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedRow {
    pub number: u64,
    /// Card and variant, masked.
    pub label: String,
    pub verdict: RowVerdict,
    pub results: Vec<StepResult>,
}

/// Writes a run and all its rows down. No call is made.
///
/// # Errors
/// A row that is wrong, or a store that cannot be written.
pub async fn begin(store: &Store, run: NewRun, list: &RunList) -> Result<RunId, RunError> {
    let (name, created) = (run.name.clone(), run.created);
    let id = store.begin_run(run).await?;
    tracing::debug!(run = id.0, name, "a run was begun");
    write_rows(store, id, numbered(list.rows()), utc_day(created)).await?;
    Ok(id)
}

/// The rows of a list, each with its number.
type NumberedRows<'a> = Box<dyn Iterator<Item = Result<(u64, RunRow), ListError>> + Send + 'a>;

fn numbered(rows: ListRows<'_>) -> NumberedRows<'_> {
    Box::new((1..).zip(rows).map(|(number, row)| row.map(|row| (number, row))))
}

pub(super) async fn write_rows<E>(
    store: &Store,
    run: RunId,
    mut rows: impl Iterator<Item = Result<(u64, RunRow), E>>,
    day: Date,
) -> Result<(), RunError>
where
    RunError: From<E>,
{
    loop {
        let piece: Vec<(u64, RunRow, PlannedRow)> = rows
            .by_ref()
            .take(WRITTEN_AT_ONCE)
            .map(|row| row.map(|(number, row)| (number, row.clone(), row.on(day))))
            .collect::<Result<_, E>>()?;
        if piece.is_empty() {
            return Ok(());
        }
        store.add_rows(run, piece.iter().map(|(number, row, planned)| (*number, row, planned))).await?;
    }
}

/// Makes a run ready to go on: checks that the list is that of the run, and writes down the rows that a crash kept from
/// being written. `list` may be empty where all that the run sends is kept.
///
/// # Errors
/// Another list, or none where one is needed; a run that another process makes.
pub async fn resume(store: &Store, run: &RunRecord, list: &RunList) -> Result<(), RunError> {
    store.take_run(run.id).await?;
    let prepared = prepare(store, run, list).await;
    if prepared.is_err() {
        // It is given back as it was. Why it cannot go on is what is told.
        let _ = store.end_run(run.id, run.run.created).await;
    }
    prepared
}

/// Checks the list of a run that this session has taken, and writes its missing rows down.
async fn prepare(store: &Store, run: &RunRecord, list: &RunList) -> Result<(), RunError> {
    let needed = || RunError::ListNeeded(run.id, run.run.name.clone());
    let (last, kept_hash) = kept_list(store, run.id)?;
    if list.is_empty() {
        return if kept_hash.as_ref() == Some(&run.run.list_hash) { Ok(()) } else { Err(needed()) };
    }
    let mut hash = ListHash::new(&store.workspace_secret());
    for row in list.rows() {
        hash.add(&row?);
    }
    if hash.finish() != run.run.list_hash {
        return Err(RunError::OtherList(run.id, run.run.name.clone()));
    }
    let missing = numbered(list.rows()).filter(|row| row.as_ref().map_or(true, |(number, _)| *number > last));
    write_rows(store, run.id, missing, run.day()).await
}

/// Reads the rows that are kept of a run: the number of the last one, and the hash of the list that they make; `None` where a
/// part of what they send is not kept.
pub(super) fn kept_list(store: &Store, run: RunId) -> Result<(u64, Option<String>), StoreError> {
    let mut hash = Some(ListHash::new(&store.workspace_secret()));
    let mut last = 0;
    for row in store.reader()?.run_rows(run, RowSelection::All) {
        let row = row?;
        last = row.number;
        hash = hash.zip(row.restored()).map(|(mut hash, row)| {
            hash.add(&row);
            hash
        });
    }
    Ok((last, hash.map(|hash| hash.finish())))
}

/// The calls of a run, ready to be made.
pub struct RunJob {
    pub backend: Backend,
    pub store: Store,
    pub clock: Clock,
    pub pace: CallPace,
    pub pause: PauseSwitch,
    /// Stops the run: what is on its way comes to its end, and the rest is left for a resumption.
    pub stop: CancellationToken,
}

/// A row that has no answer yet.
struct OpenRow {
    record: RowRecord,
    row: RunRow,
    /// What is known of its calls from an earlier part of the run.
    known: Vec<ApiExchange>,
    /// The entry whose call is to be asked again.
    again: Option<EntryId>,
    /// The call that may have been carried out, under a key that may be forgotten by now.
    too_old: Option<RunStep>,
}

/// What is left to do of a run: its open rows, each with what it sends.
struct OpenRows<'a> {
    run: RunRecord,
    rows: RunRows<HistoryReader>,
    /// The rows of the list with their numbers; `None` where they are made of what is kept.
    list: Option<NumberedRows<'a>>,
    now: Timestamp,
}

impl Iterator for OpenRows<'_> {
    type Item = Result<OpenRow, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.rows.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error.into())),
        };
        Some(self.open_row(record))
    }
}

impl OpenRows<'_> {
    fn open_row(&mut self, record: RowRecord) -> Result<OpenRow, RunError> {
        let needed = || RunError::ListNeeded(self.run.id, self.run.run.name.clone());
        let row = match &mut self.list {
            None => record.restored().ok_or_else(needed)?,
            Some(list) => loop {
                let (number, row) = list.next().ok_or_else(needed)??;
                if number == record.number {
                    break row;
                }
            },
        };
        let (mut known, mut again, mut too_old) = (Vec::new(), None, None);
        if let Some(entry) = record.entry
            && let Some(detail) = self.rows.reader().detail(entry)?
        {
            let is_old =
                self.run.run.target == Target::Stripe && self.now.duration_since(detail.entry.started) > KEYS_LIVE;
            match detail.entry.status {
                EntryStatus::Pending | EntryStatus::Interrupted | EntryStatus::Unknown => {
                    again = Some(entry);
                    too_old = is_old.then_some(RunStep::Token);
                }
                EntryStatus::Unused | EntryStatus::Used | EntryStatus::Failed => {
                    known = known_calls(&self.run.run.uid, &record, detail);
                    // Of a use that has no answer nobody knows whether it had left.
                    too_old =
                        Some(record.last_step).filter(|step| is_old && known.len() == 1 && *step != RunStep::Token);
                }
            }
        }
        Ok(OpenRow { record, row, known, again, too_old })
    }
}

/// The calls of a row whose answers are in the history already: the creation of the token, and what used it under the
/// row's own key.
fn known_calls(uid: &str, record: &RowRecord, detail: EntryDetail) -> Vec<ApiExchange> {
    let EntryDetail { entry, request, outcome, replaced, timeline, .. } = detail;
    let Some(outcome) = outcome else { return Vec::new() };
    let creation = ApiExchange {
        target: entry.target,
        started: entry.started,
        took: entry.took.unwrap_or_default(),
        request,
        outcome,
        replaced,
    };
    let is_answered = |exchange: &ApiExchange| exchange.outcome.as_ref().is_ok_and(|answer| !asks_for_patience(answer));
    if !is_answered(&creation) {
        return Vec::new();
    }
    let key = idempotency_key(uid, record.number, record.last_step);
    let used = timeline
        .into_iter()
        .find(|exchange| exchange.request.header("Idempotency-Key") == Some(&*key) && is_answered(exchange));
    let uses = record.last_step != RunStep::Token;
    std::iter::once(creation).chain(used.filter(|_| uses)).collect()
}

impl RunJob {
    /// Makes the calls of all rows that have no answer yet, and writes what came of each. Gives what the run came to: it is
    /// not finished where it was stopped, or where rows are unanswered.
    ///
    /// # Errors
    /// A store that cannot be written or read; a list that is not that of the run.
    pub async fn make(
        &self,
        run: RunRecord,
        list: &RunList,
        on_progress: &mut (dyn FnMut(RunProgress, &EndedRow) + Send),
    ) -> Result<RunState, RunError> {
        let id = run.id;
        let made = self.make_rows(run, list, on_progress).await;
        // The session gives the run back in any case; what went wrong first is what is told.
        let state = self.store.end_run(id, self.clock.now()).await;
        made?;
        Ok(state?)
    }

    async fn make_rows(
        &self,
        run: RunRecord,
        list: &RunList,
        on_progress: &mut (dyn FnMut(RunProgress, &EndedRow) + Send),
    ) -> Result<(), RunError> {
        // Unanswered rows are asked again, so they do not count as done.
        let mut progress = RunProgress {
            done: run.as_expected + run.differs,
            total: run.run.rows,
            as_expected: run.as_expected,
            differs: run.differs,
            unanswered: 0,
        };
        let rows = self.store.reader()?.into_run_rows(run.id, RowSelection::Open);
        let list = (!list.is_empty()).then(|| numbered(list.rows()));
        let open = OpenRows { run: run.clone(), rows, list, now: self.clock.now() };
        let at_once = match self.backend.target() {
            Target::Local => AT_ONCE_LOCALLY,
            Target::Stripe => AT_ONCE_AT_STRIPE,
        };
        let calls =
            stream::iter(open).take_until(self.stop.cancelled()).map(|row| async { self.row(&run, row?).await });
        let mut ended = pin!(calls.buffer_unordered(at_once));
        while let Some(row) = ended.next().await {
            let Some(row) = row? else { continue };
            progress.done += 1;
            match row.verdict {
                RowVerdict::AsExpected => progress.as_expected += 1,
                RowVerdict::Differs(_) => progress.differs += 1,
                RowVerdict::Unanswered { .. } => progress.unanswered += 1,
            }
            on_progress(progress, &row);
        }
        Ok(())
    }

    /// Makes the calls of a row; `None` where the run was stopped before its end.
    async fn row(&self, run: &RunRecord, open: OpenRow) -> Result<Option<EndedRow>, RunError> {
        let OpenRow { record, row, known, mut again, too_old } = open;
        let planned = row.on(run.day());
        let mut judge = RowJudge::new(&planned.expects, row.last_step);
        for exchange in &known {
            let Some((step, _)) = judge.next() else { break };
            judge.take(step, exchange, 1);
        }
        while let Some((step, token)) = judge.next() {
            if too_old == Some(step) {
                let verdict = RowVerdict::Unanswered { step, why: KEY_IS_OLD.to_owned() };
                return self.end_row(run.id, &record, verdict, judge.finish().1).await.map(Some);
            }
            let token = token.map(str::to_owned);
            if !self.may_go_on().await {
                return Ok(None);
            }
            let key = idempotency_key(&run.run.uid, record.number, step);
            let request = token.and_then(|token| row.token_call(step, &token, &key));
            let started = match request {
                Some(request) => self.backend.begin(request, self.clock.now()).await?,
                None => {
                    let request = planned.request.to_api(&key);
                    self.begin_token(run.id, &record, &row, &planned, request, again.take()).await?
                }
            };
            let (recorded, tries) = self.call(&started).await?;
            judge.take(step, &recorded.exchange, tries);
        }
        let (verdict, results) = judge.finish();
        self.end_row(run.id, &record, verdict, results).await.map(Some)
    }

    async fn end_row(
        &self,
        run: RunId,
        record: &RowRecord,
        verdict: RowVerdict,
        results: Vec<StepResult>,
    ) -> Result<EndedRow, RunError> {
        self.store.end_row(run, record.number, verdict.clone(), results.clone()).await?;
        Ok(EndedRow { number: record.number, label: record.label(), verdict, results })
    }

    async fn begin_token(
        &self,
        run: RunId,
        record: &RowRecord,
        row: &RunRow,
        planned: &PlannedRow,
        request: ApiRequest,
        again: Option<EntryId>,
    ) -> Result<StartedCall, StoreError> {
        let now = self.clock.now();
        match again {
            Some(entry) => self.backend.begin_row_again(entry, request, now).await,
            None => {
                let of = EntryOfRow { run, row: record.number, note: row.note.clone(), tags: row.tags.clone() };
                self.backend.begin_row(request, planned.expects.clone(), of, now).await
            }
        }
    }

    /// Waits until a call may leave; `false` where the run was stopped meanwhile.
    async fn may_go_on(&self) -> bool {
        let wait = async {
            self.pause.passed().await;
            self.pace.turn().await;
        };
        self.stop.run_until_cancelled(wait).await.is_some() && !self.stop.is_cancelled()
    }

    /// Makes a call until it has an answer that tells something, always under the same idempotency key. Gives how often it
    /// was sent.
    async fn call(&self, started: &StartedCall) -> Result<(RecordedCall, u32), StoreError> {
        let mut sent = Instant::now();
        let Some(mut outcome) = self.backend.attempt(started).await else {
            return Ok((self.backend.finish(started).await?, 1));
        };
        let (mut tries, mut pause) = (1, FIRST_PAUSE);
        let mut unclear = None;
        while tries < TRIES && is_worth_a_try(&outcome) {
            let took = self.pause_before_next(&outcome, pause);
            if self.stop.run_until_cancelled(sleep(took)).await.is_none() || !self.may_go_on().await {
                break;
            }
            if let Err(error) = &outcome
                && error.may_have_happened()
            {
                unclear = Some(error.clone());
            }
            sent = Instant::now();
            if let Some(next) = self.backend.attempt(started).await {
                outcome = next;
            }
            tries += 1;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        // A call that was not carried out in the end may have been before.
        let tells_nothing = match &outcome {
            Ok(answer) => asks_for_patience(answer),
            Err(error) => !error.may_have_happened(),
        };
        if let Some(earlier) = unclear
            && tells_nothing
        {
            outcome = Err(earlier);
        }
        Ok((self.backend.settle(started, sent.elapsed(), outcome).await?, tries))
    }

    /// How long this call waits by itself. After the rate limit all calls wait.
    fn pause_before_next(&self, outcome: &Result<ApiResponse, TransportError>, pause: Duration) -> Duration {
        match outcome {
            Ok(answer) if answer.http_status == 429 => {
                self.pace.hold(pause_after(answer, pause));
                Duration::ZERO
            }
            Ok(answer) => pause_after(answer, pause),
            // So that rows that failed together do not come back together.
            Err(_) => pause.mul_f64(rand::random_range(0.5..=1.0)),
        }
    }
}

/// Whether the same call may get an answer that tells more.
fn is_worth_a_try(outcome: &Result<ApiResponse, TransportError>) -> bool {
    match outcome {
        Ok(answer) => asks_for_patience(answer),
        Err(error) => matches!(
            error,
            TransportError::Refused { .. }
                | TransportError::ConnectTimeout { .. }
                | TransportError::Timeout { .. }
                | TransportError::CutOff { .. }
                | TransportError::NotJson { .. }
                | TransportError::Other { .. }
        ),
    }
}
