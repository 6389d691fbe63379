//! Runs in the window: a list is typed, its end is seen as a heat map, and every field of the map leads to its entry.

use std::time::Duration;

use egui::{Key, Modifiers, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use jiff::Timestamp;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        history::entry::EntryId,
        presets::library::PresetLibrary,
        rules::policies::AccountPolicies,
        run::{
            record::{NewRun, RunId, RunRecord, RunState},
            row::RunStep,
            summary::{HeatCell, RunSummary, VerdictCounts},
        },
        settings::preferences::Settings,
        typed_path::PathBase,
    },
    messages::{ShownRun, WorkerUpdate},
    model::WindowModel,
    ui::{
        Action,
        dialogs::runs::{self, RunsContext, RunsState},
    },
};

use crate::support::{
    hands::{click, focused, input, message, play, press, says},
    local_server::LocalServer,
    pane::pane,
    waiting::draw_until,
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// Twelve cards.
const CARDS: &str = "4242424242424242,4000056655665556,5555555555554444,378282246310005,6011111111111117,3056930009020004,\
                     3566002020360505,6200000000000005,insufficient_funds,4000000000000002,4000000000000069,4000000000000119";

fn cells<S>(harness: &Harness<'_, S>) -> Vec<String> {
    harness.query_all_by_role(Role::GridCell).filter_map(|cell| cell.accesskit_node().label()).collect()
}

fn type_list(window: &mut Window, list: &str) {
    input(window, "List").focus();
    window.run_ok();
    play(window, &format!("⬚⟦{list}⟧"));
}

/// What stands selected in the history.
fn selected(window: &Window) -> Vec<String> {
    let is_selected = |row: &egui_kittest::Node<'_>| row.accesskit_node().is_selected() == Some(true);
    window.query_all_by_role(Role::Row).filter(is_selected).filter_map(|row| row.accesskit_node().label()).collect()
}

#[test]
fn a_matrix_is_typed_run_and_walked_by_keyboard() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::R);
    // What is chosen from lists comes first; the text is what comes of it.
    assert_eq!(focused(&window).as_deref(), Some("Search cards"));
    type_list(&mut window, &format!("card={CARDS} cvc=good,bad,none network=visa,none"));
    wait_for(&mut window, "72 rows, 144 calls at most");
    wait_for(&mut window, "× token fails with invalid_cvc");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "72 rows: 72 as expected");
    wait(&mut window, "the whole map", |window| cells(window).iter().all(|cell| cell.contains("as expected")));
    let map = cells(&window);
    assert_eq!(map.len(), 72, "{map:#?}");
    assert_eq!(
        map[0],
        "4242 4242 4242 4242 Visa, CVC good · network visa: as expected. Came: ok. Expected: token, attach and charge work"
    );
    wait(&mut window, "the keys on the map", |window| focused(window).as_deref() == Some("Heat map"));
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    assert!(!says(&window, "Run matrix finished"), "nothing lies over the line below the map");
    // To the card that declines at the charge, with a code that is too short.
    play(&mut window, "↓↓↓↓↓↓↓↓→→");
    let cursor =
        window.query_all_by_role(Role::GridCell).find(|cell| cell.accesskit_node().is_selected() == Some(true));
    let cursor = cursor.unwrap().accesskit_node().label().unwrap();
    assert!(cursor.starts_with("4000 0000 0000 9995") && cursor.contains("Came: invalid_cvc"), "{cursor}");
    play(&mut window, "↵");
    wait(&mut window, "the entries of the run", |window| selected(window).len() == 1);
    assert_eq!(window.query_all_by_role(Role::GridCell).count(), 0, "the dialog is closed");
    let search = window.get_by_role_and_label(Role::SearchInput, "Search id, card, note, #tag");
    assert_eq!(search.value().as_deref(), Some("run:1"));
    let row = selected(&window).remove(0);
    assert!(row.contains("invalid_cvc") && row.contains("9995"), "{row}");
    assert!(rows(&window).len() > 10, "{:?}", rows(&window));
}

#[test]
fn a_list_that_is_wrong_says_so_and_makes_no_call() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::R);
    for (list, words) in [
        ("card=visa colour=red", "✗ The axes are card, cvc, zip, network and amount, and there is none 'colour'"),
        ("card=4539578763621486", "✗ No published test card is known by '453957******1486'"),
        ("cvc=good", "✗ The matrix has no card: write card=NUMBER,WORD or card=*"),
    ] {
        type_list(&mut window, list);
        assert!(message(&window, "List").starts_with(words), "{list}: {}", message(&window, "List"));
        ctrl(&mut window, Key::Enter);
        assert!(window.get_by_role_and_label(Role::Button, "Run 0 rows").accesskit_node().is_disabled());
    }
    // What was typed is there when the dialog is opened again.
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait_for(&mut window, "No tokens yet");
    ctrl(&mut window, Key::R);
    assert_eq!(input(&window, "List").value().as_deref(), Some("cvc=good"));
    assert!(says(&window, "No runs yet"), "no run was written down");
}

