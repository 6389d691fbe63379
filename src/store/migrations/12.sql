-- How far the events are sent of each webhook endpoint: those of the table of objects, and those that a person named on
-- the command line, which are in no other table.
CREATE TABLE webhook_cursors (
    endpoint TEXT PRIMARY KEY,
    -- Each event up to this position in the table of objects was taken by the endpoint, is not for it, or has a row below.
    position INTEGER NOT NULL,
    -- Of an endpoint that was named on the command line: the types that it asked for, a JSON list.
    types TEXT
) STRICT, WITHOUT ROWID;
-- The events that an endpoint did not take at the first attempt, or that are to be sent once more.
CREATE TABLE webhook_deliveries (
    endpoint TEXT NOT NULL,
    event INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    -- The next attempt by the machine's clock, in Unix milliseconds; NULL where there is none any more.
    due_ms INTEGER,
    PRIMARY KEY (endpoint, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);
-- Of all objects there are few endpoints, which are looked for often.
CREATE INDEX webhook_endpoints ON objects (kind) WHERE kind = 'webhook_endpoint';
