//! From which days entries are shown: a choice of usual spans, or two days as typed. Days are those of the local time
//! zone.

use egui::{Id, RichText, Ui};
use jiff::{Span, Timestamp, civil::Date};

use crate::{
    domain::{history::days, zone::LocalZone},
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{IconButton, TextInput, Tone, caret::lead_to, menu_chip_ui, menu_choice_ui, paint, text_edit_ui},
        words, zone_in_use,
    },
};

/// The days from which entries are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DayRange {
    #[default]
    Any,
    Today,
    Last7,
    Last30,
    /// The first and the last day as typed, YYYY-MM-DD; empty for an end that is open.
    Custom {
        from: String,
        to: String,
    },
}

/// The first and the last moment of a range of days; `None` for an end that is open.
pub type MomentRange = (Option<Timestamp>, Option<Timestamp>);

impl DayRange {
    pub fn label(&self) -> &'static str {
        match self {
            Self::Any => "Any time",
            Self::Today => "Today",
            Self::Last7 => "Last 7 days",
            Self::Last30 => "Last 30 days",
            Self::Custom { .. } => "Custom days",
        }
    }

    /// Whether it means other moments tomorrow.
    pub fn goes_with_the_day(&self) -> bool {
        matches!(self, Self::Today | Self::Last7 | Self::Last30)
    }

    /// The moments that the range means at `now`; an end whose text is no day is left open.
    pub fn moments(&self, now: Timestamp, zone: &LocalZone) -> MomentRange {
        let ago = |days: i64| {
            let day = zone.day(now).checked_sub(Span::new().days(days)).ok();
            (day.and_then(|day| zone.first_moment(day)), None)
        };
        match self {
            Self::Any => (None, None),
            Self::Today => ago(0),
            Self::Last7 => ago(6),
            Self::Last30 => ago(29),
            Self::Custom { from, to } => {
                let (from, to) = (day(from).ok().flatten(), day(to).ok().flatten());
                (from.and_then(|day| zone.first_moment(day)), to.and_then(|day| zone.last_moment(day)))
            }
        }
    }
}

/// A day as typed, `None` where nothing is.
fn day(text: &str) -> Result<Option<Date>, String> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { days::day(text).map(Some) }
}

/// What is wrong with the first and with the last day.
fn faults(from: &str, to: &str) -> [Option<String>; 2] {
    let days = [day(from), day(to)];
    if let [Ok(Some(first)), Ok(Some(last))] = &days
        && last < first
    {
        return [None, Some("This day is before the first".to_owned())];
    }
    days.map(Result::err)
}

/// Draws the choice as a chip that opens a list.
pub fn days_ui(ui: &mut Ui, days: &mut DayRange, focus_from: &mut bool, now: Timestamp) {
    let name = format!("Created {}", days.label().to_lowercase());
    let chip = menu_chip_ui(ui, days.label(), &name, *days != DayRange::Any);
    // Opening the menu puts the focus on the current choice; closing it gives the focus back to the chip.
    let is_opened = chip.clicked();
    let shown = egui::Popup::menu(&chip).show(|ui| menu_ui(ui, days, is_opened, now));
    if let Some(choice) = shown.and_then(|shown| shown.inner) {
        *focus_from = matches!(choice, DayRange::Custom { .. });
        if !*focus_from {
            chip.request_focus();
        }
        *days = choice;
    }
}

