-- Tiers of a row, JSON: by measure's id or `task:ID`, from 1 on; absent where there is none. Null: not computed yet.
ALTER TABLE results ADD COLUMN tiers TEXT;
-- Why and when an admin took the row off its board; null for rows that are shown.
ALTER TABLE results ADD COLUMN hidden_reason TEXT;
ALTER TABLE results ADD COLUMN hidden_at INTEGER;

-- Tiers are computed after the fact. `tiers_wanted` counts the changes that they follow from, `tiers_computed` is what it
-- was when they were last computed: a board whose two differ has tiers that are out of date.
ALTER TABLE suites ADD COLUMN tiers_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE suites ADD COLUMN tiers_computed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE suites ADD COLUMN tiers_at INTEGER NOT NULL DEFAULT 0;
-- Until when someone is computing them.
ALTER TABLE suites ADD COLUMN tiers_lease INTEGER NOT NULL DEFAULT 0;
-- JSON: by measure's id or `task:ID`, how checkpoints were compared.
ALTER TABLE suites ADD COLUMN tiers_methods TEXT NOT NULL DEFAULT '{}';

UPDATE suites SET tiers_wanted = 1 WHERE checkpoints > 0;

DROP TRIGGER results_added;
DROP TRIGGER results_changed;
DROP TRIGGER results_removed;

-- `checkpoints` counts rows that are shown.
CREATE TRIGGER results_added AFTER INSERT ON results BEGIN
  UPDATE suites SET
    checkpoints = checkpoints + (NEW.hidden_reason IS NULL),
    tiers_wanted = tiers_wanted + (NEW.hidden_reason IS NULL),
    revision = lower(hex(randomblob(8)))
  WHERE id = NEW.suite;
END;

-- Whoever writes tiers gives the board a new revision, once for all rows.
CREATE TRIGGER results_changed AFTER UPDATE ON results WHEN NEW.tiers IS OLD.tiers BEGIN
  UPDATE suites SET
    checkpoints = checkpoints + (NEW.hidden_reason IS NULL) - (OLD.hidden_reason IS NULL),
    tiers_wanted = tiers_wanted + (
      NEW.result_sha256 <> OLD.result_sha256 OR (NEW.hidden_reason IS NULL) <> (OLD.hidden_reason IS NULL)
    ),
    revision = lower(hex(randomblob(8)))
  WHERE id = NEW.suite;
END;

CREATE TRIGGER results_removed AFTER DELETE ON results BEGIN
  UPDATE suites SET
    checkpoints = checkpoints - (OLD.hidden_reason IS NULL),
    tiers_wanted = tiers_wanted + (OLD.hidden_reason IS NULL),
    revision = lower(hex(randomblob(8)))
  WHERE id = OLD.suite;
END;

CREATE INDEX results_hidden ON results (suite, hidden_at) WHERE hidden_reason IS NOT NULL;

-- The day a token was last used, such as 2026-11-23 in UTC; null before.
ALTER TABLE tokens ADD COLUMN last_used_on TEXT;
