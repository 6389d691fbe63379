//! The thread that sends: it wakes when there is something to send, when something is due to happen by the clock of a world
//! (see [`Store::carry_out_due`]), and once a second where another process may have made something.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    runtime::Builder,
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    config::{ForwardTo, UnnamedEndpoint, WebhookConfig},
    endpoint::Endpoint,
    queue::{AttemptNote, Queue, WaitNote},
    sender::{EventSender, SignedEvent},
};
use crate::{
    domain::{call::payer_page::PayerPages, history::delivery_refusal::DeliveryRefusal, settings::origin::PageOrigin},
    minter,
    store::{
        CursorNote, DeliveryLock, DeliveryNote, DeliveryNotes, EndpointCursor, OpenDelivery, OpenNote, Outbox, Store,
        StoreError,
    },
};

/// So many events at most are on their way to one endpoint at once.
const MOST_AT_ONCE: usize = 16;
/// So many events of an endpoint are in memory; more are read once it has taken half of them.
const MOST_READ: usize = 500;
/// What came of sending is written down after so many events, or after this time, or when nothing is on its way.
const SLICE: usize = 64;
const SLICE_TIME: Duration = Duration::from_millis(100);
/// How often other processes' changes are looked for, while there is an endpoint.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// How long events on their way may take when the thread is to end.
const PATIENCE_AT_THE_END: Duration = Duration::from_millis(300);
/// The pause after a failure of the store, and where nothing can be sent to an endpoint.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long what waits for an endpoint that a person named is kept after the last process that was told of it: for one that
/// died and is started again. Whoever names it later wants what comes from then on.
const FORWARDS_KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How often it is written down that such an endpoint is still served.
const SERVED_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// The lock of the process that sends to the endpoints which were made by calls.
const ENDPOINTS_LOCK: &str = "webhooks";

/// Sends events until it is dropped.
#[derive(Debug)]
pub struct WebhookDelivery {
    stop: CancellationToken,
    wakes: Arc<AtomicU64>,
    named: watch::Sender<NamedReceivers>,
    thread: Option<JoinHandle<()>>,
}

/// What a person named, which may change while events are sent.
#[derive(Clone, Debug)]
struct NamedReceivers {
    /// The origins besides this machine at which endpoints may be.
    origins: Vec<PageOrigin>,
    forwards: Vec<ForwardTo>,
}

impl WebhookDelivery {
    /// Starts to send. What the events lead payers to are `pages`.
    ///
    /// # Errors
    /// A store that cannot be read, and a system that starts no thread.
    pub fn start(store: Store, config: WebhookConfig, pages: PayerPages) -> Result<Self, StoreError> {
        let outbox = store.outbox()?;
        let (stop, wakes) = (CancellationToken::new(), Arc::<AtomicU64>::default());
        let bell = Arc::new(Notify::new());
        let ring = Arc::clone(&bell);
        store.on_events(move || ring.notify_one());
        let failed = |error: io::Error| StoreError::Other { doing: "start to send events", reason: error.to_string() };
        let (sender, named) =
            watch::channel(NamedReceivers { origins: config.origins.clone(), forwards: config.forwards.clone() });
        let begun_at = outbox.newest()?;
        let state = Delivering {
            folder_secret: store.workspace_secret(),
            store,
            outbox,
            config,
            pages,
            begun_at,
            named,
            queues: Vec::new(),
            senders: HashMap::new(),
            locks: HashMap::new(),
            told: Vec::new(),
            sending: JoinSet::new(),
            notes: DeliveryNotes::default(),
            noted: 0,
            notes_since: None,
            has_endpoints: false,
            seen: None,
            seen_until: 0,
            next_effect: NextEffect::default(),
        };
        let (stopped, counter) = (stop.clone(), Arc::clone(&wakes));
        // The last that may fail: a runtime cannot be dropped again where this is called, which is within another one.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = thread::Builder::new()
            .name("webhooks".to_owned())
            .spawn(move || runtime.block_on(state.run(&bell, &stopped, &counter)))
            .map_err(failed)?;
        Ok(Self { stop, wakes, named: sender, thread: Some(thread) })
    }

    /// Lets endpoints be at these origins besides this machine from now on.
    pub fn set_origins(&self, origins: Vec<PageOrigin>) {
        self.named.send_modify(|named| named.origins = origins);
    }

