//! A labelled field: the label above, the input, and what there is to say about it below.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{BrandMark, InputLook, TextInput, Tone, key_cap::KeyCap, paint},
    },
};
use egui::{
    Align2, Atom, Color32, Id, IdSalt, Label, Margin, Response, RichText, Role, Sense, Sides, Ui, UiBuilder,
    accesskit::{Invalid, Live},
    text_edit::TextEditOutput,
    vec2,
};

/// The frame of one input of a form.
#[must_use = "call `text` or `show`"]
pub struct Field<'a> {
    label: &'a str,
    hint: &'a str,
    note: Option<(Option<Tone>, &'a str)>,
    border: Option<Tone>,
    mono: bool,
    align: Align2,
    brand: Option<BrandMark>,
}

impl<'a> Field<'a> {
    /// A field called `label`.
    pub fn new(label: &'a str) -> Self {
        Self { label, hint: "", note: None, border: None, mono: false, align: Align2::LEFT_CENTER, brand: None }
    }

    /// A quiet word at the right end of the label line: "3 digits".
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// A quiet sentence under the input.
    pub fn note(mut self, note: &'a str) -> Self {
        self.note = Some((None, note));
        self
    }

    /// A message under the input, and the border in its tone.
    pub fn message(mut self, tone: Tone, message: &'a str) -> Self {
        self.note = Some((Some(tone), message));
        self.border = Some(tone);
        self
    }

    /// The border in a tone, without a message.
    pub fn border(mut self, tone: Tone) -> Self {
        self.border = Some(tone);
        self
    }

    /// Digits and codes: monospace.
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// Several lines, which begin at the top.
    pub fn lines(mut self) -> Self {
        self.align = Align2::LEFT_TOP;
        self
    }

    /// A card brand at the right end of the input, beside the text.
    pub fn brand(mut self, brand: Option<BrandMark>) -> Self {
        self.brand = brand;
        self
    }

    /// Draws the field around `input`, which gets its margins, font and borders here.
    pub fn text(self, ui: &mut Ui, input: TextInput<'_>) -> TextEditOutput {
        let (mono, align, brand) = (self.mono, self.align, self.brand);
        let edge = self.edge(ui);
        self.frame(ui, |ui, label| {
            let place = IdSalt::new("brand");
            // The field keeps room for the badge, so that no text runs below it.
            let input = match brand {
                Some(brand) => input.suffix(Atom::custom(place, brand.size())),
                None => input,
            };
            let output = aligned_edit_ui(ui, input, mono, edge, align);
            if let (Some(brand), Some(rect)) = (brand, output.response.rect(place)) {
                brand.badge_ui(&mut ui.new_child(UiBuilder::new().max_rect(rect)));
            }
            (output.response.response.clone().labelled_by(label), output)
        })
    }

    /// Draws the field around any other input; the inputs that `add` draws are named by the label.
    pub fn show<R>(self, ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
        self.frame(ui, |ui, label| {
            let inner = ui.scope(|ui| ui.label_inputs_by(label, add));
            (inner.response, inner.inner)
        })
    }

    fn edge(&self, ui: &Ui) -> Option<Color32> {
        let t = DesignTokens::of(ui);
        match self.border {
            Some(tone @ (Tone::Warn | Tone::Error | Tone::Ok)) => Some(tone.color(t)),
            Some(Tone::Info) | None => None,
        }
    }

    fn frame<R>(self, ui: &mut Ui, add: impl FnOnce(&mut Ui, Id) -> (Response, R)) -> R {
        let t = DesignTokens::of(ui);
        let small = |text: &str, color: Color32| RichText::new(text).size(theme::SMALL_SIZE).color(color);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = theme::LABEL_GAP;
            let (label, ()) = Sides::new().height(16.0).shrink_left().truncate().show(
                ui,
                |ui| ui.label(small(self.label, t.subdued)).id,
                |ui| {
                    if !self.hint.is_empty() {
                        ui.label(small(self.hint, t.subdued));
                    }
                },
            );
            let (input, inner) = add(ui, label);
            if let Some((tone, message)) = self.note {
                message_ui(ui, tone, message);
                ui.accesskit_node_builder(input.id, |node| {
                    node.set_description(message);
                    if tone == Some(Tone::Error) {
                        node.set_invalid(Invalid::True);
                    }
                });
            }
            inner
        })
        .inner
    }
}

