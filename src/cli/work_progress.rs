//! How far long work is: a bar on a terminal, a plain line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::remark;

/// How often a plain line is written: a log of CI is read by people.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: &str = "{msg}  {bar:30} {pos}/{len}  {per_sec}  {eta} left";
/// The same of work whose end is not known.
const COUNT: &str = "{msg}  {pos}  {per_sec}";

/// Shows progress on stderr, of one step of the work after the other.
pub(super) struct WorkProgress {
    /// `None` where stderr is no terminal.
    bar: Option<ProgressBar>,
    step: &'static str,
    told: Instant,
}

impl WorkProgress {
    pub(super) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        Self { bar, step: "", told: Instant::now() }
    }

    /// Tells that a step came so far; `total` where it is known. `step` says what is done, such as "entries written".
    pub(super) fn update(&mut self, step: &'static str, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if self.step != step {
                self.step = step;
                let template = if total.is_some() { BAR } else { COUNT };
                bar.set_style(ProgressStyle::with_template(template).expect("the template is one"));
                bar.set_message(step);
                bar.reset();
            }
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        } else if self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            match total {
                Some(total) => remark(format_args!("{step}: {done} of {total}")),
                None => remark(format_args!("{step}: {done}")),
            }
        }
    }
}

impl Drop for WorkProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
