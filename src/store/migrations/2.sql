-- The minter's objects again, now with their order and the object that lists are asked for.
ALTER TABLE objects RENAME TO old_objects;
CREATE TABLE objects (
    -- The order in which they were made, which is the order of lists. AUTOINCREMENT: also after a removal.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;
INSERT INTO objects (kind, id, created, body, state)
    SELECT kind, id, created, body, state FROM old_objects ORDER BY created, id;
DROP TABLE old_objects;
CREATE UNIQUE INDEX objects_by_id ON objects (id, kind);
-- Tokens have no list, and there are many of them.
CREATE INDEX objects_listed ON objects (kind, position) WHERE kind <> 'token';
CREATE INDEX objects_by_parent ON objects (parent, kind, position) WHERE parent IS NOT NULL;

-- What was answered under an idempotency key: the answer itself is in the exchange. Their numbers give the order of age.
CREATE TABLE answers (
    exchange INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
    key TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    whole_key BLOB NOT NULL,
    whole BLOB NOT NULL,
    masked BLOB NOT NULL
) STRICT;
