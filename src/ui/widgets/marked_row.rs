//! A row with a colour mark, a name and what there is to say about it: one of several things to choose from.

use crate::ui::{
    icons,
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{Color32, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, pos2, vec2};

/// The side of a colour mark.
pub const MARK: f32 = 10.0;

/// Paints a colour mark around `center`.
pub fn mark(ui: &Ui, center: egui::Pos2, color: Color32) {
    ui.painter().rect_filled(Rect::from_center_size(center, vec2(MARK, MARK)), 3, color);
}

/// A row that can be chosen.
#[must_use = "add it with `ui.add`"]
pub struct MarkedRow<'a> {
    color: Color32,
    name: &'a str,
    note: &'a str,
    selected: bool,
    checked: bool,
    role: Role,
    id: Option<Id>,
}

impl<'a> MarkedRow<'a> {
    /// A row called `name`.
    pub fn new(color: Color32, name: &'a str) -> Self {
        Self { color, name, note: "", selected: false, checked: false, role: Role::RadioButton, id: None }
    }

    /// A quiet line under the name; a screen reader says it as the description.
    pub fn note(mut self, note: &'a str) -> Self {
        self.note = note;
        self
    }

    /// Whether it is the chosen one.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// A tick at its end.
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }

    /// As a line of a menu.
    pub fn in_menu(mut self) -> Self {
        self.role = Role::MenuItemRadio;
        self
    }

    /// The id, so that the caller can give it the focus.
    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }
}

impl Widget for MarkedRow<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        const SIDE: f32 = 8.0;
        const LEFT: f32 = 26.0;
        let t = DesignTokens::of(ui);
        let height = if self.note.is_empty() { theme::CONTROL_HEIGHT } else { 44.0 };
        let (rect, space) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let response = ui.interact(rect, self.id.unwrap_or(space.id.with("row")), Sense::click());
        response.widget_info(|| WidgetInfo::selected(self.role, ui.is_enabled(), self.selected, self.name));
        if !self.note.is_empty() {
            ui.accesskit_node_builder(response.id, |node| node.set_description(self.note));
        }
        let raised = response.hovered() || response.is_pointer_button_down_on();
        if self.selected || raised {
            ui.painter().rect_filled(rect, theme::RADIUS, if self.selected { t.selection } else { t.raised_hover });
        }
        mark(ui, pos2(rect.left() + SIDE + MARK / 2.0, rect.center().y), self.color);
        let room = rect.width() - LEFT - SIDE - if self.checked { 20.0 } else { 0.0 };
        let name = paint::line(ui, self.name, theme::regular(theme::BODY_SIZE), t.text, room);
        let left = rect.left() + LEFT;
        if self.note.is_empty() {
            paint::galley_left(ui.painter(), name, left, rect.center().y);
        } else {
            let note = paint::line(ui, self.note, theme::regular(theme::SMALL_SIZE), t.subdued, room);
            paint::galley_left(ui.painter(), name, left, rect.center().y - 8.0);
            paint::galley_left(ui.painter(), note, left, rect.center().y + 9.0);
        }
        if self.checked {
            let glyph = icons::CHECK.glyph().to_string();
            let tick = paint::line(ui, &glyph, icons::font(14.0), t.accent_text, f32::INFINITY);
            paint::galley_center(ui.painter(), tick, pos2(rect.right() - SIDE - 7.0, rect.center().y));
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect, theme::RADIUS, Stroke::new(1.5, t.accent), StrokeKind::Inside);
        }
        response
    }
}
