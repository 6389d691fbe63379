//! A call as source text: the exact request in a developer's language, a file each.
//!
//! The samples have the shape of those on Stripe's API page. The key is always read from `STRIPE_SECRET_KEY`; a number
//! that was masked stays so, and a comment says what to do; an idempotency key is left out, so that the call makes a
//! new object. Whatever was typed into a parameter comes out as valid code.

mod call;
mod curl;
mod dotnet;
mod go;
pub mod highlight;
mod java;
mod literal;
mod node;
mod php;
mod python;
mod quote;
mod ruby;
mod stripe_cli;
mod typed;

use std::str::FromStr;

use crate::domain::{
    call::api::{ApiResponse, Exchange, MaskedRequest},
    history::entry::EntryDetail,
    settings::stripe::BaseUrl,
};
use call::Call;

/// The environment variable that holds the key.
const KEY: &str = "STRIPE_SECRET_KEY";

/// What a call can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
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

impl Language {
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
    fn comment(self) -> &'static str {
        match self {
            Self::Curl | Self::StripeCli | Self::Python | Self::Ruby => "#",
            Self::Node | Self::Php | Self::Go | Self::Java | Self::Dotnet => "//",
        }
    }
}

impl FromStr for Language {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|language| language.as_str() == word).ok_or(())
    }
}

/// A call as it was kept: what was sent, and what was answered, if anything was.
#[derive(Clone, Copy, Debug)]
pub struct KeptCall<'a> {
    pub request: &'a MaskedRequest,
    pub answer: Option<&'a ApiResponse>,
}

impl<'a> From<&'a MaskedRequest> for KeptCall<'a> {
    fn from(request: &'a MaskedRequest) -> Self {
        Self { request, answer: None }
    }
}

impl<'a> From<&'a EntryDetail> for KeptCall<'a> {
    fn from(detail: &'a EntryDetail) -> Self {
        Self { request: &detail.request, answer: detail.answer() }
    }
}

impl<'a> From<&'a Exchange> for KeptCall<'a> {
    fn from(exchange: &'a Exchange) -> Self {
        Self { request: &exchange.request, answer: exchange.outcome.as_ref().ok() }
    }
}

/// The call in `language`, made to Stripe or to the server at `base`. It ends with a line break.
pub fn snippet<'a>(call: impl Into<KeptCall<'a>>, language: Language, base: Option<&BaseUrl>) -> String {
    let call = Call::of(call.into());
    let code = match language {
        Language::Curl => curl::code(&call, base),
        Language::StripeCli => stripe_cli::code(&call, base),
        Language::Python => python::code(&call, base),
        Language::Node => node::code(&call, base),
        Language::Ruby => ruby::code(&call, base),
        Language::Php => php::code(&call, base),
        Language::Go => go::code(&call, base),
        Language::Java => java::code(&call, base),
        Language::Dotnet => dotnet::code(&call, base),
    };
    lines(call.notes().iter().map(|note| format!("{} {note}", language.comment()))) + &code
}

/// Lines as a text, each with its end.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}
