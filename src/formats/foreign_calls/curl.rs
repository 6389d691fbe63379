//! A call of curl, as a person copies it from a page, a browser or a terminal.

use std::{iter::Peekable, str::Chars};

use super::found::{CallFault, form, path_of};
use crate::domain::presets::found_calls::FoundCalls;

/// What the file calls it.
const NAME: &str = "curl";

/// Options whose next word says something that makes no difference to the parameters, or that is a secret.
const PASSED_OVER: [&str; 17] = [
    "-u",
    "--user",
    "-H",
    "--header",
    "-A",
    "--user-agent",
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-e",
    "--referer",
    "-b",
    "--cookie",
    "-w",
    "--write-out",
];
/// Options with short names that take a value which may be written behind them.
const SHORT_WITH_VALUE: [char; 10] = ['X', 'd', 'u', 'H', 'A', 'o', 'm', 'e', 'b', 'w'];

/// Reads one call.
pub(super) fn read(text: &str) -> Result<FoundCalls, CallFault> {
    let mut words = words(text).map_err(|what| CallFault::Curl(what.to_owned()))?.into_iter();
    words.next();
    let (mut method, mut address, mut data) = (None, None, Vec::new());
    let mut is_get = false;
    while let Some(word) = words.next() {
        let (option, value) = split_option(&word);
        let mut value = |option: &str| {
            value.clone().or_else(|| words.next()).ok_or_else(|| CallFault::Curl(format!("{option} says nothing")))
        };
        match option.as_str() {
            "-X" | "--request" => method = Some(value(&option)?),
            "--url" => address = Some(value(&option)?),
            "-G" | "--get" => is_get = true,
            "-d" | "--data" | "--data-ascii" | "--data-raw" | "--data-binary" => {
                let value = value(&option)?;
                if value.starts_with('@') && option != "--data-raw" {
                    return Err(CallFault::Curl(format!("{option} reads a file. Put what is in it there")));
                }
                data.push(value);
            }
            "--data-urlencode" => data.push(encoded(&value(&option)?)?),
            "-F" | "--form" | "--json" | "-K" | "--config" => {
                return Err(CallFault::Curl(format!("{option} is not how a token is asked for. Write it with -d")));
            }
            option if PASSED_OVER.contains(&option) => drop(value(option)?),
            option if option.starts_with('-') => {}
            _ if address.is_none() => address = Some(word),
            _ => return Err(CallFault::Curl("it has two addresses. Import one call at a time".to_owned())),
        }
    }
    let address = address.ok_or_else(|| CallFault::Curl("it has no address".to_owned()))?;
    let usual = if data.is_empty() || is_get { "GET" } else { "POST" };
    let method = method.unwrap_or_else(|| usual.to_owned()).to_ascii_uppercase();
    let mut found = FoundCalls::default();
    found.take(NAME.to_owned(), "The call", &method, &path_of(&address), Ok(form(&data.join("&"))));
    Ok(found)
}

/// An option and the value that is written in the same word, if any.
fn split_option(word: &str) -> (String, Option<String>) {
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some('-'), Some('-')) => match word.split_once('=') {
            Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
            None => (word.to_owned(), None),
        },
        (Some('-'), Some(letter)) if SHORT_WITH_VALUE.contains(&letter) && !letters.as_str().is_empty() => {
            (format!("-{letter}"), Some(letters.as_str().to_owned()))
        }
        _ => (word.to_owned(), None),
    }
}

/// What `--data-urlencode` makes of its word: of `name=content` it encodes the content.
fn encoded(word: &str) -> Result<String, CallFault> {
    let (name, content) = word.split_once('=').unwrap_or(("", word));
    let is_file = if word.contains('=') { name.contains('@') } else { word.contains('@') };
    if is_file {
        return Err(CallFault::Curl("--data-urlencode reads a file. Put what is in it there".to_owned()));
    }
    let content: String = form_urlencoded::byte_serialize(content.as_bytes()).collect();
    Ok(if name.is_empty() { content } else { format!("{name}={content}") })
}