    /// Sends all events that come from now on to these endpoints, and no more to others that were named before.
    pub fn set_forwards(&self, forwards: Vec<ForwardTo>) {
        self.named.send_if_modified(|named| {
            let differs = named.forwards != forwards;
            named.forwards = forwards;
            differs
        });
    }

    /// How often the thread woke.
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Drop for WebhookDelivery {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that sends events ended by a panic");
        }
    }
}

/// Whether another process sends to the endpoints that were made by calls, or would.
///
/// # Errors
/// When nobody can tell.
pub fn is_sent_by_another(store: &Store) -> Result<bool, StoreError> {
    Ok(store.delivery_lock(ENDPOINTS_LOCK)?.is_none())
}

/// What the thread works with.
struct Delivering {
    folder_secret: [u8; 32],
    store: Store,
    outbox: Outbox,
    config: WebhookConfig,
    /// The pages of the server that it runs in.
    pages: PayerPages,
    /// The newest object when the endpoints that a person named were last changed: what came before is nothing to a new
    /// one.
    begun_at: i64,
    /// What a person named, as it is by now.
    named: watch::Receiver<NamedReceivers>,
    /// Of the endpoints that this process sends to.
    queues: Vec<Queue>,
    /// With the URL that each was made for.
    senders: HashMap<String, (String, EventSender)>,
    /// By the name of the lock.
    locks: HashMap<String, DeliveryLock>,
    /// The endpoints of which a person was told that nothing is sent to them.
    told: Vec<String>,
    sending: JoinSet<EndedAttempt>,
    notes: DeliveryNotes,
    /// How many events ended since the last writing down.
    noted: usize,
    notes_since: Option<Instant>,
    /// Whether there is any endpoint, be it another process's.
    has_endpoints: bool,
    /// The state of the database that was looked at.
    seen: Option<i64>,
    /// The newest object at that look. Events behind it wait for the next one: an endpoint may have been disabled
    /// before they came.
    seen_until: i64,
    next_effect: NextEffect,
}

/// When something is due to happen in a world.
#[derive(Debug, Default)]
struct NextEffect {
    /// By the machine's clock.
    due: Option<Timestamp>,
    /// What it was read for: see [`Store::effect_changes`].
    read_at: Option<u64>,
}

struct EndedAttempt {
    endpoint: String,
    event: i64,
    outcome: Result<(), DeliveryRefusal>,
}

impl Delivering {
    async fn run(mut self, bell: &Notify, stopped: &CancellationToken, wakes: &AtomicU64) {
        if let Err(error) = self.forget_left_forwards().await {
            tracing::warn!("endpoints that nobody names any more are not forgotten: {error}");
        }
        let mut is_news = true;
        loop {
            wakes.fetch_add(1, Ordering::Relaxed);
            let pause = match self.step(is_news).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!("events cannot be sent: {error}");
                    self.seen = None;
                    Some(PAUSE_AFTER_ERROR)
                }
            };
            is_news = false;
            tokio::select! {
                () = stopped.cancelled() => break,
                () = bell.notified() => is_news = true,
                // The handle that sends them is there until the thread has ended.
                Ok(()) = self.named.changed() => {
                    is_news = true;
                    self.begun_at = self.outbox.newest().unwrap_or(self.begun_at);
                }
                Some(ended) = self.sending.join_next(), if !self.sending.is_empty() => {
                    // A task that is aborted or panics leaves its event where it is: it is sent again at the next start.
                    if let Ok(ended) = ended {
                        self.ended(ended);
                    }
                }
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        self.let_attempts_end().await;
        self.queues.iter_mut().for_each(Queue::note_passed);
        self.forget_done_forwards();
        self.note_served(SignedDuration::ZERO);
        if let Err(error) = self.write_notes().await {
            tracing::warn!("what was sent last is not written down, and is sent again: {error}");
        }
    }

    /// Waits a moment for what is on its way, so that it need not be sent again.
    async fn let_attempts_end(&mut self) {
        let mut attempts = std::mem::take(&mut self.sending);
        let wait = async {
            while let Some(ended) = attempts.join_next().await {
                if let Ok(ended) = ended {
                    self.ended(ended);
                }
            }
        };
        if tokio::time::timeout(PATIENCE_AT_THE_END, wait).await.is_err() {
            tracing::debug!("some events are on their way at the end: they are sent again at the next start");
        }
    }

