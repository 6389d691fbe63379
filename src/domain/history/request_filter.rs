//! Which calls the request log shows, what of a call its search looks through, and how many calls of each kind there are.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    account_filter::AccountFilter,
    request_log::{FAULT_HEADER, FAULT_KIND, client_name},
};
use crate::domain::call::api::{ApiResponse, CallFailure, HttpMethod, MaskedRequest};

/// The longest text that the search looks through, in bytes: what comes behind it in a long call is not found.
const LONGEST_TEXT: usize = 2048;
/// The most words that are searched for.
const MOST_WORDS: usize = 100;

/// The status of an answer, or that there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusFilter {
    /// All of a hundred, 4 for those from 400 to 499.
    Class(u16),
    Code(u16),
    /// No answer came: a failed call, or a connection that was closed on purpose.
    NoAnswer,
}

impl StatusFilter {
    /// "4xx", "429", "No answer".
    pub fn words(self) -> String {
        match self {
            Self::Class(class) => format!("{class}xx"),
            Self::Code(code) => code.to_string(),
            Self::NoAnswer => "No answer".to_owned(),
        }
    }

    fn takes(self, http_status: Option<u16>) -> bool {
        match self {
            Self::Class(class) => http_status.is_some_and(|status| status / 100 == class),
            Self::Code(code) => http_status == Some(code),
            Self::NoAnswer => http_status.is_none(),
        }
    }
}

/// Selects calls; what is not set takes every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Words that must all occur in what [`CallTraits::text`] holds.
    pub search: String,
    pub method: Option<HttpMethod>,
    pub status: Option<StatusFilter>,
    /// A client by its short name.
    pub client: Option<String>,
    /// The account that a call is for.
    pub account: Option<AccountFilter>,
    /// Only calls on which a fault acted.
    pub is_on_purpose: bool,
}

impl RequestFilter {
    /// Whether every call passes.
    pub fn is_everything(&self) -> bool {
        let is_any_kind = self.method.is_none() && self.status.is_none() && self.client.is_none();
        is_any_kind && self.account.is_none() && !self.is_on_purpose && self.search.trim().is_empty()
    }

    /// The filter with its words made ready, for many calls.
    pub fn matcher(&self) -> RequestMatcher<'_> {
        let search = self.search.to_lowercase();
        let mut words: Vec<String> = search.split_whitespace().map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        RequestMatcher { filter: self, words }
    }
}

/// A call as the filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct FilteredCall<'a> {
    pub method: &'a str,
    pub http_status: Option<u16>,
    pub client: &'a str,
    pub account: Option<&'a str>,
    pub has_fault: bool,
    /// As [`CallTraits::text`].
    pub text: &'a str,
}

/// A filter that is asked of many calls.
#[derive(Debug)]
pub struct RequestMatcher<'a> {
    filter: &'a RequestFilter,
    words: Vec<String>,
}

impl RequestMatcher<'_> {
    pub fn passes(&self, call: &FilteredCall<'_>) -> bool {
        self.passes_without_text(call)
            && self.words.len() <= MOST_WORDS
            && self.words.iter().all(|word| call.text.contains(word.as_str()))
    }

    /// Whether there is anything to be searched for.
    pub fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether a search could find all of its words in this, in lower case: everything of a call that it may look through,
    /// as JSON. Of a word that looks otherwise in JSON, nothing is known.
    pub fn may_be_in(&self, everything: &str) -> bool {
        let is_escaped = |sign: char| sign == '"' || sign == '\\' || sign.is_control();
        // What joins a path, the names and the values of parameters to one line of the searched text.
        let is_joint = |sign: char| matches!(sign, '=' | '&' | '?');
        let is_elsewhere = |word: &String| word.contains(is_escaped) || word.contains(is_joint);
        self.words.iter().all(|word| is_elsewhere(word) || everything.contains(word.as_str()))
    }

    /// The same without the words of the search.
    pub fn passes_without_text(&self, call: &FilteredCall<'_>) -> bool {
        let filter = self.filter;
        filter.method.is_none_or(|method| method.as_str() == call.method)
            && filter.status.is_none_or(|status| status.takes(call.http_status))
            && filter.client.as_deref().is_none_or(|client| client == call.client)
            && filter.account.as_ref().is_none_or(|account| account.account() == call.account)
            && (!filter.is_on_purpose || call.has_fault)
    }
}

/// What the request log knows a call by, besides its method and status. It is made where the call is written, of what is
/// kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTraits {
    /// The short name of the client.
    pub client: String,
    /// The fault that acted on the call.
    pub fault: Option<String>,
    /// What a search looks through, in lower case: method, path, parameters, client, idempotency key, request id, the id
    /// that the answer is about, and the words of an error.
    pub text: String,
}

