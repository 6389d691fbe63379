//! Whether an entry came as it was expected: a mark for its row, and an alert for the inspector.

use egui::{Role, Sense, Ui, WidgetInfo, vec2};

use super::{
    icons, theme,
    theme::DesignTokens,
    widgets::{InlineAlert, Tone, paint},
};
use crate::domain::{foreign, history::entry::HistoryEntry, rules::expectation::Judgement};

const ICON: f32 = 13.0;
const GAP: f32 = 4.0;

/// The icon of a judgement, its tone, and a word where the entry differs from what was expected.
fn mark(judgement: &Judgement) -> (icons::Icon, Tone, &'static str) {
    if judgement.is_as_expected() {
        (icons::CHECK, Tone::Ok, "")
    } else {
        (icons::TRIANGLE_ALERT, Tone::Warn, judgement.word())
    }
}

/// The width of an entry's mark in points; 0 for an entry that was not judged.
pub(super) fn mark_width(ui: &Ui, entry: &HistoryEntry) -> f32 {
    let Some(judgement) = &entry.judgement else { return 0.0 };
    let (_, tone, word) = mark(judgement);
    let word =
        paint::line(ui, word, theme::regular(theme::SMALL_SIZE), tone.color(DesignTokens::of(ui)), f32::INFINITY);
    ICON + if word.size().x > 0.0 { GAP + word.size().x.ceil() } else { 0.0 }
}

/// Draws the mark of an entry, if it was judged.
pub(super) fn mark_ui(ui: &mut Ui, entry: &HistoryEntry) {
    let Some(judgement) = &entry.judgement else { return };
    let (icon, tone, word) = mark(judgement);
    let color = tone.color(DesignTokens::of(ui));
    let (rect, response) = ui.allocate_exact_size(vec2(mark_width(ui, entry), 16.0), Sense::hover());
    let words = foreign::label(&judgement.words()).into_owned();
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(ICON), color, f32::INFINITY);
    paint::galley_left(ui.painter(), glyph, rect.left(), rect.center().y);
    let word = paint::line(ui, word, theme::regular(theme::SMALL_SIZE), color, f32::INFINITY);
    paint::galley_left(ui.painter(), word, rect.left() + ICON + GAP, rect.center().y);
    response.on_hover_text(words);
}

/// Draws what was expected of an entry, and whether it came so; nothing where nothing was expected.
pub(super) fn judgement_ui(ui: &mut Ui, entry: &HistoryEntry) {
    let Some(expects) = &entry.expects else { return };
    let expected = format!("Expected: {}", expects.words());
    let (tone, title) = match &entry.judgement {
        None => (Tone::Info, "Not judged yet".to_owned()),
        Some(judgement) if judgement.is_as_expected() => (Tone::Ok, judgement.words()),
        Some(judgement) => (Tone::Warn, judgement.words()),
    };
    InlineAlert::new(tone, &title).text(&expected).ui(ui);
}
