//! Toasts: short messages at the bottom of the window that leave by themselves, errors excepted.

use crate::{
    domain::foreign,
    ui::{
        icons,
        theme::{self, DesignTokens},
        widgets::{IconButton, Tone, key_cap_ui, paint},
    },
};
use egui::{
    Align2, Area, Button, Context, Frame, Id, Label, Margin, Order, RichText, Role, Sense, Ui, UiBuilder, vec2,
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
    is_whole: bool,
}

impl<A, C> Toast<A, C> {
    /// A message in `tone`.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), keys: String::new(), action: None, cause: None, is_whole: tone == Tone::Error }
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

    /// Shows the whole text, on several lines if need be. What to do about an error stands at its end, so an error is
    /// always shown whole.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.is_whole = true;
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
    lift: f32,
}

impl<A, C> Default for Toasts<A, C> {
    fn default() -> Self {
        Self { shown: Vec::new(), next_number: 0, lift: 0.0 }
    }
}

impl<A, C: PartialEq> Toasts<A, C> {
    /// How long a message stays.
    const STAYS_SECS: f64 = 5.0;
    /// More than these push out the oldest.
    const MOST: usize = 4;
    /// Their distance from the bottom of the window, above the status line.
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

    /// Lifts the messages by so many points, off what they must not cover.
    pub fn lift(&mut self, points: f32) {
        self.lift = points;
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
            return None;
        }
        let mut gone = None;
        let mut acted = false;
        let mut read = false;
        let mut bottom = Self::BOTTOM + self.lift;
        for shown in self.shown.iter().rev() {
            let area = Area::new(Id::unique(("toast", shown.number)))
                .order(Order::Foreground)
                .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -bottom))
                .show(ctx, |ui| {
                    ui.set_max_width((ctx.content_rect().width() - 48.0).min(640.0));
                    toast_ui(ui, &shown.toast)
                });
            bottom += area.response.rect.height() + 8.0;
            // The pointer on one message keeps all of them, or those below would move while they are read.
            read |= area.response.contains_pointer();
            if area.inner != ToastResponse::Nothing {
                gone = Some(shown.number);
                acted = area.inner == ToastResponse::Action;
            }
        }
        for shown in &mut self.shown {
            let stays = shown.toast.tone == Tone::Error;
            if !stays && (read || shown.leaves_at.is_none()) {
                shown.leaves_at = Some(now + Self::STAYS_SECS);
            }
        }
        let next = self.shown.iter().filter_map(|shown| shown.leaves_at).fold(f64::INFINITY, f64::min);
        if next.is_finite() {
            ctx.request_repaint_after(Duration::from_secs_f64((next - now).max(0.0)));
        }

        let index = self.shown.iter().position(|shown| Some(shown.number) == gone)?;
        let shown = self.shown.remove(index);
        ctx.request_repaint();
        shown.toast.action.filter(|_| acted).map(|(_, action)| action)
    }
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
                    ui.add(if toast.is_whole { text.wrap().selectable(true) } else { text.truncate() });
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
