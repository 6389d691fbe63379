//! A text field with a searchable list under it; text that is not in the list is accepted too.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::{Field, caret::set_caret, paint, scroll_ui},
};
use egui::{
    CornerRadius, Event, Id, Key, LayerId, Modifiers, Popup, PopupCloseBehavior, PopupKind, RectAlign, Response, Role,
    ScrollArea, Sense, SurrenderFocusOn, TextEdit, Ui, WidgetInfo, vec2,
};

/// A field for a code (a country, a currency) that helps to find it by its code or its name.
#[must_use = "call `ui`"]
pub struct ChoiceField<'a, C, N> {
    field: Field<'a>,
    text: &'a mut String,
    options: &'a [(C, N)],
    placeholder: &'a str,
    id: Option<Id>,
}

/// Between frames: whether the list is open, and which of its lines is marked.
#[derive(Clone, Copy, Default)]
struct ListState {
    open: bool,
    marked: Option<usize>,
}

impl<'a, C: AsRef<str>, N: AsRef<str>> ChoiceField<'a, C, N> {
    /// A field that edits `text` and offers `options`, each a code and its name.
    pub fn new(field: Field<'a>, text: &'a mut String, options: &'a [(C, N)]) -> Self {
        Self { field, text, options, placeholder: "", id: None }
    }

    /// An example, shown while the field is empty.
    pub fn placeholder(mut self, placeholder: &'a str) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// The id of the text field, so that the caller can give it the focus.
    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }

    /// Draws it; the response is `changed` when the text was typed or chosen.
    pub fn ui(self, ui: &mut Ui) -> Response {
        let id = self.id.unwrap_or_else(|| ui.next_auto_id().with("choice"));
        let mut list: ListState = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let found = if list.open { search(self.options, self.text) } else { Vec::new() };
        let mut chosen = None;
        if list.open && ui.memory(|memory| memory.has_focus(id)) {
            ui.input_mut(|input| {
                let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
                let end = found.len().saturating_sub(1);
                if pressed(Key::ArrowDown) {
                    list.marked = Some(list.marked.map_or(0, |marked| (marked + 1).min(end)));
                }
                if pressed(Key::ArrowUp) {
                    list.marked = list.marked.and_then(|marked| marked.checked_sub(1));
                }
                if pressed(Key::Escape) {
                    list = ListState::default();
                }
                if list.marked.is_some() && pressed(Key::Enter) {
                    chosen = list.marked.and_then(|marked| found.get(marked)).copied();
                }
            });
        }

        let popup_id = id.with("list");
        let layer = LayerId::new(PopupKind::Popup.order(), popup_id);
        let on_list = list.open
            && ui.pointer_interact_pos().and_then(|at| ui.ctx().layer_id_at(at)).is_some_and(|under| under == layer);
        let before = ui.options(|options| options.input_options.surrender_focus_on);
        if on_list {
            // A press on the list would take the focus from the field, the list would close, and no click would come of
            // it.
            ui.options_mut(|options| options.input_options.surrender_focus_on = SurrenderFocusOn::Never);
        }
        let edit = TextEdit::singleline(self.text).id(id).hint_text(self.placeholder.to_owned());
        let mut response = self.field.text(ui, edit).response.response;
        ui.options_mut(|options| options.input_options.surrender_focus_on = before);
        ui.accesskit_node_builder(id, |node| {
            node.set_role(Role::EditableComboBox);
            node.set_expanded(list.open);
        });

        let focused = response.has_focus();
        let asked = focused
            && ui.input(|input| {
                input.events.iter().any(|event| matches!(event, Event::Key { key: Key::ArrowDown, pressed: true, .. }))
            });
        if response.changed() {
            let marked = (!self.text.is_empty()).then(|| exact(self.options, self.text).unwrap_or(0));
            list = ListState { open: true, marked };
        } else if response.clicked() || asked {
            list.open = true;
        }
        let found = if list.open { search(self.options, self.text) } else { Vec::new() };
        let open = list.open && focused && !found.is_empty() && chosen.is_none();
        let moved = ui.input(|input| input.pointer.is_moving());
        let list_response = Popup::from_response(&response)
            .id(popup_id)
            .kind(PopupKind::Popup)
            .open(open)
            .align(RectAlign::BOTTOM_START)
            .align_alternatives(&[RectAlign::TOP_START])
            .close_behavior(PopupCloseBehavior::IgnoreClicks)
            .width(response.rect.width())
            .gap(4.0)
            .show(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                scroll_ui(ui, "the choices", ScrollArea::vertical().max_height(220.0), |ui| {
                    for (i, &option) in found.iter().enumerate() {
                        let (code, name) = &self.options[option];
                        let marked = list.marked == Some(i);
                        let row = option_ui(ui, code.as_ref(), name.as_ref(), marked);
                        if marked && !on_list {
                            row.scroll_to_me_animation(None, egui::style::ScrollAnimation::none());
                        }
                        if row.hovered() && moved {
                            list.marked = Some(i);
                        }
                        if row.clicked() {
                            chosen = Some(option);
                        }
                    }
                });
            });
        if list_response.is_none() && !focused {
            list = ListState::default();
        }
        if let Some(option) = chosen {
            self.options[option].0.as_ref().clone_into(self.text);
            list = ListState::default();
            set_caret(ui.ctx(), id, self.text.chars().count());
            response.request_focus();
            response.mark_changed();
        }
        ui.data_mut(|data| data.insert_temp(id, list));
        response
    }
}

