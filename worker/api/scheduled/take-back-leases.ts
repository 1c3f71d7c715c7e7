/** An interruption is nobody's fault, unless it comes again and again. */
const MOST_FORGIVEN = 10;

/** Shards that the compute worker had when the board was stopped are open again, and wait for no message. */
export async function takeBackLeases(database: D1Database, now: number): Promise<void> {
  await database.batch([
    database
      .prepare(
        `UPDATE shards SET state = 'open', attempts = attempts - (interruptions < ${MOST_FORGIVEN}), ` +
          "interruptions = interruptions + 1, lease = NULL, lease_expires = NULL, ended_at = ? " +
          "WHERE state = 'leased' AND device = 'workerd'",
      )
      .bind(now),
    database.prepare("UPDATE shards SET sent_at = 0, resent = 0 WHERE state = 'open'"),
    database.prepare("UPDATE evaluations SET sent_at = 0, resent = 0 WHERE state IN ('queued', 'running')"),
  ]);
}
