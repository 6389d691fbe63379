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

#[cfg(test)]
mod tests {
    use egui::accesskit::{ActionRequest, NodeId, TreeId, TreeInfo};

    use super::*;
    use crate::domain::foreign::acts;

    /// Every character that acts on the display, and one that is seen behind each.
    fn acting() -> String {
        let acting = (0..=0x0010_ffff).filter_map(char::from_u32).filter(|c| acts(*c) && !matches!(c, '\n' | '\t'));
        acting.flat_map(|c| [c, 'x']).collect()
    }

    #[test]
    fn no_text_of_the_accessibility_tree_holds_what_acts() {
        let texts = acting();
        assert!(texts.contains('\0') && texts.contains('\u{85}') && texts.contains('\u{ffff}'));
        let mut node = Node::new(Role::Button);
        for (_, set) in NODE_TEXTS {
            set(&mut node, texts.clone());
        }
        let mut run = Node::new(Role::TextRun);
        run.set_value("a\0\u{85}\u{202e}\u{e0041}\n");
        run.set_character_lengths([1, 1, 2, 3, 4, 1]);
        let mut update = TreeUpdate {
            nodes: vec![(NodeId(1), node), (NodeId(2), run)],
            tree: Some(TreeInfo::new(NodeId(1))),
            tree_id: TreeId::ROOT,
            focus: NodeId(1),
        };
        make_speakable(&mut update);
        let (node, run) = (&update.nodes[0].1, &update.nodes[1].1);
        for (place, (text, _)) in NODE_TEXTS.iter().enumerate() {
            let text = text(node).expect("every text was set");
            assert_eq!(text.chars().find(|c| acts(*c)), None, "the text at {place}");
            assert!(text.contains('x'), "the text at {place}");
        }
        assert_eq!(run.value(), Some("a\u{25a1}\u{25a1}\u{25a1}\u{25a1}\n"));
        assert_eq!(run.character_lengths(), [1, 3, 3, 3, 3, 1]);
    }

    #[test]
    fn a_text_of_any_length_is_spoken_in_bounds() {
        let mut node = Node::new(Role::TextInput);
        node.set_value("x".repeat(10 << 20));
        let mut update =
            TreeUpdate { nodes: vec![(NodeId(1), node)], tree: None, tree_id: TreeId::ROOT, focus: NodeId(1) };
        make_speakable(&mut update);
        assert_eq!(update.nodes[0].1.value().unwrap().chars().count(), MOST_SPOKEN + 1);
    }

    #[test]
    fn control_characters_are_neither_typed_nor_pasted() {
        let mut guard = TextGuard::default();
        let value = |text: &str| ActionRequest {
            action: egui::accesskit::Action::SetValue,
            target_tree: TreeId::ROOT,
            target_node: NodeId(1),
            data: Some(ActionData::Value(text.into())),
        };
        let dirty = "a\0b\u{1b}c\u{7f}\u{85}\u{9b}\u{fffe}\u{fdd0}d";
        for (event, expected) in [
            (Event::Text(dirty.into()), Event::Text("abcd".into())),
            (Event::Paste(dirty.into()), Event::Paste("abcd".into())),
            (Event::Ime(ImeEvent::Commit(dirty.into())), Event::Ime(ImeEvent::Commit("abcd".into()))),
            (Event::AccessKitActionRequest(value(dirty)), Event::AccessKitActionRequest(value("abcd"))),
            (Event::Paste("1\r\n2\r3\t4\n".into()), Event::Paste("1\n2\n3\t4\n".into())),
            // What names and addresses of the world are written with is the tester's data.
            (Event::Paste("\u{645}\u{200c}\u{200f}\u{1f469}\u{200d}\u{1f680}\u{202e}\u{200b}".into()), {
                Event::Paste("\u{645}\u{200c}\u{200f}\u{1f469}\u{200d}\u{1f680}\u{202e}\u{200b}".into())
            }),
        ] {
            let mut cleaned = event;
            guard.clean_event(&mut cleaned);
            assert_eq!(cleaned, expected);
        }
        assert!(!guard.has_cut_paste);
        let mut long = Event::Paste("\u{1f469}".repeat(MOST_PASTED + 1));
        guard.clean_event(&mut long);
        assert_eq!(long, Event::Paste("\u{1f469}".repeat(MOST_PASTED)));
        assert!(guard.has_cut_paste);
    }
}
