-- What is held since before holds expired is given back too: each hold gets the row that a new one gets, as
-- `store::due_effects` writes it. Its id begins with its time, in base 62, seven days and a second after the hold.
INSERT INTO objects (kind, id, created, body, state, world)
SELECT
    'later_effect',
    'due_' || substr(digits, 1 + due / 56800235584 % 62, 1)
        || substr(digits, 1 + due / 916132832 % 62, 1)
        || substr(digits, 1 + due / 14776336 % 62, 1)
        || substr(digits, 1 + due / 238328 % 62, 1)
        || substr(digits, 1 + due / 3844 % 62, 1)
        || substr(digits, 1 + due / 62 % 62, 1)
        || substr(digits, 1 + due / 1 % 62, 1)
        || '_' || effect || '_' || object,
    due,
    json_object('kind', effect, 'object', object, 'account', account, 'nonce', ''),
    'null',
    world
FROM (
    SELECT
        '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' AS digits,
        world,
        account,
        created + 604801 AS due,
        CASE WHEN intent IS NULL THEN 'expire_charge' ELSE 'expire_intent' END AS effect,
        coalesce(intent, id) AS object
    FROM (
        SELECT id, world, account, created, json_extract(body, '$.payment_intent') AS intent
        FROM objects
        WHERE kind = 'charge' AND CASE
            WHEN json_valid(body) THEN
                json_extract(body, '$.status') = 'succeeded'
                AND json_extract(body, '$.captured') = 0
                AND json_extract(body, '$.refunded') = 0
        END
    )
)
WHERE true
ON CONFLICT DO NOTHING;
