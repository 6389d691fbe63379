//! The tone of a message, which an alert, a field, a pill and a toast share.

use crate::ui::{
    icons::{self, Icon},
    theme::DesignTokens,
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
    pub const fn color(self, t: &DesignTokens) -> Color32 {
        match self {
            Self::Ok => t.ok,
            Self::Info => t.accent_text,
            Self::Warn => t.warn,
            Self::Error => t.error,
        }
    }

    /// The tinted surface behind it.
    pub const fn fill(self, t: &DesignTokens) -> Color32 {
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
