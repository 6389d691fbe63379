//! The webhooks of the window's server, in its dialog: where events may go, where all of them go, and the endpoints with
//! the secrets that they are signed with.

use std::collections::BTreeMap;

use egui::{Frame, Id, Label, Margin, RichText, Ui};

use crate::{
    domain::{
        call::webhook_signature::HIDDEN_SECRET,
        foreign,
        secret::SecretText,
        settings::{origin::PageOrigin, preferences::Settings, receiver::ReceiverUrl},
        zone::LocalZone,
    },
    messages::{EndpointOrigin, EndpointReach, ListedEndpoint, ServerInfo},
    ui::{
        action::Action,
        icons,
        theme::{self, DesignTokens},
        widgets::{Field, IconButton, QuietButton, TextInput, Tone, paint, section_ui},
        words::{self, number_of},
    },
};

/// What of the dialog is about webhooks.
#[derive(Debug)]
pub struct WebhookFields {
    /// The origins besides this machine, with spaces between.
    origins: String,
    /// The URLs that all events go to, with spaces between.
    forward_to: String,
    /// The secrets that somebody asked to see, by their endpoints. They go with the dialog.
    revealed: BTreeMap<String, SecretText>,
    is_open: bool,
}

impl WebhookFields {
    pub fn new(settings: &Settings) -> Self {
        Self {
            origins: words_of_origins(&settings.server.webhook_origins),
            forward_to: words_of_urls(&settings.server.forward_to),
            revealed: BTreeMap::new(),
            is_open: !(settings.server.webhook_origins.is_empty() && settings.server.forward_to.is_empty()),
        }
    }

    /// Whether origins or URLs were typed that are not in use.
    pub fn is_unsaved(&self, settings: &Settings) -> bool {
        PageOrigin::parse_list(&self.origins).as_ref() != Ok(&settings.server.webhook_origins)
            || ReceiverUrl::parse_list(&self.forward_to).as_ref() != Ok(&settings.server.forward_to)
    }

    /// Shows the secret of an endpoint from now on.
    pub fn reveal(&mut self, endpoint: String, secret: SecretText) {
        self.revealed.insert(endpoint, secret);
    }
}

/// What the section is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct WebhookContext<'a> {
    pub server: &'a ServerInfo,
    pub settings: &'a Settings,
    pub endpoints: &'a [ListedEndpoint],
    pub zone: &'a LocalZone,
}

/// The most endpoints that are listed.
const MOST_LISTED: usize = 100;

/// Draws the section: while it is open, the fields and the list.
pub fn webhooks_ui(ui: &mut Ui, state: &mut WebhookFields, about: &WebhookContext<'_>, actions: &mut Vec<Action>) {
    let mut is_open = state.is_open;
    section_ui(ui, "Webhooks", &count_words(about.endpoints), &mut is_open, |ui| fields_ui(ui, state, about, actions));
    state.is_open = is_open;
}

/// How many endpoints there are, and how many of them get nothing.
fn count_words(endpoints: &[ListedEndpoint]) -> String {
    if endpoints.is_empty() {
        return "no endpoint".to_owned();
    }
    let all = number_of(endpoints.len() as u64, "endpoint", "endpoints");
    match endpoints.iter().filter(|endpoint| endpoint.reach != EndpointReach::Reached).count() {
        0 => all,
        idle => format!("{all}, {}", number_of(idle as u64, "gets nothing", "get nothing")),
    }
}

fn fields_ui(ui: &mut Ui, state: &mut WebhookFields, about: &WebhookContext<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
    forward_ui(ui, state, about.settings, actions);
    origins_ui(ui, state, about.settings, actions);
    if about.endpoints.is_empty() {
        let words = "No endpoint yet: forward events above, or make one with POST /v1/webhook_endpoints";
        sentence_ui(ui, words, DesignTokens::of(ui).subdued);
    }
    for endpoint in about.endpoints.iter().take(MOST_LISTED) {
        endpoint_ui(ui, state, endpoint, about, actions);
    }
    if let Some(more) = about.endpoints.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
        sentence_ui(ui, &format!("And {more} more"), DesignTokens::of(ui).subdued);
    }
}

