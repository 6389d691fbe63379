//! What stands above the history's table: the search and the filters, or what can be done to several selected entries.

use std::cell::RefCell;

use egui::{Response, RichText, Role, Ui, accesskit::Live};

use super::{
    dates,
    state::{HistoryContext, HistoryState},
};
use crate::{
    domain::{
        call::api::Target,
        history::{account_filter::AccountFilter, entry::EntryStatus},
    },
    messages::{JobRequest, RefreshScope},
    ui::{
        action::{Action, MiddlePane},
        icons::{self, Icon},
        pane_tabs::pane_tabs_ui,
        shortcuts::{LocalKey, Shortcut},
        theme,
        widgets::{
            ChoiceChip, FilterChip, IconButton, QuietButton, caret::lead_to, chip::grouped, ends_ui, field::search_ui,
            paint,
        },
    },
};

/// Draws the names of the panes, the search, and what is done to the whole history.
pub(super) fn title_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    // A narrow pane has the search on a line of its own.
    let is_narrow = ui.available_width() < 560.0;
    let mut of_left = Vec::new();
    // The width that the tabs and the buttons leave for the search.
    let width = (ui.available_width() - 492.0).clamp(120.0, 230.0);
    ends_ui(
        ui,
        theme::BUTTON_HEIGHT,
        |ui| {
            pane_tabs_ui(ui, MiddlePane::History, ctx.history.counts.all(), ctx.requests, &mut of_left);
        },
        |ui| {
            if !is_narrow {
                find_ui(ui, state, width);
            }
            let runs = ui.add(QuietButton::new("Runs…"));
            if runs.on_hover_text(Shortcut::Runs.tip("Make many tokens, and see what came as expected")).clicked() {
                actions.push(Action::Do(Shortcut::Runs));
            }
            let export = QuietButton::new("Export…").icon(icons::DOWNLOAD);
            if ui.add(export).on_hover_text(Shortcut::Export.tip("Write the history to a file")).clicked() {
                actions.push(Action::Do(Shortcut::Export));
            }
            let import = IconButton::new(icons::FOLDER_OPEN, "Import…").keys(Shortcut::Import.keys());
            if ui.add(import).clicked() {
                actions.push(Action::Do(Shortcut::Import));
            }
            if ctx.target == Target::Stripe {
                let words = "Ask Stripe which unused tokens were used";
                let button = IconButton::new(icons::REFRESH_CW, words);
                if ui.add_enabled(ctx.refreshing.is_none(), button).clicked() {
                    actions.push(Action::Run(JobRequest::Refresh(RefreshScope::AllUnused(Target::Stripe))));
                }
            }
        },
    );
    actions.append(&mut of_left);
    if is_narrow {
        let width = ui.available_width() - 50.0;
        find_ui(ui, state, width);
    }
}

fn find_ui(ui: &mut Ui, state: &mut HistoryState, width: f32) {
    let id = egui::Id::unique("history_search");
    let name = "Search id, card, note, #tag";
    let response = search_ui(ui, id, &mut state.filter.search, name, "", width).response.response;
    let tip = "Words in id, last4, brand, outcome, note, tags, status, source and what used a token";
    let response = response.on_hover_text(Shortcut::SearchHistory.tip(tip));
    if std::mem::take(&mut state.focus_search) {
        lead_to(ui.ctx(), response.id);
    }
}

/// Draws the filters.
pub(super) fn chips_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>) {
    /// The width that the usual chips and the targets take, and that of one more status or of the accounts, in points.
    const USUAL: f32 = 540.0;
    const ONE_MORE: f32 = 110.0;
    let counts = &ctx.history.counts;
    let is_usual = |status| matches!(status, EntryStatus::Unused | EntryStatus::Used | EntryStatus::Failed);
    let chosen = state.filter.status;
    let shown = EntryStatus::ALL.map(|status| is_usual(status) || counts.of(status) > 0 || chosen == Some(status));
    let more = shown.iter().filter(|is_shown| **is_shown).count() - 3 + usize::from(has_account_chip(state, ctx));
    if ui.available_width() < USUAL + ONE_MORE * more as f32 {
        ui.horizontal_wrapped(|ui| {
            statuses_ui(ui, state, ctx, shown);
            targets_ui(ui, state, ctx);
        });
        return;
    }
    let state = RefCell::new(state);
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| statuses_ui(ui, &mut state.borrow_mut(), ctx, shown),
        |ui| targets_ui(ui, &mut state.borrow_mut(), ctx),
    );
}

