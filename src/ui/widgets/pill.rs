//! A tinted pill with a dot or an icon and words.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{Tone, paint},
    },
};
use egui::{CornerRadius, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// Draws `words` in a pill of `tone`, such as the state of the server; the pill can be clicked.
pub fn pill_ui(ui: &mut Ui, tone: Tone, words: &str) -> Response {
    let t = DesignTokens::of(ui);
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
