//! Buttons: one primary a pane, quiet ones, and icons with a name.

use std::sync::Arc;

use crate::ui::{
    icons::{self, Icon},
    theme::{self, DesignTokens},
    widgets::{key_cap::KeyCap, paint},
};
use egui::{
    Button, Color32, CornerRadius, Response, RichText, Role, Sense, Stroke, Ui, Widget, WidgetInfo, WidgetText, vec2,
};

/// The one filled button of a pane; it fills the width.
#[must_use = "add it with `ui.add`"]
pub struct PrimaryButton<'a> {
    text: &'a str,
    keys: Option<&'a str>,
    caution: bool,
    width: Option<f32>,
}

impl<'a> PrimaryButton<'a> {
    /// A button that says `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, keys: None, caution: false, width: None }
    }

    /// Shows the keys that press it, where there is room.
    pub fn keys(mut self, keys: &'a str) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Amber instead of the accent: it can be pressed, but an error will come of it.
    pub fn caution(mut self, caution: bool) -> Self {
        self.caution = caution;
        self
    }

    /// A fixed width instead of all that is there.
    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }
}

impl Widget for PrimaryButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let t = DesignTokens::of(ui);
        let width = self.width.unwrap_or_else(|| ui.available_width());
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, self.text));

        let (idle, hover, color) = if self.caution {
            (t.caution, t.caution_hover, t.on_caution)
        } else {
            (t.accent, t.accent_hover, t.on_accent)
        };
        let raised = response.hovered() || response.is_pointer_button_down_on();
        let painter = ui.painter();
        painter.rect_filled(rect, theme::RADIUS, if raised { hover } else { idle });

        let room = rect.width() - 24.0;
        let text = paint::line(ui, self.text, theme::semibold(theme::BODY_SIZE), color, room);
        let cut = text.elided;
        let cap = self
            .keys
            .map(|keys| KeyCap::new(ui, keys, color, color.gamma_multiply(0.65)))
            .filter(|cap| text.size().x + 8.0 + cap.size().x <= room);
        let content = text.size().x + cap.as_ref().map_or(0.0, |cap| 8.0 + cap.size().x);
        let left = (rect.center().x - content / 2.0).round();
        let text_rect = paint::galley_left(painter, text, left, rect.center().y);
        if let Some(cap) = cap {
            cap.paint(painter, egui::pos2((text_rect.right() + 8.0).round(), rect.center().y));
        }

        if response.has_focus() {
            paint::button_focus_ring(ui, rect, theme::RADIUS);
        }
        if raised && enabled {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        if cut {
            response = response.on_hover_text(self.text);
        }
        response
    }
}

/// An outlined button for everything that is not the main thing.
#[must_use = "add it with `ui.add`"]
pub struct QuietButton<'a> {
    text: &'a str,
    icon: Option<Icon>,
    menu: bool,
    shape: ButtonShape,
    danger: bool,
    height: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ButtonShape {
    Box,
    /// Round ends and no fill.
    Pill,
    FilledPill,
}

impl<'a> QuietButton<'a> {
    /// A button that says `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            icon: None,
            menu: false,
            shape: ButtonShape::Box,
            danger: false,
            height: theme::BUTTON_HEIGHT - 2.0,
        }
    }

    /// An icon before the text.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// A chevron after the text: it opens a menu.
    pub fn menu(mut self) -> Self {
        self.menu = true;
        self
    }

    /// Round ends and no fill, as high as a chip.
    pub fn pill(mut self) -> Self {
        self.shape = ButtonShape::Pill;
        self.height = theme::CHIP_HEIGHT;
        self
    }

    /// A pill with a fill, so that it is seen as a button on the ground of a marked row as well.
    pub fn filled_pill(mut self) -> Self {
        self.shape = ButtonShape::FilledPill;
        self.height = theme::CHIP_HEIGHT;
        self
    }

    /// Its text in the colour of an error: it deletes.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    /// As high as the fields and primary buttons of a form.
    pub fn tall(mut self) -> Self {
        self.height = theme::CONTROL_HEIGHT;
        self
    }
}

