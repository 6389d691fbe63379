//! A data folder that cannot be written, one that is taken away, and what is told when a call cannot be saved.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{
    domain::call::{api::Target, token_calls::TokenRequest},
    messages::{JobId, JobOutcome, JobRequest, SettingsFault, TroubleSubject, WorkerCommand as Order, WorkerUpdate},
    store::{FILE_NAME, Store, StoreError, StoreLocation},
    worker::Worker,
};

use crate::support::{
    background::worker,
    histories::{count, mint, moment, open, visa},
    patient::Patient,
    program::{Home, Run, finish},
    serving::Serving,
};

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A home whose data folder this program can read and not write. Modes do not stop root: where the tests run as root,
/// the program runs as nobody, from a copy that nobody can reach.
struct ReadOnly {
    home: Home,
    program: Option<PathBuf>,
}

impl ReadOnly {
    fn of(home: Home) -> Self {
        let is_root = fs::metadata(home.path()).unwrap().uid() == 0;
        let program = is_root.then(|| {
            let copy = home.beside("testcard");
            fs::copy(env!("CARGO_BIN_EXE_testcard"), &copy).unwrap();
            copy
        });
        set_mode(home.path().parent().unwrap(), 0o755);
        fs::create_dir_all(home.beside("tmp")).unwrap();
        set_mode(&home.beside("tmp"), 0o777);
        each_below(&home.path(), &|path| set_mode(path, if path.is_dir() { 0o555 } else { 0o444 }));
        Self { home, program }
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut command = self.home.command(args.iter().copied());
        if let Some(program) = &self.program {
            let mut other = Command::new(program);
            other.args(args).current_dir(self.home.beside("tmp")).env_clear();
            other.env("TESTCARD_HOME", self.home.path()).uid(NOBODY).gid(NOBODY);
            command = other;
        }
        finish(command.current_dir(self.home.beside("tmp")).env("TMPDIR", self.home.beside("tmp")))
    }

