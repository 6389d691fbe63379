//! A matrix: every combination of cards, security codes, postal codes, networks and amounts.
//!
//! ```text
//! card=4242424242424242,insufficient_funds cvc=good,bad,none zip=12345,"SW1A 1AA",none network=visa,none amount=2000,50
//! ```
//!
//! A card is a number, a ready token, a decline that one card is made for, or a word that published cards have in number,
//! name, brand, country or outcome: then all of them; `*` is all there are.

use super::{
    matrix_axes::{MatrixAxes, NONE},
    matrix_text::{self, StrayQuote, WrittenAxis, WrittenValue},
    row::{CvcVariant, RowParams, RowSource, RunRow},
};
use crate::domain::{
    call::{params::PREFERRED_NETWORK, token_calls::TokenCall},
    card::{
        networks::CardNetwork,
        number::{CardNumber, is_published},
        test_cards::{self, TestCard},
    },
    mask,
};

const AXES: &str = "card, cvc, zip, network and amount";

/// The values of each axis. An axis that was not named has one value, which is not mentioned in the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMatrix {
    cards: Vec<&'static TestCard>,
    cvcs: Vec<CvcVariant>,
    zips: Vec<Option<String>>,
    networks: Vec<Option<CardNetwork>>,
    amounts: Vec<String>,
    named: Vec<&'static str>,
}

/// Why a matrix cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    #[error(
        "the axes are {AXES}, and there is none '{0}'. Write NAME=VALUE,VALUE for each, with spaces between them, and \
             put a value with spaces in it between quotation marks"
    )]
    NoSuchAxis(String),
    #[error(
        "a quotation mark is not closed, or stands within a value. Put one before and one behind the whole value, and write \
         two for one in it, as in zip=\"SW1A 1AA\""
    )]
    StrayQuote,
    #[error("the axis {0} is there twice: put all its values behind one {0}=")]
    Twice(&'static str),
    #[error("the axis {0} has an empty value: write none to leave the field out")]
    Empty(&'static str),
    #[error("no published test card is known by '{0}'. See `testcard cards`, or name other numbers in a file")]
    NoSuchCard(String),
    #[error("'{value}' is no value of {axis}: it is {known}")]
    NoSuchValue { axis: &'static str, value: String, known: &'static str },
    #[error("the matrix has no card: write card=NUMBER,WORD or card=*")]
    NoCard,
}

impl RunMatrix {
    /// Reads the text of a matrix.
    ///
    /// # Errors
    /// What is wrong, and what to write instead. A value is repeated masked.
    pub fn parse(text: &str) -> Result<Self, MatrixError> {
        let mut matrix = Self {
            cards: Vec::new(),
            cvcs: vec![CvcVariant::Good],
            zips: vec![None],
            networks: vec![None],
            amounts: vec![TokenCall::DEFAULT_AMOUNT.to_owned()],
            named: Vec::new(),
        };
        for axis in matrix_text::axes(text).map_err(|StrayQuote| MatrixError::StrayQuote)? {
            matrix.read_axis(&axis)?;
        }
        if matrix.cards.is_empty() { Err(MatrixError::NoCard) } else { Ok(matrix) }
    }

    fn read_axis(&mut self, written: &WrittenAxis<'_>) -> Result<(), MatrixError> {
        let axis = ["card", "cvc", "zip", "network", "amount"]
            .into_iter()
            .find(|axis| *axis == written.name)
            .ok_or_else(|| MatrixError::NoSuchAxis(mask::text(written.name)))?;
        if self.named.contains(&axis) {
            return Err(MatrixError::Twice(axis));
        }
        self.named.push(axis);
        let values: Vec<&str> = written.values.iter().map(|value| &*value.text).collect();
        if values.is_empty() || values.contains(&"") {
            return Err(MatrixError::Empty(axis));
        }
        match axis {
            "card" => {
                for value in values {
                    self.cards.extend(cards(value)?);
                }
            }
            "cvc" => self.cvcs = read_all(&values, axis, "good, bad or none", cvc)?,
            "zip" => {
                let is_sent = |zip: &&WrittenValue<'_>| zip.is_quoted || zip.text != NONE;
                let zips = written.values.iter().map(|zip| Some(zip).filter(is_sent).map(|zip| zip.text.to_string()));
                self.zips = zips.collect();
            }
            "network" => {
                let known = "cartes_bancaires, mastercard, visa or none";
                self.networks = read_all(&values, axis, known, |word| match word {
                    NONE => Some(None),
                    word => word.parse().ok().map(Some),
                })?;
            }
            _ => self.amounts = values.into_iter().map(str::to_owned).collect(),
        }
        Ok(())
    }

    /// What is chosen on each axis, each value once.
    pub fn axes(&self) -> MatrixAxes {
        MatrixAxes {
            cards: each_once(&self.cards),
            cvcs: each_once(&self.cvcs),
            zips: each_once(&self.zips),
            networks: each_once(&self.networks),
            amounts: each_once(&self.amounts),
        }
    }

    /// How many rows the matrix has.
    pub fn len(&self) -> usize {
        [self.cvcs.len(), self.zips.len(), self.networks.len(), self.amounts.len()]
            .into_iter()
            .fold(self.cards.len(), usize::saturating_mul)
    }

    /// Never: a matrix has a card.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, made one by one: first all of the first card.
    pub fn rows(&self) -> impl Iterator<Item = RunRow> + '_ {
        self.cards.iter().flat_map(move |card| {
            self.cvcs.iter().flat_map(move |cvc| {
                self.zips.iter().flat_map(move |zip| {
                    self.networks.iter().flat_map(move |network| {
                        self.amounts.iter().map(move |amount| self.row(card, *cvc, zip.as_deref(), *network, amount))
                    })
                })
            })
        })
    }

    fn row(
        &self,
        card: &TestCard,
        cvc: CvcVariant,
        zip: Option<&str>,
        network: Option<CardNetwork>,
        amount: &str,
    ) -> RunRow {
        let mut row = RunRow { amount: amount.to_owned(), ..RunRow::of_card(card, cvc) };
        if let RowSource::Params(RowParams { params, .. }) = &mut row.source {
            if let Some(zip) = zip {
                params.push("card[address_zip]", zip);
            }
            if let Some(network) = network {
                params.push(PREFERRED_NETWORK, network.as_str());
            }
        }
        let values = [
            ("cvc", format!("CVC {}", cvc.as_str())),
            ("zip", format!("ZIP {}", zip_words(zip))),
            ("network", format!("network {}", network.map_or(NONE, CardNetwork::as_str))),
            ("amount", format!("amount {}", mask::text(amount))),
        ];
        let named = values.into_iter().filter(|(axis, _)| self.named.contains(axis)).map(|(_, words)| words);
        row.variant = named.collect::<Vec<_>>().join(" · ");
        row
    }
}