impl Widget for QuietButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let t = DesignTokens::of(ui);
        let is_pill = self.shape != ButtonShape::Box;
        let color = match (self.danger, self.shape) {
            (true, _) => t.error,
            (false, ButtonShape::Pill) => t.subdued,
            (false, _) => t.text,
        };
        let mut atoms = egui::Atoms::default();
        if let Some(icon) = self.icon {
            atoms.push_right(icon.colored(14.0, color));
        }
        let font = if is_pill { theme::semibold(theme::SMALL_SIZE) } else { theme::regular(theme::BODY_SIZE) };
        atoms.push_right(RichText::new(self.text).font(font).color(color));
        if self.menu {
            atoms.push_right(icons::CHEVRON_DOWN.colored(13.0, t.subdued));
        }
        let radius = if is_pill { (self.height / 2.0) as u8 } else { theme::RADIUS };
        // A scope would keep a row of buttons from wrapping.
        let style = Arc::clone(ui.style());
        ui.spacing_mut().interact_size.y = self.height;
        ui.spacing_mut().button_padding.y = 2.0;
        if self.shape == ButtonShape::Pill {
            let widgets = &mut ui.visuals_mut().widgets;
            widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
            widgets.inactive.bg_stroke.color = t.border;
        }
        let button = Button::new(atoms).gap(5.0).corner_radius(CornerRadius::same(radius));
        let response = ui.add(button.min_size(vec2(0.0, self.height))).accessible_name(self.text);
        ui.set_style(style);
        if response.has_focus() {
            paint::button_focus_ring(ui, response.rect, radius);
        }
        response
    }
}

/// A square button with an icon; its name is its tooltip and what a screen reader says.
#[must_use = "add it with `ui.add`"]
pub struct IconButton<'a> {
    icon: Icon,
    name: &'a str,
    side: f32,
    selected: Option<bool>,
    color: Option<Color32>,
    keys: Option<&'a str>,
}

impl<'a> IconButton<'a> {
    /// A button with `icon`, called `name`.
    pub fn new(icon: Icon, name: &'a str) -> Self {
        Self { icon, name, side: theme::BUTTON_HEIGHT, selected: None, color: None, keys: None }
    }

    /// Small enough to stand in a row of text.
    pub fn small(mut self) -> Self {
        self.side = 20.0;
        self
    }

    /// As high and wide as what it stands beside, in points.
    pub fn side(mut self, side: f32) -> Self {
        self.side = side;
        self
    }

    /// A toggle, and whether it is on.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = Some(selected);
        self
    }

    /// The icon in a colour of the theme other than the subdued one.
    pub fn color(mut self, color: Color32) -> Self {
        self.color = Some(color);
        self
    }

    /// The keys that press it, said in the tooltip.
    pub fn keys(mut self, keys: &'a str) -> Self {
        self.keys = Some(keys);
        self
    }
}

impl Widget for IconButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let t = DesignTokens::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(self.side, self.side), Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| match self.selected {
            Some(selected) => WidgetInfo::selected(Role::Button, enabled, selected, self.name),
            None => WidgetInfo::labeled(Role::Button, enabled, self.name),
        });
        let on = self.selected == Some(true);
        let raised = response.hovered() || response.is_pointer_button_down_on();
        let small = self.side < theme::CHIP_HEIGHT;
        let radius = if small { theme::RADIUS_SMALL } else { theme::RADIUS };
        let fill = match (on, raised) {
            (true, _) => t.selection,
            (false, true) => t.raised_hover,
            (false, false) => Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect, radius, fill);
        let color = match (on, raised) {
            (true, _) => t.accent_text,
            (false, true) => self.color.unwrap_or(t.text),
            (false, false) => self.color.unwrap_or(t.subdued),
        };
        let size = if small { 13.0 } else { 16.0 };
        let glyph = paint::line(ui, &self.icon.glyph().to_string(), icons::font(size), color, f32::INFINITY);
        paint::galley_center(ui.painter(), glyph, rect.center());
        if response.has_focus() {
            let ring = Stroke::new(1.5, t.accent);
            ui.painter().rect_stroke(rect, radius, ring, egui::StrokeKind::Inside);
        }
        if raised && enabled {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        let tooltip: WidgetText = match self.keys {
            Some(keys) => format!("{}   {keys}", self.name).into(),
            None => self.name.into(),
        };
        response.on_hover_text(tooltip)
    }
}
