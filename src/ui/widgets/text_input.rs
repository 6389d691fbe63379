//! The text input of the window: everything that is typed into goes through it, so that clipboard keys, the menu of a
//! right click and what is shown of characters that cannot be seen are the same in every field.

use std::sync::Arc;

use egui::{
    Align2, Atom, Atoms, Color32, Event, FontId, Galley, Id, Margin, TextBuffer, TextEdit, Ui, text::LayoutJob,
    text_edit::TextEditOutput, vec2,
};

use crate::domain::foreign;

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
    pub font: FontId,
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
        let id = id.unwrap_or_else(|| {
            let id = ui.next_auto_id();
            ui.skip_ahead_auto_ids(1);
            id
        });
        if ui.memory(|memory| memory.has_focus(id)) {
            fit_clipboard(ui, is_secret, rows.is_none());
        }
        let mut layouter = shown_by(look.font.clone(), look.align, rows.is_none());
        let mut edit = match rows {
            Some(rows) => TextEdit::multiline(text).desired_rows(rows),
            None => TextEdit::singleline(text),
        };
        edit = edit
            .id(id)
            .font(look.font)
            .hint_text(hint)
            .password(is_secret)
            .char_limit(most)
            .margin(look.margin)
            .desired_width(look.width)
            .align(look.align)
            .min_size(vec2(0.0, look.height));
        if !is_secret {
            edit = edit.layouter(&mut layouter);
        }
        if let Some(prefix) = prefix {
            edit = edit.prefix(Atoms::new(prefix));
        }
        if let Some(suffix) = suffix {
            edit = edit.suffix(Atoms::new(suffix));
        }
        edit.show(ui)
    }
}

/// What of the clipboard's events suits the input that has the focus: a secret is not cut, which would delete it without
/// a copy, and a single line takes no tabs, nor the end of the line that was copied.
fn fit_clipboard(ui: &Ui, is_secret: bool, is_single_line: bool) {
    ui.input_mut(|input| {
        if is_secret {
            input.events.retain(|event| !matches!(event, Event::Cut));
        }
        let pasted = input.events.iter_mut().filter_map(|event| match event {
            Event::Paste(text) if is_single_line => Some(text),
            _ => None,
        });
        for text in pasted {
            text.truncate(text.trim_end_matches('\n').len());
            if text.contains('\t') {
                *text = text.replace('\t', " ");
            }
        }
    });
}

/// Lays a text out as the toolkit does, with a stand-in for each character that cannot be seen or must not act.
fn shown_by(font: FontId, align: Align2, is_single_line: bool) -> impl FnMut(&Ui, &dyn TextBuffer, f32) -> Arc<Galley> {
    move |ui, text, width| {
        let shown = foreign::edited(text.as_str(), is_single_line).into_owned();
        let font = font.clone();
        // The toolkit puts its own color in the place of this one.
        let color = Color32::PLACEHOLDER;
        let mut job = if is_single_line {
            LayoutJob::simple_singleline(shown, font.clone(), color)
        } else {
            LayoutJob::simple(shown, font.clone(), color, width)
        };
        job.halign = align.x();
        job.keep_trailing_whitespace = true;
        let spacing = ui.spacing().extra_text_line_spacing;
        ui.fonts_mut(|fonts| {
            let height = fonts.row_height(&font) + spacing;
            for section in &mut job.sections {
                section.format.line_height = Some(height);
            }
            fonts.layout_job(job)
        })
    }
}
