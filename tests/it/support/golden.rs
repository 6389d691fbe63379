//! Golden files below `tests/golden/`: what is made now is what was accepted then. `UPDATE_GOLDEN=1` accepts it anew.

use std::{fs, path::PathBuf};

pub fn golden_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares a text with the golden file of this name, or rewrites the file.
#[track_caller]
pub fn check_golden(name: &str, actual: &str) {
    let path = golden_folder().join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs (UPDATE_GOLDEN=1 accepts it):\n{}", changed_lines(&expected, actual));
}

/// The lines between the first and the last difference, old ones with `-`, new ones with `+`.
fn changed_lines(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let removed = old[..old.len() - tail].iter().map(|line| format!("- {line}"));
    let added = new[..new.len() - tail].iter().map(|line| format!("+ {line}"));
    let lines: Vec<String> = removed.chain(added).collect();
    format!("from line {}\n{}", head + 1, lines.join("\n"))
}
