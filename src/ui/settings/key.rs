//! The key of a profile: where it lives, and what one call finds out about it.

use egui::{RichText, Spinner, Ui};

use super::{
    parts::sentence_ui,
    state::{CheckState, SettingsContext, SettingsState},
};
use crate::{
    domain::foreign,
    domain::settings::{
        key_check::{KeyCheck, KeyCheckFinding, RawNumbers},
        profile::ProfileId,
        stripe::StripeSettings,
    },
    messages::{JobId, JobRequest, KeyInfo, KeyOrigin},
    ui::{
        Action, icons,
        theme::{self, DesignTokens},
        widgets::{QuietButton, Tone, paint},
    },
};

/// What there is to say about the key of a profile and where it lives.
pub(super) fn key_note(key: Option<&KeyInfo>, is_new: bool, is_typed: bool) -> String {
    let Some(key) = key else {
        let words = if is_new {
            "No key yet. It is kept when you save; live keys are refused"
        } else {
            "Looking in the keyring…"
        };
        return words.to_owned();
    };
    let kind = key.kind.map_or("test key", |kind| kind.label());
    let place = if key.is_remembered {
        "the system's keyring keeps it"
    } else {
        "this system has no keyring, so it is gone when Testcard closes"
    };
    match (key.origin, is_typed) {
        (KeyOrigin::Environment, false) => {
            format!("A {kind} is set by STRIPE_SECRET_KEY and is used for every profile; it is never stored")
        }
        (KeyOrigin::Environment, true) => {
            "STRIPE_SECRET_KEY is used instead of this key for as long as it is set".to_owned()
        }
        (_, true) => format!("Taken when you save: {place}"),
        (KeyOrigin::Missing, false) if key.is_remembered => {
            "No key yet. It is kept in the system's keyring; live keys are refused".to_owned()
        }
        (KeyOrigin::Missing, false) => {
            "No key yet. This system has no keyring: it lives until Testcard closes. Live keys are refused".to_owned()
        }
        (KeyOrigin::Keyring, false) => format!("A {kind} is in the system's keyring. Type to replace it"),
        (KeyOrigin::Session, false) => {
            format!("A {kind} is set for this session: this system has no keyring. Type to replace it")
        }
    }
}

pub(super) fn key_check_ui(
    ui: &mut Ui,
    state: &mut SettingsState,
    about: &SettingsContext<'_>,
    actions: &mut Vec<Action>,
) {
    let profile = &state.edited.profiles[state.edited.place_of(state.chosen)];
    let (id, stripe) = (profile.id, profile.stripe());
    let host = stripe.as_ref().map(|stripe| stripe.base_url.host());
    if let CheckState::Running(job) = state.check {
        running_check_ui(ui, job, host.as_deref(), actions);
        return;
    }
    let key = about.model.key(id);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal(|ui| {
            check_button_ui(ui, state, stripe, key, actions);
            forget_button_ui(ui, &mut state.check, id, key, actions);
        });
        let host = host.unwrap_or_else(|| "the base URL".to_owned());
        let words = format!(
            "Sends one call to {host}, within 15 s: a token of the test card 4242 4242 4242 4242, which nobody uses. It \
             is not kept in the history"
        );
        sentence_ui(ui, &words);
    });
    if state.check == CheckState::Idle {
        return;
    }
    let shown = ui.scope(|ui| match &state.check {
        CheckState::Done(profile, check) if *profile == id => check_ui(ui, check, actions),
        CheckState::Failed(profile, message) if *profile == id => {
            findings_ui(ui, &[KeyFinding::new(Tone::Error, "The key was not checked", message)]);
        }
        _ => {}
    });
    if std::mem::take(&mut state.shows_check) {
        shown.response.scroll_to_me(None);
    }
}

/// Draws a check that is on its way. Its job is not known at first: then it cannot be cancelled yet.
fn running_check_ui(ui: &mut Ui, job: Option<JobId>, host: Option<&str>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.add(Spinner::new().size(16.0));
        ui.label(format!("Asking {}…", host.unwrap_or("the API")));
        let cancel = ui.add_enabled(job.is_some(), QuietButton::new("Cancel the check"));
        if let Some(job) = job.filter(|_| cancel.clicked()) {
            actions.push(Action::Cancel(job));
        }
    });
}

/// Draws the button that checks the key as typed, or the one that is kept where none is typed. `stripe` is the profile
/// as typed, `kept` is its key as the background knows it.
fn check_button_ui(
    ui: &mut Ui,
    state: &mut SettingsState,
    stripe: Option<StripeSettings>,
    kept: Option<&KeyInfo>,
    actions: &mut Vec<Action>,
) {
    let profile = &state.edited.profiles[state.edited.place_of(state.chosen)];
    let (id, key) = (profile.id, profile.key());
    let is_typed = !profile.key.is_empty();
    let has_kept = kept.is_some_and(|kept| kept.origin != KeyOrigin::Missing);
    let ready = stripe.filter(|_| if is_typed { key.is_some() } else { has_kept });
    let button = ui.add_enabled(ready.is_some(), QuietButton::new("Check key").icon(icons::KEY_ROUND));
    let why_not = "Enter a test key first, and a base URL that is right";
    if let Some(settings) = ready.filter(|_| button.on_disabled_hover_text(why_not).clicked()) {
        state.check = CheckState::Running(None);
        let settings = Box::new(settings);
        actions.push(Action::Run(JobRequest::CheckKey { profile: id, settings, key }));
    }
}

