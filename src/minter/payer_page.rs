//! The page on which the payer of an intent authenticates a payment: what it shows, and what its buttons do. The server
//! makes a page of what is answered here.

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    accounts, authentication,
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{self, IntentKind, REQUIRES_ACTION},
    next_action::{self, PayerVisit},
    shapes,
    stored_object::StoredObject,
    workspace::MinterAccount,
};
use crate::domain::{
    call::{
        api::ApiRequest,
        error::ApiError,
        intent_calls::{AuthenticationResult, RESULT},
        payer_page::PAYER_PAGE,
    },
    mask::{self, keyed_hash::is_same_secret},
};

const PRESS: AcceptedParams = AcceptedParams { written: &[], read: &[&[RESULT]], not_modelled: &[] };

/// `GET /_testcard/3ds/:intent/:attempt`: what the payer is asked.
pub(super) fn show(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let page = VisitedPage::find(call, ids)?;
    page.check_open(call)?;
    page.shown(call)
}

/// `POST /_testcard/3ds/:intent/:attempt`: what the payer does there. Answers with where the payer is led then, also to the
/// second press of a double click, of which the browser takes the answer.
pub(super) fn press(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &PRESS)?;
    let result = authentication::result(&fields)?;
    let mut page = VisitedPage::find(call, ids)?;
    if !page.has_ended_with(result) {
        page.check_open(call)?;
        authentication::end(call, page.kind, &mut page.intent, result)?;
    }
    page.shown(call)
}

/// Checks that the address of a page was made here, before a ledger is asked for it: whoever guesses meets no world.
///
/// # Errors
/// 404 for an address that is none.
pub fn check_payer_page(request: &ApiRequest, workspace: &MinterAccount) -> Result<(), ApiError> {
    let connected = accounts::connected(request, workspace)?;
    let owner = connected.as_ref().map_or(workspace.account_id(), |account| account.id.as_str());
    match request.segments()[..] {
        [.., intent, name] => number_of(workspace, owner, intent, name).map(drop),
        _ => Err(no_such_page(NOT_MADE_HERE)),
    }
}

/// Which page of an intent a name is of.
///
/// # Errors
/// 404 for a name that this account did not make.
fn number_of(workspace: &MinterAccount, owner: &str, intent: &str, name: &str) -> Result<u64, ApiError> {
    let number = name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let known = workspace.name_of_page(owner, intent, number);
    if is_same_secret(name.as_bytes(), known.as_bytes()) { Ok(number) } else { Err(no_such_page(NOT_MADE_HERE)) }
}

const NOT_MADE_HERE: &str = "the next_action of an intent has the address of its page";

/// A page that an intent has, or had.
struct VisitedPage {
    kind: IntentKind,
    intent: StoredObject,
    /// Which one of the intent's.
    number: u64,
}

impl VisitedPage {
    /// # Errors
    /// 404 for a page that there is not.
    fn find(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Self, CallError> {
        let &[id, name] = ids else { unreachable!("the route has two ids") };
        let number = number_of(call.workspace, call.account_id, id, name)?;
        let Some((kind, intent)) = intents::of_either_kind(call, id)? else {
            let id = mask::text(id);
            return Err(no_such_page(&format!("{id} is no intent of this world, or the world was reset")).into());
        };
        if !(1..=PayerVisit::of(&intent).number).contains(&number) {
            return Err(no_such_page(NOT_MADE_HERE).into());
        }
        Ok(Self { kind, intent, number })
    }

    /// Whether the payer did this there already, and the intent was not confirmed again since.
    fn has_ended_with(&self, result: AuthenticationResult) -> bool {
        let visit = PayerVisit::of(&self.intent);
        self.number == visit.number && visit.result == Some(result.as_str())
    }

    /// # Errors
    /// 410 for a page that has had its time; the error shows the page as it is now.
    fn check_open(&self, call: &mut MinterCall<'_>) -> Result<(), CallError> {
        let visit = PayerVisit::of(&self.intent);
        let status = shapes::text(&self.intent.body, "status");
        let is_last = self.number == visit.number;
        let why = match visit.result {
            _ if !is_last => "the intent was confirmed again since, and has another page now".to_owned(),
            Some(result) => format!("it ended with '{result}', and the intent has a status of {status}"),
            None if status != REQUIRES_ACTION => format!("the intent has a status of {status}"),
            None => return Ok(()),
        };
        let error = ApiError::request(None, None, format!("This authentication is over: {why}.")).with_status(410);
        Err(if is_last { error.showing(PAYER_PAGE, self.shown(call)?) } else { error }.into())
    }

    /// What the page tells: the payment, and where its payer comes from and is led.
    fn shown(&self, call: &mut MinterCall<'_>) -> Result<Value, CallError> {
        let Self { kind, intent, .. } = self;
        let method = intents::method_in(call, &intent.body)?;
        let card = method.map(|method| {
            let card = &method.object.body["card"];
            json!({ "brand": card["brand"], "last4": card["last4"] })
        });
        let visit = PayerVisit::of(intent);
        let is_over = visit.result.is_some() || intent.body["status"] != REQUIRES_ACTION;
        Ok(json!({
            "object": PAYER_PAGE,
            "intent": intent.id,
            "kind": kind.object().as_str(),
            "status": intent.body["status"],
            "amount": intent.body["amount"],
            "currency": intent.body["currency"],
            "card": card,
            "account": call.shown_account(),
            "return_url": visit.return_url,
            "result": visit.result,
            "leads_to": if is_over { next_action::way_back(*kind, intent) } else { None },
        }))
    }
}

fn no_such_page(why: &str) -> ApiError {
    ApiError::request(None, None, format!("There is no such page: {why}.")).with_status(404)
}
