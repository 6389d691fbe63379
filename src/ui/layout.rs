//! How the panes share the window: what is docked, what lies over the others as a drawer, and the bars between them.

use std::ops::RangeInclusive;

use egui::{
    Color32, Context, CursorIcon, EventFilter, Id, Key, Rangef, Rect, Response, Role, Sense, Stroke, Ui, UiBuilder,
    Vec2, WidgetInfo, vec2,
};

use super::theme::DesignTokens;
use crate::domain::settings::{
    layout::{ScreenArea, WindowLayout, WindowPlace},
    preferences::WindowSettings,
};

/// A part of the window, in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowPart {
    Form,
    Middle,
    Inspector,
}

impl WindowPart {
    pub const ALL: [Self; 3] = [Self::Form, Self::Middle, Self::Inspector];
}

/// Where the parts were drawn.
#[derive(Clone, Copy, Debug)]
pub struct PartPlaces([Rect; 3]);

impl Default for PartPlaces {
    fn default() -> Self {
        Self([Rect::NOTHING; 3])
    }
}

impl PartPlaces {
    pub fn of(&self, part: WindowPart) -> Rect {
        self.0[part as usize]
    }

    pub fn set(&mut self, part: WindowPart, rect: Rect) {
        self.0[part as usize] = rect;
    }
}

/// Where the inspector is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InspectorDock {
    Hidden,
    /// Beside the middle, with this width in points.
    Beside(f32),
    /// Over the middle, with this width in points: the window is too small to have it beside.
    Drawer(f32),
}

/// What is drawn in a window of some width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanePlan {
    pub form: Option<f32>,
    pub inspector: InspectorDock,
    pub form_range: WidthRange,
    pub inspector_range: WidthRange,
}

/// The narrowest and the widest that a pane may be, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WidthRange {
    pub least: f32,
    pub most: f32,
}

impl WidthRange {
    fn new(least: f32, most: f32) -> Self {
        Self { least, most: most.max(least) }
    }

    fn clamp(self, width: f32) -> f32 {
        width.clamp(self.least, self.most)
    }

    fn range(self) -> RangeInclusive<f32> {
        self.least..=self.most
    }
}

/// The middle is never narrower than this beside its neighbours.
const LEAST_MIDDLE: f32 = 440.0;
/// Wide enough for the longest card number, 19 digits in five groups, beside the badge of its brand.
const LEAST_FORM: f32 = 308.0;
const LEAST_INSPECTOR: f32 = 320.0;
const DRAWER: f32 = 430.0;

/// The room, in points, that the window needs for the form to be usable: its card fields and its button whole, beside a
/// list that can be read.
const LEAST_ROOM: Vec2 = vec2(720.0, 480.0);

/// The zooms at which a window of this size, in points at zoom 1, stays usable. The usual size is always one of them,
/// because a smaller one is no help to whoever cannot read it.
pub fn usable_zooms(window: Vec2) -> RangeInclusive<f32> {
    let most = (window / LEAST_ROOM).min_elem();
    // In steps of 5%, so that a window that is dragged does not flicker through every size between.
    let most = (most * 20.0).floor() / 20.0;
    *WindowSettings::ZOOMS.start()..=most.clamp(1.0, *WindowSettings::ZOOMS.end())
}

/// The size of the window in points at zoom 1.
pub fn unzoomed_size(ctx: &Context) -> Vec2 {
    ctx.content_rect().size() * ctx.zoom_factor()
}

/// Shares `width` between the panes.
pub fn plan(width: f32, layout: &WindowLayout, drawer_is_open: bool) -> PanePlan {
    let form_range = WidthRange::new(LEAST_FORM, (width - LEAST_MIDDLE - LEAST_INSPECTOR).min(460.0));
    let form = layout.form_is_open.then(|| form_range.clamp(layout.form_width));
    let rest = width - form.unwrap_or(0.0) - LEAST_MIDDLE;
    let inspector_range = WidthRange::new(LEAST_INSPECTOR, rest.min(1100.0));
    let inspector = if is_small(width, layout) {
        let room = width - form.unwrap_or(0.0) - 60.0;
        if drawer_is_open { InspectorDock::Drawer(DRAWER.min(room)) } else { InspectorDock::Hidden }
    } else if layout.inspector_is_open {
        // A large window has a wide inspector.
        let usual = (width * 0.27).clamp(340.0, 640.0);
        InspectorDock::Beside(inspector_range.clamp(layout.inspector_width.unwrap_or(usual)))
    } else {
        InspectorDock::Hidden
    };
    PanePlan { form, inspector, form_range, inspector_range }
}

