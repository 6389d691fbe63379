//! A card number and what can be read from it: brand, funding, country, possible lengths, check digit.
//!
//! Ranges and lengths are those of Stripe's own clients (stripe-android `CardBrand.kt`, stripe/jquery.payment); the
//! wider lengths that other validators allow are not good here, because Stripe answers `incorrect_number` to them.

use std::fmt;

use super::{
    networks::CardNetwork,
    test_cards::{self, TestCard},
};
use crate::domain::secret::SecretText;

/// The fewest digits that any card number has.
pub const MIN_DIGITS: usize = 12;
/// The most digits that any card number has.
pub const MAX_DIGITS: usize = 19;

/// A card brand, in the spelling of Stripe's card object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brand {
    Visa,
    MasterCard,
    AmericanExpress,
    Discover,
    DinersClub,
    Jcb,
    UnionPay,
    EftposAustralia,
    Unknown,
}

impl Brand {
    pub const ALL: [Self; 9] = [
        Self::Visa,
        Self::MasterCard,
        Self::AmericanExpress,
        Self::Discover,
        Self::DinersClub,
        Self::Jcb,
        Self::UnionPay,
        Self::EftposAustralia,
        Self::Unknown,
    ];

    /// The word in `card.brand`. Stripe writes "MasterCard" with a capital C here.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visa => "Visa",
            Self::MasterCard => "MasterCard",
            Self::AmericanExpress => "American Express",
            Self::Discover => "Discover",
            Self::DinersClub => "Diners Club",
            Self::Jcb => "JCB",
            Self::UnionPay => "UnionPay",
            Self::EftposAustralia => "Eftpos Australia",
            Self::Unknown => "Unknown",
        }
    }

    /// The word in `payment_method_details.card.brand`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::MasterCard => "mastercard",
            Self::AmericanExpress => "amex",
            Self::Discover => "discover",
            Self::DinersClub => "diners",
            Self::Jcb => "jcb",
            Self::UnionPay => "unionpay",
            Self::EftposAustralia => "eftpos_au",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_stripe(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|brand| brand.as_str() == word)
    }

    /// How many digits the security code of this brand should have. Three are accepted for American Express too.
    pub fn cvc_digits(self) -> usize {
        if self == Self::AmericanExpress { 4 } else { 3 }
    }

    /// Whether a security code of so many digits passes for this brand.
    pub fn accepts_cvc_digits(self, digits: usize) -> bool {
        match self {
            Self::AmericanExpress | Self::Unknown => digits == 3 || digits == 4,
            _ => digits == 3,
        }
    }

    /// The one network of this brand among those that `networks[preferred]` can name.
    pub fn own_network(self) -> Option<CardNetwork> {
        match self {
            Self::Visa => Some(CardNetwork::Visa),
            Self::MasterCard => Some(CardNetwork::Mastercard),
            _ => None,
        }
    }
}

/// Whether the card draws on credit, an account or a prepaid sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Funding {
    Credit,
    Debit,
    Prepaid,
    Unknown,
}

impl Funding {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Prepaid => "prepaid",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_stripe(word: &str) -> Option<Self> {
        [Self::Credit, Self::Debit, Self::Prepaid, Self::Unknown].into_iter().find(|funding| funding.as_str() == word)
    }
}

/// A range of prefixes, all of one length in digits, that belongs to one brand.
struct BinRange {
    first: &'static str,
    last: &'static str,
    brand: Brand,
    shortest: usize,
    longest: usize,
}

const fn bin(first: &'static str, last: &'static str, brand: Brand, shortest: usize, longest: usize) -> BinRange {
    BinRange { first, last, brand, shortest, longest }
}

