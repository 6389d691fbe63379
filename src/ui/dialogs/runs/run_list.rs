//! The runs that are kept, newest first, and the way to a new one.

use egui::{Id, Modifiers, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::context::{RunsContext, RunsPage};
use crate::{
    domain::run::record::{RunRecord, RunState},
    ui::{
        icons::{self, Icon},
        theme::{self, DesignTokens},
        widgets::{
            QuietButton, RowScroll, Tone, VirtualRows, chip::grouped, empty_state_ui, paint, row_by_key,
            virtual_rows::focus_ring_ui,
        },
        words, zone_in_use,
    },
};

const ROW: f32 = 50.0;

/// What the list remembers from frame to frame.
#[derive(Debug, Default)]
pub(super) struct RunListState {
    scroll: RowScroll,
    is_focus_wanted: bool,
}

impl RunListState {
    pub(super) fn take_focus(&mut self) {
        self.is_focus_wanted = true;
    }
}

/// The sign of a run, its tone and its words in short.
pub(super) fn verdict(run: &RunRecord, is_made_here: bool) -> (Icon, Tone, String) {
    let short = |count: u64, what: &str| format!("{} {what}", grouped(count));
    match run.state {
        RunState::Running if is_made_here => (icons::CLOCK, Tone::Info, "on its way".to_owned()),
        RunState::Running => (icons::CLOCK, Tone::Info, "made by another program".to_owned()),
        _ if run.differs > 0 => (icons::TRIANGLE_ALERT, Tone::Warn, words::number_of(run.differs, "differs", "differ")),
        _ if run.unanswered > 0 => (icons::CIRCLE_QUESTION_MARK, Tone::Warn, short(run.unanswered, "unanswered")),
        RunState::Stopped => {
            (icons::CLOCK, Tone::Warn, short(run.run.rows.saturating_sub(run.ended()), "not made yet"))
        }
        RunState::Finished => (icons::CIRCLE_CHECK, Tone::Ok, "all as expected".to_owned()),
    }
}

/// Draws the list; gives the page that was chosen in it. The arrow keys go from one run to the next.
pub(super) fn run_list_ui(
    ui: &mut Ui,
    state: &mut RunListState,
    page: RunsPage,
    about: &RunsContext<'_>,
) -> Option<RunsPage> {
    if ui.add(QuietButton::new("New run").icon(icons::PLUS)).clicked() {
        return Some(RunsPage::New);
    }
    ui.add_space(6.0);
    let kept = about.runs.kept()?;
    if kept.is_empty() {
        empty_state_ui(ui, "No runs yet", "A run makes every token of a list, and says which came as expected");
        return None;
    }
    let id = Id::unique("run_list");
    let place = match page {
        RunsPage::Run(shown) => kept.iter().position(|run| run.id == shown),
        RunsPage::New => None,
    };
    let mut chosen = None;
    if ui.memory(|memory| memory.has_focus(id)) {
        let rows = state.scroll.in_view().saturating_sub(1).max(1);
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        chosen = row_by_key(pressed, place, kept.len(), rows).filter(|row| Some(*row) != place);
    }
    if let Some(row) = chosen {
        state.scroll.reveal(row);
    }
    let is_focused = ui.memory(|memory| memory.has_focus(id));
    let rows = VirtualRows {
        id,
        name: "Runs",
        role: Role::ListBox,
        scroll: &mut state.scroll,
        len: kept.len(),
        row_height: ROW,
    };
    let mut shows_focus = false;
    let list = rows.show(ui, |ui, index, rect| {
        let run = &kept[index];
        let is_chosen = place == Some(index);
        let response = ui.interact(rect, id.with(run.id), Sense::CLICK);
        row_ui(ui, run, about, &response, is_chosen);
        if is_chosen && is_focused {
            shows_focus = true;
            let ring = Stroke::new(1.5, DesignTokens::of(ui).accent);
            ui.painter().rect_stroke(rect.shrink(1.0), theme::RADIUS_SMALL, ring, StrokeKind::Inside);
        }
        if response.clicked() {
            ui.memory_mut(|memory| memory.request_focus(id));
            chosen = Some(index);
        }
    });
    if !shows_focus {
        focus_ring_ui(ui, &list);
    }
    if std::mem::take(&mut state.is_focus_wanted) {
        list.request_focus();
    }
    let chosen = kept.get(chosen?)?;
    (page != RunsPage::Run(chosen.id)).then_some(RunsPage::Run(chosen.id))
}

fn row_ui(ui: &Ui, run: &RunRecord, about: &RunsContext<'_>, response: &egui::Response, is_chosen: bool) {
    let t = DesignTokens::of(ui);
    let rect = response.rect;
    let is_here = about.runs.running.as_ref().is_some_and(|running| running.id == run.id);
    let (icon, tone, verdict) = verdict(run, is_here);
    let ago = words::ago(run.run.created, about.now, &zone_in_use::of(ui));
    let rows = words::rows(run.run.rows);
    let spoken = format!("Run {} {}, {}, {ago}, {rows}, {verdict}", run.id.0, run.run.name, run.run.target.label());
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, &spoken));
    ui.accesskit_node_builder(response.id, |node| node.set_selected(is_chosen));
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => Some(t.selection),
        (false, true) => Some(t.raised),
        (false, false) => None,
    };
    let painter = ui.painter();
    if let Some(fill) = fill {
        painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), theme::RADIUS_SMALL, fill);
    }
    let (top, bottom) = (rect.top() + 17.0, rect.top() + 35.0);
    let left = rect.left() + 8.0;
    let small = |text: &str, color, room| paint::line(ui, text, theme::regular(theme::SMALL_SIZE), color, room);
    let ago = paint::galley_right(painter, small(&ago, t.faint, 90.0), rect.right() - 8.0, top);
    let name = paint::line(ui, &run.run.name, theme::semibold(theme::BODY_SIZE), t.text, ago.left() - left - 8.0);
    paint::galley_left(painter, name, left, top);
    let sign = paint::line(ui, &icon.glyph().to_string(), icons::font(13.0), tone.color(t), f32::INFINITY);
    let sign = paint::galley_left(painter, sign, left, bottom);
    let line = format!("{} · {rows} · {verdict}", run.run.target.label());
    let room = rect.right() - sign.right() - 12.0;
    paint::galley_left(painter, small(&line, t.subdued, room), sign.right() + 6.0, bottom);
}
