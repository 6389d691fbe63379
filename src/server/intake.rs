//! The body of a request as it arrives, and the memory that all calls in flight may have together.
//!
//! Bounds per call do not add up to a bound: over HTTP/2 one connection has more than a hundred calls at once. So bytes
//! are counted over all connections, as they come and not as they are announced, and given back with the call.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::body::{Body, Bytes, HttpBody as _};
use memmap2::MmapMut;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

use crate::domain::call::error::ApiError;

/// The largest body that is taken. Stripe's largest calls have some kilobytes.
const MOST_BODY_BYTES: usize = 1 << 20;
/// How many bytes of a body are looked through for a key where the head names none. So many are read of the body of a
/// refused call, too: many clients read the answer only once their body is sent.
pub(super) const FIRST_BYTES: usize = 64 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the body of a refused call is read. Short, for a client that sent `Expect: 100-continue` sends no body at
/// all before it is asked for it.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// The memory that all calls in flight may take together, in bytes. Cheap to clone; the clones share it.
#[derive(Clone)]
pub(super) struct MemoryBudget {
    free: Arc<Semaphore>,
}

impl MemoryBudget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(bytes)) }
    }

    /// Takes so many bytes, until the value is dropped; `None` where there are not as many left.
    pub(super) fn take(&self, bytes: usize) -> Option<MemoryShare> {
        let permit = Arc::clone(&self.free).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()?;
        Some(MemoryShare { permit })
    }

    /// Takes so many bytes, or as many as are left, for an answer that is made already and must be sent.
    pub(super) fn take_what_is_left(&self, bytes: usize) -> MemoryShare {
        loop {
            // Other threads take at the same time: what was free a moment ago may be gone.
            if let Some(taken) = self.take(bytes.min(self.free.available_permits())) {
                return taken;
            }
        }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.free.available_permits() == 0
    }
}

/// Bytes of a [`MemoryBudget`], given back when this is dropped.
pub(super) struct MemoryShare {
    permit: OwnedSemaphorePermit,
}

impl MemoryShare {
    fn add(&mut self, more: Self) {
        self.permit.merge(more.permit);
    }
}

/// An answer's bytes, which hold their share of the memory until the last copy of them is dropped.
pub(super) fn counted(bytes: Vec<u8>, taken: MemoryShare) -> Bytes {
    struct CountedBytes(Vec<u8>, #[expect(dead_code, reason = "held until the bytes are gone")] MemoryShare);
    impl AsRef<[u8]> for CountedBytes {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    Bytes::from_owner(CountedBytes(bytes, taken))
}

/// The refusal of a call that there is no memory for. It comes with a `Retry-After`.
pub(super) fn no_room() -> ApiError {
    let message = "Testcard's local server has as many calls in flight as it may hold in memory, and did nothing: please \
                   try again.";
    ApiError::request(None, None, message).with_status(503)
}

/// The bytes of a body. A large one has pages of its own, which go back to the system with it: of what an allocator is
/// given back, it keeps a part until its thread asks for more.
enum BodyBuffer {
    Small(Vec<u8>),
    Large { pages: MmapMut, length: usize },
}

impl BodyBuffer {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Small(bytes) => bytes,
            Self::Large { pages, length } => &pages[..*length],
        }
    }

    /// Adds a piece, of [`MOST_BODY_BYTES`] at most in all; `false` where the system has no memory.
    fn add(&mut self, piece: &[u8]) -> bool {
        if let Self::Small(bytes) = self
            && bytes.len() + piece.len() > FIRST_BYTES
        {
            let Ok(mut pages) = MmapMut::map_anon(MOST_BODY_BYTES) else { return false };
            pages[..bytes.len()].copy_from_slice(bytes);
            *self = Self::Large { length: bytes.len(), pages };
        }
        match self {
            Self::Small(bytes) => bytes.extend_from_slice(piece),
            Self::Large { pages, length } => {
                pages[*length..*length + piece.len()].copy_from_slice(piece);
                *length += piece.len();
            }
        }
        true
    }
}

/// How far the body has been received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyStage {
    Coming,
    /// It has ended: what comes next on the connection is another request.
    Whole,
    /// It was broken off: where the next request would begin is unknown.
    Broken,
}

/// A body that is read as far as it is wanted.
pub(super) struct IncomingBody {
    body: Body,
    read: BodyBuffer,
    stage: BodyStage,
    /// What the call holds of the budget: first for its head, then for every piece of its body.
    taken: MemoryShare,
    budget: MemoryBudget,
}

impl IncomingBody {
    /// The body of a call whose head has this many bytes.
    pub(super) fn new(body: Body, head_bytes: usize, budget: &MemoryBudget) -> Result<Self, Body> {
        let Some(taken) = budget.take(head_bytes) else { return Err(body) };
        let stage = if body.is_end_stream() { BodyStage::Whole } else { BodyStage::Coming };
        Ok(Self { body, read: BodyBuffer::Small(Vec::new()), stage, taken, budget: budget.clone() })
    }

