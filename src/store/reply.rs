//! One value that arrives later, for callers that await it and for callers that block.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::error::StoreError;

/// The result of a job of the writer, which arrives once it is on the disk. Await it, or block with
/// [`StoreReply::wait`]; dropping it cancels nothing.
#[derive(Debug)]
#[must_use = "a job is acknowledged by its reply only"]
pub struct StoreReply<T>(Arc<ReplySlot<T>>);

/// The writer's end of a [`StoreReply`]. Dropped without a value, it gives the error that the store was closed.
pub(super) struct ReplyPromise<T> {
    /// `None` once it is kept.
    slot: Option<Arc<ReplySlot<T>>>,
    doing: &'static str,
}

#[derive(Debug)]
struct ReplySlot<T> {
    state: Mutex<SlotState<T>>,
}

#[derive(Debug)]
struct SlotState<T> {
    value: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

pub(super) fn pair<T>(doing: &'static str) -> (ReplyPromise<T>, StoreReply<T>) {
    let slot = Arc::new(ReplySlot { state: Mutex::new(SlotState { value: None, waker: None }) });
    (ReplyPromise { slot: Some(Arc::clone(&slot)), doing }, StoreReply(slot))
}

impl<T> ReplySlot<T> {
    fn lock(&self) -> MutexGuard<'_, SlotState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, value: Result<T, StoreError>) {
        let waker = {
            let mut state = self.lock();
            state.value = Some(value);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> ReplyPromise<T> {
    pub(super) fn keep(mut self, value: Result<T, StoreError>) {
        if let Some(slot) = self.slot.take() {
            slot.fill(value);
        }
    }
}

impl<T> Drop for ReplyPromise<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.fill(Err(StoreError::Closed { doing: self.doing }));
        }
    }
}

impl<T> StoreReply<T> {
    /// Blocks until the value is there. Not to be called on a thread that draws frames or runs async tasks.
    ///
    /// # Errors
    /// What the store says about the job, or that it was closed before it came to it.
    pub fn wait(self) -> Result<T, StoreError> {
        pollster::block_on(self)
    }
}

impl<T> Future for StoreReply<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_is_dropped_says_so() {
        let (promise, reply) = pair::<()>("save the call");
        drop(promise);
        assert_eq!(reply.wait(), Err(StoreError::Closed { doing: "save the call" }));
    }

    #[test]
    fn a_kept_promise_is_read_once() {
        let (promise, reply) = pair("save the call");
        promise.keep(Ok(7));
        assert_eq!(reply.wait(), Ok(7));
    }
}
