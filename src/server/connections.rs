//! Connections: accepted, bounded in number, size and time, and closed in good order.
//!
//! A client that sends nothing, or half a request, keeps its connection only until another client needs the room: with
//! [`MOST_CONNECTIONS`] open, the one that has been idle for longest is closed.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use hyper::{body::Incoming, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{http::DropConnection, lingering::LingeringStream, slot::ConnectionSlot};

/// Below the 1024 open files that systems allow a program by default.
const MOST_CONNECTIONS: usize = 512;
/// How long the head of a request may take to arrive. Also how long a connection that is kept alive may be idle, for
/// hyper has one clock for both.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
const HEAD_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 100;
const STREAMS_PER_CONNECTION: u32 = 128;
/// How long a new connection waits for room before it is closed, and how often room is looked for. Whether a connection
/// is idle for long enough is a matter of time, so there is no event to wait for.
const ROOM_TIMEOUT: Duration = Duration::from_secs(2);
const PAUSE_WITHOUT_ROOM: Duration = Duration::from_millis(2);
/// A connection that was opened or used within this time may be about to send its call: it is not closed for another.
const SHORTEST_IDLE: Duration = Duration::from_millis(100);
/// There is always a timer that ends before the one which a connection starts with its next head. Without any, the runtime
/// is woken by a system call for every such timer, which is once a call, to learn of an end 75 s away.
const STANDING_TIMER: Duration = Duration::from_mins(1);
const _: () = assert!(STANDING_TIMER.as_secs() < HEAD_TIMEOUT.as_secs(), "it ends before them");
/// Accepting fails where the system has run out of something, such as open files; after this it may be there again.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(20);

/// Accepts connections until told to stop, then waits for the calls in flight.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut slots: Vec<Arc<ConnectionSlot>> = Vec::new();
    let mut standing_timer = tokio::time::interval(STANDING_TIMER);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = standing_timer.tick() => continue,
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
        match wait_for_room(&mut slots, MOST_CONNECTIONS, ROOM_TIMEOUT, &mut stopped).await {
            RoomWait::Free => {}
            RoomWait::TimedOut => {
                tracing::warn!("all {MOST_CONNECTIONS} connections are busy: one more was closed");
                continue;
            }
            RoomWait::Stopped => break,
        }
        let slot = ConnectionSlot::new();
        slots.push(Arc::clone(&slot));
        connections.spawn(connection(stream, router.clone(), slot, stopped.clone()));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// How the wait for room ended.
#[derive(Debug, PartialEq, Eq)]
enum RoomWait {
    /// There is room for one more connection.
    Free,
    TimedOut,
    /// The server was told to stop.
    Stopped,
}

/// Waits until fewer than `most` connections are open. An idle one is closed for it; where all are busy, the new
/// connection waits, for a call takes milliseconds, and those that come behind it wait in the system.
async fn wait_for_room(
    slots: &mut Vec<Arc<ConnectionSlot>>,
    most: usize,
    patience: Duration,
    stopped: &mut watch::Receiver<bool>,
) -> RoomWait {
    if slots.len() < most {
        return RoomWait::Free;
    }
    let waiting = Instant::now();
    loop {
        // A slot that only this list has belongs to a connection that is gone.
        slots.retain(|slot| Arc::strong_count(slot) > 1);
        if slots.len() < most || make_room(slots, SHORTEST_IDLE) {
            return RoomWait::Free;
        }
        if waiting.elapsed() >= patience {
            return RoomWait::TimedOut;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE_WITHOUT_ROOM) => {}
            _ = stopped.changed() => return RoomWait::Stopped,
        }
    }
}

/// Closes the connection that has been idle for longest, if that is `shortest` at least; `false` if there is none.
fn make_room(slots: &mut Vec<Arc<ConnectionSlot>>, shortest: Duration) -> bool {
    let idle = slots.iter().enumerate().filter_map(|(index, slot)| Some((slot.idle_since()?, index)));
    let idle = idle.filter(|(since, _)| since.elapsed() >= shortest).min();
    let Some((_, index)) = idle else { return false };
    slots.swap_remove(index).close.notify_one();
    true
}

async fn connection(stream: TcpStream, router: Router, slot: Arc<ConnectionSlot>, mut stopped: watch::Receiver<bool>) {
    // An answer leaves at once.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let of_service = Arc::clone(&slot);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let slot = Arc::clone(&of_service);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&slot));
        let answer = router.call(request);
        async move {
            let Ok(answer) = answer.await;
            slot.used();
            match answer.extensions().get::<DropConnection>() {
                Some(DropConnection) => Err(io::Error::other("dropped on purpose")),
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
    let serving = builder.serve_connection(TokioIo::new(LingeringStream::new(stream, Arc::clone(&slot))), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = slot.close.notified() => return,
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_call_that_is_given_up_does_not_leave_its_connection_busy() {
        let slot = ConnectionSlot::new();
        let mut slots = vec![Arc::clone(&slot)];
        let call = {
            let slot = Arc::clone(&slot);
            async move {
                let _busy = slot.begin();
                pending::<()>().await;
            }
        };
        let mut call = Box::pin(call);
        assert_eq!((&mut call).now_or_never(), None);
        assert!(!make_room(&mut slots, Duration::ZERO), "the only connection is busy");
        drop(call);
        assert!(!make_room(&mut slots, Duration::MAX), "it was used just now");
        assert!(make_room(&mut slots, Duration::ZERO));
    }

    #[tokio::test]
    async fn a_server_that_stops_does_not_wait_for_room_first() {
        let busy = ConnectionSlot::new();
        let _call = busy.begin();
        let mut slots = vec![Arc::clone(&busy)];
        let (stopping, mut stopped) = watch::channel(false);
        let mut waiting = Box::pin(wait_for_room(&mut slots, 1, Duration::MAX, &mut stopped));
        assert_eq!((&mut waiting).now_or_never(), None, "the only connection is busy");
        stopping.send(true).unwrap();
        assert_eq!(within_a_minute(waiting).await, RoomWait::Stopped);
    }

    #[tokio::test]
    async fn a_connection_that_ends_makes_room() {
        let busy = ConnectionSlot::new();
        let call = busy.begin();
        let mut slots = vec![Arc::clone(&busy)];
        let (_stopping, mut stopped) = watch::channel(false);
        let mut waiting = Box::pin(wait_for_room(&mut slots, 1, Duration::MAX, &mut stopped));
        assert_eq!((&mut waiting).now_or_never(), None, "the only connection is busy");
        drop((call, busy));
        assert_eq!(within_a_minute(waiting).await, RoomWait::Free);
    }

    async fn within_a_minute(waiting: impl Future<Output = RoomWait>) -> RoomWait {
        tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("the wait ends")
    }
}
