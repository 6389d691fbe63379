//! The currencies that Stripe charges in, and the smallest charge in each.
//!
//! Source: docs.stripe.com/currencies, its tables "presentment currencies", "zero-decimal currencies" and "minimum and
//! maximum charge amounts".

use iso_currency::Currency;

/// The largest charge in any currency, in its smallest unit: eight digits.
pub const LARGEST_CHARGE: i64 = 99_999_999;

/// The currencies in the order in which Stripe's own error message lists them: the US dollar first, then
/// alphabetically.
pub const SUPPORTED: [&str; 135] = [
    "usd", "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bif",
    "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop", "crc", "cve",
    "czk", "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gnf", "gtq",
    "gyd", "hkd", "hnl", "hrk", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jpy", "kes", "kgs", "khr", "kmf",
    "krw", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mga", "mkd", "mmk", "mnt", "mop", "mur",
    "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr",
    "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd",
    "std", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx", "uyu", "uzs", "vnd", "vuv", "wst",
    "xaf", "xcd", "xof", "xpf", "yer", "zar", "zmw",
];

const WITHOUT_DECIMALS: [&str; 16] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];

const SMALLEST: [(&str, i64); 24] = [
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1000),
    ("usd", 50),
];

/// A currency that charges can be made in, one of [`SUPPORTED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeCurrency(&'static str);

impl ChargeCurrency {
    /// Parses a three-letter code in any case; `None` for a currency that Stripe does not charge in.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        SUPPORTED.into_iter().find(|known| *known == word).map(Self)
    }

    /// The code in lower case.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The smallest charge, in the currency's smallest unit. 1 where Stripe documents no minimum: our choice.
    pub fn smallest_charge(self) -> i64 {
        SMALLEST.iter().find(|(word, _)| *word == self.0).map_or(1, |(_, amount)| *amount)
    }

    /// An amount in the smallest unit as messages show it: `$0.50`, `¥50`, `£0.30`.
    pub fn show(self, amount: i64) -> String {
        let symbol = Currency::from_code(&self.0.to_ascii_uppercase())
            .map(|currency| currency.symbol().symbol)
            .unwrap_or_default();
        if WITHOUT_DECIMALS.contains(&self.0) {
            format!("{symbol}{}", grouped(amount))
        } else {
            format!("{symbol}{}.{:02}", grouped(amount / 100), amount % 100)
        }
    }
}

/// The number with commas between thousands: `999,999`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        for (word, amount, expected) in [
            ("usd", 50, "$0.50"),
            ("USD", LARGEST_CHARGE, "$999,999.99"),
            ("gbp", 30, "£0.30"),
            ("jpy", 1050, "¥1,050"),
        ] {
            assert_eq!(ChargeCurrency::parse(word).unwrap().show(amount), expected);
        }
    }

    #[test]
    fn a_currency_is_one_of_stripes() {
        assert_eq!(ChargeCurrency::parse("Eur").unwrap().as_str(), "eur");
        assert_eq!(ChargeCurrency::parse("xyz"), None);
        assert_eq!(ChargeCurrency::parse(""), None);
        assert!(SMALLEST.iter().all(|(word, _)| ChargeCurrency::parse(word).is_some()));
        assert!(WITHOUT_DECIMALS.iter().all(|word| ChargeCurrency::parse(word).is_some()));
    }
}
