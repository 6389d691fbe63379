//! All that the window and the background share: plain data, comparable and printable, without closures.

use std::{path::PathBuf, sync::Arc};

use crate::domain::{
    call::{
        api::{Exchange, Target},
        refusal::Refusal,
        token_calls::{TokenCall, TokenRequest},
    },
    fault::Rule,
    form::kept_draft::KeptForm,
    history::{
        edit::Edit,
        entry::{Counts, Entry, EntryDetail, EntryId},
        filter::HistoryFilter,
        listing::Listing,
        request_log::{ExchangeId, RequestRow},
    },
    key::{ApiKey, KeyKind},
    presets::library::Library,
    rules::expectation::{Expectation, Judgement},
    settings::{
        key_check::KeyCheck, layout::Layout, preferences::Settings, profile::ProfileId, stripe::StripeSettings,
    },
};

/// A piece of work that the window started and can cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// How many calls of the request log the window shows at most, the newest.
pub const SHOWN_REQUESTS: usize = 300;

/// Two entries to be compared, the first and the second; shared with the thread that compares them.
pub type Pair = Arc<(EntryDetail, EntryDetail)>;

/// What the window asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a token.
    CreateToken { job: JobId, request: TokenRequest, target: Target, expects: Option<Expectation> },
    /// Send the call of an entry of unknown outcome again, with the same key.
    AskAgain { job: JobId, entry: EntryId },
    /// Fetch the token of an entry to see whether it was used, with the profile that it was made with.
    Retrieve { job: JobId, entry: EntryId, token: String, target: Target, profile: Option<ProfileId> },
    /// Use a token up, with the profile that it was made with.
    UseToken { job: JobId, call: TokenCall, target: Target, profile: Option<ProfileId> },
    /// Fetch tokens of entries to see whether they were used, within the rate that their target allows. Those of another
    /// profile than the one in use are left out.
    Refresh { job: JobId, which: Refreshed },
    /// Stop a job. A commit on this machine cannot be stopped; a call on its way gives an unknown outcome.
    Cancel { job: JobId },
    /// Change entries as the user wants it.
    Edit(Edit),
    /// Show the entries that pass this filter. Answers carry the generation, so that late ones are told apart; the same
    /// one again asks for the list anew, which may take a moment so that much news costs little.
    SetFilter { generation: u64, filter: HistoryFilter },
    /// Load the rows in view.
    LoadRows { ids: Vec<EntryId> },
    /// Load everything about an entry.
    LoadDetail { id: EntryId },
    /// Load everything about two entries, to be compared.
    LoadPair { first: EntryId, second: EntryId },
    /// Load a call of the request log with its answer.
    LoadExchange { id: ExchangeId },
    /// Serve the minter on this port of 127.0.0.1, or stop serving.
    Serve { port: Option<u16> },
    /// Let the server go wrong on purpose, by these rules; none lets it work.
    SetFaults { rules: Vec<Rule> },
    /// Drop the minter's objects and what it remembers of idempotency keys; the history stays.
    ResetMinter,
    /// Write entries to a file, newest first.
    Export { job: JobId, path: PathBuf, filter: HistoryFilter, overwrite: bool },
    /// Keep how the window is left.
    SaveLayout(Layout),
    /// Keep these settings and use them from now on.
    SaveSettings(Settings),
    /// Keep these presets, which were changed from what was known before.
    SaveLibrary { before: Library, library: Library },
    /// Keep what is in the form for the next start.
    SaveForm(Box<KeptForm>),
    /// Find out whether these files can be used as the extra CA certificates of these profiles.
    CheckCertificates { job: JobId, files: Vec<(ProfileId, String)> },
    /// Use this key for a profile from now on.
    SetKey { profile: ProfileId, key: ApiKey },
    /// Tell how the key of this profile stands.
    LookAtKey(ProfileId),
    /// Forget the key of this profile, in the keyring too.
    ForgetKey(ProfileId),
    /// Find out whether a key works at this place; without one, that of the profile.
    CheckKey { job: JobId, profile: ProfileId, settings: Box<StripeSettings>, key: Option<ApiKey> },
}

