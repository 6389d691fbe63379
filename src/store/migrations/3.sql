-- What a person writes on entries, and which of them were deleted.
ALTER TABLE entries ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- A JSON array of words.
ALTER TABLE entries ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- The client whose call used the token up.
ALTER TABLE entries ADD COLUMN used_client TEXT;
-- A deleted entry is hidden everywhere, until it is restored or dropped for good.
ALTER TABLE entries ADD COLUMN deleted_ms INTEGER;
CREATE INDEX entries_deleted ON entries (deleted_ms) WHERE deleted_ms IS NOT NULL;
DROP INDEX entries_by_status;
CREATE INDEX entries_by_status ON entries (status, id) WHERE deleted_ms IS NULL;

-- Deleted entries are not counted.
DROP TRIGGER entries_counted_again;
CREATE TRIGGER entries_counted_again AFTER UPDATE OF status, deleted_ms ON entries
WHEN old.status <> new.status OR (old.deleted_ms IS NULL) <> (new.deleted_ms IS NULL) BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status AND old.deleted_ms IS NULL;
    INSERT INTO counts (status, count) SELECT new.status, 1 WHERE new.deleted_ms IS NULL
        ON CONFLICT (status) DO UPDATE SET count = count + 1;
END;
DROP TRIGGER entries_discounted;
CREATE TRIGGER entries_discounted AFTER DELETE ON entries WHEN old.deleted_ms IS NULL BEGIN
    UPDATE counts SET count = count - 1 WHERE status = old.status;
END;