#[test]
fn what_the_account_refuses_is_said_before_anything_is_sent() {
    let mut bench = Bench::new();
    bench.settings.policies = AccountPolicies { raw_card_data: false, ..AccountPolicies::default() };
    let mut window = bench.open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, "card=4242424242424242 cvc=good,bad");
    wait_for(&mut window, "The account refuses 1 row");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 0 as expected, 2 differ");
    wait(&mut window, "the field that differs", |window| {
        cells(window).iter().any(|cell| cell.contains("differs. Differs at token: expected ok"))
    });
}

#[test]
fn what_the_account_at_stripe_refused_last_is_said_before_the_next_run() {
    let server = LocalServer::start();
    server.set_policies(AccountPolicies { raw_card_data: false, ..AccountPolicies::default() });
    let mut window = Bench::stripe(&server.url()).open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, "card=4242424242424242 cvc=good,bad");
    wait_for(&mut window, "2 rows, 4 calls at most");
    assert!(!says(&window, "The account refuses"), "nothing is known yet");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 0 as expected, 2 differ");
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    click(&mut window, Role::Button, "New run");
    wait_for(&mut window, "The account refuses 1 row");
    wait_for(
        &mut window,
        "This Stripe account does not accept raw card numbers, as its last answer to this profile says",
    );
}

/// Holds the run back that is on its way. Frames are drawn one by one, for a run comes to its end meanwhile.
fn pause(window: &mut Window) {
    draw_until(window, "the run", |window| window.query_by_role_and_label(Role::Button, "Pause").is_some());
    window.get_by_role_and_label(Role::Button, "Pause").click();
    draw_until(window, "the pause", |window| says(window, "· paused"));
}

#[test]
fn a_run_is_held_back_stopped_and_gone_on_with_and_nothing_is_made_twice() {
    let server = LocalServer::start();
    let mut window = Bench::stripe(&server.url()).open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, &format!("card={CARDS} cvc=good,bad,none"));
    click(&mut window, Role::RadioButton, "Token");
    input(&window, "Calls a second").focus();
    window.run_ok();
    play(&mut window, "5");
    wait_for(&mut window, "36 rows, 36 calls at most, about 8 s at 5 calls a second");
    ctrl(&mut window, Key::Enter);
    pause(&mut window);
    // The status line says it too, below the dialog.
    assert!(says(&window, "of 36 rows, paused"));
    window.get_by_role_and_label(Role::Button, "Stop").click();
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    assert!(says(&window, "not made yet"), "the rest is left");
    window.get_by_role_and_label(Role::Button, "Resume").click();
    pause(&mut window);
    window.get_by_role_and_label(Role::Button, "Resume").click();
    draw_until(&mut window, "the calls", |window| !says(window, "· paused"));
    wait_for(&mut window, "36 rows: 36 as expected");
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    click(&mut window, Role::Button, "Show entries");
    // One entry for each row: the same keys made no token twice.
    wait(&mut window, "the entries", |window| rows(window).len() > 10);
    press(&mut window, Modifiers::COMMAND, Key::A);
    wait_for(&mut window, "36 selected");
}

#[test]
fn a_run_is_made_again_and_says_what_came_otherwise_since() {
    let server = LocalServer::start();
    let mut window = Bench::stripe(&server.url()).open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, "card=4242424242424242,4000056655665556 cvc=good,none");
    click(&mut window, Role::RadioButton, "Token");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "4 rows: 4 as expected");
    server.set_policies(AccountPolicies { raw_card_data: false, ..AccountPolicies::default() });
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    click(&mut window, Role::Button, "Run again");
    wait_for(&mut window, "4 rows: 0 as expected, 4 differ");
    wait_for(&mut window, "Since the run before · 4");
    click(&mut window, Role::Tab, "Since the run before · 4");
    wait_for(&mut window, "4 rows came to something else, 0 to the same");
    let changes: Vec<_> =
        window.query_all_by_role(Role::ListItem).filter_map(|change| change.accesskit_node().label()).collect();
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert!(changes[0].contains("token ok (As expected) → token"), "{changes:?}");
    click(&mut window, Role::Tab, "Outcomes");
    assert!(says(&window, "token invalid_request_error: 4 rows"));
}

#[test]
fn the_end_of_a_run_is_told_without_its_dialog_and_leads_back_to_it() {
    let server = LocalServer::start();
    let mut window = Bench::stripe(&server.url()).open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, &format!("card={CARDS} cvc=good,none"));
    click(&mut window, Role::RadioButton, "Token");
    input(&window, "Calls a second").focus();
    window.run_ok();
    play(&mut window, "10");
    ctrl(&mut window, Key::Enter);
    pause(&mut window);
    // What is left takes long enough for the dialog to be closed before its end.
    window.get_by_role_and_label(Role::Button, "Resume").click();
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(cells(&window).is_empty(), "the dialog is closed");
    wait_for(&mut window, "Run matrix finished");
    click(&mut window, Role::Button, "Show it");
    wait(&mut window, "the map", |window| cells(window).len() == 24);
    assert!(!says(&window, "Run matrix finished"));
}

