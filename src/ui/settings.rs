//! The settings: how the window behaves, where Stripe is, and what the local minter allows.

use egui::{Context, RichText, ScrollArea, TextEdit, Ui};

use super::{
    action::Action,
    theme,
    theme::Tokens,
    widgets::{Field, PrimaryButton, QuietButton, Segmented, Tone, modal_ui},
};
use crate::{
    domain::{
        key::ApiKey,
        secret::SecretText,
        settings::{BaseUrl, Settings, ThemeChoice},
    },
    messages::{KeyInfo, KeyOrigin},
};

/// The state of the open dialog: the settings as edited, and what is typed but not taken yet.
#[derive(Debug)]
pub struct SettingsState {
    edited: Settings,
    base_url: String,
    key: SecretText,
    key_problem: Option<String>,
}

impl SettingsState {
    pub fn new(settings: &Settings) -> Self {
        Self {
            edited: settings.clone(),
            base_url: settings.stripe().base_url.as_str().to_owned(),
            key: SecretText::default(),
            key_problem: None,
        }
    }
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn settings_ui(ctx: &Context, state: &mut SettingsState, key: &KeyInfo, actions: &mut Vec<Action>) -> bool {
    let mut is_saved = false;
    let modal = modal_ui(ctx, "settings", "Settings", 560.0, |ui| {
        let height = (ui.ctx().content_rect().height() - 220.0).clamp(240.0, 620.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            // Room for the scroll bar beside the fields.
            egui::Frame::new().inner_margin(egui::Margin { left: 2, right: 14, top: 0, bottom: 4 }).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                window_ui(ui, &mut state.edited);
                stripe_ui(ui, state, key, actions);
                minter_ui(ui, &mut state.edited);
            });
        });
        ui.add_space(8.0);
        let is_valid = BaseUrl::parse(&state.base_url).is_ok();
        ui.add_enabled_ui(is_valid, |ui| {
            if ui.add(PrimaryButton::new("Save")).clicked() {
                if let Ok(base_url) = BaseUrl::parse(&state.base_url) {
                    state.edited.profiles.active_mut().stripe.base_url = base_url;
                }
                actions.push(Action::SaveSettings(state.edited.clone()));
                is_saved = true;
            }
        });
    });
    !(is_saved || modal.should_close)
}

fn heading_ui(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(theme::semibold(theme::BODY_SIZE)));
}

/// A switch with the sentence that explains it.
fn switch_ui(ui: &mut Ui, value: &mut bool, label: &str, sentence: &str) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.checkbox(value, label);
        ui.indent(label, |ui| {
            ui.label(RichText::new(sentence).size(theme::SMALL_SIZE).color(Tokens::of(ui).subdued));
        });
    });
}

fn window_ui(ui: &mut Ui, settings: &mut Settings) {
    heading_ui(ui, "Window");
    let themes = ThemeChoice::ALL.map(|choice| (choice, choice.label()));
    Field::new("Theme").show(ui, |ui| ui.add(Segmented::new("Theme", &mut settings.window.theme, &themes).in_form()));
    switch_ui(
        ui,
        &mut settings.form.moves_on,
        "Move on when a card field is complete",
        "From number to expiry, CVC and name, as you type; never after a paste",
    );
    switch_ui(
        ui,
        &mut settings.form.copies_id,
        "Copy the id of a new token",
        "The clipboard has it as soon as it is made",
    );
}

