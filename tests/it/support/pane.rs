//! A part of the window on its own, drawn by software.

use egui::{CentralPanel, Theme, Ui};
use egui_kittest::Harness;
use testcard::ui::theme;

use super::cpu_renderer::CpuRenderer;

/// A pane of this size that shows a state, and has drawn it once.
pub fn pane<S>(size: [f32; 2], state: S, mut draw_ui: impl FnMut(&mut Ui, &mut S) + 'static) -> Harness<'static, S> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(16)
        .with_theme(Theme::Dark)
        .with_context_setup(theme::install)
        .renderer(CpuRenderer::default())
        .build_ui_state(
            move |ui, state| {
                CentralPanel::default().show(ui, |ui| draw_ui(ui, state));
            },
            state,
        );
    harness.run_ok();
    harness
}
