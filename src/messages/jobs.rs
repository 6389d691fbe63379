//! Jobs: work of the background with an end that is told. What a job is asked for, and what comes of each kind of it.

use std::path::PathBuf;

use super::run_orders::{ReportOrder, RunOrder};
use crate::domain::{
    call::{
        api::Target,
        intent_calls::AuthenticationResult,
        refusal::AccountRefusal,
        token_calls::{TokenCall, TokenRequest},
    },
    evidence::EvidenceSubject,
    handed::HandedContent,
    history::{
        entry::{EntryId, HistoryEntry},
        filter::HistoryFilter,
        import_report::ImportReport,
        removal::{RemovalOrder, RemovalPreview, RemovalReport},
    },
    key::ApiKey,
    rules::expectation::{Expectation, Judgement},
    run::{entry_rows::EntryRows, record::RunRecord},
    secret::SecretText,
    settings::{
        file_format::{EvidenceFormat, ExportForm, FileFormat},
        key_check::KeyCheck,
        preferences::Settings,
        profile::ProfileId,
        stripe::StripeSettings,
    },
};

/// A job that the window started and can cancel. The window numbers its jobs itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What a job is to do. Its end is told by the variant of [`JobOutcome`] with the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum JobRequest {
    /// Make a token.
    CreateToken { request: TokenRequest, target: Target, expects: Option<Expectation> },
    /// Send the call of an entry of unknown outcome again, with the same idempotency key.
    AskAgain { entry: EntryId },
    /// Fetch the token of an entry to see whether it was used, with the profile that it was made with.
    Retrieve { entry: EntryId, token: String, target: Target, profile: Option<ProfileId> },
    /// Use a token up, with the profile that it was made with.
    UseToken { call: TokenCall, target: Target, profile: Option<ProfileId> },
    /// Say what the payer of an intent of the local minter does at the bank's page. `account` is the connected account that
    /// the intent is of.
    Authenticate { intent: String, result: AuthenticationResult, account: Option<String> },
    /// Send an event once more to all webhook endpoints that it is for.
    ResendEvent { event: String },
    /// Fetch tokens of entries to see whether they were used, within the rate that their target allows. Tokens of
    /// another profile than the one in use are left out.
    Refresh(RefreshScope),
    /// Find out what a file or a text is, and what can be done with it.
    Look(HandedSubject),
    /// Take in the entries of an export in this format.
    Import { path: PathBuf, format: FileFormat },
    /// Write entries to a file, newest first.
    Export { path: PathBuf, filter: HistoryFilter, form: ExportForm, overwrite: bool },
    /// Count what would go from the history for good.
    PreviewRemoval(RemovalOrder),
    /// Remove what an order does not keep, and give the disk its space back where that is wanted.
    Keep { order: RemovalOrder, compacts: bool },
    /// Write evidence to a file.
    SaveEvidence(EvidenceOrder),
    /// Read what these entries sent, as the list of a new run.
    GatherRows(Vec<EntryId>),
    /// Make the calls of a run.
    MakeRun(Box<RunOrder>),
    /// Write a report of a run to a file.
    ReportRun(ReportOrder),
    /// Check, keep and use these settings with these new keys: all of them or, where a file that they name is not good,
    /// none.
    SaveSettings { settings: Box<Settings>, keys: Vec<(ProfileId, ApiKey)> },
    /// Find out whether a key works with these settings; without a key, that of the profile.
    CheckKey { profile: ProfileId, settings: Box<StripeSettings>, key: Option<ApiKey> },
}

impl JobRequest {
    /// The outcome of this job where it could not be done at all.
    pub fn failed(&self, message: String) -> JobOutcome {
        match self {
            Self::CreateToken { .. } => JobOutcome::CreateToken(Err(message)),
            Self::AskAgain { .. } => JobOutcome::AskAgain(Err(message)),
            Self::Retrieve { entry, .. } => JobOutcome::Retrieve(*entry, Err(message)),
            Self::UseToken { .. } => JobOutcome::UseToken(Err(message)),
            Self::Authenticate { .. } => JobOutcome::Authenticate(Err(message)),
            Self::ResendEvent { .. } => JobOutcome::ResendEvent(Err(message)),
            Self::Refresh(_) => JobOutcome::Refresh(Err(message)),
            Self::Look(_) => JobOutcome::Look(Err(JobFailure::Failed(message))),
            Self::Import { .. } => JobOutcome::Import(Err(JobFailure::Failed(message))),
            Self::Export { .. } => JobOutcome::Export(Err(ExportFailure::Failed(message))),
            Self::PreviewRemoval(_) => JobOutcome::PreviewRemoval(Err(message)),
            Self::Keep { .. } => JobOutcome::Keep(Err(message)),
            Self::SaveEvidence(_) => JobOutcome::SaveEvidence(Err(ExportFailure::Failed(message))),
            Self::GatherRows(_) => JobOutcome::GatherRows(Err(JobFailure::Failed(message))),
            Self::MakeRun(_) => JobOutcome::MakeRun(Err(message)),
            Self::ReportRun(_) => JobOutcome::ReportRun(Err(ExportFailure::Failed(message))),
            Self::SaveSettings { .. } => JobOutcome::SaveSettings(Err(SettingsFault::Other(message))),
            Self::CheckKey { profile, .. } => JobOutcome::CheckKey(*profile, Err(JobFailure::Failed(message))),
        }
    }
}

