//! All that the window and the background share: plain data, comparable and printable, without closures.

mod jobs;
mod run_orders;
mod runs;
mod webhooks;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

// All of it: a new kind of job needs no line here.
pub use self::{jobs::*, run_orders::*, runs::*, webhooks::*};

use jiff::Timestamp;

use crate::domain::{
    call::api::{ApiExchange, Target},
    fault::FaultRule,
    form::kept_draft::KeptForm,
    history::{
        edit::{EntryEdit, LastDeletion},
        entry::{EntryDetail, EntryId, HistoryEntry, StatusCounts},
        filter::HistoryFilter,
        listing::EntryListing,
        request_filter::{RequestCounts, RequestFilter},
        request_log::{ExchangeId, RequestRow},
        token_life::TokenLife,
    },
    key::KeyKind,
    presets::library::PresetLibrary,
    rules::policies::AccountPolicies,
    run::record::{RunId, RunRecord},
    secret::SecretText,
    settings::{
        file_format::{CopyForm, ExportForm},
        layout::WindowLayout,
        origin::PageOrigin,
        preferences::{Settings, ThemeChoice},
        profile::ProfileId,
        receiver::ReceiverUrl,
        retention::RetentionSettings,
    },
};

/// How many lines of the request log the window shows at most, the newest. Equal calls in a row are one line.
pub const SHOWN_REQUESTS: usize = 300;
/// How many calls these lines stand for at most.
pub const MOST_REQUEST_ROWS: usize = 2000;

/// The newest calls that pass the filter of the request log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPage {
    /// The number that the filter was asked with.
    pub generation: u64,
    /// Newest first.
    pub rows: Vec<RequestRow>,
    /// Whether there are older calls that pass.
    pub has_more: bool,
    pub counts: RequestCounts,
    /// The entries of calls that came since the last page, whether these pass or not.
    pub news: Vec<EntryId>,
}

/// A deletion that was undone.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoredDeletion {
    pub ids: Vec<EntryId>,
    pub deleted: Timestamp,
    /// How many came back; or why none did.
    pub outcome: Result<u64, String>,
}

/// Two entries to be compared, the first and the second; shared with the thread that compares them.
pub type EntryPair = Arc<(EntryDetail, EntryDetail)>;

/// What came of a comparison that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedEntries {
    /// The first and the second, as they were asked for.
    pub ids: (EntryId, EntryId),
    /// Both of them; or in a sentence why they cannot be compared.
    pub pair: Result<EntryPair, String>,
}

/// What the window asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// Start a job: what comes of it is told by [`WorkerUpdate::Finished`] with the same number.
    Run { job: JobId, request: JobRequest },
    /// Stop a job. A commit on this machine cannot be stopped; a call on its way gives an unknown outcome.
    Cancel { job: JobId },
    /// Change entries as the user wants it.
    Edit(EntryEdit),
    /// Restore what was deleted last, in whichever window and before a restart too.
    RestoreLast,
    /// Show the entries that pass this filter. Answers carry the generation, so that late ones are told apart; the same
    /// one again asks for the list anew, which may take a moment so that much news costs little.
    SetFilter { generation: u64, filter: HistoryFilter },
    /// Show the calls of the request log that pass this filter. The answer carries the generation.
    SetRequestFilter { generation: u64, filter: RequestFilter },
    /// Load the rows in view.
    LoadRows { ids: Vec<EntryId> },
    /// Load everything about an entry.
    LoadDetail { id: EntryId },
    /// Load everything about two entries, to be compared.
    LoadPair { first: EntryId, second: EntryId },
    /// Give these entries as a text, in their order.
    Copy { ids: Vec<EntryId>, form: CopyForm },
    /// Load a call of the request log with its answer.
    LoadExchange { id: ExchangeId },
    /// Tell what became of the token of this entry, and again whenever that changes; of none any more.
    WatchLife { id: Option<EntryId> },
    /// List the runs that are kept, and tell what is known of the accounts that a new one may be made at.
    LoadRuns,
    /// Load a run with all that is shown of it, compared with a run of the same list: the one before it where none is named.
    LoadRun { id: RunId, against: Option<RunId> },
    /// Give a run another name.
    RenameRun { id: RunId, name: String },
    /// Forget a run; its entries stay.
    DeleteRun { id: RunId },
    /// Hold back the run that a job makes, or let it go on.
    PauseRun { job: JobId, is_paused: bool },
    /// Tell the webhook endpoints, now and whenever something of them changes; or not any more.
    WatchWebhooks { is_watched: bool },
    /// Tell the secret that the events of this endpoint are signed with.
    TellSecret { endpoint: String },
    /// Serve the minter on this port of 127.0.0.1, or stop serving.
    Serve { port: Option<u16> },
    /// Let the server go wrong on purpose, by these rules; none lets it work.
    SetFaults { rules: Vec<FaultRule> },
    /// Drop the minter's objects and what it remembers of idempotency keys; the history stays.
    ResetMinter,
    /// Keep how the window is left.
    SaveLayout(WindowLayout),
    /// Change a setting, keep it and use it from now on.
    EditSettings(SettingsEdit),
    /// Keep these presets, which were changed from what was known before.
    SaveLibrary { before: PresetLibrary, library: PresetLibrary },
    /// Keep what is in the form for the next start.
    SaveForm(Box<KeptForm>),
    /// Tell how the key of this profile stands.
    LookAtKey(ProfileId),
    /// Forget the key of this profile, in the keyring too.
    ForgetKey(ProfileId),
}