/// Draws the list, with the focus on the current choice if `is_opened` in this frame; what was chosen.
fn menu_ui(ui: &mut Ui, days: &DayRange, is_opened: bool, now: Timestamp) -> Option<DayRange> {
    let mut chosen = None;
    ui.set_min_width(150.0);
    for choice in [DayRange::Any, DayRange::Today, DayRange::Last7, DayRange::Last30] {
        if menu_choice_ui(ui, choice.label(), *days == choice, is_opened && *days == choice) {
            chosen = Some(choice);
        }
    }
    ui.separator();
    let is_custom = matches!(days, DayRange::Custom { .. });
    if menu_choice_ui(ui, "Custom days…", is_custom, is_opened && is_custom) {
        let none = DayRange::Custom { from: String::new(), to: String::new() };
        chosen = Some(if is_custom { days.clone() } else { none });
    }
    ui.separator();
    let t = DesignTokens::of(ui);
    let zone = words::zone(&zone_in_use::of(ui), now);
    ui.add(egui::Label::new(RichText::new(zone).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
    // The menu closes by itself on a click, but not when an item is chosen by key.
    if chosen.is_some() {
        ui.close();
    }
    chosen
}

/// Draws the fields of the two days while custom days are chosen. Escape and the button at the end choose any time
/// again.
pub fn custom_ui(ui: &mut Ui, days: &mut DayRange, focus_from: &mut bool, now: Timestamp) {
    let DayRange::Custom { from, to } = days else { return };
    let t = DesignTokens::of(ui);
    let faults = faults(from, to);
    let mut is_done = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for ((name, text), fault) in [("From", from), ("To", to)].into_iter().zip(&faults) {
            let label = ui.label(RichText::new(name).size(theme::SMALL_SIZE).color(t.subdued));
            let edge = fault.as_ref().map(|_| t.error);
            let edit = ui.scope(|ui| {
                ui.set_max_width(124.0);
                let edit = TextInput::singleline(text)
                    .code()
                    .id(Id::unique(("history_day", name)))
                    .hint_text("YYYY-MM-DD")
                    .char_limit(10);
                text_edit_ui(ui, edit, true, edge).response.response
            });
            let response = edit.inner.labelled_by(label.id);
            if let Some(fault) = fault {
                ui.accesskit_node_builder(response.id, |node| {
                    node.set_description(fault.as_str());
                    node.set_invalid(egui::accesskit::Invalid::True);
                });
            }
            if name == "From" && std::mem::take(focus_from) {
                lead_to(ui.ctx(), response.id);
            }
            is_done |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Escape));
        }
        let zone = zone_in_use::of(ui);
        let name = RichText::new(zone.name(now)).size(theme::SMALL_SIZE).color(t.faint);
        ui.label(name).on_hover_text(words::zone(&zone, now));
        is_done |= ui.add(IconButton::new(icons::X, "Show any time").small()).clicked();
    });
    for fault in faults.iter().flatten() {
        ui.horizontal(|ui| {
            paint::icon_ui(ui, Tone::Error.icon(), 13.0, t.error);
            ui.label(RichText::new(fault).size(theme::SMALL_SIZE).color(t.error));
        });
    }
    if is_done {
        *days = DayRange::Any;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn custom(from: &str, to: &str) -> DayRange {
        DayRange::Custom { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn days_are_those_of_the_zone_and_both_ends_belong_to_them() {
        let now = at("2026-03-01T15:00:00Z");
        for (days, expected) in [
            (DayRange::Any, (None, None)),
            (DayRange::Today, (Some("2026-03-01T00:00:00Z"), None)),
            (DayRange::Last7, (Some("2026-02-23T00:00:00Z"), None)),
            (DayRange::Last30, (Some("2026-01-31T00:00:00Z"), None)),
            (custom("", ""), (None, None)),
            (custom("2024-02-29", "2024-02-29"), (Some("2024-02-29T00:00:00Z"), Some("2024-02-29T23:59:59.999Z"))),
            (custom("", " 2024-12-31 "), (None, Some("2024-12-31T23:59:59.999Z"))),
            (custom("2023-02-29", "2024-1-1"), (None, None)),
        ] {
            let expected: MomentRange = (expected.0.map(at), expected.1.map(at));
            assert_eq!(days.moments(now, &LocalZone::UTC), expected, "{days:?}");
        }
        // In Kiritimati it is tomorrow already.
        let ahead = LocalZone::new(jiff::tz::TimeZone::fixed(jiff::tz::offset(14)));
        for (days, expected) in [
            (DayRange::Today, (Some("2026-03-01T10:00:00Z"), None)),
            (DayRange::Last7, (Some("2026-02-23T10:00:00Z"), None)),
            (custom("2026-03-01", "2026-03-01"), (Some("2026-02-28T10:00:00Z"), Some("2026-03-01T09:59:59.999Z"))),
        ] {
            let expected: MomentRange = (expected.0.map(at), expected.1.map(at));
            assert_eq!(days.moments(now, &ahead), expected, "{days:?}");
        }
    }

    #[test]
    fn a_day_that_is_none_is_told_beside_its_field() {
        for (from, to, expected) in [
            ("", "", [None, None]),
            ("2026-01-31", "2026-01-31", [None, None]),
            ("2026-02-30", "", [Some("There is no day 2026-02-30"), None]),
            ("2026-2-1", "x", [Some("Write the day as YYYY-MM-DD"), Some("Write the day as YYYY-MM-DD")]),
            ("2026-01-31", "2026-01-30", [None, Some("This day is before the first")]),
        ] {
            assert_eq!(faults(from, to), expected.map(|fault| fault.map(str::to_owned)), "{from} {to}");
        }
    }
}