fn stripe_ui(ui: &mut Ui, state: &mut SettingsState, key: &KeyInfo, actions: &mut Vec<Action>) {
    heading_ui(ui, "Stripe API");
    let fault = BaseUrl::parse(&state.base_url).err().map(|error| error.to_string());
    let mut field = Field::new("Base URL").mono().note("Where calls and the key go: Stripe, or a stand-in of yours");
    if let Some(fault) = &fault {
        field = field.message(Tone::Error, fault);
    }
    field.text(ui, TextEdit::singleline(&mut state.base_url).hint_text(BaseUrl::STRIPE));
    key_ui(ui, state, key, actions);
    ui.columns_const(|[left, right]| {
        let field = Field::new("Stripe-Version").hint("optional").mono().note("Empty: the account's default");
        field.text(
            left,
            TextEdit::singleline(&mut state.edited.profiles.active_mut().stripe.version).hint_text("2026-10-28.endive"),
        );
        let field = Field::new("Stripe-Account").hint("optional").mono().note("To act for a connected account");
        field.text(
            right,
            TextEdit::singleline(&mut state.edited.profiles.active_mut().stripe.account).hint_text("acct_…"),
        );
    });
}

fn key_ui(ui: &mut Ui, state: &mut SettingsState, key: &KeyInfo, actions: &mut Vec<Action>) {
    let standing = match (key.origin, key.kind) {
        (KeyOrigin::Missing, _) | (_, None) => "No key yet. Live keys are refused".to_owned(),
        (KeyOrigin::Environment, Some(kind)) => format!("A {} is set by STRIPE_SECRET_KEY", kind.label()),
        (KeyOrigin::Keyring, Some(kind)) => format!("A {} is in the system's keyring", kind.label()),
        (KeyOrigin::Session, Some(kind)) => {
            format!("A {} is set for this session: this system has no keyring", kind.label())
        }
    };
    let problem = state.key_problem.clone().or_else(|| key.problem.clone());
    let mut field = Field::new("Test key").mono().note(&standing);
    if let Some(problem) = &problem {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextEdit::singleline(state.key.expose_mut()).password(true).hint_text("sk_test_…");
    let response = field.text(ui, edit).response.response;
    if response.changed() {
        state.key_problem = None;
    }
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    ui.horizontal(|ui| {
        let is_clicked = ui.add_enabled(!state.key.is_empty(), QuietButton::new("Use this key")).clicked();
        if (is_clicked || is_entered) && !state.key.is_empty() {
            match ApiKey::parse(state.key.expose()) {
                Ok(key) => {
                    actions.push(Action::SetKey(key));
                    state.key = SecretText::default();
                }
                Err(error) => state.key_problem = Some(error.to_string()),
            }
        }
        let is_forgettable = matches!(key.origin, KeyOrigin::Keyring | KeyOrigin::Session);
        if is_forgettable && ui.add(QuietButton::new("Forget the key").danger()).clicked() {
            actions.push(Action::ForgetKey);
        }
    });
}

fn minter_ui(ui: &mut Ui, settings: &mut Settings) {
    heading_ui(ui, "Local minter");
    let policies = &mut settings.policies;
    switch_ui(
        ui,
        &mut policies.raw_card_data,
        "Accept raw card numbers",
        "Off answers what Stripe answers to every new account, in test mode too",
    );
    switch_ui(
        ui,
        &mut policies.publishable_keys,
        "Accept publishable keys for tokens",
        "Off refuses pk_test_ keys, as newer accounts do",
    );
    switch_ui(
        ui,
        &mut policies.card_tokens_on_charges,
        "Accept card tokens on charges and customers",
        "Off says that they have reached end of life, as newer accounts do",
    );
    switch_ui(
        ui,
        &mut policies.published_test_cards_only,
        "Published test cards only",
        "Every other number is declined with test_mode_live_card",
    );
    switch_ui(
        ui,
        &mut policies.strict_number,
        "Refuse spaces and dashes in numbers",
        "They answer invalid_number instead of being dropped",
    );
    switch_ui(
        ui,
        &mut policies.block_if_cvc_fails,
        "Block a card whose CVC check fails",
        "A charge or attach answers incorrect_cvc, as Stripe's Radar rule does",
    );
    switch_ui(
        ui,
        &mut policies.block_if_zip_fails,
        "Block a card whose ZIP check fails",
        "A charge or attach answers incorrect_zip, as Stripe's Radar rule does",
    );
}
