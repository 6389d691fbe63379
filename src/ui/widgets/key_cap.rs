//! A key cap: the keys of a shortcut in a small outlined box.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{
    Color32, Galley, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};
use std::sync::Arc;

/// A key cap that is laid out but not yet painted.
pub struct KeyCap {
    galley: Arc<Galley>,
    color: Color32,
    edge: Color32,
}

impl KeyCap {
    /// Lays out `keys` ("Ctrl ↵") in `color` with an outline in `edge`.
    pub fn new(ui: &Ui, keys: &str, color: Color32, edge: Color32) -> Self {
        Self { galley: paint::line(ui, keys, theme::mono(theme::CAP_SIZE), color, f32::INFINITY), color, edge }
    }

    /// The size it takes.
    pub fn size(&self) -> Vec2 {
        vec2((self.galley.size().x + 12.0).max(18.0).round(), 18.0)
    }

    /// Paints it with its left middle at `left_center`.
    pub fn paint(self, painter: &Painter, left_center: Pos2) {
        let size = self.size();
        let rect = Rect::from_min_size(left_center - vec2(0.0, size.y / 2.0), size);
        let edge = Stroke::new(1.0, self.edge);
        painter.rect_stroke(rect, theme::RADIUS_SMALL, edge, StrokeKind::Inside);
        let at = rect.center() - self.galley.size() / 2.0;
        painter.galley(at, self.galley, self.color);
    }
}

/// Draws a key cap in subdued colours.
pub fn key_cap_ui(ui: &mut Ui, keys: &str) -> Response {
    let t = DesignTokens::of(ui);
    let cap = KeyCap::new(ui, keys, t.subdued, t.border_strong);
    let (rect, response) = ui.allocate_exact_size(cap.size(), Sense::hover());
    cap.paint(ui.painter(), rect.left_center());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), keys));
    response
}
