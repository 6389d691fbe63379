//! What a view wants done. A view changes nothing but its own state: everything else is one of these.

use super::shortcuts::Shortcut;
use crate::{
    domain::{
        call::api::Target,
        evidence::EvidenceSubject,
        fault::FaultRule,
        form::draft::Draft,
        history::{edit::EntryEdit, entry::EntryId, request_log::ExchangeId},
        presets::{found_calls::FoundCall, library::OwnPreset, preset::PresetKey},
        run::record::RunId,
        settings::{
            file_format::CopyForm, origin::PageOrigin, preferences::ThemeChoice, profile::ProfileId,
            receiver::ReceiverUrl, retention::RetentionSettings,
        },
    },
    messages::{HandedSubject, JobId, JobRequest, TroubleSubject},
};

/// The two ways to use a token up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseKind {
    Charge,
    Attach,
}

/// What the middle of the window shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MiddlePane {
    #[default]
    History,
    Requests,
}

/// What the command palette searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaletteScope {
    #[default]
    Everything,
    /// Presets and test cards.
    Outcomes,
    /// What the window can do.
    Actions,
}

/// What is done with presets.
#[derive(Clone, Debug, PartialEq)]
pub enum PresetAction {
    /// Fill the form with a preset, and with `creates` send it at once.
    Use {
        key: PresetKey,
        creates: bool,
    },
    /// Make a preset a favourite, or no longer.
    ToggleFavourite(PresetKey),
    /// Open the dialog that keeps the form as a preset.
    OpenSave,
    /// Open the dialog that renames or deletes one of the user's own presets.
    Open(u64),
    /// Keep the form under this name, with these tags.
    Save {
        name: String,
        tags: Vec<String>,
    },
    /// Give one of the user's own presets this name and these tags.
    Change {
        id: u64,
        name: String,
        tags: Vec<String>,
    },
    Delete(u64),
    /// Make presets of calls.
    TakeCalls(Vec<FoundCall>),
    /// Bring back a preset that was deleted.
    Restore(Box<OwnPreset>),
}

/// What the user asked for, as a view understood it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// What a key of the window does, to what is selected or shown. A view that does the same by a button asks for it
    /// by the shortcut's name, so that each of these has one name.
    Do(Shortcut),
    /// Fill the form from an entry of the history.
    Reuse(EntryId),
    Preset(PresetAction),
    /// Expect nothing of the draft any more.
    DropExpectation,
    /// Put back into the form what was typed before it was cleared or filled.
    BringFormBack,
    Select(EntryId),
    /// Open the inspector as a drawer, in a window that is too small to show it beside the history.
    Peek,
    /// Send the card of an entry to the other target, and compare the two answers.
    SameElsewhere(EntryId),
    /// Compare two entries, the first with the second.
    Diff(EntryId, EntryId),
    /// Compare an entry with the one that was shown before it.
    DiffWithPrevious(EntryId),
    /// Copy the call of an entry as a command for a shell.
    CopyCurl(EntryId),
    /// Copy entries as a text of this form.
    CopyEntries(Vec<EntryId>, CopyForm),
    /// Copy a call of the request log as a command for a shell.
    CopyCallCurl(ExchangeId),
    /// Write on entries, delete or restore them.
    Edit(EntryEdit),
    LoadRows(Vec<EntryId>),
    ShowPane(MiddlePane),
    /// Show a call of the request log.
    SelectRequest(ExchangeId),
    /// Load a call that is shown elsewhere than in the request log.
    OpenCall(ExchangeId),
    /// Be told what became of the token of this entry; of none any more.
    WatchLife(Option<EntryId>),
    /// Show the entry of a call in the history.
    ShowEntry(EntryId),
    /// The history's filter changed: list its entries anew.
    Filter,
    /// The request log's filter changed: list its calls anew.
    FilterRequests,
    /// Ask the target whether the token of this entry was used.
    Retrieve(EntryId),
    /// Ask how to charge the token of this entry, or how to attach it.
    OpenUse(EntryId, UseKind),
    /// Start a job as it is described, with nothing to be looked up first.
    Run(JobRequest),
    /// Open the dialog of runs at a new one, which makes these entries again.
    OpenRunOf(Vec<EntryId>),
    /// Open the dialog of runs at this one.
    ShowRun(RunId),
    /// Load what is shown of a run.
    LoadRun(RunId),
    /// Give a run another name.
    RenameRun {
        id: RunId,
        name: String,
    },
    /// Forget a run; its entries stay.
    DeleteRun(RunId),
    /// Hold the run back that a job makes, or let it go on.
    PauseRun {
        job: JobId,
        is_paused: bool,
    },
    /// Show the entries of a run in the history, and one of them in the inspector.
    ShowRunEntries {
        run: RunId,
        entry: Option<EntryId>,
    },
    /// Stop the call of a pending entry.
    CancelEntry(EntryId),
    Cancel(JobId),
    /// Put a text into the clipboard, and say what it was.
    Copy {
        text: String,
        what: String,
    },
    /// Say what a view has put into the clipboard by itself.
    TellCopied(String),
    /// Let the profile in use be answered by this target.
    SetTarget(Target),
    /// Use another profile from now on.
    SetProfile(ProfileId),
    SetTheme(ThemeChoice),
    OpenPalette(PaletteScope),
    /// Ask where to write these entries.
    OpenExportOf(Vec<EntryId>),
    /// Ask how much of the history is kept.
    OpenKeep,
    /// Keep so much of the history from now on, by rules.
    SetRetention(RetentionSettings),
    /// Ask where to write evidence.
    OpenEvidence(EvidenceSubject),
    /// Serve the minter on this port from now on and at the next start, or stop serving.
    Serve(Option<u16>),
    /// Let pages of these origins, and of no others, call the server.
    SetOrigins(Vec<PageOrigin>),
    /// Let webhook endpoints be at these origins besides this machine, and at no others.
    SetWebhookOrigins(Vec<PageOrigin>),
    /// Send all events of the window's server there from now on.
    SetForwardTo(Vec<ReceiverUrl>),
    /// Show the secret that the events of this endpoint are signed with.
    TellSecret(String),
    /// Let the server go wrong by the rules of this text; an empty one lets it work.
    SetFaults {
        text: String,
        rules: Vec<FaultRule>,
    },
    ResetMinter,
    /// Ask the desktop for a file: to export to, or to take in.
    Browse,
    /// Look into what a person hands over.
    Look(HandedSubject),
    /// Take in the call that is in the clipboard.
    PasteCall,
    /// Put a call into the form.
    FillForm(Box<Draft>),
    /// Open the settings where a key is entered.
    EnterKey,
    LookAtKey(ProfileId),
    ForgetKey(ProfileId),
}

/// What a toast is about. It goes when that is mended or undone, and when there is something newer to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToastCause {
    /// The loopback server does not run as it was asked to.
    Server,
    /// A token is made.
    Creation,
    /// The token of this entry is asked about.
    Retrieval(EntryId),
    /// A token is used up.
    Use,
    /// The payer of an intent was at the bank's page.
    Authentication,
    /// An event is sent once more.
    Event,
    Refresh,
    /// A run was made, or its report written.
    Run,
    Export,
    /// Entries were removed for good.
    Keep,
    Import,
    Evidence,
    Note(EntryId),
    /// The tags of these entries.
    Tags(Vec<EntryId>),
    /// These entries are deleted or restored.
    Deletion(Vec<EntryId>),
    /// The form was cleared or filled over what was typed.
    Form,
    Preset,
    /// Something that was copied.
    Clipboard,
    /// A file or the history, which can be written or read again.
    Trouble(TroubleSubject),
}
