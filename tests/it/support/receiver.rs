//! A webhook endpoint on this machine that tells what it was sent.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    thread,
};

use serde_json::Value;

/// An event as it came.
#[derive(Debug)]
pub struct ReceivedEvent {
    pub event_type: String,
    /// The header `Stripe-Signature`.
    pub signature: String,
    pub body: String,
}

/// Takes events until it is dropped.
pub struct Receiver {
    pub url: String,
    status: Arc<AtomicU16>,
    events: mpsc::Receiver<ReceivedEvent>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let (answered, (tell, events)) = (Arc::clone(&status), mpsc::channel());
        let take_all = move || {
            for stream in listener.incoming() {
                // A connection that breaks is tried again by whoever sends.
                let Ok(event) = stream.and_then(|mut stream| take(&mut stream, answered.load(Ordering::SeqCst))) else {
                    continue;
                };
                if tell.send(event).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("receiver".to_owned()).spawn(take_all).unwrap();
        Self { url, status, events }
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The next event, once it is here.
    pub fn next(&self) -> ReceivedEvent {
        self.events.recv_timeout(super::waiting::PATIENCE).expect("an event comes")
    }
}

fn take(stream: &mut TcpStream, status: u16) -> io::Result<ReceivedEvent> {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    let (head, body) = loop {
        let read = stream.read(&mut piece)?;
        text.extend_from_slice(&piece[..read]);
        let all = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = all.split_once("\r\n\r\n")
            && body.len() >= header(head, "content-length").parse().unwrap_or(0)
        {
            break (head.to_owned(), body.to_owned());
        }
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes())?;
    let event: Value = serde_json::from_str(&body)?;
    let event_type = event["type"].as_str().unwrap_or_default().to_owned();
    Ok(ReceivedEvent { event_type, signature: header(&head, "stripe-signature"), body })
}

fn header(head: &str, sought: &str) -> String {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(name, _)| name.eq_ignore_ascii_case(sought)).map(|(_, value)| value.to_owned()).unwrap_or_default()
}
