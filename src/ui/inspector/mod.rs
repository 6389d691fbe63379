//! The inspector: everything about the selected entry or call, the answer as a foldable tree first of all.

pub mod answer;
pub mod code;
pub mod diff;
mod diff_rows;
mod per_revision;
pub mod shown_call;
pub mod since;
mod summary;
pub mod timeline;
mod verdict;

use std::sync::Arc;

use egui::{Label, RichText, ScrollArea, Ui};
use serde_json::{Map, Value};

use self::{
    answer::{AnswerState, ShownAnswer, answer_ui},
    code::{CodeContext, CodeSource, CodeState, code_ui},
    diff::{DiffState, diff_ui},
    per_revision::PerRevision,
    shown_call::ShownCall,
    since::{FieldNote, notes_of_entry},
    summary::{SummaryState, summary_ui},
    timeline::{TimelineState, timeline_ui},
    verdict::{EntryVerdict, error_sentence},
};
use super::{
    action::{Action, UseKind},
    icons,
    shortcuts::Shortcut,
    status_badge::status_badge_ui,
    theme,
    theme::DesignTokens,
    widgets::{InlineAlert, QuietButton, RowButton, TabBar, Tone, button_row_ui, empty_state_ui, fact_ui, scroll_ui},
    words, zone_in_use,
};
use crate::{
    domain::{
        call::api::{ApiExchange, ApiResponse, CallFailure, MaskedRequest},
        foreign,
        history::{
            entry::{EntryDetail, EntryId, EntryStatus, HistoryEntry},
            request_log::{ExchangeId, RequestRow, client_name},
            token_life::TokenLife,
        },
        settings::profile::ProfileList,
    },
    messages::{ComparedEntries, JobRequest},
    model::LoadedValue,
};

/// The tabs of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum EntryTab {
    Summary,
    #[default]
    Response,
    Request,
    Code,
    Timeline,
}

/// The tabs of a call of the request log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CallTab {
    #[default]
    Response,
    Request,
    Headers,
    Code,
}

/// What the inspector shows.
#[derive(Clone, Copy, Debug)]
pub enum InspectedSubject<'a> {
    /// An entry of the history; `None` as long as none is loaded.
    Entry(Option<InspectedEntry<'a>>),
    /// Two entries beside each other, or why they cannot be compared; `None` until that is known.
    Compared(Option<&'a LoadedValue<ComparedEntries>>),
    /// A call of the request log; `None` as long as none is loaded.
    Call(Option<InspectedCall<'a>>),
}

/// An entry of the history.
#[derive(Clone, Copy, Debug)]
pub struct InspectedEntry<'a> {
    pub detail: &'a LoadedValue<EntryDetail>,
    /// What became of the token that is watched; the timeline asks for it.
    pub life: Option<&'a LoadedValue<TokenLife>>,
    /// The call that was loaded last: one that was opened from the timeline is shown in its place.
    pub call: Option<InspectedCall<'a>>,
}

/// A call of the request log, and its row while it is among the newest.
#[derive(Clone, Copy, Debug)]
pub struct InspectedCall<'a> {
    pub id: ExchangeId,
    pub exchange: &'a LoadedValue<ApiExchange>,
    pub row: Option<&'a RequestRow>,
}

/// The state of the inspector's view.
#[derive(Debug, Default)]
pub struct InspectorState {
    entry_tab: EntryTab,
    call_tab: CallTab,
    pub answer: AnswerState,
    pub code: CodeState,
    diff: DiffState,
    summary: SummaryState,
    pub timeline: TimelineState,
    /// What is not so any more in the answer of the entry.
    since: PerRevision<Arc<[FieldNote]>>,
    /// What is to be said of the entry before its details.
    verdict: PerRevision<EntryVerdict>,
    /// Why the call of the request log was refused, if it was.
    call_error: PerRevision<Option<String>>,
}

impl InspectorState {
    /// Opens the comparison of two entries, in place of the selected entry.
    pub fn open_diff(&mut self, first: EntryId, second: EntryId) {
        self.diff.open(first, second);
    }

    /// Shows the selected entry again.
    pub fn close_diff(&mut self) {
        self.diff.close();
    }

