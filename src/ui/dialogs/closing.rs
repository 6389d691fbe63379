//! The question whether the window is to be closed over typed text that is not saved.

use egui::{Context, RichText};

use crate::ui::{
    theme,
    theme::DesignTokens,
    widgets::{QuietButton, modal_ui},
};

/// The state of the open dialog.
#[derive(Debug)]
pub struct ClosingState {
    /// What is not saved, a line each.
    unsaved: Vec<&'static str>,
    is_started: bool,
}

impl ClosingState {
    pub fn new(unsaved: Vec<&'static str>) -> Self {
        Self { unsaved, is_started: false }
    }
}

/// What the user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosingAnswer {
    /// Stay: the question is closed, nothing else.
    Keep,
    /// Close the window.
    Close,
}

/// Draws the dialog over everything.
pub fn closing_ui(ctx: &Context, state: &mut ClosingState) -> Option<ClosingAnswer> {
    let mut answer = None;
    let modal = modal_ui(ctx, "closing", "Close without saving?", 420.0, |ui| {
        let t = DesignTokens::of(ui);
        ui.label(RichText::new("This was typed and is not saved").color(t.subdued));
        for words in &state.unsaved {
            ui.label(RichText::new(*words).font(theme::semibold(theme::BODY_SIZE)));
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let keep = ui.add(QuietButton::new("Keep editing").tall());
            if !std::mem::replace(&mut state.is_started, true) {
                keep.request_focus();
            }
            if keep.clicked() {
                answer = Some(ClosingAnswer::Keep);
            }
            if ui.add(QuietButton::new("Discard and close").tall().danger()).clicked() {
                answer = Some(ClosingAnswer::Close);
            }
        });
    });
    answer.or(modal.should_close.then_some(ClosingAnswer::Keep))
}
