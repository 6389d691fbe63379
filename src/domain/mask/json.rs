//! Masking of JSON: each string, number and name is masked by itself, and every other byte stays unchanged.

use std::borrow::Cow;

use super::{
    codes::{self, NameMeaning},
    edit::{HIDDEN, TextEdit},
    encoded, numbers,
};
use crate::domain::json_spans::{JsonPiece, spans};

/// A security code that was a JSON number becomes this JSON string.
const HIDDEN_TEXT: &str = "\"•••\"";
const QUOTE: &str = "\"";

/// What the position of a value in the document says about it.
#[derive(Clone, Copy)]
struct ValuePlace {
    /// What the name of the member says, for an item of an array the name that the array has.
    named: NameMeaning,
    /// Whether a name around it, at any depth, means a security code.
    is_in_code: bool,
    /// Whether it is a `message`, where errors repeat what was sent.
    is_message: bool,
    /// Whether it lies in `metadata`, at any depth, where the client chooses the names.
    is_in_metadata: bool,
}

/// The replacements in a text that is JSON; `None` if it is not. `in_plain` finds those of a string inside it; its
/// second argument is whether the request's own security codes are replaced too. `own_numbers` are the request's own
/// card numbers.
pub(super) fn edits(
    text: &str,
    own_numbers: &[&str],
    in_plain: impl Fn(&str, bool) -> Vec<TextEdit>,
) -> Option<Vec<TextEdit>> {
    let top = ValuePlace { named: NameMeaning::Other, is_in_code: false, is_message: false, is_in_metadata: false };
    // The places of the objects and arrays around the current value, and the current value's own place.
    let (mut around, mut here) = (Vec::new(), top);
    let mut edits = Vec::new();
    for span in spans(text).ok()? {
        let part = &text[span.place.clone()];
        let inner = span.place.start + 1..span.place.end.saturating_sub(1).max(span.place.start + 1);
        match span.piece {
            JsonPiece::ObjectStart | JsonPiece::ArrayStart => around.push(here),
            JsonPiece::ObjectEnd | JsonPiece::ArrayEnd => here = around.pop().unwrap_or(top),
            JsonPiece::Literal => {}
            JsonPiece::Key => {
                let outer = around.last().copied().unwrap_or(top);
                let name = &*encoded::plain(&text[inner.clone()]);
                let named = codes::named(name);
                here = ValuePlace {
                    named,
                    is_in_code: outer.is_in_code || named == NameMeaning::Code,
                    is_message: name == "message" && !outer.is_in_metadata,
                    is_in_metadata: outer.is_in_metadata || name == "metadata",
                };
                edits.extend(in_text(&text[inner.clone()], inner.start, |text| in_plain(text, false)));
            }
            JsonPiece::Text => {
                let value = &text[inner.clone()];
                if value.is_empty() || value == HIDDEN {
                    // Empty, or hidden already.
                } else if here.is_in_code || (here.named == NameMeaning::Ambiguous && codes::is_code(value)) {
                    edits.push(TextEdit::hide(inner));
                } else {
                    edits.extend(in_text(value, inner.start, |text| in_plain(text, here.is_message)));
                }
            }
            JsonPiece::Number if here.is_in_code || (here.named == NameMeaning::Ambiguous && codes::is_code(part)) => {
                let about = span.place.clone();
                edits.push(TextEdit { pieces: vec![(span.place, HIDDEN_TEXT.into())], about, is_whole: true });
            }
            JsonPiece::Number => edits.extend(in_number(part, span.place.start, own_numbers)),
        }
    }
    Some(edits)
}

/// The replacements in the content of a JSON string that starts at byte offset `start`. What they insert is escaped,
/// because a string that holds JSON itself may get quotes inserted.
fn in_text(text: &str, start: usize, in_plain: impl Fn(&str) -> Vec<TextEdit>) -> Vec<TextEdit> {
    let unescaped = text.contains('\\').then(|| encoded::unescaped(text));
    let found = match &unescaped {
        Some(unescaped) => in_plain(&unescaped.text),
        None => in_plain(text),
    };
    let moved = |mut edit: TextEdit| {
        for (_, with) in edit.pieces.iter_mut().filter(|(_, with)| with.contains(['"', '\\'])) {
            *with = Cow::Owned(with.replace('\\', r"\\").replace('"', "\\\""));
        }
        for place in edit.pieces.iter_mut().map(|(place, _)| place).chain([&mut edit.about]) {
            let source = unescaped.as_ref().map_or(place.clone(), |unescaped| unescaped.source(place));
            *place = source.start + start..source.end + start;
        }
        edit
    };
    found.into_iter().map(moved).collect()
}

/// A JSON number that contains a card number becomes a string.
fn in_number(number: &str, start: usize, own_numbers: &[&str]) -> Option<TextEdit> {
    if number.len() < numbers::SHORTEST_HIDDEN {
        return None;
    }
    let end = start + number.len();
    let digits = numbers::find(number, own_numbers).into_iter().flat_map(|number| number.hidden);
    let mut pieces = vec![(start..start, QUOTE.into())];
    pieces.extend(digits.map(|digit| (digit.start + start..digit.end + start, "*".into())));
    pieces.push((end..end, QUOTE.into()));
    (pieces.len() > 2).then_some(TextEdit { pieces, about: start..end, is_whole: false })
}
