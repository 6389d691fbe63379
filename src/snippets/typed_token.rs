//! A token creation for the SDKs with types: which parameters are members of theirs, and which are extra.

use super::{
    call::{ParamFields, ParamValue, SnippetCall},
    sdk_call::{SdkAction, SdkCall},
    typed_call::take_extra,
};

/// The parameters of a card that the SDKs with types have members for, and what such a member is called: a property in
/// C#, a field in Go, what follows `set` in Java. Taken from `TokenCardOptions`, `stripe.CardParams` and
/// `TokenCreateParams.Card`.
const CARD_MEMBERS: [(&str, &str); 12] = [
    ("number", "Number"),
    ("exp_month", "ExpMonth"),
    ("exp_year", "ExpYear"),
    ("cvc", "Cvc"),
    ("name", "Name"),
    ("address_line1", "AddressLine1"),
    ("address_line2", "AddressLine2"),
    ("address_city", "AddressCity"),
    ("address_state", "AddressState"),
    ("address_zip", "AddressZip"),
    ("address_country", "AddressCountry"),
    ("currency", "Currency"),
];

/// The parameters of a token creation, sorted into those that an SDK has members for and the others.
#[derive(Debug, Default)]
pub(super) struct TypedToken {
    /// The members of the card, in the order of the call.
    pub card: Vec<(&'static str, String)>,
    /// The preferred network, where the SDK can say it.
    pub network: Option<String>,
    /// The id of a customer's card, in place of a card.
    pub card_id: Option<String>,
    pub customer: Option<String>,
    /// Everything else, by the names that are sent.
    pub extra: Vec<(String, String)>,
}

impl TypedToken {
    /// Sorts the parameters of a call; `None` for a call that does not create a token or asks for a version of the API:
    /// the types of an SDK are made for one version, so other versions need a raw request. `knows_network` tells which
    /// preferred networks the SDK can name.
    pub(super) fn of(call: &SnippetCall, knows_network: fn(&str) -> bool) -> Option<Self> {
        match &call.kind {
            SdkCall::Method { resource, action: SdkAction::Create, .. }
                if resource.plural == "tokens" && call.version.is_none() => {}
            _ => return None,
        }
        let (fields, flat) = call.fields();
        let mut token = Self::default();
        for (name, node) in fields {
            match (name.as_str(), node) {
                ("card", ParamValue::Map(card)) => token.take_card(card, knows_network),
                ("card", ParamValue::Text(id)) => token.card_id = Some(id),
                ("customer", ParamValue::Text(id)) => token.customer = Some(id),
                (name, node) => take_extra(&mut token.extra, name, &node),
            }
        }
        token.extra.extend(flat.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        Some(token)
    }

    fn take_card(&mut self, card: ParamFields, knows_network: fn(&str) -> bool) {
        for (name, node) in card {
            let member = CARD_MEMBERS.iter().find(|(known, _)| *known == name).map(|(_, member)| *member);
            match (node, member) {
                (ParamValue::Text(value), Some(member)) => self.card.push((member, value)),
                (node, _) => match preferred_network(&name, &node).filter(|network| knows_network(network)) {
                    Some(network) => self.network = Some(network.to_owned()),
                    None => take_extra(&mut self.extra, &format!("card[{name}]"), &node),
                },
            }
        }
    }

    /// Whether the card has members of its own.
    pub(super) fn has_card(&self) -> bool {
        !self.card.is_empty() || self.network.is_some()
    }
}

/// The id of the token that a call retrieves, if the call has no parameters and asks for no version of the API.
pub(super) fn retrieved_token(call: &SnippetCall) -> Option<&str> {
    match &call.kind {
        SdkCall::Method { resource, action: SdkAction::Retrieve, id: Some(id) }
            if resource.plural == "tokens" && call.params.is_empty() && call.version.is_none() =>
        {
            Some(id)
        }
        _ => None,
    }
}

/// The preferred network, if `networks` holds nothing else.
fn preferred_network<'a>(name: &str, node: &'a ParamValue) -> Option<&'a str> {
    match node {
        ParamValue::Map(fields) if name == "networks" => match &fields[..] {
            [(inner, ParamValue::Text(network))] if inner == "preferred" => Some(network),
            _ => None,
        },
        _ => None,
    }
}
