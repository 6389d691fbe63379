//! A named thread of the background that is waited for when its handle goes away.

use std::thread::JoinHandle;

/// Joins the thread when dropped. Whatever tells the thread to end has to be dropped or sent before, so a handle that
/// holds the thread's sender declares it above this field.
pub(super) struct JoinedThread(Option<JoinHandle<()>>);

impl JoinedThread {
    /// # Panics
    /// When the system gives no thread: then nothing can work.
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Self {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        Self(Some(thread.expect("the system gives threads")))
    }
}

impl Drop for JoinedThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}
