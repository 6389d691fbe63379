//! The form of a new token: every parameter of the call, what each field lacks, and what Stripe will answer.

mod card_text;
mod outcome;

use std::collections::HashSet;

use egui::{Context, Event, Id, Key, RichText, ScrollArea, TextEdit, Ui};
use jiff::{Timestamp, civil::Date};

use self::{
    card_text::{CardTextOutput, card_text_ui, set_caret},
    outcome::{OutcomeAsked, outcome_field_ui},
};
use crate::domain::{
    api::Target,
    card::{Brand, BrandSoFar, CardNumber, brand_so_far},
    digits::ascii_digits,
    draft::{Draft, split_expiry},
    error::ApiError,
    expectation::{Expectation, Expected},
    expiry::utc_day,
    networks::{CardNetwork, stored_preference},
    places,
    policies::Policies,
    presets::PresetKey,
    refusal::Refusal,
    rules::{FieldState, FormField, Prediction, cvc_state, expiry_state, number_state},
    secret::SecretText,
    test_cards::{self, StepOutcome, TestCard},
    typing::{CardField, split_paste},
};
use crate::ui::{
    action::{Action, PresetAction},
    icons,
    palette::Scope,
    shortcuts::Deed,
    theme,
    theme::Tokens,
    widgets::{
        BrandMark, CardFace, ChoiceField, Field, FilterChip, IconButton, InlineAlert, PrimaryButton, QuietButton,
        RailStep, Segmented, StepState, Tone, above_foot_ui, dotted_number, ends_ui, field::text_edit_ui, paint,
        scroll_ui, section_ui,
    },
};

pub use card_text::select_all;

/// What the last answer said against a field, until the draft is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// `None` when no field of the form is to blame.
    pub field: Option<FormField>,
    /// Whether an answer said it, which the inspector has in full.
    pub is_answer: bool,
    pub message: String,
    pub refusal: Option<(Refusal, Option<String>)>,
}

/// The state of the form's view.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each section is open or closed by itself")]
pub struct FormState {
    pub draft: Draft,
    /// The fields that were left once: what they lack is shown.
    left: HashSet<FormField>,
    complaint: Option<Complaint>,
    /// What should come of the draft.
    expects: Option<Expects>,
    /// The draft is of an earlier run, and nobody has typed in it: nothing is wrong with it yet.
    is_untouched: bool,
    /// Counts the changes of the draft and of what is expected.
    revision: u64,
    focus_next: Option<FormField>,
    /// The field that has just got the focus: it must be seen, wherever the form was scrolled to.
    bring: Option<FormField>,
    address_is_open: bool,
    currency_is_open: bool,
    customer_is_open: bool,
    raw_is_open: bool,
    /// The name of a parameter about to be added to the raw ones.
    new_param: String,
    prediction: Cached,
}

/// What should come of the draft, as long as it has the number that it was expected of.
#[derive(Debug)]
struct Expects {
    expectation: Expectation,
    number: SecretText,
}

/// The number that a draft sends, in the fields or in the raw parameters.
fn sent_number(draft: &Draft) -> SecretText {
    match &draft.raw {
        None => draft.number.clone(),
        Some(params) => params.get("card[number]").unwrap_or_default().into(),
    }
}

/// The prediction of the draft that it was made for.
#[derive(Debug, Default)]
struct Cached(Option<(Draft, Date, Policies, Prediction)>);

/// A preset that the empty form offers, by its name.
pub type QuickPreset = (PresetKey, String);

/// What the form is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct FormContext<'a> {
    pub now: Timestamp,
    pub target: Target,
    pub policies: Policies,
    pub moves_on: bool,
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
    fn known_policies(&self) -> Policies {
        match self.target {
            Target::Local => self.policies,
            Target::Stripe => Policies::default(),
        }
    }
}

impl FormState {
    pub fn clear(&mut self) {
        let revision = self.revision + 1;
        *self = Self { focus_next: Some(FormField::Number), revision, ..Self::default() };
    }

    pub fn focus(&mut self, field: FormField) {
        self.focus_next = Some(field);
    }

    /// Fills the form; whatever was complained of is past.
    pub fn take(&mut self, draft: Draft) {
        self.address_is_open |= !draft.address.is_empty();
        self.currency_is_open |= !draft.currency.is_empty();
        self.customer_is_open |= draft.is_clone();
        self.raw_is_open |= draft.raw.is_some();
        self.draft = draft;
        self.left.clear();
        self.complaint = None;
        self.expects = None;
        self.is_untouched = false;
        self.revision += 1;
    }

