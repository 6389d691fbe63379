//! What stands above the request log's table: its search and its filters.

use egui::{Id, Key, RichText, Ui};

use super::state::RequestsState;
use crate::{
    domain::history::{
        account_filter::AccountFilter,
        request_filter::{RequestCounts, RequestFilter, StatusFilter},
    },
    ui::{
        shortcuts::Shortcut,
        theme,
        theme::DesignTokens,
        widgets::{ChoiceChip, FilterChip, caret::lead_to, field::search_ui},
    },
};

/// The id of the search.
fn search_id() -> Id {
    Id::unique("requests_search")
}

/// Draws the search. Escape clears it, and leaves it where it is empty.
pub(super) fn find_ui(ui: &mut Ui, state: &mut RequestsState, width: f32) {
    let name = "Search path, id, error, client";
    let response = search_ui(ui, search_id(), &mut state.filter.search, name, "", width).response.response;
    let tip = "Words in path, parameters, ids, request id, idempotency key, error code and client";
    let response = response.on_hover_text(Shortcut::SearchHistory.tip(tip));
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        if state.filter.search.is_empty() {
            state.focus_table = true;
        } else {
            state.filter.search.clear();
            state.focus_search = true;
        }
    }
    if std::mem::take(&mut state.focus_search) {
        lead_to(ui.ctx(), response.id);
    }
}

/// Draws the filters.
pub(super) fn chips_ui(ui: &mut Ui, filter: &mut RequestFilter, counts: &RequestCounts) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
        if ui.add(FilterChip::new("All").selected(filter.is_everything())).clicked() {
            *filter = RequestFilter::default();
        }
        let methods = || counts.methods.clone();
        let method = ChoiceChip { name: "Method", any: "Any method" };
        method.ui(ui, &mut filter.method, |method| method.as_str().to_owned(), methods);
        let status = ChoiceChip { name: "Status", any: "Any status" };
        status.ui(ui, &mut filter.status, |status: &StatusFilter| status.words(), || counts.statuses.clone());
        let client = ChoiceChip { name: "Client", any: "Any client" };
        client.ui(ui, &mut filter.client, String::clone, || counts.clients.clone());
        if counts.accounts.len() > 1 || filter.account.is_some() {
            let account = ChoiceChip { name: "Account", any: "Any account" };
            account.ui(ui, &mut filter.account, AccountFilter::words, || counts.accounts.clone());
        }
        let on_purpose = FilterChip::new("On purpose").count(counts.on_purpose).selected(filter.is_on_purpose);
        let tip = "Only calls that went wrong because the server was told so";
        if ui.add(on_purpose).on_hover_text(tip).clicked() {
            filter.is_on_purpose = !filter.is_on_purpose;
        }
    });
}

/// Says that there are older calls, and how to come to them.
pub(super) fn more_ui(ui: &mut Ui) {
    let t = DesignTokens::of(ui);
    let words = "Only the newest lines are shown. Search or filter to find older calls";
    ui.add(egui::Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.faint)).truncate());
}
