//! The dialog of an import: a file is named, looked into and told of, before anything of it is taken in. What it is, its
//! content says: the entries of an export come into the history, calls of other tools into the form or the presets, and
//! the list of a run goes to the dialog of runs.

use std::path::PathBuf;

use egui::{
    Context, Id, Key, Label, Modifiers, ProgressBar, RichText, Role, ScrollArea, Sense, Spinner, Ui, WidgetInfo,
};

use crate::{
    domain::{
        foreign,
        handed::HandedContent,
        history::import_report::ImportReport,
        presets::found_calls::{FoundCall, FoundCalls},
        run::row::card_of,
        settings::file_format::FileFormat,
        typed_path::{PathBase, PathFault, typed_path},
    },
    messages::{HandedSubject, JobFailure, JobId, JobRequest},
    ui::{
        action::{Action, PresetAction},
        icons,
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, QuietButton, RowScroll, TextInput, Tone, VirtualRows, caret::lead_to,
            chip::grouped, modal_ui, paint, row_by_key, scroll_ui, virtual_rows::focus_ring_ui,
        },
        words::{entries, number_of},
    },
};

const CALL_ROW: f32 = 44.0;
/// So many calls are in sight without scrolling.
const CALLS_IN_VIEW: usize = 5;
/// So many of the calls that are left are told one by one.
const MOST_LEFT: usize = 200;
const KINDS: &str = "An export of Testcard, the list of a run, or calls: curl, HAR, Postman, Stripe CLI fixtures. A file \
                     can be dropped onto the window, too";

/// What is known of the file.
#[derive(Debug, Default)]
enum ImportStage {
    #[default]
    Asking,
    /// It is looked into.
    Looking(JobId),
    Export(PathBuf, FileFormat, ImportReport, IsNew),
    /// Its entries are taken in.
    Importing(JobId),
    Calls(ShownCalls),
}

/// Whether the button that goes on still has to get the focus.
type IsNew = bool;

/// Calls, with what is shown of each.
#[derive(Debug)]
struct ShownCalls {
    found: FoundCalls,
    /// Name, card, and what a preset would not keep.
    lines: Vec<(String, String, String)>,
    chosen: usize,
    scroll: RowScroll,
    is_new: bool,
}

impl ShownCalls {
    fn new(found: FoundCalls) -> Self {
        let line = |call: &FoundCall| {
            let (_, left_out) = call.kept();
            let without = if left_out.is_empty() { String::new() } else { format!("without {}", left_out.join(", ")) };
            (call.shown_name(), card_of(&call.params), without)
        };
        let lines = found.calls.iter().map(line).collect();
        Self { found, lines, chosen: 0, scroll: RowScroll::default(), is_new: true }
    }
}

/// The state of the open dialog.
#[derive(Debug)]
pub struct ImportState {
    path: String,
    base: PathBase,
    read: Result<PathBuf, PathFault>,
    /// What was handed over last.
    subject: Option<HandedSubject>,
    stage: ImportStage,
    /// Why nothing was taken in, as a sentence.
    problem: Option<String>,
    is_started: bool,
}

impl ImportState {
    /// Asks for a file; a name alone is looked for in the folder of `base`.
    pub fn new(base: PathBase) -> Self {
        Self {
            path: String::new(),
            base,
            read: Err(PathFault::Empty),
            subject: None,
            stage: ImportStage::Asking,
            problem: None,
            is_started: false,
        }
    }

    /// Takes notice that this is looked into next.
    pub fn look_into(&mut self, subject: &HandedSubject) {
        self.path = match subject {
            HandedSubject::File(path) => path.to_string_lossy().into_owned(),
            HandedSubject::Text(_) => String::new(),
        };
        self.read = match subject {
            // As it is, for a name that is no UTF-8 cannot be read from what is shown.
            HandedSubject::File(path) => Ok(path.clone()),
            HandedSubject::Text(_) => Err(PathFault::Empty),
        };
        self.subject = Some(subject.clone());
        (self.stage, self.problem) = (ImportStage::Asking, None);
    }

