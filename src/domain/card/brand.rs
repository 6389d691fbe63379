//! The brand of a card: its names, the prefixes and lengths of its numbers, its security code.
//!
//! Ranges and lengths are those of Stripe's own clients (stripe-android `CardBrand.kt`, stripe/jquery.payment); the
//! wider lengths that other validators allow are not good here, because Stripe answers `incorrect_number` to them.

use super::networks::CardNetwork;
use crate::domain::words::words;

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

// The words of `card.brand`: Stripe writes "MasterCard" with a capital C here.
words!(Brand {
    Visa => "Visa",
    MasterCard => "MasterCard",
    AmericanExpress => "American Express",
    Discover => "Discover",
    DinersClub => "Diners Club",
    Jcb => "JCB",
    UnionPay => "UnionPay",
    EftposAustralia => "Eftpos Australia",
    Unknown => "Unknown",
});

impl Brand {
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

    /// How many digits the security code of this brand should have. Three are accepted for American Express too.
    pub fn cvc_digits(self) -> usize {
        if self == Self::AmericanExpress { 4 } else { 3 }
    }

    /// A security code that passes for this brand.
    pub fn passing_cvc(self) -> &'static str {
        if self.cvc_digits() == 4 { "1234" } else { "123" }
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

words!(Funding {
    Credit => "credit",
    Debit => "debit",
    Prepaid => "prepaid",
    Unknown => "unknown",
});

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

/// What a number that starts with `digits` can still become, by the ranges of the brands.
pub(super) fn brand_so_far_by_range(digits: &str) -> BrandSoFar {
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

/// The lengths in digits, shortest and longest, of the range that a number starting so lies in.
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
