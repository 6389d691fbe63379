//! A fact: a label and what it is, in a line that copies it when it is pressed.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::paint,
    },
};
use egui::{
    Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};

/// The width of the labels, and their width in a place narrower than [`NARROW`], where an id must still fit into one
/// line.
const LABEL: f32 = 88.0;
const NARROW_LABEL: f32 = 64.0;
const NARROW: f32 = 300.0;
/// The least height of a line.
const HEIGHT: f32 = 24.0;
/// The room at the right end for the icon that says that a press copies.
const SIGN: f32 = 20.0;

/// Draws `label` and `value`, the value as code if it is an id; the response is `clicked` when it is to be copied.
pub fn fact_ui(ui: &mut Ui, label: &str, value: &str, is_code: bool) -> Response {
    let t = DesignTokens::of(ui);
    let width = ui.available_width();
    let label_width = if width < NARROW { NARROW_LABEL } else { LABEL };
    let font = if is_code { theme::mono(theme::MONO_SIZE) } else { theme::regular(theme::BODY_SIZE) };
    let value = foreign::block(value);
    let mut job = LayoutJob::single_section(value.clone().into_owned(), TextFormat::simple(font, t.text));
    job.wrap.max_width = (width - label_width - SIGN).max(60.0);
    job.wrap.break_anywhere = is_code;
    let value_text = ui.painter().layout_job(job);
    let size = vec2(width, (value_text.size().y + 7.0).max(HEIGHT));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = format!("{label}: {value}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
    ui.accesskit_node_builder(response.id, |node| node.set_description("Press to copy"));

    let is_raised = response.hovered() || response.has_focus();
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect.expand2(vec2(4.0, 0.0)), theme::RADIUS_SMALL, t.raised);
    }
    let label = paint::line(ui, label, theme::regular(theme::SMALL_SIZE), t.subdued, label_width - 4.0);
    paint::galley_left(painter, label, rect.left(), rect.top() + HEIGHT / 2.0);
    let top = rect.center().y - value_text.size().y / 2.0;
    painter.galley(pos2(rect.left() + label_width, top), value_text, t.text);
    if is_raised {
        let sign = paint::line(ui, &icons::COPY.glyph().to_string(), icons::font(13.0), t.subdued, f32::INFINITY);
        paint::galley_center(painter, sign, pos2(rect.right() - SIGN / 2.0 + 2.0, rect.top() + HEIGHT / 2.0));
    }
    if response.has_focus() {
        let ring = Stroke::new(1.5, t.accent);
        painter.rect_stroke(rect.expand2(vec2(4.0, 0.0)), theme::RADIUS_SMALL, ring, StrokeKind::Inside);
    }
    response
}
