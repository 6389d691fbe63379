//! A server in a process of its own.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::Router;
use tempfile::TempDir;

use super::{
    Outcome,
    client::Client,
    constant,
    process::{self, Usage},
    reference,
    request::TokenRequest,
};

/// Which server it is.
#[derive(Clone, Copy)]
pub(super) enum ServerKind {
    /// The program, with these options.
    Testcard(&'static [&'static str]),
    Constant,
    Reference,
}

/// The size of an answer that makes a token, in bytes.
#[derive(Clone, Copy)]
pub(super) struct AnswerSize {
    pub(super) sent: usize,
    pub(super) compact: usize,
}

impl AnswerSize {
    /// That of the program's answer.
    pub(super) fn ask() -> Outcome<Self> {
        let home = new_home()?;
        let server = Server::start(&program(&[]), home.path())?;
        let mut client = Client::connect(server.address)?;
        let mut request = Vec::new();
        TokenRequest::WITH_KEY.write(&mut request);
        let body = client.call(&request)?;
        Ok(Self { sent: body.len(), compact: compact_bytes(body) })
    }
}

/// The length of a JSON text without the white space between its tokens; of one that is none, its own.
pub(super) fn compact_bytes(body: &[u8]) -> usize {
    let text = str::from_utf8(body).ok();
    text.and_then(|text| testcard::domain::json_spans::compact(text).ok()).map_or(body.len(), |text| text.len())
}

/// A new data folder, on the disk of the build: that of temporary files may be in memory, where a sync costs nothing.
pub(super) fn new_home() -> Outcome<TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

/// What starts a server.
pub(super) struct StartCommand {
    program: std::ffi::OsString,
    args: Vec<String>,
}

impl ServerKind {
    pub(super) fn command(self, size: AnswerSize) -> Outcome<StartCommand> {
        let own = |args: &[String]| -> Outcome<StartCommand> {
            Ok(StartCommand { program: env::current_exe()?.into_os_string(), args: args.to_vec() })
        };
        match self {
            Self::Testcard(args) => Ok(program(args)),
            Self::Constant => own(&[constant::WORD.to_owned(), size.sent.to_string()]),
            Self::Reference => own(&[reference::WORD.to_owned(), size.sent.to_string(), size.compact.to_string()]),
        }
    }
}

/// `testcard serve`.
pub(super) fn program(args: &[&str]) -> StartCommand {
    let program = env::var_os("TESTCARD_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_testcard").into());
    let args = ["serve", "--listen", "127.0.0.1:0"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    StartCommand { program, args }
}

pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    /// From the start of the process to the answer that made a token.
    pub(super) first_answer: Duration,
}

impl Server {
    pub(super) fn start(command: &StartCommand, home: &Path) -> Outcome<Self> {
        let started = Instant::now();
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .env("TESTCARD_HOME", home)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        // From here on a failure ends the process too.
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), first_answer: Duration::ZERO };
        let mut first_line = String::new();
        BufReader::new(stdout).read_line(&mut first_line)?;
        let address = first_line.trim().strip_prefix("listening on http://");
        server.address = address.ok_or_else(|| format!("the server said: {first_line}"))?.parse()?;
        let mut request = Vec::new();
        TokenRequest::WITH_KEY.write(&mut request);
        Client::connect(server.address)?.call(&request)?;
        server.first_answer = started.elapsed();
        Ok(server)
    }

    pub(super) fn usage(&self) -> Outcome<Usage> {
        Usage::of(&self.child)
    }

    pub(super) fn resident_megabytes(&self) -> Outcome<f64> {
        process::resident_megabytes(&self.child)
    }

    /// Ends the server as a user does, and waits until it is gone: nothing of it is left in a log beside the database
    /// that would be there next time.
    pub(super) fn end(mut self) -> Outcome<()> {
        #[cfg(unix)]
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)?;
        #[cfg(not(unix))]
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A benchmark that fails leaves no server behind. One that has ended already cannot be killed, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All files of a data folder together, in bytes.
pub(super) fn folder_bytes(home: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(home.join("data"))? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

/// Serves in this process, and says where as the program does.
pub(super) fn serve_here(router: Router) -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, router).await?;
        Ok(())
    })
}
