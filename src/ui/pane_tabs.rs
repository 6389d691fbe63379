//! The names of the two lists that the middle pane can show, history and request log, with how long each is.

use egui::{Role, Sense, Ui, WidgetInfo, vec2};

use super::{
    action::{Action, MiddlePane},
    theme,
    theme::DesignTokens,
    widgets::{chip::grouped, paint},
};

/// Draws the two names at the head of the middle pane, with how many lines each has.
pub fn pane_tabs_ui(ui: &mut Ui, shown: MiddlePane, entries: u64, requests: u64, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    let counts = [grouped(entries), grouped(requests)];
    for ((pane, name), count) in
        [(MiddlePane::History, "History"), (MiddlePane::Requests, "Requests")].into_iter().zip(counts)
    {
        let is_shown = pane == shown;
        let color = if is_shown { t.text } else { t.subdued };
        let name_line = paint::line(ui, name, theme::semibold(theme::BODY_SIZE), color, f32::INFINITY);
        let count_line = paint::line(ui, &count, theme::regular(theme::BODY_SIZE), t.subdued, f32::INFINITY);
        let size = vec2(name_line.size().x + 6.0 + count_line.size().x + 8.0, theme::BUTTON_HEIGHT - 4.0);
        let (rect, response) = ui.allocate_exact_size(size.ceil(), Sense::click());
        let spoken = format!("{name} {count}");
        response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), is_shown, &spoken));
        let left = paint::galley_left(ui.painter(), name_line, rect.left(), rect.center().y);
        paint::galley_left(ui.painter(), count_line, left.right() + 6.0, rect.center().y);
        if is_shown {
            let line = egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 2.0), left.max);
            let line = line.with_max_y(rect.bottom());
            ui.painter().rect_filled(line, 0, t.accent);
        }
        if response.has_focus() {
            paint::button_focus_ring(ui, rect, theme::RADIUS_SMALL);
        }
        if response.hovered() {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        if response.clicked() && !is_shown {
            actions.push(Action::ShowPane(pane));
        }
    }
}
