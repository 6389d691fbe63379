//! A body with a foot that stays in view, drawn and reached by Tab from top to bottom.

use egui::{Rect, Ui, UiBuilder};

/// Draws `body` in what `foot` leaves of `ui`, and `foot` at the bottom, both with `state`. The toolkit's own panels
/// want the foot first, and Tab would come to it before the body.
pub fn above_foot_ui<S>(
    ui: &mut Ui,
    state: &mut S,
    body: impl FnOnce(&mut Ui, &mut S),
    foot: impl FnOnce(&mut Ui, &mut S),
) {
    let id = ui.next_auto_id().with("foot");
    let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let whole = ui.available_rect_before_wrap();
    let split = (whole.bottom() - known).max(whole.top());
    part_ui(ui, "body", whole.with_max_y(split), |ui| body(ui, state));
    let height = part_ui(ui, "foot", whole.with_min_y(split), |ui| foot(ui, state)).height();
    ui.advance_cursor_after_rect(whole);
    // How high the foot is shows only when it is drawn; what it takes now is known to the next pass.
    if (height - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, height));
        ui.request_discard("a foot has another height");
    }
}

fn part_ui(ui: &mut Ui, name: &str, place: Rect, add: impl FnOnce(&mut Ui)) -> Rect {
    let mut part = ui.new_child(UiBuilder::new().max_rect(place).id_salt(name));
    part.shrink_clip_rect(place);
    add(&mut part);
    part.min_rect()
}
