//! The bounds of a call to the real API.

use std::time::Duration;

/// How long a call may take, how much it may answer and how often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// For the name look-up, the connection and the TLS handshake of one attempt.
    pub connect_timeout: Duration,
    /// For the whole call: all attempts and the pauses between them.
    pub total_timeout: Duration,
    /// The most bytes of a body, unpacked.
    pub max_body_bytes: u64,
    /// Attempts after the first.
    pub retries: u32,
    /// The longest pause before the first retry; it doubles from one retry to the next.
    pub first_pause: Duration,
    /// The longest pause before any retry, but for one that the answer asks for by `Retry-After`.
    pub longest_pause: Duration,
    /// Whether the proxy that the system names is used where the settings leave it to the system. For a server on this
    /// machine it never is.
    pub uses_system_proxy: bool,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            max_body_bytes: 16 * 1024 * 1024,
            retries: 2,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(5),
            uses_system_proxy: true,
        }
    }
}
