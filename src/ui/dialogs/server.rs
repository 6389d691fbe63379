//! The dialog of the loopback server: switches it on and off, takes its faults, and resets the minter behind it.

use std::sync::LazyLock;

use egui::{Context, Id, Label, RichText, ScrollArea, Ui};

use super::webhooks::{WebhookContext, WebhookFields, webhooks_ui};
use crate::{
    domain::{
        fault::{self, FaultRule, LineError},
        settings::{origin::PageOrigin, preferences::Settings},
        zone::LocalZone,
    },
    messages::{ListedEndpoint, ServerInfo},
    ui::{
        action::Action,
        icons,
        leaving::LeaveGuard,
        theme::{self, DesignTokens},
        widgets::{Field, IconButton, InlineAlert, QuietButton, TextInput, Tone, modal_ui, pill_ui, scroll_ui},
        words,
    },
};

/// Rules to start from, each with what it does.
const EXAMPLES: [(&str, &str); 2] = [
    (
        "POST /v1/charges next 3: 429 retry-after 1, 500, ok",
        "The next three charges: a rate limit, an error, then well",
    ),
    ("* /v1/* every 5: latency 50ms..2s", "Each fifth call of any kind is slow"),
];

static HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "One rule a line: METHOD PATH, then every N or next K where wanted, a colon, and what goes wrong: {}. \
         A * stands for anything, commas take turns, # starts a comment",
        fault::examples()
    )
});

/// The faults that the server was given, with the text that they were written in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliedFaults {
    pub text: String,
    pub rules: Vec<FaultRule>,
}

/// The state of the open dialog.
#[derive(Debug)]
pub struct ServerDialogState {
    port: String,
    /// The origins of pages that may call, with spaces between.
    origins: String,
    text: String,
    /// The rules in `text`, or its first line that is none; read when the text changes.
    read: Result<Vec<FaultRule>, LineError>,
    /// Whether a reset was asked for and waits to be confirmed.
    is_resetting: bool,
    pub webhooks: WebhookFields,
    leaving: LeaveGuard,
}

impl ServerDialogState {
    pub fn new(settings: &Settings, faults: &AppliedFaults) -> Self {
        let text = faults.text.clone();
        let read = fault::rules_of(&text);
        Self {
            port: settings.server.port.to_string(),
            origins: words_of(&settings.server.origins),
            text,
            read,
            is_resetting: false,
            webhooks: WebhookFields::new(settings),
            leaving: LeaveGuard::default(),
        }
    }

    /// Whether rules, a port or origins were typed that the server does not have.
    pub fn is_unsaved(&self, settings: &Settings, faults: &AppliedFaults) -> bool {
        self.has_other_rules(faults)
            || self.has_other_port(settings)
            || self.has_other_origins(settings)
            || self.webhooks.is_unsaved(settings)
    }

    fn has_other_rules(&self, faults: &AppliedFaults) -> bool {
        self.text.trim() != faults.text.trim()
    }

    fn has_other_port(&self, settings: &Settings) -> bool {
        self.port.trim().parse() != Ok(settings.server.port)
    }

    fn has_other_origins(&self, settings: &Settings) -> bool {
        PageOrigin::parse_list(&self.origins).as_ref() != Ok(&settings.server.origins)
    }

