//! The state of each field of the form while it is typed, with messages for the user.

use jiff::civil::Date;

use crate::domain::{
    card::{
        brand::{Brand, BrandSoFar},
        digits::ascii_digits,
        expiry::{CardExpiry, ExpiryFault, split_expiry},
        number::{self, CardNumber, brand_so_far},
        test_cards,
    },
    plural::number_of,
};

/// The state of a field. `Advice` and `Wrong` hold a message for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldState {
    /// Empty or incomplete, and still being typed.
    NotYet,
    Right,
    /// Valid, but with something worth knowing.
    Advice(String),
    Wrong(String),
}

/// The state of the card number, typed without separators. `left` is whether the field has lost the focus.
pub fn number_state(text: &str, left: bool) -> FieldState {
    let text = ascii_digits(text);
    if text.is_empty() {
        return FieldState::NotYet;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return FieldState::Wrong("A card number has digits only".to_owned());
    }
    let (shortest, longest) = number::lengths(&text);
    let digits = text.len();
    let complete = (shortest..=longest).contains(&digits);
    if complete && number::passes_luhn(&text) {
        return match (test_cards::by_number(&text), brand_so_far(&text)) {
            (Some(_), _) => FieldState::Right,
            (None, BrandSoFar::Impossible) => {
                FieldState::Advice("Not a published test card, and of no known brand".to_owned())
            }
            (None, _) => FieldState::Advice("Not a published test card: never enter a real one".to_owned()),
        };
    }
    if digits > longest {
        FieldState::Wrong(format!("{} too many", number_of((digits - longest) as u64, "digit", "digits")))
    } else if brand_so_far(&text) == BrandSoFar::Impossible {
        FieldState::Wrong("No card brand starts with these digits".to_owned())
    } else if complete && (digits == longest || left) {
        FieldState::Wrong("The last digit does not fit the others (Luhn check)".to_owned())
    } else if left {
        FieldState::Wrong(format!("{} missing", number_of(shortest.saturating_sub(digits) as u64, "digit", "digits")))
    } else {
        FieldState::NotYet
    }
}

/// The state of the expiry, typed without separators. `left` is whether the field has lost the focus.
pub fn expiry_state(text: &str, today: Date, left: bool) -> FieldState {
    let (month, year) = split_expiry(text);
    if text.is_empty() {
        return FieldState::NotYet;
    }
    let incomplete = month.len() < 2 || year.len() < 2 || (year.len() == 3 && year.bytes().all(|b| b.is_ascii_digit()));
    let month_fault = matches!(CardExpiry::read(&month, "99", today), Err(ExpiryFault::NoSuchMonth));
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match CardExpiry::read(&month, &year, today) {
        Ok(_) => FieldState::Right,
        Err(ExpiryFault::NoSuchMonth) if month.len() >= 2 || !all_digits => {
            FieldState::Wrong("Month must be 1–12".to_owned())
        }
        // "20" can be the start of 2030 as well as a past year.
        Err(_) if !left && all_digits && (incomplete || (year == "20" && !month_fault)) => FieldState::NotYet,
        Err(_) if incomplete && all_digits => FieldState::Wrong("Month and year, as in 05 / 30".to_owned()),
        Err(ExpiryFault::NoSuchMonth) => FieldState::Wrong("Month must be 1–12".to_owned()),
        Err(ExpiryFault::NoSuchYear) => FieldState::Wrong("Year must have two or four digits".to_owned()),
        Err(ExpiryFault::PastYear | ExpiryFault::PastMonth) => FieldState::Wrong("This date has passed".to_owned()),
        Err(ExpiryFault::TooFar) => FieldState::Wrong("More than 50 years ahead".to_owned()),
    }
}