    /// Says what should come of the draft, or that nothing is expected any more.
    pub fn expect(&mut self, expectation: Option<Expectation>) {
        let number = sent_number(&self.draft);
        self.expects = expectation.map(|expectation| Expects { expectation, number });
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
        let card = test_cards::by_number(sent_number(&self.draft).expose());
        let of_card = card.map(|card| Expectation::of_card(card, &request));
        // Of a card as it comes, not of a request that was made to fail with it.
        Some(of_card.filter(|_| expected.token == Expected::Works).unwrap_or_else(|| expected.clone()))
    }

    /// A number that changes with the draft and what is expected of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes note of a change that was made by hand.
    fn note_change(&mut self) {
        self.complaint = None;
        self.is_untouched = false;
        self.revision += 1;
        if self.expects.as_ref().is_some_and(|expects| expects.number != sent_number(&self.draft)) {
            self.expects = None;
        }
    }

    /// Shows what an answer said against the draft, on the field that it names, and puts the focus there.
    pub fn complain(&mut self, complaint: Complaint) {
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

    fn bring_into_view(&mut self, ui: &Ui, field: FormField, response: &egui::Response) {
        if self.bring == Some(field) {
            self.bring = None;
            // With its label and what stands below it.
            ui.scroll_to_rect(response.rect.expand2(egui::vec2(0.0, 40.0)), None);
        }
    }

    /// An answer came that has nothing against the draft.
    pub fn settle(&mut self) {
        self.complaint = None;
    }

    fn prediction(&mut self, ctx: &FormContext<'_>) -> Prediction {
        let (today, policies) = (ctx.today(), ctx.known_policies());
        match &self.prediction.0 {
            Some((draft, day, known, prediction)) if *draft == self.draft && *day == today && *known == policies => {
                prediction.clone()
            }
            _ => {
                let prediction = self.draft.predict(today, policies);
                self.prediction.0 = Some((self.draft.clone(), today, policies, prediction.clone()));
                prediction
            }
        }
    }
}

/// The id of a field's input, so that the focus can be put there.
pub fn field_id(field: FormField) -> Id {
    Id::unique(("form", field))
}

/// Draws the form.
pub fn form_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, actions: &mut Vec<Action>) {
    let sides = theme::PANE_PADDING;
    // What should happen stays in sight, wherever the fields are scrolled to.
    let head = egui::Frame::new().inner_margin(egui::Margin { left: sides, right: sides, top: sides, bottom: 10 });
    head.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        header_ui(ui, actions);
        let prediction = state.prediction(ctx);
        outcome_ui(ui, state, ctx, &prediction, actions);
    });
    let mut both = (state, actions);
    above_foot_ui(
        ui,
        &mut both,
        |ui, (state, _)| {
            scroll_ui(ui, "the form", ScrollArea::vertical().auto_shrink(false), |ui| {
                let body = egui::Margin { left: sides, right: sides, top: 4, bottom: sides };
                egui::Frame::new().inner_margin(body).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                    let before = state.draft.clone();
                    fields_ui(ui, state, ctx);
                    if state.draft != before {
                        state.note_change();
                    }
                });
            });
        },
        |ui, (state, actions)| {
            let prediction = state.prediction(ctx);
            bar_frame(ui).show(ui, |ui| {
                footer_ui(ui, state, ctx, &prediction, actions);
            });
        },
    );
    let (state, _) = both;
    if let Some(field) = state.focus_next.take() {
        put_focus(ui.ctx(), field, &state.draft);
        state.bring = Some(field);
    }
}

fn bar_frame(ui: &Ui) -> egui::Frame {
    egui::Frame::new().fill(Tokens::of(ui).panel).inner_margin(egui::Margin::symmetric(theme::PANE_PADDING, 12))
}

fn put_focus(ctx: &Context, field: FormField, draft: &Draft) {
    let id = field_id(field);
    ctx.memory_mut(|memory| memory.request_focus(id));
    let shown = match field {
        FormField::Number => CardField::Number.show(draft.number.expose()),
        FormField::Expiry => CardField::Expiry.show(&draft.expiry),
        FormField::Cvc => draft.cvc.expose().to_owned(),
        _ => return,
    };
    set_caret(ctx, id, shown.chars().count());
}

