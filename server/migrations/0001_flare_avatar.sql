-- Tables of flare-avatar-upload. Their prefix keeps them apart from the tables of the application.
-- Times are milliseconds since 1970. `owner` is an HMAC of the user id (see server/storage/owner.ts).

-- One row per presigned upload, kept for a day after it can no longer be committed.
CREATE TABLE flare_avatar_uploads (
  owner        TEXT NOT NULL,
  id           TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         INTEGER,                -- declared at presign, or NULL
  sha256       TEXT,                   -- declared at presign (base64), or NULL
  commit_until INTEGER NOT NULL,       -- from this time on a commit is too late
  presigned_at INTEGER NOT NULL DEFAULT 0,
  number       INTEGER NOT NULL DEFAULT 0, -- numbers the owner's uploads in order, for the daily limit
  state        TEXT NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'committing', 'committed', 'rejected', 'expired')),
  claimed_at   INTEGER,                -- when a commit claimed the upload
  claim        INTEGER,                -- when it was claimed, or later: greater than those of the commits in progress and of the current avatar
  superseded   INTEGER NOT NULL DEFAULT 0, -- 1 once a later commit, or a removal, has taken effect
  avatar_key   TEXT,                   -- the object that the commit writes
  sizes        TEXT NOT NULL DEFAULT '[]', -- JSON: the widths of smaller copies that the commit may write
  code         TEXT,                   -- the error code of the rejection
  stored_size  INTEGER,
  width        INTEGER,
  height       INTEGER,
  committed_at INTEGER,
  swept        INTEGER NOT NULL DEFAULT 0, -- 1 once the pending object is deleted
  PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

-- For the limit on open uploads per owner.
CREATE INDEX flare_avatar_uploads_open ON flare_avatar_uploads (owner, commit_until)
  WHERE state IN ('pending', 'committing');
-- For the same limit: objects of rejected uploads that the sweep has not deleted yet.
CREATE INDEX flare_avatar_uploads_rejected ON flare_avatar_uploads (owner, commit_until)
  WHERE state = 'rejected' AND swept = 0;
-- For the daily limit per owner: finds the owner's upload with a given number, and the latest one.
CREATE INDEX flare_avatar_uploads_numbered ON flare_avatar_uploads (owner, number, presigned_at);
-- For the commits in progress: seldom more than one per owner.
CREATE INDEX flare_avatar_uploads_claimed ON flare_avatar_uploads (owner, claim) WHERE state = 'committing';
-- For the sweep.
CREATE INDEX flare_avatar_uploads_unswept ON flare_avatar_uploads (commit_until) WHERE swept = 0;
CREATE INDEX flare_avatar_uploads_swept ON flare_avatar_uploads (commit_until) WHERE swept = 1;

-- The current avatar of each owner. A commit replaces the row.
CREATE TABLE flare_avatar_current (
  owner        TEXT PRIMARY KEY,
  key          TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         INTEGER NOT NULL,
  width        INTEGER NOT NULL,
  height       INTEGER NOT NULL,
  sizes        TEXT NOT NULL DEFAULT '[]', -- JSON: the widths of its smaller copies
  created_at   INTEGER NOT NULL,       -- the claim of its commit
  missing_since INTEGER                -- since when the object has been missing in every walk, or NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX flare_avatar_current_missing ON flare_avatar_current (missing_since) WHERE missing_since IS NOT NULL;

-- Queue of objects to delete. A row is deleted after its object.
CREATE TABLE flare_avatar_deletions (
  key TEXT PRIMARY KEY,
  sizes TEXT NOT NULL DEFAULT '[]', -- JSON: the widths of its smaller copies, which may exist and are deleted with it
  due INTEGER NOT NULL DEFAULT 0 -- earliest time of the deletion: a commit that has lost its claim may still be writing the object
) STRICT, WITHOUT ROWID;

CREATE INDEX flare_avatar_deletions_due ON flare_avatar_deletions (due);

-- The mark that the bucket carries too, in the object flare-avatar-installation: one row, or none yet.
CREATE TABLE flare_avatar_installation (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  mark      TEXT NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0 -- 1 once the bucket has been seen to carry the mark
) STRICT;

-- The current walk of the reconcile job through the bucket: one row, or none yet.
CREATE TABLE flare_avatar_reconcile (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  after_key TEXT NOT NULL,              -- the last key that was compared; '' at the start of the bucket
  seen      INTEGER NOT NULL,           -- avatars that this walk has seen, in the bucket or in the database
  differing INTEGER NOT NULL,           -- those of them that only one side has
  failed_at INTEGER NOT NULL DEFAULT 0  -- when a walk last saw too many of them
) STRICT;

-- Objects under avatars/ that the database has not known in any walk since `first_seen`.
CREATE TABLE flare_avatar_unknown (
  key        TEXT PRIMARY KEY,
  first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX flare_avatar_unknown_age ON flare_avatar_unknown (first_seen);

-- The number of the last migration that was applied. The API compares it with the one it needs.
CREATE TABLE flare_avatar_schema (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;

INSERT INTO flare_avatar_schema (id, version) VALUES (1, 1);
