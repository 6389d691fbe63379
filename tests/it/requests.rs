//! The server, its faults and the request log in the window, with calls that come over loopback.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use egui::{Key, Modifiers, Role, ViewportId};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{
    hands::{click, focused, input, message, play, press, says, value},
    loopback::{call, call_with, id_in, port_of, serving},
    waiting::PATIENCE,
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

const CARD: &str = "card[number]=4242424242424242&card[exp_month]=5&card[exp_year]=2037&card[cvc]=314";

fn open_requests(window: &mut Window) {
    let tab = window.get_by(|node| node.role() == Role::Tab && node.label().is_some_and(|l| l.starts_with("Requests")));
    tab.click();
    window.run_ok();
}

fn open_server(window: &mut Window) {
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    window.run_ok();
    assert!(says(window, "Loopback server"));
}

fn close(window: &mut Window) {
    window.key_press(Key::Escape);
    window.run_ok();
    assert!(!says(window, "Loopback server"));
}

/// Puts the focus on the table, whose the keys are then. The window leaves it at nothing no more.
fn go_to_table(window: &mut Window) {
    ctrl(window, Key::Num4);
    assert_eq!(focused(window).as_deref(), Some("Requests"));
}

fn write_rules(window: &mut Window, text: &str) {
    input(window, "Rules").focus();
    window.run_ok();
    play(window, &format!("⬚⟦{text}⟧"));
}

#[test]
fn the_server_is_switched_on_and_a_call_is_seen_with_its_client_and_its_answer() {
    let mut window = Bench::new().open();
    open_requests(&mut window);
    assert!(says(&window, "No requests yet"));
    click(&mut window, Role::Button, "Switch the server on…");
    input(&window, "Port").focus();
    window.run_ok();
    play(&mut window, "⬚0");
    click(&mut window, Role::CheckBox, "Serve the local minter");
    wait_for(&mut window, "Serving 127.0.0.1:");
    assert!(says(&window, "/_testcard/reset") && says(&window, "Copy the control token"));
    close(&mut window);
    let port = port_of(&window);
    call(port, "POST", "/v1/tokens", CARD);
    wait(&mut window, "the call", |window| rows(window) == ["POST /v1/tokens 200 stripe-python 16.1.0"]);
    window.get_by_role(Role::Row).click();
    wait_for(&mut window, "fingerprint");
    // The token of the call is one click away.
    click(&mut window, Role::Button, "Show token");
    wait(&mut window, "the entry", |window| rows(window).iter().any(|row| row.starts_with("Unused tok_1")));
    click(&mut window, Role::Button, "Copy id");

    // Off again, and so the address is nobody's.
    open_server(&mut window);
    click(&mut window, Role::CheckBox, "Serve the local minter");
    wait(&mut window, "the end", |window| window.query_by_label("Serve…").is_some());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_token_charged_over_http_turns_used_and_its_timeline_names_the_charge() {
    let (mut window, port) = serving();
    let token = id_in(&call(port, "POST", "/v1/tokens", CARD), "tok_");
    wait(&mut window, "the token", |window| rows(window).iter().any(|row| row.starts_with("Unused tok_1")));
    window.get_by_role(Role::Row).click();
    wait_for(&mut window, "fingerprint");
    click(&mut window, Role::Tab, "Timeline");
    let form = format!("amount=2000&currency=usd&source={token}");
    let charge = id_in(&call(port, "POST", "/v1/charges", &form), "ch_");
    wait(&mut window, "used", |window| rows(window)[0].starts_with(&format!("Used {token}")));
    wait_for(&mut window, &format!("Charge {charge}: succeeded, $20.00 usd"));
    assert!(says(&window, "from stripe-python 16.1.0"));
    call(port, "POST", "/v1/charges", &form);
    wait_for(&mut window, "Refused again (token_already_used)");
    click(&mut window, Role::Tab, "Summary");
    assert!(says(&window, &format!("{charge} from stripe-python 16.1.0")));
}

#[test]
fn a_taken_port_offers_the_next_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut bench = Bench::new();
    bench.settings.server.port = port;
    let mut window = bench.open();
    open_server(&mut window);
    assert_eq!(value(&window, "Port"), port.to_string());
    click(&mut window, Role::CheckBox, "Serve the local minter");
    wait_for(&mut window, "The server is not running");
    assert!(window.query_by_label("Not serving").is_some());
    let offer = window.get_by(|node| {
        node.label().is_some_and(|label| {
            label.starts_with("Use 1") || label.starts_with("Use ") && label[4..].chars().all(|c| c.is_ascii_digit())
        })
    });
    let next: u16 = offer.accesskit_node().label().unwrap()[4..].parse().unwrap();
    assert_ne!(next, port);
    offer.click();
    wait_for(&mut window, "Serving 127.0.0.1:");
    assert_eq!(port_of(&window), next);
    assert_eq!(value(&window, "Port"), next.to_string());
}

