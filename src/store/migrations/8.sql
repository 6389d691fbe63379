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
-- How many tokens an account's own world has in its calls. Those of the common one are counted when they are asked for.
ALTER TABLE worlds ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;

-- New rows are counted a thousand at a time: each commit would write the same few rows of counts. Entries and calls up to
-- these numbers are in the tables of counts; a view adds those behind them. The counter "revision" is written only where
-- the highest revision of all entries would go down.
INSERT INTO counters (name, value) SELECT 'counted_entries', coalesce(max(id), 0) FROM entries;
INSERT INTO counters (name, value) SELECT 'counted_calls', coalesce(max(id), 0) FROM exchanges;
CREATE VIEW status_counts AS
    SELECT status, sum(count) AS count FROM (
        SELECT status, count FROM counts
        UNION ALL
        SELECT status, count(*) FROM entries NOT INDEXED
        WHERE id > (SELECT value FROM counters WHERE name = 'counted_entries') AND deleted_ms IS NULL GROUP BY status
    ) GROUP BY status;
CREATE VIEW call_counts AS
    SELECT method, http_status, client, has_fault, account, sum(calls) AS calls FROM (
        SELECT method, http_status, client, has_fault, account, calls FROM log_counts
        UNION ALL
        SELECT method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world), count(*)
        FROM exchanges NOT INDEXED
        WHERE id > (SELECT value FROM counters WHERE name = 'counted_calls') AND took_micros IS NOT NULL
        GROUP BY method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world)
    ) GROUP BY method, http_status, client, has_fault, account;
DROP TRIGGER entries_counted;
DROP TRIGGER entries_counted_again;
CREATE TRIGGER entries_counted_again AFTER UPDATE OF status, deleted_ms ON entries
WHEN (old.status <> new.status OR (old.deleted_ms IS NULL) <> (new.deleted_ms IS NULL))
    AND old.id <= (SELECT value FROM counters WHERE name = 'counted_entries') BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status AND old.deleted_ms IS NULL;
    INSERT INTO counts (status, count) SELECT new.status, 1 WHERE new.deleted_ms IS NULL
        ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
DROP TRIGGER entries_discounted;
CREATE TRIGGER entries_discounted AFTER DELETE ON entries
WHEN old.deleted_ms IS NULL AND old.id <= (SELECT value FROM counters WHERE name = 'counted_entries') BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status;
END;
DROP TRIGGER exchanges_counted;
DROP TRIGGER exchanges_recounted;
CREATE TRIGGER exchanges_recounted AFTER UPDATE OF took_micros, method, http_status, client, fault ON exchanges
WHEN old.id <= (SELECT value FROM counters WHERE name = 'counted_calls') BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE old.took_micros IS NOT NULL AND method = old.method
        AND http_status = coalesce(old.http_status, 0) AND client = coalesce(old.client, '')
        AND has_fault = (old.fault IS NOT NULL) AND account = coalesce(old.account, old.world);
    INSERT INTO log_counts (method, http_status, client, has_fault, account, calls)
        SELECT new.method, coalesce(new.http_status, 0), coalesce(new.client, ''), new.fault IS NOT NULL,
            coalesce(new.account, new.world), 1
        WHERE new.took_micros IS NOT NULL
        ON CONFLICT (method, http_status, client, has_fault, account) DO UPDATE SET calls = calls + 1;
END;
DROP TRIGGER exchanges_uncounted;
CREATE TRIGGER exchanges_uncounted AFTER DELETE ON exchanges
WHEN old.took_micros IS NOT NULL AND old.id <= (SELECT value FROM counters WHERE name = 'counted_calls') BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL)
        AND account = coalesce(old.account, old.world);
    DELETE FROM log_counts WHERE calls <= 0 AND method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL)
        AND account = coalesce(old.account, old.world);
END;
