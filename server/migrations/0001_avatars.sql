-- Times are milliseconds since 1970. `owner` is an HMAC of the user id (see server/storage/owner.ts).

-- One row per presigned upload, kept until long after its last moment for a commit.
CREATE TABLE uploads (
  owner        TEXT NOT NULL,
  id           TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         INTEGER,                -- declared at presign, or NULL
  sha256       TEXT,                   -- declared at presign (base64), or NULL
  commit_until INTEGER NOT NULL,       -- the first moment a commit is too late
  state        TEXT NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'committing', 'committed', 'rejected', 'expired')),
  claimed_at   INTEGER,                -- when a commit took the row
  avatar_key   TEXT,                   -- the object that commit writes
  code         TEXT,                   -- why it was rejected
  stored_size  INTEGER,
  width        INTEGER,
  height       INTEGER,
  committed_at INTEGER,
  swept        INTEGER NOT NULL DEFAULT 0, -- 1 once the pending object is deleted
  PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

-- The cap on pending uploads counts these.
CREATE INDEX uploads_open ON uploads (owner, commit_until) WHERE state IN ('pending', 'committing');
-- The sweep walks these.
CREATE INDEX uploads_unswept ON uploads (commit_until) WHERE swept = 0;
CREATE INDEX uploads_swept ON uploads (commit_until) WHERE swept = 1;

-- The current avatar of each user: the pointer that a commit swaps.
CREATE TABLE avatars (
  owner        TEXT PRIMARY KEY,
  key          TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         INTEGER NOT NULL,
  width        INTEGER NOT NULL,
  height       INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Objects that nothing points to any more. A row goes once its object is gone.
CREATE TABLE deletions (
  key TEXT PRIMARY KEY,
  due INTEGER NOT NULL DEFAULT 0 -- not before: a commit that lost its claim may still be writing the object
) STRICT, WITHOUT ROWID;

CREATE INDEX deletions_due ON deletions (due);
