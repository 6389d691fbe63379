//! The window's views, a file for each pane, with the widgets and the theme that they are drawn with.
//!
//! A view takes what it shows and its own state, and pushes what the user wants to a list of [`Action`]s.

pub mod action;
pub mod answer;
mod aside;
pub mod bars;
mod card_steps;
pub mod code;
pub mod dialogs;
pub mod diff;
pub mod form;
pub mod history;
pub mod icons;
pub mod inspector;
mod judgement;
pub mod layout;
pub mod palette;
pub mod requests;
mod rows;
pub mod settings;
pub mod shortcuts;
pub mod status_badge;
mod summary;
pub mod theme;
mod timeline;
pub mod widgets;
pub mod words;

pub use action::{Action, PaletteScope, Pane, PresetAction, UseKind};
