//! What text of any script needs beyond what egui does: its reading order, and a word about fonts that are missing.

pub mod missing_fonts;
pub mod plugin;
pub mod reading_order;
pub mod system_fonts;
