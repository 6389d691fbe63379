//! The frame of a modal dialog: its title, its close button, its margins.

use crate::{
    domain::foreign,
    ui::{
        icons,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::IconButton,
    },
};
use egui::{Align, Context, Frame, Id, Layout, Margin, Modal, Rect, Sides, Ui, accesskit, vec2};

/// What a modal returned in this frame.
#[derive(Debug)]
pub struct ModalOutput<R> {
    /// What its contents returned.
    pub inner: R,
    /// Esc, the backdrop, the close button or `ui.close()` asked to close it.
    pub should_close: bool,
}

/// Height of the row with the title and the close button, in points.
const HEAD: f32 = 28.0;

/// Where the uppermost dialog is, in the pass that drew it.
#[derive(Clone, Copy, Debug)]
pub struct DialogPlace {
    pub rect: Rect,
    pass: u64,
}

impl DialogPlace {
    fn id() -> Id {
        Id::unique("the place of the uppermost dialog")
    }

    /// The dialog that was drawn in this pass; `None` while none is open.
    pub fn of(ctx: &Context) -> Option<Self> {
        let known: Self = ctx.data(|data| data.get_temp(Self::id()))?;
        (known.pass == ctx.cumulative_pass_nr()).then_some(known)
    }

    /// Where its title stands, without the close button: nothing there can be pressed.
    pub fn title(&self) -> Rect {
        let inside = self.rect.shrink(f32::from(theme::MODAL_PADDING));
        inside.with_max_y(inside.top() + HEAD).shrink2(vec2(HEAD + 8.0, 0.0))
    }
}

/// Draws a modal of `width` over the window; `name` tells it from other modals.
pub fn modal_ui<R>(
    ctx: &Context,
    name: &str,
    title: &str,
    width: f32,
    add: impl FnOnce(&mut Ui) -> R,
) -> ModalOutput<R> {
    let t = DesignTokens::by(ctx.theme());
    let frame = Frame::new()
        .fill(t.panel)
        .stroke(t.hairline())
        .corner_radius(theme::RADIUS_LARGE)
        .shadow(t.float_shadow())
        .inner_margin(Margin::same(theme::MODAL_PADDING));
    let id = Id::unique(("modal", name));
    let response = Modal::new(id).frame(frame).backdrop_color(t.backdrop).show(ctx, |ui| {
        let width = width.min(ctx.content_rect().width() - 48.0);
        ui.set_width(width);
        // The toolkit's own node of the modal is the dialog; it only lacks a name.
        ui.accesskit_node_builder(id, |node| {
            node.set_label(title);
            node.set_modal();
        });
        let mut closed = false;
        Sides::new().height(HEAD).shrink_left().truncate().show(
            ui,
            |ui| ui.heading(foreign::label(title)),
            |ui| closed = ui.add(IconButton::new(icons::X, "Close the dialog").keys(LocalKey::Close.keys())).clicked(),
        );
        ui.add_space(8.0);
        let inner = ui.with_layout(Layout::top_down(Align::Min), add).inner;
        (inner, closed)
    });
    let place = DialogPlace { rect: response.response.rect, pass: ctx.cumulative_pass_nr() };
    ctx.data_mut(|data| data.insert_temp(DialogPlace::id(), place));
    // Where it is, which the toolkit tells of widgets only.
    let Rect { min, max } = place.rect;
    let bounds = accesskit::Rect { x0: min.x.into(), y0: min.y.into(), x1: max.x.into(), y1: max.y.into() };
    ctx.accesskit_node_builder(id, |node| node.set_bounds(bounds));
    let should_close = response.should_close();
    let (inner, closed) = response.inner;
    ModalOutput { inner, should_close: should_close || closed }
}
