//! The page on which the payer of an intent authenticates a payment: opened in a browser, at an address that nobody can
//! guess. What it tells and what its buttons do is the minter's; here it becomes a page, and the press a way back to the shop.
//!
//! The page has no script. Its address is the only key to it: it asks for no token, so it does nothing but what the payer of
//! this one intent may do. Pages of other origins may lead to it and the shop may frame it, as Stripe's own may be; they may
//! not press its buttons ([`admission::check_payer`]).

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
};
use serde_json::Value;
use url::Url;

use super::{
    admission::{self, text},
    control,
    http::{self, HttpRequest, HttpResponse, closing},
    intake,
    page_html::{self, PageFacts},
    shared::SharedState,
    slot::BusyGuard,
};
use crate::{
    backend::{CallOrigin, ServedCall},
    domain::{
        call::{
            account::{ACCOUNT_HEADER, AccountId},
            api::{ApiRequest, ApiResponse, HttpMethod},
            error::{ApiError, ErrorView},
            intent_calls::RESULT,
            params::Params,
            payer_page::{CONNECTED, PAYER_PAGE, WORLD},
        },
        settings::origin::PageOrigin,
    },
};

pub(super) const PAGE: &str = "/_testcard/3ds/{intent}/{attempt}";
/// The longest body of a press, in bytes: it says which button it was.
const LONGEST_BODY: usize = 1024;

/// Shows what the payer is asked.
pub(super) async fn show(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    let (head, mut body) = request.into_parts();
    let _busy = BusyGuard::of(&head);
    let answer = match request_of(&shared, &head, HttpMethod::Get, Params::new()) {
        Ok(request) => asked(&shared, &serve(&shared, request).await),
        Err(error) => refused(&error),
    };
    if intake::drain(&mut body).await { answer } else { closing(&head, answer) }
}

/// Does what the button says that was pressed, and leads the payer back to the shop.
pub(super) async fn press(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    let (head, body) = request.into_parts();
    let pressed = match admission::check_payer(&head, shared.port) {
        Ok(()) => button(&head, body).await.and_then(|params| request_of(&shared, &head, HttpMethod::Post, params)),
        Err(error) => Err(error),
    };
    let _busy = BusyGuard::of(&head);
    match pressed {
        Ok(request) => led(&serve(&shared, request).await),
        Err(error) => closing(&head, refused(&error)),
    }
}

/// The parameters of a press: which button it was.
async fn button(head: &Parts, body: Body) -> Result<Params, ApiError> {
    let body = intake::short_body(body, LONGEST_BODY).await?;
    http::check_form(&head.headers)?;
    let mut params = Params::new();
    http::push_params(&mut params, &body, "POST body")?;
    ApiError::refuse_unknown(params.names().filter(|name| *name != RESULT))?;
    Ok(params)
}

/// A call of the minter with the world that it is in.
struct PayerCall {
    request: ApiRequest,
    world: Option<AccountId>,
}

/// The call of a page. Its query says whose intent it is. An address that was not made here goes no further.
fn request_of(shared: &SharedState, head: &Parts, method: HttpMethod, params: Params) -> Result<PayerCall, ApiError> {
    admission::check_payer(head, shared.port)?;
    let mut query = Params::new();
    http::push_params(&mut query, head.uri.query().unwrap_or_default().as_bytes(), "query string")?;
    ApiError::refuse_unknown(query.names().filter(|name| ![WORLD, CONNECTED].contains(name)))?;
    let account = |name: &'static str| match query.get(name) {
        None => Ok(None),
        Some(id) => AccountId::parse(id).map(Some).ok_or_else(|| {
            let message = format!("{name} is no id of an account: copy the whole address of the page.");
            ApiError::request(None, Some(name), message).with_status(404)
        }),
    };
    let world = control::world_of(shared, account(WORLD)?).map_err(|error| error.with_status(404))?;
    let mut headers = Vec::new();
    if let Some(connected) = account(CONNECTED)? {
        headers.push((ACCOUNT_HEADER.to_owned(), connected.as_str().to_owned()));
    }
    headers.extend(text(&head.headers, &header::USER_AGENT).map(|agent| ("User-Agent".to_owned(), agent.to_owned())));
    // A page that is asked for its head only is the same call.
    let mut asked = head.clone();
    asked.method = Method::GET;
    let request = http::without_params(&asked)?;
    let request = ApiRequest { method, params, headers, ..request };
    shared.targets.check_payer_page(&request, world.as_ref())?;
    Ok(PayerCall { request, world })
}

async fn serve(shared: &SharedState, call: PayerCall) -> ApiResponse {
    let PayerCall { request, world } = call;
    let (started, arrived) = (shared.clock.now(), Instant::now());
    let origin = CallOrigin { started, arrived, world, is_publishable: false, server: shared.origin() };
    let policies = shared.admission().policies;
    shared.targets.serve(ServedCall { request, origin, fault: None }, policies).await
}

