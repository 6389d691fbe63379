//! The call for curl.

use super::{
    call::{SnippetCall, pair},
    quote::{is_plain, shell},
    text::KEY,
};
use crate::domain::{call::api::HttpMethod, settings::stripe::BaseUrl};

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let url = format!("{}{}", base.map_or(BaseUrl::STRIPE, BaseUrl::as_str), call.path);
    let method = match call.method {
        HttpMethod::Get if call.params.is_empty() => "",
        HttpMethod::Get => "-G ",
        HttpMethod::Post if call.params.is_empty() => "-X POST ",
        HttpMethod::Post => "",
        HttpMethod::Delete => "-X DELETE ",
    };
    let mut lines = vec![format!("curl {method}{}", shell(&url).unwrap_or_default()), format!("  -u \"${KEY}:\"")];
    let header = |(name, value): (&str, &str)| shell(&format!("{name}: {value}")).unwrap_or_default();
    lines.extend(call.headers().into_iter().map(|pair| format!("  -H {}", header(pair))));
    lines.extend(call.params.iter().map(|(name, value)| format!("  {}", data(name, value))));
    lines.join(" \\\n") + "\n"
}

/// A parameter: readable where curl can encode it, else encoded already.
fn data(name: &str, value: &str) -> String {
    let is_simple = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte));
    let (option, word) = if !is_simple(name) || name.is_empty() || !value.chars().all(is_plain) {
        ("-d", pair(name, value))
    } else if is_simple(value) {
        ("-d", format!("{name}={value}"))
    } else {
        ("--data-urlencode", format!("{name}={value}"))
    };
    // Neither form can hold a zero byte: the encoded one says %00.
    format!("{option} {}", shell(&word).unwrap_or_default())
}
