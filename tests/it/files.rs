//! Files on disk: what the program makes is closed to others, what it is named is an ordinary file and none of its own,
//! and what it was writing when it was killed is gone after the next start.

#![cfg(unix)]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::{Pid, Signal, kill_process},
};

use rusqlite::Connection;
use testcard::{
    domain::settings::{preferences::Settings, profile::ProfileList},
    settings,
};

use crate::support::program::{Home, Run};

/// How long the program may take for one thing, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run that must end by itself.
#[track_caller]
fn run_in_time<'a>(home: &Home, args: impl IntoIterator<Item = &'a str>) -> Run {
    ended_in_time(home.command(args))
}

#[track_caller]
fn ended_in_time(command: Command) -> Run {
    let output = assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All that is below a folder, with what each file holds.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        }
        found.push((path.clone(), if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() }));
    }
    found.sort();
    found
}

#[test]
fn an_export_never_lands_among_the_programs_own_files() {
    let home = Home::new();
    assert_eq!(home.run(["mint"]).exit, 0);
    let (data, config) = (home.path().join("data"), home.path().join("config"));
    let database = data.join("testcard.sqlite3");
    fs::create_dir_all(&config).unwrap();
    for name in ["settings.json", "presets.json", "draft.json", "window.json"] {
        fs::write(config.join(name), "{}").unwrap();
    }
    for name in ["testcard.sqlite3-wal", "testcard.sqlite3-shm"] {
        // SQLite removed them when the program ended; it makes them again, and a link may wait for that.
        assert!(!data.join(name).exists());
    }
    let outside = home.beside("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&database, outside.join("link.json")).unwrap();
    symlink("link.json", outside.join("link-to-link.json")).unwrap();
    symlink(data.join("new.json"), outside.join("dangling.json")).unwrap();
    symlink(&data, outside.join("folder")).unwrap();
    fs::hard_link(&database, outside.join("hard.json")).unwrap();
    fs::hard_link(config.join("settings.json"), outside.join("hard-settings.json")).unwrap();
    let before = everything(home.beside(".").as_path());

    let up = Path::new("outside/../home/data/testcard.sqlite3");
    let own: Vec<PathBuf> =
        ["testcard.sqlite3", "testcard.sqlite3-wal", "testcard.sqlite3-shm", "run/x.lock", "new.json"]
            .iter()
            .map(|name| data.join(name))
            .chain(
                ["settings.json", "presets.json", "draft.json", "window.json", "new.json"]
                    .map(|name| config.join(name)),
            )
            .chain(
                ["link.json", "link-to-link.json", "dangling.json", "folder/new.json", "hard.json"]
                    .map(|n| outside.join(n)),
            )
            .chain([outside.join("hard-settings.json"), home.path().join("log"), up.to_owned()])
            .collect();
    for path in own {
        for force in [true, false] {
            let mut args = vec!["export", text(&path)];
            args.extend(force.then_some("--force"));
            let run = home.run(args);
            assert_eq!(run.exit, 2, "{path:?}: {run:?}");
            assert!(run.stderr.contains("Testcard's own files"), "{path:?}: {run:?}");
        }
    }
    // Opening the history checks the database's own bookkeeping in and out.
    let after = everything(home.beside(".").as_path());
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    assert_eq!(home.history().len(), 1);
    assert_eq!(fs::read(config.join("settings.json")).unwrap(), b"{}");
}

#[test]
fn a_forced_export_writes_to_the_end_of_a_link_and_keeps_modes() {
    let home = Home::new();
    assert_eq!(home.run(["mint"]).exit, 0);
    let (link, end) = (home.beside("link.json"), home.beside("end.json"));
    symlink("end.json", &link).unwrap();
    // The end need not be there yet.
    for _ in 0..2 {
        let run = home.run(["export", text(&link), "--force"]);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&end).unwrap().contains("tok_"));
        assert_eq!(fs::metadata(&end).unwrap().mode() & 0o777, 0o600);
    }
    fs::set_permissions(&end, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(home.run(["export", text(&link), "--force"]).exit, 0);
    assert_eq!(fs::metadata(&end).unwrap().mode() & 0o777, 0o640, "what others may do with a file stays");
    let circle = home.beside("circle.json");
    symlink("circle.json", &circle).unwrap();
    assert_eq!(home.run(["export", text(&circle), "--force"]).exit, 2);
    let nowhere = home.beside("nowhere.json");
    symlink("no/folder.json", &nowhere).unwrap();
    assert_eq!(home.run(["export", text(&nowhere)]).exit, 2);
}

