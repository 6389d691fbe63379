//! What is chosen on each axis of a matrix, and how that is written.

use std::{borrow::Cow, fmt};

use super::{matrix_text::written, row::CvcVariant};
use crate::domain::{
    call::token_calls::TokenCall,
    card::{
        networks::CardNetwork,
        test_cards::{self, TestCard},
    },
};

/// The value that leaves a field out.
pub const NONE: &str = "none";

/// The values of each axis, each once. Its text is what [`super::matrix::RunMatrix::parse`] reads, as long as there is a
/// card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixAxes {
    pub cards: Vec<&'static TestCard>,
    pub cvcs: Vec<CvcVariant>,
    pub zips: Vec<Option<String>>,
    pub networks: Vec<Option<CardNetwork>>,
    pub amounts: Vec<String>,
}

impl Default for MatrixAxes {
    /// No card, and one value on each of the other axes.
    fn default() -> Self {
        Self {
            cards: Vec::new(),
            cvcs: vec![CvcVariant::Good],
            zips: vec![None],
            networks: vec![None],
            amounts: vec![TokenCall::DEFAULT_AMOUNT.to_owned()],
        }
    }
}

/// Adds a value, or takes it away where it is there.
pub fn toggle<T: PartialEq>(values: &mut Vec<T>, value: T) {
    match values.iter().position(|known| *known == value) {
        Some(place) => {
            values.remove(place);
        }
        None => values.push(value),
    }
}

/// As [`toggle`], but the last value of an axis stays: a matrix has one on each.
pub fn toggle_on_axis<T: PartialEq>(values: &mut Vec<T>, value: T) {
    if !matches!(&values[..], [last] if *last == value) {
        toggle(values, value);
    }
}

impl fmt::Display for MatrixAxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default();
        let mut axes = Vec::new();
        if self.cards.len() == test_cards::all().len() {
            axes.push("card=*".to_owned());
        } else if !self.cards.is_empty() {
            let numbers: Vec<&str> = self.cards.iter().map(|card| card.number.as_str()).collect();
            axes.push(format!("card={}", numbers.join(",")));
        }
        let mut add = |name: &str, is_usual: bool, values: Vec<Cow<'_, str>>| {
            if !is_usual {
                axes.push(format!("{name}={}", values.join(",")));
            }
        };
        add("cvc", self.cvcs == usual.cvcs, self.cvcs.iter().map(|cvc| cvc.as_str().into()).collect());
        let zips = self.zips.iter().map(|zip| zip.as_deref().map_or(NONE.into(), |zip| written(zip, NONE))).collect();
        add("zip", self.zips == usual.zips, zips);
        let networks = self.networks.iter().map(|network| network.map_or(NONE, CardNetwork::as_str).into()).collect();
        add("network", self.networks == usual.networks, networks);
        add("amount", self.amounts == usual.amounts, self.amounts.iter().map(|amount| written(amount, NONE)).collect());
        f.write_str(&axes.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_an_axis_stays() {
        let mut values = vec![1];
        for (value, expected) in [(1, &[1][..]), (2, &[1, 2]), (1, &[2]), (2, &[2])] {
            toggle_on_axis(&mut values, value);
            assert_eq!(values, expected, "{value}");
        }
    }
}
