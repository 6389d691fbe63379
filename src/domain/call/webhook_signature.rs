//! How an event is signed that goes to a webhook endpoint, and the secret that it is signed with
//! (docs.stripe.com/webhooks#verify-manually).

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::{
    mask::keyed_hash::{base62, first_half, hmac_sha256, keyed_hash},
    secret::SecretText,
};

/// What the secret of an endpoint begins with.
const PREFIX: &str = "whsec_";

/// What stands for a secret wherever it is written down, as [`crate::domain::mask`] hides one.
pub const HIDDEN_SECRET: &str = "whsec_•••";

/// The secret of a webhook endpoint: `whsec_` and 32 letters and digits. It follows from the secret of the data folder and
/// the id of the endpoint, so it is the same whenever it is asked for and is kept nowhere.
#[derive(Clone, Debug)]
pub struct EndpointSecret(SecretText);

impl EndpointSecret {
    pub fn of(folder_secret: &[u8; 32], endpoint: &str) -> Self {
        let half = |purpose: &str| base62(first_half(keyed_hash(folder_secret, purpose, endpoint.as_bytes())), 16);
        Self(SecretText::new(format!("{PREFIX}{}{}", half("webhook endpoint, first"), half("webhook endpoint, last"))))
    }

    /// Another secret than the endpoint's: what is signed with it does not verify.
    #[must_use]
    pub fn wrong(&self) -> Self {
        Self(SecretText::new(format!("{}0", self.0.expose())))
    }

    /// The secret itself, for the answer that makes the endpoint and for whoever asks for it on the command line.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The header `Stripe-Signature` of a body that is sent at this moment.
    pub fn header(&self, at: Timestamp, body: &[u8]) -> String {
        let time = at.as_second();
        // Whoever verifies takes the whole text of the secret for the key, with its prefix.
        let signature = hmac_sha256(self.0.expose().as_bytes(), &[time.to_string().as_bytes(), b".", body]);
        let mut header = format!("t={time},v1=");
        for byte in signature {
            // Writing to a `String` cannot fail.
            let _ = write!(header, "{byte:02x}");
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_for_its_endpoint_and_no_other() {
        let secret = EndpointSecret::of(&[7; 32], "we_1");
        assert_eq!(secret.expose(), EndpointSecret::of(&[7; 32], "we_1").expose());
        assert!(secret.expose().starts_with("whsec_") && secret.expose().len() == 38);
        for other in [EndpointSecret::of(&[7; 32], "we_2"), EndpointSecret::of(&[8; 32], "we_1"), secret.wrong()] {
            assert_ne!(secret.expose(), other.expose());
        }
        assert_eq!(format!("{secret:?}"), "EndpointSecret(SecretText(38 bytes))");
    }

    /// The numbers are those of Python's `hmac.new(b"whsec_test", b"12345.{}", "sha256")`.
    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        let secret = EndpointSecret(SecretText::new("whsec_test"));
        let header = secret.header(Timestamp::from_second(12345).unwrap(), b"{}");
        assert_eq!(header, "t=12345,v1=f7d0d6f2476273381fa231a8ba13a821a0c87029e7b1bfae51e93d0240fb7c32");
    }
}
