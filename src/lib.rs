//! Testcard: a workbench for test-card tokens.
//!
//! A QA engineer makes card tokens in a window, keeps them in a history, sees what each answer said and exports them.
//! Stripe's test mode answers, or a stand-in on this machine that behaves like it. The command line and a loopback server
//! for Stripe's own SDKs are further skins over the same engine.
//!
//! # The idea
//!
//! 1. Everything done with Stripe is one value in and one value out: [`domain::call::api::ApiRequest`] to
//!    [`domain::call::api::ApiResponse`]. The pair, with its time, is an [`domain::call::api::ApiExchange`]; the history is a list of
//!    them. An answer of any status is a success; only a call without an answer fails.
//! 2. Two things can answer: the [`minter`] in this program and the real API ([`stripe`]). [`backend`] is the one
//!    place that knows there are two.
//! 3. The rules of a card are written once, in [`domain::rules::prediction`]: the form predicts with them, the minter answers with
//!    them. A prediction advises and never blocks, for half of the work is to send wrong requests on purpose.
//! 4. The window knows what the last [`messages::WorkerUpdate`] told it, and changes the world by [`messages::WorkerCommand`]s to
//!    the [`worker`], which alone owns the disk and the network. No frame waits, queries or sorts: a list comes in the
//!    order that the store gave, with an index by id ([`domain::history::listing`]), and only the rows in view are drawn.
//! 5. What was acknowledged is on disk: a token, the exchange that made it and the minter's state are one SQLite
//!    transaction ([`store`]), committed before anybody is told.
//!
//! # What is where
//!
//! | module | what it is for | uses |
//! | --- | --- | --- |
//! | [`domain`] | nouns and rules, pure; its wings are below | |
//! | [`snippets`] | a call as source text, a file per language | domain |
//! | [`diff`] | two calls beside each other: what differs, and what differs in every call | domain |
//! | [`messages`] | commands and updates between window and background, plain data | domain |
//! | [`model`] | what the window knows; `apply` is the only way to change it | domain, messages |
//! | [`minter`] | Stripe's test mode as a pure state machine over a `Ledger` | domain |
//! | [`files`] | files on disk: for their owner only, ordinary and bounded, replaced in one step, nothing left behind | |
//! | [`store`] | history and ledger in SQLite, redacted before it is written, one writer with group commit | domain, minter, files |
//! | [`stripe`] | the real API over HTTPS, its answers untouched | domain, files |
//! | [`keys`] | API keys, one a profile: environment, system keyring, session | domain |
//! | [`settings`] | the folders and the files of a person's own: settings, presets, draft, the window's place | domain, files |
//! | [`backend`] | the two targets behind one call, journalled before they are made | domain, minter, store, stripe |
//! | [`server`] | loopback HTTP: bytes to a call to bytes, connections and memory in bounds, faults on demand | domain, backend |
//! | [`jobs`] | long work with progress and cancel | domain, backend, store, files |
//! | [`worker`] | the background: its handle, its loop, its jobs, the threads that read the history | domain, messages, store, backend, server, jobs, keys, settings, files |
//! | [`cli`] | the commands | domain, backend, store, server, jobs, keys, settings, snippets, files |
//! | [`ui`] | views, widgets, theme; they push [`ui::Action`]s and change only their own state | domain, messages, model, snippets, diff |
//! | [`app`] | ties the background to the views and carries actions out | domain, messages, model, worker, ui |
//! | `main` | chooses window or command line; reads the clock and the environment | domain, settings, worker, cli, app |
//!
//! `main` alone reads the clock and the environment, and hands both on. `tests/it/layers.rs` reads this table and the next
//! one, and fails when a module uses what its row does not list, and when two files import each other.
//!
//! # The wings of the domain
//!
//! From the ground up: a wing uses only the wings above its row.
//!
//! | wing | what it holds |
//! | --- | --- |
//! | `secret`, `key`, `clock`, `fault`, `json_spans`, `foreign`, `words` | leaves: texts that are wiped from memory, API keys, the time as it is handed in, faults on purpose, where each value of a JSON text stands, text from outside made safe to show, enums that stand for words |
//! | [`domain::card`] | a card and what can be read from it: number, brand, expiry, networks, currencies, how it is typed, the published test cards |
//! | [`domain::mask`] | what may not be written down, and what stands in its place |
//! | [`domain::call`] | one request in, one answer out: parameters, errors, tokens, what used a token up, what of a call is kept, how it is made again |
//! | [`domain::rules`] | what Stripe will say: the checks of a token request, an account's policies, what a card should do |
//! | [`domain::form`] | the form as typed: its draft, the state of its fields, defaults, what of it may be kept |
//! | [`domain::presets`] | what can be asked for by its outcome, and the search for it |
//! | [`domain::settings`] | what a person sets: preferences, profiles, the way to the real API, the window's layout |
//! | [`domain::history`] | the lines of the history: entries, filters, lists, edits, the request log |
//!
//! # One press of Create
//!
//! `ui/form` pushes an action; `app/jobs` starts it as a job, `JobRequest::CreateToken`; `worker/jobs` makes it a task, and
//! `worker/call` asks `backend`. For the local target, `store` runs `minter::handle` on its writer's thread and commits
//! object, exchange and entry together. For Stripe, `store` journals the masked call, `stripe` sends it, `store` completes
//! it. `worker/history` sees the commit, tells what changed and wakes the window once; `Model::apply` takes it over;
//! `ui/history` and `ui/inspector` show it. Another process's commit takes the same way from `worker/history` on.
//!
//! # One call of an SDK
//!
//! `server/connections` accepts it; `server/admission` looks at whom it is for and where it comes from, and
//! [`backend::admit`] at its key, before a byte of its body is read. `server/intake` reads the body within the memory that
//! all calls have together, `server/http` makes it an `ApiRequest`, `server/faults` may let it go wrong on purpose.
//! [`backend::BackendTargets::serve`] hands it to the store, where it joins the same line: minter, objects, exchange and entry in
//! one commit with all other calls that wait, and only then the answer. A token turns used in the history by
//! [`domain::call::usage`], which reads it off the call and its answer, whoever made the call. Of calls that are no entry's, the
//! newest are kept (`store/log_bound`).
//!
//! # Rules of the ledger
//!
//! One writer orders all calls, so a token is used once however many race for it; `BEGIN IMMEDIATE` makes that hold over
//! processes. A duplicate waits for the first call with its idempotency key and gets that one's answer; 409 comes only
//! from a fault that holds a call. What was carried out is remembered for a day by a reference to its exchange. A reset
//! drops objects and keys, never the history; ids go on where they were. Deleting an entry hides it everywhere and never
//! touches the ledger; it is dropped for good an hour later at the earliest, at a start.
//!
//! # A disk that fails
//!
//! What was acknowledged is where its path leads: a group of calls whose file was moved, deleted or replaced fails as a
//! whole (`store/anchor`). Reading goes on past damage and tells what is missing (`store/reader`, [`store::HistoryDamage`]): a
//! page that cannot be read hides its own rows only (`store/sound`). Nothing writes to a database whose write-ahead log
//! is damaged or whose file is gone beside it; [`store::salvage()`] works on a private copy and writes to a new folder.
//! What cannot be written is looked at as it lies, or from such a copy (`store/copy`). A migration follows a backup.
//!
//! # What was expected
//!
//! A preset ([`domain::presets::catalog`]) is a draft with what should come of it. [`domain::rules::expectation`] holds every call about a
//! token against that, in the commit that writes the call, so the history tells where a card differs whoever charged it.
//!
//! # Safety
//!
//! Live keys have no type to be held in. [`domain::mask`] knows what may not be written down by what it is: the number of
//! a card that somebody could have, a security code, a key. [`domain::call::redaction`] applies it to a call and its answer,
//! with what the call itself made secret; secrets live in [`domain::secret::SecretText`], whose one way out is `expose`.
//!
//! *Answered is kept*: the minter reads free text as it may be kept ([`minter`]'s `CallFields::text`), and its answer is
//! redacted before it is sent, so the bytes that leave are the bytes that are kept, shown again and replayed. Of the real
//! API's answers the places that may not be kept are replaced, counted and told; every other byte stays. How much of each
//! parameter is kept is a mark beside it ([`domain::mask::Kept`]), never read off its looks.
//!
//! *Identity is whole*: ids, filters, accounts and idempotency keys are looked up as they were sent. Where one may not be
//! written down, a hash under the folder's secret stands for it ([`domain::mask::keyed_hash::IdentityKey`]), in every process
//! and after a restart, and it is shown as `•••` altogether.
//!
//! A key goes over https, or to this machine. A snippet is written from the masked call, so it cannot hold what
//! was not kept; presets and the draft keep what masking leaves whole, and no code.
//!
//! # Deliberately absent
//!
//! No typed Stripe SDK: a response is kept as it came, unknown fields too, and a request can be wrong. No shared
//! mutable state between frame and threads. No blocking dialog. No telemetry. Of Stripe's API the minter plays card
//! tokens, charges, refunds, customers with their cards, and payment methods of tokens; payment intents, events and
//! webhooks are refused by name, and nothing answers success by default.

// A charge is one `json!` of more than forty fields.
#![recursion_limit = "256"]

pub mod app;
pub mod backend;
pub mod cli;
pub mod diff;
pub mod domain;
pub mod files;
pub mod jobs;
pub mod keys;
pub mod messages;
pub mod minter;
pub mod model;
pub mod server;
pub mod settings;
pub mod snippets;
pub mod store;
pub mod stripe;
pub mod ui;
pub mod worker;