    /// Looks for what is new, sends what is due, writes down what came of it. Gives how long there is nothing to do
    /// unless something happens.
    async fn step(&mut self, is_news: bool) -> Result<Option<Duration>, StoreError> {
        if is_news || self.has_endpoints {
            self.look(is_news).await?;
        }
        if let Err(error) = self.let_effects_happen().await {
            // What was sent to nobody yet does not wait for it.
            tracing::warn!("what is due cannot be carried out: {error}");
            self.next_effect.due = Some(self.now() + PAUSE_AFTER_ERROR);
        }
        for nth in 0..self.queues.len() {
            self.fill(nth)?;
            self.send_due(nth)?;
        }
        self.collect_notes();
        self.note_served(SERVED_EVERY);
        let is_due = self.notes_since.is_some_and(|since| since.elapsed() >= SLICE_TIME);
        if self.noted >= SLICE || is_due || (self.noted > 0 && self.sending.is_empty()) {
            self.write_notes().await?;
        }
        Ok(self.pause())
    }

    /// Lets happen what is due by now, as much as one transaction takes: events are sent before the next one, however much
    /// is due. What comes of it rings the bell.
    async fn let_effects_happen(&mut self) -> Result<(), StoreError> {
        let changes = self.store.effect_changes();
        if self.next_effect.read_at != Some(changes) {
            self.next_effect.read_at = Some(changes);
            self.next_effect.due = self.outbox.next_effect(None)?;
        }
        let now = self.now();
        if self.next_effect.due.is_some_and(|due| due <= now) {
            let is_done = self.store.carry_out_due(now).await?;
            // What is due even after all was carried out cannot be, and is not to be tried without end.
            let after = is_done.then_some(now);
            let changes = self.store.effect_changes();
            self.next_effect = NextEffect { due: self.outbox.next_effect(after)?, read_at: Some(changes) };
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.config.machine.now()
    }

    fn pause(&self) -> Option<Duration> {
        let now = self.now();
        let until = |due: Timestamp| Duration::try_from(due.duration_since(now)).unwrap_or_default();
        // What is due and waits for others on their way is sent when one of them ends.
        let has_room = |queue: &&Queue| queue.sending() < MOST_AT_ONCE;
        let due = self.queues.iter().filter(has_room).filter_map(Queue::next_due).map(until);
        let due = due.map(|pause| pause.max(Duration::from_millis(1)));
        let slice = self.notes_since.map(|since| SLICE_TIME.saturating_sub(since.elapsed()));
        let effect = self.next_effect.due.map(until).map(|pause| pause.max(Duration::from_millis(1)));
        due.chain(slice).chain(effect).chain(self.has_endpoints.then_some(LOOK_AROUND)).min()
    }

    /// Looks which endpoints there are and whether there is something new for them.
    async fn look(&mut self, is_news: bool) -> Result<(), StoreError> {
        let state = self.outbox.data_version()?;
        if !is_news && self.seen == Some(state) {
            return Ok(());
        }
        if self.seen != Some(state) {
            // Another process may have written, also where this one did.
            self.next_effect.read_at = None;
        }
        // Read before the endpoints, which are therefore never older than an event that is sent to them.
        self.seen_until = self.outbox.newest()?;
        let kept = self.outbox.endpoints()?;
        let NamedReceivers { origins, forwards } = self.named.borrow().clone();
        let forwards = forwards.iter().map(|forward| Endpoint::of_forward(forward, &self.folder_secret));
        let forwards: Vec<Endpoint> = forwards.collect();
        self.has_endpoints = !kept.is_empty() || !forwards.is_empty();
        let mut ids: Vec<String> = Vec::new();
        let mut holds_all = !self.has_endpoints || self.holds(ENDPOINTS_LOCK)?;
        if holds_all {
            for kept in &kept {
                let endpoint = Endpoint::of_kept(kept, &self.folder_secret, &origins);
                if let Some(endpoint) = endpoint {
                    ids.push(endpoint.id.clone());
                    self.take_endpoint(endpoint, Some(kept.position)).await?;
                }
            }
        }
        for endpoint in forwards {
            if self.holds(&endpoint.id)? {
                ids.push(endpoint.id.clone());
                self.take_endpoint(endpoint, None).await?;
            } else {
                holds_all = false;
            }
        }
        let mut gone = Vec::new();
        for Queue { endpoint, made_at, .. } in self.queues.iter().filter(|queue| !ids.contains(&queue.endpoint.id)) {
            // What waits for an endpoint that cannot be read waits until it can be, or is deleted.
            if !made_at.map_or(Ok(false), |place| self.outbox.has_object(place))? {
                gone.push(endpoint.id.clone());
            }
        }
        self.queues.retain(|queue| ids.contains(&queue.endpoint.id));
        self.senders.retain(|id, _| ids.contains(id));
        for endpoint in gone {
            self.forget(endpoint);
        }
        // What another process sends to now may be this one's later.
        self.seen = holds_all.then_some(state);
        Ok(())
    }

    /// Forgets an endpoint that is there no more, with all that was to be sent to it.
    fn forget(&mut self, endpoint: String) {
        self.notes.events.retain(|(of, _), _| *of != endpoint);
        self.notes.gone.push(endpoint);
        self.noted += 1;
    }

    /// Forgets the endpoints that a person named once, and that nobody has served for long.
    async fn forget_left_forwards(&mut self) -> Result<(), StoreError> {
        for (endpoint, served) in self.outbox.forwards()? {
            // One that another process serves may have slept with the machine.
            if self.is_long_ago(served) && self.store.delivery_lock(&endpoint)?.is_some() {
                self.forget(endpoint);
            }
        }
        self.write_notes().await
    }

    /// Whether a moment is so long ago that what waits for an endpoint which was served then is not sent any more. A clock
    /// that was put back is no reason to send it for ever.
    fn is_long_ago(&self, served: Timestamp) -> bool {
        self.now().duration_since(served).abs() > FORWARDS_KEPT
    }

    /// Has it written down that the endpoints which a person named are served, where it was not for this long.
    fn note_served(&mut self, every: SignedDuration) {
        let now = self.now();
        for queue in self.queues.iter_mut().filter(|queue| queue.endpoint.is_forward()) {
            if queue.written.is_some_and(|written| now.duration_since(written.served).abs() >= every) {
                queue.written = None;
                self.noted += 1;
            }
        }
    }

    /// Whether this process is the one that sends to the endpoints of a lock.
    fn holds(&mut self, lock: &str) -> Result<bool, StoreError> {
        if !self.locks.contains_key(lock)
            && let Some(held) = self.store.delivery_lock(lock)?
        {
            self.locks.insert(lock.to_owned(), held);
        }
        Ok(self.locks.contains_key(lock))
    }

    /// Takes an endpoint as it is by now. `made_at` is its place among the objects.
    async fn take_endpoint(&mut self, endpoint: Endpoint, made_at: Option<i64>) -> Result<(), StoreError> {
        if endpoint.is_enabled && endpoint.reach.is_none() && !self.told.contains(&endpoint.id) {
            let (id, origin) = (endpoint.id.clone(), endpoint.url.origin());
            (self.config.tell)(&UnnamedEndpoint { id, origin });
            self.told.push(endpoint.id.clone());
        }
        let id = endpoint.id.clone();
        let nth = match self.queues.iter().position(|queue| queue.endpoint.id == id) {
            Some(nth) => {
                self.queues[nth].endpoint = endpoint;
                nth
            }
            None => {
                let mut written = self.outbox.cursor(&id)?;
                if made_at.is_none() && written.is_some_and(|written| self.is_long_ago(written.served)) {
                    written = None;
                    self.forget(id.clone());
                    self.write_notes().await?;
                }
                let begin = match (written, made_at) {
                    (Some(cursor), _) => cursor.position,
                    (None, Some(made_at)) => made_at,
                    (None, None) => self.begun_at,
                };
                self.queues.push(Queue::new(endpoint, made_at, begin, written));
                // Of an endpoint that is nowhere else: what comes from now on is for it, whatever becomes of the program.
                if written.is_none() && made_at.is_none() {
                    self.noted += 1;
                }
                self.queues.len() - 1
            }
        };
        self.queues[nth].may_have_more = true;
        if !self.queues[nth].endpoint.is_reached() {
            for (event, attempts) in self.queues[nth].give_up() {
                self.note_open(&id, event, OpenNote { attempts, due: None, fault: None, refusal: None });
            }
            return Ok(());
        }
        if self.queues[nth].knows_rows {
            // All others of its rows were written here.
            let wished = self.outbox.wished(&id)?;
            self.take_in_hand(nth, wished).await
        } else {
            let (wished, others) =
                self.outbox.deliveries(&id, self.queues[nth].read)?.into_iter().partition(OpenDelivery::is_wished);
            self.reopen(nth, others)?;
            self.queues[nth].knows_rows = true;
            self.take_in_hand(nth, wished).await
        }
    }

    /// Takes the events of an endpoint that have rows of their own.
    fn reopen(&mut self, nth: usize, deliveries: Vec<OpenDelivery>) -> Result<(), StoreError> {
        for OpenDelivery { event: place, attempts, due, fault } in deliveries {
            let Some(due) = due else {
                self.queues[nth].pass_over(place);
                continue;
            };
            match self.outbox.event_at(place)? {
                Some(event) => self.queues[nth].reopen(&event, attempts, due, fault),
                None => self.note_lost(nth, place)?,
            }
        }
        Ok(())
    }

    /// Takes the events that a person wishes to be sent once more. That they are in hand is written down before they are
    /// sent, so that a second wish is told from the first one.
    async fn take_in_hand(&mut self, nth: usize, wished: Vec<OpenDelivery>) -> Result<(), StoreError> {
        if wished.is_empty() {
            return Ok(());
        }
        // What is noted until now was before the wish.
        self.write_notes().await?;
        let (id, now) = (self.queues[nth].endpoint.id.clone(), self.now());
        for wish in wished {
            self.note(&id, wish.event, DeliveryNote::InHand { due: now });
            if !self.queues[nth].send_again(wish.event, now) {
                self.reopen(nth, vec![OpenDelivery { due: Some(now), ..wish }])?;
            }
        }
        self.write_notes().await
    }

    fn note(&mut self, endpoint: &str, event: i64, note: DeliveryNote) {
        self.notes.events.insert((endpoint.to_owned(), event), note);
        self.noted += 1;
        self.notes_since.get_or_insert_with(Instant::now);
    }

    /// Notes that an event was not taken. Why an earlier attempt failed is not lost by what is noted after it.
    fn note_open(&mut self, endpoint: &str, event: i64, mut note: OpenNote) {
        if note.refusal.is_none()
            && let Some(DeliveryNote::Open(earlier)) = self.notes.events.get(&(endpoint.to_owned(), event))
        {
            note.refusal.clone_from(&earlier.refusal);
        }
        self.note(endpoint, event, DeliveryNote::Open(note));
    }

    /// Notes that an event with a row of its own is there no more. That of one which cannot be read stays, for the next start.
    fn note_lost(&mut self, nth: usize, event: i64) -> Result<(), StoreError> {
        if !self.outbox.has_object(event)? {
            let id = self.queues[nth].endpoint.id.clone();
            self.note(&id, event, DeliveryNote::Taken);
        }
        Ok(())
    }

    /// Collects what the queues have to have written down of events that wait.
    fn collect_notes(&mut self) {
        for nth in 0..self.queues.len() {
            let id = self.queues[nth].endpoint.id.clone();
            for WaitNote { event, attempts, due, fault } in self.queues[nth].take_notes() {
                self.note_open(&id, event, OpenNote { attempts, due: Some(due), fault, refusal: None });
            }
        }
    }

    /// Reads more events for an endpoint that has room for them: first what waited on the disk.
    fn fill(&mut self, nth: usize) -> Result<(), StoreError> {
        let now = self.now();
        while self.queues[nth].len() < MOST_READ
            && let Some(place) = self.queues[nth].next_waiting(now)
        {
            let event = self.outbox.event_at(place)?;
            if event.is_none() {
                self.note_lost(nth, place)?;
            }
            self.queues[nth].release(place, event, now);
        }
        let queue = &mut self.queues[nth];
        while queue.may_have_more && queue.len() <= MOST_READ / 2 {
            let page = self.outbox.events_between(queue.read, self.seen_until, MOST_READ)?;
            queue.may_have_more = page.may_have_more;
            for event in page.events {
                queue.push(event, now);
            }
            queue.read = page.end.unwrap_or(queue.read);
        }
        Ok(())
    }

    /// Lets what is due to an endpoint leave.
    fn send_due(&mut self, nth: usize) -> Result<(), StoreError> {
        let now = self.now();
        while self.queues[nth].sending() < MOST_AT_ONCE {
            let Some(place) = self.queues[nth].next_place(now) else { return Ok(()) };
            if !self.outbox.has_object(place)? {
                if self.queues[nth].drop_lost(place) {
                    self.note_lost(nth, place)?;
                }
                continue;
            }
            let Some(sender) = self.sender(nth) else {
                self.queues[nth].rests_until = now + PAUSE_AFTER_ERROR;
                return Ok(());
            };
            let queue = &mut self.queues[nth];
            let endpoint = queue.endpoint.clone();
            let Some((event, fault)) = queue.begin(place) else { return Ok(()) };
            let event = event.clone();
            let pending = self.queues.iter().filter(|queue| queue.has(place)).count();
            let account = event.account.as_deref().filter(|_| endpoint.names_accounts());
            let (version, pages) = (endpoint.version.as_deref(), &self.pages);
            let body = minter::event_text(&event.event, &event.object, version, account, pending, pages);
            let signed = SignedEvent::new(&endpoint, body, now, fault);
            let clock = self.config.machine.clone();
            self.sending.spawn(async move {
                let outcome = sender.send(endpoint.url.as_str().to_owned(), signed, &clock).await;
                EndedAttempt { endpoint: endpoint.id, event: place, outcome }
            });
        }
        Ok(())
    }

    /// What reaches an endpoint, made anew where its URL is another one by now.
    fn sender(&mut self, nth: usize) -> Option<EventSender> {
        let endpoint = &self.queues[nth].endpoint;
        let reach = endpoint.reach.as_ref()?;
        if let Some((url, sender)) = self.senders.get(&endpoint.id)
            && url == endpoint.url.as_str()
        {
            return Some(sender.clone());
        }
        match EventSender::new(reach) {
            Ok(sender) => {
                self.senders.insert(endpoint.id.clone(), (endpoint.url.as_str().to_owned(), sender.clone()));
                Some(sender)
            }
            Err(reason) => {
                tracing::warn!(endpoint = endpoint.id, "no events can be sent: {reason}");
                None
            }
        }
    }

    /// Takes in how an attempt ended.
    fn ended(&mut self, ended: EndedAttempt) {
        let EndedAttempt { endpoint, event, outcome } = ended;
        match &outcome {
            Ok(()) => tracing::debug!(endpoint, event, "an event was taken"),
            Err(refusal) => tracing::debug!(endpoint, event, %refusal, "an event was not taken"),
        }
        let now = self.now();
        let Some(queue) = self.queues.iter_mut().find(|queue| queue.endpoint.id == endpoint) else { return };
        match queue.ended(event, outcome.is_ok(), now, &self.config.retry_after) {
            AttemptNote::None => {
                self.noted += 1;
                self.notes_since.get_or_insert_with(Instant::now);
            }
            AttemptNote::Taken => self.note(&endpoint, event, DeliveryNote::Taken),
            AttemptNote::Open { attempts, due, fault } => {
                self.note_open(&endpoint, event, OpenNote { attempts, due, fault, refusal: outcome.err() });
            }
        }
    }

    /// Writes down what came of sending, all in one transaction.
    async fn write_notes(&mut self) -> Result<(), StoreError> {
        self.collect_notes();
        let mut notes = self.notes.clone();
        let served = self.now();
        for queue in &self.queues {
            let position = queue.cursor();
            let is_as_written = queue.written.is_some_and(|written| written.position == position);
            if !is_as_written || notes.gone.contains(&queue.endpoint.id) {
                let types = queue.endpoint.is_forward().then(|| serde_json::json!(queue.endpoint.types).to_string());
                let (endpoint, cursor) = (queue.endpoint.id.clone(), EndpointCursor { position, served });
                notes.cursors.push(CursorNote { endpoint, cursor, types });
            }
        }
        if !notes.is_empty() {
            let cursors = notes.cursors.clone();
            self.store.note_deliveries(notes).await?;
            for CursorNote { endpoint, cursor, .. } in cursors {
                let queue = self.queues.iter_mut().find(|queue| queue.endpoint.id == endpoint);
                if let Some(queue) = queue {
                    queue.written = Some(cursor);
                }
            }
        }
        self.notes = DeliveryNotes::default();
        (self.noted, self.notes_since) = (0, None);
        Ok(())
    }

    /// Forgets the endpoints of the command line to which nothing is left to be sent: whoever names one again wants what
    /// comes from then on.
    fn forget_done_forwards(&mut self) {
        let (done, others): (Vec<Queue>, Vec<Queue>) = std::mem::take(&mut self.queues)
            .into_iter()
            .partition(|queue| queue.endpoint.is_forward() && queue.is_done());
        self.queues = others;
        for queue in done {
            self.forget(queue.endpoint.id);
        }
    }
}
