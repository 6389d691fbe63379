//! Days and times in the window follow the local time zone, which is handed in.

use egui::{Role, ViewportId};
use egui_kittest::kittest::Queryable as _;
use jiff::{Timestamp, tz::TimeZone};
use tempfile::TempDir;
use testcard::{
    domain::{call::api::Target, zone::LocalZone},
    store::{NewCall, Store, StoreLocation},
};

use crate::support::{
    hands::{click, input, play, says},
    histories::{creation, say, token},
    window::{Bench, Window, rows, wait, wait_for},
};

/// The moment of the bench's clock: 2030-03-17, 17:46:40 in UTC.
const NOW: i64 = 1_900_000_000;

/// A zone by its rule, which needs no table of zones on the machine.
fn zone(rule: &str) -> LocalZone {
    LocalZone::new(TimeZone::posix(rule).unwrap())
}

/// A window in a zone, with tokens of these letters, made so many seconds before now.
fn window_in(zone: LocalZone, tokens: &[(&str, i64)]) -> (TempDir, Window) {
    let folder = TempDir::new().unwrap();
    let now = Timestamp::from_second(NOW).unwrap();
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), now).unwrap();
    for (letter, ago) in tokens {
        let started = Timestamp::from_second(NOW - ago).unwrap();
        let call = NewCall { started, ..creation(Target::Local, &[]) };
        store.answer(call, say(token(&format!("tok_{letter}"), "Visa", "4242", false))).wait().unwrap();
    }
    let mut window = Bench { folder: Some(folder.path().to_owned()), zone, ..Bench::new() }.open();
    wait(&mut window, "the rows", |window| rows(window).len() == tokens.len());
    (folder, window)
}

fn shown(window: &Window) -> String {
    rows(window).iter().map(|row| row.split(' ').nth(1).unwrap_or_default().chars().last().unwrap_or('?')).collect()
}

fn hour(hours: i64) -> i64 {
    hours * 3600
}

#[test]
fn today_begins_at_the_local_midnight() {
    for (rule, expected) in [
        // 07:46 on the next day already: midnight was seven hours and three quarters ago.
        ("<+14>-14", "a"),
        // 06:46 on the same day.
        ("<-11>11", "a"),
        // 23:31: midnight was nearly a day ago.
        ("<+0545>-5:45", "abcd"),
        ("UTC0", "abc"),
    ] {
        let tokens = [("d", hour(20)), ("c", hour(17)), ("b", hour(9)), ("a", hour(1))];
        let (_folder, mut window) = window_in(zone(rule), &tokens);
        click(&mut window, Role::Button, "Created any time");
        click(&mut window, Role::Button, "Today");
        wait(&mut window, rule, |window| shown(window) == expected);
    }
}

#[test]
fn days_that_are_typed_are_local_and_the_zone_is_named() {
    let (_folder, mut window) = window_in(zone("<+14>-14"), &[("b", hour(9)), ("a", hour(1))]);
    click(&mut window, Role::Button, "Created any time");
    assert!(says(&window, "Times are in UTC+14:00"));
    click(&mut window, Role::Button, "Custom days…");
    input(&window, "From").focus();
    window.run_ok();
    play(&mut window, "2030-03-18");
    wait(&mut window, "the day", |window| shown(window) == "a");
    assert!(says(&window, "UTC+14:00"));
}

#[test]
fn a_zone_that_is_not_known_is_utc_and_says_so() {
    let (_folder, mut window) = window_in(LocalZone::unknown("the time zone “Mars” is not known here"), &[("a", 60)]);
    click(&mut window, Role::Button, "Created any time");
    assert!(says(&window, "Times are in UTC: the time zone “Mars” is not known here"));
}

#[test]
fn a_time_is_shown_in_the_zone_and_in_utc_beside_it() {
    let (_folder, mut window) = window_in(zone("<+0545>-5:45"), &[("a", hour(1)), ("old", 30 * 86_400)]);
    assert!(rows(&window).iter().any(|row| row.ends_with("1 h ago, took < 0.1 ms") || row.contains(", 1 h ago")));
    assert!(rows(&window).iter().any(|row| row.contains("2030-02-15")), "{:?}", rows(&window));
    let row =
        window.get_by(|node| node.role() == Role::Row && node.label().is_some_and(|label| label.contains("tok_a")));
    row.click();
    wait(&mut window, "the entry", |window| window.query_by_role_and_label(Role::Tab, "Summary").is_some());
    click(&mut window, Role::Tab, "Summary");
    wait_for(&mut window, "Created: 2030-03-17 22:31:40 +05:45");
    window.get_by_role_and_label(Role::Button, "Created: 2030-03-17 22:31:40 +05:45").hover();
    wait_for(&mut window, "2030-03-17 16:46:40 UTC");
}

#[test]
fn a_time_to_come_says_so() {
    let (_folder, window) = window_in(LocalZone::UTC, &[("b", -hour(2)), ("a", -180)]);
    let rows = rows(&window);
    assert!(rows.iter().any(|row| row.contains("tok_a") && row.contains(", in 3 min")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("tok_b") && row.contains(", in 2 h")), "{rows:?}");
}

#[test]
fn the_window_wakes_once_at_the_next_midnight_and_only_for_days_that_move() {
    // 23:46:40, so that midnight is eight hundred seconds away; the entry is too old for its words to change.
    let (_folder, mut window) = window_in(zone("<+06>-6"), &[("a", 3 * 86_400)]);
    let delay = |window: &mut Window| {
        for _ in 0..10 {
            window.step();
        }
        window.output().viewport_output[&ViewportId::ROOT].repaint_delay
    };
    assert!(delay(&mut window).as_secs() > 3600, "nothing moves yet");
    click(&mut window, Role::Button, "Created any time");
    click(&mut window, Role::Button, "Last 7 days");
    window.run_ok();
    let seconds = delay(&mut window).as_secs();
    assert!((790..=800).contains(&seconds), "{seconds}");
}
