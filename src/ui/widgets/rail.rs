//! The outcome rail: token, attach, charge, and what happens at each.

use crate::ui::{
    icons,
    theme::{self, Tokens},
    widgets::paint,
};
use egui::{Color32, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// How one step ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepState {
    /// It works.
    Ok,
    /// It fails.
    Fail,
    /// It is not reached, or only the answer will tell.
    Later,
}

impl StepState {
    /// Its color.
    pub const fn color(self, t: &Tokens) -> Color32 {
        match self {
            Self::Ok => t.ok,
            Self::Fail => t.error,
            Self::Later => t.faint,
        }
    }

    /// Its icon.
    pub const fn icon(self) -> icons::Icon {
        match self {
            Self::Ok => icons::CIRCLE_CHECK,
            Self::Fail => icons::CIRCLE_X,
            Self::Later => icons::CIRCLE,
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "works",
            Self::Fail => "fails",
            Self::Later => "later",
        }
    }
}

/// One step of the rail.
#[derive(Clone, Copy, Debug)]
pub struct RailStep<'a> {
    /// What is done: "charge".
    pub name: &'a str,
    /// How it ends.
    pub state: StepState,
    /// The code that comes of it: "insufficient_funds"; may be empty.
    pub code: &'a str,
}

/// Draws the three steps side by side with a line between them.
pub fn outcome_rail_ui(ui: &mut Ui, steps: &[RailStep<'_>; 3]) -> Response {
    const HEIGHT: f32 = 38.0;
    const ICON: f32 = 14.0;
    const GAP: f32 = 5.0;
    const LINE: f32 = 14.0;
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(theme::full_width(ui, HEIGHT), Sense::hover());
    let spoken = steps.map(|step| {
        let state = step.state.word();
        if step.code.is_empty() {
            format!("{} {state}", step.name)
        } else {
            format!("{} {state}: {}", step.name, step.code)
        }
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), spoken.join(", ")));

    let name = |step: &RailStep<'_>, room: f32| {
        let color = if step.state == StepState::Later { t.faint } else { t.text };
        paint::line(ui, step.name, theme::semibold(theme::SMALL_SIZE), color, room)
    };
    let code = |step: &RailStep<'_>, room: f32| {
        let color = if step.state == StepState::Fail { t.error } else { t.faint };
        paint::line(ui, step.code, theme::mono(11.0), color, room)
    };
    let wanted = steps.map(|step| {
        let below = code(&step, f32::INFINITY).size().x;
        let above = ICON + GAP + name(&step, f32::INFINITY).size().x;
        above.max(below).ceil()
    });
    // What is left over becomes lines; what is missing is cut from the codes.
    let lines = rect.width() - wanted.iter().sum::<f32>();
    let squeeze = ((rect.width() - 2.0 * LINE) / wanted.iter().sum::<f32>()).min(1.0);
    let line = (lines / 2.0).max(LINE);

    let mut cut = false;
    let mut left = rect.left();
    let (upper, lower) = (rect.top() + 9.0, rect.top() + 28.0);
    for (i, (step, wanted)) in steps.iter().zip(wanted).enumerate() {
        let width = wanted * squeeze;
        let color = step.state.color(t);
        let glyph = paint::line(ui, &step.state.icon().glyph().to_string(), icons::font(ICON), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, pos2(left + ICON / 2.0, upper));
        let title = name(step, width - ICON - GAP);
        let title = paint::galley_left(ui.painter(), title, left + ICON + GAP, upper);
        let text = code(step, width);
        cut |= text.elided;
        paint::galley_left(ui.painter(), Arc::clone(&text), left, lower);
        let next = left + width + line;
        if i < 2 {
            let stroke = Stroke::new(1.0, t.border_strong);
            let from = title.right() + 8.0;
            ui.painter().hline(from..=next - 8.0, upper.round() + 0.5, stroke);
        }
        left = next;
    }
    if cut { response.on_hover_text(spoken.join("\n")) } else { response }
}
