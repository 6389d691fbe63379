//! The views, and what they are made of: the theme, the icons and the widgets.

pub mod icons;
pub mod theme;
pub mod widgets;
