//! The look: every colour, size, radius and font of the window, and nothing else decides one.
//!
//! A view asks `DesignTokens::of(ui)` for the colours of the current theme and takes sizes from the constants here.

#![expect(clippy::unreadable_literal, reason = "a colour is read as its six digits")]

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Style,
    TextStyle, Theme, Ui, Vec2, style::WidgetVisuals, vec2,
};
use std::{collections::BTreeMap, sync::Arc};

use super::{text::plugin::ShownText, widgets::caret};
use crate::domain::settings::profile::ProfileColor;

/// The colours of one theme, each named by what it is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DesignTokens {
    /// Behind the history: the deepest surface.
    pub canvas: Color32,
    /// Side panes, bars, menus.
    pub panel: Color32,
    /// Text fields and the trough of a segmented control.
    pub input: Color32,
    /// Quiet buttons, toasts, the chosen segment.
    pub raised: Color32,
    /// A raised thing under the pointer.
    pub raised_hover: Color32,
    /// Hairlines between panes and rows.
    pub border: Color32,
    /// Outlines of fields and buttons.
    pub border_strong: Color32,
    /// Body text.
    pub text: Color32,
    /// Labels and text that is not chosen.
    pub subdued: Color32,
    /// Hints, counts and times: the quietest text that is still readable everywhere.
    pub faint: Color32,
    /// The one accent: primary buttons, focus rings, underlines.
    pub accent: Color32,
    /// The primary button under the pointer.
    pub accent_hover: Color32,
    /// Text in the accent's hue, on any surface.
    pub accent_text: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// The soft halo around what has the keyboard focus.
    pub focus_halo: Color32,
    /// A selected row or chip.
    pub selection: Color32,
    /// Selected text inside a field.
    pub text_selection: Color32,
    /// An unused token, a success.
    pub ok: Color32,
    /// Behind `ok` text.
    pub ok_fill: Color32,
    /// A used token: done with, neither good nor bad.
    pub used: Color32,
    /// A warning, advice, something pending.
    pub warn: Color32,
    /// Behind `warn` text.
    pub warn_fill: Color32,
    /// The primary button in its "anyway" tone.
    pub caution: Color32,
    /// That button under the pointer.
    pub caution_hover: Color32,
    /// Text on `caution`.
    pub on_caution: Color32,
    /// A failure.
    pub error: Color32,
    /// Behind `error` text.
    pub error_fill: Color32,
    /// A call on its way.
    pub pending: Color32,
    /// Nobody knows whether it happened.
    pub unknown: Color32,
    /// Behind neutral information.
    pub info_fill: Color32,
    /// Keys of a JSON object.
    pub json_key: Color32,
    /// JSON strings.
    pub json_string: Color32,
    /// JSON numbers.
    pub json_number: Color32,
    /// `true`, `false` and `null`.
    pub json_literal: Color32,
    /// Brackets, commas and colons.
    pub json_punctuation: Color32,
    /// Plain words after a value.
    pub json_hint: Color32,
    /// Where a search hit lies.
    pub match_fill: Color32,
    /// The marks of profiles, in the order of [`ProfileColor::ALL`].
    pub profiles: [Color32; 8],
    /// Behind a modal.
    pub backdrop: Color32,
    /// Under floating things.
    pub shadow: Color32,
}

impl DesignTokens {
    /// The dark theme.
    pub const DARK: Self = Self {
        canvas: rgb(0x0f1115),
        panel: rgb(0x15181e),
        input: rgb(0x0f1217),
        raised: rgb(0x1c2027),
        raised_hover: rgb(0x242932),
        border: rgb(0x262b34),
        border_strong: rgb(0x343b47),
        text: rgb(0xe6e9ef),
        subdued: rgb(0x98a1b0),
        faint: rgb(0x8791a2),
        accent: rgb(0x7c83ff),
        accent_hover: rgb(0x8d93ff),
        accent_text: rgb(0x8f95ff),
        on_accent: rgb(0x0e1020),
        focus_halo: rgb(0x252942),
        selection: rgb(0x20233a),
        text_selection: rgb(0x35396b),
        ok: rgb(0x4cc38a),
        ok_fill: rgb(0x1d302c),
        used: rgb(0x8791a2),
        warn: rgb(0xf0b44c),
        warn_fill: rgb(0x30281b),
        caution: rgb(0xf0b44c),
        caution_hover: rgb(0xf5c268),
        on_caution: rgb(0x1f1504),
        error: rgb(0xff6b6b),
        error_fill: rgb(0x331f24),
        pending: rgb(0xf0b44c),
        unknown: rgb(0xb39df0),
        info_fill: rgb(0x1d222c),
        json_key: rgb(0x9cc2ff),
        json_string: rgb(0xa5d6a7),
        json_number: rgb(0xffb27a),
        json_literal: rgb(0xffb27a),
        json_punctuation: rgb(0xe6e9ef),
        json_hint: rgb(0x8791a2),
        match_fill: rgb(0x4a3c14),
        profiles: [
            rgb(0x8f95ff),
            rgb(0x3cc6c0),
            rgb(0x4cc38a),
            rgb(0xf0b44c),
            rgb(0xff6b6b),
            rgb(0xf472b6),
            rgb(0xc58af9),
            rgb(0x98a1b0),
        ],
        backdrop: Color32::from_black_alpha(150),
        shadow: Color32::from_black_alpha(110),
    };

