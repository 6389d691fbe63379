//! The dependency rule as a test: which module may use which, and which crates only it may name.
//!
//! The tables of modules and of the domain's wings are those of the crate docs in `src/lib.rs`, read from that page.
//! One package gives no compiler check for them, so the sources are read as Rust's tokens (comments and texts do not
//! count) and every path in them is looked up. The same paths tell which files import each other: none may.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
    str::FromStr,
    sync::LazyLock,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A crate and the modules that may name it; crates that are not listed may be named anywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("rustix", &["files"]),
    // The store makes copies of databases, which are not files that a person names.
    ("tempfile", &["files", "store"]),
    ("reqwest", &["stripe", "webhooks"]),
    ("rustls", &["stripe", "main"]),
    ("webpki_root_certs", &["stripe"]),
    ("keyring", &["keys"]),
    ("axum", &["server"]),
    ("hyper_util", &["server"]),
    ("directories", &["settings"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("zip", &["jobs"]),
    ("eframe", &["app", "main"]),
    ("rfd", &["app"]),
    ("egui", &["ui", "app"]),
    ("tokio", &["stripe", "backend", "webhooks", "server", "jobs", "worker", "cli", "main"]),
    ("anyhow", &["main"]),
];

/// The types whose `now` reads the clock, which only `main` may do. `Instant` measures and does not tell the time.
const CLOCKS: [&str; 3] = ["Timestamp", "Zoned", "ZonedDateTime"];

/// The tables of the crate docs.
static HOUSE: LazyLock<House> = LazyLock::new(|| House::read(include_str!("../../src/lib.rs")));

/// Who may use whom, as the crate docs say it.
struct House {
    /// A module and the modules that it may use.
    modules: Vec<(String, Vec<String>)>,
    /// The wings of the domain: each may use those before it. What stands in one row is one wing.
    wings: Vec<Vec<String>>,
}

impl House {
    /// Reads the table below "# What is where" (module, purpose, uses) and that below "# The wings of the domain"
    /// (wing, contents).
    fn read(docs: &str) -> Self {
        let rows = |heading: &str| -> Vec<Vec<String>> {
            docs.lines()
                .map(|line| line.trim_start_matches("//!").trim())
                .skip_while(|line| *line != heading)
                .skip(1)
                .take_while(|line| !line.starts_with("# "))
                .filter(|line| line.starts_with('|'))
                .skip(2)
                .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
                .collect()
        };
        let names = |cell: &str| -> Vec<String> {
            cell.split('`').skip(1).step_by(2).map(|name| name.trim_start_matches("domain::").to_owned()).collect()
        };
        let uses = |cell: &str| cell.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut modules: Vec<(String, Vec<String>)> =
            rows("# What is where").iter().map(|row| (names(&row[0]).remove(0), uses(&row[2]))).collect();
        // The crate docs and the list of modules.
        modules.push(("lib".to_owned(), Vec::new()));
        Self { modules, wings: rows("# The wings of the domain").iter().map(|row| names(&row[0])).collect() }
    }

    /// The row of a wing, counted from the ground.
    fn floor(&self, wing: &str) -> Option<usize> {
        self.wings.iter().position(|row| row.iter().any(|name| name == wing))
    }
}

/// What the sources do and the tables do not allow, one sentence each.
fn violations<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    files.into_iter().flat_map(|(path, source)| violations_in(path, source)).collect()
}

/// `path` is relative to `src/`.
fn violations_in(path: &str, source: &str) -> Vec<String> {
    let modules = modules_of(path);
    let layer = match (modules.first(), path) {
        (Some(first), _) => first.as_str(),
        (None, "main.rs") => "main",
        (None, _) => "lib",
    };
    let Some((_, allowed)) = HOUSE.modules.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{path}: the module table does not list '{layer}'")];
    };
    if layer == "domain" && modules.len() > 1 && HOUSE.floor(&modules[1]).is_none() {
        return vec![format!("{path}: the table of wings does not list '{}'", modules[1])];
    }
    let Some(paths) = paths_of(source, &modules) else {
        return vec![format!("{path}: not readable as Rust")];
    };
    let wing = modules.get(1).filter(|_| layer == "domain");
    let told = |used: &UsedPath| fault(used, layer, allowed).or_else(|| wing_fault(used, wing?));
    paths.iter().filter_map(|used| Some(format!("{path}:{}: {}", used.line, told(used)?))).collect()
}

