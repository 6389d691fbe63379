//! The call for stripe-php.

use super::{
    call::SnippetCall,
    literal::LiteralStyle,
    quote::single_or_double,
    sdk_call::{SdkAction, SdkCall, camel_case},
    text::KEY,
};
use crate::domain::settings::stripe::BaseUrl;

const LITERAL: LiteralStyle =
    LiteralStyle { map: ["[", "]"], list: ["[", "]"], key: |name| format!("{} => ", text(name)), text };

fn text(text: &str) -> String {
    single_or_double(text, &['$'])
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let secret = format!("getenv('{KEY}')");
    let client = match base {
        None => format!("$stripe = new \\Stripe\\StripeClient({secret});\n"),
        Some(base) => {
            let base = text(base.as_str());
            format!(
                "$stripe = new \\Stripe\\StripeClient([\n  'api_key' => {secret},\n  'api_base' => {base},\n]);\n\
                 // Without this line the next page of a list would be asked of Stripe.\n\
                 \\Stripe\\Stripe::$apiBase = {base};\n"
            )
        }
    };
    let fields = call.all_fields();
    let params = LITERAL.map(&fields, 0);
    let options = call.option_fields("stripe_account", "stripe_version");
    let and_options = if options.is_empty() { String::new() } else { format!(", {}", LITERAL.map(&options, 0)) };
    let and_params = if fields.is_empty() && options.is_empty() { String::new() } else { format!(", {params}") };
    let (name, called) = match &call.kind {
        SdkCall::Method { resource, action, id } => {
            let method = if *action == SdkAction::List { "all".to_owned() } else { camel_case(action.word()) };
            let arguments = match id {
                Some(id) => format!("{}{and_params}", text(id)),
                None => params,
            };
            let called = format!("{}->{method}({arguments}{and_options})", camel_case(resource.plural));
            (camel_case(resource.variable(*action)), called)
        }
        SdkCall::CreateSource(id) => {
            ("source".to_owned(), format!("customers->createSource({}{and_params}{and_options})", text(id)))
        }
        SdkCall::Raw => {
            let method = call.method.as_str().to_lowercase();
            let and_params = match () {
                () if call.has_body() => and_params,
                () if options.is_empty() => String::new(),
                () => ", null".to_owned(),
            };
            (
                "response".to_owned(),
                format!("rawRequest('{method}', {}{and_params}{and_options})", text(&call.path_and_query())),
            )
        }
    };
    format!("{client}\n${name} = $stripe->{called};\n")
}
