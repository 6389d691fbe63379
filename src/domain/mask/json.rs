//! What is replaced in JSON: texts, numbers and names each by itself, with every byte around them as it came.

use std::borrow::Cow;

use super::{
    codes::{self, Named},
    edit::{Edit, HIDDEN},
    encoded, numbers,
};
use crate::domain::json_spans::{Piece, spans};

/// A security code that is a number becomes a text.
const HIDDEN_TEXT: &str = "\"•••\"";
const QUOTE: &str = "\"";

/// What is known of a value by where it stands.
#[derive(Clone, Copy)]
struct ValuePlace {
    /// What the name says that it stands under, or that the list stands under which it is in.
    named: Named,
    /// Under a name of a security code, at any depth.
    is_in_code: bool,
    /// Under `message`, where errors repeat what was sent.
    is_message: bool,
    /// Under `metadata`, at any depth, where every name is the client's own.
    is_in_metadata: bool,
}

/// The edits of a text that is JSON; `None` where it is not. `in_plain` finds those of a text within it, with the
/// request's own security codes where it is told so; `own_numbers` are numbers that the request made secret.
pub(super) fn edits(text: &str, own_numbers: &[&str], in_plain: impl Fn(&str, bool) -> Vec<Edit>) -> Option<Vec<Edit>> {
    let top = ValuePlace { named: Named::Other, is_in_code: false, is_message: false, is_in_metadata: false };
    // What stands around the value that is read, and what its own name says.
    let (mut around, mut here) = (Vec::new(), top);
    let mut edits = Vec::new();
    for span in spans(text).ok()? {
        let part = &text[span.place.clone()];
        let inner = span.place.start + 1..span.place.end.saturating_sub(1).max(span.place.start + 1);
        match span.piece {
            Piece::ObjectStart | Piece::ArrayStart => around.push(here),
            Piece::ObjectEnd | Piece::ArrayEnd => here = around.pop().unwrap_or(top),
            Piece::Literal => {}
            Piece::Key => {
                let outer = around.last().copied().unwrap_or(top);
                let name = &*encoded::plain(&text[inner.clone()]);
                let named = codes::named(name);
                here = ValuePlace {
                    named,
                    is_in_code: outer.is_in_code || named == Named::Code,
                    is_message: name == "message" && !outer.is_in_metadata,
                    is_in_metadata: outer.is_in_metadata || name == "metadata",
                };
                edits.extend(in_text(&text[inner.clone()], inner.start, |text| in_plain(text, false)));
            }
            Piece::Text => {
                let value = &text[inner.clone()];
                if value.is_empty() || value == HIDDEN {
                    // Nothing, or hidden already.
                } else if here.is_in_code || (here.named == Named::Ambiguous && codes::is_code(value)) {
                    edits.push(Edit::hide(inner));
                } else {
                    edits.extend(in_text(value, inner.start, |text| in_plain(text, here.is_message)));
                }
            }
            Piece::Number if here.is_in_code || (here.named == Named::Ambiguous && codes::is_code(part)) => {
                let about = span.place.clone();
                edits.push(Edit { pieces: vec![(span.place, HIDDEN_TEXT.into())], about, is_whole: true });
            }
            Piece::Number => edits.extend(in_number(part, span.place.start, own_numbers)),
        }
    }
    Some(edits)
}

/// The edits of a text between its quotes, which begins at `start` in the JSON. What is written into it is escaped, for
/// JSON that is such a text has quotes too.
fn in_text(text: &str, start: usize, in_plain: impl Fn(&str) -> Vec<Edit>) -> Vec<Edit> {
    let unescaped = text.contains('\\').then(|| encoded::unescaped(text));
    let found = match &unescaped {
        Some(unescaped) => in_plain(&unescaped.text),
        None => in_plain(text),
    };
    let moved = |mut edit: Edit| {
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

/// A number that holds that of a card becomes a text.
fn in_number(number: &str, start: usize, own_numbers: &[&str]) -> Option<Edit> {
    if number.len() < numbers::SHORTEST_HIDDEN {
        return None;
    }
    let end = start + number.len();
    let digits = numbers::find(number, own_numbers).into_iter().flat_map(|number| number.hidden);
    let mut pieces = vec![(start..start, QUOTE.into())];
    pieces.extend(digits.map(|digit| (digit.start + start..digit.end + start, "*".into())));
    pieces.push((end..end, QUOTE.into()));
    (pieces.len() > 2).then_some(Edit { pieces, about: start..end, is_whole: false })
}
