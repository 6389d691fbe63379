-- 1 where the object's id tells its position: it needs no place in the index of ids, in which every new id is on another
-- page. See `store::numbered_ids`.
ALTER TABLE objects ADD COLUMN numbered INTEGER;
-- Of an event that points to such an object: the position of that object. `parent` names it in words all the same.
ALTER TABLE objects ADD COLUMN points_to INTEGER;
DROP INDEX objects_by_id;
CREATE UNIQUE INDEX objects_by_id ON objects (world, coalesce(account, ''), id, kind) WHERE numbered IS NULL;
DROP INDEX objects_by_parent;
CREATE INDEX objects_by_parent ON objects (parent, kind, world, coalesce(account, ''), position)
    WHERE parent IS NOT NULL AND points_to IS NULL;
-- New objects are at the end of it, as their events are.
CREATE INDEX events_by_object ON objects (points_to) WHERE points_to IS NOT NULL;