impl CallTraits {
    pub fn of(request: &MaskedRequest, outcome: &Result<ApiResponse, CallFailure>) -> Self {
        let agent = request.header("User-Agent");
        let client = client_name(agent);
        let answer = outcome.as_ref().ok();
        let fault = fault_of(outcome).map(str::to_owned);
        let mut text = String::with_capacity(256);
        let mut add = |part: &str| {
            if !part.is_empty() && text.len() < LONGEST_TEXT {
                text.push_str(part);
                text.push('\n');
            }
        };
        add(request.method.as_str());
        add(&with_query(&request.path, &query(&request.params)));
        add(&client);
        add(agent.unwrap_or_default());
        add(request.header("Idempotency-Key").unwrap_or_default());
        add(request.header("Stripe-Account").unwrap_or_default());
        add(answer.and_then(ApiResponse::request_id).unwrap_or_default());
        if let Err(failure) = outcome {
            add(&failure.kind);
        }
        add(fault.as_deref().unwrap_or_default());
        if let Some(body) = answer.and_then(|answer| serde_json::from_slice::<AnswerWords>(&answer.body).ok()) {
            add(body.id.as_deref().unwrap_or_default());
            let error = body.error.unwrap_or_default();
            for word in [error.kind, error.code, error.decline_code, error.param, error.charge].into_iter().flatten() {
                add(&word);
            }
        }
        let mut text = text.to_lowercase();
        let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        text.truncate(end);
        Self { client, fault, text }
    }
}

/// The fault that acted on a call, by what came of it.
pub fn fault_of(outcome: &Result<ApiResponse, CallFailure>) -> Option<&str> {
    match outcome {
        Ok(answer) => answer.header(FAULT_HEADER),
        Err(failure) => (failure.kind == FAULT_KIND).then_some(failure.message.as_str()),
    }
}

/// What a search looks for in the body of an answer.
#[derive(Default, Deserialize)]
struct AnswerWords {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    error: Option<ErrorWords>,
}

#[derive(Default, Deserialize)]
struct ErrorWords {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    param: Option<String>,
    #[serde(default)]
    charge: Option<String>,
}

/// Parameters as a line: "limit=3&customer=cus_1", as they are kept and without escapes.
pub fn query(params: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in params {
        if query.len() > LONGEST_TEXT {
            break;
        }
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(value);
    }
    query
}

/// A path with what follows it: "/v1/charges?limit=3".
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// How many calls of one kind the log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCount {
    pub method: String,
    pub http_status: Option<u16>,
    /// `None` for calls that are older than the counts.
    pub client: Option<String>,
    pub account: AccountFilter,
    pub has_fault: bool,
    pub calls: u64,
}

/// How many calls there are of each kind, in the order in which they are offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    pub all: u64,
    pub on_purpose: u64,
    pub methods: Vec<(HttpMethod, u64)>,
    /// The classes first, then each code.
    pub statuses: Vec<(StatusFilter, u64)>,
    /// Those with the most calls first.
    pub clients: Vec<(String, u64)>,
    /// The account itself first.
    pub accounts: Vec<(AccountFilter, u64)>,
}

impl RequestCounts {
    /// The most clients that are offered: one that sends another name with each call would fill every menu.
    const MOST_CLIENTS: usize = 40;

