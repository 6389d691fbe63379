//! How one difference is shown: its row in a wide and in a narrow pane, its menu, and all of it below the list.

use egui::{Color32, Id, Label, Rect, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::{
    diff::{DiffLine, DiffPart, ValueChange},
    domain::{foreign, json_document::JsonDocument},
    ui::{
        action::Action,
        icons, theme,
        theme::DesignTokens,
        widgets::{IconButton, MenuItems, paint, scroll_ui},
    },
};

/// Longer values are cut in a row and below the list; copying gives them whole.
const MOST_CHARS: usize = 600;

/// How many lines a row takes in a narrow pane.
pub(super) fn narrow_lines(line: &DiffLine) -> u32 {
    match line.change {
        ValueChange::Changed(..) => 3,
        _ => 2,
    }
}

/// The sign of a line, its colour and what a screen reader says of it.
fn sign(line: &DiffLine, t: &DesignTokens) -> (&'static str, Color32, &'static str) {
    let (sign, color, word) = match line.change {
        ValueChange::Same(_) => ("=", t.faint, "Equal"),
        ValueChange::Added(_) => ("+", t.ok, "Added"),
        ValueChange::Removed(_) => ("−", t.error, "Removed"),
        ValueChange::Changed(..) => ("~", t.warn, "Changed"),
    };
    if line.volatile.is_some() { ("≈", t.faint, word) } else { (sign, color, word) }
}

/// The place of a line as a person reads it.
fn place_words(line: &DiffLine) -> String {
    let place = foreign::label(&line.place);
    if line.nth > 1 {
        return format!("{place} ({} of this name)", nth_words(line.nth));
    }
    match line.part {
        DiffPart::Body if place.is_empty() => "the whole body".to_owned(),
        DiffPart::Status | DiffPart::Body => place.into_owned(),
        DiffPart::Request => format!("request {place}"),
        DiffPart::Header => format!("header {place}"),
    }
}

/// "2nd", "3rd", "11th".
fn nth_words(nth: usize) -> String {
    let end = match (nth % 10, nth % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{nth}{end}")
}

/// Said where the two values are the same in two spellings.
const SPELLING: &str = "the same value, written differently";

fn spoken(line: &DiffLine, t: &DesignTokens) -> String {
    let (_, _, word) = sign(line, t);
    let place = place_words(line);
    let values = match &line.change {
        ValueChange::Changed(before, after) => format!("{}, then {}", short(before), short(after)),
        ValueChange::Same(value) | ValueChange::Added(value) | ValueChange::Removed(value) => short(value),
    };
    let volatile = line.volatile.map(|reason| format!(", volatile: {reason}")).unwrap_or_default();
    let spelling = if line.change.is_only_spelling() { format!(", {SPELLING}") } else { String::new() };
    format!("{word} {place}: {values}{spelling}{volatile}")
}

/// A value in one line, cut where it is long.
fn short(value: &str) -> String {
    foreign::json_start(value, MOST_CHARS)
}

/// A value as it is copied: a string without quotes.
fn whole(value: &str) -> String {
    JsonDocument::parse(value.to_owned()).map_or_else(|_| value.to_owned(), |json| json.root().copied())
}

/// One row of the list.
pub(super) struct RowView<'a> {
    pub line: &'a DiffLine,
    pub is_marked: bool,
    /// Which line of the row is drawn in a narrow pane; 0 in a wide one.
    pub nth: usize,
}

impl RowView<'_> {
    fn background_ui(&self, ui: &Ui, at: Rect, response: &egui::Response) {
        let t = DesignTokens::of(ui);
        let fill = match (self.is_marked, response.contains_pointer(), &self.line.change) {
            (true, _, _) => t.selection,
            (false, true, _) => t.raised,
            _ if !self.line.matters() => return,
            (_, _, ValueChange::Added(_)) => t.ok_fill,
            (_, _, ValueChange::Removed(_)) => t.error_fill,
            _ => t.warn_fill,
        };
        ui.painter().rect_filled(at, 0, fill);
    }

    fn describe(&self, ui: &Ui, response: &egui::Response) {
        let t = DesignTokens::of(ui);
        let name = spoken(self.line, t);
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, ui.is_enabled(), self.is_marked, &name));
    }

    fn text_ui(ui: &Ui, text: &str, color: Color32, left: f32, right: f32, center: f32) {
        let galley = paint::line(ui, text, theme::mono(theme::MONO_SIZE), color, (right - left).max(8.0));
        paint::galley_left(ui.painter(), galley, left, center);
    }

    /// Draws the row in one line: place, first value, second value.
    pub(super) fn wide_ui(&self, ui: &mut Ui, id: Id, at: Rect) -> egui::Response {
        let t = DesignTokens::of(ui);
        let response = ui.interact(at, id, Sense::CLICK);
        self.describe(ui, &response);
        self.background_ui(ui, at, &response);
        let (sign, color, _) = sign(self.line, t);
        let text = if self.line.matters() { t.text } else { t.faint };
        let (left, width, center) = (at.left() + 6.0, at.width() - 12.0, at.center().y);
        let (second, third) = (left + width * 0.36, left + width * 0.68);
        Self::text_ui(ui, sign, color, left, left + 14.0, center);
        let place = if self.line.differs() { t.text } else { t.subdued };
        Self::text_ui(ui, &place_words(self.line), place, left + 16.0, second - 8.0, center);
        if let Some(value) = self.line.change.before() {
            Self::text_ui(ui, &short(value), text, second, third - 8.0, center);
        }
        if let Some(value) = self.line.change.after() {
            Self::text_ui(ui, &short(value), text, third, at.right() - 6.0, center);
        }
        response
    }

    /// Draws one line of the row: the place first, and below it the values.
    pub(super) fn narrow_ui(&self, ui: &mut Ui, id: Id, at: Rect) -> egui::Response {
        let t = DesignTokens::of(ui);
        let response = ui.interact(at, id, Sense::CLICK);
        if self.nth == 0 {
            self.describe(ui, &response);
        }
        self.background_ui(ui, at, &response);
        let (sign, color, _) = sign(self.line, t);
        let text = if self.line.matters() { t.text } else { t.faint };
        let (left, right, center) = (at.left() + 6.0, at.right() - 6.0, at.center().y);
        let value = |ui: &Ui, sign: &str, sign_color: Color32, value: &str| {
            Self::text_ui(ui, sign, sign_color, left + 16.0, left + 30.0, center);
            Self::text_ui(ui, &short(value), text, left + 30.0, right, center);
        };
        let quiet = |color: Color32| if self.line.matters() { color } else { t.faint };
        match (self.nth, &self.line.change) {
            (0, _) => {
                let line = Rect::from_min_size(at.min, vec2(at.width(), 1.0));
                ui.painter().rect_filled(line, 0, t.border);
                Self::text_ui(ui, sign, color, left, left + 14.0, center);
                let place = if self.line.differs() { t.text } else { t.subdued };
                Self::text_ui(ui, &place_words(self.line), place, left + 16.0, right, center);
            }
            (_, ValueChange::Same(same)) => value(ui, " ", t.faint, same),
            (1, ValueChange::Changed(before, _)) | (_, ValueChange::Removed(before)) => {
                value(ui, "−", quiet(t.error), before);
            }
            (_, ValueChange::Changed(_, after) | ValueChange::Added(after)) => value(ui, "+", quiet(t.ok), after),
        }
        response
    }
}

