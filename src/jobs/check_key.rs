//! Whether a key works, and whether raw card numbers may be sent with it: one call, which is written down nowhere.

use std::time::Duration;

use jiff::civil::Date;

use crate::{
    backend::{self, CallLimits, new_idempotency_key},
    domain::{
        key::ApiKey,
        settings::{
            key_check::{KeyCheck, KeyCheckFinding, probe},
            stripe::StripeSettings,
        },
    },
};

/// The limits of the check. A person waits for it and can press the button again, so there are no retries.
pub fn limits() -> CallLimits {
    CallLimits {
        connect_timeout: Duration::from_secs(8),
        total_timeout: Duration::from_secs(15),
        retries: 0,
        ..CallLimits::default()
    }
}

/// Makes the call and gives what its outcome means. `today` is the date that the card's expiry is reckoned from. The
/// future can be dropped at any time.
pub async fn check(settings: StripeSettings, key: ApiKey, today: Date, limits: CallLimits) -> KeyCheck {
    let (kind, host) = (key.kind(), settings.base_url.host());
    let request = probe(today, &new_idempotency_key());
    let outcome = backend::send_unrecorded(settings, key, &request, limits).await;
    KeyCheck { kind, host, found: KeyCheckFinding::of(&outcome) }
}
