//! What a new run will do: how many rows and calls, what is expected of them, and what the account will refuse.

use std::num::NonZeroU32;

use egui::{Label, RichText, Ui};

use super::context::RunsContext;
use crate::{
    domain::{
        call::api::Target,
        foreign,
        rules::account_answers::refusal_of,
        run::preview::{RunPreview, refusal_words, time_words},
        settings::stripe::USUAL_RATE,
    },
    ui::{
        theme::{self, DesignTokens},
        widgets::{InlineAlert, Tone, chip::grouped},
        words,
    },
};

/// So many expectations are told one by one.
const MOST_EXPECTED: usize = 12;

/// Draws it; `rate` is the one that was typed.
pub(super) fn preview_ui(ui: &mut Ui, preview: &RunPreview, rate: Option<NonZeroU32>, about: &RunsContext<'_>) {
    let (t, target) = (DesignTokens::of(ui), about.settings.target());
    let usual = (!about.settings.stripe().base_url.is_loopback()).then_some(USUAL_RATE);
    let rate = match target {
        Target::Local => None,
        Target::Stripe => rate.map(NonZeroU32::get).or(usual),
    };
    let time = match rate {
        Some(rate) => {
            let calls = words::number_of(rate.into(), "call", "calls");
            format!(", about {} at {calls} a second", time_words(preview.time_at(rate)))
        }
        None => String::new(),
    };
    let words = format!(
        "{}, {} at most{time}, at {}",
        words::rows(preview.rows),
        words::number_of(preview.calls, "call", "calls"),
        target.place()
    );
    egui::Frame::new().fill(t.raised).corner_radius(theme::RADIUS_FLOAT).inner_margin(12).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add(Label::new(RichText::new(words).font(theme::semibold(theme::BODY_SIZE))).wrap());
        let mut expected: Vec<(&String, u64)> = preview.expected.iter().map(|(words, rows)| (words, *rows)).collect();
        expected.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        for (words, rows) in expected.iter().take(MOST_EXPECTED) {
            expected_ui(ui, *rows, words);
        }
        let more: u64 = expected.iter().skip(MOST_EXPECTED).map(|(_, rows)| rows).sum();
        if more + preview.expected_otherwise > 0 {
            expected_ui(ui, more + preview.expected_otherwise, "other outcomes");
        }
    });
    for (policy, rows) in &preview.refused {
        let title = format!("The account refuses {}", words::rows(*rows));
        let why = refusal_words(*policy, target);
        let remedy = match refusal_of(*policy).filter(|_| target == Target::Stripe) {
            Some(refusal) => refusal.remedy(),
            None => "The settings of the minter change it",
        };
        let text = format!("{why}. {remedy}");
        InlineAlert::new(Tone::Warn, &title).text(&text).ui(ui);
    }
}

fn expected_ui(ui: &mut Ui, rows: u64, words: &str) {
    let t = DesignTokens::of(ui);
    let text = format!("{} × {words}", grouped(rows));
    let text = foreign::label(&text).into_owned();
    ui.add(Label::new(RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
}