    /// The names and sizes of all files of the data folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.home.files().into_iter().collect()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // So that whoever is not root can remove it.
        each_below(&self.home.path(), &|path| set_mode(path, 0o755));
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Children first, so that a folder is closed after them; a folder is opened for that.
fn each_below(path: &Path, change: &dyn Fn(&Path)) {
    if path.is_dir() {
        set_mode(path, 0o755);
        for child in fs::read_dir(path).unwrap() {
            each_below(&child.unwrap().path(), change);
        }
    }
    change(path);
}

/// A history of an older version, as that version left it.
fn make_old(folder: &Path, version: usize) {
    fs::create_dir_all(folder).unwrap();
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    let migrations = [
        include_str!("../../src/store/migrations/1.sql"),
        include_str!("../../src/store/migrations/2.sql"),
        include_str!("../../src/store/migrations/3.sql"),
        include_str!("../../src/store/migrations/4.sql"),
        include_str!("../../src/store/migrations/5.sql"),
        include_str!("../../src/store/migrations/6.sql"),
    ];
    for migration in &migrations[..version] {
        connection.execute_batch(migration).unwrap();
    }
    connection
        .execute_batch(&format!(
            "PRAGMA application_id = {};
             PRAGMA user_version = {version};
             INSERT INTO meta (name, value) VALUES ('workspace_secret', randomblob(32));
             INSERT INTO entries (status, target, token_id, started_ms, took_micros, revision, haystack)
                 VALUES ('unused', 'local', 'tok_old', 1000, 5, 1, 'tok_old');
             INSERT INTO exchanges (entry, is_creation, target, started_ms, took_micros, method, path, params, headers,
                     http_status, answer_headers, answer_body)
                 VALUES (1, 1, 'local', 1000, 5, 'POST', '/v1/tokens', '[]', '[]', 200, '[]', CAST('{{}}' AS BLOB));
             INSERT INTO objects (kind, id, created, body, state)
                 VALUES ('token', 'tok_old', 1, '{{\"id\":\"tok_old\",\"object\":\"token\",\"used\":false}}', '{{}}');",
            0x5443_5244
        ))
        .unwrap();
}

#[track_caller]
fn check_commands_that_read(place: &ReadOnly, token: &str, what: &str) {
    let before = place.files();
    let (all, code) = (place.home.beside("tmp/all.json"), ["snippet", token]);
    for args in [
        &["history"][..],
        &["history", "--format", "json"],
        &["export", all.to_str().unwrap(), "--force"],
        &code,
        &["cards"],
        &["token", token],
    ] {
        let run = place.run(args);
        assert_eq!(run.exit, 0, "{what}, {args:?}: {run:?}");
        if args[0] != "cards" && args[0] != "export" && args[0] != "snippet" {
            assert!(run.stdout.contains(token), "{what}, {args:?}: {run:?}");
        }
        let says_so = run.stderr.contains("Nothing of this call is written down");
        assert_eq!(says_so, args[0] == "token", "{what}, {args:?}: {run:?}");
    }
    assert!(fs::read_to_string(&all).unwrap().contains(token));
    for args in [&["mint"][..], &["charge", token], &["note", token, "mine"], &["reset"], &["serve"]] {
        let run = place.run(args);
        assert_eq!((run.exit, run.stdout.as_str()), (4, ""), "{what}, {args:?}: {run:?}");
        assert!(run.stderr.contains("it cannot be written"), "{what}, {args:?}: {run:?}");
    }
    assert!(place.files() == before, "{what}: nothing was written");
    let left: Vec<_> = fs::read_dir(place.home.beside("tmp")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["all.json"], "{what}: the private copy is gone");
}

#[test]
fn commands_that_read_work_in_a_folder_that_cannot_be_written() {
    let home = Home::new();
    let token = home.run(["mint"]).stdout.trim().to_owned();
    let data = home.path().join("data");
    assert!(!data.join(format!("{FILE_NAME}-wal")).exists(), "its end moved the log into the database");
    check_commands_that_read(&ReadOnly::of(home), &token, "without a log");

    let home = Home::new();
    let mut serving = Serving::start(&home, &[]);
    let token = serving.token();
    serving.kill();
    check_commands_that_read(&ReadOnly::of(home), &token, "with a log");

    for version in 1..=6 {
        let home = Home::new();
        make_old(&home.path().join("data"), version);
        check_commands_that_read(&ReadOnly::of(home), "tok_old", &format!("version {version}"));
    }
}

fn backups(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("testcard-backup-")).collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_made_before_a_migration_and_three_are_kept() {
    let new = TempDir::new().unwrap();
    drop(open(new.path()));
    drop(open(new.path()));
    assert_eq!(backups(new.path()), Vec::<String>::new(), "nothing was migrated");

    for version in 1..=6 {
        let folder = TempDir::new().unwrap();
        make_old(folder.path(), version);
        for day in 10..=13 {
            fs::write(folder.path().join(format!("testcard-backup-200108{day}T000000Z-v1.sqlite3")), "older").unwrap();
        }
        // 2001-09-09T01:46:40Z.
        let store = open(folder.path());
        let name = format!("testcard-backup-20010909T014640Z-v{version}.sqlite3");
        let kept =
            ["testcard-backup-20010812T000000Z-v1.sqlite3", "testcard-backup-20010813T000000Z-v1.sqlite3", &name];
        assert_eq!(backups(folder.path()), kept);
        let backup = folder.path().join(&name);
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
        let old = Connection::open(&backup).unwrap();
        for (sql, expected) in [("PRAGMA user_version", version), ("SELECT count(*) FROM entries", 1)] {
            let number: i64 = old.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(usize::try_from(number), Ok(expected), "{sql}");
        }
        assert_eq!(old.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
        drop((store, old));

        // A month later they go, at a start.
        let later = moment(0) + Duration::from_hours(31 * 24);
        drop(Store::open(&StoreLocation::Folder(folder.path().to_owned()), later).unwrap());
        assert_eq!(backups(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn without_a_backup_nothing_is_migrated() {
    let folder = TempDir::new().unwrap();
    make_old(folder.path(), 4);
    // A folder that is not empty stands where the backup is to be.
    let taken = folder.path().join("testcard-backup-20010909T014640Z-v4.sqlite3");
    fs::create_dir_all(taken.join("x")).unwrap();
    let error = Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(0)).unwrap_err();
    assert!(matches!(error, StoreError::BackupFailed { .. }), "{error}");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 4);
    drop(connection);
    assert_eq!(backups(folder.path()).len(), 1, "no half of a backup is left");
    assert_eq!(count(folder.path(), "entries"), 1);
}

/// What may become of a data folder while a store is open: named, done, and undone.
type Fate = (&'static str, fn(&Path), Option<fn(&Path)>);

const FATES: [Fate; 5] = [
    (
        "moved",
        |data| fs::rename(data, data.with_extension("away")).unwrap(),
        Some(|data| {
            fs::rename(data.with_extension("away"), data).unwrap();
        }),
    ),
    (
        "replaced",
        |data| {
            fs::rename(data, data.with_extension("away")).unwrap();
            drop(open(data));
        },
        Some(|data| {
            fs::remove_dir_all(data).unwrap();
            fs::rename(data.with_extension("away"), data).unwrap();
        }),
    ),
    ("deleted", |data| fs::remove_dir_all(data).unwrap(), None),
    ("without its file", |data| fs::remove_file(data.join(FILE_NAME)).unwrap(), None),
    ("without its log", |data| fs::remove_file(data.join(format!("{FILE_NAME}-wal"))).unwrap(), None),
];

#[test]
fn nothing_is_acknowledged_in_a_folder_that_nobody_finds_again() {
    for (name, happen, undo) in FATES {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        let store = open(&data);
        store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
        happen(&data);
        for n in 2..4 {
            let told = store.answer(visa(Target::Local), mint(&format!("tok_{n}"))).wait().unwrap_err();
            assert!(matches!(told, StoreError::Replaced { .. }), "{name}: {told}");
            let words = told.to_string();
            assert!(words.contains("was deleted, moved or replaced") && words.contains("data"), "{words}");
        }
        if let Some(undo) = undo {
            undo(&data);
            store.answer(visa(Target::Local), mint("tok_4")).wait().unwrap();
            assert_eq!(count(&data, "entries"), 2, "{name}: what was refused is not there");
        }
    }
}

#[test]
fn a_server_says_why_it_could_not_save_in_its_answer_and_once_on_stderr() {
    for (name, happen, undo) in FATES {
        let home = Home::new();
        let words = home.beside("stderr");
        let mut command = home.command(["serve", "--listen", "127.0.0.1:0"]);
        let mut serving = Serving::of(command.stderr(Stdio::from(fs::File::create(&words).unwrap())));
        let kept = serving.token();
        happen(&home.path().join("data"));
        for _ in 0..5 {
            let refused = serving.post("/v1/tokens", &crate::support::serving::CARD);
            assert_eq!(refused.status, 500, "{name}: {}", refused.text());
            let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains("could not save the call, and nothing was changed: the data folder"), "{message}");
            assert!(message.contains("was deleted, moved or replaced while Testcard ran"), "{message}");
        }
        if let Some(undo) = undo {
            undo(&home.path().join("data"));
            assert_eq!(serving.get(&format!("/v1/tokens/{kept}")).status, 200, "{name}");
        }
        serving.kill();
        let words = fs::read_to_string(&words).unwrap();
        assert_eq!(words.lines().count(), 1, "{name}: {words}");
        assert!(words.starts_with("testcard: Could not save to the history: the data folder"), "{words}");
    }
}

/// The next update that `pick` takes.
#[track_caller]
fn wait_for<T>(worker: &Worker, pick: impl Fn(WorkerUpdate) -> Option<T>) -> T {
    loop {
        let update = worker.recv_timeout(Duration::from_mins(1)).expect("an update within a minute");
        if let Some(picked) = pick(update) {
            return picked;
        }
    }
}

#[test]
fn the_window_says_that_its_folder_was_taken_away() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let worker = worker(&data);
    wait_for(&worker, |update| matches!(update, WorkerUpdate::Opened { .. }).then_some(()));
    fs::rename(&data, folder.path().join("away")).unwrap();
    // Before anything is sent: the history looks by itself.
    let problem = wait_for(&worker, |update| match update {
        WorkerUpdate::Trouble { about: TroubleSubject::History, message } => message,
        _ => None,
    });
    assert!(problem.contains("was deleted, moved or replaced"), "{problem}");
    let request = TokenRequest::new([("card[number]", "4242424242424242")].into_iter().collect());
    let request = JobRequest::CreateToken { request, target: Target::Local, expects: None };
    worker.send(Order::Run { job: JobId(1), request });
    let failed = wait_for(&worker, |update| match update {
        WorkerUpdate::Finished { outcome: JobOutcome::CreateToken(Err(message)), .. } => Some(message),
        _ => None,
    });
    assert!(failed.contains("was deleted, moved or replaced"), "{failed}");
}

#[test]
fn the_window_names_the_command_that_saves_what_can_be_read() {
    let patient = Patient::new();
    fs::File::options().write(true).open(patient.file()).unwrap().set_len(40_960).unwrap();
    let message = wait_for(&worker(patient.folder()), |update| match update {
        WorkerUpdate::CannotOpen { message } => Some(message),
        _ => None,
    });
    assert!(message.contains(&format!("testcard salvage {}", patient.file().display())), "{message}");

    let patient = Patient::new();
    patient.execute("UPDATE entries SET target = 'moon' WHERE id = 600");
    let worker = worker(patient.folder());
    worker
        .send(Order::SetFilter { generation: 1, filter: testcard::domain::history::filter::HistoryFilter::default() });
    let message = wait_for(&worker, |update| match update {
        WorkerUpdate::Problem { message } => Some(message),
        _ => None,
    });
    assert!(message.contains("1 entry (600)") && message.contains("testcard salvage"), "{message}");
}

#[test]
fn where_the_history_cannot_be_opened_no_job_is_waited_for_in_vain() {
    let patient = Patient::new();
    fs::File::options().write(true).open(patient.file()).unwrap().set_len(40_960).unwrap();
    let worker = worker(patient.folder());
    let request = JobRequest::SaveSettings { settings: Box::default(), keys: Vec::new() };
    worker.send(Order::Run { job: JobId(7), request });
    let (job, outcome) = wait_for(&worker, |update| match update {
        WorkerUpdate::Finished { job, outcome } => Some((job, outcome)),
        _ => None,
    });
    assert_eq!(job, JobId(7));
    let JobOutcome::SaveSettings(Err(SettingsFault::Other(message))) = outcome else { panic!("{outcome:?}") };
    assert!(message.contains("testcard salvage"), "{message}");
}
