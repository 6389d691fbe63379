//! A segmented control: one of a few values, all of them in sight.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, pos2, vec2};

/// One of `options`; the response is `changed` when the user chose another.
#[must_use = "add it with `ui.add`"]
pub struct SegmentedControl<'a, T> {
    name: &'a str,
    value: &'a mut T,
    options: &'a [(T, &'a str)],
    fill_width: bool,
    height: f32,
}

impl<'a, T: PartialEq + Clone> SegmentedControl<'a, T> {
    /// A control called `name` over `options`.
    pub fn new(name: &'a str, value: &'a mut T, options: &'a [(T, &'a str)]) -> Self {
        Self { name, value, options, fill_width: false, height: theme::BUTTON_HEIGHT }
    }

    /// Its trough fills the width and it is as high as a field.
    pub fn in_form(mut self) -> Self {
        self.fill_width = true;
        self.height = theme::CONTROL_HEIGHT;
        self
    }
}

impl<T: PartialEq + Clone> Widget for SegmentedControl<'_, T> {
    fn ui(self, ui: &mut Ui) -> Response {
        const INSET: f32 = 2.0;
        const SIDE: f32 = 12.0;
        let t = DesignTokens::of(ui);
        let font = theme::regular(theme::BODY_SIZE);
        let widths: Vec<f32> = self
            .options
            .iter()
            .map(|(_, label)| paint::line(ui, label, font.clone(), t.text, f32::INFINITY).size().x + 2.0 * SIDE)
            .map(f32::ceil)
            .collect();
        let natural: f32 = widths.iter().sum::<f32>() + 2.0 * INSET;
        let available = ui.available_width();
        let width = if self.fill_width { available } else { natural.min(available) };
        let squeeze = ((width - 2.0 * INSET) / (natural - 2.0 * INSET)).min(1.0);

        let (rect, mut whole) = ui.allocate_exact_size(vec2(width, self.height), Sense::hover());
        ui.painter().rect(rect, theme::RADIUS, t.input, t.hairline(), StrokeKind::Inside);
        ui.accesskit_node_builder(whole.id, |node| {
            node.set_role(Role::RadioGroup);
            node.set_label(self.name);
        });

        let mut left = rect.left() + INSET;
        for (i, ((value, label), width)) in self.options.iter().zip(widths).enumerate() {
            let width = width * squeeze;
            let segment = Rect::from_min_max(pos2(left, rect.top() + INSET), pos2(left + width, rect.bottom() - INSET));
            left += width;
            let response = ui.interact(segment, segment_id(&whole, i), Sense::click());
            if response.clicked() && self.value != value {
                *self.value = value.clone();
                whole.mark_changed();
            }
            show_segment(ui, &response, label, self.value == value, width - 8.0);
        }
        whole
    }
}

/// The id of a segment by its place, so that it can have the focus.
pub fn segment_id(control: &Response, place: usize) -> Id {
    control.id.with(place)
}

/// Shows one segment, whose words have `room` points, to the eye and to a screen reader.
fn show_segment(ui: &mut Ui, response: &Response, label: &str, is_chosen: bool, room: f32) {
    let t = DesignTokens::of(ui);
    let segment = response.rect;
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), is_chosen, label));
    if is_chosen {
        ui.painter().rect(segment, theme::RADIUS - 1, t.raised, t.field_stroke(), StrokeKind::Inside);
    }
    let color = if is_chosen || response.hovered() { t.text } else { t.subdued };
    let text = paint::line(ui, label, theme::regular(theme::BODY_SIZE), color, room);
    paint::galley_center(ui.painter(), text, segment.center());
    if response.has_focus() {
        let ring = Stroke::new(1.5, t.accent);
        ui.painter().rect_stroke(segment, theme::RADIUS - 1, ring, StrokeKind::Inside);
    }
    if response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
}
