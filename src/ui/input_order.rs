//! Keys act in the order in which they were pressed, however many of them come in one frame.
//!
//! Scanners, scripts and fast hands press several keys in one slow frame. The toolkit hands all of them to one pass of
//! the window, where each control reads what concerns it: "Ctrl+L and digits" would type the digits where the focus
//! was before, and "digits and Ctrl+Enter" would send the form as it was without them. So [`InputOrder`] hands over one
//! deed at a time: a key with what it types, a paste, a press of the mouse. The next one waits for another pass, mostly
//! within the same frame, so that the window looks and costs the same when nothing waits.

use std::{collections::VecDeque, num::NonZeroUsize};

use egui::{Context, Event, FullOutput, Id, ImeEvent, Key, Plugin, RawInput, Ui};

/// How many passes a frame may take for what was pressed in it. What is left then waits for the next frame, so that a
/// window under a flood of keys goes on to be drawn.
const PASSES_IN_A_FRAME: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// How many passes go by after a key that may open or close something, before the next key is handed over: an action
/// is carried out at the end of a pass, and a dialog that opens or closes takes or gives back the focus in the next
/// ones.
const PASSES_TO_SETTLE: u8 = 3;

/// For how long Tab and Enter do nothing more after the focus has moved on by itself, in seconds: who watches the
/// keyboard presses them at the end of a field out of habit.
const HABIT_SECONDS: f64 = 1.5;

/// Hands the input over in its order. It is to be the last plugin that sees the input.
#[derive(Default)]
pub struct InputOrder {
    waiting: VecDeque<Event>,
    /// How many passes the last deed may still take to have its effect.
    settling: u8,
    /// What had the focus at the end of the last pass, and whether it had just got it. A field says only when it is drawn
    /// which keys are its own: until then an arrow would lead out of it.
    focused: Option<Id>,
    is_new_focus: bool,
    moved_on: Option<MovedOn>,
}

/// A move of the focus that nobody asked for by a key.
struct MovedOn {
    /// The number of the frame in which it moved.
    frame: u64,
    /// The time of the frame after it: the time is counted from when the move can be seen, however long the frame
    /// took.
    seen: Option<f64>,
}

/// What an event is to the order of events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// It changes nothing by itself: the pointer moves, a key is released.
    Passing,
    /// It says how the following deeds are meant: Shift is down from now on.
    Meaning,
    /// It edits a text or moves within a control; whatever comes of it is so when its pass ends.
    Edit,
    /// It may open, close or start something.
    Act,
}

fn rank(event: &Event) -> Rank {
    match event {
        Event::Key { key, pressed: true, modifiers, .. } => {
            let is_plain = !modifiers.ctrl && !modifiers.alt && !modifiers.command;
            if is_plain && (types(*key) || edits(*key)) { Rank::Edit } else { Rank::Act }
        }
        Event::PointerButton { pressed: false, .. } | Event::AccessKitActionRequest(_) => Rank::Act,
        Event::Text(_)
        | Event::Ime(_)
        | Event::Copy
        | Event::Cut
        | Event::Paste(_)
        | Event::PasteImage(_)
        | Event::MiddleClickPaste { .. }
        | Event::PointerButton { pressed: true, .. } => Rank::Edit,
        Event::ModifiersChanged(_) => Rank::Meaning,
        _ => Rank::Passing,
    }
}

/// Whether a key edits a text or moves the caret, and nothing else. Tab is not among them: the field that it leads to
/// may get the focus, and its text marked, with the next pass only.
fn edits(key: Key) -> bool {
    matches!(
        key,
        Key::Backspace
            | Key::Delete
            | Key::ArrowLeft
            | Key::ArrowRight
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
    )
}

/// Whether a key types something. Space does, but presses buttons too, so it is not among them.
fn types(key: Key) -> bool {
    key.symbol_or_name().chars().count() == 1 && !edits(key) && !matches!(key, Key::Enter | Key::Escape | Key::Space)
}

