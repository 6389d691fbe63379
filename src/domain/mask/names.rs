//! What the name of a parameter says about its value: a card number, a security code, or something that is looked up.

use super::{
    codes::{self, NameMeaning},
    encoded,
};

/// Whether a parameter of this name always holds a security code.
pub fn is_security_code(name: &str) -> bool {
    named(name) == NameMeaning::Code
}

/// Whether a hidden value of this parameter was a security code. For an ambiguous name it was, because only a value of
/// three or four digits is hidden under such a name.
pub fn hides_security_code(name: &str) -> bool {
    named(name) != NameMeaning::Other
}

/// What the name of a parameter says about its value.
pub(super) fn named(name: &str) -> NameMeaning {
    // A client may encode a name twice: `card%5Bcvc%5D`.
    let name = &encoded::plain(name);
    if !codes::may_name_code(name) {
        return NameMeaning::Other;
    }
    if parts(name).any(|part| codes::named(part) == NameMeaning::Code) {
        return NameMeaning::Code;
    }
    match codes::named(parts(name).next_back().unwrap_or_default()) {
        // `verification_code` alone is no security code, `card[verification_code]` is.
        NameMeaning::Other => codes::named(name),
        named => named,
    }
}

/// The parts of a parameter's name: `card` and `number` for `card[number]`.
fn parts(name: &str) -> impl DoubleEndedIterator<Item = &str> {
    name.split('[').map(|part| part.strip_suffix(']').unwrap_or(part)).filter(|part| !part.is_empty())
}

/// Last parts of parameter names that mean a card number, in lower case without separators: `card[number]`,
/// `cardNumber` (W3C Payment Request), `cc-number` (HTML autocomplete), `pan` (ISO 7812).
const NUMBER_NAMES: [&str; 11] = [
    "number",
    "cardnumber",
    "cardno",
    "cardnum",
    "ccnumber",
    "ccno",
    "ccnum",
    "creditcardnumber",
    "debitcardnumber",
    "pan",
    "primaryaccountnumber",
];

/// Whether the value of a parameter is hidden altogether rather than masked. Customers are looked up by their email
/// address, so an address with a secret in it is stored as a hash, and must not be shown in part beside it
/// ([`super::identity`]). The rule applies to every parameter whose name ends in `email`.
pub(super) fn is_looked_up(name: &str) -> bool {
    parts(name).next_back().is_some_and(|last| last.ends_with("email"))
}

pub(super) fn is_number_name(name: &str) -> bool {
    let last = parts(name).next_back().unwrap_or_default().bytes();
    let letters = last.filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let is_one = NUMBER_NAMES.iter().any(|known| letters.clone().eq(known.bytes()));
    is_one && !parts(name).any(|part| part == "metadata")
}
