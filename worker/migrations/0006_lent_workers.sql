-- What a finished evaluation's numbers rest on: see standingSchema. Null while it has none.
ALTER TABLE evaluations ADD COLUMN standing TEXT;
UPDATE evaluations SET standing = 'edge' WHERE state = 'finished';

-- Evaluations whose device is 'lent' have shards that are claimed over HTTP, and no messages tell of them.
CREATE INDEX lent_evaluations ON evaluations (created_at, id)
  WHERE device = 'lent' AND state IN ('queued', 'running');
CREATE INDEX unverified_evaluations ON evaluations (id) WHERE standing = 'unverified';

-- Who claimed the shard last: a token's id, or 'owner'; null for the compute worker. And with which versions.
ALTER TABLE shards ADD COLUMN worker TEXT;
ALTER TABLE shards ADD COLUMN ort TEXT;
ALTER TABLE shards ADD COLUMN plateau TEXT;
-- What it took by the worker's own word, in milliseconds.
ALTER TABLE shards ADD COLUMN told INTEGER;
-- Of one that a lent worker did: the lease that it was done under. What it left lies at evaluations/ID/LEASE/….
ALTER TABLE shards ADD COLUMN blobs TEXT;

CREATE UNIQUE INDEX shards_by_lease ON shards (lease) WHERE lease IS NOT NULL;
CREATE INDEX shards_of_worker ON shards (worker, evaluation) WHERE worker IS NOT NULL;

-- Shards of lent workers that are run again by someone else. The board draws them; the first run's payload and blobs stay
-- until all have agreed.
CREATE TABLE replays (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  evaluation TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  shard TEXT NOT NULL,
  -- Whose payload it checks.
  maker TEXT NOT NULL,
  -- Who is to run it: 'edge', the compute worker, or 'lent', some worker but those who ran it before.
  place TEXT NOT NULL CHECK (place IN ('edge', 'lent')),
  -- 'returned': it was run, and what it gave is still to be judged.
  state TEXT NOT NULL CHECK (state IN ('open', 'leased', 'returned', 'done')),
  -- 0 once what it checked was discarded, or its worker was cut off: it is then kept for the record.
  counts INTEGER NOT NULL DEFAULT 1,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- As in `shards`; what a replay leaves lies at evaluations/ID/LEASE/… too.
  lease TEXT,
  lease_expires INTEGER,
  -- Who claimed it last: a token's id, 'owner' or 'edge'.
  worker TEXT,
  device TEXT,
  claimed_at INTEGER,
  ended_at INTEGER,
  sent_at INTEGER NOT NULL,
  resent INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  -- Null once it was judged.
  payload TEXT,
  blobs TEXT,
  -- Whether it gave what the maker did, and what was compared.
  agrees INTEGER,
  detail TEXT
) STRICT;

CREATE INDEX replays_of_shard ON replays (evaluation, shard);
CREATE INDEX replays_to_do ON replays (place, id) WHERE state = 'open';
CREATE INDEX leased_replays ON replays (lease_expires) WHERE state = 'leased';
CREATE UNIQUE INDEX replays_by_lease ON replays (lease) WHERE lease IS NOT NULL;
CREATE INDEX replays_of_worker ON replays (worker) WHERE worker IS NOT NULL;

-- What lent workers did for an evaluation: it outlives the shards.
CREATE TABLE contributions (
  evaluation TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  worker TEXT NOT NULL,
  device TEXT NOT NULL,
  -- Accepted, and how many of these were discarded later.
  shards INTEGER NOT NULL,
  redone INTEGER NOT NULL DEFAULT 0,
  milliseconds INTEGER NOT NULL,
  PRIMARY KEY (evaluation, worker, device)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER shards_contributed AFTER UPDATE OF state ON shards WHEN NEW.state = 'done' AND NEW.worker IS NOT NULL
BEGIN
  INSERT INTO contributions (evaluation, worker, device, shards, milliseconds) VALUES (
    NEW.evaluation, NEW.worker, NEW.device, 1,
    max(0, min(coalesce(NEW.told, NEW.ended_at - NEW.claimed_at), NEW.ended_at - NEW.claimed_at))
  ) ON CONFLICT DO UPDATE SET shards = shards + 1, milliseconds = milliseconds + excluded.milliseconds;
END;

-- Workers that nothing is taken from any more. The owner of the board may be among them, who has no token in `tokens`.
CREATE TABLE cut_offs (
  worker TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- Where it was found to be wrong.
  evaluation TEXT NOT NULL,
  shard TEXT NOT NULL
) STRICT, WITHOUT ROWID;
