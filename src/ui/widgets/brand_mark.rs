//! Brand marks: the name of a card brand in our own letters, never its logo.

use crate::ui::theme::{self, CardColors};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Response, RichText, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

/// Whose name a card bears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BrandMark {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    Amex,
    /// Discover.
    Discover,
    /// Diners Club.
    Diners,
    /// JCB.
    Jcb,
    /// UnionPay.
    UnionPay,
    /// eftpos Australia.
    Eftpos,
    /// Girocard.
    Girocard,
    /// Cartes Bancaires.
    CartesBancaires,
    /// No brand, or none that can be told yet.
    #[default]
    Unknown,
}

impl BrandMark {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Visa,
        Self::Mastercard,
        Self::Amex,
        Self::Discover,
        Self::Diners,
        Self::Jcb,
        Self::UnionPay,
        Self::Eftpos,
        Self::Girocard,
        Self::CartesBancaires,
        Self::Unknown,
    ];

    /// The brand as a short word-mark: "VISA".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Visa => "VISA",
            Self::Mastercard => "MASTERCARD",
            Self::Amex => "AMEX",
            Self::Discover => "DISCOVER",
            Self::Diners => "DINERS",
            Self::Jcb => "JCB",
            Self::UnionPay => "UNIONPAY",
            Self::Eftpos => "EFTPOS",
            Self::Girocard => "GIROCARD",
            Self::CartesBancaires => "CB",
            Self::Unknown => "CARD",
        }
    }

    /// The brand in plain words, for a screen reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visa => "Visa",
            Self::Mastercard => "Mastercard",
            Self::Amex => "American Express",
            Self::Discover => "Discover",
            Self::Diners => "Diners Club",
            Self::Jcb => "JCB",
            Self::UnionPay => "UnionPay",
            Self::Eftpos => "eftpos Australia",
            Self::Girocard => "Girocard",
            Self::CartesBancaires => "Cartes Bancaires",
            Self::Unknown => "Brand not known",
        }
    }

    /// The brand that Stripe calls `name`, in either of its spellings ("American Express", "amex").
    pub fn from_stripe(name: &str) -> Self {
        match name.to_ascii_lowercase().replace(['_', '-'], " ").as_str() {
            "visa" => Self::Visa,
            "mastercard" => Self::Mastercard,
            "american express" | "amex" => Self::Amex,
            "discover" => Self::Discover,
            "diners club" | "diners" => Self::Diners,
            "jcb" => Self::Jcb,
            "unionpay" => Self::UnionPay,
            "eftpos australia" | "eftpos au" | "eftpos" => Self::Eftpos,
            "girocard" => Self::Girocard,
            "cartes bancaires" => Self::CartesBancaires,
            _ => Self::Unknown,
        }
    }

    /// The gradient of its card.
    pub const fn colors(self) -> CardColors {
        match self {
            Self::Visa => CardColors::INDIGO,
            Self::Mastercard => CardColors::EMBER,
            Self::Amex => CardColors::LAGOON,
            Self::Discover => CardColors::COPPER,
            Self::Diners => CardColors::STEEL,
            Self::Jcb => CardColors::PINE,
            Self::UnionPay => CardColors::GARNET,
            Self::Eftpos => CardColors::PLUM,
            Self::Girocard | Self::CartesBancaires => CardColors::HARBOUR,
            Self::Unknown => CardColors::SLATE,
        }
    }

    /// Draws the mark as a small filled badge.
    pub fn badge_ui(self, ui: &mut Ui) -> Response {
        let (rect, response) = ui.allocate_exact_size(self.size(), Sense::hover());
        self.paint(ui.painter(), rect);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, ui.is_enabled(), self.name()));
        response
    }

    /// The word-mark in slanted letters, for the corner of a card.
    pub fn on_card(self) -> RichText {
        let size = if self.word().len() > 6 { 15.0 } else { 18.0 };
        let font = FontId::new(size, theme::wordmark_family());
        RichText::new(self.word()).font(font).color(CardColors::TEXT)
    }

    /// The size of the badge.
    pub fn size(self) -> Vec2 {
        // Wide enough for its letters in the semibold weight.
        let letters = self.word().len() as f32;
        vec2((letters * 7.2 + 8.0).max(28.0).round(), 18.0)
    }

    /// The width of the widest badge: names that stand beside badges begin behind it.
    pub fn widest() -> f32 {
        Self::ALL.into_iter().map(|mark| mark.size().x).fold(0.0, f32::max)
    }

    /// Paints the badge with the middle of its left edge at `left_center`. It has no name for a screen reader: the row
    /// that it is painted in says the brand.
    pub fn paint_at(self, painter: &Painter, left_center: Pos2) {
        let cell = Align2::LEFT_CENTER.anchor_size(left_center, self.size());
        self.paint(painter, cell);
    }

    fn paint(self, painter: &Painter, cell: Rect) {
        let rect = Align2::RIGHT_CENTER.anchor_size(Pos2::new(cell.right(), cell.center().y), self.size());
        painter.rect_filled(rect, theme::RADIUS_SMALL - 1, self.fill());
        painter.text(rect.center(), Align2::CENTER_CENTER, self.word(), theme::semibold(10.0), CardColors::TEXT);
    }

    fn fill(self) -> Color32 {
        self.colors().mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_stripe_name_the_same_brand() {
        for (name, expected) in [
            ("Visa", BrandMark::Visa),
            ("visa", BrandMark::Visa),
            ("American Express", BrandMark::Amex),
            ("amex", BrandMark::Amex),
            ("MasterCard", BrandMark::Mastercard),
            ("Diners Club", BrandMark::Diners),
            ("diners", BrandMark::Diners),
            ("cartes_bancaires", BrandMark::CartesBancaires),
            ("Eftpos Australia", BrandMark::Eftpos),
            ("Girocard", BrandMark::Girocard),
            ("Unknown", BrandMark::Unknown),
        ] {
            assert_eq!(BrandMark::from_stripe(name), expected, "{name}");
        }
    }
}
