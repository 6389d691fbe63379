//! How fast the loopback server makes tokens, held against the goals that it has.
//!
//! ```sh
//! cargo bench --bench speed               # every goal but those of a large folder: some five minutes
//! cargo bench --bench speed -- growth     # 1,000,000 tokens in one folder, and the goals of such a folder
//! cargo bench --bench speed -- million    # both
//! cargo bench --bench speed -- calls      # the calls beside a token's creation alone
//! ```
//!
//! A goal is a ratio of two figures of one run, for both move with the machine. What stands beside Testcard:
//!
//! - **the constant answer** (`constant`): axum answers a body of the same size. No server can cost less;
//! - **the reference server** (`reference`): axum before one writer thread that keeps two bare rows a call in SQLite, the
//!   same bytes as the compact body and the request, on disk before the answer. This is what SQLite lets a server reach;
//! - **a token's creation**, for the other calls, and **`serde_json`**, for minting without a server.
//!
//! Every server is a process of its own. Those of the table are started anew in each round and wait while another one is
//! measured, in an order that turns from round to round; a figure is the median of the rounds, a ratio the median of the
//! ratios within each round. Clients are threads of this process, on the same machine, one kept connection and one call
//! on its way each; every POST has a new idempotency key, as Stripe's SDKs send it, unless the line says otherwise.
//! Processor time is user and system of the server's process, without the clients; bytes written are those that it caused
//! to be sent to the disk, of which a page that is written twice counts twice. Both come from Linux's `/proc`. A compact
//! body is the body of an answer without the white space between its tokens.
//!
//! The table has one card, without name and address; the folder that grows has varied cards, names and addresses
//! (`cards`). Data folders lie in the build's own folder, which is on a disk where `/tmp` may be in memory.
//!
//! `TESTCARD_PROGRAM` names another program to measure, such as a release build of an older version.

mod calls;
mod cards;
mod client;
mod constant;
mod figures;
mod goals;
mod growth;
mod load;
mod minting;
mod process;
mod reference;
mod request;
mod server;
mod throughput;

use std::{env, error::Error};

use goals::Goals;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// As the program has it, so that the servers beside it, which are this process again, are no slower for their memory.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome<()> {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut goals = Goals::default();
    let (is_table_wanted, is_growth_wanted) = match words[..] {
        [constant::WORD, answer_bytes] => return constant::serve(answer_bytes.parse()?),
        [reference::WORD, answer_bytes, kept_bytes] => {
            return reference::serve(answer_bytes.parse()?, kept_bytes.parse()?);
        }
        ["calls"] => {
            calls::measure(&mut goals)?;
            goals.print();
            return Ok(());
        }
        [] => (true, false),
        ["growth"] => (false, true),
        ["million"] => (true, true),
        _ => return Err("say nothing, or: growth, or: million, or: calls".into()),
    };
    if is_table_wanted {
        throughput::measure(&mut goals)?;
        calls::measure(&mut goals)?;
        minting::measure(&mut goals)?;
    }
    if is_growth_wanted {
        growth::measure(&mut goals)?;
    }
    goals.print();
    Ok(())
}
