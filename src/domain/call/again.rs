//! Repeats a recorded call: finds what can stand in for the values that were not kept, and names those that nothing
//! can.

use super::{
    api::{ApiResponse, MaskedRequest},
    params::Params,
    token_calls::TokenRequest,
};
use crate::domain::{
    card::number::passing_cvc,
    mask::{self, Kept},
};

/// Why a recorded call cannot be repeated as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    #[error(
        "The number of this card was not kept, for it is not a published test card. Put the entry into the form, type \
         its number again, switch the target and create"
    )]
    Number,
    #[error(
        "The security code that was refused was not kept, for no code is, and one that passes would tell nothing. Put the \
         entry into the form, type the code again, switch the target and create"
    )]
    Code,
    #[error(
        "The value of {0} was not kept whole, for it looks like a card number or a key. Put the entry into the form, \
         type it again, switch the target and create"
    )]
    Param(String),
}

/// What can be sent in place of a recorded parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn<'a> {
    /// The value itself, which was kept whole.
    Same(&'a str),
    /// A security code that passes for the call's card number, because the code that was sent is not kept.
    PassingCode(&'static str),
    /// Nothing: a part of the value, or of the parameter's name, was not kept.
    Lost,
}

impl MaskedRequest {
    /// Each parameter's name with what can be sent in its place. This relies on the recorded marks, because a value can
    /// look masked and be whole, such as the name `J*hn`. Everything that repeats a recorded call uses this method.
    pub fn stand_ins(&self) -> impl Iterator<Item = (&str, StandIn<'_>)> {
        let code = passing_cvc(self.param("card[number]").unwrap_or_default());
        self.params.iter().zip(&self.kept).map(move |((name, value), kept)| {
            let stand_in = match kept {
                Kept::Whole => StandIn::Same(value),
                Kept::Hidden if mask::hides_security_code(name) => StandIn::PassingCode(code),
                Kept::Hidden | Kept::Masked => StandIn::Lost,
            };
            (name.as_str(), stand_in)
        })
    }
}

/// Rebuilds a recorded call, with its parameters in their order. A security code that passes replaces the one that was
/// sent, which is never kept.
///
/// # Errors
/// If a card number or another value was not kept whole, or if the response refused the security code: one that passes
/// would not repeat the call.
pub fn request_again(kept: &MaskedRequest, answer: Option<&ApiResponse>) -> Result<TokenRequest, NotKept> {
    let code_failed = answer.is_some_and(ApiResponse::refuses_cvc);
    let again = |(name, stand_in): (&str, StandIn<'_>)| match stand_in {
        StandIn::Same(value) => Ok((name.to_owned(), value.to_owned())),
        StandIn::PassingCode(_) if code_failed => Err(NotKept::Code),
        StandIn::PassingCode(code) => Ok((name.to_owned(), code.to_owned())),
        StandIn::Lost if name == "card[number]" => Err(NotKept::Number),
        StandIn::Lost => Err(NotKept::Param(name.to_owned())),
    };
    Ok(TokenRequest::new(kept.stand_ins().map(again).collect::<Result<Params, NotKept>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(params: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        let request = TokenRequest::new(params.iter().copied().collect());
        let again = request_again(&request.to_api("key").masked(), None);
        match (again, expected) {
            (Ok(again), Ok(expected)) => assert_eq!(again.params.iter().collect::<Vec<_>>(), expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (again, expected) => panic!("{again:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_kept_call_is_made_again_in_its_order_with_a_code_that_passes() {
        check(
            &[("card[number]", "4242424242424242"), ("card[cvc]", "987"), ("odd", ""), ("card[exp_month]", "13")],
            Ok(&[("card[number]", "4242424242424242"), ("card[cvc]", "123"), ("odd", ""), ("card[exp_month]", "13")]),
        );
        check(
            &[("card[cvc]", "9876"), ("card[number]", "378282246310005")],
            Ok(&[("card[cvc]", "1234"), ("card[number]", "378282246310005")]),
        );
        check(&[("card[number]", "4242424242424242")], Ok(&[("card[number]", "4242424242424242")]));
        check(&[("card", "card_1"), ("customer", "cus_1")], Ok(&[("card", "card_1"), ("customer", "cus_1")]));
        check(&[], Ok(&[]));
    }

    #[test]
    fn a_code_that_failed_is_not_replaced_by_one_that_passes() {
        let answer = |body: &str| ApiResponse { http_status: 402, headers: Vec::new(), body: body.as_bytes().to_vec() };
        let with_code = &[("card[number]", "4242424242424242"), ("card[cvc]", "99")][..];
        let with_empty = &[("card[number]", "4242424242424242"), ("card[cvc]", "")][..];
        for (params, error, is_sent) in [
            (with_code, r#"{"error": {"code": "invalid_cvc", "param": "cvc"}}"#, false),
            (with_code, r#"{"error": {"param": "card[cvc]"}}"#, false),
            (with_code, r#"{"error": {"code": "incorrect_cvc"}}"#, false),
            (with_code, r#"{"error": {"code": "incorrect_number", "param": "number"}}"#, true),
            (with_code, "{}", true),
            // No code was hidden: the empty value is sent again.
            (with_empty, r#"{"error": {"param": "card[cvc]"}}"#, true),
        ] {
            let request = TokenRequest::new(params.iter().copied().collect()).to_api("key").masked();
            let again = request_again(&request, Some(&answer(error)));
            assert_eq!(again.is_ok(), is_sent, "{error}: {again:?}");
            assert!(is_sent || again == Err(NotKept::Code));
        }
    }

    #[test]
    fn what_was_masked_is_named_with_what_to_do() {
        check(&[("card[number]", "4111111111111112")], Err("The number of this card was not kept"));
        check(&[("card[name]", "4539578763621486")], Err("The value of card[name] was not kept whole"));
        check(&[("card[name]", "sk_test_abc123")], Err("The value of card[name] was not kept whole"));
        check(&[("card[name]", "NDUzOTU3ODc2MzYyMTQ4Ng==")], Err("The value of card[name] was not kept whole"));
        for whole in ["***", "J*hn 5", mask::HIDDEN] {
            check(&[("card[name]", whole)], Ok(&[("card[name]", whole)]));
        }
    }
}
