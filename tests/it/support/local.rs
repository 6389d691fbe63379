//! The minter in this process, with a ledger in memory: calls in, bodies out.

use jiff::Timestamp;
use serde_json::Value;
use testcard::{
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod},
        card::expiry::utc_day,
        rules::policies::AccountPolicies,
    },
    minter::{self, MemoryLedger, MinterAccount},
};

/// An account of its own.
pub struct Local {
    pub ledger: MemoryLedger,
    pub workspace: MinterAccount,
    pub policies: AccountPolicies,
    pub now: Timestamp,
    /// Sent with every call.
    pub headers: Vec<(String, String)>,
}

impl Local {
    pub fn new() -> Self {
        Self {
            ledger: MemoryLedger::default(),
            workspace: MinterAccount::seeded(1),
            policies: AccountPolicies::default(),
            now: Timestamp::from_second(1_683_071_568).unwrap(),
            headers: Vec::new(),
        }
    }

    pub fn send(&mut self, method: HttpMethod, path: &str, params: &[(&str, &str)]) -> ApiResponse {
        let request = ApiRequest {
            method,
            path: path.to_owned(),
            params: params.iter().copied().collect(),
            headers: self.headers.clone(),
        };
        minter::handle(&mut self.ledger, &request, self.now, self.policies, &self.workspace).unwrap()
    }

    pub fn post(&mut self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        parts(&self.send(HttpMethod::Post, path, params))
    }

    pub fn get(&mut self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        parts(&self.send(HttpMethod::Get, path, params))
    }

    pub fn delete(&mut self, path: &str) -> (u16, Value) {
        parts(&self.send(HttpMethod::Delete, path, &[]))
    }

    /// A POST that must go well.
    #[track_caller]
    pub fn make(&mut self, path: &str, params: &[(&str, &str)]) -> Value {
        let (status, body) = self.post(path, params);
        assert_eq!(status, 200, "{path} {params:?}: {body}");
        body
    }

    /// The id of a new token of a card with a security code and an address.
    #[track_caller]
    pub fn token(&mut self, number: &str) -> String {
        let year = (utc_day(self.now).year() + 3).to_string();
        let params = [
            ("card[number]", number),
            ("card[exp_month]", "5"),
            ("card[exp_year]", year.as_str()),
            ("card[cvc]", "314"),
            ("card[address_line1]", "1 Main Street"),
            ("card[address_zip]", "94105"),
        ];
        id(&self.make("/v1/tokens", &params))
    }
}

pub fn parts(response: &ApiResponse) -> (u16, Value) {
    (response.http_status, response.json().unwrap())
}

pub fn id(body: &Value) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("no id in {body}")).to_owned()
}
