-- Evaluations: a checkpoint with a suite, cut into shards. What is to be done and what is done stands here; messages of
-- the queue only say where to look, so that one that is lost or comes twice changes nothing.
CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  checkpoint TEXT NOT NULL REFERENCES checkpoints (id) ON DELETE CASCADE,
  suite TEXT NOT NULL REFERENCES suites (id),
  -- The token that asked for it.
  owner TEXT NOT NULL,
  -- What runs its shards: 'edge'.
  device TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed')),
  -- Of the shard that was begun last, or that failed; null before the first.
  stage TEXT,
  -- Why it failed.
  reason TEXT,
  -- 1, and one more for every retry.
  attempt INTEGER NOT NULL DEFAULT 1,
  -- JSON: see JobOptions.
  options TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  -- When a message for it, or for one of its shards, was last sent, and how often in vain.
  sent_at INTEGER NOT NULL,
  resent INTEGER NOT NULL DEFAULT 0,
  -- Of the shards there are so far; triggers count. They stay when shards go.
  shards INTEGER NOT NULL DEFAULT 0,
  shards_done INTEGER NOT NULL DEFAULT 0,
  operations REAL NOT NULL DEFAULT 0,
  operations_done REAL NOT NULL DEFAULT 0,
  -- Shards come in waves: how many there were, and what was done when the last one was planned, as a share of all that
  -- will ever be to do (a guess that never falls) and in operations.
  wave INTEGER NOT NULL DEFAULT 0,
  wave_share REAL NOT NULL DEFAULT 0,
  wave_operations REAL NOT NULL DEFAULT 0,
  -- Milliseconds from claim to result, over all shards that are done.
  busy INTEGER NOT NULL DEFAULT 0,
  -- Of a finished one. JSON: the receipt of its result.
  result_sha256 TEXT,
  receipt TEXT
) STRICT;

-- One at a time; finished and failed ones are history.
CREATE UNIQUE INDEX active_evaluations ON evaluations (checkpoint, suite) WHERE state IN ('queued', 'running');
CREATE INDEX evaluations_by_state ON evaluations (state, created_at, id);
CREATE INDEX evaluations_by_age ON evaluations (created_at, id);
CREATE INDEX evaluations_of_checkpoint ON evaluations (checkpoint, created_at, id);
CREATE INDEX evaluations_of_suite ON evaluations (suite, created_at, id);

CREATE TABLE shards (
  evaluation TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  stage TEXT NOT NULL,
  -- Floating-point operations, estimated.
  operations REAL NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'leased', 'done', 'failed')),
  -- How often it was claimed since it was planned, or retried.
  attempts INTEGER NOT NULL DEFAULT 0,
  -- How often the whole board was stopped while it was run.
  interruptions INTEGER NOT NULL DEFAULT 0,
  -- Who holds it, and until when: a random text. Null unless leased.
  lease TEXT,
  lease_expires INTEGER,
  -- What claimed it last, such as 'workerd'.
  device TEXT,
  claimed_at INTEGER,
  ended_at INTEGER,
  -- When its message was last sent, and how often in vain.
  sent_at INTEGER NOT NULL,
  resent INTEGER NOT NULL DEFAULT 0,
  -- Why the last attempt came to nothing.
  error TEXT,
  -- JSON: see shardSchema.
  shard TEXT NOT NULL,
  -- What it gave, at most 64 KiB; null until it is done.
  payload TEXT,
  PRIMARY KEY (evaluation, id)
) STRICT;

CREATE INDEX leased_shards ON shards (lease_expires) WHERE state = 'leased';
CREATE INDEX open_shards ON shards (sent_at) WHERE state = 'open';

CREATE TRIGGER shards_planned AFTER INSERT ON shards BEGIN
  UPDATE evaluations SET shards = shards + 1, operations = operations + NEW.operations WHERE id = NEW.evaluation;
END;

CREATE TRIGGER shards_claimed AFTER UPDATE OF state ON shards WHEN NEW.state = 'leased' BEGIN
  UPDATE evaluations SET state = 'running', stage = NEW.stage, started_at = coalesce(started_at, NEW.claimed_at)
  WHERE id = NEW.evaluation AND state IN ('queued', 'running');
END;

CREATE TRIGGER shards_done AFTER UPDATE OF state ON shards WHEN NEW.state = 'done' BEGIN
  UPDATE evaluations SET
    shards_done = shards_done + 1,
    operations_done = operations_done + NEW.operations,
    busy = busy + max(0, NEW.ended_at - NEW.claimed_at)
  WHERE id = NEW.evaluation;
END;

CREATE TRIGGER shards_failed AFTER UPDATE OF state ON shards WHEN NEW.state = 'failed' BEGIN
  UPDATE evaluations SET state = 'failed', stage = NEW.stage, reason = NEW.error, ended_at = NEW.ended_at
  WHERE id = NEW.evaluation AND state IN ('queued', 'running');
END;