    /// Takes notice that a job looks into the file, or takes it in.
    pub fn begun(&mut self, job: JobId) {
        let is_import = matches!(self.stage, ImportStage::Export(..));
        self.stage = if is_import { ImportStage::Importing(job) } else { ImportStage::Looking(job) };
        self.problem = None;
    }

    /// The job that this waits for.
    pub fn job(&self) -> Option<JobId> {
        match &self.stage {
            ImportStage::Looking(job) | ImportStage::Importing(job) => Some(*job),
            ImportStage::Asking | ImportStage::Export(..) | ImportStage::Calls(_) => None,
        }
    }

    /// Whether entries are being taken in: that goes on whatever is handed over.
    pub fn is_importing(&self) -> bool {
        matches!(self.stage, ImportStage::Importing(_))
    }

    /// Shows what was found; gives it back where another part of the window takes it.
    pub fn found(&mut self, content: HandedContent) -> Option<HandedContent> {
        let is_pasted = matches!(self.subject, Some(HandedSubject::Text(_)));
        self.stage = match (content, &self.subject) {
            (HandedContent::Export(format, report), Some(HandedSubject::File(path))) => {
                ImportStage::Export(path.clone(), format, report, true)
            }
            (HandedContent::Calls(found), _) if !(is_pasted && found.calls.len() == 1) => {
                ImportStage::Calls(ShownCalls::new(found))
            }
            (content, _) => return Some(content),
        };
        None
    }

    /// Takes notice that the job gave nothing.
    pub fn end(&mut self, failure: JobFailure) {
        self.stage = ImportStage::Asking;
        self.is_started = false;
        match failure {
            JobFailure::Cancelled => {}
            JobFailure::Failed(message) => self.fail(message),
        }
    }

    /// Shows why nothing was taken in.
    pub fn fail(&mut self, message: String) {
        self.problem = Some(message);
    }

