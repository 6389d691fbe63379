//! A window that serves, and calls to its server.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::domain::settings::preferences::ServerSettings;

use super::{
    waiting::PATIENCE,
    window::{Bench, Window, wait_for},
};

const PYTHON: &str = "Stripe/v1 PythonBindings/16.1.0";

/// A window that serves on any free port, and that port.
pub fn serving() -> (Window, u16) {
    serving_by(Bench::new())
}

/// As [`serving`], of a window with more to it.
pub fn serving_by(mut bench: Bench) -> (Window, u16) {
    let server = std::mem::take(&mut bench.settings.server);
    bench.settings.server = ServerSettings { serves: true, port: 0, ..server };
    let mut window = bench.open();
    wait_for(&mut window, "Serving 127.0.0.1:");
    let port = port_of(&window);
    (window, port)
}

pub fn port_of(window: &Window) -> u16 {
    let pill = window.get_by_label_contains("Serving 127.0.0.1:").accesskit_node().label().unwrap();
    pill.rsplit(':').next().unwrap().parse().unwrap()
}

/// One call over loopback, and the whole answer; empty when the connection was closed without one.
pub fn call(port: u16, method: &str, path: &str, form: &str) -> String {
    call_with(port, method, path, form, "")
}

/// As [`call`], with more headers: lines with their ends.
pub fn call_with(port: u16, method: &str, path: &str, form: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {PYTHON}\r\nAuthorization: Bearer \
         sk_test_window\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The first id with this start in an answer.
#[track_caller]
pub fn id_in(answer: &str, start: &str) -> String {
    let at = answer.find(start).unwrap_or_else(|| panic!("no {start} in {answer}"));
    answer[at..].split('"').next().unwrap().to_owned()
}
