-- Accounts: people who signed in through GitHub, where the board is set up for that. An account's id stands wherever a
-- token's would as owner or worker, so that what someone has, and what is known of their machines, outlives each token.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  -- GitHub's own number: names change hands.
  github_id INTEGER NOT NULL UNIQUE,
  -- The name on GitHub at the last sign-in.
  login TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  signed_in_at INTEGER NOT NULL,
  -- Why and when an admin shut it out; null for others.
  blocked_reason TEXT,
  blocked_at INTEGER
) STRICT;

CREATE INDEX accounts_by_age ON accounts (signed_in_at);

-- Browsers that are signed in.
CREATE TABLE sessions (
  -- SHA-256 of 256 random bits that the browser has as a cookie.
  hash TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_account ON sessions (account);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Whose token it is; null where an admin made it for someone without an account. It refers to `accounts`, but not so that
-- SQLite knows: a dump creates and fills this older table first, and could not be read back.
ALTER TABLE tokens ADD COLUMN account TEXT;
CREATE INDEX tokens_of_account ON tokens (account, created_at) WHERE account IS NOT NULL;

-- Evaluations that were asked for on one day (UTC, in days since 1970), whatever became of them.
CREATE TABLE evaluation_counts (
  owner TEXT NOT NULL,
  day INTEGER NOT NULL,
  evaluations INTEGER NOT NULL,
  PRIMARY KEY (owner, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX evaluation_counts_by_day ON evaluation_counts (day);

CREATE TRIGGER evaluations_counted AFTER INSERT ON evaluations BEGIN
  INSERT INTO evaluation_counts (owner, day, evaluations) VALUES (NEW.owner, NEW.created_at / 86400000, 1)
  ON CONFLICT DO UPDATE SET evaluations = evaluations + 1;
END;
