//! Where the window opens. The toolkit tells which screens there are only once the window exists, so a place that no
//! screen has is mended then.

use egui::{Context, ViewportCommand, pos2, vec2};
use winit::window::Window;

use crate::domain::settings::layout::{ScreenArea, WindowPlace};

/// The frames until the window is on the screen: a window manager takes no wish to fill the screen before.
const FRAMES_UNTIL_SHOWN: u8 = 2;

/// Mends the place of the window once, soon after it is shown.
#[derive(Debug)]
pub(super) struct Placement {
    /// How the window was left; `None` at the first start.
    left: Option<WindowPlace>,
    frames: u8,
}

impl Placement {
    pub(super) fn new(left: Option<WindowPlace>) -> Self {
        Self { left, frames: 0 }
    }

    /// To be called in each frame; `window` is missing in a test without a desktop.
    pub(super) fn mend(&mut self, ctx: &Context, window: Option<&Window>) {
        let Some(window) = window.filter(|_| self.frames < FRAMES_UNTIL_SHOWN) else { return };
        self.frames += 1;
        if self.frames < FRAMES_UNTIL_SHOWN {
            return ctx.request_repaint();
        }
        let screens = screens(window);
        let wanted = match self.left {
            Some(left) => left.on(&screens),
            None => WindowPlace::first(screens.first().copied()),
        };
        let opened = self.left.unwrap_or(WindowPlace::first(None));
        tracing::debug!(?screens, ?opened, ?wanted, "the window's place");
        // The toolkit counts in points of its own zoom.
        let zoom = ctx.zoom_factor();
        if wanted != (WindowPlace { size: opened.size, ..wanted }) {
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(vec2(wanted.size[0], wanted.size[1]) / zoom));
        }
        if let Some([x, y]) = wanted.corner.filter(|_| wanted != (WindowPlace { corner: opened.corner, ..wanted })) {
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(pos2(x / zoom, y / zoom)));
        }
        if wanted.is_maximized != opened.is_maximized {
            ctx.send_viewport_cmd(ViewportCommand::Maximized(wanted.is_maximized));
        }
    }
}

/// The screens that are there, the one with the window first.
fn screens(window: &Window) -> Vec<ScreenArea> {
    let current = window.current_monitor();
    let others = window.available_monitors().filter(|monitor| Some(monitor) != current.as_ref());
    // All are counted in the scale of the window, as its own place is.
    let scale = window.scale_factor();
    let all = current.clone().into_iter().chain(others);
    all.map(|monitor| {
        let (corner, size) = (monitor.position().to_logical(scale), monitor.size().to_logical(scale));
        ScreenArea { corner: [corner.x, corner.y], size: [size.width, size.height] }
    })
    // A screen that is switched off has no size.
    .filter(|screen| screen.size[0] > 0.0 && screen.size[1] > 0.0)
    .collect()
}
