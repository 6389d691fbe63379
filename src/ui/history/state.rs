//! What the history's view keeps between frames, and what it is drawn with.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{dates::DayRange, marks::AnnotationPanel, selection::EntrySelection};
use crate::{
    domain::{
        call::api::Target,
        history::{
            account_filter::AccountFilter,
            edit::{EntryEdit, LastDeletion},
            entry::{EntryId, HistoryEntry},
            filter::HistoryFilter,
        },
    },
    messages::JobId,
    model::{HistoryModel, StorageState},
    ui::{action::Action, widgets::RowScroll},
};

/// How high the line is that tells how a refresh goes on.
pub(super) const PROGRESS_HEIGHT: f32 = 42.0;

/// The state of the history's view.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish for the next frame, and they are independent")]
#[derive(Debug, Default)]
pub struct HistoryState {
    pub filter: HistoryFilter,
    /// The filter that was asked for last: another is asked for when the two differ.
    pub(super) asked_filter: HistoryFilter,
    pub(super) days: DayRange,
    pub(super) focus_from: bool,
    pub(super) selection: EntrySelection,
    /// Whether everything is to be selected once the list is whole.
    pub(super) selects_all: bool,
    /// The note and tags that are being written.
    pub(super) marks: Option<AnnotationPanel>,
    /// The rows that were asked for and are not here yet.
    pub(super) asked: HashSet<EntryId>,
    /// [`HistoryModel::arrivals`] and [`HistoryModel::changes`] as they were in the last frame.
    pub(super) arrivals: u64,
    pub(super) changes: u64,
    pub(super) scroll_to: Option<EntryId>,
    /// The entry whose menu was asked for by key: it opens once the row is here.
    pub(super) menu_of: Option<EntryId>,
    /// Whether the selected entry is to come into view once another list is here.
    pub(super) reveals_cursor: bool,
    pub(super) focus_search: bool,
    /// How many rows the last frame drew: what a test counts instead of time.
    pub rows_drawn: usize,
    pub(super) scroll: RowScroll,
    /// How high the messages are that stand at the bottom of the table; its rows end above them.
    pub messages_height: f32,
    pub(super) focus_table: bool,
    /// Whether the table gets the focus once what was deleted is back in it.
    pub(super) focus_restored: bool,
}

impl HistoryState {
    pub fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Puts the focus on the table, or on the search while there is none.
    pub fn focus_table(&mut self) {
        self.focus_table = true;
    }

    /// Shows the entries that pass this search and no other filter.
    pub fn search_for(&mut self, search: String) {
        self.filter = HistoryFilter { search, sort: self.filter.sort, ..HistoryFilter::default() };
        self.days = DayRange::Any;
        self.reveals_cursor = true;
    }

    /// Selects an entry and brings it into view.
    pub fn show(&mut self, id: EntryId) {
        self.selection.only(id);
        self.scroll_to = Some(id);
    }

    /// The selected entries, oldest first.
    pub fn selected(&self) -> &[EntryId] {
        self.selection.ids()
    }

    /// Opens the note and tags of what is selected; `shown` is the entry in the inspector.
    pub fn annotate(&mut self, history: &HistoryModel, shown: Option<&HistoryEntry>) {
        // What is being typed must not be lost: it is saved or left first.
        if let Some(marks) = self.marks.as_mut().filter(|marks| marks.is_changed()) {
            marks.focus();
            return;
        }
        if self.selection.len() > 1 {
            self.marks = Some(AnnotationPanel::of_several(self.selection.ids()));
            return;
        }
        let id = self.selection.cursor().or(shown.map(|entry| entry.id));
        let entry = id.and_then(|id| history.row(id).or(shown.filter(|entry| entry.id == id)));
        if let Some(entry) = entry {
            self.marks = Some(AnnotationPanel::of(entry));
        }
    }

    /// What was typed and is not saved, as it is named in a list.
    pub fn unsaved(&self) -> Option<&'static str> {
        self.marks.as_ref().filter(|marks| marks.is_changed()).map(|_| "The note and tags of the history")
    }

    /// The entry that the keys move from, which the inspector shows.
    pub fn cursor(&self) -> Option<EntryId> {
        self.selection.cursor()
    }

    /// Height of what stands under the table, in points; toasts must not cover it.
    pub fn foot_height(&self, is_refreshing: bool) -> f32 {
        let marks = if self.marks.is_some() { AnnotationPanel::HEIGHT } else { 0.0 };
        let progress = if is_refreshing { PROGRESS_HEIGHT } else { 0.0 };
        marks + progress
    }

    /// Takes notice that an edit was done or failed.
    pub fn edited(&mut self, edit: &EntryEdit, is_done: bool) {
        if self.marks.as_mut().is_some_and(|marks| marks.edited(edit, is_done)) {
            self.marks = None;
            self.focus_table = true;
        }
    }

    /// Deletes what is selected; the selection goes on to the entry beside it.
    pub(super) fn delete_selected(&mut self, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
        if !ctx.history.is_whole() {
            // What is not found yet may be hidden by the filter: nobody sees that it would go too.
            self.selection.keep_shown(ctx.history);
        }
        if self.selection.len() == 0 {
            return;
        }
        let heir = self.selection.heir(ctx.history);
        actions.push(Action::Edit(EntryEdit::Delete { ids: self.selection.ids().to_vec() }));
        match heir {
            Some(id) => {
                self.show(id);
                actions.push(Action::Select(id));
            }
            None => self.selection.clear(),
        }
        self.focus_table = true;
    }
}

/// A refresh on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshStatus {
    pub job: JobId,
    /// How many tokens were asked for, and how many there are; `None` until that is known.
    pub progress: Option<(u64, u64)>,
}

/// What the history is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct HistoryContext<'a> {
    pub history: &'a HistoryModel,
    pub storage: &'a StorageState,
    /// How many calls the request log has to show.
    pub requests: u64,
    /// The target of new tokens: only those of Stripe can be refreshed.
    pub target: Target,
    /// The accounts that there are calls for.
    pub accounts: &'a [(AccountFilter, u64)],
    pub refreshing: Option<RefreshStatus>,
    /// The deletion that would be undone next.
    pub deletion: Option<LastDeletion>,
    pub now: Timestamp,
}
