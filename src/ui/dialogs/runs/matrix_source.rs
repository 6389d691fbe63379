//! The list of a new run as a matrix: chosen from lists, and written as a text that can be kept and pasted.

use std::sync::LazyLock;

use egui::{Id, Key, Label, RichText, Ui, vec2};

use super::pick_list::{PickChange, PickGroup, PickItems, PickListState, pick_list_ui};
use crate::{
    domain::{
        card::{networks::CardNetwork, test_cards},
        foreign, mask,
        presets::{catalog, preset::PresetKey},
        run::{
            matrix::RunMatrix,
            matrix_axes::{MatrixAxes, toggle_on_axis},
            matrix_text,
            row::CvcVariant,
        },
    },
    ui::{
        theme::{self, DesignTokens},
        widgets::{Field, FilterChip, InlineAlert, TextInput, Tone},
    },
};

/// What stands in the field at first: it shows how a list is written.
const EXAMPLE: &str = "card=4242424242424242,insufficient_funds cvc=good,bad,none network=visa,none";
const HELP: &str = "What is chosen above, as `testcard run --matrix` takes it: to be kept, pasted and changed by hand. A card is \
                    also the name of a ready token, a decline such as insufficient_funds, a word such as amex, or * for all. A \
                    value with spaces or commas stands between quotation marks";
/// The width from which lists and values stand side by side.
const SIDE_BY_SIDE: f32 = 620.0;
/// The values that are offered before others are typed.
const ZIPS: [&str; 1] = ["12345"];
const AMOUNTS: [&str; 2] = ["2000", "50"];
const CVCS: [(CvcVariant, &str); 3] =
    [(CvcVariant::Good, "Good CVC"), (CvcVariant::Bad, "Bad CVC"), (CvcVariant::None, "No CVC")];
/// The groups of cards that are asked for most, as the table of test cards has them, and as they are called.
const GROUPS: [(&str, &str); 7] = [
    ("brand", "Brands"),
    ("decline", "Declines"),
    ("fraud", "Fraud"),
    ("3ds", "3D Secure"),
    ("dispute", "Disputes"),
    ("co-badged", "Co-branded"),
    ("country", "Countries"),
];

/// Every published card, in the order of the table.
static CARDS: LazyLock<PickItems> = LazyLock::new(|| {
    let items: Vec<_> = catalog::all().iter().filter(|preset| number(&preset.key).is_some()).cloned().collect();
    let of_group = |group: &str| {
        let is_member =
            |key: &PresetKey| number(key).and_then(test_cards::by_number).is_some_and(|card| card.group == group);
        (0..items.len()).filter(|place| is_member(&items[*place].key)).collect()
    };
    let groups =
        GROUPS.iter().map(|(group, name)| PickGroup { name: (*name).to_owned(), members: of_group(group) }).collect();
    PickItems { items, groups, revision: 0 }
});

fn number(key: &PresetKey) -> Option<&str> {
    match key {
        PresetKey::Card(number) => Some(number),
        _ => None,
    }
}

/// A matrix as it is chosen and typed.
#[derive(Debug)]
pub(super) struct MatrixSource {
    text: String,
    /// The text that was run last, or stood here at first.
    settled: String,
    read: Result<RunMatrix, String>,
    /// What the lists show: what the text says, as long as that can be read.
    axes: MatrixAxes,
    /// Which of the cards are among the axes.
    chosen: Vec<bool>,
    /// Whether the lists show what the text says.
    is_in_step: bool,
    cards: PickListState,
    zip: String,
    amount: String,
}

impl Default for MatrixSource {
    fn default() -> Self {
        let mut source = Self {
            text: EXAMPLE.to_owned(),
            settled: EXAMPLE.to_owned(),
            read: Err(String::new()),
            axes: MatrixAxes::default(),
            chosen: vec![false; CARDS.items.len()],
            is_in_step: true,
            cards: PickListState::default(),
            zip: String::new(),
            amount: String::new(),
        };
        source.read_text();
        source
    }
}

impl MatrixSource {
    pub(super) fn take_focus(&mut self) {
        self.cards.take_focus();
    }

    /// What is typed and chosen; `None` where it is no matrix.
    pub(super) fn matrix(&self) -> Option<&RunMatrix> {
        self.read.as_ref().ok()
    }

