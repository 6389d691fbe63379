//! The program as a server, run as a user runs it.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{
    program::Home,
    wire::{self, Answer},
};

/// A card that is good whatever the date.
pub const CARD: [(&str, &str); 4] =
    [("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "2049"), ("card[cvc]", "123")];

/// `testcard serve`, killed when it is dropped.
pub struct Serving {
    child: Child,
    pub address: SocketAddr,
    pub control_token: String,
}

impl Serving {
    #[track_caller]
    pub fn start(home: &Home, args: &[&str]) -> Self {
        Self::of(&mut home.command(["serve", "--listen", "127.0.0.1:0"].iter().chain(args).copied()))
    }

    /// A command that ends in the server.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = |start: &str| {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            line.strip_prefix(start).map(str::to_owned)
        };
        let told = (line("listening on http://"), line("control token "));
        let (Some(address), Some(control_token)) = told else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server did not start: {told:?}");
        };
        Self { child, address: address.parse().unwrap(), control_token }
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        wire::call(self.address, &wire::request(method, path, params, headers))
    }

    #[track_caller]
    pub fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        self.send("POST", path, params, &[])
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    /// The id of a new token.
    #[track_caller]
    pub fn token(&self) -> String {
        let answer = self.post("/v1/tokens", &CARD);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A call of the server's own routes.
    #[track_caller]
    pub fn control(&self, method: &str, path: &str) -> Value {
        let authorization = format!("Bearer {}", self.control_token);
        let answer = self.send(method, path, &[], &[("Authorization", &authorization)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// What is written down of the calls, newest first.
    #[track_caller]
    pub fn requests(&self) -> Vec<Value> {
        self.control("GET", "/_testcard/requests")["data"].as_array().unwrap().clone()
    }

    /// Asks the program to end.
    #[track_caller]
    pub fn terminate(&self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .unwrap();
    }

    /// Ends the program as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The exit code, once it has ended.
    #[track_caller]
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
