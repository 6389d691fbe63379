//! A folder that grows to a million tokens of varied cards.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Outcome, cards,
    figures::Rounds,
    goals::{
        Bound::{AtLeast, AtMost},
        Goals,
    },
    load::{Load, Measured, Until},
    server::{Server, compact_bytes, folder_bytes, new_home, program},
};

const CONNECTIONS: usize = 32;
const HUNDRED_THOUSAND: u64 = 100_000;
const MILLION: u64 = 1_000_000;
/// The first steps grow tenfold, the others by a hundred thousand.
const FIRST_STEPS: [u64; 3] = [1000, 10_000, HUNDRED_THOUSAND];
const STARTS: usize = 5;

/// A part of the growth.
struct Step {
    tokens: u64,
    measured: Measured,
}

/// The bytes of all bodies that were answered.
#[derive(Default)]
struct Bodies {
    sent: AtomicU64,
    compact: AtomicU64,
}

pub(super) fn measure(goals: &mut Goals) -> Outcome<()> {
    let home = new_home()?;
    let server = Server::start(&program(&[]), home.path())?;
    let first_answer_at_0 = server.first_answer.as_secs_f64() * 1000.0;
    println!(
        "\n{:<31} {:>9} {:>7} {:>7} {:>8} {:>9} {:>7} {:>8}",
        "tokens of varied cards", "answers/s", "p50 ms", "p99 ms", "CPU us", "written B", "RSS MB", "disk MB"
    );
    // The folder has one token more, that of the first answer; its body is not counted.
    let bodies = Bodies::default();
    let mut steps = Vec::new();
    let mut made_before = 0;
    for end in FIRST_STEPS.into_iter().chain((2..=MILLION / HUNDRED_THOUSAND).map(|nth| nth * HUNDRED_THOUSAND)) {
        let tokens = end - made_before;
        let measured = grow(&server, tokens, made_before, &bodies)?;
        made_before = end;
        println!(
            "{end:<31} {:>9.0} {:>7.2} {:>7.2} {:>8.1} {:>9.0} {:>7.1} {:>8.1}",
            measured.rate,
            measured.p50_ms,
            measured.p99_ms,
            measured.processor_micros,
            measured.written_bytes,
            measured.resident_megabytes,
            folder_bytes(home.path())? as f64 / 1e6
        );
        steps.push(Step { tokens, measured });
    }
    server.end()?;
    let (on_disk, compact) = (folder_bytes(home.path())? as f64, bodies.compact.into_inner() as f64);
    println!(
        "{made_before} tokens: {:.1} MB on disk after the end, {:.0} bytes a token; \
         a body has {:.0} bytes compact, {:.0} as sent",
        on_disk / 1e6,
        on_disk / MILLION as f64,
        compact / MILLION as f64,
        bodies.sent.into_inner() as f64 / MILLION as f64
    );
    let starts = (0..STARTS).map(|_| {
        let server = Server::start(&program(&[]), home.path())?;
        let millis = server.first_answer.as_secs_f64() * 1000.0;
        server.end()?;
        Ok(millis)
    });
    let first_answer = Rounds::new(starts.collect::<Outcome<_>>()?);
    println!("first answer after the start: {first_answer_at_0:.1} ms at 0, {first_answer} ms at {MILLION}");
    add_goals(goals, &steps, on_disk, compact);
    goals.add("first answer after the start, 1,000,000 tokens, ms", first_answer, AtMost(20.0));
    Ok(())
}

fn grow(server: &Server, tokens: u64, first: u64, bodies: &Bodies) -> Outcome<Measured> {
    let load = Load {
        connections: CONNECTIONS,
        until: Until::Calls(tokens),
        request: &|number, request| cards::write_token(first + number, request),
        answer: &|_, body| {
            bodies.sent.fetch_add(body.len() as u64, Ordering::Relaxed);
            bodies.compact.fetch_add(compact_bytes(body) as u64, Ordering::Relaxed);
        },
    };
    load.measure(server)
}

fn add_goals(goals: &mut Goals, steps: &[Step], on_disk: f64, compact: f64) {
    let (first, last) = (&steps[..FIRST_STEPS.len()], &steps[steps.len() - 1].measured);
    let first_tokens: f64 = first.iter().map(|step| step.tokens as f64).sum();
    let first_secs: f64 = first.iter().map(|step| step.tokens as f64 / step.measured.rate).sum();
    let first_micros: f64 = first.iter().map(|step| step.tokens as f64 * step.measured.processor_micros).sum();
    let (at_1000, body) = (&steps[0].measured, compact / MILLION as f64);
    let written = Rounds::once(last.written_bytes / body);
    goals.add("bytes written, varied cards, last 100,000, of the compact body", written, AtMost(4.0));
    goals.add("size on disk at 1,000,000, of the compact bodies", Rounds::once(on_disk / compact), AtMost(0.6));
    let rate = Rounds::once(last.rate * first_secs / first_tokens);
    goals.add("rate of the last 100,000 of 1,000,000, of the first", rate, AtLeast(0.95));
    let processor = Rounds::once(last.processor_micros * first_tokens / first_micros);
    goals.add("processor time of the last 100,000, of the first", processor, AtMost(1.05));
    let resident = Rounds::once(last.resident_megabytes);
    goals.add("resident memory at 1,000,000, MB", resident, AtMost(60.0));
    let resident = Rounds::once(last.resident_megabytes / at_1000.resident_megabytes);
    goals.add("resident memory at 1,000,000, of that at 1,000", resident, AtMost(1.5));
}
