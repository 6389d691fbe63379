//! The window's views, a file for each pane, with the widgets and the theme that they are drawn with.
//!
//! A view takes what it shows and its own state, and pushes what the user wants to a list of [`Action`]s.

pub mod action;
mod background;
pub mod bars;
mod card_text;
pub mod export;
pub mod form;
pub mod history;
pub mod icons;
pub mod inspector;
mod judgement;
pub mod keys;
pub mod layout;
mod outcome_field;
pub mod palette;
mod pane_tabs;
pub mod preset;
pub mod requests;
pub mod server;
pub mod settings;
pub mod shortcuts;
pub mod theme;
pub mod use_token;
pub mod widgets;
pub mod words;

pub use action::{Action, Pane, PresetAction, UseKind};
