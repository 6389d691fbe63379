//! The real API: sends an [`ApiRequest`] and hands the answer back as it came.
//!
//! ```text
//! ApiRequest ─► prepare ─► attempt ─► head ─► body in chunks ─► JSON? ─► ApiResponse, whatever its status
//!                  ▲          │
//!                  └─ retry ◄─┴─► failure: reqwest's errors as TransportError
//!              the same request with the same key, all attempts within one time limit
//! ```
//! The key goes to the host of the base URL and nowhere else: redirects are answers here, and a path cannot leave the
//! host. Nothing that is logged holds a parameter's value, a header or a body.

mod failure;
mod http_client;
mod limits;
mod retry;

use std::{fmt, time::Instant};

use reqwest::{
    Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, HttpMethod, TransportError},
        params::Params,
    },
    key::ApiKey,
    mask,
    settings::stripe::{BaseUrl, StripeSettings},
};
use retry::{AttemptResult, ResponseHead, more_telling};

pub use http_client::{CaError, bare_client, check_ca};
pub use limits::CallLimits;

const USER_AGENT: &str = concat!("Testcard/", env!("CARGO_PKG_VERSION"));
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How much of an answer that is not JSON is kept.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A new value for `Idempotency-Key`: under it a call can be sent again and is carried out once.
pub fn new_idempotency_key() -> String {
    // Letters only: a run of digits would be masked as a card number in the journal, and the key would be lost.
    const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = (0..28).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    "testcard-".chars().chain(random).collect()
}

/// Sends calls to one base URL with one key. Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct StripeClient {
    http: reqwest::Client,
    base_url: BaseUrl,
    headers: HeaderMap,
    key: ApiKey,
    limits: CallLimits,
}

impl StripeClient {
    /// A client with the settings of a profile. It reads the file of extra certificates, if there is one.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] if a setting could not be read, the settings hold something that no header can
    /// carry, or they name a file of certificates that is not one.
    pub fn new(settings: &StripeSettings, key: ApiKey, limits: CallLimits) -> Result<Self, TransportError> {
        if let Some(fault) = settings.fault() {
            return Err(TransportError::NotSent { reason: fault.to_string() });
        }
        Ok(Self {
            http: http_client::http_client(settings, &limits)?,
            base_url: settings.base_url.clone(),
            headers: standing_headers(settings, &key)?,
            key,
            limits,
        })
    }

    /// `Stripe-Account` and `Stripe-Version` of the profile, where it has them: recorded with a call so that the call
    /// can be repeated.
    pub fn scope_headers(&self) -> Vec<(String, String)> {
        let value = |(name, key): (&str, &str)| {
            let value = self.headers.get(key)?.as_bytes();
            Some((name.to_owned(), String::from_utf8_lossy(value).into_owned()))
        };
        [("Stripe-Account", "stripe-account"), ("Stripe-Version", "stripe-version")]
            .into_iter()
            .filter_map(value)
            .collect()
    }

