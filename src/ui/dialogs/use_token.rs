//! The dialog that uses a token up: charges it, pays a payment intent with it, or attaches it to a customer.

use egui::{Context, Id, RichText, Ui};

use crate::{
    domain::{
        call::{api::Target, token_calls::TokenCall},
        card::{
            authentication::REQUIRES_ACTION,
            test_cards::{self, StepOutcome, TestCard},
        },
        foreign,
        history::entry::{EntryDetail, EntryStatus, HistoryEntry},
        settings::profile::ProfileId,
    },
    messages::JobRequest,
    ui::{
        action::{Action, UseKind},
        leaving::LeaveGuard,
        theme::{self, DesignTokens},
        widgets::{Field, InlineAlert, PrimaryButton, SegmentedControl, TextInput, Tone, caret::lead_to, modal_ui},
    },
};

/// The state of the open dialog.
#[derive(Debug)]
pub struct UseTokenState {
    kind: UseKind,
    token: String,
    card: String,
    target: Target,
    profile: Option<ProfileId>,
    is_used: bool,
    /// The token's card, if it is a published one.
    published: Option<&'static TestCard>,
    /// Of a payment: how it is made.
    payment: PaymentWay,
    amount: String,
    currency: String,
    customer: String,
    leaving: LeaveGuard,
    is_started: bool,
}

/// How a token pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PaymentWay {
    Charge,
    Intent,
}

impl UseTokenState {
    /// `None` for an entry without a token.
    pub fn new(kind: UseKind, entry: &HistoryEntry, detail: Option<&EntryDetail>) -> Option<Self> {
        let detail = detail.filter(|detail| detail.entry.id == entry.id);
        let published = detail.and_then(|detail| test_cards::by_number(detail.request.param("card[number]")?));
        Some(Self {
            kind,
            token: entry.token_id.clone()?,
            card: crate::ui::words::card(entry),
            target: entry.target,
            profile: entry.profile,
            is_used: entry.status == EntryStatus::Used,
            published,
            payment: PaymentWay::Charge,
            amount: TokenCall::DEFAULT_AMOUNT.to_owned(),
            currency: TokenCall::DEFAULT_CURRENCY.to_owned(),
            customer: String::new(),
            leaving: LeaveGuard::default(),
            is_started: false,
        })
    }

    fn call(&self) -> TokenCall {
        let token = self.token.clone();
        match self.kind {
            UseKind::Charge => {
                let (amount, currency) = (self.amount.trim().to_owned(), self.currency.trim().to_owned());
                match self.payment {
                    PaymentWay::Charge => TokenCall::Charge { token, amount, currency },
                    PaymentWay::Intent => TokenCall::Intent { token, amount, currency },
                }
            }
            UseKind::Attach => {
                let customer = self.customer.trim();
                TokenCall::Attach { token, customer: (!customer.is_empty()).then(|| customer.to_owned()) }
            }
        }
    }

    /// Whether something was typed that is not sent.
    pub fn is_unsaved(&self) -> bool {
        let is_usual =
            self.amount.trim() == TokenCall::DEFAULT_AMOUNT && self.currency.trim() == TokenCall::DEFAULT_CURRENCY;
        !is_usual || !self.customer.trim().is_empty()
    }

