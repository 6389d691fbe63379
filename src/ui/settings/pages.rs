//! The plain pages: what the minter allows, what the form does by itself, how the window looks, where files are.

use egui::{RichText, Ui};

use super::{
    parts::{field_ui, heading_ui, sentence_ui},
    state::{SettingsContext, SettingsState},
    typed::FieldName,
};
use crate::{
    domain::{
        foreign,
        rules::policies::{AccountPolicies, AccountPolicy},
        settings::preferences::ThemeChoice,
    },
    ui::{
        Action, icons, layout, retention,
        shortcuts::zoom_words,
        theme::{self, DesignTokens},
        widgets::{Field, IconButton, SegmentedControl, Tone},
    },
};

/// The sizes that are offered; the zoom keys reach those between them.
const ZOOMS: [(f32, &str); 7] =
    [(0.8, "80%"), (0.9, "90%"), (1.0, "100%"), (1.1, "110%"), (1.25, "125%"), (1.5, "150%"), (2.0, "200%")];

/// A switch with the sentence that explains it.
fn switch_ui(ui: &mut Ui, value: &mut bool, label: &str, sentence: &str) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let response = ui.checkbox(value, label);
        ui.accesskit_node_builder(response.id, |node| node.set_description(sentence));
        ui.indent(label, |ui| sentence_ui(ui, sentence));
    });
}

/// What a policy does when it is switched, in one line.
fn policy_words(policy: AccountPolicy) -> (&'static str, &'static str) {
    match policy {
        AccountPolicy::RawCardData => {
            ("Accept raw card numbers", "Off answers what Stripe answers to every new account, in test mode too")
        }
        AccountPolicy::PublishableKeys => {
            ("Accept publishable keys for tokens", "Off refuses pk_test_ keys, as newer accounts do")
        }
        AccountPolicy::CardTokensOnCharges => (
            "Accept card tokens on charges and customers",
            "Off says that they have reached end of life, as newer accounts do",
        ),
        AccountPolicy::PublishedTestCardsOnly => {
            ("Published test cards only", "On declines every other number with test_mode_live_card")
        }
        AccountPolicy::StrictNumber => (
            "Refuse spaces and dashes in numbers",
            "On answers invalid_number to them, where they are dropped otherwise",
        ),
        AccountPolicy::BlockIfCvcFails => (
            "Block a card whose CVC check fails",
            "On answers incorrect_cvc to a charge or attach, as Stripe's Radar rule does",
        ),
        AccountPolicy::BlockIfZipFails => (
            "Block a card whose ZIP check fails",
            "On answers incorrect_zip to a charge or attach, as Stripe's Radar rule does",
        ),
    }
}

pub(super) fn minter_ui(ui: &mut Ui, policies: &mut AccountPolicies) {
    sentence_ui(ui, "The account that the local minter plays, for the window, the command line and the server alike");
    for policy in AccountPolicy::ALL {
        let (label, sentence) = policy_words(policy);
        switch_ui(ui, policy.of(policies), label, sentence);
    }
}

pub(super) fn form_ui(ui: &mut Ui, state: &mut SettingsState) {
    let faults = state.faults_of_no_profile();
    let edited = &mut state.edited;
    let note = "Filled in when a test card is taken and the name is empty";
    field_ui(ui, &faults, FieldName::CardName, &mut edited.card_name, "Jenny Rosen", note);
    let note = "How long a test card is good for when it is taken; empty: to December in four years";
    field_ui(ui, &faults, FieldName::Months, &mut edited.months, "24", note);
    switch_ui(
        ui,
        &mut edited.fills_cvc,
        "Fill in a CVC when a test card is taken",
        "Off leaves it empty: then Stripe checks none, and cards that fail its check do not fail",
    );
    switch_ui(
        ui,
        &mut edited.moves_on,
        "Move on when a card field is complete",
        "From number to expiry, CVC and name, as you type; never after a paste",
    );
    let formats = [(true, "The token's id"), (false, "Nothing")];
    let note = "What the clipboard holds as soon as a token is made";
    Field::new("Copy after creating").note(note).show(ui, |ui| {
        ui.add(SegmentedControl::new("Copy after creating", &mut edited.copies_id, &formats).in_form());
    });
}

