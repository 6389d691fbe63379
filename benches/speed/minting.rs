//! Minting within this process: no server, no disk.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;
use testcard::{
    domain::{
        call::{
            api::{ApiRequest, HttpMethod},
            params::Params,
        },
        rules::policies::AccountPolicies,
    },
    minter::{self, MemoryLedger, MinterAccount},
};

use super::{
    Outcome,
    figures::Rounds,
    goals::{Bound::AtMost, Goals},
};

const BATCHES: usize = 101;
const CALLS: u32 = 1000;
/// A ledger in memory looks its objects up one by one, so each gets few of them.
const CALLS_OF_LEDGER: u32 = 10;

pub(super) fn measure(goals: &mut Goals) -> Outcome<()> {
    let account = MinterAccount::new([7; 32]);
    let now = Timestamp::from_second(1_900_000_000)?;
    let body: Value = serde_json::from_slice(&mint(&mut MemoryLedger::default(), &request(None), now, &account)?)?;
    let (mut plain, mut keyed, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for batch in 0..BATCHES {
        let key = |call: u32| format!("{batch:08}-{call:04}-4000-a000-000000000000");
        plain.push(nanos(|calls| mint_all(calls, |_| request(None), now, &account))?);
        keyed.push(nanos(|calls| mint_all(calls, |call| request(Some(key(call))), now, &account))?);
        written.push(nanos(|calls| write_all(calls, &body))?);
    }
    let ratio =
        |own: &[f64]| Rounds::once(Rounds::new(own.iter().zip(&written).map(|(a, b)| a / b).collect()).median());
    println!("\n{:<31} {:>8} {:>16}", "in this process", "ns", "of the writing");
    let rows =
        [("serde_json writes the same JSON", &written), ("minting, no disk", &plain), ("the same with a key", &keyed)];
    for (name, nanos) in rows {
        println!("{name:<31} {:>8.0} {:>16.2}", Rounds::new(nanos.clone()).median(), ratio(nanos).median());
    }
    goals.add("minting in process, of serde_json writing the same JSON", ratio(&plain), AtMost(3.0));
    goals.add("the same with an idempotency key", ratio(&keyed), AtMost(3.0));
    Ok(())
}

/// The time of one call, in nanoseconds; `run` makes so many calls, and tells how long they took.
fn nanos(run: impl FnOnce(u32) -> Outcome<Duration>) -> Outcome<f64> {
    Ok(run(CALLS)?.as_secs_f64() * 1e9 / f64::from(CALLS))
}

/// Only the minting is timed: requests and ledgers are made before.
fn mint_all(
    calls: u32,
    request: impl Fn(u32) -> ApiRequest,
    now: Timestamp,
    account: &MinterAccount,
) -> Outcome<Duration> {
    let mut took = Duration::ZERO;
    for first in (0..calls).step_by(CALLS_OF_LEDGER as usize) {
        let requests: Vec<ApiRequest> = (first..first + CALLS_OF_LEDGER).map(&request).collect();
        let mut ledger = MemoryLedger::default();
        let started = Instant::now();
        for request in &requests {
            black_box(mint(&mut ledger, request, now, account)?);
        }
        took += started.elapsed();
    }
    Ok(took)
}

fn mint(ledger: &mut MemoryLedger, request: &ApiRequest, now: Timestamp, account: &MinterAccount) -> Outcome<Vec<u8>> {
    let answer = minter::handle(ledger, request, now, AccountPolicies::default(), account)?;
    if !answer.is_success() {
        return Err(answer.text().into());
    }
    Ok(answer.body)
}

fn write_all(calls: u32, body: &Value) -> Outcome<Duration> {
    let started = Instant::now();
    for _ in 0..calls {
        black_box(serde_json::to_vec_pretty(black_box(body))?);
    }
    Ok(started.elapsed())
}

fn request(key: Option<String>) -> ApiRequest {
    let mut params = Params::new();
    for (name, value) in [("number", "4242424242424242"), ("exp_month", "12"), ("exp_year", "2055"), ("cvc", "123")] {
        params.push(format!("card[{name}]"), value);
    }
    let headers = key.map(|key| ("Idempotency-Key".to_owned(), key)).into_iter().collect();
    ApiRequest { method: HttpMethod::Post, path: "/v1/tokens".to_owned(), params, headers }
}
