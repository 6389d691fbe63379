//! The call for Stripe's command line.

use super::{call::SnippetCall, quote::shell, text::KEY};
use crate::domain::{call::api::HttpMethod, settings::stripe::BaseUrl};

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let (verb, confirm) = match call.method {
        HttpMethod::Get => ("get", ""),
        HttpMethod::Post => ("post", ""),
        // The Stripe CLI asks before it deletes.
        HttpMethod::Delete => ("delete", " --confirm"),
    };
    let mut note = "";
    let mut lines = vec![format!("stripe {verb} {}{confirm}", shell(&call.path).unwrap_or_default())];
    lines.push(format!("  --api-key \"${KEY}\""));
    if let Some(base) = base {
        // The only address of this machine that the Stripe CLI accepts has digits.
        let base = base.as_str().replace("//localhost", "//127.0.0.1");
        lines.push(format!("  --api-base {}", shell(&base).unwrap_or_default()));
    }
    for (option, value) in call.options("--stripe-account", "--stripe-version") {
        lines.push(format!("  {option} {}", shell(value).unwrap_or_default()));
    }
    for (name, value) in &call.params {
        // The Stripe CLI cuts a parameter at its first equals sign, so a name cannot hold one.
        match shell(&format!("{name}={value}")).filter(|_| !name.contains('=')) {
            Some(word) => lines.push(format!("  -d {word}")),
            None => note = "# The Stripe CLI cannot send all parameters of this call: cURL can.\n",
        }
    }
    format!("{note}{}\n", lines.join(" \\\n"))
}
