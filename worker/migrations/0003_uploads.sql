-- Models on their way in. Their parts are R2 objects, uploads/ID/NUMBER, and which of them are there is asked of R2.
CREATE TABLE uploads (
  -- The checkpoint will be called so too.
  id TEXT PRIMARY KEY,
  -- The token that sends it.
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON: see cardSchema.
  card TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
  bytes INTEGER NOT NULL,
  -- As the sender has it; null where it was not given.
  declared_sha256 TEXT,
  -- As the board found it once the model was accepted: from then on models/SHA256.onnx is kept for this upload.
  sha256 TEXT,
  -- What it became. Another checkpoint than its own where the owner had the same model already.
  checkpoint TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_of_owner ON uploads (owner, created_at);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_of_model ON uploads (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX uploads_of_checkpoint ON uploads (checkpoint) WHERE checkpoint IS NOT NULL;

-- Of the file; null where there is none, since the checkpoint was imported.
ALTER TABLE checkpoints ADD COLUMN bytes INTEGER;
-- Rows of the table that token ids look up; null where the graph does not show it.
ALTER TABLE checkpoints ADD COLUMN vocabulary INTEGER;

-- Uploading the same model twice gives one checkpoint.
CREATE UNIQUE INDEX uploaded_checkpoints ON checkpoints (owner, sha256) WHERE owner IS NOT NULL;
CREATE INDEX checkpoints_of_owner ON checkpoints (owner, added_at) WHERE owner IS NOT NULL;
CREATE INDEX checkpoints_of_model ON checkpoints (sha256);

CREATE INDEX results_of_object ON results (result_sha256);

-- R2 objects, named by their hash, of which a row that needed them is gone: those that no other row needs are removed.
-- R2 and D1 do not commit together, so whoever needs one again waits for a removal that is under way.
CREATE TABLE removals (
  kind TEXT NOT NULL CHECK (kind IN ('model', 'result')),
  sha256 TEXT NOT NULL,
  -- Random, of whoever is removing the object, and since when; null while nobody is.
  removal TEXT,
  started_at INTEGER,
  PRIMARY KEY (kind, sha256)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER model_of_checkpoint_left AFTER DELETE ON checkpoints WHEN OLD.bytes IS NOT NULL BEGIN
  INSERT OR IGNORE INTO removals (kind, sha256) VALUES ('model', OLD.sha256);
END;

CREATE TRIGGER model_of_upload_left AFTER DELETE ON uploads WHEN OLD.sha256 IS NOT NULL AND OLD.checkpoint IS NULL BEGIN
  INSERT OR IGNORE INTO removals (kind, sha256) VALUES ('model', OLD.sha256);
END;

CREATE TRIGGER result_left AFTER DELETE ON results BEGIN
  INSERT OR IGNORE INTO removals (kind, sha256) VALUES ('result', OLD.result_sha256);
END;

CREATE TRIGGER result_replaced AFTER UPDATE OF result_sha256 ON results WHEN NEW.result_sha256 <> OLD.result_sha256
BEGIN
  INSERT OR IGNORE INTO removals (kind, sha256) VALUES ('result', OLD.result_sha256);
END;
