//! Requests as an SDK sends them.

use std::{
    fmt::Write as _,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// A card that is good for decades: the expiry of a benchmark is counted from nothing.
const SIMPLE_CARD: &str = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2055&card[cvc]=123";
const HEAD: &str = "Host: 127.0.0.1\r\nAuthorization: Bearer sk_test_bench\r\nUser-Agent: bench\r\n";

/// The request that the table measures.
#[derive(Clone, Copy)]
pub(super) struct TokenRequest {
    pub(super) has_key: bool,
}

impl TokenRequest {
    pub(super) const WITH_KEY: Self = Self { has_key: true };

    /// Writes the request in the place of what is there.
    pub(super) fn write(self, request: &mut Vec<u8>) {
        write_post(request, "/v1/tokens", SIMPLE_CARD, self.has_key);
    }
}

/// Writes a POST in the place of what is there, with a new idempotency key if it is to have one.
pub(super) fn write_post(request: &mut Vec<u8>, path: &str, params: &str, has_key: bool) {
    request.clear();
    for part in ["POST ", path, " HTTP/1.1\r\n", HEAD] {
        request.extend_from_slice(part.as_bytes());
    }
    if has_key {
        request.extend_from_slice(b"Idempotency-Key: ");
        request.extend_from_slice(&new_key());
        request.extend_from_slice(b"\r\n");
    }
    let mut length = String::with_capacity(80);
    // Writing to a `String` cannot fail.
    let _ =
        write!(length, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n", params.len());
    request.extend_from_slice(length.as_bytes());
    request.extend_from_slice(params.as_bytes());
}

/// Writes a GET in the place of what is there.
pub(super) fn write_get(request: &mut Vec<u8>, path: &str) {
    request.clear();
    for part in ["GET ", path, " HTTP/1.1\r\n", HEAD, "\r\n"] {
        request.extend_from_slice(part.as_bytes());
    }
}

/// An idempotency key that no call of this process had before, in the form of a UUID of version 4.
fn new_key() -> [u8; 36] {
    static START: LazyLock<u64> = LazyLock::new(rand::random);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let number = START.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed));
    let bits = u128::from(scrambled(number)) << 64 | u128::from(scrambled(!number));
    let mut key = *b"xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx";
    let mut left = bits;
    for sign in key.iter_mut().filter(|sign| **sign == b'x') {
        *sign = DIGITS[(left & 15) as usize];
        left >>= 4;
    }
    key
}

/// A number that looks like chance, a different one for every number: the last step of the generator splitmix64.
pub(super) fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}
