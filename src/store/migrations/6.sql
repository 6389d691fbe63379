-- What the request log is filtered and searched by, of each call with an outcome: the short name of its client, the fault
-- that acted on it, and the text that a search looks through. NULL in rows that are older than these columns.
ALTER TABLE exchanges ADD COLUMN client TEXT;
ALTER TABLE exchanges ADD COLUMN fault TEXT;
ALTER TABLE exchanges ADD COLUMN log_text TEXT;
-- All of it in one place in the order of the log, so that a search for what is rare reads no answers.
CREATE INDEX exchanges_by_log ON exchanges (id, took_micros, method, http_status, client, fault, log_text);

-- How many calls of each kind there are: counting a million takes too long. 0 is the status of a call without an answer,
-- '' the client of a call that is older than its column.
CREATE TABLE log_counts (
    method TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    client TEXT NOT NULL,
    has_fault INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (method, http_status, client, has_fault)
) STRICT, WITHOUT ROWID;
INSERT INTO log_counts (method, http_status, client, has_fault, calls)
    SELECT method, coalesce(http_status, 0), '', 0, count(*) FROM exchanges WHERE took_micros IS NOT NULL
    GROUP BY method, coalesce(http_status, 0);
CREATE TRIGGER exchanges_counted AFTER INSERT ON exchanges WHEN new.took_micros IS NOT NULL BEGIN
    INSERT INTO log_counts (method, http_status, client, has_fault, calls)
        VALUES (new.method, coalesce(new.http_status, 0), coalesce(new.client, ''), new.fault IS NOT NULL, 1)
        ON CONFLICT (method, http_status, client, has_fault) DO UPDATE SET calls = calls + 1;
END;
CREATE TRIGGER exchanges_recounted AFTER UPDATE OF took_micros, method, http_status, client, fault ON exchanges BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE old.took_micros IS NOT NULL AND method = old.method
        AND http_status = coalesce(old.http_status, 0) AND client = coalesce(old.client, '')
        AND has_fault = (old.fault IS NOT NULL);
    INSERT INTO log_counts (method, http_status, client, has_fault, calls)
        SELECT new.method, coalesce(new.http_status, 0), coalesce(new.client, ''), new.fault IS NOT NULL, 1
        WHERE new.took_micros IS NOT NULL
        ON CONFLICT (method, http_status, client, has_fault) DO UPDATE SET calls = calls + 1;
END;
CREATE TRIGGER exchanges_uncounted AFTER DELETE ON exchanges WHEN old.took_micros IS NOT NULL BEGIN
    UPDATE log_counts SET calls = calls - 1 WHERE method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL);
    DELETE FROM log_counts WHERE calls <= 0 AND method = old.method AND http_status = coalesce(old.http_status, 0)
        AND client = coalesce(old.client, '') AND has_fault = (old.fault IS NOT NULL);
END;
