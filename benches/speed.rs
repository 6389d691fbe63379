//! How fast the loopback server makes tokens, beside a server that answers a constant body of the same size.
//!
//! ```sh
//! cargo bench --bench speed               # the table: some two minutes
//! cargo bench --bench speed -- million    # the same, then 1,000,000 tokens in one folder
//! ```
//!
//! Every server is a process of its own, started anew with an empty data folder; the clients are threads of this one,
//! on the same machine, with keep-alive, one request on its way for each connection. Each token is on disk before its
//! answer: the history, the minter's object and the idempotency record are one commit.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
const CONNECTIONS: [usize; 2] = [1, 32];
const MILLION: u64 = 1_000_000;

fn main() -> Outcome<()> {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["constant", bytes] => constant::serve(bytes.parse()?),
        [] => table(),
        ["million"] => table().and_then(|()| million()),
        _ => Err("say nothing, or: million".into()),
    }
}

/// The table of the readme.
fn table() -> Outcome<()> {
    let body_bytes = {
        let server = Server::testcard(&[])?;
        println!("first answer {} ms after the start of the process", server.first_answer.as_millis());
        server.body_bytes
    };
    println!("answers of {body_bytes} bytes; {} s each after {} s", MEASURED.as_secs(), WARM_UP.as_secs());
    println!(
        "{:<34} {:>11} {:>10} {:>9} {:>9} {:>9}",
        "server", "connections", "answers/s", "p50 ms", "p99 ms", "RSS MB"
    );
    for connections in CONNECTIONS {
        let constant = Server::constant(body_bytes)?.measure("axum, constant body", connections)?;
        let full = Server::testcard(&[])?.measure("testcard serve, synchronous FULL", connections)?;
        let normal = Server::testcard(&["--synchronous", "normal"])?.measure("testcard serve, NORMAL", connections)?;
        Server::testcard(&["--memory"])?.measure("testcard serve --memory", connections)?;
        println!(
            "  {connections} connections: FULL is {:.0} % of the constant answer, and costs {:.0} % of NORMAL",
            100.0 * full / constant,
            100.0 * (1.0 - full / normal)
        );
    }
    Ok(())
}

/// A million tokens into one folder: the rate of every tenth of them, and the memory after it.
fn million() -> Outcome<()> {
    let server = Server::testcard(&[])?;
    println!("{:>10} {:>10} {:>9} {:>9} {:>9}", "tokens", "answers/s", "p50 ms", "p99 ms", "RSS MB");
    let mut made = 0;
    while made < MILLION {
        let run = run(server.address, 32, Until::Answers(MILLION / 10))?;
        made += run.answers;
        let (p50, p99) = run.percentiles();
        println!("{made:>10} {:>10.0} {p50:>9.2} {p99:>9.2} {:>9.1}", run.rate(), server.resident_megabytes()?);
    }
    let bytes: u64 = fs::read_dir(server.folder.path().join("data"))?
        .filter_map(|file| file.ok()?.metadata().ok())
        .map(|file| file.len())
        .sum();
    println!("the data folder has {} MB", bytes / 1_000_000);
    Ok(())
}

/// A server in a process of its own, which ends with this value.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
    address: SocketAddr,
    first_answer: Duration,
    body_bytes: usize,
}

impl Server {
    fn testcard(args: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_testcard"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(args);
        Self::start(command)
    }

    fn constant(bytes: usize) -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["constant", &bytes.to_string()]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let started = Instant::now();
        let mut child = command.env("TESTCARD_HOME", folder.path()).stdout(Stdio::piped()).spawn()?;
        let mut first_line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut first_line)?;
        let address = first_line.trim().strip_prefix("listening on http://").ok_or(first_line.clone())?.parse()?;
        let body_bytes = Client::connect(address)?.ask()?;
        Ok(Self { child, folder, address, first_answer: started.elapsed(), body_bytes })
    }

    fn measure(self, name: &str, connections: usize) -> Outcome<f64> {
        run(self.address, connections, Until::Time(WARM_UP))?;
        let run = run(self.address, connections, Until::Time(MEASURED))?;
        let (p50, p99) = run.percentiles();
        let (rate, memory) = (run.rate(), self.resident_megabytes()?);
        println!("{name:<34} {connections:>11} {rate:>10.0} {p50:>9.2} {p99:>9.2} {memory:>9.1}");
        Ok(rate)
    }

    fn resident_megabytes(&self) -> Outcome<f64> {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1000.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A benchmark that fails leaves no server behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy)]
