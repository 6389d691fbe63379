//! What the window knows. [`Model::apply`] is the only way to change it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::PathBuf,
};

use crate::{
    domain::{
        api::Exchange,
        entry::{Counts, Entry, EntryDetail, EntryId},
        request_log::{ExchangeId, RequestRow},
    },
    messages::{JobId, JobOutcome, KeyInfo, ServerInfo, Update},
};

/// More rows than any screen shows; beyond this the cache starts anew.
const CACHED_ROWS: usize = 4096;

/// The data folder as far as the window knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    #[default]
    Opening,
    /// Open; `None` for a history that is only in memory.
    Open(Option<PathBuf>),
    Unusable(String),
}

/// The history: which entries pass the filter, and those of them that were in view.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Newest first, so in falling order.
    ids: VecDeque<EntryId>,
    rows: HashMap<EntryId, Entry>,
    generation: u64,
    /// How often rows came: what was asked for before may have been dropped since.
    arrivals: u64,
    is_loaded: bool,
    pub counts: Counts,
}

impl History {
    /// How many entries pass the filter.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether the first answer has come.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub fn id_at(&self, place: usize) -> Option<EntryId> {
        self.ids.get(place).copied()
    }

    /// The place of an entry among those shown.
    pub fn place_of(&self, id: EntryId) -> Option<usize> {
        self.ids.binary_search_by(|known| id.cmp(known)).ok()
    }

    /// The row of an entry, once it is loaded.
    pub fn row(&self, id: EntryId) -> Option<&Entry> {
        self.rows.get(&id)
    }

    /// A number that changes whenever rows come.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    fn keep_row(&mut self, entry: Entry) {
        if self.rows.len() >= CACHED_ROWS {
            self.rows.clear();
        }
        self.rows.insert(entry.id, entry);
    }

    fn keep_rows(&mut self, rows: Vec<Entry>) {
        self.arrivals += 1;
        for row in rows {
            self.keep_row(row);
        }
    }

    fn change(&mut self, entry: Entry, is_shown: bool) {
        match (self.ids.binary_search_by(|known| entry.id.cmp(known)), is_shown) {
            (Err(place), true) => self.ids.insert(place, entry.id),
            (Ok(place), false) => {
                self.ids.remove(place);
            }
            (Ok(_), true) | (Err(_), false) => {}
        }
        self.keep_row(entry);
    }
}

/// What the window knows of the world.
#[derive(Debug, Default)]
pub struct Model {
    pub storage: Storage,
    pub key: KeyInfo,
    pub history: History,
    /// Everything about the entry that was asked for last.
    pub detail: Option<Box<EntryDetail>>,
    /// The newest calls, whoever made them, newest first.
    pub requests: Vec<RequestRow>,
    /// The call that was asked for last.
    pub exchange: Option<(ExchangeId, Box<Exchange>)>,
    pub server: ServerInfo,
    /// Jobs that report progress: so many of so many.
    pub progress: BTreeMap<JobId, (u64, u64)>,
    /// The jobs whose calls are on their way, by the entries that wait for them.
    waiting: HashMap<EntryId, JobId>,
    /// Whether the shown detail is older than its entry.
    stale_detail: Option<EntryId>,
}

