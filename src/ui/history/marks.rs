//! What a person writes on entries, in a slim panel under the table: a note and tags of one, or tags for several.

use egui::{Id, Key, RichText, TextEdit, Ui, vec2};

use crate::{
    domain::history::{
        edit::{EntryEdit, LONGEST_NOTE, note_in, tags_in},
        entry::{EntryId, HistoryEntry},
    },
    ui::{
        action::Action,
        theme::{self, DesignTokens},
        widgets::{PrimaryButton, QuietButton, chip::grouped, text_edit_ui},
    },
};

/// The panel while it is open.
#[derive(Clone, Debug)]
pub struct AnnotationPanel {
    about: AnnotationSubject,
    is_started: bool,
    /// The edits that are not on disk yet.
    waiting: Vec<EntryEdit>,
}

#[derive(Clone, Debug)]
enum AnnotationSubject {
    One { id: EntryId, name: String, note: String, tags: String, kept_note: String, kept_tags: Vec<String> },
    Several { ids: Vec<EntryId>, add: String, remove: String },
}

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
        Self { about, is_started: false, waiting: Vec::new() }
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
        self.waiting.is_empty()
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
        let t = DesignTokens::of(ui);
        let is_saving = !self.waiting.is_empty();
        let mut is_entered = false;
        let mut is_left = false;
        let heading = match &self.about {
            AnnotationSubject::One { name, .. } => format!("Note and tags of {name}"),
            AnnotationSubject::Several { ids, .. } => format!("Tags of {} entries", grouped(ids.len() as u64)),
        };
        ui.add_space(8.0);
        ui.add(
            egui::Label::new(RichText::new(heading).font(theme::semibold(theme::SMALL_SIZE)).color(t.text)).truncate(),
        );
        ui.add_space(4.0);
        let rows: [(&str, &str, &mut String, usize); 2] = match &mut self.about {
            AnnotationSubject::One { note, tags, .. } => {
                [("Note", "What this token is for", note, LONGEST_NOTE), ("Tags", "smoke nightly", tags, 400)]
            }
            AnnotationSubject::Several { add, remove, .. } => {
                [("Add tags", "smoke nightly", add, 400), ("Remove tags", "draft", remove, 400)]
            }
        };
        let is_first_frame = !std::mem::replace(&mut self.is_started, true);
        ui.spacing_mut().item_spacing.y = 6.0;
        for (place, (name, hint, text, most)) in rows.into_iter().enumerate() {
            ui.horizontal(|ui| {
                let (label, _) = ui.allocate_exact_size(vec2(78.0, theme::CONTROL_HEIGHT), egui::Sense::hover());
                let words = RichText::new(name).size(theme::SMALL_SIZE).color(t.subdued);
                let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(label).layout(*ui.layout()));
                let label = beside.label(words).id;
                let buttons = if place == 1 { 168.0 } else { 0.0 };
                let edit = ui.scope(|ui| {
                    ui.set_max_width((ui.available_width() - buttons).max(60.0));
                    let edit = TextEdit::singleline(text)
                        .id(Id::unique(("history_marks", name)))
                        .hint_text(RichText::new(hint).color(t.faint))
                        .char_limit(most);
                    text_edit_ui(ui, edit, false, None).response.response
                });
                let response = edit.inner.labelled_by(label);
                if is_first_frame && place == 0 {
                    response.request_focus();
                }
                if response.lost_focus() {
                    is_entered |= ui.input(|input| input.key_pressed(Key::Enter));
                    is_left |= ui.input(|input| input.key_pressed(Key::Escape));
                }
                if place == 1 {
                    let save = PrimaryButton::new(if is_saving { "Saving…" } else { "Save" }).width(80.0);
                    is_entered |= ui.add(save).clicked();
                    is_left |= ui.add(QuietButton::new("Cancel").tall()).clicked();
                }
            });
        }
        if is_entered && !is_saving {
            let edits = self.edits();
            if edits.is_empty() {
                return PanelState::Closed;
            }
            self.waiting.clone_from(&edits);
            actions.extend(edits.into_iter().map(Action::Edit));
        }
        if is_left { PanelState::Closed } else { PanelState::Stays }
    }
}