#[test]
fn a_report_is_written_where_it_was_said_and_replaces_nothing_unasked() {
    let folder = TempDir::new().unwrap();
    let bench =
        Bench { folder: Some(folder.path().join("data")), export_folder: folder.path().to_owned(), ..Bench::new() };
    let mut window = bench.open();
    ctrl(&mut window, Key::R);
    type_list(&mut window, "card=4242424242424242 cvc=good,none");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 2 as expected");
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    for (format, ending, words) in
        [("HTML page", "html", "<!DOCTYPE html>"), ("JUnit XML", "xml", "<?xml"), ("Markdown", "md", "matrix")]
    {
        click(&mut window, Role::Button, "Report…");
        click(&mut window, Role::RadioButton, format);
        input(&window, "File of the report").focus();
        window.run_ok();
        play(&mut window, "↵");
        wait_for(&mut window, &format!("run-1-matrix.{ending}"));
        wait_for(&mut window, "Report written to");
        let written = std::fs::read_to_string(folder.path().join(format!("run-1-matrix.{ending}"))).unwrap();
        assert!(written.contains(words), "{written}");
        wait(&mut window, "the end", |window| !says(window, "Write the report"));
    }
    click(&mut window, Role::Button, "Report…");
    click(&mut window, Role::Button, "Write the report");
    wait_for(&mut window, "Replace run-1-matrix.html?");
    click(&mut window, Role::Button, "Replace it");
    wait(&mut window, "the end", |window| !says(window, "Write the report"));
}

/// A run of so many cards and variants, each field with its end.
fn large_run(cards: usize, variants: usize) -> ShownRun {
    let mut summary = RunSummary::default();
    summary.heat_map.cards = (0..cards).map(|card| format!("4242 4242 4242 {card:04} Card {card}")).collect();
    summary.heat_map.variants = (0..variants).map(|variant| format!("amount {variant}")).collect();
    for card in 0..cards {
        for variant in 0..variants {
            let cell = HeatCell {
                counts: VerdictCounts { as_expected: 1, ..VerdictCounts::default() },
                outcome: "ok".to_owned(),
                expected: "token works".to_owned(),
                verdict: "As expected".to_owned(),
                entry: Some(EntryId(i64::try_from(card * variants + variant).unwrap())),
            };
            summary.heat_map.cells.insert((card, variant), cell);
        }
    }
    let rows = (cards * variants) as u64;
    summary.counts.as_expected = rows;
    summary.total = Duration::from_secs(1);
    let record = RunRecord {
        id: RunId(7),
        run: NewRun {
            name: "large".to_owned(),
            uid: String::new(),
            list_hash: String::new(),
            target: Target::Local,
            profile: None,
            base_url: None,
            created: Timestamp::UNIX_EPOCH,
            source: String::new(),
            last_step: RunStep::Token,
            rate: None,
            rows,
        },
        state: RunState::Finished,
        finished: None,
        as_expected: rows,
        differs: 0,
        unanswered: 0,
    };
    ShownRun { record, summary, before: None }
}

struct Drawn {
    state: RunsState,
    model: WindowModel,
    actions: Vec<Action>,
}

#[test]
fn a_map_of_300_cards_and_60_variants_draws_what_is_in_view_alone() {
    let mut model = WindowModel::default();
    let shown = large_run(300, 60);
    model.apply(WorkerUpdate::Runs(vec![shown.record.clone()]));
    model.apply(WorkerUpdate::Run(Box::new(shown)));
    let mut state = RunsState::default();
    state.open(Some(RunId(7)));
    let settings = Settings::default();
    let paths = PathBase { home: None, folder: "/nowhere".into() };
    let library = PresetLibrary::default();
    let mut window = pane([1280.0, 800.0], Drawn { state, model, actions: Vec::new() }, move |ui, drawn| {
        let about = RunsContext {
            runs: &drawn.model.runs,
            settings: &settings,
            library: &library,
            library_revision: 0,
            paths: &paths,
            now: Timestamp::UNIX_EPOCH,
        };
        runs::runs_ui(ui.ctx(), &mut drawn.state, &about, &mut drawn.actions);
    });
    let in_view = |window: &Harness<'_, Drawn>| (window.state().state.heat_rows_drawn(), cells(window).len());
    let (drawn_rows, drawn_cells) = in_view(&window);
    assert!((5..25).contains(&drawn_rows), "{drawn_rows}");
    assert!(drawn_cells < drawn_rows * 20 && drawn_cells > drawn_rows, "{drawn_cells} fields in {drawn_rows} rows");
    window.get_by_role_and_label(Role::Grid, "Heat map").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::End);
    for _ in 0..59 {
        press(&mut window, Modifiers::NONE, Key::ArrowRight);
    }
    let last = "4242 4242 4242 0299 Card 299, amount 59: as expected. Came: ok. Expected: token works";
    assert!(cells(&window).iter().any(|cell| cell == last), "the keys lead to the last field");
    assert!(in_view(&window).0 < 25);
    press(&mut window, Modifiers::NONE, Key::Enter);
    let opened = Action::ShowRunEntries { run: RunId(7), entry: Some(EntryId(299 * 60 + 59)) };
    assert!(window.state().actions.contains(&opened), "{:?}", window.state().actions);
}
