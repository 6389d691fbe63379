//! A text field with a searchable list under it; text that is not in the list is accepted too.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::{Field, TextInput, caret::set_caret, paint, scroll_ui},
};
use egui::{
    CornerRadius, Event, Id, Key, LayerId, Modifiers, Popup, PopupCloseBehavior, PopupKind, RectAlign, Response, Role,
    ScrollArea, Sense, SurrenderFocusOn, Ui, WidgetInfo, vec2,
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
        let Self { field, text, options, placeholder, id } = self;
        let id = id.unwrap_or_else(|| ui.next_auto_id().with("choice"));
        let popup = id.with("list");
        let mut list: ListState = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let has_keys = list.open && ui.memory(|memory| memory.has_focus(id));
        let by_key = if has_keys { list.keys(ui, &search(options, text)) } else { None };

        let is_on_list = list.open && is_pointer_on(ui, popup);
        let edit = TextInput::singleline(text).words().id(id).hint_text(placeholder.to_owned());
        let mut response = edit_ui(ui, field, edit, is_on_list);
        ui.accesskit_node_builder(id, |node| {
            node.set_role(Role::EditableComboBox);
            node.set_expanded(list.open);
        });

        let has_focus = response.has_focus();
        list.open_by(ui, &response, options, text);
        let found = if list.open { search(options, text) } else { Vec::new() };
        let is_shown = list.open && has_focus && !found.is_empty() && by_key.is_none();
        let by_click = list_popup(&response, popup, is_shown)
            .show(|ui| options_ui(ui, options, &found, &mut list.marked, !is_on_list))
            .and_then(|shown| shown.inner);
        if !has_focus {
            list = ListState::default();
        }
        if let Some(option) = by_click.or(by_key) {
            options[option].0.as_ref().clone_into(text);
            list = ListState::default();
            set_caret(ui.ctx(), id, text.chars().count());
            response.request_focus();
            response.mark_changed();
        }
        ui.data_mut(|data| data.insert_temp(id, list));
        response
    }
}

impl ListState {
    /// The keys of the open list, whose lines are `found`; the option that was chosen by Enter.
    fn keys(&mut self, ui: &Ui, found: &[usize]) -> Option<usize> {
        ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            let end = found.len().saturating_sub(1);
            if pressed(Key::ArrowDown) {
                self.marked = Some(self.marked.map_or(0, |marked| (marked + 1).min(end)));
            }
            if pressed(Key::ArrowUp) {
                self.marked = self.marked.and_then(|marked| marked.checked_sub(1));
            }
            if pressed(Key::Escape) {
                *self = Self::default();
            }
            let is_taken = self.marked.is_some() && pressed(Key::Enter);
            self.marked.filter(|_| is_taken).and_then(|marked| found.get(marked)).copied()
        })
    }

    /// Opens the list when the user typed into the field, clicked it, or asked for the list by the arrow down.
    fn open_by<C: AsRef<str>, N>(&mut self, ui: &Ui, field: &Response, options: &[(C, N)], text: &str) {
        let is_arrow_down = |event: &Event| matches!(event, Event::Key { key: Key::ArrowDown, pressed: true, .. });
        let is_asked = field.has_focus() && ui.input(|input| input.events.iter().any(is_arrow_down));
        if field.changed() {
            let marked = (!text.is_empty()).then(|| exact(options, text).unwrap_or(0));
            *self = Self { open: true, marked };
        } else if field.clicked() || is_asked {
            self.open = true;
        }
    }
}

fn is_pointer_on(ui: &Ui, popup: Id) -> bool {
    let layer = LayerId::new(PopupKind::Popup.order(), popup);
    ui.pointer_interact_pos().and_then(|at| ui.ctx().layer_id_at(at)).is_some_and(|under| under == layer)
}

/// Draws the text field, which keeps the focus if `keeps_focus`.
fn edit_ui(ui: &mut Ui, field: Field<'_>, edit: TextInput<'_>, keeps_focus: bool) -> Response {
    let before = ui.options(|options| options.input_options.surrender_focus_on);
    if keeps_focus {
        // A press on the list would take the focus from the field, the list would close, and no click would come of it.
        ui.options_mut(|options| options.input_options.surrender_focus_on = SurrenderFocusOn::Never);
    }
    let response = field.text(ui, edit).response.response;
    ui.options_mut(|options| options.input_options.surrender_focus_on = before);
    response
}

fn list_popup(field: &Response, id: Id, is_open: bool) -> Popup<'_> {
    Popup::from_response(field)
        .id(id)
        .kind(PopupKind::Popup)
        .open(is_open)
        .align(RectAlign::BOTTOM_START)
        .align_alternatives(&[RectAlign::TOP_START])
        .close_behavior(PopupCloseBehavior::IgnoreClicks)
        .width(field.rect.width())
        .gap(4.0)
}

/// Draws the options that were found, and marks the one that the pointer moves over; the option that was clicked.
fn options_ui<C: AsRef<str>, N: AsRef<str>>(
    ui: &mut Ui,
    options: &[(C, N)],
    found: &[usize],
    marked: &mut Option<usize>,
    scrolls_to_marked: bool,
) -> Option<usize> {
    let is_moving = ui.input(|input| input.pointer.is_moving());
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    scroll_ui(ui, "the choices", ScrollArea::vertical().max_height(220.0), |ui| {
        for (i, &option) in found.iter().enumerate() {
            let (code, name) = &options[option];
            let is_marked = *marked == Some(i);
            let row = option_ui(ui, code.as_ref(), name.as_ref(), is_marked);
            if is_marked && scrolls_to_marked {
                row.scroll_to_me_animation(None, egui::style::ScrollAnimation::none());
            }
            if row.hovered() && is_moving {
                *marked = Some(i);
            }
            if row.clicked() {
                clicked = Some(option);
            }
        }
    });
    clicked
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
