-- 8
-- A call that is written with its outcome has its lists and bodies in one compressed piece, see `store::packed`; then
-- `params` and `headers` are empty, and the columns of the answer and `log_text` are NULL. Rows without it are older, or of
-- the real API.
ALTER TABLE exchanges ADD COLUMN packed BLOB;
-- What is remembered of a call with an idempotency key: see `store::key_index`.
ALTER TABLE exchanges ADD COLUMN record BLOB;
-- Of a call that made a token which is kept nowhere else: its answer is the token. 0 while it is not used, 1 from then on.
ALTER TABLE exchanges ADD COLUMN token INTEGER;
-- What the log is searched by is unpacked when it is asked for.
DROP INDEX exchanges_by_log;

-- The call that made the token, where the token's id tells it: see `store::numbered_ids`. Only the others are looked up
-- by their text.
ALTER TABLE entries ADD COLUMN token_call INTEGER;
DROP INDEX entries_by_token;
CREATE INDEX entries_by_token ON entries (token_id) WHERE token_id IS NOT NULL AND token_call IS NULL;

-- The idempotency keys of the newest calls, as they were committed: 16 bytes each, a hash and the number of the call.
CREATE TABLE key_blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    newest_ms INTEGER NOT NULL,
    keys BLOB NOT NULL
) STRICT;
-- The same of many blocks at once, in the order of the hashes.
CREATE TABLE key_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    newest_ms INTEGER NOT NULL,
    newest_call INTEGER NOT NULL,
    keys BLOB NOT NULL
) STRICT;

-- Tokens and keys of the calls up to this number are gone from the world by a reset.
ALTER TABLE worlds ADD COLUMN void INTEGER NOT NULL DEFAULT 0;
-- How many tokens the world has in its calls.
ALTER TABLE worlds ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;

-- New rows are counted in memory and written once a commit; until then a change may take a count below nothing, so each
-- status has one.
DROP TRIGGER entries_counted;
DROP TRIGGER exchanges_counted;
INSERT OR IGNORE INTO counts (status, count)
    VALUES ('pending', 0), ('unused', 0), ('used', 0), ('failed', 0), ('unknown', 0), ('interrupted', 0);
