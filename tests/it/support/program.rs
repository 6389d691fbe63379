//! The program itself, run as a user runs it, in a home folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::histories::all_unpacked;

/// A folder that is all there is of the program on disk.
pub struct Home {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// What `TESTCARD_HOME` names.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A place outside of the home.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A run that nothing of the machine's environment reaches.
    pub fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_testcard"));
        command.args(args).current_dir(self.folder.path()).env("TESTCARD_HOME", self.path());
        for name in ["STRIPE_SECRET_KEY", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        command
    }

    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        finish(&mut self.command(args))
    }

    /// As [`Self::run`], with a key for target Stripe.
    pub fn run_with_key<'a>(&self, key: &str, args: impl IntoIterator<Item = &'a str>) -> Run {
        finish(self.command(args).env("STRIPE_SECRET_KEY", key))
    }

    /// The history as another process reads it.
    #[track_caller]
    pub fn history(&self) -> Vec<Value> {
        let run = self.run(["history", "--format", "json", "--limit", "1000"]);
        assert_eq!(run.exit, 0, "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Every file below the home.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path(), &mut files);
        let unpacked = all_unpacked(&self.path().join("data")).concat();
        if !unpacked.is_empty() {
            files.push((PathBuf::from("what is packed in the history"), unpacked));
        }
        files
    }
}

pub fn finish(command: &mut Command) -> Run {
    let output = assert_cmd::assert::OutputAssertExt::assert(command).get_output().clone();
    Run {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
}
