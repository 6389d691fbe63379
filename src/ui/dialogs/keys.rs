//! The list of keys: every one with what it does, by subject, and how this keyboard types it where that is known.

use egui::{Context, Grid, Key, Modifiers, RichText, ScrollArea, Ui, vec2};

use crate::ui::{
    keyboard::Keyboard,
    shortcuts::{KeyGroup, key_lines},
    theme,
    theme::DesignTokens,
    widgets::{key_cap_ui, modal_ui, scroll_ui},
};

/// The groups side by side, in a window that has the room and in one that has not.
const WIDE: &[&[KeyGroup]] = &[&[KeyGroup::Token, KeyGroup::History], &[KeyGroup::Window], &[KeyGroup::Local]];
const NARROW: &[&[KeyGroup]] = &[&[KeyGroup::Token, KeyGroup::History], &[KeyGroup::Window, KeyGroup::Local]];

/// Draws the list over the window; `false` when it is to be closed.
pub fn keys_ui(ctx: &Context) -> bool {
    let room = ctx.content_rect().size();
    let columns = if room.x >= 1200.0 { WIDE } else { NARROW };
    let width = if room.x >= 1200.0 { 1140.0 } else { 820.0 };
    let modal = modal_ui(ctx, "keys", "Keys", width, |ui| {
        let height = room.y - 140.0;
        let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        scroll_ui(ui, "the keys", area, |ui| {
            scroll_by_keys(ui, height);
            ui.columns(columns.len(), |places| {
                for (place, groups) in places.iter_mut().zip(columns) {
                    for group in *groups {
                        group_ui(place, *group);
                        place.add_space(12.0);
                    }
                }
            });
        });
    });
    !modal.should_close
}

/// There is nothing in the list to go to, so the keys scroll it.
fn scroll_by_keys(ui: &Ui, page: f32) {
    const LINE: f32 = 40.0;
    let steps = [
        (Key::ArrowDown, LINE),
        (Key::ArrowUp, -LINE),
        (Key::PageDown, page),
        (Key::PageUp, -page),
        (Key::End, f32::MAX),
        (Key::Home, f32::MIN),
    ];
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as f32;
    let down: f32 = steps.map(|(key, step)| pressed(key) * step).iter().sum();
    if down != 0.0 {
        ui.scroll_with_delta(vec2(0.0, -down.clamp(-1e5, 1e5)));
    }
}

fn group_ui(ui: &mut Ui, group: KeyGroup) {
    let t = DesignTokens::of(ui);
    ui.label(RichText::new(group.label()).font(theme::semibold(theme::BODY_SIZE)));
    ui.add_space(4.0);
    let keyboard = ui.ctx().plugin_or_default::<Keyboard>();
    // The rows are as high as their words, not as buttons are.
    ui.spacing_mut().interact_size.y = 18.0;
    Grid::new(group.label()).num_columns(2).spacing([14.0, 5.0]).show(ui, |ui| {
        for line in key_lines(group) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                key_cap_ui(ui, line.keys);
                let Some(binding) = line.binding else { return };
                let here = keyboard.lock().written_here(binding.keys);
                for keys in binding.also_written().chain(here) {
                    key_cap_ui(ui, &keys);
                }
            });
            ui.add(egui::Label::new(RichText::new(line.what).color(t.text)).wrap());
            ui.end_row();
        }
    });
}