/// The longest prefix that fits a number decides; all ranges of one length are disjoint.
const BIN_RANGES: &[BinRange] = &[
    bin("628000036", "628000036", Brand::EftposAustralia, 16, 16),
    bin("506221", "506221", Brand::Unknown, 16, 16),
    bin("2221", "2720", Brand::MasterCard, 16, 16),
    bin("3528", "3589", Brand::Jcb, 16, 16),
    bin("30", "30", Brand::DinersClub, 16, 16),
    bin("34", "34", Brand::AmericanExpress, 15, 15),
    bin("36", "36", Brand::DinersClub, 14, 14),
    bin("37", "37", Brand::AmericanExpress, 15, 15),
    bin("38", "39", Brand::DinersClub, 16, 16),
    bin("50", "50", Brand::MasterCard, 12, 19),
    bin("51", "55", Brand::MasterCard, 16, 16),
    bin("56", "59", Brand::MasterCard, 12, 19),
    bin("60", "60", Brand::Discover, 16, 16),
    bin("62", "62", Brand::UnionPay, 16, 19),
    bin("64", "65", Brand::Discover, 16, 16),
    bin("67", "67", Brand::MasterCard, 12, 19),
    bin("81", "81", Brand::UnionPay, 16, 19),
    bin("4", "4", Brand::Visa, 16, 16),
];

impl BinRange {
    /// Whether a number that starts with `digits` can lie in this range.
    fn admits(&self, digits: &str) -> bool {
        let known = digits.len().min(self.first.len());
        // What is no digit can be wider than a byte: no range begins with it.
        digits.get(..known).is_some_and(|head| (&self.first[..known]..=&self.last[..known]).contains(&head))
    }
}

fn range_of(digits: &str) -> Option<&'static BinRange> {
    BIN_RANGES.iter().find(|range| digits.len() >= range.first.len() && range.admits(digits))
}

/// What a number that starts with `digits` (ASCII digits only) can still become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrandSoFar {
    /// More than one brand is possible: name none.
    Open,
    /// One brand only is possible.
    One(Brand),
    /// No known brand starts so.
    Impossible,
}

/// The brand of a number being typed; never a guess.
pub fn brand_so_far(digits: &str) -> BrandSoFar {
    if digits.is_empty() {
        return BrandSoFar::Open;
    }
    if let Some(card) = test_cards::by_number(digits) {
        return BrandSoFar::One(card.brand);
    }
    let mut found = None;
    for range in BIN_RANGES.iter().filter(|range| range.admits(digits)) {
        // A range that is spelled out in full hides the shorter ones behind it.
        if digits.len() >= range.first.len() {
            return match found {
                Some(brand) if brand != range.brand => BrandSoFar::Open,
                _ => BrandSoFar::One(range.brand),
            };
        }
        match found {
            Some(brand) if brand != range.brand => return BrandSoFar::Open,
            _ => found = Some(range.brand),
        }
    }
    found.map_or(BrandSoFar::Impossible, BrandSoFar::One)
}

/// The lengths in digits, shortest and longest, that a number starting so may have.
pub fn lengths(digits: &str) -> (usize, usize) {
    if test_cards::by_number(digits).is_some() {
        return (digits.len(), digits.len());
    }
    range_of(digits).map_or((MIN_DIGITS, MAX_DIGITS), |range| (range.shortest, range.longest))
}

/// The Luhn check (ISO/IEC 7812-1) of ASCII digits.
pub fn passes_luhn(digits: &str) -> bool {
    has_check_digit(digits.bytes().map(|byte| byte - b'0'))
}

/// As [`passes_luhn`], for the values of digits.
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

/// Diners Club cards of 14 digits, which banks issue and Stripe's clients do not take: (first prefix, last prefix).
const DINERS_14: [(&str, &str); 3] = [("300", "305"), ("309", "309"), ("38", "39")];