fn header_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| ui.label(RichText::new("New token").font(theme::semibold(theme::BODY_SIZE))),
        |ui| {
            let keys = Deed::ClearForm.keys();
            let clear = IconButton::new(icons::UNDO_2, "Clear the form").keys(&keys).small();
            if ui.add(clear).clicked() {
                actions.push(Action::ClearForm);
            }
            if ui.add(IconButton::new(icons::STAR, "Save the form as a preset…").small()).clicked() {
                actions.push(Action::Preset(PresetAction::OpenSave));
            }
        },
    );
}

/// What should happen: chosen first, then shown and held against what is predicted.
fn outcome_ui(
    ui: &mut Ui,
    state: &FormState,
    ctx: &FormContext<'_>,
    prediction: &Prediction,
    actions: &mut Vec<Action>,
) {
    let expectation = state.expectation();
    let words = expectation.as_ref().map(Expectation::words);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = theme::LABEL_GAP;
        match outcome_field_ui(ui, words.as_deref()) {
            OutcomeAsked::Nothing => {}
            OutcomeAsked::Choose => actions.push(Action::OpenPalette(Scope::Outcomes)),
            OutcomeAsked::Drop => actions.push(Action::DropExpectation),
        }
        if expectation.is_some_and(|expectation| !expectation.agrees_with(prediction)) {
            let t = Tokens::of(ui);
            let words = match prediction {
                Prediction::Refused(error) => format!("As it stands, the token fails with {}", error.label()),
                _ => "As it stands, the form makes a token".to_owned(),
            };
            ui.label(RichText::new(words).size(theme::SMALL_SIZE).color(t.warn));
        }
        if state.draft == Draft::default() && !ctx.quick.is_empty() {
            quick_ui(ui, ctx.quick, actions);
        }
    });
}

/// The presets at hand, in as many chips as one line holds.
fn quick_ui(ui: &mut Ui, quick: &[QuickPreset], actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (key, name) in quick {
            let chip = FilterChip::new(name);
            if chip.width(ui) > ui.available_width() {
                break;
            }
            if ui.add(chip).on_hover_text("Fills the form").clicked() {
                actions.push(Action::Preset(PresetAction::Use { key: key.clone(), creates: false }));
            }
        }
    });
}

fn fields_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    card_face_ui(ui, &state.draft);
    if state.draft.raw.is_none() {
        if state.draft.is_clone() {
            let text = "A token for a saved card is made of the customer and the card's id alone";
            InlineAlert::new(Tone::Info, "The card fields are not sent").text(text).ui(ui);
        }
        ui.add_enabled_ui(!state.draft.is_clone(), |ui| {
            number_ui(ui, state, ctx);
            ui.columns_const(|[left, right]| {
                expiry_ui(left, state, ctx);
                cvc_ui(right, state, ctx);
            });
            plain_ui(ui, state, FormField::Name, "Name on card", "Jenny Rosen");
            network_ui(ui, state);
        });
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            sections_ui(ui, state);
            raw_ui(ui, state);
        });
    } else {
        raw_ui(ui, state);
    }
}

fn sections_ui(ui: &mut Ui, state: &mut FormState) {
    let mut open = state.address_is_open;
    section_ui(ui, "Billing address", "optional", &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        ui.add_enabled_ui(!state.draft.is_clone(), |ui| address_ui(ui, state));
    });
    state.address_is_open = open;
    let mut open = state.currency_is_open;
    section_ui(ui, "Account card currency", "optional", &mut open, |ui| {
        let note = "Only for a debit card that is added to an account, to pay out to";
        let enabled = !state.draft.is_clone();
        ui.add_enabled_ui(enabled, |ui| {
            let options = choices(places::currencies());
            let frame = Field::new("Currency").note(note).mono();
            let field = complaint_on(state.complaint.as_ref(), FormField::Currency, frame);
            ChoiceField::new(field, &mut state.draft.currency, &options)
                .placeholder("usd")
                .id(field_id(FormField::Currency))
                .ui(ui);
        });
    });
    state.currency_is_open = open;
    let mut open = state.customer_is_open;
    section_ui(ui, "Existing customer card", "card + customer", &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        customer_ui(ui, state);
    });
    state.customer_is_open = open;
}

fn choices(list: &'static [places::Choice]) -> Vec<(&'static str, &'static str)> {
    list.iter().map(|choice| (choice.code.as_str(), choice.name.as_str())).collect()
}

/// The field with what the last answer said against it.
fn complaint_on<'a>(complaint: Option<&'a Complaint>, field: FormField, frame: Field<'a>) -> Field<'a> {
    match complaint {
        Some(complaint) if complaint.field == Some(field) => frame.message(Tone::Error, &complaint.message),
        _ => frame,
    }
}

