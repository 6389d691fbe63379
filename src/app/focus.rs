//! Where the keyboard's focus goes when a dialog closes or the inspector opens.

use egui::{Context, Id, Memory, Ui};

/// How many passes the focus may take to go back: the toolkit keeps it in a dialog for a pass or two after it is gone.
const PASSES_UNTIL_FOCUS: u8 = 4;

/// The focus as far as the window directs it.
#[derive(Debug, Default)]
pub(super) struct FocusKeeper {
    /// Whether a dialog was open at the end of the last frame: one that waits for a job is closed between two frames.
    had_dialog: bool,
    /// What had the focus before a dialog opened.
    before_dialog: Option<Id>,
    /// What gets the focus back, and how many passes it may still take.
    going_back: Option<(Id, u8)>,
    /// Whether the inspector gets the focus as soon as it is drawn.
    pub(super) goes_to_inspector: bool,
    /// Whether the last frame ended in a text field, or with an open menu: then Esc is for that.
    pub(super) esc_is_taken: bool,
}

impl FocusKeeper {
    /// At the begin of a frame: after a dialog the focus goes to where it was before, unless it was put elsewhere.
    pub(super) fn give_back(&mut self, ctx: &Context) {
        let Some((id, passes)) = self.going_back.take() else { return };
        if ctx.memory(Memory::focused).is_none() && passes > 0 {
            ctx.memory_mut(|memory| memory.request_focus(id));
            self.going_back = Some((id, passes - 1));
            ctx.request_repaint();
        }
    }

    /// At the end of a frame: notes whether a dialog opened or closed since the end of the last one. `focused` had the
    /// focus at the begin of this frame.
    pub(super) fn note_dialogs(&mut self, ui: &Ui, focused: Option<Id>, has_dialog: bool) {
        match (std::mem::replace(&mut self.had_dialog, has_dialog), has_dialog) {
            (false, true) => self.before_dialog = focused,
            (true, false) => {
                let is_free = ui.memory(Memory::focused).is_none_or(|id| Some(id) == focused);
                let before = self.before_dialog.take().filter(|_| is_free);
                self.going_back = before.map(|id| (id, PASSES_UNTIL_FOCUS));
            }
            _ => {}
        }
    }
}
