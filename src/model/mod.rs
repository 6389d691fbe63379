//! What the window knows. [`WindowModel::apply`] is the only way to change it.

mod history;
mod loaded;
mod requests;
mod runs;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
};

use crate::{
    domain::{
        call::api::ApiExchange,
        history::{
            edit::{EntryEdit, LastDeletion},
            entry::{EntryDetail, EntryId, HistoryEntry},
            request_log::ExchangeId,
            token_life::TokenLife,
        },
        run::record::RunId,
        secret::SecretText,
        settings::{file_format::CopyForm, profile::ProfileId},
    },
    messages::{
        ComparedEntries, JobId, JobOutcome, KeyInfo, ListedEndpoint, RestoredDeletion, ServerInfo, TroubleSubject,
        WorkerUpdate,
    },
};

pub use history::HistoryModel;
pub use loaded::{LoadedValue, Revision};
pub use requests::RequestsModel;
pub use runs::RunsModel;

/// The state of the data folder as far as the window knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StorageState {
    #[default]
    Opening,
    /// Open in this folder; `None` for a history that is only in memory.
    Open(Option<PathBuf>),
    Unusable(String),
}

/// Everything that the background told the window.
#[derive(Debug, Default)]
pub struct WindowModel {
    pub storage: StorageState,
    /// The keys that were looked at, by their profiles.
    keys: BTreeMap<ProfileId, KeyInfo>,
    pub history: HistoryModel,
    /// The deletion that would be undone next.
    pub deletion: Option<LastDeletion>,
    /// Everything about the entry that was asked for last.
    pub detail: Option<LoadedValue<EntryDetail>>,
    /// What became of the token that is watched.
    pub life: Option<LoadedValue<TokenLife>>,
    /// The comparison that was asked for last.
    pub compared: Option<LoadedValue<ComparedEntries>>,
    pub requests: RequestsModel,
    /// The call that was asked for last.
    pub exchange: Option<(ExchangeId, LoadedValue<ApiExchange>)>,
    pub runs: RunsModel,
    pub server: ServerInfo,
    /// The webhook endpoints, once they were asked for.
    pub webhooks: Vec<ListedEndpoint>,
    /// Of each job that reports progress: how much is done, and of how much.
    pub progress: BTreeMap<JobId, (u64, u64)>,
    /// The jobs whose calls are on their way, by the entries that wait for the answer.
    waiting: HashMap<EntryId, JobId>,
    /// Entries whose detail, shown or on its way, may be older than what is known of them by now.
    stale_details: BTreeSet<EntryId>,
    /// The newest of the values that were loaded for the inspector.
    revision: Revision,
}

impl WindowModel {
    /// Applies an update; returns what to tell the user besides.
    pub fn apply(&mut self, update: WorkerUpdate) -> Option<UserNotice> {
        match update {
            WorkerUpdate::Opened { folder } => self.storage = StorageState::Open(folder),
            WorkerUpdate::CannotOpen { message } => self.storage = StorageState::Unusable(message),
            WorkerUpdate::Key { profile, key } => {
                self.keys.insert(profile, key);
            }
            WorkerUpdate::History { generation, list, rows, counts, is_whole } => {
                self.history.counts = counts;
                self.history.replace(generation, list, rows, is_whole);
            }
            WorkerUpdate::MoreHistory { generation, ids, rows, is_whole } => {
                self.history.append(generation, ids, rows, is_whole);
            }
            WorkerUpdate::Rows(rows) => self.history.keep_rows(rows),
            WorkerUpdate::Changed { generation, entries, deleted, counts } => {
                self.history.counts = counts;
                self.check_detail(&entries, &deleted);
                self.history.change(generation, entries, &deleted);
            }
            WorkerUpdate::Edited { edit, outcome } => return Some(UserNotice::Edited { edit, outcome }),
            WorkerUpdate::Restored(restored) => return Some(UserNotice::Restored(restored)),
            WorkerUpdate::Deletion(deletion) => self.deletion = deletion,
            WorkerUpdate::Detail(detail) => self.detail = Some(LoadedValue::new(self.revision.count_on(), detail)),
            WorkerUpdate::Compared(entries) => {
                self.compared = Some(LoadedValue::new(self.revision.count_on(), Box::new(entries)));
            }
            WorkerUpdate::Copied { form, text } => return Some(UserNotice::Copied { form, text }),
            WorkerUpdate::Requests(mut page) => {
                // A call that changes no entry still belongs to its timeline. The detail may have been read before the
                // call and arrive after it, for another thread reads it.
                self.stale_details.extend(page.news.drain(..));
                self.requests.replace(page);
            }
            WorkerUpdate::Exchange { id, exchange } => {
                self.exchange = Some((id, LoadedValue::new(self.revision.count_on(), exchange)));
            }
            WorkerUpdate::Life(life) => self.life = Some(LoadedValue::new(self.revision.count_on(), life)),
            WorkerUpdate::Server(server) => {
                self.server = server;
                return Some(UserNotice::Server);
            }
            WorkerUpdate::Webhooks(endpoints) => self.webhooks = endpoints,
            WorkerUpdate::Secret { endpoint, secret } => return Some(UserNotice::Secret { endpoint, secret }),
            WorkerUpdate::MinterReset { objects } => return Some(UserNotice::MinterReset { objects }),
            WorkerUpdate::Begun { job, entry } => {
                self.waiting.insert(entry, job);
                return Some(UserNotice::Begun { job, entry });
            }
            WorkerUpdate::Runs(kept) => self.runs.kept = Some(kept),
            WorkerUpdate::KnownPolicies(policies) => self.runs.known_policies = policies,
            WorkerUpdate::Run(shown) => self.runs.shown = Some(LoadedValue::new(self.revision.count_on(), shown)),
            WorkerUpdate::Running(running) => {
                let is_new = self.runs.running.as_ref().is_none_or(|known| known.job != running.job);
                let id = running.id;
                self.runs.running = Some(running);
                return is_new.then_some(UserNotice::RunBegun(id));
            }
            WorkerUpdate::Progress { job, done, total } => {
                self.progress.insert(job, (done, total));
            }
            WorkerUpdate::Finished { job, outcome } => {
                self.progress.remove(&job);
                self.runs.ended(job);
                self.waiting.retain(|_, waiting| *waiting != job);
                return Some(UserNotice::Finished { job, outcome: Box::new(outcome) });
            }
            WorkerUpdate::Trouble { about, message } => return Some(UserNotice::Trouble(about, message)),
            WorkerUpdate::Problem { message } => return Some(UserNotice::Problem(message)),
            WorkerUpdate::Hint { message } => return Some(UserNotice::Hint(message)),
        }
        None
    }