#[test]
fn what_is_no_ordinary_file_is_refused_at_once() {
    let home = Home::new();
    assert_eq!(home.run(["mint"]).exit, 0);
    let (pipe, socket) = (home.beside("pipe"), home.beside("socket"));
    make_pipe(&pipe);
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, what) in [(text(&pipe), "a named pipe"), (text(&socket), "a socket"), ("/dev/null", "a device")] {
        let run = run_in_time(&home, ["export", path, "--force"]);
        assert!(run.exit == 2 && run.stderr.contains(what), "{run:?}");
        let run = run_in_time(&home, ["serve", "--memory", "--fault-file", path]);
        assert!(run.exit == 2 && run.stderr.contains(what), "{run:?}");
    }
    let run = run_in_time(&home, ["serve", "--memory", "--fault-file", "/"]);
    assert!(run.exit == 2 && run.stderr.contains("a folder"), "{run:?}");

    // Each of the program's own files, with a pipe, a folder or a device in its place.
    let config = home.path().join("config");
    fs::create_dir_all(&config).unwrap();
    for (name, exit, words) in [
        ("data/testcard.sqlite3", 4, "Could not open the history"),
        ("data/testcard.sqlite3-wal", 4, "Could not open the history"),
        ("data/testcard.sqlite3-shm", 4, "Could not open the history"),
        ("data/testcard.sqlite3-journal", 4, "Could not open the history"),
        ("config/settings.json", 0, "Could not read the settings"),
        // A lock that nobody can hold is nobody's.
        ("data/run/aaaaaaaaaaaaaaaaaaaa.lock", 0, ""),
        ("data/run/aaaaaaaaaaaaaaaaaaaa.temporary", 0, ""),
    ] {
        let path = home.path().join(name);
        let kept = home.beside("kept");
        let was_there = fs::rename(&path, &kept).is_ok();
        for what in ["a named pipe", "a folder", "a device"] {
            match what {
                "a named pipe" => make_pipe(&path),
                "a folder" => fs::create_dir(&path).unwrap(),
                _ => symlink("/dev/zero", &path).unwrap(),
            }
            let run = run_in_time(&home, ["mint"]);
            assert_eq!(run.exit, exit, "{name} as {what}: {run:?}");
            assert!(run.stderr.contains(words), "{name} as {what}: {run:?}");
            if !words.is_empty() {
                assert!(run.stderr.contains(what), "{name} as {what}: {run:?}");
            }
            if path.symlink_metadata().is_ok_and(|there| there.is_dir()) {
                fs::remove_dir(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
        }
        if was_there {
            fs::rename(&kept, &path).unwrap();
        }
    }
}

#[test]
fn a_file_of_settings_of_any_size_is_told_and_left_alone() {
    let home = Home::new();
    let config = home.path().join("config");
    fs::create_dir_all(&config).unwrap();
    let settings = config.join("settings.json");
    // As long as a disk, without taking any of it.
    fs::File::create(&settings).unwrap().set_len(1 << 40).unwrap();
    let run = run_in_time(&home, ["mint"]);
    assert!(run.exit == 0 && run.stderr.contains("more than 4 MB"), "{run:?}");
    assert_eq!(fs::metadata(&settings).unwrap().len(), 1 << 40);
}

/// Runs the program with a umask, which only a shell can set without reaching into this process.
#[track_caller]
fn run_with_umask(home: &Home, umask: &str, args: &[&str]) -> Run {
    let direct = home.command([]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("umask {umask}; exec \"$@\"")).arg("sh").arg(direct.get_program()).args(args);
    command.current_dir(direct.get_current_dir().unwrap());
    for (name, value) in direct.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    ended_in_time(command)
}

#[test]
fn whatever_the_umask_folders_and_files_are_for_their_owner_only() {
    for umask in ["000", "022", "0277", "0777"] {
        let home = Home::new();
        for args in [&["mint"][..], &["mint", "--count", "3"], &["export", "out.json"], &["history"]] {
            let run = run_with_umask(&home, umask, args);
            assert_eq!(run.exit, 0, "umask {umask}, {args:?}: {run:?}");
        }
        let mut seen = 0;
        for (path, _) in everything(&home.path()).into_iter().chain([(home.beside("out.json"), Vec::new())]) {
            let there = fs::metadata(&path).unwrap();
            let expected = if there.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(there.mode() & 0o777, expected, "umask {umask}, {path:?}");
            seen += 1;
        }
        assert!(seen >= 4, "umask {umask}");
    }
}

#[test]
fn folders_that_an_earlier_version_left_open_are_closed() {
    let home = Home::new();
    let [data, run, config] = ["data", "data/run", "config"].map(|name| home.path().join(name));
    for folder in [&data, &run, &config] {
        fs::create_dir_all(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_eq!(home.run(["mint"]).exit, 0);
    settings::save(&config.join("settings.json"), &ProfileList::default(), &Settings::default()).unwrap();
    for folder in [&data, &run, &config] {
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700, "{folder:?}");
    }
    // What somebody linked to, or made read-only, is their own arrangement.
    let (elsewhere, linked) = (home.beside("elsewhere"), home.beside("linked"));
    fs::create_dir(&elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o755)).unwrap();
    symlink(&elsewhere, &linked).unwrap();
    settings::save(&linked.join("settings.json"), &ProfileList::default(), &Settings::default()).unwrap();
    assert_eq!(fs::metadata(&elsewhere).unwrap().mode() & 0o777, 0o755);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    home.run(["mint"]);
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o555);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
}