/// Whether accounts can be told apart: where there is more than one.
fn has_account_chip(state: &HistoryState, ctx: &HistoryContext<'_>) -> bool {
    ctx.accounts.len() > 1 || state.filter.account.is_some()
}

fn statuses_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, shown: [bool; 6]) {
    ui.spacing_mut().item_spacing.x = 6.0;
    if ui.add(FilterChip::new("All").selected(state.filter.status.is_none())).clicked() {
        state.filter.status = None;
    }
    for (status, _) in EntryStatus::ALL.into_iter().zip(shown).filter(|(_, is_shown)| *is_shown) {
        let is_selected = state.filter.status == Some(status);
        let chip = FilterChip::new(status.label()).count(ctx.history.counts.of(status)).selected(is_selected);
        if ui.add(chip).clicked() {
            state.filter.status = (!is_selected).then_some(status);
        }
    }
    dates::days_ui(ui, &mut state.days, &mut state.focus_from, ctx.now);
}

fn targets_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    if has_account_chip(state, ctx) {
        let account = ChoiceChip { name: "Account", any: "Any account" };
        // The counts are those of calls, not of tokens.
        let choices = || ctx.accounts.iter().map(|(account, _)| (account.clone(), None)).collect();
        account.ui(ui, &mut state.filter.account, AccountFilter::words, choices);
    }
    for target in [Target::Local, Target::Stripe] {
        let is_selected = state.filter.target == Some(target);
        if ui.add(FilterChip::new(target.label()).selected(is_selected)).clicked() {
            state.filter.target = (!is_selected).then_some(target);
        }
    }
}

/// What was pressed in the bar of the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SelectionAction {
    Narrow,
    Delete,
    Export,
    Refresh,
    Run,
    Tag,
    Compare,
}

/// A button in the bar of the selection.
struct SelectionButton {
    what: SelectionAction,
    icon: Icon,
    name: &'static str,
    tip: String,
}

/// What of a button in the bar of the selection is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ButtonFace {
    Whole,
    /// Its text without its icon.
    Text,
    /// Its icon alone; its tooltip says the rest.
    Icon,
}

impl SelectionButton {
    /// What stands on it. The bar above has a button for an export too: a screen reader tells them apart by their names.
    fn text(&self) -> &'static str {
        if self.what == SelectionAction::Export { "Export…" } else { self.name }
    }

    /// How wide it is with this face.
    fn width(&self, ui: &Ui, face: ButtonFace) -> f32 {
        let text = || small_width(ui, self.text()) + 2.0 * ui.spacing().button_padding.x;
        match face {
            ButtonFace::Whole => text() + 14.0 + 5.0,
            ButtonFace::Text => text(),
            ButtonFace::Icon => theme::CHIP_HEIGHT,
        }
    }
}

/// The faces of the buttons in so much room: words as far as there is room for them, icons only beside words that all
/// fit.
fn faces(ui: &Ui, buttons: &[SelectionButton], gap: f32, room: f32) -> Vec<ButtonFace> {
    let width = |face| buttons.iter().map(|button| button.width(ui, face) + gap).sum::<f32>();
    for face in [ButtonFace::Whole, ButtonFace::Text] {
        if width(face) <= room {
            return vec![face; buttons.len()];
        }
    }
    let mut left = room - width(ButtonFace::Icon);
    let more = |button: &SelectionButton| button.width(ui, ButtonFace::Text) - button.width(ui, ButtonFace::Icon);
    let mut face = |button| {
        left -= more(button);
        if left >= 0.0 { ButtonFace::Text } else { ButtonFace::Icon }
    };
    buttons.iter().map(&mut face).collect()
}

/// How wide a text is as the bar of the selection shows it.
fn small_width(ui: &Ui, text: &str) -> f32 {
    let font = theme::semibold(theme::SMALL_SIZE);
    paint::line(ui, text, font, egui::Color32::PLACEHOLDER, f32::INFINITY).size().x.ceil()
}

