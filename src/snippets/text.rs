//! What the languages share: the variable that holds the key, and lines as a text.

/// The environment variable that holds the key.
pub(super) const KEY: &str = "STRIPE_SECRET_KEY";

/// Lines as a text, each with its end.
pub(super) fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}