/// Makes a hundred entries and so many copies of them: an export that is still at work when a signal comes, however
/// busy the machine is.
fn fill(home: &Home, copies: i64) {
    const MADE: i64 = 100;
    assert_eq!(home.run(["mint", "--count", &MADE.to_string(), "--format", "jsonl"]).exit, 0);
    let mut connection = Connection::open(home.path().join("data/testcard.sqlite3")).unwrap();
    let transaction = connection.transaction().unwrap();
    let [entries, exchanges] = ["entries", "exchanges"].map(|table| {
        let sql = "SELECT group_concat(name) FROM pragma_table_info(?1) WHERE name NOT IN ('id', 'entry', 'token', 'token_call')";
        transaction.query_row(sql, [table], |row| row.get::<_, String>(0)).unwrap()
    });
    for copy in 1..=copies {
        let sql = format!(
            "INSERT INTO entries ({entries}) SELECT {entries} FROM entries WHERE id <= {MADE} ORDER BY id;
             INSERT INTO exchanges (entry, {exchanges})
             SELECT entry + {MADE} * {copy}, {exchanges} FROM exchanges WHERE id <= {MADE} ORDER BY id;"
        );
        transaction.execute_batch(&sql).unwrap();
    }
    transaction.commit().unwrap();
}

/// Temporary files of exports in a folder.
fn temporaries(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".testcard-")).collect()
}

fn notes(home: &Home) -> usize {
    let items = fs::read_dir(home.path().join("data/run")).unwrap();
    items.filter(|item| item.as_ref().unwrap().path().extension().is_some_and(|e| e == "temporary")).count()
}

/// Waits until the child writes, or has ended.
#[track_caller]
fn wait_for_temporary(folder: &Path, child: &mut Child) {
    let begun = Instant::now();
    while temporaries(folder).is_empty() && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

/// Starts exports until one gets the signal while it writes; tells how that one ended.
#[track_caller]
fn interrupt(home: &Home, folder: &Path, signal: Signal) -> Option<i32> {
    let file = folder.join("out.json");
    for _ in 0..20 {
        // Whoever runs the tests in the background may have them ignore signals, and what they start as well.
        let direct = home.command(["export", text(&file), "--force"]);
        let mut command = Command::new("/usr/bin/env");
        command.arg("--default-signal=HUP,INT,TERM").arg(direct.get_program()).args(direct.get_args());
        command.envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        wait_for_temporary(folder, &mut child);
        // Where it has ended already, the signal finds a process that is not waited for yet.
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        if status.code() != Some(0) {
            return status.code();
        }
        fs::remove_file(&file).unwrap();
    }
    panic!("every export was done before the signal came");
}

#[test]
fn an_export_that_is_stopped_or_killed_leaves_nothing_for_ever() {
    let home = Home::new();
    fill(&home, 300);
    let folder = home.beside("exports");
    fs::create_dir(&folder).unwrap();
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        assert_eq!(interrupt(&home, &folder, signal), Some(exit), "{signal:?}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{signal:?}");
        assert_eq!(notes(&home), 0, "{signal:?}");
    }

    let others = folder.join(".testcard-somebody-elses.tmp");
    assert_eq!(interrupt(&home, &folder, Signal::KILL), None);
    let left = temporaries(&folder);
    assert_eq!((left.len(), notes(&home)), (1, 1), "a killed process removes nothing itself");
    fs::write(&others, "mine").unwrap();
    assert_eq!(home.run(["mint"]).exit, 0);
    assert_eq!(temporaries(&folder), [others], "what was noted is gone, and nothing else");
    assert_eq!(notes(&home), 0);
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let home = Home::new();
    fill(&home, 60);
    let (folder, file) = (home.beside("exports"), home.beside("exports/out.json"));
    fs::create_dir(&folder).unwrap();
    for _ in 0..20 {
        let direct = home.command(["export", text(&file), "--force"]);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(direct.get_program()).args(direct.get_args());
        let mut child = command.env("TESTCARD_HOME", home.path()).stderr(Stdio::null()).spawn().unwrap();
        wait_for_temporary(&folder, &mut child);
        kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
        let was_writing = !temporaries(&folder).is_empty();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(file.is_file());
        if was_writing {
            return;
        }
    }
    panic!("every export was done before the signal came");
}
