//! What the window does with the settings: changes one of them, takes over those of the dialog, follows the zoom keys.

use egui::Context;

use super::{App, apply_theme};
use crate::{
    domain::settings::preferences::{Settings, WindowSettings},
    messages::{SettingsEdit, WorkerCommand},
};

impl App {
    /// Changes a setting here and in the background, which keeps it.
    pub(super) fn edit_settings(&mut self, edit: SettingsEdit) {
        edit.apply(&mut self.settings);
        self.worker.send(WorkerCommand::EditSettings(edit));
    }

    /// Uses settings that the background has taken over already.
    pub(super) fn use_settings(&mut self, ctx: &Context, settings: Settings) {
        apply_theme(ctx, settings.window.theme);
        ctx.set_zoom_factor(settings.window.zoom);
        self.settings = settings;
    }

    /// The zoom keys are egui's own; what they set is kept. What the settings set comes into force with the next frame.
    pub(super) fn keep_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let differs = |one: f32, other: f32| (one - other).abs() > f32::EPSILON;
        if differs(zoom, self.frame.zoom) {
            self.frame.zoom = zoom;
            // The keys go further than a settings file is believed.
            let kept = zoom.clamp(*WindowSettings::ZOOMS.start(), *WindowSettings::ZOOMS.end());
            if differs(kept, self.settings.window.zoom) {
                self.edit_settings(SettingsEdit::Zoom(kept));
            }
        }
    }
}
