import type { ShardMessage } from "./messages.ts";

/**
 * Ends an evaluation for which messages came to nothing again and again. Nothing happens where someone is at it, or has
 * done it meanwhile.
 */
export async function giveUp(
  database: D1Database,
  { evaluation, shard, replay }: ShardMessage,
  reason: string,
  now: number,
): Promise<void> {
  // The schedule sends another message for it.
  if (replay !== undefined) return;
  if (shard !== null) {
    await database
      .prepare(
        "UPDATE shards SET state = 'failed', error = coalesce(error, ?3), ended_at = ?4 " +
          "WHERE evaluation = ?1 AND id = ?2 AND state = 'open'",
      )
      .bind(evaluation, shard, reason, now)
      .run();
    return;
  }
  await endAsFailed(database, evaluation, reason, now);
}

/** Nothing happens where shards are still to be run. */
export async function endAsFailed(
  database: D1Database,
  evaluation: string,
  reason: string,
  now: number,
): Promise<void> {
  await database
    .prepare(
      "UPDATE evaluations SET state = 'failed', stage = iif(shards = 0, 'preparing', 'finishing'), reason = ?2, " +
        "ended_at = ?3 WHERE id = ?1 AND state IN ('queued', 'running') AND NOT EXISTS " +
        "(SELECT 1 FROM shards WHERE evaluation = ?1 AND state IN ('open', 'leased'))",
    )
    .bind(evaluation, reason, now)
    .run();
}
