//! The list of keys: every one with what it does, by subject.

use egui::{Context, Grid, RichText, ScrollArea, Ui};

use crate::ui::{
    shortcuts::{FURTHER_KEYS, KEY_BINDINGS, KeyGroup},
    theme,
    theme::DesignTokens,
    widgets::{key_cap_ui, modal_ui, scroll_ui},
};

/// Draws the list over the window; `false` when it is to be closed.
pub fn keys_ui(ctx: &Context) -> bool {
    let modal = modal_ui(ctx, "keys", "Keys", 760.0, |ui| {
        let height = ctx.content_rect().height() - 160.0;
        let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        scroll_ui(ui, "the keys", area, |ui| {
            ui.columns_const(|[left, right]| {
                group_ui(left, KeyGroup::Token);
                left.add_space(12.0);
                group_ui(left, KeyGroup::History);
                group_ui(right, KeyGroup::Window);
            });
        });
    });
    !modal.should_close
}

fn group_ui(ui: &mut Ui, group: KeyGroup) {
    let t = DesignTokens::of(ui);
    ui.label(RichText::new(group.label()).font(theme::semibold(theme::BODY_SIZE)));
    ui.add_space(4.0);
    let own = KEY_BINDINGS
        .iter()
        .filter(|binding| binding.group == group)
        .map(|binding| (binding.shortcut.keys(), binding.name.trim_end_matches('…')));
    let further = FURTHER_KEYS.iter().filter(|(of, ..)| *of == group);
    let further = further.map(|(_, keys, what)| (keys.as_str(), what.as_str()));
    Grid::new(group.label()).num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        for (keys, what) in own.chain(further) {
            key_cap_ui(ui, keys);
            ui.add(egui::Label::new(RichText::new(what).color(t.text)).wrap());
            ui.end_row();
        }
    });
}
