//! The parameters of a request: an ordered list of names and values, exactly as they are sent.

use std::fmt;

use crate::domain::{
    mask::{self, Kept},
    secret::SecretText,
};

/// The parameter for the preferred network of a co-branded card.
pub const PREFERRED_NETWORK: &str = "card[networks][preferred]";

/// An ordered list of names and values in Stripe's bracket notation, such as `card[number]`.
///
/// An empty value is not the same as an absent one. Unknown and malformed parameters are allowed, because testers send
/// wrong requests on purpose. `Debug` masks card numbers and hides security codes.
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

    /// Adds a parameter at the end, even if the list has one of this name.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<SecretText>) {
        self.0.push((name.into(), value.into()));
    }

    /// Sets the first parameter of this name and removes its repetitions, or adds one at the end.
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

    /// Removes every parameter of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Removes the parameter at this index. Panics if there is none.
    pub fn remove_at(&mut self, index: usize) {
        self.0.remove(index);
    }

    /// The value of a parameter. If it was sent repeatedly, the last value counts, as in most form parsers.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }

    /// Names and values in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The list itself, for the raw editor of the form.
    pub fn rows_mut(&mut self) -> &mut Vec<(String, SecretText)> {
        &mut self.0
    }

    /// The masked value of a parameter. The minter stores it in its objects.
    pub fn kept(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| mask::param(name, value).0)
    }

    /// The list with card numbers masked, and security codes and keys hidden.
    pub fn masked(&self) -> Vec<(String, String)> {
        self.masked_with_marks().0
    }

    /// Like [`Self::masked`], with how much of each value is kept, in the same order.
    pub fn masked_with_marks(&self) -> (Vec<(String, String)>, Vec<Kept>) {
        let masked = |(name, value)| {
            let (value, kept) = mask::param(name, value);
            ((mask::name(name), value), kept)
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