/// The state of the security code for a card number, both as typed. `left` is whether the field has lost the focus.
pub fn cvc_state(text: &str, number: &str, left: bool) -> FieldState {
    let brand = brand_of(number);
    let digits = text.len();
    if text.is_empty() {
        return if left { FieldState::Advice("No CVC: it will not be checked".to_owned()) } else { FieldState::NotYet };
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return FieldState::Wrong("A CVC has digits only".to_owned());
    }
    let longest = if brand.is_none_or(|brand| brand.accepts_cvc_digits(4)) { 4 } else { 3 };
    match brand {
        _ if digits > longest => {
            FieldState::Wrong(format!("{} too many", number_of((digits - longest) as u64, "digit", "digits")))
        }
        Some(Brand::AmericanExpress) if digits == 3 && left => {
            FieldState::Advice("American Express prints 4 digits; 3 are accepted".to_owned())
        }
        Some(Brand::AmericanExpress) if digits == 3 => FieldState::NotYet,
        _ if digits >= 3 => FieldState::Right,
        _ if left => FieldState::Wrong(format!("{} missing", number_of((3 - digits) as u64, "digit", "digits"))),
        _ => FieldState::NotYet,
    }
}

/// Whether a card number takes no more digits: it is right, and its brand has no longer ones. A published number is as
/// long as it is. A digit that is typed at its end belongs to the next field then.
pub fn number_is_full(text: &str) -> bool {
    let digits = ascii_digits(text);
    let is_good = matches!(number_state(&digits, false), FieldState::Right | FieldState::Advice(_));
    is_good && digits.len() == number::lengths(&digits).1
}

/// Whether an expiry takes no more digits. "20" can be the start of 2030.
pub fn expiry_is_full(text: &str, today: Date) -> bool {
    matches!(text.len(), 4 | 6)
        && !(text.len() == 4 && text.ends_with("20"))
        && expiry_state(text, today, false) == FieldState::Right
}

/// Whether the security code of this number takes no more digits. While no brand is known, a code may have three digits
/// or four: then it never is full.
pub fn cvc_is_full(text: &str, number: &str) -> bool {
    let is_full = |brand: Brand| text.len() == brand.cvc_digits();
    text.bytes().all(|byte| byte.is_ascii_digit()) && brand_of(number).is_some_and(is_full)
}

/// The brand of a number as typed, where it is known.
fn brand_of(number: &str) -> Option<Brand> {
    let number = ascii_digits(number);
    let brand = match CardNumber::parse(&number) {
        Some(number) => number.brand(),
        None => match brand_so_far(&number) {
            BrandSoFar::One(brand) => brand,
            BrandSoFar::Open | BrandSoFar::Impossible => return None,
        },
    };
    Some(brand).filter(|brand| *brand != Brand::Unknown)
}

/// A field of the form that an error's `param` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormField {
    Number,
    Expiry,
    Cvc,
    Name,
    Line1,
    Line2,
    City,
    State,
    Zip,
    Country,
    Currency,
    Network,
    Customer,
    CustomerCard,
}

impl FormField {
    pub const ALL: [Self; 14] = [
        Self::Number,
        Self::Expiry,
        Self::Cvc,
        Self::Name,
        Self::Line1,
        Self::Line2,
        Self::City,
        Self::State,
        Self::Zip,
        Self::Country,
        Self::Currency,
        Self::Network,
        Self::Customer,
        Self::CustomerCard,
    ];

    /// The field for a bare (`exp_year`) or whole (`card[exp_year]`) parameter name.
    pub fn of_param(param: &str) -> Option<Self> {
        let bare = param.strip_prefix("card[").map_or(param, |rest| rest.trim_end_matches(']'));
        Some(match bare {
            "number" => Self::Number,
            "exp_month" | "exp_year" => Self::Expiry,
            "cvc" => Self::Cvc,
            "name" => Self::Name,
            "address_line1" => Self::Line1,
            "address_line2" => Self::Line2,
            "address_city" => Self::City,
            "address_state" => Self::State,
            "address_zip" => Self::Zip,
            "address_country" => Self::Country,
            "currency" => Self::Currency,
            "networks" | "networks][preferred" => Self::Network,
            "customer" => Self::Customer,
            "card" => Self::CustomerCard,
            _ => return None,
        })
    }
}
