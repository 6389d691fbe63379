//! Formatting of the card fields while a person types: digits are grouped, and the caret stays at the same digit.
//!
//! A field keeps its text without separators. Each edit of the shown text is read back into that text and a caret
//! position in it, and both are formatted again. So inserting, deleting and pasting anywhere regroups the digits.

use std::fmt;

use super::{
    brand::{Brand, BrandSoFar},
    digits::ascii_digits,
    number::brand_so_far,
};
use crate::domain::invisible::is_blank;

/// One of the card fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardField {
    Number,
    Expiry,
    Cvc,
}

/// A text without separators, and the caret position in it, in characters. It may be a number or a code, so `Debug` shows
/// its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedText {
    pub text: String,
    pub caret: usize,
}

impl fmt::Debug for TypedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypedText({} bytes, caret at {})", self.text.len(), self.caret)
    }
}

/// An edit of the shown text by the window's text field. It has no `Debug`, for the same reason.
#[derive(Clone, Copy)]
pub struct TypedEdit<'a> {
    /// The field's text before the edit, without separators.
    pub kept: &'a str,
    /// The caret position in the shown text before the edit, in characters.
    pub caret_before: usize,
    /// The shown text after the edit.
    pub shown: &'a str,
    /// The caret position in `shown`, in characters.
    pub caret: usize,
}

impl CardField {
    /// The text with its separators, as the field shows it.
    pub fn show(self, text: &str) -> String {
        let breaks = self.breaks(text);
        let mut shown = String::with_capacity(text.len() + 8);
        for (place, c) in text.chars().enumerate() {
            if breaks.contains(&place) {
                shown.push_str(self.separator());
            }
            shown.push(c);
        }
        // The slash appears as soon as the month has two digits.
        if self == Self::Expiry && breaks.contains(&text.chars().count()) {
            shown.push_str(self.separator());
        }
        shown
    }

    /// Converts a caret position in the kept text to one in the shown text, both in characters.
    pub fn shown_caret(self, text: &str, caret: usize) -> usize {
        // After the month's second digit the caret stands after the slash.
        let behind = |place: &usize| if self == Self::Expiry { *place <= caret } else { *place < caret };
        caret + self.breaks(text).iter().filter(|place| behind(place)).count() * self.separator().len()
    }

    /// Reads an edit of the shown text back into the kept text and caret position.
    pub fn edit(self, edit: TypedEdit<'_>) -> TypedText {
        let before: String = edit.shown.chars().take(edit.caret).collect();
        let grew = edit.shown.len() > self.show(edit.kept).len();
        let mut typed =
            TypedText { text: self.clean(edit.shown, grew), caret: self.clean(&before, grew).chars().count() };
        typed.caret = typed.caret.min(typed.text.chars().count());
        if typed.text == edit.kept && is_deletion(&self.show(edit.kept), edit.shown, edit.caret) {
            // Backspace over a separator deletes the character before it, Delete the one after it.
            let backspace = edit.caret < edit.caret_before;
            let victim = if backspace { typed.caret.checked_sub(1) } else { Some(typed.caret) };
            if let Some(victim) = victim {
                typed.text =
                    typed.text.chars().enumerate().filter(|(place, _)| *place != victim).map(|(_, c)| c).collect();
                typed.caret = victim;
            }
        }
        // The first digit of all, or one that was typed over all of the text.
        let inserted_first = self == Self::Expiry
            && typed.text.len() == 1
            && typed.caret == 1
            && typed.text != edit.kept
            && !is_deletion(&self.show(edit.kept), edit.shown, edit.caret);
        if inserted_first && ("2"..="9").contains(&typed.text.as_str()) {
            typed = TypedText { text: format!("0{}", typed.text), caret: 2 };
        }
        typed.caret = typed.caret.min(typed.text.chars().count());
        typed
    }

    /// The shown text without separators. `1/` becomes the month `01` only if the text `grew`, that is after typing and
    /// not after a deletion.
    fn clean(self, shown: &str, grew: bool) -> String {
        let text: String = plain_signs(shown).chars().filter(|c| !is_blank(*c)).collect();
        match self {
            Self::Number => text.chars().filter(|c| !matches!(c, '-' | '.')).collect(),
            Self::Expiry => clean_expiry(&text, grew),
            Self::Cvc => text,
        }
    }