/// The drawing of the card as far as it is typed.
fn card_face_ui(ui: &mut Ui, draft: &Draft) {
    let digits = ascii_digits(draft.number.expose());
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let card = test_cards::by_number(&digits);
    let brand = if is_digits { brand_so_far(&digits) } else { BrandSoFar::Open };
    let groups: &[usize] = match brand {
        BrandSoFar::One(Brand::AmericanExpress) => &[4, 6, 5],
        BrandSoFar::One(Brand::DinersClub) if digits.starts_with("36") || digits.len() == 14 => &[4, 6, 4],
        _ => &[4, 4, 4, 4],
    };
    let number = if is_digits { dotted_number(&digits, groups) } else { draft.number.expose().to_owned() };
    let about = card.map(about).unwrap_or_default();
    let outcome = card.map(|card| card.description.to_uppercase()).unwrap_or_default();
    let (month, year) = split_expiry(&draft.expiry);
    let expires = if year.is_empty() { month } else { format!("{month}/{year}") };
    ui.add(CardFace {
        brand: brand_mark(brand, card),
        outcome: &outcome,
        about: &about,
        number: &number,
        holder: &draft.name,
        expires: &expires,
        cvc_digits: draft.cvc.expose().chars().count().min(4),
    });
}

/// "credit · US", as far as it is known of the card.
fn about(card: &TestCard) -> String {
    let known = [card.funding.as_str(), &card.country].into_iter().filter(|word| !word.is_empty());
    known.collect::<Vec<_>>().join(" · ")
}

fn brand_mark(brand: BrandSoFar, card: Option<&TestCard>) -> BrandMark {
    let is_cartes_bancaires = card.is_some_and(|card| card.networks.contains(&CardNetwork::CartesBancaires));
    match brand {
        _ if is_cartes_bancaires => BrandMark::from_stripe("Cartes Bancaires"),
        BrandSoFar::One(brand) => BrandMark::from_stripe(brand.as_str()),
        BrandSoFar::Open | BrandSoFar::Impossible => BrandMark::default(),
    }
}

/// The words and the tone under a field.
fn shown_state(state: &FieldState) -> Option<(Tone, &str)> {
    match state {
        FieldState::NotYet | FieldState::Right => None,
        FieldState::Advice(words) => Some((Tone::Warn, words)),
        FieldState::Wrong(words) => Some((Tone::Error, words)),
    }
}

fn card_field_ui(
    ui: &mut Ui,
    state: &mut FormState,
    field: FormField,
    kind: CardField,
    (label, label_hint, example): (&str, &str, &str),
    (standing, note): (&FieldState, &str),
) -> CardTextOutput {
    let complaint = state.complaint.as_ref().filter(|complaint| complaint.field == Some(field)).cloned();
    let mut frame = Field::new(label).hint(label_hint).mono();
    if let Some(complaint) = &complaint {
        frame = frame.message(Tone::Error, &complaint.message);
    } else if let Some((tone, words)) = shown_state(standing).filter(|_| !state.is_untouched) {
        frame = frame.message(tone, words);
    } else if !note.is_empty() {
        frame = frame.note(note);
    }
    let kept = match field {
        FormField::Number => state.draft.number.expose_mut(),
        FormField::Cvc => state.draft.cvc.expose_mut(),
        _ => &mut state.draft.expiry,
    };
    let drawn = card_text_ui(ui, field_id(field), kind, kept, frame, example);
    state.bring_into_view(ui, field, drawn.response());
    if drawn.is_changed {
        state.left.remove(&field);
    }
    if drawn.response().lost_focus() {
        state.left.insert(field);
    }
    drawn
}

/// Hands the focus on when a field was completed by typing, and back when Backspace finds nothing to delete.
fn hand_on(
    state: &mut FormState,
    ctx: &FormContext<'_>,
    drawn: &CardTextOutput,
    is_complete: bool,
    before: Option<FormField>,
    next: FormField,
) {
    if drawn.is_left_backwards {
        state.focus_next = before.or(state.focus_next);
    } else if drawn.is_changed && is_complete && ctx.moves_on {
        state.focus_next = Some(next);
    }
}

fn pasted(ui: &Ui) -> bool {
    ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Paste(_))))
}

