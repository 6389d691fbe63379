//! Testcard: a workbench for test-card tokens.
//!
//! A QA engineer creates card tokens in a window, keeps them in a history, sees what each response said and exports
//! them. Stripe's test mode answers, or a local minter that behaves like it. The command line, and a loopback server
//! for Stripe's own SDKs, use the same code. How to change something is in `.github/CONTRIBUTING.md`.
//!
//! # Words
//!
//! - A **call** is an [`domain::call::api::ApiRequest`] in, and an [`domain::call::api::ApiResponse`] or a
//!   [`domain::call::api::TransportError`] out. What is recorded of it, masked and with its time, is an
//!   [`domain::call::api::ApiExchange`]. A response of any status is a success; a body that is not JSON is a failure.
//! - An **entry** is one attempt to create a token. The history lists entries, the request log lists all calls.
//! - A **target** is who answers a call: the local minter or Stripe. A **profile** is a target with a name and with the
//!   settings for Stripe's API; its key is held apart from it.
//! - A **draft** is the content of the form. A **preset** is a draft with its expected outcome.
//! - A **job** is work that the window starts, can cancel, and hears the end of.
//! - A **run** is a list of drafts, each with what is expected of it; its rows make a token each and may go on to a charge,
//!   an attachment or a payment intent. Each row gets a **verdict**: as expected, differs, or unanswered.
//! - A **session** is the time during which one process has the history open. It holds a lock file, by which other
//!   processes know that its calls in flight are not lost.
//! - **Journalled**: the masked request is on disk before it is sent to Stripe. **Committed**: response, entry and the
//!   minter's objects are on disk, in one transaction. **Acknowledged**: whoever waits was told, which happens after
//!   the commit. **Kept**: what masking left of a text.
//! - The **ledger** is the minter's memory: objects and idempotency keys.
//! - An **event** is Stripe's object that says what happened to another one, never a message within the program. It is
//!   kept with the change, in the same transaction.
//! - A **world** is a ledger's count, clock, objects and keys. All calls meet in the common one; under `serve --isolate`
//!   each account's keys have their own. Within a world, each **connected account** has objects and keys of its own.
//!
//! # The idea
//!
//! 1. Every call goes through one signature, request in, response out. The minter and the API client implement it; the
//!    server, the command line and the window use it.
//! 2. [`backend`] is the only module that calls both the [`minter`] (through the [`store`]) and the real API
//!    ([`stripe`]); other modules only pass a target on.
//! 3. The rules of a token request are written once, in [`domain::rules::prediction`]: the form predicts with them, the
//!    minter answers with them. What a test card does at charge and attach is the table
//!    [`domain::card::test_cards`]. A prediction never blocks sending, because testers send wrong requests on purpose.
//! 4. The window knows what the last [`messages::WorkerUpdate`] told it, and asks for everything by
//!    [`messages::WorkerCommand`]s to the [`worker`]. No frame waits, queries, sorts or parses: a list comes in the
//!    order of the store, with an index by id ([`domain::history::listing`]); what a view shows of an answer is built
//!    once per revision; only the rows in view are drawn.
//! 5. What was acknowledged is on disk: for the minter a token, its exchange, its entry and the ledger are one SQLite
//!    transaction; a call to Stripe takes two, before and after it is sent. A call over HTTP that only reads acknowledges
//!    nothing: it is answered beside the writer, and its line of the request log follows within a tenth of a second.
//!
//! # What is where
//!
//! | module | what it is for | uses |
//! | --- | --- | --- |
//! | [`domain`] | types and rules without side effects; its wings are below | |
//! | [`snippets`] | a call as source code, one file per language | domain |
//! | [`diff`] | two calls compared: what differs, and what differs in every pair of calls | domain |
//! | [`parity`] | the answers of the minter and of a target to the same calls, compared field by field | domain |
//! | [`reports`] | a run as JUnit, JSON, Markdown or a page, pure functions | domain |
//! | [`messages`] | commands and updates between window and worker, plain data | domain, reports |
//! | [`model`] | what the window knows; `apply` is the only way to change it | domain, messages |
//! | [`minter`] | Stripe's test mode as a state machine over a `Ledger`, without side effects | domain |
//! | [`files`] | private files, with size limits, replaced atomically; leftovers of killed processes are removed | |
//! | [`store`] | history and ledger in SQLite, masked before they are written, one writer with group commit | domain, minter, files |
//! | [`stripe`] | the real API over HTTPS, its responses unchanged | domain, files |
//! | [`keys`] | API keys, one per profile: from the environment, the system's keyring, or typed for this session | domain |
//! | [`settings`] | the program's folders, and the files of a person: settings, presets, draft, place of the window | domain, files |
//! | [`backend`] | the two targets behind one function | domain, minter, store, stripe |
//! | [`webhooks`] | events sent to webhook endpoints: signed, in order, again where they were not taken | domain, minter, store, stripe |
//! | [`server`] | loopback HTTP: connections and memory within bounds, faults on demand, the page of a payer; sends events while it runs | domain, backend, webhooks |
//! | [`formats`] | entries as files, one entry at a time: JSON, tables, HAR, constants for test suites; calls in files of other tools | domain, snippets, store |
//! | [`jobs`] | long work with progress and cancellation: export, import, retention, refresh, key check, parity, runs and their reports | domain, parity, formats, reports, backend, store, files |
//! | [`worker`] | everything in the background of the window: commands, jobs, the threads that read the history | domain, messages, formats, store, backend, server, webhooks, jobs, keys, settings, files |
//! | [`cli`] | the commands | domain, parity, formats, reports, backend, store, server, webhooks, jobs, keys, settings, snippets, files |
//! | [`ui`] | views, widgets, theme; they push [`ui::Action`]s and change only their own state | domain, messages, model, snippets, diff, reports |
//! | [`app`] | the window: connects worker and views, carries actions out | domain, messages, model, worker, ui |
//! | `main` | chooses window or command line; makes the clock, reads the time zone and the environment | domain, settings, worker, cli, app |
//!
//! `tests/it/layers.rs` reads this table and the next one. It fails when a module uses what its row does not list, when
//! two files import each other, and when another module than `main` reads the clock.
//!
//! # The wings of the domain
//!
//! From the ground up: a wing may use the wings of its own row and of the rows above it.
//!
//! | wing | what it holds |
//! | --- | --- |
//! | `secret`, `key`, `clock`, `zone`, `fault`, `json_spans`, `json_document`, `foreign`, `markup`, `markdown`, `signs`, `invisible`, `typed_path`, `words`, `plural` | texts that are wiped from memory, API keys, the time and the local time zone as they are handed in, fault rules, where each token of a JSON text stands, a JSON text read once with every value as it came, foreign text made safe to show, in XML and HTML, in Markdown, what a person takes for one sign, the characters that nobody sees, a path as it is typed, the fixed strings of an enum's variants, how many there are of something |
//! | [`domain::card`] | a card and what can be read from it: number, brand, expiry, networks, currencies, how it is typed, what comes with a decline, the published test cards |
//! | [`domain::mask`] | what must not be written down, and what stands in its place |
//! | [`domain::call`] | request and response: parameters, errors, tokens, the API's version, what each field means and where it is known from, what used a token up, what of a call is kept, how it is sent again |
//! | [`domain::rules`] | what Stripe will say: the checks of a token request, an account's policies, what a card should do |
//! | [`domain::form`] | the form as typed: its draft, the state of its fields, defaults, what of it may be kept |
//! | [`domain::presets`] | what can be asked for by its outcome, and the search for it |
//! | [`domain::settings`] | what a person sets: preferences, profiles, the way to the real API, what entries are saved as, the layout of the window |
//! | [`domain::history`] | entries, filters, lists, edits, the request log with its filter and its lines |
//! | [`domain::run`] | many drafts in one list with what is expected of each: how a list is read, verdicts, summaries, comparisons |
//! | [`domain::evidence`] | what a document for a person who was not there is about |
//! | [`domain::handed`] | what a file or a text is that a person hands over: an export, the list of a run, calls of other tools |
//!
//! # Threads
//!
//! | thread | what it does |
//! | --- | --- |
//! | the window's | draws, and applies updates; never waits |
//! | `worker` | receives commands and starts jobs; tasks of calls run on two `call` threads |
//! | `history` | one read connection: makes lists in pieces, reads what changed since the last commit, tells the window |
//! | `requests` | another read connection: lists and searches the request log |
//! | `lookups` | another read connection: rows, entries, exchanges and what became of a token, so that none of them waits behind a sort |
//! | `webhooks` | sends events while a server runs, and lets happen what is due by a world's clock; wakes for an event, an answer, a time that has come, and once a second while there is an endpoint, for another process may have made events |
//! | `store-writer` | the only writer of the process: runs the minter, commits up to 512 waiting calls at once, and with them the lines of calls that were answered already; where one fails after it wrote, the others run again without it |
//! | the server's | each call from its bytes to its answer; one that only reads is answered there, by a read connection |
//! | `long-read` | the answer of one call that reads very much, such as a balance |
//!
//! # Text in the window
//!
//! What is shown of foreign text passes through [`domain::foreign`]; what is typed into is a `ui::widgets::TextInput`,
//! which shows a box for each character that must not act and leaves it in the text. Plugins of the toolkit stand around
//! all views. What is pressed, typed and pasted goes through four of them, in this order: `ui/keyboard` reads shortcuts as
//! the layout in use means them, `ui/clipboard_keys` translates the clipboard's keys of all systems, `ui/text_guard` cleans
//! what enters (and what goes to the accessibility bus, which cannot carry U+0000), and `ui/input_order` hands one deed
//! after the other to a pass of the window, so that fast keys act in their order. `ui/text` goes over what was drawn: it
//! puts right-to-left text in its reading order and tells which fonts are missing. `app/focus` puts a focus back that is
//! lost. A menu (`ui/widgets/context_menu`) offers what the keys and buttons do already. What would drop a text that was
//! typed asks first (`ui/leaving`).
//!
//! # One press of Create
//!
//! The button and Ctrl+Enter push `Action::Do(Create)`. `app/actions` builds the request, `app/jobs` starts the job,
//! `worker/commands` receives it, `worker/jobs` spawns a task, `worker/resolver` finds the backend of the profile, and
//! `worker/call` calls it. For the local target, the caller's thread masks the request and prepares its idempotency key
//! (`minter/call`); the writer's thread runs the minter and commits objects, exchange and entry. For Stripe, `store`
//! journals the masked request, `stripe` sends it, `store` completes it. Then `worker/call` tells `worker/history`,
//! which reads what changed and sends updates; each wakes the window, and `WindowModel::apply` takes it. Commits of the
//! window's own server and of other processes are noticed within 250 ms.
//!
//! # One export
//!
//! Ctrl+S opens `ui/dialogs/export`, which pushes `Action::Run` with a `JobRequest`. `app/jobs` starts it,
//! `worker/jobs` runs `jobs/export` on a thread of its own: it reads the entries in pages, and another thread (`jobs/halves`)
//! writes them to a temporary file in the format that was chosen ([`formats`]), which replaces the target when it is complete.
//! Progress and the end come back as updates; `app/jobs` says how it ended. An import is read and checked on one thread and
//! written beside the history by another one; then the writer copies all of it in one transaction.
//!
//! # One run
//!
//! `testcard run` reads its list twice: `cli/run` for errors, the preview and the list's keyed hash, `jobs/run` to write
//! every row down, masked. Then some dozens of rows are on their way at once, within the pace of `jobs/pace`, which a
//! refresh in the same process shares. A row's calls go through [`backend`] like all others, so its entry is an ordinary
//! one; the store notes the entry in the row in the same transaction. A call to the real API is attempted again where the
//! answer says nothing of the card, and written down once, under an idempotency key that is derived from run, row and step.
//! [`domain::run::verdict`] follows the row from call to call. Whoever resumes a run takes what was answered from the
//! history and asks for the rest under the same keys; of what may not be kept, the list has to be given again.
//!
//! In the window, `ui/dialogs/runs` works a preview out beside the frames and pushes a `JobRequest::MakeRun`.
//! `worker/run_calls` does what `cli/run` does, on a thread of its own, and tells ten times a second at most how far it is;
//! `worker/run_views` reads the kept runs for the dialog. Entries of the history become a list by
//! [`domain::run::entry_rows`], which leaves out by name what is not kept whole. A run that is made again (`jobs/run_again`) is written down from
//! the rows that are kept of the earlier one. Which rows the account at the real API will refuse, its answers to earlier
//! calls of the profile tell (`jobs/account_answers`).
//!
//! # One call of an SDK
//!
//! `server/connections` accepts it, and `server/call` takes it through: `server/admission` checks the host and the page
//! that it comes from, if any (`server/cors` tells a named one that it may), [`backend::admit`] checks the key before
//! the body is read (for a key that Stripe.js sends as a parameter, after the first 64 KB), `server/intake` reads the
//! body within the memory that all calls share, `server/http` converts it, and `server/faults` may let it fail on
//! purpose. [`backend::BackendTargets::serve`] puts it into the same queue as the window's calls, and the response
//! leaves after the commit. [`domain::call::usage`] decides from a call and its response whether a token is used up,
//! whoever sent it. Calls that neither created nor changed an entry are dropped when the request log is full, oldest
//! first (`store/log_bound`).
//!
//! # Rules of the ledger
//!
//! One writer orders all calls, so a token is used once however many calls race for it; `BEGIN IMMEDIATE` makes that
//! hold between processes. A request with a known idempotency key waits for the first one and gets its response, if
//! that one was carried out: to an object, a decline, or a refusal for what the objects are by then; with other
//! parameters it is an idempotency error; 409 comes only from a fault that holds a call. The record of a key is part of
//! its exchange (`store/key_index` tells which one it is) and is kept for a day, or for a million calls. A new token is
//! kept as the exchange that made it: the answer is the token, and the number in its id leads there
//! (`store/numbered_ids`). The number in the id of most other objects leads to its row; rows are written when the call is
//! answered, each once. A reset drops objects and keys of a world and puts its clock right, never the history; ids
//! continue, and what the calls before it left is void. What follows a call later, such as a refund that settles or a
//! dispute that nobody answers, is a row beside the objects (`store/due_effects`); it is carried out before the next call of
//! its world is answered, when the clock is set, and by the thread `webhooks`, always once and as of its own time: some
//! hundred in a transaction, after which the same job goes on in the next one. One that fails is given up. A world's clock
//! is an offset to the machine's (`store/worlds`): objects, expiry and the day of a key go by it, the history does not.
//! Deleting an entry hides it in the history and never touches the ledger; the entry is removed for good at a program start,
//! an hour later or more, after its token was given a row of its own.
//!
//! # A disk that fails
//!
//! A commit fails, for the whole group, if the path no longer leads to the file that was opened (`store/anchor`).
//! Reading goes on past damage and says what is missing ([`store::HistoryDamage`]): a page that cannot be read hides
//! only its own rows (`store/sound`). Nothing writes to a database whose write-ahead log is damaged or missing;
//! [`store::salvage()`] works on a private copy and writes to a new folder. A history that cannot be written is read in
//! place or from a private copy (`store/copy`). A backup is made before each migration.
//!
//! # An event on its way
//!
//! A handler of the minter says what happened (`minter/happened`); the event is a row beside the object, in the same
//! transaction, and points to it until the object changes. While a server runs, a thread of [`webhooks`] reads the
//! events behind the cursor of each endpoint (`store/outbox`), sends them in order for each object, and writes down in
//! slices what came of it: after a crash what was sent last is sent again. An event that was not taken, or waits, has a
//! row with its next attempt, what is still to go wrong with it, and why it was refused
//! ([`domain::history::delivery_refusal`]). An endpoint that a person named is forgotten some time after the last
//! process that served it. The secret of an endpoint follows from the folder's secret and the endpoint's id
//! ([`domain::call::webhook_signature`]) and is kept nowhere. Nothing leaves this machine but to an origin that a
//! person named ([`domain::settings::receiver`]).
//!
//! # What became of a token
//!
//! The timeline shows a token's life ([`domain::history::token_life`]): the objects that were made of it, the calls about
//! them and the events that tell of them. No index leads from an object to its calls, so `store/reader/life` goes through
//! the calls behind the first one that used the token, as far as a bound, and reads those whose text names an id that is
//! followed; how the objects stand by now, it asks the ledger. While the timeline is shown, `worker/lookups` reads the life
//! again after commits and tells it where it is another one. `ui/inspector/timeline` makes rows and lines of it once for
//! each revision and draws those in view. What the payer of an intent does and an event that is sent again are jobs.
//!
//! # What was expected
//!
//! A built-in preset ([`domain::presets::catalog`]) or one of the user's own ([`domain::presets::library`]) comes with
//! an expected outcome. [`domain::rules::expectation`] compares it in the commit that writes the token's creation or a
//! call that uses the token up, so the history shows where a card differs, whoever charged it.
//!
//! # Safety
//!
//! [`domain::key::ApiKey`] cannot hold a live key. A key is read for the `Authorization` header, for the keyring and to
//! tell whose it is ([`domain::call::account`]), is printed nowhere, and is sent over https or to this machine only. Secrets are held in [`domain::secret::SecretText`],
//! which is read through `expose` and `expose_mut` only. [`domain::mask`] finds possible card numbers, security codes
//! and keys, by their form or by the name beside them; [`domain::call::redaction`] applies it to a request and its
//! response, together with what that request made secret.
//!
//! The minter's responses are redacted before they are sent, so the body that was sent is the body that is recorded,
//! shown and replayed (a long list is recorded cut). In responses of the real API, what must not be kept is replaced,
//! and the places are marked; every other byte stays. How much is left of a parameter is stored beside it
//! ([`domain::mask::Kept`]), never guessed from its text; everything that sends a recorded call again reads that mark
//! ([`domain::call::again::StandIn`]).
//!
//! Ids, filters, accounts and idempotency keys are looked up by exactly what was sent. If one holds a secret, its keyed
//! hash is stored ([`domain::mask::keyed_hash::IdentityKey`]), the same in every process and after a restart, and `•••`
//! is shown. Snippets are written from the masked request. Presets and the draft hold only values that masking leaves
//! unchanged, and no security code.
//!
//! # Tests
//!
//! `tests/it` has one file per subject, in one binary: `cargo test --test it form::`. Unit tests stand beside the code.
//! `tests/sdk`, `tests/browser`, `tests/window` and `tests/trust` run a built program: Stripe's SDKs and a page in a
//! browser against the server, the real window by keyboard, and attacks such as `kill -9` and full disks. `.ci/run`
//! runs everything.
//!
//! # Deliberately absent
//!
//! No typed Stripe SDK: a response is kept as it came, unknown fields too, and a request can be wrong. No lock that a
//! frame waits for. No blocking dialog. No telemetry. Of Stripe's API the minter plays card tokens, charges, refunds,
//! customers with their cards, payment methods of cards, payment intents and setup intents, disputes, early fraud warnings,
//! balance transactions, the account with its balance, and the events of them; what it does not play is refused by name, and
//! nothing answers success by default.

// A charge is one `json!` of more than forty fields.
#![recursion_limit = "256"]

pub mod app;
pub mod backend;
pub mod cli;
pub mod diff;
pub mod domain;
pub mod files;
pub mod formats;
pub mod jobs;
pub mod keys;
pub mod messages;
pub mod minter;
pub mod model;
pub mod parity;
pub mod reports;
pub mod server;
pub mod settings;
pub mod snippets;
pub mod store;
pub mod stripe;
pub mod ui;
pub mod webhooks;
pub mod worker;