/// Whether ASCII digits can be the number of a card that somebody has: the check digit, the range and the length of a
/// brand, and no published test card. What is so may not be written down.
pub fn could_be_issued(digits: &str) -> bool {
    let is_diners_14 = || {
        let fits = |(first, last): &(&str, &str)| (*first..=*last).contains(&&digits[..first.len()]);
        digits.len() == 14 && DINERS_14.iter().any(fits)
    };
    let has_length = |range: &BinRange| (range.shortest..=range.longest).contains(&digits.len());
    (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len())
        && passes_luhn(digits)
        && (range_of(digits).is_some_and(has_length) || is_diners_14())
        && !is_published(digits)
}

/// Whether ASCII digits are the number of a published test card, which may stand anywhere.
pub fn is_published(digits: &str) -> bool {
    test_cards::by_number(digits).is_some()
}

/// A well-formed card number: 12 to 19 digits. Well formed is not good: [`CardNumber::passes_luhn`] and
/// [`CardNumber::has_good_length`] are properties, because half of the work is to send numbers that fail them.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(SecretText);

impl CardNumber {
    /// Takes 12 to 19 ASCII digits and nothing else.
    pub fn parse(digits: &str) -> Option<Self> {
        let well_formed =
            (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self(SecretText::new(digits)))
    }

    /// The digits themselves: the one way out of the type.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub fn last4(&self) -> &str {
        let digits = self.expose();
        &digits[digits.len() - 4..]
    }

    pub fn passes_luhn(&self) -> bool {
        passes_luhn(self.expose())
    }

    /// Whether the brand has numbers of this length. A published test card is always long enough.
    pub fn has_good_length(&self) -> bool {
        let (shortest, longest) = lengths(self.expose());
        (shortest..=longest).contains(&self.expose().len())
    }

    /// The row of Stripe's published test cards with this number.
    pub fn published(&self) -> Option<&'static TestCard> {
        test_cards::by_number(self.expose())
    }

    pub fn brand(&self) -> Brand {
        match self.published() {
            Some(card) => card.brand,
            None => range_of(self.expose()).map_or(Brand::Unknown, |range| range.brand),
        }
    }

    /// By the published card, else by the prefixes of Stripe's test numbers (400005 and 555505 are debit), else credit.
    pub fn funding(&self) -> Funding {
        match self.published() {
            Some(card) => card.funding,
            None if ["400005", "555505"].iter().any(|prefix| self.expose().starts_with(prefix)) => Funding::Debit,
            None => Funding::Credit,
        }
    }

    /// The issuer's country (ISO 3166-1 alpha-2): by the published card, else by digits 7 to 9 of Stripe's country
    /// test numbers (400000, 400005 and 555505 are followed by the numeric code; 000 is the US), else the brand's home.
    pub fn country(&self) -> String {
        if let Some(card) = self.published() {
            return card.country.clone();
        }
        let digits = self.expose();
        let by_number = ["400000", "400005", "555505"]
            .iter()
            .find_map(|prefix| digits.strip_prefix(prefix))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .and_then(rust_iso3166::from_numeric);
        match (by_number, self.brand()) {
            (Some(country), _) => country.alpha2.to_owned(),
            (None, Brand::Jcb) => "JP".to_owned(),
            (None, Brand::UnionPay) => "CN".to_owned(),
            (None, Brand::EftposAustralia) => "AU".to_owned(),
            (None, _) => "US".to_owned(),
        }
    }

    /// The networks among those that `networks[preferred]` can name which apply to this card.
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
            ("4000002760001999", "DE", Funding::Credit),
            ("4000052760001999", "DE", Funding::Debit),
            ("5555052760001999", "DE", Funding::Debit),
            ("4000000000001999", "US", Funding::Credit),
            ("4111111111111111", "US", Funding::Credit),
            ("3530111333300000", "JP", Funding::Credit),
        ] {
            let number = CardNumber::parse(digits).unwrap();
            assert_eq!((number.country().as_str(), number.funding()), (country, funding), "{digits}");
        }
    }

    #[test]
    fn debug_shows_four_digits_at_most() {
        let number = CardNumber::parse("4111111111111111").unwrap();
        assert_eq!(format!("{number:?}"), "CardNumber(…1111)");
    }
}
