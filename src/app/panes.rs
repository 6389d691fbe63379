//! The window's panes and dialogs: what is drawn where, what is folded, and how the focus goes from one to another.

use egui::{Context, Ui, ViewportCommand};
use jiff::Timestamp;

use super::{App, code_context};
use crate::{
    domain::{form::field_state::FormField, settings::layout::WindowLayout},
    messages::WorkerCommand,
    model::StorageState,
    ui::{
        Action, MiddlePane,
        bars::{self, BarContext},
        dialogs::{
            closing::{self, ClosingAnswer, ClosingState},
            evidence,
            export::{self, ExportContext},
            import::{self, ImportContext},
            keep::{self, KeepContext},
            keys, preset,
            runs::{self, RunsContext},
            server::{self, ServerContext},
            use_token,
        },
        form::{self, FormContext},
        history::{self, HistoryContext},
        icons,
        inspector::{self, InspectedCall, InspectedEntry, InspectedSubject},
        layout::{self, GrowthSide, InspectorDock, WindowPart},
        palette::{self, PaletteContext},
        requests::{self, RequestsContext},
        settings::{self, SettingsContext},
        shortcuts::LocalKey,
        theme,
        widgets::IconButton,
        words,
    },
};

impl App {
    /// Draws the panes; below a dialog without the pointer, which is the dialog's. The toolkit keeps a tooltip open for as
    /// long as the pointer rests on the place of its widget, a dialog above it or not.
    pub(super) fn panes_below_dialogs_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let has_dialog = self.views.dialogs.is_any_open();
        let height = if self.is_drawer_shown(ui.ctx()) { 0.0 } else { self.views.toasts.height() };
        (self.views.history.messages_height, self.views.requests.messages_height) = (height, height);
        let pointer = has_dialog.then(|| ui.input_mut(|input| std::mem::take(&mut input.pointer)));
        self.panes_ui(ui, actions);
        if let Some(pointer) = pointer {
            ui.input_mut(|input| input.pointer = pointer);
        }
    }

    fn panes_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let t = theme::DesignTokens::of(ui);
        let now = self.clock.now();
        self.bars_ui(ui, actions);
        let mut room = ui.available_rect_before_wrap();
        let plan = layout::plan(room.width(), &self.frame.layout.now, self.frame.drawer_is_open);
        if let Some(width) = plan.form {
            let place = room.with_max_x(room.left() + width);
            self.frame.parts.set(WindowPart::Form, place);
            layout::pane_ui(ui, "Form", place, t.panel, |ui| self.form_ui(ui, now, actions));
            room.min.x = place.right();
            self.form_splitter_ui(ui, width, &plan);
        }
        let place = match plan.inspector {
            InspectorDock::Beside(width) => room.with_max_x(room.right() - width),
            InspectorDock::Drawer(_) | InspectorDock::Hidden => room,
        };
        self.frame.parts.set(WindowPart::Middle, place);
        layout::pane_ui(ui, "Middle", place, t.canvas, |ui| self.middle_ui(ui, now, actions));
        match plan.inspector {
            InspectorDock::Beside(width) => {
                let place = room.with_min_x(place.right());
                self.frame.parts.set(WindowPart::Inspector, place);
                self.inspector_splitter_ui(ui, width, &plan);
                layout::pane_ui(ui, "Inspector", place, t.panel, |ui| self.inspector_ui(ui, actions));
            }
            InspectorDock::Drawer(width) => self.drawer_ui(ui, width, actions),
            InspectorDock::Hidden => {}
        }
        self.repaint_when_words_change(ui.ctx(), now);
    }

    /// The bars above and below the panes.
    fn bars_ui(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let t = theme::DesignTokens::of(ui);
        let bar = egui::Frame::new().fill(t.panel).inner_margin(egui::Margin::symmetric(12, 6));
        egui::Panel::top("bar").frame(bar).resizable(false).show(ui, |ui| {
            let context = BarContext {
                settings: &self.settings,
                key: self.model.key(self.settings.profiles.active().id),
                server: &self.model.server,
                faults: self.faults.rules.len(),
            };
            bars::top_bar_ui(ui, &context, actions);
        });
        let line = egui::Frame::new().fill(t.panel).inner_margin(egui::Margin::symmetric(12, 5));
        egui::Panel::bottom("status").frame(line).resizable(false).show(ui, |ui| {
            bars::status_bar_ui(ui, &self.model);
        });
    }

    fn form_ui(&mut self, ui: &mut Ui, now: Timestamp, actions: &mut Vec<Action>) {
        let context = FormContext {
            now,
            target: self.settings.target(),
            policies: self.settings.policies,
            moves_on: self.settings.form.moves_on,
            defaults: &self.settings.form,
            is_blocked: matches!(self.model.storage, StorageState::Unusable(_)),
            quick: self.presets.quick(),
        };
        form::form_ui(ui, &mut self.views.form, &context, actions);
    }

    /// "2 min ago" becomes "3 min ago" by itself; nothing else happens without a reason.
    fn repaint_when_words_change(&self, ctx: &Context, now: Timestamp) {
        let newest = match self.views.pane {
            MiddlePane::History => {
                self.model.history.id_at(0).and_then(|id| self.model.history.row(id)).map(|row| row.started)
            }
            MiddlePane::Requests => self.model.requests.rows().first().map(|row| row.started),
        };
        if let Some(later) = newest.and_then(|started| words::until_next_words(started, now)) {
            ctx.request_repaint_after(later);
        }
    }

    fn inspector_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let stop = layout::landmark_ui(ui, egui::Id::unique("inspector_stop"), "Inspector", ui.max_rect());
        // What opens in this frame is measured first, and cannot have the focus yet.
        if self.frame.focus.goes_to_inspector && !ui.is_sizing_pass() {
            self.frame.focus.goes_to_inspector = false;
            stop.request_focus();
        }
        let call = self.model.exchange.as_ref().map(|(id, exchange)| {
            let row = self.model.requests.place_of(*id).map(|place| &self.model.requests.rows()[place]);
            InspectedCall { id: *id, exchange, row }
        });
        let subject = match self.views.pane {
            MiddlePane::History if self.views.inspector.shows_diff() => {
                InspectedSubject::Compared(self.model.compared.as_ref())
            }
            MiddlePane::History => InspectedSubject::Entry(self.model.detail.as_ref().map(|detail| {
                let life = self.model.life.as_ref();
                InspectedEntry { detail, life, call }
            })),
            MiddlePane::Requests => InspectedSubject::Call(call),
        };
        let code = code_context(&self.model, &self.settings, self.views.pane);
        inspector::inspector_ui(ui, &mut self.views.inspector, subject, &code, &self.settings.profiles, actions);
    }

    /// The inspector over the middle, in a window that has no room beside it.
    fn drawer_ui(&mut self, ui: &mut Ui, width: f32, actions: &mut Vec<Action>) {
        let t = theme::DesignTokens::of(ui);
        let middle = self.frame.parts.of(WindowPart::Middle);
        let rect = middle.with_min_x(middle.right() - width);
        let frame = egui::Frame::new().fill(t.panel).stroke(t.hairline()).shadow(t.float_shadow());
        let area = egui::Area::new(egui::Id::unique("drawer")).order(egui::Order::Middle).fixed_pos(rect.min);
        let closed = area
            .show(ui.ctx(), |ui| {
                frame.show(ui, |ui| {
                    ui.set_min_size(rect.size());
                    ui.set_max_size(rect.size());
                    ui.set_clip_rect(rect);
                    let closed = drawer_head_ui(ui);
                    ui.set_max_height((ui.available_height() - self.views.toasts.height()).max(60.0));
                    self.inspector_ui(ui, actions);
                    closed
                })
            })
            .inner
            .inner;
        self.frame.parts.set(WindowPart::Inspector, rect);
        let is_left = !self.views.dialogs.is_any_open()
            && !self.frame.focus.esc_is_taken
            && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        if closed || is_left {
            self.frame.drawer_is_open = false;
            self.go_to(ui.ctx(), WindowPart::Middle);
        }
    }

    /// The bar at the right of the form.
    fn form_splitter_ui(&mut self, ui: &Ui, width: f32, plan: &layout::PanePlan) {
        let edge = layout::edge_of(self.frame.parts.of(WindowPart::Form), GrowthSide::Right);
        if let Some(moved) =
            layout::splitter_ui(ui, "Width of the form", edge, GrowthSide::Right, width, plan.form_range)
        {
            self.frame.layout.now.form_width = moved.unwrap_or(WindowLayout::default().form_width);
        }
    }

    /// The bar at the left of the inspector.
    fn inspector_splitter_ui(&mut self, ui: &Ui, width: f32, plan: &layout::PanePlan) {
        let edge = layout::edge_of(self.frame.parts.of(WindowPart::Inspector), GrowthSide::Left);
        let name = "Width of the inspector";
        if let Some(moved) = layout::splitter_ui(ui, name, edge, GrowthSide::Left, width, plan.inspector_range) {
            self.frame.layout.now.inspector_width = moved;
        }
    }

    pub(super) fn is_small(&self, ctx: &Context) -> bool {
        layout::is_small(ctx.content_rect().width(), &self.frame.layout.now)
    }

    /// Whether the inspector lies over the middle.
    pub(super) fn is_drawer_shown(&self, ctx: &Context) -> bool {
        self.is_small(ctx) && self.frame.drawer_is_open
    }

    pub(super) fn inspector_is_shown(&self, ctx: &Context) -> bool {
        if self.is_small(ctx) { self.frame.drawer_is_open } else { self.frame.layout.now.inspector_is_open }
    }

    pub(super) fn fold_inspector(&mut self, ctx: &Context) {
        let is_shown = self.inspector_is_shown(ctx);
        if self.is_small(ctx) {
            self.frame.drawer_is_open = !is_shown;
        } else {
            self.frame.layout.now.inspector_is_open = !is_shown;
        }
    }

    /// Puts the keyboard's focus into a part of the window, which is unfolded if need be.
    pub(super) fn go_to(&mut self, ctx: &Context, part: WindowPart) {
        match part {
            WindowPart::Form => {
                self.frame.layout.now.form_is_open = true;
                self.views.form.focus(FormField::Number);
            }
            WindowPart::Middle => match self.views.pane {
                MiddlePane::History => self.views.history.focus_table(),
                MiddlePane::Requests => self.views.requests.focus_table(),
            },
            WindowPart::Inspector => {
                if !self.inspector_is_shown(ctx) {
                    self.fold_inspector(ctx);
                }
                self.frame.focus.goes_to_inspector = true;
            }
        }
    }

    /// Shows another list in the middle; the drawer over it was about the one before.
    pub(super) fn show_pane(&mut self, pane: MiddlePane) {
        if std::mem::replace(&mut self.views.pane, pane) != pane {
            self.frame.drawer_is_open = false;
        }
    }

    /// Goes so many parts on from the one that has the focus.
    pub(super) fn go_round(&mut self, ctx: &Context, steps: usize) {
        let focused = ctx.memory(egui::Memory::focused).and_then(|id| ctx.read_response(id));
        let here = focused.and_then(|response| self.part_at(ctx, response.rect.center()));
        let order = WindowPart::ALL;
        let place = here.and_then(|here| order.iter().position(|part| *part == here));
        self.go_to(ctx, place.map_or(order[0], |place| order[(place + steps) % order.len()]));
    }

    /// The part of the window that is drawn in a place.
    fn part_at(&self, ctx: &Context, place: egui::Pos2) -> Option<WindowPart> {
        // The last first: the drawer lies over the middle.
        let mut parts = WindowPart::ALL.into_iter().rev();
        parts.find(|part| self.is_drawn(ctx, *part) && self.frame.parts.of(*part).contains(place))
    }

    /// Puts the focus back where it was lost.
    pub(super) fn keep_focus(&mut self, ctx: &Context) {
        let has_dialog = self.views.dialogs.is_any_open();
        let mut focus = std::mem::take(&mut self.frame.focus);
        let part_of = |widget: &egui::WidgetRect| {
            let is_in_pane = widget.layer_id.order < egui::Order::Foreground;
            self.part_at(ctx, widget.rect.center()).filter(|_| is_in_pane)
        };
        let lost_in = focus.keep(ctx, has_dialog, part_of, |part| self.is_drawn(ctx, part));
        self.frame.focus = focus;
        if let Some(part) = lost_in {
            self.go_to(ctx, part);
        }
    }

    fn is_drawn(&self, ctx: &Context, part: WindowPart) -> bool {
        match part {
            WindowPart::Form => self.frame.layout.now.form_is_open,
            WindowPart::Middle => true,
            WindowPart::Inspector => self.inspector_is_shown(ctx),
        }
    }

    fn middle_ui(&mut self, ui: &mut Ui, now: Timestamp, actions: &mut Vec<Action>) {
        let model = &self.model;
        match self.views.pane {
            MiddlePane::History => {
                let context = HistoryContext {
                    history: &model.history,
                    storage: &model.storage,
                    requests: model.requests.counts.all,
                    target: self.settings.target(),
                    accounts: &model.requests.counts.accounts,
                    refreshing: self.refreshing(),
                    deletion: model.deletion,
                    now,
                };
                history::history_ui(ui, &mut self.views.history, &context, actions);
            }
            MiddlePane::Requests => {
                let context = RequestsContext {
                    requests: &model.requests,
                    server: &model.server,
                    entries: model.history.counts.all(),
                    now,
                };
                requests::requests_ui(ui, &mut self.views.requests, &context, actions);
            }
        }
    }

    /// Asks before the window closes over what is not saved. What is in the form itself is kept for the next start.
    pub(super) fn ask_before_closing(&mut self, ctx: &Context) {
        if self.frame.closes || !ctx.input(|input| input.viewport().close_requested()) {
            return;
        }
        let mut unsaved = self.views.dialogs.unsaved(&self.settings, &self.faults);
        unsaved.extend(self.views.history.unsaved());
        if self.views.form.has_unsaved() {
            unsaved.push("The name of a parameter to add");
        }
        if !unsaved.is_empty() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.views.dialogs.closing = Some(ClosingState::new(unsaved));
        }
    }

    pub(super) fn dialogs_ui(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        let dialogs = &mut self.views.dialogs;
        if let Some(state) = &mut dialogs.palette {
            let about = PaletteContext {
                library: self.presets.library(),
                revision: self.presets.revision(),
                copies_id: self.settings.form.copies_id,
            };
            if !palette::palette_ui(ctx, state, &about, actions) {
                dialogs.palette = None;
            }
        }
        if let Some(state) = &mut dialogs.preset
            && !preset::preset_ui(ctx, state, actions)
        {
            dialogs.preset = None;
        }
        if let Some(state) = &mut dialogs.settings {
            let about = SettingsContext {
                settings: &self.settings,
                model: &self.model,
                places: &self.places,
                paths: &self.paths,
                now: self.clock.now(),
            };
            if !settings::settings_ui(ctx, state, &about, actions) {
                dialogs.settings = None;
                self.stop_key_checks();
            }
        }
        let dialogs = &mut self.views.dialogs;
        if let Some(state) = &mut dialogs.use_token
            && !use_token::use_token_ui(ctx, state, actions)
        {
            dialogs.use_token = None;
        }
        if let Some(state) = &mut dialogs.server {
            let about = ServerContext {
                server: &self.model.server,
                settings: &self.settings,
                faults: &self.faults,
                webhooks: &self.model.webhooks,
                zone: &self.zone,
            };
            if !server::server_ui(ctx, state, &about, actions) {
                dialogs.server = None;
                self.worker.send(WorkerCommand::WatchWebhooks { is_watched: false });
            }
        }
        if dialogs.runs.is_open() {
            let about = RunsContext {
                runs: &self.model.runs,
                settings: &self.settings,
                library: self.presets.library(),
                library_revision: self.presets.revision(),
                paths: &self.paths,
                now: self.clock.now(),
            };
            runs::runs_ui(ctx, &mut dialogs.runs, &about, actions);
        }
        if dialogs.keys_are_open {
            dialogs.keys_are_open = keys::keys_ui(ctx);
        }
        if let Some(state) = &mut dialogs.export {
            let about = ExportContext {
                filter: &self.views.history.filter,
                all: self.model.history.counts.all(),
                shown: self.model.history.len() as u64,
                progress: state.job.and_then(|job| self.model.progress.get(&job).copied()),
            };
            if !export::export_ui(ctx, state, &about, actions) {
                dialogs.export = None;
            }
        }
        if let Some(state) = &mut dialogs.keep {
            let about = KeepContext {
                settings: &self.settings,
                progress: state.removal().and_then(|job| self.model.progress.get(&job).copied()),
                zone: &self.zone,
            };
            if !keep::keep_ui(ctx, state, &about, actions) {
                dialogs.keep = None;
            }
        }
        if let Some(state) = &mut dialogs.evidence {
            let progress = state.job().and_then(|job| self.model.progress.get(&job).copied());
            if !evidence::evidence_ui(ctx, state, progress, actions) {
                dialogs.evidence = None;
            }
        }
        if let Some(state) = &mut dialogs.import {
            let about = ImportContext { progress: state.job().and_then(|job| self.model.progress.get(&job).copied()) };
            if !import::import_ui(ctx, state, &about, actions) {
                dialogs.import = None;
            }
        }
        // Over any other.
        if let Some(state) = &mut dialogs.closing
            && let Some(answer) = closing::closing_ui(ctx, state)
        {
            dialogs.closing = None;
            if answer == ClosingAnswer::Close {
                self.frame.closes = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }
}

/// The head of the drawer; whether it is to be closed.
fn drawer_head_ui(ui: &mut Ui) -> bool {
    let margin = egui::Margin { left: theme::PANE_PADDING, right: 10, top: 10, bottom: 0 };
    let head = egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        egui::Sides::new().height(20.0).show(
            ui,
            |ui| ui.label(egui::RichText::new("Inspector").color(theme::DesignTokens::of(ui).subdued)),
            |ui| {
                ui.add(IconButton::new(icons::X, "Close the inspector").keys(LocalKey::Close.keys()).small()).clicked()
            },
        )
    });
    head.inner.1
}
