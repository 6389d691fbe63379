//! The brand of a card: its names, the prefixes and lengths of its numbers, and its security code.
//!
//! Prefixes and lengths are those of Stripe's own clients (stripe-android `CardBrand.kt`, stripe/jquery.payment). Other
//! validators allow more lengths, but Stripe answers `incorrect_number` to them.

use super::networks::CardNetwork;
use crate::domain::words::words;

/// The fewest digits that a card number of any brand has.
pub const MIN_DIGITS: usize = 12;

/// The most digits that a card number of any brand has.
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
    Girocard,
    Unknown,
}

// The values of `card.brand`: here Stripe writes "MasterCard" with a capital C.
words!(Brand {
    Visa => "Visa",
    MasterCard => "MasterCard",
    AmericanExpress => "American Express",
    Discover => "Discover",
    DinersClub => "Diners Club",
    Jcb => "JCB",
    UnionPay => "UnionPay",
    EftposAustralia => "Eftpos Australia",
    Girocard => "Girocard",
    Unknown => "Unknown",
});

impl Brand {
    /// The value of `payment_method_details.card.brand`.
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
            Self::Girocard => "girocard",
            Self::Unknown => "unknown",
        }
    }

    /// The length of this brand's security code. American Express cards have 4 digits, but 3 are accepted too; see
    /// [`Brand::accepts_cvc_digits`].
    pub fn cvc_digits(self) -> usize {
        if self == Self::AmericanExpress { 4 } else { 3 }
    }

    /// A security code that passes for this brand.
    pub fn passing_cvc(self) -> &'static str {
        if self.cvc_digits() == 4 { "1234" } else { "123" }
    }

    /// Whether a security code with this number of digits passes for this brand.
    pub fn accepts_cvc_digits(self, digits: usize) -> bool {
        match self {
            Self::AmericanExpress | Self::Unknown => digits == 3 || digits == 4,
            _ => digits == 3,
        }
    }

    /// The network of this brand, if `networks[preferred]` accepts it.
    pub fn own_network(self) -> Option<CardNetwork> {
        match self {
            Self::Visa => Some(CardNetwork::Visa),
            Self::MasterCard => Some(CardNetwork::Mastercard),
            _ => None,
        }
    }
}

/// How a card is funded, in the spelling of Stripe's card object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardFunding {
    Credit,
    Debit,
    Prepaid,
    Unknown,
}

words!(CardFunding {
    Credit => "credit",
    Debit => "debit",
    Prepaid => "prepaid",
    Unknown => "unknown",
});

/// A range of prefixes that belongs to one brand. `first` and `last` have the same number of digits.
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

/// Longer prefixes come first and win. Ranges whose prefixes have the same length do not overlap.
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
        // `get` because a character that is not a digit may be wider than a byte; no range starts with it.
        digits.get(..known).is_some_and(|head| (&self.first[..known]..=&self.last[..known]).contains(&head))
    }
}

/// The brand of the numbers that start with `digits`, by the prefix table alone.
pub(super) fn brand_so_far_by_range(digits: &str) -> BrandSoFar {
    let mut found = None;
    for range in BIN_RANGES.iter().filter(|range| range.admits(digits)) {
        // This range is fully typed, so it wins over the shorter prefixes after it.
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

/// The lengths in digits, shortest and longest, of the range that `digits` lies in.
pub(super) fn lengths_of_range(digits: &str) -> Option<(usize, usize)> {
    range_of(digits).map(|range| (range.shortest, range.longest))
}

/// The brand of the range that a whole number lies in.
pub(super) fn brand_of_range(digits: &str) -> Option<Brand> {
    range_of(digits).map(|range| range.brand)
}

fn range_of(digits: &str) -> Option<&'static BinRange> {
    BIN_RANGES.iter().find(|range| digits.len() >= range.first.len() && range.admits(digits))
}

/// Which brand a number that starts with the digits typed so far can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrandSoFar {
    /// More than one brand is possible.
    Open,
    /// Only one brand is possible.
    One(Brand),
    /// No known brand has such a prefix.
    Impossible,
}
