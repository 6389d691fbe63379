//! The call for stripe-dotnet, in C#.

use super::{
    call::SnippetCall,
    quote::{EscapeStyle, with_backslashes},
    sdk_call::{SdkAction, camel_case, pascal_case},
    text::{KEY, lines},
    typed_call::{TypedCall, TypedValue},
    typed_token::{TypedToken, retrieved_token},
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
        (None, None) => match TypedCall::of(call) {
            Some(typed) => method_call(&typed, account.as_deref()),
            None => return raw(call, &key, base),
        },
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

/// A call by a method of its resource's service.
fn method_call(call: &TypedCall<'_>, account: Option<&str>) -> String {
    let is_list = call.action == SdkAction::List;
    let class = if is_list { format!("StripeList<{}>", call.resource.class) } else { call.resource.class.to_owned() };
    let is_without = call.is_bare() && (call.id.is_some() || is_list);
    let options = if is_without { String::new() } else { built_options(call) };
    let mut arguments: Vec<String> = call.id.map(text).into_iter().collect();
    arguments.extend((!is_without).then(|| "options".to_owned()));
    arguments.extend(account.map(|account| format!("requestOptions: {account}")));
    let variable = match call.resource.variable(call.action) {
        // A keyword of C#.
        "event" => "stripeEvent".to_owned(),
        variable => camel_case(variable),
    };
    let method = match call.action {
        SdkAction::Retrieve => "Get".to_owned(),
        action => pascal_case(action.word()),
    };
    format!(
        "{options}var service = new {}Service();\n{class} {variable} = service.{method}({});\n",
        call.resource.class,
        arguments.join(", ")
    )
}

fn built_options(call: &TypedCall<'_>) -> String {
    let words = |words: &[String]| words.iter().map(|word| text(word)).collect::<Vec<_>>().join(", ");
    let value = |value: &TypedValue| match value {
        TypedValue::Text(word) | TypedValue::Choice(word) => text(word),
        TypedValue::Whole(number) => number.to_string(),
        TypedValue::Truth(truth) => truth.to_string(),
        TypedValue::Texts(texts) => format!("new List<string> {{ {} }}", words(texts)),
    };
    let mut set: Vec<String> =
        call.members.iter().map(|(name, member)| format!("    {} = {},", pascal_case(name), value(member))).collect();
    if !call.metadata.is_empty() {
        let entries = call.metadata.iter().map(|(key, value)| format!("        {{ {}, {} }},", text(key), text(value)));
        set.push(format!("    Metadata = new Dictionary<string, string>\n    {{\n{}    }},", lines(entries)));
    }
    let expand = call.expand.iter().map(|name| format!("options.AddExpand({});", text(name)));
    let extra =
        call.extra.iter().map(|(name, value)| format!("options.AddExtraParam({}, {});", text(name), text(value)));
    format!(
        "var options = new {}Options\n{{\n{}}};\n{}",
        call.params_class("Get"),
        lines(set),
        lines(expand.chain(extra))
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
