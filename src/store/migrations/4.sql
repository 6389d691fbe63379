-- What should come of a token creation, and how it stands to that: JSON objects with a version.
ALTER TABLE entries ADD COLUMN expects TEXT;
ALTER TABLE entries ADD COLUMN judgement TEXT;
-- The profile that a call to the real API was made with; none where that is not known, and for local ones.
ALTER TABLE entries ADD COLUMN profile INTEGER;
