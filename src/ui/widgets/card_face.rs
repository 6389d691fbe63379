//! The drawn card: what has been typed, as it would look on plastic.

use crate::ui::{
    theme::{self, CardColors},
    widgets::{BrandMark, paint},
};
use egui::{Response, Role, Sense, TextStyle, Ui, Widget, WidgetInfo, pos2, vec2};

/// What stands on the card; an empty string leaves its place empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct CardFace<'a> {
    /// Whose name the card bears.
    pub brand: BrandMark,
    /// What a published card is for: "INSUFFICIENT FUNDS DECLINE".
    pub outcome: &'a str,
    /// Funding and country: "credit · US".
    pub about: &'a str,
    /// The number as it should look, grouped; see [`dotted_number`].
    pub number: &'a str,
    /// The name on the card.
    pub holder: &'a str,
    /// The expiry: "05/30".
    pub expires: &'a str,
    /// How many digits of the security code are typed; they show as dots.
    pub cvc_digits: usize,
    /// Without the row of holder, expiry and security code, for a window that is not high.
    pub is_low: bool,
}

/// The height of the card.
pub const HEIGHT: f32 = 176.0;
/// The height of the card without its last row.
pub const LOW_HEIGHT: f32 = 96.0;

impl Widget for CardFace<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let height = if self.is_low { LOW_HEIGHT } else { HEIGHT };
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, ui.is_enabled(), self.spoken()));
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let radius = f32::from(theme::RADIUS_LARGE);
        ui.painter().add(paint::card_gradient(rect, radius, &self.brand.colors(), ui.pixels_per_point()));

        let inner = rect.shrink2(vec2(16.0, 14.0));
        let mark = egui::WidgetText::from(self.brand.on_card()).into_galley(ui, None, f32::INFINITY, TextStyle::Body);
        let mark = paint::galley_right(ui.painter(), mark, inner.right(), inner.top() + 11.0);

        let room = mark.left() - inner.left() - 12.0;
        let caption = |ui: &Ui, text: &str, left: f32, y: f32, room: f32| {
            let font = theme::regular(10.5);
            let galley = paint::spaced_line(ui, &text.to_uppercase(), font, CardColors::CAPTION, room, 0.7);
            paint::galley_left(ui.painter(), galley, left, y);
        };
        let value = |ui: &Ui, text: &str, left: f32, y: f32, room: f32| {
            let galley = paint::line(ui, text, theme::regular(theme::BODY_SIZE), CardColors::TEXT, room);
            paint::galley_left(ui.painter(), galley, left, y);
        };
        caption(ui, self.outcome, inner.left(), inner.top() + 9.0, room);
        value(ui, self.about, inner.left(), inner.top() + 25.0, room);

        let number = self.number_galley(ui, inner.width());
        if self.is_low {
            paint::galley_left(ui.painter(), number, inner.left(), rect.bottom() - 24.0);
            return response;
        }
        paint::galley_left(ui.painter(), number, inner.left(), rect.top() + 87.0);

        let cvc = inner.right() - 23.0;
        let expires = (inner.left() + 0.52 * inner.width()).round();
        let (upper, lower) = (rect.bottom() - 41.0, rect.bottom() - 24.0);
        for (title, text, left, right) in
            [("Cardholder", self.holder, inner.left(), expires - 8.0), ("Expires", self.expires, expires, cvc - 8.0)]
        {
            caption(ui, title, left, upper, right - left);
            value(ui, text, left, lower, right - left);
        }
        caption(ui, "CVC", cvc - 3.0, upper, f32::INFINITY);
        for i in 0..self.cvc_digits.min(4) {
            let center = pos2(cvc + 0.5 + 7.0 * i as f32, lower);
            ui.painter().circle_filled(center, 2.3, CardColors::TEXT);
        }
        response
    }
}

impl CardFace<'_> {
    /// The longest numbers get smaller digits rather than a cut.
    fn number_galley(&self, ui: &Ui, room: f32) -> std::sync::Arc<egui::Galley> {
        let at = |size: f32| {
            let font = theme::mono(size);
            paint::spaced_line(ui, self.number, font, CardColors::TEXT, f32::INFINITY, 0.4)
        };
        let full = at(20.0);
        if full.size().x <= room { full } else { at((20.0 * room / full.size().x * 2.0).floor() / 2.0) }
    }

    fn spoken(&self) -> String {
        let mut words = format!("{} card", self.brand.name());
        for part in [self.outcome, self.about, self.holder, self.expires] {
            if !part.is_empty() {
                words.push_str(", ");
                words.push_str(part);
            }
        }
        words
    }
}

/// The typed digits in their groups, with a dot for each digit that is still missing.
pub fn dotted_number(digits: &str, groups: &[usize]) -> String {
    let mut digits = digits.chars();
    let mut number = String::new();
    for (i, &group) in groups.iter().enumerate() {
        if i > 0 {
            number.push(' ');
        }
        number.extend((0..group).map(|_| digits.next().unwrap_or('•')));
    }
    let rest: String = digits.collect();
    if !rest.is_empty() {
        number.push(' ');
        number.push_str(&rest);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(digits: &str, groups: &[usize], expected: &str) {
        assert_eq!(dotted_number(digits, groups), expected);
    }

    #[test]
    fn missing_digits_are_dots_and_extra_ones_are_kept() {
        check("", &[4, 4, 4, 4], "•••• •••• •••• ••••");
        check("42424", &[4, 4, 4, 4], "4242 4••• •••• ••••");
        check("378282246310005", &[4, 6, 5], "3782 822463 10005");
        check("42424242424242421", &[4, 4, 4, 4], "4242 4242 4242 4242 1");
    }
}
