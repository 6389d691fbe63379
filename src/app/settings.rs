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

    /// What the zoom keys set is kept. What the settings set comes into force with the next frame.
    pub(super) fn keep_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let differs = |one: f32, other: f32| (one - other).abs() > f32::EPSILON;
        if differs(zoom, self.frame.zoom) {
            self.frame.zoom = zoom;
            if differs(zoom, self.settings.window.zoom) {
                self.edit_settings(SettingsEdit::Zoom(zoom));
            }
        }
    }
}

/// Makes everything larger or smaller by so many tenths, as far as the window stays usable.
pub(super) fn zoom_by(ctx: &Context, tenths: f32) {
    let zoom = ((ctx.zoom_factor() * 10.0).round() + tenths) / 10.0;
    ctx.set_zoom_factor(zoom.clamp(*WindowSettings::ZOOMS.start(), *WindowSettings::ZOOMS.end()));
}
