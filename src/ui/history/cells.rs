//! The columns of the history's table: their names, which sort, and what an entry shows in each.

use egui::{
    Label, Response, RichText, Role, Sense, Ui, WidgetInfo,
    accesskit::SortDirection,
    text::{LayoutJob, TextFormat},
    vec2,
};
use jiff::Timestamp;

use crate::{
    domain::{
        foreign,
        history::{
            entry::{EntryStatus, HistoryEntry},
            filter::{SortKey, SortOrder},
        },
        mask::keyed_hash,
        zone::LocalZone,
    },
    ui::{
        account, icons, judgement,
        status_badge::{longest_badge, status_badge_ui},
        theme::{self, DesignTokens},
        widgets::{
            paint,
            table::{self, ColumnWidth, TableColumn as _},
        },
        words,
    },
};

/// Draws the name of a column as a button that sorts by this column.
pub(super) fn title_of_ui(ui: &mut Ui, cell: HistoryColumn, sort: &mut SortOrder) {
    let key = cell.sort_key();
    let t = DesignTokens::of(ui);
    let is_by = sort.key == key;
    let next = sort.clicked(key);
    let color = if is_by { t.text } else { t.subdued };
    let line = paint::line(ui, cell.title(), theme::regular(theme::SMALL_SIZE), color, f32::INFINITY);
    let size = vec2(line.size().x + if is_by { 15.0 } else { 0.0 }, 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = format!("Sort by {}, {}", cell.title().to_lowercase(), order_words(next));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if is_by {
        let direction = if sort.is_descending { SortDirection::Descending } else { SortDirection::Ascending };
        ui.accesskit_node_builder(response.id, |node| {
            node.set_sort_direction(direction);
            node.set_description(format!("Sorted {}", order_words(*sort)));
        });
        let arrow = if sort.is_descending { icons::ARROW_DOWN } else { icons::ARROW_UP };
        let glyph = paint::line(ui, &arrow.glyph().to_string(), icons::font(12.0), color, f32::INFINITY);
        paint::galley_right(ui.painter(), glyph, rect.right(), rect.center().y);
    }
    paint::galley_left(ui.painter(), line, rect.left(), rect.center().y);
    if response.has_focus() {
        paint::button_focus_ring(ui, rect, theme::RADIUS_SMALL);
    }
    if response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    if response.on_hover_text(name).clicked() {
        *sort = next;
    }
}

/// The order in words: what comes first.
fn order_words(sort: SortOrder) -> &'static str {
    match (sort.key, sort.is_descending) {
        (SortKey::Created, true) => "newest first",
        (SortKey::Created, false) => "oldest first",
        (SortKey::Took, true) => "slowest first",
        (SortKey::Took, false) => "fastest first",
        (SortKey::Status, true) => "unused last",
        (SortKey::Status, false) => "unused first",
        (SortKey::Source, true) => "Stripe first",
        (SortKey::Source, false) => "Local first",
        (SortKey::Card | SortKey::Token | SortKey::UsedBy | SortKey::Account, true) => "Z to A",
        (SortKey::Card | SortKey::Token | SortKey::UsedBy | SortKey::Account, false) => "A to Z",
    }
}

/// What a screen reader says of a row.
pub(super) fn spoken(entry: &HistoryEntry, now: Timestamp, zone: &LocalZone) -> String {
    let what = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("no answer yet");
    let (status, target) = (entry.status.label(), entry.target.label());
    let ago = words::ago(entry.started, now, zone);
    let mut spoken = format!("{status} {what} {} {target}, {ago}", words::card(entry));
    if let Some(took) = entry.took {
        spoken = format!("{spoken}, took {}", words::took(took));
    }
    if let Some(by) = used_by(entry) {
        spoken = format!("{spoken}, used by {by}");
    }
    if let Some(account) = &entry.account {
        spoken = format!("{spoken}, of {}", keyed_hash::shown(account));
    }
    if let Some(judgement) = &entry.judgement {
        spoken = format!("{spoken}, {}", judgement.words().to_lowercase());
    }
    if !entry.tags.is_empty() {
        spoken = format!("{spoken}, tags {}", entry.tags.join(" "));
    }
    if !entry.note.is_empty() {
        spoken = format!("{spoken}, note {}", entry.note);
    }
    foreign::label(&spoken).into_owned()
}

