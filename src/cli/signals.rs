//! The signals that ask a program to end, for commands that end in good order.

use std::io;

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSignal {
    Hangup,
    Interrupt,
    Terminate,
}

impl EndSignal {
    const ALL: [Self; 3] = [Self::Hangup, Self::Interrupt, Self::Terminate];

    /// The signal's number in POSIX.
    fn number(self) -> u8 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }

    /// The exit status of a program that a signal ended, as shells tell it.
    pub fn exit_code(self) -> u8 {
        128 + self.number()
    }
}

/// Receives the signals. From the moment that it is made, they no longer end the program by themselves.
pub(super) struct EndSignals {
    #[cfg(unix)]
    taken: Vec<(EndSignal, tokio::signal::unix::Signal)>,
}

impl EndSignals {
    /// Must be called on a runtime. A signal stays ignored where the program was started with it ignored, as `nohup`
    /// and shells do with what runs in the background.
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored = ignored();
        let taken = EndSignal::ALL
            .into_iter()
            .filter(|kind| ignored >> (kind.number() - 1) & 1 == 0)
            .map(|kind| Ok((kind, signal(SignalKind::from_raw(i32::from(kind.number())))?)))
            .collect::<io::Result<_>>()?;
        Ok(Self { taken })
    }

    /// The next signal; never, where all are ignored.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> EndSignal {
        std::future::poll_fn(|context| {
            for (kind, signal) in &mut self.taken {
                if signal.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*kind);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> EndSignal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        EndSignal::Interrupt
    }
}

/// The signals that are ignored, a bit each, the lowest bit for signal 1. Read from Linux's `/proc`, for other systems
/// have no interface for it that is free of `unsafe`.
#[cfg(unix)]
fn ignored() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