    fn separator(self) -> &'static str {
        if self == Self::Expiry { " / " } else { " " }
    }

    /// The positions in the kept text before which a separator is shown. Text that is not all digits is shown without
    /// separators.
    fn breaks(self, text: &str) -> &'static [usize] {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return &[];
        }
        match self {
            Self::Number => number_breaks(text),
            Self::Expiry => &[2],
            Self::Cvc => &[],
        }
    }
}

/// The text with digits of any script as ASCII digits, and with every dash and slash as the one that keyboards have.
fn plain_signs(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{2044}' | '\u{2215}' | '\u{ff0f}' => '/',
        '\u{ff0e}' => '.',
        c => c,
    };
    ascii_digits(text).chars().map(plain).collect()
}

/// Whether `after` is `before` with characters deleted at the caret. Pasting the same digits without their spaces is
/// not a deletion.
fn is_deletion(before: &str, after: &str, caret: usize) -> bool {
    let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let Some(gone) = before.len().checked_sub(after.len()).filter(|gone| *gone > 0) else { return false };
    caret <= after.len() && before[..caret] == after[..caret] && before[caret + gone..] == after[caret..]
}

fn number_breaks(digits: &str) -> &'static [usize] {
    match brand_so_far(digits) {
        BrandSoFar::One(Brand::AmericanExpress) => &[4, 10],
        BrandSoFar::One(Brand::DinersClub) if digits.starts_with("36") || digits.len() == 14 => &[4, 10],
        _ => &[4, 8, 12, 16],
    }
}