/// What used the token, and who made that call: "ch_… from stripe-python 16.1.0".
fn used_by(entry: &HistoryEntry) -> Option<String> {
    let by = foreign::label(entry.used_by.as_deref()?);
    Some(match &entry.used_client {
        Some(client) => format!("{by} from {}", foreign::label(client)),
        None => by.into_owned(),
    })
}

/// Space before a status, in points.
const STATUS_INSET: f32 = 6.0;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HistoryColumn {
    Status,
    Token,
    Card,
    UsedBy,
    /// As `UsedBy`, with the client that made the call, where there is room for both.
    UsedByFrom,
    Source,
    /// Where there is more than one.
    Account,
    Took,
    Created,
}

impl table::TableColumn for HistoryColumn {
    fn width(self, ui: &Ui) -> ColumnWidth {
        match self {
            Self::Status => ColumnWidth::Exact(STATUS_INSET + longest_badge(ui)),
            Self::Token => ColumnWidth::Rest,
            Self::Card => ColumnWidth::Exact(141.0),
            Self::UsedBy => ColumnWidth::Exact(206.0),
            Self::UsedByFrom => ColumnWidth::Exact(290.0),
            Self::Source => ColumnWidth::Exact(56.0),
            Self::Account => ColumnWidth::Exact(account::ACCOUNT_WIDTH),
            Self::Took => ColumnWidth::Exact(60.0),
            Self::Created => ColumnWidth::Exact(76.0),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Token => "Token",
            Self::Card => "Card",
            Self::UsedBy | Self::UsedByFrom => "Used by",
            Self::Source => "Source",
            Self::Account => "Account",
            Self::Took => "Took",
            Self::Created => "Created",
        }
    }

    fn is_at_right(self) -> bool {
        matches!(self, Self::Took | Self::Created)
    }
}

impl HistoryColumn {
    /// The columns that there is room for. Without accounts to tell apart, none is shown.
    pub(super) fn shown_in(width: f32, has_accounts: bool) -> &'static [Self] {
        use HistoryColumn::{Account, Card, Created, Source, Status, Token, Took, UsedBy, UsedByFrom};
        if has_accounts {
            return match width {
                1140.0.. => &[Status, Token, Card, UsedByFrom, Source, Account, Took, Created],
                1000.0.. => &[Status, Token, Card, UsedBy, Source, Account, Took, Created],
                820.0.. => &[Status, Token, Card, Source, Account, Took, Created],
                740.0.. => &[Status, Token, Card, Account, Took, Created],
                660.0.. => &[Status, Token, Card, Account, Created],
                540.0.. => &[Status, Token, Card, Account],
                340.0.. => &[Status, Token, Card],
                _ => &[Status, Token],
            };
        }
        match width {
            1020.0.. => &[Status, Token, Card, UsedByFrom, Source, Took, Created],
            880.0.. => &[Status, Token, Card, UsedBy, Source, Took, Created],
            700.0.. => &[Status, Token, Card, Source, Took, Created],
            640.0.. => &[Status, Token, Card, Source, Created],
            480.0.. => &[Status, Token, Card, Created],
            340.0.. => &[Status, Token, Card],
            _ => &[Status, Token],
        }
    }

    fn sort_key(self) -> SortKey {
        match self {
            Self::Status => SortKey::Status,
            Self::Token => SortKey::Token,
            Self::Card => SortKey::Card,
            Self::UsedBy | Self::UsedByFrom => SortKey::UsedBy,
            Self::Source => SortKey::Source,
            Self::Account => SortKey::Account,
            Self::Took => SortKey::Took,
            Self::Created => SortKey::Created,
        }
    }

    pub(super) fn ui(self, ui: &mut Ui, entry: &HistoryEntry, now: Timestamp, zone: &LocalZone) {
        let t = DesignTokens::of(ui);
        match self {
            Self::Status => {
                ui.add_space(STATUS_INSET);
                status_badge_ui(ui, entry.status);
            }
            Self::Token => token_ui(ui, entry),
            Self::UsedBy => used_by_ui(ui, entry, None),
            Self::UsedByFrom => used_by_ui(ui, entry, entry.used_client.as_deref()),
            Self::Card => {
                ui.add(Label::new(words::card(entry)).truncate());
            }
            Self::Source => {
                ui.label(entry.target.label());
            }
            Self::Account => account::account_ui(ui, entry.account.as_deref()),
            Self::Took => {
                let took = entry.took.map_or_else(|| "…".to_owned(), words::took);
                ui.label(RichText::new(took).font(theme::mono(theme::MONO_SIZE)));
            }
            Self::Created => {
                ui.add_space(6.0);
                let text = RichText::new(words::ago(entry.started, now, zone)).color(t.faint);
                let label = ui.add(Label::new(text).truncate());
                label.on_hover_ui(|ui| {
                    ui.label(words::moment_in_both(entry.started, zone));
                });
            }
        }
    }
}