pub(super) fn window_ui(ui: &mut Ui, state: &mut SettingsState) {
    let window = &mut state.edited.window;
    let themes = ThemeChoice::ALL.map(|choice| (choice, choice.label()));
    Field::new("Theme").note("System follows the desktop's light or dark setting").show(ui, |ui| {
        ui.add(SegmentedControl::new("Theme", &mut window.theme, &themes).in_form());
    });
    let scale = ui.native_pixels_per_point().unwrap_or(1.0);
    let percent = |factor: f32| format!("{:.0}%", factor * 100.0);
    let most = *layout::usable_zooms(layout::unzoomed_size(ui)).end();
    let (now, own, most_words) = (percent(ui.zoom_factor()), percent(scale), percent(most));
    let keys = zoom_words();
    let is_too_large = window.zoom > most;
    let note = if is_too_large {
        let wanted = percent(window.zoom);
        format!("{wanted} waits for a larger window: the form would be cut. This one has room for {most_words}")
    } else {
        format!("Now {now}, on a screen whose own scale is {own}. This window has room for up to {most_words}. {keys}")
    };
    let field = Field::new("Size of everything");
    let field = if is_too_large { field.message(Tone::Info, &note) } else { field.note(&note) };
    field.show(ui, |ui| {
        ui.add(SegmentedControl::new("Size of everything", &mut window.zoom, &ZOOMS).in_form());
    });
}

pub(super) fn files_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>, actions: &mut Vec<Action>) {
    places_ui(ui, about, actions);
    retention_ui(ui, state, about);
    heading_ui(ui, "Request log");
    sentence_ui(
        ui,
        "Tokens stay, with the calls that made and used them. Of all other calls, such as lists and retrievals, the \
         oldest go first",
    );
    let faults = state.faults_of_no_profile();
    let edited = &mut state.edited;
    let note = "Older ones are dropped as new ones come, a few at a time";
    field_ui(ui, &faults, FieldName::LogCalls, &mut edited.log_calls, "100,000", note);
    let note = "What they may take of the disk in all; what an idempotency key still stands for is never dropped";
    field_ui(ui, &faults, FieldName::LogMegabytes, &mut edited.log_megabytes, "500", note);
}

/// How much of the history is kept: the same rules as the dialog that removes old entries has.
fn retention_ui(ui: &mut Ui, state: &mut SettingsState, about: &SettingsContext<'_>) {
    heading_ui(ui, "How much of the history is kept");
    sentence_ui(
        ui,
        "Rules for the whole history, a target or a profile; of two that an entry is in, the smaller part counts. The command \
         Remove old entries… shows what would go, and nothing goes by itself unless the rules are followed",
    );
    retention::rules_ui(ui, &mut state.edited.retention, about.settings);
    state.rule.ui(ui, &mut state.edited.retention, about.settings);
}

fn places_ui(ui: &mut Ui, about: &SettingsContext<'_>, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    sentence_ui(
        ui,
        "None of these files holds a key, a CVC or the full number of a card that Stripe has not published. \
         TESTCARD_HOME puts all of them below one folder",
    );
    for place in about.places {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.label(RichText::new(place.name).size(theme::SMALL_SIZE).color(t.subdued));
            let path = place.path.display().to_string();
            egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
                ui,
                |ui| {
                    let text = RichText::new(foreign::label(&path)).font(theme::mono(theme::MONO_SIZE));
                    ui.add(egui::Label::new(text).truncate().selectable(true)).on_hover_text(foreign::block(&path));
                },
                |ui| {
                    let name = format!("Copy the path of {}", place.name.to_lowercase());
                    if ui.add(IconButton::new(icons::COPY, &name)).clicked() {
                        actions.push(Action::Copy { text: path.clone(), what: "Path".to_owned() });
                    }
                },
            );
            sentence_ui(ui, place.note);
        });
    }
    if about.places.is_empty() {
        sentence_ui(ui, "Nothing is written to disk in this session");
    }
}
