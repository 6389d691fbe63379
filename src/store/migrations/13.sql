-- 13
-- Lists of events by their type: see `store::event_list`. A row that is damaged has no type. The time is here so that no
-- row is looked at that the list leaves out.
CREATE INDEX events_by_type ON objects (
    world, coalesce(account, ''), CASE WHEN json_valid(body) THEN json_extract(body, '$.type') END, position, created
) WHERE kind = 'event';