/// The words of a line as a POSIX shell reads them, with the `$'…'` of bash. Variables stay as they are written.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\'' => quoted(&mut signs, word.get_or_insert_default(), QuoteKind::Single)?,
            '"' => quoted(&mut signs, word.get_or_insert_default(), QuoteKind::Double)?,
            '$' if signs.peek() == Some(&'\'') => {
                signs.next();
                quoted(&mut signs, word.get_or_insert_default(), QuoteKind::Ansi)?;
            }
            '\\' => match signs.next() {
                None | Some('\n') => {}
                Some('\r') => drop(signs.next_if_eq(&'\n')),
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            '|' | ';' | '&' | '<' | '>' | '`' | '(' | ')' => {
                return Err("it has a sign of the shell outside of quotes. Import the call alone");
            }
            '\n' if word.is_some() || !words.is_empty() => break,
            sign if sign.is_whitespace() => words.extend(word.take()),
            sign => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    Ok(words)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteKind {
    Single,
    Double,
    /// `$'…'`.
    Ansi,
}

fn quoted(signs: &mut Peekable<Chars<'_>>, word: &mut String, kind: QuoteKind) -> Result<(), &'static str> {
    let end = if kind == QuoteKind::Double { '"' } else { '\'' };
    let mut bytes = Vec::new();
    loop {
        let sign = signs.next().ok_or("a quote has no end")?;
        match (sign, kind) {
            (sign, _) if sign == end => break,
            ('\\', QuoteKind::Double) => match signs.next().ok_or("a quote has no end")? {
                '\n' => {}
                escaped @ ('"' | '\\' | '$' | '`') => push(&mut bytes, escaped),
                other => {
                    push(&mut bytes, '\\');
                    push(&mut bytes, other);
                }
            },
            ('\\', QuoteKind::Ansi) => match signs.next().ok_or("a quote has no end")? {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                'x' => bytes.push(u8::try_from(hex(signs, 2)).unwrap_or_default()),
                'u' => push(&mut bytes, char::from_u32(hex(signs, 4)).unwrap_or(char::REPLACEMENT_CHARACTER)),
                escaped => push(&mut bytes, escaped),
            },
            (sign, _) => push(&mut bytes, sign),
        }
    }
    word.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

fn push(bytes: &mut Vec<u8>, sign: char) {
    bytes.extend(sign.encode_utf8(&mut [0; 4]).bytes());
}

/// The number that so many hexadecimal digits at most write.
fn hex(signs: &mut Peekable<Chars<'_>>, most: usize) -> u32 {
    let mut number = 0;
    for _ in 0..most {
        let Some(digit) = signs.peek().and_then(|sign| sign.to_digit(16)) else { break };
        signs.next();
        number = number * 16 + digit;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = read(text).unwrap();
        assert_eq!((found.calls.len(), found.left.as_slice()), (1, &[][..]), "{text}");
        assert_eq!(found.calls[0].params.iter().collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn a_call_is_read_as_a_shell_and_curl_read_it() {
        let card = [("card[number]", "4242424242424242"), ("card[name]", "J O'Neil")];
        check(
            "curl https://api.stripe.com/v1/tokens \\\n  -u \"sk_test_x:\" \\\n  -d \"card[number]\"=4242424242424242 \\\n  -d \"card[name]\"=\"J O'Neil\"\n",
            &card,
        );
        check(
            "curl 'https://api.stripe.com/v1/tokens' -H 'Authorization: Bearer x' --data-raw 'card[number]=4242424242424242&card%5Bname%5D=J+O%27Neil' --compressed",
            &card,
        );
        check("curl -sS -XPOST --url=http://127.0.0.1:1/v1/tokens", &[]);
        check(r"curl /v1/tokens -dcard[number]=4242424242424242 --data-urlencode $'card[name]=J O\x27Neil'", &card);
        check("curl /v1/tokens --data-urlencode 'a=1&b=é' -d 'c=\u{1f600}'", &[("a", "1&b=é"), ("c", "\u{1f600}")]);
        check("curl /v1/tokens -d 'a=' -d b", &[("a", ""), ("b", "")]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (text, says) in [
            ("curl", "no address"),
            ("curl -d", "-d says nothing"),
            ("curl 'x", "a quote has no end"),
            ("curl /v1/tokens -d @card.txt", "-d reads a file"),
            ("curl /v1/tokens --data-urlencode x@file", "reads a file"),
            ("curl /v1/tokens -F a=b", "Write it with -d"),
            ("curl /v1/tokens /v1/charges", "two addresses"),
            ("curl /v1/tokens; rm -rf /", "a sign of the shell"),
            ("curl /v1/tokens $(id)", "a sign of the shell"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let found = read("curl https://api.stripe.com/v1/charges -d amount=1").unwrap();
        assert_eq!(found.left, ["The call (POST /v1/charges) makes no token"]);
        assert_eq!(read("curl -G /v1/tokens -d a=b").unwrap().left, ["The call (GET /v1/tokens) makes no token"]);
    }
}