    pub fn shows_diff(&self) -> bool {
        self.diff.is_open()
    }
}

/// Draws the inspector.
pub fn inspector_ui(
    ui: &mut Ui,
    state: &mut InspectorState,
    subject: InspectedSubject<'_>,
    code: &CodeContext<'_>,
    profiles: &ProfileList,
    actions: &mut Vec<Action>,
) {
    egui::Frame::new().inner_margin(f32::from(theme::PANE_PADDING)).show(ui, |ui| match subject {
        InspectedSubject::Entry(Some(entry)) => entry_ui(ui, state, &entry, (code, profiles), actions),
        InspectedSubject::Entry(None) => {
            empty_state_ui(ui, "Nothing selected", "Select a token to see its request and its answer");
        }
        InspectedSubject::Call(Some(call)) => call_ui(ui, state, &call, code, actions),
        InspectedSubject::Compared(compared) => {
            if !diff_ui(ui, &mut state.diff, compared, actions) {
                state.close_diff();
            }
        }
        InspectedSubject::Call(None) => {
            empty_state_ui(ui, "Nothing selected", "Select a call to see what was asked and answered");
        }
    });
}

/// Draws a call of the request log, whoever made it.
fn call_ui(
    ui: &mut Ui,
    state: &mut InspectorState,
    call: &InspectedCall<'_>,
    code: &CodeContext<'_>,
    actions: &mut Vec<Action>,
) {
    let InspectedCall { id, exchange, .. } = *call;
    call_head_ui(ui, call, actions);
    ui.add_space(2.0);
    let tabs = [
        (CallTab::Response, "Response"),
        (CallTab::Request, "Request"),
        (CallTab::Headers, "Headers"),
        (CallTab::Code, "Code"),
    ];
    ui.add(TabBar::new("Call", &mut state.call_tab, &tabs));
    ui.add_space(4.0);
    ui.push_id(("call", id), |ui| match (state.call_tab, &exchange.outcome) {
        (CallTab::Response, Ok(response)) => call_response_ui(ui, state, call, response, actions),
        (CallTab::Response, Err(failure)) => {
            InlineAlert::new(Tone::Error, &failure.message).ui(ui);
            failure_ui(ui, failure, actions);
        }
        (CallTab::Request, _) => request_ui(ui, &exchange.request, false, actions),
        (CallTab::Code, _) => {
            let (revision, target) = (exchange.revision(), exchange.target);
            let source = CodeSource { revision, call: (&**exchange).into(), target };
            code_ui(ui, &mut state.code, &source, code, actions);
        }
        (CallTab::Headers, _) => call_headers_ui(ui, exchange),
    });
}

