//! A call as it is kept in the history or in the request log: what a snippet is written from.

use crate::domain::{
    call::api::{ApiExchange, ApiResponse, MaskedRequest},
    history::entry::EntryDetail,
};

/// A call as it was kept: what was sent, and what was answered, if anything was.
#[derive(Clone, Copy, Debug)]
pub struct KeptCall<'a> {
    pub request: &'a MaskedRequest,
    pub answer: Option<&'a ApiResponse>,
}

impl<'a> From<&'a MaskedRequest> for KeptCall<'a> {
    fn from(request: &'a MaskedRequest) -> Self {
        Self { request, answer: None }
    }
}

impl<'a> From<&'a EntryDetail> for KeptCall<'a> {
    fn from(detail: &'a EntryDetail) -> Self {
        Self { request: &detail.request, answer: detail.answer() }
    }
}

impl<'a> From<&'a ApiExchange> for KeptCall<'a> {
    fn from(exchange: &'a ApiExchange) -> Self {
        Self { request: &exchange.request, answer: exchange.outcome.as_ref().ok() }
    }
}