/// Draws the token's id or why there is none, and beside it the marks of the entry.
fn token_ui(ui: &mut Ui, entry: &HistoryEntry) {
    let t = DesignTokens::of(ui);
    let (text, color) = match (&entry.token_id, entry.status) {
        (Some(id), _) => (id.as_str(), t.text),
        (None, EntryStatus::Pending) => ("creating…", t.faint),
        (None, EntryStatus::Interrupted | EntryStatus::Unknown) => ("a token may exist", t.faint),
        (None, _) => (entry.code.as_deref().unwrap_or("no answer"), t.error),
    };
    let text = RichText::new(foreign::label(text)).font(theme::mono(theme::MONO_SIZE)).color(color);
    // The marks keep their room beside the id.
    let judged = judgement::mark_width(ui, entry);
    let marks = if has_marks(entry) { 18.0 } else { 0.0 } + if judged > 0.0 { judged + 8.0 } else { 0.0 };
    ui.scope(|ui| {
        ui.set_max_width((ui.available_width() - marks).max(0.0));
        ui.add(Label::new(text).truncate());
    });
    judgement::mark_ui(ui, entry);
    if has_marks(entry) {
        marks_ui(ui, entry);
    }
}

/// Draws what used the token, and the client that did it.
fn used_by_ui(ui: &mut Ui, entry: &HistoryEntry, client: Option<&str>) {
    let Some(by) = &entry.used_by else { return };
    let t = DesignTokens::of(ui);
    let client = client.map(|client| format!("  {}", foreign::label(client))).unwrap_or_default();
    let mut line = LayoutJob::default();
    line.append(&foreign::label(by), 0.0, TextFormat::simple(theme::mono(theme::MONO_SIZE), t.text));
    line.append(&client, 0.0, TextFormat::simple(theme::regular(theme::SMALL_SIZE), t.subdued));
    let label = ui.add(Label::new(line).truncate());
    label.on_hover_text(foreign::block(&used_by(entry).unwrap_or_default()));
}

fn has_marks(entry: &HistoryEntry) -> bool {
    !entry.note.is_empty() || !entry.tags.is_empty()
}

/// "#smoke #nightly".
fn tags_words(entry: &HistoryEntry) -> String {
    let tags = entry.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ");
    foreign::label(&tags).into_owned()
}

fn marks_words(entry: &HistoryEntry) -> String {
    let parts = [tags_words(entry), foreign::label(&entry.note).into_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Shows the note and the tags of an entry: an icon, and the words beside it where there is room.
fn marks_ui(ui: &mut Ui, entry: &HistoryEntry) -> Response {
    let t = DesignTokens::of(ui);
    let words = marks_words(entry);
    let icon = if entry.note.is_empty() { icons::TAG } else { icons::PENCIL };
    let label = ui.add(Label::new(icon.colored(12.0, t.accent_text)));
    if ui.available_width() > 50.0 {
        let tags = if entry.tags.is_empty() { String::new() } else { format!("{}  ", tags_words(entry)) };
        let mut line = LayoutJob::default();
        let small = |color| TextFormat::simple(theme::regular(theme::SMALL_SIZE), color);
        line.append(&tags, 0.0, small(t.accent_text));
        line.append(&foreign::label(&entry.note), 0.0, small(t.subdued));
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.add(Label::new(line).truncate()).on_hover_text(&words);
    } else {
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    }
    label.on_hover_text(words)
}
