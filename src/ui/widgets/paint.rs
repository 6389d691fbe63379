//! Painting that several widgets share: focus rings, single lines of text, the gradient of a card.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, CardColors, DesignTokens},
    },
};
use egui::{
    Color32, FontId, Galley, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, Vec2,
    epaint::Vertex,
    lerp, pos2,
    style::WidgetVisuals,
    text::{LayoutJob, TextFormat},
    vec2,
};
use std::sync::Arc;

/// The ring of a focused field: an accent border and a soft halo outside it.
pub fn field_focus_ring(ui: &Ui, rect: Rect, border: Color32) {
    let t = DesignTokens::of(ui);
    let painter = ui.painter();
    painter.rect_stroke(rect, theme::RADIUS, Stroke::new(theme::HALO, t.focus_halo), StrokeKind::Outside);
    painter.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, border), StrokeKind::Inside);
}

/// The ring of a focused button, set off from it so that it shows on every fill.
pub fn button_focus_ring(ui: &Ui, rect: Rect, radius: u8) {
    let t = DesignTokens::of(ui);
    let ring = Stroke::new(1.5, t.accent);
    ui.painter().rect_stroke(rect.expand(2.0), radius.saturating_add(2), ring, StrokeKind::Outside);
}

/// One line of text, cut with an ellipsis at `max_width`.
pub fn line(ui: &Ui, text: &str, font: FontId, color: Color32, max_width: f32) -> Arc<Galley> {
    spaced_line(ui, text, font, color, max_width, 0.0)
}

