//! Counts in tests how often a text is looked at: the count must grow as the text does, and no faster.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// A sign was looked at.
#[inline]
pub(super) fn step() {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// So many signs were looked at.
#[inline]
pub(super) fn walk(signs: usize) {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + signs as u64));
    #[cfg(not(test))]
    let _ = signs;
}

/// The steps of this thread while `run` runs.
#[cfg(test)]
pub(super) fn count(run: impl FnOnce()) -> u64 {
    STEPS.with(|steps| steps.set(0));
    run();
    STEPS.with(std::cell::Cell::get)
}
