//! The columns of the request log's table, and what a line shows in each.

use egui::{
    Label, RichText, Role, Sense, Ui, WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};
use jiff::Timestamp;

use crate::{
    domain::{
        foreign,
        history::{request_filter::with_query, request_lines::LineKind, request_log::RequestRow},
        mask::keyed_hash,
        zone::LocalZone,
    },
    ui::{
        account, icons,
        theme::{self, DesignTokens},
        widgets::{
            chip::grouped,
            paint,
            table::{self, ColumnWidth},
        },
        words,
    },
};

/// The status of the answer, or in a word why there is none.
fn status_words(row: &RequestRow) -> String {
    match (row.http_status, &row.failure) {
        (Some(status), _) => status.to_string(),
        (None, Some(_)) if row.fault.is_some() => "no answer".to_owned(),
        (None, Some(failure)) => foreign::label(failure).into_owned(),
        (None, None) => "…".to_owned(),
    }
}

/// The fault that the server was told to make: "on purpose: 429 retry-after 1".
fn fault_words(row: &RequestRow) -> Option<String> {
    row.fault.as_ref().map(|fault| format!("on purpose: {}", foreign::label(fault)))
}

/// What a screen reader says of a row.
pub(super) fn spoken(row: &RequestRow, kind: LineKind) -> String {
    let fault = fault_words(row).map(|words| format!(" {words}")).unwrap_or_default();
    let times = match kind {
        LineKind::Folded(count) | LineKind::Unfolded(count) => format!(", {count} times in a row"),
        LineKind::Single | LineKind::Member => String::new(),
    };
    let (method, path) = (row.method.as_str(), with_query(&row.path, &row.query));
    let account = row.account.as_deref().map(|account| format!(" for {}", keyed_hash::shown(account)));
    let (account, status) = (account.unwrap_or_default(), status_words(row));
    let spoken = format!("{method} {path} {status}{fault} {}{account}{times}", row.client());
    foreign::label(&spoken).into_owned()
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestColumn {
    Method,
    Path,
    Status,
    /// Where there is more than one.
    Account,
    Client,
    Took,
    When,
}

impl table::TableColumn for RequestColumn {
    fn width(self, _: &Ui) -> ColumnWidth {
        match self {
            Self::Method => ColumnWidth::Exact(58.0),
            Self::Path => ColumnWidth::Rest,
            Self::Status => ColumnWidth::Exact(136.0),
            Self::Account => ColumnWidth::Exact(account::ACCOUNT_WIDTH),
            Self::Client => ColumnWidth::Exact(126.0),
            Self::Took => ColumnWidth::Exact(60.0),
            Self::When => ColumnWidth::Exact(76.0),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Method => "Method",
            Self::Path => "Path",
            Self::Status => "Status",
            Self::Account => "Account",
            Self::Client => "Client",
            Self::Took => "Took",
            Self::When => "When",
        }
    }

    fn is_at_right(self) -> bool {
        matches!(self, Self::Took | Self::When)
    }
}

impl RequestColumn {
    /// The columns that there is room for beside a path such as `/_testcard/authenticate`. Without accounts to tell apart,
    /// none is shown.
    pub(super) fn shown_in(width: f32, has_accounts: bool) -> &'static [Self] {
        use RequestColumn::{Account, Client, Method, Path, Status, Took, When};
        if has_accounts {
            return match width {
                800.0.. => &[Method, Path, Status, Account, Client, Took, When],
                720.0.. => &[Method, Path, Status, Account, Client, Took],
                640.0.. => &[Method, Path, Status, Account, Client],
                510.0.. => &[Method, Path, Status, Account],
                _ => &[Method, Path, Status],
            };
        }
        match width {
            690.0.. => &[Method, Path, Status, Client, Took, When],
            610.0.. => &[Method, Path, Status, Client, Took],
            530.0.. => &[Method, Path, Status, Client],
            _ => &[Method, Path, Status],
        }
    }

    /// Draws the cell of a line; whether its fold was clicked.
    pub(super) fn ui(self, ui: &mut Ui, row: &RequestRow, kind: LineKind, now: Timestamp, zone: &LocalZone) -> bool {
        let t = DesignTokens::of(ui);
        let mono = |text: &str| RichText::new(foreign::label(text)).font(theme::mono(theme::MONO_SIZE));
        match self {
            Self::Method => {
                ui.add_space(6.0);
                ui.label(mono(row.method.as_str()).color(t.subdued));
            }
            Self::Path => return path_ui(ui, row, kind),
            Self::Status => status_ui(ui, row),
            Self::Account => account::account_ui(ui, row.account.as_deref()),
            Self::Client => {
                ui.add(Label::new(foreign::label(&row.client())).truncate());
            }
            Self::Took => {
                ui.label(mono(&words::took(row.took)));
            }
            Self::When => {
                ui.add_space(6.0);
                let text = RichText::new(words::ago(row.started, now, zone)).color(t.faint);
                let label = ui.add(Label::new(text).truncate());
                label.on_hover_ui(|ui| {
                    ui.label(words::moment_in_both(row.started, zone));
                });
            }
        }
        false
    }
}