enum Until {
    Time(Duration),
    Answers(u64),
}

struct Run {
    answers: u64,
    took: Duration,
    /// Of every answer, in rising order.
    latencies: Vec<Duration>,
}

impl Run {
    fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// p50 and p99 in milliseconds.
    fn percentiles(&self) -> (f64, f64) {
        let at = |share: f64| {
            let place = (self.latencies.len() as f64 * share) as usize;
            self.latencies.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        (at(0.5), at(0.99))
    }
}

fn run(address: SocketAddr, connections: usize, until: Until) -> Outcome<Run> {
    let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (is_over, count) = (Arc::clone(&is_over), Arc::clone(&count));
            let client = move || ask_until(address, until, &is_over, &count).map_err(|error| error.to_string());
            thread::Builder::new().name("client".to_owned()).spawn(client)
        })
        .collect::<io::Result<_>>()?;
    if let Until::Time(time) = until {
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
    }
    let mut latencies = Vec::new();
    for client in clients {
        latencies.extend(client.join().map_err(|_| "a client failed")??);
    }
    let took = started.elapsed();
    latencies.sort_unstable();
    Ok(Run { answers: latencies.len() as u64, took, latencies })
}

fn ask_until(address: SocketAddr, until: Until, is_over: &AtomicBool, count: &AtomicU64) -> Outcome<Vec<Duration>> {
    let mut client = Client::connect(address)?;
    let mut latencies = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        if let Until::Answers(answers) = until
            && count.fetch_add(1, Ordering::Relaxed) >= answers
        {
            break;
        }
        let asked = Instant::now();
        client.ask()?;
        latencies.push(asked.elapsed());
    }
    Ok(latencies)
}

/// One connection that is kept alive.
struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    received: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        // Good for the next decades: the expiry of a benchmark is counted from nothing.
        let body = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2055&card[cvc]=123";
        let request = format!(
            "POST /v1/tokens HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer sk_test_bench\r\nUser-Agent: bench\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { stream, request: request.into_bytes(), received: vec![0; 64 * 1024] })
    }

    /// Sends the request and reads its answer, which must be a 200; gives the length of the body.
    fn ask(&mut self) -> Outcome<usize> {
        self.stream.write_all(&self.request)?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.received[filled..])?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            filled += read;
            if let Some(body_bytes) = whole_body(&self.received[..filled])? {
                return Ok(body_bytes);
            }
        }
    }
}

/// The length of the body once all of it is here.
fn whole_body(received: &[u8]) -> Outcome<Option<usize>> {
    let Some(head_end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&received[..head_end])?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("answered {}", head.lines().next().unwrap_or_default()).into());
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("no content-length")?;
    let length: usize = length.1.trim().parse()?;
    Ok((received.len() >= head_end + 4 + length).then_some(length))
}

/// What the server is compared with.
mod constant {
    use axum::{Router, body::Bytes, routing::post};

    use super::Outcome;

    pub(super) fn serve(bytes: usize) -> Outcome<()> {
        let body = Bytes::from(vec![b' '; bytes]);
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("listening on http://{}", listener.local_addr()?);
            // The request's body is read, as the other server does.
            let answer = move |_: Bytes| async move { ([("content-type", "application/json")], body) };
            axum::serve(listener, Router::new().route("/v1/tokens", post(answer))).await?;
            Ok(())
        })
    }
}
