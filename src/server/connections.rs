//! Connections: accepted, bounded in number, size and time, and closed in good order.
//!
//! A client that sends nothing, or half a request, holds its place only until another one needs it: with all places
//! taken, the connection that has been idle for longest makes room.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    routing::{get, post},
};
use hyper::{body::Incoming, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::Sleep,
};

use super::{Shared, control, http};

/// Below the 1024 open files that systems allow a program by default.
const MOST_CONNECTIONS: usize = 512;
/// Head of a request. Also how long a connection that is kept alive may be idle, for hyper has one clock for both.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
const HEAD_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 100;
const STREAMS_PER_CONNECTION: u32 = 128;
/// So long one more connection waits for a place, and so often it looks for one.
const ROOM_TIMEOUT: Duration = Duration::from_secs(2);
const PAUSE_WITHOUT_ROOM: Duration = Duration::from_millis(2);
/// A connection that is younger than this, or was used since, may be about to send its call: it is not closed for another.
const SHORTEST_IDLE: Duration = Duration::from_millis(100);
/// What the system has run out of may be there again after this.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(20);

/// A connection's place.
pub(super) struct Place {
    opened: Instant,
    /// Milliseconds after `opened` at which its last answer was ready.
    last_used: AtomicU64,
    /// Calls that have arrived in full and whose answers are not ready yet: HTTP/2 has several at once.
    in_flight: AtomicUsize,
    /// Whether its client may still be sending what nobody reads when the connection is closed: see [`Lingering`].
    pub(super) lingers: AtomicBool,
    close: Notify,
}

impl Place {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            last_used: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            lingers: AtomicBool::new(false),
            close: Notify::new(),
        })
    }

    /// A call has arrived in full: the connection is busy until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    fn used(&self) {
        self.last_used.store(self.opened.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn idle_since(&self) -> Option<Instant> {
        let last_used = Duration::from_millis(self.last_used.load(Ordering::Relaxed));
        (self.in_flight.load(Ordering::Relaxed) == 0).then(|| self.opened + last_used)
    }
}

/// A call in flight. Dropped with the call, also where its client gives it up and no answer is ever ready.
#[must_use]
pub(super) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.used();
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
pub(super) struct Dropped;

/// Accepts connections until told to stop, then waits for the calls in flight.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let router = router(shared);
    let mut connections = JoinSet::new();
    let mut places: Vec<Arc<Place>> = Vec::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        // A place that only this list has belongs to a connection that is gone.
        if places.len() >= MOST_CONNECTIONS {
            places.retain(|place| Arc::strong_count(place) > 1);
        }
        // Where all are busy, the next one waits: a call takes milliseconds, and those behind it wait in the system.
        let waiting = Instant::now();
        while places.len() >= MOST_CONNECTIONS
            && !make_room(&mut places, SHORTEST_IDLE)
            && waiting.elapsed() < ROOM_TIMEOUT
        {
            tokio::time::sleep(PAUSE_WITHOUT_ROOM).await;
            places.retain(|place| Arc::strong_count(place) > 1);
        }
        if places.len() >= MOST_CONNECTIONS {
            tracing::warn!("all {MOST_CONNECTIONS} connections are busy: one more was closed");
            continue;
        }
        let place = Place::new();
        places.push(Arc::clone(&place));
        connections.spawn(connection(stream, router.clone(), place, stopped.clone()));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Closes the connection that has been idle for longest, for so long at least; `false` if there is none.
fn make_room(places: &mut Vec<Arc<Place>>, shortest: Duration) -> bool {
    let idle = places.iter().enumerate().filter_map(|(index, place)| Some((place.idle_since()?, index)));
    let idle = idle.filter(|(since, _)| since.elapsed() >= shortest).min();
    let Some((_, index)) = idle else { return false };
    places.swap_remove(index).close.notify_one();
    true
}

fn router(shared: Arc<Shared>) -> Router {
    let api = async |State(shared): State<Arc<Shared>>, request: http::Request| http::answer(&shared, request).await;
    // Another method on a route of our own is a call that Stripe does not have, and passes the door like any other.
    Router::new()
        .route(control::RESET, post(control::reset).fallback(api))
        .route(control::REQUESTS, get(control::requests).fallback(api))
        .fallback(api)
        .with_state(shared)
}

async fn connection(stream: TcpStream, router: Router, place: Arc<Place>, mut stopped: watch::Receiver<bool>) {
    // An answer leaves at once.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let of_service = Arc::clone(&place);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let place = Arc::clone(&of_service);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&place));
        let answer = router.call(request);
        async move {
            let Ok(answer) = answer.await;
            place.used();
            match answer.extensions().get::<Dropped>() {
                Some(Dropped) => Err(io::Error::other("dropped on purpose")),
                None => Ok(answer),
            }
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(HEAD_BYTES as u32)
        .keep_alive_interval(HEAD_TIMEOUT);
    let serving = builder.serve_connection(TokioIo::new(Lingering::new(stream, Arc::clone(&place))), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = place.close.notified() => return,
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

/// A connection that is closed in good order where its client may still be sending. With bytes unread, the system would
/// answer them by a reset, and that throws away the answer which the client has not read yet. So the sending half is
/// closed first, and what comes is thrown away until the client has seen it, for a while.
struct Lingering {
    stream: TcpStream,
    place: Arc<Place>,
    /// Once the sending half is closed: how long is waited, and how many bytes are thrown away.
    waiting: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Lingering {
    const TIME: Duration = Duration::from_secs(2);
    const BYTES: usize = 16 << 20;

    fn new(stream: TcpStream, place: Arc<Place>) -> Self {
        Self { stream, place, waiting: None }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, place, waiting } = &mut *self;
        if waiting.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        }
        if !place.lingers.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let (time, left) = waiting.get_or_insert_with(|| (Box::pin(tokio::time::sleep(Self::TIME)), Self::BYTES));
        let mut thrown_away = [0; 16 * 1024];
        while *left > 0 && time.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *left = left.saturating_sub(buffer.filled().len()),
                // The client has closed its side, or is gone.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_connection_is_busy_until_the_last_of_its_calls_is_done() {
        let place = Place::new();
        assert_eq!(place.idle_since(), Some(place.opened));
        let (first, second) = (place.begin(), place.begin());
        drop(first);
        assert_eq!(place.idle_since(), None);
        std::thread::sleep(Duration::from_millis(5));
        drop(second);
        assert!(place.idle_since().unwrap() >= place.opened + Duration::from_millis(5));
    }

    #[test]
    fn a_call_that_is_given_up_does_not_leave_its_connection_busy() {
        let place = Place::new();
        let mut places = vec![Arc::clone(&place)];
        let call = {
            let place = Arc::clone(&place);
            async move {
                let _busy = place.begin();
                pending::<()>().await;
            }
        };
        let mut call = Box::pin(call);
        assert_eq!((&mut call).now_or_never(), None);
        assert!(!make_room(&mut places, Duration::ZERO), "the only connection is busy");
        drop(call);
        assert!(!make_room(&mut places, Duration::MAX), "it was used just now");
        assert!(make_room(&mut places, Duration::ZERO));
    }
}