/// Draws what was called, when and by whom, and where it leads to.
fn call_head_ui(ui: &mut Ui, call: &InspectedCall<'_>, actions: &mut Vec<Action>) {
    let InspectedCall { exchange, row, .. } = *call;
    let t = DesignTokens::of(ui);
    let title = format!("{} {}", exchange.request.method.as_str(), foreign::label(&exchange.request.path));
    ui.add(
        Label::new(RichText::new(title).font(theme::mono_medium(theme::MONO_FIELD_SIZE))).truncate().selectable(true),
    );
    let client = client_name(exchange.request.header("User-Agent"));
    let zone = zone_in_use::of(ui);
    let (when, client) = (words::moment(exchange.started, &zone), foreign::label(&client));
    let about = format!("{when} · {} · {client}", exchange.target.label());
    let about =
        ui.add(Label::new(RichText::new(foreign::block(&about)).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
    about.on_hover_ui(|ui| {
        ui.label(words::moment_in_both(exchange.started, &zone));
    });
    if let Some(fault) = row.and_then(|row| row.fault.as_ref()) {
        InlineAlert::new(Tone::Warn, "This went wrong on purpose").text(fault).ui(ui);
    }
    if let Some(entry) = row.and_then(|row| row.entry) {
        let button = ui.add(QuietButton::new("Show token").icon(icons::ARROW_RIGHT));
        if button.on_hover_text("Show the token of this call in the history (Enter)").clicked() {
            actions.push(Action::ShowEntry(entry));
        }
    }
}

fn call_response_ui(
    ui: &mut Ui,
    state: &mut InspectorState,
    call: &InspectedCall<'_>,
    response: &ApiResponse,
    actions: &mut Vec<Action>,
) {
    let InspectedCall { id, exchange, .. } = *call;
    if let Some(sentence) = state.call_error.of(exchange.revision(), || error_sentence(response)) {
        InlineAlert::new(Tone::Error, sentence).ui(ui);
        ui.add_space(4.0);
    }
    replaced_ui(ui, exchange.replaced.len());
    let headers = |ui: &mut Ui| headers_ui(ui, "Response headers", &response.headers);
    let (call, took) = (ShownCall::Logged(id), Some(exchange.took));
    let since = &Arc::default();
    let answer = ShownAnswer { call, revision: exchange.revision(), source: exchange.shared(), took, since };
    answer_ui(ui, &mut state.answer, &answer, headers, actions);
}

fn call_headers_ui(ui: &mut Ui, exchange: &ApiExchange) {
    scroll_ui(ui, "the inspector", ScrollArea::vertical().auto_shrink(false), |ui| {
        headers_ui(ui, "Request headers", &exchange.request.headers);
        if let Ok(response) = &exchange.outcome {
            ui.add_space(8.0);
            headers_ui(ui, "Response headers", &response.headers);
        }
    });
}

fn entry_ui(
    ui: &mut Ui,
    state: &mut InspectorState,
    entry: &InspectedEntry<'_>,
    (code, profiles): (&CodeContext<'_>, &ProfileList),
    actions: &mut Vec<Action>,
) {
    let InspectedEntry { detail, life, call } = *entry;
    head_ui(ui, detail, actions);
    ui.add_space(2.0);
    let tabs = [
        (EntryTab::Summary, "Summary"),
        (EntryTab::Response, "Response"),
        (EntryTab::Request, "Request"),
        (EntryTab::Code, "Code"),
        (EntryTab::Timeline, "Timeline"),
    ];
    ui.add(TabBar::new("Inspector", &mut state.entry_tab, &tabs));
    ui.add_space(4.0);
    if state.entry_tab == EntryTab::Timeline {
        state.timeline.watch(detail.entry.id, actions);
    } else {
        state.timeline.leave(actions);
    }
    ui.push_id(detail.entry.id, |ui| match state.entry_tab {
        EntryTab::Summary => {
            let verdict = state.verdict.of(detail.revision(), || EntryVerdict::of(detail));
            summary_ui(ui, &mut state.summary, detail, verdict, profiles, actions);
        }
        EntryTab::Response => response_ui(ui, state, detail, actions),
        EntryTab::Request => request_ui(ui, &detail.request, true, actions),
        EntryTab::Code => {
            let (revision, target) = (detail.revision(), detail.entry.target);
            let source = CodeSource { revision, call: (&**detail).into(), target };
            code_ui(ui, &mut state.code, &source, code, actions);
        }
        EntryTab::Timeline => match state.timeline.opened {
            Some(opened) => opened_call_ui(ui, state, opened, call, code, actions),
            None => timeline_ui(ui, &mut state.timeline, detail.entry.id, life, actions),
        },
    });
}

/// Draws a call that was opened from the timeline, and the way back.
fn opened_call_ui(
    ui: &mut Ui,
    state: &mut InspectorState,
    opened: ExchangeId,
    call: Option<InspectedCall<'_>>,
    code: &CodeContext<'_>,
    actions: &mut Vec<Action>,
) {
    let back = ui.add(QuietButton::new("Back to the timeline").icon(icons::ROUTE).pill());
    if std::mem::take(&mut state.timeline.goes_to_way_back) {
        back.request_focus();
    }
    if back.clicked() {
        return state.timeline.close_call();
    }
    ui.add_space(4.0);
    match call.filter(|call| call.id == opened) {
        Some(call) => call_ui(ui, state, &call, code, actions),
        None => {
            empty_state_ui(ui, "Reading…", "");
        }
    }
}

fn head_ui(ui: &mut Ui, detail: &EntryDetail, actions: &mut Vec<Action>) {
    let entry = &detail.entry;
    let title = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("no token");
    egui::Sides::new().height(20.0).shrink_left().truncate().show(
        ui,
        |ui| {
            let text = RichText::new(foreign::label(title)).font(theme::mono_medium(theme::MONO_FIELD_SIZE));
            ui.add(Label::new(text).truncate().selectable(true))
        },
        |ui| {
            status_badge_ui(ui, entry.status);
        },
    );
    let same = format!("Same card on {}", entry.target.other().label());
    match button_row_ui(ui, &head_buttons(entry, &same)) {
        Some(HeadButton::CopyId) => {
            let text = entry.token_id.clone().unwrap_or_default();
            actions.push(Action::Copy { text, what: "Token id".to_owned() });
        }
        Some(HeadButton::Use(kind)) => actions.push(Action::OpenUse(entry.id, kind)),
        Some(HeadButton::Check) => actions.push(Action::Retrieve(entry.id)),
        Some(HeadButton::Cancel) => actions.push(Action::CancelEntry(entry.id)),
        Some(HeadButton::AskAgain) => actions.push(Action::Run(JobRequest::AskAgain { entry: entry.id })),
        Some(HeadButton::SameElsewhere) => actions.push(Action::SameElsewhere(entry.id)),
        Some(HeadButton::Reuse) => actions.push(Action::Reuse(entry.id)),
        None => {}
    }
}

/// What can be done with an entry from the head of the inspector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadButton {
    CopyId,
    Use(UseKind),
    Check,
    Cancel,
    AskAgain,
    SameElsewhere,
    Reuse,
}

/// The buttons of an entry, the most wanted first: a narrow inspector has the last ones in a menu. `same` is the name of
/// the one that sends the card elsewhere.
fn head_buttons<'a>(entry: &HistoryEntry, same: &'a str) -> Vec<RowButton<'a, HeadButton>> {
    let button = |text, icon, tip, value| RowButton { text, icon, tip, value };
    let mut buttons = Vec::new();
    match entry.status {
        EntryStatus::Pending => {
            buttons.push(button("Cancel", icons::X, "Stop waiting for the answer".to_owned(), HeadButton::Cancel));
        }
        EntryStatus::Unknown => {
            let tip = "Send the same call again: it makes no second token".to_owned();
            buttons.push(button("Ask again", icons::REFRESH_CW, tip, HeadButton::AskAgain));
        }
        _ => {}
    }
    if entry.token_id.is_some() {
        let charge = "Use the token up by a charge".to_owned();
        let attach = "Use the token up by attaching it to a customer".to_owned();
        let check = "Fetch the token and see whether it was used".to_owned();
        buttons.extend([
            button("Copy id", icons::COPY, Shortcut::CopyId.tip("Copy the token's id"), HeadButton::CopyId),
            button("Charge…", icons::CREDIT_CARD, charge, HeadButton::Use(UseKind::Charge)),
            button("Attach…", icons::USER, attach, HeadButton::Use(UseKind::Attach)),
            button("Check", icons::REFRESH_CW, check, HeadButton::Check),
        ]);
    }
    let tip = format!("Send this card to {} too, and compare the two answers", entry.target.other().place());
    let reuse = Shortcut::Reuse.tip("Put this card into the form");
    buttons.extend([
        button("Reuse", icons::PENCIL, reuse, HeadButton::Reuse),
        button(same, icons::GIT_COMPARE, Shortcut::SameElsewhere.tip(&tip), HeadButton::SameElsewhere),
    ]);
    buttons
}

