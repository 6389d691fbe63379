-- 10
-- The calls that are entered into the bound of the log are counted once a commit: see `store::log_bound`.
DROP TRIGGER log_calls_counted;

-- Nearly every entry is unused when it is made, and its place in this index would be a page more for each commit. Unused
-- ones are found in the order of their numbers.
DROP INDEX entries_by_status;
CREATE INDEX entries_by_status ON entries (status, id) WHERE deleted_ms IS NULL AND status <> 'unused';