#[test]
fn a_wrong_rule_names_its_place_and_a_right_one_is_at_work_until_it_is_cleared() {
    let (mut window, port) = serving();
    open_server(&mut window);
    let is_enabled =
        |window: &Window| !window.get_by_role_and_label(Role::Button, "Apply").accesskit_node().is_disabled();
    write_rules(&mut window, "# a comment\nPOST v1: 500");
    let fault = "✗ line 2, column 6: expected a path such as /v1/charges, found 'v1'";
    assert_eq!(message(&window, "Rules"), fault);
    assert!(!is_enabled(&window), "a wrong rule cannot be applied");
    write_rules(&mut window, "# a comment\nPOST /v1/tokens next 1: 429 retry-after 1");
    assert!(is_enabled(&window));
    click(&mut window, Role::Button, "Apply");
    wait(&mut window, "the mark", |window| window.query_all_by_label("1 fault on").count() == 2);
    close(&mut window);
    open_requests(&mut window);
    assert!(call(port, "POST", "/v1/tokens", CARD).starts_with("HTTP/1.1 429"));
    let expected = "POST /v1/tokens 429 on purpose: 429 retry-after 1 stripe-python 16.1.0";
    wait(&mut window, "the fault", |window| rows(window) == [expected]);
    go_to_table(&mut window);
    window.key_press(Key::ArrowDown);
    wait_for(&mut window, "This went wrong on purpose");

    // The rules are there when the dialog is opened again.
    open_server(&mut window);
    assert!(value(&window, "Rules").contains("next 1: 429"));
    click(&mut window, Role::Button, "Clear");
    assert_eq!(value(&window, "Rules"), "");
    assert!(window.query_by_label("1 fault on").is_none());
    // An example is a rule.
    click(&mut window, Role::Button, "* /v1/* every 5: latency 50ms..2s");
    assert!(is_enabled(&window));
}

/// Whether the server gives a page of this origin the permission to call it.
fn lets_in(port: u16, origin: &str) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "OPTIONS /v1/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: \
         POST\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 204")
}

#[test]
fn pages_are_named_in_the_dialog_and_may_call_until_they_are_taken_out() {
    let (mut window, port) = serving();
    open_server(&mut window);
    let write = |window: &mut Window, text: &str| {
        input(window, "Pages that may call").focus();
        window.run_ok();
        play(window, &format!("⬚⟦{text}⟧"));
    };
    let is_offered = |window: &Window| window.query_by_label("Use these pages").is_some();
    assert!(!is_offered(&window) && !lets_in(port, "http://localhost:3000"));
    write(&mut window, "http://localhost:3000 http://localhost:4000/shop");
    assert_eq!(
        message(&window, "Pages that may call"),
        "✗ An origin ends after host and port. Remove what comes behind, a slash too"
    );
    assert!(!is_offered(&window), "a wrong origin cannot be used");
    write(&mut window, "http://LOCALHOST:3000 https://shop.example");
    window.key_press(Key::Escape);
    window.run_ok();
    assert!(says(&window, "The pages are not used"), "what was typed is not lost");
    click(&mut window, Role::Button, "Use these pages");
    assert_eq!(value(&window, "Pages that may call"), "http://localhost:3000 https://shop.example");
    assert!(!is_offered(&window));
    wait(&mut window, "the permission", |_| lets_in(port, "http://localhost:3000"));
    assert!(lets_in(port, "https://shop.example") && !lets_in(port, "http://localhost:4000"));
    // They stay when the server is switched off and on, and when the dialog is opened again.
    click(&mut window, Role::CheckBox, "Serve the local minter");
    wait_for(&mut window, "Serve…");
    click(&mut window, Role::CheckBox, "Serve the local minter");
    wait_for(&mut window, "Serving 127.0.0.1:");
    close(&mut window);
    let port = port_of(&window);
    assert!(lets_in(port, "http://localhost:3000"));
    open_server(&mut window);
    write(&mut window, "https://shop.example");
    click(&mut window, Role::Button, "Use these pages");
    wait(&mut window, "the refusal", |_| !lets_in(port, "http://localhost:3000"));
    assert!(lets_in(port, "https://shop.example"));
}

