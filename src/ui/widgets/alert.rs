//! An inline alert: what happened, why, and what to do about it, in the place it concerns.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{QuietButton, Tone, paint},
    },
};
use egui::{Frame, Label, Margin, RichText, Role, Sense, Stroke, Ui, UiBuilder, vec2};

/// A tinted box with a title, a text and buttons.
#[must_use = "call `ui`"]
pub struct InlineAlert<'a> {
    tone: Tone,
    title: &'a str,
    text: &'a str,
    buttons: &'a [&'a str],
    focus: Option<usize>,
}

impl<'a> InlineAlert<'a> {
    /// An alert in `tone` that says `title`.
    pub fn new(tone: Tone, title: &'a str) -> Self {
        Self { tone, title, text: "", buttons: &[], focus: None }
    }

    /// The explanation under the title.
    pub fn text(mut self, text: &'a str) -> Self {
        self.text = text;
        self
    }

    /// The buttons under the text.
    pub fn buttons(mut self, buttons: &'a [&'a str]) -> Self {
        self.buttons = buttons;
        self
    }

    /// Puts the focus on this button, in this frame.
    pub fn focus(mut self, button: Option<usize>) -> Self {
        self.focus = button;
        self
    }

    /// Draws it and returns the index of the button that was clicked.
    pub fn ui(self, ui: &mut Ui) -> Option<usize> {
        let t = DesignTokens::of(ui);
        let color = self.tone.color(t);
        let (title, text) = (foreign::block(self.title), foreign::block(self.text));
        let mut clicked = None;
        let role = if self.tone == Tone::Error { Role::Alert } else { Role::Note };
        let builder = UiBuilder::new()
            .id_salt(self.title)
            .accessibility_role(role)
            .accessibility_label(title.clone().into_owned());
        ui.scope_builder(builder, |ui| {
            ui.accesskit_node_builder(ui.unique_id(), |node| node.set_live(self.tone.live()));
            Frame::new()
                .fill(self.tone.fill(t))
                .stroke(Stroke::new(1.0, color.gamma_multiply(0.35)))
                .corner_radius(theme::RADIUS_FLOAT)
                .inner_margin(Margin::symmetric(12, 10))
                .show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.horizontal_top(|ui| {
                        ui.spacing_mut().item_spacing = vec2(9.0, 3.0);
                        let (icon, _) = ui.allocate_exact_size(vec2(16.0, 17.0), Sense::hover());
                        let sign = self.tone.icon().glyph().to_string();
                        let glyph = paint::line(ui, &sign, icons::font(16.0), color, f32::INFINITY);
                        paint::galley_center(ui.painter(), glyph, icon.center());
                        ui.vertical(|ui| {
                            let title = RichText::new(title).font(theme::semibold(theme::BODY_SIZE));
                            ui.add(Label::new(title.color(t.text)).wrap());
                            if !text.is_empty() {
                                let text = RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued);
                                ui.add(Label::new(text).wrap().selectable(true));
                            }
                            if !self.buttons.is_empty() {
                                ui.add_space(5.0);
                                ui.horizontal_wrapped(|ui| {
                                    ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
                                    for (i, label) in self.buttons.iter().enumerate() {
                                        let button = ui.add(QuietButton::new(label));
                                        if self.focus == Some(i) {
                                            button.request_focus();
                                        }
                                        if button.clicked() {
                                            clicked = Some(i);
                                        }
                                    }
                                });
                            }
                        });
                    });
                });
        });
        clicked
    }
}
