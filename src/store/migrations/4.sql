-- What should come of a token creation, and how it stands to that: JSON objects with a version.
ALTER TABLE entries ADD COLUMN expects TEXT;
ALTER TABLE entries ADD COLUMN judgement TEXT;