#[test]
fn a_reset_asks_first_and_keeps_the_history() {
    let (mut window, port) = serving();
    let token = id_in(&call(port, "POST", "/v1/tokens", CARD), "tok_");
    wait(&mut window, "the token", |window| rows(window).len() == 1);
    open_server(&mut window);
    click(&mut window, Role::Button, "Reset the minter…");
    click(&mut window, Role::Button, "Keep it");
    assert!(call(port, "GET", &format!("/v1/tokens/{token}"), "").starts_with("HTTP/1.1 200"));
    click(&mut window, Role::Button, "Reset the minter…");
    click(&mut window, Role::Button, "Reset the minter");
    wait_for(&mut window, "The history stays");
    wait_for(&mut window, "The minter was reset");
    assert!(call(port, "GET", &format!("/v1/tokens/{token}"), "").starts_with("HTTP/1.1 404"));
    close(&mut window);
    assert!(rows(&window)[0].contains(&token));
}

#[test]
fn three_hundred_requests_draw_no_more_rows_than_fit_and_rest() {
    let (mut window, port) = serving();
    for nth in 0..300 {
        // Each is another one: equal ones would be one line.
        call(port, "GET", &format!("/v1/tokens/tok_none{nth}"), "");
    }
    open_requests(&mut window);
    wait(&mut window, "all calls", |window| says(window, "Requests 300"));
    wait(&mut window, "the rows", |window| rows(window).len() > 9);
    let drawn = rows(&window).len();
    assert!((10..40).contains(&drawn), "{drawn}");
    go_to_table(&mut window);
    window.key_press(Key::End);
    wait_for(&mut window, "No such token");
    assert!(rows(&window).len() < 40);
    for _ in 0..10 {
        window.step();
    }
    // The clock of the tests stands, so "now" becomes "1 min ago" at the earliest in a minute.
    for _ in 0..10 {
        window.step();
        let delay = window.output().viewport_output[&ViewportId::ROOT].repaint_delay;
        assert!(delay.as_secs() >= 50, "{delay:?} {:?}", window.ctx.repaint_causes());
    }
}

/// A window with calls of several kinds, the requests in its middle: the newest first, and what their rows say.
fn with_calls() -> (Window, u16) {
    let (mut window, port) = serving();
    call(port, "POST", "/v1/tokens", CARD);
    call(port, "GET", "/v1/charges?limit=3&customer=cus_9", "");
    call(port, "DELETE", "/v1/customers/cus_1", "");
    for _ in 0..3 {
        call(port, "GET", "/v1/tokens/tok_none", "");
    }
    open_requests(&mut window);
    wait(&mut window, "the calls", |window| rows(window).len() == 4);
    (window, port)
}

fn search(window: &mut Window, words: &str) {
    ctrl(window, Key::F);
    assert_eq!(focused(window).as_deref(), Some("Search path, id, error, client"), "the search of this pane");
    play(window, &format!("⬚{words}"));
}

fn choose(window: &mut Window, chip: &str, choice: &str) {
    click(window, Role::Button, chip);
    let item = window.get_by(|node| {
        node.role() == Role::Button
            && node.label().is_some_and(|label| label == choice || label.starts_with(&format!("{choice}  ")))
    });
    item.click();
    window.run_ok();
}

#[test]
fn equal_calls_in_a_row_are_one_line_that_unfolds_by_click_and_key() {
    let (mut window, port) = with_calls();
    let folded = "GET /v1/tokens/tok_none 404 stripe-python 16.1.0, 3 times in a row";
    assert_eq!(
        rows(&window),
        [
            folded,
            "DELETE /v1/customers/cus_1 404 stripe-python 16.1.0",
            "GET /v1/charges?limit=3&customer=cus_9 400 stripe-python 16.1.0",
            "POST /v1/tokens 200 stripe-python 16.1.0",
        ]
    );
    click(&mut window, Role::Button, "Show 3 equal calls");
    assert_eq!(rows(&window).len(), 6);
    assert_eq!(rows(&window)[1], "GET /v1/tokens/tok_none 404 stripe-python 16.1.0");
    click(&mut window, Role::Button, "Fold 3 equal calls");
    assert_eq!(rows(&window).len(), 4);
    // By key, and what is selected stays in view.
    ctrl(&mut window, Key::Num4);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(rows(&window).len(), 6);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(rows(&window).len(), 4);
    assert_eq!(focused(&window).as_deref(), Some("Requests"), "the arrows do not leave the table");
    // Another one joins the line, which stays the selected one.
    call(port, "GET", "/v1/tokens/tok_none", "");
    wait(&mut window, "four times", |window| rows(window)[0].ends_with("4 times in a row"));
    let selected = window.query_all_by_role(Role::Row).filter(|row| row.accesskit_node().is_selected() == Some(true));
    assert_eq!(selected.count(), 1);
}