fn number_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    take_pasted_card(ui, state);
    let text = state.draft.number.expose().to_owned();
    let digits = ascii_digits(&text);
    let is_left = state.left.contains(&FormField::Number);
    let standing = number_state(&text, is_left);
    let note = match test_cards::by_number(&digits) {
        // What is expected says it already.
        Some(card) if state.expects.is_none() => card_note(card),
        Some(_) | None => String::new(),
    };
    let words = ("Card number", "", "4242 4242 4242 4242");
    let drawn = card_field_ui(ui, state, FormField::Number, CardField::Number, words, (&standing, &note));
    paint_brand(ui, &drawn, brand_mark(brand_so_far(&digits), test_cards::by_number(&digits)), &digits);
    let text = state.draft.number.expose();
    let is_right = matches!(number_state(text, false), FieldState::Right | FieldState::Advice(_));
    // A number of a brand with several lengths is complete at the longest only, or when it is a published one.
    let (_, longest) = crate::domain::card::lengths(text);
    let is_complete = is_right && text.len() == longest && !pasted(ui);
    hand_on(state, ctx, &drawn, is_complete, None, FormField::Expiry);
}

/// The brand's mark inside the number field, at its right end.
fn paint_brand(ui: &mut Ui, drawn: &CardTextOutput, mark: BrandMark, digits: &str) {
    if digits.is_empty() || mark == BrandMark::default() {
        return;
    }
    let field = drawn.response().rect;
    let place = egui::Rect::from_min_max(
        egui::pos2(field.right() - 74.0, field.top()),
        field.right_bottom() - egui::vec2(8.0, 0.0),
    );
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(place).layout(layout));
    mark.badge_ui(&mut inside);
}

/// In one line what is special about a published card.
fn card_note(card: &TestCard) -> String {
    let step = |name: &str, outcome: &StepOutcome| match outcome {
        StepOutcome::Refused { .. } => Some(format!("{name} declines with {}", outcome.label())),
        StepOutcome::Later(what) => Some(format!("{name} {what}")),
        StepOutcome::Ok | StepOutcome::NotReached => None,
    };
    let what = step("charge", &card.at_charge).or_else(|| step("attach", &card.at_attach));
    match what {
        Some(what) => format!("Test card: {what}"),
        None => format!("Test card: {}", card.description),
    }
}

/// A pasted `4242 4242 4242 4242 12/34 123` fills three fields.
fn take_pasted_card(ui: &Ui, state: &mut FormState) {
    if !ui.memory(|memory| memory.has_focus(field_id(FormField::Number))) {
        return;
    }
    let card = ui.input_mut(|input| {
        let place =
            input.events.iter().position(|event| matches!(event, Event::Paste(text) if split_paste(text).is_some()))?;
        match input.events.remove(place) {
            Event::Paste(text) => split_paste(&text),
            _ => None,
        }
    });
    if let Some(card) = card {
        state.draft.number = SecretText::new(card.number);
        state.draft.expiry = card.expiry;
        if let Some(cvc) = card.cvc {
            state.draft.cvc = SecretText::new(cvc);
        }
        state.focus_next = Some(FormField::Number);
    }
}

fn expiry_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let is_left = state.left.contains(&FormField::Expiry);
    let standing = expiry_state(&state.draft.expiry, ctx.today(), is_left);
    let words = ("Expiry", "", "MM / YY");
    let drawn = card_field_ui(ui, state, FormField::Expiry, CardField::Expiry, words, (&standing, ""));
    let text = &state.draft.expiry;
    // "20" may be the start of 20nn.
    let is_complete = matches!(text.len(), 4 | 6)
        && !text.ends_with("20")
        && expiry_state(text, ctx.today(), false) == FieldState::Right
        && !pasted(ui);
    hand_on(state, ctx, &drawn, is_complete, Some(FormField::Number), FormField::Cvc);
}

fn cvc_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let is_left = state.left.contains(&FormField::Cvc);
    let number = state.draft.number.expose().to_owned();
    let standing = cvc_state(state.draft.cvc.expose(), &number, is_left);
    let digits = match brand_so_far(&ascii_digits(&number)) {
        BrandSoFar::One(brand) => brand.cvc_digits(),
        BrandSoFar::Open | BrandSoFar::Impossible => 3,
    };
    let hint = format!("{digits} digits");
    let words = ("CVC", hint.as_str(), if digits == 4 { "1234" } else { "123" });
    let drawn = card_field_ui(ui, state, FormField::Cvc, CardField::Cvc, words, (&standing, ""));
    let typed = state.draft.cvc.expose();
    let is_complete = typed.len() == digits && typed.bytes().all(|byte| byte.is_ascii_digit()) && !pasted(ui);
    hand_on(state, ctx, &drawn, is_complete, Some(FormField::Expiry), FormField::Name);
}

