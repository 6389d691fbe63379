-- 15
-- What is still to go wrong on purpose when the event is sent, in the words of `domain::fault`.
ALTER TABLE webhook_deliveries ADD COLUMN fault TEXT;
-- The last attempt that the endpoint did not take: when it was by the machine's clock, in Unix milliseconds, the status of
-- the answer, NULL where there was none, and a few masked words of it or why there was none. All NULL before an attempt.
ALTER TABLE webhook_deliveries ADD COLUMN refused_ms INTEGER;
ALTER TABLE webhook_deliveries ADD COLUMN http_status INTEGER;
ALTER TABLE webhook_deliveries ADD COLUMN refusal TEXT;
-- When a process last was there that sends to the endpoint, by the machine's clock, in Unix milliseconds. One that a person
-- named is forgotten some time after it is named no more.
ALTER TABLE webhook_cursors ADD COLUMN served_ms INTEGER NOT NULL DEFAULT 0;