/// The option whose code `text` is.
fn exact<C: AsRef<str>, N>(options: &[(C, N)], text: &str) -> Option<usize> {
    let wanted = text.trim().to_lowercase();
    options.iter().position(|(code, _)| code.as_ref().to_lowercase() == wanted)
}

/// The options that match `text`, those whose code starts with it first.
fn search<C: AsRef<str>, N: AsRef<str>>(options: &[(C, N)], text: &str) -> Vec<usize> {
    let wanted = text.trim().to_lowercase();
    if exact(options, text).is_some() {
        // What is typed is a code already: show its neighbours, not a list of one.
        return (0..options.len()).collect();
    }
    let rank = |(code, name): &(C, N)| {
        let (code, name) = (code.as_ref().to_lowercase(), name.as_ref().to_lowercase());
        if code.starts_with(&wanted) {
            Some(0)
        } else if name.starts_with(&wanted) {
            Some(1)
        } else {
            name.contains(&wanted).then_some(2)
        }
    };
    let mut found: Vec<(u8, usize)> =
        options.iter().enumerate().filter_map(|(i, option)| Some((rank(option)?, i))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, i)| i).collect()
}

fn option_ui(ui: &mut Ui, code: &str, name: &str, marked: bool) -> Response {
    let t = DesignTokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, marked, format!("{code} {name}")));
    if marked {
        ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS_SMALL), t.selection);
    }
    let code = paint::line(ui, code, theme::mono(theme::MONO_SIZE), t.text, 60.0);
    let code = paint::galley_left(ui.painter(), code, rect.left() + 8.0, rect.center().y);
    let left = code.right().max(rect.left() + 32.0) + 10.0;
    let name = paint::line(ui, name, theme::regular(theme::BODY_SIZE), t.subdued, rect.right() - left - 6.0);
    paint::galley_left(ui.painter(), name, left, rect.center().y);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTRIES: [(&str, &str); 4] =
        [("AT", "Austria"), ("AU", "Australia"), ("DE", "Germany"), ("US", "United States")];

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = search(&COUNTRIES, text).into_iter().map(|i| COUNTRIES[i].0).collect();
        assert_eq!(found, expected, "for {text:?}");
    }

    #[test]
    fn a_code_comes_before_a_name_and_case_does_not_matter() {
        check("", &["AT", "AU", "DE", "US"]);
        check("au", &["AT", "AU", "DE", "US"]);
        check("aust", &["AT", "AU"]);
        check("u", &["US", "AT", "AU"]);
        check("stra", &["AU"]);
        check("GERM", &["DE"]);
        check("zz", &[]);
    }
}
