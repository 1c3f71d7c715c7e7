/** An interruption is nobody's fault, unless it comes again and again. */
const MOST_FORGIVEN = 10;

/**
 * Shards that the compute worker had when the board was stopped, its own and those it ran again to check others, are open
 * again, and wait for no message. Lent workers go on.
 */
export async function takeBackLeases(database: D1Database, now: number): Promise<void> {
  await database.batch([
    database
      .prepare(
        `UPDATE shards SET state = 'open', attempts = attempts - (interruptions < ${MOST_FORGIVEN}), ` +
          "interruptions = interruptions + 1, lease = NULL, lease_expires = NULL, ended_at = ? " +
          "WHERE state = 'leased' AND device = 'workerd'",
      )
      .bind(now),
    database.prepare(
      "UPDATE replays SET state = 'open', attempts = attempts - 1, lease = NULL, lease_expires = NULL " +
        "WHERE state = 'leased' AND device = 'workerd'",
    ),
    database.prepare("UPDATE replays SET sent_at = 0, resent = 0 WHERE state = 'open'"),
    database.prepare("UPDATE shards SET sent_at = 0, resent = 0 WHERE state = 'open'"),
    database.prepare(
      "UPDATE evaluations SET sent_at = 0, resent = 0 WHERE state IN ('queued', 'running') OR standing = 'unverified'",
    ),
  ]);
}