/// The entries that a refresh asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    These(Vec<EntryId>),
    /// Every token of the target that is unused as far as known.
    AllUnused(Target),
}

/// Where the key of a profile is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyOrigin {
    /// There is no key.
    #[default]
    Missing,
    /// `STRIPE_SECRET_KEY`; never stored.
    Environment,
    /// The system's keyring.
    Keyring,
    /// Typed in, and gone when the program ends: this system has no keyring.
    Session,
}

/// What may be known of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyInfo {
    pub origin: KeyOrigin,
    pub kind: Option<KeyKind>,
    /// Whether a key that is entered now would be there the next time.
    pub is_remembered: bool,
    /// Why a key that was offered is not used.
    pub problem: Option<String>,
}

/// The loopback server as far as the window knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerInfo {
    #[default]
    Off,
    /// At this address, `127.0.0.1:12111`, with the token that guards its own routes.
    On { address: String, control_token: String },
    /// It could not start, and why; and the next port that is free where this one is taken.
    Failed { message: String, next_free: Option<u16> },
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobOutcome {
    /// A token creation was answered, or failed: the entry tells.
    Created {
        entry: Box<Entry>,
        /// Whether there was an answer at all.
        is_answered: bool,
        /// Of an error: the parameter at fault, the words, and the refusal by account with the ready token of the
        /// same card that gets around it.
        param: Option<String>,
        message: Option<String>,
        refusal: Option<(Refusal, Option<String>)>,
    },
    /// A token was fetched; the entry as it stands now.
    Retrieved { entry: Option<Entry>, message: Option<String> },
    /// A call that uses a token up was answered: by this object, or with these words.
    TokenUsed {
        made: Option<String>,
        message: Option<String>,
        refusal: Option<Refusal>,
        /// How its entry now stands to what was expected of it.
        judgement: Option<Judgement>,
    },
    /// A refresh came to its end, or was stopped before it had asked for all.
    Refreshed {
        used: u64,
        unused: u64,
        failed: u64,
        total: u64,
        /// Tokens of other profiles.
        left_out: u64,
    },
    /// So many entries were written.
    Exported { path: PathBuf, entries: u64 },
    /// All files of certificates can be used.
    CertificatesGood,
    /// The file of this profile cannot be used.
    CertificateRefused { profile: ProfileId, message: String },
    /// A key was checked.
    KeyChecked(Box<KeyCheck>),
    /// The job was stopped before its end and left nothing behind.
    Cancelled,
    /// The job failed before it could be written down.
    Failed { message: String },
}

/// What the background tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The data folder is open.
    Opened {
        folder: Option<PathBuf>,
    },
    /// The data folder cannot be used; nothing can be made or shown.
    CannotOpen {
        message: String,
    },
    /// How the key of a profile stands.
    Key {
        profile: ProfileId,
        key: KeyInfo,
    },
    /// The entries that pass the filter, in its order, and the first rows.
    History {
        generation: u64,
        list: Listing,
        rows: Vec<Entry>,
        counts: Counts,
    },
    Rows(Vec<Entry>),
    /// New and changed entries, by this window or by another process, and whether each passes the filter of this
    /// generation.
    Changed {
        generation: u64,
        entries: Vec<(Entry, bool)>,
        /// Those that are deleted now.
        deleted: Vec<EntryId>,
        counts: Counts,
    },
    /// An edit is on disk, done to so many entries; or why not.
    Edited {
        edit: Edit,
        outcome: Result<u64, String>,
    },
    Detail(Box<EntryDetail>),
    Pair(Pair),
    /// The newest calls, newest first.
    Requests(Vec<RequestRow>),
    Exchange {
        id: ExchangeId,
        exchange: Box<Exchange>,
    },
    Server(ServerInfo),
    /// The minter was reset: it had so many objects.
    MinterReset {
        objects: u64,
    },
    /// The entry that a job's call is waiting in.
    Begun {
        job: JobId,
        entry: EntryId,
    },
    /// A job went on: so many of so many.
    Progress {
        job: JobId,
        done: u64,
        total: u64,
    },
    Finished {
        job: JobId,
        outcome: JobOutcome,
    },
    /// Something went wrong that no job stands for.
    Problem {
        message: String,
    },
}
