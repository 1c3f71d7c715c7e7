/** Shards that are to be run again: whatever had one vanished, or a message was lost. */
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { sendReplays } from "../evaluations/messages.ts";
import { isStale } from "../evaluations/stale.ts";
import { sweepReplays } from "../trust/replays.ts";

/** The others wait for the next time. */
const MOST_AT_ONCE = 200;

export async function reviveReplays(
  { DB, SHARDS }: Pick<EvaluationBindings, "DB" | "SHARDS">,
  now: number,
): Promise<void> {
  const [, stale] = await DB.batch<{ id: number; evaluation: string; shard: string }>([
    sweepReplays(DB, now),
    DB.prepare(
      "UPDATE replays SET sent_at = ?1, resent = resent + 1 WHERE id IN (SELECT r.id FROM replays r " +
        "JOIN evaluations e ON e.id = r.evaluation WHERE r.state = 'open' AND r.place = 'edge' AND " +
        `e.standing = 'unverified' AND ${isStale("r", "?1")} ORDER BY r.id LIMIT ?2) RETURNING id, evaluation, shard`,
    ).bind(now, MOST_AT_ONCE),
  ]);
  for (const [evaluation, replays] of Map.groupBy(stale!.results, (replay) => replay.evaluation)) {
    await sendReplays(SHARDS, evaluation, replays);
  }
}
