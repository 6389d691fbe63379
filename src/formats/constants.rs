//! Tokens for a test suite, as constants that are named by their outcome. Entries without a token are left out.

use std::io::{self, Write};

use super::{
    constant_names::{ConstantName, ConstantNames},
    entry_writer::EntryWriter,
};
use crate::domain::{call::api::Target, history::entry::EntryDetail, plural::number_of};

/// How a language writes a file of constants.
#[derive(Clone, Copy)]
pub(super) struct ConstantStyle {
    /// What begins a comment.
    comment: &'static str,
    /// What stands behind the comment at the top, and at the end.
    around: [&'static str; 2],
    /// One token, which is of letters, digits and underscores; the remark about it is a comment's text.
    constant: fn(name: &ConstantName, token: &str, remark: &str) -> String,
}

pub(super) const ENV: ConstantStyle = ConstantStyle {
    comment: "#",
    around: ["", ""],
    constant: |name, token, remark| format!("# {remark}\nTESTCARD_{}={token}\n", name.upper()),
};
pub(super) const PYTEST: ConstantStyle = ConstantStyle {
    comment: "#",
    around: ["import pytest\n", ""],
    constant: |name, token, remark| {
        let (upper, lower) = (name.upper(), name.lower());
        format!(
            "\n# {remark}\n{upper} = \"{token}\"\n\n\n@pytest.fixture\ndef {lower}() -> str:\n    return {upper}\n\n"
        )
    },
};
pub(super) const TYPESCRIPT: ConstantStyle = ConstantStyle {
    comment: "//",
    around: ["", ""],
    constant: |name, token, remark| format!("/** {remark} */\nexport const {} = \"{token}\";\n", name.upper()),
};
pub(super) const JAVA: ConstantStyle = ConstantStyle {
    comment: "//",
    // Not public: then it compiles whatever the file is called.
    around: [
        "// The compiler likes this file best as TestcardTokens.java.\nfinal class TestcardTokens {\n    private TestcardTokens() {}\n",
        "}\n",
    ],
    constant: |name, token, remark| {
        format!("\n    /** {remark} */\n    static final String {} = \"{token}\";\n", name.upper())
    },
};
pub(super) const GO: ConstantStyle = ConstantStyle {
    comment: "//",
    around: ["package testcards\n", ""],
    constant: |name, token, remark| {
        let name = name.pascal();
        format!("\n// {name} is a token. {remark}.\nconst {name} = \"{token}\"\n")
    },
};

const ABOUT: [&str; 2] = [
    "Test-card tokens, exported by Testcard. A token can be used once.",
    "Those of the local minter are known to the history that made them: run `testcard serve` on it.",
];

pub(super) struct ConstantsWriter {
    style: ConstantStyle,
    names: ConstantNames,
    left_out: u64,
}

impl ConstantsWriter {
    pub(super) fn new(style: ConstantStyle) -> Self {
        Self { style, names: ConstantNames::default(), left_out: 0 }
    }
}

impl EntryWriter for ConstantsWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for line in ABOUT {
            writeln!(out, "{} {line}", self.style.comment)?;
        }
        writeln!(out)?;
        out.write_all(self.style.around[0].as_bytes())
    }

    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        // Every id of Stripe's is of these characters. One with others is of somebody else, and would have to be quoted
        // in six languages.
        let is_id = |token: &&str| token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let Some(token) = detail.entry.token_id.as_deref().filter(is_id) else {
            self.left_out += 1;
            return Ok(());
        };
        let constant = (self.style.constant)(&self.names.name(detail), token, &remark(detail));
        out.write_all(constant.as_bytes())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.style.around[1].as_bytes())?;
        match self.left_out {
            0 => Ok(()),
            left_out => {
                let left_out = number_of(left_out, "entry without a token was", "entries without a token were");
                writeln!(out, "\n{} {left_out} left out.", self.style.comment)
            }
        }
    }
}

/// A sentence without its full stop, of the program's own words and digits only.
fn remark(detail: &EntryDetail) -> String {
    let entry = &detail.entry;
    let last4 = entry.last4.as_deref().filter(|last4| last4.bytes().all(|byte| byte.is_ascii_digit()));
    let card = last4.map(|last4| format!("Card ending in {last4}, ")).unwrap_or_default();
    let place = match entry.target {
        Target::Local => "made by the local minter",
        Target::Stripe => "made by Stripe",
    };
    let remark = format!("{card}{place} on {}, {}", entry.started.strftime("%Y-%m-%d"), entry.status.as_str());
    // A sentence begins with a capital.
    if card.is_empty() { remark.replacen("made", "Made", 1) } else { remark }
}
