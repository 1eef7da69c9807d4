-- Commits of one user that overlap are ordered by their claims: of two, the one
-- that claimed first counts as the earlier, whichever ends first.
ALTER TABLE uploads ADD COLUMN claim INTEGER;  -- greater than those of all commits that were under way
ALTER TABLE uploads ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0; -- 1 once a later commit, or a removal, came before its end

-- What is being committed right now: seldom more than one row of a user.
CREATE INDEX uploads_claimed ON uploads (owner, claim) WHERE state = 'committing';

-- How far the sweep's walk through the bucket has come: one row, or none yet.
CREATE TABLE reconcile (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  after_key TEXT NOT NULL  -- the last key it has seen; '' at the start of the bucket
) STRICT;