/// A text field in the form's look without a label above it; the caller names it, or gives it a hint text.
pub fn text_edit_ui(ui: &mut Ui, input: TextInput<'_>, mono: bool, edge: Option<Color32>) -> TextEditOutput {
    aligned_edit_ui(ui, input, mono, edge, Align2::LEFT_CENTER)
}

fn aligned_edit_ui(
    ui: &mut Ui,
    input: TextInput<'_>,
    mono: bool,
    edge: Option<Color32>,
    align: Align2,
) -> TextEditOutput {
    let t = DesignTokens::of(ui);
    let font = if mono { theme::mono(theme::MONO_FIELD_SIZE) } else { theme::regular(theme::BODY_SIZE) };
    let output = ui
        .scope(|ui| {
            if let Some(edge) = edge {
                let visuals = ui.visuals_mut();
                visuals.widgets.inactive.bg_stroke.color = edge;
                visuals.widgets.hovered.bg_stroke.color = edge;
            }
            let look = InputLook {
                font,
                margin: Margin::symmetric(11, 6),
                width: f32::INFINITY,
                align,
                height: theme::CONTROL_HEIGHT,
            };
            input.show(ui, look)
        })
        .inner;
    let response = &output.response.response;
    if response.has_focus() {
        paint::field_focus_ring(ui, response.rect, edge.unwrap_or(t.accent));
    }
    output
}

/// A search field with a lens and a cap of the keys that lead to it. `name` is its hint and what a screen reader calls
/// it.
pub fn search_ui(ui: &mut Ui, id: Id, text: &mut String, name: &str, keys: &str, width: f32) -> TextEditOutput {
    let t = DesignTokens::of(ui);
    let mut input =
        TextInput::singleline(text).words().id(id).hint_text(name).prefix(icons::SEARCH.colored(14.0, t.faint).into());
    if !keys.is_empty() {
        let keys = keys.to_owned();
        let size = KeyCap::new(ui, &keys, t.subdued, t.border_strong).size();
        input = input.suffix(Atom::paint(size, move |ui, args| {
            let t = DesignTokens::of(ui);
            KeyCap::new(ui, &keys, t.subdued, t.border_strong).paint(ui.painter(), args.rect.left_center());
        }));
    }
    let look = InputLook {
        font: theme::regular(theme::BODY_SIZE),
        margin: Margin::symmetric(9, 5),
        width,
        align: Align2::LEFT_CENTER,
        height: theme::BUTTON_HEIGHT - 2.0,
    };
    let output = input.show(ui, look);
    let response = &output.response.response;
    ui.accesskit_node_builder(id, |node| {
        node.set_role(Role::SearchInput);
        node.set_label(name);
    });
    if response.has_focus() {
        paint::field_focus_ring(ui, response.rect, t.accent);
    }
    output
}

fn message_ui(ui: &mut Ui, tone: Option<Tone>, message: &str) {
    let t = DesignTokens::of(ui);
    let message = foreign::block(message);
    let Some(tone) = tone else {
        ui.add(Label::new(RichText::new(message).size(theme::SMALL_SIZE).color(t.faint)).wrap());
        return;
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.spacing_mut().interact_size.y = 0.0;
        let (icon, _) = ui.allocate_exact_size(vec2(13.0, 15.0), Sense::hover());
        let color = tone.color(t);
        let glyph = paint::line(ui, &tone.icon().glyph().to_string(), icons::font(13.0), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, icon.center());
        let words = ui.add(Label::new(RichText::new(message).size(theme::SMALL_SIZE).color(color)).wrap());
        ui.accesskit_node_builder(words.id, |node| node.set_live(Live::Polite));
    });
}
