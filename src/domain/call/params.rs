//! The parameters of a call: an ordered list of names and values, exactly as they will be sent.

use std::fmt;

use crate::domain::{
    mask::{self, Kept},
    secret::SecretText,
};

/// The parameter that names the preferred network.
pub const PREFERRED_NETWORK: &str = "card[networks][preferred]";

/// An ordered list of (parameter, value) in Stripe's bracket notation, such as `card[number]`.
///
/// An empty value is not an absent one; unknown and malformed parameters are welcome, for wrong requests are sent on
/// purpose. `Debug` masks card numbers and hides security codes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, SecretText)>);

impl Params {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn push(&mut self, name: impl Into<String>, value: impl Into<SecretText>) {
        self.0.push((name.into(), value.into()));
    }

    /// Replaces every value of `name` by this one, in the place of the first, or adds it at the end.
    pub fn set(&mut self, name: &str, value: impl Into<SecretText>) {
        let place = self.0.iter().position(|(known, _)| known == name);
        match place {
            Some(place) => {
                self.0[place].1 = value.into();
                let mut index = 0;
                self.0.retain(|(known, _)| {
                    index += 1;
                    index - 1 == place || known != name
                });
            }
            None => self.push(name, value),
        }
    }

    /// Drops every value of `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub fn remove_at(&mut self, index: usize) {
        self.0.remove(index);
    }

    /// The value of `name`; the last one counts when it was sent twice, as in every form parser that Stripe's SDKs meet.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The rows themselves, to be edited in place by the raw view.
    pub fn rows_mut(&mut self) -> &mut Vec<(String, SecretText)> {
        &mut self.0
    }

    /// The value of `name` as it may be written down: what an object of the minter keeps of a text.
    pub fn kept(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| mask::param(name, value).0)
    }

    /// The same list as it may be written down: numbers masked, codes and keys hidden.
    pub fn masked(&self) -> Vec<(String, String)> {
        self.masked_with_marks().0
    }

    /// As [`Self::masked`], and beside it how much of each parameter is kept.
    pub fn masked_with_marks(&self) -> (Vec<(String, String)>, Vec<Kept>) {
        let masked = |(name, value)| {
            let (value, mut kept) = mask::param(name, value);
            let kept_name = mask::name(name);
            if kept_name != name {
                kept = kept.max(Kept::Masked);
            }
            ((kept_name, value), kept)
        };
        self.iter().map(masked).unzip()
    }
}

impl<N: Into<String>, V: Into<SecretText>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.masked()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_replaces_in_place_and_drops_repetitions() {
        let mut params: Params = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(params.get("a"), Some("3"));
        params.set("a", "4");
        params.set("c", "5");
        assert_eq!(params.iter().collect::<Vec<_>>(), [("a", "4"), ("b", "2"), ("c", "5")]);
    }

    #[test]
    fn debug_shows_neither_number_nor_code() {
        let params: Params = [("card[number]", "4111111111111111"), ("card[cvc]", "987")].into_iter().collect();
        let shown = format!("{params:?}");
        assert!(!shown.contains("111111111111") && !shown.contains("987"), "{shown}");
    }
}
