//! The clipboard keys that the window's toolkit knows on one system only, on every system: Ctrl+Insert copies,
//! Shift+Insert and Ctrl+Shift+V paste, Shift+Delete cuts. Ctrl+C, X and V and the keyboard's own keys for it are the
//! toolkit's.

use egui::{Context, Event, Key, Modifiers, Plugin, RawInput, ViewportCommand};

/// The toolkit hands a requested paste over two frames later; when none came by then, there is nothing to paste.
const LONGEST_WAIT: u64 = 3;

/// Translates the keys before any view sees them.
#[derive(Default)]
pub struct ClipboardKeys {
    paste: Option<AwaitedPaste>,
    /// What a menu asked for: it is done as if its keys were pressed.
    by_menu: Vec<Event>,
}

/// A paste that was asked for by a key. What was typed after that key goes in after the paste.
struct AwaitedPaste {
    /// The number of the frame that asked.
    since: u64,
    typed_after: Vec<Event>,
}

/// What the clipboard's keys do in a text field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipboardCommand {
    Copy,
    Cut,
    Paste,
    SelectAll,
}

impl ClipboardCommand {
    fn event(self) -> Event {
        let pressed = |key, modifiers| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        match self {
            Self::Copy => Event::Copy,
            Self::Cut => Event::Cut,
            Self::Paste => pressed(Key::Insert, Modifiers::SHIFT),
            Self::SelectAll => pressed(Key::A, Modifiers::COMMAND),
        }
    }
}

impl ClipboardKeys {
    /// Does to the field that has the focus what the keys of this command do, with the next frame.
    pub fn press(ctx: &Context, command: ClipboardCommand) {
        ctx.plugin_or_default::<Self>().lock().by_menu.push(command.event());
        ctx.request_repaint();
    }
}

fn command_of(event: &Event) -> Option<ClipboardCommand> {
    let Event::Key { key, pressed: true, modifiers, .. } = event else { return None };
    let is = |wanted: Modifiers| modifiers.matches_exact(wanted);
    match key {
        Key::Insert if is(Modifiers::COMMAND) || is(Modifiers::CTRL) => Some(ClipboardCommand::Copy),
        Key::Insert if is(Modifiers::SHIFT) => Some(ClipboardCommand::Paste),
        Key::V if is(Modifiers::COMMAND | Modifiers::SHIFT) => Some(ClipboardCommand::Paste),
        Key::Delete if is(Modifiers::SHIFT) => Some(ClipboardCommand::Cut),
        _ => None,
    }
}

fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Key { .. } | Event::Text(_) | Event::Ime(_) | Event::Copy | Event::Cut)
}

impl Plugin for ClipboardKeys {
    fn debug_name(&self) -> &'static str {
        "clipboard keys"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        input.events.splice(0..0, self.by_menu.drain(..));
        if self.paste.is_none() && !input.events.iter().any(|event| command_of(event).is_some()) {
            return;
        }
        let frame = ctx.cumulative_frame_nr();
        let mut events = Vec::with_capacity(input.events.len());
        let mut coming = std::mem::take(&mut input.events);
        if self.paste.as_ref().is_some_and(|paste| frame > paste.since + LONGEST_WAIT)
            && let Some(paste) = self.paste.take()
        {
            coming.splice(0..0, paste.typed_after);
        }
        let mut coming = std::collections::VecDeque::from(coming);
        while let Some(event) = coming.pop_front() {
            if let Some(paste) = &mut self.paste {
                if matches!(event, Event::Paste(_) | Event::PasteImage(_)) {
                    events.push(event);
                    for typed in std::mem::take(&mut paste.typed_after).into_iter().rev() {
                        coming.push_front(typed);
                    }
                    self.paste = None;
                } else if is_typed(&event) {
                    paste.typed_after.push(event);
                } else {
                    events.push(event);
                }
                continue;
            }
            match command_of(&event) {
                Some(ClipboardCommand::Copy) => events.push(Event::Copy),
                Some(ClipboardCommand::Cut) => events.push(Event::Cut),
                Some(ClipboardCommand::Paste) => {
                    ctx.send_viewport_cmd(ViewportCommand::RequestPaste);
                    self.paste = Some(AwaitedPaste { since: frame, typed_after: Vec::new() });
                }
                Some(ClipboardCommand::SelectAll) | None => events.push(event),
            }
        }
        input.events = events;
        if self.paste.is_some() {
            ctx.request_repaint();
        }
    }
}