/// A change of one setting that the window makes outside of its settings dialog. The background applies it to the
/// settings as it has them, so that a change cannot undo what the dialog saved a moment before.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsEdit {
    /// Let the profile in use be answered by this target.
    Target(Target),
    /// Use another profile.
    Profile(ProfileId),
    Theme(ThemeChoice),
    /// 1.0 is the size as designed.
    Zoom(f32),
    /// Serve on this port, or nowhere; the port stays then.
    Serve(Option<u16>),
    /// Let pages of these origins call the server.
    Origins(Vec<PageOrigin>),
    /// Let webhook endpoints be at these origins besides this machine.
    WebhookOrigins(Vec<PageOrigin>),
    /// Send all events there.
    ForwardTo(Vec<ReceiverUrl>),
    /// Offer this form of an export the next time.
    Export(ExportForm),
    /// Keep so much of the history.
    Retention(RetentionSettings),
}

impl SettingsEdit {
    pub fn apply(&self, settings: &mut Settings) {
        match self {
            Self::Target(target) => settings.profiles.active_mut().target = *target,
            Self::Profile(id) => settings.profiles.activate(*id),
            Self::Theme(theme) => settings.window.theme = *theme,
            Self::Zoom(zoom) => settings.window.zoom = *zoom,
            Self::Serve(port) => {
                settings.server.serves = port.is_some();
                settings.server.port = port.unwrap_or(settings.server.port);
            }
            Self::Origins(origins) => settings.server.origins.clone_from(origins),
            Self::WebhookOrigins(origins) => settings.server.webhook_origins.clone_from(origins),
            Self::ForwardTo(urls) => settings.server.forward_to.clone_from(urls),
            Self::Export(form) => settings.export.clone_from(form),
            Self::Retention(retention) => settings.retention.clone_from(retention),
        }
    }
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

/// What can fail for a while and work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleSubject {
    /// The settings are kept.
    Settings,
    /// The presets are kept.
    Presets,
    /// What is in the form is kept.
    Draft,
    /// The history is read.
    History,
}

/// What the background tells.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerUpdate {
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
    /// The entries that pass the filter, in its order, and the first rows; all of them, or the first that were found.
    History {
        generation: u64,
        list: EntryListing,
        rows: Vec<HistoryEntry>,
        counts: StatusCounts,
        is_whole: bool,
    },
    /// The next entries of the list of this generation.
    MoreHistory {
        generation: u64,
        ids: Vec<EntryId>,
        rows: Vec<HistoryEntry>,
        is_whole: bool,
    },
    Rows(Vec<HistoryEntry>),
    /// New and changed entries, by this window or by another process, and whether each passes the filter of this
    /// generation.
    Changed {
        generation: u64,
        entries: Vec<(HistoryEntry, bool)>,
        /// Those that are deleted now.
        deleted: Vec<EntryId>,
        counts: StatusCounts,
    },
    /// An edit is on disk, done to so many entries; or why not.
    Edited {
        edit: EntryEdit,
        outcome: Result<u64, String>,
    },
    /// What was deleted last came back: its entries, when they were deleted, and how many they are; or why not. `None`
    /// where nothing is deleted that could come back.
    Restored(Option<RestoredDeletion>),
    /// What would be undone next; `None` where there is nothing.
    Deletion(Option<LastDeletion>),
    Detail(Box<EntryDetail>),
    Compared(ComparedEntries),
    /// Entries as a text for the clipboard; or why there is none.
    Copied {
        form: CopyForm,
        text: Result<String, String>,
    },
    Requests(RequestPage),
    Exchange {
        id: ExchangeId,
        exchange: Box<ApiExchange>,
    },
    /// What became of the token that is watched.
    Life(Box<TokenLife>),
    Server(ServerInfo),
    /// The webhook endpoints, those of the settings first.
    Webhooks(Vec<ListedEndpoint>),
    /// The secret of an endpoint, for whoever asked to see it.
    Secret {
        endpoint: String,
        secret: SecretText,
    },
    /// The minter was reset: it had so many objects.
    MinterReset {
        objects: u64,
    },
    /// The entry that a job's call is waiting in.
    Begun {
        job: JobId,
        entry: EntryId,
    },
    /// The runs that are kept, newest first.
    Runs(Vec<RunRecord>),
    /// The policies of the accounts at the real API, as far as their answers to each profile say.
    KnownPolicies(BTreeMap<ProfileId, AccountPolicies>),
    Run(Box<ShownRun>),
    /// How far a run of this window is, ten times a second at most.
    Running(RunningRun),
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
    /// Something does not work until it is mended: why it does not, or `None` when it does again.
    Trouble {
        about: TroubleSubject,
        message: Option<String>,
    },
    /// Something went wrong that no job stands for.
    Problem {
        message: String,
    },
    /// Something that the user should know although nothing went wrong: another window changed what this one keeps.
    Hint {
        message: String,
    },
}