fn words_of_origins(origins: &[PageOrigin]) -> String {
    origins.iter().map(PageOrigin::as_str).collect::<Vec<_>>().join(" ")
}

fn words_of_urls(urls: &[ReceiverUrl]) -> String {
    urls.iter().map(ReceiverUrl::as_str).collect::<Vec<_>>().join(" ")
}

fn sentence_ui(ui: &mut Ui, words: &str, color: egui::Color32) {
    ui.add(Label::new(RichText::new(foreign::label(words)).size(theme::SMALL_SIZE).color(color)).wrap());
}

/// A field of one line whose text is used by a button or Enter; whether it is to be used now.
fn field_ui(ui: &mut Ui, field: Field<'_>, edit: TextInput<'_>, button: Option<&str>) -> bool {
    let response = field.text(ui, edit).response.response;
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    button.is_some_and(|button| ui.add(QuietButton::new(button).icon(icons::REFRESH_CW)).clicked() || is_entered)
}

fn forward_ui(ui: &mut Ui, state: &mut WebhookFields, settings: &Settings, actions: &mut Vec<Action>) {
    let read = ReceiverUrl::parse_list(&state.forward_to);
    let problem = read.as_ref().err().map(ToString::to_string);
    let note = "All events go there while the server is on, signed as Stripe signs them";
    let mut field = Field::new("Forward events to").hint("URLs, with spaces between").mono().note(note);
    if let Some(problem) = &problem {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextInput::singleline(&mut state.forward_to).code().id(Id::unique("forward_to"));
    let urls = read.ok().filter(|urls| *urls != settings.server.forward_to);
    let button = urls.as_ref().map(|urls| if urls.is_empty() { "Forward no more" } else { "Forward there" });
    let is_used = field_ui(ui, field, edit.hint_text("http://localhost:4242/webhook"), button);
    if let Some(urls) = urls.filter(|_| is_used) {
        state.forward_to = words_of_urls(&urls);
        actions.push(Action::SetForwardTo(urls));
    }
}

fn origins_ui(ui: &mut Ui, state: &mut WebhookFields, settings: &Settings, actions: &mut Vec<Action>) {
    let read = PageOrigin::parse_list(&state.origins);
    let problem = read.as_ref().err().map(ToString::to_string);
    let note = "Endpoints that a call makes get events on this machine, and at these origins; nowhere else";
    let mut field = Field::new("Endpoints may also be at").hint("origins, with spaces between").mono().note(note);
    if let Some(problem) = &problem {
        field = field.message(Tone::Error, problem);
    }
    let edit = TextInput::singleline(&mut state.origins).code().id(Id::unique("webhook_origins"));
    let origins = read.ok().filter(|origins| *origins != settings.server.webhook_origins);
    let button = origins.as_ref().map(|_| "Use these origins");
    let is_used = field_ui(ui, field, edit.hint_text("https://hooks.example"), button);
    if let Some(origins) = origins.filter(|_| is_used) {
        state.origins = words_of_origins(&origins);
        actions.push(Action::SetWebhookOrigins(origins));
    }
}

/// Whether an endpoint gets events, in words.
fn reach_words(endpoint: &ListedEndpoint, server: &ServerInfo) -> (Tone, String) {
    match &endpoint.reach {
        EndpointReach::Disabled => (Tone::Info, "Gets none: it is disabled".to_owned()),
        EndpointReach::Refused(reason) => (Tone::Error, format!("Gets none. {reason}")),
        EndpointReach::Unnamed { origin } => {
            (Tone::Warn, format!("Gets none: it is not on this machine. Add {origin} to where endpoints may be"))
        }
        EndpointReach::Reached if !matches!(server, ServerInfo::On { .. }) => {
            (Tone::Warn, "Gets its events once the server is on".to_owned())
        }
        EndpointReach::Reached => (Tone::Ok, "Gets its events".to_owned()),
    }
}

/// What an endpoint is and what it asks for, in words.
fn about_words(endpoint: &ListedEndpoint) -> String {
    let origin = match endpoint.origin {
        EndpointOrigin::Settings => "forwarded".to_owned(),
        EndpointOrigin::Call => endpoint.id.clone(),
    };
    let types = match &endpoint.types[..] {
        [all] if all == "*" => "all events".to_owned(),
        [one] => one.clone(),
        types => format!("{} types of events", types.len()),
    };
    match &endpoint.account {
        Some(account) => format!("{origin} · {types} · of {account}"),
        None => format!("{origin} · {types}"),
    }
}

fn endpoint_ui(
    ui: &mut Ui,
    state: &mut WebhookFields,
    endpoint: &ListedEndpoint,
    about: &WebhookContext<'_>,
    actions: &mut Vec<Action>,
) {
    let t = DesignTokens::of(ui);
    let frame = Frame::new().fill(t.input).stroke(t.hairline()).corner_radius(theme::RADIUS);
    frame.inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.push_id(&endpoint.id, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            let url = RichText::new(foreign::label(&endpoint.url)).font(theme::mono_medium(theme::MONO_SIZE));
            ui.add(Label::new(url).truncate().selectable(true));
            sentence_ui(ui, &about_words(endpoint), t.subdued);
            let (tone, words) = reach_words(endpoint, about.server);
            ui.horizontal_top(|ui| {
                paint::icon_ui(ui, tone.icon(), 13.0, tone.color(t));
                sentence_ui(ui, &words, if tone == Tone::Info { t.subdued } else { tone.color(t) });
            });
            if let Some(words) = endpoint.backlog.words(|when| words::moment(when, about.zone)) {
                ui.horizontal_top(|ui| {
                    paint::icon_ui(ui, Tone::Warn.icon(), 13.0, Tone::Warn.color(t));
                    sentence_ui(ui, &words, Tone::Warn.color(t));
                });
            }
            secret_ui(ui, state, endpoint, actions);
        });
    });
}

