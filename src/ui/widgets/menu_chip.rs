//! A chip that opens a list of choices to narrow another list by.

use egui::{Response, RichText, ScrollArea, Ui, Vec2};

use super::paint;
use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
    },
};

/// Draws a chip that says `label`, with the sign that it opens something; `name` is what a screen reader calls it.
pub fn menu_chip_ui(ui: &mut Ui, label: &str, name: &str, is_on: bool) -> Response {
    let t = DesignTokens::of(ui);
    let color = if is_on { t.accent_text } else { t.subdued };
    let mut atoms = egui::Atoms::default();
    atoms.push_right(RichText::new(label).font(theme::regular(theme::SMALL_SIZE)).color(color));
    atoms.push_right(icons::CHEVRON_DOWN.colored(12.0, color));
    let style = std::sync::Arc::clone(ui.style());
    ui.spacing_mut().interact_size.y = theme::CHIP_HEIGHT;
    ui.spacing_mut().button_padding = Vec2::new(11.0, 1.0);
    let widgets = &mut ui.visuals_mut().widgets;
    widgets.inactive.weak_bg_fill = if is_on { t.selection } else { egui::Color32::TRANSPARENT };
    widgets.inactive.bg_stroke.color = if is_on { egui::Color32::TRANSPARENT } else { t.border };
    let radius = (theme::CHIP_HEIGHT / 2.0) as u8;
    let button = egui::Button::new(atoms).gap(4.0).corner_radius(radius).min_size(Vec2::new(0.0, theme::CHIP_HEIGHT));
    let chip = ui.add(button).accessible_name(name);
    ui.set_style(style);
    if chip.has_focus() {
        paint::button_focus_ring(ui, chip.rect, radius);
    }
    chip
}

/// Draws one choice of the list; whether it was chosen. `takes_focus` puts the focus on it.
pub fn menu_choice_ui(ui: &mut Ui, name: &str, is_current: bool, takes_focus: bool) -> bool {
    let item = ui.selectable_label(is_current, name);
    if takes_focus {
        item.request_focus();
    }
    item.clicked()
}

/// A chip that chooses one of several values, or none.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceChip<'a> {
    /// What is chosen, as a screen reader calls it: "Status".
    pub name: &'a str,
    /// The choice of none: "Any status".
    pub any: &'a str,
}

impl ChoiceChip<'_> {
    /// The longest name of a choice in the chip, in characters.
    const LONGEST: usize = 28;

    /// Draws the chip and, while it is open, the choices that `choices` gives with their names, and their counts where
    /// there are any. Opening puts the focus on the current choice, choosing gives it back to the chip.
    pub fn ui<T: Clone + PartialEq, C: Into<Option<u64>>>(
        self,
        ui: &mut Ui,
        chosen: &mut Option<T>,
        name_of: impl Fn(&T) -> String,
        choices: impl FnOnce() -> Vec<(T, C)>,
    ) {
        let current = chosen.as_ref().map(&name_of);
        let label = current.as_deref().map_or_else(|| self.any.to_owned(), short);
        let spoken =
            current.as_deref().map_or_else(|| self.any.to_owned(), |current| format!("{} {current}", self.name));
        let chip = menu_chip_ui(ui, &label, &foreign::label(&spoken), chosen.is_some());
        let is_opened = chip.clicked();
        let shown = egui::Popup::menu(&chip).show(|ui| {
            let mut choice = None;
            ui.set_min_width(150.0);
            if menu_choice_ui(ui, self.any, chosen.is_none(), is_opened && chosen.is_none()) {
                choice = Some(None);
            }
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for (value, count) in choices() {
                    let is_current = chosen.as_ref() == Some(&value);
                    let count = count.into().map(|count| format!("  {}", super::chip::grouped(count)));
                    let name = format!("{}{}", short(&name_of(&value)), count.unwrap_or_default());
                    if menu_choice_ui(ui, &name, is_current, is_opened && is_current) {
                        choice = Some(Some(value));
                    }
                }
            });
            // The menu closes by itself on a click, but not when an item is chosen by key.
            if choice.is_some() {
                ui.close();
            }
            choice
        });
        if let Some(choice) = shown.and_then(|shown| shown.inner) {
            *chosen = choice;
            chip.request_focus();
        }
    }
}

fn short(name: &str) -> String {
    let name = foreign::label(name);
    if name.chars().count() <= ChoiceChip::LONGEST {
        return name.into_owned();
    }
    name.chars().take(ChoiceChip::LONGEST - 1).chain(['…']).collect()
}
