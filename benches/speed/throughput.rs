//! The creation of tokens beside the constant answer and the reference server.

use std::time::Duration;

use tempfile::TempDir;

use super::{
    Outcome,
    figures::Rounds,
    goals::{
        Bound::{AtLeast, AtMost},
        Goals,
    },
    load::{Load, Measured, Until},
    request::TokenRequest,
    server::{AnswerSize, Server, ServerKind, new_home, program},
};

const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_millis(4500);
const CONNECTIONS: [usize; 3] = [1, 32, 128];
const STARTS: usize = 5;

struct Row {
    name: &'static str,
    kind: ServerKind,
    has_keys: bool,
}

const CONSTANT: usize = 0;
const REFERENCE: usize = 1;
const FULL: usize = 2;
const ROWS: [Row; 6] = [
    Row { name: "constant answer", kind: ServerKind::Constant, has_keys: true },
    Row { name: "reference: two bare rows, FULL", kind: ServerKind::Reference, has_keys: true },
    Row { name: "testcard serve (FULL)", kind: ServerKind::Testcard(&[]), has_keys: true },
    Row { name: "the same without keys", kind: ServerKind::Testcard(&[]), has_keys: false },
    Row { name: "testcard, NORMAL", kind: ServerKind::Testcard(&["--synchronous", "normal"]), has_keys: true },
    Row { name: "testcard, --memory", kind: ServerKind::Testcard(&["--memory"]), has_keys: true },
];

/// What was measured of all rows with one number of connections, round by round.
struct Block {
    connections: usize,
    /// By row, then by round.
    measured: [Vec<Measured>; ROWS.len()],
}

impl Block {
    fn figure(&self, row: usize, of: impl Fn(&Measured) -> f64) -> Rounds {
        Rounds::new(self.measured[row].iter().map(of).collect())
    }

    /// The figure of a row, divided by that of another one in the same round.
    fn ratio(&self, row: usize, beside: usize, of: impl Fn(&Measured) -> f64) -> Rounds {
        let rounds = self.measured[row].iter().zip(&self.measured[beside]);
        Rounds::new(rounds.map(|(own, other)| of(own) / of(other)).collect())
    }
}

pub(super) fn measure(goals: &mut Goals) -> Outcome<()> {
    let starts = (0..STARTS).map(|_| {
        let home = new_home()?;
        Ok(Server::start(&program(&[]), home.path())?.first_answer.as_secs_f64() * 1000.0)
    });
    let first_answer = Rounds::new(starts.collect::<Outcome<_>>()?);
    println!("first answer {first_answer} ms after the start of the process, in a new folder");
    let size = AnswerSize::ask()?;
    println!(
        "answers of {} bytes, {} of them compact; {ROUNDS} rounds of {:.1} s",
        size.sent,
        size.compact,
        MEASURED.as_secs_f64()
    );
    let mut blocks = CONNECTIONS.map(|connections| Block { connections, measured: Default::default() });
    for round in 0..ROUNDS {
        run_round(round, size, &mut blocks)?;
    }
    for block in &blocks {
        print_block(block, size);
    }
    add_goals(goals, &blocks, size);
    goals.add("first answer after the start, new folder, ms", first_answer, AtMost(20.0));
    Ok(())
}

/// Every server and every number of connections once.
fn run_round(round: usize, size: AnswerSize, blocks: &mut [Block]) -> Outcome<()> {
    let mut servers: Vec<(Server, TempDir)> = Vec::new();
    for row in &ROWS {
        let home = new_home()?;
        let server = Server::start(&row.kind.command(size)?, home.path())?;
        load_of(row, 32, WARM_UP, |load| load.run(server.address))?;
        servers.push((server, home));
    }
    for block in blocks {
        for nth in 0..ROWS.len() {
            let row = (nth + round * (ROWS.len() / ROUNDS)) % ROWS.len();
            let server = &servers[row].0;
            let measured = load_of(&ROWS[row], block.connections, MEASURED, |load| load.measure(server))?;
            block.measured[row].push(measured);
        }
    }
    Ok(())
}

/// Hands over the load that a row is measured with.
fn load_of<T>(row: &Row, connections: usize, time: Duration, carry_out: impl FnOnce(&Load<'_>) -> T) -> T {
    let request = TokenRequest { has_key: row.has_keys };
    carry_out(&Load {
        connections,
        until: Until::Time(time),
        request: &|_, bytes| request.write(bytes),
        answer: &|_, _| {},
    })
}

fn print_block(block: &Block, size: AnswerSize) {
    println!(
        "\n{:<31} {:>9} {:>8} {:>7} {:>7} {:>8} {:>8} {:>9} {:>8} {:>7}",
        format!("POST /v1/tokens, {} connections", block.connections),
        "answers/s",
        "of const",
        "p50 ms",
        "p99 ms",
        "CPU us",
        "of const",
        "written B",
        "of body",
        "RSS MB"
    );
    for (row, Row { name, .. }) in ROWS.iter().enumerate() {
        let median = |of: fn(&Measured) -> f64| block.figure(row, of).median();
        println!(
            "{name:<31} {:>9.0} {:>8.3} {:>7.2} {:>7.2} {:>8.1} {:>8.2} {:>9.0} {:>8.2} {:>7.1}",
            median(|measured| measured.rate),
            block.ratio(row, CONSTANT, |measured| measured.rate).median(),
            median(|measured| measured.p50_ms),
            median(|measured| measured.p99_ms),
            median(|measured| measured.processor_micros),
            block.ratio(row, CONSTANT, |measured| measured.processor_micros).median(),
            median(|measured| measured.written_bytes),
            median(|measured| measured.written_bytes) / size.compact as f64,
            median(|measured| measured.resident_megabytes),
        );
    }
}

fn add_goals(goals: &mut Goals, [_, of_32, of_128]: &[Block; 3], size: AnswerSize) {
    let rate = |measured: &Measured| measured.rate;
    let processor = |measured: &Measured| measured.processor_micros;
    goals.add_with_stretch(
        "rate at 32 connections, of the constant answer's",
        of_32.ratio(FULL, CONSTANT, rate),
        AtLeast(0.32),
        AtLeast(0.45),
    );
    goals.add_with_stretch(
        "rate at 128 connections, of the constant answer's",
        of_128.ratio(FULL, CONSTANT, rate),
        AtLeast(0.42),
        AtLeast(0.5),
    );
    goals.add("rate at 32 connections, of the reference server's", of_32.ratio(FULL, REFERENCE, rate), AtLeast(0.9));
    goals.add("rate at 128 connections, of the reference server's", of_128.ratio(FULL, REFERENCE, rate), AtLeast(0.9));
    goals.add_with_stretch(
        "processor time at 32 connections, of the constant answer's",
        of_32.ratio(FULL, CONSTANT, processor),
        AtMost(3.5),
        AtMost(2.5),
    );
    goals.add(
        "bytes written at 32 connections, of the compact body",
        of_32.figure(FULL, |measured| measured.written_bytes / size.compact as f64),
        AtMost(4.0),
    );
    goals.add(
        "p99 at 32 connections, of the p50",
        of_32.figure(FULL, |measured| measured.p99_ms / measured.p50_ms),
        AtMost(3.0),
    );
    goals.add("p99 at 32 connections, ms", of_32.figure(FULL, |measured| measured.p99_ms), AtMost(10.0));
}
