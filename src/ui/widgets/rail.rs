//! The outcome rail: token, attach, charge, intent, and what happens at each.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::paint,
    },
};
use egui::{Color32, Rect, Response, RichText, Role, Sense, Stroke, Ui, WidgetInfo, pos2};

/// How one step ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepState {
    /// It works.
    Ok,
    /// It fails.
    Fail,
    /// It waits for somebody to do something.
    Waits,
    /// It is not reached, or only the answer will tell.
    Later,
}

impl StepState {
    /// The colour of its icon.
    pub const fn color(self, t: &DesignTokens) -> Color32 {
        match self {
            Self::Ok => t.ok,
            Self::Fail => t.error,
            Self::Waits => t.warn,
            Self::Later => t.faint,
        }
    }

    /// Its icon.
    pub const fn icon(self) -> icons::Icon {
        match self {
            Self::Ok => icons::CIRCLE_CHECK,
            Self::Fail => icons::CIRCLE_X,
            Self::Waits => icons::CLOCK,
            Self::Later => icons::CIRCLE,
        }
    }

    /// Its word, as a screen reader says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "works",
            Self::Fail => "fails",
            Self::Waits => "waits",
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

/// Draws the steps side by side with a line between them.
pub fn outcome_rail_ui(ui: &mut Ui, steps: &[RailStep<'_>]) -> Response {
    const HEIGHT: f32 = 38.0;
    const ICON: f32 = 14.0;
    const GAP: f32 = 5.0;
    const LINE: f32 = 14.0;
    const CODE_GAP: f32 = 8.0;
    let t = DesignTokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(theme::full_width(ui, HEIGHT), Sense::hover());
    let spoken = steps.iter().map(|step| {
        let state = step.state.word();
        if step.code.is_empty() {
            format!("{} {state}", step.name)
        } else {
            format!("{} {state}: {}", step.name, step.code)
        }
    });
    let spoken: Vec<String> = spoken.collect();
    response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), spoken.join(", ")));

    let name = |step: &RailStep<'_>, room: f32| {
        let color = if step.state == StepState::Later { t.faint } else { t.text };
        paint::line(ui, step.name, theme::semibold(theme::SMALL_SIZE), color, room)
    };
    let code = |step: &RailStep<'_>, room: f32| {
        let color = if step.state == StepState::Fail { t.error } else { t.faint };
        paint::line(ui, step.code, theme::mono(11.0), color, room)
    };
    let named: Vec<f32> = steps.iter().map(|step| (ICON + GAP + name(step, f32::INFINITY).size().x).ceil()).collect();
    let wanted: Vec<f32> =
        steps.iter().zip(&named).map(|(step, named)| code(step, f32::INFINITY).size().x.ceil().max(*named)).collect();
    // Where all fits, each code stands under its step, and what is left over becomes lines. Else the steps stand evenly, and
    // a code may begin under the step before.
    let count = steps.len().saturating_sub(1).max(1) as f32;
    let all = wanted.iter().sum::<f32>();
    let fits = all + count * LINE <= rect.width();
    let widths = if fits { &wanted } else { &named };
    let line = ((rect.width() - widths.iter().sum::<f32>()) / count).max(LINE);
    let lefts = widths.iter().scan(rect.left(), |next, width| {
        let left = *next;
        *next += width + line;
        Some(left)
    });
    let lefts: Vec<f32> = lefts.collect();

    let (upper, lower) = (rect.top() + 9.0, rect.top() + 28.0);
    for (i, (step, left)) in steps.iter().zip(&lefts).enumerate() {
        let color = step.state.color(t);
        let glyph = paint::line(ui, &step.state.icon().glyph().to_string(), icons::font(ICON), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, pos2(left + ICON / 2.0, upper));
        let title = name(step, widths[i] - ICON - GAP + 1.0);
        let title = paint::galley_left(ui.painter(), title, left + ICON + GAP, upper);
        if let Some(next) = lefts.get(i + 1) {
            let stroke = Stroke::new(1.0, t.border_strong);
            let from = title.right() + 8.0;
            ui.painter().hline(from..=next - 8.0, upper.round() + 0.5, stroke);
        }
    }
    let mut cut = false;
    let mut end = rect.right();
    for (step, left) in steps.iter().zip(lefts).rev().filter(|(step, _)| !step.code.is_empty()) {
        let width = code(step, f32::INFINITY).size().x;
        let left = left.min(end - width).max(rect.left());
        let text = code(step, end - left);
        cut |= text.elided;
        paint::galley_left(ui.painter(), text, left, lower);
        end = left - CODE_GAP;
    }
    if cut { response.on_hover_text(foreign::block(&spoken.join("\n"))) } else { response }
}

/// Draws the steps in the width of a form: their names on one line, and the last code on a line of its own.
pub fn outcome_lines_ui(ui: &mut Ui, steps: &[RailStep<'_>]) {
    let t = DesignTokens::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.spacing_mut().interact_size.y = 16.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for step in steps {
                let spoken = format!("{} {} {}", step.name, step.state.word(), step.code);
                paint::icon_ui(ui, step.state.icon(), 13.0, step.state.color(t));
                let name = ui.label(RichText::new(step.name).size(theme::SMALL_SIZE));
                name.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken.trim()));
                ui.add_space(8.0);
            }
        });
        if let Some(step) = steps.iter().rfind(|step| !step.code.is_empty()) {
            let color = if step.state == StepState::Fail { t.error } else { t.subdued };
            ui.label(
                RichText::new(format!("{}: {}", step.name, foreign::label(step.code)))
                    .size(theme::SMALL_SIZE)
                    .color(color),
            );
        }
    });
}

/// Paints the steps in small at `place`, and under them the code of the first that fails, else the first code
/// there is. What it shows is not spoken: the row that it is painted in says it. Gives whether the code is cut.
pub fn paint_outcome_rail(ui: &Ui, steps: &[RailStep<'_>], place: Rect) -> bool {
    let t = DesignTokens::of(ui);
    let each = place.width() / steps.len() as f32;
    for (nth, step) in steps.iter().enumerate() {
        let left = place.left() + each * nth as f32;
        let color = step.state.color(t);
        let glyph = paint::line(ui, &step.state.icon().glyph().to_string(), icons::font(13.0), color, f32::INFINITY);
        paint::galley_left(ui.painter(), glyph, left, place.top() + 10.0);
        let name = paint::line(ui, step.name, theme::regular(theme::SMALL_SIZE), t.subdued, each - 20.0);
        paint::galley_left(ui.painter(), name, left + 18.0, place.top() + 10.0);
    }
    let failing = steps.iter().find(|step| step.state == StepState::Fail);
    let Some(step) = failing.or_else(|| steps.iter().find(|step| !step.code.is_empty())) else { return false };
    let color = if step.state == StepState::Fail { t.error } else { t.faint };
    let code = paint::line(ui, step.code, theme::mono(11.0), color, place.width());
    let is_cut = code.elided;
    paint::galley_left(ui.painter(), code, place.left(), place.bottom() - 9.0);
    is_cut
}
