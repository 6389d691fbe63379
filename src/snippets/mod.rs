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
mod kept_call;
mod language;
mod literal;
mod node;
mod php;
mod python;
mod quote;
mod ruby;
mod sdk_call;
mod stripe_cli;
mod text;
mod typed_call;
mod typed_token;

use serde_json::{Map, Value};

use crate::domain::settings::stripe::BaseUrl;
use call::{ParamFields, ParamValue, SnippetCall};
use text::lines;

pub use kept_call::KeptCall;
pub use language::SnippetLanguage;

/// The call in `language`, made to Stripe or to the server at `base`. It ends with a line break.
pub fn snippet<'a>(call: impl Into<KeptCall<'a>>, language: SnippetLanguage, base: Option<&BaseUrl>) -> String {
    let call = SnippetCall::of(call.into());
    let code = match language {
        SnippetLanguage::Curl => curl::code(&call, base),
        SnippetLanguage::StripeCli => stripe_cli::code(&call, base),
        SnippetLanguage::Python => python::code(&call, base),
        SnippetLanguage::Node => node::code(&call, base),
        SnippetLanguage::Ruby => ruby::code(&call, base),
        SnippetLanguage::Php => php::code(&call, base),
        SnippetLanguage::Go => go::code(&call, base),
        SnippetLanguage::Java => java::code(&call, base),
        SnippetLanguage::Dotnet => dotnet::code(&call, base),
    };
    lines(call.notes().iter().map(|note| format!("{} {note}", language.comment()))) + &code
}

/// The parameters of a call as nested JSON, with what stands in for a code that is not kept. A name that cannot be nested
/// stays flat.
pub fn nested_params<'a>(call: impl Into<KeptCall<'a>>) -> Value {
    object(SnippetCall::of(call.into()).all_fields())
}

fn object(fields: ParamFields) -> Value {
    Value::Object(fields.into_iter().map(|(name, node)| (name, json(node))).collect::<Map<_, _>>())
}

fn json(node: ParamValue) -> Value {
    match node {
        ParamValue::Text(text) => text.into(),
        ParamValue::Map(fields) => object(fields),
        ParamValue::List(items) => items.into_iter().map(json).collect(),
    }
}
