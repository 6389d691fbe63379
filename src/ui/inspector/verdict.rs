//! What is to be said of an answer before its details: why it refused, why there is none, or that nobody knows.

use egui::Ui;

use crate::{
    domain::{
        call::{api::ApiResponse, refusal::AccountRefusal},
        history::entry::{EntryDetail, EntryStatus},
    },
    ui::{
        action::Action,
        widgets::{InlineAlert, Tone},
    },
};

/// A body that is longer is no error that Stripe makes, and parsing it would take longer than a frame may.
const LONGEST_ERROR: usize = 64 * 1024;

fn may_be_error(response: &ApiResponse) -> bool {
    !response.is_success() && response.body.len() <= LONGEST_ERROR
}

/// Why a call was refused, in a sentence: code, message and parameter of Stripe's error. It parses the body.
pub(super) fn error_sentence(response: &ApiResponse) -> Option<String> {
    may_be_error(response).then(|| response.error_sentence())?
}

/// What is to be said of an entry, read out of its answer once.
#[derive(Clone, Debug)]
pub(super) enum EntryVerdict {
    /// The token was made: its details say the rest.
    Made,
    /// The call is on its way.
    Waiting,
    /// The program ended while the call was on its way.
    Interrupted,
    /// The call failed in a way that may have made a token, and why it failed.
    MayExist { text: String },
    /// The account does not allow such calls. There may be a ready token of the same card that gets around that.
    NotAllowed { refusal: AccountRefusal, ready_alias: Option<&'static str> },
    /// The call was refused or got no answer, and why.
    Failed { sentence: String },
}

impl EntryVerdict {
    /// Reads the verdict of an entry; of a refusal it parses the answer's body.
    pub(super) fn of(detail: &EntryDetail) -> Self {
        match (&detail.outcome, detail.entry.status) {
            (_, EntryStatus::Interrupted) => Self::Interrupted,
            (outcome, EntryStatus::Unknown) => {
                let failure = match outcome {
                    Some(Err(failure)) => failure.message.as_str(),
                    _ => "",
                };
                let text = format!("{failure}. Asking again uses the same idempotency key, so it cannot mint twice");
                Self::MayExist { text }
            }
            (Some(Ok(response)), _) => {
                if let Some(refusal) = may_be_error(response).then(|| AccountRefusal::of(response)).flatten() {
                    let number = detail.request.param("card[number]").unwrap_or_default();
                    return Self::NotAllowed { refusal, ready_alias: refusal.ready_alias(number) };
                }
                error_sentence(response).map_or(Self::Made, |sentence| Self::Failed { sentence })
            }
            (Some(Err(failure)), _) => Self::Failed { sentence: failure.message.clone() },
            (None, _) => Self::Waiting,
        }
    }

    /// Draws the verdict. Nothing is drawn of a token that was made.
    pub(super) fn ui(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        match self {
            Self::Made => {}
            Self::Waiting => {
                ui.label("Waiting for the answer…");
            }
            Self::Interrupted => {
                let text = "The program ended while this call was on its way, so a token may exist at Stripe. Its card \
                            details are gone: put the card into the form and send it as new";
                InlineAlert::new(Tone::Warn, "Nobody knows whether this call was carried out").text(text).ui(ui);
            }
            Self::MayExist { text } => {
                InlineAlert::new(Tone::Warn, "A token may exist").text(text).ui(ui);
            }
            Self::NotAllowed { refusal, ready_alias } => {
                let copy = ready_alias.map(|alias| format!("Copy {alias}"));
                let buttons: Vec<&str> = copy.iter().map(String::as_str).collect();
                let alert = InlineAlert::new(Tone::Error, refusal.title()).text(refusal.remedy()).buttons(&buttons);
                if let (Some(_), Some(alias)) = (alert.ui(ui), *ready_alias) {
                    actions.push(Action::Copy { text: alias.to_owned(), what: alias.to_owned() });
                }
                ui.hyperlink_to("What Stripe says about it", refusal.link());
            }
            Self::Failed { sentence } => {
                InlineAlert::new(Tone::Error, sentence).ui(ui);
            }
        }
    }
}
