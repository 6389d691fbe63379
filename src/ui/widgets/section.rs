//! A collapsible section: a row with a chevron, and its fields when it is open.

use crate::ui::{
    icons,
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Draws the row of a section under a hairline; a click turns `open` around.
pub fn section_row_ui(ui: &mut Ui, title: &str, hint: &str, open: &mut bool) -> Response {
    const HEIGHT: f32 = 38.0;
    const CHEVRON: f32 = 18.0;
    let t = DesignTokens::of(ui);
    let (rect, mut response) = ui.allocate_exact_size(theme::full_width(ui, HEIGHT), Sense::click());
    if response.clicked() {
        *open = !*open;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::labeled(Role::DisclosureTriangle, ui.is_enabled(), title));
    ui.accesskit_node_builder(response.id, |node| {
        node.set_expanded(*open);
        if !hint.is_empty() {
            node.set_description(hint);
        }
    });

    let line = Rect::from_min_size(rect.min, vec2(rect.width(), 1.0));
    ui.painter().rect_filled(line, 0, t.border);
    let middle = rect.center().y + 0.5;
    let color = if response.hovered() { t.text } else { t.subdued };
    let icon = if *open { icons::CHEVRON_DOWN } else { icons::CHEVRON_RIGHT };
    let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(14.0), color, f32::INFINITY);
    paint::galley_center(ui.painter(), glyph, pos2(rect.left() + 6.0, middle));
    let hint = paint::line(ui, hint, theme::regular(theme::SMALL_SIZE), t.faint, rect.width() / 2.0);
    let room = rect.width() - CHEVRON - hint.size().x - 8.0;
    paint::galley_right(ui.painter(), hint, rect.right(), middle);
    let title = paint::line(ui, title, theme::semibold(theme::BODY_SIZE), color, room);
    paint::galley_left(ui.painter(), title, rect.left() + CHEVRON, middle);
    if response.has_focus() {
        let ring = Stroke::new(1.5, t.accent);
        let inside = Rect::from_min_max(rect.min + vec2(-4.0, 4.0), rect.max + vec2(4.0, -3.0));
        ui.painter().rect_stroke(inside, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
    }
    if response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    response
}

/// Draws the row of a section and, while it is open, its contents.
pub fn section_ui<R>(
    ui: &mut Ui,
    title: &str,
    hint: &str,
    open: &mut bool,
    add: impl FnOnce(&mut Ui) -> R,
) -> Option<R> {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        section_row_ui(ui, title, hint, open);
    });
    open.then(|| {
        let inner = ui.push_id(title, add).inner;
        ui.add_space(theme::FIELD_GAP);
        inner
    })
}