/// Draws what can be done to the selected, in the place of the chips.
pub(super) fn selected_ui(ui: &mut Ui, state: &mut HistoryState, ctx: &HistoryContext<'_>, actions: &mut Vec<Action>) {
    let count = state.selection.ids().len();
    match selection_bar_ui(ui, count, ctx.refreshing.is_some()) {
        None => {}
        Some(SelectionAction::Narrow) => state.selection.narrow(),
        Some(SelectionAction::Delete) => state.delete_selected(ctx, actions),
        Some(SelectionAction::Export) => actions.push(Action::OpenExportOf(state.selection.ids().to_vec())),
        Some(SelectionAction::Run) => actions.push(Action::OpenRunOf(state.selection.ids().to_vec())),
        Some(SelectionAction::Refresh) => {
            actions.push(Action::Run(JobRequest::Refresh(RefreshScope::These(state.selection.ids().to_vec()))));
        }
        Some(SelectionAction::Tag) => state.annotate(ctx.history, None),
        Some(SelectionAction::Compare) => {
            if let [older, newer] = state.selection.ids() {
                actions.push(Action::Diff(*older, *newer));
            }
        }
    }
}

/// Draws the bar of so many selected entries; what was pressed in it.
fn selection_bar_ui(ui: &mut Ui, count: usize, is_refreshing: bool) -> Option<SelectionAction> {
    const GAP: f32 = 6.0;
    const CLOSE: f32 = 20.0;
    let words = format!("{} selected", grouped(count as u64));
    let buttons: Vec<SelectionButton> = selection_buttons(count).collect();
    let room = ui.available_width() - small_width(ui, &words) - 4.0 - GAP - CLOSE;
    let faces = faces(ui, &buttons, GAP, room);
    let mut pressed = None;
    // As high as the chips in whose place it stands: the table does not move.
    ui.spacing_mut().interact_size.y = theme::CHIP_HEIGHT;
    let row = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let label = ui.label(RichText::new(&words).font(theme::semibold(theme::SMALL_SIZE)));
        ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
        ui.add_space(4.0);
        for (button, face) in buttons.into_iter().zip(faces) {
            let what = button.what;
            let is_enabled = what != SelectionAction::Refresh || !is_refreshing;
            if selection_button_ui(ui, button, face, is_enabled).clicked() {
                pressed = Some(what);
            }
        }
        if ui.add(IconButton::new(icons::X, "Select one entry only").keys(LocalKey::Close.keys()).small()).clicked() {
            pressed = Some(SelectionAction::Narrow);
        }
    });
    ui.accesskit_node_builder(row.response.id, |node| {
        node.set_role(Role::Toolbar);
        node.set_label("Selected entries");
    });
    pressed
}

/// The buttons for so many selected entries: two can be compared.
fn selection_buttons(count: usize) -> impl Iterator<Item = SelectionButton> {
    let compare = (count == 2).then(|| SelectionButton {
        what: SelectionAction::Compare,
        icon: icons::GIT_COMPARE,
        name: "Compare",
        tip: Shortcut::Diff.tip("Show what differs between the two"),
    });
    compare.into_iter().chain([
        SelectionButton {
            what: SelectionAction::Tag,
            icon: icons::TAG,
            name: "Tag…",
            tip: Shortcut::Annotate.tip("Add tags or take them away"),
        },
        SelectionButton {
            what: SelectionAction::Run,
            icon: icons::ARROW_RIGHT,
            name: "Run again…",
            tip: "Make the same calls again as a run, with a verdict for each".to_owned(),
        },
        SelectionButton {
            what: SelectionAction::Refresh,
            icon: icons::REFRESH_CW,
            name: "Refresh",
            tip: "Ask Stripe which of the selected were used".to_owned(),
        },
        SelectionButton {
            what: SelectionAction::Export,
            icon: icons::DOWNLOAD,
            name: "Export selected…",
            tip: "Write the selected entries to a file".to_owned(),
        },
        SelectionButton {
            what: SelectionAction::Delete,
            icon: icons::TRASH_2,
            name: "Delete",
            tip: LocalKey::Delete.tip("Delete, with a way back"),
        },
    ])
}

fn selection_button_ui(ui: &mut Ui, button: SelectionButton, face: ButtonFace, is_enabled: bool) -> Response {
    let mut pill = QuietButton::new(button.text()).pill();
    if face == ButtonFace::Whole {
        pill = pill.icon(button.icon);
    }
    // Not within a scope, which would keep the row from wrapping.
    let response = match (face, button.what) {
        (ButtonFace::Icon, _) => {
            ui.add_enabled(is_enabled, IconButton::new(button.icon, button.name).side(theme::CHIP_HEIGHT))
        }
        (_, SelectionAction::Delete) => ui.add_enabled(is_enabled, pill.danger()),
        _ => ui.add_enabled(is_enabled, pill).accessible_name(button.name),
    };
    response.on_hover_text(button.tip).on_disabled_hover_text("A refresh is on its way")
}
