//! A row of buttons that stays one row: those without room go into a menu at its end.

use egui::{Popup, Ui};

use crate::ui::{
    icons::Icon,
    theme,
    widgets::{QuietButton, paint},
};

/// A button of the row.
#[derive(Clone, Debug)]
pub struct RowButton<'a, T> {
    pub text: &'a str,
    pub icon: Icon,
    /// What it does and by which keys, under the pointer.
    pub tip: String,
    /// What is returned when it is pressed.
    pub value: T,
}

/// Draws the buttons in their order, the most wanted first, and returns what was pressed.
pub fn button_row_ui<T: Copy>(ui: &mut Ui, buttons: &[RowButton<'_, T>]) -> Option<T> {
    const MORE: &str = "More";
    const GAP: f32 = 6.0;
    let padding = 2.0 * ui.spacing().button_padding.x;
    let width = |text: &str| {
        let font = theme::regular(theme::BODY_SIZE);
        // Its text, its icon with the gap between the two, and room for what is rounded.
        paint::line(ui, text, font, egui::Color32::PLACEHOLDER, f32::INFINITY).size().x + 14.0 + 5.0 + padding + 1.0
    };
    let widths: Vec<f32> = buttons.iter().map(|button| width(button.text)).collect();
    let gaps = GAP * buttons.len().saturating_sub(1) as f32;
    let fits = if widths.iter().sum::<f32>() + gaps <= ui.available_width() {
        buttons.len()
    } else {
        let mut left = ui.available_width() - width(MORE);
        widths
            .iter()
            .take_while(|width| {
                left -= *width + GAP;
                left >= 0.0
            })
            .count()
    };
    let mut pressed = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let (row, rest) = buttons.split_at(fits);
        for button in row {
            if ui.add(QuietButton::new(button.text).icon(button.icon)).on_hover_text(&button.tip).clicked() {
                pressed = Some(button.value);
            }
        }
        if rest.is_empty() {
            return;
        }
        let more = ui.add(QuietButton::new(MORE).menu());
        Popup::menu(&more).show(|ui| {
            for button in rest {
                let item =
                    ui.add(egui::Button::new((button.icon.colored(14.0, ui.visuals().text_color()), button.text)));
                if item.accessible_name(button.text).on_hover_text(&button.tip).clicked() {
                    pressed = Some(button.value);
                }
            }
        });
    });
    pressed
}