/// Draws the path with its query, and before it how many equal calls the line stands for; whether that was clicked.
fn path_ui(ui: &mut Ui, row: &RequestRow, kind: LineKind) -> bool {
    let t = DesignTokens::of(ui);
    let mut is_clicked = false;
    match kind {
        LineKind::Folded(count) | LineKind::Unfolded(count) => {
            let is_unfolded = matches!(kind, LineKind::Unfolded(_));
            is_clicked = fold_ui(ui, row, count, is_unfolded);
        }
        LineKind::Member => ui.add_space(18.0),
        LineKind::Single => {}
    }
    let mono = |text: &str, color| RichText::new(foreign::label(text)).font(theme::mono(theme::MONO_SIZE)).color(color);
    if row.query.is_empty() {
        ui.add(Label::new(mono(&row.path, t.text)).truncate());
        return is_clicked;
    }
    let mut line = LayoutJob::default();
    let format = |color| TextFormat::simple(theme::mono(theme::MONO_SIZE), color);
    line.append(&foreign::label(&row.path), 0.0, format(t.text));
    line.append(&foreign::label(&format!("?{}", row.query)), 0.0, format(t.subdued));
    ui.add(Label::new(line).truncate());
    is_clicked
}

/// Draws how many calls a line stands for, as what folds and unfolds them. It is a target of the pointer; keys do the
/// same in the table.
fn fold_ui(ui: &mut Ui, row: &RequestRow, count: usize, is_unfolded: bool) -> bool {
    let t = DesignTokens::of(ui);
    let icon = if is_unfolded { icons::CHEVRON_DOWN } else { icons::CHEVRON_RIGHT };
    let words = format!("×{}", grouped(count as u64));
    let line = paint::line(ui, &words, theme::semibold(theme::SMALL_SIZE), t.accent_text, f32::INFINITY);
    let size = vec2(line.size().x + 24.0, 20.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, ui.scope_id().with(("fold", row.id)), Sense::CLICK);
    let name = if is_unfolded { format!("Fold {count} equal calls") } else { format!("Show {count} equal calls") };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS_SMALL, t.raised_hover);
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    let glyph = paint::line(ui, &icon.glyph().to_string(), icons::font(12.0), t.accent_text, f32::INFINITY);
    paint::galley_center(ui.painter(), glyph, pos2(rect.left() + 8.0, rect.center().y));
    paint::galley_left(ui.painter(), line, rect.left() + 17.0, rect.center().y);
    response.on_hover_text(name).clicked()
}

/// Draws the status, and beside it the fault that was made on purpose, if one was.
fn status_ui(ui: &mut Ui, row: &RequestRow) {
    let t = DesignTokens::of(ui);
    let is_well = row.http_status.is_some_and(|status| (200..300).contains(&status));
    let color = if is_well { t.ok } else { t.error };
    ui.spacing_mut().item_spacing.x = 5.0;
    let words = status_words(row);
    let Some(fault) = fault_words(row) else {
        ui.add(Label::new(RichText::new(words).font(theme::mono(theme::MONO_SIZE)).color(color)).truncate());
        return;
    };
    if row.http_status.is_some() {
        ui.label(RichText::new(words).font(theme::mono(theme::MONO_SIZE)).color(color));
    }
    paint::icon_ui(ui, icons::ZAP, 12.0, t.warn);
    let short = RichText::new(&fault).size(theme::SMALL_SIZE).color(t.warn);
    ui.add(Label::new(short).truncate()).on_hover_text(fault);
}
