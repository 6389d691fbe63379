//! Waiting for what happens beside the thread of a test: for the event itself, and with an end.

use std::{
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use egui_kittest::{
    Harness, Node,
    kittest::{NodeT as _, Queryable as _},
};

/// How long one thing may take on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a screen takes for a frame: a view that moves asks for the next frame without an end, and is not drawn more
/// often.
const FRAME: Duration = Duration::from_millis(16);

/// Draws a frame whenever a window is asked to draw one, until it is so: when the background wakes it, and when the
/// time is over after which a view wanted to be drawn again.
#[track_caller]
pub fn draw_until<'h, S>(harness: &mut Harness<'h, S>, what: &str, is_wanted: impl Fn(&Harness<'h, S>) -> bool) {
    let (ask, asked) = channel();
    let here = thread::current().id();
    harness.ctx.set_request_repaint_callback(move |request| {
        let is_of_a_frame = thread::current().id() == here;
        let delay = if is_of_a_frame { request.delay.max(FRAME) } else { request.delay };
        // Nobody waits any more once it was so.
        let _ = ask.send(Instant::now().checked_add(delay));
    });
    let deadline = Instant::now() + PATIENCE;
    while !is_wanted(harness) {
        harness.step();
        let mut due = deadline;
        while let Ok(asked) = asked.recv_timeout(due.saturating_duration_since(Instant::now())) {
            due = due.min(asked.unwrap_or(deadline));
        }
        assert!(due < deadline, "waited in vain for {what}:\n{}", words(harness).join("\n"));
    }
}

/// Everything that a window says, for messages.
fn words<S>(harness: &Harness<'_, S>) -> Vec<String> {
    let said = |node: Node<'_>| {
        let node = node.accesskit_node();
        node.label().or(node.value()).map(|words| format!("{:?} {words}", node.role()))
    };
    harness.query_all_by(|_| true).filter_map(said).collect()
}
