//! The call for stripe-ruby.

use super::{
    call::SnippetCall,
    literal::LiteralStyle,
    quote::{is_identifier, single_or_double},
    sdk_call::{SdkAction, SdkCall},
    text::KEY,
};
use crate::domain::settings::stripe::BaseUrl;

const LITERAL: LiteralStyle = LiteralStyle { map: ["{", "}"], list: ["[", "]"], key, text };

fn text(text: &str) -> String {
    single_or_double(text, &['#'])
}

fn key(name: &str) -> String {
    // Ruby takes a name with a capital for a constant elsewhere, but before a colon it is an ordinary label.
    if is_identifier(name) { format!("{name}: ") } else { format!("{} => ", text(name)) }
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let secret = format!("ENV.fetch('{KEY}')");
    let fields = call.all_fields();
    let params = LITERAL.map(&fields, 0);
    let base = base.map(|base| text(base.as_str()));
    let options = call.option_fields("stripe_account", "stripe_version");
    let and_options = if options.is_empty() { String::new() } else { format!(", {}", LITERAL.map(&options, 0)) };
    if call.kind == SdkCall::Raw {
        let base = base.map(|base| format!(", api_base: {base}")).unwrap_or_default();
        let params = if call.has_body() && !fields.is_empty() { format!(", params: {params}") } else { String::new() };
        let opts = if options.is_empty() { String::new() } else { format!(", opts: {}", LITERAL.map(&options, 0)) };
        let method = call.method.as_str().to_lowercase();
        return format!(
            "client = Stripe::StripeClient.new({secret}{base})\n\nresponse = client.raw_request(:{method}, {}{params}{opts})\n",
            text(&call.path_and_query())
        );
    }
    let base = base.map(|base| format!("Stripe.api_base = {base}\n")).unwrap_or_default();
    let (name, called) = match &call.kind {
        SdkCall::Method { resource, action, id } => {
            let arguments = match id {
                None => params,
                Some(id) if fields.is_empty() && (options.is_empty() || *action == SdkAction::Retrieve) => text(id),
                // With parameters, stripe-ruby takes the id as one of them.
                Some(id) if *action == SdkAction::Retrieve => {
                    format!("{{\n  id: {},\n{}}}", text(id), LITERAL.lines(&fields, 1))
                }
                Some(id) => format!("{}, {params}", text(id)),
            };
            let called = format!("{}.{}({arguments}{and_options})", resource.class, action.word());
            (resource.variable(*action), called)
        }
        SdkCall::CreateSource(id) => ("source", format!("Customer.create_source({}, {params}{and_options})", text(id))),
        SdkCall::Raw => unreachable!("written above"),
    };
    format!("Stripe.api_key = {secret}\n{base}\n{name} = Stripe::{called}\n")
}