impl Model {
    /// Takes over what the background tells. What the window has to tell on comes back.
    pub fn apply(&mut self, update: Update) -> Option<Notice> {
        match update {
            Update::Opened { folder } => self.storage = Storage::Open(folder),
            Update::CannotOpen { message } => self.storage = Storage::Unusable(message),
            Update::Key(key) => self.key = key,
            Update::History { generation, ids, rows, counts } => {
                let arrivals = self.history.arrivals;
                let is_loaded = true;
                self.history =
                    History { ids: ids.into(), rows: HashMap::new(), generation, arrivals, is_loaded, counts };
                self.history.keep_rows(rows);
            }
            Update::Rows(rows) => self.history.keep_rows(rows),
            Update::Changed { generation, entries, counts } => {
                self.history.counts = counts;
                for (entry, is_shown) in entries {
                    if self.detail.as_ref().is_some_and(|detail| detail.entry.id == entry.id) {
                        self.stale_detail = Some(entry.id);
                    }
                    if generation == self.history.generation {
                        self.history.change(entry, is_shown);
                    }
                }
            }
            Update::Detail(detail) => self.detail = Some(detail),
            Update::Requests(rows) => {
                let newest = self.requests.first().map(|row| row.id);
                let shown = self.detail.as_ref().map(|detail| detail.entry.id);
                // A call that changes no entry still belongs to its timeline.
                let mut news = rows.iter().take_while(|row| Some(row.id) > newest);
                if newest.is_some() && shown.is_some() && news.any(|row| row.entry == shown) {
                    self.stale_detail = shown;
                }
                self.requests = rows;
            }
            Update::Exchange { id, exchange } => self.exchange = Some((id, exchange)),
            Update::Server(server) => {
                let message = match &server {
                    ServerInfo::Failed { message, .. } => Some(message.clone()),
                    _ => None,
                };
                self.server = server;
                return message.map(Notice::Problem);
            }
            Update::MinterReset { objects } => return Some(Notice::MinterReset { objects }),
            Update::Begun { job, entry } => {
                self.waiting.insert(entry, job);
                return Some(Notice::Begun { job, entry });
            }
            Update::Progress { job, done, total } => {
                self.progress.insert(job, (done, total));
            }
            Update::Finished { job, outcome } => {
                self.progress.remove(&job);
                self.waiting.retain(|_, waiting| *waiting != job);
                return Some(Notice::Finished { job, outcome: Box::new(outcome) });
            }
            Update::Problem { message } => return Some(Notice::Problem(message)),
        }
        None
    }

    /// The place of a call among those known.
    pub fn place_of_request(&self, id: ExchangeId) -> Option<usize> {
        place_of_request(&self.requests, id)
    }

    /// The job that an entry waits for, if this window started it.
    pub fn job_of(&self, entry: EntryId) -> Option<JobId> {
        self.waiting.get(&entry).copied()
    }

    /// The entry whose detail must be loaded again, once.
    pub fn take_stale_detail(&mut self) -> Option<EntryId> {
        self.stale_detail.take()
    }
}

/// The place of a call in rows that stand newest first.
pub fn place_of_request(rows: &[RequestRow], id: ExchangeId) -> Option<usize> {
    rows.binary_search_by(|row| id.cmp(&row.id)).ok()
}

/// What the window tells the user, besides showing the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The call of a job is on its way, and waits in this entry.
    Begun {
        job: JobId,
        entry: EntryId,
    },
    Finished {
        job: JobId,
        outcome: Box<JobOutcome>,
    },
    /// The minter was reset.
    MinterReset {
        objects: u64,
    },
    Problem(String),
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{api::Target, entry::Status};

    fn entry(id: i64, status: Status) -> Entry {
        Entry {
            id: EntryId(id),
            status,
            target: Target::Local,
            token_id: None,
            brand: None,
            last4: None,
            code: None,
            used_by: None,
            started: Timestamp::UNIX_EPOCH,
            took: None,
        }
    }

    fn shown(model: &Model) -> Vec<i64> {
        (0..model.history.len()).map(|place| model.history.id_at(place).unwrap().0).collect()
    }

    #[test]
    fn changed_entries_come_and_go_with_the_filter() {
        let mut model = Model::default();
        let ids = [5, 3, 1].map(EntryId).to_vec();
        model.apply(Update::History { generation: 1, ids, rows: Vec::new(), counts: Counts::default() });
        let entries = vec![
            (entry(6, Status::Unused), true),
            (entry(7, Status::Failed), false),
            (entry(3, Status::Used), false),
            (entry(5, Status::Unused), true),
        ];
        model.apply(Update::Changed { generation: 1, entries, counts: Counts { unused: 2, ..Counts::default() } });
        assert_eq!(shown(&model), [6, 5, 1]);
        assert_eq!(model.history.counts.unused, 2);
        assert_eq!(model.history.place_of(EntryId(1)), Some(2));
    }

    #[test]
    fn a_change_for_an_older_filter_moves_no_row() {
        let mut model = Model::default();
        model.apply(Update::History {
            generation: 2,
            ids: vec![EntryId(1)],
            rows: Vec::new(),
            counts: Counts::default(),
        });
        let entries = vec![(entry(2, Status::Unused), true)];
        model.apply(Update::Changed { generation: 1, entries, counts: Counts::default() });
        assert_eq!(shown(&model), [1]);
    }
}
