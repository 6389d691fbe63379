//! An empty state: it teaches what would be here and how to get it.

use crate::{
    domain::foreign,
    ui::theme::{self, DesignTokens},
};
use egui::{Align, Label, Layout, Response, RichText, Ui, vec2};

/// Draws `heading` and `sentence` in the middle of what is left of `ui`.
pub fn empty_state_ui(ui: &mut Ui, heading: &str, sentence: &str) -> Response {
    const WIDTH: f32 = 320.0;
    let t = DesignTokens::of(ui);
    let room = ui.available_size();
    ui.allocate_ui_with_layout(room, Layout::top_down(Align::Center), |ui| {
        ui.set_min_size(vec2(room.x, 0.0));
        // A little above the middle looks centred.
        ui.add_space((room.y * 0.42 - 30.0).max(16.0));
        ui.label(RichText::new(heading).font(theme::semibold(15.0)).color(t.text));
        ui.allocate_ui(vec2(WIDTH.min(room.x), 0.0), |ui| {
            ui.vertical_centered(|ui| {
                ui.add(Label::new(RichText::new(foreign::block(sentence)).color(t.subdued)).wrap());
            });
        });
    })
    .response
}