/// Whether there is no room for three panes side by side.
pub fn is_small(width: f32, layout: &WindowLayout) -> bool {
    let form = if layout.form_is_open { LEAST_FORM } else { 0.0 };
    width < form + LEAST_MIDDLE + LEAST_INSPECTOR
}

/// The side of a pane that its splitter is at, and that it grows to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthSide {
    Right,
    Left,
}

/// Draws the splitter on the edge of a pane, which makes the pane wider or narrower by the pointer and by the arrow
/// keys. `Some` with the new width while the splitter is moved; `Some(None)` for the usual width, which a double click
/// asks for.
pub fn splitter_ui(
    ui: &Ui,
    name: &str,
    edge: Rect,
    grows: GrowthSide,
    width: f32,
    span: WidthRange,
) -> Option<Option<f32>> {
    const STEP: f32 = 16.0;
    let t = DesignTokens::of(ui);
    let id = Id::unique(("splitter", name));
    let bar = edge.expand2(vec2(3.0, 0.0));
    let response = ui.interact(bar, id, Sense::click_and_drag());
    tell(ui, &response, name, width, span);
    let is_live = response.hovered() || response.dragged() || response.has_focus();
    if is_live {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
        let line = Stroke::new(if response.has_focus() { 3.0 } else { 2.0 }, t.accent);
        ui.painter().vline(edge.center().x, edge.y_range(), line);
    }
    if response.double_clicked() {
        return Some(None);
    }
    let sign = if grows == GrowthSide::Right { 1.0 } else { -1.0 };
    let mut wanted = width;
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        wanted += sign * (pointer.x - edge.center().x);
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        let steps = ui.input_mut(|input| {
            let count =
                |input: &mut egui::InputState, key| input.count_and_consume_key(egui::Modifiers::NONE, key) as f32;
            count(input, Key::ArrowRight) - count(input, Key::ArrowLeft)
        });
        wanted += sign * steps * STEP;
    }
    let wanted = span.clamp(wanted);
    ((wanted - width).abs() > 0.01).then_some(Some(wanted))
}

fn tell(ui: &Ui, response: &Response, name: &str, width: f32, span: WidthRange) {
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, name));
    ui.accesskit_node_builder(response.id, |node| {
        node.set_numeric_value(f64::from(width.round()));
        let range = span.range();
        node.set_min_numeric_value(f64::from(range.start().round()));
        node.set_max_numeric_value(f64::from(range.end().round()));
    });
}

/// Draws a pane in its place, with a hairline at its left. The window draws its panes with this in reading order; the
/// toolkit's own panels have to be drawn from the outside in, and Tab would go through them in that order.
pub fn pane_ui(ui: &mut Ui, name: &str, place: Rect, fill: Color32, add: impl FnOnce(&mut Ui)) {
    let mut pane = ui.new_child(UiBuilder::new().max_rect(place).id_salt(name));
    pane.shrink_clip_rect(place);
    pane.painter().rect_filled(place, 0, fill);
    add(&mut pane);
    pane.painter().vline(place.left(), place.y_range(), DesignTokens::of(ui).hairline());
}

/// A stop for the keyboard at the head of a pane, named as the pane: the keys that lead into the pane put the focus
/// here.
pub fn landmark_ui(ui: &Ui, id: Id, name: &str, pane: Rect) -> Response {
    let response = ui.interact(pane, id, Sense::focusable_noninteractive());
    response.widget_info(|| WidgetInfo::labeled(Role::Pane, true, name));
    if response.has_focus() {
        let ring = Stroke::new(1.5, DesignTokens::of(ui).accent);
        ui.painter().rect_stroke(pane.shrink(1.0), 0, ring, egui::StrokeKind::Inside);
    }
    response
}

/// Where the window is and how large; `None` while it is minimized or fills the screen, which is not kept.
fn window_place(ctx: &Context, before: Option<WindowPlace>) -> Option<WindowPlace> {
    let zoom = ctx.zoom_factor();
    ctx.input(|input| {
        let viewport = input.viewport();
        let is_odd = viewport.minimized == Some(true) || viewport.fullscreen == Some(true);
        let size = viewport.inner_rect.filter(|_| !is_odd)?.size() * zoom;
        let is_maximized = viewport.maximized == Some(true);
        match before {
            // What is kept is where the window goes back to.
            Some(before) if is_maximized => Some(WindowPlace { is_maximized, ..before }),
            None if is_maximized => {
                let screen =
                    viewport.monitor_size.map(|size| ScreenArea { corner: [0.0; 2], size: (size * zoom).into() });
                Some(WindowPlace { is_maximized, ..WindowPlace::first(screen) })
            }
            _ => {
                let corner = viewport.outer_rect.map(|outer| [outer.min.x * zoom, outer.min.y * zoom]);
                Some(WindowPlace { corner, size: [size.x, size.y], is_maximized })
            }
        }
    })
}