    /// The text in one line, which names published cards only.
    pub(super) fn line(&self) -> String {
        matrix_text::in_one_line(&self.text)
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.text != self.settled && !self.text.trim().is_empty()
    }

    /// Takes notice that the list was run, and is kept with the run.
    pub(super) fn was_run(&mut self) {
        self.settled.clone_from(&self.text);
    }

    /// Takes what was typed.
    fn read_text(&mut self) {
        self.read = read(&self.text);
        let axes = match &self.read {
            Ok(matrix) => Some(matrix.axes()),
            Err(_) if self.text.trim().is_empty() => Some(MatrixAxes::default()),
            Err(_) => None,
        };
        self.is_in_step = axes.is_some();
        if let Some(axes) = axes {
            self.axes = axes;
            for (chosen, item) in self.chosen.iter_mut().zip(&CARDS.items) {
                let number = number(&item.key);
                *chosen = self.axes.cards.iter().any(|card| Some(card.number.as_str()) == number);
            }
        }
    }

    /// Writes what was chosen.
    fn write_text(&mut self) {
        self.text = self.axes.to_string();
        self.read = read(&self.text);
        self.is_in_step = true;
    }

    fn choose_cards(&mut self, change: &PickChange) {
        change.apply(&mut self.chosen);
        let is_chosen = |number: &str| {
            CARDS
                .items
                .iter()
                .zip(&self.chosen)
                .any(|(item, chosen)| *chosen && self::number(&item.key) == Some(number))
        };
        // Those that were chosen before stay in their order.
        let mut cards: Vec<_> = self.axes.cards.iter().copied().filter(|card| is_chosen(&card.number)).collect();
        for (item, _) in CARDS.items.iter().zip(&self.chosen).filter(|(_, chosen)| **chosen) {
            let card = number(&item.key).and_then(test_cards::by_number);
            cards.extend(card.filter(|card| !cards.iter().any(|known| known.number == card.number)));
        }
        self.axes.cards = cards;
        self.write_text();
    }

    /// Draws the lists and the text; whether something else is chosen.
    pub(super) fn ui(&mut self, ui: &mut Ui) -> bool {
        let before = self.text.clone();
        if !self.is_in_step {
            let text =
                "The lists show what was chosen last. Mend the text below, or empty it, to choose from them again";
            InlineAlert::new(Tone::Info, "The text is not a matrix yet").text(text).ui(ui);
        }
        ui.add_enabled_ui(self.is_in_step, |ui| {
            if ui.available_width() < SIDE_BY_SIDE {
                self.cards_ui(ui, 5);
                self.axes_ui(ui);
                return;
            }
            let rows = if ui.ctx().content_rect().height() < 700.0 { 6 } else { 9 };
            // Numbers and outcomes need more room than the few values.
            let whole = ui.available_width();
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 20.0;
                let cards = (whole * 0.56).round();
                ui.allocate_ui(vec2(cards, 0.0), |ui| ui.vertical(|ui| self.cards_ui(ui, rows)));
                ui.allocate_ui(vec2(whole - cards - 20.0, 0.0), |ui| ui.vertical(|ui| self.axes_ui(ui)));
            });
        });
        self.text_ui(ui);
        self.text != before
    }

    fn cards_ui(&mut self, ui: &mut Ui, rows: usize) {
        ui.spacing_mut().item_spacing.y = 6.0;
        caption_ui(ui, "Cards");
        if let Some(change) = pick_list_ui(ui, "cards", &mut self.cards, &CARDS, &self.chosen, rows) {
            self.choose_cards(&change);
        }
    }

    fn axes_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 6.0;
        let before = self.axes.clone();
        caption_ui(ui, "Security code");
        let cvcs = CVCS.map(|(cvc, label)| (cvc, label.to_owned()));
        chips_ui(ui, &cvcs, &mut self.axes.cvcs);
        caption_ui(ui, "Preferred network");
        let networks: Vec<_> = std::iter::once((None, "No network".to_owned()))
            .chain(CardNetwork::ALL.map(|network| (Some(network), network.label().to_owned())))
            .collect();
        chips_ui(ui, &networks, &mut self.axes.networks);
        caption_ui(ui, "ZIP");
        let zips: Vec<_> = std::iter::once(None)
            .chain(with_others(&ZIPS, self.axes.zips.iter().flatten()).into_iter().map(Some))
            .map(|zip| {
                (
                    zip.clone(),
                    zip.map_or_else(
                        || "No ZIP".to_owned(),
                        |zip| format!("ZIP {}", mask::param("card[address_zip]", &zip).0),
                    ),
                )
            })
            .collect();
        chips_ui(ui, &zips, &mut self.axes.zips);
        if let Some(zip) =
            another_ui(ui, "Another ZIP", &mut self.zip).filter(|zip| !self.axes.zips.contains(&Some(zip.clone())))
        {
            self.axes.zips.push(Some(zip));
        }
        caption_ui(ui, "Amount of the charge");
        let amounts: Vec<_> = with_others(&AMOUNTS, self.axes.amounts.iter())
            .into_iter()
            .map(|amount| (amount.clone(), format!("Amount {}", mask::text(&amount))))
            .collect();
        chips_ui(ui, &amounts, &mut self.axes.amounts);
        if let Some(amount) =
            another_ui(ui, "Another amount", &mut self.amount).filter(|amount| !self.axes.amounts.contains(amount))
        {
            self.axes.amounts.push(amount);
        }
        if self.axes != before {
            self.write_text();
        }
    }

    fn text_ui(&mut self, ui: &mut Ui) {
        let message = self.read.as_ref().err().cloned();
        let field = Field::new("List").mono().lines();
        let field = match &message {
            Some(message) => field.message(Tone::Error, message),
            None => field.note(HELP),
        };
        let edit = TextInput::multiline(&mut self.text, 2).id(Id::unique("run_matrix")).hint_text(EXAMPLE);
        if field.text(ui, edit).response.response.changed() {
            self.read_text();
        }
    }
}