/// Every path of a source that is the module `module`; `None` where it is not readable as Rust.
fn paths_of(source: &str, module: &[String]) -> Option<Vec<UsedPath>> {
    let tokens = TokenStream::from_str(source).ok()?;
    let mut found = Found::default();
    found.read(&tokens.into_iter().collect::<Vec<_>>(), module, false);
    Some(found.paths)
}

fn wing_fault(used: &UsedPath, wing: &str) -> Option<String> {
    let (Root::Ours, Some("domain"), Some(other)) =
        (&used.root, used.parts.first().map(String::as_str), used.parts.get(1))
    else {
        return None;
    };
    match HOUSE.floor(other) {
        None => Some(format!("the table of wings does not list '{other}'")),
        Some(floor) => (Some(floor) > HOUSE.floor(wing)).then(|| format!("the wing {wing} may not use {other}")),
    }
}

/// The pairs of files that import each other. A name that a module hands on counts for the file that defines it.
fn mutual_imports(files: &[(&str, &str)]) -> Vec<String> {
    let modules: HashMap<Vec<String>, &str> = files.iter().map(|(path, _)| (modules_of(path), *path)).collect();
    let mut handed_on: HashMap<Vec<String>, Vec<String>> = HashMap::new();
    let mut used_by: Vec<(&str, Vec<String>)> = Vec::new();
    for (path, source) in files {
        let module = modules_of(path);
        for used in paths_of(source, &module).expect("Rust").into_iter().filter(|used| !used.is_in_tests) {
            // A path of this module's own that begins with the name of a child.
            let from_here: Vec<String> = module.iter().chain(&used.parts).cloned().collect();
            let parts = match used.root {
                Root::Ours => used.parts,
                Root::Other if modules.contains_key(&from_here[..=module.len()]) => from_here,
                Root::Other => continue,
            };
            if let (true, Some(name)) = (used.is_import, parts.last()) {
                handed_on.insert(module.iter().chain([name]).cloned().collect(), parts.clone());
            }
            used_by.push((path, parts));
        }
    }
    let defined_in = |parts: &[String]| {
        let mut parts = parts.to_vec();
        // As many steps as a name is handed on by; a circle of names does not compile.
        for _ in 0..8 {
            let Some(known) = (0..=parts.len()).rev().find(|known| modules.contains_key(&parts[..*known])) else {
                break;
            };
            let next = parts.get(..=known).and_then(|name| handed_on.get(name));
            match next {
                Some(path) if path[..] != parts[..=known] => {
                    parts = path.iter().chain(&parts[known + 1..]).cloned().collect();
                }
                _ => return modules.get(&parts[..known]).copied(),
            }
        }
        None
    };
    let imports: BTreeSet<(&str, &str)> =
        used_by.iter().filter_map(|(path, parts)| Some((*path, defined_in(parts)?))).filter(|(a, b)| a != b).collect();
    let pairs = imports.iter().filter(|(a, b)| a < b && imports.contains(&(b, a)));
    pairs.map(|(a, b)| format!("{a} and {b} import each other")).collect()
}

/// `a/b.rs` and `a/b/mod.rs` are the module `a::b`; `main.rs` and `lib.rs` are roots.
fn modules_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "main" | "lib") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn fault(used: &UsedPath, layer: &str, allowed: &[String]) -> Option<String> {
    match used.root {
        Root::Ours => match used.parts.first().map(String::as_str) {
            None => Some(format!("{layer} reaches for the root of the crate")),
            Some(module) if module == layer || allowed.iter().any(|name| name == module) => None,
            Some(module) if HOUSE.modules.iter().any(|(name, _)| name == module) => {
                Some(format!("{layer} may not use {module}"))
            }
            Some(module) => Some(format!("{layer} uses '{module}', which the module table does not list")),
        },
        Root::Other => {
            let reads_clock = used.parts.windows(2).any(|pair| CLOCKS.contains(&&*pair[0]) && pair[1] == "now")
                || used.parts.iter().any(|part| part == "SystemTime");
            if reads_clock && layer != "main" {
                return Some(format!("only main reads the clock, and {layer} names {}", used.parts.join("::")));
            }
            // Unit tests may use what helps them: a server to talk to, say.
            let (name, owners) = CRATES.iter().find(|(name, _)| !used.is_in_tests && used.parts[0] == *name)?;
            (!owners.contains(&layer)).then(|| format!("{layer} may not name the crate {name}"))
        }
    }
}

