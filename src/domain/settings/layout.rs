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

/// The size of the window at the first start, in points, where the screen has room for it.
pub const FIRST_SIZE: [f32; 2] = [1280.0, 800.0];

/// What a title bar, the frame of a window and the panels of a desktop may take of a screen, in points. No system tells
/// all of them before the window is there, so this is more than the usual desktops take.
const DESKTOP_ROOM: [f32; 2] = [32.0, 96.0];

/// The height of the strip by which a window is moved, in points.
const TITLE_HEIGHT: f32 = 28.0;

/// A screen that is there, in points at zoom 1; a screen to the left of the first has a negative corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScreenArea {
    pub corner: [f32; 2],
    pub size: [f32; 2],
}

impl ScreenArea {
    /// How much of this screen a rectangle covers, as width and height.
    fn overlap(&self, corner: [f32; 2], size: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| {
            let end = (corner[axis] + size[axis]).min(self.corner[axis] + self.size[axis]);
            (end - corner[axis].max(self.corner[axis])).max(0.0)
        })
    }

    /// Whether a person finds a window here: the whole height of its title and a third of the window are on this screen.
    fn shows(&self, corner: [f32; 2], size: [f32; 2]) -> bool {
        let [width, height] = self.overlap(corner, size);
        let [title_width, title_height] = self.overlap(corner, [size[0], TITLE_HEIGHT]);
        let is_title_there = title_height >= TITLE_HEIGHT && title_width >= size[0].min(self.size[0]) / 3.0;
        is_title_there && width * height >= size[0] * size[1] / 3.0
    }

    /// The size of a window that is not maximized here: as wanted, as far as there is room.
    fn fit(&self, size: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| size[axis].min(self.size[axis] - DESKTOP_ROOM[axis]).max(SMALLEST_WINDOW[axis]))
    }

    /// The corner of a window of this size in the middle of the screen. A window that is too large begins at the
    /// screen's own corner, so that its title is seen.
    fn middle(&self, size: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| self.corner[axis] + ((self.size[axis] - DESKTOP_ROOM[axis] - size[axis]) / 2.0).max(0.0))
    }
}

impl WindowPlace {
    /// The window at the first start. A screen that has no room for [`FIRST_SIZE`] and for a desktop around it is
    /// filled: only the desktop knows where its panels are, and leaves them free.
    #[must_use]
    pub fn first(screen: Option<ScreenArea>) -> Self {
        let size = screen.map_or(FIRST_SIZE, |screen| screen.fit(FIRST_SIZE));
        let is_small = size[0] < FIRST_SIZE[0] || size[1] < FIRST_SIZE[1];
        Self { corner: None, size, is_maximized: is_small }
    }

    /// Replaces what is no number, clamps the size to a usable one, and drops a corner that no screen can have.
    #[must_use]
    pub fn sane(self) -> Self {
        let size = [0, 1].map(|axis| {
            let length = if self.size[axis].is_nan() { FIRST_SIZE[axis] } else { self.size[axis] };
            length.clamp(SMALLEST_WINDOW[axis], 16_384.0)
        });
        let is_possible = |corner: &[f32; 2]| corner.iter().all(|value| value.abs() < 32_768.0);
        Self { corner: self.corner.filter(is_possible), size, is_maximized: self.is_maximized }
    }

