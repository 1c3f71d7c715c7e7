-- Suites: what is measured. The file is an R2 object, named by its hash; it never changes once published.
CREATE TABLE suites (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  -- JSON: see suiteSummarySchema.
  summary TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  -- Rows of its board, and a random text that is another one whenever they change: the ETag of what is read from the
  -- board. Triggers keep both.
  checkpoints INTEGER NOT NULL DEFAULT 0,
  revision TEXT NOT NULL DEFAULT (lower(hex(randomblob(8)))),
  UNIQUE (name, version)
) STRICT;

CREATE TABLE checkpoints (
  id TEXT PRIMARY KEY,
  -- Of the model. Several checkpoints, of different owners, may have the same.
  sha256 TEXT NOT NULL,
  -- The token that uploaded it; null where an admin imported it.
  owner TEXT,
  name TEXT NOT NULL,
  run TEXT,
  family TEXT,
  step INTEGER,
  parameters INTEGER NOT NULL,
  -- JSON: see cardSchema.
  card TEXT,
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
  added_at INTEGER NOT NULL
) STRICT;

-- Importing the same model twice gives one checkpoint.
CREATE UNIQUE INDEX imported_checkpoints ON checkpoints (sha256) WHERE owner IS NULL;

-- Rows of boards: what sorting, filtering and listing need. The whole result is an R2 object, named by its hash.
CREATE TABLE results (
  suite TEXT NOT NULL REFERENCES suites (id),
  checkpoint TEXT NOT NULL REFERENCES checkpoints (id),
  name TEXT NOT NULL,
  -- The name as it is searched: see foldedLabel.
  folded_name TEXT NOT NULL,
  run TEXT,
  family TEXT,
  step INTEGER,
  parameters INTEGER NOT NULL,
  model_sha256 TEXT NOT NULL,
  result_sha256 TEXT NOT NULL,
  -- 'imported': computed elsewhere.
  origin TEXT NOT NULL,
  -- JSON: see scoresSchema.
  scores TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (suite, checkpoint)
) STRICT;

CREATE INDEX results_of_checkpoint ON results (checkpoint);
CREATE INDEX results_by_name ON results (suite, name, checkpoint);
CREATE INDEX results_by_folded_name ON results (suite, folded_name, checkpoint);
CREATE INDEX results_by_run ON results (suite, run, checkpoint);
CREATE INDEX results_by_family ON results (suite, family, checkpoint);
CREATE INDEX results_by_step ON results (suite, step, checkpoint);
CREATE INDEX results_by_parameters ON results (suite, parameters, checkpoint);
CREATE INDEX results_by_added ON results (suite, added_at, checkpoint);

CREATE TRIGGER results_added AFTER INSERT ON results BEGIN
  UPDATE suites SET checkpoints = checkpoints + 1, revision = lower(hex(randomblob(8))) WHERE id = NEW.suite;
END;

CREATE TRIGGER results_changed AFTER UPDATE ON results BEGIN
  UPDATE suites SET revision = lower(hex(randomblob(8))) WHERE id = NEW.suite;
END;

CREATE TRIGGER results_removed AFTER DELETE ON results BEGIN
  UPDATE suites SET checkpoints = checkpoints - 1, revision = lower(hex(randomblob(8))) WHERE id = OLD.suite;
END;

-- One row for each number that a board sorts by, so that any measure or task has its index. Null: undefined.
CREATE TABLE scores (
  suite TEXT NOT NULL,
  score TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (suite, checkpoint, score),
  FOREIGN KEY (suite, checkpoint) REFERENCES results (suite, checkpoint) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX scores_by_value ON scores (suite, score, value, checkpoint);