    fn path_changed(&mut self) {
        self.read = typed_path(&self.path, &self.base);
        (self.stage, self.problem) = (ImportStage::Asking, None);
    }
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct ImportContext {
    /// How many entries the job has done, and of how many; of 0 where that is not known.
    pub progress: Option<(u64, u64)>,
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn import_ui(ctx: &Context, state: &mut ImportState, about: &ImportContext, actions: &mut Vec<Action>) -> bool {
    let mut is_done = false;
    let modal = modal_ui(ctx, "import", "Import", 620.0, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        let is_entered = ui.add_enabled_ui(!state.is_importing(), |ui| path_ui(ui, state, actions)).inner;
        if let Some(problem) = &state.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        let mut looks = is_entered;
        match &mut state.stage {
            ImportStage::Asking => {
                ui.horizontal(|ui| {
                    let browse = ui.add(QuietButton::new("Browse…").icon(icons::FOLDER_OPEN));
                    if browse.on_hover_text("Choose the file with the desktop's own dialog").clicked() {
                        actions.push(Action::Browse);
                    }
                    let paste = ui.add(QuietButton::new("Paste a call").icon(icons::CODE));
                    if paste.on_hover_text("Take in the call that is in the clipboard").clicked() {
                        actions.push(Action::PasteCall);
                    }
                });
                looks |= ui
                    .add_enabled_ui(state.read.is_ok(), |ui| ui.add(PrimaryButton::new("Look into it")))
                    .inner
                    .clicked();
            }
            ImportStage::Looking(job) => waiting_ui(ui, *job, "Looking into it…", about.progress, actions),
            ImportStage::Importing(job) => waiting_ui(ui, *job, "Importing…", about.progress, actions),
            ImportStage::Export(path, format, report, is_new) => {
                if export_ui(ui, *format, *report, std::mem::take(is_new)) {
                    actions.push(Action::Run(JobRequest::Import { path: path.clone(), format: *format }));
                }
            }
            ImportStage::Calls(calls) => is_done |= calls_ui(ui, calls, actions),
        }
        if let Ok(path) = &state.read
            && looks
        {
            actions.push(Action::Look(HandedSubject::File(path.clone())));
        }
    });
    let closes = modal.should_close || is_done;
    // What is taken in goes on without the dialog; a toast tells its end.
    if let (true, ImportStage::Looking(job)) = (closes, &state.stage) {
        actions.push(Action::Cancel(*job));
    }
    !closes
}

/// The path, with the file that it means; true when Enter was pressed in it.
fn path_ui(ui: &mut Ui, state: &mut ImportState, actions: &mut Vec<Action>) -> bool {
    let is_pasted = matches!(state.subject, Some(HandedSubject::Text(_))) && state.path.is_empty();
    let note = match &state.read {
        Ok(path) if path.as_os_str() != state.path.as_str() => format!("Means {}", path.display()),
        Ok(_) | Err(PathFault::Empty) => KINDS.to_owned(),
        Err(fault) => fault.to_string(),
    };
    let field = Field::new("File").mono();
    let field = match &state.read {
        Err(fault) if *fault != PathFault::Empty => field.message(Tone::Error, &note),
        _ => field.note(&note),
    };
    let hint = if is_pasted { "What was pasted" } else { "~/tokens.json" };
    let edit = TextInput::singleline(&mut state.path).id(Id::unique("import_path")).hint_text(hint);
    let response = field.text(ui, edit).response.response;
    let asks = matches!(state.stage, ImportStage::Asking | ImportStage::Looking(_));
    if asks && !std::mem::replace(&mut state.is_started, true) {
        lead_to(ui.ctx(), response.id);
    }
    if response.changed() {
        if let ImportStage::Looking(job) = state.stage {
            actions.push(Action::Cancel(job));
        }
        state.path_changed();
    }
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn waiting_ui(ui: &mut Ui, job: JobId, words: &str, progress: Option<(u64, u64)>, actions: &mut Vec<Action>) {
    match progress {
        Some((done, total)) if total > 0 => {
            let share = done as f32 / total as f32;
            ui.add(ProgressBar::new(share).text(format!("{} of {}", grouped(done), grouped(total))));
        }
        progress => {
            let checked = progress.map(|(done, _)| format!(" {} checked", entries(done))).unwrap_or_default();
            ui.horizontal(|ui| {
                ui.add(Spinner::new().size(14.0));
                ui.label(RichText::new(format!("{words}{checked}")).color(DesignTokens::of(ui).subdued));
            });
        }
    }
    if ui.add(QuietButton::new("Cancel")).clicked() {
        actions.push(Action::Cancel(job));
    }
}

/// What an import would do; true when it is wanted.
fn export_ui(ui: &mut Ui, format: FileFormat, report: ImportReport, is_new: bool) -> bool {
    let ImportReport { new, known, deleted } = report;
    let title = match (new, known) {
        (0, 0) => "An export without entries".to_owned(),
        (0, known) => format!("Nothing new: {} known already", entries(known)),
        (new, 0) => format!("{}, all of them new", entries(new)),
        (new, known) => format!("{} new, {} known already", entries(new), grouped(known)),
    };
    let deleted = match deleted {
        0 => String::new(),
        1 => " One of them was deleted here, and stays deleted.".to_owned(),
        deleted => format!(" {} of them were deleted here, and stay deleted.", grouped(deleted)),
    };
    let text = format!(
        "An export as {}.{deleted} What is known stays as it is here. The minter does not know imported tokens: they can be \
         looked at, and not be used up",
        format.label()
    );
    InlineAlert::new(Tone::Info, &title).text(&text).ui(ui);
    if new == 0 {
        return false;
    }
    let button = ui.add(PrimaryButton::new(&format!("Import {}", entries(new))));
    if is_new {
        button.request_focus();
    }
    button.clicked()
}

/// The calls that make a token, and those that are left; true when all is done.
fn calls_ui(ui: &mut Ui, calls: &mut ShownCalls, actions: &mut Vec<Action>) -> bool {
    let count = calls.found.calls.len();
    let t = DesignTokens::of(ui);
    let title = match count {
        0 => "No call in it makes a token".to_owned(),
        count => number_of(count as u64, "call makes a token", "calls make a token"),
    };
    ui.label(RichText::new(title).font(theme::semibold(theme::BODY_SIZE)));
    let mut is_done = false;
    if count > 0 {
        let is_entered = list_ui(ui, calls);
        ui.horizontal(|ui| {
            let words =
                if count == 1 { "Keep it as a preset".to_owned() } else { format!("Keep all {count} as presets") };
            let tip = "Presets hold no security code, and no number that is not a published test card";
            if ui.add(QuietButton::new(&words).icon(icons::STAR)).on_hover_text(tip).clicked() {
                actions.push(Action::Preset(PresetAction::TakeCalls(calls.found.calls.clone())));
                is_done = true;
            }
        });
        if ui.add(PrimaryButton::new("Put it into the form")).clicked() || is_entered {
            if let Some(call) = calls.found.calls.get(calls.chosen) {
                actions.push(Action::FillForm(Box::new(call.draft())));
            }
            is_done = true;
        }
    }
    let left = &calls.found.left;
    if left.is_empty() {
        return is_done;
    }
    ui.label(RichText::new(format!("Left, {}:", grouped(left.len() as u64))).color(t.subdued));
    scroll_ui(ui, "what is left", ScrollArea::vertical().max_height(110.0).auto_shrink([false, true]), |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let small = |text: &str| RichText::new(foreign::label(text)).size(theme::SMALL_SIZE).color(t.subdued);
        for line in left.iter().take(MOST_LEFT) {
            ui.add(Label::new(small(line)).wrap());
        }
        if left.len() > MOST_LEFT {
            ui.label(small(&format!("and {} more", left.len() - MOST_LEFT)));
        }
    });
    is_done
}

/// The list of the calls, one of which is chosen; true when Enter was pressed in it.
fn list_ui(ui: &mut Ui, calls: &mut ShownCalls) -> bool {
    let count = calls.lines.len();
    let id = Id::unique("import_calls");
    let mut is_entered = false;
    if ui.memory(|memory| memory.has_focus(id)) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let page = calls.scroll.in_view().max(1);
        if let Some(row) = row_by_key(pressed, Some(calls.chosen), count, page) {
            calls.chosen = row;
            calls.scroll.reveal(row);
        }
        is_entered = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    }
    let height = CALL_ROW * count.min(CALLS_IN_VIEW) as f32;
    let place = egui::Rect::from_min_size(ui.cursor().min, egui::vec2(ui.available_width(), height));
    ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
        let rows = VirtualRows {
            id,
            name: "Calls that make a token",
            role: Role::ListBox,
            scroll: &mut calls.scroll,
            len: count,
            row_height: CALL_ROW,
        };
        let (lines, chosen) = (&calls.lines, &mut calls.chosen);
        let list = rows.show(ui, |ui, index, rect| {
            let response = ui.interact(rect, id.with(index), Sense::CLICK);
            call_ui(ui, &lines[index], &response, *chosen == index);
            if response.clicked() {
                *chosen = index;
                ui.memory_mut(|memory| memory.request_focus(id));
            }
        });
        focus_ring_ui(ui, &list);
        if std::mem::take(&mut calls.is_new) {
            list.request_focus();
        }
    });
    is_entered
}

fn call_ui(ui: &Ui, (name, card, without): &(String, String, String), response: &egui::Response, is_chosen: bool) {
    let t = DesignTokens::of(ui);
    let rect = response.rect;
    let below = if without.is_empty() { card.clone() } else { format!("{card} · {without}") };
    response.widget_info(|| {
        let words = format!("{name}, {below}");
        WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, foreign::label(&words))
    });
    ui.accesskit_node_builder(response.id, |node| node.set_selected(is_chosen));
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => Some(t.selection),
        (false, true) => Some(t.raised),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect.shrink2(egui::vec2(1.0, 1.0)), theme::RADIUS_SMALL, fill);
    }
    let (left, room) = (rect.left() + 10.0, rect.width() - 20.0);
    let name = paint::line(ui, name, theme::regular(theme::BODY_SIZE), t.text, room);
    paint::galley_left(ui.painter(), name, left, rect.top() + 14.0);
    let below = paint::line(ui, &below, theme::regular(theme::SMALL_SIZE), t.subdued, room);
    paint::galley_left(ui.painter(), below, left, rect.top() + 31.0);
}
