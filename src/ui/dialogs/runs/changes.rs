//! What came otherwise than in the run before of the same list.

use egui::{Id, Label, RichText, Role, Sense, Ui, WidgetInfo};

use super::run_list::verdict;
use crate::{
    domain::{
        foreign,
        run::{comparison::RunComparison, record::RunRecord},
    },
    messages::ShownRun,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{RowScroll, VirtualRows, chip::grouped, empty_state_ui, paint, virtual_rows::focus_ring_ui},
        zone_in_use,
    },
};

/// Draws the changes in words.
pub(super) fn changes_ui(ui: &mut Ui, scroll: &mut RowScroll, shown: &ShownRun) {
    let Some((earlier, comparison)) = &shown.before else {
        let sentence = "There is no finished run of the same list on this target before it. Run it again to compare";
        empty_state_ui(ui, "Nothing to compare with", sentence);
        return;
    };
    ui.add_space(6.0);
    let title = RichText::new(words_of(ui, earlier, comparison)).font(theme::semibold(theme::BODY_SIZE));
    ui.add(Label::new(title).wrap());
    ui.add_space(4.0);
    let t = DesignTokens::of(ui);
    let id = Id::unique("run_changes");
    let changes = &comparison.changes;
    let rows = VirtualRows { id, name: "What changed", role: Role::List, scroll, len: changes.len(), row_height: 44.0 };
    let list = rows.show(ui, |ui, index, rect| {
        let change = &changes[index];
        let response = ui.interact(rect, id.with(index), Sense::hover());
        let line = format!("{} → {}", change.before, change.after);
        let spoken = format!("Row {}, {}: {line}", change.number, change.label);
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, foreign::label(&spoken)));
        let (icon, color) = if change.holds { (icons::CHECK, t.ok) } else { (icons::TRIANGLE_ALERT, t.warn) };
        let sign = paint::line(ui, &icon.glyph().to_string(), icons::font(13.0), color, f32::INFINITY);
        let sign = paint::galley_left(ui.painter(), sign, rect.left() + 4.0, rect.top() + 14.0);
        let room = rect.right() - sign.right() - 12.0;
        let label = paint::line(ui, &change.label, theme::regular(theme::BODY_SIZE), t.text, room);
        paint::galley_left(ui.painter(), label, sign.right() + 6.0, rect.top() + 14.0);
        let line = paint::line(ui, &line, theme::regular(theme::SMALL_SIZE), t.subdued, room);
        paint::galley_left(ui.painter(), line, sign.right() + 6.0, rect.top() + 31.0);
        response.on_hover_text(foreign::block(&spoken));
    });
    focus_ring_ui(ui, &list);
}

fn words_of(ui: &Ui, earlier: &RunRecord, comparison: &RunComparison) -> String {
    let RunComparison { changed, same, not_in_both, .. } = comparison;
    let when = crate::ui::words::short_moment(earlier.run.created, &zone_in_use::of(ui));
    let (_, _, was) = verdict(earlier, false);
    let not_in_both = match not_in_both {
        0 => String::new(),
        rows => format!(", {} were not made in both", grouped(*rows)),
    };
    format!(
        "Since run {} of {when} ({was}): {} rows came to something else, {} to the same{not_in_both}",
        earlier.id.0,
        grouped(*changed),
        grouped(*same)
    )
}