fn response_ui(ui: &mut Ui, state: &mut InspectorState, detail: &LoadedValue<EntryDetail>, actions: &mut Vec<Action>) {
    let verdict = state.verdict.of(detail.revision(), || EntryVerdict::of(detail));
    match &detail.outcome {
        Some(Ok(response)) => {
            if !response.is_success() || detail.entry.status == EntryStatus::Unknown {
                verdict.ui(ui, actions);
                ui.add_space(4.0);
            }
            replaced_ui(ui, detail.replaced.len());
            let headers = |ui: &mut Ui| headers_ui(ui, "Response headers", &response.headers);
            let (call, took) = (ShownCall::Entry(detail.entry.id), detail.entry.took);
            let since = state.since.of(detail.revision(), || notes_of_entry(detail, &zone_in_use::of(ui)));
            let answer = ShownAnswer { call, revision: detail.revision(), source: detail.shared(), took, since };
            answer_ui(ui, &mut state.answer, &answer, headers, actions);
        }
        Some(Err(failure)) => {
            verdict.ui(ui, actions);
            failure_ui(ui, failure, actions);
        }
        None => verdict.ui(ui, actions),
    }
}

/// Says that an answer is not shown whole.
fn replaced_ui(ui: &mut Ui, places: usize) {
    let sentence = match places {
        0 => return,
        1 => "One place of this answer is replaced: card numbers, security codes and keys are not kept".to_owned(),
        _ => format!("{places} places of this answer are replaced: card numbers, security codes and keys are not kept"),
    };
    InlineAlert::new(Tone::Info, &sentence).ui(ui);
    ui.add_space(4.0);
}

