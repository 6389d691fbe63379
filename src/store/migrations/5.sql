-- The connected account that a call was for, as `Stripe-Account` named it: its text, or a keyed hash of it where the
-- text may not be kept. NULL for the account itself, and in rows that are older than this column.
ALTER TABLE exchanges ADD COLUMN account TEXT;
ALTER TABLE objects ADD COLUMN account TEXT;

-- 1 where each parameter that is not kept as it was sent has a mark as the third element of its pair; 0 in rows that are
-- older than the marks, which are read by their looks.
ALTER TABLE exchanges ADD COLUMN has_marks INTEGER NOT NULL DEFAULT 0;
-- The places of `answer_body` that are not as they came, as a JSON array of [offset, length] in bytes.
ALTER TABLE exchanges ADD COLUMN answer_marks TEXT;

-- 16 random bytes: tells an entry from those of all other folders. NULL in rows that are older than this column.
ALTER TABLE entries ADD COLUMN uid BLOB;

-- The calls that the bound of the request log may drop, each with its size: not those that made an entry or changed one.
CREATE TABLE log_calls (
    exchange INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
    bytes INTEGER NOT NULL
) STRICT;
-- What they come to: counting them would take too long for every call. Calls that are older than this table are entered
-- into it some at a time: "old_next" is the next of them to be looked at, "old_last" the last.
CREATE TABLE log_size (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    calls INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    old_next INTEGER NOT NULL,
    old_last INTEGER NOT NULL
) STRICT;
INSERT INTO log_size (id, calls, bytes, old_next, old_last)
    SELECT 1, 0, 0, 1, coalesce((SELECT max(id) FROM exchanges), 0);
CREATE TRIGGER log_calls_counted AFTER INSERT ON log_calls BEGIN
    UPDATE log_size SET calls = calls + 1, bytes = bytes + new.bytes WHERE id = 1;
END;
CREATE TRIGGER log_calls_weighed AFTER UPDATE OF bytes ON log_calls BEGIN
    UPDATE log_size SET bytes = bytes + new.bytes - old.bytes WHERE id = 1;
END;
CREATE TRIGGER log_calls_discounted AFTER DELETE ON log_calls BEGIN
    UPDATE log_size SET calls = calls - 1, bytes = bytes - old.bytes WHERE id = 1;
END;
