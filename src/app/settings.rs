//! What the window does with the settings: changes one of them, takes over those of the dialog, follows the zoom keys.

use egui::Context;

use super::{App, apply_theme};
use crate::{
    domain::settings::preferences::Settings,
    messages::{SettingsEdit, WorkerCommand},
    ui::layout,
};

impl App {
    /// Changes a setting here and in the background, which keeps it.
    pub(super) fn edit_settings(&mut self, edit: SettingsEdit) {
        edit.apply(&mut self.settings);
        self.worker.send(WorkerCommand::EditSettings(edit));
    }

    /// Uses settings that the background has taken over already. Their zoom is set at the end of the frame.
    pub(super) fn use_settings(&mut self, ctx: &Context, settings: Settings) {
        apply_theme(ctx, settings.window.theme);
        self.settings = settings;
    }

    /// What the zoom keys set is kept. Then the zoom is what was set, as far as the window has room
    /// for it: it follows the window down and up again, and the setting stays.
    pub(super) fn keep_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let usable = layout::usable_zooms(layout::unzoomed_size(ctx));
        let limit = |zoom: f32| zoom.clamp(*usable.start(), *usable.end());
        let differs = |one: f32, other: f32| (one - other).abs() > f32::EPSILON;
        if differs(zoom, self.frame.zoom) {
            // More than there is room for is no reason to forget what was set for a larger window.
            let set = self.settings.window.zoom;
            let wanted = if zoom > *usable.end() { set.max(*usable.end()) } else { limit(zoom) };
            if differs(wanted, set) {
                self.edit_settings(SettingsEdit::Zoom(wanted));
            }
        }
        self.frame.zoom = limit(self.settings.window.zoom);
        if differs(zoom, self.frame.zoom) {
            ctx.set_zoom_factor(self.frame.zoom);
            ctx.request_discard("the window has room for another zoom");
        }
    }
}

/// Makes everything larger or smaller by so many tenths; `keep_zoom` knows how far that goes.
pub(super) fn zoom_by(ctx: &Context, tenths: f32) {
    ctx.set_zoom_factor(((ctx.zoom_factor() * 10.0).round() + tenths) / 10.0);
}
