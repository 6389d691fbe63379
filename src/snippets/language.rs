//! The languages that a call can be written in.

use crate::domain::words::words;

/// What a call can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SnippetLanguage {
    #[default]
    Curl,
    StripeCli,
    Python,
    Node,
    Ruby,
    Php,
    Go,
    Java,
    Dotnet,
}

words!(SnippetLanguage {
    Curl => "curl" | "cURL",
    StripeCli => "cli" | "Stripe CLI",
    Python => "python" | "Python",
    Node => "node" | "Node.js",
    Ruby => "ruby" | "Ruby",
    Php => "php" | "PHP",
    Go => "go" | "Go",
    Java => "java" | "Java",
    Dotnet => "dotnet" | ".NET (C#)",
});

impl SnippetLanguage {
    /// What begins a comment.
    pub(super) fn comment(self) -> &'static str {
        match self {
            Self::Curl | Self::StripeCli | Self::Python | Self::Ruby => "#",
            Self::Node | Self::Php | Self::Go | Self::Java | Self::Dotnet => "//",
        }
    }
}