    /// The light theme.
    pub const LIGHT: Self = Self {
        canvas: rgb(0xf4f5f8),
        panel: rgb(0xffffff),
        input: rgb(0xffffff),
        raised: rgb(0xf0f2f6),
        raised_hover: rgb(0xe6e9f0),
        border: rgb(0xe2e5ec),
        border_strong: rgb(0xc9cfda),
        text: rgb(0x171a21),
        subdued: rgb(0x566074),
        faint: rgb(0x5a6478),
        accent: rgb(0x4b50d6),
        accent_hover: rgb(0x3f44c4),
        accent_text: rgb(0x464bcf),
        on_accent: rgb(0xffffff),
        focus_halo: rgb(0xe4e4fa),
        selection: rgb(0xe3e4f4),
        text_selection: rgb(0xd0d2f8),
        ok: rgb(0x117145),
        ok_fill: rgb(0xe7f1ed),
        used: rgb(0x5a6478),
        warn: rgb(0x8b5700),
        warn_fill: rgb(0xfaf1dd),
        caution: rgb(0x8f5a00),
        caution_hover: rgb(0x7d4e00),
        on_caution: rgb(0xffffff),
        error: rgb(0xbe2828),
        error_fill: rgb(0xfbe9e9),
        pending: rgb(0x8b5700),
        unknown: rgb(0x6a48b8),
        info_fill: rgb(0xeef1f7),
        json_key: rgb(0x2a54b8),
        json_string: rgb(0x1d6b34),
        json_number: rgb(0x9a4b09),
        json_literal: rgb(0x9a4b09),
        json_punctuation: rgb(0x171a21),
        json_hint: rgb(0x5a6478),
        match_fill: rgb(0xffeaa8),
        profiles: [
            rgb(0x464bcf),
            rgb(0x0b6b75),
            rgb(0x117145),
            rgb(0x8b5700),
            rgb(0xbe2828),
            rgb(0xb0206f),
            rgb(0x7a2fb8),
            rgb(0x566074),
        ],
        backdrop: Color32::from_black_alpha(80),
        shadow: Color32::from_black_alpha(46),
    };

    /// The tokens of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> &'static Self {
        Self::by(if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light })
    }

    /// The tokens of `theme`.
    pub const fn by(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &Self::DARK,
            Theme::Light => &Self::LIGHT,
        }
    }

    /// The mark of a profile.
    pub const fn profile(&self, color: ProfileColor) -> Color32 {
        self.profiles[color as usize]
    }

    /// The outline of fields and quiet buttons.
    pub const fn field_stroke(&self) -> Stroke {
        Stroke { width: 1.0, color: self.border_strong }
    }

    /// The hairline between panes and rows.
    pub const fn hairline(&self) -> Stroke {
        Stroke { width: 1.0, color: self.border }
    }

    /// The shadow under menus, toasts and modals.
    pub const fn float_shadow(&self) -> Shadow {
        Shadow { offset: [0, 8], blur: 24, spread: 0, color: self.shadow }
    }
}

/// The colours of a drawn card, the same in both themes: they belong to the card, not to the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CardColors {
    /// Top left, three fifths of the way, bottom right.
    pub stops: [Color32; 3],
    /// The fill of the small brand mark beside a number.
    pub mark: Color32,
}

impl CardColors {
    /// Text on a card.
    pub const TEXT: Color32 = rgb(0xffffff);
    /// Captions on a card.
    pub const CAPTION: Color32 = rgb(0xf2f1fb);