fn plain_ui(ui: &mut Ui, state: &mut FormState, field: FormField, label: &str, example: &str) {
    let mut frame = complaint_on(state.complaint.as_ref(), field, Field::new(label));
    let text = match field {
        FormField::Line1 => &mut state.draft.address.line1,
        FormField::Line2 => &mut state.draft.address.line2,
        FormField::City => &mut state.draft.address.city,
        FormField::State => &mut state.draft.address.state,
        FormField::Zip => &mut state.draft.address.zip,
        FormField::Customer => &mut state.draft.customer,
        FormField::CustomerCard => &mut state.draft.customer_card,
        _ => &mut state.draft.name,
    };
    if matches!(field, FormField::Customer | FormField::CustomerCard) {
        frame = frame.mono();
    }
    let was_empty = text.is_empty();
    let edit = TextEdit::singleline(text).id(field_id(field)).hint_text(example.to_owned());
    let response = frame.text(ui, edit).response.response;
    let backspace = was_empty && response.has_focus() && ui.input(|input| input.key_pressed(Key::Backspace));
    state.bring_into_view(ui, field, &response);
    if field == FormField::Name && backspace {
        state.focus_next = Some(FormField::Cvc);
    }
}

fn address_ui(ui: &mut Ui, state: &mut FormState) {
    plain_ui(ui, state, FormField::Line1, "Address line 1", "Street, PO box or company");
    plain_ui(ui, state, FormField::Line2, "Address line 2", "Apartment, suite or unit");
    ui.columns_const(|[left, right]| {
        plain_ui(left, state, FormField::City, "City", "");
        plain_ui(right, state, FormField::State, "State", "");
    });
    ui.columns_const(|[left, right]| {
        plain_ui(left, state, FormField::Zip, "ZIP", "");
        let options = choices(places::countries());
        let frame = complaint_on(state.complaint.as_ref(), FormField::Country, Field::new("Country"));
        ChoiceField::new(frame, &mut state.draft.address.country, &options)
            .placeholder("US")
            .id(field_id(FormField::Country))
            .ui(right);
    });
}

fn customer_ui(ui: &mut Ui, state: &mut FormState) {
    plain_ui(ui, state, FormField::Customer, "Customer", "cus_…");
    plain_ui(ui, state, FormField::CustomerCard, "Card of this customer", "card_…");
}

/// The preferred network: a choice among those of a co-branded card, and what Stripe will store of any other.
fn network_ui(ui: &mut Ui, state: &mut FormState) {
    let digits = ascii_digits(state.draft.number.expose());
    let available = CardNumber::parse(&digits).map(|number| number.networks()).unwrap_or_default();
    let is_co_branded = available.len() > 1;
    let mut options = vec![(None, "Automatic")];
    options.extend(
        CardNetwork::ALL
            .into_iter()
            .filter(|network| !is_co_branded || available.contains(network) || state.draft.preferred == Some(*network))
            .map(|network| (Some(network), network_label(network, is_co_branded))),
    );
    let note = state
        .draft
        .preferred
        .map(|network| format!("Stripe will store {}", stored_preference(network, &available)))
        .unwrap_or_default();
    let complaint = state.complaint.clone().filter(|complaint| complaint.field == Some(FormField::Network));
    let mut frame = Field::new("Preferred network").hint(if is_co_branded { "co-branded card" } else { "" });
    if let Some(complaint) = &complaint {
        frame = frame.message(Tone::Error, &complaint.message);
    } else if state.draft.preferred.is_some_and(|network| !available.contains(&network)) {
        frame = frame.message(Tone::Warn, &note);
    } else if !note.is_empty() {
        frame = frame.note(&note);
    }
    frame.show(ui, |ui| ui.add(Segmented::new("Preferred network", &mut state.draft.preferred, &options).in_form()));
    if is_co_branded {
        stored_ui(ui, &available, state.draft.preferred);
    }
}