/// Draws the button that forgets a key which is kept in the keyring or for this session.
fn forget_button_ui(
    ui: &mut Ui,
    check: &mut CheckState,
    id: ProfileId,
    kept: Option<&KeyInfo>,
    actions: &mut Vec<Action>,
) {
    let origin = kept.map(|kept| kept.origin);
    let is_forgettable = matches!(origin, Some(KeyOrigin::Keyring | KeyOrigin::Session));
    let forget = QuietButton::new("Forget the key").icon(icons::TRASH_2).danger();
    if is_forgettable && ui.add(forget).clicked() {
        check.outdate();
        actions.push(Action::ForgetKey(id));
    }
}

/// One thing that was found out.
struct KeyFinding<'a> {
    tone: Tone,
    title: String,
    text: &'a str,
}

impl<'a> KeyFinding<'a> {
    fn new(tone: Tone, title: impl Into<String>, text: &'a str) -> Self {
        Self { tone, title: title.into(), text }
    }
}

/// What was found out, in the order in which one asks.
fn findings(check: &KeyCheck) -> Vec<KeyFinding<'_>> {
    let host = &check.host;
    let kind = KeyFinding::new(Tone::Info, format!("It is a {}", check.kind.label()), "");
    let reached = || KeyFinding::new(Tone::Ok, format!("{host} answered"), "");
    let accepted = || KeyFinding::new(Tone::Ok, "The key was accepted", "");
    match &check.found {
        KeyCheckFinding::NotReached { message } => {
            vec![kind, KeyFinding::new(Tone::Error, format!("{host} gave no usable answer"), message)]
        }
        KeyCheckFinding::Refused { message } => {
            vec![kind, reached(), KeyFinding::new(Tone::Error, "The key was refused", message)]
        }
        KeyCheckFinding::Accepted(RawNumbers::Accepted) => {
            vec![kind, reached(), accepted(), KeyFinding::new(Tone::Ok, "Raw card numbers are accepted", "")]
        }
        KeyCheckFinding::Accepted(RawNumbers::Refused(refusal)) => {
            vec![kind, reached(), accepted(), KeyFinding::new(Tone::Warn, refusal.title(), refusal.remedy())]
        }
        KeyCheckFinding::Accepted(RawNumbers::NotPermitted { message }) => {
            let title = "The key may not make tokens: give it write permission on Tokens in the Dashboard";
            vec![kind, reached(), accepted(), KeyFinding::new(Tone::Warn, title, message)]
        }
        KeyCheckFinding::Unclear { http_status, message } => {
            let title = format!("HTTP {http_status}, which says nothing about the key");
            vec![kind, reached(), KeyFinding::new(Tone::Warn, title, message)]
        }
    }
}

fn check_ui(ui: &mut Ui, check: &KeyCheck, actions: &mut Vec<Action>) {
    findings_ui(ui, &findings(check));
    let KeyCheckFinding::Accepted(RawNumbers::Refused(refusal)) = &check.found else { return };
    let ready = RawNumbers::Refused(*refusal).ready_alias();
    ui.horizontal_wrapped(|ui| {
        if let Some(alias) = ready
            && ui.add(QuietButton::new(&format!("Copy {alias}")).icon(icons::COPY)).clicked()
        {
            actions.push(Action::Copy { text: alias.to_owned(), what: alias.to_owned() });
        }
        if ui.add(QuietButton::new("Copy the link").icon(icons::LINK)).clicked() {
            actions.push(Action::Copy { text: refusal.link().to_owned(), what: "Link".to_owned() });
        }
        ui.hyperlink_to("What Stripe says about it", refusal.link());
    });
}

fn findings_ui(ui: &mut Ui, findings: &[KeyFinding<'_>]) {
    let t = DesignTokens::of(ui);
    let worst = findings.last().map_or(Tone::Info, |finding| finding.tone);
    let title = findings.iter().map(|finding| finding.title.as_str()).collect::<Vec<_>>().join(". ");
    let builder = egui::UiBuilder::new().accessibility_role(egui::Role::Status).accessibility_label(title);
    ui.scope_builder(builder, |ui| {
        egui::Frame::new()
            .fill(t.raised)
            .stroke(egui::Stroke::new(1.0, worst.color(t).gamma_multiply(0.5)))
            .corner_radius(theme::RADIUS_FLOAT)
            .inner_margin(egui::Margin::symmetric(12, 10))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 7.0;
                for finding in findings {
                    finding_ui(ui, finding);
                }
            });
    });
}

fn finding_ui(ui: &mut Ui, finding: &KeyFinding<'_>) {
    let t = DesignTokens::of(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(8.0, 2.0);
        let (place, _) = ui.allocate_exact_size(egui::vec2(15.0, 17.0), egui::Sense::hover());
        let glyph = finding.tone.icon().glyph().to_string();
        let icon = paint::line(ui, &glyph, icons::font(15.0), finding.tone.color(t), f32::INFINITY);
        paint::galley_center(ui.painter(), icon, place.center());
        ui.vertical(|ui| {
            ui.add(egui::Label::new(RichText::new(foreign::block(&finding.title)).color(t.text)).wrap());
            if !finding.text.is_empty() {
                let text = RichText::new(foreign::block(finding.text)).size(theme::SMALL_SIZE).color(t.subdued);
                ui.add(egui::Label::new(text).wrap().selectable(true));
            }
        });
    });
}