    /// Drops the entry that is shown if it was deleted, and has it loaded again if it changed.
    fn check_detail(&mut self, changed: &[(HistoryEntry, bool)], deleted: &[EntryId]) {
        let Some(shown) = self.detail.as_ref().map(|detail| detail.entry.id) else { return };
        if deleted.contains(&shown) {
            self.detail = None;
        } else if changed.iter().any(|(entry, _)| entry.id == shown) {
            self.stale_details.insert(shown);
        }
    }

    /// What is known of the key of a profile, once the background has looked at it.
    pub fn key(&self, profile: ProfileId) -> Option<&KeyInfo> {
        self.keys.get(&profile)
    }

    /// The job that an entry waits for, if this window started it.
    pub fn job_of(&self, entry: EntryId) -> Option<JobId> {
        self.waiting.get(&entry).copied()
    }

    /// Whether the background must make the history's list anew. Told once.
    pub fn take_stale_list(&mut self) -> bool {
        self.history.take_stale()
    }

    /// The entries whose detail must be loaded again, if it is shown or on its way. Told once.
    pub fn take_stale_details(&mut self) -> BTreeSet<EntryId> {
        std::mem::take(&mut self.stale_details)
    }
}

/// What the window tells the user, besides showing the model.
#[derive(Clone, Debug, PartialEq)]
pub enum UserNotice {
    /// The call of a job is on its way; this entry waits for the answer.
    Begun {
        job: JobId,
        entry: EntryId,
    },
    /// The calls of a run are on their way.
    RunBegun(RunId),
    Finished {
        job: JobId,
        outcome: Box<JobOutcome>,
    },
    /// An edit was done, and to how many entries; or why it failed.
    Edited {
        edit: EntryEdit,
        outcome: Result<u64, String>,
    },
    /// What was deleted last came back, or there was nothing.
    Restored(Option<RestoredDeletion>),
    /// Entries as a text for the clipboard, or why there is none.
    Copied {
        form: CopyForm,
        text: Result<String, String>,
    },
    /// The minter was reset.
    MinterReset {
        objects: u64,
    },
    /// The server is in another state, which the model has.
    Server,
    /// The secret of a webhook endpoint, which somebody asked to see. It is kept nowhere else.
    Secret {
        endpoint: String,
        secret: SecretText,
    },
    /// Something does not work until it is mended, or it works again.
    Trouble(TroubleSubject, Option<String>),
    Problem(String),
    /// Another window changed what this one keeps.
    Hint(String),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        call::api::{HttpMethod, Target},
        history::{
            entry::{EntryStatus, HistoryEntry, StatusCounts},
            filter::{SortKey, SortOrder},
            listing::EntryListing,
        },
    };
    use crate::{domain::history::request_log::RequestRow, messages::RequestPage};

    fn entry(id: i64, status: EntryStatus) -> HistoryEntry {
        HistoryEntry {
            id: EntryId(id),
            status,
            target: Target::Local,
            token_id: None,
            brand: None,
            last4: None,
            code: None,
            used_by: None,
            used_client: None,
            account: None,
            note: String::new(),
            tags: Vec::new(),
            expects: None,
            profile: None,
            judgement: None,
            started: Timestamp::UNIX_EPOCH,
            took: None,
        }
    }

    fn shown(model: &WindowModel) -> Vec<i64> {
        (0..model.history.len()).map(|place| model.history.id_at(place).unwrap().0).collect()
    }

    fn listed(model: &mut WindowModel, generation: u64, ids: &[i64], sort: SortOrder) {
        let list = EntryListing::new(ids.iter().copied().map(EntryId).collect(), sort);
        let (rows, counts) = (Vec::new(), StatusCounts::default());
        model.apply(WorkerUpdate::History { generation, list, rows, counts, is_whole: true });
    }

    fn changed(model: &mut WindowModel, generation: u64, entries: Vec<(HistoryEntry, bool)>, deleted: &[i64]) {
        let deleted = deleted.iter().copied().map(EntryId).collect();
        let counts = StatusCounts { unused: 2, ..StatusCounts::default() };
        model.apply(WorkerUpdate::Changed { generation, entries, deleted, counts });
    }

    #[test]
    fn changed_entries_come_and_go_with_the_filter() {
        let mut model = WindowModel::default();
        listed(&mut model, 1, &[5, 4, 3, 1], SortOrder::default());
        let entries = vec![
            (entry(6, EntryStatus::Unused), true),
            (entry(7, EntryStatus::Failed), false),
            (entry(3, EntryStatus::Used), false),
            (entry(5, EntryStatus::Unused), true),
        ];
        changed(&mut model, 1, entries, &[4]);
        assert_eq!(shown(&model), [6, 5, 1]);
        assert_eq!(model.history.counts.unused, 2);
        assert_eq!(model.history.place_of(EntryId(1)), Some(2));
        assert!(!model.take_stale_list());
    }

    #[test]
    fn a_change_for_an_older_filter_moves_no_row() {
        let mut model = WindowModel::default();
        listed(&mut model, 2, &[1], SortOrder::default());
        changed(&mut model, 1, vec![(entry(2, EntryStatus::Unused), true)], &[]);
        assert_eq!(shown(&model), [1]);
    }

    #[test]
    fn a_list_in_another_order_is_asked_for_again_once_when_something_changed() {
        let mut model = WindowModel::default();
        listed(&mut model, 1, &[2, 9, 5], SortOrder::default().clicked(SortKey::Card));
        changed(&mut model, 1, vec![(entry(9, EntryStatus::Used), true)], &[2]);
        assert_eq!(shown(&model), [2, 9, 5], "as it was until the new list is here");
        assert_eq!(model.history.row(EntryId(9)).unwrap().status, EntryStatus::Used, "the rows are right at once");
        assert_eq!((model.take_stale_list(), model.take_stale_list()), (true, false));
        listed(&mut model, 1, &[9, 5], SortOrder::default().clicked(SortKey::Card));
        assert_eq!(shown(&model), [9, 5]);
        assert!(model.history.row(EntryId(9)).is_some(), "the same list keeps its rows");
        listed(&mut model, 2, &[9], SortOrder::default());
        assert!(model.history.row(EntryId(9)).is_none(), "another may have missed changes of them");
    }

    /// The lookup has read the entry before the call was written, and tells it after the history told the call.
    #[test]
    fn a_call_about_an_entry_that_is_being_loaded_makes_its_detail_stale() {
        let mut model = WindowModel::default();
        let call = |id, entry| RequestRow {
            id: ExchangeId(id),
            target: Target::Local,
            started: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            method: HttpMethod::Get,
            path: String::new(),
            query: String::new(),
            http_status: Some(200),
            user_agent: None,
            failure: None,
            fault: None,
            account: None,
            entry: Some(EntryId(entry)),
        };
        let page = |rows: Vec<RequestRow>, news: &[i64]| {
            let news = news.iter().copied().map(EntryId).collect();
            WorkerUpdate::Requests(RequestPage { rows, news, ..RequestPage::default() })
        };
        model.apply(page(vec![call(1, 1)], &[]));
        assert!(model.take_stale_details().is_empty(), "the first calls are no news");
        model.apply(page(vec![call(3, 2), call(1, 1)], &[2, 7]));
        assert_eq!(model.take_stale_details(), BTreeSet::from([EntryId(2), EntryId(7)]));
        assert!(model.take_stale_details().is_empty(), "told once");
    }

    #[test]
    fn the_detail_of_a_deleted_entry_is_gone() {
        let mut model = WindowModel::default();
        let detail = |id| {
            let request = crate::domain::call::api::ApiRequest::get("/").masked();
            EntryDetail {
                entry: entry(id, EntryStatus::Unused),
                uid: None,
                request,
                outcome: None,
                replaced: Vec::new(),
                timeline: Vec::new(),
                is_damaged: false,
            }
        };
        model.apply(WorkerUpdate::Detail(Box::new(detail(1))));
        changed(&mut model, 0, Vec::new(), &[2]);
        assert!(model.detail.is_some());
        changed(&mut model, 0, Vec::new(), &[1, 2]);
        assert!(model.detail.is_none());
    }
}