/// The layout of now, and the one that is saved: decides when it has to be saved again.
#[derive(Debug)]
pub struct KeptLayout {
    pub now: WindowLayout,
    kept: WindowLayout,
    seen: WindowLayout,
    /// When it was last seen to change, in the window's time.
    changed_at: f64,
}

impl KeptLayout {
    /// How long the layout has to stay as it is before it is kept: a drag of the mouse is one change.
    const CALM_SECS: f64 = 1.0;

    pub fn new(layout: WindowLayout) -> Self {
        Self { now: layout, kept: layout, seen: layout, changed_at: 0.0 }
    }

    /// The layout, when it is time to save it; else the window is woken when it will be.
    pub fn due(&mut self, ctx: &Context) -> Option<WindowLayout> {
        self.now.window = window_place(ctx, self.now.window).or(self.now.window);
        let time = ctx.input(|input| input.time);
        if std::mem::replace(&mut self.seen, self.now) != self.now {
            self.changed_at = time;
        }
        if self.now == self.kept {
            return None;
        }
        let left = self.changed_at + Self::CALM_SECS - time;
        if left > 0.0 {
            ctx.request_repaint_after_secs(left as f32);
            return None;
        }
        self.kept = self.now;
        Some(self.now)
    }

    /// The layout, if it is not saved yet: for when the window closes.
    pub fn last(&self) -> Option<WindowLayout> {
        (self.now != self.kept).then_some(self.now)
    }
}

/// The strip of `pane` that its neighbour begins at.
pub fn edge_of(pane: Rect, grows: GrowthSide) -> Rect {
    let x = if grows == GrowthSide::Right { pane.right() } else { pane.left() };
    Rect::from_x_y_ranges(Rangef::point(x), pane.y_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panes_share_every_window() {
        let usual = WindowLayout::default();
        for width in [900.0, 1000.0, 1100.0, 1280.0, 1440.0, 1920.0, 3840.0_f32] {
            for form_width in [100.0, 320.0, 900.0] {
                for inspector_width in [None, Some(200.0), Some(3000.0)] {
                    for form_is_open in [true, false] {
                        let layout = WindowLayout { form_width, inspector_width, form_is_open, ..usual };
                        let plan = plan(width, &layout, true);
                        let form = plan.form.unwrap_or(0.0);
                        let middle = match plan.inspector {
                            InspectorDock::Beside(inspector) => width - form - inspector,
                            InspectorDock::Drawer(inspector) => {
                                assert!(inspector <= width - form, "{width} {layout:?} {plan:?}");
                                width - form
                            }
                            InspectorDock::Hidden => width - form,
                        };
                        assert!(middle >= LEAST_MIDDLE - 0.1, "{width} {layout:?} {plan:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_zoom_leaves_every_window_the_room_that_it_needs() {
        for (width, height, most) in [
            (900.0, 560.0, 1.15),
            (900.0, 600.0, 1.25),
            (1280.0, 800.0, 1.65),
            (1366.0, 768.0, 1.6),
            (1920.0, 1080.0, 2.25),
            (3840.0, 2160.0, 4.0),
            (300.0, 200.0, 1.0),
        ] {
            let zooms = usable_zooms(vec2(width, height));
            assert!((zooms.end() - most).abs() < 0.001, "{width}x{height}: {zooms:?}");
        }
    }

    #[test]
    fn a_small_window_has_the_inspector_as_a_drawer() {
        let layout = WindowLayout::default();
        assert!(matches!(plan(900.0, &layout, true).inspector, InspectorDock::Drawer(_)));
        assert_eq!(plan(900.0, &layout, false).inspector, InspectorDock::Hidden);
        assert!(matches!(plan(1280.0, &layout, false).inspector, InspectorDock::Beside(_)));
        // Without the form there is room.
        let folded = WindowLayout { form_is_open: false, ..layout };
        assert!(matches!(plan(900.0, &folded, false).inspector, InspectorDock::Beside(_)));
    }
}
