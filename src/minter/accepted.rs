//! Which parameters each call takes: every parameter is named once, together with its check where one rule is enough.

/// The fields of an address, in the order of an answer.
pub(super) const ADDRESS_FIELDS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];

/// The parameters that a call takes. Besides these, every call takes `expand[]`.
///
/// In a name, `[*]` stands for any key of a dictionary or list, `[*address]` for a field of an address.
pub(super) struct AcceptedParams {
    /// Those that are written into an object by a rule, in the order in which they are checked.
    pub(super) written: &'static [&'static [WrittenParam]],
    /// Those that the call's handler reads itself, because they decide about more than one field of an object.
    pub(super) read: &'static [&'static [&'static str]],
    /// What Stripe takes here and the minter does not play, with all that is below it: refused in words that say so.
    pub(super) not_modelled: &'static [&'static str],
}

/// A parameter that is written into the field of an object that has its name: `invoice_settings[footer]` into the
/// `footer` of `invoice_settings`.
pub(super) struct WrittenParam {
    pub(super) name: &'static str,
    /// The names under which it may be sent, where these are not just its own.
    names: &'static [&'static str],
    pub(super) rule: WriteRule,
}

/// How a parameter is checked and written. What was not sent is left as it is.
pub(super) enum WriteRule {
    /// Free text of so many characters at most; an empty one makes the field null.
    Text { longest: usize },
    /// The text on a bank statement, which has rules of its own.
    StatementDescriptor,
    /// A whole number between the two, both included.
    Integer { least: i64, most: i64 },
    /// One of some words; an empty text stands for `when_empty`.
    Word { words: &'static [&'static str], when_empty: &'static str },
    /// A list of texts, without empty ones.
    Texts,
    /// An address, null where a field of it was not sent; an empty text makes all of it null.
    Address,
    /// A name and an address at least, with phone, carrier and tracking number.
    Shipping,
    /// Keys and values on top of what the object has.
    Metadata,
}

impl WrittenParam {
    pub(super) const fn new(name: &'static str, rule: WriteRule) -> Self {
        Self { name, names: &[], rule }
    }

