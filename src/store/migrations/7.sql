-- Worlds: each has objects, idempotency keys, a count of its own and a clock. '' is the one world of all calls; the
-- others are those of accounts under `serve --isolate`, named by the account's id (a keyed hash of it where the text may
-- not be kept).
CREATE TABLE worlds (
    name TEXT PRIMARY KEY,
    -- The minter's own count.
    sequence INTEGER NOT NULL DEFAULT 0,
    -- How far its clock is from the machine's, in milliseconds.
    clock_ms INTEGER NOT NULL DEFAULT 0,
    -- The higher, the later it was used.
    used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX worlds_by_use ON worlds (used);
INSERT INTO worlds (name, sequence) SELECT '', value FROM counters WHERE name = 'sequence';
DELETE FROM counters WHERE name = 'sequence';

-- An object belongs to a world and to an account in it: `account` is the connected one, NULL for the account itself.
ALTER TABLE objects ADD COLUMN world TEXT NOT NULL DEFAULT '';
DROP INDEX objects_by_id;
DROP INDEX objects_listed;
DROP INDEX objects_by_parent;
CREATE UNIQUE INDEX objects_by_id ON objects (world, coalesce(account, ''), id, kind);
CREATE INDEX objects_listed ON objects (world, coalesce(account, ''), kind, position) WHERE kind <> 'token';
CREATE INDEX objects_by_parent ON objects (parent, kind, world, coalesce(account, ''), position)
    WHERE parent IS NOT NULL;

-- An idempotency key belongs to its world. `created` is by the world's clock, `written` by the machine's, in Unix seconds;
-- NULL in rows that are older than this column.
ALTER TABLE answers RENAME TO old_answers;
CREATE TABLE answers (
    exchange INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
    world TEXT NOT NULL DEFAULT '',
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    written INTEGER,
    whole_key BLOB NOT NULL,
    whole BLOB NOT NULL,
    masked BLOB NOT NULL,
    UNIQUE (world, key)
) STRICT;
INSERT INTO answers (exchange, key, created, whole_key, whole, masked)
    SELECT exchange, key, created, whole_key, whole, masked FROM old_answers;
DROP TABLE old_answers;

-- The account that an entry and a call are of, as lists show it: the connected one, else that of the world; NULL for the
-- account itself in the one world.
ALTER TABLE entries ADD COLUMN account TEXT;
UPDATE entries SET account = made.account
    FROM (SELECT entry, account FROM exchanges WHERE is_creation = 1 AND account IS NOT NULL) AS made
    WHERE made.entry = entries.id;
ALTER TABLE exchanges ADD COLUMN world TEXT NOT NULL DEFAULT '';
DROP INDEX exchanges_by_log;
CREATE INDEX exchanges_by_log
    ON exchanges (id, took_micros, method, http_status, client, fault, account, world, log_text);

-- How many calls of each kind there are, now with their account; '' is the account itself.
DROP TRIGGER exchanges_counted;
DROP TRIGGER exchanges_recounted;
DROP TRIGGER exchanges_uncounted;
ALTER TABLE log_counts RENAME TO old_log_counts;
CREATE TABLE log_counts (
    method TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    client TEXT NOT NULL,
    has_fault INTEGER NOT NULL,
    account TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (method, http_status, client, has_fault, account)
) STRICT, WITHOUT ROWID;
INSERT INTO log_counts (method, http_status, client, has_fault, account, calls)
    SELECT method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world), count(*)
    FROM exchanges WHERE took_micros IS NOT NULL
    GROUP BY method, coalesce(http_status, 0), coalesce(client, ''), fault IS NOT NULL, coalesce(account, world);
DROP TABLE old_log_counts;
CREATE TRIGGER exchanges_counted AFTER INSERT ON exchanges WHEN new.took_micros IS NOT NULL BEGIN
    INSERT INTO log_counts (method, http_status, client, has_fault, account, calls)
        VALUES (new.method, coalesce(new.http_status, 0), coalesce(new.client, ''), new.fault IS NOT NULL,
            coalesce(new.account, new.world), 1)
        ON CONFLICT (method, http_status, client, has_fault, account) DO UPDATE SET calls = calls + 1;
END;
CREATE TRIGGER exchanges_recounted AFTER UPDATE OF took_micros, method, http_status, client, fault ON exchanges BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE old.took_micros IS NOT NULL AND method = old.method
        AND http_status = coalesce(old.http_status, 0) AND client = coalesce(old.client, '')
        AND has_fault = (old.fault IS NOT NULL) AND account = coalesce(old.account, old.world);
    INSERT INTO log_counts (method, http_status, client, has_fault, account, calls)
        SELECT new.method, coalesce(new.http_status, 0), coalesce(new.client, ''), new.fault IS NOT NULL,
            coalesce(new.account, new.world), 1
        WHERE new.took_micros IS NOT NULL
        ON CONFLICT (method, http_status, client, has_fault, account) DO UPDATE SET calls = calls + 1;
END;
CREATE TRIGGER exchanges_uncounted AFTER DELETE ON exchanges WHEN old.took_micros IS NOT NULL BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL)
        AND account = coalesce(old.account, old.world);
    DELETE FROM log_counts WHERE calls <= 0 AND method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL)
        AND account = coalesce(old.account, old.world);
END;
