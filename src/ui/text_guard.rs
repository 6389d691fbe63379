//! What enters the window is text that a person can have meant, and what leaves it for a screen reader is text that the
//! accessibility bus can carry: one place for every view, whatever an answer, a file or a clipboard holds.

use std::borrow::Cow;

use egui::{
    Context, Event, FullOutput, ImeEvent, Plugin, RawInput,
    accesskit::{ActionData, Node, Role, TreeUpdate},
};

use crate::domain::foreign;

/// A longer paste is cut: a field lays out all of its text in one frame, and Stripe refuses far shorter values.
const MOST_PASTED: usize = 100_000;
/// The longest text of one node of the accessibility tree, as of one text that is shown.
const MOST_SPOKEN: usize = 20_000;

/// Cleans what is typed and pasted, and what is told to a screen reader.
///
/// The accessibility bus of Linux cannot carry U+0000: a window that sends one is gone for screen readers until it is
/// started anew. Views show foreign text through [`foreign`] already; this also holds for a text that is being edited,
/// which has to stay what it is.
#[derive(Default)]
pub struct TextGuard {
    has_cut_paste: bool,
}

impl TextGuard {
    /// What there is to tell about a paste that was too long, once.
    pub fn take_notice(ctx: &Context) -> Option<String> {
        let guard = ctx.plugin_opt::<Self>()?;
        let has_cut = std::mem::take(&mut guard.lock().has_cut_paste);
        has_cut.then(|| {
            let most = MOST_PASTED / 1000;
            format!("The clipboard holds more than a field takes: its first {most} 000 characters were pasted")
        })
    }

    fn clean_paste(&mut self, text: &mut String) {
        clean(text);
        if let Some((end, _)) = text.char_indices().nth(MOST_PASTED) {
            text.truncate(end);
            self.has_cut_paste = true;
        }
    }

    fn clean_event(&mut self, event: &mut Event) {
        match event {
            Event::Paste(text) | Event::MiddleClickPaste { text, .. } => self.clean_paste(text),
            Event::Text(text) | Event::Ime(ImeEvent::Commit(text) | ImeEvent::Preedit { text, .. }) => clean(text),
            Event::AccessKitActionRequest(request) => {
                if let Some(ActionData::Value(text)) = &mut request.data {
                    let mut value = String::from(std::mem::take(text));
                    self.clean_paste(&mut value);
                    *text = value.into();
                }
            }
            _ => {}
        }
    }
}

impl Plugin for TextGuard {
    fn debug_name(&self) -> &'static str {
        "text guard"
    }

    fn input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        for event in &mut input.events {
            self.clean_event(event);
        }
    }

    fn output_hook(&mut self, _ctx: &Context, output: &mut FullOutput) {
        if let Some(update) = &mut output.platform_output.accesskit_update {
            make_speakable(update);
        }
    }
}

fn clean(text: &mut String) {
    if let Cow::Owned(clean) = foreign::typeable(text) {
        *text = clean;
    }
}

/// A text of a node: how it is read and how it is set.
type NodeText = (fn(&Node) -> Option<&str>, fn(&mut Node, String));

/// Every text that a node can have.
const NODE_TEXTS: [NodeText; 20] = [
    (Node::label, |node, text| node.set_label(text)),
    (Node::description, |node, text| node.set_description(text)),
    (Node::value, |node, text| node.set_value(text)),
    (Node::access_key, |node, text| node.set_access_key(text)),
    (Node::author_id, |node, text| node.set_author_id(text)),
    (Node::class_name, |node, text| node.set_class_name(text)),
    (Node::font_family, |node, text| node.set_font_family(text)),
    (Node::html_id, |node, text| node.set_html_id(text)),
    (Node::html_tag, |node, text| node.set_html_tag(text)),
    (Node::inner_html, |node, text| node.set_inner_html(text)),
    (Node::keyboard_shortcut, |node, text| node.set_keyboard_shortcut(text)),
    (Node::language, |node, text| node.set_language(text)),
    (Node::placeholder, |node, text| node.set_placeholder(text)),
    (Node::role_description, |node, text| node.set_role_description(text)),
    (Node::state_description, |node, text| node.set_state_description(text)),
    (Node::tooltip, |node, text| node.set_tooltip(text)),
    (Node::url, |node, text| node.set_url(text)),
    (Node::row_index_text, |node, text| node.set_row_index_text(text)),
    (Node::column_index_text, |node, text| node.set_column_index_text(text)),
    (Node::braille_label, |node, text| node.set_braille_label(text)),
];

fn make_speakable(update: &mut TreeUpdate) {
    for (_, node) in &mut update.nodes {
        for (text, set) in NODE_TEXTS {
            if let Some(Cow::Owned(speakable)) = text(node).map(|text| foreign::spoken(text, MOST_SPOKEN)) {
                set(node, speakable);
            }
        }
        // Each sign of a text run has its length in bytes, and a stand-in has another one.
        if node.role() == Role::TextRun
            && let Some(text) = node.value()
            && text.len() != node.character_lengths().iter().map(|length| usize::from(*length)).sum::<usize>()
        {
            let lengths: Vec<u8> = text.chars().map(|c| c.len_utf8() as u8).collect();
            node.set_character_lengths(lengths);
        }
    }
}
