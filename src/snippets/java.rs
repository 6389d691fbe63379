//! The call for stripe-java.

use super::{
    call::SnippetCall,
    quote::{EscapeStyle, with_backslashes},
    text::{KEY, lines},
    typed::{TypedToken, retrieved_token},
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
        (None, None) => return raw(call, &key, base),
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

fn raw(call: &SnippetCall, key: &str, base: Option<&BaseUrl>) -> String {
    let client = match base {
        None => format!("StripeClient client = new StripeClient({key});\n"),
        Some(base) => format!(
            "StripeClient client =\n  StripeClient.builder()\n    .setApiKey({key})\n    .setApiBase({})\n    .build();\n",
            text(base.as_str())
        ),
    };
    let method = call.method.as_str();
    let content = if call.has_body() { text(&call.form()) } else { "null".to_owned() };
    let headers: Vec<String> =
        call.headers().into_iter().map(|(name, value)| format!("{}, {}", text(name), text(value))).collect();
    let headers = match &headers[..] {
        [] => String::new(),
        headers => format!(".setAdditionalHeaders(Map.of({}))", headers.join(", ")),
    };
    format!(
        "{client}\nStripeResponse response =\n  client.rawRequest(\n    ApiResource.RequestMethod.{method},\n    {},\n    \
         {content},\n    RawRequestOptions.builder(){headers}.build()\n  );\n",
        text(&call.path_and_query())
    )
}
