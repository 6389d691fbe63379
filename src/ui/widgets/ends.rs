//! A row with two ends, drawn and reached by Tab from left to right.

use egui::{Align, Layout, TextWrapMode, Ui, UiBuilder, vec2};

/// Draws `left` from the left edge, cut where there is no room, and `right` up to the right edge. The toolkit's own row
/// of two ends draws its right one from right to left, and Tab would go through it backwards.
pub fn ends_ui<L, R>(
    ui: &mut Ui,
    height: f32,
    left: impl FnOnce(&mut Ui) -> L,
    right: impl FnOnce(&mut Ui) -> R,
) -> (L, R) {
    let id = ui.next_auto_id().with("ends");
    let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let gap = if known > 0.0 { ui.spacing().item_spacing.x } else { 0.0 };
    let split = (row.right() - known).max(row.left());
    let layout = Layout::left_to_right(Align::Center);

    let left_place = row.with_max_x((split - gap).max(row.left()));
    let mut of_left = ui.new_child(UiBuilder::new().max_rect(left_place).layout(layout).id_salt("left end"));
    of_left.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
    of_left.shrink_clip_rect(left_place.expand(4.0));
    let left = left(&mut of_left);

    let mut of_right =
        ui.new_child(UiBuilder::new().max_rect(row.with_min_x(split)).layout(layout).id_salt("right end"));
    of_right.style_mut().wrap_mode = Some(TextWrapMode::Extend);
    let right = right(&mut of_right);

    // How wide the right end is shows only when it is drawn; what it takes now is known to the next pass.
    let width = of_right.min_rect().width();
    if (width - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.request_discard("a row's right end has another width");
    }
    (left, right)
}