    /// What has been read.
    pub(super) fn bytes(&self) -> &[u8] {
        self.read.bytes()
    }

    /// Reads until the first bytes of the body are there, or all of it.
    pub(super) async fn read_first(&mut self) -> Result<(), ApiError> {
        self.read_until(FIRST_BYTES).await
    }

    /// Reads the body to its end.
    pub(super) async fn read_all(&mut self) -> Result<(), ApiError> {
        self.read_until(usize::MAX).await
    }

    async fn read_until(&mut self, wanted: usize) -> Result<(), ApiError> {
        let too_large = || too_large(MOST_BODY_BYTES);
        if self.body.size_hint().lower() > (MOST_BODY_BYTES - self.bytes().len()) as u64 {
            return Err(too_large());
        }
        let deadline = Instant::now() + BODY_TIMEOUT;
        while self.stage == BodyStage::Coming && self.bytes().len() < wanted {
            let Ok(piece) = timeout_at(deadline, next(&mut self.body)).await else {
                return Err(too_late());
            };
            match piece {
                None => self.stage = BodyStage::Whole,
                Some(Err(_)) => {
                    self.stage = BodyStage::Broken;
                    return Err(broken_off());
                }
                Some(Ok(piece)) if self.bytes().len() + piece.len() > MOST_BODY_BYTES => return Err(too_large()),
                Some(Ok(piece)) => {
                    self.taken.add(self.budget.take(piece.len()).ok_or_else(no_room)?);
                    if !self.read.add(&piece) {
                        return Err(no_room());
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets go of the bytes; what the call takes of the budget is held until the value is dropped.
    pub(super) fn into_taken(self) -> MemoryShare {
        self.taken
    }

    /// Reads a little more of a body that nobody wants, and lets go of it. Tells whether it came to its end.
    pub(super) async fn drain(mut self) -> bool {
        match self.stage {
            BodyStage::Coming => drain(&mut self.body).await,
            ended => ended == BodyStage::Whole,
        }
    }
}

/// The whole of a short body, of `most` bytes at most. It may take as long as the body of a call of the API.
///
/// # Errors
/// 413 for a longer one, 408 for one that does not come in time, 400 for one that is broken off.
pub(super) async fn short_body(body: Body, most: usize) -> Result<Vec<u8>, ApiError> {
    short_body_within(BODY_TIMEOUT, body, most).await
}

async fn short_body_within(time: Duration, mut body: Body, most: usize) -> Result<Vec<u8>, ApiError> {
    let read = timeout(time, async {
        let mut bytes = Vec::new();
        while let Some(piece) = next(&mut body).await {
            let piece = piece.map_err(|_| broken_off())?;
            if bytes.len() + piece.len() > most {
                return Err(too_large(most));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    });
    read.await.unwrap_or_else(|_| Err(too_late()))
}

fn too_large(most: usize) -> ApiError {
    ApiError::request(None, None, format!("The body of the request is larger than {most} bytes.")).with_status(413)
}

fn too_late() -> ApiError {
    let message = format!("The body of the request did not arrive within {} s.", BODY_TIMEOUT.as_secs());
    ApiError::request(None, None, message).with_status(408)
}

fn broken_off() -> ApiError {
    ApiError::request(None, None, "The body of the request is broken off.")
}

/// Reads the beginning of a body that nobody wants: a client that is still sending may not look for the answer before.
/// Tells whether the body came to its end.
pub(super) async fn drain(body: &mut Body) -> bool {
    let drained = timeout(DRAIN_TIMEOUT, async {
        let mut left = FIRST_BYTES;
        while left > 0 {
            match next(body).await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(piece)) => left = left.saturating_sub(piece.len()),
            }
        }
        body.is_end_stream()
    });
    drained.await.unwrap_or(false)
}

/// The next piece of a body; of trailers, which the API does not use, an empty one.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        task::{Context, Poll},
    };

    use futures_util::FutureExt as _;
    use hyper::body::Frame;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;

    /// A body that comes in the pieces that are sent into it.
    struct Pieces(UnboundedReceiver<Vec<u8>>);

    impl axum::body::HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece.into()))))
        }
    }

    fn body() -> (UnboundedSender<Vec<u8>>, Body) {
        let (sender, pieces) = unbounded_channel();
        (sender, Body::new(Pieces(pieces)))
    }

    fn free(budget: &MemoryBudget) -> usize {
        budget.free.available_permits()
    }

    #[tokio::test]
    async fn bytes_are_counted_as_they_come_and_given_back_with_the_call() {
        let budget = MemoryBudget::new(1000);
        let (sender, unread) = body();
        let mut incoming = IncomingBody::new(unread, 100, &budget).ok().unwrap();
        assert_eq!(free(&budget), 900, "a head counts");
        for (nth, piece) in [300, 200].into_iter().enumerate() {
            sender.send(vec![b'x'; piece]).unwrap();
            assert!(incoming.read_all().now_or_never().is_none(), "there may be more");
            assert_eq!(free(&budget), [600, 400][nth]);
        }
        drop(sender);
        incoming.read_all().await.unwrap();
        assert_eq!(incoming.bytes().len(), 500);
        let taken = incoming.into_taken();
        assert_eq!(free(&budget), 400, "the call holds its part until it is done");
        drop(taken);
        assert_eq!(free(&budget), 1000);
    }

    #[tokio::test]
    async fn what_has_no_room_is_refused_and_gives_all_back() {
        let budget = MemoryBudget::new(1000);
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (sender, unread) = body();
                sender.send(vec![b'x'; 90]).unwrap();
                let mut incoming = IncomingBody::new(unread, 10, &budget).ok();
                let status = incoming.as_mut().map(|incoming| incoming.read_all().now_or_never());
                (sender, incoming, status)
            })
            .collect();
        let taken: usize = calls.iter().flat_map(|(_, incoming, _)| incoming).map(|call| call.bytes().len() + 10).sum();
        let admitted = calls.iter().filter(|(_, _, status)| matches!(status, Some(None))).count();
        assert_eq!((admitted, taken, free(&budget)), (10, 1000, 0));
        for (_, incoming, status) in &calls[10..] {
            assert!(incoming.is_none() && status.is_none(), "there is no room for a head either");
        }
        drop(calls);
        assert_eq!(free(&budget), 1000);
        let (sender, unread) = body();
        sender.send(vec![b'x'; 991]).unwrap();
        let mut incoming = IncomingBody::new(unread, 10, &budget).ok().unwrap();
        assert_eq!(incoming.read_all().await.unwrap_err().http_status, 503);
    }

    #[tokio::test]
    async fn a_body_is_bounded_whatever_it_announces() {
        let budget = MemoryBudget::new(1 << 24);
        let mut announced = IncomingBody::new(Body::from(vec![b'x'; MOST_BODY_BYTES + 1]), 0, &budget).ok().unwrap();
        assert_eq!(announced.read_first().await.unwrap_err().http_status, 413);
        assert_eq!(announced.bytes().len(), 0, "nothing of it was read");
        let (sender, unread) = body();
        for _ in 0..=16 {
            sender.send(vec![b'x'; FIRST_BYTES]).unwrap();
        }
        let mut incoming = IncomingBody::new(unread, 0, &budget).ok().unwrap();
        incoming.read_first().await.unwrap();
        assert_eq!(incoming.bytes().len(), FIRST_BYTES, "no more than is wanted");
        assert!(matches!(incoming.read, BodyBuffer::Small(_)));
        assert_eq!(incoming.read_all().await.unwrap_err().http_status, 413);
        assert!(matches!(incoming.read, BodyBuffer::Large { length: MOST_BODY_BYTES, .. }));
        assert!(incoming.bytes().iter().all(|byte| *byte == b'x'));
        assert!(!incoming.drain().await, "its end is not seen");
    }

    #[tokio::test]
    async fn a_short_body_is_bounded_in_length_and_time() {
        let read = |pieces: &[&str], most| {
            let (sender, unread) = body();
            for piece in pieces {
                sender.send(piece.as_bytes().to_vec()).unwrap();
            }
            (sender, short_body_within(Duration::ZERO, unread, most))
        };
        let (sender, whole) = read(&["result=", "fail"], 11);
        drop(sender);
        assert_eq!(whole.await.unwrap(), b"result=fail");
        let (_sender, longer) = read(&["result=", "fail"], 10);
        assert_eq!(longer.await.unwrap_err().http_status, 413);
        let (_sender, unended) = read(&["result=", "fail"], 11);
        assert_eq!(unended.await.unwrap_err().http_status, 408, "nobody says that it has ended");
    }

    #[tokio::test]
    async fn of_a_refused_body_only_the_beginning_is_read() {
        let (sender, mut unread) = body();
        for _ in 0..3 {
            sender.send(vec![b'x'; FIRST_BYTES]).unwrap();
        }
        assert!(!drain(&mut unread).await);
        drop(sender);
        assert!(!drain(&mut unread).await, "one piece each time");
        assert!(!drain(&mut unread).await);
        assert!(drain(&mut unread).await);
    }

    #[test]
    fn an_answer_holds_its_part_until_its_last_copy_is_gone() {
        let budget = MemoryBudget::new(100);
        let answer = counted(vec![b'x'; 80], budget.take_what_is_left(80));
        let part = answer.slice(10..20);
        drop(answer);
        assert_eq!(free(&budget), 20);
        let more = budget.take_what_is_left(80);
        assert!(budget.is_spent());
        drop(part);
        drop(more);
        assert_eq!(free(&budget), 100);
    }
}
