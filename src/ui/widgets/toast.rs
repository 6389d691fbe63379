//! Toasts: short messages at the bottom of the window that leave by themselves, errors excepted.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{IconButton, Tone, key_cap::KeyCap, key_cap_ui, modal::DialogPlace, paint},
    },
};
use egui::{
    Align2, Area, AreaState, Button, Context, Frame, Id, Label, LayerId, Margin, Order, Popup, Rect, RichText, Role,
    Sense, Ui, UiBuilder, pos2, vec2,
};
use std::time::Duration;

/// One message, with at most one thing to do about it. `C` is what it can be about: a message with a cause goes when
/// the cause is gone, or when there is something newer to say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast<A, C = ()> {
    tone: Tone,
    text: String,
    keys: String,
    action: Option<(String, A)>,
    cause: Option<C>,
    is_selectable: bool,
}

impl<A, C> Toast<A, C> {
    /// A message in `tone`.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        let is_selectable = tone == Tone::Error;
        Self { tone, text: text.into(), keys: String::new(), action: None, cause: None, is_selectable }
    }

    /// Something to do about it: "Undo".
    #[must_use]
    pub fn action(mut self, label: impl Into<String>, action: A) -> Self {
        self.action = Some((label.into(), action));
        self
    }

    /// What the message is about.
    #[must_use]
    pub fn cause(mut self, cause: C) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Lets the text be selected and copied, as that of an error always can be.
    #[must_use]
    pub fn selectable(mut self) -> Self {
        self.is_selectable = true;
        self
    }

    /// The keys that do it, shown before the action.
    #[must_use]
    pub fn keys(mut self, keys: impl Into<String>) -> Self {
        self.keys = keys.into();
        self
    }
}

struct ShownToast<A, C> {
    toast: Toast<A, C>,
    number: u64,
    /// The time of the window at which it leaves; set when it is first drawn.
    leaves_at: Option<f64>,
}

/// The messages now in sight.
pub struct Toasts<A, C = ()> {
    shown: Vec<ShownToast<A, C>>,
    next_number: u64,
    room: Option<Rect>,
    height: f32,
}

/// Where messages stand, from the bottom up.
#[derive(Clone, Copy, Debug)]
struct ToastPlace {
    /// Where the lowest ends, and the highest begins at most.
    bottom: f32,
    top: f32,
    center: f32,
    width: f32,
}

impl ToastPlace {
    fn new(room: Rect, margin: f32) -> Self {
        let width = (room.width() - 2.0 * margin).min(640.0);
        Self { bottom: room.bottom(), top: room.top(), center: room.center().x, width }
    }

    /// Whether messages of these heights, with gaps between, are no higher than the place.
    fn has_room_for(&self, heights: impl Iterator<Item = f32>) -> bool {
        heights.map(|height| height + GAP).sum::<f32>() <= self.bottom - self.top + GAP
    }
}

/// Space between two messages, and the usual height of one, in points.
const GAP: f32 = 8.0;
const USUAL_HEIGHT: f32 = 36.0;

impl<A, C> Default for Toasts<A, C> {
    fn default() -> Self {
        Self { shown: Vec::new(), next_number: 0, room: None, height: 0.0 }
    }
}

impl<A, C: PartialEq> Toasts<A, C> {
    /// How long a message stays.
    const STAYS_SECS: f64 = 5.0;
    /// More than these push out the oldest.
    const MOST: usize = 4;
    /// Their distance from the bottom of a window that gives them no room of their own.
    const BOTTOM: f32 = 44.0;

    /// Shows `toast` below those already there, in place of what was said of its cause before.
    pub fn push(&mut self, toast: Toast<A, C>) {
        if let Some(cause) = &toast.cause {
            self.settle(cause);
        }
        self.shown.push(ShownToast { toast, number: self.next_number, leaves_at: None });
        self.next_number += 1;
        if self.shown.len() > Self::MOST {
            // An error stays until it was read, unless there is nothing else.
            let oldest = self.shown.iter().position(|shown| shown.toast.tone != Tone::Error);
            self.shown.remove(oldest.unwrap_or(0));
        }
    }

    /// Shows the messages at the bottom of this room, and nowhere else while no dialog is open.
    pub fn keep_within(&mut self, room: Rect) {
        self.room = Some(room);
    }

    /// How high the messages were in their room when they were drawn last, in points: what can be pressed ends above.
    pub fn height(&self) -> f32 {
        self.height
    }

