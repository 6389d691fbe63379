//! A whole HTTP server on this machine: it answers as it is told and keeps what it got.

use std::{
    borrow::Cow,
    io::Read as _,
    net::{self, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response},
};
use tokio::net::TcpListener;

#[derive(Clone)]
pub struct Reply {
    pub http_status: u16,
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub body: Vec<u8>,
}

/// A reply of JSON.
pub fn reply(http_status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { http_status, headers: vec![("content-type".into(), "application/json".to_owned())], body: body.into() }
}

impl Reply {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

#[derive(Clone)]
pub struct Received {
    pub method: String,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }
}

pub struct Server {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers one after the other; the last one again and again.
    pub async fn start(replies: Vec<Reply>) -> Self {
        Self::answering(move |nth, _| replies.get(nth).or(replies.last()).unwrap().clone()).await
    }

    /// Answers what `answer` makes of the call and of how many were before it.
    pub async fn answering(answer: impl Fn(usize, &Received) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let kept = Arc::clone(&received);
        let count = Arc::new(AtomicUsize::new(0));
        let app = Router::new().fallback(move |request: Request<Body>| {
            let (kept, count, answer) = (Arc::clone(&kept), Arc::clone(&count), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
                let (method, uri) = (head.method.to_string(), head.uri.to_string());
                let got = Received { method, uri, headers: head.headers, body };
                kept.lock().unwrap().push(got.clone());
                let reply = answer(count.fetch_add(1, Ordering::Relaxed), &got);
                let mut response = Response::builder().status(reply.http_status);
                for (name, value) in reply.headers {
                    response = response.header(&*name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, received }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came since it was last asked.
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }

    #[track_caller]
    pub fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1);
        received.remove(0)
    }
}

/// A server that takes calls and answers none; it keeps the head of each, in lower case.
pub fn silent_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heads);
    let serve = move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = vec![0; 8192];
            let read = stream.read(&mut head).unwrap();
            kept.lock().unwrap().push(String::from_utf8_lossy(&head[..read]).to_lowercase());
            open.push(stream);
        }
    };
    thread::Builder::new().name("silent".to_owned()).spawn(serve).unwrap();
    (url, heads)
}

/// A header of such a head.
pub fn header_of(head: &str, name: &str) -> String {
    let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_default().to_owned()
}
