//! One value that arrives later, for callers that await it and for callers that block.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::error::StoreError;

/// What the writer will say once the disk has it. Await it, or block with [`Reply::wait`]; dropping it cancels nothing.
#[derive(Debug)]
#[must_use = "a job is acknowledged by its reply only"]
pub struct Reply<T>(Arc<Slot<T>>);

/// The writer's end: dropped without a word, it says that the store was closed.
pub(super) struct Promise<T> {
    /// `None` once it is kept.
    slot: Option<Arc<Slot<T>>>,
    doing: &'static str,
}

#[derive(Debug)]
struct Slot<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

pub(super) fn pair<T>(doing: &'static str) -> (Promise<T>, Reply<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(State { value: None, waker: None }), arrived: Condvar::new() });
    (Promise { slot: Some(Arc::clone(&slot)), doing }, Reply(slot))
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, value: Result<T, StoreError>) {
        let waker = {
            let mut state = self.lock();
            state.value = Some(value);
            state.waker.take()
        };
        self.arrived.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Promise<T> {
    pub(super) fn keep(mut self, value: Result<T, StoreError>) {
        if let Some(slot) = self.slot.take() {
            slot.fill(value);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.fill(Err(StoreError::Closed { doing: self.doing }));
        }
    }
}

impl<T> Reply<T> {
    /// Blocks until the value is there: for threads of their own, never for one that draws or polls.
    ///
    /// # Errors
    /// What the store says about the job, or that it was closed before it came to it.
    pub fn wait(self) -> Result<T, StoreError> {
        let mut state = self.0.lock();
        loop {
            if let Some(value) = state.value.take() {
                return value;
            }
            state = self.0.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Future for Reply<T> {
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
