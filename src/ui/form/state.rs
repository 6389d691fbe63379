//! The state of the form between frames: the draft, what is expected of it, and what was said against it.

use std::{borrow::Cow, rc::Rc};

use egui::{Context, Id, TextEdit, Ui};
use jiff::{Timestamp, civil::Date};

use super::facts::{DraftFacts, FactsKey};
use crate::{
    domain::{
        call::{api::Target, params::Params, refusal::AccountRefusal},
        card::{expiry::utc_day, test_cards, typing::CardField},
        form::{defaults::FormDefaults, draft::Draft, field_state::FormField},
        presets::preset::PresetKey,
        rules::{
            expectation::{Expectation, ExpectedResult},
            policies::AccountPolicies,
        },
        secret::SecretText,
    },
    ui::widgets::own_edits,
};

/// What the last answer said against a field, until the draft is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FormComplaint {
    /// `None` when no field of the form is to blame.
    pub field: Option<FormField>,
    /// Whether an answer said it, which the inspector has in full.
    pub is_answer: bool,
    pub message: String,
    /// The refusal of the account that the answer is, and the ready token that stands for the same card, if there is
    /// one.
    pub refusal: Option<(AccountRefusal, Option<String>)>,
}

/// A preset that the empty form offers, by its name.
pub type QuickPreset = (PresetKey, String);

/// What the form is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct FormContext<'a> {
    pub now: Timestamp,
    pub target: Target,
    /// What the local minter was told to refuse.
    pub policies: AccountPolicies,
    /// Whether a completed card field hands the focus on to the next.
    pub moves_on: bool,
    /// What the empty form stands for.
    pub defaults: &'a FormDefaults,
    /// Nothing can be sent: the data folder is not usable, say.
    pub is_blocked: bool,
    /// The favourites, then what was used last.
    pub quick: &'a [QuickPreset],
}

impl FormContext<'_> {
    fn today(&self) -> Date {
        utc_day(self.now)
    }

    /// What is known of the account: Stripe's own policies show only in its answers.
    fn known_policies(&self) -> AccountPolicies {
        match self.target {
            Target::Local => self.policies,
            Target::Stripe => AccountPolicies::default(),
        }
    }
}

/// The state of the form's view.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each section is open or closed by itself")]
pub struct FormState {
    /// Private, so that no change of it goes without another revision.
    pub(super) draft: Draft,
    /// The card fields that lost the focus since they were changed last, by [`CardField`] as index: what they lack is
    /// shown.
    left: [bool; 3],
    pub(super) complaint: Option<FormComplaint>,
    expects: Option<ExpectedOutcome>,
    /// The draft is of an earlier run, and nobody has typed in it: nothing is wrong with it yet.
    pub(super) is_untouched: bool,
    /// Somebody typed in the form since it was filled or sent.
    is_typed: bool,
    /// What was typed and went away without being sent.
    lost: Option<LostDraft>,
    revision: u64,
    /// Another card is in the form, as a whole: undo in a field would mix the two.
    forgets_edits: bool,
    /// The field that gets the focus, with all that is in it marked: typing replaces it.
    pub(super) focus_next: Option<FormField>,
    /// The field that gets the focus at its end, to go on typing or deleting there.
    pub(super) focus_end: Option<FormField>,
    /// The form was filled by something else than typing: what then stands in a focused field is marked.
    pub(super) is_filled: bool,
    /// The field that has just got the focus: it must be seen, wherever the form was scrolled to.
    pub(super) bring: Option<FormField>,
    pub(super) address_is_open: bool,
    pub(super) currency_is_open: bool,
    pub(super) customer_is_open: bool,
    pub(super) raw_is_open: bool,
    /// The name of a parameter about to be added to the raw ones.
    pub(super) new_param: String,
    pub(super) shown: ShownTexts,
    facts: Option<(FactsKey, Rc<DraftFacts>)>,
    stand_in: StandIn,
}

/// What decides what the empty form stands for, as of the last frame; `None` before the first.
type StandIn = Option<(Date, FormDefaults)>;

/// A draft that went away, and the way back to it.
#[derive(Debug)]
struct LostDraft {
    draft: Draft,
    expects: Option<Expectation>,
    /// How it went away, until that is told.
    how: Option<&'static str>,
}

/// What should come of the draft, as long as it has the number that it was expected of.
#[derive(Debug)]
struct ExpectedOutcome {
    expectation: Expectation,
    number: SecretText,
}