    /// Sends a call and waits for its answer. Every HTTP status is an answer, as long as its body is JSON.
    ///
    /// A call is repeated where that is safe, always under the same idempotency key; a `POST` without a key gets one.
    ///
    /// # Errors
    /// No usable answer came; [`TransportError`] tells the cases apart.
    pub async fn send(&self, request: &ApiRequest) -> Result<ApiResponse, TransportError> {
        let prepared = self.prepare(request)?;
        let deadline = Instant::now() + self.limits.total_timeout;
        let mut earlier = None;
        let mut attempt = 0;
        loop {
            let again = prepared
                .try_clone()
                .ok_or_else(|| TransportError::NotSent { reason: "the call cannot be repeated".to_owned() })?;
            tracing::debug!(
                method = request.method.as_str(),
                host = mask::text(&self.base_url.host()),
                path = mask::text(&request.path),
                attempt,
                "sending"
            );
            let Ok(tried) = tokio::time::timeout_at(deadline.into(), self.attempt(again)).await else {
                return Err(failure::timeout(&self.base_url, &self.limits));
            };
            tried.log();
            let pause = (attempt < self.limits.retries && tried.may_be_repeated(is_safe_to_repeat(&prepared)))
                .then(|| tried.pause(attempt, &self.limits));
            let needed = pause.map(|pause| pause.saturating_add(tried.time_to_fail(&self.limits)));
            let outcome = more_telling(earlier, tried.outcome);
            match (pause, needed) {
                (Some(pause), Some(needed)) if needed < deadline.saturating_duration_since(Instant::now()) => {
                    earlier = Some(outcome);
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                _ => return outcome,
            }
        }
    }

    fn prepare(&self, request: &ApiRequest) -> Result<reqwest::Request, TransportError> {
        let mut headers = self.headers.clone();
        if request.method == HttpMethod::Post {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            if request.header(IDEMPOTENCY_KEY).is_none() {
                headers.insert(IDEMPOTENCY_KEY, header_value(IDEMPOTENCY_KEY, &new_idempotency_key())?);
            }
        }
        add_own_headers(&mut headers, request)?;

        let mut url = self.url(&request.path)?;
        let method = match request.method {
            HttpMethod::Get => reqwest::Method::GET,
            HttpMethod::Post => reqwest::Method::POST,
            HttpMethod::Delete => reqwest::Method::DELETE,
        };
        let mut body = None;
        if request.method == HttpMethod::Post {
            let form = form(&request.params);
            // An empty form has its length too, which hyper would leave out.
            headers.insert(header::CONTENT_LENGTH, form.len().into());
            body = Some(form);
        } else if !request.params.is_empty() {
            url.set_query(Some(&form(&request.params)));
        }
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers;
        *prepared.body_mut() = body.map(Into::into);
        Ok(prepared)
    }

    /// The URL of a path, which stays on the host of the base URL whatever the path is.
    fn url(&self, path: &str) -> Result<Url, TransportError> {
        let not_sent = |reason: &str| TransportError::NotSent { reason: reason.to_owned() };
        if !path.starts_with('/') {
            return Err(not_sent("the path does not start with a slash"));
        }
        // Every URL parser resolves these, so another path would be asked than is written down.
        let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
        if path.contains('\\') || path.split('/').any(is_dots) {
            return Err(not_sent("the path has a segment of dots or a backslash"));
        }
        let mut url = Url::parse(self.base_url.as_str()).map_err(|_| not_sent("the base URL is not a URL"))?;
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        Ok(url)
    }

    async fn attempt(&self, request: reqwest::Request) -> AttemptResult {
        let started = Instant::now();
        let mut answer = match self.http.execute(request).await {
            Ok(answer) => answer,
            Err(error) => {
                let outcome = Err(failure::of(&error, &self.base_url, &self.limits));
                return AttemptResult { outcome, head: None, took: started.elapsed() };
            }
        };
        let http_status = answer.status().as_u16();
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let response = self.body(&mut answer).await.map(|body| ApiResponse { http_status, headers, body });
        let head = Some(ResponseHead::of(http_status, answer.headers()));
        let outcome = response.and_then(|response| self.only_json(response));
        AttemptResult { outcome, head, took: started.elapsed() }
    }

    /// The body in chunks: unpacked it can be far larger than what comes over the wire.
    async fn body(&self, answer: &mut reqwest::Response) -> Result<Vec<u8>, TransportError> {
        let limit_bytes = self.limits.max_body_bytes;
        let too_large = || TransportError::TooLarge { host: self.base_url.host(), limit_bytes };
        if answer.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            answer.chunk().await.map_err(|_| TransportError::CutOff { host: self.base_url.host() })?
        {
            if (body.len() + chunk.len()) as u64 > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn only_json(&self, response: ApiResponse) -> Result<ApiResponse, TransportError> {
        if response.is_json() {
            return Ok(response);
        }
        let shown = &response.body[..response.body.len().min(MAX_TEXT_BYTES)];
        Err(TransportError::NotJson {
            host: self.base_url.host(),
            http_status: response.http_status,
            text: String::from_utf8_lossy(shown).into_owned(),
        })
    }
}

impl fmt::Debug for StripeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StripeClient({:?}, {})", self.base_url, self.key.kind().label())
    }
}

/// Whether sending this once more cannot do the work twice: it only reads, or has an idempotency key.
fn is_safe_to_repeat(request: &reqwest::Request) -> bool {
    let has_key = || request.headers().get(IDEMPOTENCY_KEY).is_some_and(|key| !key.is_empty());
    request.method() == reqwest::Method::GET || request.method() == reqwest::Method::POST && has_key()
}

/// Parameters in their order, repetitions kept, as the URL standard encodes a form.
fn form(params: &Params) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params.iter()).finish()
}

fn standing_headers(settings: &StripeSettings, key: &ApiKey) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    let mut authorization = header_value("Authorization", &format!("Bearer {}", key.expose()))?;
    authorization.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, authorization);
    for (name, value) in [("stripe-version", &settings.version), ("stripe-account", &settings.account)] {
        if !value.is_empty() {
            headers.insert(name, header_value(name, value)?);
        }
    }
    Ok(headers)
}

/// Adds the headers of the request, which replace those of the settings; the key, the host and the headers that frame
/// the message are never replaced.
fn add_own_headers(headers: &mut HeaderMap, request: &ApiRequest) -> Result<(), TransportError> {
    let reserved =
        [header::AUTHORIZATION, header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];
    let mut own = HeaderMap::new();
    for (name, value) in &request.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| TransportError::NotSent {
            reason: "a header has a name that HTTP does not allow".to_owned(),
        })?;
        if !reserved.contains(&parsed) {
            own.append(parsed, header_value(name, value)?);
        }
    }
    headers.extend(own);
    Ok(())
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| TransportError::NotSent {
        reason: format!("the value of the header {name} holds a character that HTTP does not allow"),
    })
}
