//! How far a run is: a bar on a terminal, a plain line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::remark;
use crate::{
    domain::{
        plural::{number_of, plural},
        run::preview::time_words,
    },
    jobs::run::RunProgress,
};

/// How often a plain line is written: a log of CI is read by people.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: &str = "{bar:30} {pos}/{len}  {per_sec}  {eta} left  {msg}";

/// Shows progress on stderr.
pub(super) enum ProgressView {
    Bar(ProgressBar),
    Lines { begun: Instant, done_before: u64, told: Instant },
}

impl ProgressView {
    /// `done_before` rows are done already.
    pub(super) fn new(total: u64, done_before: u64) -> Self {
        let style = ProgressStyle::with_template(BAR).ok().filter(|_| io::stderr().is_terminal());
        match style {
            Some(style) => {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style);
                bar.set_position(done_before);
                bar.reset_eta();
                Self::Bar(bar)
            }
            None => Self::Lines { begun: Instant::now(), done_before, told: Instant::now() },
        }
    }

    pub(super) fn update(&mut self, progress: RunProgress) {
        let RunProgress { done, total, differs, unanswered, .. } = progress;
        match self {
            Self::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(doubts(differs, unanswered));
            }
            Self::Lines { begun, done_before, told } => {
                if told.elapsed() < LINE_EVERY {
                    return;
                }
                *told = Instant::now();
                let made = done.saturating_sub(*done_before);
                let per_second = made as f64 / begun.elapsed().as_secs_f64();
                let left = Duration::from_secs_f64((total.saturating_sub(done)) as f64 / per_second.max(0.01));
                let doubts = doubts(differs, unanswered);
                let comma = if doubts.is_empty() { "" } else { ", " };
                remark(format_args!(
                    "{done} of {}, {per_second:.1} a second, {} left{comma}{doubts}",
                    number_of(total, "row", "rows"),
                    time_words(left)
                ));
            }
        }
    }

    /// Writes something to another stream of the same terminal, which the bar makes room for.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self {
            Self::Bar(bar) => bar.suspend(write),
            Self::Lines { .. } => write(),
        }
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// How many rows do not hold, in words; empty where all do.
fn doubts(differs: u64, unanswered: u64) -> String {
    let parts = [(differs, plural(differs, "differs", "differ")), (unanswered, "unanswered")];
    let words = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    words.collect::<Vec<_>>().join(", ")
}
