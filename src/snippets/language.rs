//! The languages that a call can be written in.

use std::str::FromStr;

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

impl SnippetLanguage {
    pub const ALL: [Self; 9] = [
        Self::Curl,
        Self::StripeCli,
        Self::Python,
        Self::Node,
        Self::Ruby,
        Self::Php,
        Self::Go,
        Self::Java,
        Self::Dotnet,
    ];

    /// The word in files and on the command line, as on Stripe's API page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::StripeCli => "cli",
            Self::Python => "python",
            Self::Node => "node",
            Self::Ruby => "ruby",
            Self::Php => "php",
            Self::Go => "go",
            Self::Java => "java",
            Self::Dotnet => "dotnet",
        }
    }

    /// The name in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Curl => "cURL",
            Self::StripeCli => "Stripe CLI",
            Self::Python => "Python",
            Self::Node => "Node.js",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Dotnet => ".NET (C#)",
        }
    }

    /// What begins a comment.
    pub(super) fn comment(self) -> &'static str {
        match self {
            Self::Curl | Self::StripeCli | Self::Python | Self::Ruby => "#",
            Self::Node | Self::Php | Self::Go | Self::Java | Self::Dotnet => "//",
        }
    }
}

impl FromStr for SnippetLanguage {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|language| language.as_str() == word).ok_or(())
    }
}