fn headers_ui(ui: &mut Ui, name: &str, headers: &[(String, String)]) {
    ui.label(RichText::new(name).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued));
    if headers.is_empty() {
        ui.label(RichText::new("none").color(DesignTokens::of(ui).faint));
    }
    for (name, value) in headers {
        pair_ui(ui, name, value);
    }
}

fn pair_ui(ui: &mut Ui, name: &str, value: &str) {
    let t = DesignTokens::of(ui);
    let mono = |text: &str, color| RichText::new(foreign::block(text)).font(theme::mono(theme::MONO_SIZE)).color(color);
    // A horizontal row takes its height from the spacing of the `Ui` around it, so that is set for the row and set
    // back.
    let height = std::mem::replace(&mut ui.spacing_mut().interact_size.y, 18.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.add(Label::new(mono(name, t.json_key)).selectable(true));
        ui.add(Label::new(mono(value, t.text)).selectable(true).wrap());
    });
    ui.spacing_mut().interact_size.y = height;
}

fn failure_ui(ui: &mut Ui, failure: &CallFailure, actions: &mut Vec<Action>) {
    ui.add_space(4.0);
    let status = failure.http_status.map(|status| status.to_string());
    if let Some(text) = status.filter(|status| fact_ui(ui, "HTTP status", status, true).clicked()) {
        actions.push(Action::Copy { text, what: "HTTP status".to_owned() });
    }
    if let Some(text) = &failure.text {
        ui.label(RichText::new("What came instead").size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued));
        scroll_ui(ui, "what came instead", ScrollArea::both().auto_shrink(false), |ui| {
            ui.add(
                Label::new(RichText::new(foreign::block(text)).font(theme::mono(theme::MONO_SIZE))).selectable(true),
            );
        });
    }
}

fn request_ui(ui: &mut Ui, request: &MaskedRequest, with_headers: bool, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    egui::Sides::new().height(theme::CHIP_HEIGHT).shrink_left().truncate().show(
        ui,
        |ui| {
            let line = format!("{} {}", request.method.as_str(), foreign::label(&request.path));
            ui.label(RichText::new(line).font(theme::mono_medium(theme::MONO_SIZE)))
        },
        |ui| {
            if ui.add(QuietButton::new("Copy").pill()).clicked() {
                let params: Map<String, Value> =
                    request.params.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
                let text = serde_json::to_string_pretty(&params).unwrap_or_default();
                actions.push(Action::Copy { text, what: "Request".to_owned() });
            }
        },
    );
    scroll_ui(ui, "the inspector", ScrollArea::vertical().auto_shrink(false), |ui| {
        let note = "As sent, but for what may not be kept: codes, keys, and numbers that are no published test cards";
        ui.add(Label::new(RichText::new(note).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
        ui.add_space(4.0);
        headers_ui(ui, "Parameters", &request.params);
        if with_headers {
            ui.add_space(8.0);
            headers_ui(ui, "Request headers", &request.headers);
        }
    });
}
