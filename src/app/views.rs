//! The states of what is drawn: panes, dialogs, and the frame that they share.

use crate::domain::settings::preferences::Settings;
use crate::ui::{
    Action, MiddlePane, ToastCause,
    dialogs::{
        closing::ClosingState,
        evidence::EvidenceState,
        export::ExportState,
        import::ImportState,
        keep::KeepState,
        preset::PresetState,
        runs::RunsState,
        server::{AppliedFaults, ServerDialogState},
        use_token::UseTokenState,
    },
    form::FormState,
    history::HistoryState,
    inspector::InspectorState,
    layout::{KeptLayout, PartPlaces},
    palette::PaletteState,
    requests::RequestsState,
    settings::SettingsState,
    widgets::Toasts,
};

use super::focus::FocusKeeper;

/// The dialogs that lie over the window, each `None` while it is closed.
#[derive(Default)]
pub(super) struct OpenDialogs {
    pub(super) palette: Option<PaletteState>,
    /// One of the user's own presets, or the form as one.
    pub(super) preset: Option<PresetState>,
    pub(super) settings: Option<SettingsState>,
    pub(super) export: Option<ExportState>,
    pub(super) keep: Option<KeepState>,
    pub(super) import: Option<ImportState>,
    pub(super) evidence: Option<EvidenceState>,
    pub(super) use_token: Option<UseTokenState>,
    pub(super) server: Option<ServerDialogState>,
    /// The runs. What was typed for a new one stays while the dialog is closed.
    pub(super) runs: RunsState,
    /// What is not saved, while it is asked whether the window closes all the same.
    pub(super) closing: Option<ClosingState>,
    /// The list of keys.
    pub(super) keys_are_open: bool,
}

impl OpenDialogs {
    /// What was typed into the open dialogs and is not saved, each as it is named in a list.
    pub(super) fn unsaved(&self, settings: &Settings, faults: &AppliedFaults) -> Vec<&'static str> {
        let is_of = |is_unsaved: bool, words| is_unsaved.then_some(words);
        let all = [
            is_of(self.settings.as_ref().is_some_and(SettingsState::is_unsaved), "The settings"),
            is_of(
                self.server.as_ref().is_some_and(|dialog| dialog.is_unsaved(settings, faults)),
                "The server's rules or port",
            ),
            is_of(self.preset.as_ref().is_some_and(PresetState::is_unsaved), "The name of a preset"),
            is_of(self.use_token.as_ref().is_some_and(UseTokenState::is_unsaved), "What a token is to be used for"),
            is_of(self.runs.is_unsaved(), "The list of a new run"),
            is_of(self.export.as_ref().is_some_and(ExportState::is_unsaved), "The file of an export"),
        ];
        all.into_iter().flatten().collect()
    }

    pub(super) fn is_any_open(&self) -> bool {
        let is_about_presets = self.palette.is_some() || self.preset.is_some();
        let is_about_tokens = is_about_presets || self.use_token.is_some();
        is_about_tokens
            || self.export.is_some()
            || self.import.is_some()
            || self.evidence.is_some()
            || self.settings.is_some()
            || self.keep.is_some()
            || self.server.is_some()
            || self.runs.is_open()
            || self.keys_are_open
            || self.closing.is_some()
    }
}

/// The views' own states.
#[derive(Default)]
pub(super) struct ViewStates {
    pub(super) form: FormState,
    /// What the middle shows.
    pub(super) pane: MiddlePane,
    pub(super) history: HistoryState,
    pub(super) requests: RequestsState,
    pub(super) inspector: InspectorState,
    pub(super) dialogs: OpenDialogs,
    pub(super) toasts: Toasts<Action, ToastCause>,
}

/// How the views share the window.
pub(super) struct WindowFrame {
    pub(super) layout: KeptLayout,
    /// Where the parts of the window were drawn, in their order.
    pub(super) parts: PartPlaces,
    /// Whether the inspector lies over the middle of a small window.
    pub(super) drawer_is_open: bool,
    /// The zoom that the window was drawn with last, or is to be drawn with next: any other was set by the zoom keys.
    pub(super) zoom: f32,
    pub(super) focus: FocusKeeper,
    /// Whether the window was told to close over what is not saved.
    pub(super) closes: bool,
}

impl WindowFrame {
    pub(super) fn new(layout: KeptLayout, zoom: f32) -> Self {
        Self {
            layout,
            parts: PartPlaces::default(),
            drawer_is_open: false,
            zoom,
            focus: FocusKeeper::default(),
            closes: false,
        }
    }
}
