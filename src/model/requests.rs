//! The request log as the window knows it: the newest calls that pass its filter, and their runs.

use crate::{
    domain::history::{
        request_filter::RequestCounts,
        request_lines::RequestRuns,
        request_log::{ExchangeId, RequestRow},
    },
    messages::RequestPage,
};

/// The newest calls that pass the filter, whoever made them.
#[derive(Clone, Debug, Default)]
pub struct RequestsModel {
    rows: Vec<RequestRow>,
    runs: RequestRuns,
    /// How many calls of each kind there are, whether they pass or not.
    pub counts: RequestCounts,
    /// Whether there are older calls that pass.
    pub has_more: bool,
    generation: u64,
    changes: u64,
}

impl RequestsModel {
    pub(super) fn replace(&mut self, page: RequestPage) {
        self.runs = RequestRuns::of(&page.rows);
        (self.rows, self.counts, self.has_more) = (page.rows, page.counts, page.has_more);
        self.generation = page.generation;
        self.changes += 1;
    }

    /// The calls, newest first.
    pub fn rows(&self) -> &[RequestRow] {
        &self.rows
    }

    /// Those of them that say the same in a row.
    pub fn runs(&self) -> &RequestRuns {
        &self.runs
    }

    /// The filter that these calls passed, by the number that it was asked with.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A number that changes whenever the calls do.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The index of a call.
    pub fn place_of(&self, id: ExchangeId) -> Option<usize> {
        self.rows.binary_search_by(|row| id.cmp(&row.id)).ok()
    }
}
