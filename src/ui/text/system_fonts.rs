//! The fonts of the system, for signs that the program's own fonts lack.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use egui::{FallbackRequest, FontInsert, FontProvider};
use egui_system_font_provider::SystemFontProvider;

/// Asks egui's provider, and lives on without it: on a system with fontconfig and not a single font, that one panics when
/// it is asked for the first time, and the window would go with it.
#[derive(Default)]
pub struct SystemFonts {
    fonts: SystemFontProvider,
    is_broken: AtomicBool,
}

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        if self.is_broken.load(Ordering::Relaxed) {
            return None;
        }
        // Nothing of the provider is used again once it has panicked.
        catch_unwind(AssertUnwindSafe(|| self.fonts.font_for(request))).unwrap_or_else(|_| {
            self.is_broken.store(true, Ordering::Relaxed);
            tracing::warn!("the system's fonts cannot be read: signs that need one are shown as boxes");
            None
        })
    }
}
