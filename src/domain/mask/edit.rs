//! Replacements in a text: how they are ordered, merged and applied.

use std::{borrow::Cow, ops::Range};

/// What replaces a security code, a key, or a text that is hidden altogether.
pub const HIDDEN: &str = "•••";

/// How much of a parameter's value is kept. It is determined when the call is recorded, and stored beside the
/// parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// The value as it was sent.
    #[default]
    Whole,
    /// The value with some parts replaced.
    Masked,
    /// Nothing of the value; only that the parameter was sent.
    Hidden,
}

impl Kept {
    /// The mark in files; `None` for a whole value.
    pub fn mark(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::Masked => Some("masked"),
            Self::Hidden => Some("hidden"),
        }
    }

    /// Parses a [`Self::mark`]; `None` for any other text.
    pub fn of_mark(mark: &str) -> Option<Self> {
        [Self::Masked, Self::Hidden].into_iter().find(|kept| kept.mark() == Some(mark))
    }
}

/// A masked text, and where in it the replacements are, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactedText {
    pub text: String,
    pub places: Vec<Range<usize>>,
}

/// How many passes masking makes at most until nothing more is found.
const MOST_ROUNDS: usize = 8;

/// Replaces what `edits` finds, until a pass finds nothing more: a replacement can join parts that were separate
/// before, above all in encoded text. One more pass usually suffices.
pub(super) fn settled(text: &str, edits: impl Fn(&str) -> Vec<TextEdit>) -> Option<RedactedText> {
    let first = edits(text);
    if first.is_empty() {
        return None;
    }
    let mut redacted = apply(text, &first);
    for _ in 1..MOST_ROUNDS {
        let more = edits(&redacted.text);
        if more.is_empty() {
            break;
        }
        redacted = apply_more(redacted, &more);
    }
    Some(redacted)
}

/// One replacement: pieces of the text in ascending order, each with the text that replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextEdit {
    pub(super) pieces: Vec<(Range<usize>, Cow<'static, str>)>,
    /// The whole number, code or key, with the part of it that stays.
    pub(super) about: Range<usize>,
    /// Whether the range is hidden whole, so that this edit wins over others inside it.
    pub(super) is_whole: bool,
}

impl TextEdit {
    pub(super) fn hide(place: Range<usize>) -> Self {
        Self { pieces: vec![(place.clone(), HIDDEN.into())], about: place, is_whole: true }
    }

    /// Replaces each of these digits by a star; `None` if there are none.
    pub(super) fn stars(about: Range<usize>, digits: Vec<Range<usize>>) -> Option<Self> {
        let pieces: Vec<_> = digits.into_iter().map(|digit| (digit, "*".into())).collect();
        (!pieces.is_empty()).then_some(Self { pieces, about, is_whole: false })
    }

    fn start(&self) -> usize {
        self.pieces.first().map_or(0, |(place, _)| place.start)
    }

    fn end(&self) -> usize {
        self.pieces.last().map_or(0, |(place, _)| place.end)
    }
}

/// The edits in ascending order, without overlaps.
pub(super) fn merged(edits: Vec<TextEdit>) -> Vec<TextEdit> {
    if edits.len() < 2 {
        return edits;
    }
    let (mut hidden, mut starred): (Vec<TextEdit>, Vec<TextEdit>) = edits.into_iter().partition(|edit| edit.is_whole);
    hidden.sort_by_key(TextEdit::start);
    hidden.dedup_by(|next, before| {
        let meets = next.start() < before.end();
        if meets {
            let end = before.end().max(next.end());
            *before = TextEdit::hide(before.start()..end);
        }
        meets
    });
    let is_free = |place: &Range<usize>| {
        let nth = hidden.partition_point(|edit| edit.end() <= place.start);
        hidden.get(nth).is_none_or(|edit| edit.start() >= place.end)
    };
    for edit in &mut starred {
        edit.pieces.retain(|(place, _)| is_free(place));
    }
    starred.retain(|edit| !edit.pieces.is_empty());
    let mut all = hidden;
    all.extend(starred);
    all.sort_by_key(TextEdit::start);
    // Two edits of the same number may replace the same digits.
    let mut written = 0;
    for edit in &mut all {
        edit.pieces.retain(|(place, _)| place.start >= written);
        written = written.max(edit.end());
    }
    all.retain(|edit| !edit.pieces.is_empty());
    all
}

fn apply(text: &str, edits: &[TextEdit]) -> RedactedText {
    let mut out = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(edits.len());
    let mut written = 0;
    for edit in edits {
        let mut start = None;
        for (place, with) in &edit.pieces {
            out.push_str(&text[written..place.start]);
            start.get_or_insert(out.len());
            out.push_str(with);
            written = place.end;
        }
        places.push(start.unwrap_or(out.len())..out.len());
    }
    out.push_str(&text[written..]);
    RedactedText { text: out, places }
}

/// Applies edits to a text that already has replacements. Their places are shifted, or dropped where an edit covers
/// them.
fn apply_more(before: RedactedText, edits: &[TextEdit]) -> RedactedText {
    let RedactedText { text, mut places } = apply(&before.text, edits);
    let mut pieces = edits.iter().flat_map(|edit| &edit.pieces).peekable();
    // How many bytes were inserted and removed before the current place.
    let (mut added, mut removed) = (0, 0);
    for place in before.places {
        while let Some((piece, with)) = pieces.next_if(|(piece, _)| piece.end <= place.start) {
            added += with.len();
            removed += piece.len();
        }
        if pieces.peek().is_none_or(|(piece, _)| piece.start >= place.end) {
            places.push(place.start + added - removed..place.end + added - removed);
        }
    }
    places.sort_by_key(|place| place.start);
    RedactedText { text, places }
}