/// What text fields show and edit in place where that is not the draft's own text: a text field edits a string that
/// lives from frame to frame, so nothing is copied out of the draft while nobody types.
#[derive(Debug, Default)]
pub(super) struct ShownTexts {
    /// The revision of the draft that the texts are of, and this draft: by it a change is told from a key that changed
    /// nothing.
    revision: Option<u64>,
    draft: Draft,
    /// The number, the expiry and the security code with their separators, by [`CardField`] as index.
    pub(super) card: [SecretText; 3],
    /// The parameters as they will be sent.
    pub(super) params: Params,
}

/// The number that a draft sends, in the fields or in the raw parameters.
fn sent_number(draft: &Draft) -> &str {
    match &draft.raw {
        None => draft.number.expose(),
        Some(params) => params.get("card[number]").unwrap_or_default(),
    }
}

impl FormState {
    /// The form as typed.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Empties the form and puts the focus on the card number.
    pub fn clear(&mut self) {
        self.set_aside("The form was cleared");
        let (revision, lost) = (self.revision + 1, self.lost.take());
        *self = Self { focus_next: Some(FormField::Number), revision, lost, forgets_edits: true, ..Self::default() };
    }

    /// Keeps what was typed and not sent, which is about to go away.
    pub(super) fn set_aside(&mut self, how: &'static str) {
        if std::mem::take(&mut self.is_typed) && self.draft != Draft::default() {
            let (draft, expects) = (self.draft.clone(), self.expectation());
            self.lost = Some(LostDraft { draft, expects, how: Some(how) });
        }
    }

