//! The text input of the window: everything that is typed into goes through it, so that clipboard keys, the menu of a
//! right click and what is shown of characters that cannot be seen are the same in every field.

use egui::{Align2, Atom, Atoms, FontId, Id, Margin, TextEdit, Ui, text_edit::TextEditOutput, util::hash, vec2};

use super::{caret::select_after_tab, own_edits::note_drawn};

/// What is typed into, with what it says while it is empty. Its look is given by whoever draws it: a
/// [`Field`](super::Field) does.
#[must_use = "give it to a `Field`, or call `show`"]
pub struct TextInput<'a> {
    text: &'a mut String,
    id: Option<Id>,
    hint: String,
    is_secret: bool,
    /// How many rows it has at least; `None` for a single line.
    rows: Option<usize>,
    most: usize,
    prefix: Option<Atom<'static>>,
    suffix: Option<Atom<'static>>,
}

/// How a text input looks.
pub struct InputLook {
    pub font: Option<FontId>,
    pub margin: Margin,
    pub width: f32,
    pub align: Align2,
    pub height: f32,
}

impl<'a> TextInput<'a> {
    /// An input of one line.
    pub fn singleline(text: &'a mut String) -> Self {
        Self {
            text,
            id: None,
            hint: String::new(),
            is_secret: false,
            rows: None,
            most: usize::MAX,
            prefix: None,
            suffix: None,
        }
    }

    /// An input of several lines, of which at least these are seen.
    pub fn multiline(text: &'a mut String, rows: usize) -> Self {
        Self { rows: Some(rows), ..Self::singleline(text) }
    }

    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }

    /// An example, shown while the input is empty.
    pub fn hint_text(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// A secret is shown as dots, and can be neither copied nor cut.
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Takes no more characters than this.
    pub fn char_limit(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// What stands before the text, inside of the frame.
    pub fn prefix(mut self, prefix: Atom<'static>) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// What stands at the right end, inside of the frame.
    pub fn suffix(mut self, suffix: Atom<'static>) -> Self {
        self.suffix = Some(suffix);
        self
    }

    /// Draws it in this look.
    pub fn show(self, ui: &mut Ui, look: InputLook) -> TextEditOutput {
        let Self { text, id, hint, is_secret, rows, most, prefix, suffix } = self;
        let before = hash(&*text);
        let mut edit = match rows {
            Some(rows) => TextEdit::multiline(&mut *text).desired_rows(rows),
            None => TextEdit::singleline(&mut *text),
        };
        edit = edit
            .hint_text(hint)
            .password(is_secret)
            .char_limit(most)
            .margin(look.margin)
            .desired_width(look.width)
            .align(look.align)
            .min_size(vec2(0.0, look.height));
        if let Some(id) = id {
            edit = edit.id(id);
        }
        if let Some(font) = look.font {
            edit = edit.font(font);
        }
        if let Some(prefix) = prefix {
            edit = edit.prefix(Atoms::new(prefix));
        }
        if let Some(suffix) = suffix {
            edit = edit.suffix(Atoms::new(suffix));
        }
        let output = edit.show(ui);
        note_drawn(ui.ctx(), output.response.response.id, before, text);
        // Several lines are a text to write on, not a value to replace.
        if rows.is_none() {
            select_after_tab(ui, &output.response.response, output.galley.text());
        }
        output
    }
}