    /// Indigo, for Visa and as the default.
    pub const INDIGO: Self = Self::of([0x2b2f6b, 0x5b4bd6, 0x7050f0], 0x1a3fae);
    /// Ember, for Mastercard.
    pub const EMBER: Self = Self::of([0x2e161c, 0x7e2c2a, 0xa44326], 0x7e2c2a);
    /// Lagoon, for American Express.
    pub const LAGOON: Self = Self::of([0x0e2f3d, 0x105d73, 0x127086], 0x105d73);
    /// Copper, for Discover.
    pub const COPPER: Self = Self::of([0x2b201a, 0x74451a, 0x965310], 0x74451a);
    /// Steel, for Diners Club.
    pub const STEEL: Self = Self::of([0x1a2540, 0x2d4c7c, 0x3a659e], 0x2d4c7c);
    /// Pine, for JCB.
    pub const PINE: Self = Self::of([0x0c2e23, 0x155840, 0x1b704f], 0x155840);
    /// Garnet, for UnionPay.
    pub const GARNET: Self = Self::of([0x331422, 0x78213d, 0xa02f4c], 0x78213d);
    /// Plum, for eftpos.
    pub const PLUM: Self = Self::of([0x241c30, 0x4c3a6a, 0x66558c], 0x4c3a6a);
    /// Harbour, for Cartes Bancaires.
    pub const HARBOUR: Self = Self::of([0x0d283c, 0x154c72, 0x1e649a], 0x154c72);
    /// Slate, while the brand is not known.
    pub const SLATE: Self = Self::of([0x22262e, 0x3a414d, 0x4c5563], 0x3a414d);

    const fn of(stops: [u32; 3], mark: u32) -> Self {
        Self { stops: [rgb(stops[0]), rgb(stops[1]), rgb(stops[2])], mark: rgb(mark) }
    }
}

/// The five bars of the program's mark.
pub const LOGO_BARS: [Color32; 5] = [rgb(0xf4f4f4), rgb(0xf2c94c), rgb(0x4cc3d9), rgb(0x7c83ff), rgb(0xff6b6b)];
/// The outline that keeps the mark's white bar visible on white.
pub const LOGO_EDGE: Color32 = Color32::from_black_alpha(36);

/// Height of fields, primary buttons and segmented controls in a form.
pub const CONTROL_HEIGHT: f32 = 32.0;
/// Height of quiet buttons and of what stands in a bar.
pub const BUTTON_HEIGHT: f32 = 30.0;
/// Height of chips.
pub const CHIP_HEIGHT: f32 = 26.0;
/// Height of a line of JSON.
pub const CODE_ROW_HEIGHT: f32 = 19.0;
/// Height of a row of a table.
pub const TABLE_ROW_HEIGHT: f32 = 34.0;
/// Padding inside a pane.
pub const PANE_PADDING: i8 = 16;
/// Padding inside a modal.
pub const MODAL_PADDING: i8 = 20;
/// Radius of controls.
pub const RADIUS: u8 = 6;
/// Radius of key caps and brand marks.
pub const RADIUS_SMALL: u8 = 4;
/// Radius of menus, toasts and alerts.
pub const RADIUS_FLOAT: u8 = 8;
/// Radius of modals and the drawn card.
pub const RADIUS_LARGE: u8 = 12;
/// Space between the fields of a form.
pub const FIELD_GAP: f32 = 14.0;
/// Space between a label, its field and the message under it.
pub const LABEL_GAP: f32 = 5.0;
/// How far the focus halo reaches beyond a control.
pub const HALO: f32 = 3.0;

/// Size of body text and buttons.
pub const BODY_SIZE: f32 = 13.0;
/// Size of labels, hints, chips and table heads.
pub const SMALL_SIZE: f32 = 12.0;
/// Size of ids and JSON.
pub const MONO_SIZE: f32 = 12.0;
/// Size of digits in a field.
pub const MONO_FIELD_SIZE: f32 = 13.0;
/// Size of headings.
pub const HEADING_SIZE: f32 = 16.0;
/// Size of the letters on key caps and brand marks.
pub const CAP_SIZE: f32 = 10.5;

/// The family of the semibold weight.
pub fn semibold_family() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The family of the medium monospace weight.
pub fn mono_medium_family() -> FontFamily {
    FontFamily::Name("mono-medium".into())
}

/// The family of the slanted capitals of a brand on its card.
pub fn wordmark_family() -> FontFamily {
    FontFamily::Name("wordmark".into())
}

/// The family of the icons; see [`crate::ui::icons`].
pub fn icons_family() -> FontFamily {
    FontFamily::Name("icons".into())
}

/// Regular text of `size`.
pub fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Semibold text of `size`: titles, primary buttons, section heads.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, semibold_family())
}

