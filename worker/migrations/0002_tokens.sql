-- Tokens, of which only hashes are kept: they are 256 random bits, so that a plain SHA-256 will do.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  -- SHA-256 of the whole token, in hexadecimal digits.
  hash TEXT NOT NULL,
  -- JSON list.
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX tokens_by_age ON tokens (created_at);