/// The page of an answer of the minter.
fn asked(shared: &SharedState, answer: &ApiResponse) -> HttpResponse {
    let body = answer.json().unwrap_or_default();
    if body["object"] != PAYER_PAGE {
        return over(answer, &body);
    }
    let facts = PageFacts::of(&body);
    let way_back = body["return_url"].as_str().and_then(|url| Url::parse(url).ok());
    let mut page = html(StatusCode::OK, page_html::asking(&facts, shared.is_isolating));
    let policy = page_policy(way_back.as_ref(), &shared.admission().origins);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

/// What follows a press: the way back to the shop, or a page that says what happened where there is none.
fn led(answer: &ApiResponse) -> HttpResponse {
    let body = answer.json().unwrap_or_default();
    if body["object"] != PAYER_PAGE {
        return over(answer, &body);
    }
    let leads_to = body["leads_to"].as_str().and_then(|url| HeaderValue::try_from(url).ok());
    let Some(location) = leads_to else {
        return html(StatusCode::OK, page_html::ended(&PageFacts::of(&body)));
    };
    let mut way = HttpResponse::new(Body::empty());
    *way.status_mut() = StatusCode::SEE_OTHER;
    let headers = way.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    way
}

/// A page with the reason why nothing was done, and the way back to the shop where there is one.
fn over(answer: &ApiResponse, body: &Value) -> HttpResponse {
    let reason = ErrorView::of(body).and_then(ErrorView::message).unwrap_or("Testcard's minter gave no reason.");
    let leads_to = body["error"][PAYER_PAGE]["leads_to"].as_str();
    let status = StatusCode::from_u16(answer.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html(status, page_html::refused(reason, leads_to))
}

fn refused(error: &ApiError) -> HttpResponse {
    let status = StatusCode::from_u16(error.http_status).unwrap_or(StatusCode::BAD_REQUEST);
    html(status, page_html::refused(&error.message, None))
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A page that does nothing but to be read, unless another policy is put in.
fn html(status: StatusCode, page: String) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With no referrer at all, a browser hides from this server too which page its buttons are on.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let policy = format!("{}; form-action 'none'; frame-ancestors *", page_html::policy());
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What a page with buttons may do. Chromium holds every address to which a press leads against `form-action`, also those
/// that the shop leads on to: so the schemes of the web are in it, and that of an app only where the way back has it. The shop
/// may frame the page (Stripe's documented way without Stripe.js), and pages that a person named; no other page may, so that
/// none lays its own over the buttons.
fn page_policy(way_back: Option<&Url>, named: &[PageOrigin]) -> String {
    let mut actions = vec!["'self'".to_owned()];
    let mut framing: Vec<String> = named.iter().map(|origin| origin.as_str().to_owned()).collect();
    if let Some(url) = way_back {
        actions.extend(["http:", "https:"].map(str::to_owned));
        match url.scheme() {
            "http" | "https" => framing.push(url.origin().ascii_serialization()),
            app => actions.push(format!("{app}:")),
        }
    }
    framing.retain(|origin| is_plain(origin));
    let framing = if framing.is_empty() { "'none'".to_owned() } else { framing.join(" ") };
    format!("{}; form-action {}; frame-ancestors {framing}", page_html::policy(), actions.join(" "))
}

/// Whether an origin means in a policy what it is. A host may hold `*`, `;` and `,`, which mean more there, and a policy has
/// no words for an address of IPv6.
fn is_plain(origin: &str) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some_and(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_may_frame_the_page_and_no_other() {
        let named = [PageOrigin::parse("http://localhost:3000").unwrap()];
        for (way_back, named, actions, framing) in [
            (None, &[][..], "'self'", "'none'"),
            (Some("https://shop.example/done?x=1"), &[], "'self' http: https:", "https://shop.example"),
            (
                Some("http://localhost:8080/a"),
                &named,
                "'self' http: https:",
                "http://localhost:3000 http://localhost:8080",
            ),
            (Some("my-app://done"), &[], "'self' http: https: my-app:", "'none'"),
            (Some("http://[::1]:8080/a"), &[], "'self' http: https:", "'none'"),
            (Some("http://*/a"), &[], "'self' http: https:", "'none'"),
            (Some("http://*.example/a"), &named, "'self' http: https:", "http://localhost:3000"),
            (Some("http://a;script-src'*'/a"), &[], "'self' http: https:", "'none'"),
            (Some("http://a,default-src/a"), &[], "'self' http: https:", "'none'"),
            (Some("my-app://*;script-src/a"), &[], "'self' http: https: my-app:", "'none'"),
        ] {
            let policy = page_policy(way_back.map(|url| Url::parse(url).unwrap()).as_ref(), named);
            let expected = format!("form-action {actions}; frame-ancestors {framing}");
            assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with(&expected), "{policy}");
        }
    }
}
