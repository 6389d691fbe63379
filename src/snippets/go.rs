//! The call for stripe-go.

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
    let base = base.map(|base| {
        format!(
            "stripe.SetBackend(stripe.APIBackend, stripe.GetBackendWithConfig(\n\tstripe.APIBackend,\n\t\
             &stripe.BackendConfig{{URL: stripe.String({})}},\n))\n",
            text(base.as_str())
        )
    });
    let account = call.account.as_ref().map(|account| format!("params.SetStripeAccount({})\n", text(account)));
    let account = account.unwrap_or_default();
    // `stripe.CardParams` has no field for networks.
    let call = match (TypedToken::of(call, |_| false), retrieved_token(call)) {
        (Some(token), _) => create_token(&token, &account),
        (None, Some(id)) if account.is_empty() => format!("result, err := token.Get({}, nil)\n", text(id)),
        (None, Some(id)) => {
            format!("params := &stripe.TokenParams{{}}\n{account}result, err := token.Get({}, params)\n", text(id))
        }
        (None, None) => raw(call, &account),
    };
    format!("stripe.Key = os.Getenv({})\n{}\n{call}", text(KEY), base.unwrap_or_default())
}

fn create_token(token: &TypedToken, account: &str) -> String {
    let mut fields: Vec<(&str, String)> = Vec::new();
    if token.has_card() {
        // Go writes an initialism in capitals.
        let field = |member| if member == "Cvc" { "CVC" } else { member };
        let value = |value: &String| format!("stripe.String({})", text(value));
        let members: Vec<(&str, String)> =
            token.card.iter().map(|(member, text)| (field(*member), value(text))).collect();
        fields.push(("Card", format!("&stripe.CardParams{{\n{}\t}}", aligned(&members, "\t\t"))));
    }
    if let Some(id) = &token.card_id {
        fields.push(("Card", format!("&stripe.CardParams{{ID: {}}}", text(id))));
    }
    if let Some(id) = &token.customer {
        fields.push(("Customer", format!("stripe.String({})", text(id))));
    }
    let fields = if fields.is_empty() { String::new() } else { format!("\n{}", aligned(&fields, "\t")) };
    let extra =
        lines(token.extra.iter().map(|(name, value)| format!("params.AddExtra({}, {})", text(name), text(value))));
    format!("params := &stripe.TokenParams{{{fields}}}\n{extra}{account}result, err := token.New(params)\n")
}

/// The fields of a struct literal as gofmt writes them: values are aligned, unless one of them takes several lines.
fn aligned(fields: &[(&str, String)], step: &str) -> String {
    let is_block = fields.iter().any(|(_, value)| value.contains('\n'));
    let longest = if is_block { 0 } else { fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default() };
    lines(fields.iter().map(|(name, value)| {
        let gap = " ".repeat(longest.saturating_sub(name.len()) + 1);
        format!("{step}{name}:{gap}{value},")
    }))
}

fn raw(call: &SnippetCall, account: &str) -> String {
    let method = match call.method {
        HttpMethod::Get => "http.MethodGet",
        HttpMethod::Post => "http.MethodPost",
        HttpMethod::Delete => "http.MethodDelete",
    };
    let content = if call.has_body() { call.form() } else { String::new() };
    let version = call
        .version
        .as_ref()
        .map(|version| format!("params.Headers = http.Header{{\"Stripe-Version\": {{{}}}}}\n", text(version)))
        .unwrap_or_default();
    let (params, name) = if account.is_empty() && version.is_empty() {
        (String::new(), "nil")
    } else {
        (format!("params := &stripe.RawParams{{}}\n{account}{version}"), "params")
    };
    format!(
        "backend, err := stripe.GetRawRequestBackend(stripe.APIBackend)\nif err != nil {{\n\tlog.Fatal(err)\n}}\n\
         client := rawrequest.Client{{B: backend, Key: stripe.Key}}\n\
         {params}result, err := client.RawRequest({method}, {}, {}, {name})\n",
        text(&call.path_and_query()),
        text(&content)
    )
}
