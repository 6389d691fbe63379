//! What evidence says, piece by piece, whatever it is written as.

use std::{fmt::Write as _, time::Duration};

use jiff::Timestamp;

use crate::{
    domain::{
        call::api::{ApiResponse, CallFailure, MaskedRequest, Target},
        foreign,
        history::entry::EntryDetail,
        json_spans,
        mask::{Kept, keyed_hash},
        plural::number_of,
        run::{
            record::{RowRecord, RunRecord},
            verdict::RowVerdict,
        },
    },
    snippets::{SnippetLanguage, snippet},
};

/// A part of the document. Its texts may quote foreign ones, which are harmless to read; whoever writes them escapes
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DocumentPiece {
    /// From 1, the title, on.
    Heading(u8, String),
    Paragraph(String),
    Facts(Vec<DocumentFact>),
    /// With the language that it is in.
    Code(&'static str, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentFact {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Where the value leads to: an address that is made of letters, digits and underscores.
    pub(super) link: Option<String>,
}

/// What stands at the top.
pub(super) fn head(now: Timestamp, entries: u64) -> Vec<DocumentPiece> {
    let entries = number_of(entries, "entry", "entries");
    let about = format!(
        "{entries} of the history of Testcard {}, written on {now:.0}. Card numbers that are no published test cards', \
         security codes and keys are masked; everything else is as it was sent and answered. Times are UTC.",
        env!("CARGO_PKG_VERSION")
    );
    vec![DocumentPiece::Heading(1, "Evidence of test-card tokens".to_owned()), DocumentPiece::Paragraph(about)]
}

/// What stands at the top of the rows of a run.
pub(super) fn head_of_run(now: Timestamp, record: &RunRecord) -> Vec<DocumentPiece> {
    let RunRecord { id, run, state, finished, .. } = record;
    let about = format!(
        "Every row of a run of Testcard {}, written on {now:.0}. Card numbers that are no published test cards', security \
         codes and keys are masked; everything else is as it was sent and answered. Times are UTC.",
        env!("CARGO_PKG_VERSION")
    );
    let text = |text: &str| foreign::label(text).into_owned();
    let place = match &run.base_url {
        Some(url) => format!("{}, at {}", place(run.target), text(url)),
        None => place(run.target).to_owned(),
    };
    let facts = [
        Some(fact("Result", record.words())),
        Some(fact("State", state.label().to_owned())),
        Some(fact("Answered by", place)),
        Some(fact("Begun", moment(run.created))),
        finished.map(|finished| fact("Ended", moment(finished))),
        Some(fact("List", text(&run.source))),
        // What the same list has in every run of this history.
        Some(fact("Fingerprint of the list", text(&run.list_hash))),
        Some(fact("Goes as far as", run.last_step.as_str().to_owned())),
        run.rate.map(|rate| fact("Calls a second at most", rate.to_string())),
        // The calls of a run have idempotency keys that begin with it.
        Some(fact("Seed of its idempotency keys", text(&run.uid))),
    ];
    let title = format!("Evidence of run {}, {}", id.0, text(&run.name));
    vec![
        DocumentPiece::Heading(1, title),
        DocumentPiece::Paragraph(about),
        DocumentPiece::Facts(facts.into_iter().flatten().collect()),
    ]
}

/// A row of a run: what was expected and what came, then its entry.
pub(super) fn of_row(row: &RowRecord, detail: Option<&EntryDetail>) -> Vec<DocumentPiece> {
    let text = |text: &str| foreign::label(text).into_owned();
    let verdict = row.verdict.as_ref();
    let end = verdict.map_or("Not made yet", |verdict| verdict.label());
    let expected = if row.is_predicted { " (predicted)" } else { "" };
    let tags = row.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ");
    let full = |name, words: String| (!words.is_empty()).then(|| fact(name, text(&words)));
    let facts = [
        full("Expected", format!("{}{expected}", row.expects.words())),
        full("Came", row.outcome()),
        full("Verdict", verdict.map(RowVerdict::words).unwrap_or_default()),
        full("Goes as far as", row.last_step.as_str().to_owned()),
        full("Note", row.note.clone()),
        full("Tags", tags),
    ];
    let title = format!("Row {} · {} · {end}", row.number, text(&row.label()));
    let mut pieces =
        vec![DocumentPiece::Heading(2, title), DocumentPiece::Facts(facts.into_iter().flatten().collect())];
    match detail {
        Some(detail) => pieces.extend(of_entry(detail).into_iter().map(|piece| match piece {
            DocumentPiece::Heading(level, title) => DocumentPiece::Heading(level + 1, title),
            piece => piece,
        })),
        None => pieces.push(DocumentPiece::Paragraph("No call of this row has left.".to_owned())),
    }
    pieces
}

fn place(target: Target) -> &'static str {
    match target {
        Target::Local => "The local minter, a stand-in for Stripe's test mode",
        Target::Stripe => "Stripe, test mode",
    }
}

