//! What the answers of the real API say of an account's policies: nothing else tells them.

use super::policies::{AccountPolicies, AccountPolicy};
use crate::domain::call::{
    api::{ApiResponse, HttpMethod, MaskedRequest},
    refusal::AccountRefusal,
};

/// What is known of an account's policies by its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountAnswers {
    raw_card_data: Option<bool>,
    card_tokens_on_charges: Option<bool>,
}

impl AccountAnswers {
    /// Takes a call into account. The newest call goes first: what an older one says of the same policy is overtaken.
    pub fn add(&mut self, request: &MaskedRequest, answer: &ApiResponse) {
        let takes_source = request.path == "/v1/charges" || request.path.starts_with("/v1/customers");
        let (known, refused) = if request.method != HttpMethod::Post {
            return;
        } else if request.path == "/v1/tokens" && request.param("card[number]").is_some() {
            (&mut self.raw_card_data, AccountRefusal::RawCardData)
        } else if takes_source && request.param("source").is_some() {
            (&mut self.card_tokens_on_charges, AccountRefusal::CardTokensEnded)
        } else {
            return;
        };
        let said = match AccountRefusal::of(answer) {
            Some(refusal) => (refusal == refused).then_some(false),
            None => answer.is_success().then_some(true),
        };
        *known = known.or(said);
    }

    /// Whether older calls can say nothing new.
    pub fn is_complete(&self) -> bool {
        self.raw_card_data.is_some() && self.card_tokens_on_charges.is_some()
    }

    /// The policies as far as they are known, the others as by default.
    pub fn policies(&self) -> AccountPolicies {
        let usual = AccountPolicies::default();
        AccountPolicies {
            raw_card_data: self.raw_card_data.unwrap_or(usual.raw_card_data),
            card_tokens_on_charges: self.card_tokens_on_charges.unwrap_or(usual.card_tokens_on_charges),
            ..usual
        }
    }
}

/// The refusal by which the real API shows a policy, where it shows it.
pub fn refusal_of(policy: AccountPolicy) -> Option<AccountRefusal> {
    match policy {
        AccountPolicy::RawCardData => Some(AccountRefusal::RawCardData),
        AccountPolicy::PublishableKeys => Some(AccountRefusal::PublishableKey),
        AccountPolicy::CardTokensOnCharges => Some(AccountRefusal::CardTokensEnded),
        AccountPolicy::PublishedTestCardsOnly
        | AccountPolicy::StrictNumber
        | AccountPolicy::BlockIfCvcFails
        | AccountPolicy::BlockIfZipFails => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "Sending credit card numbers directly to the Stripe API is generally unsafe.";
    const ENDED: &str = "Card tokens with this API has reached end of life.";

    /// The policies after these calls, newest first: path, a parameter, status and message.
    fn after(calls: &[(&str, &str, u16, &str)]) -> (bool, bool) {
        let mut answers = AccountAnswers::default();
        for (path, param, http_status, message) in calls {
            let request = MaskedRequest {
                method: HttpMethod::Post,
                path: (*path).to_owned(),
                params: vec![((*param).to_owned(), "x".to_owned())],
                kept: Vec::new(),
                headers: Vec::new(),
            };
            let body = format!(r#"{{"error": {{"type": "invalid_request_error", "message": "{message}"}}}}"#);
            let answer = ApiResponse { http_status: *http_status, headers: Vec::new(), body: body.into_bytes() };
            answers.add(&request, &answer);
        }
        let policies = answers.policies();
        (policies.raw_card_data, policies.card_tokens_on_charges)
    }

    #[test]
    fn the_newest_answer_about_a_policy_counts() {
        let (tokens, number) = ("/v1/tokens", "card[number]");
        for (calls, expected) in [
            (&[][..], (true, true)),
            (&[(tokens, number, 402, RAW)], (false, true)),
            (&[(tokens, number, 200, ""), (tokens, number, 402, RAW)], (true, true)),
            // A wrong card and a wrong key say nothing of it.
            (&[(tokens, number, 402, "Your card number is incorrect."), (tokens, number, 402, RAW)], (false, true)),
            (&[(tokens, number, 401, RAW)], (true, true)),
            (&[("/v1/charges", "source", 400, ENDED), (tokens, number, 200, "")], (true, false)),
            (&[("/v1/customers/cus_1/sources", "source", 400, ENDED)], (true, false)),
            (&[("/v1/customers", "email", 200, ""), ("/v1/customers", "source", 400, ENDED)], (true, false)),
            (&[("/v1/charges", "customer", 400, ENDED)], (true, true)),
        ] {
            assert_eq!(after(calls), expected, "{calls:?}");
        }
    }
}
