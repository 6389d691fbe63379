//! The kinds of settings, and the base URL that a key may be sent to.

use std::ops::RangeInclusive;

use super::{profile::Profiles, stripe::StripeSettings};
use crate::domain::{call::api::Target, form::defaults::FormDefaults, rules::policies::Policies};

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

impl ThemeChoice {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

/// How the window looks.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSettings {
    pub theme: ThemeChoice,
    /// 1.0 is the size as designed.
    pub zoom: f32,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self { theme: ThemeChoice::default(), zoom: 1.0 }
    }
}

impl WindowSettings {
    /// Sizes at which the window can still be used to change them back.
    pub const ZOOMS: RangeInclusive<f32> = 0.5..=4.0;
}

/// The loopback server of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Whether the minter is served at the start.
    pub serves: bool,
    pub port: u16,
}

/// The port that the server listens on where nothing else is said.
pub const DEFAULT_PORT: u16 = 12_111;

impl Default for ServerSettings {
    fn default() -> Self {
        Self { serves: false, port: DEFAULT_PORT }
    }
}

/// How much of the request log is kept: of the calls that are no line of the history and changed none. A million lines
/// stay whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    pub calls: u64,
    pub megabytes: u64,
}

impl LogSettings {
    /// Enough to see what a test run did, and no more than disks have.
    pub const CALLS: RangeInclusive<u64> = 100..=100_000_000;
    pub const MEGABYTES: RangeInclusive<u64> = 1..=1_000_000;

    pub fn bytes(self) -> u64 {
        self.megabytes.saturating_mul(1_000_000)
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { calls: 100_000, megabytes: 500 }
    }
}

/// Everything that the user sets, a struct for each matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub profiles: Profiles,
    /// What the local minter allows.
    pub policies: Policies,
    pub form: FormDefaults,
    pub window: WindowSettings,
    pub server: ServerSettings,
    pub log: LogSettings,
}

impl Settings {
    /// Who answers: the target of the profile in use.
    pub fn target(&self) -> Target {
        self.profiles.active().target
    }

    /// The real API as the profile in use has it.
    pub fn stripe(&self) -> &StripeSettings {
        &self.profiles.active().stripe
    }
}
