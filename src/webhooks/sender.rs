//! One event on its way: a POST that is signed, without redirects, without a proxy, within ten seconds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, header};

use super::endpoint::Endpoint;
use crate::{
    domain::{
        clock::{Clock, shifted},
        fault::EventFault,
        history::delivery_refusal::DeliveryRefusal,
        settings::receiver::ReceiverReach,
    },
    stripe,
};

/// How long the receiver has, from the first look for it to the end of its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many bytes of an answer are read; what comes behind is not waited for.
const MOST_ANSWER: usize = 4 * 1024;
/// How old an event is that was spoiled so: twice what Stripe's libraries let pass.
const TOO_OLD: SignedDuration = SignedDuration::from_secs(600);
/// As Stripe's own deliveries name themselves (docs.stripe.com/webhooks).
const USER_AGENT: &str = "Stripe/1.0 (+https://stripe.com/docs/webhooks)";

/// What reaches one endpoint.
#[derive(Clone, Debug)]
pub(super) struct EventSender {
    client: Client,
}

/// An event that is ready to leave: its signature, and the bytes that it is of.
#[derive(Debug)]
pub(super) struct SignedEvent {
    signature: String,
    body: Vec<u8>,
}

impl SignedEvent {
    /// Signs the body at this moment, or spoils the signature on purpose.
    pub(super) fn new(endpoint: &Endpoint, body: Vec<u8>, now: Timestamp, fault: Option<EventFault>) -> Self {
        let signature = match fault {
            Some(EventFault::WrongSignature) => endpoint.secret.wrong().header(now, &body),
            Some(EventFault::OldTimestamp) => endpoint.secret.header(shifted(now, -TOO_OLD), &body),
            _ => endpoint.secret.header(now, &body),
        };
        Self { signature, body }
    }
}

impl EventSender {
    /// # Errors
    /// Why there can be no client, in words.
    pub(super) fn new(reach: &ReceiverReach) -> Result<Self, String> {
        let client = stripe::bare_client(|builder| {
            let builder = builder.timeout(PATIENCE).user_agent(USER_AGENT);
            match reach {
                // Whatever the system takes the name for.
                ReceiverReach::ThisMachine(addresses) => builder.resolve_to_addrs("localhost", addresses),
                ReceiverReach::Named => builder,
            }
        })?;
        Ok(Self { client })
    }

    /// Sends an event; gives why it was not taken, where it was not.
    pub(super) async fn send(self, url: String, event: SignedEvent, clock: &Clock) -> Result<(), DeliveryRefusal> {
        let unanswered = |reason| Err(DeliveryRefusal::unanswered(clock.now(), reason));
        let SignedEvent { signature, body } = event;
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::ACCEPT, "*/*; q=0.5, application/xml")
            .header(header::CACHE_CONTROL, "no-cache")
            .header("Stripe-Signature", signature)
            .body(body);
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return unanswered("it took too long"),
            Err(error) if error.is_connect() => return unanswered("nobody listens there"),
            Err(_) => return unanswered("the connection broke off"),
        };
        let status = answer.status();
        // Of one that takes the event too, so that the connection can be used again.
        let mut body = Vec::new();
        let is_cut = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MOST_ANSWER - body.len())]),
                Ok(None) => break false,
                Err(error) if error.is_timeout() => return unanswered("it took too long"),
                Err(_) => return unanswered("the answer broke off"),
            }
            if body.len() == MOST_ANSWER {
                break true;
            }
        };
        if status.is_success() {
            return Ok(());
        }
        Err(DeliveryRefusal::answered(clock.now(), status.as_u16(), &body, is_cut))
    }
}
