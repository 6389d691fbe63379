use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    call::api::Target,
    rules::expectation::{Expectation, LifeStep, StepDifference},
    run::{
        comparison::RunComparison,
        kept_row::KeptSource,
        record::{NewRun, RowRecord, RunId, RunRecord, RunState},
        row::{CvcVariant, RunStep},
        summary::RunSummary,
        verdict::{RowVerdict, StepResult},
    },
};

/// What every format has a sign for, and what acts in a terminal or turns text round.
const NASTY: &str = "<b>&\"'|`]]> \u{1b}[2J\u{202e}x";

fn row(number: u64, verdict: Option<RowVerdict>) -> RowRecord {
    let got = match &verdict {
        Some(RowVerdict::Differs(difference)) => difference.got.clone(),
        _ => "ok".to_owned(),
    };
    let result = StepResult {
        step: RunStep::Token,
        got,
        http_status: Some(200),
        object: Some(format!("tok_{number}")),
        request_id: Some("req_1".to_owned()),
        took: Duration::from_micros(1500),
        tries: 1,
    };
    RowRecord {
        number,
        card: format!("4242 {NASTY}"),
        variant: "CVC good".to_owned(),
        source: KeptSource::Params { params: Vec::new(), adds_expiry: true, cvc: CvcVariant::Good },
        last_step: RunStep::Token,
        amount: "2000".to_owned(),
        currency: "usd".to_owned(),
        expects: Expectation::default(),
        is_predicted: true,
        note: NASTY.to_owned(),
        tags: Vec::new(),
        entry: None,
        results: if verdict.is_some() { vec![result] } else { Vec::new() },
        verdict,
    }
}

fn rows() -> Vec<RowRecord> {
    let difference = StepDifference { step: LifeStep::Token, expected: "ok".to_owned(), got: NASTY.to_owned() };
    vec![
        row(1, Some(RowVerdict::AsExpected)),
        row(2, Some(RowVerdict::Differs(difference))),
        row(3, Some(RowVerdict::Unanswered { step: RunStep::Token, why: NASTY.to_owned() })),
        row(4, None),
    ]
}

fn report(format: ReportFormat) -> String {
    let run = NewRun {
        name: "nightly".to_owned(),
        uid: "abc".to_owned(),
        list_hash: "x".to_owned(),
        target: Target::Local,
        profile: None,
        base_url: None,
        created: Timestamp::from_second(1_893_456_000).unwrap(),
        last_step: RunStep::Charge,
        source: NASTY.to_owned(),
        rate: None,
        rows: 4,
    };
    let state = RunState::Stopped;
    let run = RunRecord { id: RunId(7), run, state, finished: None, as_expected: 1, differs: 1, unanswered: 1 };
    let mut summary = RunSummary::default();
    for row in &rows() {
        summary.add(row);
    }
    let earlier = vec![row(1, Some(RowVerdict::AsExpected)), row(2, Some(RowVerdict::AsExpected))];
    let all = |rows: Vec<RowRecord>| rows.into_iter().map(Ok::<_, io::Error>);
    let comparison = RunComparison::of(all(earlier), all(rows()), 10).unwrap();
    let report = RunReport { run: &run, summary: &summary, before: Some((&run, &comparison)) };
    let mut out = Vec::new();
    write(format, &mut out, report, &mut all(rows())).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_report_tells_every_verdict_and_no_text_of_others_acts() {
    for format in ReportFormat::ALL {
        let text = report(format);
        assert!(text.contains("nightly"), "{format:?}");
        assert!(!text.contains(NASTY) && !text.contains('\u{1b}'), "{format:?}: {text}");
        if format != ReportFormat::Json {
            assert!(!text.contains("<b>&"), "{format:?}: {text}");
        }
    }
    let html = report(ReportFormat::Html);
    assert!(!html.contains("<script") && !html.contains("http:") && !html.contains("https:"), "nothing is fetched");
    assert_eq!(html.matches("<td class=\"bad\" title=").count(), 1, "one field of the heat map, with its worst row");
    for words in ["Since run 7", "1 row came to something else", "1500", "1.5 ms"] {
        assert_eq!(html.contains(words), words != "1500", "{words}");
    }
}

#[test]
fn the_json_report_is_json_with_all_rows() {
    let json: serde_json::Value = serde_json::from_str(&report(ReportFormat::Json)).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&"testcard-run".into(), &1.into()));
    assert_eq!(json["summary"]["differs"], 1);
    let verdicts: Vec<_> = json["rows"].as_array().unwrap().iter().map(|row| row["verdict"].clone()).collect();
    assert_eq!(verdicts, ["as_expected".into(), "differs".into(), "unanswered".into(), serde_json::Value::Null]);
    assert_eq!(json["compared_with"]["changed"], 1);
    assert_eq!(json["rows"][1]["steps"][0]["id"], "tok_2");
}
