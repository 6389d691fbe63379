//! How the window was left. It has a file of its own, for it changes without being asked for, and a broken one is no
//! loss.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    disk::{MOST_BYTES, failed, replace},
    error::SettingsError,
};
use crate::{
    domain::settings::layout::{WindowLayout, WindowPlace},
    files,
};

/// The version of the format; another one is read as no file.
const VERSION: u64 = 1;

/// The file as it is written. Apart from [`WindowLayout`], so that a change there cannot change the format by accident.
#[derive(Serialize, Deserialize)]
struct LayoutFile {
    version: u64,
    form_width: f64,
    inspector_width: Option<f64>,
    form_is_open: bool,
    inspector_is_open: bool,
    window: Option<WindowFile>,
}

#[derive(Serialize, Deserialize)]
struct WindowFile {
    corner: Option<[f64; 2]>,
    size: [f64; 2],
    is_maximized: bool,
}

/// Reads how the window was left. Whatever is wrong with the file, the window opens as at first.
pub fn load_layout(path: &Path) -> WindowLayout {
    let text = files::read_at_most(path, MOST_BYTES).ok();
    match text.and_then(|text| serde_json::from_slice::<LayoutFile>(&text).ok()).filter(|file| file.version == VERSION)
    {
        Some(file) => WindowLayout {
            form_width: file.form_width as f32,
            inspector_width: file.inspector_width.map(|width| width as f32),
            form_is_open: file.form_is_open,
            inspector_is_open: file.inspector_is_open,
            window: file.window.map(|WindowFile { corner, size, is_maximized }| {
                let corner = corner.map(|corner| corner.map(|value| value as f32));
                WindowPlace { corner, size: size.map(|value| value as f32), is_maximized }.sane()
            }),
        },
        None => WindowLayout::default(),
    }
}

/// Writes how the window is left.
///
/// # Errors
/// [`SettingsError::Io`] when the disk refuses.
pub fn save_layout(path: &Path, layout: &WindowLayout) -> Result<(), SettingsError> {
    let whole = |value: f32| f64::from(value.round());
    let WindowLayout { form_width, inspector_width, form_is_open, inspector_is_open, window } = *layout;
    let window = window.map(|WindowPlace { corner, size, is_maximized }| WindowFile {
        corner: corner.map(|corner| corner.map(whole)),
        size: size.map(whole),
        is_maximized,
    });
    let (form_width, inspector_width) = (whole(form_width), inspector_width.map(whole));
    let file = LayoutFile { version: VERSION, form_width, inspector_width, form_is_open, inspector_is_open, window };
    let doing = "keep how the window was left";
    let text = serde_json::to_string_pretty(&file).map_err(|error| failed(doing, path)(error.into()))?;
    replace(path, text.as_bytes(), doing)
}
