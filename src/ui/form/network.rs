//! The preferred network: a choice among those of a co-branded card, and what Stripe will store of any other.

use egui::{RichText, Ui};

use super::{
    facts::NetworkFacts,
    state::{FormContext, FormState},
};
use crate::{
    domain::{
        card::networks::{CardNetwork, stored_preference},
        form::field_state::FormField,
    },
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{Field, SegmentedControl, Tone, paint},
    },
};

pub(super) fn network_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let facts = state.facts(ctx);
    let network = &facts.network;
    let FormState { draft, complaint, .. } = state;
    let mut frame = Field::new("Preferred network").hint(if network.is_co_branded() { "co-branded card" } else { "" });
    if let Some(complaint) = complaint.as_ref().filter(|complaint| complaint.field == Some(FormField::Network)) {
        frame = frame.message(Tone::Error, &complaint.message);
    } else if let Some((words, is_available)) = &network.stored {
        frame = if *is_available { frame.note(words) } else { frame.message(Tone::Warn, words) };
    }
    let choice = SegmentedControl::new("Preferred network", &mut draft.preferred, &network.options).in_form();
    if frame.show(ui, |ui| ui.add(choice)).changed() {
        state.note_change();
    }
    if network.is_co_branded() {
        stored_ui(ui, network, state.draft.preferred);
    }
}

/// What Stripe will store for each preference of a co-branded card.
fn stored_ui(ui: &mut Ui, network: &NetworkFacts, preferred: Option<CardNetwork>) {
    let t = DesignTokens::of(ui);
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
                let stored = choice.map_or("null", |choice| stored_preference(choice, &network.available));
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
