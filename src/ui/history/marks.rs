//! What a person writes on entries, in a slim panel under the table: a note and tags of one, or tags for several.

use egui::{Id, Key, Response, RichText, Ui, vec2};

use crate::{
    domain::history::{
        edit::{EntryEdit, LONGEST_NOTE, note_in, tagged, tags_in},
        entry::{EntryId, HistoryEntry},
    },
    ui::{
        action::Action,
        leaving::LeaveGuard,
        theme::{self, DesignTokens},
        widgets::{PrimaryButton, QuietButton, TextInput, caret::lead_to, text_edit_ui},
        words,
    },
};

/// The panel while it is open.
#[derive(Clone, Debug)]
pub struct AnnotationPanel {
    about: AnnotationSubject,
    is_started: bool,
    /// The edits that are not on disk yet.
    waiting: Vec<EntryEdit>,
    leaving: LeaveGuard,
}

#[derive(Clone, Debug)]
enum AnnotationSubject {
    One { id: EntryId, name: String, note: String, tags: String, kept_note: String, kept_tags: Vec<String> },
    Several { ids: Vec<EntryId>, add: String, remove: String },
}

/// A text to edit in the panel.
struct AnnotationField<'a> {
    name: &'static str,
    hint: &'static str,
    text: &'a mut String,
    /// How many characters it takes.
    most: usize,
}

/// What the user asked the panel for in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PanelWish {
    Save,
    /// To leave, which asks first where something was typed.
    Leave,
    /// To go on after all.
    Keep,
    /// To give up what was typed.
    Discard,
}

/// The most characters of a field of tags.
const LONGEST_TAGS: usize = 400;
/// What the two buttons take of a row, in points.
const BUTTONS_WIDTH: f32 = 210.0;

/// Whether the panel stays open after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelState {
    Stays,
    /// Closed: the focus goes back to the table.
    Closed,
}

impl AnnotationPanel {
    pub fn of(entry: &HistoryEntry) -> Self {
        let name = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("this entry").to_owned();
        Self::about(AnnotationSubject::One {
            id: entry.id,
            name,
            note: entry.note.clone(),
            tags: entry.tags.join(" "),
            kept_note: entry.note.clone(),
            kept_tags: entry.tags.clone(),
        })
    }

    pub fn of_several(ids: &[EntryId]) -> Self {
        Self::about(AnnotationSubject::Several { ids: ids.to_vec(), add: String::new(), remove: String::new() })
    }

    fn about(about: AnnotationSubject) -> Self {
        Self { about, is_started: false, waiting: Vec::new(), leaving: LeaveGuard::default() }
    }

    /// Height of the panel, in points.
    pub const HEIGHT: f32 = 116.0;

    /// Takes notice that an edit was done or failed; `true` when everything that was saved is on disk and the panel can
    /// be closed.
    pub fn edited(&mut self, edit: &EntryEdit, is_done: bool) -> bool {
        let Some(place) = self.waiting.iter().position(|waiting| waiting == edit) else { return false };
        self.waiting.remove(place);
        if !is_done {
            // What was typed stays, to be saved again.
            self.waiting.clear();
            return false;
        }
        // More may have been typed since it was sent.
        let is_all = self.about.is_kept_by(edit);
        self.waiting.is_empty() && is_all
    }

    /// Whether something was typed that is not saved yet.
    pub fn is_changed(&self) -> bool {
        !self.edits().is_empty()
    }

    /// Puts the focus into the first field in the next frame.
    pub fn focus(&mut self) {
        self.is_started = false;
    }

