-- What belongs to the folder as a whole: the workspace's secret, when it was made.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- "revision" counts the changes of entries, "sequence" is the minter's own count.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('revision', 0), ('sequence', 0);

-- The minter's objects.
CREATE TABLE objects (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The lines of the history. AUTOINCREMENT: a number is never given twice, so that later entries have higher ones.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    status TEXT NOT NULL,
    target TEXT NOT NULL,
    token_id TEXT,
    brand TEXT,
    last4 TEXT,
    code TEXT,
    used_by TEXT,
    started_ms INTEGER NOT NULL,
    took_micros INTEGER,
    -- The value of the counter "revision" at the last change.
    revision INTEGER NOT NULL,
    -- What a search looks through, in lower case.
    haystack TEXT NOT NULL,
    -- The run of the program that waits for the answer, while there is one.
    run TEXT
) STRICT;
CREATE INDEX entries_by_revision ON entries (revision);
CREATE INDEX entries_by_status ON entries (status, id);
CREATE INDEX entries_by_token ON entries (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX entries_by_run ON entries (run) WHERE run IS NOT NULL;

-- How many entries of each status there are: counting a million rows takes too long for a frame.
CREATE TABLE counts (
    status TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entries_counted AFTER INSERT ON entries BEGIN
    INSERT INTO counts (status, count) VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER entries_counted_again AFTER UPDATE OF status ON entries WHEN old.status <> new.status BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status;
    INSERT INTO counts (status, count) VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER entries_discounted AFTER DELETE ON entries BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status;
END;

-- Every call, with its answer or failure once there is one. Lists are JSON arrays of [name, value].
CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER REFERENCES entries (id) ON DELETE CASCADE,
    -- 1 for the call that made the entry, 0 for those of its timeline.
    is_creation INTEGER NOT NULL,
    target TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    took_micros INTEGER,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    params TEXT NOT NULL,
    headers TEXT NOT NULL,
    http_status INTEGER,
    answer_headers TEXT,
    answer_body BLOB,
    failure_kind TEXT,
    failure_message TEXT,
    failure_text TEXT
) STRICT;
CREATE INDEX exchanges_by_entry ON exchanges (entry, id) WHERE entry IS NOT NULL;