    /// How what was typed went away without being sent; told once.
    pub fn take_lost(&mut self) -> Option<&'static str> {
        self.lost.as_mut()?.how.take()
    }

    /// Puts back what went away last.
    pub fn bring_back(&mut self) {
        if let Some(LostDraft { draft, expects, .. }) = self.lost.take() {
            self.take(draft);
            self.expect(expects);
            self.is_typed = true;
        }
    }

    /// The draft was sent: the history has it.
    pub fn note_sent(&mut self) {
        self.is_typed = false;
    }

    /// Whether the name of a parameter was typed that is not among the others yet.
    pub fn has_unsaved(&self) -> bool {
        !self.new_param.trim().is_empty()
    }

    /// Puts the focus on this field in the next frame.
    pub fn focus(&mut self, field: FormField) {
        self.focus_next = Some(field);
    }

    /// Fills the form; whatever was complained of is past.
    pub fn take(&mut self, draft: Draft) {
        self.address_is_open |= !draft.address.is_empty();
        self.currency_is_open |= !draft.currency.is_empty();
        self.customer_is_open |= draft.is_clone();
        self.set_aside("What was typed in the form was replaced");
        self.raw_is_open |= draft.raw.is_some();
        self.draft = draft;
        self.forgets_edits = true;
        self.left = Default::default();
        self.complaint = None;
        self.expects = None;
        self.is_untouched = false;
        self.is_filled = true;
        self.revision += 1;
    }

    /// Says what should come of the draft, or that nothing is expected any more.
    pub fn expect(&mut self, expectation: Option<Expectation>) {
        let number = sent_number(&self.draft).into();
        self.expects = expectation.map(|expectation| ExpectedOutcome { expectation, number });
        self.revision += 1;
    }

    /// The form as it was when the program ended: nothing in it is wrong before somebody types.
    pub fn restore(&mut self, draft: Draft, expectation: Option<Expectation>) {
        self.take(draft);
        self.expect(expectation);
        self.is_untouched = true;
    }

    /// What should come of the draft. What a published card comes to depends on what is sent with it.
    pub fn expectation(&self) -> Option<Expectation> {
        let expected = &self.expects.as_ref()?.expectation;
        let request = self.draft.to_request();
        let card = test_cards::by_number(sent_number(&self.draft));
        let of_card = card.map(|card| Expectation::of_card(card, &request));
        // Of a card as it comes, not of a request that was made to fail with it.
        Some(of_card.filter(|_| expected.token == ExpectedResult::Works).unwrap_or_else(|| expected.clone()))
    }

    /// Takes over the day and the settings, before anything is drawn. If nothing was filled in, another draft is sent
    /// from then on.
    pub(super) fn follow(&mut self, ctx: &FormContext<'_>) {
        let today = ctx.today();
        if self.stand_in.as_ref().is_none_or(|(day, defaults)| *day != today || defaults != ctx.defaults) {
            let is_first = self.stand_in.replace((today, ctx.defaults.clone())).is_none();
            if !is_first && self.draft.is_empty() {
                self.revision += 1;
            }
        }
    }

    /// The draft that is sent for what was typed.
    fn sent(&self) -> Cow<'_, Draft> {
        match &self.stand_in {
            Some((today, defaults)) => defaults.sent(&self.draft, *today),
            None => Cow::Borrowed(&self.draft),
        }
    }

    /// The parameters that are sent.
    pub(super) fn sent_params(&self) -> Params {
        self.sent().to_request().params
    }

    /// Counts the changes of the draft, of what is sent for it, and of what is expected of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Shows what an answer said against the draft, on the field that it names, and puts the focus there.
    pub fn complain(&mut self, complaint: FormComplaint) {
        match complaint.field {
            Some(FormField::Customer | FormField::CustomerCard) => self.customer_is_open = true,
            Some(FormField::Currency) => self.currency_is_open = true,
            Some(
                FormField::Line1
                | FormField::Line2
                | FormField::City
                | FormField::State
                | FormField::Zip
                | FormField::Country,
            ) => self.address_is_open = true,
            _ => {}
        }
        if self.draft.raw.is_none() {
            self.focus_next = complaint.field;
        }
        self.complaint = Some(complaint);
    }

    /// An answer came that has nothing against the draft.
    pub fn settle(&mut self) {
        self.complaint = None;
    }

    /// Changes the draft, and takes note of it if it is another one then.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Draft)) {
        let before = self.draft.clone();
        change(&mut self.draft);
        if self.draft != before {
            self.note_change();
        }
    }

    /// Takes note of a change that was made by hand. Whatever changes the draft in a frame calls this, so that no frame
    /// has to compare the draft with a copy of it. The toolkit calls a text changed when a key had nothing to delete in
    /// it: such a key leaves everything as it is.
    pub(super) fn note_change(&mut self) {
        if self.shown.revision == Some(self.revision) && self.shown.draft == self.draft {
            return;
        }
        self.complaint = None;
        self.is_untouched = false;
        self.is_typed = true;
        self.revision += 1;
        if self.expects.as_ref().is_some_and(|expects| expects.number.expose() != sent_number(&self.draft)) {
            self.expects = None;
        }
    }

    /// Says whether a card field lost the focus since it was changed last.
    pub(super) fn set_left(&mut self, kind: CardField, is_left: bool) {
        self.left[kind as usize] = is_left;
    }

    /// What there is to tell about the draft, worked out anew if it changed.
    pub(super) fn facts(&mut self, ctx: &FormContext<'_>) -> Rc<DraftFacts> {
        let key =
            FactsKey { revision: self.revision, left: self.left, today: ctx.today(), policies: ctx.known_policies() };
        match &self.facts {
            Some((known, facts)) if *known == key => Rc::clone(facts),
            _ => {
                let facts = Rc::new(DraftFacts::of(&self.draft, &self.sent(), self.expectation().as_ref(), &key));
                self.facts = Some((key, Rc::clone(&facts)));
                facts
            }
        }
    }

    /// Brings the texts that are shown up to the draft, if it changed.
    pub(super) fn refresh_shown(&mut self) {
        if self.shown.revision != Some(self.revision) {
            let Draft { number, expiry, cvc, .. } = &self.draft;
            self.shown = ShownTexts {
                revision: Some(self.revision),
                draft: self.draft.clone(),
                card: [
                    CardField::Number.show(number.expose()).into(),
                    CardField::Expiry.show(expiry).into(),
                    CardField::Cvc.show(cvc.expose()).into(),
                ],
                params: self.sent_params(),
            };
        }
    }

    /// Undo in a field goes back as far as the form was filled or cleared, and not beyond.
    pub(super) fn forget_edits(&mut self, ctx: &Context) {
        if std::mem::take(&mut self.forgets_edits) {
            let raw = (0..).map(raw_id).take_while(|id| TextEdit::load_state(ctx, *id).is_some());
            for id in FormField::ALL.map(field_id).into_iter().chain([new_param_id()]).chain(raw) {
                own_edits::forget(ctx, id);
            }
        }
    }

    /// Scrolls the form to a field that has just got the focus.
    pub(super) fn bring_into_view(&mut self, ui: &Ui, field: FormField, response: &egui::Response) {
        if self.bring == Some(field) {
            self.bring = None;
            // With its label and what stands below it.
            ui.scroll_to_rect(response.rect.expand2(egui::vec2(0.0, 40.0)), None);
        }
    }
}

/// The id of the input of the nth raw parameter.
pub(super) fn raw_id(place: usize) -> Id {
    Id::unique(("raw", place))
}

/// The id of the input for the name of another raw parameter.
pub(super) fn new_param_id() -> Id {
    Id::unique("new raw parameter")
}

/// The id of a field's input, so that the focus can be put there.
pub fn field_id(field: FormField) -> Id {
    Id::unique(("form", field))
}
