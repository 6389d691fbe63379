-- 11
-- 1 for a call that is kept for the minter alone: its entry was removed, and its answer is a token or stands for an
-- idempotency key. Nothing of the request is left in it. It is in no list: `entry` and `took_micros` are NULL.
ALTER TABLE exchanges ADD COLUMN for_minter INTEGER;
CREATE INDEX exchanges_for_minter ON exchanges (for_minter) WHERE for_minter IS NOT NULL;
-- Tells whether an entry is of a run.
CREATE INDEX run_rows_by_entry ON run_rows (entry) WHERE entry IS NOT NULL;
-- How often entries were removed for good: whoever shows a list makes it anew when this changes.
INSERT INTO counters (name, value) VALUES ('removals', 0);
