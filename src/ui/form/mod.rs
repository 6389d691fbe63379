//! The form of a new token: every parameter of the call, what each field lacks, and what Stripe will answer.

mod card_fields;
mod card_text;
mod facts;
mod footer;
mod network;
mod outcome;
mod raw;
mod sections;
mod state;

use egui::{Context, RichText, ScrollArea, Ui};

pub use self::state::{FormComplaint, FormContext, FormState, QuickPreset, field_id};
use self::{
    card_fields::{card_face_ui, cvc_ui, expiry_ui, number_ui},
    footer::footer_ui,
    network::network_ui,
    outcome::outcome_ui,
    raw::raw_ui,
    sections::{plain_text, plain_ui, sections_ui},
};
use super::{
    action::{Action, PresetAction},
    icons,
    shortcuts::Shortcut,
    theme,
    theme::DesignTokens,
    widgets::{
        IconButton, InlineAlert, Tone, above_foot_ui,
        caret::{select_all, set_caret},
        ends_ui, scroll_ui,
    },
};
use crate::domain::{
    card::typing::CardField,
    form::{draft::Draft, field_state::FormField},
};

/// How much room the form has. Whatever it is, number, expiry, security code, name and button are seen without
/// scrolling while nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormRoom {
    /// Everything closer together, and neither card nor presets: a small window that is zoomed as far as it may be.
    Tight,
    /// No card.
    Small,
    /// A low card.
    Medium,
    /// The whole card.
    Large,
}

impl FormRoom {
    /// The room of a pane with this height in points. The card is drawn where the preferred network can be seen below
    /// it, three lines of what will come included.
    fn of(height: f32) -> Self {
        match height {
            ..440.0 => Self::Tight,
            ..584.0 => Self::Small,
            ..664.0 => Self::Medium,
            _ => Self::Large,
        }
    }

    fn field_gap(self) -> f32 {
        if self == Self::Tight { 8.0 } else { theme::FIELD_GAP }
    }

    /// Between the parts of the head.
    fn head_gap(self) -> f32 {
        if self == Self::Tight { 6.0 } else { 10.0 }
    }

    /// Above the head.
    fn top(self) -> i8 {
        if self == Self::Tight { 8 } else { theme::PANE_PADDING }
    }

    /// Above and below the foot.
    fn foot_margin(self) -> i8 {
        if self == Self::Tight { 8 } else { 12 }
    }
}

/// Draws the form.
pub fn form_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, actions: &mut Vec<Action>) {
    state.forget_edits(ui.ctx());
    state.follow(ctx);
    let room = FormRoom::of(ui.available_height());
    let sides = theme::PANE_PADDING;
    // What should happen stays in sight, wherever the fields are scrolled to.
    let head = egui::Margin { left: sides, right: sides, top: room.top(), bottom: room.head_gap() as i8 };
    egui::Frame::new().inner_margin(head).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = room.head_gap();
        header_ui(ui, actions);
        outcome_ui(ui, state, ctx, room != FormRoom::Tight, actions);
    });
    let mut both = (state, actions);
    above_foot_ui(
        ui,
        &mut both,
        |ui, (state, _)| {
            scroll_ui(ui, "the form", ScrollArea::vertical().auto_shrink(false), |ui| {
                let body = egui::Margin { left: sides, right: sides, top: 4, bottom: sides };
                egui::Frame::new().inner_margin(body).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = room.field_gap();
                    fields_ui(ui, state, ctx, room);
                });
            });
        },
        |ui, (state, actions)| {
            let margin = egui::Margin::symmetric(sides, room.foot_margin());
            let bar = egui::Frame::new().fill(DesignTokens::of(ui).panel).inner_margin(margin);
            bar.show(ui, |ui| footer_ui(ui, state, ctx, actions));
        },
    );
    let (state, _) = both;
    if std::mem::take(&mut state.is_filled) && state.focus_next.is_none() {
        const TYPED: [FormField; 4] = [FormField::Number, FormField::Expiry, FormField::Cvc, FormField::Name];
        state.focus_next = TYPED.into_iter().find(|field| ui.memory(|memory| memory.has_focus(field_id(*field))));
    }
    let at_end = state.focus_end.take().map(|field| (field, false));
    if let Some((field, selects)) = state.focus_next.take().map(|field| (field, true)).or(at_end) {
        put_focus(ui.ctx(), field, &mut state.draft, selects);
        state.bring = Some(field);
    }
}

fn put_focus(ctx: &Context, field: FormField, draft: &mut Draft, selects: bool) {
    let id = field_id(field);
    ctx.memory_mut(|memory| memory.request_focus(id));
    let shown = match field {
        FormField::Number => &CardField::Number.show(draft.number.expose()),
        FormField::Expiry => &CardField::Expiry.show(&draft.expiry),
        FormField::Cvc => draft.cvc.expose(),
        FormField::Country => &draft.address.country,
        FormField::Currency => &draft.currency,
        FormField::Network => return,
        _ => &*plain_text(draft, field),
    };
    if selects {
        select_all(ctx, id, shown);
    } else {
        set_caret(ctx, id, shown.chars().count());
    }
}

fn header_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| ui.label(RichText::new("New token").font(theme::semibold(theme::BODY_SIZE))),
        |ui| {
            let clear = IconButton::new(icons::UNDO_2, "Clear the form").keys(Shortcut::ClearForm.keys()).small();
            if ui.add(clear).clicked() {
                actions.push(Action::Do(Shortcut::ClearForm));
            }
            if ui.add(IconButton::new(icons::STAR, "Save the form as a preset…").small()).clicked() {
                actions.push(Action::Preset(PresetAction::OpenSave));
            }
        },
    );
}

fn fields_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, room: FormRoom) {
    state.refresh_shown();
    if matches!(room, FormRoom::Medium | FormRoom::Large) {
        card_face_ui(ui, state, ctx, room == FormRoom::Medium);
    }
    if state.draft.raw.is_none() {
        if state.draft.is_clone() {
            let text = "A token for a saved card is made of the customer and the card's id alone";
            InlineAlert::new(Tone::Info, "The card fields are not sent").text(text).ui(ui);
        }
        ui.add_enabled_ui(!state.draft.is_clone(), |ui| {
            number_ui(ui, state, ctx);
            ui.columns_const(|[left, right]| {
                expiry_ui(left, state, ctx);
                cvc_ui(right, state, ctx);
            });
            plain_ui(ui, state, FormField::Name, "Name on card", "Jenny Rosen");
            network_ui(ui, state, ctx);
        });
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            sections_ui(ui, state);
            raw_ui(ui, state);
        });
    } else {
        raw_ui(ui, state);
    }
}