/// Month and year as digits where they can be told apart (`12/30`, `1/2030`, `2030-12`), else the text as typed. With
/// `pads`, a month of one digit gets a leading zero.
fn clean_expiry(text: &str, pads: bool) -> String {
    let mut parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    // A typed slash after the one that the field inserted.
    if let [_, "", _] = parts[..] {
        parts.remove(1);
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match parts[..] {
        [whole] => whole.to_owned(),
        [year, month] if year.len() == 4 && month.len() == 2 && digits(year) && digits(month) => {
            format!("{month}{year}")
        }
        [month, year] if pads && digits(month) && digits(year) && (1..=2).contains(&month.len()) => {
            format!("{month:0>2}{year}")
        }
        // A digit was typed before the slash, or the slash stands before the month: keep the digits only.
        [month, year] if digits(month) && digits(year) => format!("{month}{year}"),
        _ => text.to_owned(),
    }
}

/// A pasted card number with the expiry date and security code that followed it.
#[derive(Clone, PartialEq, Eq)]
pub struct PastedCard {
    /// Digits without separators.
    pub number: String,
    /// Without the slash, as the expiry field keeps it.
    pub expiry: String,
    pub cvc: Option<String>,
}

/// Splits `4242 4242 4242 4242 12/34 123` into its three fields; `None` if the text is not a number and an expiry date.
/// The security code may be missing.
pub fn split_paste(text: &str) -> Option<PastedCard> {
    let text: String = plain_signs(text).chars().filter(|c| c.is_whitespace() || !is_blank(*c)).collect();
    let (left, right) = text.split_once('/')?;
    let left = left.trim_end();
    let (number, month) = left.split_at(left.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let number: String = number.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | ',' | ';' | '|')).collect();
    let mut behind = right.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let year = behind.next()?;
    let cvc = behind.next();
    let is_card = (12..=19).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=2).contains(&month.len())
        && (year.len() == 2 || year.len() == 4)
        && cvc.is_none_or(|cvc| (3..=4).contains(&cvc.len()))
        && behind.next().is_none()
        && right.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, ',' | ';' | '|'));
    is_card.then(|| PastedCard { number, expiry: format!("{month:0>2}{year}"), cvc: cvc.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Edits a field that holds `kept`. `before` and `after` are the shown text before and after the edit, with the
    /// caret at `|`.
    #[track_caller]
    fn check(field: CardField, kept: &str, before: &str, after: &str, expected: &str) {
        let caret = |marked: &str| marked.chars().position(|c| c == '|').unwrap();
        let plain = |marked: &str| marked.replace('|', "");
        assert_eq!(field.show(kept), plain(before), "the test itself");
        let typed =
            field.edit(TypedEdit { kept, caret_before: caret(before), shown: &plain(after), caret: caret(after) });
        let shown = field.show(&typed.text);
        let place = field.shown_caret(&typed.text, typed.caret);
        let marked: String = shown.chars().take(place).chain("|".chars()).chain(shown.chars().skip(place)).collect();
        assert_eq!(marked, expected);
    }

    #[test]
    fn a_number_is_grouped_and_the_caret_stays_with_the_digits() {
        let number = CardField::Number;
        check(number, "", "|", "4|", "4|");
        check(number, "4242", "4242|", "42424|", "4242 4|");
        check(number, "42424", "4242 4|", "4242 |", "4242|");
        check(number, "42424242", "42|42 4242", "421|42 4242", "421|4 2424 2");
        check(number, "42424242", "4242 |4242", "4242|4242", "424|4 242");
        check(number, "42424242", "4242| 4242", "4242|4242", "4242| 242");
        check(number, "37828", "3782 8|", "3782 82|", "3782 82|");
        check(number, "3782822463", "3782 822463|", "3782 8224631|", "3782 822463 1|");
        check(number, "", "|", "4242-4242 4242.4242|", "4242 4242 4242 4242|");
        check(number, "", "|", "４２４２４|", "4242 4|");
        check(number, "4242", "4242|", "4242a|", "4242a|");
        check(number, "", "|", "36227206271667|", "3622 720627 1667|");
        check(number, "", "|", "6205500000000000004|", "6205 5000 0000 0000 004|");
        // The same digits without their spaces, pasted over the whole text.
        check(number, "42424242", "4242 4242|", "42424242|", "4242 4242|");
    }

    #[test]
    fn an_expiry_is_one_field() {
        let expiry = CardField::Expiry;
        check(expiry, "", "|", "5|", "05 / |");
        check(expiry, "", "|", "1|", "1|");
        check(expiry, "1", "1|", "12|", "12 / |");
        check(expiry, "1", "1|", "1/|", "01 / |");
        check(expiry, "1", "1|", "13|", "13 / |");
        check(expiry, "12", "12 / |", "12 / 3|", "12 / 3|");
        check(expiry, "12", "12 / |", "12 /|", "1|");
        check(expiry, "12", "12 / |", "12 / /|", "12 / |");
        check(expiry, "12", "12 / |", "12 / -|", "12 / |");
        check(expiry, "", "|", "12/2034|", "12 / 2034|");
        check(expiry, "", "|", "2034-12|", "12 / 2034|");
        check(expiry, "", "|", "1/34|", "01 / 34|");
        check(expiry, "1234", "12 / 34|", "12 / 3|", "12 / 3|");
        check(expiry, "05", "05 / |", "05 /|", "0|");
        // Typed over the whole of it.
        check(expiry, "1234", "12 / 34|", "5|", "05 / |");
        check(expiry, "1234", "12 / 34|", "1|", "1|");
        check(expiry, "05", "05 / |", "5|", "05 / |");
    }

    #[test]
    fn a_pasted_card_fills_three_fields() {
        let pasted = split_paste("4242 4242 4242 4242 12/34 123").unwrap();
        assert_eq!(
            (pasted.number.as_str(), pasted.expiry.as_str(), pasted.cvc.as_deref()),
            ("4242424242424242", "1234", Some("123"))
        );
        let pasted = split_paste("378282246310005\t1/2034").unwrap();
        assert_eq!((pasted.number.as_str(), pasted.expiry.as_str(), pasted.cvc), ("378282246310005", "012034", None));
        // Full-width digits, and the special spaces that web pages contain.
        for text in ["４２４２ 4242 4242 4242　12/34", "4242\u{a0}4242\u{a0}4242\u{a0}4242\u{a0}12/34"] {
            assert_eq!(split_paste(text).unwrap().number, "4242424242424242", "{text}");
        }
        for text in [
            "4242424242424242",
            "é12/34",
            "４２４２　12/34",
            "12/34",
            "4242 4242 4242 4242 12/34 12345",
            "hello 12/34",
            "4242424242424242 12/34 123 9",
        ] {
            assert!(split_paste(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_is_no_part_of_a_field() {
        for blank in
            ["\u{200b}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{200e}\u{202c}", "\u{fe0f}", "\u{202f}", "\0", "\r\n"]
        {
            let mixed =
                |text: &str| text.chars().flat_map(|c| blank.chars().chain([c])).collect::<String>() + blank + "|";
            check(CardField::Number, "", "|", &mixed("4242 4242-4242\u{2011}4242"), "4242 4242 4242 4242|");
            check(CardField::Expiry, "", "|", &mixed("12/34"), "12 / 34|");
            check(CardField::Expiry, "1", "1|", &format!("1{}", mixed("2")), "12 / |");
            check(CardField::Cvc, "", "|", &mixed("123"), "123|");
            // Typed alone, it changes nothing and moves no caret.
            check(CardField::Number, "42424", "42|42 4", &format!("42{blank}|42 4"), "42|42 4");
            // A space of any width parts the fields of a whole card.
            if !blank.chars().all(char::is_whitespace) {
                let card = mixed("4242 4242 4242 4242 12/34 123");
                let card = split_paste(&card[..card.len() - 1]).unwrap();
                let read = (&*card.number, &*card.expiry, card.cvc.as_deref());
                assert_eq!(read, ("4242424242424242", "1234", Some("123")), "{blank:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn showing_and_reading_back_keeps_the_text(text in "[0-9]{0,21}", caret in 0_usize..21) {
            for field in [CardField::Number, CardField::Expiry, CardField::Cvc] {
                let caret = caret.min(text.len());
                let shown = field.show(&text);
                let place = field.shown_caret(&text, caret);
                prop_assert!(place <= shown.chars().count());
                let typed = field.edit(TypedEdit { kept: &text, caret_before: place, shown: &shown, caret: place });
                // A single digit left in the expiry becomes a month only if it has just been typed.
                if !(field == CardField::Expiry && text.is_empty()) {
                    prop_assert_eq!(&typed.text, &text);
                    prop_assert_eq!(typed.caret, caret);
                }
            }
        }

        #[test]
        fn a_digit_typed_anywhere_lands_before_the_caret(text in "[0-9]{1,18}", at in 0_usize..18, digit in "[0-9]") {
            let field = CardField::Number;
            let at = at.min(text.len());
            let mut shown: Vec<char> = field.show(&text).chars().collect();
            let place = field.shown_caret(&text, at);
            shown.insert(place, digit.chars().next().unwrap());
            let shown: String = shown.into_iter().collect();
            let typed = field.edit(TypedEdit { kept: &text, caret_before: place, shown: &shown, caret: place + 1 });
            let expected = format!("{}{digit}{}", &text[..at], &text[at..]);
            prop_assert_eq!(typed, TypedText { text: expected, caret: at + 1 });
        }

        #[test]
        fn backspace_anywhere_deletes_one_character_and_moves_the_caret_back(text in "[0-9]{1,19}", at in 1_usize..19) {
            for field in [CardField::Number, CardField::Expiry, CardField::Cvc] {
                let at = at.min(text.len());
                let place = field.shown_caret(&text, at);
                let mut shown: Vec<char> = field.show(&text).chars().collect();
                shown.remove(place - 1);
                let shown: String = shown.into_iter().collect();
                let typed = field.edit(TypedEdit { kept: &text, caret_before: place, shown: &shown, caret: place - 1 });
                let expected = format!("{}{}", &text[..at - 1], &text[at..]);
                prop_assert_eq!(typed, TypedText { text: expected, caret: at - 1 });
            }
        }

        #[test]
        fn any_text_is_pasted_without_panic(text in ".{0,12}[0-9 é　]{0,6}[/ ]{0,2}[0-9]{0,6}.{0,4}") {
            let _ = split_paste(&text);
        }

        #[test]
        fn any_text_is_read_without_panic(kept in ".{0,12}", shown in ".{0,24}", before in 0_usize..24, caret in 0_usize..24) {
            for field in [CardField::Number, CardField::Expiry, CardField::Cvc] {
                let caret = caret.min(shown.chars().count());
                let typed = field.edit(TypedEdit { kept: &kept, caret_before: before, shown: &shown, caret });
                prop_assert!(typed.caret <= typed.text.chars().count());
                prop_assert!(field.shown_caret(&typed.text, typed.caret) <= field.show(&typed.text).chars().count());
            }
        }
    }
}
