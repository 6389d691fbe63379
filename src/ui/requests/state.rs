//! What the view of the request log keeps between frames.

use std::collections::HashSet;

use crate::{
    domain::history::{
        request_filter::RequestFilter,
        request_lines::{LineKind, RequestLine, line_of},
        request_log::ExchangeId,
    },
    model::RequestsModel,
    ui::widgets::RowScroll,
};

/// The state of the request log's view.
#[derive(Debug, Default)]
pub struct RequestsState {
    pub selected: Option<ExchangeId>,
    pub(super) filter: RequestFilter,
    /// The filter that was asked for last, and the number that it was asked with.
    asked_filter: RequestFilter,
    generation: u64,
    /// The lines of the calls that the model had when its number was `seen`.
    pub(super) lines: Vec<RequestLine>,
    seen: Option<u64>,
    /// The runs of equal calls that are unfolded, each by the call that was its newest then.
    unfolded: HashSet<ExchangeId>,
    pub(super) scroll_to: Option<ExchangeId>,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
    pub(super) scroll: RowScroll,
    /// How high the messages are that stand at the bottom of the table; its rows end above them.
    pub messages_height: f32,
    pub(super) focus_table: bool,
    pub(super) focus_search: bool,
}

impl RequestsState {
    /// Selects a call, whether it is listed or not.
    pub fn select(&mut self, id: ExchangeId) {
        (self.selected, self.scroll_to) = (Some(id), Some(id));
    }

    /// Puts the focus on the table, once there is one.
    pub fn focus_table(&mut self) {
        self.focus_table = true;
    }

    pub fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// The filter that was asked for last, with its number.
    pub fn asked(&self) -> (u64, RequestFilter) {
        (self.generation, self.asked_filter.clone())
    }

    /// Whether the calls that are here passed the filter of now.
    pub(super) fn is_answered(&self, requests: &RequestsModel) -> bool {
        self.generation == requests.generation() && self.filter == self.asked_filter
    }

    /// Takes notice of a filter that was changed in this frame; whether other calls are to be asked for.
    pub(super) fn filter_changed(&mut self) -> bool {
        if self.filter == self.asked_filter {
            return false;
        }
        self.asked_filter.clone_from(&self.filter);
        self.generation += 1;
        self.scroll.reveal(0);
        true
    }

    /// Makes the lines anew where the calls are other ones.
    pub(super) fn update_lines(&mut self, requests: &RequestsModel) {
        if self.seen != Some(requests.changes()) {
            self.seen = Some(requests.changes());
            self.lines = requests.runs().lines(requests.rows(), &self.unfolded);
        }
    }

    /// The line that shows the selected call, or that has it folded in.
    pub(super) fn selected_line(&self, requests: &RequestsModel) -> Option<usize> {
        self.line_of(requests, self.selected?)
    }

    pub(super) fn line_of(&self, requests: &RequestsModel, id: ExchangeId) -> Option<usize> {
        line_of(&self.lines, requests.place_of(id)?)
    }

    /// Folds the run of a row, or unfolds it.
    pub(super) fn set_folded(&mut self, requests: &RequestsModel, row: usize, is_folded: bool) {
        let Some(run) = requests.runs().run_of(row) else { return };
        if is_folded {
            for row in &requests.rows()[run] {
                self.unfolded.remove(&row.id);
            }
        } else {
            self.unfolded.insert(requests.rows()[run.start].id);
        }
        self.seen = None;
        self.update_lines(requests);
    }

    /// Whether the run of a line can be folded (`Some(true)`) or unfolded (`Some(false)`).
    pub(super) fn is_unfolded(&self, line: usize) -> Option<bool> {
        match self.lines.get(line)?.kind {
            LineKind::Single => None,
            LineKind::Folded(_) => Some(false),
            LineKind::Unfolded(_) | LineKind::Member => Some(true),
        }
    }
}
