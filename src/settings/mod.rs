//! The user's own files, settings, presets, the draft and the window's place, and the folders of this program.
//!
//! Reading never fails: what is wrong has its default, with a warning. Writing keeps fields that this version does not
//! know, and what another window wrote since.

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
    folders::{AppFolders, draft_beside, presets_beside},
    preferences::{SettingsText, WrittenSettings, load, save},
    window::{load_layout, save_layout},
};
