//! A connection whose end reaches a client that is still sending.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

use super::slot::ConnectionSlot;

/// A connection that is closed in good order where its client may still be sending.
///
/// A socket that is closed with bytes unread resets the connection, and a reset makes the client's system throw away
/// the answer that the client has not read yet. So the sending half is closed first, and what still arrives is read and
/// thrown away until the client closes its half too, within [`LingeringStream::TIME`] and [`LingeringStream::BYTES`].
pub(super) struct LingeringStream {
    stream: TcpStream,
    slot: Arc<ConnectionSlot>,
    /// Once the sending half is closed: how long is waited, and how many bytes are thrown away.
    waiting: Option<(Pin<Box<Sleep>>, usize)>,
}

impl LingeringStream {
    const TIME: Duration = Duration::from_secs(2);
    const BYTES: usize = 16 << 20;

    pub(super) fn new(stream: TcpStream, slot: Arc<ConnectionSlot>) -> Self {
        Self { stream, slot, waiting: None }
    }
}

impl AsyncRead for LingeringStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for LingeringStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, slot, waiting } = &mut *self;
        if waiting.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        }
        if !slot.lingers.load(Ordering::Relaxed) {
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
