//! Status badges: colour, shape and word, so that none of them is needed to tell the others.

use crate::domain::{entry::Status, foreign};
use crate::ui::{
    icons::{self, Icon},
    theme::{self, Tokens},
    widgets::{Tone, paint},
};
use egui::{Color32, CornerRadius, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// The colour of a status.
pub const fn status_color(status: Status, t: &Tokens) -> Color32 {
    match status {
        Status::Unused => t.ok,
        Status::Used => t.used,
        Status::Failed => t.error,
        Status::Pending => t.pending,
        Status::Interrupted => t.warn,
        Status::Unknown => t.unknown,
    }
}

/// Its icon; an unused token has a plain dot instead.
const fn status_icon(status: Status) -> Option<Icon> {
    match status {
        Status::Unused => None,
        Status::Used => Some(icons::CIRCLE_CHECK),
        Status::Failed => Some(icons::CIRCLE_X),
        Status::Pending => Some(icons::CLOCK),
        Status::Interrupted => Some(icons::TRIANGLE_ALERT),
        Status::Unknown => Some(icons::CIRCLE_QUESTION_MARK),
    }
}

/// Draws the shape and the word of `status`.
pub fn status_badge_ui(ui: &mut Ui, status: Status) -> Response {
    const SHAPE: f32 = 12.0;
    const GAP: f32 = 5.0;
    let t = Tokens::of(ui);
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

/// Draws a tinted pill with a dot or an icon and `words`, such as the state of the server; it can be clicked.
pub fn pill_ui(ui: &mut Ui, tone: Tone, words: &str) -> Response {
    let t = Tokens::of(ui);
    let color = tone.color(t);
    let words = &*foreign::label(words);
    let text = paint::line(ui, words, theme::regular(theme::SMALL_SIZE), color, ui.available_width() - 34.0);
    let size = vec2((text.size().x + 34.0).ceil(), 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), words));
    let radius = CornerRadius::same(12);
    ui.painter().rect_filled(rect, radius, tone.fill(t));
    let center = pos2(rect.left() + 14.0, rect.center().y);
    if tone == Tone::Ok {
        ui.painter().circle_filled(center, 3.5, color);
    } else {
        let glyph = paint::line(ui, &tone.icon().glyph().to_string(), icons::font(12.0), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, center);
    }
    paint::galley_left(ui.painter(), text, rect.left() + 23.0, rect.center().y);
    if response.has_focus() {
        paint::button_focus_ring(ui, rect, radius.nw);
    }
    response
}
