-- The connected account that a call was for, as `Stripe-Account` named it: its text, or a keyed hash of it where the
-- text may not be kept. NULL for the account itself, and in rows that are older than this column.
ALTER TABLE exchanges ADD COLUMN account TEXT;
ALTER TABLE objects ADD COLUMN account TEXT;

-- 1 where each parameter that is not kept as it was sent has a mark as the third element of its pair; 0 in rows that are
-- older than the marks, which are read by their looks.
ALTER TABLE exchanges ADD COLUMN has_marks INTEGER NOT NULL DEFAULT 0;
-- The places of `answer_body` that are not as they came, as a JSON array of [offset, length] in bytes.
ALTER TABLE exchanges ADD COLUMN answer_marks TEXT;

-- 16 random bytes: tells an entry from those of all other folders. NULL in rows that are older than this column.
ALTER TABLE entries ADD COLUMN uid BLOB;