/// Evidence that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceOrder {
    pub subject: EvidenceSubject,
    pub format: EvidenceFormat,
    pub path: PathBuf,
    pub overwrite: bool,
}

/// What a person hands to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedSubject {
    /// A path is data, whatever stands in it.
    File(PathBuf),
    /// It may hold card numbers and codes.
    Text(SecretText),
}

/// The entries whose tokens a refresh asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshScope {
    These(Vec<EntryId>),
    /// Every token of the target that is unused as far as known.
    AllUnused(Target),
}

/// What came of a job, by its kind. Each variant carries what its end is told with, so that nobody has to remember what
/// the job was about. An error is one sentence for a person.
#[derive(Clone, Debug, PartialEq)]
pub enum JobOutcome {
    CreateToken(Result<CreatedToken, String>),
    AskAgain(Result<CreatedToken, String>),
    /// The entry that was asked about.
    Retrieve(EntryId, Result<RetrievedToken, String>),
    UseToken(Result<UsedToken, String>),
    /// The intent as it stands now.
    Authenticate(Result<AuthenticatedIntent, String>),
    ResendEvent(Result<ResentEvent, String>),
    Refresh(Result<RefreshReport, String>),
    Look(Result<HandedContent, JobFailure>),
    Import(Result<ImportedFile, JobFailure>),
    Export(Result<ExportReport, ExportFailure>),
    PreviewRemoval(Result<RemovalPreview, String>),
    Keep(Result<KeptHistory, String>),
    /// The file that was written.
    SaveEvidence(Result<PathBuf, ExportFailure>),
    GatherRows(Result<EntryRows, JobFailure>),
    /// The run as it is now: finished, or stopped.
    MakeRun(Result<Box<RunRecord>, String>),
    /// The file that was written.
    ReportRun(Result<PathBuf, ExportFailure>),
    SaveSettings(Result<SavedSettings, SettingsFault>),
    /// The profile whose key was checked.
    CheckKey(ProfileId, Result<Box<KeyCheck>, JobFailure>),
}

/// Why a job that leaves nothing behind when it is stopped gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    Cancelled,
    Failed(String),
}

/// A call that was to make a token, as it was written down: a token, an error, or no answer at all.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedToken {
    pub entry: Box<HistoryEntry>,
    /// Whether there was an answer, of any status.
    pub is_answered: bool,
    /// Of an error: the parameter that it names.
    pub param: Option<String>,
    /// Of an error: its words, or why there was no answer.
    pub message: Option<String>,
    /// Of an error: the refusal of this account, with the ready token of the same card that gets around it.
    pub refusal: Option<(AccountRefusal, Option<String>)>,
}

/// The answer to a retrieval.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrievedToken {
    /// The entry of the token as it stands now; `None` if it is not in the history any more.
    pub entry: Option<Box<HistoryEntry>>,
    /// Why nothing was learnt of the token, where that is so.
    pub message: Option<String>,
}

/// The answer to a call that uses a token up.
#[derive(Clone, Debug, PartialEq)]
pub struct UsedToken {
    /// The id of the object that used the token.
    pub made: Option<String>,
    /// Why there is none.
    pub message: Option<String>,
    pub refusal: Option<AccountRefusal>,
    /// How the entry of the token now compares with what was expected of it.
    pub judgement: Option<Judgement>,
}

/// An intent whose payer was at the bank's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedIntent {
    pub id: String,
    /// Its status, in Stripe's words.
    pub status: String,
    /// Why it was not paid.
    pub error: Option<String>,
}

/// An event that is to be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResentEvent {
    /// To so many endpoints; none asks for events of its type where this is 0.
    pub endpoints: usize,
    /// Whether another process than this one sends it now.
    pub is_sent_elsewhere: bool,
}

/// What a refresh found, or had found when it was stopped: then the counts do not add up to `total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshReport {
    pub used: u64,
    pub unused: u64,
    /// Tokens that nothing was learnt of.
    pub failed: u64,
    pub total: u64,
    /// Tokens that belong to other profiles, which `total` does not count.
    pub left_out: u64,
}

/// What went from the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptHistory {
    pub removed: RemovalReport,
    /// The size of the file before and after, in bytes, where the disk was to get its space back.
    pub bytes: Option<(u64, u64)>,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

/// Why nothing was exported: what the dialog can help with by name, all else as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportFailure {
    Cancelled,
    /// This file is there already. `message` says so where no dialog asks any more.
    Exists {
        path: PathBuf,
        message: String,
    },
    IsFolder {
        path: PathBuf,
        message: String,
    },
    Failed(String),
}

/// A file whose entries are in the history now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFile {
    pub path: PathBuf,
    pub report: ImportReport,
}

/// The file that an export wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    pub path: PathBuf,
    pub entries: u64,
}

/// The settings that are in use from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSettings {
    pub settings: Box<Settings>,
    /// Whether they are on disk as well. Where they are not, an [`super::WorkerUpdate::Problem`] has told why.
    pub is_kept: bool,
}

/// Why settings were not taken over: everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsFault {
    /// The file of certificates of this profile cannot be used.
    Certificate { profile: ProfileId, message: String },
    /// No field is at fault.
    Other(String),
}
