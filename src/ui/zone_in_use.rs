//! The local time zone as the views read it: from egui's context, as they read the theme, because times are shown in most
//! of them.

use egui::{Context, Id, Ui};

use crate::domain::zone::LocalZone;

fn key() -> Id {
    Id::unique("local_zone")
}

/// Sets the zone in which the window shows times.
pub fn install(ctx: &Context, zone: LocalZone) {
    ctx.data_mut(|data| data.insert_temp(key(), zone));
}

/// The zone in which the window shows times; UTC where none was set. Cheap: the zone itself is shared.
pub fn of(ui: &Ui) -> LocalZone {
    ui.data(|data| data.get_temp(key())).unwrap_or_default()
}
