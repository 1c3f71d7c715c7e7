-- Results that others took the place of on their board: the newest ten of a checkpoint with a suite.
CREATE TABLE replaced_results (
  checkpoint TEXT NOT NULL REFERENCES checkpoints (id) ON DELETE CASCADE,
  suite TEXT NOT NULL REFERENCES suites (id),
  result_sha256 TEXT NOT NULL,
  origin TEXT NOT NULL,
  -- When it came to the board.
  added_at INTEGER NOT NULL,
  replaced_at INTEGER NOT NULL,
  PRIMARY KEY (checkpoint, suite, result_sha256)
) STRICT;

CREATE INDEX replaced_results_of_object ON replaced_results (result_sha256);

DROP TRIGGER result_replaced;

CREATE TRIGGER result_replaced AFTER UPDATE OF result_sha256 ON results WHEN NEW.result_sha256 <> OLD.result_sha256
BEGIN
  -- One that was replaced before counts anew. (OR REPLACE would be overruled by the upsert that this follows from.)
  DELETE FROM replaced_results
  WHERE checkpoint = OLD.checkpoint AND suite = OLD.suite AND result_sha256 = OLD.result_sha256;
  INSERT INTO replaced_results (checkpoint, suite, result_sha256, origin, added_at, replaced_at)
  VALUES (
    OLD.checkpoint, OLD.suite, OLD.result_sha256, OLD.origin, OLD.added_at,
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  );
  DELETE FROM replaced_results WHERE checkpoint = OLD.checkpoint AND suite = OLD.suite AND rowid NOT IN (
    SELECT rowid FROM replaced_results WHERE checkpoint = OLD.checkpoint AND suite = OLD.suite
    ORDER BY replaced_at DESC, rowid DESC LIMIT 10
  );
END;

CREATE TRIGGER replaced_result_left AFTER DELETE ON replaced_results BEGIN
  INSERT OR IGNORE INTO removals (kind, sha256) VALUES ('result', OLD.result_sha256);
END;
