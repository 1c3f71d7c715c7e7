/** Evaluations that stand still: whatever had one of their shards vanished, or a message was lost. */
import { wake } from "../evaluations/messages.ts";
import { sweepLeases } from "../evaluations/leases.ts";
import { isStale } from "../evaluations/stale.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";

/** The others wait for the next time. */
const MOST_AT_ONCE = 200;

/**
 * Answers how many were woken. Where shards are being run and none waits for a message, there is nothing to do. What is to
 * be verified is looked at now and then: replays may have come in of which nobody took notice.
 */
export async function reviveEvaluations(
  { DB, SHARDS }: Pick<EvaluationBindings, "DB" | "SHARDS">,
  now: number,
): Promise<number> {
  const [, woken] = await DB.batch<{ id: string }>([
    sweepLeases(DB, now),
    DB.prepare(
      "UPDATE evaluations SET sent_at = ?1, resent = resent + 1 WHERE id IN (SELECT e.id FROM evaluations e " +
        `WHERE (e.state IN ('queued', 'running') AND ((${isStale("e", "?1")} AND NOT EXISTS (SELECT 1 FROM shards s ` +
        "WHERE s.evaluation = e.id AND s.state IN ('open', 'leased'))) OR (e.device = 'edge' AND EXISTS (SELECT 1 FROM " +
        `shards s WHERE s.evaluation = e.id AND s.state = 'open' AND ${isStale("s", "?1")})))) OR ` +
        `(e.standing = 'unverified' AND ${isStale("e", "?1")}) ` +
        "ORDER BY e.created_at LIMIT ?2) RETURNING id",
    ).bind(now, MOST_AT_ONCE),
  ]);
  const ids = woken!.results.map(({ id }) => id);
  await wake(SHARDS, ids);
  return ids.length;
}