/// Monospace text of `size`.
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// Medium monospace text of `size`, for an id as a title.
pub fn mono_medium(size: f32) -> FontId {
    FontId::new(size, mono_medium_family())
}

/// Installs fonts, both themes, and what puts text of any script in its order; the theme follows the system until the
/// settings say otherwise.
pub fn install(ctx: &Context) {
    caret::install(ctx);
    ctx.set_fonts(fonts());
    ShownText::install(ctx);
    ctx.style_mut_of(Theme::Dark, |style| apply(style, &DesignTokens::DARK));
    ctx.style_mut_of(Theme::Light, |style| apply(style, &DesignTokens::LIGHT));
    ctx.options_mut(|options| options.fallback_theme = Theme::Dark);
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("inter", include_bytes!("../../assets/fonts/Inter-Regular.otf"));
    add("inter-semibold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf"));
    add("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"));
    add("jetbrains-mono-medium", include_bytes!("../../assets/fonts/JetBrainsMono-Medium.ttf"));
    add("inter-capitals", include_bytes!("../../assets/fonts/Inter-BoldItalic-capitals.otf"));
    add("lucide", include_bytes!("../../assets/fonts/lucide-subset.ttf"));

    let families = &mut fonts.families;
    let proportional = families.entry(FontFamily::Proportional).or_default();
    proportional.insert(0, "inter".to_owned());
    let mut semibold = proportional.clone();
    semibold.insert(0, "inter-semibold".to_owned());
    let monospace = families.entry(FontFamily::Monospace).or_default();
    monospace.insert(0, "jetbrains-mono".to_owned());
    // Inter knows signs that JetBrains Mono lacks.
    monospace.push("inter".to_owned());
    let mut mono_medium = monospace.clone();
    mono_medium.insert(0, "jetbrains-mono-medium".to_owned());
    let mut wordmark = semibold.clone();
    wordmark.insert(0, "inter-capitals".to_owned());
    families.insert(wordmark_family(), wordmark);
    families.insert(semibold_family(), semibold);
    families.insert(mono_medium_family(), mono_medium);
    // In a family of its own: as a fallback its code points would lose to Inter's private ones.
    families.insert(icons_family(), vec!["lucide".to_owned(), "inter".to_owned()]);
    fonts
}

fn apply(style: &mut Style, t: &DesignTokens) {
    style.text_styles = BTreeMap::from([
        (TextStyle::Small, regular(SMALL_SIZE)),
        (TextStyle::Body, regular(BODY_SIZE)),
        (TextStyle::Button, regular(BODY_SIZE)),
        (TextStyle::Monospace, mono(MONO_SIZE)),
        (TextStyle::Heading, semibold(HEADING_SIZE)),
    ]);
    style.animation_time = 0.12;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 6.0);
    spacing.button_padding = vec2(12.0, 5.0);
    spacing.interact_size = vec2(40.0, BUTTON_HEIGHT);
    spacing.window_margin = Margin::same(MODAL_PADDING);
    spacing.menu_margin = Margin::same(6);
    spacing.icon_spacing = 6.0;
    spacing.indent = 14.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll.bar_width = 8.0;
    spacing.scroll.floating_width = 6.0;

    let radius = CornerRadius::same(RADIUS);
    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, stroke),
        fg_stroke: Stroke::new(1.0, text),
        corner_radius: radius,
        expansion: 0.0,
    };
    let visuals = &mut style.visuals;
    visuals.widgets.noninteractive = widget(t.panel, t.border, t.text);
    visuals.widgets.inactive = widget(t.raised, t.border_strong, t.text);
    visuals.widgets.hovered = widget(t.raised_hover, t.border_strong, t.text);
    visuals.widgets.active = widget(t.raised_hover, t.accent, t.text);
    visuals.widgets.open = widget(t.raised_hover, t.border_strong, t.text);
    visuals.selection.bg_fill = t.text_selection;
    visuals.selection.stroke = Stroke::new(1.0, t.accent);
    visuals.text_cursor.stroke = Stroke::new(1.5, t.accent);
    visuals.hyperlink_color = t.accent_text;
    visuals.weak_text_color = Some(t.faint);
    visuals.faint_bg_color = t.raised;
    visuals.extreme_bg_color = t.input;
    visuals.text_edit_bg_color = Some(t.input);
    visuals.code_bg_color = t.raised;
    visuals.warn_fg_color = t.warn;
    visuals.error_fg_color = t.error;
    visuals.panel_fill = t.panel;
    visuals.window_fill = t.panel;
    visuals.window_stroke = t.hairline();
    visuals.window_corner_radius = CornerRadius::same(RADIUS_LARGE);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS_FLOAT);
    visuals.window_shadow = t.float_shadow();
    visuals.popup_shadow = t.float_shadow();
    visuals.indent_has_left_vline = false;
    visuals.striped = false;
    visuals.collapsing_header_frame = false;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
}

