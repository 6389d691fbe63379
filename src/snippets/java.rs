//! The call for stripe-java.

use super::{
    call::SnippetCall,
    quote::{EscapeStyle, with_backslashes},
    sdk_call::{SdkAction, camel_case, pascal_case},
    text::{KEY, lines},
    typed_call::{TypedCall, TypedValue},
    typed_token::{TypedToken, retrieved_token},
};
use crate::domain::{card::networks::CardNetwork, settings::stripe::BaseUrl};

fn text(text: &str) -> String {
    with_backslashes(text, '"', &[], EscapeStyle::Utf16)
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let key = format!("System.getenv({})", text(KEY));
    // stripe-java has an enum for networks: others than its constants go into the extra parameters.
    let has_constant = |network: &str| network.parse::<CardNetwork>().is_ok();
    let (account, and_options) = match &call.account {
        None => (String::new(), ""),
        Some(account) => (
            format!(
                "RequestOptions options =\n  RequestOptions.builder()\n    .setStripeAccount({})\n    .build();\n\n",
                text(account)
            ),
            ", options",
        ),
    };
    let call = match (TypedToken::of(call, has_constant), retrieved_token(call)) {
        (Some(token), _) => create_token(&token, and_options),
        (None, Some(id)) => format!("Token token = Token.retrieve({}{and_options});\n", text(id)),
        (None, None) => {
            let client = client(&key, base);
            return match TypedCall::of(call) {
                Some(typed) => format!("{client}\n{account}{}", method_call(&typed, and_options)),
                None => format!("{client}\n{}", raw(call)),
            };
        }
    };
    let base = base.map(|base| format!("Stripe.overrideApiBase({});\n", text(base.as_str()))).unwrap_or_default();
    format!("Stripe.apiKey = {key};\n{base}\n{account}{call}")
}

fn create_token(token: &TypedToken, and_options: &str) -> String {
    let mut set = Vec::new();
    if token.has_card() {
        set.push("    .setCard(\n      TokenCreateParams.Card.builder()".to_owned());
        set.extend(token.card.iter().map(|(member, value)| format!("        .set{member}({})", text(value))));
        if let Some(network) = &token.network {
            let constant = network.to_uppercase();
            set.push(format!(
                "        .setNetworks(\n          TokenCreateParams.Card.Networks.builder()\n            \
                 .setPreferred(TokenCreateParams.Card.Networks.Preferred.{constant})\n            .build()\n        )"
            ));
        }
        set.push("        .build()\n    )".to_owned());
    }
    set.extend(token.card_id.iter().map(|id| format!("    .setCard({})", text(id))));
    set.extend(token.customer.iter().map(|id| format!("    .setCustomer({})", text(id))));
    set.extend(token.extra.iter().map(|(name, value)| format!("    .putExtraParam({}, {})", text(name), text(value))));
    format!(
        "TokenCreateParams params =\n  TokenCreateParams.builder()\n{}    .build();\n\n\
         Token token = Token.create(params{and_options});\n",
        lines(set)
    )
}

/// A call by a method of its resource's service.
fn method_call(call: &TypedCall<'_>, and_options: &str) -> String {
    let params = format!("{}Params", call.params_class("Retrieve"));
    let is_list = call.action == SdkAction::List;
    let class =
        if is_list { format!("StripeCollection<{}>", call.resource.class) } else { call.resource.class.to_owned() };
    let variable = camel_case(call.resource.variable(call.action));
    let is_without = call.is_bare() && (call.id.is_some() || is_list);
    let built = if is_without { String::new() } else { format!("{}\n", built_params(call, &params)) };
    let mut arguments: Vec<String> = call.id.map(text).into_iter().collect();
    arguments.extend((!is_without).then(|| "params".to_owned()));
    let arguments = arguments.join(", ") + and_options;
    // A list without parameters has its options alone.
    let arguments = arguments.trim_start_matches(", ");
    let (service, method) = (camel_case(call.resource.plural), camel_case(call.action.word()));
    format!(
        "{built}// Up to stripe-java 29.4, without .v1().\n{class} {variable} = client.v1().{service}().{method}({arguments});\n"
    )
}

fn built_params(call: &TypedCall<'_>, params: &str) -> String {
    let mut set = Vec::new();
    for (name, value) in &call.members {
        let member = pascal_case(name);
        match value {
            TypedValue::Text(word) => set.push(format!("    .set{member}({})", text(word))),
            TypedValue::Whole(number) => set.push(format!("    .set{member}({number}L)")),
            TypedValue::Truth(truth) => set.push(format!("    .set{member}({truth})")),
            TypedValue::Choice(word) => {
                set.push(format!("    .set{member}({params}.{member}.{})", word.to_uppercase()));
            }
            TypedValue::Texts(words) => {
                let one = member.trim_end_matches('s');
                set.extend(words.iter().map(|word| format!("    .add{one}({})", text(word))));
            }
        }
    }
    set.extend(call.metadata.iter().map(|(key, value)| format!("    .putMetadata({}, {})", text(key), text(value))));
    set.extend(call.expand.iter().map(|name| format!("    .addExpand({})", text(name))));
    set.extend(call.extra.iter().map(|(name, value)| format!("    .putExtraParam({}, {})", text(name), text(value))));
    format!("{params} params =\n  {params}.builder()\n{}    .build();\n", lines(set))
}

fn client(key: &str, base: Option<&BaseUrl>) -> String {
    match base {
        None => format!("StripeClient client = new StripeClient({key});\n"),
        Some(base) => format!(
            "StripeClient client =\n  StripeClient.builder()\n    .setApiKey({key})\n    .setApiBase({})\n    .build();\n",
            text(base.as_str())
        ),
    }
}

fn raw(call: &SnippetCall) -> String {
    let method = call.method.as_str();
    let content = if call.has_body() { text(&call.form()) } else { "null".to_owned() };
    let headers: Vec<String> =
        call.headers().into_iter().map(|(name, value)| format!("{}, {}", text(name), text(value))).collect();
    let headers = match &headers[..] {
        [] => String::new(),
        headers => format!(".setAdditionalHeaders(Map.of({}))", headers.join(", ")),
    };
    format!(
        "StripeResponse response =\n  client.rawRequest(\n    ApiResource.RequestMethod.{method},\n    {},\n    \
         {content},\n    RawRequestOptions.builder(){headers}.build()\n  );\n",
        text(&call.path_and_query())
    )
}
