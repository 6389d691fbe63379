//! What the name of a parameter says of its value: a card number, a security code, something that is looked up.

use super::{
    codes::{self, Named},
    encoded,
};

/// Whether a parameter of this name holds a security code, whatever its value.
pub fn is_security_code(name: &str) -> bool {
    named(name) == Named::Code
}

/// Whether what is hidden of a parameter of this name is a security code: its value told so, if not its name alone.
pub fn hides_security_code(name: &str) -> bool {
    named(name) != Named::Other
}

/// What the name of a parameter says of its value.
pub(super) fn named(name: &str) -> Named {
    // A client may encode a name twice: `card%5Bcvc%5D`.
    let name = &encoded::plain(name);
    if !codes::may_name_code(name) {
        return Named::Other;
    }
    if parts(name).any(|part| codes::named(part) == Named::Code) {
        return Named::Code;
    }
    match codes::named(parts(name).next_back().unwrap_or_default()) {
        // `card[verification_code]` is one as a whole only.
        Named::Other => codes::named(name),
        named => named,
    }
}

/// The parts of a parameter's name: `card[number]` is `card` and `number`.
fn parts(name: &str) -> impl DoubleEndedIterator<Item = &str> {
    name.split('[').map(|part| part.strip_suffix(']').unwrap_or(part)).filter(|part| !part.is_empty())
}

/// The last parts of names that mean the number of a card, in lower case and without signs: `card[number]`,
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

/// Customers are looked up by their email address: a hash stands for it where it may not be kept ([`identity`]), so it is
/// hidden altogether, and so is every other parameter that holds one.
pub(super) fn is_looked_up(name: &str) -> bool {
    parts(name).next_back().is_some_and(|last| last.ends_with("email"))
}

pub(super) fn is_number_name(name: &str) -> bool {
    let last = parts(name).next_back().unwrap_or_default().bytes();
    let letters = last.filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let is_one = NUMBER_NAMES.iter().any(|known| letters.clone().eq(known.bytes()));
    is_one && !parts(name).any(|part| part == "metadata")
}
