//! Rules of what is kept as they are edited: in the settings, and in the dialog that removes old entries.

use egui::{ComboBox, Id, Response, RichText, Ui};

use super::{
    icons,
    theme::{self, DesignTokens},
    widgets::{Field, IconButton, QuietButton, SegmentedControl, TextInput, Tone, chip::grouped, paint},
};
use crate::domain::{
    call::api::Target,
    foreign,
    settings::{
        preferences::Settings,
        retention::{RetentionBound, RetentionScope, RetentionSettings},
    },
};

/// What is counted of what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BoundUnit {
    Entries,
    Days,
}

/// What stays of a part of the history, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedBound {
    unit: BoundUnit,
    number: String,
}

impl Default for TypedBound {
    fn default() -> Self {
        Self { unit: BoundUnit::Entries, number: grouped(10_000) }
    }
}

impl TypedBound {
    /// What was typed.
    ///
    /// # Errors
    /// What may be written, as a sentence.
    pub fn read(&self) -> Result<RetentionBound, String> {
        let range = match self.unit {
            BoundUnit::Entries => RetentionBound::LAST,
            BoundUnit::Days => RetentionBound::DAYS,
        };
        let digits: String = self.number.chars().filter(|sign| !matches!(sign, ' ' | ',' | '.')).collect();
        let number = digits.parse::<u64>().ok().filter(|number| range.contains(number));
        let words = || format!("Write a number from {} to {}", grouped(*range.start()), grouped(*range.end()));
        let number = number.ok_or_else(words)?;
        Ok(match self.unit {
            BoundUnit::Entries => RetentionBound::Last(number),
            BoundUnit::Days => RetentionBound::Days(number),
        })
    }

    /// Draws the fields; true when Enter was pressed in the number.
    pub fn ui(&mut self, ui: &mut Ui) -> bool {
        let units = [(BoundUnit::Entries, "The last entries"), (BoundUnit::Days, "The last days")];
        Field::new("What stays").show(ui, |ui| {
            ui.add(SegmentedControl::new("What stays", &mut self.unit, &units).in_form());
        });
        let bound = self.read();
        let field = Field::new("How many").mono();
        let field = match &bound {
            Ok(_) => field.note("All that is older goes, but for what is marked or on its way"),
            Err(words) => field.message(Tone::Error, words),
        };
        let edit = TextInput::singleline(&mut self.number).code().id(Id::unique("keep_number"));
        let response = field.text(ui, edit).response.response;
        response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
    }
}

/// A rule that is to be added.
#[derive(Clone, Debug)]
pub struct TypedRule {
    scope: RetentionScope,
    bound: TypedBound,
}

impl Default for TypedRule {
    fn default() -> Self {
        Self { scope: RetentionScope::Everything, bound: TypedBound::default() }
    }
}

impl TypedRule {
    /// Draws its fields and the button that adds it to the rules.
    pub fn ui(&mut self, ui: &mut Ui, retention: &mut RetentionSettings, settings: &Settings) {
        let parts = scopes(settings);
        part_ui(ui, &mut self.scope, &parts, |scope| scope_words(*scope, settings));
        self.bound.ui(ui);
        add_ui(ui, self.scope, &self.bound, retention);
    }
}

/// The parts of the history that a rule can be about.
pub fn scopes(settings: &Settings) -> Vec<RetentionScope> {
    let parts =
        [RetentionScope::Everything, RetentionScope::Target(Target::Local), RetentionScope::Target(Target::Stripe)];
    parts.into_iter().chain(settings.profiles.iter().map(|profile| RetentionScope::Profile(profile.id))).collect()
}

/// A part of the history in words.
pub fn scope_words(scope: RetentionScope, settings: &Settings) -> String {
    match scope {
        RetentionScope::Everything => "The whole history".to_owned(),
        RetentionScope::Target(target) => format!("Entries of {}", target.label()),
        RetentionScope::Profile(id) => match settings.profiles.get(id) {
            Some(profile) => format!("Entries at Stripe with the profile {}", profile.name),
            None => "Entries of a profile that is gone".to_owned(),
        },
    }
}

/// Chooses the part of the history that is meant.
pub fn part_ui<T: PartialEq + Copy>(
    ui: &mut Ui,
    part: &mut T,
    offered: &[T],
    words_of: impl Fn(&T) -> String,
) -> Response {
    Field::new("Part of the history").show(ui, |ui| {
        let combo = ComboBox::from_id_salt("kept part").width(ui.available_width());
        let shown = words_of(part);
        let combo = combo.icon(paint::combo_chevron).selected_text(foreign::label(&shown)).show_ui(ui, |ui| {
            let t = DesignTokens::of(ui);
            ui.visuals_mut().selection.bg_fill = t.selection;
            ui.visuals_mut().selection.stroke.color = t.text;
            for choice in offered {
                let words = words_of(choice);
                if ui.selectable_value(part, *choice, foreign::label(&words)).clicked() {
                    ui.close();
                }
            }
        });
        combo.response
    })
}

/// Draws the button that makes a rule of what is typed, where it is not one yet.
pub fn add_ui(ui: &mut Ui, scope: RetentionScope, bound: &TypedBound, retention: &mut RetentionSettings) {
    let known = retention.bound_of(scope);
    if let Some(bound) = bound.read().ok().filter(|bound| known != Some(*bound)) {
        let add = ui.add(QuietButton::new("Keep it as a rule").icon(icons::PLUS));
        if add.on_hover_text("For `testcard keep`, and to be followed by itself").clicked() {
            retention.set(scope, Some(bound));
        }
    }
}

/// Draws the rules, each with a button that drops it, and whether they are followed by themselves.
pub fn rules_ui(ui: &mut Ui, retention: &mut RetentionSettings, settings: &Settings) {
    if retention.rules().is_empty() {
        return;
    }
    let t = DesignTokens::of(ui);
    ui.label(RichText::new("Rules").font(theme::semibold(theme::BODY_SIZE)));
    let mut dropped = None;
    for rule in retention.rules() {
        let part = scope_words(rule.scope, settings);
        egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
            ui,
            |ui| {
                let words = format!("{}: {}", foreign::label(&part), rule.bound);
                ui.label(RichText::new(words).color(t.text));
            },
            |ui| {
                let name = format!("Drop the rule for {}", foreign::label(&part));
                if ui.add(IconButton::new(icons::X, &name)).clicked() {
                    dropped = Some(rule.scope);
                }
            },
        );
    }
    if let Some(scope) = dropped {
        retention.set(scope, None);
    }
    ui.checkbox(&mut retention.is_automatic, "Follow the rules at the start of the window and once a day");
}
