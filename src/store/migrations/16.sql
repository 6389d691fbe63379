-- The object that a row shows, compressed as an exchange's `packed` is, in the place of the column that it stands in otherwise:
-- `body`, of an event `state`. That column is empty then. A short object is not compressed.
ALTER TABLE objects ADD COLUMN packed BLOB;
