//! Outcomes and durations of a run, as bars.

use egui::{Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::{
    domain::run::summary::{RunSummary, class_words},
    ui::{
        theme::{self, DesignTokens},
        widgets::{chip::grouped, paint, scroll_ui},
        words,
    },
};

/// Draws both distributions.
pub(super) fn bars_ui(ui: &mut Ui, summary: &RunSummary) {
    scroll_ui(ui, "the outcomes", ScrollArea::vertical().auto_shrink([false, false]), |ui| {
        egui::Frame::new().inner_margin(egui::Margin { left: 2, right: 14, top: 4, bottom: 4 }).show(ui, |ui| {
            let mut outcomes: Vec<(String, u64)> = summary.outcomes.clone().into_iter().collect();
            outcomes.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            if summary.other_outcomes > 0 {
                outcomes.push(("other outcomes".to_owned(), summary.other_outcomes));
            }
            group_ui(ui, "What the last call of a row came to", &outcomes);
            ui.add_space(10.0);
            let durations = summary.durations.iter().enumerate();
            let durations: Vec<(String, u64)> = durations.map(|(class, rows)| (class_words(class), *rows)).collect();
            let first = durations.iter().position(|(_, rows)| *rows > 0).unwrap_or_default();
            let end = durations.iter().rposition(|(_, rows)| *rows > 0).map_or(first, |last| last + 1);
            let title = match (summary.mean(), summary.longest) {
                (Some(mean), Some(longest)) => format!(
                    "How long the calls of a row took together: {} in the mean, {} at most",
                    words::took(mean),
                    words::took(longest)
                ),
                _ => "How long the calls of a row took together".to_owned(),
            };
            group_ui(ui, &title, &durations[first..end]);
        });
    });
}

fn group_ui(ui: &mut Ui, title: &str, bars: &[(String, u64)]) {
    const HEIGHT: f32 = 22.0;
    const LABEL: f32 = 230.0;
    const COUNT: f32 = 70.0;
    let t = DesignTokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.label(RichText::new(title).font(theme::semibold(theme::BODY_SIZE)));
    ui.add_space(6.0);
    let most = bars.iter().map(|(_, rows)| *rows).max().unwrap_or_default().max(1);
    for (label, rows) in bars {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}: {}", words::rows(*rows))));
        let middle = rect.center().y;
        let name = LABEL.min(rect.width() * 0.45);
        let text = paint::line(ui, label, theme::regular(theme::SMALL_SIZE), t.text, name - 8.0);
        paint::galley_left(ui.painter(), text, rect.left(), middle);
        let track = (rect.width() - name - COUNT).max(20.0);
        let width = (*rows as f32 / most as f32 * track).max(if *rows > 0 { 2.0 } else { 0.0 });
        let bar = Rect::from_min_size(pos2(rect.left() + name, middle - 6.0), vec2(width, 12.0));
        ui.painter().rect_filled(bar, 3, t.accent);
        let count = paint::line(ui, &grouped(*rows), theme::regular(theme::SMALL_SIZE), t.subdued, COUNT);
        paint::galley_left(ui.painter(), count, bar.right() + 8.0, middle);
    }
}