/// What can be copied of a difference.
pub(super) fn menu_ui(menu: &mut MenuItems<'_>, line: &DiffLine, actions: &mut Vec<Action>) {
    let mut item = |words: &str, text: &dyn Fn() -> String, what: &str| {
        if menu.item(words, "") {
            actions.push(Action::Copy { text: text(), what: what.to_owned() });
        }
    };
    if let Some(value) = line.change.before() {
        item("Copy first value", &|| whole(value), "First value");
    }
    if let Some(value) = line.change.after() {
        item("Copy second value", &|| whole(value), "Second value");
    }
    item("Copy path", &|| line.place.clone(), "Path");
}

/// Draws the marked row in full below the list, where values are cut, and why it is volatile.
pub(super) fn about_ui(ui: &mut Ui, line: &DiffLine, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    let area = egui::ScrollArea::vertical().id_salt("about the difference").auto_shrink(false);
    scroll_ui(ui, "the marked difference", area, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        egui::Sides::new().height(20.0).shrink_left().truncate().show(
            ui,
            |ui| {
                let words = RichText::new(place_words(line)).font(theme::mono_medium(theme::MONO_SIZE));
                ui.add(Label::new(words).truncate().selectable(true));
            },
            |ui| {
                if ui.add(IconButton::new(icons::ROUTE, "Copy path").small()).clicked() {
                    actions.push(Action::Copy { text: line.place.clone(), what: "Path".to_owned() });
                }
            },
        );
        let mut value_ui = |sign: &str, color: Color32, value: Option<&str>| {
            if let Some(value) = value {
                let text = RichText::new(format!("{sign} {}", short(value))).font(theme::mono(theme::MONO_SIZE));
                ui.add(Label::new(text.color(color)).wrap().selectable(true));
            }
        };
        match &line.change {
            ValueChange::Same(value) => value_ui("=", t.subdued, Some(value)),
            change => {
                value_ui("−", t.text, change.before());
                value_ui("+", t.text, change.after());
            }
        }
        let spelling = line.change.is_only_spelling().then_some(SPELLING);
        for reason in spelling.into_iter().chain(line.volatile) {
            ui.add(Label::new(RichText::new(reason).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
        }
    });
}