/// Those that are offered, and others that were typed.
fn with_others<'a>(offered: &[&str], chosen: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut all: Vec<String> = offered.iter().map(|value| (*value).to_owned()).collect();
    for value in chosen {
        if !all.contains(value) {
            all.push(value.clone());
        }
    }
    all
}

fn caption_ui(ui: &mut Ui, words: &str) {
    let t = DesignTokens::of(ui);
    ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued)));
}

/// The values of an axis, each of which is chosen or not.
fn chips_ui<T: Clone + PartialEq>(ui: &mut Ui, offered: &[(T, String)], chosen: &mut Vec<T>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for (value, label) in offered {
            let label = foreign::label(label);
            if ui.add(FilterChip::new(&label).selected(chosen.contains(value))).clicked() {
                toggle_on_axis(chosen, value.clone());
            }
        }
    });
}

/// A field for a value that is not offered; gives it when Enter is pressed.
fn another_ui(ui: &mut Ui, label: &str, text: &mut String) -> Option<String> {
    let field = Field::new(label).hint("Enter adds it").mono();
    let response = field.text(ui, TextInput::singleline(text).words().id(Id::unique(label))).response.response;
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !is_entered {
        return None;
    }
    response.request_focus();
    let value = std::mem::take(text).trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn read(text: &str) -> Result<RunMatrix, String> {
    RunMatrix::parse(text).map_err(|error| {
        let words = error.to_string();
        let mut signs = words.chars();
        signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_written_and_what_is_typed_is_chosen() {
        let mut source = MatrixSource::default();
        assert_eq!(source.chosen.iter().filter(|chosen| **chosen).count(), 2);
        assert!(!source.is_unsaved());
        source.choose_cards(&PickChange::Toggle(1));
        assert!(
            source.text.starts_with("card=4242424242424242,4000000000009995,4000056655665556 cvc="),
            "{}",
            source.text
        );
        assert!(source.is_unsaved());
        source.choose_cards(&PickChange::Clear);
        assert!(source.read.is_err() && source.is_in_step, "{}", source.text);
        source.choose_cards(&PickChange::Choose((0..CARDS.items.len()).collect()));
        assert_eq!(source.matrix().map(RunMatrix::len), Some(318 * 6));
        source.text = "card=visa colour=red".to_owned();
        source.read_text();
        assert!(!source.is_in_step && source.axes.cards.len() == 318, "the lists stay as they were");
        source.text = "card=tok_visa  zip=\"SW1A 1AA\"\namount=7".to_owned();
        source.read_text();
        assert_eq!((source.axes.cards.len(), &*source.axes.amounts[0]), (1, "7"));
        assert_eq!(source.axes.zips, [Some("SW1A 1AA".to_owned())]);
        assert_eq!(source.line(), "card=tok_visa zip=\"SW1A 1AA\" amount=7");
    }
}
