//! The layout of the window, kept from one start to the next: widths of the panes, which are open, position and size.

/// The stored layout of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLayout {
    /// In points, as the user set it. A small window shows less.
    pub form_width: f32,
    /// In points; `None` adapts to the window's size.
    pub inspector_width: Option<f32>,
    pub form_is_open: bool,
    pub inspector_is_open: bool,
    pub window: Option<WindowPlace>,
}

/// Position and size of the window, in points at zoom 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPlace {
    /// The top left corner; `None` where the system does not report it, as on Wayland.
    pub corner: Option<[f32; 2]>,
    pub size: [f32; 2],
    pub is_maximized: bool,
}

impl Default for WindowLayout {
    fn default() -> Self {
        Self { form_width: 320.0, inspector_width: None, form_is_open: true, inspector_is_open: true, window: None }
    }
}

/// The smallest usable size of the window, in points.
pub const SMALLEST_WINDOW: [f32; 2] = [900.0, 560.0];

impl WindowPlace {
    /// Clamps the size to a usable one, and drops a corner that would put the window where the user cannot find it.
    #[must_use]
    pub fn sane(self) -> Self {
        let [width, height] = self.size;
        let size = [width.clamp(SMALLEST_WINDOW[0], 16_384.0), height.clamp(SMALLEST_WINDOW[1], 16_384.0)];
        let is_near = |[x, y]: &[f32; 2]| x + size[0] > 100.0 && *x < 16_000.0 && *y > -30.0 && *y < 16_000.0;
        Self { corner: self.corner.filter(is_near), size, is_maximized: self.is_maximized }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_not_opened_where_nobody_finds_it() {
        let place = |corner, size| WindowPlace { corner: Some(corner), size, is_maximized: false }.sane();
        let usual = place([40.0, 60.0], [1280.0, 800.0]);
        let shown = |place: WindowPlace| format!("{:?} {:?}", place.corner, place.size);
        assert_eq!(shown(usual), "Some([40.0, 60.0]) [1280.0, 800.0]");
        assert_eq!(place([-3000.0, 60.0], [1280.0, 800.0]).corner, None);
        assert_eq!(place([0.0, -500.0], [1280.0, 800.0]).corner, None);
        assert_eq!(shown(place([0.0, 0.0], [10.0, f32::INFINITY])), "Some([0.0, 0.0]) [900.0, 16384.0]");
        assert_eq!(place([f32::NAN, 0.0], [900.0, 600.0]).corner, None);
    }
}