/// The size of a control that fills the width.
pub fn full_width(ui: &Ui, height: f32) -> Vec2 {
    vec2(ui.available_width(), height)
}

/// A colour as designers write it: `0xrrggbb`.
const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f32 {
        let linear = |channel: u8| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[track_caller]
    fn check_readable(text: &str, on: &str, color: Color32, surface: Color32) {
        let ratio = contrast(color, surface);
        assert!(ratio >= 4.5, "{text} on {on} has a contrast of {ratio:.2}, below 4.5");
    }

    #[test]
    fn black_on_white_has_the_contrast_of_the_standard() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
    }

    #[test]
    fn every_text_colour_is_readable_on_every_surface_it_lies_on() {
        for (theme, t) in [("dark", &DesignTokens::DARK), ("light", &DesignTokens::LIGHT)] {
            let surfaces = [
                ("canvas", t.canvas),
                ("panel", t.panel),
                ("input", t.input),
                ("raised", t.raised),
                ("selection", t.selection),
            ];
            let texts = [
                ("text", t.text),
                ("subdued", t.subdued),
                ("faint", t.faint),
                ("accent_text", t.accent_text),
                ("ok", t.ok),
                ("used", t.used),
                ("warn", t.warn),
                ("error", t.error),
                ("pending", t.pending),
                ("unknown", t.unknown),
                ("json_key", t.json_key),
                ("json_string", t.json_string),
                ("json_number", t.json_number),
                ("json_literal", t.json_literal),
                ("json_punctuation", t.json_punctuation),
                ("json_hint", t.json_hint),
            ];
            // A tick lies on the mark in the colour of the panel.
            let marks = ProfileColor::ALL.map(|color| (color.as_str(), t.profile(color)));
            for (text, color) in texts.into_iter().chain(marks) {
                for (surface, fill) in surfaces {
                    check_readable(&format!("{theme} {text}"), surface, color, fill);
                }
            }
            for (name, color, fill) in [
                ("on_accent", t.on_accent, t.accent),
                ("on_accent", t.on_accent, t.accent_hover),
                ("on_caution", t.on_caution, t.caution),
                ("on_caution", t.on_caution, t.caution_hover),
                ("ok", t.ok, t.ok_fill),
                ("warn", t.warn, t.warn_fill),
                ("error", t.error, t.error_fill),
                ("text", t.text, t.raised_hover),
                ("text", t.text, t.ok_fill),
                ("text", t.text, t.warn_fill),
                ("text", t.text, t.error_fill),
                ("text", t.text, t.info_fill),
                ("subdued", t.subdued, t.raised_hover),
                ("subdued", t.subdued, t.warn_fill),
                ("subdued", t.subdued, t.error_fill),
                ("subdued", t.subdued, t.info_fill),
                ("text", t.text, t.match_fill),
                ("text", t.text, t.text_selection),
            ] {
                check_readable(&format!("{theme} {name}"), "its fill", color, fill);
            }
        }
    }

    #[test]
    fn card_text_is_readable_all_over_the_card() {
        for colors in [
            CardColors::INDIGO,
            CardColors::EMBER,
            CardColors::LAGOON,
            CardColors::COPPER,
            CardColors::STEEL,
            CardColors::PINE,
            CardColors::GARNET,
            CardColors::PLUM,
            CardColors::HARBOUR,
            CardColors::SLATE,
        ] {
            check_readable("mark", "its fill", CardColors::TEXT, colors.mark);
            for stop in colors.stops {
                check_readable("card text", "card", CardColors::TEXT, stop);
                check_readable("card caption", "card", CardColors::CAPTION, stop);
            }
        }
    }

    #[test]
    fn each_profile_colour_is_its_own() {
        for t in [&DesignTokens::DARK, &DesignTokens::LIGHT] {
            for (nth, color) in ProfileColor::ALL.into_iter().enumerate() {
                assert_eq!(t.profiles.iter().position(|known| *known == t.profile(color)), Some(nth));
            }
        }
    }

    #[test]
    fn the_focus_ring_stands_out_from_every_surface() {
        for t in [&DesignTokens::DARK, &DesignTokens::LIGHT] {
            for surface in [t.canvas, t.panel, t.input, t.raised] {
                assert!(contrast(t.accent, surface) >= 3.0);
            }
        }
    }
}
