//! The menu of a thing: by a right click, by the Menu key and by Shift+F10. The arrow keys walk through it, Enter
//! chooses, Escape and Tab leave it, and the focus goes back to where it was.

use egui::{
    Button, Context, Event, Id, Key, Memory, Modifiers, Popup, Pos2, Response, RichText, Role, SetOpenCommand, Stroke,
    StrokeKind, Ui, vec2,
};

use crate::ui::{
    shortcuts::LocalKey,
    theme::{self, DesignTokens},
};

/// The menu that is open. There is one at most.
#[derive(Clone, Copy)]
struct OpenMenu {
    at: Pos2,
    /// The toolkit lays a menu out once before it is seen, and its first item gets the focus then.
    needs_focus: bool,
}

/// What became of a menu in this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MenuOutput {
    pub is_opened: bool,
    pub is_closed: bool,
    /// Whether what the menu is of gets the focus back.
    pub gives_back: bool,
}

/// How a menu is asked for by the keyboard: at which place it opens then.
#[derive(Clone, Copy, Debug)]
pub struct AskedByKey(pub Pos2);

impl AskedByKey {
    /// Whether the keys for a menu were pressed, which are consumed; it opens below the left end of `row`.
    pub fn at_row(ui: &Ui, row: egui::Rect) -> Option<Self> {
        is_asked(ui).then(|| Self::below(row))
    }

    /// The menu opens below the left end of `row`; the keys for it were pressed before.
    pub fn below(row: egui::Rect) -> Self {
        const INDENT: f32 = 16.0;
        Self(egui::pos2(row.left() + INDENT, row.bottom()))
    }
}

/// Whether the keys for a menu were pressed; the press is consumed.
pub fn is_asked(ui: &Ui) -> bool {
    ui.input_mut(|input| LocalKey::Menu.is_pressed(input) || input.consume_key(Modifiers::NONE, Key::Menu))
}

/// Whether the keys for a menu were pressed, which are left to what the menu is of.
pub fn is_wanted(ui: &Ui) -> bool {
    ui.input(|input| LocalKey::Menu.is_among(input) || input.key_pressed(Key::Menu))
}

/// Whether something else was pressed, so that a menu that was asked for before is not waited for any more.
pub fn is_forgone(ui: &Ui) -> bool {
    ui.input(|input| {
        input
            .events
            .iter()
            .any(|event| matches!(event, Event::Key { pressed: true, .. } | Event::PointerButton { pressed: true, .. }))
    })
}

fn open_menu_id() -> Id {
    Id::unique("the open context menu")
}

fn owner_id() -> Id {
    Id::unique("the owner of the context menu that was left")
}

/// At the begin of a frame: gives the focus to the owner of a menu that was left in the last one. The click on an item
/// takes it away again in its own frame, as a click elsewhere does.
pub fn give_back_focus(ctx: &Context) {
    let owner: Option<Id> = ctx.data_mut(|data| data.remove_temp::<Option<Id>>(owner_id())).flatten();
    if let Some(owner) = owner {
        ctx.memory_mut(|memory| memory.request_focus(owner));
    }
}

/// Draws the menu of what `of` is the response of, while it is open. `owner` gets the focus when the menu is left.
pub fn context_menu_ui(
    ui: &Ui,
    of: &Response,
    owner: Id,
    by_key: Option<AskedByKey>,
    add: impl FnOnce(&mut MenuItems<'_>),
) -> MenuOutput {
    let popup = Popup::default_response_id(of);
    let by_pointer = of.secondary_clicked().then(|| of.interact_pointer_pos()).flatten();
    let opened_at = by_key.map(|AskedByKey(at)| at).or(by_pointer);
    if let Some(at) = opened_at {
        let open = OpenMenu { at, needs_focus: true };
        ui.data_mut(|data| data.insert_temp(open_menu_id(), open));
    } else if !Popup::is_id_open(ui.ctx(), popup) {
        return MenuOutput::default();
    }
    let Some(mut open) = ui.data(|data| data.get_temp::<OpenMenu>(open_menu_id())) else {
        return MenuOutput::default();
    };
    // A press that opened the menu cannot leave it.
    let is_left = opened_at.is_none()
        && ui.input_mut(|input| {
            [(Modifiers::NONE, Key::Escape), (Modifiers::NONE, Key::Tab), (Modifiers::SHIFT, Key::Tab)]
                .into_iter()
                .any(|(how, key)| input.consume_key(how, key))
        });
    let shown =
        Popup::menu(of).open_memory(opened_at.map(|_| SetOpenCommand::Bool(true))).at_position(open.at).show(|ui| {
            let is_seen = !ui.is_sizing_pass();
            ui.spacing_mut().button_padding = vec2(8.0, 2.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut items = MenuItems { ui, first: None, has_focus: false, is_chosen: false };
            add(&mut items);
            let MenuItems { first, has_focus, is_chosen, .. } = items;
            if is_seen
                && open.needs_focus
                && let Some(first) = first
            {
                ui.memory_mut(|memory| memory.request_focus(first));
                open.needs_focus = false;
            } else if !is_seen {
                ui.request_repaint();
            }
            (has_focus, is_chosen)
        });
    // What the keys did in the menu they shall do nowhere else.
    ui.input_mut(|input| {
        for key in [Key::Enter, Key::Space, Key::Escape] {
            input.consume_key(Modifiers::NONE, key);
        }
    });
    ui.data_mut(|data| data.insert_temp(open_menu_id(), open));
    let Some(shown) = shown else { return MenuOutput { is_closed: true, ..MenuOutput::default() } };
    let (has_focus, is_chosen) = shown.inner;
    let mut gives_back = false;
    let is_closed = is_left || is_chosen || shown.response.should_close();
    if is_closed {
        Popup::close_id(ui.ctx(), popup);
        // A click beside the menu may have given the focus to something else.
        gives_back = has_focus || ui.memory(Memory::focused).is_none();
        if gives_back {
            ui.memory_mut(|memory| memory.request_focus(owner));
            ui.data_mut(|data| data.insert_temp(owner_id(), Some(owner)));
        }
    }
    MenuOutput { is_opened: opened_at.is_some(), is_closed, gives_back }
}

/// The items of a menu as they are drawn.
pub struct MenuItems<'a> {
    ui: &'a mut Ui,
    /// The first item that can be chosen.
    first: Option<Id>,
    has_focus: bool,
    is_chosen: bool,
}

impl MenuItems<'_> {
    /// An item with the keys that do the same; true when it was chosen.
    pub fn item(&mut self, name: &str, keys: &str) -> bool {
        self.item_if(true, name, keys)
    }

    /// An item that may have nothing to do now.
    pub fn item_if(&mut self, is_enabled: bool, name: &str, keys: &str) -> bool {
        let t = DesignTokens::of(self.ui);
        let written = RichText::new(keys).size(theme::SMALL_SIZE).color(t.subdued);
        let button = Button::new(name).shortcut_text(written);
        let item = self.ui.add_enabled(is_enabled, button).accessible_name(name);
        self.ui.accesskit_node_builder(item.id, |node| {
            node.set_role(Role::MenuItem);
            if !keys.is_empty() {
                node.set_keyboard_shortcut(keys);
            }
        });
        if is_enabled {
            self.first.get_or_insert(item.id);
        }
        if item.has_focus() {
            self.has_focus = true;
            // The fill alone is that of an item under the pointer too.
            let ring = Stroke::new(1.0, t.accent);
            self.ui.painter().rect_stroke(item.rect, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
        }
        self.is_chosen |= item.clicked();
        item.clicked()
    }

    pub fn separator(&mut self) {
        self.ui.separator();
    }
}
