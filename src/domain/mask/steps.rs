//! Counts in tests how many characters masking reads. The tests check that the count grows linearly with the text.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts one character.
#[inline]
pub(super) fn step() {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// Counts this many characters.
#[inline]
pub(super) fn walk(signs: usize) {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + signs as u64));
    #[cfg(not(test))]
    let _ = signs;
}

/// The number of characters that this thread counts while `run` runs.
#[cfg(test)]
pub(super) fn count(run: impl FnOnce()) -> u64 {
    STEPS.with(|steps| steps.set(0));
    run();
    STEPS.with(std::cell::Cell::get)
}
