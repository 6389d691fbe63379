//! A client on one connection that is kept alive.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::Range,
    time::Duration,
};

use super::Outcome;

const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, received: vec![0; 64 * 1024] })
    }

    /// Sends a request and reads its answer, which must be a 200; gives the body.
    pub(super) fn call(&mut self, request: &[u8]) -> Outcome<&[u8]> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let mut body = None;
        loop {
            if filled == self.received.len() {
                self.received.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.received[filled..])?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            filled += read;
            if body.is_none() {
                body = place_of_body(&self.received[..filled])?;
            }
            if let Some(body) = &body
                && filled >= body.end
            {
                return Ok(&self.received[body.clone()]);
            }
        }
    }
}

/// Where the body is, or will be, once the whole head is here.
fn place_of_body(received: &[u8]) -> Outcome<Option<Range<usize>>> {
    let Some(head_end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&received[..head_end])?;
    if !head.starts_with("HTTP/1.1 200") {
        let body = String::from_utf8_lossy(&received[head_end..]);
        return Err(format!("answered {}{body}", head.lines().next().unwrap_or_default()).into());
    }
    let (_, length) = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("no content-length")?;
    let start = head_end + 4;
    Ok(Some(start..start + length.trim().parse::<usize>()?))
}
