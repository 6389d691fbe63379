//! What is kept of a person's own, and the folders of this program: settings, presets, the draft, the window's place.
//!
//! Reading never fails: what is wrong is replaced by its default, with a warning. What is not known is kept.

mod disk;
pub mod draft;
mod error;
mod folders;
mod format;
mod preferences;
pub mod presets;
mod window;

pub use self::{
    error::SettingsError,
    folders::{Folders, draft_beside, presets_beside},
    preferences::{SettingsText, WrittenSettings, load, save},
    window::{load_layout, save_layout},
};
