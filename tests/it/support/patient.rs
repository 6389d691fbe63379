//! A history that a test damages.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{domain::call::api::Target, store::FILE_NAME};

use super::histories::{declined, mint, open, retrieval, say, token, visa};

/// So many entries take several pages of every table and index.
pub const ENTRIES: i64 = 600;

/// A history of tokens, each with a second call in its timeline, and a refusal now and then.
pub fn history(folder: &Path) {
    let store = open(folder);
    let mut replies = Vec::new();
    for n in 1..=ENTRIES {
        let id = format!("tok_{n}");
        if n % 10 == 0 {
            replies.push(store.answer(visa(Target::Local), say(declined("card_declined", "No."))));
        } else {
            replies.push(store.answer(visa(Target::Local), mint(&id)));
            replies.push(store.answer(retrieval(Target::Local, &id), say(token(&id, "Visa", "4242", n % 7 == 0))));
        }
    }
    for reply in replies {
        reply.wait().unwrap();
    }
}

/// A history that is closed, once for all tests that damage a copy of it.
pub fn sound() -> &'static Path {
    static FOLDER: std::sync::OnceLock<TempDir> = std::sync::OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = TempDir::new().unwrap();
            history(folder.path());
            folder
        })
        .path()
}

/// A copy of the sound history.
pub struct Patient {
    folder: TempDir,
}

impl Patient {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::copy(sound().join(FILE_NAME), folder.path().join(FILE_NAME)).unwrap();
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder().join(FILE_NAME)
    }

    pub fn execute(&self, sql: &str) {
        let connection = Connection::open(self.file()).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Changes the bytes of a page, which count from 1.
    pub fn change_page(&self, page: usize, change: impl FnOnce(&mut [u8])) {
        let mut bytes = fs::read(self.file()).unwrap();
        change(&mut bytes[(page - 1) * 4096..page * 4096]);
        fs::write(self.file(), bytes).unwrap();
    }

    pub fn zero_page(&self, page: usize) {
        self.change_page(page, |page| page.fill(0));
    }

    /// The pages of a table or an index of one kind (`leaf`, `internal`, `overflow`), with the number of their cells.
    pub fn pages(&self, name: &str, kind: &str) -> Vec<(usize, usize)> {
        let connection = Connection::open(self.file()).unwrap();
        let mut pages =
            connection.prepare("SELECT pageno, ncell FROM dbstat WHERE name = ?1 AND pagetype = ?2").unwrap();
        let pages = pages.query_map([name, kind], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap();
        pages.map(Result::unwrap).map(|(page, cells)| (page as usize, cells as usize)).collect()
    }
}