/// Draws the secret of an endpoint, hidden until it is asked for.
fn secret_ui(ui: &mut Ui, state: &mut WebhookFields, endpoint: &ListedEndpoint, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    let mut is_hidden_again = false;
    {
        let revealed = state.revealed.get(&endpoint.id);
        // Somebody asked to see it.
        let shown = revealed.map_or(HIDDEN_SECRET, SecretText::expose);
        egui::Sides::new().height(theme::CHIP_HEIGHT).shrink_left().truncate().show(
            ui,
            |ui| {
                ui.label(RichText::new("Signing secret").size(theme::SMALL_SIZE).color(t.subdued));
                let text = RichText::new(shown).font(theme::mono(theme::MONO_SIZE));
                ui.add(Label::new(text).truncate().selectable(revealed.is_some()));
            },
            |ui| {
                let of = foreign::label(&endpoint.url);
                match revealed {
                    Some(secret) => {
                        if ui.add(IconButton::new(icons::COPY, &format!("Copy the secret of {of}")).small()).clicked() {
                            let (text, what) = (secret.expose().to_owned(), "Signing secret".to_owned());
                            actions.push(Action::Copy { text, what });
                        }
                        let hide = ui.add(QuietButton::new("Hide").pill());
                        is_hidden_again = hide.on_hover_text(format!("Hide the secret of {of}")).clicked();
                    }
                    None => {
                        let show = ui.add(QuietButton::new("Show").pill());
                        if show.on_hover_text(format!("Show the secret of {of}")).clicked() {
                            actions.push(Action::TellSecret(endpoint.id.clone()));
                        }
                    }
                }
            },
        );
    }
    if is_hidden_again {
        state.revealed.remove(&endpoint.id);
    }
}