/// One line of text with extra space between its letters.
pub fn spaced_line(
    ui: &Ui,
    text: &str,
    font: FontId,
    color: Color32,
    max_width: f32,
    letter_spacing: f32,
) -> Arc<Galley> {
    let format = TextFormat { extra_letter_spacing: letter_spacing, ..TextFormat::simple(font, color) };
    let mut job = LayoutJob::single_section(foreign::label(text).into_owned(), format);
    job.wrap.max_width = max_width;
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

/// Paints `galley` with its left edge at `left` and its middle at `center_y`, and returns where it lies.
pub fn galley_left(painter: &Painter, galley: Arc<Galley>, left: f32, center_y: f32) -> Rect {
    let size = galley.size();
    let rect = Rect::from_min_size(pos2(left, center_y - size.y / 2.0), size);
    painter.galley(rect.min, galley, Color32::PLACEHOLDER);
    rect
}

/// Paints `galley` with its middle at `center`, and returns where it lies.
pub fn galley_center(painter: &Painter, galley: Arc<Galley>, center: Pos2) -> Rect {
    let left = center.x - galley.size().x / 2.0;
    galley_left(painter, galley, left, center.y)
}

/// Paints `galley` with its right edge at `right` and its middle at `center_y`, and returns where it lies.
pub fn galley_right(painter: &Painter, galley: Arc<Galley>, right: f32, center_y: f32) -> Rect {
    let left = right - galley.size().x;
    galley_left(painter, galley, left, center_y)
}

/// A rounded rectangle with the diagonal gradient of a card.
pub fn card_gradient(rect: Rect, radius: f32, colors: &CardColors, pixels_per_point: f32) -> Shape {
    let feather = 0.5 / pixels_per_point;
    let inner = outline(rect.shrink(feather), radius - feather);
    let outer = outline(rect.expand(feather), radius + feather);
    let color_at = |at: Pos2| gradient(colors, progress(rect, at));

    let mut mesh = Mesh::default();
    // A gradient with a bend is exact when each side of the bend is a polygon of its own.
    for keep_start in [true, false] {
        let part = clip_at_bend(&inner, rect, keep_start);
        let base = vertices(&mesh);
        mesh.vertices.extend(part.iter().map(|&at| vertex(at, color_at(at))));
        for i in 2..part.len() as u32 {
            mesh.add_triangle(base, base + i - 1, base + i);
        }
    }
    // The edge fades over one pixel.
    let base = vertices(&mesh);
    let count = inner.len() as u32;
    for (&inside, &outside) in inner.iter().zip(&outer) {
        mesh.vertices.push(vertex(inside, color_at(inside)));
        mesh.vertices.push(vertex(outside, Color32::TRANSPARENT));
    }
    for i in 0..count {
        let (a, b) = (base + 2 * i, base + 2 * ((i + 1) % count));
        mesh.add_triangle(a, a + 1, b);
        mesh.add_triangle(b, a + 1, b + 1);
    }
    Shape::mesh(mesh)
}

/// Where the second colour of a card lies on its diagonal.
const BEND: f32 = 0.6;

fn vertices(mesh: &Mesh) -> u32 {
    mesh.vertices.len() as u32
}

fn vertex(pos: Pos2, color: Color32) -> Vertex {
    Vertex { pos, uv: egui::epaint::WHITE_UV, color }
}

/// How far along the diagonal a point lies: 0 at the top left, 1 at the bottom right.
fn progress(rect: Rect, at: Pos2) -> f32 {
    let Vec2 { x, y } = at - rect.min;
    (x + y) / (rect.width() + rect.height())
}

fn gradient(colors: &CardColors, at: f32) -> Color32 {
    let [start, middle, end] = colors.stops;
    if at < BEND {
        start.lerp_to_gamma(middle, (at / BEND).clamp(0.0, 1.0))
    } else {
        middle.lerp_to_gamma(end, ((at - BEND) / (1.0 - BEND)).clamp(0.0, 1.0))
    }
}

/// The outline of a rounded rectangle, clockwise, with points along its straight sides.
fn outline(rect: Rect, radius: f32) -> Vec<Pos2> {
    const CORNER_STEPS: u16 = 10;
    const SIDE_STEPS: u16 = 16;
    let mut points = Vec::new();
    let corners = [
        (rect.left_top() + vec2(radius, radius), 180.0_f32),
        (rect.right_top() + vec2(-radius, radius), 270.0),
        (rect.right_bottom() + vec2(-radius, -radius), 0.0),
        (rect.left_bottom() + vec2(radius, -radius), 90.0),
    ];
    for (i, &(center, start)) in corners.iter().enumerate() {
        for step in 0..=CORNER_STEPS {
            let angle = (start + 90.0 * f32::from(step) / f32::from(CORNER_STEPS)).to_radians();
            points.push(center + radius * Vec2::angled(angle));
        }
        let (next_center, next_start) = corners[(i + 1) % corners.len()];
        let from = points[points.len() - 1];
        let to = next_center + radius * Vec2::angled(next_start.to_radians());
        for step in 1..SIDE_STEPS {
            points.push(from + (to - from) * (f32::from(step) / f32::from(SIDE_STEPS)));
        }
    }
    points
}

/// The part of a convex polygon on one side of the bend.
fn clip_at_bend(points: &[Pos2], rect: Rect, keep_start: bool) -> Vec<Pos2> {
    let side = |at: Pos2| {
        let beyond = progress(rect, at) - BEND;
        if keep_start { beyond } else { -beyond }
    };
    let mut part = Vec::with_capacity(points.len());
    for (i, &from) in points.iter().enumerate() {
        let to = points[(i + 1) % points.len()];
        let (from_side, to_side) = (side(from), side(to));
        if from_side <= 0.0 {
            part.push(from);
        }
        if (from_side < 0.0 && to_side > 0.0) || (from_side > 0.0 && to_side < 0.0) {
            let share = from_side / (from_side - to_side);
            part.push(pos2(lerp(from.x..=to.x, share), lerp(from.y..=to.y, share)));
        }
    }
    part
}

/// Draws an icon that only decorates: a screen reader passes it over.
pub fn icon_ui(ui: &mut Ui, icon: icons::Icon, size: f32, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(size, size), egui::Sense::hover());
    let glyph = line(ui, &icon.glyph().to_string(), icons::font(size), color, f32::INFINITY);
    galley_center(ui.painter(), glyph, rect.center());
}

/// The sign of a list of choices that opens, as everywhere else.
pub fn combo_chevron(ui: &Ui, rect: Rect, _: &WidgetVisuals, _is_open: bool) {
    let sign = icons::CHEVRON_DOWN.glyph().to_string();
    let glyph = line(ui, &sign, icons::font(icons::SIZE), DesignTokens::of(ui).subdued, f32::INFINITY);
    galley_center(ui.painter(), glyph, rect.center());
}
