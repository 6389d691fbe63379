//! Typed text that is not saved: Escape, a click outside and the close button ask before it is lost. This is the one rule
//! of every dialog, and of the panel of notes. A second Escape is the careful answer: nothing is lost by it.

use egui::{Context, Id, Memory, Ui};

use super::widgets::{InlineAlert, Tone};

/// Whether what is being typed into is to be left, and what is asked about that.
#[derive(Clone, Debug, Default)]
pub struct LeaveGuard {
    is_asking: bool,
    /// Whether the careful answer still has to get the focus.
    is_new: bool,
    /// What had the focus before the question, which gets it back.
    before: Option<Id>,
}

impl LeaveGuard {
    /// To be called at the end of each frame: whether what is typed into stays open, which was to be left if `is_left`.
    pub fn stays(&mut self, ctx: &Context, is_left: bool, is_unsaved: bool) -> bool {
        if !is_unsaved {
            self.is_asking = false;
            return !is_left;
        }
        if is_left && self.is_asking {
            self.keep(ctx);
        } else if is_left {
            (self.is_asking, self.is_new) = (true, true);
        } else if !self.is_asking {
            self.before = ctx.memory(Memory::focused).or(self.before);
        }
        true
    }

    /// Whether the careful answer is to get the focus, for whoever draws the question; told once.
    pub fn take_focus(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }

    /// Whether the question is to be drawn.
    pub fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// The height of the question while there is one, with the space above it.
    pub fn height(&self) -> f32 {
        if self.is_asking { 104.0 } else { 0.0 }
    }

    /// The answer to go on.
    pub fn keep(&mut self, ctx: &Context) {
        self.is_asking = false;
        if let Some(before) = self.before {
            ctx.memory_mut(|memory| memory.request_focus(before));
        }
    }

    /// Draws the question while there is one; true when what was typed is given up. `title` says what is not done.
    pub fn ui(&mut self, ui: &mut Ui, title: &str) -> bool {
        if !self.is_asking {
            return false;
        }
        let alert = InlineAlert::new(Tone::Warn, title).text("What was typed here is lost if it is closed now");
        let alert = alert.buttons(&["Keep editing", "Discard"]).focus(self.take_focus().then_some(0));
        match alert.ui(ui) {
            Some(0) => {
                self.keep(ui.ctx());
                false
            }
            answer => answer.is_some(),
        }
    }
}
