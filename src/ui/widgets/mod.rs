//! The controls of the window, a file each: plain data in, a `Response` or what the user wants out.
//!
//! None of them knows the program; a view translates its own types into their words and strings.

pub mod alert;
pub mod brand_mark;
pub mod button;
pub mod card_face;
pub mod caret;
pub mod chip;
pub mod choice;
pub mod empty;
pub mod ends;
pub mod fact;
pub mod field;
pub mod foot;
pub mod json_lines;
pub mod json_tree;
pub mod key_cap;
pub mod logo;
pub mod marked_row;
pub mod modal;
pub mod paint;
pub mod pill;
pub mod rail;
pub mod row_keys;
pub mod scroll;
pub mod section;
pub mod segmented;
pub mod swatches;
pub mod tabs;
pub mod toast;
pub mod virtual_rows;

pub use alert::InlineAlert;
pub use brand_mark::BrandMark;
pub use button::{IconButton, PrimaryButton, QuietButton};
pub use card_face::{CardFace, dotted_number};
pub use chip::FilterChip;
pub use choice::ChoiceField;
pub use empty::empty_state_ui;
pub use ends::ends_ui;
pub use fact::fact_ui;
pub use field::{Field, search_ui, text_edit_ui};
pub use foot::above_foot_ui;
pub use json_lines::{JsonLines, JsonPart, JsonRow};
pub use json_tree::{JsonTree, JsonTreeAction};
pub use key_cap::key_cap_ui;
pub use logo::logo_ui;
pub use marked_row::MarkedRow;
pub use modal::{ModalOutput, modal_ui};
pub use pill::pill_ui;
pub use rail::{RailStep, StepState, outcome_lines_ui, outcome_rail_ui, paint_outcome_rail};
pub use row_keys::row_by_key;
pub use scroll::{name_bars, scroll_ui};
pub use section::{section_row_ui, section_ui};
pub use segmented::Segmented;
pub use swatches::Swatches;
pub use tabs::Tabs;
pub use toast::{Toast, Toasts};
pub use virtual_rows::{Scroll, VirtualRows};

use crate::ui::{
    icons::{self, Icon},
    theme::Tokens,
};
use egui::{Color32, accesskit::Live};

/// The tone of a message: its colour, its fill and its icon always go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It worked.
    Ok,
    /// Good to know.
    Info,
    /// Advice: nothing is stopped.
    Warn,
    /// It failed.
    Error,
}

impl Tone {
    /// The colour of its icon and its border.
    pub const fn color(self, t: &Tokens) -> Color32 {
        match self {
            Self::Ok => t.ok,
            Self::Info => t.accent_text,
            Self::Warn => t.warn,
            Self::Error => t.error,
        }
    }

    /// The tinted surface behind it.
    pub const fn fill(self, t: &Tokens) -> Color32 {
        match self {
            Self::Ok => t.ok_fill,
            Self::Info => t.info_fill,
            Self::Warn => t.warn_fill,
            Self::Error => t.error_fill,
        }
    }

    /// How a screen reader says it as it appears: a failure at once, the rest when there is a pause.
    pub const fn live(self) -> Live {
        match self {
            Self::Error => Live::Assertive,
            Self::Ok | Self::Info | Self::Warn => Live::Polite,
        }
    }

    /// Its icon.
    pub const fn icon(self) -> Icon {
        match self {
            Self::Ok => icons::CIRCLE_CHECK,
            Self::Info => icons::INFO,
            Self::Warn => icons::TRIANGLE_ALERT,
            Self::Error => icons::CIRCLE_ALERT,
        }
    }
}
