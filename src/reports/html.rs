//! A run as one page: readable without a network, in light and dark, and on paper. No script; every text of others is
//! escaped.

use std::io;

use super::report::{ReportRows, RunReport, shown};
use crate::domain::{
    foreign, markup,
    plural::{number_of, plural},
    run::{
        record::RowRecord,
        summary::{HeatCell, RunSummary, VerdictCounts, class_words},
        verdict::RowVerdict,
    },
};

/// So many rows are listed; a browser takes a long time for more. Those that do not hold come first.
const MOST_ROWS: usize = 2000;

pub(super) fn write(out: &mut dyn io::Write, report: RunReport<'_>, rows: ReportRows<'_>) -> io::Result<()> {
    let RunReport { run, summary, before } = report;
    let title = format!("Run {} · {}", run.id.0, run.run.name);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        show(&title)
    )?;
    write_head(out, &report)?;
    let (bad, others) = split(rows)?;
    write_rows(out, "What does not hold", &bad)?;
    writeln!(out, "<div class=\"pair\">")?;
    write_bars(out, "Outcomes", "What the last call of a row came to", &outcomes(summary))?;
    let durations = summary.durations.iter().enumerate().map(|(class, rows)| (class_words(class), *rows));
    let used = |rows: &[(String, u64)]| {
        let first = rows.iter().position(|(_, rows)| *rows > 0).unwrap_or_default();
        let last = rows.iter().rposition(|(_, rows)| *rows > 0).map_or(0, |last| last + 1);
        first..last.max(first)
    };
    let durations: Vec<(String, u64)> = durations.collect();
    write_bars(out, "Durations", "How long the calls of a row took together", &durations[used(&durations)])?;
    writeln!(out, "</div>")?;
    if let Some((earlier, comparison)) = before {
        writeln!(
            out,
            "<section><h2>Since run {}</h2><p>{} of {} UTC: {} came to something else, {} to the same.</p>",
            earlier.id.0,
            show(&earlier.run.name),
            earlier.run.created.strftime("%Y-%m-%d %H:%M"),
            number_of(comparison.changed, "row", "rows"),
            comparison.same
        )?;
        if !comparison.changes.is_empty() {
            writeln!(
                out,
                "<div class=\"wide\"><table><thead><tr><th class=\"n\">Row</th><th>Card</th><th>Before</th><th>Now</th></tr>\
                 </thead><tbody>"
            )?;
            for change in &comparison.changes {
                let sign = if change.holds { "ok" } else { "bad" };
                writeln!(
                    out,
                    "<tr><td class=\"n\">{}</td><td>{}</td><td>{}</td><td class=\"{sign}\">{}</td></tr>",
                    change.number,
                    show(&change.label),
                    show(&change.before),
                    show(&change.after)
                )?;
            }
            writeln!(out, "</tbody></table></div>")?;
        }
        writeln!(out, "</section>")?;
    }
    write_heat_map(out, summary)?;
    write_rows(out, "As expected", &others[..others.len().min(MOST_ROWS - bad.len())])?;
    let total = summary.counts.rows();
    if total > MOST_ROWS as u64 {
        writeln!(
            out,
            "<p>The page lists {MOST_ROWS} rows of {total}, those that do not hold first. The JSON report has all.</p>"
        )?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

fn write_head(out: &mut dyn io::Write, report: &RunReport<'_>) -> io::Result<()> {
    let RunReport { run, summary, .. } = report;
    let verdict = match (run.holds(), run.ended() < run.run.rows) {
        (true, _) => ("ok", "✓ Every row came as expected"),
        (false, true) => ("wait", "… Not every row was made"),
        (false, false) => ("bad", "✗ Not every row came as expected"),
    };
    writeln!(
        out,
        "<header><p class=\"eyebrow\">Testcard · run {}</p><h1>{}</h1><p class=\"verdict {}\">{}</p>",
        run.id.0,
        show(&run.run.name),
        verdict.0,
        verdict.1
    )?;
    let moment = |moment: jiff::Timestamp| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    writeln!(out, "<dl class=\"facts\">")?;
    for (name, value) in [
        ("Target", run.run.base_url.clone().unwrap_or_else(|| run.run.target.label().to_owned())),
        ("List", run.run.source.clone()),
        ("Started", moment(run.run.created)),
        ("Finished", run.finished.map_or_else(|| run.state.label().to_owned(), moment)),
        ("Calls sent", summary.sent.to_string()),
        ("A row took", summary.mean().map_or_else(|| "–".to_owned(), |mean| format!("{} in the mean", shown(mean)))),
    ] {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", show(&value))?;
    }
    writeln!(out, "</dl><ul class=\"tiles\">")?;
    let counts = summary.counts;
    for (class, name, count) in [
        ("all", plural(counts.rows(), "row", "rows"), counts.rows()),
        ("ok", "as expected", counts.as_expected),
        ("bad", plural(counts.differs, "differs", "differ"), counts.differs),
        ("wait", "unanswered", counts.unanswered),
        ("open", "not made yet", counts.open),
    ] {
        let quiet = if count == 0 { " none" } else { "" };
        writeln!(out, "<li class=\"{class}{quiet}\"><strong>{count}</strong> {name}</li>")?;
    }
    writeln!(out, "</ul></header>")
}

fn write_heat_map(out: &mut dyn io::Write, summary: &RunSummary) -> io::Result<()> {
    let map = &summary.heat_map;
    writeln!(
        out,
        "<section><h2>Heat map</h2><p>Each card in each variant: ✓ as expected, ✗ differs, ? unanswered, · not made yet, \
         with what the card came to.</p><div class=\"wide\"><table class=\"heat\"><thead><tr><th>Card</th>"
    )?;
    for variant in &map.variants {
        writeln!(out, "<th scope=\"col\">{}</th>", show(variant))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for (card, name) in map.cards.iter().enumerate() {
        write!(out, "<tr><th scope=\"row\">{}</th>", show(name))?;
        for variant in 0..map.variants.len() {
            match map.cells.get(&(card, variant)) {
                Some(cell) => write_cell(out, cell)?,
                None => write!(out, "<td></td>")?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if map.left_out > 0 {
        let rows = number_of(map.left_out, "row", "rows");
        let are = plural(map.left_out, "is", "are");
        writeln!(out, "<p>{rows} of more cards and variants {are} not in the map.</p>")?;
    }
    writeln!(out, "</section>")
}

fn write_cell(out: &mut dyn io::Write, cell: &HeatCell) -> io::Result<()> {
    let VerdictCounts { as_expected, differs, unanswered, open } = cell.counts;
    let (class, sign) = if differs > 0 {
        ("bad", "✗")
    } else if unanswered > 0 {
        ("wait", "?")
    } else if open > 0 {
        ("open", "·")
    } else {
        ("ok", "✓")
    };
    let rows = cell.counts.rows();
    let share = if rows > 1 { format!(" <small>{as_expected}/{rows}</small>") } else { String::new() };
    let title = format!("{as_expected} as expected, {differs} differ, {unanswered} unanswered, {open} not made yet");
    write!(out, "<td class=\"{class}\" title=\"{title}\"><b>{sign}</b>{share}<span>{}</span></td>", show(&cell.outcome))
}

fn outcomes(summary: &RunSummary) -> Vec<(String, u64)> {
    let mut outcomes: Vec<(String, u64)> =
        summary.outcomes.iter().map(|(outcome, rows)| (outcome.clone(), *rows)).collect();
    outcomes.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    outcomes.extend((summary.other_outcomes > 0).then(|| ("others".to_owned(), summary.other_outcomes)));
    outcomes
}

fn write_bars(out: &mut dyn io::Write, title: &str, about: &str, bars: &[(String, u64)]) -> io::Result<()> {
    let most = bars.iter().map(|(_, rows)| *rows).max().unwrap_or_default().max(1);
    writeln!(out, "<section><h2>{title}</h2><p>{about}.</p><table class=\"bars\"><tbody>")?;
    for (name, rows) in bars {
        let width = (*rows as f64 / most as f64 * 100.0).ceil();
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{rows}</td><td class=\"bar\"><i style=\"width:{width}%\"></i></td></tr>",
            show(name)
        )?;
    }
    writeln!(out, "</tbody></table></section>")
}

/// The rows that do not hold, and the others: as many of each as the page has room for.
fn split(rows: ReportRows<'_>) -> io::Result<(Vec<RowRecord>, Vec<RowRecord>)> {
    let (mut bad, mut others) = (Vec::new(), Vec::new());
    for row in rows {
        let row = row?;
        let list = if row.verdict.as_ref().is_some_and(RowVerdict::holds) { &mut others } else { &mut bad };
        if list.len() < MOST_ROWS {
            list.push(row);
        }
    }
    Ok((bad, others))
}

fn write_rows(out: &mut dyn io::Write, title: &str, rows: &[RowRecord]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section><h2>{title}</h2><div class=\"wide\"><table class=\"rows\"><thead><tr><th class=\"n\">Row</th><th>Card</th>\
         <th>Variant</th><th>Verdict</th><th>Came to</th><th>Token</th><th class=\"n\">Took</th></tr></thead><tbody>"
    )?;
    rows.iter().try_for_each(|row| write_row(out, row))?;
    writeln!(out, "</tbody></table></div></section>")
}

fn write_row(out: &mut dyn io::Write, row: &RowRecord) -> io::Result<()> {
    let (class, sign, words) = match &row.verdict {
        Some(RowVerdict::AsExpected) => ("ok", "✓", row.expects.words()),
        Some(verdict @ RowVerdict::Differs(_)) => ("bad", "✗", verdict.words()),
        Some(verdict @ RowVerdict::Unanswered { .. }) => ("wait", "?", verdict.words()),
        None => ("open", "·", "Not made yet".to_owned()),
    };
    let note = if row.note.is_empty() { String::new() } else { format!("<small>{}</small>", show(&row.note)) };
    let token = row.results.first().and_then(|result| result.object.as_deref()).unwrap_or_default();
    writeln!(
        out,
        "<tr><td class=\"n\">{}</td><td>{}{note}</td><td>{}</td><td class=\"{class}\">{sign} {}</td><td>{}</td>\
         <td><code>{}</code></td><td class=\"n\">{}</td></tr>",
        row.number,
        show(&row.card),
        show(&row.variant),
        show(&words),
        show(&row.outcome()),
        show(token),
        shown(row.took())
    )
}

/// A text of others: no sign of it acts, neither in the writing direction nor as a tag.
fn show(text: &str) -> String {
    markup::text(&foreign::sentence(text))
}

const STYLE: &str = "
:root{--page:#f6f7f9;--pane:#fff;--text:#16191f;--weak:#5b6472;--line:#dfe3e8;--ok:#0b7a4b;--ok-bg:#d9f2e5;--bad:#b3261e;\
--bad-bg:#fbdedb;--wait:#8a5a00;--wait-bg:#fdecc8;--open-bg:#eceef1;--accent:#4f46e5}
@media(prefers-color-scheme:dark){:root{--page:#111318;--pane:#191c22;--text:#e8eaee;--weak:#9aa3b2;--line:#2b303a;\
--ok:#5fd39b;--ok-bg:#143526;--bad:#ff8a80;--bad-bg:#45201d;--wait:#f2c063;--wait-bg:#3d3015;--open-bg:#23272f;--accent:#8b87ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.45 Inter,system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}
.eyebrow{margin:0;color:var(--weak);font-size:13px}
h1{margin:2px 0 8px;font-size:28px;overflow-wrap:anywhere}
h2{margin:0 0 2px;font-size:18px}
section,header{background:var(--pane);border:1px solid var(--line);border-radius:10px;padding:20px 22px;margin-top:16px}
section>p{margin:0 0 12px;color:var(--weak)}
.verdict{display:inline-block;margin:0;padding:4px 12px;border-radius:99px;font-weight:600}
.ok{color:var(--ok)}.bad{color:var(--bad)}.wait{color:var(--wait)}
.verdict.ok,.heat .ok{background:var(--ok-bg)}.verdict.bad,.heat .bad{background:var(--bad-bg)}\
.verdict.wait,.heat .wait{background:var(--wait-bg)}.heat .open{background:var(--open-bg)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:10px 20px;margin:18px 0}
dt{color:var(--weak);font-size:13px}dd{margin:0;overflow-wrap:anywhere}
.tiles{display:flex;flex-wrap:wrap;gap:10px;list-style:none;margin:0;padding:0}
.tiles li{flex:1 1 130px;border:1px solid var(--line);border-radius:8px;padding:10px 14px;font-size:13px}
.tiles strong{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.tiles .none{color:var(--weak)}
.wide{overflow-x:auto}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:0 16px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}thead th{color:var(--weak);font-size:13px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.heat{border-collapse:separate;border-spacing:3px}
.heat th,.heat td{border:0}
.heat th[scope=row]{font-weight:400;min-width:220px}
.heat td{border-radius:6px;min-width:92px;padding:4px 10px}
.heat span{font-size:12px;color:var(--text);margin-left:6px}.heat small{color:var(--weak)}
.heat th[scope=row]{padding-top:4px;padding-bottom:4px}
.bars th{font-weight:400;width:45%}.bars td,.bars th{border:0;padding:3px 8px 3px 0}.bars .n{width:1%}
.bar i{display:block;height:12px;margin-top:4px;border-radius:3px;background:var(--accent);min-width:2px}
.rows td small{display:block;color:var(--weak)}
code{font:12px/1.4 'JetBrains Mono',ui-monospace,monospace;overflow-wrap:anywhere}
@media print{body{background:#fff;font-size:11px}main{max-width:none;padding:0}section,header{break-inside:auto;border-color:#bbb}\
tr{break-inside:avoid}.wide{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
";
