//! The status of an entry as a badge: its colour, its shape and its word each tell it alone, for people who do not see
//! one of them.

use egui::{Color32, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{
    icons::{self, Icon},
    theme::{self, DesignTokens},
    widgets::paint,
};
use crate::domain::history::entry::EntryStatus;

const fn status_color(status: EntryStatus, t: &DesignTokens) -> Color32 {
    match status {
        EntryStatus::Unused => t.ok,
        EntryStatus::Used => t.used,
        EntryStatus::Failed => t.error,
        EntryStatus::Pending => t.pending,
        EntryStatus::Interrupted => t.warn,
        EntryStatus::Unknown => t.unknown,
    }
}

/// The icon of a status; an unused token has a plain dot instead.
const fn status_icon(status: EntryStatus) -> Option<Icon> {
    match status {
        EntryStatus::Unused => None,
        EntryStatus::Used => Some(icons::CIRCLE_CHECK),
        EntryStatus::Failed => Some(icons::CIRCLE_X),
        EntryStatus::Pending => Some(icons::CLOCK),
        EntryStatus::Interrupted => Some(icons::TRIANGLE_ALERT),
        EntryStatus::Unknown => Some(icons::CIRCLE_QUESTION_MARK),
    }
}

/// Size of the shape, and the space between it and the word, in points.
const SHAPE: f32 = 12.0;
const GAP: f32 = 5.0;

/// How wide the badge with the longest word is: whatever the font and the zoom, a column of this width cuts none.
pub fn longest_badge(ui: &Ui) -> f32 {
    let word = |status: EntryStatus| {
        paint::line(ui, status.label(), theme::regular(theme::SMALL_SIZE), Color32::PLACEHOLDER, f32::INFINITY).size().x
    };
    let longest = EntryStatus::ALL.into_iter().map(word).fold(0.0, f32::max);
    (SHAPE + GAP + longest).ceil()
}

/// Draws the shape and the word of `status`.
pub fn status_badge_ui(ui: &mut Ui, status: EntryStatus) -> Response {
    let t = DesignTokens::of(ui);
    let color = status_color(status, t);
    let word = paint::line(ui, status.label(), theme::regular(theme::SMALL_SIZE), color, f32::INFINITY);
    let size = vec2(SHAPE + GAP + word.size().x, word.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), status.label()));
    let center = pos2(rect.left() + SHAPE / 2.0, rect.center().y);
    match status_icon(status) {
        Some(icon) => {
            let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(SHAPE), color, f32::INFINITY);
            paint::galley_center(ui.painter(), glyph, center);
        }
        None => {
            ui.painter().circle_filled(center, 3.5, color);
        }
    }
    paint::galley_left(ui.painter(), word, rect.left() + SHAPE + GAP, rect.center().y);
    response
}
