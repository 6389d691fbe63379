//! The choices of the country and currency fields: ISO 3166-1 and ISO 4217.

use std::sync::LazyLock;

use iso_currency::{Currency, IntoEnumIterator};

/// A code and its English name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoChoice {
    pub code: String,
    pub name: String,
}

static COUNTRIES: LazyLock<Vec<IsoChoice>> = LazyLock::new(|| {
    let mut all: Vec<IsoChoice> = rust_iso3166::ALL
        .iter()
        .map(|country| IsoChoice { code: country.alpha2.to_owned(), name: country.name.to_owned() })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
});

static CURRENCIES: LazyLock<Vec<IsoChoice>> = LazyLock::new(|| {
    let mut all: Vec<IsoChoice> = Currency::iter()
        .filter(|currency| currency.exponent().is_some())
        .map(|currency| IsoChoice { code: currency.code().to_lowercase(), name: currency.name().to_owned() })
        .collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all
});

/// Every country with its alpha-2 code in upper case, sorted by name.
pub fn countries() -> &'static [IsoChoice] {
    &COUNTRIES
}

/// Every currency that can have an amount (no precious metals or test codes), its code in lower case, sorted by code.
pub fn currencies() -> &'static [IsoChoice] {
    &CURRENCIES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_what_one_looks_for() {
        assert!(countries().len() >= 249);
        assert!(countries().iter().any(|choice| choice.code == "DE" && choice.name.contains("Germany")));
        assert!(currencies().iter().any(|choice| choice.code == "eur" && choice.name == "Euro"));
        assert!(currencies().len() > 150);
    }
}
