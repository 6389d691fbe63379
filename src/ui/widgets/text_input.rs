//! The text input of the window: everything that is typed into goes through it, so that clipboard keys, the menu of a
//! right click and what is shown of characters that cannot be seen are the same in every field.

use std::{borrow::Cow, ops::Range, sync::Arc};

use egui::{
    Align2, Atom, Atoms, Color32, Event, FontId, Galley, Id, ImeEvent, Margin, PointerButton, TextBuffer, TextEdit, Ui,
    accesskit::ActionData,
    text::{CCursorRange, LayoutJob},
    text_edit::TextEditOutput,
    vec2,
};

use super::{
    caret::{range, select_after_tab, set_range},
    context_menu::{AskedByKey, context_menu_ui, is_asked},
    own_edits,
    text_editing::{self, BySigns},
};
use crate::{
    domain::{
        foreign,
        invisible::{without_blanks, without_invisible},
    },
    ui::{
        clipboard_keys::{ClipboardCommand, ClipboardKeys},
        shortcuts::LocalKey,
    },
};

/// What is typed into, with what it says while it is empty. Its look is given by whoever draws it: a
/// [`Field`](super::Field) does.
#[must_use = "give it to a `Field`, or call `show`"]
pub struct TextInput<'a> {
    text: &'a mut String,
    id: Option<Id>,
    hint: String,
    is_secret: bool,
    takes: TakenText,
    /// How many rows it has at least; `None` for a single line.
    rows: Option<usize>,
    most: usize,
    prefix: Option<Atom<'static>>,
    suffix: Option<Atom<'static>>,
}

/// What of a text goes into an input, whether typed, pasted or set by assistive technology.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TakenText {
    /// Everything: names, notes and values are the person's own.
    #[default]
    All,
    /// Words that are searched for or sent: without what nobody sees.
    Words,
    /// A key, a number, an address: without spaces as well.
    Code,
}

impl TakenText {
    fn of(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::All => Cow::Borrowed(text),
            Self::Words => without_invisible(text),
            Self::Code => without_blanks(text),
        }
    }
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
            takes: TakenText::All,
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

    /// Takes no character that nobody sees, but for those that emoji and some scripts are written with.
    pub fn words(mut self) -> Self {
        self.takes = TakenText::Words;
        self
    }

    /// Takes neither spaces nor characters that nobody sees: one of them in a key or a number puzzles everybody.
    pub fn code(mut self) -> Self {
        self.takes = TakenText::Code;
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
        let Self { text, id, hint, is_secret, takes, rows, most, prefix, suffix } = self;
        let id = id.unwrap_or_else(|| {
            let id = ui.next_auto_id();
            ui.skip_ahead_auto_ids(1);
            id
        });
        let has_focus = ui.memory(|memory| memory.has_focus(id));
        if has_focus {
            fit_clipboard(ui, is_secret, rows.is_none());
        }
        if takes != TakenText::All {
            fit_text(ui, id, has_focus, takes);
        }
        text_editing::arrows_by_signs(ui, id, text);
        let before = range(ui.ctx(), id);
        let kept = KeptSelection::of(ui, id, has_focus);
        let mut layouter = shown_by(look.font.clone(), look.align, rows.is_none(), kept.in_menu.map(sorted));
        own_edits::note_shown(ui.ctx(), id, text);
        let mut by_signs = BySigns(text);
        let mut edit = match rows {
            Some(rows) => TextEdit::multiline(&mut by_signs).desired_rows(rows),
            None => TextEdit::singleline(&mut by_signs),
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
        let mut output = edit.show(ui);
        text_editing::mend_caret(ui, id, text, before, &mut output);
        own_edits::note_edited(ui.ctx(), id, text);
        menu_ui(ui, &output, kept, text.is_empty(), is_secret);
        // Several lines are a text to write on, not a value to replace.
        if rows.is_none() {
            select_after_tab(ui, &output.response.response, output.galley.text());
        }
        output
    }
}

/// A selection that would be lost by a right press, or while the menu of the input has the focus.
#[derive(Clone, Copy)]
struct KeptSelection {
    /// What was selected when a right press came.
    before_press: Option<CCursorRange>,
    /// What was selected when the menu was opened.
    in_menu: Option<CCursorRange>,
}

impl KeptSelection {
    fn id_of(input: Id) -> Id {
        input.with("the selection behind the menu")
    }

    fn of(ui: &Ui, id: Id, has_focus: bool) -> Self {
        let is_press = has_focus && ui.input(|input| input.pointer.button_pressed(PointerButton::Secondary));
        Self {
            before_press: if is_press { range(ui.ctx(), id) } else { None },
            in_menu: ui.data(|data| data.get_temp(Self::id_of(id))),
        }
    }
}

