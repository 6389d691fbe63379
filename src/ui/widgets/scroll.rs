//! Scroll areas whose bars have names.

use egui::{ScrollArea, Ui, scroll_area::ScrollAreaOutput};

/// Draws `area`; its bars are called after `name`, and what gets the focus comes into view.
pub fn scroll_ui<R>(ui: &mut Ui, name: &str, area: ScrollArea, add: impl FnOnce(&mut Ui) -> R) -> ScrollAreaOutput<R> {
    let output = area.show(ui, |ui| {
        let inner = add(ui);
        follow_focus(ui);
        inner
    });
    name_bars(ui, name, &output);
    output
}

/// Names the bars of an area that is drawn; those that are not there stay away.
pub fn name_bars<R>(ui: &Ui, name: &str, output: &ScrollAreaOutput<R>) {
    for (axis, word) in ["across", "down"].into_iter().enumerate() {
        if output.content_size[axis] > output.inner_rect.size()[axis] {
            let bar = output.id.with(axis);
            ui.accesskit_node_builder(bar, |node| node.set_label(format!("Scroll {name} {word}")));
        }
    }
}

/// Brings what has just got the focus into view; called when all that the area holds is drawn, so that its place is
/// known.
fn follow_focus(ui: &Ui) {
    let now = ui.memory(egui::Memory::focused);
    let place = ui.unique_id().with("focus before");
    let before: Option<egui::Id> = ui.data(|data| data.get_temp(place)).flatten();
    if now == before {
        return;
    }
    ui.data_mut(|data| data.insert_temp(place, now));
    let Some(focused) = now.and_then(|id| ui.read_response(id)) else { return };
    let (clip, shown) = (ui.clip_rect(), focused.interact_rect);
    // The contents of the area reach beyond what is seen of it, so a control elsewhere in the window may lie within
    // them.
    let is_in_area = focused.layer_id == ui.layer_id()
        && ui.min_rect().contains(focused.rect.center())
        && (!shown.is_positive() || clip.contains_rect(shown));
    if is_in_area && !clip.contains_rect(focused.rect) {
        ui.scroll_to_rect(focused.rect.expand(12.0), None);
    }
}