    /// What is said of what was typed and is not in use.
    fn unsaved_title(&self, about: &ServerContext<'_>) -> &'static str {
        if self.has_other_rules(about.faults) {
            "The rules are not applied"
        } else if self.has_other_origins(about.settings) {
            "The pages are not used"
        } else if self.webhooks.is_unsaved(about.settings) {
            "Where events go is not used"
        } else {
            "The port is not used"
        }
    }

    fn set_text(&mut self, text: String) {
        self.text = text;
        self.read = fault::rules_of(&self.text);
    }
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct ServerContext<'a> {
    pub server: &'a ServerInfo,
    pub settings: &'a Settings,
    pub faults: &'a AppliedFaults,
    pub webhooks: &'a [ListedEndpoint],
    pub zone: &'a LocalZone,
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn server_ui(
    ctx: &Context,
    state: &mut ServerDialogState,
    about: &ServerContext<'_>,
    actions: &mut Vec<Action>,
) -> bool {
    let mut is_discarded = false;
    let modal = modal_ui(ctx, "server", "Loopback server", 580.0, |ui| {
        // The question below takes its room from what is scrolled, not from the window.
        let height = (ui.ctx().content_rect().height() - 140.0 - state.leaving.height()).clamp(240.0, 820.0);
        let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        scroll_ui(ui, "the server's settings", area, |ui| {
            // Room for the scroll bar beside the fields.
            egui::Frame::new().inner_margin(egui::Margin { left: 2, right: 14, top: 0, bottom: 4 }).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                switch_ui(ui, state, about, actions);
                let (server, settings, endpoints) = (about.server, about.settings, about.webhooks);
                let of_webhooks = WebhookContext { server, settings, endpoints, zone: about.zone };
                webhooks_ui(ui, &mut state.webhooks, &of_webhooks, actions);
                faults_ui(ui, state, about.faults, actions);
                reset_ui(ui, state, actions);
            });
        });
        is_discarded = state.leaving.ui(ui, state.unsaved_title(about));
    });
    let is_unsaved = state.is_unsaved(about.settings, about.faults);
    state.leaving.stays(ctx, modal.should_close, is_unsaved) && !is_discarded
}

fn heading_ui(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(theme::semibold(theme::BODY_SIZE)));
}

fn sentence_ui(ui: &mut Ui, words: &str) {
    let text = RichText::new(words).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued);
    ui.add(Label::new(text).wrap());
}

fn switch_ui(ui: &mut Ui, state: &mut ServerDialogState, about: &ServerContext<'_>, actions: &mut Vec<Action>) {
    sentence_ui(
        ui,
        "Stripe's own SDKs and any HTTP client of this machine can use the local minter as if it were Stripe",
    );
    let port = state.port.trim().parse::<u16>().ok();
    let mut serves = about.settings.server.serves;
    ui.add_enabled_ui(serves || port.is_some(), |ui| {
        if ui.checkbox(&mut serves, "Serve the local minter").changed() {
            actions.push(Action::Serve(port.filter(|_| serves)));
        }
    });
    ui.columns_const(|[left, right]| {
        port_ui(left, state, about, port, actions);
        origins_ui(right, state, about.settings, actions);
    });
    match about.server {
        ServerInfo::Off => {}
        ServerInfo::On { address, control_token } => {
            copied_ui(ui, "Base URL", &format!("http://{address}"), actions);
            copied_ui(ui, "Control token", control_token, actions);
            let words = "For test suites: with this as bearer token, /_testcard/reset empties the minter and \
                         /_testcard/requests lists the calls";
            sentence_ui(ui, words);
        }
        ServerInfo::Failed { message, next_free } => {
            let next = next_free.map(|port| format!("Use {port}"));
            let buttons: Vec<&str> = next.iter().map(String::as_str).collect();
            let clicked =
                InlineAlert::new(Tone::Warn, "The server is not running").text(message).buttons(&buttons).ui(ui);
            if let (Some(_), Some(port)) = (clicked, next_free) {
                state.port = port.to_string();
                actions.push(Action::Serve(Some(*port)));
            }
        }
    }
}

fn port_ui(
    ui: &mut Ui,
    state: &mut ServerDialogState,
    about: &ServerContext<'_>,
    port: Option<u16>,
    actions: &mut Vec<Action>,
) {
    let mut field = Field::new("Port").mono().hint("0: any free one");
    if port.is_none() {
        field = field.message(Tone::Error, "A port is a number from 0 to 65535");
    }
    let response =
        field.text(ui, TextInput::singleline(&mut state.port).code().id(Id::unique("server_port"))).response.response;
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let Some(port) = port.filter(|port| about.settings.server.serves && *port != about.settings.server.port) else {
        return;
    };
    if ui.add(QuietButton::new("Use this port").icon(icons::REFRESH_CW)).clicked() || is_entered {
        actions.push(Action::Serve(Some(port)));
    }
}

