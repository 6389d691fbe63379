//! Clients on many connections at once, and what they and the server's process saw.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Outcome, client::Client, server::Server};

/// How long the server is left alone before what it used is read: what it does after its last answer counts too.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// When the clients end.
#[derive(Clone, Copy)]
pub(super) enum Until {
    Time(Duration),
    /// After so many calls, of which each has its own number from 0 on.
    Calls(u64),
}

/// What the clients do.
pub(super) struct Load<'a> {
    pub(super) connections: usize,
    pub(super) until: Until,
    /// Writes the request of a number in the place of what is there.
    pub(super) request: &'a (dyn Fn(u64, &mut Vec<u8>) + Sync),
    /// Takes the body that answered the request of a number.
    pub(super) answer: &'a (dyn Fn(u64, &[u8]) + Sync),
}

/// What was seen of a load.
pub(super) struct Measured {
    pub(super) answers: f64,
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Of the server's process, a call.
    pub(super) processor_micros: f64,
    pub(super) written_bytes: f64,
    /// At the end.
    pub(super) resident_megabytes: f64,
}

impl Load<'_> {
    /// Carries the load out without measuring it.
    pub(super) fn run(&self, address: SocketAddr) -> Outcome<()> {
        self.latencies(address).map(drop)
    }

    pub(super) fn measure(&self, server: &Server) -> Outcome<Measured> {
        let before = server.usage()?;
        let started = Instant::now();
        let mut latencies = self.latencies(server.address)?;
        let took = started.elapsed();
        let resident_megabytes = server.resident_megabytes()?;
        thread::sleep(AFTERWARDS);
        let after = server.usage()?;
        let answers = latencies.len() as f64;
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = (answers * share) as usize;
            latencies.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        Ok(Measured {
            answers,
            rate: answers / took.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            processor_micros: 1e6 * (after.processor_secs - before.processor_secs) / answers,
            written_bytes: (after.written_bytes - before.written_bytes) / answers,
            resident_megabytes,
        })
    }

    fn latencies(&self, address: SocketAddr) -> Outcome<Vec<Duration>> {
        let (is_over, count) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut latencies = Vec::new();
        thread::scope(|scope| {
            let one = || self.one_client(address, &is_over, &count).map_err(|error| error.to_string());
            let clients: Vec<_> = (0..self.connections)
                .map(|_| thread::Builder::new().name("client".to_owned()).spawn_scoped(scope, one))
                .collect::<io::Result<_>>()?;
            if let Until::Time(time) = self.until {
                thread::sleep(time);
                is_over.store(true, Ordering::Relaxed);
            }
            for client in clients {
                latencies.extend(client.join().map_err(|_| "a client failed")??);
            }
            Outcome::Ok(())
        })?;
        Ok(latencies)
    }

    fn one_client(&self, address: SocketAddr, is_over: &AtomicBool, count: &AtomicU64) -> Outcome<Vec<Duration>> {
        let mut client = Client::connect(address)?;
        let (mut request, mut latencies) = (Vec::new(), Vec::new());
        while !is_over.load(Ordering::Relaxed) {
            let number = count.fetch_add(1, Ordering::Relaxed);
            if matches!(self.until, Until::Calls(calls) if number >= calls) {
                break;
            }
            (self.request)(number, &mut request);
            let asked = Instant::now();
            let body = client.call(&request)?;
            latencies.push(asked.elapsed());
            (self.answer)(number, body);
        }
        Ok(latencies)
    }
}