/// What Stripe will store for each preference of a co-branded card.
fn stored_ui(ui: &mut Ui, available: &[CardNetwork], preferred: Option<CardNetwork>) {
    let t = Tokens::of(ui);
    let small = |words: &str, color| RichText::new(words).size(theme::SMALL_SIZE).color(color);
    egui::Frame::new().fill(t.input).corner_radius(theme::RADIUS).inner_margin(egui::Margin::symmetric(10, 7)).show(
        ui,
        |ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.spacing_mut().interact_size.y = 16.0;
            let title = |words| small(words, t.faint);
            let row = egui::Sides::new().height(16.0).shrink_left().truncate();
            row.show(ui, |ui| ui.label(title("Preferred")), |ui| ui.label(title("Stripe will store")));
            for choice in std::iter::once(None).chain(CardNetwork::ALL.map(Some)) {
                let name = choice.map_or("Automatic", CardNetwork::label);
                let stored = choice.map_or("null", |network| stored_preference(network, available));
                let is_chosen = choice == preferred;
                let color = match (is_chosen, stored) {
                    (true, _) => t.text,
                    (false, "invalid_preference") => t.faint,
                    (false, _) => t.subdued,
                };
                let spoken = format!("{name}: Stripe will store {stored}");
                egui::Sides::new().height(16.0).shrink_left().truncate().show(
                    ui,
                    |ui| {
                        let label = ui.label(small(name, color));
                        label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
                        if is_chosen {
                            paint::icon_ui(ui, icons::CHECK, 12.0, t.accent_text);
                        }
                    },
                    |ui| ui.label(RichText::new(stored).font(theme::mono(theme::MONO_SIZE - 1.0)).color(color)),
                );
            }
        },
    );
}

/// Three names must share the form's width; two have room for the whole name.
fn network_label(network: CardNetwork, is_co_branded: bool) -> &'static str {
    if !is_co_branded && network == CardNetwork::CartesBancaires { "CB" } else { network.label() }
}

/// The parameters exactly as they will be sent, each to be edited, emptied, dropped or added.
fn raw_ui(ui: &mut Ui, state: &mut FormState) {
    let is_edited = state.draft.raw.is_some();
    let mut open = state.raw_is_open || is_edited;
    let hint = if is_edited { "edited by hand" } else { "as sent" };
    section_ui(ui, "Raw parameters", hint, &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        let before = state.draft.to_request().params;
        let mut params = before.clone();
        let mut dropped = None;
        for (place, (name, value)) in params.rows_mut().iter_mut().enumerate() {
            ui.push_id(place, |ui| {
                if raw_row_ui(ui, place, name, value.expose_mut()) {
                    dropped = Some(place);
                }
            });
        }
        if let Some(place) = dropped {
            params.remove_at(place);
        }
        let field = Field::new("Add a parameter").mono();
        let edit = TextEdit::singleline(&mut state.new_param).hint_text("card[name], then Enter");
        let added = field.text(ui, edit).response.response;
        if added.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !state.new_param.is_empty() {
            params.push(std::mem::take(&mut state.new_param), "");
        }
        if params != before {
            state.draft.raw = Some(params);
        }
        if state.draft.raw.is_some() && ui.add(QuietButton::new("Back to the fields")).clicked() {
            state.draft.raw = None;
        }
    });
    state.raw_is_open = open;
}

/// One parameter; `true` when it is to be dropped.
fn raw_row_ui(ui: &mut Ui, place: usize, name: &str, value: &mut String) -> bool {
    const BUTTON: f32 = 28.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    let label = RichText::new(name).font(theme::mono(theme::MONO_SIZE)).color(Tokens::of(ui).subdued);
    let label = ui.add(egui::Label::new(label).truncate());
    ui.horizontal(|ui| {
        let size = egui::vec2(ui.available_width() - BUTTON - 6.0, theme::CONTROL_HEIGHT);
        ui.allocate_ui(size, |ui| {
            // The first key takes the card's fields away, and must not take the focus along.
            let edit = TextEdit::singleline(value).hint_text("empty").id(Id::unique(("raw", place)));
            text_edit_ui(ui, edit, true, None).response.response.labelled_by(label.id);
        });
        ui.add(IconButton::new(icons::X, &format!("Drop {name}")).small()).clicked()
    })
    .inner
}

fn footer_ui(
    ui: &mut Ui,
    state: &mut FormState,
    ctx: &FormContext<'_>,
    prediction: &Prediction,
    actions: &mut Vec<Action>,
) {
    ui.spacing_mut().item_spacing.y = 10.0;
    if let Some(complaint) = state.complaint.clone() {
        complaint_ui(ui, state, ctx.target, &complaint, actions);
    }
    // What was answered needs no prediction beside it.
    if state.complaint.as_ref().is_none_or(|complaint| complaint.refusal.is_none()) {
        prediction_ui(ui, &state.draft, prediction);
    }
    let caption = match prediction {
        _ if state.draft == Draft::default() => "Create token".to_owned(),
        Prediction::Refused(error) => format!("Send anyway · expect {}", expected_word(error)),
        Prediction::Token(_) | Prediction::Clone { .. } => "Create token".to_owned(),
    };
    ui.add_enabled_ui(!ctx.is_blocked, |ui| {
        let is_wrong = prediction.error().is_some() && state.draft != Draft::default();
        let button = PrimaryButton::new(&caption).keys("Ctrl ↵").caution(is_wrong);
        if ui.add(button).clicked() {
            actions.push(Action::Create);
        }
    });
}

