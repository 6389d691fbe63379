-- Runs: lists of drafts, each with what is expected of it, and what came of them.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the idempotency keys of its calls begin with.
    uid TEXT NOT NULL,
    name TEXT NOT NULL,
    -- A keyed hash of the list: runs of the same list are compared.
    list_hash TEXT NOT NULL,
    target TEXT NOT NULL,
    profile INTEGER,
    created_ms INTEGER NOT NULL,
    finished_ms INTEGER,
    state TEXT NOT NULL,
    -- JSON: what the list was made of, the rate, the address of the API.
    settings TEXT NOT NULL,
    -- How many rows it has, and how many of them came to which end.
    rows INTEGER NOT NULL,
    as_expected INTEGER NOT NULL DEFAULT 0,
    differs INTEGER NOT NULL DEFAULT 0,
    unanswered INTEGER NOT NULL DEFAULT 0,
    -- The session that makes its calls, while one does.
    session TEXT
) STRICT;
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_by_list ON runs (list_hash);
CREATE INDEX runs_by_session ON runs (session) WHERE session IS NOT NULL;

-- A row is there before its first call leaves.
CREATE TABLE run_rows (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- From 1, in the order of the list.
    number INTEGER NOT NULL,
    card TEXT NOT NULL,
    variant TEXT NOT NULL,
    -- JSON: the preset or the masked parameters, see `domain::run::kept_row`.
    source TEXT NOT NULL,
    last_step TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    expects TEXT NOT NULL,
    is_predicted INTEGER NOT NULL,
    note TEXT NOT NULL,
    tags TEXT NOT NULL,
    -- The entry of its token. Numbers of entries are never given twice, so one that is gone is no other.
    entry INTEGER,
    -- JSON: the outcome of each call. NULL, as the two after it, until the row came to its end.
    results TEXT,
    verdict TEXT,
    verdict_json TEXT,
    UNIQUE (run, number)
) STRICT;
