//! What came otherwise than in another run of the same list: the one before it, or one that is chosen.

use egui::{ComboBox, Id, Label, RichText, Role, Sense, Ui, WidgetInfo};

use super::{context::RunsContext, run_list::verdict};
use crate::{
    domain::{
        foreign,
        run::{
            comparison::RunComparison,
            record::{RunId, RunRecord},
        },
    },
    messages::ShownRun,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{Field, RowScroll, VirtualRows, chip::grouped, empty_state_ui, paint, virtual_rows::focus_ring_ui},
        words::{number_of, rows, short_moment},
        zone_in_use,
    },
};

/// Chooses the run that `record` is compared with, of those of the same list. Nothing is drawn where there is no choice.
pub(super) fn against_ui(ui: &mut Ui, against: &mut Option<RunId>, record: &RunRecord, about: &RunsContext<'_>) {
    let others: Vec<&RunRecord> = about
        .runs
        .kept()
        .unwrap_or_default()
        .iter()
        .filter(|run| run.id != record.id && run.is_of_same_list(record))
        .collect();
    if others.is_empty() {
        return;
    }
    ui.add_space(6.0);
    let zone = zone_in_use::of(ui);
    let words_of = |id: Option<RunId>| match others.iter().find(|run| Some(run.id) == id) {
        Some(run) => format!(
            "Run {} · {} · {} · {}",
            run.id.0,
            run.run.name,
            run.run.target.label(),
            short_moment(run.run.created, &zone)
        ),
        None => "The run before it on the same target".to_owned(),
    };
    Field::new("Compared with").show(ui, |ui| {
        let combo = ComboBox::from_id_salt("compared run").width(ui.available_width() - 12.0);
        combo.icon(paint::combo_chevron).selected_text(foreign::label(&words_of(*against))).show_ui(ui, |ui| {
            let t = DesignTokens::of(ui);
            ui.visuals_mut().selection.bg_fill = t.selection;
            ui.visuals_mut().selection.stroke.color = t.text;
            for choice in std::iter::once(None).chain(others.iter().map(|run| Some(run.id))) {
                if ui.selectable_value(against, choice, foreign::label(&words_of(choice))).clicked() {
                    ui.close();
                }
            }
        });
    });
}

/// Draws the changes in words.
pub(super) fn changes_ui(ui: &mut Ui, scroll: &mut RowScroll, shown: &ShownRun) {
    let Some((earlier, comparison)) = &shown.before else {
        let sentence = "There is no finished run of the same list on this target before it. Run it again, or at the other \
                        target, to compare";
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
    let when = short_moment(earlier.run.created, &zone_in_use::of(ui));
    let (_, _, was) = verdict(earlier, false);
    let not_in_both = match not_in_both {
        0 => String::new(),
        rows => format!(", {} not made in both", number_of(*rows, "was", "were")),
    };
    format!(
        "Since run {} of {when} ({was}): {} came to something else, {} to the same{not_in_both}",
        earlier.id.0,
        rows(*changed),
        grouped(*same)
    )
}
