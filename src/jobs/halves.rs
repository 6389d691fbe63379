//! Work in two halves: one thread makes items, another one uses them up.

use std::{
    ops::ControlFlow,
    panic,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// How many items are handed over at once: to wake the other thread takes as long as some of them.
const BATCH: usize = 16;
/// How many batches wait at most. A batch of entries may be long, so there are few.
const WAITING: usize = 2;

/// Runs `make` here and `take` on a thread of this name, with each item that `make` hands over, in their order. Once
/// `take` failed nothing more is taken: whoever hands over is told to break. Gives what `make` gave, and how `take` ended.
///
/// # Panics
/// When the system gives no thread, and where `make` or `take` does.
pub(super) fn in_halves<T: Send, E: Send, M>(
    name: &str,
    make: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> M,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> (M, Result<(), E>) {
    let (sender, batches) = sync_channel(WAITING);
    thread::scope(|scope| {
        let taking = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, move || take_all(&batches, take));
        let taking = taking.expect("the system gives threads");
        let made = hand_over_all(sender, make);
        (made, taking.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })
}

/// The sender ends here, for it keeps the other thread waiting.
fn hand_over_all<T, M>(sender: SyncSender<Vec<T>>, make: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> M) -> M {
    let mut batch = Vec::with_capacity(BATCH);
    let made = make(&mut |item| {
        batch.push(item);
        if batch.len() < BATCH {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
        if sender.send(full).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    // Where nobody receives any more, the other thread says why.
    let _ = sender.send(batch);
    drop(sender);
    made
}

fn take_all<T, E>(batches: &Receiver<Vec<T>>, mut take: impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
    batches.iter().flatten().try_for_each(&mut take)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed_over(count: u32, fails_at: Option<u32>) -> (u32, Vec<u32>, Result<(), u32>) {
        let mut taken = Vec::new();
        let (made, ended) = in_halves(
            "test",
            |hand_over| (0..count).take_while(|item| hand_over(*item).is_continue()).count() as u32,
            |item| {
                taken.push(item);
                if Some(item) == fails_at { Err(item) } else { Ok(()) }
            },
        );
        (made, taken, ended)
    }

    #[test]
    fn every_item_is_taken_in_its_order() {
        for count in [0, 1, 15, 16, 17, 1000] {
            assert_eq!(handed_over(count, None), (count, (0..count).collect(), Ok(())));
        }
    }

    #[test]
    fn nothing_is_made_for_long_after_a_failure() {
        let (made, taken, ended) = handed_over(100_000, Some(20));
        assert_eq!((taken, ended), ((0..=20).collect(), Err(20)));
        // What waits, and what is being handed over.
        assert!(made <= 20 + (WAITING as u32 + 2) * BATCH as u32, "{made}");
    }

    #[test]
    #[should_panic(expected = "taken")]
    fn a_panic_of_the_other_half_is_one_here() {
        let _ = in_halves("test", |hand_over| hand_over(1).is_break(), |_: u32| -> Result<(), ()> { panic!("taken") });
    }
}
