//! Whether a call used a token up, and for what. The rules are the same for both targets.

use serde_json::Value;

use super::{
    api::{ApiResponse, HttpMethod, MaskedRequest},
    error::ErrorView,
    token::TokenView,
};
use crate::domain::card::test_cards;

/// What a call reveals about the token that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    pub token: String,
    pub verdict: TokenVerdict,
}

/// Whether the token is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenVerdict {
    /// Nothing new: the call was refused in validation, or the token was retrieved and is unused.
    Unchanged,
    /// The token is used up, by the object with this id if the call created one.
    Used(Option<String>),
}

/// The token that a call names: `GET /v1/tokens/:id`, or a call with a token among its parameters. Ready-made tokens
/// such as `tok_visa` do not count: they do not belong to the account, and are never used up.
pub fn token_of(request: &MaskedRequest) -> Option<&str> {
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let param = |names: &[&str]| names.iter().find_map(|name| request.param(name));
    let token = match (request.method, &parts[..]) {
        (HttpMethod::Get, ["v1", "tokens", id]) => Some(*id),
        (
            HttpMethod::Post,
            ["v1", "charges" | "customers"] | ["v1", "customers", _] | ["v1", "customers", _, "cards" | "sources"],
        ) => param(&["source", "card"]),
        (HttpMethod::Post, ["v1", "payment_methods"]) => param(&["card[token]"]),
        (
            HttpMethod::Post,
            ["v1", "payment_intents" | "setup_intents"]
            | ["v1", "payment_intents" | "setup_intents", _]
            | ["v1", "payment_intents" | "setup_intents", _, "confirm"],
        ) => param(&["payment_method_data[card][token]"]),
        _ => None,
    };
    token.filter(|token| token.starts_with("tok_") && test_cards::by_alias(token).is_none())
}

/// What a call and its response reveal about its token. A decline uses the token up (two users' reports; undocumented
/// by Stripe for a decline at an attach: our choice). A refusal in validation does not.
pub fn of_call(request: &MaskedRequest, outcome: Option<&ApiResponse>) -> Option<TokenUse> {
    let token = token_of(request)?.to_owned();
    let verdict = outcome.map_or(TokenVerdict::Unchanged, |response| verdict(request, response));
    Some(TokenUse { token, verdict })
}

fn verdict(request: &MaskedRequest, response: &ApiResponse) -> TokenVerdict {
    let Some(body) = response.json_members(&["id", "object", "used", "error"]) else { return TokenVerdict::Unchanged };
    if request.method == HttpMethod::Get {
        let is_used = response.is_success() && TokenView::of(&body).is_some_and(TokenView::is_used);
        return if is_used { TokenVerdict::Used(None) } else { TokenVerdict::Unchanged };
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if response.is_success() {
        // A success without an id created nothing that could have used the token up.
        return text(&body["id"]).map_or(TokenVerdict::Unchanged, |id| TokenVerdict::Used(Some(id)));
    }
    let error = ErrorView::of(&body);
    match (response.http_status, error.and_then(ErrorView::kind), error.and_then(ErrorView::code)) {
        (402, Some("card_error"), _) => TokenVerdict::Used(text(&body["error"]["charge"])),
        (_, _, Some("token_already_used")) => TokenVerdict::Used(None),
        _ => TokenVerdict::Unchanged,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::call::{api::ApiRequest, token_calls::TokenCall};

    const TOKEN: &str = "tok_1Abc";

    fn charge(token: &str) -> MaskedRequest {
        let call = TokenCall::Charge { token: token.to_owned(), amount: "1".to_owned(), currency: "usd".to_owned() };
        call.to_api("key").masked()
    }

    fn answer(http_status: u16, body: &Value) -> ApiResponse {
        ApiResponse { http_status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    #[track_caller]
    fn check(request: &MaskedRequest, response: &ApiResponse, expected: Option<TokenVerdict>) {
        let expected = expected.map(|verdict| TokenUse { token: TOKEN.to_owned(), verdict });
        assert_eq!(of_call(request, Some(response)), expected);
    }

    #[test]
    fn a_call_tells_what_used_its_token_up() {
        let by = |id: &str| Some(TokenVerdict::Used(Some(id.to_owned())));
        let attach = TokenCall::Attach { token: TOKEN.to_owned(), customer: Some("cus_1".to_owned()) }.to_api("key");
        let retrieve = ApiRequest::retrieve_token(TOKEN).masked();
        let ok = |id: &str| answer(200, &json!({ "id": id, "object": "x" }));
        let error = |status, error: Value| answer(status, &json!({ "error": error }));
        check(&charge(TOKEN), &ok("ch_1"), by("ch_1"));
        check(&attach.masked(), &ok("card_1"), by("card_1"));
        check(&charge(TOKEN), &error(402, json!({ "type": "card_error", "charge": "ch_2" })), by("ch_2"));
        check(&attach.masked(), &error(402, json!({ "type": "card_error" })), Some(TokenVerdict::Used(None)));
        check(&charge(TOKEN), &error(402, json!({ "type": "invalid_request_error" })), Some(TokenVerdict::Unchanged));
        check(&charge(TOKEN), &error(400, json!({ "code": "token_already_used" })), Some(TokenVerdict::Used(None)));
        check(&charge(TOKEN), &error(400, json!({ "code": "parameter_missing" })), Some(TokenVerdict::Unchanged));
        let token = |used: bool| answer(200, &json!({ "id": TOKEN, "object": "token", "used": used }));
        check(&retrieve, &token(true), Some(TokenVerdict::Used(None)));
        check(&retrieve, &token(false), Some(TokenVerdict::Unchanged));
        let pay = |path: &str| {
            let params = [("payment_method_data[type]", "card"), ("payment_method_data[card][token]", TOKEN)];
            let params = params.into_iter().collect();
            let method = HttpMethod::Post;
            ApiRequest { method, params, ..ApiRequest::get(path) }.masked()
        };
        check(&pay("/v1/payment_intents"), &ok("pi_1"), by("pi_1"));
        check(&pay("/v1/payment_intents/pi_1/confirm"), &ok("pi_1"), by("pi_1"));
        check(&pay("/v1/setup_intents/seti_1"), &ok("seti_1"), by("seti_1"));
        let declined = error(402, json!({ "type": "card_error", "charge": "ch_3" }));
        check(&pay("/v1/payment_intents"), &declined, by("ch_3"));
        check(&charge("tok_visa"), &ok("ch_1"), None);
        check(&charge("card_1"), &ok("ch_1"), None);
    }
}