    pub fn of(counts: &[CallCount]) -> Self {
        let mut found = Self::default();
        let (mut methods, mut statuses) = (BTreeMap::new(), BTreeMap::new());
        let (mut clients, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        for CallCount { method, http_status, client, account, has_fault, calls } in counts {
            *accounts.entry(account.clone()).or_insert(0) += calls;
            found.all += calls;
            found.on_purpose += if *has_fault { *calls } else { 0 };
            if let Ok(method) = method.parse::<HttpMethod>() {
                *methods.entry(method.as_str()).or_insert(0) += calls;
            }
            let mut count = |status| *statuses.entry(status).or_insert(0) += calls;
            match http_status {
                Some(status) => {
                    count(StatusFilter::Class(status / 100));
                    count(StatusFilter::Code(*status));
                }
                None => count(StatusFilter::NoAnswer),
            }
            if let Some(client) = client {
                *clients.entry(client.clone()).or_insert(0) += calls;
            }
        }
        found.methods = methods.into_iter().filter_map(|(word, calls)| Some((word.parse().ok()?, calls))).collect();
        found.statuses = statuses.into_iter().collect();
        found.clients = clients.into_iter().collect();
        found.clients.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        found.clients.truncate(Self::MOST_CLIENTS);
        found.accounts = accounts.into_iter().collect();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: HttpMethod, params: &[(&str, &str)], headers: &[(&str, &str)]) -> MaskedRequest {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        MaskedRequest {
            method,
            path: "/v1/charges".to_owned(),
            params: owned(params),
            kept: params.iter().map(|_| crate::domain::mask::Kept::Whole).collect(),
            headers: owned(headers),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands where an outcome does")]
    fn answer(http_status: u16, headers: &[(&str, &str)], body: &str) -> Result<ApiResponse, CallFailure> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(ApiResponse { http_status, headers, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn a_call_is_found_by_all_that_it_is_known_by() {
        let headers = [("User-Agent", "Stripe/v1 PythonBindings/16.1.0"), ("Idempotency-Key", "Order-77")];
        let body = r#"{"error": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}}"#;
        let outcome = answer(402, &[("Request-Id", "req_ABC"), (FAULT_HEADER, "429 retry-after 1")], body);
        let traits =
            CallTraits::of(&request(HttpMethod::Post, &[("source", "tok_1"), ("amount", "7")], &headers), &outcome);
        assert_eq!(
            (traits.client.as_str(), traits.fault.as_deref()),
            ("stripe-python 16.1.0", Some("429 retry-after 1"))
        );
        let call = FilteredCall {
            method: "POST",
            http_status: Some(402),
            client: &traits.client,
            account: Some("acct_1"),
            has_fault: true,
            text: &traits.text,
        };
        for (search, is_found) in [
            ("", true),
            ("/v1/CHARGES?source=tok_1", true),
            ("tok_1 order-77", true),
            ("req_abc", true),
            ("lost_card card_error", true),
            ("stripe-python", true),
            ("PythonBindings", true),
            ("retry-after", true),
            ("stripe-python tok_2", false),
            ("%", false),
        ] {
            let filter = RequestFilter { search: search.to_owned(), ..RequestFilter::default() };
            assert_eq!(filter.matcher().passes(&call), is_found, "{search}: {}", traits.text);
        }
        let check =
            |filter: RequestFilter, is_found| assert_eq!(filter.matcher().passes(&call), is_found, "{filter:?}");
        let none = RequestFilter::default;
        check(RequestFilter { method: Some(HttpMethod::Get), ..none() }, false);
        check(RequestFilter { status: Some(StatusFilter::Class(4)), is_on_purpose: true, ..none() }, true);
        check(RequestFilter { status: Some(StatusFilter::Code(400)), ..none() }, false);
        check(RequestFilter { status: Some(StatusFilter::NoAnswer), ..none() }, false);
        check(RequestFilter { client: Some("curl 8.5.0".to_owned()), ..none() }, false);
        let of = |account| RequestFilter { account: Some(AccountFilter::of(account)), ..none() };
        for (account, is_found) in [(Some("acct_1"), true), (Some("acct_2"), false), (None, false)] {
            check(of(account), is_found);
            assert!(!of(account).is_everything());
        }
    }

    #[test]
    fn a_long_call_is_searched_as_far_as_its_text_goes_and_no_letter_is_cut_through() {
        let long = "é".repeat(3000);
        let traits = CallTraits::of(&request(HttpMethod::Get, &[("a", &long)], &[]), &answer(200, &[], "[1]"));
        assert!(traits.text.len() <= LONGEST_TEXT && traits.text.ends_with('é'));
    }

    #[test]
    fn calls_are_counted_by_each_of_their_kinds() {
        let count = |method: &str, http_status, client: Option<&str>, has_fault, calls| CallCount {
            method: method.to_owned(),
            http_status,
            client: client.map(str::to_owned),
            account: AccountFilter::of(client.filter(|client| *client == "b")),
            has_fault,
            calls,
        };
        let counts = RequestCounts::of(&[
            count("GET", Some(200), Some("a"), false, 5),
            count("GET", Some(404), Some("b"), false, 9),
            count("POST", Some(429), Some("a"), true, 2),
            count("POST", None, None, true, 1),
        ]);
        assert_eq!((counts.all, counts.on_purpose), (17, 3));
        assert_eq!(counts.methods, [(HttpMethod::Get, 14), (HttpMethod::Post, 3)]);
        let accounts: Vec<String> =
            counts.accounts.iter().map(|(account, calls)| format!("{} {calls}", account.words())).collect();
        assert_eq!(accounts, ["Own account 8", "b 9"]);
        assert_eq!(counts.clients, [("b".to_owned(), 9), ("a".to_owned(), 7)]);
        let statuses: Vec<String> =
            counts.statuses.iter().map(|(status, calls)| format!("{} {calls}", status.words())).collect();
        assert_eq!(statuses, ["2xx 5", "4xx 11", "200 5", "404 9", "429 2", "No answer 1"]);
    }
}
