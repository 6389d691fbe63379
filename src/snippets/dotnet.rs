//! The call for stripe-dotnet, in C#.

use super::{
    call::SnippetCall,
    quote::{EscapeStyle, with_backslashes},
    text::{KEY, lines},
    typed::{TypedToken, retrieved_token},
};
use crate::domain::{call::api::HttpMethod, settings::stripe::BaseUrl};

fn text(text: &str) -> String {
    with_backslashes(text, '"', &[], EscapeStyle::Wide)
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let key = format!("Environment.GetEnvironmentVariable({})", text(KEY));
    let account = call.account.as_ref();
    let account = account.map(|account| format!("new RequestOptions {{ StripeAccount = {} }}", text(account)));
    let call = match (TypedToken::of(call, |_| true), retrieved_token(call)) {
        (Some(token), _) => create_token(&token, account.as_deref()),
        (None, Some(id)) => {
            let options = account.map(|account| format!(", requestOptions: {account}")).unwrap_or_default();
            format!("var service = new TokenService();\nToken token = service.Get({}{options});\n", text(id))
        }
        (None, None) => return raw(call, &key, base),
    };
    let client = match base {
        None => format!("StripeConfiguration.ApiKey = {key};\n"),
        Some(base) => format!(
            "// Assign no StripeConfiguration.ApiKey after this: that would drop the client and its address.\n\
             StripeConfiguration.StripeClient = new StripeClient(\n    apiKey: {key},\n    apiBase: {});\n",
            text(base.as_str())
        ),
    };
    format!("{client}\n{call}")
}

fn create_token(token: &TypedToken, account: Option<&str>) -> String {
    let and_options = account.map(|account| format!(", {account}")).unwrap_or_default();
    let mut set = Vec::new();
    if token.has_card() {
        set.push("    Card = new TokenCardOptions\n    {".to_owned());
        set.extend(token.card.iter().map(|(property, value)| format!("        {property} = {},", text(value))));
        if let Some(network) = &token.network {
            set.push(format!(
                "        Networks = new TokenCardNetworksOptions\n        {{\n            Preferred = {},\n        }},",
                text(network)
            ));
        }
        set.push("    },".to_owned());
    }
    set.extend(token.card_id.iter().map(|id| format!("    Card = {},", text(id))));
    set.extend(token.customer.iter().map(|id| format!("    Customer = {},", text(id))));
    let extra =
        token.extra.iter().map(|(name, value)| format!("options.AddExtraParam({}, {});", text(name), text(value)));
    format!(
        "var options = new TokenCreateOptions\n{{\n{}}};\n{}var service = new TokenService();\n\
         Token token = service.Create(options{and_options});\n",
        lines(set),
        lines(extra)
    )
}

fn raw(call: &SnippetCall, key: &str, base: Option<&BaseUrl>) -> String {
    let base = base.map(|base| format!(",\n    apiBase: {}", text(base.as_str()))).unwrap_or_default();
    let method = match call.method {
        HttpMethod::Get => "Get",
        HttpMethod::Post => "Post",
        HttpMethod::Delete => "Delete",
    };
    let headers: Vec<String> =
        call.headers().into_iter().map(|(name, value)| format!("{{ {}, {} }}", text(name), text(value))).collect();
    let content = match () {
        () if call.has_body() => format!(",\n    {}", text(&call.form())),
        () if headers.is_empty() => String::new(),
        () => ",\n    null".to_owned(),
    };
    let options = match &headers[..] {
        [] => String::new(),
        headers => {
            format!(",\n    new RawRequestOptions {{ AdditionalHeaders = {{ {} }} }}", headers.join(", "))
        }
    };
    format!(
        "var client = new StripeClient(\n    apiKey: {key}{base});\n\nStripeResponse response = client.RawRequest(\n    \
         HttpMethod.{method},\n    {}{content}{options});\n",
        text(&call.path_and_query())
    )
}
