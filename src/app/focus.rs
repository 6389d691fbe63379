//! Where the keyboard's focus goes when what had it is gone, so that it is never lost to nothing.
//!
//! The toolkit takes the focus from a control at Esc, at Enter in a line of text and at a click elsewhere, and drops it
//! with a control that is not drawn any more. [`FocusKeeper`] looks at the end of each frame and puts it back: on the
//! same control if that is there, else on the one before it in the same part of the window, so that a dialog gives it
//! back to what opened it. Where no such control is left, the part itself is gone to.

use egui::{Context, Event, FocusDirection, Id, Key, Memory, Order, WidgetRect};

use crate::ui::layout::WindowPart;

/// How many controls are remembered: more than lead into each other anywhere in the window.
const LONGEST_TRAIL: usize = 24;

/// How many frames look for a control that can have the focus: where a part of the window has none, there is nothing to
/// wait for, and a window at rest is not drawn.
const MOST_TRIES: u8 = 8;

/// A control that had the focus, and where it was.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FocusStop {
    id: Id,
    /// `None` in bars, dialogs, menus and messages.
    part: Option<WindowPart>,
}

/// The focus as far as the window directs it.
#[derive(Debug, Default)]
pub(super) struct FocusKeeper {
    /// What had the focus, latest last, each control once.
    trail: Vec<FocusStop>,
    /// How many frames ended without the focus since it was lost.
    tries: u8,
    /// Whether a dialog was open at the end of the last frame.
    had_dialog: bool,
    /// Where the focus is moved to at the begin of the next frame: to the first control of what lies on top.
    direction: FocusDirection,
    /// What Esc was pressed in last, as long as it has the focus.
    escaped: Option<Id>,
    /// Whether the inspector gets the focus as soon as it is drawn.
    pub(super) goes_to_inspector: bool,
    /// Whether the last frame ended in a text field, or with an open menu: then Esc is for that, once.
    pub(super) esc_is_taken: bool,
}

impl FocusKeeper {
    /// At the begin of a frame, before anything is drawn.
    pub(super) fn begin(&mut self, ctx: &Context) {
        let direction = std::mem::replace(&mut self.direction, FocusDirection::None);
        if direction != FocusDirection::None {
            ctx.memory_mut(|memory| memory.move_focus(direction));
        }
        // With both keys in one frame, Tab would lead from nothing to the first control of the window.
        if ctx.memory(Memory::focused).is_none()
            && is_pressed(ctx, Key::Escape)
            && is_pressed(ctx, Key::Tab)
            && let Some(stop) = self.trail.last()
        {
            ctx.memory_mut(|memory| memory.request_focus(stop.id));
        }
    }

    /// At the end of a frame: puts the focus back if it was lost. What is left to do is to go to the part of the window
    /// that is returned. `part_of` tells which part a control is in, `is_shown` which parts there are.
    pub(super) fn keep(
        &mut self,
        ctx: &Context,
        has_dialog: bool,
        part_of: impl Fn(&WidgetRect) -> Option<WindowPart>,
        is_shown: impl Fn(WindowPart) -> bool,
    ) -> Option<WindowPart> {
        // What is drawn again in this frame is looked at then.
        if ctx.will_discard() {
            return None;
        }
        let is_closing = std::mem::replace(&mut self.had_dialog, has_dialog) && !has_dialog;
        let focused = ctx.memory(Memory::focused);
        let last = self.trail.last().map(|stop| stop.id);
        let found = focused.and_then(|id| reachable(ctx, id, has_dialog, is_closing));
        let destination = match (focused, found) {
            (Some(_), Some(widget)) => {
                self.tries = 0;
                self.note(FocusStop { id: widget.id, part: part_of(&widget) });
                None
            }
            // It is to be drawn with the next frame.
            (Some(_), None) if focused != last => None,
            // Tab goes through nothing from the last control to the first.
            (None, _) if is_pressed(ctx, Key::Tab) => {
                ctx.request_repaint();
                None
            }
            _ => self.mend(ctx, has_dialog, is_closing, is_shown),
        };
        let focused = ctx.memory(Memory::focused);
        if is_pressed(ctx, Key::Escape) {
            self.escaped = focused;
        } else if self.escaped != focused {
            self.escaped = None;
        }
        let is_typing = ctx.text_edit_focused() && self.escaped.is_none();
        self.esc_is_taken = is_typing || egui::Popup::is_any_open(ctx);
        destination
    }

    fn note(&mut self, stop: FocusStop) {
        if self.trail.last() == Some(&stop) {
            return;
        }
        self.trail.retain(|known| known.id != stop.id);
        if self.trail.len() == LONGEST_TRAIL {
            self.trail.remove(0);
        }
        self.trail.push(stop);
    }

    /// Gives the focus to the latest control that can have it, beginning with the one that lost it.
    fn mend(
        &mut self,
        ctx: &Context,
        has_dialog: bool,
        is_closing: bool,
        is_shown: impl Fn(WindowPart) -> bool,
    ) -> Option<WindowPart> {
        let lost = *self.trail.last()?;
        let found = self.trail.iter().rev().find(|stop| {
            let is_near = has_dialog || lost.part.is_none() || stop.part == lost.part;
            is_near && reachable(ctx, stop.id, has_dialog, is_closing).is_some()
        });
        if self.tries < MOST_TRIES {
            self.tries += 1;
            ctx.request_repaint();
        }
        if let Some(stop) = found.copied() {
            ctx.memory_mut(|memory| memory.request_focus(stop.id));
            // Those behind it are gone.
            let place = self.trail.iter().position(|known| known.id == stop.id);
            self.trail.truncate(place.map_or(0, |place| place + 1));
            return None;
        }
        if has_dialog {
            ctx.memory_mut(|memory| memory.surrender_focus(lost.id));
            self.direction = FocusDirection::Next;
            return None;
        }
        Some(lost.part.filter(|part| is_shown(*part)).unwrap_or(WindowPart::Middle))
    }
}

/// A control that is drawn in this frame and can have the focus: under a dialog there is none, and what floats above
/// goes with a dialog that closes.
fn reachable(ctx: &Context, id: Id, has_dialog: bool, is_closing: bool) -> Option<WidgetRect> {
    let widget = ctx.viewport(|viewport| viewport.this_pass.widgets.get(id).copied())?;
    let floats = widget.layer_id.order >= Order::Foreground;
    let is_free = || ctx.memory(|memory| memory.allows_interaction(widget.layer_id));
    let is_covered = if floats { is_closing || !is_free() } else { has_dialog };
    (widget.enabled && !is_covered).then_some(widget)
}

fn is_pressed(ctx: &Context, sought: Key) -> bool {
    // In the raw input: a control may have taken the key, which the toolkit has seen before that.
    ctx.input(|input| {
        let is_press = |event: &Event| matches!(event, Event::Key { key, pressed: true, .. } if *key == sought);
        input.raw.events.iter().any(is_press)
    })
}
