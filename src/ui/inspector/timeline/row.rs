//! One row of the picture: its lines, its mark and its words.

use egui::{
    Color32, Id, Rect, Response, Role, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, epaint::QuadraticBezierShape,
    pos2, vec2,
};

use super::picture::{PictureRow, RowLines, RowSubject};
use crate::{
    domain::{
        call::intent_calls::AuthenticationResult,
        history::{call_words::StateMood, token_life::LifeRow},
    },
    ui::{
        icons::{self, Icon},
        theme::{self, DesignTokens},
        widgets::{IconButton, QuietButton, paint},
    },
};

/// Width of a column of lines, and of the space before the first one, in points.
const COLUMN: f32 = 16.0;
const EDGE: f32 = 12.0;
/// The same in an inspector that is narrower than this.
const NARROW: f32 = 300.0;
const NARROW_COLUMN: f32 = 12.0;
/// Radius of the disc behind the sign of an object.
const DISC: f32 = 9.0;
/// Half the width of the mark of an event, and the radius of that of a later call.
const SMALL: f32 = 4.0;

const fn color(mood: StateMood, t: &DesignTokens) -> Color32 {
    match mood {
        StateMood::Good => t.ok,
        StateMood::Bad => t.error,
        StateMood::Waiting => t.warn,
        StateMood::Neutral => t.subdued,
    }
}

const fn sign(mood: StateMood) -> Icon {
    match mood {
        StateMood::Good => icons::CIRCLE_CHECK,
        StateMood::Bad => icons::CIRCLE_X,
        StateMood::Waiting => icons::CLOCK,
        StateMood::Neutral => icons::CIRCLE_DOT,
    }
}

/// Draws a row, and its buttons by `controls` in the room that is theirs. The response is that of the row.
pub(super) fn row_ui(
    ui: &mut Ui,
    row: &PictureRow,
    rect: Rect,
    id: Id,
    columns: usize,
    is_marked: bool,
    controls: &mut dyn FnMut(&mut Ui, Rect),
) -> Response {
    let t = DesignTokens::of(ui);
    let response = ui.interact(rect, id, Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_marked, &row.spoken));
    let painter = ui.painter();
    if is_marked {
        painter.rect_filled(rect, theme::RADIUS_SMALL, t.selection);
    } else if response.hovered() || response.context_menu_opened() {
        painter.rect_filled(rect, theme::RADIUS_SMALL, t.raised);
    }
    let column = if rect.width() < NARROW { NARROW_COLUMN } else { COLUMN };
    let x = |nth: usize| rect.left() + EDGE + nth as f32 * column;
    let center = pos2(x(row.lines.column), rect.center().y);
    lines_ui(ui, &row.lines, rect, &x, t);
    mark_ui(ui, row, center, if is_marked { t.selection } else { t.panel }, t);
    let left = rect.left() + EDGE + columns as f32 * column;
    let words = rect.with_min_x(left).with_max_x(rect.right() - 4.0);
    let room = words_ui(ui, row, words, t);
    // A button in each row would be a stop of the Tab key in each.
    let is_of_payer = matches!(row.subject, RowSubject::Authenticate(_));
    if is_of_payer || is_marked || ui.rect_contains_pointer(rect) {
        controls(ui, room);
    }
    if row.exchange.is_some() && response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    response.on_hover_text(&row.spoken)
}

/// Draws the lines that pass a row and the one that leads to its mark.
fn lines_ui(ui: &Ui, lines: &RowLines, rect: Rect, x: &dyn Fn(usize) -> f32, t: &DesignTokens) {
    const BEND: f32 = 9.0;
    let stroke = Stroke::new(2.0, t.border_strong);
    let middle = rect.center().y;
    for nth in 0..8 {
        let bit = 1 << nth;
        let at = x(nth);
        if lines.above & bit != 0 {
            // A line that ends here bends to the mark that it leads to.
            let bends = lines.from == Some(nth) && lines.below & bit == 0;
            let end = if bends { middle - BEND } else { middle };
            ui.painter().vline(at, rect.top()..=end, stroke);
        }
        if lines.below & bit != 0 {
            ui.painter().vline(at, middle..=rect.bottom(), stroke);
        }
    }
    if let Some(from) = lines.from {
        let (from, to) = (x(from), x(lines.column));
        let bend = BEND.min((to - from) / 2.0);
        let points = [pos2(from, middle - BEND), pos2(from, middle), pos2(from + bend, middle)];
        ui.painter().add(Shape::QuadraticBezier(QuadraticBezierShape::from_points_stroke(
            points,
            false,
            Color32::TRANSPARENT,
            stroke,
        )));
        ui.painter().hline(from + bend..=to, middle, stroke);
    }
}

