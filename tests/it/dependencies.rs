//! What the program is built of, as a test: licences, where each crate comes from, and which crates are built twice.
//!
//! Nothing is fetched. `Cargo.lock` names the crates of every platform; cargo itself tells the licences of those that
//! this machine builds, for it has downloaded no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Licences that ask for no more than to be named.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    // The fonts of egui, which may be shipped with any program.
    "OFL-1.1",
    "Ubuntu-font-1.0",
];

/// Crates whose licence asks for more, with the reason why they may stay.
const OTHER_LICENCES: &[(&str, &str)] = &[
    (
        "colored",
        "MPL-2.0 asks for the crate's own changed sources, and it is unchanged; only the pictures of tests use it",
    ),
    ("option-ext", "MPL-2.0 asks for the crate's own changed sources, and it is unchanged; directories brings it"),
];

/// The one place that crates may come from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that stand in `Cargo.lock` in several versions, with the reason. A row goes once its crates are there only
/// once.
const DOUBLED: &[(&[&str], &str)] = &[
    (
        &["calloop", "calloop-wayland-source", "linux-raw-sys", "rustix", "smithay-client-toolkit"],
        "winit 0.30 and its title bar need the older Wayland toolkit, egui's clipboard the newer one",
    ),
    (&["thiserror", "thiserror-impl"], "the older Wayland toolkit again: it is written against thiserror 1"),
    (
        &["bitflags", "block2", "core-foundation", "objc2", "objc2-app-kit", "objc2-foundation", "objc2-ui-kit"],
        "Apple's systems only: winit 0.30 and AccessKit need the older bindings, the clipboard and dialogs the newer ones",
    ),
    (&["jni-sys", "r-efi", "redox_syscall"], "Android, UEFI and Redox only, where nobody builds the program"),
    (&["windows-sys"], "Windows only: winit, ring and tokio ask for three versions of the system's declarations"),
    (&["getrandom"], "ring, ahash and rand each have their own version of the system's source of randomness"),
    (&["syn"], "half of the derive macros have moved to syn 3; it runs at build time only"),
    (&["strum", "strum_macros"], "iso_currency is one version behind jsonschema, which only the tests use"),
    (&["miniz_oxide"], "png asks for a version of its own beside that of flate2, which it uses as well"),
    (
        &["bit-set", "bit-vec"],
        "fancy-regex, which only jsonschema and so the tests use, is behind wgpu, which is never built",
    ),
    (&["foldhash", "hashbrown"], "petgraph, by which the Wayland clipboard knows types of data, is one version behind"),
    (&["rustc-hash"], "wgpu and egui's part for it differ; eframe names both, and no feature of ours builds them"),
];

#[test]
fn every_licence_is_permissive() {
    let packages = packages_of_this_platform();
    assert!(packages.len() > 100, "cargo told of {} packages only", packages.len());
    let mut others: BTreeMap<&str, &str> = BTreeMap::new();
    for package in &packages {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_permissive(licence) {
            others.insert(package["name"].as_str().unwrap(), licence);
        }
    }
    let expected: BTreeSet<&str> = OTHER_LICENCES.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = others.keys().copied().collect();
    assert_eq!(found, expected, "a licence that is not permissive, or one that is on the list for nothing: {others:?}");
}

#[test]
fn every_crate_comes_from_crates_io() {
    let locked = locked();
    assert!(locked.len() > 100, "Cargo.lock has {} packages only", locked.len());
    let strangers: Vec<_> = locked.iter().filter(|package| package.source.as_deref() != Some(CRATES_IO)).collect();
    let names: Vec<&str> = strangers.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["testcard"], "{strangers:?}");
}

#[test]
fn a_crate_is_built_twice_only_for_a_reason() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in locked() {
        versions.entry(package.name).or_default().push(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let expected: BTreeSet<&str> = DOUBLED.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    let found: BTreeSet<&str> = versions.keys().map(String::as_str).collect();
    assert_eq!(found, expected, "doubled without a row, or a row without a double: {versions:?}");
}

#[test]
fn a_licence_is_read_as_spdx_writes_it() {
    for (expression, expected) in [
        ("MIT", true),
        ("MPL-2.0", false),
        ("none", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("GPL-2.0-only/MIT", true),
        ("Apache-2.0 / MIT", true),
        ("(MIT OR GPL-3.0-only) AND OFL-1.1", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
        ("GPL-3.0-only OR (MIT AND Zlib)", true),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("GPL-2.0-only WITH Classpath-exception-2.0", false),
    ] {
        assert_eq!(is_permissive(expression), expected, "{expression}");
    }
}

/// The packages that are built here, tests and build scripts included, as cargo describes them.
fn packages_of_this_platform() -> Vec<Value> {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let args = ["metadata", "--offline", "--locked", "--filter-platform", host, "--format-version", "1"];
    let metadata: Value = serde_json::from_str(&cargo(&args)).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[track_caller]
fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package of `Cargo.lock`.
#[derive(Debug)]
struct LockedPackage {
    name: String,
    version: String,
    /// `None` for a package that lies in this folder.
    source: Option<String>,
}

fn locked() -> Vec<LockedPackage> {
    let text = include_str!("../../Cargo.lock");
    let field = |block: &str, name: &str| {
        let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
        Some(value.trim_end_matches('"').to_owned())
    };
    let blocks = text.split("[[package]]").skip(1);
    blocks
        .map(|block| LockedPackage {
            name: field(block, "name").unwrap(),
            version: field(block, "version").unwrap(),
            source: field(block, "source"),
        })
        .collect()
}

/// Whether an SPDX expression lets itself be kept with [`PERMISSIVE`] licences alone. Older crates write `/` for `OR`.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    let choices = split_outside_brackets(expression, " OR ");
    if choices.len() > 1 {
        return choices.into_iter().any(is_permissive);
    }
    let demands = split_outside_brackets(expression, " AND ");
    if demands.len() > 1 {
        return demands.into_iter().all(is_permissive);
    }
    match expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => is_permissive(inner),
        None => PERMISSIVE.contains(&expression),
    }
}

fn split_outside_brackets<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0);
    for (at, sign) in expression.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && expression[at..].starts_with(word) => {
                parts.push(&expression[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    parts
}

/// The flags of `.cargo/config.toml` reach SQLite. Of the two, this one is told by SQLite itself.
#[test]
fn sqlite_is_compiled_with_the_flags_that_are_meant() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let mut options = connection.prepare("PRAGMA compile_options").unwrap();
    let options: Vec<String> = options.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
}