/// Cut, copy, paste and select all, each done as by its keys.
fn menu_ui(ui: &Ui, output: &TextEditOutput, kept: KeptSelection, is_empty: bool, is_secret: bool) {
    let response = &output.response.response;
    let id = response.id;
    let mut selection = kept.in_menu.or_else(|| range(ui.ctx(), id));
    // A right press on what is selected leaves it selected, one right behind it too.
    if let (Some(before), Some(now)) = (kept.before_press, selection)
        && response.hovered()
        && (sorted(before).start..=sorted(before).end).contains(&now.primary.index.0)
    {
        set_range(ui.ctx(), id, before);
        selection = Some(before);
    }
    let has_selection = selection.is_some_and(|range| !range.is_empty());
    let by_key = if response.has_focus() && is_asked(ui) {
        let caret = output.galley.pos_from_cursor(selection.map(|range| range.primary).unwrap_or_default());
        Some(AskedByKey(output.galley_pos + caret.left_bottom().to_vec2()))
    } else {
        None
    };
    let mut chosen = None;
    let menu = context_menu_ui(ui, response, id, by_key, |menu| {
        let can_copy = has_selection && !is_secret;
        for (is_enabled, name, key, command) in [
            (can_copy, "Cut", LocalKey::Cut, ClipboardCommand::Cut),
            (can_copy, "Copy", LocalKey::Copy, ClipboardCommand::Copy),
            (true, "Paste", LocalKey::Paste, ClipboardCommand::Paste),
            (!is_empty, "Select all", LocalKey::SelectAll, ClipboardCommand::SelectAll),
        ] {
            if menu.item_if(is_enabled, name, key.keys()) {
                chosen = Some(command);
            }
        }
    });
    let kept = KeptSelection::id_of(id);
    if menu.is_opened
        && let Some(selection) = selection
    {
        ui.data_mut(|data| data.insert_temp(kept, selection));
    }
    if menu.is_closed {
        ui.data_mut(|data| data.remove_temp::<CCursorRange>(kept));
        if let Some(selection) = selection.filter(|_| menu.gives_back) {
            set_range(ui.ctx(), id, selection);
        }
    }
    if let Some(command) = chosen {
        ClipboardKeys::press(ui.ctx(), command);
    }
}

/// The characters of a selection, the end not counted.
fn sorted(range: CCursorRange) -> Range<usize> {
    let [start, end] = range.sorted_cursors();
    start.index.0..end.index.0
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

/// Leaves of the text that comes to this input only what it takes.
fn fit_text(ui: &Ui, id: Id, has_focus: bool, takes: TakenText) {
    let has_pointer = ui.ctx().read_response(id).is_some_and(|response| response.contains_pointer());
    ui.input_mut(|input| {
        for event in &mut input.events {
            let text = match event {
                Event::Paste(text) | Event::Text(text) | Event::Ime(ImeEvent::Commit(text)) if has_focus => text,
                Event::MiddleClickPaste { text, .. } if has_pointer => text,
                Event::AccessKitActionRequest(request) if request.target_node == id.accesskit_id() => {
                    if let Some(ActionData::Value(value)) = &mut request.data {
                        *value = takes.of(value).into();
                    }
                    continue;
                }
                _ => continue,
            };
            if let Cow::Owned(taken) = takes.of(text) {
                *text = taken;
            }
        }
    });
}

/// Lays a text out in its reading order, with a stand-in for each character that cannot be seen or must not act. The
/// characters of `marked` look selected: the toolkit shows a selection only while the input has the focus.
fn shown_by(
    font: FontId,
    align: Align2,
    is_single_line: bool,
    marked: Option<Range<usize>>,
) -> impl FnMut(&Ui, &dyn TextBuffer, f32) -> Arc<Galley> {
    move |ui, text, width| {
        let shown = foreign::edited(text.as_str(), is_single_line).into_owned();
        // The toolkit puts its own color in the place of this one.
        let color = Color32::PLACEHOLDER;
        let mut job = if is_single_line {
            LayoutJob::simple_singleline(shown, font.clone(), color)
        } else {
            LayoutJob::simple(shown, font.clone(), color, width)
        };
        job.halign = align.x();
        job.keep_trailing_whitespace = true;
        if let Some(marked) = marked.clone().filter(|marked| !marked.is_empty()) {
            mark(&mut job, marked, ui.visuals().selection.bg_fill);
        }
        let spacing = ui.spacing().extra_text_line_spacing;
        let height = ui.fonts_mut(|fonts| fonts.row_height(&font)) + spacing;
        for section in &mut job.sections {
            section.format.line_height = Some(height);
        }
        text_editing::lay_out(ui, job)
    }
}

/// Puts a color behind these characters of a text of one section.
fn mark(job: &mut LayoutJob, characters: Range<usize>, color: Color32) {
    let byte_of = |nth| job.text.char_indices().nth(nth).map_or(job.text.len(), |(at, _)| at);
    let marked = byte_of(characters.start)..byte_of(characters.end);
    let Some(whole) = job.sections.pop() else { return };
    for (range, is_marked) in [(0..marked.start, false), (marked.clone(), true), (marked.end..job.text.len(), false)] {
        let mut section = whole.clone();
        section.byte_range = range.start.into()..range.end.into();
        if is_marked {
            section.format.background = color;
        }
        job.sections.push(section);
    }
}