/// A text to copy, with its label before it.
fn copied_ui(ui: &mut Ui, label: &str, text: &str, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
        ui,
        |ui| {
            ui.label(RichText::new(label).size(theme::SMALL_SIZE).color(t.subdued));
            ui.add(Label::new(RichText::new(text).font(theme::mono(theme::MONO_SIZE))).truncate().selectable(true));
        },
        |ui| {
            let name = format!("Copy the {}", lower(label));
            if ui.add(IconButton::new(icons::COPY, &name)).clicked() {
                actions.push(Action::Copy { text: text.to_owned(), what: label.to_owned() });
            }
        },
    );
}

/// A label in the middle of a sentence.
fn lower(label: &str) -> String {
    let mut chars = label.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn words_of(origins: &[PageOrigin]) -> String {
    origins.iter().map(PageOrigin::as_str).collect::<Vec<_>>().join(" ")
}

fn origins_ui(ui: &mut Ui, state: &mut ServerDialogState, settings: &Settings, actions: &mut Vec<Action>) {
    let read = PageOrigin::parse_list(&state.origins);
    let problem = read.as_ref().err().map(ToString::to_string);
    let mut field = Field::new("Pages that may call").hint("by their origins; no others").mono();
    if let Some(problem) = &problem {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextInput::singleline(&mut state.origins).id(Id::unique("server_origins"));
    let is_entered = {
        let response = field.text(ui, edit.hint_text("http://localhost:3000")).response.response;
        response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
    };
    let Some(origins) = read.ok().filter(|origins| *origins != settings.server.origins) else { return };
    if ui.add(QuietButton::new("Use these pages").icon(icons::REFRESH_CW)).clicked() || is_entered {
        state.origins = words_of(&origins);
        actions.push(Action::SetOrigins(origins));
    }
}

fn faults_ui(ui: &mut Ui, state: &mut ServerDialogState, faults: &AppliedFaults, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        heading_ui(ui, "Faults on purpose");
        if !faults.rules.is_empty() {
            pill_ui(ui, Tone::Warn, &words::faults(faults.rules.len()));
        }
    });
    let problem = state.read.as_ref().err().map(ToString::to_string);
    let mut field = Field::new("Rules").mono().lines().note(&HELP);
    if let Some(problem) = &problem {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextInput::multiline(&mut state.text, 4)
        .id(Id::unique("fault_rules"))
        .hint_text("POST /v1/charges: 429 retry-after 1");
    if field.text(ui, edit).response.response.changed() {
        state.read = fault::rules_of(&state.text);
    }
    ui.horizontal_wrapped(|ui| {
        let ready = state.read.as_ref().ok().filter(|_| state.text != faults.text);
        let apply = ui.add_enabled(ready.is_some(), QuietButton::new("Apply").icon(icons::ZAP));
        if let Some(rules) = ready.filter(|_| apply.clicked()) {
            actions.push(Action::SetFaults { text: state.text.clone(), rules: rules.clone() });
        }
        let is_there = !state.text.is_empty() || !faults.rules.is_empty();
        if ui.add_enabled(is_there, QuietButton::new("Clear").icon(icons::X)).clicked() {
            state.set_text(String::new());
            actions.push(Action::SetFaults { text: String::new(), rules: Vec::new() });
        }
    });
    sentence_ui(ui, "Examples, to be added by a click");
    for (rule, what) in EXAMPLES {
        if ui.add(QuietButton::new(rule).icon(icons::PLUS)).on_hover_text(what).clicked() {
            let before = state.text.trim_end();
            let gap = if before.is_empty() { "" } else { "\n" };
            let text = format!("{before}{gap}{rule}");
            state.set_text(text);
        }
    }
}

fn reset_ui(ui: &mut Ui, state: &mut ServerDialogState, actions: &mut Vec<Action>) {
    heading_ui(ui, "Minter");
    if !state.is_resetting {
        if ui.add(QuietButton::new("Reset the minter…").icon(icons::TRASH_2).danger()).clicked() {
            state.is_resetting = true;
        }
        return;
    }
    let text = "Its charges, customers, tokens and idempotency keys are dropped. The history stays";
    let buttons = ["Reset the minter", "Keep it"];
    match InlineAlert::new(Tone::Warn, "Empty the local minter?").text(text).buttons(&buttons).ui(ui) {
        Some(0) => {
            state.is_resetting = false;
            actions.push(Action::ResetMinter);
        }
        Some(_) => state.is_resetting = false,
        None => {}
    }
}
