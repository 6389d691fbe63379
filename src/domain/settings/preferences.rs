//! All settings of the user, a type for each group.

use std::ops::RangeInclusive;

use super::{
    file_format::ExportForm, origin::PageOrigin, profile::ProfileList, receiver::ReceiverUrl,
    retention::RetentionSettings, stripe::StripeSettings,
};
use crate::domain::{call::api::Target, form::defaults::FormDefaults, rules::policies::AccountPolicies, words::words};

/// The theme of the window; `System` follows the operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

words!(ThemeChoice {
    System => "system" | "System",
    Light => "light" | "Light",
    Dark => "dark" | "Dark",
});

/// The appearance of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSettings {
    pub theme: ThemeChoice,
    /// The scale factor; 1.0 is the default size.
    pub zoom: f32,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self { theme: ThemeChoice::default(), zoom: 1.0 }
    }
}

impl WindowSettings {
    /// The range in which the window stays usable, so that the zoom can be changed back.
    pub const ZOOMS: RangeInclusive<f32> = 0.5..=4.0;
}

/// The loopback server that the window runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Whether the server is started with the window.
    pub serves: bool,
    pub port: u16,
    /// The pages of other origins that may call it.
    pub origins: Vec<PageOrigin>,
    /// The origins besides this machine that events may be sent to.
    pub webhook_origins: Vec<PageOrigin>,
    /// Where all events go while it runs, whoever made an endpoint.
    pub forward_to: Vec<ReceiverUrl>,
}

/// The port that the server listens on if none is set.
pub const DEFAULT_PORT: u16 = 12_111;

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            serves: false,
            port: DEFAULT_PORT,
            origins: Vec::new(),
            webhook_origins: Vec::new(),
            forward_to: Vec::new(),
        }
    }
}

/// The limits of the request log. They apply to calls that neither created nor changed an entry; the entries of the
/// history are never dropped for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    pub calls: u64,
    pub megabytes: u64,
}

impl LogSettings {
    /// From enough to see what a test run did, to more than any disk holds.
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

/// All settings of the user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub profiles: ProfileList,
    /// The account policies of the local minter.
    pub policies: AccountPolicies,
    pub form: FormDefaults,
    pub window: WindowSettings,
    pub server: ServerSettings,
    pub log: LogSettings,
    /// How much of the history is kept.
    pub retention: RetentionSettings,
    /// What entries were last saved as.
    pub export: ExportForm,
}

impl Settings {
    /// The target of the active profile.
    pub fn target(&self) -> Target {
        self.profiles.active().target
    }

    /// The real API's settings of the active profile.
    pub fn stripe(&self) -> &StripeSettings {
        &self.profiles.active().stripe
    }
}
