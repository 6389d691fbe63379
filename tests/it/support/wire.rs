//! Plain HTTP/1.1, byte by byte: what a client really sends, and what really comes back.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// No answer of this machine takes longer; a test that waits for one fails instead of hanging.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Whether as many bytes came as were announced.
    pub fn is_whole(&self) -> bool {
        self.header("Content-Length").and_then(|length| length.parse().ok()) == Some(self.body.len())
    }

    #[track_caller]
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection that is kept open.
pub struct Wire(pub TcpStream);

impl Wire {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The next answer, or what came of it before the connection ended; an error where nothing came at all.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let mut raw = Vec::new();
        let mut part = [0; 16 * 1024];
        loop {
            if let Some((answer, announced)) = parse(&raw)
                && answer.body.len() >= announced
            {
                return Ok(answer);
            }
            let came = match self.0.read(&mut part) {
                Ok(0) => Ok(0),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
                other => other,
            }?;
            if came == 0 {
                let ended = || io::Error::from(io::ErrorKind::UnexpectedEof);
                return parse(&raw).map(|(answer, _)| answer).ok_or_else(ended);
            }
            raw.extend_from_slice(&part[..came]);
        }
    }

    pub fn ask(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        self.send(bytes)?;
        self.answer()
    }
}

fn parse(raw: &[u8]) -> Option<(Answer, usize)> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let answer = Answer { status, headers, body: raw[end + 4..].to_vec() };
    let announced = answer.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    Some((answer, announced))
}

/// A form: names as they are, values percent-encoded where they must be.
pub fn form(params: &[(&str, &str)]) -> String {
    let value = |value: &str| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    let pairs: Vec<String> = params.iter().map(|(name, text)| format!("{name}={}", value(text))).collect();
    pairs.join("&")
}

/// A request with a secret test key, its parameters where the method has them.
pub fn request(method: &str, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Vec<u8> {
    let form = form(params);
    let (query, body) = if method == "POST" { (String::new(), form) } else { (format!("?{form}"), String::new()) };
    let query = if query == "?" { "" } else { &query };
    let authorized = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Authorization"));
    let authorization = if authorized { "" } else { "Authorization: Bearer sk_test_wire\r\n" };
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    format!(
        "{method} {path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One call on a connection of its own.
#[track_caller]
pub fn call(address: SocketAddr, bytes: &[u8]) -> Answer {
    Wire::open(address).and_then(|mut wire| wire.ask(bytes)).unwrap_or_else(|error| panic!("no answer: {error}"))
}