/// A postal code as a row says it, masked; the word for none of it in quotation marks, for it may be sent as well.
fn zip_words(zip: Option<&str>) -> String {
    match zip {
        None => NONE.to_owned(),
        Some(NONE) => format!("\"{NONE}\""),
        Some(zip) => mask::param("card[address_zip]", zip).0,
    }
}

fn each_once<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}

fn cvc(word: &str) -> Option<CvcVariant> {
    // The code of a matrix is never a given one.
    word.parse().ok().filter(|variant| *variant != CvcVariant::Given)
}

fn read_all<T>(
    values: &[&str],
    axis: &'static str,
    known: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, MatrixError> {
    let wrong = |value: &str| MatrixError::NoSuchValue { axis, value: mask::param(axis, value).0, known };
    values.iter().map(|value| read(value).ok_or_else(|| wrong(value))).collect()
}

/// The published test cards that a word stands for.
///
/// # Errors
/// No card is known by it.
pub fn cards(word: &str) -> Result<Vec<&'static TestCard>, MatrixError> {
    if word == "*" {
        return Ok(test_cards::all().iter().collect());
    }
    let one = test_cards::by_number(word).or_else(|| test_cards::by_alias(word)).or_else(|| test_cards::made_for(word));
    if let Some(card) = one {
        return Ok(vec![card]);
    }
    // A whole number means that card and no other that happens to have its digits.
    let is_number = CardNumber::parse(word).is_some() && !is_published(word);
    let found: Vec<_> = if is_number { Vec::new() } else { test_cards::search(word).collect() };
    if found.is_empty() { Err(MatrixError::NoSuchCard(mask::param("card[number]", word).0)) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_matrix_has_every_combination_and_says_what_is_varied() {
        let text = "card=4242424242424242,insufficient_funds cvc=good,bad,none zip=12345,none network=visa,none amount=2000,50";
        let matrix = RunMatrix::parse(text).unwrap();
        let rows: Vec<RunRow> = matrix.rows().collect();
        assert_eq!((rows.len(), matrix.len()), (48, 48));
        assert_eq!(rows[0].variant, "CVC good · ZIP 12345 · network visa · amount 2000");
        assert_eq!(rows[47].variant, "CVC none · ZIP none · network none · amount 50");
        let sent = rows[24].on(date(2030, 1, 15)).request.params;
        assert_eq!(sent.get("card[number]"), Some("4000000000009995"));
        assert_eq!((sent.get("card[address_zip]"), sent.get(PREFERRED_NETWORK)), (Some("12345"), Some("visa")));
        let quoted = RunMatrix::parse("card=tok_visa zip=\"SW1A 1AA\",\"none\",none").unwrap();
        let zips = quoted.rows().map(|row| {
            let sent = row.on(date(2030, 1, 15)).request.params.get("card[address_zip]").map(str::to_owned);
            (row.variant, sent)
        });
        let expected = [("ZIP SW1A 1AA", Some("SW1A 1AA")), ("ZIP \"none\"", Some("none")), ("ZIP none", None)];
        let expected = expected.map(|(variant, sent)| (variant.to_owned(), sent.map(str::to_owned)));
        assert_eq!(zips.collect::<Vec<_>>(), expected);
        assert_eq!(RunMatrix::parse("card=\"insufficient funds\"").map(|matrix| matrix.len()), Ok(3));
        let plain = RunMatrix::parse("card=tok_visa").unwrap();
        assert_eq!(plain.rows().map(|row| row.variant).collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn what_is_chosen_is_written_as_it_is_read() {
        for (text, written) in [
            ("card=tok_visa", "card=4242424242424242"),
            ("card=4242424242424242,tok_visa", "card=4242424242424242"),
            ("cvc=none,bad card=*", "card=* cvc=none,bad"),
            ("card=tok_visa zip=\"SW1A 1AA\",\"12345\"", "card=4242424242424242 zip=\"SW1A 1AA\",12345"),
            (
                "card=tok_visa zip=\"none\",none,\"a,b\",\"\"\"\" amount=\"2 000\"",
                "card=4242424242424242 zip=\"none\",none,\"a,b\",\"\"\"\" amount=\"2 000\"",
            ),
            (
                "card=4000000000009995;network=visa,none zip=12345,none amount=50",
                "card=4000000000009995 zip=12345,none network=visa,none amount=50",
            ),
        ] {
            let axes = RunMatrix::parse(text).unwrap().axes();
            assert_eq!(axes.to_string(), written);
            assert_eq!(RunMatrix::parse(written).unwrap().axes(), axes);
        }
        assert_eq!(MatrixAxes::default().to_string(), "");
    }

    #[test]
    fn a_card_is_named_by_number_token_decline_or_a_word_of_several() {
        for (text, count) in [("*", 318), ("tok_visa", 1), ("4000000000009995", 1), ("insufficient_funds", 1)] {
            assert_eq!(RunMatrix::parse(&format!("card={text}")).unwrap().len(), count, "{text}");
        }
        assert!(RunMatrix::parse("card=declined").unwrap().len() > 1);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_write_and_no_number_is_repeated() {
        for (text, words) in [
            ("", "the matrix has no card"),
            ("cvc=good", "the matrix has no card"),
            ("pin=1 card=*", "there is none 'pin'"),
            ("card=* cvc=wrong", "'•••' is no value of cvc: it is good, bad or none"),
            ("card=* cvc=given", "is no value of cvc"),
            ("card=* cvc=good cvc=bad", "the axis cvc is there twice"),
            ("card=* network=amex", "'amex' is no value of network"),
            ("card=* zip=,none", "the axis zip has an empty value"),
            ("card=* zip=\"\"", "the axis zip has an empty value"),
            ("card=* zip", "the axis zip has an empty value"),
            (
                "card=* zip=SW1A 1AA",
                "there is none '1AA'. Write NAME=VALUE,VALUE for each, with spaces between them, and put",
            ),
            ("card=* zip=\"SW1A 1AA", "a quotation mark is not closed"),
            ("card=* zip=\"4539578763621486\"x", "a quotation mark is not closed, or stands within a value. Put one"),
            ("card=nosuchcard", "no published test card is known by 'nosuchcard'"),
            ("card=4539578763621486", "known by '453957******1486'"),
        ] {
            let error = RunMatrix::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
