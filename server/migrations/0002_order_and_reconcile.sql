-- Overlapping commits of one owner are ordered by their claims: the one that
-- claimed its upload first counts as the earlier one, whichever ends first.
ALTER TABLE uploads ADD COLUMN claim INTEGER;  -- greater than that of every commit that was in progress
ALTER TABLE uploads ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0; -- 1 once a later commit, or a removal, has taken effect

-- Commits in progress: seldom more than one per owner.
CREATE INDEX uploads_claimed ON uploads (owner, claim) WHERE state = 'committing';

-- The position of the reconcile job in the bucket: one row, or none yet.
CREATE TABLE reconcile (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  after_key TEXT NOT NULL  -- the last key that was compared; '' at the start of the bucket
) STRICT;
