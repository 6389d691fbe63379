//! A part of the window on its own, drawn by software.

use egui::{CentralPanel, Context, Event, Pos2, RawInput, Rect, Theme, Ui, Vec2};
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

/// A context as the window has it, for frames that are counted without a harness around them.
pub fn context() -> Context {
    let ctx = Context::default();
    ctx.enable_accesskit();
    theme::install(&ctx);
    ctx
}

/// What a window of this size in points gets in its nth frame, of sixty in a second.
pub fn frame_input(size: Vec2, nth: u32, events: Vec<Event>) -> RawInput {
    RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
        time: Some(f64::from(nth) / 60.0),
        focused: true,
        events,
        ..RawInput::default()
    }
}
