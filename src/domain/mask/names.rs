//! What the name of a parameter says about its value: a card number, a security code, or something that is looked up.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    codes::{self, NameMeaning},
    encoded,
};

/// The names of parameters and headers that come with nearly every call. None of them holds a secret, and what each says
/// of its value is worked out once.
const USUAL: [&str; 37] = [
    "amount",
    "capture",
    "card",
    "card[address_city]",
    "card[address_country]",
    "card[address_line1]",
    "card[address_line2]",
    "card[address_state]",
    "card[address_zip]",
    "card[currency]",
    "card[cvc]",
    "card[exp_month]",
    "card[exp_year]",
    "card[name]",
    "card[networks][preferred]",
    "card[number]",
    "card[token]",
    "charge",
    "currency",
    "customer",
    "description",
    "email",
    "ending_before",
    "expand[]",
    "limit",
    "name",
    "phone",
    "reason",
    "source",
    "starting_after",
    "type",
    "Content-Type",
    "Idempotency-Key",
    "Stripe-Account",
    "Stripe-Context",
    "Stripe-Version",
    "User-Agent",
];

static USUAL_TRAITS: LazyLock<HashMap<&str, NameTraits>> =
    LazyLock::new(|| USUAL.into_iter().map(|name| (name, NameTraits::worked_out(name))).collect());

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameTraits {
    pub(super) meaning: NameMeaning,
    /// Whether the value is a card number.
    pub(super) is_number: bool,
    /// Whether the value is hidden altogether rather than masked.
    pub(super) is_looked_up: bool,
}

impl NameTraits {
    pub(super) fn of(name: &str) -> Self {
        USUAL_TRAITS.get(name).copied().unwrap_or_else(|| Self::worked_out(name))
    }

    fn worked_out(name: &str) -> Self {
        Self { meaning: named(name), is_number: is_number_name(name), is_looked_up: is_looked_up(name) }
    }
}

/// Whether it is the name of a documented parameter or header, which holds no secret.
pub(super) fn is_usual(name: &str) -> bool {
    USUAL_TRAITS.contains_key(name)
}

/// Whether a parameter of this name always holds a security code.
pub fn is_security_code(name: &str) -> bool {
    NameTraits::of(name).meaning == NameMeaning::Code
}

/// Whether a hidden value of this parameter was a security code. For an ambiguous name it was, because only a value of
/// three or four digits is hidden under such a name.
pub fn hides_security_code(name: &str) -> bool {
    NameTraits::of(name).meaning != NameMeaning::Other
}

/// Whether a name means a security code.
fn named(name: &str) -> NameMeaning {
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
fn is_looked_up(name: &str) -> bool {
    parts(name).next_back().is_some_and(|last| last.ends_with("email"))
}

fn is_number_name(name: &str) -> bool {
    let last = parts(name).next_back().unwrap_or_default().bytes();
    let letters = last.filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let is_one = NUMBER_NAMES.iter().any(|known| letters.clone().eq(known.bytes()));
    is_one && !parts(name).any(|part| part == "metadata")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask;

    #[test]
    fn a_usual_name_is_what_it_would_be_worked_out_to_be_and_holds_no_secret() {
        for name in USUAL {
            assert_eq!(NameTraits::of(name), NameTraits::worked_out(name), "{name}");
            assert!(mask::is_whole(name) && name.split(['[', ']']).all(mask::is_whole), "{name}");
        }
        let code = NameTraits::of("card[cvc]");
        assert_eq!((code.meaning, code.is_number), (NameMeaning::Code, false));
        assert!(NameTraits::of("card[number]").is_number && NameTraits::of("email").is_looked_up);
    }
}
