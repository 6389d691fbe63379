//! How the window was left: the panes' widths, which of them are folded, and where the window stood.

/// What is kept of the window from one start to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// In points, as the user set it; a small window shows less.
    pub form_width: f32,
    /// In points; `None` follows the window's size.
    pub inspector_width: Option<f32>,
    pub form_is_open: bool,
    pub inspector_is_open: bool,
    pub window: Option<WindowPlace>,
}

/// Where the window stood, in points of a window that is not zoomed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPlace {
    /// The top left corner, where the system tells it: Wayland does not.
    pub corner: Option<[f32; 2]>,
    pub size: [f32; 2],
    pub is_maximized: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { form_width: 320.0, inspector_width: None, form_is_open: true, inspector_is_open: true, window: None }
    }
}

/// The smallest window that everything can be used in.
pub const SMALLEST_WINDOW: [f32; 2] = [900.0, 560.0];

impl WindowPlace {
    /// A place that a window can be opened at: not smaller than can be used, not larger than any screen, and not so far
    /// off that nobody finds it.
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
