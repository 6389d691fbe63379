//! Takes what may be a key out of what clap says about wrong arguments, for it quotes what was typed.

use clap::error::{ContextKind, ContextValue};

/// The error without what may be a key: the value of `--key`, however malformed, and what looks like one wherever it
/// was typed.
pub(super) fn without_keys(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let place = text(ContextKind::InvalidArg).unwrap_or_default();
    let is_of_key = place.starts_with("--key ");
    let hides = |kind| match kind {
        ContextKind::InvalidValue if is_of_key => true,
        // The name of an option is no secret.
        ContextKind::InvalidArg if place.starts_with('-') => false,
        kind => text(kind).is_some_and(may_be_key),
    };
    let typed = [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let hidden: Vec<ContextKind> = typed.into_iter().filter(|kind| hides(*kind)).collect();
    for kind in hidden {
        error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
    }
    error
}

/// The words of an error without any argument that looks like a key: they may quote arguments where clap does not mark
/// them.
pub(super) fn without_typed_keys(words: String) -> String {
    let typed: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let keys = typed.iter().skip(1).flat_map(|arg| key_words(arg)).filter(|word| may_be_key(word));
    keys.fold(words, |words, key| words.replace(key, HIDDEN))
}

/// The text in words, cut where a character stands that no key has.
fn key_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

const HIDDEN: &str = "•••";

/// Whether a word of the text may be a key: it begins as one, or is long and has both letters and digits.
fn may_be_key(text: &str) -> bool {
    const STARTS: [&str; 6] = ["sk_", "rk_", "pk_", "ek_", "whsec_", "ctl_"];
    key_words(text).any(|word| {
        let is_mixed = |word: &str| {
            word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let start = |start: &&str| word.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        STARTS.iter().any(start) || word.len() >= 12 && is_mixed(word)
    })
}
