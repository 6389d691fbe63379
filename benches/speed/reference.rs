//! The reference server: what axum and SQLite reach with one writer, group commit and two bare rows a call.
//!
//! It is as fast as this shape can be made: ids that rise, so that their index grows at its end; prepared statements; a
//! commit for all calls that wait; nothing parsed, checked, masked or numbered anew. As Testcard does, it answers once the
//! commit is on disk.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use axum::{
    Router,
    body::{self, Bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Outcome, server};

pub(super) const WORD: &str = "reference";

/// As many as Testcard commits at once.
const MOST_OF_GROUP: usize = 512;
const LONGEST_REQUEST: usize = 64 * 1024;
const SCHEMA: &str = "CREATE TABLE tokens (n INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL);
     CREATE UNIQUE INDEX tokens_by_id ON tokens (id);
     CREATE TABLE requests (token INTEGER PRIMARY KEY, idempotency_key BLOB NOT NULL, params BLOB NOT NULL);";

/// A call that waits for its commit.
struct Call {
    id: String,
    kept: Vec<u8>,
    idempotency_key: Vec<u8>,
    params: Bytes,
    committed: oneshot::Sender<()>,
}

/// Serves in the folder that `TESTCARD_HOME` names, as the program does.
pub(super) fn serve(answer_bytes: usize, kept_bytes: usize) -> Outcome<()> {
    let home = env::var_os("TESTCARD_HOME").ok_or("no TESTCARD_HOME")?;
    let folder = std::path::Path::new(&home).join("data");
    std::fs::create_dir_all(&folder)?;
    let connection = Connection::open(folder.join("reference.sqlite3"))?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(SCHEMA)?;
    let (calls, waiting) = mpsc::channel();
    // Ends with the process, as the runtime does.
    thread::Builder::new().name("writer".to_owned()).spawn(move || {
        write_all(connection, &waiting).expect("the reference server writes");
    })?;

    let count = Arc::new(AtomicU64::new(0));
    let answer = move |request: Request| {
        let (calls, count) = (calls.clone(), Arc::clone(&count));
        async move {
            let id = format!("tok_{:024}", count.fetch_add(1, Ordering::Relaxed));
            create(request, id, &calls, answer_bytes, kept_bytes).await
        }
    };
    server::serve_here(Router::new().route("/v1/tokens", post(answer)))
}

async fn create(
    request: Request,
    id: String,
    calls: &mpsc::Sender<Call>,
    answer_bytes: usize,
    kept_bytes: usize,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(params) = body::to_bytes(body, LONGEST_REQUEST).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let idempotency_key = head.headers.get("idempotency-key").map(|key| key.as_bytes().to_vec()).unwrap_or_default();
    let (committed, is_committed) = oneshot::channel();
    let answer = body_of(&id, answer_bytes);
    // The index holds the id once more, as an index has to.
    let kept = body_of("", kept_bytes.saturating_sub(id.len()));
    if calls.send(Call { id, kept, idempotency_key, params, committed }).is_err() || is_committed.await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    ([("content-type", "application/json")], answer).into_response()
}

fn body_of(id: &str, bytes: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(bytes.max(id.len()));
    body.extend_from_slice(id.as_bytes());
    body.resize(bytes.max(id.len()), b' ');
    body
}

fn write_all(mut connection: Connection, waiting: &mpsc::Receiver<Call>) -> rusqlite::Result<()> {
    let mut committed = Vec::new();
    while let Ok(first) = waiting.recv() {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut token = transaction.prepare_cached("INSERT INTO tokens (id, body) VALUES (?1, ?2)")?;
            let mut request = transaction.prepare_cached("INSERT INTO requests VALUES (?1, ?2, ?3)")?;
            for call in std::iter::once(first).chain(waiting.try_iter()).take(MOST_OF_GROUP) {
                let number = token.insert((&call.id, &call.kept))?;
                request.execute((number, &call.idempotency_key, &call.params[..]))?;
                committed.push(call.committed);
            }
        }
        transaction.commit()?;
        for call in committed.drain(..) {
            // A client that is gone by now wants no answer.
            let _ = call.send(());
        }
    }
    Ok(())
}
