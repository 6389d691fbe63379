//! What entries can be saved as, and the columns of the one that is a table.

use std::path::Path;

use crate::domain::words::words;

/// The format of a file that entries are saved to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// One document with everything; it can be imported.
    #[default]
    Json,
    /// An entry a line with everything; it can be imported.
    Jsonl,
    /// A table of an entry a row.
    Csv,
    /// The calls as a browser saves them, HAR 1.2.
    Har,
    /// Tokens as variables of the environment.
    Env,
    /// Tokens as constants and fixtures of pytest.
    Pytest,
    /// Tokens as constants of TypeScript.
    TypeScript,
    /// Tokens as constants of Java.
    Java,
    /// Tokens as constants of Go.
    Go,
    /// The calls that made the tokens, for `stripe fixtures`.
    StripeCli,
}

words!(FileFormat {
    Json => "json" | "JSON",
    Jsonl => "jsonl" | "JSON Lines",
    Csv => "csv" | "CSV",
    Har => "har" | "HAR",
    Env => "env" | ".env",
    Pytest => "pytest" | "pytest",
    TypeScript => "typescript" | "TypeScript",
    Java => "java" | "Java",
    Go => "go" | "Go",
    StripeCli => "stripe-cli" | "Stripe CLI fixtures",
});

impl FileFormat {
    /// The ending of its files, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Json | Self::StripeCli => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Har => "har",
            Self::Env => "env",
            Self::Pytest => "py",
            Self::TypeScript => "ts",
            Self::Java => "java",
            Self::Go => "go",
        }
    }

    /// The format that a file's name tells by its ending; `None` for an ending of no format. `.json` is the export that
    /// can be imported, not the fixtures of the Stripe CLI.
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let (_, ending) = name.rsplit_once('.')?;
        match ending {
            "ndjson" => Some(Self::Jsonl),
            ending => Self::ALL.into_iter().find(|format| format.ending() == ending),
        }
    }
}

/// A column of a table of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryColumn {
    Id,
    Uid,
    Created,
    Status,
    Target,
    Token,
    Brand,
    Last4,
    Number,
    Code,
    HttpStatus,
    RequestId,
    UsedBy,
    UsedClient,
    Account,
    TookMicros,
    Expected,
    Judgement,
    Note,
    Tags,
}

words!(EntryColumn {
    Id => "id" | "Number of the entry",
    Uid => "uid" | "Id across histories",
    Created => "created" | "Created",
    Status => "status" | "Status",
    Target => "target" | "Source",
    Token => "token" | "Token",
    Brand => "brand" | "Brand",
    Last4 => "last4" | "Last four",
    Number => "number" | "Card number as kept",
    Code => "code" | "Error code",
    HttpStatus => "http_status" | "HTTP status",
    RequestId => "request_id" | "Request id",
    UsedBy => "used_by" | "Used by",
    UsedClient => "used_client" | "Client that used it",
    Account => "account" | "Account",
    TookMicros => "took_micros" | "Took, in microseconds",
    Expected => "expected" | "Expected",
    Judgement => "judgement" | "As expected",
    Note => "note" | "Note",
    Tags => "tags" | "Tags",
});

impl EntryColumn {
    /// The columns of a table where none are chosen.
    pub const USUAL: [Self; 14] = [
        Self::Id,
        Self::Created,
        Self::Status,
        Self::Target,
        Self::Token,
        Self::Brand,
        Self::Last4,
        Self::Code,
        Self::RequestId,
        Self::UsedBy,
        Self::Expected,
        Self::Judgement,
        Self::Note,
        Self::Tags,
    ];
}

/// What entries are saved as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportForm {
    pub format: FileFormat,
    /// In the order of the table; only CSV has any.
    pub columns: Vec<EntryColumn>,
}

impl ExportForm {
    /// A format with its usual columns.
    pub fn of(format: FileFormat) -> Self {
        Self { format, columns: EntryColumn::USUAL.to_vec() }
    }
}

impl Default for ExportForm {
    fn default() -> Self {
        Self::of(FileFormat::default())
    }
}

/// What entries are copied as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyForm {
    /// The ids of the tokens, a line each.
    Ids,
    /// As in an export: one entry by itself, several as a list.
    Json,
    Markdown,
    /// The calls as commands for a shell.
    Curl,
}

words!(CopyForm {
    Ids => "ids" | "Token ids",
    Json => "json" | "JSON",
    Markdown => "markdown" | "Markdown table",
    Curl => "curl" | "cURL code",
});

impl CopyForm {
    /// The most entries that are copied at once: more are for a file.
    pub const MOST: usize = 10_000;
}

/// What evidence is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceFormat {
    /// For an issue or a chat.
    Markdown,
    /// One page that loads nothing.
    Html,
    /// An archive of both, with every body of an answer as a file of its own.
    Zip,
}

words!(EvidenceFormat {
    Markdown => "md" | "Markdown",
    Html => "html" | "HTML",
    Zip => "zip" | "Zip",
});

impl EvidenceFormat {
    /// The ending of its files, without the dot.
    pub fn ending(self) -> &'static str {
        self.as_str()
    }

    /// The format that a file's name tells by its ending.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "zip" => Some(Self::Zip),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_tells_the_format() {
        for (name, format) in [
            ("a/tokens.json", Some(FileFormat::Json)),
            ("TOKENS.JSONL", Some(FileFormat::Jsonl)),
            ("x.ndjson", Some(FileFormat::Jsonl)),
            ("x.csv", Some(FileFormat::Csv)),
            ("x.har", Some(FileFormat::Har)),
            (".env", Some(FileFormat::Env)),
            ("test.env", Some(FileFormat::Env)),
            ("tokens.py", Some(FileFormat::Pytest)),
            ("tokens.ts", Some(FileFormat::TypeScript)),
            ("Tokens.java", Some(FileFormat::Java)),
            ("tokens.go", Some(FileFormat::Go)),
            ("csv", None),
            ("x.txt", None),
            ("", None),
        ] {
            assert_eq!(FileFormat::of_path(Path::new(name)), format, "{name}");
        }
    }
}