    /// A parameter with parts of its own: `names` are all that are taken.
    pub(super) const fn with_parts(name: &'static str, names: &'static [&'static str], rule: WriteRule) -> Self {
        Self { name, names, rule }
    }

    pub(super) const fn text(name: &'static str, longest: usize) -> Self {
        Self::new(name, WriteRule::Text { longest })
    }

    fn names(&self) -> &[&'static str] {
        if self.names.is_empty() { std::slice::from_ref(&self.name) } else { self.names }
    }
}

/// `metadata` of any object.
pub(super) const METADATA: WrittenParam =
    WrittenParam::with_parts("metadata", &["metadata", METADATA_KEYS], WriteRule::Metadata);
const METADATA_KEYS: &str = "metadata[*]";

/// Taken by every call.
const EXPAND: &str = "expand[*]";

/// What a call makes of one parameter that was sent, by its name and by whether its value is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParamMeaning<'a> {
    Known,
    Unknown,
    NotModelled(&'static str),
    /// A card dictionary, below the parameter that takes the id of a token.
    CardDetails(&'static str),
    /// A text where a dictionary is due.
    NotObject(&'a str),
    /// A text where a list is due.
    NotList(&'a str),
}

/// Parameters that take a list.
const LISTS: [&str; 5] = ["enabled_events", "expand", "payment_method_types", "preferred_locales", "types"];
/// The parameter that is a text or a dictionary.
const TEXT_OR_DICTIONARY: &str = "created";

impl AcceptedParams {
    /// Nothing but `expand[]`.
    pub(super) const ONLY_EXPAND: Self = Self { written: &[], read: &[], not_modelled: &[] };

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let written = self.written.iter().flat_map(|params| params.iter()).flat_map(WrittenParam::names);
        let read = self.read.iter().flat_map(|names| names.iter());
        written.chain(read).copied().chain([EXPAND])
    }

    pub(super) fn meaning<'a>(&self, name: &'a str, value: &str) -> ParamMeaning<'a> {
        let is_below =
            |root: &str| name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        let is_taken = |known: &str| self.names().any(|name| name == known);
        let (mut is_named, mut has_below) = (false, false);
        for rest in self.names().filter_map(|known| known.strip_prefix(name)) {
            (is_named, has_below) = (is_named || rest.is_empty(), has_below || rest.starts_with('['));
        }
        if is_named && !has_below {
            return ParamMeaning::Known;
        }
        // Clients write a list without elements as an empty text.
        if has_below && LISTS.contains(&name) {
            return if value.is_empty() { ParamMeaning::Known } else { ParamMeaning::NotList(name) };
        }
        // An empty text unsets a dictionary that can be unset.
        if has_below && name != TEXT_OR_DICTIONARY && !(value.is_empty() && is_named) {
            return ParamMeaning::NotObject(name);
        }
        if self.names().any(|known| fits(known, name)) {
            return ParamMeaning::Known;
        }
        // Below a key of metadata: known, and refused in words of its own.
        if is_taken(METADATA_KEYS) && name.starts_with("metadata[") && name.ends_with(']') {
            return ParamMeaning::Known;
        }
        if let Some(known) = self.not_modelled.iter().find(|known| is_below(known)) {
            return ParamMeaning::NotModelled(known);
        }
        match ["source", "card"].into_iter().find(|taken| is_taken(taken) && is_below(taken)) {
            Some(taken) => ParamMeaning::CardDetails(taken),
            None => ParamMeaning::Unknown,
        }
    }
}

/// Whether a name is meant by a pattern: `shipping[address][*address]` takes `shipping[address][city]`.
fn fits(pattern: &str, name: &str) -> bool {
    if pattern.as_bytes().first() != name.as_bytes().first() {
        return false;
    }
    let mut expected = pattern.split('[');
    let mut parts = name.split('[');
    loop {
        match (expected.next(), parts.next()) {
            (None, None) => return true,
            (Some("*]"), Some(part)) if part.ends_with(']') => {}
            (Some("*address]"), Some(part))
                if part.strip_suffix(']').is_some_and(|key| ADDRESS_FIELDS.contains(&key)) => {}
            (Some(expected), Some(part)) if expected == part => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_keys_of_its_dictionaries() {
        for (pattern, name, expected) in [
            ("amount", "amount", true),
            ("amount", "amounts", false),
            ("amount", "amount[x]", false),
            ("metadata[*]", "metadata[order]", true),
            ("metadata[*]", "metadata", false),
            ("metadata[*]", "metadata[a][b]", false),
            ("expand[*]", "expand[]", true),
            ("expand[*]", "expand[0]", true),
            ("shipping[address][*address]", "shipping[address][city]", true),
            ("shipping[address][*address]", "shipping[address][zip]", false),
            ("shipping[address][*address]", "shipping[name]", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_meant_but_not_taken_is_refused_in_words() {
        const TAKES: AcceptedParams = AcceptedParams {
            written: &[&[METADATA]],
            read: &[&["source", "card", "created"], &["created[gt]", "settings[footer]"]],
            not_modelled: &["settings[fields]", "owner"],
        };
        const METHOD: AcceptedParams = AcceptedParams { written: &[], read: &[&["card[token]"]], not_modelled: &[] };
        for (takes, sent, expected) in [
            (&TAKES, "source=tok_1", ParamMeaning::Known),
            (&TAKES, "source[number]=4", ParamMeaning::CardDetails("source")),
            (&TAKES, "card[exp_month]=5", ParamMeaning::CardDetails("card")),
            (&TAKES, "cards=5", ParamMeaning::Unknown),
            (&TAKES, "expand=card", ParamMeaning::NotList("expand")),
            (&TAKES, "expand=", ParamMeaning::Known),
            (&TAKES, "expand[]=card", ParamMeaning::Known),
            (&TAKES, "created=1", ParamMeaning::Known),
            (&TAKES, "created[gt]=1", ParamMeaning::Known),
            (&TAKES, "metadata=", ParamMeaning::Known),
            (&TAKES, "metadata=x", ParamMeaning::NotObject("metadata")),
            (&TAKES, "metadata[a][b]=x", ParamMeaning::Known),
            (&TAKES, "metadata[a=x", ParamMeaning::Unknown),
            (&TAKES, "settings=", ParamMeaning::NotObject("settings")),
            (&TAKES, "settings[fields][0][name]=x", ParamMeaning::NotModelled("settings[fields]")),
            (&TAKES, "settings[fieldset]=x", ParamMeaning::Unknown),
            (&TAKES, "owner[name]=x", ParamMeaning::NotModelled("owner")),
            (&METHOD, "card[token]=tok_1", ParamMeaning::Known),
            (&METHOD, "card[number]=4", ParamMeaning::Unknown),
            (&METHOD, "card=card_1", ParamMeaning::NotObject("card")),
            (&METHOD, "source[number]=4", ParamMeaning::Unknown),
        ] {
            let (name, value) = sent.split_once('=').unwrap();
            assert_eq!(takes.meaning(name, value), expected, "{sent}");
        }
    }
}
