//! The words of the window: what it and the command line share says nothing of the command line.

use std::{fs, path::Path};

/// Files whose texts only the command line shows, and code for other programs.
const OTHERS: [&str; 3] = ["src/cli", "src/snippets", "src/main.rs"];

/// What a person at a window has no use for. The one exception is the whole command that saves what can be read of a
/// damaged history: the window cannot do that itself.
const WORDS: [&str; 8] = [
    "--force",
    "--help",
    "testcard export",
    "testcard mint",
    "testcard token",
    "testcard -",
    "stdin",
    "standard input",
];

#[test]
fn no_text_of_the_window_speaks_of_the_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if OTHERS.iter().any(|other| name.starts_with(other)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            read += 1;
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let found = WORDS.iter().find(|words| line.contains(**words));
                assert!(found.is_none(), "{name} speaks of {found:?}: {line}");
            }
        }
    }
    assert!(read > 100, "{read} files");
}