/// What the button says will come: the code, or the first words where Stripe gives none.
fn expected_word(error: &ApiError) -> &str {
    error.decline_code().or(error.code).unwrap_or("an error")
}

fn complaint_ui(ui: &mut Ui, state: &mut FormState, target: Target, complaint: &Complaint, actions: &mut Vec<Action>) {
    match &complaint.refusal {
        Some((refusal, alias)) => {
            let copy = alias.as_ref().map(|alias| format!("Copy {alias}"));
            // The local minter refuses because it was told to.
            let (way, action) = match target {
                Target::Stripe => ("Make it locally", Action::SetTarget(Target::Local)),
                Target::Local => ("Settings of the minter…", Action::OpenSettings),
            };
            let buttons: Vec<&str> = copy.iter().map(String::as_str).chain([way]).collect();
            let clicked =
                InlineAlert::new(Tone::Error, refusal.title()).text(refusal.remedy()).buttons(&buttons).ui(ui);
            match (clicked, alias) {
                (Some(0), Some(alias)) => {
                    actions.push(Action::Copy { text: alias.clone(), what: alias.clone() });
                }
                (Some(_), _) => {
                    actions.push(action);
                    state.complaint = None;
                }
                (None, _) => {}
            }
        }
        // A message that names a field stands on the field.
        None if complaint.field.is_none() || state.draft.raw.is_some() => {
            let names_no_field = "The answer names no field of the form. All of it is in the inspector";
            let text = if complaint.is_answer { names_no_field } else { "" };
            InlineAlert::new(Tone::Error, &complaint.message).text(text).ui(ui);
        }
        None => {}
    }
}

fn prediction_ui(ui: &mut Ui, draft: &Draft, prediction: &Prediction) {
    let t = Tokens::of(ui);
    let is_empty = draft.to_request().params.is_empty();
    let quiet = |words: String| RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued);
    match prediction {
        _ if is_empty => {
            ui.label(quiet("Empty: makes a token for 4242 4242 4242 4242".to_owned()));
        }
        Prediction::Token(card) => match card.number.published() {
            Some(card) => steps_ui(ui, &rail(card.steps())),
            None => {
                ui.label(quiet("Stripe will answer with a token".to_owned()));
            }
        },
        Prediction::Clone { customer, .. } => {
            ui.label(quiet(format!("What comes depends on {customer} and its cards")));
        }
        Prediction::Refused(error) => {
            let param = error.param.as_deref().filter(|param| !param.is_empty());
            let about = param.map(|param| format!(" · {param}")).unwrap_or_default();
            let text = format!("HTTP {} {}{about}: {}", error.http_status, error.label(), error.message);
            ui.label(quiet(text));
        }
    }
}

/// The three steps in the width of the form: what works and what fails, and the code on a line of its own.
fn steps_ui(ui: &mut Ui, steps: &[RailStep<'_>; 3]) {
    let t = Tokens::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.spacing_mut().interact_size.y = 16.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for step in steps {
                let spoken = format!("{} {} {}", step.name, step.state.word(), step.code);
                paint::icon_ui(ui, step.state.icon(), 13.0, step.state.color(t));
                let name = ui.label(RichText::new(step.name).size(theme::SMALL_SIZE));
                name.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, spoken.trim()));
                ui.add_space(8.0);
            }
        });
        if let Some(step) = steps.iter().rfind(|step| !step.code.is_empty()) {
            let color = if step.state == StepState::Fail { t.error } else { t.subdued };
            ui.label(RichText::new(format!("{}: {}", step.name, step.code)).size(theme::SMALL_SIZE).color(color));
        }
    });
}

/// The steps of a card's life as they are drawn.
pub fn rail([token, attach, charge]: [&StepOutcome; 3]) -> [RailStep<'_>; 3] {
    [("token", token), ("attach", attach), ("charge", charge)].map(|(name, outcome)| {
        let (state, code) = match outcome {
            StepOutcome::Ok => (StepState::Ok, ""),
            StepOutcome::Later(what) => (StepState::Ok, what.as_str()),
            StepOutcome::Refused { .. } => (StepState::Fail, outcome.label()),
            StepOutcome::NotReached => (StepState::Later, ""),
        };
        RailStep { name, state, code }
    })
}
