-- Fewer pages for each commit to write: for a new token neither a count of numbers nor two of the indexes.
--
-- SQLite counts the numbers of these tables no more (AUTOINCREMENT, a row that each insert writes anew). The highest
-- number that was given is that of the last row, or is in a counter where that row is gone: see `store::given_numbers`.
-- Calls go with their entry by a trigger, for the foreign key would look for them in an index that has all of them.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(replace(sql, ' AUTOINCREMENT', ''), ' REFERENCES entries (id) ON DELETE CASCADE', '')
WHERE type = 'table' AND name IN ('entries', 'exchanges', 'objects');
PRAGMA writable_schema = RESET;
INSERT INTO counters (name, value) VALUES ('last_entries', 0), ('last_exchanges', 0), ('last_objects', 0);
UPDATE counters SET value = coalesce((SELECT seq FROM sqlite_sequence WHERE 'last_' || sqlite_sequence.name = counters.name), 0)
WHERE name IN ('last_entries', 'last_exchanges', 'last_objects');
DELETE FROM sqlite_sequence WHERE name IN ('entries', 'exchanges', 'objects');
CREATE TRIGGER entries_last_kept BEFORE DELETE ON entries WHEN old.id >= (SELECT max(id) FROM entries) BEGIN
    UPDATE counters SET value = max(value, old.id) WHERE name = 'last_entries';
END;
CREATE TRIGGER exchanges_last_kept BEFORE DELETE ON exchanges WHEN old.id >= (SELECT max(id) FROM exchanges) BEGIN
    UPDATE counters SET value = max(value, old.id) WHERE name = 'last_exchanges';
END;
-- The call that made an entry's token is found by `token_call`, all others of an entry by the index.
UPDATE entries
SET token_call = (
    SELECT id FROM exchanges INDEXED BY exchanges_by_entry
    WHERE entry = entries.id AND is_creation = 1 AND token IS NOT NULL
)
WHERE token_call IS NULL;
DROP INDEX exchanges_by_entry;
CREATE INDEX exchanges_by_entry ON exchanges (entry, id) WHERE entry IS NOT NULL AND token IS NULL;
CREATE TRIGGER entries_take_calls AFTER DELETE ON entries BEGIN
    DELETE FROM exchanges WHERE id = old.token_call AND entry = old.id;
    DELETE FROM exchanges WHERE entry = old.id AND token IS NULL;
END;
-- An entry that was not changed since it was made has the revision 0, and is found by its number.
DROP INDEX entries_by_revision;
CREATE INDEX entries_by_revision ON entries (revision) WHERE revision > 0;