/// Draws the mark of a row: a sign for an object, a ring for a later call, a lozenge for an event.
fn mark_ui(ui: &Ui, row: &PictureRow, center: egui::Pos2, behind: Color32, t: &DesignTokens) {
    let color = color(row.mood, t);
    let painter = ui.painter();
    match row.subject {
        RowSubject::Life(LifeRow::Node(_)) => {
            painter.circle_filled(center, DISC, behind);
            let glyph = sign(row.mood).glyph().to_string();
            let glyph = paint::line(ui, &glyph, icons::font(2.0 * DISC - 2.0), color, f32::INFINITY);
            paint::galley_center(painter, glyph, center);
        }
        RowSubject::Life(LifeRow::Step(_)) => {
            painter.circle_filled(center, SMALL + 1.0, behind);
            painter.circle_stroke(center, SMALL, Stroke::new(1.5, color));
        }
        RowSubject::Life(LifeRow::Event(_)) => {
            let points = [vec2(0.0, -SMALL), vec2(SMALL, 0.0), vec2(0.0, SMALL), vec2(-SMALL, 0.0)];
            let points = points.map(|corner| center + corner).to_vec();
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        RowSubject::Authenticate(_) | RowSubject::More => {}
    }
}

/// Draws the words of a row; gives the room for its buttons.
fn words_ui(ui: &Ui, row: &PictureRow, rect: Rect, t: &DesignTokens) -> Rect {
    const GAP: f32 = 8.0;
    /// Side of the button of an event.
    const BUTTON: f32 = 22.0;
    let (first, second) = (rect.center().y - 9.0, rect.center().y + 9.0);
    if matches!(row.subject, RowSubject::Authenticate(_)) {
        return rect;
    }
    let is_object = matches!(row.subject, RowSubject::Life(LifeRow::Node(_)) | RowSubject::More);
    let painter = ui.painter();
    let amount = paint::line(ui, &row.amount, theme::semibold(theme::SMALL_SIZE), t.text, rect.width() / 2.0);
    let room = rect.width() - if row.amount.is_empty() { 0.0 } else { amount.size().x + GAP };
    paint::galley_right(painter, amount, rect.right(), first);
    let font = if is_object { theme::semibold(theme::BODY_SIZE) } else { theme::regular(theme::SMALL_SIZE) };
    let is_refused = matches!(row.subject, RowSubject::Life(LifeRow::Step(_))) && row.mood == StateMood::Bad;
    let title = paint::line(ui, &row.title, font, if is_refused { t.error } else { t.text }, room);
    paint::galley_left(painter, title, rect.left(), first);

    let is_event = matches!(row.subject, RowSubject::Life(LifeRow::Event(_)));
    let small = theme::regular(theme::SMALL_SIZE);
    let time = paint::line(ui, &row.time, small.clone(), t.faint, rect.width() / 2.0);
    let words = paint::line(ui, &row.state, small, t.faint, f32::INFINITY).size().x;
    // How it stands comes before when: the tooltip has both.
    let has_time = !row.time.is_empty() && words + GAP + time.size().x <= rect.width();
    let end = match (is_event, has_time) {
        (true, _) => rect.right() - BUTTON,
        (false, false) => rect.right(),
        (false, true) => paint::galley_right(painter, time, rect.right(), second).left() - GAP,
    };
    let word = color(row.mood, t);
    let word = if matches!(row.subject, RowSubject::Life(LifeRow::Step(_))) { t.subdued } else { word };
    let state = paint::line(ui, &row.state, theme::regular(theme::SMALL_SIZE), word, end - rect.left());
    let used = state.size().x + GAP;
    paint::galley_left(painter, state, rect.left(), second);
    let id = paint::line(ui, &row.short_id, theme::mono(11.0), t.faint, f32::INFINITY);
    if used + id.size().x <= end - rect.left() {
        paint::galley_right(painter, id, end, second);
    }
    Rect::from_center_size(pos2(rect.right() - BUTTON / 2.0 + 2.0, second), vec2(BUTTON, BUTTON))
}

/// What the payer does, as a button says it.
pub(super) fn result_words(result: AuthenticationResult) -> &'static str {
    match result {
        AuthenticationResult::Complete => "Complete",
        AuthenticationResult::Fail => "Fail",
        AuthenticationResult::Cancel => "Cancel",
    }
}

/// Draws what the payer of an intent can do; gives what was pressed.
pub(super) fn payer_buttons_ui(
    ui: &mut Ui,
    rect: Rect,
    intent: &str,
    takes_focus: bool,
) -> Option<AuthenticationResult> {
    let mut pressed = None;
    let mut row = ui.new_child(UiBuilder::new().max_rect(rect.shrink2(vec2(0.0, 6.0))).id_salt(intent));
    row.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        for (nth, result) in AuthenticationResult::ALL.into_iter().enumerate() {
            let name = result_words(result);
            let button = ui.add(QuietButton::new(name).filled_pill());
            if takes_focus && nth == 0 {
                button.request_focus();
            }
            let description = format!("{name} the 3D Secure authentication of {intent}");
            ui.accesskit_node_builder(button.id, |node| node.set_description(description.clone()));
            if button.on_hover_text(description).clicked() {
                pressed = Some(result);
            }
        }
    });
    pressed
}

/// Draws the button that sends an event again; whether it was pressed.
pub(super) fn resend_button_ui(ui: &mut Ui, rect: Rect, event_type: &str, id: Id) -> bool {
    let name = format!("Send {event_type} again");
    let mut place = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(id));
    place.add(IconButton::new(icons::REFRESH_CW, &name).small()).clicked()
}