    /// What the table of test cards says of this step.
    fn expected(&self) -> Option<&'static StepOutcome> {
        let card = self.published?;
        Some(match (self.kind, self.payment) {
            (UseKind::Attach, _) => &card.at_attach,
            (UseKind::Charge, PaymentWay::Charge) => &card.at_charge,
            (UseKind::Charge, PaymentWay::Intent) => card.at_intent(),
        })
    }

    /// What will come of it, as far as the table of test cards and the history know.
    fn expectation(&self) -> (Tone, String) {
        match self.expected() {
            _ if self.is_used => (Tone::Warn, "This token was used: expect token_already_used".to_owned()),
            Some(outcome @ StepOutcome::Refused { .. }) => (Tone::Warn, format!("Expect {}", outcome.label())),
            Some(StepOutcome::Later(what)) if what == REQUIRES_ACTION => {
                (Tone::Info, "Expect requires_action: the intent waits until its payer has authenticated it".to_owned())
            }
            Some(StepOutcome::Later(what)) => (Tone::Info, format!("Expect: {what}")),
            _ => (Tone::Info, "The token works once: this uses it up".to_owned()),
        }
    }
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn use_token_ui(ctx: &Context, state: &mut UseTokenState, actions: &mut Vec<Action>) -> bool {
    let (mut is_sent, mut is_discarded) = (false, false);
    let title = match state.kind {
        UseKind::Charge => "Charge the token",
        UseKind::Attach => "Attach to a customer",
    };
    let is_typing = ctx.text_edit_focused();
    let modal = modal_ui(ctx, "use", title, 440.0, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        about_ui(ui, state);
        let first = match state.kind {
            UseKind::Charge => charge_ui(ui, state),
            UseKind::Attach => customer_ui(ui, state),
        };
        if !std::mem::replace(&mut state.is_started, true) {
            lead_to(ui.ctx(), first.id);
        }
        let (tone, words) = state.expectation();
        InlineAlert::new(tone, &words).ui(ui);
        is_discarded = state.leaving.ui(ui, "Nothing was sent with this");
        let words = match state.kind {
            UseKind::Charge if state.payment == PaymentWay::Intent => "Create and confirm",
            UseKind::Charge => "Charge",
            UseKind::Attach if state.customer.trim().is_empty() => "Attach to a new customer",
            UseKind::Attach => "Attach",
        };
        // In a field only: elsewhere Enter presses what has the focus.
        let is_entered = is_typing && ui.input(|input| input.key_pressed(egui::Key::Enter));
        is_sent = ui.add(PrimaryButton::new(words)).clicked() || is_entered;
    });
    if is_sent {
        let (call, target, profile) = (state.call(), state.target, state.profile);
        actions.push(Action::Run(JobRequest::UseToken { call, target, profile }));
    }
    let is_unsaved = state.is_unsaved();
    state.leaving.stays(ctx, modal.should_close, is_unsaved) && !is_sent && !is_discarded
}

fn about_ui(ui: &mut Ui, state: &UseTokenState) {
    let t = DesignTokens::of(ui);
    ui.label(RichText::new(foreign::label(&state.token)).font(theme::mono(theme::MONO_SIZE)));
    let about = format!("{} · {}", state.card, state.target.label());
    ui.label(RichText::new(foreign::label(&about)).size(theme::SMALL_SIZE).color(t.subdued));
}

fn charge_ui(ui: &mut Ui, state: &mut UseTokenState) -> egui::Response {
    Field::new("Paid by").show(ui, |ui| {
        let ways = [(PaymentWay::Charge, "Charge"), (PaymentWay::Intent, "Payment intent")];
        (ui.add(SegmentedControl::new("Paid by", &mut state.payment, &ways).in_form()), ())
    });
    ui.columns_const(|[left, right]| {
        let field = Field::new("Amount").hint("smallest unit").mono();
        let edit = TextInput::singleline(&mut state.amount).words().id(Id::unique("charge_amount"));
        let amount = field.text(left, edit).response.response;
        let field = Field::new("Currency").mono();
        field.text(right, TextInput::singleline(&mut state.currency).words().hint_text("usd"));
        amount
    })
}

fn customer_ui(ui: &mut Ui, state: &mut UseTokenState) -> egui::Response {
    let field = Field::new("Customer").hint("optional").mono().note("Empty: a new customer is made with this card");
    let edit = TextInput::singleline(&mut state.customer).words().id(Id::unique("attach_customer")).hint_text("cus_…");
    field.text(ui, edit).response.response
}
