//! Scroll areas whose bars have names.

use egui::{ScrollArea, Ui, scroll_area::ScrollAreaOutput};

/// Draws `area`; its bars are called after `name`.
pub fn scroll_ui<R>(ui: &mut Ui, name: &str, area: ScrollArea, add: impl FnOnce(&mut Ui) -> R) -> ScrollAreaOutput<R> {
    let output = area.show(ui, add);
    name_bars(ui, name, &output);
    output
}

/// Names the bars of an area that is drawn; those that are not there stay away.
pub fn name_bars<R>(ui: &Ui, name: &str, output: &ScrollAreaOutput<R>) {
    for (axis, word) in ["across", "down"].into_iter().enumerate() {
        let bar = output.id.with(axis);
        if ui.read_response(bar).is_some() {
            ui.accesskit_node_builder(bar, |node| node.set_label(format!("Scroll {name} {word}")));
        }
    }
}
