//! The program's mark: a test card of five bars.

use crate::ui::theme::{LOGO_BARS, LOGO_EDGE};
use egui::{CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Draws the mark as a square of `side`.
pub fn logo_ui(ui: &mut Ui, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, ui.is_enabled(), "Testcard"));
    let radius = (side * 0.24).round() as u8;
    let last = LOGO_BARS.len() - 1;
    for (i, color) in LOGO_BARS.into_iter().enumerate() {
        let edge = |i: usize| (rect.left() + side * i as f32 / LOGO_BARS.len() as f32).round();
        let bar = Rect::from_min_max(pos2(edge(i), rect.top()), pos2(edge(i + 1), rect.bottom()));
        let (left, right) = (if i == 0 { radius } else { 0 }, if i == last { radius } else { 0 });
        let corners = CornerRadius { nw: left, sw: left, ne: right, se: right };
        ui.painter().rect_filled(bar, corners, color);
    }
    if !ui.visuals().dark_mode {
        ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, LOGO_EDGE), StrokeKind::Inside);
    }
    response
}