/// What there is of an entry.
pub(super) fn of_entry(detail: &EntryDetail) -> Vec<DocumentPiece> {
    let entry = &detail.entry;
    let name = entry.token_id.as_deref().or(entry.code.as_deref()).unwrap_or("no answer");
    let title = format!("Entry {} · {} · {}", entry.id.0, foreign::label(name), entry.status.label());
    let mut pieces = vec![DocumentPiece::Heading(2, title), DocumentPiece::Facts(facts(detail))];
    pieces.push(DocumentPiece::Heading(3, "Request".to_owned()));
    pieces.push(DocumentPiece::Code("http", request(&detail.request)));
    pieces.push(DocumentPiece::Heading(3, "Response".to_owned()));
    pieces.extend(outcome(detail.outcome.as_ref()));
    if !detail.replaced.is_empty() {
        let places = number_of(detail.replaced.len() as u64, "place of the body is", "places of the body are");
        pieces.push(DocumentPiece::Paragraph(format!("{places} masked.")));
    }
    if !detail.timeline.is_empty() {
        pieces.push(DocumentPiece::Heading(3, "What followed".to_owned()));
    }
    for call in &detail.timeline {
        let line = format!("{} {}", call.request.method.as_str(), foreign::label(&call.request.path));
        pieces.push(DocumentPiece::Heading(4, line));
        let response = call.outcome.as_ref().ok();
        let mut facts = vec![fact("Time", moment(call.started)), fact("Took", millis(call.took))];
        facts.extend(response.and_then(|response| request_id(call.target, response)));
        pieces.push(DocumentPiece::Facts(facts));
        pieces.push(DocumentPiece::Code("http", request(&call.request)));
        pieces.extend(outcome(Some(&call.outcome)));
    }
    pieces.push(DocumentPiece::Heading(3, "The call as code".to_owned()));
    pieces.push(DocumentPiece::Code("sh", snippet(detail, SnippetLanguage::Curl, None)));
    if detail.is_damaged {
        let words = "A part of this entry is lost, for the history is damaged.";
        pieces.push(DocumentPiece::Paragraph(words.to_owned()));
    }
    pieces
}

fn facts(detail: &EntryDetail) -> Vec<DocumentFact> {
    let entry = &detail.entry;
    let text = |name, text: Option<&str>| text.map(|text| fact(name, foreign::label(text).into_owned()));
    let card = [entry.brand.as_deref(), entry.last4.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let tags = entry.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ");
    let verdict = entry.judgement.as_ref().map(|judgement| judgement.words());
    let used_by = entry.used_by.as_deref().map(|used_by| match &entry.used_client {
        Some(client) => format!("{used_by}, by {client}"),
        None => used_by.to_owned(),
    });
    let answer = detail.answer();
    let header = |name| answer.and_then(|answer| answer.header(name)).filter(|value| !value.is_empty());
    [
        text("Token", entry.token_id.as_deref()),
        Some(fact("Status", entry.status.label().to_owned())),
        text("Expected", entry.expects.as_ref().map(|expects| expects.words()).as_deref()),
        text("Verdict", verdict.as_deref()),
        Some(fact("Answered by", place(entry.target).to_owned())),
        text("Account", entry.account.as_deref().map(keyed_hash::shown)),
        text("Card", Some(card.as_str()).filter(|card| !card.is_empty())),
        text("Error", entry.code.as_deref()),
        Some(fact("Sent", moment(entry.started))),
        entry.took.map(|took| fact("Took", millis(took))),
        answer.and_then(|answer| request_id(entry.target, answer)),
        text("API version", header("Stripe-Version")),
        text("Idempotency key", detail.request.header("Idempotency-Key")),
        text("Used by", used_by.as_deref()),
        text("Note", Some(entry.note.as_str()).filter(|note| !note.is_empty())),
        text("Tags", Some(tags.as_str()).filter(|tags| !tags.is_empty())),
        detail.uid.map(|uid| fact("Id across histories", uid.to_string())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fact(name: &'static str, value: String) -> DocumentFact {
    DocumentFact { name, value, link: None }
}

/// The id of a request, at Stripe with the page of its Dashboard.
fn request_id(target: Target, response: &ApiResponse) -> Option<DocumentFact> {
    let id = response.request_id()?;
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let link = (target == Target::Stripe && is_id).then(|| format!("https://dashboard.stripe.com/test/logs/{id}"));
    Some(DocumentFact { link, ..fact("Request id", foreign::label(id).into_owned()) })
}

/// A request as its lines would be, with what is not as it was sent marked.
fn request(request: &MaskedRequest) -> String {
    let mut text = format!("{} {}\n", request.method.as_str(), foreign::lines(&request.path));
    for (name, value) in &request.headers {
        push_line(&mut text, &format!("{name}: {value}"));
    }
    if !request.params.is_empty() {
        text.push('\n');
    }
    for ((name, value), kept) in request.params.iter().zip(&request.kept) {
        let mark = match kept {
            Kept::Whole => "",
            Kept::Masked => "   (masked)",
            Kept::Hidden => "   (hidden)",
        };
        push_line(&mut text, &format!("{name} = {value}{mark}"));
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    // A line break in a value would begin another parameter.
    let _ = writeln!(text, "{}", foreign::lines(&line.replace('\n', "\\n")));
}

fn outcome(outcome: Option<&Result<ApiResponse, CallFailure>>) -> Vec<DocumentPiece> {
    match outcome {
        None => vec![DocumentPiece::Paragraph("There is no answer yet.".to_owned())],
        Some(Err(failure)) => {
            let words = format!("No answer that could be used: {}", foreign::label(&failure.message));
            let text = failure.text.as_deref().map(|text| DocumentPiece::Code("text", foreign::lines(text)));
            std::iter::once(DocumentPiece::Paragraph(words)).chain(text).collect()
        }
        Some(Ok(response)) => {
            let mut head = format!("HTTP {}\n", response.http_status);
            for (name, value) in &response.headers {
                push_line(&mut head, &format!("{name}: {value}"));
            }
            let body = response.text();
            let body = match json_spans::indented(&body) {
                Ok(body) => DocumentPiece::Code("json", foreign::json(&body).into_owned()),
                Err(_) => DocumentPiece::Code("text", foreign::lines(&body)),
            };
            vec![DocumentPiece::Code("http", head), body]
        }
    }
}

fn moment(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}
