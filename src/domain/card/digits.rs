//! Decimal digits of any script. Keyboards, clipboards and clients in other languages may send them in place of ASCII
//! digits.

/// The zero of every script that has decimal digits (general category Nd of Unicode 17), in ascending order. The
/// digits 1 to 9 follow each zero.
const ZEROS: [u32; 77] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
    0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script, 0 to 9.
pub fn digit_value(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let code = u32::from(c);
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code) - 1];
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

/// The text with digits of any script replaced by ASCII digits.
pub fn ascii_digits(text: &str) -> String {
    text.chars().map(|c| digit_value(c).map_or(c, |value| char::from(b'0' + value))).collect()
}

/// The digits of a text, as ASCII digits; everything else is left out.
pub fn only_digits(text: &str) -> String {
    text.chars().filter_map(digit_value).map(|value| char::from(b'0' + value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (text, expected) in [
            ("0123456789", "0123456789"),
            ("\u{ff10}\u{ff19}", "09"),
            ("\u{660}\u{669}\u{6f0}\u{6f9}", "0909"),
            ("\u{966}\u{96f}\u{9e6}\u{9ef}\u{e50}\u{e59}", "090909"),
            // Mathematical digits: five sets that follow each other directly.
            ("\u{1d7ce}\u{1d7d7}\u{1d7d8}\u{1d7ff}", "0909"),
            ("a\u{b2}\u{2460}\u{4e00}x", "a\u{b2}\u{2460}\u{4e00}x"),
        ] {
            assert_eq!(ascii_digits(text), expected, "{text}");
        }
        assert_eq!(only_digits("4\u{ff12}x-4"), "424");
    }

    #[test]
    fn the_table_is_in_order_and_no_set_meets_the_next() {
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 10 <= pair[1]));
    }
}