#[derive(Debug, PartialEq)]
enum Root {
    /// The path leads into this crate; its parts count from the root.
    Ours,
    /// The path begins with a crate, or with something that is in scope.
    Other,
}

#[derive(Debug)]
struct UsedPath {
    root: Root,
    parts: Vec<String>,
    line: usize,
    is_in_tests: bool,
    /// Whether it stands in a `use`.
    is_import: bool,
}

/// The paths of a source.
#[derive(Default)]
struct Found {
    paths: Vec<UsedPath>,
}

impl Found {
    /// Reads the tokens of a module, and of everything in it.
    fn read(&mut self, tokens: &[TokenTree], module: &[String], is_in_tests: bool) {
        let mut at = 0;
        let mut item_is_test = false;
        while at < tokens.len() {
            let in_tests = is_in_tests || item_is_test;
            match &tokens[at] {
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    item_is_test |= at > 0 && is_punct(&tokens[at - 1], '#') && is_cfg_test(group);
                    let named = (at >= 2 && is_ident(&tokens[at - 2], "mod")).then(|| tokens[at - 1].to_string());
                    let inside: Vec<String> = module.iter().cloned().chain(named).collect();
                    self.read(&inner, &inside, in_tests);
                    item_is_test &= group.delimiter() != Delimiter::Brace;
                    at += 1;
                }
                TokenTree::Ident(word)
                    if *word == "use" || (*word == "crate" && at > 0 && is_ident(&tokens[at - 1], "extern")) =>
                {
                    let mut paths = Vec::new();
                    at = read_path(tokens, at + 1, &[], &mut paths);
                    self.keep(paths, word.span().start().line, module, in_tests, true);
                }
                TokenTree::Ident(word) => {
                    let is_field =
                        at > 0 && is_punct(&tokens[at - 1], '.') && !(at > 1 && is_punct(&tokens[at - 2], '.'));
                    let follows_type = at > 2 && is_path_sep(tokens, at - 2) && is_punct(&tokens[at - 3], '>');
                    let mut paths = Vec::new();
                    let next = read_path(tokens, at, &[], &mut paths);
                    if !is_field && !follows_type {
                        // A single word is a name in scope, which came in by a `use`.
                        paths.retain(|path| path.len() > 1);
                        self.keep(paths, word.span().start().line, module, in_tests, false);
                    }
                    at = next.max(at + 1);
                }
                TokenTree::Punct(mark) => {
                    item_is_test &= mark.as_char() != ';';
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    fn keep(&mut self, paths: Vec<Vec<String>>, line: usize, module: &[String], is_in_tests: bool, is_import: bool) {
        for path in paths {
            let (root, parts) = resolve(path, module);
            self.paths.push(UsedPath { root, parts, line, is_in_tests, is_import });
        }
    }
}

/// Reads a path or a tree of paths, `a::{b, c::d}`, from a place on; returns the place behind it.
fn read_path(tokens: &[TokenTree], mut at: usize, prefix: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    if is_path_sep(tokens, at) {
        at += 2;
    }
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => {
                // `self` at the end of a tree is the prefix itself.
                if *word != "self" || path.is_empty() {
                    path.push(word.to_string().trim_start_matches("r#").to_owned());
                }
                at += 1;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in inner.split(|token| is_punct(token, ',')).filter(|tree| !tree.is_empty()) {
                    read_path(tree, 0, &path, out);
                }
                return at + 1;
            }
            _ => break,
        }
        if !is_path_sep(tokens, at) {
            break;
        }
        at += 2;
    }
    if !path.is_empty() {
        out.push(path);
    }
    at
}

/// Follows `crate`, `self` and `super` to the root of the crate; the binary calls its library by name.
fn resolve(path: Vec<String>, module: &[String]) -> (Root, Vec<String>) {
    let mut base = match path[0].as_str() {
        "crate" | "testcard" => return (Root::Ours, path[1..].to_vec()),
        "self" | "super" => module.to_vec(),
        _ => return (Root::Other, path),
    };
    let mut rest = &path[usize::from(path[0] == "self")..];
    while rest.first().is_some_and(|part| part == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    (Root::Ours, base)
}

fn is_ident(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if *ident == word)
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_path_sep(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at..at + 2).is_some_and(|pair| pair.iter().all(|token| is_punct(token, ':')))
}

fn is_cfg_test(attribute: &proc_macro2::Group) -> bool {
    attribute.delimiter() == Delimiter::Bracket && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// Every source below a folder: its path from there, and its text.
fn sources(root: &Path, folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(root, &path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let parts: Vec<_> = path.strip_prefix(root).unwrap().iter().map(|part| part.to_string_lossy()).collect();
            out.push((parts.join("/"), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &root, &mut files);
    assert!(files.iter().any(|(path, _)| path == "minter/mod.rs"), "the sources are found");
    files
}

#[test]
fn every_module_uses_only_what_its_row_allows() {
    let files = all_sources();
    let found = violations(files.iter().map(|(path, source)| (path.as_str(), source.as_str())));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_two_files_import_each_other() {
    let files = all_sources();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, source)| (path.as_str(), source.as_str())).collect();
    let found = mutual_imports(&files);
    assert!(found.is_empty(), "{} pairs:\n{}", found.len(), found.join("\n"));
}

#[test]
fn planted_files_that_import_each_other_are_found() {
    let pairs = |files: &[(&str, &str)]| mutual_imports(files).len();
    assert_eq!(pairs(&[("a.rs", "use crate::b::X;"), ("b.rs", "use crate::a::Y;")]), 1);
    assert_eq!(pairs(&[("a.rs", "fn f() { crate::b::f() }"), ("b.rs", "type T = Vec<crate::a::Y>;")]), 1);
    assert_eq!(pairs(&[("a/mod.rs", "mod b; use b::X; struct Y;"), ("a/b.rs", "use super::Y; struct X;")]), 1);
    assert_eq!(pairs(&[("a/mod.rs", "mod b; fn f() { b::f() }"), ("a/b.rs", "fn f() { super::g() }")]), 1);
    let handed_on = [
        ("a/mod.rs", "mod b; mod c; pub use b::X;"),
        ("a/b.rs", "use super::c::Z; pub struct X;"),
        ("a/c.rs", "use crate::a::X; pub struct Z;"),
    ];
    assert_eq!(mutual_imports(&handed_on), ["a/b.rs and a/c.rs import each other"]);
    let one_way = [
        ("a/mod.rs", "mod b; mod c; pub use b::X; pub use c::Z;"),
        ("a/b.rs", "pub struct X; #[cfg(test)] mod tests { use super::super::c::Z; }"),
        ("a/c.rs", "use super::X; pub struct Z;"),
        ("d.rs", "use crate::a::{X, Z};"),
    ];
    assert_eq!(mutual_imports(&one_way), Vec::<String>::new());
}

#[test]
fn a_planted_violation_is_found() {
    for (path, source, expected) in [
        ("domain/key.rs", "use crate::minter::Ledger;", "domain may not use minter"),
        ("domain/key.rs", "use super::super::store::Store;", "domain may not use store"),
        ("domain/mod.rs", "use super::ui;", "domain may not use ui"),
        ("ui/form.rs", "use crate::{domain::card, worker::Worker};", "ui may not use worker"),
        ("ui/form.rs", "use crate::{domain::{self, card}, store};", "ui may not use store"),
        ("ui/form.rs", "fn f(x: &crate::worker::Worker) {}", "ui may not use worker"),
        ("ui/form.rs", "fn f() { let x = Some(vec![crate::store::open()]); }", "ui may not use store"),
        ("ui/form.rs", "fn f() { g!(\"{}\", testcard::store::open()) }", "ui may not use store"),
        ("ui/form.rs", "mod inner { use super::super::super::jobs; }", "ui may not use jobs"),
        ("model.rs", "pub(crate) use crate::ui as views;", "model may not use ui"),
        ("model.rs", "#[cfg(test)] mod tests { use super::*; use crate::store; }", "model may not use store"),
        ("worker/mod.rs", "use crate::minter;", "worker may not use minter"),
        ("main.rs", "use testcard::store::Store;", "main may not use store"),
        ("settings.rs", "use crate::Entry;", "settings uses 'Entry', which the module table does not list"),
        ("settings.rs", "use crate::*;", "settings reaches for the root of the crate"),
        ("extras/mod.rs", "", "the module table does not list 'extras'"),
        ("extras.rs", "", "the module table does not list 'extras'"),
        ("jobs/mod.rs", "use rusqlite::Connection;", "jobs may not name the crate rusqlite"),
        ("jobs/mod.rs", "use rusqlite;", "jobs may not name the crate rusqlite"),
        ("jobs/mod.rs", "extern crate rusqlite;", "jobs may not name the crate rusqlite"),
        ("jobs/mod.rs", "use {std::fs, rusqlite as sql};", "jobs may not name the crate rusqlite"),
        ("jobs/mod.rs", "fn f() -> Result<(), ::rusqlite::Error> { Ok(()) }", "jobs may not name the crate rusqlite"),
        ("domain/call/api.rs", "#[derive(clap::Parser)] struct S;", "domain may not name the crate clap"),
        ("store/mod.rs", "async fn f() { tokio::select! {} }", "store may not name the crate tokio"),
        ("ui/theme.rs", "use eframe::egui;", "ui may not name the crate eframe"),
        ("cli/mod.rs", "fn f() -> anyhow::Result<()> { Ok(()) }", "cli may not name the crate anyhow"),
        ("app.rs", "use clap::Parser;", "app may not name the crate clap"),
        ("minter/mod.rs", "fn f() { jiff::Timestamp::now(); }", "only main reads the clock, and minter names"),
        ("minter/mod.rs", "fn f() { g(Timestamp::now) }", "only main reads the clock, and minter names"),
        ("worker.rs", "use std::time::{Duration, SystemTime};", "only main reads the clock, and worker names"),
        ("domain/key.rs", "fn f() { /* ' */ let _ = '\"'; crate::ui::f(); }", "domain may not use ui"),
        ("domain/key.rs", "fn f( {", "not readable as Rust"),
        ("domain/x.rs", "", "the table of wings does not list 'x'"),
        ("domain/card/brand.rs", "use crate::domain::call::api;", "the wing card may not use call"),
        ("domain/card/mod.rs", "use super::form::draft;", "the wing card may not use form"),
        ("domain/key.rs", "use super::mask::text;", "the wing key may not use mask"),
        ("domain/rules/a.rs", "fn f() { crate::domain::settings::f() }", "the wing rules may not use settings"),
        ("domain/rules/a.rs", "#[cfg(test)] mod tests { use crate::domain::form; }", "the wing rules may not use form"),
        ("stripe.rs", "#[cfg(test)] mod tests {} use axum::Router;", "stripe may not name the crate axum"),
        ("stripe.rs", "#[cfg(test)] use axum::Json; use axum::Router;", "stripe may not name the crate axum"),
    ] {
        let found = violations([(path, source)]);
        assert!(found.len() == 1 && found[0].contains(expected), "{path}: {source}\n{found:?}");
    }
    let line = violations([("ui/a.rs", "use crate::domain;\n\nuse crate::store;\n")]);
    assert_eq!(line, ["ui/a.rs:3: ui may not use store"]);
}

#[test]
fn what_the_tables_allow_is_left_alone() {
    for (path, source) in [
        ("ui/form.rs", "use crate::{domain::{self, card}, messages::Command, model::Model}; use egui::Ui;"),
        ("ui/form.rs", "use super::theme; mod tests { use super::super::theme; use super::*; }"),
        (
            "ui/form.rs",
            "//! See [`crate::worker`] and tokio.\nconst A: &str = \"crate::worker::Worker\"; // crate::store",
        ),
        ("ui/form.rs", "pub(crate) fn f(self: &Self) { self.tokio.rusqlite::<u8>(); let store = 1; store.max(2); }"),
        ("stripe.rs", "use reqwest::Client; #[cfg(test)] mod tests { use axum::Router; use proptest::prelude::*; }"),
        ("main.rs", "use testcard::{app, cli}; fn main() -> anyhow::Result<()> { jiff::Timestamp::now(); Ok(()) }"),
        ("lib.rs", "//! Docs.\npub mod domain;\npub mod minter;"),
        ("domain/rules/a.rs", "use super::policies; use crate::domain::{call::api, card::number, key, mask};"),
        ("domain/key.rs", "use super::secret::SecretText;"),
        ("worker/mod.rs", "use std::time::Instant; fn f() { Instant::now(); }"),
        ("store/mod.rs", "fn f() { <Vec<u8> as tokio>::new(); a[0]::<u8>; 0..crate::domain::x }"),
        (
            "minter/mod.rs",
            "mod answers; pub use answers::refusal; use ids::RequestIds; macro_rules! m { () => { $crate::domain::x() } }",
        ),
    ] {
        assert_eq!(violations([(path, source)]), Vec::<String>::new(), "{source}");
    }
}
