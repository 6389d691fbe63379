//! The way to the real API: through a proxy that is named, past it, and with an authority of its own.
//!
//! `tests/tls` holds an authority that is made for these tests, and a server's certificate and key that it signed;
//! `own`, which openssl makes by default, signed by itself and an authority's; and `leaf`, made by the command that the
//! refusal of the former gives. They are good for nothing else.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, Stream,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use testcard::{
    domain::{
        call::api::{ApiRequest, ApiResponse, TransportError},
        key::ApiKey,
        settings::{
            proxy::ProxyChoice,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    stripe::{CaError, CallLimits, StripeClient, check_ca},
};

use crate::support::http::{Server, reply};

/// What the server's certificate is for; no such host exists.
const HOST: &str = "https://api.example.test";
const TOKEN: &str = r#"{"id": "tok_1", "object": "token"}"#;

fn tls(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name).display().to_string()
}

#[derive(Clone, Copy)]
enum Answer {
    /// As these bytes, and then nothing.
    Bytes(&'static str),
    /// With a tunnel that leads to a server with this certificate, and the key beside it.
    Tunnel(&'static str),
}

/// Signed by the tests' authority.
const SIGNED: Answer = Answer::Tunnel("server");

/// A proxy that keeps the first line of what it was asked, and what came through its tunnel.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        let serve = move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head = read_head(&mut stream);
                kept.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
                match answer {
                    Answer::Bytes(bytes) => stream.write_all(bytes.as_bytes()).unwrap(),
                    Answer::Tunnel(certificate) => {
                        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                        kept.lock().unwrap().extend(answer_over_tls(stream, certificate));
                    }
                }
            }
        };
        std::thread::Builder::new().name("proxy".to_owned()).spawn(serve).unwrap();
        Self { address, asked }
    }

    fn choice(&self) -> ProxyChoice {
        ProxyChoice::parse(&format!("http://{}", self.address)).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The first line of the request, if the client took the certificate.
fn answer_over_tls(mut stream: TcpStream, certificate: &str) -> Option<String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_file(tls(&format!("{certificate}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(tls(&format!("{certificate}-key.pem"))).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
    let mut secure = Stream::new(&mut connection, &mut stream);
    let head = read_head(&mut secure);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{TOKEN}",
        TOKEN.len()
    );
    let _ = secure.write_all(answer.as_bytes());
    secure.conn.send_close_notify();
    let _ = secure.flush();
    head.lines().next().map(str::to_owned)
}

fn settings(url: &str, proxy: ProxyChoice, ca_file: &str) -> StripeSettings {
    let base_url = BaseUrl::parse(url).unwrap();
    StripeSettings { base_url, proxy, ca_file: ca_file.to_owned(), ..StripeSettings::default() }
}

async fn call(settings: &StripeSettings) -> Result<ApiResponse, TransportError> {
    let limits = CallLimits {
        total_timeout: Duration::from_mins(1),
        retries: 0,
        uses_system_proxy: false,
        ..CallLimits::default()
    };
    let key = ApiKey::parse("sk_test_way").unwrap();
    StripeClient::new(settings, key, limits)?.send(&ApiRequest::retrieve_token("tok_1")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_through_the_named_proxy_to_a_server_of_the_named_authority() {
    let proxy = Proxy::start(SIGNED);
    let answer = call(&settings(HOST, proxy.choice(), &tls("authority.pem"))).await.unwrap();
    assert_eq!((answer.http_status, answer.body.as_slice()), (200, TOKEN.as_bytes()));
    assert_eq!(proxy.asked()[0], "CONNECT api.example.test:443 HTTP/1.1");
    assert_eq!(proxy.asked()[1], "GET /v1/tokens/tok_1 HTTP/1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_an_authoritys_is_refused_with_the_command_that_makes_a_servers() {
    let proxy = Proxy::start(Answer::Tunnel("own"));
    let error = call(&settings(HOST, proxy.choice(), &tls("own.pem"))).await.unwrap_err();
    assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    let told = error.to_string();
    for words in ["(CA:TRUE)", "openssl req -x509", "basicConstraints=critical,CA:FALSE", "subjectAltName="] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!proxy.asked().iter().any(|line| line.starts_with("GET")), "the key was sent: {:?}", proxy.asked());
    // What the command makes is taken, and only where it is named.
    let proxy = Proxy::start(Answer::Tunnel("leaf"));
    assert_eq!(call(&settings(HOST, proxy.choice(), &tls("leaf.pem"))).await.unwrap().http_status, 200);
    for other in ["", "own.pem", "authority.pem"] {
        let ca_file = if other.is_empty() { String::new() } else { tls(other) };
        let error = call(&settings(HOST, proxy.choice(), &ca_file)).await.unwrap_err();
        assert!(matches!(error, TransportError::Tls { .. }), "{other}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_authority_the_same_server_is_not_trusted() {
    let proxy = Proxy::start(SIGNED);
    let error = call(&settings(HOST, proxy.choice(), "")).await.unwrap_err();
    assert!(matches!(error, TransportError::Tls { .. }), "{error}");
    assert!(error.to_string().contains("extra CA certificate"), "{error}");
    assert!(!proxy.asked().iter().any(|line| line.starts_with("GET")), "the key was sent: {:?}", proxy.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_fails_is_told_apart_from_the_api() {
    for (bytes, words) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it asks for a user name and a password"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "it refused to connect to that host"),
        ("", "it closed the connection"),
    ] {
        let proxy = Proxy::start(Answer::Bytes(bytes));
        let error = call(&settings(HOST, proxy.choice(), "")).await.unwrap_err();
        let TransportError::Proxy { host, reason } = &error else { panic!("{error:?}") };
        assert_eq!((host.as_str(), reason.as_str()), ("api.example.test", words));
        assert!(error.to_string().contains("settings of the profile"), "{error}");
    }
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = ProxyChoice::parse(&format!("http://{dead}")).unwrap();
    let error = call(&settings(HOST, dead, "")).await.unwrap_err();
    assert!(matches!(&error, TransportError::Proxy { .. }) && error.kind() == "proxy_failed", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_stands_before_a_server_on_this_machine() {
    let (proxy, server) = (Proxy::start(SIGNED), Server::start(vec![reply(200, TOKEN)]).await);
    assert_eq!(call(&settings(&server.url(), proxy.choice(), "")).await.unwrap().http_status, 200);
    assert_eq!((proxy.asked().len(), server.received().len()), (0, 1));
}

#[test]
fn a_file_that_is_no_certificate_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let bundle = fs::read_to_string(tls("authority.pem")).unwrap().repeat(2);
    for (path, expected) in [
        (String::new(), None),
        (tls("authority.pem"), None),
        (write("bundle.pem", &bundle), None),
        (folder.path().join("missing.pem").display().to_string(), Some("cannot be read")),
        (folder.path().display().to_string(), Some("not a file")),
        (write("empty.pem", ""), Some("holds no certificate")),
        (write("text.pem", "hello"), Some("holds no certificate")),
        (tls("server-key.pem"), Some("holds no certificate")),
        (write("garbage.pem", garbage), Some("cannot be used")),
        (write("large.pem", &"x".repeat(5 * 1024 * 1024)), Some("larger than 4 MB")),
    ] {
        let told = check_ca(&path).err().map(|error: CaError| error.to_string());
        match (&told, expected) {
            (None, None) => {}
            (Some(told), Some(words)) if told.contains(words) => {}
            _ => panic!("{path}: {told:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_file_that_went_bad_stops_the_call_before_it_is_sent() {
    let error = call(&settings(HOST, ProxyChoice::System, "/nowhere/authority.pem")).await.unwrap_err();
    assert!(matches!(&error, TransportError::NotSent { .. }), "{error}");
    assert!(error.to_string().contains("extra CA certificate is not used. The file cannot be read"), "{error}");
}