/// Whether `event` is of one deed with `before`: what a key typed, or what a composed character consists of.
fn is_of_one_deed(before: &Event, event: &Event) -> bool {
    match (before, event) {
        (Event::Key { key, pressed: true, .. }, Event::Text(_)) => types(*key) || *key == Key::Space,
        (Event::Ime(ImeEvent::Preedit { .. }), Event::Ime(_)) => true,
        _ => false,
    }
}

impl InputOrder {
    /// Registers it, once for a context.
    pub fn install(ctx: &Context) {
        ctx.add_plugin(Self::default());
        ctx.options_mut(|options| options.max_passes = PASSES_IN_A_FRAME);
    }

    /// Says that the focus has moved on by itself: one Tab or Enter that comes next, and soon, does nothing more.
    pub fn note_moved_on(ctx: &Context) {
        let frame = ctx.cumulative_frame_nr();
        ctx.with_plugin(|order: &mut Self| order.moved_on = Some(MovedOn { frame, seen: None }));
    }

    /// How many of the waiting events go into the next pass.
    fn next_length(&self) -> usize {
        let is_held = self.settling > 0;
        let mut has_deed = false;
        let mut meaning = None;
        for (place, event) in self.waiting.iter().enumerate() {
            match rank(event) {
                Rank::Passing => {}
                Rank::Meaning => meaning = meaning.or(Some(place).filter(|_| has_deed || is_held)),
                Rank::Edit | Rank::Act => {
                    let is_same = has_deed && is_of_one_deed(&self.waiting[place - 1], event);
                    if !is_same && (has_deed || is_held) {
                        // What says how a deed is meant waits together with it.
                        return meaning.unwrap_or(place);
                    }
                    has_deed = true;
                }
            }
        }
        // The modifiers of a whole pass are those of its deed: that they are released is for the next one.
        meaning.filter(|_| has_deed).unwrap_or(self.waiting.len())
    }

    /// Takes Tab or Enter out of what is handed over, if the focus has moved on by itself just before.
    fn drop_habit(&mut self, now: f64, events: &mut Vec<Event>) {
        let is_deed = |event: &Event| matches!(rank(event), Rank::Edit | Rank::Act);
        if !events.iter().any(is_deed) {
            return;
        }
        let Some(moved) = self.moved_on.take() else { return };
        if moved.seen.is_none_or(|seen| now - seen <= HABIT_SECONDS) {
            events.retain(|event| {
                !matches!(event, Event::Key { key: Key::Tab | Key::Enter, pressed: true, modifiers, .. } if modifiers.is_none())
            });
        }
    }
}

impl Plugin for InputOrder {
    fn debug_name(&self) -> &'static str {
        "input order"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let now = input.time.unwrap_or_else(|| ctx.input(|known| known.time + f64::from(input.predicted_dt)));
        if std::mem::take(&mut self.is_new_focus) {
            self.settling = self.settling.max(1);
        }
        if let Some(moved) = &mut self.moved_on
            && moved.frame != ctx.cumulative_frame_nr()
        {
            moved.seen.get_or_insert(now);
        }
        if input.events.is_empty() && self.waiting.is_empty() {
            self.settling = self.settling.saturating_sub(1);
            return;
        }
        self.waiting.extend(input.events.drain(..));
        let length = self.next_length();
        input.events.extend(self.waiting.drain(..length));
        let acts = input.events.iter().any(|event| rank(event) == Rank::Act);
        self.settling = if acts { PASSES_TO_SETTLE } else { self.settling.saturating_sub(1) };
        self.drop_habit(now, &mut input.events);
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let focused = ui.memory(egui::Memory::focused);
        self.is_new_focus = focused != self.focused;
        self.focused = focused;
        if self.waiting.is_empty() {
            return;
        }
        ui.request_discard("keys that wait for their turn");
        if !ui.will_discard() {
            ui.request_repaint();
        }
    }

    fn output_hook(&mut self, _ctx: &Context, output: &mut FullOutput) {
        let is_at_rest = output.viewport_output.values().all(|viewport| !viewport.repaint_delay.is_zero());
        // A window at rest has nothing left to do for the last deed.
        if self.waiting.is_empty() && is_at_rest && !output.platform_output.requested_discard() {
            self.settling = 0;
        }
    }
}
