//! A card number and what can be read from it: brand, funding, country, check digit, and whether it could be a real
//! card's.

use std::fmt;

use super::{
    brand::{
        Brand, BrandSoFar, CardFunding, MAX_DIGITS, MIN_DIGITS, brand_of_range, brand_so_far_by_range, lengths_of_range,
    },
    networks::CardNetwork,
    test_cards::{self, TestCard},
};
use crate::domain::secret::SecretText;

/// The brand of a number that is still being typed (ASCII digits only). A brand is named only when no other is
/// possible.
pub fn brand_so_far(digits: &str) -> BrandSoFar {
    match test_cards::by_number(digits) {
        _ if digits.is_empty() => BrandSoFar::Open,
        Some(card) => BrandSoFar::One(card.brand),
        None => brand_so_far_by_range(digits),
    }
}

/// The lengths in digits, shortest and longest, of the numbers that start with `digits`.
pub fn lengths(digits: &str) -> (usize, usize) {
    if test_cards::by_number(digits).is_some() {
        return (digits.len(), digits.len());
    }
    let (shortest, longest) = lengths_of_range(digits).unwrap_or((MIN_DIGITS, MAX_DIGITS));
    // One test card is longer than the numbers of its range: whoever has typed so many digits may be on the way to it.
    let longer = (digits.len() >= longest).then(|| test_cards::length_of_one_that_begins(digits)).flatten();
    (shortest, longer.unwrap_or(longest))
}

/// A security code that passes for a number. Only the number's leading digits count, so a masked or incomplete number
/// works. Three digits, unless the brand is known to have four.
pub fn passing_cvc(number: &str) -> &'static str {
    let known = number.find(|c: char| !c.is_ascii_digit()).map_or(number, |end| &number[..end]);
    match brand_so_far(known) {
        BrandSoFar::One(brand) => brand.passing_cvc(),
        BrandSoFar::Open | BrandSoFar::Impossible => Brand::Unknown.passing_cvc(),
    }
}

/// The Luhn check (ISO/IEC 7812-1) of ASCII digits.
pub fn passes_luhn(digits: &str) -> bool {
    has_check_digit(digits.bytes().map(|byte| byte - b'0'))
}

