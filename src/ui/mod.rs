//! The window's views, a file for each pane, with the widgets and the theme that they are drawn with.
//!
//! A view takes what it shows and its own state, and pushes what the user wants to a list of [`Action`]s.

pub mod account;
pub mod action;
mod background;
pub mod bars;
mod card_steps;
pub mod clipboard_keys;
pub mod dialogs;
pub mod drop_overlay;
pub mod form;
pub mod history;
pub mod icons;
pub mod input_order;
pub mod inspector;
mod judgement;
pub mod keyboard;
pub mod layout;
pub mod leaving;
pub mod palette;
mod pane_tabs;
pub mod requests;
pub mod retention;
pub mod settings;
pub mod shortcuts;
pub mod status_badge;
pub mod text;
pub mod text_guard;
pub mod theme;
pub mod widgets;
pub mod words;
pub mod zone_in_use;

pub use action::{Action, MiddlePane, PaletteScope, PresetAction, ToastCause, UseKind};
