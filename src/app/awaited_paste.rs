//! The content of the clipboard, which the toolkit hands over some frames after it was asked for.

use egui::{Context, ViewportCommand};

/// The toolkit hands a requested paste over two frames later; when none came by then, there is nothing to paste.
const LONGEST_WAIT: u64 = 5;

/// The content of the clipboard, once it was asked for.
#[derive(Debug, Default)]
pub(super) struct AwaitedPaste {
    /// The number of the frame that asked.
    since: Option<u64>,
}

impl AwaitedPaste {
    /// Asks for it.
    pub(super) fn ask(&mut self, ctx: &Context) {
        ctx.send_viewport_cmd(ViewportCommand::RequestPaste);
        ctx.request_repaint();
        self.since = Some(ctx.cumulative_frame_nr());
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.since.is_some()
    }

    /// Takes notice that it is here.
    pub(super) fn came(&mut self) {
        self.since = None;
    }

    /// Whether the clipboard gave nothing; told once.
    pub(super) fn is_missed(&mut self, ctx: &Context) -> bool {
        if self.since.is_some() {
            ctx.request_repaint();
        }
        let is_missed = self.since.is_some_and(|since| ctx.cumulative_frame_nr() > since + LONGEST_WAIT);
        if is_missed {
            self.since = None;
        }
        is_missed
    }
}
