//! What a contributor reads names files and tests that are there: `.github/CONTRIBUTING.md`, `README.md` and the crate
//! docs.

use std::{fs, path::Path};

/// Names in backticks that begin so are paths of the project.
const ROOTS: [&str; 6] = ["src/", "tests/", "assets/", "benches/", ".ci/", ".github/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in backticks on one line, and the lines of code blocks.
fn code(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            found.push(line);
        } else {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// The paths that a text names and the project does not have. In the crate docs, `store/reader` is a module below
/// `src`.
fn missing_paths(text: &str, is_crate_docs: bool) -> Vec<&str> {
    let words = code(text).into_iter().flat_map(str::split_whitespace);
    words.filter(|word| is_path(word, is_crate_docs) && !exists(word)).collect()
}

fn is_path(word: &str, is_crate_docs: bool) -> bool {
    let is_module = |word: &str| word.contains('/') && word.chars().all(|c| c.is_ascii_lowercase() || "_/".contains(c));
    ROOTS.iter().any(|start| word.starts_with(start)) || (is_crate_docs && is_module(word))
}

fn exists(path: &str) -> bool {
    [path.to_owned(), format!("src/{path}"), format!("src/{path}.rs")].iter().any(|path| root().join(path).exists())
}

/// The files of tests that a command names, such as `form::`, and that are not there.
fn missing_tests(text: &str) -> Vec<&str> {
    let commands = code(text).into_iter().filter(|command| command.contains("cargo test --test it"));
    let names = commands.flat_map(str::split_whitespace).filter_map(|word| word.strip_suffix("::"));
    names.filter(|name| !root().join(format!("tests/it/{name}.rs")).exists()).collect()
}

#[test]
fn every_path_that_a_contributor_reads_is_there() {
    for page in [".github/CONTRIBUTING.md", "README.md"] {
        assert_eq!(missing_paths(&read(page), false), [""; 0], "{page}");
        assert_eq!(missing_tests(&read(page)), [""; 0], "{page}");
    }
    let lib = read("src/lib.rs");
    let docs: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    assert_eq!(missing_paths(&docs.join("\n"), true), [""; 0], "src/lib.rs");
}

#[test]
fn a_path_that_is_gone_is_found() {
    let text = "See `src/gone.rs`, `src/lib.rs` and `store/gone`.\n```sh\ntests/gone/run it\ncargo test --test it form:: gone::\n```\n";
    assert_eq!(missing_paths(text, false), ["src/gone.rs", "tests/gone/run"]);
    assert_eq!(missing_paths(text, true), ["src/gone.rs", "store/gone", "tests/gone/run"]);
    assert_eq!(missing_tests(text), ["gone"]);
    assert!(code(text).len() >= 4);
}