/// Like [`passes_luhn`], for digit values (0 to 9).
pub fn has_check_digit(values: impl DoubleEndedIterator<Item = u8>) -> bool {
    let sum: u32 = values
        .rev()
        .enumerate()
        .map(|(place, value)| {
            let digit = u32::from(value);
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, double) if double > 9 => double - 9,
                (_, double) => double,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Prefixes (first, last) of Diners Club cards with 14 digits. Banks issue them, but Stripe's clients do not accept
/// them.
const DINERS_14: [(&str, &str); 3] = [("300", "305"), ("309", "309"), ("38", "39")];

/// What Stripe's country test numbers begin with: Visa credit and debit, Mastercard debit and credit, Diners Club. Three
/// digits of the country follow.
const COUNTRY_PREFIXES: [&str; 5] = ["400000", "400005", "555505", "520000", "360000"];

/// Whether ASCII digits could be the number of a real card: they pass the Luhn check, have the range and the length of
/// a brand, and are no published test card. Such a number must not be written to disk.
pub fn could_be_issued(digits: &str) -> bool {
    let is_diners_14 = || {
        let fits = |(first, last): &(&str, &str)| (*first..=*last).contains(&&digits[..first.len()]);
        digits.len() == 14 && DINERS_14.iter().any(fits)
    };
    let has_length = |(shortest, longest)| (shortest..=longest).contains(&digits.len());
    (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len())
        && passes_luhn(digits)
        && (lengths_of_range(digits).is_some_and(has_length) || is_diners_14())
        && !is_published(digits)
}

/// Whether ASCII digits are the number of a published test card, which may be written anywhere.
pub fn is_published(digits: &str) -> bool {
    test_cards::by_number(digits).is_some()
}

/// A well-formed card number: 12 to 19 digits. It need not be valid: [`CardNumber::passes_luhn`] and
/// [`CardNumber::has_good_length`] are properties, because testers also send numbers that fail these checks.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber {
    digits: SecretText,
    /// Looked up once: nearly everything about a number depends on it.
    published: Option<&'static TestCard>,
}

impl CardNumber {
    /// Accepts 12 to 19 ASCII digits; `None` for everything else.
    pub fn parse(digits: &str) -> Option<Self> {
        let well_formed =
            (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self { digits: SecretText::new(digits), published: test_cards::by_number(digits) })
    }

    /// The digits themselves. This is the only way to read them.
    pub fn expose(&self) -> &str {
        self.digits.expose()
    }

    pub fn last4(&self) -> &str {
        let digits = self.expose();
        &digits[digits.len() - 4..]
    }

    pub fn passes_luhn(&self) -> bool {
        passes_luhn(self.expose())
    }

    /// Whether the brand has numbers of this length. Always true for a published test card.
    pub fn has_good_length(&self) -> bool {
        self.published.is_some() || {
            let (shortest, longest) = lengths(self.expose());
            (shortest..=longest).contains(&self.expose().len())
        }
    }

    /// The published test card with this number.
    pub fn published(&self) -> Option<&'static TestCard> {
        self.published
    }

    pub fn brand(&self) -> Brand {
        match self.published() {
            Some(card) => card.brand,
            None => brand_of_range(self.expose()).unwrap_or(Brand::Unknown),
        }
    }

    /// The funding of the published test card, else debit for the prefixes of Stripe's debit test numbers (400005 and
    /// 555505), else credit.
    pub fn funding(&self) -> CardFunding {
        match self.published() {
            Some(card) => card.funding,
            None if ["400005", "555505"].iter().any(|prefix| self.expose().starts_with(prefix)) => CardFunding::Debit,
            None => CardFunding::Credit,
        }
    }

    /// The issuer's country (ISO 3166-1 alpha-2): that of the published test card; else digits 7 to 9 of Stripe's
    /// country test numbers (the ISO 3166-1 numeric code after one of `COUNTRY_PREFIXES`; 000 is the US); else the
    /// brand's home country.
    pub fn country(&self) -> String {
        if let Some(card) = self.published() {
            return card.country.clone();
        }
        let digits = self.expose();
        let by_number = COUNTRY_PREFIXES
            .iter()
            .find_map(|prefix| digits.strip_prefix(prefix))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .and_then(rust_iso3166::from_numeric);
        match (by_number, self.brand()) {
            (Some(country), _) => country.alpha2.to_owned(),
            (None, Brand::Jcb) => "JP".to_owned(),
            (None, Brand::UnionPay) => "CN".to_owned(),
            (None, Brand::EftposAustralia) => "AU".to_owned(),
            (None, Brand::Girocard) => "DE".to_owned(),
            (None, _) => "US".to_owned(),
        }
    }

    /// The networks of this card, of those that `networks[preferred]` accepts.
    pub fn networks(&self) -> Vec<CardNetwork> {
        match self.published() {
            Some(card) => card.networks.clone(),
            None => self.brand().own_network().into_iter().collect(),
        }
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber(…{})", self.last4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_is_named_as_soon_as_one_only_is_possible() {
        use BrandSoFar::{Impossible, One, Open};
        for (digits, expected) in [
            ("", Open),
            ("4", One(Brand::Visa)),
            ("3", Open),
            ("34", One(Brand::AmericanExpress)),
            ("36", One(Brand::DinersClub)),
            ("35", One(Brand::Jcb)),
            ("350", Impossible),
            ("2", One(Brand::MasterCard)),
            ("2720", One(Brand::MasterCard)),
            ("2721", Impossible),
            ("5", Open),
            ("50", Open),
            ("51", One(Brand::MasterCard)),
            ("507", One(Brand::MasterCard)),
            ("506221", One(Brand::Unknown)),
            ("6", Open),
            ("62", Open),
            ("620", One(Brand::UnionPay)),
            ("628000036", One(Brand::EftposAustralia)),
            ("60", One(Brand::Discover)),
            ("9", Impossible),
            ("0", Impossible),
            ("é", Impossible),
            ("3é", Impossible),
            ("4506445006931933", One(Brand::Unknown)),
        ] {
            assert_eq!(brand_so_far(digits), expected, "{digits}");
        }
    }

    #[test]
    fn country_and_funding_are_read_from_the_number_when_no_published_card_has_it() {
        for (digits, country, funding) in [
            ("4000002760001999", "DE", CardFunding::Credit),
            ("4000052760001999", "DE", CardFunding::Debit),
            ("5555052760001999", "DE", CardFunding::Debit),
            ("4000000000001999", "US", CardFunding::Credit),
            ("5200003920001999", "JP", CardFunding::Credit),
            ("36000027600019", "DE", CardFunding::Credit),
            ("36123427600019", "US", CardFunding::Credit),
            ("4111111111111111", "US", CardFunding::Credit),
            ("3530111333300000", "JP", CardFunding::Credit),
        ] {
            let number = CardNumber::parse(digits).unwrap();
            assert_eq!((number.country().as_str(), number.funding()), (country, funding), "{digits}");
        }
    }

    #[test]
    fn the_longest_test_card_can_be_typed_to_its_end() {
        let girocard = "4711009900000316877";
        assert_eq!(brand_so_far(girocard), BrandSoFar::One(Brand::Girocard));
        assert_eq!(lengths(&girocard[..15]), (16, 16));
        assert_eq!(lengths(&girocard[..16]), (16, 19));
        assert_eq!(lengths(girocard), (19, 19));
        assert_eq!(lengths("4711009900000317"), (16, 16));
    }

    #[test]
    fn debug_shows_four_digits_at_most() {
        let number = CardNumber::parse("4111111111111111").unwrap();
        assert_eq!(format!("{number:?}"), "CardNumber(…1111)");
    }
}
