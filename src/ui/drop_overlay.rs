//! What lies over the window while a file hangs over it: what can be dropped here.

use egui::{Align2, Area, Context, Frame, Id, LayerId, Margin, Order, RichText, Stroke, vec2};

use super::{
    icons,
    theme::{self, DesignTokens},
};

/// Draws it while a file is dragged over the window. `takes` tells whether it would be taken in now.
pub fn drop_overlay_ui(ctx: &Context, takes: bool) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let t = DesignTokens::by(ctx.theme());
    let whole = ctx.content_rect();
    let id = Id::unique("drop_overlay");
    ctx.layer_painter(LayerId::new(Order::Foreground, id.with("backdrop"))).rect_filled(whole, 0, t.backdrop);
    let (title, text) = if takes {
        (
            "Drop the file to take it in",
            "An export, the list of a run, or calls: curl, HAR, Postman, Stripe CLI fixtures",
        )
    } else {
        ("A dialog is open", "Close it first, then drop the file")
    };
    let area = Area::new(id).order(Order::Tooltip).interactable(false).anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0));
    area.show(ctx, |ui| {
        let color = if takes { t.accent } else { t.border };
        let frame = Frame::new().fill(t.panel).stroke(Stroke::new(2.0, color)).corner_radius(theme::RADIUS_LARGE);
        frame.inner_margin(Margin::symmetric(40, 28)).show(ui, |ui| {
            ui.set_max_width((whole.width() - 120.0).min(460.0));
            ui.vertical_centered(|ui| {
                ui.label(icons::FOLDER_OPEN.colored(30.0, color));
                ui.add_space(6.0);
                ui.label(RichText::new(title).font(theme::semibold(15.0)).color(t.text));
                ui.label(RichText::new(text).color(t.subdued));
            });
        });
    });
}