    /// Takes away what was said of this cause, which is gone.
    pub fn settle(&mut self, cause: &C) {
        self.shown.retain(|shown| shown.toast.cause.as_ref() != Some(cause));
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Draws them and returns the action that was clicked.
    pub fn ui(&mut self, ctx: &Context) -> Option<A> {
        let now = ctx.input(|input| input.time);
        self.shown.retain(|shown| shown.leaves_at.is_none_or(|leaves_at| now < leaves_at));
        if self.shown.is_empty() {
            self.take_height(ctx, 0.0);
            return None;
        }
        let mut gone = None;
        let mut acted = false;
        let mut read = false;
        let dialog = DialogPlace::of(ctx);
        let has_menu = Popup::is_any_open(ctx);
        let place = self.place(ctx, dialog.as_ref());
        let mut bottom = place.bottom;
        for (nth, shown) in self.shown.iter_mut().rev().enumerate() {
            let id = Id::unique(("toast", shown.number));
            // What has no room waits, and stays as long afterwards. The newest is always shown.
            if nth > 0 && bottom - known_height(ctx, id) < place.top {
                break;
            }
            // Above a dialog, which leaves room for it; below a menu, which does not.
            let order = if has_menu && dialog.is_none() { Order::Middle } else { Order::Foreground };
            if dialog.is_some() != has_menu {
                ctx.move_to_top(LayerId::new(order, id));
            }
            let area = Area::new(id)
                .order(order)
                .pivot(Align2::CENTER_BOTTOM)
                .fixed_pos(pos2(place.center, bottom))
                .constrain_to(ctx.content_rect())
                .show(ctx, |ui| {
                    ui.set_max_width(place.width);
                    toast_ui(ui, &shown.toast)
                });
            shown.leaves_at.get_or_insert(now + Self::STAYS_SECS);
            bottom -= area.response.rect.height() + GAP;
            // The pointer on one message keeps all of them, or those below would move while they are read.
            read |= area.response.contains_pointer();
            if area.inner != ToastResponse::Nothing {
                gone = Some(shown.number);
                acted = area.inner == ToastResponse::Action;
            }
        }
        for shown in &mut self.shown {
            if shown.toast.tone == Tone::Error {
                shown.leaves_at = None;
            } else if read && shown.leaves_at.is_some() {
                shown.leaves_at = Some(now + Self::STAYS_SECS);
            }
        }
        self.take_height(ctx, if dialog.is_some() { 0.0 } else { place.bottom - bottom });
        let next = self.shown.iter().filter_map(|shown| shown.leaves_at).fold(f64::INFINITY, f64::min);
        if next.is_finite() {
            ctx.request_repaint_after(Duration::from_secs_f64((next - now).max(0.0)));
        }

        let index = self.shown.iter().position(|shown| Some(shown.number) == gone)?;
        let shown = self.shown.remove(index);
        ctx.request_repaint();
        shown.toast.action.filter(|_| acted).map(|(_, action)| action)
    }

    fn take_height(&mut self, ctx: &Context, height: f32) {
        if (std::mem::replace(&mut self.height, height) - height).abs() > 0.5 {
            ctx.request_repaint();
        }
    }

    /// Where the messages stand: below an open dialog if there is room for all of them, else over its title. They never
    /// cover what can be pressed in it.
    fn place(&self, ctx: &Context, dialog: Option<&DialogPlace>) -> ToastPlace {
        const MARGIN: f32 = 24.0;
        let window = ctx.content_rect();
        // A window that is not drawn yet has no room.
        let own = self.room.filter(Rect::is_positive);
        let Some(dialog) = dialog else {
            let room = own.unwrap_or(window.with_max_y(window.bottom() - Self::BOTTOM));
            return ToastPlace::new(room, MARGIN);
        };
        let below =
            window.with_min_y((dialog.rect.bottom() + GAP).min(window.bottom())).with_max_y(window.bottom() - GAP);
        let below = ToastPlace::new(below, MARGIN);
        let heights = self.shown.iter().map(|shown| known_height(ctx, Id::unique(("toast", shown.number))));
        if below.has_room_for(heights) {
            return below;
        }
        ToastPlace::new(dialog.title().with_min_y(window.top() + GAP).translate(vec2(0.0, 4.0)), 0.0)
    }
}

/// How high a message was when it was drawn last.
fn known_height(ctx: &Context, id: Id) -> f32 {
    AreaState::load(ctx, id).and_then(|area| area.size).map_or(USUAL_HEIGHT, |size| size.y)
}

/// How wide the key cap and the buttons of a message are, with the gaps before them.
fn controls_width<A, C>(ui: &Ui, toast: &Toast<A, C>) -> f32 {
    let gap = ui.spacing().item_spacing.x;
    let t = DesignTokens::of(ui);
    let keys = (!toast.keys.is_empty()).then(|| KeyCap::new(ui, &toast.keys, t.subdued, t.border).size().x);
    let action = toast.action.as_ref().map(|(label, _)| {
        let font = theme::regular(theme::BODY_SIZE);
        paint::line(ui, label, font, t.text, f32::INFINITY).size().x + 2.0 * ui.spacing().button_padding.x
    });
    let dismiss = (toast.tone == Tone::Error).then_some(20.0);
    [keys, action, dismiss].into_iter().flatten().map(|width| width + gap).sum()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ToastResponse {
    Nothing,
    Action,
    Dismiss,
}

fn toast_ui<A, C>(ui: &mut Ui, toast: &Toast<A, C>) -> ToastResponse {
    let t = DesignTokens::of(ui);
    let mut asked = ToastResponse::Nothing;
    let words = foreign::block(&toast.text);
    let builder = UiBuilder::new().accessibility_role(Role::Alert).accessibility_label(words.clone().into_owned());
    ui.scope_builder(builder, |ui| {
        ui.accesskit_node_builder(ui.unique_id(), |node| node.set_live(toast.tone.live()));
        Frame::new()
            .fill(t.raised)
            .stroke(t.field_stroke())
            .corner_radius(theme::RADIUS_FLOAT)
            .shadow(t.float_shadow())
            .inner_margin(Margin::symmetric(14, 8))
            .show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 20.0;
                ui.horizontal(|ui| {
                    ui.spacing_mut().button_padding = vec2(2.0, 0.0);
                    let (icon, _) = ui.allocate_exact_size(vec2(14.0, 20.0), Sense::hover());
                    let sign = if toast.tone == Tone::Ok { icons::CHECK } else { toast.tone.icon() };
                    let color = toast.tone.color(t);
                    let glyph = paint::line(ui, &sign.glyph().to_string(), icons::font(14.0), color, f32::INFINITY);
                    paint::galley_center(ui.painter(), glyph, icon.center());
                    ui.add_space(2.0);
                    let text = Label::new(words);
                    ui.scope(|ui| {
                        // What can be done about it keeps its room beside the words.
                        ui.set_max_width((ui.available_width() - controls_width(ui, toast)).max(80.0));
                        let text = text.wrap();
                        ui.add(if toast.is_selectable { text.selectable(true) } else { text });
                    });
                    if !toast.keys.is_empty() {
                        key_cap_ui(ui, &toast.keys);
                    }
                    if let Some((label, _)) = &toast.action {
                        let words = RichText::new(label).color(t.accent_text);
                        let button = ui.add(Button::new(words).frame(false).min_size(vec2(0.0, 20.0)));
                        if button.has_focus() {
                            paint::button_focus_ring(ui, button.rect, theme::RADIUS_SMALL);
                        }
                        if button.clicked() {
                            asked = ToastResponse::Action;
                        }
                    }
                    if toast.tone == Tone::Error && ui.add(IconButton::new(icons::X, "Dismiss").small()).clicked() {
                        asked = ToastResponse::Dismiss;
                    }
                });
            });
    });
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_with_its_cause_and_gives_way_to_a_newer_word_about_it() {
        let mut toasts: Toasts<(), &str> = Toasts::default();
        let shown = |toasts: &Toasts<(), &str>| -> Vec<String> {
            toasts.shown.iter().map(|shown| shown.toast.text.clone()).collect()
        };
        toasts.push(Toast::new(Tone::Error, "the port is taken").cause("server"));
        toasts.push(Toast::new(Tone::Error, "the disk is full").cause("export"));
        toasts.push(Toast::new(Tone::Ok, "copied"));
        toasts.push(Toast::new(Tone::Ok, "exported").cause("export"));
        assert_eq!(shown(&toasts), ["the port is taken", "copied", "exported"]);
        toasts.settle(&"server");
        toasts.settle(&"nothing of this kind");
        assert_eq!(shown(&toasts), ["copied", "exported"]);
    }
}
