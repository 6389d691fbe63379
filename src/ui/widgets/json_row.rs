//! The text of a row of a JSON tree, laid out: of a long line only the part in view.

use std::{ops::Range, sync::Arc};

use egui::{
    FontId, Galley, Id, Pos2, Rect, Ui, pos2,
    text::{CCursor, LayoutJob, TextFormat},
    vec2,
};

use super::{
    json_lines::{JsonRow, RowPiece},
    json_search::BEFORE_WORDS,
};
use crate::{
    domain::{foreign, json_document::JsonKind},
    ui::theme::DesignTokens,
};

/// Where a row and its text stand.
pub(super) struct RowPlace {
    /// The tree's id, which has the focus for its rows.
    pub tree: Id,
    pub rect: Rect,
    /// Where its text begins, after the indentation.
    pub text_left: f32,
    /// The width of a character, in points.
    pub advance: f32,
}

/// The text of a row as it is drawn: of a long line only the part in view.
pub(super) struct RowText {
    pub galley: Arc<Galley>,
    /// Which character of the row's text the galley begins with, and how far from the row's text it stands.
    pub first: usize,
    pub left: f32,
    /// The width of the whole text with the words beside it, in points.
    pub width: f32,
    /// How many characters the row's text has, without the words beside it.
    pub count: usize,
    /// The width of its key, in points.
    pub head: f32,
    /// Its text and the words beside it, if they are drawn whole: else a match is looked for in what is drawn.
    pub text: String,
}

/// Lines of more characters are drawn in part.
const LONG_LINE: usize = 1000;

impl RowPlace {
    pub fn chevron_center(&self) -> Pos2 {
        pos2(self.text_left - self.advance - 1.0, self.rect.center().y)
    }

    /// The chevron, and the key of `head` points.
    pub fn handle(&self, head: f32) -> Rect {
        let left = self.text_left - 2.0 * self.advance - 2.0;
        Rect::from_x_y_ranges(left..=self.text_left + head, self.rect.y_range())
    }
}

impl RowText {
    pub fn layout(ui: &Ui, font: &FontId, row: &JsonRow<'_>, hint: Option<&str>, place: &RowPlace) -> Self {
        let t = DesignTokens::of(ui);
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(6));
        row.pieces(|piece, part| {
            text.push_str(part);
            ends.push((piece, text.len()));
        });
        let count = text.chars().count();
        let head = ends.first().filter(|(piece, _)| *piece == RowPiece::Key).map_or(0, |(_, end)| *end);
        let head = text[..head].chars().count() as f32 * place.advance;
        if let Some(hint) = hint {
            text.push_str(BEFORE_WORDS);
            text.push_str(hint);
        }
        let whole = if hint.is_some() { text.chars().count() } else { count };
        let mut job = LayoutJob::default();
        job.wrap.max_width = f32::INFINITY;
        job.break_on_newline = false;
        // The bytes to be drawn, and the first character of them.
        let (window, first) = if whole > LONG_LINE { in_view(ui, &text, place) } else { (0..text.len(), 0) };
        let mut begin = 0;
        ends.push((RowPiece::Other, text.len()));
        for (nth, (piece, end)) in ends.iter().enumerate() {
            let color = match piece {
                _ if nth + 1 == ends.len() => t.json_hint,
                RowPiece::Key => t.json_key,
                RowPiece::Text => t.json_string,
                RowPiece::Number => t.json_number,
                RowPiece::Literal => t.json_literal,
                RowPiece::Other => t.json_punctuation,
            };
            let part = begin.max(window.start)..(*end).min(window.end);
            if let Some(part) = text.get(part).filter(|part| !part.is_empty()) {
                job.append(part, 0.0, TextFormat::simple(font.clone(), color));
            }
            begin = *end;
        }
        let galley = ui.painter().layout_job(job);
        let (left, width) = if whole > LONG_LINE {
            (first as f32 * place.advance, whole as f32 * place.advance)
        } else {
            (0.0, galley.size().x)
        };
        text.truncate(window.end);
        let text = text.split_off(window.start);
        Self { galley, first, left, width, count, head, text }
    }

    /// How far a character stands from where the row's text begins.
    pub fn x_of(&self, char: usize) -> f32 {
        let Some(drawn) = char.checked_sub(self.first) else { return self.left };
        self.left + self.galley.pos_from_cursor(CCursor::new(drawn)).left()
    }

    /// The character of the row's text, without the words beside it, that begins nearest to a place.
    pub fn char_at(&self, x: f32) -> usize {
        let found = self.galley.cursor_from_pos(vec2(x - self.left, 0.0)).index.0;
        (found + self.first).min(self.count)
    }
}

/// Of a long line the bytes in view, with some beside them, and the first character of them. Each character counts as
/// wide as a letter; where some are wider, the bytes in view are some further on, which only shows in how far the line
/// scrolls.
fn in_view(ui: &Ui, text: &str, place: &RowPlace) -> (Range<usize>, usize) {
    /// Steps of so many characters, so that scrolling lays a line out anew only now and then.
    const STEP: usize = 64;
    let clip = ui.clip_rect();
    let chars = |points: f32| (points.max(0.0) / place.advance) as usize;
    let first = (chars(clip.left() - place.text_left) / STEP).saturating_sub(1) * STEP;
    let last = chars(clip.right() - place.text_left) + 2 * STEP;
    let mut places = text.char_indices().map(|(at, _)| at);
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    let first = first.min(count.saturating_sub(STEP) / STEP * STEP);
    let start = places.nth(first).unwrap_or(text.len());
    let end = places.nth(last.saturating_sub(first)).unwrap_or(text.len());
    (start..end, first)
}

/// What a screen reader says of a row.
pub(super) fn spoken(row: &JsonRow<'_>, hint: Option<&str>) -> String {
    let value = match row.value.kind() {
        JsonKind::Array => format!("array of {}", row.value.len()),
        JsonKind::Object => format!("object of {}", row.value.len()),
        JsonKind::Text => foreign::label(&row.value.string().unwrap_or_default()).into_owned(),
        JsonKind::Number | JsonKind::Literal | JsonKind::Plain => foreign::label(row.value.text()).into_owned(),
    };
    let mut words = match row.value.key() {
        Some(key) => format!("{}: {value}", foreign::label(&key)),
        None => value,
    };
    if let Some(hint) = hint {
        words.push_str(", ");
        words.push_str(hint);
    }
    words
}