#[test]
fn calls_are_searched_by_all_that_is_shown_of_them() {
    let (mut window, _) = with_calls();
    for (words, expected) in [
        ("charges limit=3", "GET /v1/charges?limit=3&customer=cus_9 400 stripe-python 16.1.0"),
        ("CUS_9", "GET /v1/charges?limit=3&customer=cus_9 400 stripe-python 16.1.0"),
        ("delete python", "DELETE /v1/customers/cus_1 404 stripe-python 16.1.0"),
        ("resource_missing tok_none", "GET /v1/tokens/tok_none 404 stripe-python 16.1.0, 3 times in a row"),
        ("tok_1", "POST /v1/tokens 200 stripe-python 16.1.0"),
    ] {
        search(&mut window, words);
        wait(&mut window, words, |window| rows(window) == [expected]);
    }
    search(&mut window, "nothing has this");
    wait_for(&mut window, "No call fits these filters");
    // Escape clears, and stays.
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "all of them", |window| rows(window).len() == 4);
    assert_eq!(focused(&window).as_deref(), Some("Search path, id, error, client"));
    search(&mut window, "nothing has this");
    wait_for(&mut window, "No call fits these filters");
    click(&mut window, Role::Button, "Clear the filters");
    wait(&mut window, "all of them", |window| rows(window).len() == 4);
    assert_eq!(focused(&window).as_deref(), Some("Search path, id, error, client"));
}

#[test]
fn calls_are_filtered_by_method_status_client_and_fault_together() {
    let (mut window, port) = with_calls();
    open_server(&mut window);
    write_rules(&mut window, "POST /v1/tokens next 1: 429 retry-after 1");
    click(&mut window, Role::Button, "Apply");
    wait(&mut window, "the mark", |window| window.query_all_by_label("1 fault on").count() == 2);
    close(&mut window);
    call(port, "POST", "/v1/tokens", CARD);
    wait(&mut window, "five lines", |window| rows(window).len() == 5);
    choose(&mut window, "Any method", "POST");
    wait(&mut window, "POST", |window| rows(window).len() == 2);
    choose(&mut window, "Any status", "4xx");
    wait(&mut window, "4xx", |window| rows(window).len() == 1 && rows(window)[0].contains("on purpose"));
    choose(&mut window, "Status 4xx", "200");
    wait(&mut window, "200", |window| rows(window) == ["POST /v1/tokens 200 stripe-python 16.1.0"]);
    click(&mut window, Role::Button, "On purpose 1");
    wait_for(&mut window, "No call fits these filters");
    choose(&mut window, "Status 200", "Any status");
    wait(&mut window, "the fault", |window| rows(window).len() == 1 && rows(window)[0].contains("on purpose"));
    click(&mut window, Role::Button, "All");
    wait(&mut window, "all", |window| rows(window).len() == 5);
    choose(&mut window, "Any client", "stripe-python 16.1.0");
    wait(&mut window, "the client", |window| rows(window).len() == 5);
    // A call that does not pass still belongs to what the counts say.
    choose(&mut window, "Any method", "DELETE");
    wait(&mut window, "DELETE", |window| rows(window).len() == 1);
    call(port, "GET", "/v1/tokens/tok_none", "");
    wait_for(&mut window, "Requests 8");
    assert_eq!(rows(&window).len(), 1);
}

#[test]
fn calls_and_tokens_of_several_accounts_are_told_apart() {
    const CONNECTED: &str = "acct_1032D82eZvKYlo2C";
    let (mut window, port) = serving();
    call(port, "POST", "/v1/tokens", CARD);
    wait(&mut window, "the token", |window| rows(window).iter().any(|row| row.starts_with("Unused tok_1")));
    assert!(!says(&window, "Any account"), "there is one account only");
    call_with(port, "POST", "/v1/tokens", CARD, &format!("Stripe-Account: {CONNECTED}\r\n"));
    wait_for(&mut window, "Any account");
    choose(&mut window, "Any account", CONNECTED);
    wait(
        &mut window,
        "its token",
        |window| matches!(&rows(window)[..], [only] if only.contains(&format!("of {CONNECTED}"))),
    );
    choose(&mut window, &format!("Account {CONNECTED}"), "Own account");
    wait(&mut window, "the other", |window| matches!(&rows(window)[..], [only] if !only.contains("acct_")));
    open_requests(&mut window);
    wait(&mut window, "both calls", |window| rows(window).len() == 2);
    choose(&mut window, "Any account", CONNECTED);
    let expected = format!("POST /v1/tokens 200 stripe-python 16.1.0 for {CONNECTED}");
    wait(&mut window, "its call", |window| rows(window) == [expected.as_str()]);
}