    /// The edits that bring the store to what was typed.
    fn edits(&self) -> Vec<EntryEdit> {
        match &self.about {
            AnnotationSubject::One { id, note, tags, kept_note, kept_tags, .. } => {
                let note = note_in(note);
                let tags = tags_in(tags);
                let add: Vec<String> = tags.iter().filter(|tag| !kept_tags.contains(tag)).cloned().collect();
                let remove: Vec<String> = kept_tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
                let has_note = (note != *kept_note).then_some(EntryEdit::Note { id: *id, note });
                let has_tags =
                    (!add.is_empty() || !remove.is_empty()).then(|| EntryEdit::Tag { ids: vec![*id], add, remove });
                has_note.into_iter().chain(has_tags).collect()
            }
            AnnotationSubject::Several { ids, add, remove } => {
                let (add, remove) = (tags_in(add), tags_in(remove));
                let is_something = !add.is_empty() || !remove.is_empty();
                is_something.then(|| EntryEdit::Tag { ids: ids.clone(), add, remove }).into_iter().collect()
            }
        }
    }

    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) -> PanelState {
        let is_saving = !self.waiting.is_empty();
        let is_first_frame = !std::mem::replace(&mut self.is_started, true);
        ui.add_space(8.0);
        self.about.heading_ui(ui, self.leaving.is_asking());
        ui.add_space(4.0);
        ui.spacing_mut().item_spacing.y = 6.0;
        let [first, second] = self.about.fields();
        let mut wish = None;
        let is_asking = self.leaving.is_asking();
        ui.horizontal(|ui| {
            let response = first.ui(ui, 0.0);
            if is_first_frame {
                lead_to(ui.ctx(), response.id);
            }
            wish = wish.or(wish_by_key(ui, &response));
        });
        ui.horizontal(|ui| {
            let response = second.ui(ui, BUTTONS_WIDTH);
            wish = wish.or(wish_by_key(ui, &response));
            let focuses = is_asking && self.leaving.take_focus();
            wish = if is_asking { question_ui(ui, focuses) } else { buttons_ui(ui, is_saving) }.or(wish);
        });
        if wish == Some(PanelWish::Save) && !is_saving && !self.save(actions) {
            return PanelState::Closed;
        }
        if wish == Some(PanelWish::Keep) {
            self.leaving.keep(ui.ctx());
        }
        let is_unsaved = self.is_changed();
        let stays = self.leaving.stays(ui.ctx(), wish == Some(PanelWish::Leave), is_unsaved);
        if wish == Some(PanelWish::Discard) || !stays { PanelState::Closed } else { PanelState::Stays }
    }

    /// Asks for the edits; `false` where there are none.
    fn save(&mut self, actions: &mut Vec<Action>) -> bool {
        let edits = self.edits();
        if edits.is_empty() {
            return false;
        }
        self.waiting.clone_from(&edits);
        actions.extend(edits.into_iter().map(Action::Edit));
        true
    }
}

impl AnnotationSubject {
    /// Takes notice that an edit is on disk; true when nothing else is typed.
    fn is_kept_by(&mut self, edit: &EntryEdit) -> bool {
        match (self, edit) {
            (Self::One { note, tags, kept_note, kept_tags, .. }, edit) => {
                match edit {
                    EntryEdit::Note { note, .. } => kept_note.clone_from(note),
                    EntryEdit::Tag { add, remove, .. } => *kept_tags = tagged(kept_tags, add, remove),
                    EntryEdit::Delete { .. } | EntryEdit::Restore { .. } => {}
                }
                let typed = tags_in(tags);
                let has_all = kept_tags.iter().all(|tag| typed.contains(tag)) && typed.len() == kept_tags.len();
                note_in(note) == *kept_note && has_all
            }
            (Self::Several { add, remove, .. }, EntryEdit::Tag { add: added, remove: removed, .. }) => {
                tags_in(add) == *added && tags_in(remove) == *removed
            }
            (Self::Several { .. }, _) => true,
        }
    }

    fn heading_ui(&self, ui: &mut Ui, is_asking: bool) {
        let heading = match self {
            Self::One { name, .. } if is_asking => format!("The note and tags of {name} are not saved"),
            Self::One { name, .. } => format!("Note and tags of {name}"),
            Self::Several { .. } if is_asking => "These tags are not saved".to_owned(),
            Self::Several { ids, .. } => format!("Tags of {}", words::entries(ids.len() as u64)),
        };
        let t = DesignTokens::of(ui);
        let color = if is_asking { t.warn } else { t.text };
        ui.add(
            egui::Label::new(RichText::new(heading).font(theme::semibold(theme::SMALL_SIZE)).color(color)).truncate(),
        );
    }

