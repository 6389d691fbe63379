//! Every field that is typed into is the one text input of the window.

use std::{fs, path::Path};

/// The files below a folder whose text says this.
fn files_that_say(folder: &Path, words: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_that_say(&path, words, found);
        } else if words.iter().any(|word| fs::read_to_string(&path).unwrap().contains(word)) {
            found.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
        }
    }
}

#[test]
fn nothing_but_the_text_input_is_typed_into() {
    let mut found = Vec::new();
    let ways = ["TextEdit::singleline", "TextEdit::multiline", "text_edit_singleline", "text_edit_multiline"];
    files_that_say(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &ways, &mut found);
    assert_eq!(found, ["src/ui/widgets/text_input.rs"]);
}
