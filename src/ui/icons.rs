//! The icons: a subset of Lucide in a font family of its own, one constant each.

use crate::ui::theme;
use egui::{Color32, FontId, RichText};

/// One icon of the icon font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Icon(char);

/// The size of an icon beside body text.
pub const SIZE: f32 = 15.0;

impl Icon {
    /// The code point in the icon font.
    pub const fn glyph(self) -> char {
        self.0
    }

    /// The icon as text, in the size that goes with body text.
    pub fn text(self) -> RichText {
        self.sized(SIZE)
    }

    /// The icon as text of `size`.
    pub fn sized(self, size: f32) -> RichText {
        RichText::new(self.0.to_string()).font(font(size))
    }

    /// The icon as text of `size` in `color`.
    pub fn colored(self, size: f32, color: Color32) -> RichText {
        self.sized(size).color(color)
    }
}

/// The icon font in `size`.
pub fn font(size: f32) -> FontId {
    FontId::new(size, theme::icons_family())
}

/// Search and filter fields.
pub const SEARCH: Icon = Icon('\u{e151}');
/// The light theme.
pub const SUN: Icon = Icon('\u{e178}');
/// The dark theme.
pub const MOON: Icon = Icon('\u{e11e}');
/// Follow the theme of the system.
pub const SUN_MOON: Icon = Icon('\u{e2b2}');
/// Settings.
pub const SETTINGS: Icon = Icon('\u{e154}');
/// Add.
pub const PLUS: Icon = Icon('\u{e13d}');
/// Close, dismiss, clear.
pub const X: Icon = Icon('\u{e1b2}');
/// Done, fine.
pub const CHECK: Icon = Icon('\u{e06c}');
/// Folded.
pub const CHEVRON_RIGHT: Icon = Icon('\u{e06f}');
/// Unfolded, or opens a menu.
pub const CHEVRON_DOWN: Icon = Icon('\u{e06d}');
/// Sorted upwards.
pub const ARROW_UP: Icon = Icon('\u{e04a}');
/// Sorted downwards.
pub const ARROW_DOWN: Icon = Icon('\u{e042}');
/// Leads to.
pub const ARROW_RIGHT: Icon = Icon('\u{e049}');
/// Copy.
pub const COPY: Icon = Icon('\u{e09e}');
/// Delete.
pub const TRASH_2: Icon = Icon('\u{e18e}');
/// Export.
pub const DOWNLOAD: Icon = Icon('\u{e0b2}');
/// Refresh from the target.
pub const REFRESH_CW: Icon = Icon('\u{e145}');
/// Undo.
pub const UNDO_2: Icon = Icon('\u{e2a1}');
/// Favourite.
pub const STAR: Icon = Icon('\u{e176}');
/// Error.
pub const CIRCLE_ALERT: Icon = Icon('\u{e077}');
/// Warning.
pub const TRIANGLE_ALERT: Icon = Icon('\u{e193}');
/// Information.
pub const INFO: Icon = Icon('\u{e0f9}');
/// Success.
pub const CIRCLE_CHECK: Icon = Icon('\u{e226}');
/// Failure.
pub const CIRCLE_X: Icon = Icon('\u{e084}');
/// Not done yet.
pub const CIRCLE: Icon = Icon('\u{e076}');
/// A choice that is on.
pub const CIRCLE_DOT: Icon = Icon('\u{e345}');
/// Unknown, help.
pub const CIRCLE_QUESTION_MARK: Icon = Icon('\u{e082}');
/// Pending, later, time.
pub const CLOCK: Icon = Icon('\u{e087}');
/// Card.
pub const CREDIT_CARD: Icon = Icon('\u{e0aa}');
/// API key.
pub const KEY_ROUND: Icon = Icon('\u{e4a3}');
/// Attached.
pub const LINK: Icon = Icon('\u{e102}');
/// Source text.
pub const CODE: Icon = Icon('\u{e093}');
/// Tag.
pub const TAG: Icon = Icon('\u{e17f}');
/// Note, edit.
pub const PENCIL: Icon = Icon('\u{e1f9}');
/// Loopback server.
pub const SERVER: Icon = Icon('\u{e153}');
/// Browse for a file.
pub const FOLDER_OPEN: Icon = Icon('\u{e247}');
/// Compare two entries.
pub const GIT_COMPARE: Icon = Icon('\u{e359}');
/// Fault on demand.
pub const ZAP: Icon = Icon('\u{e1b4}');
/// Refused, cancelled.
pub const BAN: Icon = Icon('\u{e051}');
/// Customer.
pub const USER: Icon = Icon('\u{e19f}');
/// Expand all.
pub const UNFOLD_VERTICAL: Icon = Icon('\u{e43e}');
/// Collapse all.
pub const FOLD_VERTICAL: Icon = Icon('\u{e43c}');
/// Path in a document.
pub const ROUTE: Icon = Icon('\u{e53e}');
/// Raw parameters.
pub const SLIDERS_HORIZONTAL: Icon = Icon('\u{e29a}');
