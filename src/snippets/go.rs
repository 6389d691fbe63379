//! The call for stripe-go.

use super::{
    call::SnippetCall,
    quote::{EscapeStyle, with_backslashes},
    sdk_call::{SdkAction, pascal_case},
    text::{KEY, lines},
    typed_call::{TypedCall, TypedValue},
    typed_token::{TypedToken, retrieved_token},
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
        (None, None) => match TypedCall::of(call) {
            Some(typed) => method_call(&typed, &account),
            None => raw(call, &account),
        },
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

/// A call by a method of its resource's package.
fn method_call(call: &TypedCall<'_>, account: &str) -> String {
    let package = call.resource.class.to_lowercase();
    let method = match call.action {
        SdkAction::Create => "New",
        SdkAction::Retrieve => "Get",
        SdkAction::Delete => "Del",
        action => &pascal_case(action.word()),
    };
    let is_list = call.action == SdkAction::List;
    let params = match call.action {
        SdkAction::Create | SdkAction::Retrieve | SdkAction::Update | SdkAction::Delete | SdkAction::Close => {
            format!("{}Params", call.resource.class)
        }
        action => format!("{}{}Params", call.resource.class, pascal_case(action.word())),
    };
    let id = call.id.map(|id| format!("{}, ", text(id))).unwrap_or_default();
    let result = if is_list { "result" } else { "result, err" };
    if call.id.is_some() && call.is_bare() && account.is_empty() {
        return format!("{result} := {package}.{method}({id}nil)\n");
    }
    let (fields, filters) = if is_list { (String::new(), filters(call)) } else { (fields(call), String::new()) };
    let metadata =
        call.metadata.iter().map(|(key, value)| format!("params.AddMetadata({}, {})", text(key), text(value)));
    let expand = call.expand.iter().map(|name| format!("params.AddExpand({})", text(name)));
    let extra = call.extra.iter().filter(|_| !is_list);
    let extra = extra.map(|(name, value)| format!("params.AddExtra({}, {})", text(name), text(value)));
    let added = lines(metadata.chain(expand).chain(extra));
    format!(
        "params := &stripe.{params}{{{fields}}}\n{filters}{added}{account}{result} := {package}.{method}({id}params)\n"
    )
}

/// The members of a call with their values, by the names of their fields.
fn members(call: &TypedCall<'_>) -> Vec<(String, String)> {
    let value = |value: &TypedValue| match value {
        TypedValue::Text(word) | TypedValue::Choice(word) => format!("stripe.String({})", text(word)),
        TypedValue::Whole(number) => format!("stripe.Int64({number})"),
        TypedValue::Truth(truth) => format!("stripe.Bool({truth})"),
        TypedValue::Texts(words) => {
            let words: Vec<String> = words.iter().map(|word| text(word)).collect();
            format!("stripe.StringSlice([]string{{{}}})", words.join(", "))
        }
    };
    call.members.iter().map(|(name, member)| (field_name(name), value(member))).collect()
}

/// The members of a call as fields of its parameters.
fn fields(call: &TypedCall<'_>) -> String {
    let members = members(call);
    let members: Vec<(&str, String)> = members.iter().map(|(name, value)| (&**name, value.clone())).collect();
    if members.is_empty() { String::new() } else { format!("\n{}", aligned(&members, "\t")) }
}

/// The parameters of a list: where it begins and how long its pages are by the fields that its iterator turns the pages
/// with, all others as filters, by the name and what stands in its last brackets.
fn filters(call: &TypedCall<'_>) -> String {
    let pages = members(call).into_iter().map(|(name, value)| format!("params.{name} = {value}"));
    let others = call.extra.iter().map(|(name, value)| {
        let parts = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
        let (name, operator) = parts.unwrap_or((name, ""));
        format!("params.Filters.AddFilter({}, {}, {})", text(name), text(operator), text(value))
    });
    lines(pages.chain(others))
}

/// The name of a field: Go writes an initialism in capitals.
fn field_name(name: &str) -> String {
    let part = |part: &str| match part {
        "url" | "sdk" | "id" => part.to_uppercase(),
        part => pascal_case(part),
    };
    name.split('_').map(part).collect()
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
