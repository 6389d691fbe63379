//! How a matrix is written: axes with white space or semicolons between them, and values with commas. A value with any of
//! these signs stands between quotation marks; a quotation mark in it is written twice: `zip="SW1A 1AA",none`.

use std::borrow::Cow;

const QUOTE: char = '"';

/// An axis as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenAxis<'a> {
    pub(super) name: &'a str,
    /// None where no `=` follows the name.
    pub(super) values: Vec<WrittenValue<'a>>,
    /// The axis with its values, as it stands in the text.
    text: &'a str,
}

/// A value without its quotation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenValue<'a> {
    pub(super) text: Cow<'a, str>,
    /// Then it means itself, and no word that stands for something.
    pub(super) is_quoted: bool,
}

/// A quotation mark that is not closed, or stands within a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StrayQuote;

fn is_gap(sign: char) -> bool {
    sign.is_whitespace() || sign == ';'
}

/// Reads the axes of a matrix.
///
/// # Errors
/// A quotation mark where none can be.
pub(super) fn axes(text: &str) -> Result<Vec<WrittenAxis<'_>>, StrayQuote> {
    let mut axes = Vec::new();
    let mut rest = text.trim_start_matches(is_gap);
    while !rest.is_empty() {
        let whole = rest;
        let end = whole.find(|sign| is_gap(sign) || sign == '=').unwrap_or(whole.len());
        let (name, behind) = whole.split_at(end);
        let (mut values, mut sign) = (Vec::new(), '=');
        rest = behind;
        while let Some(behind) = rest.strip_prefix(sign) {
            let (value, behind) = value(behind)?;
            values.push(value);
            (rest, sign) = (behind, ',');
        }
        axes.push(WrittenAxis { name, values, text: &whole[..whole.len() - rest.len()] });
        rest = rest.trim_start_matches(is_gap);
    }
    Ok(axes)
}

/// The value that a text begins with, and what is behind it.
fn value(text: &str) -> Result<(WrittenValue<'_>, &str), StrayQuote> {
    let is_end = |sign: char| is_gap(sign) || sign == ',';
    let Some(mut rest) = text.strip_prefix(QUOTE) else {
        let (value, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
        let value = WrittenValue { text: value.into(), is_quoted: false };
        return if value.text.contains(QUOTE) { Err(StrayQuote) } else { Ok((value, rest)) };
    };
    let mut value = String::new();
    loop {
        let (part, behind) = rest.split_once(QUOTE).ok_or(StrayQuote)?;
        value.push_str(part);
        rest = behind;
        match rest.strip_prefix(QUOTE) {
            Some(behind) => {
                value.push(QUOTE);
                rest = behind;
            }
            None if rest.is_empty() || rest.starts_with(is_end) => break,
            None => return Err(StrayQuote),
        }
    }
    Ok((WrittenValue { text: value.into(), is_quoted: true }, rest))
}

/// A value as it is written so that it is read as itself; `word` is what would stand for something else.
pub(super) fn written<'a>(value: &'a str, word: &str) -> Cow<'a, str> {
    let is_plain = value != word && !value.contains(|sign| is_gap(sign) || matches!(sign, ',' | QUOTE));
    if is_plain { value.into() } else { format!("{QUOTE}{}{QUOTE}", value.replace(QUOTE, "\"\"")).into() }
}

/// The text of a matrix in one line, with one space between its axes.
pub fn in_one_line(text: &str) -> String {
    match axes(text) {
        Ok(axes) => axes.iter().map(|axis| axis.text).collect::<Vec<_>>().join(" "),
        Err(StrayQuote) => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_before_it_was_written() {
        for value in [
            "12345",
            "SW1A 1AA",
            "a,b",
            "a;b",
            "\"",
            "\"\"",
            "say \"hi\", twice",
            "a=b",
            "none",
            "a\tb",
            "é\u{a0}王",
            ",",
        ] {
            let text = format!("zip={},none amount=7", written(value, "none"));
            let axes = axes(&text).unwrap();
            let values: Vec<(&str, &str)> =
                axes.iter().flat_map(|axis| axis.values.iter().map(|value| (axis.name, &*value.text))).collect();
            assert_eq!(values, [("zip", value), ("zip", "none"), ("amount", "7")], "{text}");
            assert_eq!(axes[0].values[0].is_quoted, !["12345", "a=b"].contains(&value), "{text}");
            assert_eq!(in_one_line(&format!(" {}; \n", text.replace(" amount", "\n;  amount"))), text);
        }
    }

    #[test]
    fn a_quotation_mark_stands_before_and_behind_a_whole_value() {
        for text in ["zip=\"", "zip=\"SW1A 1AA", "zip=\"a\"b", "zip=a\"b\"", "zip=\"a\"\"", "zip=a,b\"c card=visa"] {
            assert_eq!(axes(text), Err(StrayQuote), "{text}");
        }
    }
}