    /// The same place if a person finds the window there, else one in the middle of the first screen: a screen may have
    /// been unplugged since, or become smaller. Without any screen, as where none is told, nothing is changed.
    #[must_use]
    pub fn on(self, screens: &[ScreenArea]) -> Self {
        let Some(first) = screens.first() else { return self };
        let whole = [self.size[0], self.size[1] + TITLE_HEIGHT];
        let fits = |screen: &&ScreenArea| whole[0] <= screen.size[0] && whole[1] <= screen.size[1];
        let Some(corner) = self.corner else {
            // Where the system places the window, all that can be wrong is its size.
            let size = if screens.iter().any(|screen| fits(&screen)) { self.size } else { first.fit(self.size) };
            return Self { size, ..self };
        };
        match screens.iter().find(|screen| screen.shows(corner, self.size)) {
            Some(screen) if fits(&screen) => self,
            Some(screen) => {
                let size = screen.fit(self.size);
                let corner = if screen.shows(corner, size) { corner } else { screen.middle(size) };
                Self { corner: Some(corner), size, ..self }
            }
            None => {
                let size = first.fit(self.size);
                Self { corner: Some(first.middle(size)), size, ..self }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(corner: [f32; 2], size: [f32; 2]) -> WindowPlace {
        WindowPlace { corner: Some(corner), size, is_maximized: false }
    }

    fn shown(place: WindowPlace) -> String {
        format!("{:?} {:?}", place.corner, place.size)
    }

    #[test]
    fn what_is_no_place_is_made_one() {
        let sane = |corner, size| shown(place(corner, size).sane());
        assert_eq!(sane([40.0, 60.0], [1280.0, 800.0]), "Some([40.0, 60.0]) [1280.0, 800.0]");
        assert_eq!(sane([-1900.0, 60.0], [1280.0, 800.0]), "Some([-1900.0, 60.0]) [1280.0, 800.0]");
        assert_eq!(sane([-1e9, 60.0], [1280.0, 800.0]), "None [1280.0, 800.0]");
        assert_eq!(sane([0.0, 0.0], [10.0, f32::INFINITY]), "Some([0.0, 0.0]) [900.0, 16384.0]");
        assert_eq!(sane([f32::NAN, 0.0], [900.0, 600.0]), "None [900.0, 600.0]");
        assert_eq!(sane([0.0, 0.0], [f32::NAN, -5.0]), "Some([0.0, 0.0]) [1280.0, 560.0]");
    }

    #[test]
    fn a_window_is_opened_where_a_person_finds_it() {
        const FIRST: ScreenArea = ScreenArea { corner: [0.0, 0.0], size: [1920.0, 1080.0] };
        const LEFT: ScreenArea = ScreenArea { corner: [-1280.0, 56.0], size: [1280.0, 1024.0] };
        const SMALL: ScreenArea = ScreenArea { corner: [0.0, 0.0], size: [1024.0, 600.0] };
        const MIDDLE: &str = "Some([304.0, 92.0]) [1280.0, 800.0]";
        let usual = [1280.0, 800.0];
        for (corner, size, screens, expected) in [
            // As it was left.
            ([40.0, 60.0], usual, &[FIRST][..], "Some([40.0, 60.0]) [1280.0, 800.0]"),
            ([0.0, 0.0], [1920.0, 1052.0], &[FIRST], "Some([0.0, 0.0]) [1920.0, 1052.0]"),
            ([-1200.0, 100.0], usual, &[FIRST, LEFT], "Some([-1200.0, 100.0]) [1280.0, 800.0]"),
            ([-640.0, 100.0], usual, &[FIRST, LEFT], "Some([-640.0, 100.0]) [1280.0, 800.0]"),
            ([1400.0, 100.0], usual, &[FIRST], "Some([1400.0, 100.0]) [1280.0, 800.0]"),
            // The screen that it was on is gone, or little of it is left on one.
            ([-1200.0, 100.0], usual, &[FIRST], MIDDLE),
            ([2200.0, 100.0], usual, &[FIRST], MIDDLE),
            ([1800.0, 100.0], usual, &[FIRST], MIDDLE),
            ([200.0, 1060.0], usual, &[FIRST], MIDDLE),
            ([200.0, 900.0], usual, &[FIRST], MIDDLE),
            // Its title is above every screen.
            ([200.0, -60.0], usual, &[FIRST], MIDDLE),
            ([-1200.0, 20.0], usual, &[FIRST, LEFT], MIDDLE),
            // Too large for what is there now, the title counted.
            ([0.0, 0.0], [1920.0, 1080.0], &[FIRST], "Some([0.0, 0.0]) [1888.0, 984.0]"),
            ([0.0, 0.0], [3840.0, 2160.0], &[FIRST], "Some([0.0, 0.0]) [1888.0, 984.0]"),
            ([0.0, 0.0], usual, &[SMALL], "Some([0.0, 0.0]) [992.0, 560.0]"),
            ([900.0, 0.0], usual, &[SMALL], "Some([0.0, 0.0]) [992.0, 560.0]"),
            // Nobody says which screens there are.
            ([-1200.0, 100.0], usual, &[], "Some([-1200.0, 100.0]) [1280.0, 800.0]"),
        ] {
            assert_eq!(shown(place(corner, size).on(screens)), expected, "{corner:?} {size:?} {screens:?}");
        }
        let floating = WindowPlace { corner: None, ..place([0.0, 0.0], [3840.0, 2160.0]) };
        assert_eq!(shown(floating.on(&[FIRST])), "None [1888.0, 984.0]");
        // What fills a screen that is gone fills one that is there.
        let filled = WindowPlace { is_maximized: true, ..place([-1200.0, 100.0], usual) }.on(&[FIRST]);
        assert_eq!((shown(filled).as_str(), filled.is_maximized), (MIDDLE, true));
    }

    #[test]
    fn the_first_start_fits_the_screen_with_a_desktop_around_it() {
        for (size, expected) in [
            ([1024.0, 600.0], "None [992.0, 560.0] true"),
            ([1280.0, 800.0], "None [1248.0, 704.0] true"),
            ([1366.0, 768.0], "None [1280.0, 672.0] true"),
            ([1440.0, 900.0], "None [1280.0, 800.0] false"),
            ([1920.0, 1080.0], "None [1280.0, 800.0] false"),
            ([3840.0, 2160.0], "None [1280.0, 800.0] false"),
        ] {
            let first = WindowPlace::first(Some(ScreenArea { corner: [0.0, 0.0], size }));
            assert_eq!(format!("{} {}", shown(first), first.is_maximized), expected, "{size:?}");
        }
        assert_eq!(shown(WindowPlace::first(None)), "None [1280.0, 800.0]");
    }
}
