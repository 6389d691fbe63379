//! Tells lists apart without keeping what is in them.

use super::row::{RowParams, RowSource, RunRow};
use crate::domain::{
    mask::keyed_hash::{base62, first_half, keyed_hash},
    rules::expectation::Expectation,
};

/// How many digits in base 62 hold 128 bits.
const DIGITS: usize = 22;

/// A keyed hash over the rows of a list, one after the other. Equal lists have equal hashes in one data folder, on every
/// day. It is keyed with the folder's secret, for a plain hash of a card number tells the number to who tries them all.
#[derive(Clone)]
pub struct ListHash {
    key: [u8; 32],
    state: [u8; 32],
}

impl ListHash {
    /// Derives the key from the secret of a data folder.
    pub fn new(folder_secret: &[u8; 32]) -> Self {
        Self { key: keyed_hash(folder_secret, "run lists", &[]), state: [0; 32] }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &RunRow) {
        let expects = row.expects.as_ref().map(Expectation::to_json).unwrap_or_default().to_string();
        let tags = row.tags.join(" ");
        let (amount, currency) = (&row.amount, &row.currency);
        self.take(&[row.last_step.as_str(), amount, currency, &expects, &row.note, &tags, &row.variant]);
        match &row.source {
            RowSource::Preset(key) => self.take(&["preset", &key.to_string()]),
            RowSource::Params(RowParams { params, adds_expiry, cvc }) => {
                self.take(&["params", if *adds_expiry { "expiry" } else { "" }, cvc.as_str()]);
                for (name, value) in params.iter() {
                    self.take(&[name, value]);
                }
            }
        }
    }

    /// The hash of all rows so far.
    pub fn finish(&self) -> String {
        base62(first_half(self.state), DIGITS)
    }

    /// Each text enters with its length, so that no two lists of texts are the same bytes.
    fn take(&mut self, texts: &[&str]) {
        let mut bytes = zeroize::Zeroizing::new(self.state.to_vec());
        for text in texts {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        self.state = keyed_hash(&self.key, "run row", &bytes);
    }
}

impl std::fmt::Debug for ListHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ListHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::row::{CvcVariant, RunStep};

    fn row(number: &str) -> RunRow {
        let params = [("card[number]", number)].into_iter().collect();
        RunRow::new(RowSource::Params(RowParams { params, adds_expiry: true, cvc: CvcVariant::Good }))
    }

    fn hash(secret: u8, rows: &[RunRow]) -> String {
        let mut hash = ListHash::new(&[secret; 32]);
        for row in rows {
            hash.add(row);
        }
        hash.finish()
    }

    #[test]
    fn equal_lists_have_equal_hashes_and_every_difference_counts() {
        let list = [row("4242424242424242"), row("4000000000009995")];
        let known = hash(7, &list);
        assert_eq!(known, hash(7, &list));
        let charged = RunRow { last_step: RunStep::Charge, ..list[1].clone() };
        let noted = RunRow { note: "x".to_owned(), ..list[1].clone() };
        for other in [
            hash(8, &list),
            hash(7, &list[..1]),
            hash(7, &[list[1].clone(), list[0].clone()]),
            hash(7, &[list[0].clone(), charged]),
            hash(7, &[list[0].clone(), noted]),
        ] {
            assert_ne!(known, other);
        }
        assert_eq!(known.len(), DIGITS);
    }
}