    fn fields(&mut self) -> [AnnotationField<'_>; 2] {
        let field = |name, hint, text, most| AnnotationField { name, hint, text, most };
        match self {
            Self::One { note, tags, .. } => [
                field("Note", "What this token is for", note, LONGEST_NOTE),
                field("Tags", "smoke nightly", tags, LONGEST_TAGS),
            ],
            Self::Several { add, remove, .. } => [
                field("Add tags", "smoke nightly", add, LONGEST_TAGS),
                field("Remove tags", "draft", remove, LONGEST_TAGS),
            ],
        }
    }
}

impl AnnotationField<'_> {
    /// Draws the name and the text beside it, which leaves `right` points of the row free.
    fn ui(self, ui: &mut Ui, right: f32) -> Response {
        let t = DesignTokens::of(ui);
        let (label, _) = ui.allocate_exact_size(vec2(78.0, theme::CONTROL_HEIGHT), egui::Sense::hover());
        let words = RichText::new(self.name).size(theme::SMALL_SIZE).color(t.subdued);
        let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(label).layout(*ui.layout()));
        let label = beside.label(words).id;
        let edit = ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - right).max(60.0));
            let edit = TextInput::singleline(self.text)
                .id(Id::unique(("history_marks", self.name)))
                .hint_text(self.hint)
                .char_limit(self.most);
            text_edit_ui(ui, edit, false, None).response.response
        });
        edit.inner.labelled_by(label)
    }
}

/// Enter in a field saves, Escape leaves.
fn wish_by_key(ui: &Ui, field: &Response) -> Option<PanelWish> {
    if !field.lost_focus() {
        return None;
    }
    let is_pressed = |key| ui.input(|input| input.key_pressed(key));
    match (is_pressed(Key::Enter), is_pressed(Key::Escape)) {
        (true, _) => Some(PanelWish::Save),
        (false, true) => Some(PanelWish::Leave),
        (false, false) => None,
    }
}

fn buttons_ui(ui: &mut Ui, is_saving: bool) -> Option<PanelWish> {
    let save = ui.add(PrimaryButton::new(if is_saving { "Saving…" } else { "Save" }).width(80.0)).clicked();
    let cancel = ui.add(QuietButton::new("Cancel").tall()).clicked();
    if save { Some(PanelWish::Save) } else { cancel.then_some(PanelWish::Discard) }
}

/// The two answers to whether what was typed is given up.
fn question_ui(ui: &mut Ui, focuses: bool) -> Option<PanelWish> {
    let keep = ui.add(QuietButton::new("Keep editing").tall());
    if focuses {
        keep.request_focus();
    }
    let discard = ui.add(QuietButton::new("Discard").tall().danger()).clicked();
    if keep.clicked() {
        Some(PanelWish::Keep)
    } else if keep.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        // As for every question: Escape is the careful answer.
        Some(PanelWish::Leave)
    } else {
        discard.then_some(PanelWish::Discard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_while_the_rest_is_saved_keeps_the_panel_open() {
        for (more, closes) in [("", true), (" nightly", false)] {
            let mut panel = AnnotationPanel::of_several(&[EntryId(1), EntryId(2)]);
            let AnnotationSubject::Several { add, .. } = &mut panel.about else { unreachable!() };
            add.push_str("smoke");
            let mut actions = Vec::new();
            assert!(panel.save(&mut actions));
            let Some(Action::Edit(edit)) = actions.pop() else { panic!("no edit") };
            let AnnotationSubject::Several { add, .. } = &mut panel.about else { unreachable!() };
            add.push_str(more);
            assert_eq!(panel.edited(&edit, true), closes, "{more:?}");
        }
    }
}
